-- name: bus_message_insert
INSERT INTO outbox (subject, key, payload, created_at) VALUES ($1, $2, $3, $4)

-- name: bus_message_find
SELECT subject, key, payload, created_at FROM outbox WHERE id = $1

-- name: bus_waiting_exists
SELECT id FROM outbox WHERE relayed_at IS NULL LIMIT 1

-- name: bus_waiting_lock -- sqlite
SELECT id, subject FROM outbox WHERE relayed_at IS NULL ORDER BY id LIMIT $1

-- name: bus_waiting_lock -- postgres
SELECT id, subject FROM outbox WHERE relayed_at IS NULL ORDER BY id LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: bus_message_relayed
UPDATE outbox SET relayed_at = $2 WHERE id = $1

-- name: bus_delivery_insert
INSERT INTO delivery (message_id, consumer, due_at, created_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (message_id, consumer) DO NOTHING

-- name: bus_delivery_owe
-- As bus_delivery_insert, where the message may have been carried, and handled, before.
INSERT INTO delivery (message_id, consumer, due_at, created_at)
SELECT $1, $2, $3, $3
WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.consumer = $2 AND i.message_id = $1)
  AND NOT EXISTS (SELECT 1 FROM dead_letter l WHERE l.message_id = $1 AND l.consumer = $2)
ON CONFLICT (message_id, consumer) DO NOTHING

-- name: bus_delivery_claim_carried
UPDATE delivery SET attempts = attempts + 1, lease = $3, leased_until = $4, due_at = $4
WHERE message_id = $1 AND consumer = $2 AND due_at <= $5
RETURNING id, attempts

-- name: bus_delivery_find_due
SELECT due_at FROM delivery WHERE message_id = $1 AND consumer = $2

-- name: bus_delivery_list_overdue
SELECT d.message_id, o.subject FROM delivery d JOIN outbox o ON o.id = d.message_id
WHERE d.consumer = $1 AND d.due_at < $2 AND o.relayed_at IS NOT NULL
ORDER BY d.due_at LIMIT $3

-- name: bus_delivery_next_due
SELECT due_at FROM delivery WHERE consumer = $1 ORDER BY due_at LIMIT 1

-- name: bus_delivery_claim -- sqlite
UPDATE delivery SET attempts = attempts + 1, lease = $3, leased_until = $4, due_at = $4
WHERE id IN (SELECT id FROM delivery WHERE consumer = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $5)
RETURNING id, message_id, attempts

-- name: bus_delivery_claim -- postgres
UPDATE delivery SET attempts = attempts + 1, lease = $3, leased_until = $4, due_at = $4
WHERE id IN (SELECT id FROM delivery WHERE consumer = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $5
             FOR UPDATE SKIP LOCKED)
RETURNING id, message_id, attempts

-- name: bus_lease_renew
UPDATE delivery SET leased_until = $2, due_at = $2 WHERE lease = $1

-- name: bus_lease_release_all
-- The one process that had them is gone.
UPDATE delivery SET lease = NULL, leased_until = NULL, due_at = $1 WHERE lease IS NOT NULL

-- name: bus_delivery_release
-- The attempt was interrupted by our own stopping: it does not count.
UPDATE delivery SET lease = NULL, leased_until = NULL, due_at = $3, attempts = attempts - 1
WHERE id = $1 AND lease = $2

-- name: bus_delivery_failed
UPDATE delivery SET lease = NULL, leased_until = NULL, due_at = $3, last_error = $4
WHERE id = $1 AND lease = $2

-- name: bus_delivery_delete
DELETE FROM delivery WHERE id = $1

-- name: bus_inbox_insert
INSERT INTO inbox (consumer, message_id, handled_at) VALUES ($1, $2, $3)
ON CONFLICT (consumer, message_id) DO NOTHING

-- name: bus_dead_letter_insert
INSERT INTO dead_letter (message_id, consumer, subject, key, payload, attempts, last_error, created_at, died_at)
SELECT d.message_id, d.consumer, o.subject, o.key, o.payload, d.attempts, $3, o.created_at, $4
FROM delivery d JOIN outbox o ON o.id = d.message_id
WHERE d.id = $1 AND d.lease = $2
ON CONFLICT (message_id, consumer) DO NOTHING

-- name: bus_counts
SELECT (SELECT count(*) FROM (SELECT 1 AS one FROM outbox WHERE relayed_at IS NULL LIMIT 10000) AS w) AS outbox_waiting,
       (SELECT count(*) FROM (SELECT 1 AS one FROM delivery LIMIT 10000) AS d) AS deliveries,
       (SELECT count(*) FROM (SELECT 1 AS one FROM dead_letter LIMIT 10000) AS l) AS dead

-- name: bus_outbox_clean_up
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM outbox o
    WHERE o.relayed_at < $1
      AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message_id = o.id)
      AND NOT EXISTS (SELECT 1 FROM dead_letter l WHERE l.message_id = o.id)
    ORDER BY o.relayed_at LIMIT 500)

-- name: bus_inbox_clean_up
DELETE FROM inbox WHERE (consumer, message_id) IN (
    SELECT consumer, message_id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT 500)
