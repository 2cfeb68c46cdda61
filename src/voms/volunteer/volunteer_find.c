/* Finding volunteers: one by id, or whom a row of an import means. */
#include <string.h>

#include "app/vault.h"
#include "base/map.h"
#include "base/str.h"
#include "voms/access/access.h"
#include "voms/custom_field/custom_field.h"
#include "voms/volunteer/contact.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define POLICY_AGE_MAX_MS (5 * SECOND_MS)
#define POLICY_VERSION_SIZE 64

/* ---- What is computed ---- */

/* A loop's thread remembers the version for a moment: a request for one volunteer is one statement.
 */
static _Thread_local char policy_version[POLICY_VERSION_SIZE];
static _Thread_local Store *policy_store;
static _Thread_local int64_t policy_loaded_at;

YIELDS Err *volunteer_policy_version(Ctx *ctx, const char **ret_version)
{
    int64_t now = time_monotonic();
    bool fresh = policy_store == ctx->services->store && now - policy_loaded_at < POLICY_AGE_MAX_MS;
    if (!fresh) {
        const Settings *settings = NULL;
        TRY(setting_load(ctx, &settings));
        *ret_version = settings->privacy_policy_version;
        size_t length = strlen(settings->privacy_policy_version);
        if (length < POLICY_VERSION_SIZE) {
            memcpy(policy_version, settings->privacy_policy_version, length + 1);
            policy_store = ctx->services->store;
            policy_loaded_at = now;
        }
        return NULL;
    }
    *ret_version = arena_strdup(ctx->arena, policy_version);
    return NULL;
}

static ConsentState consent_state(const Volunteer *volunteer, const char *version)
{
    if (volunteer->consent_withdrawn) {
        return CONSENT_WITHDRAWN;
    }
    if (volunteer->consent_version == NULL) {
        return CONSENT_NONE;
    }
    return str_equal(volunteer->consent_version, version) ? CONSENT_GIVEN : CONSENT_OUTDATED;
}

YIELDS Err *volunteer_complete(Ctx *ctx, Volunteer *volunteers, size_t count, bool sees_sensitive)
{
    const char *version = NULL;
    TRY(volunteer_policy_version(ctx, &version));
    for (size_t i = 0; i < count; i++) {
        volunteers[i].consent_state = consent_state(&volunteers[i], version);
        TRY(custom_field_visible(ctx, volunteers[i].custom,
                                 sees_sensitive ? CUSTOM_SENSITIVE : CUSTOM_STAFF,
                                 &volunteers[i].custom));
    }
    return NULL;
}

/* ---- By id ---- */

static Err *not_found(Ctx *ctx, VolunteerId id)
{
    return ERR(ctx->arena, ERR_NOT_FOUND, "volunteer_not_found", "no volunteer %lld",
               (long long)id.value);
}

/* Whoever is not confined at all, as most who ask often, spares the database the question: it would
 * cost more than the row. */
YIELDS static Err *query_one(Ctx *ctx, VolunteerId id, const char *permission, StoreRows **ret_rows)
{
    AccessConfinement confined = access_confine(ctx, permission);
    AccessConfinement sensitive = access_confine(ctx, "volunteer:sensitive");
    if (confined.account == 0 && sensitive.account == 0) {
        return store_query(ctx->db, &SQL_VOLUNTEER_FIND_ANY, ARGS(sql_int(id.value)), ret_rows);
    }
    return store_query(ctx->db, &SQL_VOLUNTEER_FIND,
                       ARGS(sql_int(confined.account), sql_text(confined.permission),
                            sql_int(id.value), sql_int(sensitive.account)),
                       ret_rows);
}

YIELDS Err *volunteer_find(Ctx *ctx, VolunteerId id, const char *permission,
                           Volunteer **ret_volunteer)
{
    StoreRows *rows = NULL;
    TRY(query_one(ctx, id, permission, &rows));
    if (rows->count == 0) {
        return not_found(ctx, id);
    }
    Volunteer *volunteer = ARENA_NEW(ctx->arena, Volunteer);
    volunteer_from_row(ctx->arena, rows, 0, volunteer);
    bool sees_sensitive = row_bool(rows, 0, row_column(rows, "sees_sensitive"));
    TRY(volunteer_complete(ctx, volunteer, 1, sees_sensitive));
    *ret_volunteer = volunteer;
    return NULL;
}

YIELDS Err *volunteer_find_any(Ctx *ctx, VolunteerId id, Volunteer **ret_volunteer)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_FIND_ANY, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return not_found(ctx, id);
    }
    const char *version = NULL;
    TRY(volunteer_policy_version(ctx, &version));
    Volunteer *volunteer = ARENA_NEW(ctx->arena, Volunteer);
    volunteer_from_row(ctx->arena, rows, 0, volunteer);
    volunteer->consent_state = consent_state(volunteer, version);
    *ret_volunteer = volunteer;
    return NULL;
}

