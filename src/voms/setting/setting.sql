-- name: setting_find
SELECT document, version, updated_at
FROM organisation_setting
WHERE id = 1
LIMIT 1;

-- name: setting_insert
INSERT INTO organisation_setting (id, document, version, updated_at)
VALUES (1, $1, 1, $2)
ON CONFLICT (id) DO NOTHING;

-- name: setting_update
UPDATE organisation_setting
SET document = $1, version = version + 1, updated_at = $2
WHERE id = 1 AND version = $3;
