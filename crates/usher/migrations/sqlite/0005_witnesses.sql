-- What the witnesses said. Times are microseconds since 1970, UTC.

CREATE TABLE witness_lines (
    -- Of a time of watching, always the same: it is written again as that goes on.
    id   TEXT    PRIMARY KEY,
    at   INTEGER NOT NULL,
    -- clock, api, status, change, watching
    kind TEXT    NOT NULL,
    -- As it stands in a witness file.
    line TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX witness_lines_by_time ON witness_lines (at, id);
CREATE INDEX witness_lines_by_kind ON witness_lines (kind, at, id);

-- With which settings each instance started last, secrets as fingerprints: what a start compares itself with.
CREATE TABLE settings_seen (
    instance TEXT    PRIMARY KEY,
    at       INTEGER NOT NULL,
    -- JSON, {"name": value}
    settings TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
