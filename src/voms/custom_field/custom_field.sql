-- Fields that the organisation adds.

-- Seen are the fields of everybody, of the units where the caller has the permission, and of the
-- units above those, for they hold there too.
-- name: custom_field_list
SELECT f.id, f.key, f.title_zh, f.title_en, f.type, f.options, f.required, f.visible_to,
       f.editable_by_volunteer, f.unit_id, f.position, f.created_at, f.updated_at, f.version
FROM custom_field f
WHERE ($1 = '' OR f.unit_id IS NULL OR f.unit_id IN (
        SELECT a.ancestor_id FROM unit_ancestor a WHERE a.unit_id = $2)
    OR f.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3))
    AND ($7 = 0 OR f.unit_id IS NULL
        OR EXISTS (SELECT 1 FROM unit_ancestor a JOIN account_right r ON r.unit_id = a.ancestor_id
                   WHERE a.unit_id = f.unit_id AND r.account_id = $7 AND r.permission = $8)
        OR EXISTS (SELECT 1 FROM unit_ancestor a JOIN account_right r ON r.unit_id = a.unit_id
                   WHERE a.ancestor_id = f.unit_id AND r.account_id = $7 AND r.permission = $8))
    AND (f.position, f.id) > ($4, $5)
ORDER BY f.position, f.id
LIMIT $6;

-- name: custom_field_count
SELECT count(*) AS total
FROM custom_field f
WHERE ($1 = '' OR f.unit_id IS NULL OR f.unit_id IN (
        SELECT a.ancestor_id FROM unit_ancestor a WHERE a.unit_id = $2)
    OR f.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3))
    AND ($4 = 0 OR f.unit_id IS NULL
        OR EXISTS (SELECT 1 FROM unit_ancestor a JOIN account_right r ON r.unit_id = a.ancestor_id
                   WHERE a.unit_id = f.unit_id AND r.account_id = $4 AND r.permission = $5)
        OR EXISTS (SELECT 1 FROM unit_ancestor a JOIN account_right r ON r.unit_id = a.unit_id
                   WHERE a.ancestor_id = f.unit_id AND r.account_id = $4 AND r.permission = $5));

-- The fields that hold for the volunteers of a unit.
-- name: custom_field_list_for
SELECT f.id, f.key, f.title_zh, f.title_en, f.type, f.options, f.required, f.visible_to,
       f.editable_by_volunteer, f.unit_id, f.position, f.created_at, f.updated_at, f.version
FROM custom_field f
WHERE f.unit_id IS NULL
    OR f.unit_id IN (SELECT a.ancestor_id FROM unit_ancestor a WHERE a.unit_id = $1)
ORDER BY f.position, f.id
LIMIT 1000;

-- name: custom_field_sights
SELECT f.key, f.visible_to
FROM custom_field f
ORDER BY f.id
LIMIT 2000;

-- name: custom_field_find
SELECT f.id, f.key, f.title_zh, f.title_en, f.type, f.options, f.required, f.visible_to,
       f.editable_by_volunteer, f.unit_id, f.position, f.created_at, f.updated_at, f.version
FROM custom_field f
WHERE f.id = $1
LIMIT 1;

-- name: custom_field_insert
INSERT INTO custom_field (key, title_zh, title_en, type, options, required, visible_to,
    editable_by_volunteer, unit_id, position, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: custom_field_update
UPDATE custom_field
SET title_zh = $3, title_en = $4, options = $5, required = $6, visible_to = $7,
    editable_by_volunteer = $8, position = $9, updated_at = $10, version = version + 1
WHERE id = $1 AND version = $2;

-- name: custom_field_delete
DELETE FROM custom_field
WHERE id = $1;

-- name: custom_field_by_key
SELECT f.id
FROM custom_field f
WHERE f.key = $1
LIMIT 1;

-- The end of the next piece of volunteers whose values are looked through.
-- name: custom_field_piece
SELECT max(p.id) AS last
FROM (SELECT v.id FROM volunteer v WHERE v.id > $1 ORDER BY v.id LIMIT $2) p;

-- name: custom_field_clear -- sqlite scan
UPDATE volunteer
SET custom = json_remove(custom, '$."' || $1 || '"')
WHERE id > $2 AND id <= $3 AND json_type(custom, '$."' || $1 || '"') IS NOT NULL;
-- name: custom_field_clear -- postgres scan
UPDATE volunteer
SET custom = custom - CAST($1 AS text)
WHERE id > $2 AND id <= $3 AND jsonb_exists(custom, CAST($1 AS text));
