-- What people are told: one row per event and person, however often the event is delivered.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL, -- "message:17", "reminder:24h:9": with the person it is unique
    kind TEXT NOT NULL,              -- of the catalogue in notice_catalogue.c
    volunteer_id INTEGER REFERENCES volunteer (id), -- whom it concerns, or
    account_id INTEGER REFERENCES account (id) ON DELETE CASCADE, -- staff
    params TEXT NOT NULL,           -- what the template's placeholders stand for
    batch TEXT NOT NULL, -- what wrote it: its mail is sent together
    link TEXT,                       -- "activity:17"
    mail TEXT NOT NULL CHECK (mail IN ('none', 'waiting', 'sent', 'refused')),
    mailed_at INTEGER,
    created_at INTEGER NOT NULL,
    read_at INTEGER,
    CHECK ((volunteer_id IS NULL) <> (account_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX notice_volunteer_key ON notice (volunteer_id, event) WHERE volunteer_id IS NOT NULL;
CREATE UNIQUE INDEX notice_account_key ON notice (account_id, event) WHERE account_id IS NOT NULL;
CREATE INDEX notice_volunteer_index ON notice (volunteer_id, id) WHERE volunteer_id IS NOT NULL;
CREATE INDEX notice_account_index ON notice (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX notice_volunteer_unread_index ON notice (volunteer_id, id)
    WHERE volunteer_id IS NOT NULL AND read_at IS NULL;
CREATE INDEX notice_account_unread_index ON notice (account_id, id)
    WHERE account_id IS NOT NULL AND read_at IS NULL;
CREATE INDEX notice_mail_index ON notice (batch, id) WHERE mail = 'waiting';

-- Texts that the organisation wrote itself, in place of the catalogue's.
CREATE TABLE notice_template (
    kind TEXT PRIMARY KEY,
    title_zh TEXT NOT NULL,
    body_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    body_en TEXT NOT NULL,
    updated_by INTEGER,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Kinds for which a person chose other channels than the catalogue's.
CREATE TABLE notice_preference (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    mail INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind)
) STRICT;
