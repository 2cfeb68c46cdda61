-- Who may record, see and correct attendances, of the roles that VOMS ships.
INSERT INTO role_permission (role_id, permission)
SELECT r.id, p.permission
FROM role r
JOIN (
    SELECT 'unit_administrator' AS code, 'attendance:read' AS permission
    UNION ALL SELECT 'unit_administrator', 'attendance:record'
    UNION ALL SELECT 'unit_administrator', 'attendance:correct'
    UNION ALL SELECT 'coordinator', 'attendance:read'
    UNION ALL SELECT 'coordinator', 'attendance:record'
    UNION ALL SELECT 'coordinator', 'attendance:correct'
    UNION ALL SELECT 'front_desk', 'attendance:record'
    UNION ALL SELECT 'recorder', 'attendance:read'
    UNION ALL SELECT 'recorder', 'attendance:correct'
    UNION ALL SELECT 'auditor', 'attendance:read'
) p ON p.code = r.code
WHERE r.shipped
ON CONFLICT DO NOTHING;
