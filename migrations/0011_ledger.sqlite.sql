-- The hours ledger: the working calendar, settlements, service records, entries, disputes.

-- Days that are not what their weekday says: public holidays, and weekend days that are worked.
CREATE TABLE working_day_exception (
    day TEXT PRIMARY KEY,
    is_working INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    updated_by INTEGER, -- null: as shipped
    updated_at INTEGER
) STRICT;
-- Notices of the General Office of the State Council on the holidays of each year: of 2024
-- 国办发明电〔2023〕7号, of 2025 国办发明电〔2024〕12号, of 2026 the notice of 2025-11-04.
INSERT INTO working_day_exception (day, is_working, name) VALUES
    ('2024-01-01', 0, '元旦'),
    ('2024-02-04', 1, '春节调休'),
    ('2024-02-10', 0, '春节'),
    ('2024-02-11', 0, '春节'),
    ('2024-02-12', 0, '春节'),
    ('2024-02-13', 0, '春节'),
    ('2024-02-14', 0, '春节'),
    ('2024-02-15', 0, '春节'),
    ('2024-02-16', 0, '春节'),
    ('2024-02-17', 0, '春节'),
    ('2024-02-18', 1, '春节调休'),
    ('2024-04-04', 0, '清明节'),
    ('2024-04-05', 0, '清明节'),
    ('2024-04-06', 0, '清明节'),
    ('2024-04-07', 1, '清明节调休'),
    ('2024-04-28', 1, '劳动节调休'),
    ('2024-05-01', 0, '劳动节'),
    ('2024-05-02', 0, '劳动节'),
    ('2024-05-03', 0, '劳动节'),
    ('2024-05-04', 0, '劳动节'),
    ('2024-05-05', 0, '劳动节'),
    ('2024-05-11', 1, '劳动节调休'),
    ('2024-06-08', 0, '端午节'),
    ('2024-06-09', 0, '端午节'),
    ('2024-06-10', 0, '端午节'),
    ('2024-09-14', 1, '中秋节调休'),
    ('2024-09-15', 0, '中秋节'),
    ('2024-09-16', 0, '中秋节'),
    ('2024-09-17', 0, '中秋节'),
    ('2024-09-29', 1, '国庆节调休'),
    ('2024-10-01', 0, '国庆节'),
    ('2024-10-02', 0, '国庆节'),
    ('2024-10-03', 0, '国庆节'),
    ('2024-10-04', 0, '国庆节'),
    ('2024-10-05', 0, '国庆节'),
    ('2024-10-06', 0, '国庆节'),
    ('2024-10-07', 0, '国庆节'),
    ('2024-10-12', 1, '国庆节调休'),
    ('2025-01-01', 0, '元旦'),
    ('2025-01-26', 1, '春节调休'),
    ('2025-01-28', 0, '春节'),
    ('2025-01-29', 0, '春节'),
    ('2025-01-30', 0, '春节'),
    ('2025-01-31', 0, '春节'),
    ('2025-02-01', 0, '春节'),
    ('2025-02-02', 0, '春节'),
    ('2025-02-03', 0, '春节'),
    ('2025-02-04', 0, '春节'),
    ('2025-02-08', 1, '春节调休'),
    ('2025-04-04', 0, '清明节'),
    ('2025-04-05', 0, '清明节'),
    ('2025-04-06', 0, '清明节'),
    ('2025-04-27', 1, '劳动节调休'),
    ('2025-05-01', 0, '劳动节'),
    ('2025-05-02', 0, '劳动节'),
    ('2025-05-03', 0, '劳动节'),
    ('2025-05-04', 0, '劳动节'),
    ('2025-05-05', 0, '劳动节'),
    ('2025-05-31', 0, '端午节'),
    ('2025-06-01', 0, '端午节'),
    ('2025-06-02', 0, '端午节'),
    ('2025-09-28', 1, '国庆节、中秋节调休'),
    ('2025-10-01', 0, '国庆节、中秋节'),
    ('2025-10-02', 0, '国庆节、中秋节'),
    ('2025-10-03', 0, '国庆节、中秋节'),
    ('2025-10-04', 0, '国庆节、中秋节'),
    ('2025-10-05', 0, '国庆节、中秋节'),
    ('2025-10-06', 0, '国庆节、中秋节'),
    ('2025-10-07', 0, '国庆节、中秋节'),
    ('2025-10-08', 0, '国庆节、中秋节'),
    ('2025-10-11', 1, '国庆节、中秋节调休'),
    ('2026-01-01', 0, '元旦'),
    ('2026-01-02', 0, '元旦'),
    ('2026-01-03', 0, '元旦'),
    ('2026-01-04', 1, '元旦调休'),
    ('2026-02-14', 1, '春节调休'),
    ('2026-02-15', 0, '春节'),
    ('2026-02-16', 0, '春节'),
    ('2026-02-17', 0, '春节'),
    ('2026-02-18', 0, '春节'),
    ('2026-02-19', 0, '春节'),
    ('2026-02-20', 0, '春节'),
    ('2026-02-21', 0, '春节'),
    ('2026-02-22', 0, '春节'),
    ('2026-02-23', 0, '春节'),
    ('2026-02-28', 1, '春节调休'),
    ('2026-04-04', 0, '清明节'),
    ('2026-04-05', 0, '清明节'),
    ('2026-04-06', 0, '清明节'),
    ('2026-05-01', 0, '劳动节'),
    ('2026-05-02', 0, '劳动节'),
    ('2026-05-03', 0, '劳动节'),
    ('2026-05-04', 0, '劳动节'),
    ('2026-05-05', 0, '劳动节'),
    ('2026-05-09', 1, '劳动节调休'),
    ('2026-06-19', 0, '端午节'),
    ('2026-06-20', 0, '端午节'),
    ('2026-06-21', 0, '端午节'),
    ('2026-09-20', 1, '国庆节调休'),
    ('2026-09-25', 0, '中秋节'),
    ('2026-09-26', 0, '中秋节'),
    ('2026-09-27', 0, '中秋节'),
    ('2026-10-01', 0, '国庆节'),
    ('2026-10-02', 0, '国庆节'),
    ('2026-10-03', 0, '国庆节'),
    ('2026-10-04', 0, '国庆节'),
    ('2026-10-05', 0, '国庆节'),
    ('2026-10-06', 0, '国庆节'),
    ('2026-10-07', 0, '国庆节'),
    ('2026-10-10', 1, '国庆节调休');

