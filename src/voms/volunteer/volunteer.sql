-- The volunteer's file. unit_ancestor, account_right: see access.h.

-- One statement answers GET /volunteers/{volunteer_id}, rights included.
-- name: volunteer_find
SELECT v.id, v.number, v.name, v.name_pinyin, v.gender, v.birth_date, v.id_document_type,
       v.id_number_masked, v.phone, v.email, v.residence_region, v.residence_region_text,
       v.address, v.education, v.occupation, v.political_status, v.skills, v.service_categories,
       v.languages, v.unit_id, u.name AS unit_name, v.state, v.custom, v.service_minutes,
       v.entered_by, v.created_at, v.updated_at, v.version, v.state_changed_at,
       v.consent_version, v.consent_withdrawn, v.merged_into, v.anonymised_at, v.id_number_hash,
       (CAST($4 AS bigint) = 0 OR EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = v.unit_id AND r.account_id = $4 AND r.permission = 'volunteer:sensitive')) AS sees_sensitive
FROM volunteer v
JOIN unit u ON u.id = v.unit_id
WHERE v.id = $3
    AND (CAST($1 AS bigint) = 0 OR EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = v.unit_id AND r.account_id = $1 AND r.permission = $2));

-- name: volunteer_find_any -- by_id
SELECT v.id, v.number, v.name, v.name_pinyin, v.gender, v.birth_date, v.id_document_type,
       v.id_number_masked, v.phone, v.email, v.residence_region, v.residence_region_text,
       v.address, v.education, v.occupation, v.political_status, v.skills, v.service_categories,
       v.languages, v.unit_id, u.name AS unit_name, v.state, v.custom, v.service_minutes,
       v.entered_by, v.created_at, v.updated_at, v.version, v.state_changed_at,
       v.consent_version, v.consent_withdrawn, v.merged_into, v.anonymised_at, v.id_number_hash,
       true AS sees_sensitive
FROM volunteer v
JOIN unit u ON u.id = v.unit_id
WHERE v.id = $1
LIMIT 1;

-- name: volunteer_unit
SELECT v.unit_id
FROM volunteer v
WHERE v.id = $1
LIMIT 1;

-- name: volunteer_id_number
SELECT v.id_number_cipher
FROM volunteer v
WHERE v.id = $1
LIMIT 1;

-- name: volunteer_terms
SELECT v.name_terms, v.skills, v.service_categories
FROM volunteer v
WHERE v.id = $1
LIMIT 1;

-- Who lives with this ID number, and may the caller know?
-- name: volunteer_holder
SELECT v.id, v.number,
       (CAST($1 AS bigint) = 0 OR EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = v.unit_id AND r.account_id = $1 AND r.permission = $2)) AS is_visible
FROM volunteer v
WHERE v.id_number_hash = $3 AND v.state <> 'archived'
LIMIT 1;

-- name: volunteer_take_ids -- sqlite
UPDATE volunteer_counter SET last = last + CAST($1 AS bigint) WHERE id = 1 RETURNING last;

-- One row for each id, not always one after another.
-- name: volunteer_take_ids -- postgres
SELECT nextval('volunteer_id_seq') AS last
FROM generate_series(1, CAST($1 AS bigint));

-- name: volunteer_insert -- rows scattered
INSERT INTO volunteer (
    id, number, unit_id, state, name, name_pinyin, name_initials, name_terms, gender, birth_date,
    id_document_type, id_number_cipher, id_number_hash, id_number_masked, phone, phone_reversed,
    email, residence_region, residence_region_text, address, education, occupation,
    political_status, skills, service_categories, languages, custom, consent_version, entered_by,
    created_at, updated_at, state_changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $30, $30)
ON CONFLICT DO NOTHING;

