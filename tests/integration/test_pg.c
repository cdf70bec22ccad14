/* The PostgreSQL wrapper and the migrations against a real server: order, durability, failing
 * transactions, lost connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "rt/loop.h"
#include "rt/migrate.h"
#include "rt/pg.h"
#include "tests/testing/stack.h"

#define WAIT_NS (20 * CB_NS_PER_S)
#define MANY_COUNT 10000

static stack servers; /* one for the whole program: cmocka's group setup owns it */
static char admin_dsn[192];

typedef struct fixture {
    cb_loop *loop;
    cb_pg *pg;
    cb_err err;
} fixture;

typedef struct seen {
    int calls_count;
    cb_status status;
    char sqlstate[6];
    char message[256];
    int64_t affected_count;
    int rows_count;
    char first[64];
    int order; /* of the last call, from a counter shared by the test */
    int *counter;
} seen;

static void note(seen *to, const cb_result *result)
{
    to->calls_count++;
    to->status = result->status;
    memcpy(to->sqlstate, result->sqlstate, sizeof(to->sqlstate));
    snprintf(to->message, sizeof(to->message), "%s", result->message);
    to->affected_count = result->affected_count;
    to->rows_count = result->rows_count;
    to->order = to->counter != NULL ? ++*to->counter : 0;
}

static void on_result(void *context, const cb_result *result, const cb_row *const *rows)
{
    seen *to = context;
    note(to, result);
    if (result->rows_count > 0) {
        snprintf(to->first, sizeof(to->first), "%s", cb_row_text(rows[0], 0));
    }
}

static void on_done(void *context, const cb_result *result)
{
    note(context, result);
}

static void keep_first(void *context, const cb_row *row)
{
    snprintf(context, 64, "%s", cb_row_text(row, 0));
}

static void wait_idle(fixture *f)
{
    const int64_t end_ns = cb_mono_ns() + WAIT_NS;
    while (cb_pg_pending(f->pg) > 0 && cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, CB_NS_PER_S);
    }
    assert_int_equal(cb_pg_pending(f->pg), 0);
}

static void must(fixture *f, cb_status status)
{
    if (status != CB_OK) {
        fail_msg("%s", f->err.text);
    }
}

static void exec(fixture *f, const char *sql)
{
    must(f, cb_pg_exec(f->pg, sql, NULL, NULL, NULL, &f->err));
}

/* The first column of the first row of a query on a second connection: only what is committed. */
static void ask(const char *sql, char out[64])
{
    cb_err err;
    cb_pg *pg = cb_pg_open(NULL, admin_dsn, "t", &err);
    assert_non_null(pg);
    out[0] = '\0';
    const cb_status status = cb_pg_exec(pg, sql, NULL, keep_first, out, &err);
    assert_int_equal(status, CB_OK);
    cb_pg_close(pg);
}

static void assert_asked(const char *sql, const char *expected)
{
    char got[64];
    ask(sql, got);
    assert_string_equal(got, expected);
}

static int start_cluster(void **state)
{
    (void)state;
    stack_start(&servers, STACK_PG);
    stack_dsn(&servers, "postgres", admin_dsn, sizeof(admin_dsn));
    return 0;
}

static int stop_cluster(void **state)
{
    (void)state;
    stack_stop(&servers);
    return 0;
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->loop = cb_loop_create(&f->err);
    f->pg = cb_pg_open(f->loop, admin_dsn, "t", &f->err);
    if (f->pg == NULL) {
        print_error("%s\n", f->err.text);
        return -1;
    }
    exec(f, "DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t");
    exec(f, "CREATE TABLE item (id bigint PRIMARY KEY, word text)");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_pg_close(f->pg);
    cb_loop_destroy(f->loop);
    free(f);
    return 0;
}

static const char SQL_INSERT[] = "INSERT INTO item (id, word) VALUES ($1, $2)";
static const char SQL_COUNT[] = "SELECT count(*) FROM item";

