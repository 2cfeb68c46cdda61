/* proof.h - proving that a database agrees with itself. */
#pragma once

#include "app/app.h"
#include "voms/audit/audit.h"
#include "voms/ledger/ledger.h"

typedef struct Proofs {
    AuditVerification audit;
    LedgerVerification ledger;
} Proofs;

/* Proves the audit chain and the ledger of core's store. Fails with ERR_MALFORMED ("unsound"),
 * saying where, if one of them is not sound. Blocks. */
Err *proof_of_all(AppCore *core, Proofs *ret_proofs);
