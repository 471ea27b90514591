-- Times are microseconds since 1970, UTC. The types are those that SQLite has too: one body of SQL works with both.

CREATE TABLE store (
    only_row               BIGINT PRIMARY KEY CHECK (only_row = 1),
    master_key_fingerprint BYTEA  NOT NULL,
    -- Counts the writes; every changed row carries the count of its write, so that a reader asks for what is new to it.
    revision               BIGINT NOT NULL
);

CREATE TABLE meetings (
    number             BIGINT PRIMARY KEY,
    uuid               TEXT,
    topic              TEXT,
    host               TEXT,
    account            TEXT,
    app                TEXT,
    -- Sealed; also when there is none, so that the table doesn't tell which meetings have one.
    passcode           BYTEA  NOT NULL,
    settings           TEXT,
    needs_registration BIGINT NOT NULL CHECK (needs_registration IN (0, 1)),
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    revision           BIGINT NOT NULL
);

CREATE INDEX meetings_by_revision ON meetings (revision);

-- Only the number stays of a deleted meeting: readers have to hear of it.
CREATE TABLE deleted_meetings (
    number   BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL
);

CREATE INDEX deleted_meetings_by_revision ON deleted_meetings (revision);

CREATE TABLE api_keys (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    sha256     BYTEA  NOT NULL CHECK (length(sha256) = 32),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
