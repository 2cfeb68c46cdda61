-- What people, or the guardians of minors, agreed to.

-- name: consent_insert -- rows
INSERT INTO consent (volunteer_id, kind, policy_version, scope, guardian_name, guardian_relation,
    guardian_phone, note, given_at, recorded_by, expires_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: consent_insert_one
INSERT INTO consent (volunteer_id, kind, policy_version, scope, guardian_name, guardian_relation,
    guardian_phone, note, given_at, recorded_by, expires_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id;

-- name: consent_find
SELECT c.id, c.volunteer_id, c.kind, c.policy_version, c.scope, c.guardian_name,
       c.guardian_relation, c.guardian_phone, c.note, c.given_at, c.recorded_by, c.expires_on,
       c.withdrawn_at, c.withdrawal_reason
FROM consent c
WHERE c.id = $1 AND c.volunteer_id = $2
LIMIT 1;

-- name: consent_list_of
SELECT c.id, c.volunteer_id, c.kind, c.policy_version, c.scope, c.guardian_name,
       c.guardian_relation, c.guardian_phone, c.note, c.given_at, c.recorded_by, c.expires_on,
       c.withdrawn_at, c.withdrawal_reason
FROM consent c
WHERE c.volunteer_id = $1 AND c.id < $2
ORDER BY c.id DESC
LIMIT $3;

-- name: consent_count_of
SELECT count(*) AS total
FROM consent c
WHERE c.volunteer_id = $1;

-- name: consent_withdraw
UPDATE consent
SET withdrawn_at = $2, withdrawal_reason = $3
WHERE id = $1 AND withdrawn_at IS NULL;

-- The last consent to the privacy policy that holds.
-- name: consent_last_policy
SELECT c.policy_version
FROM consent c
WHERE c.volunteer_id = $1 AND c.kind = 'privacy_policy' AND c.withdrawn_at IS NULL
ORDER BY c.id DESC
LIMIT 1;

-- name: consent_move
UPDATE consent SET volunteer_id = $2 WHERE volunteer_id = $1;

-- name: consent_anonymise
UPDATE consent
SET guardian_name = NULL, guardian_relation = NULL, guardian_phone = NULL, note = NULL,
    scope = NULL, withdrawal_reason = NULL
WHERE volunteer_id = $1;
