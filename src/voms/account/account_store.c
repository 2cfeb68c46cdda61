#include <inttypes.h>

#include "base/log.h"
#include "base/phone.h"
#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/audit/audit.h"

/* ---- Find ---- */

YIELDS Err *account_find(Ctx *ctx, AccountId account_id, Account **ret_account)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND, ARGS(sql_int(account_id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "account_not_found", "account %" PRId64,
                   account_id.value);
    }
    Account *account = ARENA_NEW(ctx->arena, Account);
    shape_from_row(ctx->arena, &account_shape, rows, 0, account);
    if (account->locked_until <= ctx->now) {
        account->locked_until = 0;
    }
    *ret_account = account;
    return NULL;
}

static Credentials *read_credentials(Arena *arena, const StoreRows *rows)
{
    Credentials *credentials = ARENA_NEW(arena, Credentials);
    *credentials = (Credentials){
        .account_id = {row_int(rows, 0, row_column(rows, "id"))},
        .unit_id = {row_int(rows, 0, row_column(rows, "unit_id"))},
        .username = row_text(rows, 0, row_column(rows, "username")),
        .phone = row_text(rows, 0, row_column(rows, "phone")),
        .email = row_text(rows, 0, row_column(rows, "email")),
        .is_disabled = !str_equal(row_text(rows, 0, row_column(rows, "state")), "active"),
        .is_super = row_bool(rows, 0, row_column(rows, "is_super")),
        .must_change_password = row_bool(rows, 0, row_column(rows, "must_change_password")),
        .password_hash = row_text(rows, 0, row_column(rows, "password_hash")),
        .password_changed_at = row_time(rows, 0, row_column(rows, "password_changed_at")),
        .failed_count = row_int(rows, 0, row_column(rows, "failed_count")),
        .locked_until = row_time(rows, 0, row_column(rows, "locked_until")),
    };
    return credentials;
}

YIELDS Err *account_find_credentials(Ctx *ctx, AccountId account_id, Credentials **ret_credentials)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND_CREDENTIALS, ARGS(sql_int(account_id.value)),
                    &rows));
    *ret_credentials = rows->count == 0 ? NULL : read_credentials(ctx->arena, rows);
    return NULL;
}

YIELDS static Err *find_id(Ctx *ctx, const SqlStatement *statement, const char *key,
                           AccountId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, statement, ARGS(sql_text(key)), &rows));
    *ret_id = (AccountId){rows->count == 0 ? 0 : row_int(rows, 0, 0)};
    return NULL;
}

YIELDS Err *account_find_login(Ctx *ctx, const char *login, Credentials **ret_credentials)
{
    static const SqlStatement *const BY_KIND[] = {
        [LOGIN_USERNAME] = &SQL_ACCOUNT_FIND_BY_USERNAME,
        [LOGIN_PHONE] = &SQL_ACCOUNT_FIND_BY_PHONE,
        [LOGIN_EMAIL] = &SQL_ACCOUNT_FIND_BY_EMAIL,
    };
    const char *key = NULL;
    AccountId account_id = {};
    LoginKind kind = account_rules_login(ctx->arena, login, &key);
    TRY(find_id(ctx, BY_KIND[kind], key, &account_id));
    /* Asked for nobody too, so that the answer takes as long. */
    return account_find_credentials(ctx, account_id, ret_credentials);
}

YIELDS Err *account_of_volunteer(Ctx *ctx, VolunteerId volunteer_id, AccountId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND_BY_VOLUNTEER, ARGS(sql_int(volunteer_id.value)),
                    &rows));
    *ret_id = (AccountId){rows->count == 0 ? 0 : row_int(rows, 0, 0)};
    return NULL;
}

/* ---- Make and change ---- */

static void check_phone(Arena *arena, const char **phone, Err **err)
{
    if (*phone == NULL) {
        return;
    }
    const char *normalized = phone_normalize(arena, *phone);
    if (normalized == NULL) {
        err_add_field(arena, err, "phone", "phone_invalid", NULL);
    }
    *phone = normalized;
}

static void check_email(Arena *arena, const char **email, Err **err)
{
    if (*email == NULL) {
        return;
    }
    const char *normalized = account_rules_email(arena, *email);
    if (normalized == NULL) {
        err_add_field(arena, err, "email", "email_invalid", NULL);
    }
    *email = normalized;
}

Err *account_check_names(Arena *arena, AccountDraft *draft)
{
    Err *err = NULL;
    const char *code = account_rules_check_username(draft->username);
    if (code != NULL) {
        err_add_field(arena, &err, "username", code, NULL);
    }
    check_phone(arena, &draft->phone, &err);
    check_email(arena, &draft->email, &err);
    if (draft->display_name == NULL) {
        draft->display_name = draft->username;
    }
    return err;
}