-- One per activity that has ended: until when its records are due, and what they say of it.
CREATE TABLE settlement (
    activity_id INTEGER PRIMARY KEY REFERENCES activity (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id), -- records the service
    project_id INTEGER REFERENCES project (id),
    ended_on TEXT NOT NULL,      -- the organisation's date
    due_on TEXT NOT NULL,        -- D67 Art. 11
    overdue_at INTEGER,      -- when it was found to be overdue
    settled_at INTEGER,      -- null: not yet
    finished_at INTEGER,     -- settled, and nothing is held any more
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    activity_name TEXT,          -- as they were when it was settled (D67 Art. 7)
    place TEXT,
    content TEXT,
    unit_name TEXT,
    person_in_charge TEXT,
    recorded_by INTEGER,          -- account
    recorder_name TEXT
) STRICT;
CREATE INDEX settlement_due_index ON settlement (due_on, activity_id) WHERE finished_at IS NULL;
CREATE INDEX settlement_unit_index ON settlement (unit_id, activity_id);

-- What an attendance claims of the ledger: the service record of one service by one volunteer.
CREATE TABLE ledger_claim (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    attendance_id INTEGER NOT NULL REFERENCES attendance (id),
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    project_id INTEGER REFERENCES project (id),
    service_date TEXT NOT NULL,      -- the organisation's date of starts_at
    starts_at INTEGER NOT NULL,  -- within the shift
    ends_at INTEGER NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes >= 0), -- as granted, or as they would be
    grade TEXT NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    place TEXT,                      -- of the shift, where it is not the activity's
    state TEXT NOT NULL CHECK (state IN ('granted', 'held', 'rejected', 'voided')),
    reason TEXT CHECK (reason IN ('grade', 'overlap', 'unit_limit', 'parent_limit', 'review_rejected',
                                  'too_short', 'decided')),
    level TEXT NOT NULL CHECK (level IN ('automatic', 'unit', 'parent')), -- who has to agree
    overlaps_claim_id INTEGER REFERENCES ledger_claim (id),
    decided_by INTEGER,
    decided_at INTEGER,
    decision_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    CHECK (ends_at >= starts_at)
) STRICT;
CREATE UNIQUE INDEX ledger_claim_attendance_key ON ledger_claim (attendance_id, volunteer_id);
CREATE INDEX ledger_claim_volunteer_index ON ledger_claim (volunteer_id, id);
CREATE INDEX ledger_claim_day_index ON ledger_claim (volunteer_id, service_date) WHERE state = 'granted';
CREATE INDEX ledger_claim_span_index ON ledger_claim (volunteer_id, starts_at) WHERE state = 'granted';
CREATE INDEX ledger_claim_activity_index ON ledger_claim (activity_id, id);
CREATE INDEX ledger_claim_unit_index ON ledger_claim (unit_id, id);
CREATE INDEX ledger_claim_held_index ON ledger_claim (id) WHERE state = 'held';