YIELDS Err *volunteer_find_id_number(Ctx *ctx, VolunteerId id, const char **ret_id_number)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_ID_NUMBER, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return not_found(ctx, id);
    }
    Slice cipher = row_bytes(rows, 0, 0);
    if (cipher.data == NULL) {
        *ret_id_number = NULL;
        return NULL;
    }
    return vault_decrypt(ctx->services, ctx->arena, VOLUNTEER_ID_NUMBER_CONTEXT, cipher,
                         ret_id_number);
}

YIELDS Err *volunteer_check_access(Ctx *ctx, VolunteerId id, const char *needs)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_UNIT, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return not_found(ctx, id);
    }
    Err *err = access_check_unit(ctx, (UnitId){row_int(rows, 0, 0)}, "volunteer:read", needs);
    /* Of the unit itself nothing was asked. */
    return err_is(err, ERR_NOT_FOUND) ? not_found(ctx, id) : err;
}

YIELDS Err *volunteer_guard(Ctx *ctx, const HttpRequest *req)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return volunteer_check_access(ctx, id, req->route->needs);
}

/* ---- Whom a row of an import means ---- */

typedef struct Search {
    Ctx *ctx;
    const VolunteerDraft *drafts;
    size_t count;
    Volunteer **found;
    const char **hashes; /* of ID numbers, NULL where there is none */
} Search;

YIELDS static Err *query_by(Ctx *ctx, const SqlStatement *clause, const json_t *keys,
                            ObjectList *ret_people)
{
    *ret_people = (ObjectList){};
    if (json_array_size(keys) == 0) {
        return NULL;
    }
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_VOLUNTEER_IDENTITY_SELECT, NO_ARGS);
    sql_builder_add(&builder, clause, ARGS(sql_text(json_text(ctx->arena, keys))));
    sql_builder_add(&builder, &SQL_VOLUNTEER_IDENTITY_LIMIT, NO_ARGS);
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &builder, &rows));
    Volunteer *people = ARENA_ARRAY(ctx->arena, Volunteer, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        volunteer_from_row(ctx->arena, rows, i, &people[i]);
    }
    *ret_people = (ObjectList){.items = people, .count = rows->count};
    return NULL;
}

typedef const char *KeyOfDraft(Search *search, size_t index);
typedef const char *KeyOfPerson(Arena *arena, const Volunteer *volunteer);
typedef bool Fits(const VolunteerDraft *draft, const Volunteer *volunteer);

/* One way to recognise somebody: drafts and people with equal keys, if they fit. */
typedef struct Way {
    const SqlStatement *clause;
    KeyOfDraft *of_draft;
    KeyOfPerson *of_person;
    Fits *fits;
    bool json_keys; /* the keys are JSON themselves */
} Way;

static json_t *collect_keys(Search *search, const Way *way)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < search->count; i++) {
        const char *key = search->found[i] == NULL ? way->of_draft(search, i) : NULL;
        if (key != NULL && way->json_keys) {
            json_t *json = NULL;
            BUG_ON(json_parse(search->ctx->arena, key, strlen(key), &json) != NULL);
            json_array_append(keys, json);
        } else if (key != NULL) {
            json_array_append_new(keys, json_string(key));
        }
    }
    return keys;
}

/* People with the same key are chained in the order of the rows. */
typedef struct Candidate {
    Volunteer *volunteer;
    struct Candidate *next;
} Candidate;

static void match(Search *search, const Way *way, const ObjectList *people)
{
    Map by_key;
    map_init(&by_key, search->ctx->arena);
    for (size_t i = people->count; i > 0; i--) {
        Volunteer *volunteer = (Volunteer *)people->items + i - 1;
        const char *key = way->of_person(search->ctx->arena, volunteer);
        Candidate *candidate = ARENA_NEW(search->ctx->arena, Candidate);
        *candidate = (Candidate){.volunteer = volunteer, .next = map_get(&by_key, key)};
        map_set(&by_key, key, candidate);
    }
    for (size_t i = 0; i < search->count; i++) {
        const char *key = search->found[i] == NULL ? way->of_draft(search, i) : NULL;
        Candidate *candidate = key == NULL ? NULL : map_get(&by_key, key);
        while (candidate != NULL && !way->fits(&search->drafts[i], candidate->volunteer)) {
            candidate = candidate->next;
        }
        search->found[i] = candidate == NULL ? search->found[i] : candidate->volunteer;
    }
}

static const char *hash_of_draft(Search *search, size_t index)
{
    return search->hashes[index];
}

