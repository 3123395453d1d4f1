-- State of the local provider. Times are seconds since 1970 (REAL), amounts minor units.

-- reference is unique: a payment can always be asked for by the merchant's own name for it.
CREATE TABLE IF NOT EXISTS deposits (
    id TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    return_url TEXT NOT NULL,
    webhook_url TEXT NOT NULL,
    state TEXT NOT NULL,
    failure_code TEXT,
    source_token TEXT REFERENCES sources (token),
    behaviour TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (merchant, reference)
);

-- No card number is kept: a source is a token and a text such as "card ending 4242".
CREATE TABLE IF NOT EXISTS sources (
    token TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    kind TEXT NOT NULL,
    display TEXT NOT NULL,
    payouts_return INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS payouts (
    id TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    destination TEXT NOT NULL,
    webhook_url TEXT NOT NULL,
    state TEXT NOT NULL,
    failure_code TEXT,
    behaviour TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (merchant, reference)
);

-- The first answer to each idempotency key, given again to each repetition.
CREATE TABLE IF NOT EXISTS answers (
    merchant TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (merchant, key)
);

CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    merchant TEXT NOT NULL,
    type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    webhook_url TEXT NOT NULL,
    occurred_at REAL NOT NULL,
    body TEXT NOT NULL
);

-- state: waiting, delivered, given_up
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL REFERENCES events (id),
    state TEXT NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_of_event ON deliveries (event_id);

CREATE TABLE IF NOT EXISTS attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    at REAL NOT NULL,
    status INTEGER,
    error TEXT
);
CREATE INDEX IF NOT EXISTS attempts_of_delivery ON attempts (delivery_id);

-- What will happen to a payment by itself: settle, charge_back, expire, send, finish, report_failure
CREATE TABLE IF NOT EXISTS due_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    step TEXT NOT NULL,
    object_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS due_steps_by_time ON due_steps (due_at);

CREATE TABLE IF NOT EXISTS behaviours (
    merchant TEXT PRIMARY KEY,
    knobs TEXT NOT NULL
);
