-- Times are microseconds since 1970, UTC.

CREATE TABLE store (
    only_row               INTEGER PRIMARY KEY CHECK (only_row = 1),
    master_key_fingerprint BLOB    NOT NULL,
    -- Counts the writes; every changed row carries the count of its write, so that a reader asks for what is new to it.
    revision               INTEGER NOT NULL
) STRICT;

CREATE TABLE meetings (
    number             INTEGER PRIMARY KEY,
    uuid               TEXT,
    topic              TEXT,
    host               TEXT,
    account            TEXT,
    app                TEXT,
    -- Sealed; also when there is none, so that the file doesn't tell which meetings have one.
    passcode           BLOB    NOT NULL,
    settings           TEXT,
    needs_registration INTEGER NOT NULL CHECK (needs_registration IN (0, 1)),
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    revision           INTEGER NOT NULL
) STRICT;

CREATE INDEX meetings_by_revision ON meetings (revision);

-- Only the number stays of a deleted meeting: readers have to hear of it.
CREATE TABLE deleted_meetings (
    number   INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;

CREATE INDEX deleted_meetings_by_revision ON deleted_meetings (revision);

CREATE TABLE api_keys (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
