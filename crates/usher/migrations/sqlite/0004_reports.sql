-- What Zoom's reports were asked for. Times are microseconds since 1970, UTC.

-- What an account was asked on the last day on which it was.
CREATE TABLE report_accounts (
    account    TEXT    PRIMARY KEY,
    -- Since 1970.
    day        INTEGER NOT NULL,
    spent      INTEGER NOT NULL,
    -- It refused, or could not be reached: not asked before.
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What asking an account about a meeting showed.
CREATE TABLE report_meetings (
    meeting   INTEGER NOT NULL,
    account   TEXT    NOT NULL,
    is_theirs INTEGER NOT NULL,
    again_at  INTEGER NOT NULL,
    PRIMARY KEY (meeting, account)
) STRICT, WITHOUT ROWID;
