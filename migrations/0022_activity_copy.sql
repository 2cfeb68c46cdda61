-- Places are counted where they are, not on the activity; what was copied is found by its source.
ALTER TABLE activity DROP COLUMN places;
ALTER TABLE activity DROP COLUMN taken;
CREATE INDEX activity_copied_from_index ON activity (copied_from, id) WHERE copied_from IS NOT NULL;
