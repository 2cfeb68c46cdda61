-- What the ports need: messages and their deliveries, answers kept for repeated requests.

-- A message, written by the transaction that causes it.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
    key TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    created_at INTEGER NOT NULL,
    relayed_at INTEGER -- NULL: no subscription has it yet
) STRICT;
CREATE INDEX outbox_waiting_index ON outbox (id) WHERE relayed_at IS NULL;
CREATE INDEX outbox_relayed_index ON outbox (relayed_at) WHERE relayed_at IS NOT NULL;

-- A message on its way to one consumer; gone once it is handled or dead.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES outbox (id),
    consumer TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    lease TEXT,               -- whose attempt is running: a random name per attempt
    leased_until INTEGER,     -- after it another process takes the delivery up again
    last_error TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX delivery_message_key ON delivery (message_id, consumer);
CREATE INDEX delivery_due_index ON delivery (consumer, due_at, id);

-- What a consumer has handled: committed together with what the handler wrote.
CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    handled_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, message_id)
) STRICT;
CREATE INDEX inbox_handled_index ON inbox (handled_at);

-- Deliveries that failed too often, for an administrator to look at, retry and drop.
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    consumer TEXT NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    attempts INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    created_at INTEGER NOT NULL, -- of the message
    died_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dead_letter_message_key ON dead_letter (message_id, consumer);

-- Answers to requests with an Idempotency-Key. status is NULL while the first request runs.
CREATE TABLE idempotency_key (
    account_id INTEGER NOT NULL, -- 0: no login
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash TEXT NOT NULL,
    status INTEGER,
    etag TEXT,
    location TEXT,
    body TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX idempotency_key_created_index ON idempotency_key (created_at);

-- Small facts of this database itself, such as when a clean-up last ran.
CREATE TABLE platform_value (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
