/* The two phases in the background. A batch is read and checked in the thread pool while the one
 * before is compared with the database and written, in one transaction with the position: a job
 * that dies goes on there, and a job that lost its turn writes nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "voms/access/access.h"
#include "voms/account/account.h"
#include "voms/audit/audit.h"
#include "voms/import/import.sql.h"
#include "voms/import/import_internal.h"
#include "voms/unit/unit.h"

#define ATTEMPTS_MAX 5
#define TELL_EVERY_MS (10 * SECOND_MS) /* of the minute that an attempt has */
#define DECIDE_ROWS ((size_t)1000)     /* between chances for other fibers */
#define COLLISIONS_MAX 3               /* of a batch with somebody else's writes */

typedef struct Label {
    UnitId unit_id;
    const char *code; /* what is wrong with it, or NULL */
} Label;

typedef struct Job {
    Ctx *ctx; /* of the message; the caller is who uploaded */
    const BusMessage *message;
    Import *import;
    ImportPlan plan;
    bool commits;
    int64_t told_at; /* monotonic: when the bus last heard of this job */
    Map labels;      /* of units, to Label */
    Map rights;      /* unit id to itself, if the caller may import there; else to "" */
} Job;

/* One batch while it is written. */
typedef struct Step {
    Job *job;
    Ctx *ctx; /* with the batch's arena */
    ImportBatch *batch;
    ImportCandidate *rows; /* those behind the position */
    size_t count;
    int64_t last_row;
    Volunteer **found;
    ImportCandidate *judged; /* with what the decision adds to their problems */
    ImportDecision *decisions;
    int64_t counts[IMPORT_OUTCOME_COUNT];
} Step;

/* ---- The plan ---- */

static void set_target(Arena *arena, const ObjectList *custom, const char *name,
                       ImportTarget *target)
{
    const CustomField *fields = custom->items;
    *target = (ImportTarget){.is_unit = str_equal(name, "unit")};
    target->field = shape_find(&volunteer_import_shape, name);
    for (size_t i = 0; i < custom->count; i++) {
        if (str_equal(name, arena_printf(arena, "custom.%s", fields[i].key))) {
            target->custom = &fields[i];
        }
    }
}

YIELDS static Err *make_plan(Job *job)
{
    Ctx *ctx = job->ctx;
    ImportPlan *plan = &job->plan;
    ImportColumn *columns = NULL;
    ObjectList custom = {};
    TRY(import_parse_columns(ctx->arena, job->import->columns, &columns, &plan->target_count));
    TRY(import_custom_fields(ctx, job->import->unit_id, &custom));
    plan->targets = ARENA_ARRAY(ctx->arena, ImportTarget, plan->target_count + 1);
    for (size_t i = 0; i < plan->target_count; i++) {
        if (columns[i].field != NULL) {
            set_target(ctx->arena, &custom, columns[i].field, &plan->targets[i]);
        }
    }
    plan->custom_fields = custom.items;
    plan->custom_count = custom.count;
    plan->services = ctx->services;
    plan->prepares = job->commits;
    plan->import_id = job->import->id;
    plan->path = import_file_path(ctx, job->import->stored_name);
    plan->temp_dir = import_folder(ctx);
    plan->header_row = job->import->header_row;
    plan->row_count = job->import->row_count;
    plan->unit_id = job->import->unit_id;
    plan->skip_existing = str_equal(import_existing[job->import->existing], "skip");
    TRY(setting_load(ctx, &plan->settings));
    plan->today = setting_date(plan->settings, ctx->now);
    map_init(&job->labels, ctx->arena);
    map_init(&job->rights, ctx->arena);
    return NULL;
}

/* The job may do what who uploaded may do now. */
YIELDS static Err *become_uploader(Job *job)
{
    Ctx *ctx = job->ctx;
    Account *account = NULL;
    TRY(account_find(ctx, job->import->created_by, &account));
    if (account->state != ACCOUNT_ACTIVE) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "import_account_disabled",
                   "account %" PRId64 " is disabled", account->id.value);
    }
    ctx->caller = (Caller){.account_id = account->id,
                           .volunteer_id = account->volunteer_id,
                           .name = account->username,
                           .is_super = account->is_super_administrator};
    return access_load(ctx, account->id, account->is_super_administrator);
}

