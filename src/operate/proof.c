/* proof.c - proves that what the database keeps agrees with itself. */
#include <inttypes.h>
#include <stdio.h>

#include "operate/command.h"
#include "operate/proof.h"
#include "voms/statistics/statistics.h"

/* ---- audit verify ---- */

YIELDS static Err *verify(Ctx *ctx, void *arg)
{
    return audit_verify(ctx, arg);
}

static int verify_audit(const Invocation *invocation)
{
    AuditVerification result = {};
    Err *err = app_core_run(invocation->core, verify, &result);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    printf("%" PRId64 " entries checked, %" PRId64 " not sealed yet (%" PRId64
           " of them for over five minutes)\n",
           result.entries, result.unsealed, result.unsealed_old);
    if (result.broken_at != 0) {
        printf("BROKEN at entry %" PRId64 ": %s\n", result.broken_at, result.reason);
        return APP_EXIT_FAILED;
    }
    printf("the chain is whole\n");
    return result.unsealed_old == 0 ? APP_EXIT_OK : APP_EXIT_FAILED;
}

/* ---- ledger verify ---- */

YIELDS static Err *verify_entries(Ctx *ctx, void *arg)
{
    return ledger_verify(ctx, arg);
}

static int verify_ledger(const Invocation *invocation)
{
    LedgerVerification result = {};
    Err *err = app_core_run(invocation->core, verify_entries, &result);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    printf("%" PRId64 " volunteers with %" PRId64 " entries checked\n", result.volunteers,
           result.entries);
    if (result.findings != 0) {
        printf("%" PRId64 " FINDINGS, the first: %s\n", result.findings, result.first);
        return APP_EXIT_FAILED;
    }
    printf("the ledger is sound\n");
    return APP_EXIT_OK;
}

/* ---- Both at once, for other commands ---- */

YIELDS static Err *prove(Ctx *ctx, void *arg)
{
    Proofs *proofs = arg;
    TRY(audit_verify(ctx, &proofs->audit));
    return ledger_verify(ctx, &proofs->ledger);
}

Err *proof_of_all(AppCore *core, Proofs *ret_proofs)
{
    TRY(app_core_run(core, prove, ret_proofs));
    if (ret_proofs->audit.broken_at != 0) {
        return ERR(core->arena, ERR_MALFORMED, "unsound",
                   "the audit chain is broken at entry %" PRId64 ": %s",
                   ret_proofs->audit.broken_at, ret_proofs->audit.reason);
    }
    if (ret_proofs->ledger.findings != 0) {
        return ERR(core->arena, ERR_MALFORMED, "unsound",
                   "the ledger has %" PRId64 " findings, the first: %s",
                   ret_proofs->ledger.findings, ret_proofs->ledger.first);
    }
    return NULL;
}

/* ---- statistics verify, statistics rebuild ---- */

YIELDS static Err *verify_totals(Ctx *ctx, void *arg)
{
    return statistics_verify(ctx, arg);
}

static void print_findings(const StatisticsVerification *result)
{
    for (size_t i = 0; i < STATISTICS_FINDINGS_KEPT && result->first[i] != NULL; i++) {
        printf("  %s\n", result->first[i]);
    }
    printf("%" PRId64 " DIFFERENCES: by so much a rebuild would change what is kept\n",
           result->findings);
}

static int verify_statistics(const Invocation *invocation)
{
    StatisticsVerification result = {};
    Err *err = app_core_run(invocation->core, verify_totals, &result);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    printf("%" PRId64 " volunteers, %" PRId64 " activities and %" PRId64 " totals compared\n",
           result.volunteers, result.activities, result.totals);
    if (result.waiting != 0) {
        printf("%" PRId64 " messages were on their way\n", result.waiting);
    }
    if (result.findings != 0) {
        print_findings(&result);
        return APP_EXIT_FAILED;
    }
    printf("the statistics equal a rebuild\n");
    return APP_EXIT_OK;
}

YIELDS static Err *rebuild_totals(Ctx *ctx, void *arg UNUSED)
{
    return statistics_rebuild(ctx);
}

static int rebuild_statistics(const Invocation *invocation)
{
    Err *err = app_core_run(invocation->core, rebuild_totals, NULL);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    printf("the statistics are rebuilt\n");
    return APP_EXIT_OK;
}

const Command proof_commands[] = {
    {
        .name = "audit verify",
        .arguments = "",
        .help = {"prove that the audit log is whole", "核验审计日志完整"},
        .run = verify_audit,
    },
    {
        .name = "ledger verify",
        .arguments = "",
        .help = {"prove that totals, entries and attendances agree",
                 "核验时长合计、流水与考勤一致"},
        .run = verify_ledger,
    },
    {
        .name = "statistics verify",
        .arguments = "",
        .help = {"prove that the statistics equal a rebuild", "核验统计与重算一致"},
        .run = verify_statistics,
    },
    {
        .name = "statistics rebuild",
        .arguments = "",
        .help = {"make the statistics anew from the tables", "由明细重新计算统计"},
        .run = rebuild_statistics,
    },
    {},
};
