-- Who may see and decide sign-ups.
INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'signup:read'),
    (2, 'signup:decide'),
    (3, 'signup:read'),
    (3, 'signup:decide'),
    (4, 'signup:read'),
    (5, 'signup:read'),
    (6, 'signup:read');
