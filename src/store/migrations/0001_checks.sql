-- One text for SQLite and Postgres: TEXT, BIGINT and BYTEA only, ids as TEXT, times in milliseconds, documents as JSON.
CREATE TABLE checks (
    id TEXT PRIMARY KEY,
    -- What makes two requests the same check: source, framework, settings.
    request TEXT NOT NULL,
    doc TEXT NOT NULL,
    stage TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);
CREATE INDEX checks_by_request ON checks (request, started_ms);

CREATE TABLE pages (
    check_id TEXT NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    address TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    doc TEXT NOT NULL,
    -- As fetched, decompressed.
    body BYTEA NOT NULL,
    PRIMARY KEY (check_id, number)
);

CREATE TABLE unread (
    check_id TEXT NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (check_id, address)
);

CREATE TABLE answers (
    check_id TEXT NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    factor TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (check_id, factor)
);
