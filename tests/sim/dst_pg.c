/* rt/pg.h: sessions with a PostgreSQL in virtual time. Statements and transactions of a session are
 * applied in their order, each at one moment; what is on its way when the client dies may still be
 * applied. Faults: refused statements, slow ones, connections that break in COMMIT with the commit
 * done or not, restarts of the server. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/migrate.h"
#include "rt/pg_internal.h"
#include "rt/store_internal.h"
#include "tests/sim/dst_check.h"

#define LATENCY_MIN_NS (120 * DST_US)
#define LATENCY_MAX_NS (600 * DST_US)
#define TIMEOUT_NS (2 * DST_S) /* the wrapper's statement timeout */
#define DATABASES_MAX 8
#define ROWS_MAX 4096

struct pg_result {
    const sql_rows *rows;
};

typedef struct statement {
    const sql_statement *parsed;
    const char **params;
    uint32_t params_count;
    cb_result_fn fn;
    void *context;
    sql_rows rows;
    struct statement *next;
} statement;

typedef struct batch {
    struct dst_session *session;
    statement *first;
    statement *last;
    bool is_transaction;
    uint64_t number; /* from 1, of those sent in its session */
    void (*done)(void *context, const cb_result *result);
    void *done_context;
    bool is_applied;
    bool is_answered;
    bool is_broken; /* the connection ends with it, applied or not */
    bool is_late;   /* over its time */
    cb_status status;
    char sqlstate[6];
    char message[SQL_ERROR_MAX];
    struct batch *next;
} batch;

/* The server's side of a connection. */
typedef struct dst_session {
    struct cb_pg *client;
    dst_process *process;
    uint32_t generation;
    sql_db *db;
    uint64_t pid;
    int64_t started_ns;
    bool is_open;
    bool is_client_gone;
    bool is_poisoned; /* behind a failed transaction … */
    uint64_t sent_count;
    uint64_t poisoned_to; /* … and so is what was sent before the client rolled back */
    int64_t last_apply_ns;
    batch *first; /* not yet answered */
    batch *last;
    uint64_t locks[4];
    uint32_t locks_count;
    struct dst_session *next;
} dst_session;

/* The client's handle is the runtime's struct; what we need of it is in the session. */
typedef struct dst_pg_world {
    sql_db *databases[DATABASES_MAX];
    uint32_t databases_count;
    dst_session *sessions;
    uint64_t sessions_count;
    int64_t down_until_ns;
    int64_t skew_ns;
} dst_pg_world;

static dst_pg_world world;

typedef struct client {
    struct cb_pg base; /* only its address is used by others */
    dst_session *session;
    batch *building;
    uint32_t pending_count;
    bool is_lost;
    void (*lost_fn)(void *context, const char *why);
    void *lost_context;
} client;

static client *client_of(const cb_pg *pg)
{
    return (client *)(uintptr_t)pg;
}

int64_t dst_pg_now_ns(void)
{
    return DST_WALL_START_NS + dst->now_ns + world.skew_ns;
}

/* ---- databases ---- */

static sql_db *open_database(const char *name, const cb_migration *migrations, size_t count)
{
    sql_db *db = sql_db_create(name, &dst->memory);
    for (size_t i = 0; i < rt_migrations_count; i++) {
        sql_migrate(db, rt_migrations[i].sql);
    }
    for (size_t i = 0; i < count; i++) {
        sql_migrate(db, migrations[i].sql);
    }
    CB_ASSERT(world.databases_count < DATABASES_MAX);
    world.databases[world.databases_count++] = db;
    return db;
}

sql_db *dst_pg_db(const char *schema)
{
    for (uint32_t i = 0; i < world.databases_count; i++) {
        if (strcmp(world.databases[i]->schema, schema) == 0) {
            return world.databases[i];
        }
    }
    CB_ASSERT(false);
    return NULL;
}

void dst_pg_open(void)
{
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        const cb_service *service = dst->processes[i]->service;
        bool is_known = false;
        for (uint32_t k = 0; k < world.databases_count; k++) {
            is_known |= strcmp(world.databases[k]->schema, service->name) == 0;
        }
        if (!is_known) {
            (void)open_database(service->name, service->migrations, service->migrations_count);
        }
    }
}

void dst_pg_reset(void)
{
    for (uint32_t i = 0; i < world.databases_count; i++) {
        sql_reset(world.databases[i]);
    }
    world.sessions = NULL;
    world.sessions_count = 0;
    world.down_until_ns = 0;
    world.skew_ns = dst_between(-50 * DST_MS, 50 * DST_MS);
}