YIELDS static Err *check_free(Ctx *ctx, const SqlStatement *statement, const char *key,
                              AccountId own, const char *code)
{
    AccountId other = {};
    if (key == NULL) {
        return NULL;
    }
    TRY(find_id(ctx, statement, key, &other));
    if (other.value != 0 && other.value != own.value) {
        return ERR(ctx->arena, ERR_CONFLICT, code, "it is account %" PRId64 "'s", other.value);
    }
    return NULL;
}

/* The constraints decide in the end; asking first tells which name it is. */
YIELDS static Err *check_names_free(Ctx *ctx, const AccountDraft *draft, AccountId own)
{
    AccountId other = {};
    TRY(check_free(ctx, &SQL_ACCOUNT_FIND_BY_USERNAME, str_ascii_lower(ctx->arena, draft->username),
                   own, "username_taken"));
    TRY(check_free(ctx, &SQL_ACCOUNT_FIND_BY_PHONE, draft->phone, own, "phone_taken"));
    TRY(check_free(ctx, &SQL_ACCOUNT_FIND_BY_EMAIL, draft->email, own, "email_taken"));
    if (draft->volunteer_id.value == 0) {
        return NULL;
    }
    TRY(account_of_volunteer(ctx, draft->volunteer_id, &other));
    if (other.value != 0 && other.value != own.value) {
        return ERR(ctx->arena, ERR_CONFLICT, "volunteer_has_account",
                   "volunteer %" PRId64 " has account %" PRId64, draft->volunteer_id.value,
                   other.value);
    }
    return NULL;
}

YIELDS static Err *insert(Ctx *ctx, const AccountDraft *entered, bool is_super, AccountId *ret_id)
{
    AccountDraft draft = *entered;
    StoreRows *rows = NULL;
    Account *account = NULL;
    TRY(account_check_names(ctx->arena, &draft));
    TRY(check_names_free(ctx, &draft, (AccountId){0}));
    TRY(store_query(
        ctx->db, &SQL_ACCOUNT_INSERT,
        ARGS(sql_text(draft.username), sql_text(draft.display_name), sql_text(draft.phone),
             sql_text(draft.email), sql_text(choice_name(account_languages, draft.language)),
             sql_bool(is_super), sql_int(draft.unit_id.value), sql_id(draft.volunteer_id.value),
             sql_text(draft.password_hash), sql_time(ctx->now),
             sql_bool(draft.must_change_password), sql_id(ctx->caller.account_id.value)),
        &rows));
    AccountId account_id = {row_int(rows, 0, 0)};
    TRY(account_find(ctx, account_id, &account));
    TRY(audit_record(ctx, &(AuditEntry){.action = "account.create",
                                        .object_type = "account",
                                        .object_id = account_id.value,
                                        .unit_id = draft.unit_id,
                                        .changes = shape_diff(ctx->arena, &account_shape, NULL,
                                                              account, NULL)}));
    *ret_id = account_id;
    return NULL;
}

YIELDS Err *account_insert(Ctx *ctx, const AccountDraft *draft, AccountId *ret_id)
{
    return insert(ctx, draft, /* is_super= */ false, ret_id);
}

YIELDS Err *account_insert_super(Ctx *ctx, const AccountDraft *draft, AccountId *ret_id)
{
    return insert(ctx, draft, /* is_super= */ true, ret_id);
}

YIELDS static Err *update_row(Ctx *ctx, const Account *before, const AccountDraft *draft)
{
    int64_t affected = 0;
    TRY(store_exec(
        ctx->db, &SQL_ACCOUNT_UPDATE,
        ARGS(sql_int(before->id.value), sql_text(draft->username), sql_text(draft->display_name),
             sql_text(draft->phone), sql_text(draft->email),
             sql_text(choice_name(account_languages, draft->language)),
             sql_id(draft->volunteer_id.value), sql_time(ctx->now), sql_int(before->version)),
        &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_STALE, "version_conflict",
                   "account %" PRId64 " changed meanwhile", before->id.value);
    }
    return NULL;
}

