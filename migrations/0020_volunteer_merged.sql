-- Who was merged into somebody: they go along when that file is merged in turn.
CREATE INDEX volunteer_merged ON volunteer (merged_into) WHERE merged_into IS NOT NULL;
