-- name: job_list
-- Work that is due, running or waiting for its next attempt.
SELECT id, consumer AS kind, attempts, last_error, due_at AS run_at, created_at,
       CASE WHEN leased_until > $1 THEN 'running' WHEN attempts > 0 THEN 'retrying' ELSE 'queued' END AS state
FROM delivery
WHERE id < $2

-- clause: job_list.queued
AND attempts = 0 AND (leased_until IS NULL OR leased_until <= $1)

-- clause: job_list.running
AND leased_until > $1

-- clause: job_list.retrying
AND attempts > 0 AND (leased_until IS NULL OR leased_until <= $1)

-- clause: job_list.page
ORDER BY id DESC LIMIT $1

-- name: job_count
SELECT count(*) AS total FROM (SELECT 1 FROM delivery LIMIT 10000) AS counted;

-- name: dead_letter_list
SELECT id, consumer AS kind, CAST(message_id AS text) AS message_id, payload, attempts,
       last_error AS error, created_at
FROM dead_letter
WHERE id < $1
ORDER BY id DESC
LIMIT $2;

-- name: dead_letter_count
SELECT count(*) AS total FROM (SELECT 1 FROM dead_letter LIMIT 10000) AS counted;

-- name: dead_letter_retry
-- The message itself must still be there; its delivery starts anew.
INSERT INTO delivery (message_id, consumer, attempts, due_at, created_at)
SELECT d.message_id, d.consumer, 0, $2, $2
FROM dead_letter d
JOIN outbox o ON o.id = d.message_id
WHERE d.id = $1
ON CONFLICT (message_id, consumer) DO NOTHING;

-- name: dead_letter_find
SELECT id, consumer AS kind, CAST(message_id AS text) AS message_id, payload, attempts,
       last_error AS error, created_at
FROM dead_letter
WHERE id = $1
LIMIT 1;

-- name: dead_letter_delete
DELETE FROM dead_letter
WHERE id = $1;

-- name: schedule_list -- scan
SELECT s.name, s.last_started_at, s.last_ended_at, s.last_error, s.runs, s.failures
FROM schedule_state s
ORDER BY s.name
LIMIT 200;