cb_status cb_migrate(const char *dsn,
    const char *schema,
    const char *app_role,
    const cb_migration *migrations,
    size_t count,
    cb_err *err)
{
    (void)dsn;
    (void)schema;
    (void)app_role;
    (void)migrations;
    (void)count;
    if (dst->now_ns < world.down_until_ns) {
        return CB_FAIL(err, CB_E_UNAVAILABLE, "the server is down");
    }
    return CB_OK;
}

cb_status cb_store_check(const cb_store *store, cb_pg *pg, cb_err *err)
{
    (void)store;
    (void)pg;
    (void)err;
    return CB_OK;
}

static void terminate(void *context, void *argument);

/* ---- functions of the server ---- */

static bool is_locked(const dst_session *self, uint64_t key)
{
    for (const dst_session *one = world.sessions; one != NULL; one = one->next) {
        for (uint32_t i = 0; one->is_open && one != self && i < one->locks_count; i++) {
            if (one->locks[i] == key) {
                return true;
            }
        }
    }
    return false;
}

static bool server_call(
    void *context, const char *name, const sql_value *args, uint32_t count, sql_value *out)
{
    dst_session *session = context;
    if (strcmp(name, "pg_try_advisory_lock") == 0) {
        const uint64_t key = sql_hash_value(1, args[0]);
        *out = (sql_value){.kind = SQL_BOOL, .number = !is_locked(session, key)};
        if (out->number != 0 && session->locks_count < 4) {
            session->locks[session->locks_count++] = key;
        }
        return true;
    }
    if (strcmp(name, "pg_backend_pid") == 0 || strcmp(name, "pg_current_xact_id") == 0) {
        *out = (sql_value){.kind = SQL_INT, .number = (int64_t)session->pid};
        return true;
    }
    if (strcmp(name, "pg_terminate_backend") == 0) {
        *out = (sql_value){.kind = SQL_BOOL};
        for (dst_session *one = world.sessions; one != NULL; one = one->next) {
            if (one->is_open && args[0].kind != SQL_NULL && (int64_t)one->pid == args[0].number) {
                out->number = 1;
                dst_at(dst->now_ns, terminate, one, NULL);
            }
        }
        return true;
    }
    (void)count;
    return false;
}

/* pg_stat_activity: pid and start of every session. */
static bool server_view(void *context, const char *name, sql_rows *out)
{
    static const char *view = NULL;
    static sql_shape shape = {.count = 2};
    (void)context;
    if (view == NULL) {
        view = sql_intern("pg_stat_activity", 16);
        shape.names[0] = sql_intern("pid", 3);
        shape.names[1] = sql_intern("backend_start", 13);
    }
    if (name != view) {
        return false;
    }
    *out = (sql_rows){.shape = &shape};
    for (const dst_session *one = world.sessions; one != NULL; one = one->next) {
        if (one->is_open) {
            sql_value *row = dst_alloc(2 * sizeof(*row));
            row[0] = (sql_value){.kind = SQL_INT, .number = (int64_t)one->pid};
            row[1] = (sql_value){.kind = SQL_TIME, .number = one->started_ns};
            sql_add_row(&dst->memory, out, row);
        }
    }
    return true;
}

/* ---- sessions ---- */

static void close_session(void *context, void *argument)
{
    dst_session *session = context;
    (void)argument;
    session->is_open = false;
    session->locks_count = 0;
}

int cb_pg_backend_pid(const cb_pg *pg)
{
    (void)pg;
    return 0;
}

cb_pg *cb_pg_open(cb_loop *loop, const char *dsn, const char *schema, cb_err *err)
{
    (void)dsn;
    if (loop == NULL) {
        /* A second connection, to look after a lost claim's session: sessions have no list here. */
        (void)CB_FAIL(err, CB_E_UNAVAILABLE, "there is no second connection");
        return NULL;
    }
    dst_point("pg_open");
    if (dst->now_ns < world.down_until_ns) {
        (void)CB_FAIL(err, CB_E_UNAVAILABLE, "the server is down");
        return NULL;
    }
    client *self = dst_process_alloc(sizeof(*self), true);
    dst_session *session = dst_alloc(sizeof(*session));
    *session = (dst_session){.client = &self->base,
        .process = dst->running,
        .generation = dst->running->generation,
        .db = dst_pg_db(schema),
        .pid = ++world.sessions_count,
        .started_ns = dst_pg_now_ns(),
        .is_open = true,
        .next = world.sessions};
    world.sessions = session;
    self->session = session;
    dst->running->pg = &self->base;
    return &self->base;
}

