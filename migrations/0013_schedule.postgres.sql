-- What became of the periodic duties' runs.
CREATE TABLE schedule_state (
    name text COLLATE "C" PRIMARY KEY,
    last_started_at timestamptz NOT NULL,
    last_ended_at timestamptz NOT NULL,
    last_error text, -- null: it went well
    runs bigint NOT NULL,
    failures bigint NOT NULL
);
