-- Who did not come keeps the place: a correction must not find it given away.
UPDATE shift_place
SET taken = (SELECT count(*) FROM signup g
             WHERE g.shift_id = shift_place.shift_id AND g.position_id = shift_place.position_id
                 AND g.state IN ('approved', 'offered', 'attended', 'absent'))
WHERE EXISTS (SELECT 1 FROM signup g
              WHERE g.shift_id = shift_place.shift_id AND g.position_id = shift_place.position_id
                  AND g.state = 'absent');
