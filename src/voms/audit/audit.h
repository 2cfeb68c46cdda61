/* audit.h - who did what, append-only and hash-chained.
 *
 * An entry commits with the change that it tells of. A sealer then gives the entries, in order,
 * their sequence number and hash (SHA-256 over the previous hash and the entry's canonical JSON),
 * so that writers do not queue for the chain's end. `vomsctl audit verify` recomputes the chain and
 * names entries that stay unsealed. */
#pragma once

#include "app/services.h"

extern const Concept audit_concept;

typedef struct AuditEntry {
    const char *action;      /* "volunteer.update", "volunteer.reveal", "account.login" */
    const char *object_type; /* "volunteer" */
    int64_t object_id;
    UnitId unit_id;      /* who has audit:read there sees it; 0: the root */
    const char *changes; /* of shape_diff, or NULL */
    const char *purpose; /* stated by the caller, or NULL */
    const char *detail;  /* JSON object, or NULL */
} AuditEntry;

/* Writes an entry in ctx->db's open transaction (or by itself); actor, address, request id and time
 * come from ctx. Yields. */
YIELDS Err *audit_record(Ctx *ctx, const AuditEntry *entry);

typedef struct AuditVerification {
    int64_t entries;       /* sealed and checked */
    int64_t unsealed;      /* not sealed yet */
    int64_t unsealed_old;  /* of those, older than five minutes: a finding */
    int64_t broken_at;     /* sequence number of the first entry that does not fit; 0: none */
    const char *reason;    /* what does not fit, or NULL */
    const char *head_hash; /* of the last entry, hexadecimal: keep it elsewhere to prove that none
                              was cut off */
} AuditVerification;

/* Recomputes the whole chain, page by page. Yields. */
YIELDS Err *audit_verify(Ctx *ctx, AuditVerification *ret_verification);

/* ---- Reading: for the list and its export ---- */

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

/* Reads the filters of a request: those of GET /audit and its export. ERR_INVALID. */
Err *audit_query_read(const HttpRequest *req, AuditQuery *ret_query);

extern const Shape audit_entry_shape;
