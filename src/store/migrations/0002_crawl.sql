-- What crawls fetched beside pages, for all checks: robots.txt is believed for a day, sitemaps until they change.
CREATE TABLE resources (
    address TEXT PRIMARY KEY,
    doc TEXT NOT NULL,
    body BYTEA NOT NULL
);

-- The hosts that a check met, each with why it belongs to the service.
CREATE TABLE hosts (
    check_id TEXT NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (check_id, host)
);
