/* setting.h - what the organisation decides for itself, kept in the database. */
#pragma once

#include "app/ctx.h"

typedef struct Settings {
    const char *organisation_name_zh;
    const char *organisation_name_en;
    const char *time_zone;            /* IANA name; default Asia/Shanghai */
    int default_language;             /* Language */
    bool applications_open;           /* may people apply by themselves? */
    bool membership_approval_join;    /* does joining a unit need approval? */
    bool membership_approval_leave;   /* does leaving one? */
    int64_t retention_applicant_days; /* rejected applications are anonymised after it; 0: never */
    int64_t retention_archived_days;  /* archived volunteers likewise; 0: never */
    int64_t retention_session_days;   /* ended sessions are deleted after it */
    int64_t minor_age;                /* below: a guardian must consent; default 18 */
    int64_t minor_special_age;        /* below: special handling (PIPL Art. 31); default 14 */
    int64_t ledger_rounding_minutes;  /* service time is rounded to multiples of it; default 1 */
    int ledger_rounding;              /* 0: down, 1: to the nearest, 2: up */
    int64_t ledger_minimum_minutes;   /* of a shift; less is not granted */
    int64_t ledger_maximum_minutes;   /* of a shift; 0: no limit */
    int64_t ledger_unit_review_minutes;   /* of a person and day; above it the unit must agree */
    int64_t ledger_parent_review_minutes; /* above it the parent unit must agree */
    int64_t record_due_working_days;      /* after an activity's end (D67 Art. 11: 10) */
    int64_t signup_overlap_minutes;       /* by how much two shifts of one person may overlap */
    int64_t signup_rest_minutes;          /* least rest between two shifts; 0: none */
    int64_t signup_day_minutes_max;       /* most service of one person on one day; 0: no limit */
    int64_t attendance_before_minutes;    /* check-in opens so long before a shift; default 60 */
    int64_t attendance_after_minutes;     /* and closes so long after it; default 120 */
    const char *privacy_policy_version;
    const char *privacy_policy_zh;
    const char *privacy_policy_en;
    TimeMs updated_at;
    int64_t version;
} Settings;

/* The settings, kept by each thread: a change in this process counts at once, one in another
 * process a second later at most. They live as long as ctx->arena. Yields. */
YIELDS Err *setting_load(Ctx *ctx, const Settings **ret_settings);

/* The settings as they are stored now: for who changes or edits them. Yields. */
YIELDS Err *setting_load_now(Ctx *ctx, const Settings **ret_settings);

/* Stores changed settings and raises their version. Yields. ERR_STALE if they changed since they
 * were loaded. */
YIELDS Err *setting_save(Ctx *ctx, Settings *settings);

/* The organisation's date of an instant, by its time zone. */
Date setting_date(const Settings *settings, TimeMs time);

/* The organisation's local time of an instant, for people: "2026-11-24 18:00". */
const char *setting_local_time(Arena *arena, const Settings *settings, TimeMs time);

/* The organisation's day that holds the instant: its first instant, and the first of the next. */
void setting_day(const Settings *settings, TimeMs time, TimeMs *ret_from, TimeMs *ret_until);