YIELDS Err *account_update(Ctx *ctx, const Account *before, const Account *changed,
                           Account **ret_account)
{
    AccountDraft draft = {.username = changed->username,
                          .display_name = changed->display_name,
                          .phone = changed->phone,
                          .email = changed->email,
                          .language = changed->language,
                          .volunteer_id = changed->volunteer_id};
    TRY(account_check_names(ctx->arena, &draft));
    TRY(check_names_free(ctx, &draft, before->id));
    TRY(update_row(ctx, before, &draft));
    TRY(account_find(ctx, before->id, ret_account));
    access_forget_after_commit(ctx, before->id);
    return audit_record(ctx, &(AuditEntry){.action = "account.update",
                                           .object_type = "account",
                                           .object_id = before->id.value,
                                           .unit_id = before->unit_id,
                                           .changes = shape_diff(ctx->arena, &account_shape, before,
                                                                 *ret_account, NULL)});
}

YIELDS Err *account_record(Ctx *ctx, const char *action, AccountId account_id, UnitId unit_id,
                           const char *purpose)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "account",
                                           .object_id = account_id.value,
                                           .unit_id = unit_id,
                                           .purpose = purpose});
}

YIELDS Err *account_touch(Ctx *ctx, AccountId account_id)
{
    return store_exec(ctx->db, &SQL_ACCOUNT_TOUCH,
                      ARGS(sql_int(account_id.value), sql_time(ctx->now)), NULL);
}

YIELDS Err *account_set_volunteer(Ctx *ctx, AccountId account_id, VolunteerId volunteer_id)
{
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_SET_VOLUNTEER,
                   ARGS(sql_int(account_id.value), sql_id(volunteer_id.value), sql_time(ctx->now)),
                   NULL));
    access_forget_after_commit(ctx, account_id);
    return NULL;
}

YIELDS Err *account_set_password(Ctx *ctx, AccountId account_id, const char *hash, bool must_change)
{
    access_forget_after_commit(ctx, account_id);
    return store_exec(ctx->db, &SQL_ACCOUNT_SET_PASSWORD,
                      ARGS(sql_int(account_id.value), sql_text(hash), sql_time(ctx->now),
                           sql_bool(must_change)),
                      NULL);
}

YIELDS Err *account_set_state(Ctx *ctx, const Account *account, AccountState state,
                              const char *reason)
{
    const char *action = state == ACCOUNT_DISABLED ? "account.disable" : "account.enable";
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_SET_STATE,
                   ARGS(sql_int(account->id.value), sql_text(choice_name(account_states, state)),
                        sql_time(ctx->now)),
                   NULL));
    if (state == ACCOUNT_DISABLED) {
        TRY(session_end_all(ctx, account->id, (SessionId){0}, "account_disabled"));
    }
    access_forget_after_commit(ctx, account->id);
    return account_record(ctx, action, account->id, account->unit_id, reason);
}

YIELDS Err *account_unlock(Ctx *ctx, const Account *account)
{
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_UNLOCK,
                   ARGS(sql_int(account->id.value), sql_time(ctx->now)), NULL));
    return account_record(ctx, "account.unlock", account->id, account->unit_id, NULL);
}

YIELDS Err *account_add_failure(Ctx *ctx, const Credentials *credentials)
{
    StoreRows *rows = NULL;
    SqlValue account_id = sql_int(credentials->account_id.value);
    TRY(store_query(ctx->db, &SQL_ACCOUNT_ADD_FAILURE, ARGS(account_id), &rows));
    int64_t failures = rows->count == 0 ? 0 : row_int(rows, 0, 0);
    int64_t lock_ms = account_rules_lock_ms(failures);
    if (lock_ms == 0) {
        return NULL;
    }
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_LOCK, ARGS(account_id, sql_time(ctx->now + lock_ms)),
                   NULL));
    log_event(LOG_WARN, "account locked", LOG_INT("account", credentials->account_id.value),
              LOG_INT("failures", failures), LOG_INT("lock_ms", lock_ms),
              LOG_TEXT("address", ctx->client_address));
    return account_record(ctx, "account.lock", credentials->account_id, credentials->unit_id, NULL);
}

YIELDS Err *account_anonymise(Ctx *ctx, AccountId account_id)
{
    Account *account = NULL;
    const char *name = arena_printf(ctx->arena, "deleted-%" PRId64, account_id.value);
    TRY(account_find(ctx, account_id, &account));
    TRY(session_end_all(ctx, account_id, (SessionId){0}, "account_deleted"));
    TRY(totp_remove(ctx, account_id));
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_DELETE_GRANTS, ARGS(sql_int(account_id.value)), NULL));
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_ANONYMISE,
                   ARGS(sql_int(account_id.value), sql_text(name), sql_time(ctx->now)), NULL));
    access_forget_after_commit(ctx, account_id);
    return account_record(ctx, "account.anonymise", account_id, account->unit_id, NULL);
}