/* ---- Units ---- */

YIELDS static Err *may_import_into(Job *job, UnitId unit_id, bool *ret_may)
{
    if (access_may_everywhere(job->ctx, IMPORT_PERMISSION)) {
        *ret_may = true;
        return NULL;
    }
    char key[24];
    snprintf(key, sizeof(key), "%" PRId64, unit_id.value);
    const char *known = map_get(&job->rights, key);
    if (known == NULL) {
        Err *err = access_check_unit(job->ctx, unit_id, IMPORT_PERMISSION, IMPORT_PERMISSION);
        if (err != NULL && !err_is(err, ERR_NOT_FOUND) && !err_is(err, ERR_FORBIDDEN)) {
            return err;
        }
        known = err == NULL ? "yes" : "";
        map_set(&job->rights, key, (void *)(uintptr_t)known);
    }
    *ret_may = known[0] != '\0';
    return NULL;
}

YIELDS static Err *find_label(Job *job, const char *text, const Label **ret_label)
{
    Label *label = map_get(&job->labels, text);
    if (label == NULL) {
        Unit *unit = NULL;
        bool may = false;
        TRY(unit_find_by_label(job->ctx, text, &unit));
        if (unit != NULL) {
            TRY(may_import_into(job, unit->id, &may));
        }
        label = ARENA_NEW(job->ctx->arena, Label);
        label->unit_id = may ? unit->id : (UnitId){};
        label->code = may ? NULL : "unit_unknown";
        map_set(&job->labels, text, label);
    }
    *ret_label = label;
    return NULL;
}

YIELDS static Err *place_rows(Step *step)
{
    Arena *arena = step->ctx->arena;
    for (size_t i = 0; i < step->count; i++) {
        ImportCandidate *row = &step->rows[i];
        row->draft.unit_id = step->job->plan.unit_id;
        if (row->unit_label != NULL) {
            const Label *label = NULL;
            TRY(find_label(step->job, row->unit_label, &label));
            row->draft.unit_id = label->unit_id;
            if (label->code != NULL) {
                import_add_problem(arena, row, -1, "unit", label->code, row->unit_label);
            }
        } else if (row->draft.unit_id.value == 0) {
            import_add_problem(arena, row, -1, "unit", "required", NULL);
        }
    }
    return NULL;
}

/* ---- Deciding ---- */

/* Looks up those without problems; the others mean nobody. */
YIELDS static Err *find_people(Step *step, size_t from, size_t end)
{
    Arena *arena = step->ctx->arena;
    VolunteerDraft *drafts = ARENA_ARRAY(arena, VolunteerDraft, end - from);
    Volunteer **found = ARENA_ARRAY(arena, Volunteer *, end - from);
    size_t *places = ARENA_ARRAY(arena, size_t, end - from);
    size_t count = 0;
    for (size_t i = from; i < end; i++) {
        if (step->rows[i].problems.count == 0) {
            places[count] = i;
            drafts[count++] = step->rows[i].draft;
        }
    }
    if (count > 0) {
        TRY(volunteer_find_by_identity(step->ctx, drafts, count, found));
    }
    for (size_t i = 0; i < count; i++) {
        step->found[places[i]] = found[i];
    }
    return NULL;
}

YIELDS static Err *decide_some(Step *step, size_t from, size_t end)
{
    Arena *arena = step->ctx->arena;
    TRY(find_people(step, from, end));
    for (size_t i = from; i < end; i++) {
        ImportSituation situation = {.found = step->found[i]};
        if (situation.found != NULL) {
            TRY(may_import_into(step->job, situation.found->unit_id,
                                &situation.found_within_rights));
        }
        /* A copy, so that a repeated transaction begins anew. */
        step->judged[i] = step->rows[i];
        step->decisions[i] = import_decide(arena, &step->job->plan, &step->judged[i], &situation);
        step->counts[step->decisions[i].outcome]++;
    }
    return NULL;
}

