-- name: effect_table
CREATE TABLE effect (key text)

-- name: effect_insert
INSERT INTO effect (key) VALUES ($1)

-- name: effect_count
SELECT count(*) AS count FROM effect

-- name: delivery_count
SELECT count(*) AS count FROM delivery

-- name: delivery_attempts
SELECT attempts FROM delivery

-- name: waiting_count
SELECT count(*) AS count FROM outbox WHERE relayed_at IS NULL

-- name: inbox_count
SELECT count(*) AS count FROM inbox

-- name: dead_count
SELECT count(*) AS count FROM dead_letter

-- name: dead_find
SELECT consumer, key, attempts, last_error FROM dead_letter

-- name: dead_process_message
INSERT INTO outbox (id, subject, key, payload, created_at, relayed_at)
VALUES (1000, 'thing.happened', 'thing:1', '{}', $1, $1)

-- name: dead_process_delivery
INSERT INTO delivery (message_id, consumer, attempts, due_at, lease, leased_until, created_at)
VALUES (1000, 'effects', 1, $2, 'a dead process', $2, $1)

-- name: deliver_again
INSERT INTO delivery (message_id, consumer, due_at, created_at)
SELECT message_id, consumer, $1, $1 FROM inbox
