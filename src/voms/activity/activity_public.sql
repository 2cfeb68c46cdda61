-- What people see who look for something to do.

-- Places, free places and the next beginning are of the shifts that have not begun.
-- clause: activity_public.select
SELECT a.id, a.unit_id, u.name AS unit_name, p.name AS project_name, a.state, a.name, a.category,
       a.description, a.place_name, a.address,
       CASE WHEN a.latitude IS NOT NULL AND a.longitude IS NOT NULL
            THEN '{"latitude":' || CAST(a.latitude AS text) || ',"longitude":'
                 || CAST(a.longitude AS text) || '}' END AS point,
       a.provided, a.risk_notice, a.risk_notice_version, a.contact_name, a.contact_phone,
       a.person_in_charge, a.visibility, a.time_zone, a.sign_up_opens_at, a.sign_up_closes_at,
       a.cancel_deadline_minutes, a.approval, a.waitlist, a.minimum_age, a.maximum_age,
       a.starts_at, a.ends_at, a.published_at,
       CAST((SELECT COALESCE(SUM(c.needed), 0)
             FROM shift s JOIN shift_place c ON c.shift_id = s.id
             WHERE s.activity_id = a.id AND s.state = 'planned' AND s.starts_at > $1)
            AS bigint) AS places,
       CAST((SELECT COALESCE(SUM(greatest(c.needed - c.taken, 0)), 0)
             FROM shift s JOIN shift_place c ON c.shift_id = s.id
             WHERE s.activity_id = a.id AND s.state = 'planned' AND s.starts_at > $1)
            AS bigint) AS free_places,
       (SELECT MIN(s.starts_at)
        FROM shift s
        WHERE s.activity_id = a.id AND s.state = 'planned' AND s.starts_at > $1) AS next_starts_at
FROM activity a
JOIN unit u ON u.id = a.unit_id
LEFT JOIN project p ON p.id = a.project_id
WHERE a.state IN ('published', 'in_progress')

-- clause: activity_public.public
AND a.visibility = 'public'

-- clause: activity_public.one
AND a.id = $1

-- Everybody's, its members', and those that this volunteer is invited to.
-- clause: activity_public.of_volunteer
AND (a.visibility = 'public'
     OR (a.visibility = 'members'
         AND EXISTS (SELECT 1
                     FROM membership m
                     JOIN unit_ancestor n ON n.unit_id = m.unit_id
                     WHERE m.volunteer_id = $1 AND m.state = 'active'
                         AND n.ancestor_id = a.unit_id))
     OR EXISTS (SELECT 1
                FROM activity_invitation i
                WHERE i.activity_id = a.id AND i.volunteer_id = $1))

-- clause: activity_public.from
AND a.ends_at > $1
-- clause: activity_public.to
AND a.starts_at < $1
-- clause: activity_public.of_category
AND a.category = $1
-- clause: activity_public.of_unit
AND a.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)

-- On the sphere (haversine): $3 is the square of the sine of half the angle that the radius is, $4
-- the radius in degrees of latitude, 0.0087… the radians of half a degree. The squares of sines do
-- not mind where the longitudes begin.
-- clause: activity_public.near
AND abs(a.latitude - CAST($1 AS double precision)) <= CAST($4 AS double precision)
AND sin((a.latitude - CAST($1 AS double precision)) * 0.008726646259971648)
    * sin((a.latitude - CAST($1 AS double precision)) * 0.008726646259971648)
    + cos(a.latitude * 0.017453292519943295) * cos(CAST($1 AS double precision) * 0.017453292519943295)
      * sin((a.longitude - CAST($2 AS double precision)) * 0.008726646259971648)
      * sin((a.longitude - CAST($2 AS double precision)) * 0.008726646259971648)
    <= CAST($3 AS double precision)

-- clause: activity_public.with_places
AND EXISTS (SELECT 1
            FROM shift s JOIN shift_place c ON c.shift_id = s.id
            WHERE s.activity_id = a.id AND s.state = 'planned' AND s.starts_at > $1
                AND c.taken < c.needed)

-- clause: activity_public.q
AND (lower(a.name) LIKE $1 ESCAPE '\' OR lower(a.place_name) LIKE $1 ESCAPE '\'
     OR lower(a.category) LIKE $1 ESCAPE '\' OR lower(u.name) LIKE $1 ESCAPE '\')

-- clause: activity_public.after
AND (a.starts_at > $1 OR (a.starts_at = $1 AND a.id > CAST($2 AS bigint)))
-- clause: activity_public.order
AND a.starts_at IS NOT NULL
ORDER BY a.starts_at, a.id
LIMIT CAST($1 AS bigint)

-- Coming shifts of a page that is open to everybody, or to who may see the activity.
-- name: activity_public_shifts
SELECT s.id, s.starts_at, s.ends_at, s.place_name, s.address,
       CASE WHEN s.latitude IS NOT NULL AND s.longitude IS NOT NULL
            THEN '{"latitude":' || CAST(s.latitude AS text) || ',"longitude":'
                 || CAST(s.longitude AS text) || '}' END AS point,
       s.note,
       (SELECT '[' || string_agg('{"position_id":' || CAST(c.position_id AS text)
                                 || ',"needed":' || CAST(c.needed AS text)
                                 || ',"free":' || CAST(greatest(c.needed - c.taken, 0) AS text)
                                 || ',"waiting":' || CAST(c.waiting AS text) || '}', ',') || ']'
        FROM (SELECT d.position_id, d.needed, d.taken, d.waiting
              FROM shift_place d
              WHERE d.shift_id = s.id
              ORDER BY d.position_id) c) AS places
FROM shift s
WHERE s.activity_id = $1 AND s.state = 'planned' AND s.ends_at > $2
ORDER BY s.starts_at, s.id
LIMIT 100;

-- name: activity_may_see
SELECT 1 AS yes
FROM activity a
WHERE a.id = $1
    AND (a.visibility = 'public'
         OR (a.visibility = 'members'
             AND EXISTS (SELECT 1
                         FROM membership m
                         JOIN unit_ancestor n ON n.unit_id = m.unit_id
                         WHERE m.volunteer_id = $2 AND m.state = 'active'
                             AND n.ancestor_id = a.unit_id))
         OR EXISTS (SELECT 1
                    FROM activity_invitation i
                    WHERE i.activity_id = a.id AND i.volunteer_id = $2))
LIMIT 1;