static const cb_params *item_params(cb_params *params, int64_t id, const char *word)
{
    cb_params_reset(params);
    cb_params_i64(params, id);
    cb_params_text(params, word);
    return params;
}

/* ---- blocking statements ---- */

static void pg_session_is_durable_and_sees_only_its_schema(void **state)
{
    fixture *f = *state;
    char got[64];
    static const char *const expected[][2] = {{"SHOW search_path", "t"},
        {"SHOW synchronous_commit", "on"},
        {"SHOW lock_timeout", "500ms"},
        {"SHOW client_encoding", "UTF8"},
        {"SHOW application_name", "t"},
        {"SHOW statement_timeout", "0"}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        must(f, cb_pg_exec(f->pg, expected[i][0], NULL, keep_first, got, &f->err));
        assert_string_equal(got, expected[i][1]);
    }
}

static void pg_open_refuses_a_schema_that_is_no_plain_name(void **state)
{
    (void)state;
    cb_err err;
    assert_null(cb_pg_open(NULL, admin_dsn, "t; DROP", &err));
    assert_int_equal(err.code, CB_E_CONFIG);
    assert_null(cb_pg_open(NULL, "host=/nowhere", "t", &err));
    assert_int_equal(err.code, CB_E_UNAVAILABLE);
}

typedef struct values_seen {
    int64_t number;
    int64_t lowest;
    bool is_true;
    bool is_null;
    cb_id id;
    size_t bytes_size;
    uint8_t bytes[8];
    char text[64];
} values_seen;

static void read_values(void *context, const cb_row *row)
{
    values_seen *to = context;
    to->number = cb_row_i64(row, 0);
    to->lowest = cb_row_i64(row, 1);
    to->is_true = cb_row_bool(row, 2);
    to->is_null =
        cb_row_is_null(row, 3) && cb_id_is_none(cb_row_id(row, 3)) && cb_row_i64(row, 3) == 0;
    to->id = cb_row_id(row, 4);
    to->bytes_size = cb_row_bytes(row, 5, to->bytes, sizeof(to->bytes));
    snprintf(to->text, sizeof(to->text), "%s", cb_row_text(row, 6));
}

static void pg_params_and_rows_keep_every_value(void **state)
{
    fixture *f = *state;
    const cb_id id = cb_id_make("test", 7, 42);
    const uint8_t bytes[3] = {0, 0xff, 0x5c};
    cb_params params;
    cb_params_reset(&params);
    cb_params_u64(&params, INT64_MAX);
    cb_params_i64(&params, INT64_MIN);
    cb_params_bool(&params, true);
    cb_params_id(&params, (cb_id){0, 0});
    cb_params_id(&params, id);
    cb_params_bytes(&params, bytes, sizeof(bytes));
    cb_params_text(&params, "it's \\ \"q\" é");
    values_seen got = {0};
    must(f,
        cb_pg_exec(f->pg,
            "SELECT $1::bigint, $2::bigint, $3::boolean, $4::uuid, $5::uuid, $6::bytea, $7::text",
            &params,
            read_values,
            &got,
            &f->err));
    assert_true(got.number == INT64_MAX);
    assert_true(got.lowest == INT64_MIN);
    assert_true(got.is_true);
    assert_true(got.is_null);
    assert_true(cb_id_equal(got.id, id));
    assert_int_equal(got.bytes_size, 3);
    assert_memory_equal(got.bytes, bytes, 3);
    assert_string_equal(got.text, "it's \\ \"q\" é");
}

static void pg_exec_reports_state_message_and_place(void **state)
{
    fixture *f = *state;
    assert_int_equal(
        cb_pg_exec(f->pg, "SELECT nothing FROM item", NULL, NULL, NULL, &f->err), CB_E_PEER);
    assert_non_null(strstr(f->err.text, "42703"));
    assert_non_null(strstr(f->err.text, "nothing"));
    assert_non_null(strstr(f->err.text, "character 8"));
    exec(f, "SELECT 1");
}

