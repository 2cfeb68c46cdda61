-- What people take part in: projects, activities, their positions and shifts.

-- A lasting programme that activities belong to.
CREATE TABLE project (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    closed_at INTEGER,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX project_unit_index ON project (unit_id, id);

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id INTEGER NOT NULL REFERENCES unit (id),           -- recruits
    recording_unit_id INTEGER NOT NULL REFERENCES unit (id), -- records the service (D67 Art. 26)
    project_id INTEGER REFERENCES project (id),
    state TEXT NOT NULL CHECK (state IN (
        'draft', 'submitted', 'published', 'in_progress', 'ended', 'settled', 'cancelled')),
    state_changed_at INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    place_name TEXT NOT NULL,
    address TEXT,
    latitude REAL,  -- WGS-84
    longitude REAL,
    radius_m INTEGER NOT NULL,   -- inside it a position counts as being there
    risk_notice TEXT,           -- Reg. Art. 12
    risk_notice_version INTEGER NOT NULL DEFAULT 1,
    provided TEXT,              -- meals, transport, insurance, …
    contact_name TEXT,
    contact_phone TEXT,
    person_in_charge TEXT,      -- D67 Art. 7
    is_volunteer_service INTEGER NOT NULL, -- the declaration of D67 Art. 19
    is_dangerous INTEGER NOT NULL DEFAULT 0,
    insurance_policy TEXT,      -- Reg. Art. 17
    insurance_until TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'members', 'invited')),
    time_zone TEXT NOT NULL,
    sign_up_opens_at INTEGER,  -- null: when published
    sign_up_closes_at INTEGER, -- null: at each shift's start
    cancel_deadline_minutes INTEGER NOT NULL,
    approval TEXT NOT NULL CHECK (approval IN ('automatic', 'review', 'lottery')),
    lottery_seed TEXT,             -- published with the draw, so that it can be checked again
    lottery_drawn_at INTEGER,
    waitlist TEXT NOT NULL CHECK (waitlist IN ('promote', 'offer')),
    offer_minutes INTEGER NOT NULL,
    minimum_age INTEGER,
    maximum_age INTEGER,
    starts_at INTEGER,         -- of its first and last shift that is not cancelled
    ends_at INTEGER,
    places INTEGER NOT NULL DEFAULT 0, -- sums over its shifts that are not cancelled
    taken INTEGER NOT NULL DEFAULT 0,
    submitted_by INTEGER,
    published_at INTEGER,
    decision_reason TEXT,          -- why it was sent back
    cancel_reason TEXT,
    settled_at INTEGER,
    copied_from INTEGER REFERENCES activity (id),
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX activity_unit_index ON activity (unit_id, id);
CREATE INDEX activity_state_index ON activity (state, id);
CREATE INDEX activity_starts_index ON activity (starts_at, id);
CREATE INDEX activity_public_index ON activity (starts_at, id)
    WHERE visibility = 'public' AND state IN ('published', 'in_progress');
-- What the schedules look for.
CREATE INDEX activity_running_index ON activity (ends_at, id)
    WHERE state IN ('published', 'in_progress');

-- Who may run one activity without rights on the whole unit.
CREATE TABLE activity_manager (
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN ('manager', 'front_desk')),
    added_by INTEGER,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (activity_id, account_id)
) STRICT;
CREATE INDEX activity_manager_account_index ON activity_manager (account_id, activity_id);

-- Who may see and join an activity whose visibility is 'invited'.
CREATE TABLE activity_invitation (
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    invited_by INTEGER,
    invited_at INTEGER NOT NULL,
    PRIMARY KEY (activity_id, volunteer_id)
) STRICT;
CREATE INDEX activity_invitation_volunteer_index ON activity_invitation (volunteer_id, activity_id);

CREATE TABLE activity_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    created_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    reason TEXT,
    changes TEXT -- {"field": {"before", "after"}}
) STRICT;
CREATE INDEX activity_history_activity_index ON activity_history (activity_id, id);

-- A role at an activity with what it asks for.
CREATE TABLE activity_position (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    name TEXT NOT NULL,
    description TEXT,
    needed INTEGER NOT NULL CHECK (needed >= 0), -- of a shift that does not say otherwise
    required_skills TEXT NOT NULL,             -- the volunteer's skills must hold all of them
    minimum_age INTEGER,
    maximum_age INTEGER,
    gender TEXT CHECK (gender IN ('male', 'female')), -- only where lawful
    removed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX activity_position_activity_index ON activity_position (activity_id, id);

-- Shifts that were made together, and can be undone together.
CREATE TABLE shift_batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    kind TEXT NOT NULL CHECK (kind IN ('pattern', 'recurrence')),
    request TEXT NOT NULL,
    shift_count INTEGER NOT NULL,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    undone_at INTEGER
) STRICT;
CREATE INDEX shift_batch_activity_index ON shift_batch (activity_id, id);

CREATE TABLE shift (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    batch_id INTEGER REFERENCES shift_batch (id),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'cancelled')),
    cancel_reason TEXT,
    place_name TEXT,            -- null: the activity's
    address TEXT,
    latitude REAL,
    longitude REAL,
    radius_m INTEGER,
    note TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    CHECK (ends_at > starts_at)
) STRICT;
CREATE INDEX shift_activity_index ON shift (activity_id, starts_at, id);
CREATE INDEX shift_starts_index ON shift (starts_at, id) WHERE state = 'planned';
CREATE INDEX shift_ends_index ON shift (ends_at, id) WHERE state = 'planned';

-- The places of a position in a shift: the one row that a sign-up counts on.
CREATE TABLE shift_place (
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    position_id INTEGER NOT NULL REFERENCES activity_position (id),
    needed INTEGER NOT NULL CHECK (needed >= 0),
    taken INTEGER NOT NULL DEFAULT 0 CHECK (taken >= 0), -- approved, attended, and offered
    waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0), -- waitlisted
    pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0), -- to be reviewed or drawn
    last_sequence INTEGER NOT NULL DEFAULT 0, -- order of arrival: the last number given out
    PRIMARY KEY (shift_id, position_id)
) STRICT;
CREATE INDEX shift_place_position_index ON shift_place (position_id, shift_id);
