-- What Zoom sent to /webhooks/zoom, without names and addresses. Times are microseconds since 1970, UTC.
CREATE TABLE notifications (
    -- Of the body: the same again is a duplicate.
    hash         TEXT    PRIMARY KEY,
    received_at  INTEGER NOT NULL,
    -- When it happened, on Zoom's clock.
    at           INTEGER NOT NULL,
    -- Zoom's name of it.
    event        TEXT    NOT NULL,
    meeting      INTEGER,
    meeting_uuid TEXT,
    -- JSON.
    facts        TEXT    NOT NULL,
    -- JSON: keyed hashes of name and registrant; deleted when it is settled.
    hashes       TEXT,
    -- The attempt that it was found to be about.
    attempt      BLOB,
    -- When to look (again) for its attempt; null once that is settled.
    try_at       INTEGER,
    tries        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_to_settle ON notifications (try_at) WHERE try_at IS NOT NULL;
CREATE INDEX notifications_by_receipt ON notifications (received_at);
CREATE INDEX notifications_by_meeting ON notifications (meeting, at) WHERE meeting IS NOT NULL;

-- A browser says that they joined, and Zoom did not say so yet.
CREATE INDEX attempts_unconfirmed ON attempts (meeting, id) WHERE confirmation = 1;