-- What is null in $13 leaves the ID number as it is.
-- name: volunteer_update
UPDATE volunteer
SET unit_id = $3, name = $4, name_pinyin = $5, name_initials = $6, name_terms = $7, gender = $8,
    birth_date = $9, id_document_type = $10, id_number_cipher = coalesce($11, id_number_cipher),
    id_number_hash = coalesce($12, id_number_hash),
    id_number_masked = coalesce($13, id_number_masked), phone = $14, phone_reversed = $15,
    email = $16, residence_region = $17, residence_region_text = $18, address = $19,
    education = $20, occupation = $21, political_status = $22, skills = $23,
    service_categories = $24, languages = $25, custom = $26, updated_at = $27,
    version = version + 1
WHERE id = $1 AND version = $2;

-- name: volunteer_clear_id_number
UPDATE volunteer
SET id_number_cipher = NULL, id_number_hash = NULL, id_number_masked = NULL
WHERE id = $1;

-- name: volunteer_set_state
UPDATE volunteer
SET state = $3, state_changed_at = $4, updated_at = $4, rejected = $5, version = version + 1
WHERE id = $1 AND version = $2;

-- name: volunteer_set_merged
UPDATE volunteer
SET merged_into = $3, state = 'archived', state_changed_at = $4, updated_at = $4,
    version = version + 1
WHERE id = $1 AND version = $2;

-- Who was merged into somebody before goes along, so that each number leads to a living file.
-- name: volunteer_follow_merge
UPDATE volunteer
SET merged_into = $2
WHERE merged_into = $1;

-- The version stays: the caller goes on with the row that it has read.
-- name: volunteer_move_service
UPDATE volunteer
SET service_minutes = service_minutes + (
    SELECT o.service_minutes FROM volunteer o WHERE o.id = $1)
WHERE id = $2;

-- name: volunteer_sensitive_move
UPDATE volunteer_sensitive
SET volunteer_id = $2
WHERE volunteer_id = $1 AND NOT EXISTS (
    SELECT 1 FROM volunteer_sensitive t WHERE t.volunteer_id = $2);

-- name: volunteer_set_consent
UPDATE volunteer
SET consent_version = CASE WHEN $3 THEN consent_version ELSE $2 END, consent_withdrawn = $3,
    updated_at = $4, version = version + 1
WHERE id = $1;

-- name: volunteer_add_service
UPDATE volunteer
SET service_minutes = service_minutes + $2
WHERE id = $1;

-- name: volunteer_anonymise
UPDATE volunteer
SET name = $2, name_pinyin = '', name_initials = '', name_terms = '', gender = 'unspecified',
    birth_date = NULL, id_document_type = NULL, id_number_cipher = NULL, id_number_hash = NULL,
    id_number_masked = NULL, phone = NULL, phone_reversed = NULL, email = NULL,
    residence_region = NULL, residence_region_text = NULL, address = NULL, education = NULL,
    occupation = NULL, political_status = NULL, skills = '[]', service_categories = '[]',
    languages = '[]', custom = '{}', state = 'archived', state_changed_at = $3,
    anonymised_at = $3, updated_at = $3, version = version + 1
WHERE id = $1 AND version = $4;

-- name: volunteer_anonymise_history
UPDATE volunteer_history
SET changes = NULL, reason = CASE WHEN action LIKE '%.state' THEN reason ELSE NULL END
WHERE volunteer_id = $1;

-- name: volunteer_term_insert -- rows
INSERT INTO volunteer_term (term, volunteer_id)
VALUES ($1, $2)
ON CONFLICT DO NOTHING;

-- name: volunteer_term_delete
DELETE FROM volunteer_term
WHERE term = $1 AND volunteer_id = $2;

-- name: volunteer_history_insert -- rows
INSERT INTO volunteer_history (volunteer_id, created_at, action, actor_id, actor_name, reason,
    changes)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: volunteer_history_list
SELECT h.id, h.created_at AS at, h.action, h.actor_id, h.actor_name, h.reason, h.changes
FROM volunteer_history h
WHERE h.volunteer_id = $1 AND h.id < $2
ORDER BY h.id DESC
LIMIT $3;