static const char *hash_of_person(Arena *arena UNUSED, const Volunteer *volunteer)
{
    return volunteer->id_number_hash;
}

static bool always_fits(const VolunteerDraft *draft UNUSED, const Volunteer *volunteer UNUSED)
{
    return true;
}

static const char *id_text(Arena *arena, VolunteerId id)
{
    return arena_printf(arena, "%lld", (long long)id.value);
}

static const char *id_of_draft(Search *search, size_t index)
{
    VolunteerId id = {};
    bool has = volunteer_number_parse(search->drafts[index].number, &id);
    return has ? id_text(search->ctx->arena, id) : NULL;
}

static const char *id_of_person(Arena *arena, const Volunteer *volunteer)
{
    return id_text(arena, volunteer->id);
}

/* Names and phones change hands; with different ID numbers they are two people. */
static bool documents_differ(const VolunteerDraft *draft, const Volunteer *volunteer)
{
    return draft->id_number != NULL && volunteer->id_number_hash != NULL;
}

static const char *phone_of_draft(Search *search, size_t index)
{
    return text_reversed(search->ctx->arena, search->drafts[index].phone);
}

static const char *phone_of_person(Arena *arena, const Volunteer *volunteer)
{
    return text_reversed(arena, volunteer->phone);
}

static bool phone_fits(const VolunteerDraft *draft, const Volunteer *volunteer)
{
    bool births_differ = draft->birth_date != NULL && volunteer->birth_date != NULL &&
                         !str_equal(draft->birth_date, volunteer->birth_date);
    return str_equal(draft->name, volunteer->name) && !births_differ &&
           !documents_differ(draft, volunteer);
}

static const char *birth_key(Arena *arena, const char *birth_date, const char *name)
{
    json_t *pair = json_pack("[s, s]", birth_date, name);
    const char *text = json_text(arena, pair);
    json_decref(pair);
    return text;
}

static const char *birth_of_draft(Search *search, size_t index)
{
    const VolunteerDraft *draft = &search->drafts[index];
    if (draft->birth_date == NULL || draft->phone != NULL) {
        return NULL;
    }
    return birth_key(search->ctx->arena, draft->birth_date, draft->name);
}

static const char *birth_of_person(Arena *arena, const Volunteer *volunteer)
{
    return birth_key(arena, volunteer->birth_date, volunteer->name);
}

static bool birth_fits(const VolunteerDraft *draft, const Volunteer *volunteer)
{
    return !documents_differ(draft, volunteer);
}

static const char **hash_all(Search *search)
{
    Ctx *ctx = search->ctx;
    const char **hashes = ARENA_ARRAY(ctx->arena, const char *, search->count + 1);
    for (size_t i = 0; i < search->count; i++) {
        const VolunteerDraft *draft = &search->drafts[i];
        if (draft->prepared != NULL) {
            hashes[i] = draft->prepared->document.hash.text;
        } else if (draft->id_number != NULL) {
            hashes[i] = vault_hash(ctx->services, ctx->arena, VOLUNTEER_ID_NUMBER_CONTEXT,
                                   id_number_hash_text(ctx->arena, draft->id_document_type,
                                                       draft->id_number));
        }
    }
    return hashes;
}

YIELDS Err *volunteer_find_by_identity(Ctx *ctx, const VolunteerDraft *drafts, size_t count,
                                       Volunteer **ret_found)
{
    static const Way WAYS[] = {
        {&SQL_VOLUNTEER_IDENTITY_BY_ID, id_of_draft, id_of_person, always_fits, false},
        {&SQL_VOLUNTEER_IDENTITY_BY_HASH, hash_of_draft, hash_of_person, always_fits, false},
        {&SQL_VOLUNTEER_IDENTITY_BY_PHONE, phone_of_draft, phone_of_person, phone_fits, false},
        {&SQL_VOLUNTEER_IDENTITY_BY_BIRTH, birth_of_draft, birth_of_person, birth_fits, true},
    };
    Search search = {.ctx = ctx, .drafts = drafts, .count = count, .found = ret_found};
    memset(ret_found, 0, count * sizeof(*ret_found));
    search.hashes = hash_all(&search);
    if (ctx->db->transaction != NULL && store_driver(ctx->db->store) == STORE_POSTGRES) {
        TRY(store_exec(ctx->db, &SQL_VOLUNTEER_IDENTITY_BY_INDEX, NO_ARGS, NULL));
    }
    for (size_t i = 0; i < COUNT_OF(WAYS); i++) {
        ObjectList people;
        json_t *keys = collect_keys(&search, &WAYS[i]);
        Err *err = query_by(ctx, WAYS[i].clause, keys, &people);
        json_decref(keys);
        TRY(err);
        match(&search, &WAYS[i], &people);
    }
    return NULL;
}
