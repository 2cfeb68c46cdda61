#include <openssl/sha.h>
#include <string.h>

#include "voms/audit/audit_internal.h"

static const char *sha256(Arena *arena, const char *text, size_t length)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)text, length, digest);
    return str_hex(arena, digest, sizeof(digest));
}

const char *audit_rules_hash(Arena *arena, const AuditRow *row, int64_t sequence,
                             const char *previous_hash)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    str_append(&text, previous_hash);
    str_append_char(&text, '\n');
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "sequence", sequence);
    json_put_int(&writer, "id", row->id);
    json_put_time(&writer, "at", row->at);
    json_put_int(&writer, "actor_id", row->actor_id);
    json_put_string(&writer, "actor_name", row->actor_name);
    json_put_string(&writer, "action", row->action);
    json_put_string(&writer, "object_type", row->object_type);
    json_put_int(&writer, "object_id", row->object_id);
    json_put_int(&writer, "unit_id", row->unit_id);
    json_put_string(&writer, "changes", row->changes);
    json_put_string(&writer, "purpose", row->purpose);
    json_put_string(&writer, "detail", row->detail);
    json_put_string(&writer, "address", row->address);
    json_put_string(&writer, "request_id", row->request_id);
    json_write_end_object(&writer);
    return sha256(arena, text.data, text.length);
}

const char *audit_rules_check(Arena *arena, const AuditRow *row, int64_t sequence,
                              const char *previous_hash)
{
    if (row->sequence != sequence) {
        return "an entry is missing before this one";
    }
    if (!str_equal(row->previous_hash, previous_hash)) {
        return "the entry does not follow the one before it";
    }
    const char *expected = audit_rules_hash(arena, row, sequence, previous_hash);
    return str_equal(row->hash, expected) ? NULL : "the entry was changed after it was sealed";
}
