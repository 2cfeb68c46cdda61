-- name: idempotency_claim
INSERT INTO idempotency_key (account_id, key, request_hash, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, key) DO NOTHING;

-- name: idempotency_find
SELECT request_hash, status, body, etag, location
FROM idempotency_key
WHERE account_id = $1 AND key = $2
LIMIT 1;

-- name: idempotency_keep
UPDATE idempotency_key
SET status = $3, body = $4, etag = $5, location = $6
WHERE account_id = $1 AND key = $2;

-- name: idempotency_release
DELETE FROM idempotency_key
WHERE account_id = $1 AND key = $2 AND status IS NULL;

-- name: idempotency_clean_up
DELETE FROM idempotency_key
WHERE (account_id, key) IN (
    SELECT account_id, key FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT 500);

-- name: schedule_record
INSERT INTO schedule_state (name, last_started_at, last_ended_at, last_error, runs, failures)
VALUES ($1, $2, $3, $4, 1, CASE WHEN CAST($4 AS text) IS NULL THEN 0 ELSE 1 END)
ON CONFLICT (name) DO UPDATE
SET last_started_at = excluded.last_started_at, last_ended_at = excluded.last_ended_at,
    last_error = excluded.last_error, runs = schedule_state.runs + 1,
    failures = schedule_state.failures + excluded.failures;