-- name: volunteer_history_count
SELECT count(*) AS total
FROM volunteer_history h
WHERE h.volunteer_id = $1;

-- name: volunteer_history_move
UPDATE volunteer_history SET volunteer_id = $2 WHERE volunteer_id = $1;

-- name: volunteer_sensitive_find
SELECT s.document, s.updated_at
FROM volunteer_sensitive s
WHERE s.volunteer_id = $1
LIMIT 1;

-- name: volunteer_sensitive_put
INSERT INTO volunteer_sensitive (volunteer_id, document, updated_at, updated_by)
VALUES ($1, $2, $3, $4)
ON CONFLICT (volunteer_id)
DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at,
    updated_by = excluded.updated_by;

-- name: volunteer_sensitive_delete
DELETE FROM volunteer_sensitive
WHERE volunteer_id = $1;

-- name: volunteer_retention_list
SELECT v.id
FROM volunteer v
WHERE v.state = 'archived' AND v.anonymised_at IS NULL AND v.merged_into IS NULL
    AND v.rejected = $1 AND v.state_changed_at < $2
ORDER BY v.state_changed_at, v.id
LIMIT $3;

-- name: volunteer_generator_units
SELECT u.id
FROM unit u
ORDER BY u.id
LIMIT $1;

-- ---- Whom does a row of an import mean? ----

-- Plans live as long as connections: one that was made while there were few people would go on
-- reading all of them when there are many. Until the end of the transaction.
-- name: volunteer_identity_by_index -- sqlite
SELECT 1 AS one;
-- name: volunteer_identity_by_index -- postgres
SELECT set_config('enable_seqscan', 'off', true) AS one;

-- text: volunteer_row
SELECT v.id, v.number, v.name, v.name_pinyin, v.gender, v.birth_date, v.id_document_type,
       v.id_number_masked, v.phone, v.email, v.residence_region, v.residence_region_text,
       v.address, v.education, v.occupation, v.political_status, v.skills, v.service_categories,
       v.languages, v.unit_id, u.name AS unit_name, v.state, v.custom, v.service_minutes,
       v.entered_by, v.created_at, v.updated_at, v.version, v.state_changed_at,
       v.consent_version, v.consent_withdrawn, v.merged_into, v.anonymised_at, v.id_number_hash
FROM volunteer v
CROSS JOIN unit u

-- clause: volunteer_identity.select
-- use: volunteer_row
WHERE u.id = v.unit_id AND v.anonymised_at IS NULL AND v.merged_into IS NULL

-- clause: volunteer_identity.by_hash -- sqlite
AND v.state <> 'archived' AND v.id_number_hash IN (SELECT value FROM json_each($1))
-- clause: volunteer_identity.by_hash -- postgres
AND v.state <> 'archived'
AND v.id_number_hash = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST($1 AS jsonb))))

-- clause: volunteer_identity.by_id -- sqlite
AND v.id IN (SELECT value FROM json_each($1))
-- clause: volunteer_identity.by_id -- postgres
AND v.id = ANY (ARRAY(
    SELECT CAST(e AS bigint) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS e))

-- clause: volunteer_identity.by_phone -- sqlite
AND v.state <> 'archived' AND v.phone_reversed IN (SELECT value FROM json_each($1))
-- clause: volunteer_identity.by_phone -- postgres
AND v.state <> 'archived'
AND v.phone_reversed = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST($1 AS jsonb))))

-- Pairs of birth date and name, one text after another.
-- clause: volunteer_identity.by_birth -- sqlite
AND v.state <> 'archived' AND v.phone IS NULL
AND (v.birth_date, v.name) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($1))
-- clause: volunteer_identity.by_birth -- postgres
AND v.state <> 'archived' AND v.phone IS NULL
AND v.id = ANY (ARRAY(
    SELECT n.id
    FROM jsonb_array_elements(CAST($1 AS jsonb)) AS e
    CROSS JOIN LATERAL (
        SELECT b.id
        FROM volunteer b
        WHERE b.birth_date = CAST(e ->> 0 AS date) AND b.name = e ->> 1
        OFFSET 0) n))