static void nested_exec(void *context, const cb_row *row)
{
    (void)row;
    fixture *f = context;
    assert_int_equal(cb_pg_exec(f->pg, "SELECT 1", NULL, NULL, NULL, &f->err), CB_E_STATE);
}

static void pg_exec_inside_a_row_callback_is_refused(void **state)
{
    fixture *f = *state;
    cb_err err;
    assert_int_equal(cb_pg_exec(f->pg, "SELECT 1", NULL, nested_exec, f, &err), CB_OK);
}

/* ---- lone statements ---- */

static void pg_query_tells_rows_and_affected_count_once_durable(void **state)
{
    fixture *f = *state;
    cb_params params;
    seen insert = {0};
    seen count = {0};
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 1, "one"), on_result, &insert);
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 2, "two"), on_result, &insert);
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &count);
    assert_int_equal(cb_pg_pending(f->pg), 3);
    assert_int_equal(insert.calls_count, 0);
    wait_idle(f);
    assert_int_equal(insert.calls_count, 2);
    assert_int_equal(insert.status, CB_OK);
    assert_int_equal(insert.affected_count, 1);
    assert_int_equal(count.rows_count, 1);
    assert_string_equal(count.first, "2");
    assert_asked("SELECT count(*) FROM item", "2");
}

static void pg_query_failure_leaves_the_others_alone(void **state)
{
    fixture *f = *state;
    cb_params params;
    seen good = {0};
    seen bad = {0};
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 1, "one"), on_result, &good);
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 1, "again"), on_result, &bad);
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 2, "two"), on_result, &good);
    wait_idle(f);
    assert_int_equal(good.calls_count, 2);
    assert_int_equal(good.status, CB_OK);
    assert_int_equal(bad.calls_count, 1);
    assert_int_equal(bad.status, CB_E_PEER);
    assert_string_equal(bad.sqlstate, "23505");
    assert_true(cb_pg_is_up(f->pg));
}

static void pg_query_that_cannot_be_prepared_tells_why_each_time(void **state)
{
    fixture *f = *state;
    static const char sql[] = "SELECT nothing FROM item";
    for (int i = 0; i < 2; i++) {
        seen bad = {0};
        cb_pg_query(f->pg, sql, NULL, on_result, &bad);
        wait_idle(f);
        assert_int_equal(bad.calls_count, 1);
        assert_int_equal(bad.status, CB_E_PEER);
        assert_non_null(strstr(bad.message, "nothing"));
    }
    /* and a later chance succeeds */
    exec(f, "ALTER TABLE item ADD COLUMN nothing text");
    seen good = {0};
    cb_pg_query(f->pg, sql, NULL, on_result, &good);
    wait_idle(f);
    assert_int_equal(good.status, CB_OK);
}

static void pg_query_reports_an_error_that_only_its_commit_finds(void **state)
{
    fixture *f = *state;
    exec(f, "CREATE TABLE child (item bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED)");
    seen bad = {0};
    seen good = {0};
    cb_pg_query(f->pg, "INSERT INTO child VALUES (77)", NULL, on_result, &bad);
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &good);
    wait_idle(f);
    assert_int_equal(bad.calls_count, 1);
    assert_int_equal(bad.status, CB_E_PEER);
    assert_string_equal(bad.sqlstate, "23503");
    assert_int_equal(good.calls_count, 1);
    assert_int_equal(good.status, CB_OK);
    assert_asked("SELECT count(*) FROM child", "0");
}

