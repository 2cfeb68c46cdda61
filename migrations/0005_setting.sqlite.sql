-- What the organisation decides for itself: one document.
CREATE TABLE organisation_setting (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL CHECK (json_valid(document)),
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
