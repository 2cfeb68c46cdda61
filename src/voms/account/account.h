/* account.h - logins: who they are, and what others may do with them.
 *
 * An account belongs to the unit that administers it; it may belong to a volunteer, and have roles
 * on units (access.h). It is known by username, phone (E.164) and e-mail (lower case), which never
 * collide: a username has a letter and no '@'. */
#pragma once

#include "app/services.h"

typedef enum AccountState { ACCOUNT_ACTIVE, ACCOUNT_DISABLED } AccountState;

extern const char *const account_states[];
extern const char *const account_languages[]; /* by Language: "zh-CN", "en" */

typedef struct Account {
    AccountId id;
    const char *username;
    const char *display_name;
    const char *phone; /* E.164, or NULL */
    const char *email; /* or NULL */
    int language;      /* Language */
    int state;         /* AccountState */
    UnitId unit_id;    /* that administers it */
    const char *unit_name;
    VolunteerId volunteer_id; /* 0: none */
    bool is_super_administrator;
    bool must_change_password;
    bool totp_enabled;
    TimeMs locked_until; /* 0, or in the future */
    TimeMs last_login_at;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Account;

extern const Concept account_concept;
extern const Shape account_shape;

/* Finds an account. Not confined: callers check access first. Yields. ERR_NOT_FOUND
 * ("account_not_found"). */
YIELDS Err *account_find(Ctx *ctx, AccountId account_id, Account **ret_account);

typedef struct AccountDraft {
    const char *username;
    const char *password_hash; /* of password_hash() */
    const char *display_name;  /* NULL: the username */
    const char *phone;         /* E.164 or as written in mainland China; or NULL */
    const char *email;
    int language;
    UnitId unit_id;
    VolunteerId volunteer_id;
    bool must_change_password;
} AccountDraft;

/* Checks a new password against the rules: at least 10 characters, none of the common ones, not
 * containing a login name (NULLs are skipped). NULL when it is fine, else a message code. */
const char *account_check_password_strength(const char *password, const char *username,
                                            const char *phone, const char *email);

/* Hashes a password in the thread pool, behind a bounded queue. Yields. Not inside a transaction:
 * it takes tens of milliseconds. Fails with ERR_UNAVAILABLE ("overloaded") when too many wait. */
YIELDS Err *password_hash(Ctx *ctx, const char *password, const char **ret_hash);

/* Makes an account, with its audit entry. In the open transaction. Yields. Fails with ERR_INVALID
 * (fields username, phone, email), ERR_CONFLICT ("username_taken", "phone_taken", "email_taken",
 * "volunteer_has_account"). */
YIELDS Err *account_insert(Ctx *ctx, const AccountDraft *draft, AccountId *ret_id);

/* Proves that the caller is there: checks its password, counting failures like a login. Yields. Not
 * inside a transaction. Fails with ERR_INVALID on `field` ("wrong_password"), ERR_LIMITED. */
YIELDS Err *account_confirm_password(Ctx *ctx, const char *password, const char *field);

/* Ties an account to a volunteer (0: to none). In the open transaction. Yields. */
YIELDS Err *account_set_volunteer(Ctx *ctx, AccountId account_id, VolunteerId volunteer_id);

/* Finds the account of a volunteer; 0 if there is none. Yields. */
YIELDS Err *account_of_volunteer(Ctx *ctx, VolunteerId volunteer_id, AccountId *ret_id);

/* The caller's own account as JSON of schema OwnAccount, for the download of everything held.
 * Yields. */
YIELDS Err *account_own_json(Ctx *ctx, const char **ret_json);

/* Takes the names off an account, disables it and ends its sessions: its person asked to be
 * deleted. In the open transaction. Yields. */
YIELDS Err *account_anonymise(Ctx *ctx, AccountId account_id);

/* Sets a password that must be changed at the next login, ends the sessions and any lock, with its
 * audit entry; password NULL: a random one. For vomsctl. Yields. ERR_NOT_FOUND, ERR_INVALID. */
YIELDS Err *account_reset_password(Ctx *ctx, const char *login, const char *password,
                                   const char **ret_password);

typedef struct AccountQuery {
    const char *q;   /* part of username, display name, phone or e-mail */
    int state;       /* AccountState, -1: all */
    UnitId unit_id;  /* administered by, or granted on this unit or one below it; 0: all */
    int64_t role_id; /* 0: all */
    int sort;        /* AccountSort */
    bool descending;
    const char *cursor;
    int64_t limit;
    bool with_total;
} AccountQuery;

typedef enum AccountSort {
    ACCOUNT_SORT_USERNAME,
    ACCOUNT_SORT_CREATED_AT,
    ACCOUNT_SORT_LAST_LOGIN_AT
} AccountSort;

typedef struct AccountPage {
    ObjectList accounts; /* of Account */
    const char *next_cursor;
    int64_t total; /* -1: not asked for */
} AccountPage;

/* Lists the accounts that the caller may see (account:read), one page. Yields. */
YIELDS Err *account_list(Ctx *ctx, const AccountQuery *query, AccountPage *ret_page);

/* HttpGuards for routes whose path names {account_id}. Both fail with ERR_NOT_FOUND unless the
 * caller may know of the account: has account:read on the unit that administers it, or on one where
 * it has a role. account_guard also asks for route->needs on the unit that administers it and, for
 * anything but reading, that the account is not stronger than the caller. Yield. */
YIELDS Err *account_guard_known(Ctx *ctx, const HttpRequest *req);
YIELDS Err *account_guard(Ctx *ctx, const HttpRequest *req);
