/* pg_connection.c - a connection's queue, what it has sent, and the answers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "io/pg_internal.h"

#define BATCH_MAX 32 /* reads under one sync; when one fails, the rest is sent again */
#define SLOTS_MIN 256

/* ---- Watching the socket ---- */

/* Outlives the connection until libuv has let go of it. */
struct PgPoll {
    uv_poll_t handle;
    Arena *arena;
    PgConnection *connection;
    bool wants_write;
};

static void on_socket(uv_poll_t *handle, int status, int events)
{
    PgPoll *poll = CONTAINER_OF(handle, PgPoll, handle);
    PgConnection *connection = poll->connection;
    if (status == 0 && (events & UV_WRITABLE) != 0) {
        int left = PQflush(connection->pg);
        pg_poll_want_write(connection, left == 1);
    }
    if (status != 0 || (events & UV_READABLE) != 0) {
        pg_receive(connection);
    }
}

static bool start(PgPoll *poll)
{
    int events = UV_READABLE | (poll->wants_write ? UV_WRITABLE : 0);
    return uv_poll_start(&poll->handle, events, on_socket) == 0;
}

bool pg_poll_start(PgConnection *connection)
{
    Arena *arena = arena_new();
    PgPoll *poll = ARENA_NEW(arena, PgPoll);
    poll->arena = arena;
    poll->connection = connection;
    if (uv_poll_init(loop_uv(loop_current()), &poll->handle, PQsocket(connection->pg)) != 0) {
        arena_free(arena);
        return false;
    }
    connection->poll = poll;
    return start(poll);
}

static void on_closed(uv_handle_t *handle)
{
    PgPoll *poll = CONTAINER_OF((uv_poll_t *)handle, PgPoll, handle);
    arena_free(poll->arena);
}

void pg_poll_stop(PgConnection *connection)
{
    if (connection->poll != NULL) {
        uv_close((uv_handle_t *)&connection->poll->handle, on_closed);
        connection->poll = NULL;
    }
}

void pg_poll_want_write(PgConnection *connection, bool wanted)
{
    PgPoll *poll = connection->poll;
    if (poll->wants_write != wanted) {
        poll->wants_write = wanted;
        start(poll);
    }
}

/* ---- Life ---- */

PgConnection *pg_connection_new(PgClient *client, bool exclusive)
{
    Arena *arena = arena_new();
    PgConnection *connection = ARENA_NEW(arena, PgConnection);
    connection->arena = arena;
    connection->client = client;
    connection->exclusive = exclusive;
    return connection;
}

void pg_connection_free(PgConnection *connection)
{
    if (connection == NULL) {
        return;
    }
    pg_close(connection, "closed");
    BUG_ON(connection->queued > 0);
    PgConnection **link = &connection->client->dirty;
    while (*link != NULL && *link != connection) {
        link = &(*link)->next_dirty;
    }
    if (*link != NULL) {
        *link = connection->next_dirty;
    }
    arena_free(connection->arena);
}

bool pg_is_open(const PgConnection *connection)
{
    return connection->pg != NULL;
}

bool pg_is_idle(const PgConnection *connection)
{
    return connection->queued == 0 && connection->head == connection->tail;
}

size_t pg_load(const PgConnection *connection)
{
    return connection->queued + connection->in_flight;
}

int64_t pg_head_age_ms(const PgConnection *connection)
{
    return connection->head == connection->tail ? 0 : time_monotonic() - connection->head_since_ms;
}

void pg_set_watcher(PgConnection *connection, Waiter *watcher)
{
    connection->watcher = watcher;
}

static void finish(PgOp *op)
{
    op->state = PG_OP_DONE;
    op->connection = NULL;
    waiter_wake(&op->waiter);
}

/* Ops know nothing of each other any more once they are taken off. */
static PgOp *take_merged(PgOp **op)
{
    PgOp *first = *op;
    *op = first->merged;
    first->merged = NULL;
    return first;
}

