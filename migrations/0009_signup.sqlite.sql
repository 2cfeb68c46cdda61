-- A volunteer's request for a place in a shift's position, and what became of it.
CREATE TABLE signup (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id INTEGER NOT NULL REFERENCES activity (id),
    shift_id INTEGER NOT NULL REFERENCES shift (id),
    position_id INTEGER NOT NULL REFERENCES activity_position (id),
    volunteer_id INTEGER NOT NULL REFERENCES volunteer (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'waitlisted', 'offered', 'rejected',
                                         'cancelled', 'attended', 'absent')),
    sequence INTEGER NOT NULL,  -- order of arrival in the shift's position
    starts_at INTEGER NOT NULL, -- of the shift, kept here to find clashes
    ends_at INTEGER NOT NULL,
    by_staff INTEGER NOT NULL,
    override_reason TEXT,      -- staff placed the volunteer although a rule stood against it
    override_codes TEXT,
    risk_notice_version INTEGER,
    decided_by INTEGER,
    decided_at INTEGER,
    decision_reason TEXT,
    offered_until INTEGER, -- while offered
    cancelled_by TEXT CHECK (cancelled_by IN ('volunteer', 'staff', 'system')),
    cancelled_at INTEGER,
    cancel_reason TEXT,
    lottery_key TEXT,         -- SHA-256 of "seed:id", hexadecimal: the order of the draw
    lottery_won INTEGER,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
-- One living sign-up of a volunteer in a shift; ended ones stay as history.
CREATE UNIQUE INDEX signup_current_key ON signup (
    shift_id, volunteer_id, (CASE WHEN state IN ('cancelled', 'rejected') THEN id ELSE 0 END));
CREATE INDEX signup_queue_index ON signup (shift_id, position_id, state, sequence);
CREATE INDEX signup_volunteer_index ON signup (volunteer_id, starts_at);
CREATE INDEX signup_activity_index ON signup (activity_id, id);
CREATE INDEX signup_offer_index ON signup (offered_until, id) WHERE state = 'offered';
-- Places where somebody waits: what looks for a freed one.
CREATE INDEX shift_place_waiting_index ON shift_place (shift_id, position_id) WHERE waiting > 0;
-- Lotteries that are still to be drawn.
CREATE INDEX activity_lottery_index ON activity (id)
    WHERE approval = 'lottery' AND lottery_drawn_at IS NULL AND state IN ('published', 'in_progress');
