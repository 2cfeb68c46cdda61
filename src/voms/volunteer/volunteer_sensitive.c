/* What is shown in clear only on purpose: revealed fields, emergency contacts, health notes. */
#include "app/vault.h"
#include <string.h>

#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/volunteer/contact.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

/* ---- Reveal ---- */

typedef struct Reveal {
    TextList fields;
    const char *purpose;
} Reveal;

static const Field REVEAL_FIELDS[] = {
    FIELD(Reveal, fields, FIELD_TEXT_LIST, .flags = FIELD_REQUIRED, .min = 1, .max = 5),
    FIELD(Reveal, purpose, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 2, .max = 500),
    {},
};
const Shape volunteer_reveal_shape = SHAPE(Reveal, REVEAL_FIELDS);

static const char *const REVEALABLE[] = {"id_number", "phone",      "email",
                                         "address",   "birth_date", NULL};

static Err *check_fields(Arena *arena, const TextList *fields)
{
    Err *err = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = arena_printf(arena, "fields[%zu]", i);
        if (choice_index(REVEALABLE, fields->items[i]) < 0) {
            err_add_field(arena, &err, name, "not_a_choice", fields->items[i]);
        }
        for (size_t k = 0; k < i; k++) {
            if (str_equal(fields->items[i], fields->items[k])) {
                err_add_field(arena, &err, name, "not_unique", fields->items[i]);
            }
        }
    }
    return err;
}

YIELDS static Err *clear_value(Ctx *ctx, const Volunteer *volunteer, const char *name,
                               const char **ret_value)
{
    if (str_equal(name, "id_number")) {
        return volunteer_find_id_number(ctx, volunteer->id, ret_value);
    }
    const Field *field = shape_find(&volunteer_shape, name);
    *ret_value = *(const char *const *)(const void *)((const char *)volunteer + field->offset);
    return NULL;
}

static const char *names_json(Arena *arena, const TextList *names)
{
    json_t *array = json_array();
    for (size_t i = 0; i < names->count; i++) {
        json_array_append_new(array, json_string(names->items[i]));
    }
    json_t *detail = json_pack("{s: o}", "fields", array);
    const char *text = json_text(arena, detail);
    json_decref(detail);
    return text;
}

YIELDS Err *volunteer_reveal(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    Reveal reveal = {};
    Volunteer *volunteer = NULL;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(http_decode(req, &reveal));
    TRY(check_fields(ctx->arena, &reveal.fields));
    TRY(volunteer_find_any(ctx, id, &volunteer));
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    for (size_t i = 0; i < reveal.fields.count; i++) {
        const char *value = NULL;
        TRY(clear_value(ctx, volunteer, reveal.fields.items[i], &value));
        json_put_string(&writer, reveal.fields.items[i], value);
    }
    json_write_end_object(&writer);
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.reveal",
                                        .object_type = "volunteer",
                                        .object_id = id.value,
                                        .unit_id = volunteer->unit_id,
                                        .purpose = reveal.purpose,
                                        .detail = names_json(ctx->arena, &reveal.fields)}));
    return http_reply_json(res, HTTP_OK, str_text(&text));
}

/* ---- Emergency contacts and health notes ---- */

typedef struct EmergencyContact {
    const char *name;
    const char *relation;
    const char *phone;
} EmergencyContact;

static const Field CONTACT_FIELDS[] = {
    FIELD(EmergencyContact, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(EmergencyContact, relation, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 32),
    FIELD(EmergencyContact, phone, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 3, .max = 32,
          .check = phone_check),
    {},
};
static const Shape CONTACT = SHAPE(EmergencyContact, CONTACT_FIELDS);

typedef struct Sensitive {
    ObjectList emergency_contacts;
    const char *health_notes;
    TimeMs updated_at;
} Sensitive;

static const Field SENSITIVE_FIELDS[] = {
    FIELD(Sensitive, emergency_contacts, FIELD_OBJECT_LIST, .flags = FIELD_REQUIRED, .max = 5,
          .shape = &CONTACT),
    FIELD(Sensitive, health_notes, FIELD_LONG_TEXT, .max = 4000),
    FIELD(Sensitive, updated_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    {},
};
const Shape volunteer_sensitive_shape = SHAPE(Sensitive, SENSITIVE_FIELDS);

static const char *to_json(Arena *arena, const Sensitive *sensitive)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    shape_encode(arena, &writer, &volunteer_sensitive_shape, sensitive, NULL);
    return str_text(&text);
}

/* What is stored: the time is a column. */
static const char *to_document(Arena *arena, const Sensitive *sensitive)
{
    json_t *json = NULL;
    const char *text = to_json(arena, sensitive);
    BUG_ON(json_parse(arena, text, strlen(text), &json) != NULL);
    json_object_del(json, "updated_at");
    return json_text(arena, json);
}

YIELDS static Err *find_sensitive(Ctx *ctx, VolunteerId id, Sensitive *ret_sensitive)
{
    StoreRows *rows = NULL;
    json_t *json = NULL;
    const char *text = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_SENSITIVE_FIND, ARGS(sql_int(id.value)), &rows));
    *ret_sensitive = (Sensitive){};
    if (rows->count == 0) {
        return NULL;
    }
    Slice cipher = row_bytes(rows, 0, row_column(rows, "document"));
    TRY(vault_decrypt(ctx->services, ctx->arena, VOLUNTEER_SENSITIVE_CONTEXT, cipher, &text));
    TRY(json_parse(ctx->arena, text, strlen(text), &json));
    TRY(shape_decode(ctx->arena, json, &volunteer_sensitive_shape, ret_sensitive));
    ret_sensitive->updated_at = row_time(rows, 0, row_column(rows, "updated_at"));
    return NULL;
}

YIELDS static Err *audit_sensitive(Ctx *ctx, VolunteerId id, const char *action)
{
    Volunteer *volunteer = NULL;
    TRY(volunteer_find_any(ctx, id, &volunteer));
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "volunteer",
                                           .object_id = id.value,
                                           .unit_id = volunteer->unit_id});
}

YIELDS Err *volunteer_sensitive_json(Ctx *ctx, VolunteerId id, const char **ret_json)
{
    Sensitive sensitive = {};
    TRY(find_sensitive(ctx, id, &sensitive));
    *ret_json = to_json(ctx->arena, &sensitive);
    return NULL;
}

YIELDS Err *volunteer_show_sensitive(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    const char *json = NULL;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(volunteer_sensitive_json(ctx, id, &json));
    TRY(audit_sensitive(ctx, id, "volunteer.sensitive_read"));
    return http_reply_json(res, HTTP_OK, json);
}

YIELDS Err *volunteer_put_sensitive(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    Sensitive sensitive = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(http_decode(req, &sensitive));
    Slice cipher = vault_encrypt(ctx->services, ctx->arena, VOLUNTEER_SENSITIVE_CONTEXT,
                                 to_document(ctx->arena, &sensitive));
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_SENSITIVE_PUT,
                   ARGS(sql_int(id.value), sql_bytes(cipher.data, cipher.length),
                        sql_time(ctx->now), sql_id(ctx->caller.account_id.value)),
                   NULL));
    TRY(audit_sensitive(ctx, id, "volunteer.sensitive_update"));
    sensitive.updated_at = ctx->now;
    return http_reply_json(res, HTTP_OK, to_json(ctx->arena, &sensitive));
}
