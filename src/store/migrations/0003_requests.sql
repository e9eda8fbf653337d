-- What visitors ask the service to check. The check that answers a request has the request's id; it begins when a
-- worker first takes the request.
CREATE TABLE check_requests (
    id TEXT PRIMARY KEY,
    -- What is to be checked.
    doc TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why there is no result, as a document; for failed requests alone.
    failure TEXT,
    -- SHA-256 of the private link, in hex. The link itself is kept nowhere.
    link TEXT NOT NULL UNIQUE,
    -- SHA-256 of who asked and the key that makes asking twice the same.
    once TEXT UNIQUE,
    owner TEXT,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT,
    ended_ms BIGINT,
    expires_ms BIGINT NOT NULL,
    -- The queue: larger is sooner, then first come, first served.
    priority BIGINT NOT NULL,
    -- Not before this time.
    due_ms BIGINT NOT NULL,
    -- How often a worker has taken it without handing it back.
    attempts BIGINT NOT NULL,
    -- The worker that has it, by a name that is new each time it is taken, and until when.
    lease_by TEXT,
    lease_until_ms BIGINT NOT NULL,
    -- 1 where the visitor wants it to end while a worker has it.
    cancelling BIGINT NOT NULL
);
CREATE INDEX check_requests_by_turn ON check_requests (state, due_ms);
CREATE INDEX check_requests_by_end ON check_requests (expires_ms);
CREATE INDEX check_requests_by_owner ON check_requests (owner, created_ms);

-- What happened to a check, from 1 without gaps.
CREATE TABLE check_events (
    check_id TEXT NOT NULL REFERENCES check_requests (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (check_id, number)
);

-- What a request must hold while it runs: a place of a target host, of a model. `places` is how many there are.
CREATE TABLE check_needs (
    check_id TEXT NOT NULL REFERENCES check_requests (id) ON DELETE CASCADE,
    slot TEXT NOT NULL,
    places BIGINT NOT NULL,
    PRIMARY KEY (check_id, slot)
);

-- Places that are taken, for all workers. One that was not given back is free when its time is over.
CREATE TABLE slots (
    slot TEXT NOT NULL,
    place BIGINT NOT NULL,
    holder TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (slot, place)
);
CREATE INDEX slots_by_holder ON slots (holder);

-- Who asked for which host, for the limits of a day. Survives the deletion of a check, and holds no address: a client
-- is a keyed hash.
CREATE TABLE arrivals (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    host TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX arrivals_by_client ON arrivals (client, at_ms);
CREATE INDEX arrivals_by_host ON arrivals (host, at_ms);

-- The result as it is shown, made once when the check was done.
CREATE TABLE reports (
    check_id TEXT PRIMARY KEY REFERENCES checks (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    doc TEXT NOT NULL
);

-- Secrets that all processes over this database share, each made by the first that needs it.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row that is written to when several rows must be judged together, such as when a request takes its place in the
-- queue: who writes to it comes next.
CREATE TABLE turnstile (
    id TEXT PRIMARY KEY,
    turn BIGINT NOT NULL
);
INSERT INTO turnstile (id, turn) VALUES ('requests', 0);
