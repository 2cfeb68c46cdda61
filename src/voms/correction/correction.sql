-- Requests to mend an evident error.

-- name: correction_insert
INSERT INTO correction (volunteer_id, field, message, state, created_by, created_at)
VALUES ($1, $2, $3, 'open', $4, $5)
RETURNING id;

-- name: correction_find
SELECT c.id, c.volunteer_id, c.field, c.message, c.state, c.answer, c.created_by, c.created_at,
       c.resolved_at, c.closed_by, c.closed_at
FROM correction c
WHERE c.id = $1 AND c.volunteer_id = $2
LIMIT 1;

-- name: correction_list_of
SELECT c.id, c.volunteer_id, c.field, c.message, c.state, c.answer, c.created_by, c.created_at,
       c.resolved_at, c.closed_by, c.closed_at
FROM correction c
WHERE c.volunteer_id = $1 AND c.id < $2 AND ($3 = '' OR c.state = $3)
ORDER BY c.id DESC
LIMIT $4;

-- name: correction_count_of
SELECT count(*) AS total
FROM correction c
WHERE c.volunteer_id = $1 AND ($2 = '' OR c.state = $2);

-- name: correction_resolve
UPDATE correction
SET state = 'resolved', answer = $2, resolved_at = $3
WHERE id = $1 AND state = 'open';

-- name: correction_close
UPDATE correction
SET state = 'closed', closed_by = $2, closed_at = $3
WHERE id = $1 AND state <> 'closed';

-- name: correction_move
UPDATE correction SET volunteer_id = $2 WHERE volunteer_id = $1;

-- name: correction_anonymise
UPDATE correction
SET message = '-', answer = NULL, state = 'closed', closed_at = coalesce(closed_at, $2)
WHERE volunteer_id = $1;