static void pg_many_queries_at_once_are_answered_in_order(void **state)
{
    fixture *f = *state;
    static char word[2001];
    memset(word, 'x', sizeof(word) - 1);
    cb_params params;
    static seen each[MANY_COUNT];
    memset(each, 0, sizeof(each));
    int counter = 0;
    for (int i = 0; i < MANY_COUNT; i++) {
        each[i].counter = &counter;
        cb_pg_query(
            f->pg, "SELECT $1::text || $2", item_params(&params, i, word), on_result, &each[i]);
    }
    wait_idle(f);
    for (int i = 0; i < MANY_COUNT; i++) {
        assert_int_equal(each[i].calls_count, 1);
        assert_int_equal(each[i].status, CB_OK);
        assert_int_equal(each[i].order, i + 1);
    }
}

static void pg_blocking_and_pipelined_statements_alternate(void **state)
{
    fixture *f = *state;
    char got[64];
    for (int i = 0; i < 3; i++) {
        seen count = {0};
        cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &count);
        assert_int_equal(cb_pg_exec(f->pg, "SELECT 1", NULL, NULL, NULL, &f->err), CB_E_STATE);
        wait_idle(f);
        assert_int_equal(count.status, CB_OK);
        must(f, cb_pg_exec(f->pg, "SHOW statement_timeout", NULL, keep_first, got, &f->err));
        assert_string_equal(got, "0");
    }
}

static void pg_waits_neither_for_locks_nor_for_slow_statements(void **state)
{
    fixture *f = *state;
    exec(f, "INSERT INTO item VALUES (1, 'one')");
    cb_pg *other = cb_pg_open(NULL, admin_dsn, "t", &f->err);
    assert_non_null(other);
    must(f, cb_pg_exec(other, "BEGIN; UPDATE item SET word = 'held'", NULL, NULL, NULL, &f->err));
    seen locked = {0};
    seen slow = {0};
    cb_pg_query(f->pg, "UPDATE item SET word = 'mine'", NULL, on_result, &locked);
    cb_pg_query(f->pg, "SELECT pg_sleep(30)", NULL, on_result, &slow);
    wait_idle(f);
    cb_pg_close(other);
    assert_string_equal(locked.sqlstate, "55P03");
    assert_int_equal(locked.status, CB_E_PEER);
    assert_string_equal(slow.sqlstate, "57014");
    assert_int_equal(slow.status, CB_E_PEER);
}

/* ---- transactions ---- */

static void pg_transaction_commits_all_and_calls_back_in_order(void **state)
{
    fixture *f = *state;
    cb_params params;
    int counter = 0;
    seen one = {.counter = &counter};
    seen two = {.counter = &counter};
    seen done = {.counter = &counter};
    cb_pg_begin(f->pg);
    cb_pg_add_fn(f->pg, SQL_INSERT, item_params(&params, 1, "one"), on_result, &one);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 2, "two"));
    cb_pg_add_fn(f->pg, SQL_COUNT, NULL, on_result, &two);
    cb_pg_commit(f->pg, on_done, &done);
    wait_idle(f);
    assert_int_equal(one.order, 1);
    assert_int_equal(two.order, 2);
    assert_int_equal(done.order, 3);
    assert_int_equal(done.status, CB_OK);
    assert_string_equal(two.first, "2");
    assert_asked("SELECT count(*) FROM item", "2");
}

static void pg_query_while_a_transaction_is_built_stays_outside(void **state)
{
    fixture *f = *state;
    cb_params params;
    seen lone = {0};
    seen done = {0};
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 1, "one"));
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 2, "two"), on_result, &lone);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 1, "conflict"));
    cb_pg_commit(f->pg, on_done, &done);
    wait_idle(f);
    assert_int_equal(lone.status, CB_OK);
    assert_int_equal(done.status, CB_E_PEER);
    assert_string_equal(done.sqlstate, "23505");
    assert_asked("SELECT string_agg(word, ',') FROM item", "two");
}

