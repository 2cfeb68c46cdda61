-- Who may do what with activities, and what units decide about them.

-- Rights on one activity, of its managers. The super administrator's role lists every permission.
CREATE VIEW activity_right AS
SELECT m.account_id, m.activity_id, p.permission
FROM activity_manager m
JOIN role_permission p ON p.role_id = 1
WHERE (m.role = 'manager' AND (p.permission IN ('activity:read', 'activity:manage')
                               OR p.permission LIKE 'signup:%'
                               OR p.permission LIKE 'attendance:%'))
   OR (m.role = 'front_desk' AND p.permission = 'attendance:record');

INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'activity:read'),
    (2, 'activity:manage'),
    (2, 'activity:publish'),
    (3, 'activity:read'),
    (3, 'activity:manage'),
    (5, 'activity:read'),
    (6, 'activity:read')
ON CONFLICT DO NOTHING;

-- What a unit decides for itself and for the units below that decide nothing.
CREATE TABLE activity_setting (
    unit_id INTEGER PRIMARY KEY REFERENCES unit (id) ON DELETE CASCADE,
    approval_required INTEGER NOT NULL, -- before publishing
    updated_by INTEGER,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- A place whose number the shift itself names; the others follow the position.
ALTER TABLE shift_place ADD COLUMN overridden INTEGER NOT NULL DEFAULT 0;

CREATE INDEX activity_project_index ON activity (project_id, id);
CREATE INDEX activity_recording_unit_index ON activity (recording_unit_id, id);
CREATE INDEX shift_batch_shift_index ON shift (batch_id, id);
CREATE INDEX activity_begins_index ON activity (starts_at, id) WHERE state = 'published';
