-- The hours ledger: the working calendar, settlements, service records, entries, disputes.

-- Days that are not what their weekday says: public holidays, and weekend days that are worked.
CREATE TABLE working_day_exception (
    day date PRIMARY KEY,
    is_working boolean NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    updated_by bigint, -- null: as shipped
    updated_at timestamptz
);
-- Notices of the General Office of the State Council on the holidays of each year: of 2024
-- 国办发明电〔2023〕7号, of 2025 国办发明电〔2024〕12号, of 2026 the notice of 2025-11-04.
INSERT INTO working_day_exception (day, is_working, name) VALUES
    ('2024-01-01', false, '元旦'),
    ('2024-02-04', true, '春节调休'),
    ('2024-02-10', false, '春节'),
    ('2024-02-11', false, '春节'),
    ('2024-02-12', false, '春节'),
    ('2024-02-13', false, '春节'),
    ('2024-02-14', false, '春节'),
    ('2024-02-15', false, '春节'),
    ('2024-02-16', false, '春节'),
    ('2024-02-17', false, '春节'),
    ('2024-02-18', true, '春节调休'),
    ('2024-04-04', false, '清明节'),
    ('2024-04-05', false, '清明节'),
    ('2024-04-06', false, '清明节'),
    ('2024-04-07', true, '清明节调休'),
    ('2024-04-28', true, '劳动节调休'),
    ('2024-05-01', false, '劳动节'),
    ('2024-05-02', false, '劳动节'),
    ('2024-05-03', false, '劳动节'),
    ('2024-05-04', false, '劳动节'),
    ('2024-05-05', false, '劳动节'),
    ('2024-05-11', true, '劳动节调休'),
    ('2024-06-08', false, '端午节'),
    ('2024-06-09', false, '端午节'),
    ('2024-06-10', false, '端午节'),
    ('2024-09-14', true, '中秋节调休'),
    ('2024-09-15', false, '中秋节'),
    ('2024-09-16', false, '中秋节'),
    ('2024-09-17', false, '中秋节'),
    ('2024-09-29', true, '国庆节调休'),
    ('2024-10-01', false, '国庆节'),
    ('2024-10-02', false, '国庆节'),
    ('2024-10-03', false, '国庆节'),
    ('2024-10-04', false, '国庆节'),
    ('2024-10-05', false, '国庆节'),
    ('2024-10-06', false, '国庆节'),
    ('2024-10-07', false, '国庆节'),
    ('2024-10-12', true, '国庆节调休'),
    ('2025-01-01', false, '元旦'),
    ('2025-01-26', true, '春节调休'),
    ('2025-01-28', false, '春节'),
    ('2025-01-29', false, '春节'),
    ('2025-01-30', false, '春节'),
    ('2025-01-31', false, '春节'),
    ('2025-02-01', false, '春节'),
    ('2025-02-02', false, '春节'),
    ('2025-02-03', false, '春节'),
    ('2025-02-04', false, '春节'),
    ('2025-02-08', true, '春节调休'),
    ('2025-04-04', false, '清明节'),
    ('2025-04-05', false, '清明节'),
    ('2025-04-06', false, '清明节'),
    ('2025-04-27', true, '劳动节调休'),
    ('2025-05-01', false, '劳动节'),
    ('2025-05-02', false, '劳动节'),
    ('2025-05-03', false, '劳动节'),
    ('2025-05-04', false, '劳动节'),
    ('2025-05-05', false, '劳动节'),
    ('2025-05-31', false, '端午节'),
    ('2025-06-01', false, '端午节'),
    ('2025-06-02', false, '端午节'),
    ('2025-09-28', true, '国庆节、中秋节调休'),
    ('2025-10-01', false, '国庆节、中秋节'),
    ('2025-10-02', false, '国庆节、中秋节'),
    ('2025-10-03', false, '国庆节、中秋节'),
    ('2025-10-04', false, '国庆节、中秋节'),
    ('2025-10-05', false, '国庆节、中秋节'),
    ('2025-10-06', false, '国庆节、中秋节'),
    ('2025-10-07', false, '国庆节、中秋节'),
    ('2025-10-08', false, '国庆节、中秋节'),
    ('2025-10-11', true, '国庆节、中秋节调休'),
    ('2026-01-01', false, '元旦'),
    ('2026-01-02', false, '元旦'),
    ('2026-01-03', false, '元旦'),
    ('2026-01-04', true, '元旦调休'),
    ('2026-02-14', true, '春节调休'),
    ('2026-02-15', false, '春节'),
    ('2026-02-16', false, '春节'),
    ('2026-02-17', false, '春节'),
    ('2026-02-18', false, '春节'),
    ('2026-02-19', false, '春节'),
    ('2026-02-20', false, '春节'),
    ('2026-02-21', false, '春节'),
    ('2026-02-22', false, '春节'),
    ('2026-02-23', false, '春节'),
    ('2026-02-28', true, '春节调休'),
    ('2026-04-04', false, '清明节'),
    ('2026-04-05', false, '清明节'),
    ('2026-04-06', false, '清明节'),
    ('2026-05-01', false, '劳动节'),
    ('2026-05-02', false, '劳动节'),
    ('2026-05-03', false, '劳动节'),
    ('2026-05-04', false, '劳动节'),
    ('2026-05-05', false, '劳动节'),
    ('2026-05-09', true, '劳动节调休'),
    ('2026-06-19', false, '端午节'),
    ('2026-06-20', false, '端午节'),
    ('2026-06-21', false, '端午节'),
    ('2026-09-20', true, '国庆节调休'),
    ('2026-09-25', false, '中秋节'),
    ('2026-09-26', false, '中秋节'),
    ('2026-09-27', false, '中秋节'),
    ('2026-10-01', false, '国庆节'),
    ('2026-10-02', false, '国庆节'),
    ('2026-10-03', false, '国庆节'),
    ('2026-10-04', false, '国庆节'),
    ('2026-10-05', false, '国庆节'),
    ('2026-10-06', false, '国庆节'),
    ('2026-10-07', false, '国庆节'),
    ('2026-10-10', true, '国庆节调休');