static void pg_failed_transaction_takes_down_what_was_sent_behind_it(void **state)
{
    fixture *f = *state;
    cb_params params;
    seen statement = {0};
    seen failed = {0};
    seen behind = {0};
    seen lone = {0};
    cb_pg_begin(f->pg);
    cb_pg_add_fn(f->pg, SQL_INSERT, item_params(&params, 1, "one"), on_result, &statement);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 1, "conflict"));
    cb_pg_commit(f->pg, on_done, &failed);
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 3, "three"));
    cb_pg_commit(f->pg, on_done, &behind);
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 4, "four"), on_result, &lone);
    wait_idle(f);
    assert_int_equal(failed.status, CB_E_PEER);
    assert_string_equal(failed.sqlstate, "23505");
    assert_int_equal(statement.calls_count, 1);
    assert_int_equal(statement.status, CB_E_PEER);
    assert_int_equal(behind.status, CB_E_PEER);
    assert_string_equal(behind.sqlstate, "25P02");
    assert_string_equal(lone.sqlstate, "25P02");
    assert_asked("SELECT count(*) FROM item", "0");

    /* What comes after the failure is known works again. */
    seen after = {0};
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 5, "five"));
    cb_pg_commit(f->pg, on_done, &after);
    wait_idle(f);
    assert_int_equal(after.status, CB_OK);
    assert_asked("SELECT string_agg(word, ',') FROM item", "five");
}

static void pg_transaction_fails_when_its_commit_fails(void **state)
{
    fixture *f = *state;
    exec(f, "CREATE TABLE child (item bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED)");
    seen done = {0};
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, "INSERT INTO child VALUES (77)", NULL);
    cb_pg_commit(f->pg, on_done, &done);
    wait_idle(f);
    assert_int_equal(done.status, CB_E_PEER);
    assert_string_equal(done.sqlstate, "23503");
    seen after = {0};
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &after);
    wait_idle(f);
    assert_int_equal(after.status, CB_OK);
}

static void pg_new_statement_first_used_in_a_failed_transaction_works_later(void **state)
{
    fixture *f = *state;
    static const char fresh[] = "SELECT max(id) FROM item";
    cb_params params;
    seen failed = {0};
    seen behind = {0};
    cb_pg_query(f->pg, SQL_INSERT, item_params(&params, 1, "one"), NULL, NULL);
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, SQL_INSERT, item_params(&params, 1, "conflict"));
    cb_pg_commit(f->pg, on_done, &failed);
    cb_pg_query(f->pg, fresh, NULL, on_result, &behind); /* its preparing fails with 25P02 */
    wait_idle(f);
    assert_int_equal(failed.status, CB_E_PEER);
    assert_int_equal(behind.status, CB_E_PEER);
    seen later = {0};
    cb_pg_query(f->pg, fresh, NULL, on_result, &later);
    wait_idle(f);
    assert_int_equal(later.status, CB_OK);
    assert_string_equal(later.first, "1");
}

/* ---- the end of a connection ---- */

typedef struct loss {
    int calls_count;
    char why[256];
} loss;

static void on_lost(void *context, const char *why)
{
    loss *to = context;
    to->calls_count++;
    snprintf(to->why, sizeof(to->why), "%s", why);
}

static void terminate_backends(void)
{
    char got[64];
    ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 't'"
        " AND pid <> pg_backend_pid()",
        got);
    assert_string_equal(got, "1");
}

static void pg_outcome_is_unknown_when_the_connection_breaks(void **state)
{
    fixture *f = *state;
    loss lost = {0};
    seen done = {0};
    seen lone = {0};
    cb_pg_on_lost(f->pg, on_lost, &lost);
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, "SELECT pg_sleep(1.5)", NULL);
    cb_pg_commit(f->pg, on_done, &done);
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &lone);
    terminate_backends();
    wait_idle(f);
    assert_int_equal(done.calls_count, 1);
    assert_int_equal(done.status, CB_E_UNKNOWN);
    assert_int_equal(lone.calls_count, 1);
    assert_int_equal(lone.status, CB_E_UNKNOWN);
    assert_int_equal(lost.calls_count, 1);
    assert_false(cb_pg_is_up(f->pg));

    seen later = {0};
    seen later_done = {0};
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &later);
    cb_pg_begin(f->pg);
    cb_pg_add(f->pg, SQL_COUNT, NULL);
    cb_pg_commit(f->pg, on_done, &later_done);
    assert_int_equal(later.status, CB_E_UNAVAILABLE);
    assert_int_equal(later_done.status, CB_E_UNAVAILABLE);
    assert_int_equal(lost.calls_count, 1);
    assert_int_equal(cb_pg_exec(f->pg, "SELECT 1", NULL, NULL, NULL, &f->err), CB_E_UNAVAILABLE);
}

