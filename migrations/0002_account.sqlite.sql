-- Units, accounts, roles and grants, sessions, and the audit log.

CREATE TABLE unit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id INTEGER REFERENCES unit (id),
    path TEXT NOT NULL,       -- ids from the root: "/1/4/"
    path_names TEXT NOT NULL, -- the same for people: "总队 / 北区分队"
    depth INTEGER NOT NULL CHECK (depth BETWEEN 0 AND 64),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    code TEXT UNIQUE,
    kind TEXT,
    credentials TEXT,
    contact_name TEXT,
    contact_phone TEXT,
    contact_email TEXT,
    address TEXT,
    description TEXT,
    applications_open INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (parent_id, name),
    CHECK ((parent_id IS NULL) = (id = 1))
) STRICT;
CREATE UNIQUE INDEX unit_path_key ON unit (path);
CREATE INDEX unit_name_index ON unit (name, id);
CREATE INDEX unit_applications_index ON unit (path) WHERE applications_open;

-- Each unit with itself and all above it.
CREATE TABLE unit_ancestor (
    unit_id INTEGER NOT NULL REFERENCES unit (id) ON DELETE CASCADE,
    ancestor_id INTEGER NOT NULL REFERENCES unit (id) ON DELETE CASCADE,
    PRIMARY KEY (unit_id, ancestor_id)
) STRICT;
CREATE INDEX unit_ancestor_below_index ON unit_ancestor (ancestor_id, unit_id);

INSERT INTO unit (id, parent_id, path, path_names, depth, name, kind, created_at, updated_at)
VALUES (1, NULL, '/1/', '志愿者总队', 0, '志愿者总队', '总队', CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
INSERT INTO unit_ancestor (unit_id, ancestor_id) VALUES (1, 1);

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL CHECK (length(username) BETWEEN 1 AND 64),
    display_name TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
    phone TEXT UNIQUE, -- E.164
    email TEXT UNIQUE, -- lower case
    language TEXT NOT NULL CHECK (language IN ('zh-CN', 'en')),
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    is_super INTEGER NOT NULL DEFAULT 0,
    unit_id INTEGER NOT NULL REFERENCES unit (id), -- that administers it
    volunteer_id INTEGER UNIQUE,
    password_hash TEXT NOT NULL, -- Argon2id
    password_changed_at INTEGER NOT NULL,
    must_change_password INTEGER NOT NULL,
    failed_count INTEGER NOT NULL DEFAULT 0, -- wrong passwords and codes since the last login
    locked_until INTEGER,
    last_login_at INTEGER,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
-- ASCII only, so lower() means the same on both databases.
CREATE UNIQUE INDEX account_username_key ON account (lower(username));
CREATE INDEX account_unit_index ON account (unit_id);
CREATE INDEX account_created_at_index ON account (created_at, id);
CREATE INDEX account_last_login_index ON account (last_login_at, id);

CREATE TABLE role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    description TEXT,
    shipped INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE role_permission (
    role_id INTEGER NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
) STRICT;

-- A role given to an account on a unit and all below it.
CREATE TABLE account_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role_id INTEGER NOT NULL REFERENCES role (id),
    unit_id INTEGER NOT NULL REFERENCES unit (id),
    granted_by INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, role_id, unit_id)
) STRICT;
CREATE INDEX account_grant_role_index ON account_grant (role_id);
CREATE INDEX account_grant_unit_index ON account_grant (unit_id);

CREATE VIEW account_right AS
SELECT g.account_id, g.unit_id, p.permission
FROM account_grant g
JOIN role_permission p ON p.role_id = g.role_id;

-- A login that can be refreshed: the family of its refresh tokens.
CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    user_agent TEXT,
    address TEXT
) STRICT;
CREATE INDEX session_account_index ON session (account_id, id);
CREATE INDEX session_expires_index ON session (expires_at);
CREATE INDEX session_ended_index ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_token (
    token_hash TEXT PRIMARY KEY, -- SHA-256, hexadecimal
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX refresh_token_session_index ON refresh_token (session_id);

CREATE TABLE totp (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    secret BLOB NOT NULL, -- encrypted: account.totp
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL DEFAULT 0 -- of the last code taken: none is taken twice
) STRICT;

CREATE TABLE recovery_code (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL, -- SHA-256, hexadecimal
    used_at INTEGER,
    PRIMARY KEY (account_id, code_hash)
) STRICT;

CREATE TABLE audit_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    action TEXT NOT NULL,
    object_type TEXT,
    object_id INTEGER,
    unit_id INTEGER NOT NULL,
    changes TEXT,
    purpose TEXT,
    detail TEXT,
    address TEXT,
    request_id TEXT,
    sequence INTEGER UNIQUE, -- null until it is sealed
    previous_hash TEXT,
    hash TEXT,
    CHECK ((sequence IS NULL) = (hash IS NULL) AND (hash IS NULL) = (previous_hash IS NULL))
) STRICT;
CREATE INDEX audit_entry_unsealed_index ON audit_entry (id) WHERE sequence IS NULL;
CREATE INDEX audit_entry_created_at_index ON audit_entry (created_at);
CREATE INDEX audit_entry_actor_index ON audit_entry (actor_id, id);
CREATE INDEX audit_entry_object_index ON audit_entry (object_type, object_id, id);
CREATE INDEX audit_entry_action_index ON audit_entry (action, id);
CREATE INDEX audit_entry_unit_index ON audit_entry (unit_id, id);

