-- Numbers for the first screen: totals by unit and month, kept current by events.

-- The organisation's months, in its time zone: when each begins.
CREATE TABLE statistics_calendar (
    month bigint PRIMARY KEY,        -- 202611
    starts_at timestamptz NOT NULL,
    first_day date NOT NULL
);
CREATE UNIQUE INDEX statistics_calendar_starts_key ON statistics_calendar (starts_at);
CREATE UNIQUE INDEX statistics_calendar_day_key ON statistics_calendar (first_day);

-- One row. Whoever changes totals queues for it.
CREATE TABLE statistics_state (
    id bigint PRIMARY KEY CHECK (id = 1),
    time_zone text NOT NULL,         -- that the calendar is of; '': there is none yet
    phase text NOT NULL CHECK (phase IN ('none', 'volunteer', 'activity')), -- of a rebuild
    after_id bigint NOT NULL,        -- how far the phase has come
    refreshed_at timestamptz
);
INSERT INTO statistics_state (id, time_zone, phase, after_id) VALUES (1, '', 'volunteer', 0);

-- What has changed and was not counted anew yet.
CREATE TABLE statistics_due (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('activity', 'volunteer', 'tree')),
    id bigint NOT NULL,
    PRIMARY KEY (kind, id)
);

-- What a volunteer gives to the totals of its unit and those above.
CREATE TABLE statistics_volunteer (
    volunteer_id bigint PRIMARY KEY,
    unit_id bigint NOT NULL,
    month bigint NOT NULL,           -- in which it was entered
    state text COLLATE "C" NOT NULL
);

-- What an activity gives to the totals: of the unit that recruits, minutes of those that record.
CREATE TABLE statistics_activity (
    activity_id bigint NOT NULL,
    unit_id bigint NOT NULL,
    month bigint NOT NULL,           -- 0: as it is now
    published bigint NOT NULL DEFAULT 0,
    in_progress bigint NOT NULL DEFAULT 0,
    ended bigint NOT NULL DEFAULT 0,
    activities bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    shifts bigint NOT NULL DEFAULT 0,
    places bigint NOT NULL DEFAULT 0,
    taken bigint NOT NULL DEFAULT 0,
    attended bigint NOT NULL DEFAULT 0,
    absent bigint NOT NULL DEFAULT 0,
    minutes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (activity_id, unit_id, month)
);

-- Of one unit with all below it.
CREATE TABLE statistics_total (
    unit_id bigint NOT NULL,
    month bigint NOT NULL,           -- 0: as it is now
    active bigint NOT NULL DEFAULT 0,
    inactive bigint NOT NULL DEFAULT 0,
    suspended bigint NOT NULL DEFAULT 0,
    applicants bigint NOT NULL DEFAULT 0,
    joined bigint NOT NULL DEFAULT 0,
    published bigint NOT NULL DEFAULT 0,
    in_progress bigint NOT NULL DEFAULT 0,
    ended bigint NOT NULL DEFAULT 0,
    activities bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    shifts bigint NOT NULL DEFAULT 0,
    places bigint NOT NULL DEFAULT 0,
    taken bigint NOT NULL DEFAULT 0,
    attended bigint NOT NULL DEFAULT 0,
    absent bigint NOT NULL DEFAULT 0,
    minutes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (unit_id, month)
);

INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'statistics:read'),
    (3, 'statistics:read'),
    (5, 'statistics:read'),
    (6, 'statistics:read')
ON CONFLICT DO NOTHING;