-- clause: volunteer_identity.limit
LIMIT 5000

-- ---- Lists: select, where, filters, position, order, limit ----
--
-- Each filter exists as .ids, which finds who fits through an index, and as .test, which looks at
-- one row and keeps the planners from using that index: volunteer_list.c chooses between finding
-- few and sorting them, and walking in order and testing.

-- clause: volunteer_rows.select
-- use: volunteer_row
WHERE u.id = v.unit_id AND v.merged_into IS NULL

-- clause: volunteer_rows.count_begin -- scan
SELECT count(*) AS total FROM (
    SELECT 1
    FROM volunteer v
    WHERE v.merged_into IS NULL

-- clause: volunteer_rows.count_end
    LIMIT CAST($1 AS bigint)) counted

-- clause: volunteer_rows.probe_begin
SELECT 0 AS zero

-- clause: volunteer_rows.probe_open
, (SELECT count(*) FROM (

-- clause: volunteer_rows.probe_close
LIMIT CAST($1 AS bigint)) found) AS found

-- clause: volunteer_rows.in_open
AND v.id IN (

-- clause: volunteer_rows.in_close
LIMIT CAST($1 AS bigint))

-- clause: volunteer_confined.ids
SELECT d.id
FROM volunteer d
WHERE d.unit_id IN (
    SELECT a.unit_id
    FROM account_right r
    JOIN unit_ancestor a ON a.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)

-- clause: volunteer_confined.test -- sqlite scan
AND +v.unit_id IN (
    SELECT a.unit_id
    FROM account_right r
    JOIN unit_ancestor a ON a.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
-- clause: volunteer_confined.test -- postgres scan
AND (v.unit_id + 0) = ANY (ARRAY(
    SELECT a.unit_id
    FROM account_right r
    JOIN unit_ancestor a ON a.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2))

-- clause: volunteer_unit.ids
SELECT d.id
FROM volunteer d
WHERE d.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $1)

-- clause: volunteer_unit.test -- sqlite scan
AND +v.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $1)
-- clause: volunteer_unit.test -- postgres scan
AND (v.unit_id + 0) = ANY (ARRAY(SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $1))

-- clause: volunteer_term.ids
SELECT t.volunteer_id
FROM volunteer_term t
WHERE t.term = $1

-- A count, for a planner may turn EXISTS into a join that reads all who have the term.
-- clause: volunteer_term.test -- scan
AND (SELECT count(*) FROM volunteer_term t WHERE t.term = $1 AND t.volunteer_id = v.id) > 0

-- clause: volunteer_name.ids
SELECT t.volunteer_id
FROM volunteer_term t
WHERE t.term >= $1 AND t.term < $2

-- clause: volunteer_name.test -- scan
AND v.name_terms LIKE $1 ESCAPE '\'

-- clause: volunteer_phone.ids
SELECT p.id
FROM volunteer p
WHERE p.phone_reversed >= $1 AND p.phone_reversed < $2

-- clause: volunteer_phone.test -- scan
AND (v.phone_reversed || '') >= $1 AND (v.phone_reversed || '') < $2

-- Who was merged is found under the number that is left.
-- clause: volunteer_number.ids
SELECT coalesce(n.merged_into, n.id)
FROM volunteer n
WHERE n.id BETWEEN CAST($1 AS bigint) AND CAST($2 AS bigint)

-- clause: volunteer_number.test
AND v.id BETWEEN CAST($1 AS bigint) AND CAST($2 AS bigint)

-- clause: volunteer_nobody.ids
SELECT v.id
FROM volunteer v
WHERE v.id < 0

-- clause: volunteer_nobody.test
AND v.id < 0

