-- Numbers for the first screen: totals by unit and month, kept current by events.

-- The organisation's months, in its time zone: when each begins.
CREATE TABLE statistics_calendar (
    month INTEGER PRIMARY KEY,        -- 202611
    starts_at INTEGER NOT NULL,
    first_day TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX statistics_calendar_starts_key ON statistics_calendar (starts_at);
CREATE UNIQUE INDEX statistics_calendar_day_key ON statistics_calendar (first_day);

-- One row. Whoever changes totals queues for it.
CREATE TABLE statistics_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    time_zone TEXT NOT NULL,         -- that the calendar is of; '': there is none yet
    phase TEXT NOT NULL CHECK (phase IN ('none', 'volunteer', 'activity')), -- of a rebuild
    after_id INTEGER NOT NULL,        -- how far the phase has come
    refreshed_at INTEGER
) STRICT;
INSERT INTO statistics_state (id, time_zone, phase, after_id) VALUES (1, '', 'volunteer', 0);

-- What has changed and was not counted anew yet.
CREATE TABLE statistics_due (
    kind TEXT NOT NULL CHECK (kind IN ('activity', 'volunteer', 'tree')),
    id INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- What a volunteer gives to the totals of its unit and those above.
CREATE TABLE statistics_volunteer (
    volunteer_id INTEGER PRIMARY KEY,
    unit_id INTEGER NOT NULL,
    month INTEGER NOT NULL,           -- in which it was entered
    state TEXT NOT NULL
) STRICT;

-- What an activity gives to the totals: of the unit that recruits, minutes of those that record.
CREATE TABLE statistics_activity (
    activity_id INTEGER NOT NULL,
    unit_id INTEGER NOT NULL,
    month INTEGER NOT NULL,           -- 0: as it is now
    published INTEGER NOT NULL DEFAULT 0,
    in_progress INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0,
    activities INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    shifts INTEGER NOT NULL DEFAULT 0,
    places INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    attended INTEGER NOT NULL DEFAULT 0,
    absent INTEGER NOT NULL DEFAULT 0,
    minutes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (activity_id, unit_id, month)
) STRICT, WITHOUT ROWID;

-- Of one unit with all below it.
CREATE TABLE statistics_total (
    unit_id INTEGER NOT NULL,
    month INTEGER NOT NULL,           -- 0: as it is now
    active INTEGER NOT NULL DEFAULT 0,
    inactive INTEGER NOT NULL DEFAULT 0,
    suspended INTEGER NOT NULL DEFAULT 0,
    applicants INTEGER NOT NULL DEFAULT 0,
    joined INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0,
    in_progress INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0,
    activities INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    shifts INTEGER NOT NULL DEFAULT 0,
    places INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    attended INTEGER NOT NULL DEFAULT 0,
    absent INTEGER NOT NULL DEFAULT 0,
    minutes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (unit_id, month)
) STRICT, WITHOUT ROWID;

INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'statistics:read'),
    (3, 'statistics:read'),
    (5, 'statistics:read'),
    (6, 'statistics:read')
ON CONFLICT DO NOTHING;