static void pg_loss_is_noticed_while_idle(void **state)
{
    fixture *f = *state;
    loss lost = {0};
    seen first = {0};
    cb_pg_on_lost(f->pg, on_lost, &lost);
    cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &first);
    wait_idle(f);
    terminate_backends();
    const int64_t end_ns = cb_mono_ns() + WAIT_NS;
    while (lost.calls_count == 0 && cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, CB_NS_PER_S);
    }
    assert_int_equal(lost.calls_count, 1);
    assert_non_null(strstr(lost.why, "administrator"));
}

static void pg_counts_as_lost_when_the_server_does_not_keep_up(void **state)
{
    fixture *f = *state;
    loss lost = {0};
    seen answers = {0};
    cb_pg_on_lost(f->pg, on_lost, &lost);
    int sent_count = 0;
    while (cb_pg_is_up(f->pg) && sent_count < 40000) {
        cb_pg_query(f->pg, SQL_COUNT, NULL, on_result, &answers);
        sent_count++;
    }
    assert_true(sent_count > 16000 && sent_count < 17000);
    assert_int_equal(answers.calls_count, sent_count);
    assert_int_equal(lost.calls_count, 1);
    assert_non_null(strstr(lost.why, "does not keep up"));
}

/* ---- migrations ---- */

static const cb_migration MIGRATIONS[] = {
    {"0001_first",
        "CREATE TABLE account (id bigint PRIMARY KEY, cash_e8 bigint NOT NULL);"
        "INSERT INTO account VALUES (1, 5);"},
    {"0002_second", "ALTER TABLE account ADD COLUMN word text;"},
};

