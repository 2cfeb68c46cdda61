-- Who settles hours, agrees to them, and decides disputes. The working calendar is the whole
-- organisation's: the super administrator's.
INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'ledger:read'),
    (2, 'ledger:settle'),
    (2, 'ledger:approve'),
    (2, 'dispute:decide'),
    (3, 'ledger:read'),
    (5, 'ledger:read'),
    (5, 'ledger:settle'),
    (6, 'ledger:read');