-- The end of the chain; its row is what sealers queue for.
CREATE TABLE audit_chain (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL,
    sealed_at INTEGER
) STRICT;
INSERT INTO audit_chain (id, sequence, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- Append-only: an entry may be sealed once, and nothing else.
-- REPLACE deletes without firing the trigger of DELETE.
CREATE TRIGGER audit_entry_insert BEFORE INSERT ON audit_entry
WHEN NEW.sequence IS NOT NULL OR EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_entry_update BEFORE UPDATE ON audit_entry
WHEN OLD.sequence IS NOT NULL OR NEW.sequence IS NULL
    OR (NEW.id, NEW.created_at, NEW.action, NEW.unit_id)
       <> (OLD.id, OLD.created_at, OLD.action, OLD.unit_id)
    OR NEW.actor_id IS NOT OLD.actor_id
    OR NEW.actor_name IS NOT OLD.actor_name
    OR NEW.object_type IS NOT OLD.object_type
    OR NEW.object_id IS NOT OLD.object_id
    OR NEW.changes IS NOT OLD.changes
    OR NEW.purpose IS NOT OLD.purpose
    OR NEW.detail IS NOT OLD.detail
    OR NEW.address IS NOT OLD.address
    OR NEW.request_id IS NOT OLD.request_id
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_entry_delete BEFORE DELETE ON audit_entry
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- The roles that VOMS ships. super_administrator gets every permission at each start.
INSERT INTO role (id, code, name_zh, name_en, description, shipped, created_at, updated_at) VALUES
    (1, 'super_administrator', '超级管理员', 'Super administrator', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (2, 'unit_administrator', '单位管理员', 'Unit administrator', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (3, 'coordinator', '活动协调员', 'Coordinator', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (4, 'front_desk', '签到台', 'Front desk', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (5, 'recorder', '记录员', 'Recorder', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (6, 'auditor', '审计员', 'Auditor', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000),
    (7, 'volunteer', '志愿者', 'Volunteer', NULL, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
UPDATE sqlite_sequence SET seq = 99 WHERE name = 'role';
INSERT INTO role_permission (role_id, permission) VALUES
    (2, 'unit:read'),
    (2, 'unit:create'),
    (2, 'unit:update'),
    (2, 'unit:delete'),
    (2, 'account:read'),
    (2, 'account:create'),
    (2, 'account:update'),
    (2, 'account:grant'),
    (2, 'account:reset'),
    (2, 'role:read'),
    (2, 'volunteer:read'),
    (2, 'volunteer:create'),
    (2, 'volunteer:update'),
    (2, 'volunteer:state'),
    (2, 'volunteer:reveal'),
    (2, 'volunteer:sensitive'),
    (2, 'volunteer:merge'),
    (2, 'volunteer:import'),
    (2, 'volunteer:export'),
    (2, 'application:decide'),
    (2, 'membership:read'),
    (2, 'membership:decide'),
    (2, 'custom_field:read'),
    (2, 'custom_field:manage'),
    (2, 'audit:read'),
    (2, 'settings:read'),
    (3, 'unit:read'),
    (3, 'volunteer:read'),
    (3, 'volunteer:create'),
    (3, 'volunteer:update'),
    (3, 'application:decide'),
    (3, 'membership:read'),
    (3, 'membership:decide'),
    (3, 'custom_field:read'),
    (4, 'unit:read'),
    (5, 'unit:read'),
    (5, 'volunteer:read'),
    (5, 'membership:read'),
    (5, 'custom_field:read'),
    (6, 'unit:read'),
    (6, 'account:read'),
    (6, 'role:read'),
    (6, 'volunteer:read'),
    (6, 'membership:read'),
    (6, 'custom_field:read'),
    (6, 'audit:read'),
    (6, 'job:read'),
    (6, 'settings:read');
