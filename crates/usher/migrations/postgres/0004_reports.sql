-- What Zoom's reports were asked for. Times are microseconds since 1970, UTC.

-- What an account was asked on the last day on which it was.
CREATE TABLE report_accounts (
    account    TEXT    PRIMARY KEY,
    -- Since 1970.
    day        BIGINT  NOT NULL,
    spent      BIGINT  NOT NULL,
    -- It refused, or could not be reached: not asked before.
    not_before BIGINT  NOT NULL
);

-- What asking an account about a meeting showed.
CREATE TABLE report_meetings (
    meeting   BIGINT  NOT NULL,
    account   TEXT    NOT NULL,
    is_theirs BIGINT  NOT NULL,
    again_at  BIGINT  NOT NULL,
    PRIMARY KEY (meeting, account)
);
