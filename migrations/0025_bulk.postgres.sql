-- One index counts a unit's volunteers and finds them.
DROP INDEX volunteer_count_index;
DROP INDEX volunteer_unit_index;
CREATE INDEX volunteer_unit_index ON volunteer (unit_id, state, id);