static void lose(PgOp *op, const char *reason)
{
    op->lost = true;
    op->err = ERR(op->arena, ERR_UNAVAILABLE, "connection_lost",
                  "%s: the connection to PostgreSQL broke: %s", op->statement->name, reason);
    finish(op);
}

static void dequeue(PgConnection *connection, PgOp *op)
{
    *(op->previous != NULL ? &op->previous->next : &connection->first) = op->next;
    *(op->next != NULL ? &op->next->previous : &connection->last) = op->previous;
    op->next = NULL;
    op->previous = NULL;
    connection->queued--;
}

static PgSlot *slot_at(const PgConnection *connection, uint64_t place)
{
    return &connection->slots[place & (connection->slot_capacity - 1)];
}

void pg_close(PgConnection *connection, const char *reason)
{
    if (connection->pg == NULL) {
        return;
    }
    /* PQerrorMessage may be the reason: it ends with the connection. */
    for (; connection->head != connection->tail; connection->head++) {
        PgSlot *slot = slot_at(connection, connection->head);
        while (slot->op != NULL) {
            lose(take_merged(&slot->op), reason);
        }
    }
    while (connection->exclusive && connection->first != NULL) {
        PgOp *op = connection->first;
        dequeue(connection, op);
        lose(op, reason);
    }
    pg_poll_stop(connection);
    PQfinish(TAKE(connection->pg));
    connection->head_answered = false;
    connection->group_open = false;
    connection->last_words[0] = 0;
    connection->in_flight = 0;
    if (connection->prepared != NULL) {
        memset(connection->prepared, 0, connection->prepared_capacity);
    }
    if (connection->watcher != NULL) {
        waiter_wake(connection->watcher);
    }
}

static void break_off(PgConnection *connection)
{
    char reason[256];
    bool told = connection->last_words[0] != 0;
    snprintf(reason, sizeof(reason), "%s",
             told ? connection->last_words : PQerrorMessage(connection->pg));
    reason[strcspn(reason, "\n")] = 0;
    log_event(connection->exclusive ? LOG_DEBUG : LOG_WARN, "database connection lost",
              LOG_TEXT("database", connection->client->target), LOG_TEXT("reason", reason));
    pg_close(connection, reason[0] != 0 ? reason : "the server closed it");
}

/* ---- Sending ---- */

static void push_slot(PgConnection *connection, PgSlotKind kind, PgStatement *statement, PgOp *op)
{
    uint64_t count = connection->tail - connection->head;
    if (count == connection->slot_capacity) {
        uint64_t capacity = MAX((uint64_t)SLOTS_MIN, 2 * connection->slot_capacity);
        PgSlot *slots = ARENA_ARRAY(connection->arena, PgSlot, capacity);
        for (uint64_t place = connection->head; place != connection->tail; place++) {
            slots[place & (capacity - 1)] = *slot_at(connection, place);
        }
        connection->slots = slots;
        connection->slot_capacity = capacity;
    }
    if (count == 0) {
        connection->head_since_ms = time_monotonic();
    }
    *slot_at(connection, connection->tail) =
        (PgSlot){.kind = kind, .statement = statement, .op = op};
    connection->in_flight += op != NULL;
    for (; op != NULL; op = op->merged) {
        op->place = connection->tail;
        op->state = PG_OP_SENT;
        op->was_sent = true;
    }
    connection->tail++;
}

static bool send_sync(PgConnection *connection)
{
    if (!connection->group_open) {
        return true;
    }
    connection->group_open = false;
    push_slot(connection, PG_SLOT_SYNC, NULL, NULL);
    return PQpipelineSync(connection->pg) == 1;
}

static bool is_prepared(const PgConnection *connection, const PgStatement *statement)
{
    return statement->number < connection->prepared_capacity &&
           connection->prepared[statement->number] != 0;
}