YIELDS static Err *decide_rows(Step *step)
{
    Arena *arena = step->ctx->arena;
    step->found = ARENA_ARRAY(arena, Volunteer *, step->count);
    step->decisions = ARENA_ARRAY(arena, ImportDecision, step->count);
    step->judged = ARENA_ARRAY(arena, ImportCandidate, step->count);
    memset(step->counts, 0, sizeof(step->counts));
    for (size_t from = 0; from < step->count; from += DECIDE_ROWS) {
        TRY(decide_some(step, from, MIN(from + DECIDE_ROWS, step->count)));
    }
    return NULL;
}

/* ---- What is kept of a row ---- */

static const char *problems_text(Arena *arena, const ImportCandidate *row)
{
    if (row->problems.count == 0) {
        return NULL;
    }
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < row->problems.count; i++) {
        const ImportProblem *problem = &row->problems.items[i];
        json_write_begin_object(&writer);
        json_put_int(&writer, "column", problem->column);
        json_put_string(&writer, "field", problem->field);
        json_put_string(&writer, "code", problem->code);
        json_put_string(&writer, "param", problem->param);
        json_write_end_object(&writer);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

static const char *changed_text(Arena *arena, const TextList *changed)
{
    if (changed->count == 0) {
        return NULL;
    }
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < changed->count; i++) {
        json_write_string(&writer, changed->items[i]);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

static SqlArgs row_args(Step *step, size_t i)
{
    Arena *arena = step->ctx->arena;
    const ImportCandidate *row = &step->judged[i];
    const ImportDecision *decision = &step->decisions[i];
    SqlValue *values = ARENA_ARRAY(arena, SqlValue, 8);
    values[0] = sql_int(step->job->import->id.value);
    values[1] = sql_int(step->job->import->rows_run);
    values[2] = sql_int(row->row_number);
    values[3] = sql_text(import_outcomes[decision->outcome]);
    values[4] = sql_text(row->draft.name);
    values[5] = sql_id(decision->volunteer_id.value);
    values[6] = sql_text(changed_text(arena, &decision->changed));
    values[7] = sql_text(problems_text(arena, row));
    return (SqlArgs){.values = values, .count = 8};
}

/* Of a commit only what came otherwise than the preview said. */
YIELDS static Err *find_surprises(Step *step, bool *same)
{
    StoreRows *rows = NULL;
    const Import *import = step->job->import;
    TRY(store_query(step->ctx->db, &SQL_IMPORT_LIST_OUTCOMES,
                    ARGS(sql_int(import->id.value), sql_int(import->rows_run),
                         sql_int(step->rows[0].row_number), sql_int(step->last_row)),
                    &rows));
    for (size_t i = 0, at = 0; i < step->count && at < rows->count; i++) {
        while (at < rows->count && row_int(rows, at, 0) < step->rows[i].row_number) {
            at++;
        }
        same[i] = at < rows->count && row_int(rows, at, 0) == step->rows[i].row_number &&
                  str_equal(row_text(rows, at, 1), import_outcomes[step->decisions[i].outcome]);
    }
    return NULL;
}

static SqlArgs link_args(const Step *step, size_t i)
{
    SqlValue *values = ARENA_ARRAY(step->ctx->arena, SqlValue, 4);
    values[0] = sql_int(step->job->import->id.value);
    values[1] = sql_int(step->job->import->rows_run);
    values[2] = sql_int(step->rows[i].row_number);
    values[3] = sql_int(step->decisions[i].volunteer_id.value);
    return (SqlArgs){.values = values, .count = 4};
}

YIELDS static Err *keep_rows(Step *step)
{
    Arena *arena = step->ctx->arena;
    bool *same = ARENA_ARRAY(arena, bool, step->count);
    SqlArgs *puts = ARENA_ARRAY(arena, SqlArgs, step->count);
    SqlArgs *links = ARENA_ARRAY(arena, SqlArgs, step->count);
    size_t put_count = 0;
    size_t link_count = 0;
    if (step->job->commits) {
        TRY(find_surprises(step, same));
    }
    for (size_t i = 0; i < step->count; i++) {
        if (!same[i]) {
            puts[put_count++] = row_args(step, i);
        } else if (step->decisions[i].outcome == IMPORT_CREATE) {
            links[link_count++] = link_args(step, i);
        }
    }
    TRY(store_exec_many(step->ctx->db, &SQL_IMPORT_LINK_ROW, links, link_count, NULL));
    return store_exec_many(step->ctx->db, &SQL_IMPORT_PUT_ROW, puts, put_count, NULL);
}

/* ---- Writing people ---- */

YIELDS static Err *create_people(Step *step)
{
    Arena *arena = step->ctx->arena;
    VolunteerDraft *drafts = ARENA_ARRAY(arena, VolunteerDraft, step->count);
    VolunteerId *ids = ARENA_ARRAY(arena, VolunteerId, step->count);
    size_t *places = ARENA_ARRAY(arena, size_t, step->count);
    size_t count = 0;
    for (size_t i = 0; i < step->count; i++) {
        if (step->decisions[i].outcome == IMPORT_CREATE) {
            places[count] = i;
            drafts[count++] = step->decisions[i].after;
        }
    }
    if (count == 0) {
        return NULL;
    }
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE,
                            .reason = arena_printf(arena, "import %" PRId64,
                                                   step->job->import->id.value)};
    TRY(volunteer_insert_many(step->ctx, drafts, count, &entry, ids));
    for (size_t i = 0; i < count; i++) {
        step->decisions[places[i]].volunteer_id = ids[i];
    }
    return NULL;
}

YIELDS static Err *change_people(Step *step)
{
    for (size_t i = 0; i < step->count; i++) {
        const ImportDecision *decision = &step->decisions[i];
        if (decision->outcome != IMPORT_UPDATE) {
            continue;
        }
        VolunteerUpdate update = {.id = decision->volunteer_id,
                                  .before = step->found[i],
                                  .after = &decision->after,
                                  .action = "volunteer.update",
                                  .reason = arena_printf(step->ctx->arena, "import %" PRId64,
                                                         step->job->import->id.value)};
        TRY(volunteer_update(step->ctx, &update, NULL));
    }
    return NULL;
}

YIELDS static Err *save_progress(Step *step)
{
    int64_t affected = 0;
    Import *import = step->job->import;
    TRY(store_exec(step->ctx->db, &SQL_IMPORT_SAVE_PROGRESS,
                   ARGS(sql_int(import->id.value), sql_int(import->run), sql_int(import->position),
                        sql_int(step->last_row), sql_int((int64_t)step->count),
                        sql_int(step->counts[IMPORT_CREATE]), sql_int(step->counts[IMPORT_UPDATE]),
                        sql_int(step->counts[IMPORT_SKIP]), sql_int(step->counts[IMPORT_REFUSE]),
                        sql_time(time_now())),
                   &affected));
    if (affected == 0) {
        return ERR(step->ctx->arena, ERR_CONFLICT, "import_superseded",
                   "import %" PRId64 " was cancelled or is done elsewhere", import->id.value);
    }
    return NULL;
}

/* StoreWork: all of a batch; may run again. */
YIELDS static Err *write_batch(Db *db UNUSED, void *arg)
{
    Step *step = arg;
    TRY(decide_rows(step));
    TRY(save_progress(step));
    if (step->job->commits) {
        TRY(create_people(step));
        TRY(change_people(step));
    }
    return keep_rows(step);
}

/* Somebody may enter the same person meanwhile: then the decision is made again. */
YIELDS static Err *write_with_patience(Step *step)
{
    for (int attempt = 1;; attempt++) {
        Err *err = store_transact(step->ctx->db, write_batch, step);
        bool collided = err_is(err, ERR_STALE) ||
                        (err_is(err, ERR_CONFLICT) && !str_equal(err->code, "import_superseded"));
        if (!collided || attempt == COLLISIONS_MAX) {
            return err;
        }
    }
}

/* ---- Batches ---- */

/* Each is a durable commit of its own, so not after every batch. */
YIELDS static Err *tell_alive(Job *job)
{
    if (time_monotonic() - job->told_at < TELL_EVERY_MS) {
        return NULL;
    }
    job->told_at = time_monotonic();
    return bus_still_working(job->ctx, job->message);
}

YIELDS static Err *process(Job *job, ImportBatch *batch)
{
    Db db = db_make(job->ctx->db->store, batch->arena);
    Ctx ctx = *job->ctx;
    ctx.arena = batch->arena;
    ctx.db = &db;
    ctx.now = time_now();

    size_t done = 0;
    while (done < batch->count && batch->rows[done].row_number <= job->import->position) {
        done++;
    }
    if (done == batch->count) {
        return NULL;
    }
    Step step = {.job = job,
                 .ctx = &ctx,
                 .batch = batch,
                 .rows = batch->rows + done,
                 .count = batch->count - done,
                 .last_row = batch->rows[batch->count - 1].row_number};
    TRY(place_rows(&step));
    TRY(write_with_patience(&step));
    job->import->position = step.last_row;
    return tell_alive(job);
}

/* FiberMain: reads while another batch is written. */
static void read_ahead(void *arg)
{
    err_ignore(offload(import_source_read, arg), "the reader looks at its own cancellation");
}

YIELDS static Err *run_batches(Job *job, ImportBatch batches[2])
{
    TRY(offload(import_source_read, &batches[0]));
    for (int at = 0;; at = 1 - at) {
        ImportBatch *batch = &batches[at];
        if (batch->err != NULL) {
            return err_copy(job->ctx->arena, batch->err);
        }
        CLEANUP(fiber_group_done) FiberGroup group;
        fiber_group_init(&group);
        if (!batch->last) {
            fiber_spawn(&group, "import-read", read_ahead, &batches[1 - at]);
        }
        Err *err = process(job, batch);
        fiber_group_join(&group);
        if (err != NULL || batch->last) {
            return err == NULL ? NULL : err_copy(job->ctx->arena, err);
        }
    }
}

typedef struct OpenCall {
    const ImportPlan *plan;
    ImportSource *source;
    Err *err;
} OpenCall;

static void open_source(void *arg)
{
    OpenCall *call = arg;
    call->err = import_source_open(call->plan, &call->source);
}

YIELDS static Err *run_source(Job *job)
{
    OpenCall call = {.plan = &job->plan};
    Err *err = offload(open_source, &call);
    CLEANUP(import_source_closep) ImportSource *source = call.source;
    TRY(err);
    if (call.err != NULL) {
        return err_copy(job->ctx->arena, call.err);
    }
    CLEANUP(arena_freep) Arena *first = arena_new();
    CLEANUP(arena_freep) Arena *second = arena_new();
    ImportBatch batches[2] = {{.arena = first, .source = source},
                              {.arena = second, .source = source}};
    return run_batches(job, batches);
}

/* ---- Ends ---- */

YIELDS static Err *audit_end(Job *job, const Import *import)
{
    Ctx *ctx = job->ctx;
    const char *detail = arena_printf(ctx->arena,
                                      "{\"created\":%" PRId64 ",\"updated\":%" PRId64
                                      ",\"skipped\":%" PRId64 ",\"refused\":%" PRId64 "}",
                                      import->create_count, import->update_count,
                                      import->skip_count, import->refuse_count);
    return audit_record(ctx, &(AuditEntry){.action = "import.commit",
                                           .object_type = "import",
                                           .object_id = import->id.value,
                                           .unit_id = import->unit_id,
                                           .detail = detail});
}

YIELDS static Err *publish_end(Db *db, const Job *job, const char *subject)
{
    Arena *arena = job->ctx->arena;
    int64_t id = job->import->id.value;
    return bus_publish(db, subject, arena_printf(arena, "import:%" PRId64, id),
                       arena_printf(arena, "{\"import_id\":%" PRId64 "}", id));
}

/* StoreWork. */
YIELDS static Err *finish(Db *db, void *arg)
{
    Job *job = arg;
    int64_t affected = 0;
    TRY(store_exec(db, &SQL_IMPORT_FINISH,
                   ARGS(sql_int(job->import->id.value), sql_int(job->import->run),
                        sql_text(job->commits ? "done" : "previewed"), sql_null(), sql_null(),
                        sql_time(time_now())),
                   &affected));
    if (affected == 0 || !job->commits) {
        return NULL;
    }
    Import *import = NULL;
    TRY(import_find(job->ctx, job->import->id, &import));
    TRY(audit_end(job, import));
    return publish_end(db, job, "import.finished");
}

/* What cannot succeed another time ends the import; the rest the bus tries again. */
static bool is_final(const Err *err, const BusMessage *message)
{
    return err_is(err, ERR_INVALID) || err_is(err, ERR_UNSUPPORTED) || err_is(err, ERR_NOT_FOUND) ||
           err_is(err, ERR_FORBIDDEN) || message->attempt >= ATTEMPTS_MAX;
}

typedef struct Failure {
    const Job *job;
    const Err *err;
} Failure;

/* StoreWork. */
YIELDS static Err *fail(Db *db, void *arg)
{
    const Failure *failure = arg;
    const Job *job = failure->job;
    const Err *err = failure->err;
    int64_t affected = 0;
    bool ours =
        err_is(err, ERR_INVALID) || err_is(err, ERR_UNSUPPORTED) || err_is(err, ERR_FORBIDDEN);
    TRY(store_exec(db, &SQL_IMPORT_FINISH,
                   ARGS(sql_int(job->import->id.value), sql_int(job->import->run),
                        sql_text("failed"), sql_text(ours ? err->code : "import_failed"),
                        sql_text(ours ? err->param : NULL), sql_time(time_now())),
                   &affected));
    return affected == 0 ? NULL : publish_end(db, job, "import.failed");
}

YIELDS static Err *give_up(Job *job, const Err *err)
{
    Failure failure = {.job = job, .err = err};
    log_err("an import failed", err);
    return store_transact(job->ctx->db, fail, &failure);
}

YIELDS static Err *run(Job *job)
{
    if (job->import->stored_name == NULL) {
        return ERR(job->ctx->arena, ERR_INVALID, "import_file_removed", "the file is gone");
    }
    TRY(become_uploader(job));
    TRY(make_plan(job));
    TRY(run_source(job));
    return store_transact(job->ctx->db, finish, job);
}

/* ---- Messages ---- */

YIELDS static Err *handle(Ctx *ctx, const BusMessage *message, bool commits)
{
    json_t *payload = NULL;
    Job job = {.ctx = ctx, .message = message, .commits = commits};
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    ImportId id = {json_integer_value(json_object_get(payload, "import_id"))};
    TRY(import_find(ctx, id, &job.import));
    int wanted = commits ? IMPORT_COMMITTING : IMPORT_PREVIEWING;
    if (job.import->state != wanted ||
        job.import->run != json_integer_value(json_object_get(payload, "run"))) {
        return NULL; /* cancelled, or begun anew */
    }
    Err *err = run(&job);
    if (err == NULL || str_equal(err->code, "import_superseded")) {
        return NULL;
    }
    return is_final(err, message) ? give_up(&job, err) : err;
}

YIELDS static Err *preview(Ctx *ctx, const BusMessage *message)
{
    return handle(ctx, message, /* commits= */ false);
}

YIELDS static Err *commit(Ctx *ctx, const BusMessage *message)
{
    return handle(ctx, message, /* commits= */ true);
}

const BusSubscription import_subscriptions[] = {
    {.consumer = "import-preview",
     .subject = "import.preview_requested",
     .handle = preview,
     .own_transactions = true,
     .concurrency = 2,
     .attempts_max = ATTEMPTS_MAX},
    {.consumer = "import-commit",
     .subject = "import.commit_requested",
     .handle = commit,
     .own_transactions = true,
     .attempts_max = ATTEMPTS_MAX},
    {},
};