-- Append-only. total = sum of minutes, always.
CREATE TABLE ledger_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'void', 'regrant')),
    minutes INTEGER NOT NULL, -- of a void: what the voided entry gave, negative
    claim_id INTEGER NOT NULL REFERENCES ledger_claim (id),
    attendance_id INTEGER NOT NULL REFERENCES attendance (id),
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    project_id INTEGER REFERENCES project (id),
    service_date TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    grade TEXT NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    voids_entry_id INTEGER REFERENCES ledger_entry (id),
    replaces_entry_id INTEGER REFERENCES ledger_entry (id),
    idempotency_key TEXT NOT NULL,
    created_by INTEGER, -- null: the system
    created_by_name TEXT,
    reason TEXT,
    total_after INTEGER NOT NULL CHECK (total_after >= 0),
    created_at INTEGER NOT NULL,
    CHECK ((kind = 'void') = (minutes < 0)),
    CHECK ((kind = 'void') = (voids_entry_id IS NOT NULL)),
    CHECK ((kind = 'regrant') = (replaces_entry_id IS NOT NULL)),
    CHECK (kind = 'grant' OR reason IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX ledger_entry_idempotency_key ON ledger_entry (idempotency_key);
CREATE UNIQUE INDEX ledger_entry_voids_key ON ledger_entry (voids_entry_id)
    WHERE voids_entry_id IS NOT NULL;
CREATE UNIQUE INDEX ledger_entry_replaces_key ON ledger_entry (replaces_entry_id)
    WHERE replaces_entry_id IS NOT NULL;
CREATE INDEX ledger_entry_volunteer_index ON ledger_entry (volunteer_id, id);
CREATE INDEX ledger_entry_activity_index ON ledger_entry (activity_id, id);
CREATE INDEX ledger_entry_claim_index ON ledger_entry (claim_id, id);
CREATE INDEX ledger_entry_unit_index ON ledger_entry (unit_id, id);
CREATE INDEX ledger_entry_unit_day_index ON ledger_entry (unit_id, service_date, minutes);
CREATE INDEX ledger_entry_project_index ON ledger_entry (project_id, service_date, minutes)
    WHERE project_id IS NOT NULL;

CREATE TRIGGER ledger_entry_update BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_entry_delete BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- A volunteer does not agree with a record (D67 Art. 13).
CREATE TABLE ledger_dispute (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    claim_id INTEGER NOT NULL REFERENCES ledger_claim (id),
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'rejected', 'withdrawn')),
    message TEXT NOT NULL,
    wanted_minutes INTEGER,
    old_minutes INTEGER NOT NULL,
    new_minutes INTEGER,
    decided_by INTEGER,
    decided_at INTEGER,
    decision_reason TEXT,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX ledger_dispute_open_key ON ledger_dispute (claim_id) WHERE state = 'open';
CREATE INDEX ledger_dispute_volunteer_index ON ledger_dispute (volunteer_id, id);
CREATE INDEX ledger_dispute_unit_index ON ledger_dispute (unit_id, id);
CREATE INDEX ledger_dispute_claim_index ON ledger_dispute (claim_id);
CREATE INDEX ledger_dispute_waiting_index ON ledger_dispute (id) WHERE state = 'open';
