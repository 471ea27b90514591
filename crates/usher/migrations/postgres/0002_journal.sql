-- An attempt's id begins with its time, so spans of time are spans of ids. Times are microseconds since 1970, UTC.

-- One partition a day, made when its first attempt comes: `events_2026_11_24`.

-- Append-only. The same attempt, source and id again is a duplicate.
CREATE TABLE events (
    attempt     BYTEA   NOT NULL CHECK (length(attempt) = 16),
    source      BIGINT NOT NULL,
    id          TEXT    NOT NULL,
    kind        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- JSON.
    facts       TEXT    NOT NULL,
    -- JSON; deleted earlier than the rest.
    personal    TEXT,
    PRIMARY KEY (attempt, source, id)
) PARTITION BY RANGE (attempt);

-- For deleting it.
CREATE INDEX events_with_personal ON events (attempt) WHERE personal IS NOT NULL;

-- What an attempt's events say together, so that they need not be read for a list.
CREATE TABLE attempts (
    id           BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    meeting      BIGINT,
    participant  TEXT,
    phase        BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    code         TEXT,
    reason       TEXT,
    -- Who supplied the passcode, where that is known: it decides whose fault a wrong one is.
    passcode_from TEXT,
    confirmation BIGINT NOT NULL,
    -- JSON object of texts.
    dims         TEXT    NOT NULL,
    -- JSON array of the dimensions whose values are counted as "(other)"; null for none.
    folded       TEXT
) PARTITION BY RANGE (id);

CREATE INDEX attempts_by_meeting ON attempts (meeting, id) WHERE meeting IS NOT NULL;
CREATE INDEX attempts_by_participant ON attempts (participant, id) WHERE participant IS NOT NULL;
CREATE INDEX attempts_by_code ON attempts (code, id) WHERE code IS NOT NULL;

-- Attempts by the minute of their id and the value of a dimension; dimension '' is everybody.
CREATE TABLE minute_counts (
    dim     TEXT    NOT NULL,
    minute  BIGINT NOT NULL,
    value   TEXT    NOT NULL,
    -- Each instance counts in rows of its own, so that none waits for another.
    shard   BIGINT NOT NULL,
    minted  BIGINT NOT NULL,
    loaded  BIGINT NOT NULL,
    called  BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    silent  BIGINT NOT NULL,
    failed  BIGINT NOT NULL,
    joined  BIGINT NOT NULL,
    PRIMARY KEY (dim, minute, value, shard)
);
