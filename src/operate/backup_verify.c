/* backup_verify.c - a backup is worth what its restoration is: so it is restored. */
#include <inttypes.h>
#include <unistd.h>

#include "operate/backup.h"
#include "operate/backup_extract.h"
#include "operate/backup_folder.h"
#include "operate/backup_state.h"
#include "operate/proof.h"

typedef struct Trial {
    Arena *arena;
    AppCore *core;
    const BackupDriver *driver;
    BackupSource *source;
    StoreOptions scratch;
    BackupParts parts;
} Trial;

static Err *fill(Trial *trial)
{
    BackupTarget *target = NULL;
    TRY(trial->driver->begin(trial->arena, &trial->scratch, &target));
    Err *err = backup_source_extract(trial->arena, trial->source, trial->driver, target,
                                     /* work= */ NULL, &trial->parts);
    if (err == NULL) {
        err = trial->driver->commit(trial->arena, target, &trial->source->manifest.contents);
    }
    trial->driver->end(target);
    return err;
}

/* The proofs read the tables as this version has them. */
static Err *prove_scratch(Trial *trial, Proofs *proofs)
{
    MigrationReport report = {};
    AppCore scratch = *trial->core;
    TRY(store_migrate(trial->arena, &trial->scratch, trial->core->migrations_dir,
                      /* dry_run= */ false, &report));
    TRY(store_open(trial->arena, &trial->scratch, &scratch.services.store));
    Err *err = proof_of_all(&scratch, proofs);
    store_close(scratch.services.store);
    return err_wrap(trial->arena, err, "in the backup");
}

static Err *try_out(Trial *trial, const char *work, Proofs *proofs)
{
    TRY(trial->driver->make_scratch(trial->arena, &trial->core->store_options, work,
                                    &trial->scratch));
    Err *err = fill(trial);
    if (err == NULL) {
        err = prove_scratch(trial, proofs);
    }
    Err *left =
        trial->driver->drop_scratch(trial->arena, &trial->core->store_options, &trial->scratch);
    return err != NULL ? err : left;
}

static Err *record(Arena *arena, const char *data_dir)
{
    BackupState state = {};
    TRY(backup_state_read(arena, data_dir, &state));
    state.verified_at = time_now();
    return backup_state_write(arena, data_dir, &state);
}

static Err *verify_locked(Trial *trial, Proofs *proofs)
{
    const char *data_dir = trial->core->config->storage.path;
    const char *work = NULL;
    const BackupManifest *manifest = &trial->source->manifest;
    TRY(backup_source_check_driver(trial->arena, trial->source, trial->driver));
    TRY(backup_manifest_check_schema(trial->arena, manifest, trial->core->store_options.driver,
                                     trial->core->migrations_dir));
    TRY(backup_folder_work(trial->arena, data_dir, &work));
    if (trial->core->store_options.driver == STORE_SQLITE) {
        TRY(backup_folder_check_room(trial->arena, work, manifest->contents.size_bytes));
    }
    Err *err = try_out(trial, work, proofs);
    Err *left = backup_folder_remove(trial->arena, work);
    TRY(err != NULL ? err : left);
    return record(trial->arena, data_dir);
}

static void summarise(const Trial *trial, const Proofs *proofs, BackupVerification *ret)
{
    const BackupManifest *manifest = &trial->source->manifest;
    *ret = (BackupVerification){.made_at = manifest->made_at,
                                .version = manifest->version,
                                .tables = (int64_t)manifest->contents.tables.count,
                                .files = trial->parts.file_count,
                                .audit_entries = proofs->audit.entries,
                                .ledger_entries = proofs->ledger.entries};
    VEC_FOREACH (BackupTable, table, &manifest->contents.tables) {
        ret->rows += table->rows;
    }
}

Err *backup_verify(AppCore *core, const char *path, const char *passphrase,
                   BackupVerification *ret_verification)
{
    int lock = -1;
    BackupSource source = {};
    Proofs proofs = {};
    Trial trial = {.arena = core->arena,
                   .core = core,
                   .driver = backup_driver(&core->store_options),
                   .source = &source};
    TRY(backup_folder_lock(core->arena, core->config->storage.path, &lock));
    Err *err = backup_source_open(core->arena, path, passphrase, &source);
    if (err == NULL) {
        err = verify_locked(&trial, &proofs);
        backup_archive_close(source.archive);
    }
    close(lock);
    TRY(err);
    summarise(&trial, &proofs, ret_verification);
    return NULL;
}
