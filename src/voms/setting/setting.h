/* setting.h - what the organisation decides for itself, kept in the database. */
#pragma once

#include "app/ctx.h"

typedef struct Settings {
    const char *organisation_name_zh;
    const char *organisation_name_en;
    const char *time_zone;       /* IANA name; default Asia/Shanghai */
    int default_language;        /* Language */
    bool applications_open;      /* may people apply by themselves? */
    bool joining_needs_approval; /* membership */
    bool leaving_needs_approval;
    int64_t
        guardian_consent_age; /* below: only with a guardian's consent (PIPL Art. 31); default 14 */
    int64_t adult_age;        /* default 18 */
    int64_t retention_rejected_days; /* personal data of rejected applicants; default 180 */
    int64_t retention_login_days;    /* sessions that ended; default 180 */
    const char *privacy_policy_version;
    const char *privacy_policy_zh;
    const char *privacy_policy_en;
    int64_t version;
} Settings;

/* The present settings; at most five seconds old. Yields. */
YIELDS Err *setting_load(Ctx *ctx, const Settings **ret_settings);

/* The organisation's date of an instant, by its time zone. */
Date setting_date(const Settings *settings, TimeMs time);