-- One per activity that has ended: until when its records are due, and what they say of it.
CREATE TABLE settlement (
    activity_id bigint PRIMARY KEY REFERENCES activity (id),
    unit_id bigint NOT NULL REFERENCES unit (id), -- records the service
    project_id bigint REFERENCES project (id),
    ended_on date NOT NULL,      -- the organisation's date
    due_on date NOT NULL,        -- D67 Art. 11
    overdue_at timestamptz,      -- when it was found to be overdue
    settled_at timestamptz,      -- null: not yet
    finished_at timestamptz,     -- settled, and nothing is held any more
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    activity_name text,          -- as they were when it was settled (D67 Art. 7)
    place text,
    content text,
    unit_name text,
    person_in_charge text,
    recorded_by bigint,          -- account
    recorder_name text
);
CREATE INDEX settlement_due_index ON settlement (due_on, activity_id) WHERE finished_at IS NULL;
CREATE INDEX settlement_unit_index ON settlement (unit_id, activity_id);

-- What an attendance claims of the ledger: the service record of one service by one volunteer.
CREATE TABLE ledger_claim (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    attendance_id bigint NOT NULL REFERENCES attendance (id),
    activity_id bigint NOT NULL REFERENCES activity (id),
    shift_id bigint NOT NULL REFERENCES shift (id),
    volunteer_id bigint NOT NULL REFERENCES volunteer (id),
    unit_id bigint NOT NULL REFERENCES unit (id),
    project_id bigint REFERENCES project (id),
    service_date date NOT NULL,      -- the organisation's date of starts_at
    starts_at timestamptz NOT NULL,  -- within the shift
    ends_at timestamptz NOT NULL,
    minutes bigint NOT NULL CHECK (minutes >= 0), -- as granted, or as they would be
    grade text NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    place text,                      -- of the shift, where it is not the activity's
    state text NOT NULL CHECK (state IN ('granted', 'held', 'rejected', 'voided')),
    reason text CHECK (reason IN ('grade', 'overlap', 'unit_limit', 'parent_limit', 'review_rejected',
                                  'too_short', 'decided')),
    level text NOT NULL CHECK (level IN ('automatic', 'unit', 'parent')), -- who has to agree
    overlaps_claim_id bigint REFERENCES ledger_claim (id),
    decided_by bigint,
    decided_at timestamptz,
    decision_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CHECK (ends_at >= starts_at)
);
CREATE UNIQUE INDEX ledger_claim_attendance_key ON ledger_claim (attendance_id, volunteer_id);
CREATE INDEX ledger_claim_volunteer_index ON ledger_claim (volunteer_id, id);
CREATE INDEX ledger_claim_day_index ON ledger_claim (volunteer_id, service_date) WHERE state = 'granted';
CREATE INDEX ledger_claim_span_index ON ledger_claim (volunteer_id, starts_at) WHERE state = 'granted';
CREATE INDEX ledger_claim_activity_index ON ledger_claim (activity_id, id);
CREATE INDEX ledger_claim_unit_index ON ledger_claim (unit_id, id);
CREATE INDEX ledger_claim_held_index ON ledger_claim (id) WHERE state = 'held';