static void set_prepared(PgConnection *connection, const PgStatement *statement, bool is)
{
    if (statement->number == 0) {
        return;
    }
    if (statement->number >= connection->prepared_capacity) {
        size_t capacity = 2 * (size_t)statement->number + 64;
        uint8_t *prepared = ARENA_ARRAY(connection->arena, uint8_t, capacity);
        if (connection->prepared != NULL) {
            memcpy(prepared, connection->prepared, connection->prepared_capacity);
        }
        connection->prepared = prepared;
        connection->prepared_capacity = capacity;
    }
    connection->prepared[statement->number] = is;
}

/* On a shared connection a statement is prepared in a group of its own, so that only its own fault
 * can make that fail, and the next group may rely on it. */
static bool send_prepare(PgConnection *connection, PgStatement *statement, const PgOp *op)
{
    if (is_prepared(connection, statement)) {
        return true;
    }
    if (!connection->exclusive && !send_sync(connection)) {
        return false;
    }
    set_prepared(connection, statement, true);
    push_slot(connection, PG_SLOT_PREPARE, statement, NULL);
    connection->group_open = true;
    return PQsendPrepare(connection->pg, statement->name, op->statement->postgres, 0, NULL) == 1;
}

/* ---- Merging ---- */

/* Plans are kept for arrays of ten: with fewer ids the server would make a plan each time, which
 * costs more than the rows. The same id twice costs nothing. */
#define MERGED_MIN 12
#define MERGED_MAX 64

static bool may_merge(const PgConnection *connection, const PgOp *op)
{
    return !connection->exclusive && !op->alone && !op->built && op->statement->many != NULL;
}

/* Takes the others of the queue that ask for a row of the same kind; returns how many. */
static int gather(PgConnection *connection, PgOp *op)
{
    int count = 0;
    PgOp **end = &op->merged;
    PgOp *next = NULL;
    for (PgOp *other = connection->first; other != NULL && count < MERGED_MAX; other = next) {
        next = other->next;
        if (other->statement == op->statement && may_merge(connection, other)) {
            dequeue(connection, other);
            *end = other;
            end = &other->merged;
            count++;
        }
    }
    return count;
}

static const char *id_array(Arena *scratch, const PgOp *op)
{
    Str text;
    str_init(&text, scratch);
    int64_t id = 0;
    int count = 0;
    for (; op != NULL; op = op->merged, count++) {
        id = op->args.values[0].integer;
        str_append_char(&text, count == 0 ? '{' : ',');
        str_append_int(&text, id);
    }
    for (; count < MERGED_MIN; count++) {
        str_append_char(&text, ',');
        str_append_int(&text, id);
    }
    str_append_char(&text, '}');
    return str_text(&text);
}

/* ---- Sending one ---- */

/* Sends execution for op and those that are merged with it. Returns false if the connection is
 * broken. */
static bool send_execution(PgConnection *connection, PgOp *op, const PgOp *execution, int *batched)
{
    PgStatement *statement = pg_statement_of(connection->client, execution);
    bool fresh = !is_prepared(connection, statement);
    bool ok = !op->alone || send_sync(connection);
    ok = ok && send_prepare(connection, statement, execution);
    push_slot(connection, PG_SLOT_EXECUTE, statement, op);
    connection->group_open = true;
    ok = ok && pg_send_execute(connection, statement, execution);
    bool ends_group =
        connection->exclusive ? !op->no_sync : fresh || op->alone || ++*batched == BATCH_MAX;
    if (ends_group) {
        *batched = 0;
        ok = ok && send_sync(connection);
    }
    return ok;
}

static bool send_op(PgConnection *connection, PgOp *op, int *batched)
{
    if (!may_merge(connection, op) || gather(connection, op) == 0) {
        return send_execution(connection, op, op, batched);
    }
    Arena *scratch = connection->client->scratch;
    PgOp *execution = ARENA_NEW(scratch, PgOp);
    execution->statement = op->statement->many;
    execution->args = ARGS(sql_text(id_array(scratch, op)));
    bool ok = send_execution(connection, op, execution, batched);
    slot_at(connection, op->place)->is_merged = true;
    return ok;
}

