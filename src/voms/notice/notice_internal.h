/* notice_internal.h - shared by the files of this folder. */
#pragma once

#include "voms/notice/notice.h"
#include "voms/setting/setting.h"

#define NOTICE_PERMISSION "notice:manage"

/* A kind of notice, with the texts that it has until the organisation writes its own. Placeholders
 * are {names} of params; those that end in _at or _until are instants, shown in the organisation's
 * time zone; those that end in minutes are shown as hours. */
typedef struct NoticeKind {
    const char *name;
    bool mail;          /* is it mailed unless the person says otherwise? */
    const char *params; /* the placeholders that its texts may use, separated by ',' */
    const char *title_zh;
    const char *body_zh;
    const char *title_en;
    const char *body_en;
} NoticeKind;

extern const NoticeKind notice_kinds[]; /* ends with an empty row */

/* The kind of that name, or NULL. */
const NoticeKind *notice_kind_find(const char *name);

typedef struct NoticeText {
    const char *title;
    const char *body;
} NoticeText;

/* What a template needs to become a text for a reader. */
typedef struct NoticeReader {
    Arena *arena;
    const Settings *settings; /* the time zone */
    Language language;
} NoticeReader;

/* Fills a template's placeholders from params (a JSON object); one that is missing or null becomes
 * empty. */
const char *notice_rules_fill(const NoticeReader *reader, const char *text, const json_t *params);

/* A template's title without its placeholders, as the name of its kind. */
const char *notice_rules_heading(const NoticeReader *reader, const char *title);

/* NULL when each placeholder of text is among the kind's, else the first that is not. */
const char *notice_rules_check(Arena *arena, const NoticeKind *kind, const char *text);

/* What all texts are made from: the organisation's templates and settings, loaded once for many.
 * Yields. */
typedef struct NoticeTexts NoticeTexts;
YIELDS Err *notice_texts_load(Ctx *ctx, NoticeTexts **ret_texts);

/* Makes the text of a notice from the organisation's template or the catalogue's. */
Err *notice_text(Ctx *ctx, const NoticeTexts *texts, Language language, const char *kind,
                 const char *params, NoticeText *ret_text);

/* Writes the notices of the people in rows that are not there yet, and asks for their mail.
 * Columns: kind (null: nobody is told), volunteer_id or account_id, link, event (absent: batch);
 * the others are params. In the open transaction. Yields. */
YIELDS Err *notice_insert_rows(Ctx *ctx, const char *batch, const StoreRows *rows);

extern const BusSubscription notice_subscriptions[];
extern const Schedule notice_schedules[];

/* Sends the mail of a batch: the handler of "notice.mail". Yields. */
YIELDS Err *notice_mail(Ctx *ctx, const BusMessage *message);

/* Moves when something changed in the inbox of a recipient, on this process or, where the cache is
 * shared, on another one that wrote a notice; several recipients share one. Thread-safe. */
uint64_t notice_epoch(VolunteerId volunteer_id, AccountId account_id);
void notice_epoch_move(VolunteerId volunteer_id, AccountId account_id);

/* At the start: hears for whom other processes wrote notices. */
Err *notice_listen(Ctx *ctx);