-- Append-only. total = sum of minutes, always.
CREATE TABLE ledger_entry (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    volunteer_id bigint NOT NULL REFERENCES volunteer (id),
    kind text NOT NULL CHECK (kind IN ('grant', 'void', 'regrant')),
    minutes bigint NOT NULL, -- of a void: what the voided entry gave, negative
    claim_id bigint NOT NULL REFERENCES ledger_claim (id),
    attendance_id bigint NOT NULL REFERENCES attendance (id),
    activity_id bigint NOT NULL REFERENCES activity (id),
    unit_id bigint NOT NULL REFERENCES unit (id),
    project_id bigint REFERENCES project (id),
    service_date date NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    grade text NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    voids_entry_id bigint REFERENCES ledger_entry (id),
    replaces_entry_id bigint REFERENCES ledger_entry (id),
    idempotency_key text COLLATE "C" NOT NULL,
    created_by bigint, -- null: the system
    created_by_name text,
    reason text,
    total_after bigint NOT NULL CHECK (total_after >= 0),
    created_at timestamptz NOT NULL,
    CHECK ((kind = 'void') = (minutes < 0)),
    CHECK ((kind = 'void') = (voids_entry_id IS NOT NULL)),
    CHECK ((kind = 'regrant') = (replaces_entry_id IS NOT NULL)),
    CHECK (kind = 'grant' OR reason IS NOT NULL)
);
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

CREATE FUNCTION ledger_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END
$$;
CREATE TRIGGER ledger_entry_change BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_refuse();

-- A volunteer does not agree with a record (D67 Art. 13).
CREATE TABLE ledger_dispute (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    claim_id bigint NOT NULL REFERENCES ledger_claim (id),
    volunteer_id bigint NOT NULL REFERENCES volunteer (id),
    unit_id bigint NOT NULL REFERENCES unit (id),
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'rejected', 'withdrawn')),
    message text NOT NULL,
    wanted_minutes bigint,
    old_minutes bigint NOT NULL,
    new_minutes bigint,
    decided_by bigint,
    decided_at timestamptz,
    decision_reason text,
    created_by bigint,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX ledger_dispute_open_key ON ledger_dispute (claim_id) WHERE state = 'open';
CREATE INDEX ledger_dispute_volunteer_index ON ledger_dispute (volunteer_id, id);
CREATE INDEX ledger_dispute_unit_index ON ledger_dispute (unit_id, id);
CREATE INDEX ledger_dispute_claim_index ON ledger_dispute (claim_id);
CREATE INDEX ledger_dispute_waiting_index ON ledger_dispute (id) WHERE state = 'open';