void cb_pg_close(cb_pg *pg)
{
    if (pg != NULL) {
        client *self = client_of(pg);
        self->is_lost = true;
        close_session(self->session, NULL);
        dst->running->pg = NULL;
    }
}

/* The kernel closes the socket; the server finishes what it has received and ends the session. */
void dst_pg_close_of(dst_process *process)
{
    if (process->pg == NULL) {
        return;
    }
    dst_session *session = client_of(process->pg)->session;
    process->pg = NULL;
    session->is_client_gone = true;
    const int64_t last_ns =
        session->last_apply_ns > dst->now_ns ? session->last_apply_ns : dst->now_ns;
    dst_at(last_ns + DST_MS, close_session, session, NULL);
}

/* ---- answers ---- */

static void give_result(statement *one, const batch *of)
{
    if (one->fn == NULL) {
        return;
    }
    /* Of this answer alone: who reads it may be stopped in between, and others read theirs. */
    const cb_row **pointers = dst_alloc((one->rows.count + 1) * sizeof(const cb_row *));
    struct cb_row *rows = dst_alloc((one->rows.count + 1) * sizeof(*rows));
    const struct pg_result answer = {&one->rows};
    cb_result result = {.status = of->status, .message = of->message};
    memcpy(result.sqlstate, of->sqlstate, sizeof(result.sqlstate));
    if (of->status == CB_OK) {
        CB_ASSERT(one->rows.count <= ROWS_MAX);
        result.rows_count = (int)one->rows.count;
        result.affected_count = one->rows.affected;
        for (uint32_t i = 0; i < one->rows.count; i++) {
            rows[i] = (struct cb_row){&answer, (int)i};
            pointers[i] = &rows[i];
        }
    }
    one->fn(one->context, &result, pointers);
}

static void answer(batch *self)
{
    client *to = client_of(self->session->client);
    self->is_answered = true;
    to->pending_count--;
    if (self->is_transaction && self->status != CB_OK && self->session->is_poisoned) {
        self->session->is_poisoned = false;
        self->session->poisoned_to = self->session->sent_count;
    }
    for (statement *one = self->first; one != NULL; one = one->next) {
        give_result(one, self);
    }
    if (self->done != NULL) {
        cb_result result = {.status = self->status, .message = self->message};
        memcpy(result.sqlstate, self->sqlstate, sizeof(result.sqlstate));
        self->done(self->done_context, &result);
    }
}

static void on_answer(void *context, void *argument)
{
    batch *self = context;
    (void)argument;
    if (self->is_answered || client_of(self->session->client)->is_lost) {
        return;
    }
    self->session->first = self->next;
    if (self->next == NULL) {
        self->session->last = NULL;
    }
    answer(self);
}

/* Everything on its way is unknown; then the client is told that the connection is gone. */
static void on_lost(void *context, void *argument)
{
    dst_session *session = context;
    client *to = client_of(session->client);
    (void)argument;
    if (to->is_lost) {
        return;
    }
    to->is_lost = true;
    while (session->first != NULL) {
        batch *one = session->first;
        session->first = one->next;
        if (!one->is_answered) {
            one->status = CB_E_UNKNOWN;
            memcpy(one->sqlstate, "08006", 6);
            (void)snprintf(one->message, sizeof(one->message), "the connection broke");
            answer(one);
        }
    }
    if (to->lost_fn != NULL) {
        to->lost_fn(to->lost_context, "the connection broke");
    }
}

static void lose(dst_session *session)
{
    if (!session->is_open) {
        return;
    }
    close_session(session, NULL);
    if (!session->is_client_gone) {
        dst_deliver(session->process, dst->now_ns + LATENCY_MIN_NS, on_lost, session, NULL);
    }
}

static void terminate(void *context, void *argument)
{
    (void)argument;
    lose(context);
}

/* ---- applying ---- */

static void refuse(batch *self, const char *sqlstate, const char *message)
{
    self->status = CB_E_PEER;
    memcpy(self->sqlstate, sqlstate, sizeof(self->sqlstate));
    (void)snprintf(self->message, sizeof(self->message), "%s", message);
    self->session->is_poisoned |= self->is_transaction;
}

static void hash_statement(const statement *one)
{
    for (uint32_t i = 0; i < one->params_count; i++) {
        if (one->params[i] != NULL) {
            dst_hash(3, one->params[i], strlen(one->params[i]));
        }
    }
}

