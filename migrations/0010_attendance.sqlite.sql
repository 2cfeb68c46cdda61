-- Files that people handed in, such as the evidence of a back-fill; their bytes lie below data_dir.
CREATE TABLE stored_file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,   -- random, below data_dir/files
    filename TEXT,               -- as the uploader called it
    content_type TEXT NOT NULL,  -- by its own bytes
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_by INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- What happened: who was present from when to when, and how it was proven.
CREATE TABLE attendance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    signup_id INTEGER REFERENCES signup (id), -- null: came without one, or back-filled
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    state TEXT NOT NULL CHECK (state IN ('present', 'completed', 'absent', 'voided')),
    grade TEXT CHECK (grade IN ('A', 'B', 'C', 'D')), -- of the evidence; null while present, and of the absent
    check_in_at INTEGER,
    check_in_method TEXT
        CHECK (check_in_method IN ('rotating_code', 'geofence', 'kiosk', 'front_desk', 'back_fill')),
    check_in_distance_m INTEGER,  -- positions are kept only as inside and distance
    check_in_inside INTEGER,
    check_in_device TEXT,
    check_in_by INTEGER,
    check_out_at INTEGER,
    check_out_method TEXT
        CHECK (check_out_method IN ('rotating_code', 'geofence', 'kiosk', 'front_desk', 'back_fill', 'automatic')),
    check_out_distance_m INTEGER,
    check_out_inside INTEGER,
    check_out_device TEXT,
    check_out_by INTEGER,
    minutes INTEGER,              -- between the ends, whole; null unless completed
    reason TEXT,                 -- of a back-fill
    evidence_file_id INTEGER REFERENCES stored_file (id),
    review TEXT NOT NULL CHECK (review IN ('none', 'needed', 'approved', 'rejected')),
    reviewed_by INTEGER,
    reviewed_at INTEGER,
    review_reason TEXT,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX attendance_current_key ON attendance (
    shift_id, volunteer_id, (CASE WHEN state = 'voided' THEN id ELSE 0 END));
CREATE INDEX attendance_volunteer_index ON attendance (volunteer_id, check_in_at);
CREATE INDEX attendance_activity_index ON attendance (activity_id, id);
CREATE INDEX attendance_present_index ON attendance (shift_id, id) WHERE state = 'present';
CREATE INDEX attendance_review_index ON attendance (id) WHERE review = 'needed';
CREATE INDEX attendance_evidence_index ON attendance (evidence_file_id)
    WHERE evidence_file_id IS NOT NULL;
-- Who did not come: what the schedule looks for.
CREATE INDEX signup_unattended_index ON signup (ends_at, id) WHERE state = 'approved';

-- Each change of an attendance after the fact.
CREATE TABLE attendance_correction (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    attendance_id INTEGER NOT NULL REFERENCES attendance (id),
    created_at INTEGER NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    reason TEXT NOT NULL,
    changes TEXT NOT NULL -- {"field": {"before", "after"}}
) STRICT;
CREATE INDEX attendance_correction_index ON attendance_correction (attendance_id, id);

-- The secrets of a shift's codes, one per direction and kind; codes themselves are never stored.
CREATE TABLE attendance_code (
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    kind TEXT NOT NULL CHECK (kind IN ('rotating', 'fixed')),
    secret_cipher BLOB NOT NULL, -- encrypted: attendance_code.secret
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (shift_id, direction, kind)
) STRICT;

-- Every accepted scan of a rotating code, so that a code serves a person once.
CREATE TABLE attendance_scan (
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    step INTEGER NOT NULL,
    scanned_at INTEGER NOT NULL,
    PRIMARY KEY (shift_id, volunteer_id, direction, step)
) STRICT;

-- Devices that may send queued scans, with the key that signs them.
CREATE TABLE attendance_device (
    id TEXT PRIMARY KEY,
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    name TEXT NOT NULL,
    key_cipher BLOB NOT NULL, -- encrypted: attendance_device.key
    last_counter INTEGER NOT NULL DEFAULT 0,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX attendance_device_unit_index ON attendance_device (unit_id, id);

-- Every queued scan with what became of it: sent again it changes nothing, and is answered the same.
CREATE TABLE attendance_device_scan (
    device_id TEXT NOT NULL REFERENCES attendance_device (id),
    counter INTEGER NOT NULL,
    digest TEXT NOT NULL, -- SHA-256 of the canonical text that was signed
    received_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    attendance_id INTEGER REFERENCES attendance (id),
    PRIMARY KEY (device_id, counter)
) STRICT;
