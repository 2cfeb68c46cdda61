-- What became of the periodic duties' runs.
CREATE TABLE schedule_state (
    name TEXT PRIMARY KEY,
    last_started_at INTEGER NOT NULL,
    last_ended_at INTEGER NOT NULL,
    last_error TEXT, -- null: it went well
    runs INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT;