/* The database's own constraints are the last fence: a statement that runs into one is a bug, but
 * for the fence between two holders of the lease. */
static void note_refusal(const sql_db *db)
{
    const bool is_constraint = strncmp(db->sqlstate, "23", 2) == 0;
    const bool is_fence = strstr(db->error, "lease epoch") != NULL;
    if (!is_fence && (is_constraint || strncmp(db->sqlstate, "22", 2) == 0)) {
        dst_trouble("the database refused: %s", db->error);
    }
}

static bool run_statements(batch *self)
{
    sql_db *db = self->session->db;
    db->now_ns = dst_pg_now_ns();
    db->server_call = server_call;
    db->server_view = server_view;
    db->server_context = self->session;
    for (statement *one = self->first; one != NULL; one = one->next) {
        if (!sql_execute(db, one->parsed, one->params, one->params_count, &one->rows)) {
            refuse(self, db->sqlstate, db->error);
            dst_say("statement refused: %s %s", db->sqlstate, db->error);
            note_refusal(db);
            sql_rollback(db);
            return false;
        }
        hash_statement(one);
    }
    dst_note_commit(db);
    sql_commit(db);
    return true;
}

static void on_apply(void *context, void *argument)
{
    batch *self = context;
    dst_session *session = self->session;
    (void)argument;
    if (!session->is_open) {
        return;
    }
    static const char *const errors[][2] = {
        {"57014", "canceling statement due to statement timeout"},
        {"40001", "could not serialize access"},
        {"53100", "could not extend file: No space left on device"}};
    if (session->is_poisoned || self->number <= session->poisoned_to) {
        refuse(self, "25P02", "current transaction is aborted");
    } else if (self->is_late) {
        refuse(self, errors[0][0], errors[0][1]);
    } else if (dst_chance(dst->plan.pg_fail_ppm)) {
        const uint64_t which = dst_below(3);
        refuse(self, errors[which][0], errors[which][1]);
    } else if (dst_chance(dst->plan.pg_unknown_ppm)) {
        if (dst_below(2) == 0) {
            self->is_applied = run_statements(self);
        }
        dst_say("connection breaks in COMMIT, %s", self->is_applied ? "applied" : "not applied");
        lose(session);
        return;
    } else {
        self->is_applied = run_statements(self);
    }
    if (!session->is_client_gone) {
        dst_deliver(session->process,
            dst->now_ns + dst_between(LATENCY_MIN_NS / 2, LATENCY_MAX_NS / 2),
            on_answer,
            self,
            NULL);
    }
}

/* ---- sending ---- */

static batch *new_batch(client *self, bool is_transaction)
{
    batch *made = dst_alloc(sizeof(*made));
    *made = (batch){.session = self->session, .is_transaction = is_transaction};
    return made;
}

static statement *add_statement(
    batch *to, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    statement *one = dst_alloc(sizeof(*one));
    *one = (statement){.parsed = sql_prepare(sql), .fn = fn, .context = context};
    if (params != NULL) {
        one->params = dst_alloc(params->count * sizeof(one->params[0]) + 1);
        one->params_count = params->count;
        for (uint32_t i = 0; i < params->count; i++) {
            one->params[i] =
                params->values[i] == NULL
                    ? NULL
                    : sql_copy_text(&dst->memory, params->values[i], strlen(params->values[i]));
        }
    }
    if (to->last == NULL) {
        to->first = one;
    } else {
        to->last->next = one;
    }
    to->last = one;
    return one;
}

static void send(client *self, batch *one)
{
    dst_session *session = self->session;
    self->pending_count++;
    if (self->is_lost || !session->is_open) {
        one->status = CB_E_UNAVAILABLE;
        (void)snprintf(one->message, sizeof(one->message), "the connection is lost");
        dst_deliver(session->process, dst->now_ns, on_lost, session, NULL);
    }
    one->number = ++session->sent_count;
    one->next = NULL;
    if (session->last == NULL || session->first == NULL) {
        session->first = one;
    } else {
        session->last->next = one;
    }
    session->last = one;
    int64_t at_ns = dst->now_ns + dst_between(LATENCY_MIN_NS, LATENCY_MAX_NS);
    if (dst_chance(dst->plan.pg_slow_ppm)) {
        const int64_t slow_ns = dst_between(0, dst->plan.pg_slow_max_ns);
        one->is_late = slow_ns > TIMEOUT_NS;
        at_ns += slow_ns > TIMEOUT_NS ? TIMEOUT_NS : slow_ns;
    }
    session->last_apply_ns = at_ns > session->last_apply_ns ? at_ns : session->last_apply_ns;
    dst_at(session->last_apply_ns, on_apply, one, NULL);
}