void pg_flush(PgConnection *connection)
{
    int batched = 0;
    if (connection->pg == NULL) {
        return;
    }
    while (connection->first != NULL) {
        PgOp *op = connection->first;
        dequeue(connection, op);
        if (!send_op(connection, op, &batched)) {
            break_off(connection);
            return;
        }
    }
    if (!connection->exclusive && !send_sync(connection)) {
        break_off(connection);
        return;
    }
    int left = PQflush(connection->pg);
    if (left < 0) {
        /* What the server said before it hung up is more telling. */
        pg_receive(connection);
        return;
    }
    pg_poll_want_write(connection, left == 1);
}

/* ---- Receiving ---- */

static void enqueue(PgConnection *connection, PgOp *op)
{
    op->state = PG_OP_QUEUED;
    op->connection = connection;
    op->next = NULL;
    op->previous = connection->last;
    *(connection->last != NULL ? &connection->last->next : &connection->first) = op;
    connection->last = op;
    connection->queued++;
    if (connection->pg != NULL && !connection->is_dirty) {
        connection->is_dirty = true;
        connection->next_dirty = connection->client->dirty;
        connection->client->dirty = connection;
    }
}

static void abort_all(PgOp *op)
{
    for (; op != NULL; op = op->merged) {
        op->aborted = true;
    }
}

/* The server's prepared statement is gone or fits the schema no more: it gets a new name, and its
 * execution, which did nothing, is repeated where nothing else depends on it. */
static bool take_stale(PgConnection *connection, PgSlot *slot, const PGresult *result)
{
    if (slot->kind != PG_SLOT_EXECUTE || !pg_is_stale(result)) {
        return false;
    }
    pg_statement_rename(connection->client, slot->statement);
    if (slot->op != NULL && connection->exclusive) {
        slot->op->err = ERR(slot->op->arena, ERR_BUSY, "serialization_failure",
                            "%s: its plan was out of date", slot->op->statement->name);
    } else {
        abort_all(slot->op);
    }
    return true;
}

static void take_error(PgConnection *connection, PgSlot *slot, const PGresult *result)
{
    PgOp *op = slot->op;
    if (take_stale(connection, slot, result)) {
        return;
    }
    if (pg_is_lost(result)) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        snprintf(connection->last_words, sizeof(connection->last_words), "%s",
                 message != NULL ? message : "the server closed it");
    }
    if (slot->kind == PG_SLOT_PREPARE) {
        set_prepared(connection, slot->statement, false);
        /* Its execution follows, and would only say that it was aborted. */
        slot = slot_at(connection, connection->head + 1);
        op = slot->op;
    }
    if (slot->is_merged) {
        /* Each is told its own error when it is repeated by itself. */
        abort_all(op);
        return;
    }
    if (op != NULL && op->err == NULL) {
        op->err = pg_error(op->arena, op->statement->name, result);
    }
}

static void take_aborted(PgConnection *connection, PgSlot *slot)
{
    if (slot->kind == PG_SLOT_PREPARE) {
        set_prepared(connection, slot->statement, false);
    } else {
        abort_all(slot->op);
    }
}

static void take_rows(PgConnection *connection, const PgSlot *slot, const PGresult *result)
{
    for (PgOp *op = slot->op; op != NULL; op = op->merged) {
        PgRange range = slot->is_merged ? pg_find_row(result, op->args.values[0].integer)
                                        : (PgRange){.count = PQntuples(result)};
        op->err =
            pg_read_rows(connection->client, slot->statement, result, range, op->arena, &op->rows);
    }
}