static void assert_migrated(const cb_migration *migrations, size_t count)
{
    cb_err err;
    if (cb_migrate(admin_dsn, "t", "t_app", migrations, count, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
}

static void migrate_applies_once_in_order_and_grants_no_delete(void **state)
{
    fixture *f = *state;
    exec(f, "DROP SCHEMA t CASCADE");
    exec(f, "DO $$ BEGIN CREATE ROLE t_app LOGIN; EXCEPTION WHEN duplicate_object THEN END $$");
    assert_migrated(MIGRATIONS, 1);
    assert_migrated(MIGRATIONS, 2);
    assert_migrated(MIGRATIONS, 2);
    assert_asked("SELECT count(*) FROM account WHERE word IS NULL", "1");
    assert_asked("SELECT count(*) FROM migration WHERE name NOT LIKE 'rt/%'", "2");

    char dsn[256];
    stack_dsn(&servers, "t_app", dsn, sizeof(dsn));
    cb_pg *app = cb_pg_open(NULL, dsn, "t", &f->err);
    assert_non_null(app);
    must(f, cb_pg_exec(app, "UPDATE account SET word = 'x'", NULL, NULL, NULL, &f->err));
    must(f, cb_pg_exec(app, "SELECT * FROM migration", NULL, NULL, NULL, &f->err));
    static const char *const forbidden[] = {"DELETE FROM account",
        "TRUNCATE account",
        "DROP TABLE account",
        "INSERT INTO migration VALUES ('x', 'y')",
        "CREATE TABLE other (id int)"};
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        assert_int_equal(cb_pg_exec(app, forbidden[i], NULL, NULL, NULL, &f->err), CB_E_PEER);
        assert_non_null(strstr(f->err.text, "42501"));
    }
    cb_pg_close(app);
    exec(f, "DROP SCHEMA t CASCADE; DROP ROLE t_app");
}

static void migrate_refuses_a_changed_text_and_a_newer_schema(void **state)
{
    fixture *f = *state;
    exec(f, "DROP SCHEMA t CASCADE");
    cb_err err;
    assert_int_equal(cb_migrate(admin_dsn, "t", "", MIGRATIONS, 2, &err), CB_OK);
    assert_int_equal(cb_migrate(admin_dsn, "t", "", MIGRATIONS, 1, &err), CB_E_CORRUPT);
    assert_non_null(strstr(err.text, "0002_second"));
    cb_migration changed[2] = {MIGRATIONS[0], MIGRATIONS[1]};
    changed[0].sql = "CREATE TABLE account (id bigint);";
    assert_int_equal(cb_migrate(admin_dsn, "t", "", changed, 2, &err), CB_E_CORRUPT);
    assert_non_null(strstr(err.text, "0001_first"));
}

static void migrate_leaves_nothing_of_a_failing_migration(void **state)
{
    fixture *f = *state;
    exec(f, "DROP SCHEMA t CASCADE");
    const cb_migration broken[2] = {
        MIGRATIONS[0], {"0002_broken", "CREATE TABLE half (id bigint); SELECT nonsense;"}};
    cb_err err;
    assert_int_equal(cb_migrate(admin_dsn, "t", "", broken, 2, &err), CB_E_PEER);
    assert_non_null(strstr(err.text, "0002_broken"));
    assert_non_null(strstr(err.text, "nonsense"));
    assert_asked("SELECT to_regclass('half') IS NULL AND to_regclass('account') IS NOT NULL", "t");
    assert_int_equal(cb_migrate(admin_dsn, "t", "", MIGRATIONS, 2, &err), CB_OK);
}

static void migrate_says_when_there_is_no_server(void **state)
{
    (void)state;
    cb_err err;
    assert_int_equal(cb_migrate("host=/nowhere", "t", "", MIGRATIONS, 2, &err), CB_E_UNAVAILABLE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pg_session_is_durable_and_sees_only_its_schema),
        CASE(pg_open_refuses_a_schema_that_is_no_plain_name),
        CASE(pg_params_and_rows_keep_every_value),
        CASE(pg_exec_reports_state_message_and_place),
        CASE(pg_exec_inside_a_row_callback_is_refused),
        CASE(pg_query_tells_rows_and_affected_count_once_durable),
        CASE(pg_query_failure_leaves_the_others_alone),
        CASE(pg_query_that_cannot_be_prepared_tells_why_each_time),
        CASE(pg_query_reports_an_error_that_only_its_commit_finds),
        CASE(pg_many_queries_at_once_are_answered_in_order),
        CASE(pg_blocking_and_pipelined_statements_alternate),
        CASE(pg_waits_neither_for_locks_nor_for_slow_statements),
        CASE(pg_transaction_commits_all_and_calls_back_in_order),
        CASE(pg_query_while_a_transaction_is_built_stays_outside),
        CASE(pg_failed_transaction_takes_down_what_was_sent_behind_it),
        CASE(pg_transaction_fails_when_its_commit_fails),
        CASE(pg_new_statement_first_used_in_a_failed_transaction_works_later),
        CASE(pg_outcome_is_unknown_when_the_connection_breaks),
        CASE(pg_loss_is_noticed_while_idle),
        CASE(pg_counts_as_lost_when_the_server_does_not_keep_up),
        CASE(migrate_applies_once_in_order_and_grants_no_delete),
        CASE(migrate_refuses_a_changed_text_and_a_newer_schema),
        CASE(migrate_leaves_nothing_of_a_failing_migration),
        CASE(migrate_says_when_there_is_no_server),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