void cb_pg_query(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    client *self = client_of(pg);
    dst_point("pg_query");
    batch *one = new_batch(self, false);
    (void)add_statement(one, sql, params, fn, context);
    send(self, one);
}

void cb_pg_query_values(cb_pg *pg,
    const char *sql,
    int count,
    const char *const *values,
    cb_result_fn fn,
    void *context)
{
    (void)count;
    (void)values;
    (void)sql;
    /* Batches of history: nobody of the order path reads them. */
    cb_pg_query(pg, "SELECT 1", NULL, fn, context);
}

void cb_pg_begin(cb_pg *pg)
{
    client *self = client_of(pg);
    CB_ASSERT(self->building == NULL);
    self->building = new_batch(self, true);
}

void cb_pg_add(cb_pg *pg, const char *sql, const cb_params *params)
{
    (void)add_statement(client_of(pg)->building, sql, params, NULL, NULL);
}

void cb_pg_add_fn(
    cb_pg *pg, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    (void)add_statement(client_of(pg)->building, sql, params, fn, context);
}

void cb_pg_commit(cb_pg *pg, void (*done)(void *context, const cb_result *result), void *context)
{
    client *self = client_of(pg);
    batch *one = self->building;
    CB_ASSERT(one != NULL);
    self->building = NULL;
    one->done = done;
    one->done_context = context;
    dst_point("pg_commit");
    send(self, one);
}

cb_status cb_pg_exec(cb_pg *pg,
    const char *sql,
    const cb_params *params,
    void (*fn)(void *context, const cb_row *row),
    void *context,
    cb_err *err)
{
    client *self = client_of(pg);
    dst_point("pg_exec");
    if (dst_chance(200000)) {
        dst_wait(dst->now_ns + dst_between(LATENCY_MIN_NS, 5 * DST_MS));
    }
    if (!self->session->is_open || dst_chance(dst->plan.pg_unknown_ppm)) {
        lose(self->session);
        return CB_FAIL(err, CB_E_UNKNOWN, "the connection broke");
    }
    batch one = {.session = self->session};
    statement *only = add_statement(&one, sql, params, NULL, NULL);
    if (!run_statements(&one)) {
        return CB_FAIL(err, CB_E_PEER, "%s: %s", one.sqlstate, one.message);
    }
    const struct pg_result answer_rows = {&only->rows};
    for (uint32_t i = 0; fn != NULL && i < only->rows.count; i++) {
        const struct cb_row row = {&answer_rows, (int)i};
        fn(context, &row);
    }
    return CB_OK;
}

uint32_t cb_pg_pending(const cb_pg *pg)
{
    return client_of(pg)->pending_count;
}

bool cb_pg_is_up(const cb_pg *pg)
{
    return !client_of(pg)->is_lost && client_of(pg)->session->is_open;
}

void cb_pg_on_lost(cb_pg *pg, void (*fn)(void *context, const char *why), void *context)
{
    client_of(pg)->lost_fn = fn;
    client_of(pg)->lost_context = context;
}

void dst_pg_restart(int64_t down_ns)
{
    dst_say("the database restarts, down for %.3f s", (double)down_ns / 1e9);
    world.down_until_ns = dst->now_ns + down_ns;
    for (dst_session *one = world.sessions; one != NULL; one = one->next) {
        lose(one);
    }
}

/* ---- what libpq says of a result ---- */

int PQnfields(const PGresult *result)
{
    return result->rows->shape == NULL ? 0 : (int)result->rows->shape->count;
}

int PQfnumber(const PGresult *result, const char *name)
{
    const sql_shape *shape = result->rows->shape;
    for (uint32_t i = 0; shape != NULL && i < shape->count; i++) {
        if (strcmp(shape->names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

char *PQfname(const PGresult *result, int column)
{
    return (char *)(uintptr_t)result->rows->shape->names[column];
}

int PQgetisnull(const PGresult *result, int row, int column)
{
    return result->rows->rows[row][column].kind == SQL_NULL;
}

char *PQgetvalue(const PGresult *result, int row, int column)
{
    const char *text = sql_print(&dst->memory, &result->rows->rows[row][column]);
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

int PQgetlength(const PGresult *result, int row, int column)
{
    return (int)strlen(PQgetvalue(result, row, column));
}
