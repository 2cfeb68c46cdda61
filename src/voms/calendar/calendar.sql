-- Days that are not what their weekday says.

-- name: calendar_from
SELECT d.day, d.is_working, d.name, d.updated_at
FROM working_day_exception d
WHERE d.day >= $1
ORDER BY d.day
LIMIT 2000;

-- name: calendar_between
SELECT d.day, d.is_working, d.name, d.updated_at
FROM working_day_exception d
WHERE d.day >= $1 AND d.day <= $2
ORDER BY d.day
LIMIT 366;

-- name: calendar_find
SELECT d.day, d.is_working, d.name, d.updated_at
FROM working_day_exception d
WHERE d.day = $1
LIMIT 1;

-- name: calendar_put
INSERT INTO working_day_exception (day, is_working, name, updated_by, updated_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (day) DO UPDATE
SET is_working = excluded.is_working, name = excluded.name, updated_by = excluded.updated_by,
    updated_at = excluded.updated_at;

-- name: calendar_delete
DELETE FROM working_day_exception WHERE day = $1;
