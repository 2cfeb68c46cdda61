-- Counts of a unit's volunteers come from the index alone.
CREATE INDEX volunteer_count_index ON volunteer (unit_id) WHERE state <> 'archived';
