/* audit_internal.h - the audit log's rows, shared by its own files. */
#pragma once

#include "voms/audit/audit.h"

#define AUDIT_HASH_SIZE 65 /* SHA-256 in hexadecimal, and the terminating zero */
#define AUDIT_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* The hash of an entry at its place in the chain: SHA-256 over the previous hash, a line feed, and
 * the entry's canonical JSON, in which changes and detail are texts, so that their bytes count. */
const char *audit_rules_hash(Arena *arena, const AuditRow *row, int64_t sequence,
                             const char *previous_hash);

/* What does not fit about a sealed entry, or NULL. */
const char *audit_rules_check(Arena *arena, const AuditRow *row, int64_t sequence,
                              const char *previous_hash);

/* Seals what is not sealed yet, in pages of a transaction each. Idempotent. Yields. */
YIELDS Err *audit_seal(Ctx *ctx);

/* How many entries the query finds. Yields. */
YIELDS Err *audit_count(Ctx *ctx, const AuditQuery *query, int64_t *ret_total);

/* Finds one entry that the caller may see. Yields. ERR_NOT_FOUND ("audit_entry_not_found"). */
YIELDS Err *audit_find(Ctx *ctx, int64_t audit_id, AuditRow **ret_row);

extern const Shape audit_detail_shape;
extern const Route audit_routes[];
