/* audit_internal.h - the audit log's rows, shared by its own files. */
#pragma once

#include "voms/audit/audit.h"

#define AUDIT_HASH_SIZE 65 /* SHA-256 in hexadecimal, and the terminating zero */
#define AUDIT_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* A stored entry. */
typedef struct AuditRow {
    int64_t id;
    TimeMs at;
    int64_t actor_id; /* 0: the system, or nobody logged in */
    const char *actor_name;
    const char *action;
    const char *object_type;
    int64_t object_id;
    int64_t unit_id;
    const char *changes;
    const char *purpose;
    const char *detail;
    const char *address;
    const char *request_id;
    int64_t sequence; /* 0: not sealed */
    const char *previous_hash;
    const char *hash;
} AuditRow;

/* The hash of an entry at its place in the chain: SHA-256 over the previous hash, a line feed, and
 * the entry's canonical JSON, in which changes and detail are texts, so that their bytes count. */
const char *audit_rules_hash(Arena *arena, const AuditRow *row, int64_t sequence,
                             const char *previous_hash);

/* What does not fit about a sealed entry, or NULL. */
const char *audit_rules_check(Arena *arena, const AuditRow *row, int64_t sequence,
                              const char *previous_hash);

/* Seals what is not sealed yet, in pages of a transaction each. Idempotent. Yields. */
YIELDS Err *audit_seal(Ctx *ctx);

typedef struct AuditQuery {
    int64_t actor_id; /* 0: any, as with the others */
    const char *action;
    const char *object_type;
    int64_t object_id;
    TimeMs from;
    TimeMs to;
    int64_t before_id; /* the cursor: only entries below */
    int64_t limit;
} AuditQuery;

/* Lists the entries that the caller may see, newest first, without changes and hashes. Yields. */
YIELDS Err *audit_list(Ctx *ctx, const AuditQuery *query, ObjectList *ret_rows);
YIELDS Err *audit_count(Ctx *ctx, const AuditQuery *query, int64_t *ret_total);

/* Finds one entry that the caller may see. Yields. ERR_NOT_FOUND ("audit_entry_not_found"). */
YIELDS Err *audit_find(Ctx *ctx, int64_t audit_id, AuditRow **ret_row);

extern const Shape audit_entry_shape;
extern const Shape audit_detail_shape;
extern const Route audit_routes[];
