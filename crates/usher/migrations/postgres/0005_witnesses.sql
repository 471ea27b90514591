-- What the witnesses said. Times are microseconds since 1970, UTC.

CREATE TABLE witness_lines (
    -- Of a time of watching, always the same: it is written again as that goes on.
    id   TEXT COLLATE "C" PRIMARY KEY,
    at   BIGINT  NOT NULL,
    -- clock, api, status, change, watching
    kind TEXT    NOT NULL,
    -- As it stands in a witness file.
    line TEXT    NOT NULL
);

CREATE INDEX witness_lines_by_time ON witness_lines (at, id);
CREATE INDEX witness_lines_by_kind ON witness_lines (kind, at, id);

-- With which settings each instance started last, secrets as fingerprints: what a start compares itself with.
CREATE TABLE settings_seen (
    instance TEXT    PRIMARY KEY,
    at       BIGINT  NOT NULL,
    -- JSON, {"name": value}
    settings TEXT    NOT NULL
);