/* The change is there, but would be lost with this server: nobody may take it for done. */
static void take_unsafe_commit(PgConnection *connection, const PgSlot *slot)
{
    connection->commit_unsafe = false;
    for (PgOp *op = slot->op; op != NULL; op = op->merged) {
        op->err = ERR(op->arena, ERR_UNAVAILABLE, "outcome_unknown",
                      "%s: the standby did not confirm the commit in time; it may have happened",
                      op->statement->name);
    }
}

static void take_result(PgConnection *connection, const PGresult *result)
{
    PgSlot *slot = slot_at(connection, connection->head);
    if (connection->commit_unsafe && slot->kind == PG_SLOT_EXECUTE) {
        take_unsafe_commit(connection, slot);
        return;
    }
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        take_rows(connection, slot, result);
        break;
    case PGRES_PIPELINE_ABORTED:
        take_aborted(connection, slot);
        break;
    default:
        take_error(connection, slot, result);
        break;
    }
}

/* An op that was aborted because another one of its batch failed has not run. */
static void end_op(PgConnection *connection, PgOp *op)
{
    if (!op->aborted || op->err != NULL) {
        finish(op);
        return;
    }
    if (connection->exclusive) {
        op->err = ERR(op->arena, ERR_INTERNAL, "transaction_doomed",
                      "%s: an earlier statement failed", op->statement->name);
        finish(op);
        return;
    }
    op->aborted = false;
    op->alone = true;
    enqueue(connection, op);
}

static void pop_slot(PgConnection *connection)
{
    PgSlot *slot = slot_at(connection, connection->head);
    PgOp *op = TAKE(slot->op);
    connection->head++;
    connection->head_answered = false;
    connection->head_since_ms = time_monotonic();
    if (slot->kind == PG_SLOT_EXECUTE) {
        connection->in_flight -= connection->in_flight > 0;
    }
    while (op != NULL) {
        end_op(connection, take_merged(&op));
    }
}

/* Takes one result, or the end of a statement's results; false when nothing more is there. */
static bool receive_one(PgConnection *connection)
{
    if (connection->head == connection->tail || PQisBusy(connection->pg)) {
        return false;
    }
    PGresult *result = PQgetResult(connection->pg);
    if (result == NULL) {
        if (!connection->head_answered) {
            return false;
        }
        pop_slot(connection);
        return true;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        pop_slot(connection);
    } else {
        take_result(connection, result);
        connection->head_answered = true;
    }
    PQclear(result);
    return true;
}

void pg_receive(PgConnection *connection)
{
    bool alive = PQconsumeInput(connection->pg) == 1;
    while (connection->last_words[0] == 0 && receive_one(connection)) {
        /* Until nothing more has arrived. */
    }
    if (!alive || connection->last_words[0] != 0 || PQstatus(connection->pg) == CONNECTION_BAD) {
        break_off(connection);
    }
}

/* ---- What fibers do ---- */

void pg_enqueue(PgConnection *connection, PgOp *op)
{
    BUG_ON(op->state == PG_OP_QUEUED || op->state == PG_OP_SENT);
    waiter_init(&op->waiter);
    op->rows = NULL;
    op->err = NULL;
    op->lost = false;
    op->aborted = false;
    op->was_sent = false;
    op->merged = NULL;
    enqueue(connection, op);
}

void pg_forget(PgOp *op)
{
    if (op->state == PG_OP_QUEUED) {
        dequeue(op->connection, op);
    } else if (op->state == PG_OP_SENT) {
        PgOp **link = &slot_at(op->connection, op->place)->op;
        while (*link != op) {
            link = &(*link)->merged;
        }
        *link = op->merged;
        op->merged = NULL;
    }
    op->state = PG_OP_IDLE;
    op->connection = NULL;
}

YIELDS Err *pg_wait(PgOp *op, Deadline deadline)
{
    while (op->state != PG_OP_DONE) {
        Err *err = waiter_wait(&op->waiter, deadline);
        if (err != NULL && op->state != PG_OP_DONE) {
            pg_forget(op);
            return err;
        }
    }
    return op->err;
}