-- clause: volunteer_birth.ids -- sqlite
SELECT b.id
FROM volunteer b
WHERE b.birth_date >= $1 AND b.birth_date <= $2
-- clause: volunteer_birth.ids -- postgres
SELECT b.id
FROM volunteer b
WHERE b.birth_date >= CAST($1 AS date) AND b.birth_date <= CAST($2 AS date)

-- clause: volunteer_birth.test -- sqlite scan
AND +v.birth_date >= $1 AND +v.birth_date <= $2
-- clause: volunteer_birth.test -- postgres scan
AND (v.birth_date + 0) >= CAST($1 AS date) AND (v.birth_date + 0) <= CAST($2 AS date)

-- clause: volunteer_created.ids
SELECT c.id
FROM volunteer c
WHERE c.created_at >= $1 AND c.created_at < $2

-- clause: volunteer_created.test -- sqlite scan
AND +v.created_at >= $1 AND +v.created_at < $2
-- clause: volunteer_created.test -- postgres scan
AND v.created_at >= $1 AND v.created_at < $2

-- clause: volunteer_gender.test -- scan
AND v.gender = $1

-- The second condition is the one of the partial index, as SQLite wants to read it.
-- clause: volunteer_state_applicant.ids
SELECT s.id
FROM volunteer s
WHERE s.state = 'applicant' AND s.state <> 'active'

-- clause: volunteer_state_applicant.test -- scan
AND v.state = 'applicant' AND v.state <> 'active'

-- clause: volunteer_state_active.ids
SELECT s.id
FROM volunteer s
WHERE s.state = 'active'

-- clause: volunteer_state_active.test -- scan
AND v.state = 'active'

-- clause: volunteer_state_inactive.ids
SELECT s.id
FROM volunteer s
WHERE s.state = 'inactive' AND s.state <> 'active'

-- clause: volunteer_state_inactive.test -- scan
AND v.state = 'inactive' AND v.state <> 'active'

-- clause: volunteer_state_suspended.ids
SELECT s.id
FROM volunteer s
WHERE s.state = 'suspended' AND s.state <> 'active'

-- clause: volunteer_state_suspended.test -- scan
AND v.state = 'suspended' AND v.state <> 'active'

-- clause: volunteer_state_archived.ids
SELECT s.id
FROM volunteer s
WHERE s.state = 'archived' AND s.state <> 'active'

-- clause: volunteer_state_archived.test -- scan
AND v.state = 'archived' AND v.state <> 'active'

-- clause: volunteer_after.number_up
AND v.id > CAST($1 AS bigint)

-- clause: volunteer_order.number_up
ORDER BY v.id

-- clause: volunteer_after.number_down
AND v.id < CAST($1 AS bigint)

-- clause: volunteer_order.number_down
ORDER BY v.id DESC

-- clause: volunteer_after.name_up
AND (v.name_pinyin, v.id) > ($1, $2)

-- clause: volunteer_order.name_up
ORDER BY v.name_pinyin, v.id

-- clause: volunteer_after.name_down
AND (v.name_pinyin, v.id) < ($1, $2)

-- clause: volunteer_order.name_down
ORDER BY v.name_pinyin DESC, v.id DESC

-- clause: volunteer_after.created_at_up
AND (v.created_at, v.id) > ($1, $2)

-- clause: volunteer_order.created_at_up
ORDER BY v.created_at, v.id

-- clause: volunteer_after.created_at_down
AND (v.created_at, v.id) < ($1, $2)

-- clause: volunteer_order.created_at_down
ORDER BY v.created_at DESC, v.id DESC

-- clause: volunteer_after.service_minutes_up
AND (v.service_minutes, v.id) > ($1, $2)

-- clause: volunteer_order.service_minutes_up
ORDER BY v.service_minutes, v.id

-- clause: volunteer_after.service_minutes_down
AND (v.service_minutes, v.id) < ($1, $2)

-- clause: volunteer_order.service_minutes_down
ORDER BY v.service_minutes DESC, v.id DESC

-- clause: volunteer_rows.limit
LIMIT CAST($1 AS bigint)
