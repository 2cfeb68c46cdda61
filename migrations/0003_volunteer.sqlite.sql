-- People who serve, their memberships, consents, corrections, duplicates, and custom fields.

-- Ids come before the rows: the number that a person is known by is made from the id.
CREATE TABLE volunteer_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO volunteer_counter (id, last) VALUES (1, 0);

CREATE TABLE volunteer (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 999999999),
    number TEXT NOT NULL, -- "V", nine digits of id, check digit: unique as the id is
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    state TEXT NOT NULL
        CHECK (state IN ('applicant', 'active', 'inactive', 'suspended', 'archived')),
    state_changed_at INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    name_pinyin TEXT NOT NULL,
    name_initials TEXT NOT NULL,
    name_terms TEXT NOT NULL, -- what volunteer_term holds of the name
    gender TEXT NOT NULL CHECK (gender IN ('unspecified', 'male', 'female')),
    birth_date TEXT,
    id_document_type TEXT
        CHECK (id_document_type IN ('resident_id', 'hk_macao_permit', 'taiwan_permit', 'passport', 'other')),
    id_number_cipher BLOB,   -- encrypted: volunteer.id_number
    id_number_hash TEXT,
    id_number_masked TEXT,
    phone TEXT,               -- E.164
    phone_reversed TEXT,
    email TEXT,   -- lower case
    residence_region TEXT,    -- GB/T 2260
    residence_region_text TEXT,
    address TEXT,
    education TEXT,
    occupation TEXT,
    political_status TEXT,
    skills TEXT NOT NULL CHECK (json_valid(skills)),
    service_categories TEXT NOT NULL CHECK (json_valid(service_categories)),
    languages TEXT NOT NULL CHECK (json_valid(languages)),
    custom TEXT NOT NULL CHECK (json_valid(custom)),
    service_minutes INTEGER NOT NULL DEFAULT 0 CHECK (service_minutes >= 0),
    consent_version TEXT,     -- of the privacy policy, as last consented to
    consent_withdrawn INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0, -- archived because the application was rejected
    merged_into INTEGER REFERENCES volunteer (id),
    anonymised_at INTEGER,
    entered_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- One living person, one volunteer: who is archived does not stand in the way of a new record.
CREATE UNIQUE INDEX volunteer_id_number_key
    ON volunteer (id_number_hash, (CASE WHEN state = 'archived' THEN id ELSE 0 END))
    WHERE id_number_hash IS NOT NULL;
CREATE INDEX volunteer_unit_index ON volunteer (unit_id, id);
CREATE INDEX volunteer_name_index ON volunteer (name_pinyin, id);
CREATE INDEX volunteer_created_at_index ON volunteer (created_at, id);
CREATE INDEX volunteer_service_index ON volunteer (service_minutes, id);
CREATE INDEX volunteer_birth_index ON volunteer (birth_date, name);
CREATE INDEX volunteer_phone_index ON volunteer (phone_reversed) WHERE phone_reversed IS NOT NULL;
CREATE INDEX volunteer_email_index ON volunteer (email) WHERE email IS NOT NULL;
-- Most are active; who looks for the others finds few among many.
CREATE INDEX volunteer_state_index ON volunteer (state, id) WHERE state <> 'active';
CREATE INDEX volunteer_retention_index ON volunteer (state_changed_at, id)
    WHERE state = 'archived' AND anonymised_at IS NULL;

-- What people are found by: "n:" and the beginning of a part of the name, "s:" and a skill, "c:" and
-- a service category.
CREATE TABLE volunteer_term (
    term TEXT NOT NULL,
    volunteer_id INTEGER NOT NULL,
    PRIMARY KEY (term, volunteer_id)
) STRICT, WITHOUT ROWID;

-- Emergency contacts and health notes.
CREATE TABLE volunteer_sensitive (
    volunteer_id INTEGER PRIMARY KEY REFERENCES volunteer (id),
    document BLOB NOT NULL, -- encrypted: volunteer.sensitive
    updated_at INTEGER NOT NULL,
    updated_by INTEGER
) STRICT;

CREATE TABLE volunteer_history (
    id INTEGER PRIMARY KEY,
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    created_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    reason TEXT,
    changes TEXT -- {"field": {"before", "after"}}; what is sensitive is masked
) STRICT;
CREATE INDEX volunteer_history_volunteer_index ON volunteer_history (volunteer_id, id);

CREATE TABLE membership (
    id INTEGER PRIMARY KEY,
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    state TEXT NOT NULL
        CHECK (state IN ('applied', 'active', 'inactive', 'suspended', 'left', 'rejected')),
    reason TEXT,
    leave_requested_at INTEGER,
    joined_at INTEGER,
    left_at INTEGER,
    decided_by INTEGER,
    decided_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
-- One lasting membership of a volunteer in a unit; ended ones stay as history.
CREATE UNIQUE INDEX membership_current_key ON membership (
    volunteer_id, unit_id, (CASE WHEN state IN ('left', 'rejected') THEN id ELSE 0 END));
CREATE INDEX membership_unit_index ON membership (unit_id, state, id);
CREATE INDEX membership_waiting_index ON membership (id)
    WHERE state = 'applied' OR leave_requested_at IS NOT NULL;

CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    kind TEXT NOT NULL CHECK (kind IN ('privacy_policy', 'guardian', 'sensitive_data')),
    policy_version TEXT,
    scope TEXT,
    guardian_name TEXT,
    guardian_relation TEXT,
    guardian_phone TEXT,
    note TEXT,
    given_at INTEGER NOT NULL,
    recorded_by INTEGER,
    expires_on TEXT,
    withdrawn_at INTEGER,
    withdrawal_reason TEXT
) STRICT;
CREATE INDEX consent_volunteer_index ON consent (volunteer_id, id);

CREATE TABLE correction (
    id INTEGER PRIMARY KEY,
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    field TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved', 'closed')),
    answer TEXT,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    resolved_at INTEGER,
    closed_by INTEGER,
    closed_at INTEGER
) STRICT;
CREATE INDEX correction_volunteer_index ON correction (volunteer_id, id);

CREATE TABLE custom_field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    type TEXT NOT NULL
        CHECK (type IN ('text', 'number', 'boolean', 'date', 'choice', 'multi_choice')),
    options TEXT NOT NULL CHECK (json_valid(options)),
    required INTEGER NOT NULL,
    visible_to TEXT NOT NULL CHECK (visible_to IN ('everyone', 'staff', 'sensitive')),
    editable_by_volunteer INTEGER NOT NULL,
    unit_id INTEGER REFERENCES unit (id), -- for this subtree; null: all
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX custom_field_position_index ON custom_field (position, id);

-- Pairs that may be one person, volunteer_id < other_id, until somebody looked at them.
CREATE TABLE duplicate_pair (
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    other_id INTEGER NOT NULL REFERENCES volunteer (id),
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    score INTEGER NOT NULL CHECK (score BETWEEN 1 AND 100),
    dismissed_at INTEGER,
    dismissed_by INTEGER,
    dismissal_reason TEXT,
    PRIMARY KEY (volunteer_id, other_id),
    CHECK (volunteer_id < other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_pair_other_index ON duplicate_pair (other_id);
CREATE INDEX duplicate_pair_score_index ON duplicate_pair (score, volunteer_id, other_id)
    WHERE dismissed_at IS NULL;

-- Whom a background job still has to compare with the others: ids from first_id to last_id.
CREATE TABLE duplicate_queue (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL
) STRICT;
