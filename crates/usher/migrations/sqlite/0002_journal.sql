-- An attempt's id begins with its time, so spans of time are spans of ids. Times are microseconds since 1970, UTC.

-- Append-only. The same attempt, source and id again is a duplicate.
CREATE TABLE events (
    attempt     BLOB    NOT NULL CHECK (length(attempt) = 16),
    source      INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    kind        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    -- JSON.
    facts       TEXT    NOT NULL,
    -- JSON; deleted earlier than the rest.
    personal    TEXT,
    PRIMARY KEY (attempt, source, id)
) STRICT;

-- For deleting it.
CREATE INDEX events_with_personal ON events (attempt) WHERE personal IS NOT NULL;

-- What an attempt's events say together, so that they need not be read for a list.
CREATE TABLE attempts (
    id           BLOB    PRIMARY KEY CHECK (length(id) = 16),
    meeting      INTEGER,
    participant  TEXT,
    phase        INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    code         TEXT,
    reason       TEXT,
    -- Who supplied the passcode, where that is known: it decides whose fault a wrong one is.
    passcode_from TEXT,
    confirmation INTEGER NOT NULL,
    -- JSON object of texts.
    dims         TEXT    NOT NULL,
    -- JSON array of the dimensions whose values are counted as "(other)"; null for none.
    folded       TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_meeting ON attempts (meeting, id) WHERE meeting IS NOT NULL;
CREATE INDEX attempts_by_participant ON attempts (participant, id) WHERE participant IS NOT NULL;
CREATE INDEX attempts_by_code ON attempts (code, id) WHERE code IS NOT NULL;

-- Attempts by the minute of their id and the value of a dimension; dimension '' is everybody.
CREATE TABLE minute_counts (
    dim     TEXT    NOT NULL,
    minute  INTEGER NOT NULL,
    value   TEXT    NOT NULL,
    -- Each instance counts in rows of its own, so that none waits for another.
    shard   INTEGER NOT NULL,
    minted  INTEGER NOT NULL,
    loaded  INTEGER NOT NULL,
    called  INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    silent  INTEGER NOT NULL,
    failed  INTEGER NOT NULL,
    joined  INTEGER NOT NULL,
    PRIMARY KEY (dim, minute, value, shard)
) STRICT, WITHOUT ROWID;
