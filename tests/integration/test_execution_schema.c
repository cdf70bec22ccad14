/* What the tables of execution refuse, and what the claim statement lets through, on a real
 * PostgreSQL: transitions, versions, signatures, leases of the past, kill levels, deadlines. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "domain/order.h"
#include "rt/migrate.h"
#include "rt/pg.h"
#include "services/execution/claim.h"
#include "tests/testing/stack.h"

#define NOW_NS (INT64_C(1700000000) * CB_NS_PER_S)

#define MIGRATIONS_MAX 32

static stack env;
static cb_loop *loop;
static cb_pg *pg;
static cb_params params;
static char owner_dsn[512];
static char app_dsn[512];
static const cb_id owner = {1, 1};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, (size_t)256 * 1024);
    assert_non_null(text);
    const size_t size = fread(text, 1, (size_t)256 * 1024 - 1, file);
    assert_true(size > 0);
    (void)fclose(file);
    return text;
}

/* All that the service has, in order. */
static void migrate_all(void)
{
    cb_migration migrations[MIGRATIONS_MAX];
    glob_t files;
    cb_err err = {0};
    assert_int_equal(glob("services/execution/migrations/*.sql", 0, NULL, &files), 0);
    assert_true(files.gl_pathc <= MIGRATIONS_MAX);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *name = strrchr(files.gl_pathv[i], '/') + 1;
        migrations[i] = (cb_migration){
            strndup(name, strlen(name) - strlen(".sql")), read_file(files.gl_pathv[i])};
    }
    if (cb_migrate(owner_dsn, "execution", "execution", migrations, files.gl_pathc, &err) !=
        CB_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < files.gl_pathc; i++) {
        free((void *)(uintptr_t)migrations[i].name);
        free((void *)(uintptr_t)migrations[i].sql);
    }
    globfree(&files);
}

static int setup_group(void **context)
{
    (void)context;
    stack_start(&env, STACK_PG);
    stack_add_service(&env, "execution");
    stack_dsn(&env, "execution_owner", owner_dsn, sizeof(owner_dsn));
    stack_dsn(&env, "execution", app_dsn, sizeof(app_dsn));
    migrate_all();
    cb_err err = {0};
    loop = cb_loop_create(&err);
    pg = cb_pg_open(loop, app_dsn, "execution", &err);
    assert_non_null(pg);
    return 0;
}

static int teardown_group(void **context)
{
    (void)context;
    cb_pg_close(pg);
    cb_loop_destroy(loop);
    stack_stop(&env);
    return 0;
}

/* ---- doing things as the service's own role ---- */

static int rows_seen;

static void count_row(void *context, const cb_row *row)
{
    (void)context;
    (void)row;
    rows_seen++;
}

/* True when the statement was accepted. */
static bool run(const char *sql)
{
    cb_err err = {0};
    rows_seen = 0;
    cb_params_reset(&params);
    return cb_pg_exec(pg, sql, &params, count_row, NULL, &err) == CB_OK;
}

static void must(const char *sql)
{
    cb_err err = {0};
    cb_params_reset(&params);
    if (cb_pg_exec(pg, sql, &params, NULL, NULL, &err) != CB_OK) {
        fail_msg("%s: %s", sql, err.text);
    }
}

static int orders_made;

/* A READY order; its number becomes the last digits of its ids. */
static cb_id make_order(bool reduce_only, const char *purpose)
{
    const cb_id id = {77, (uint64_t)++orders_made};
    char text[CB_ID_TEXT_MAX];
    char sql[2048];
    cb_id_print(id, text);
    (void)snprintf(sql,
        sizeof(sql),
        "INSERT INTO orders (intent_id, permit_id, account, venue, symbol, strategy,"
        " client_order_id, venue_order_id, version, state, side, purpose, order_type, tif,"
        " reduce_only, qty_e8, limit_price_e8, cum_qty_e8, cum_quote_e8, reason, not_after_ns,"
        " sign_ts_ns, sent_ns, answered_ns, is_external, stop_loss_e8, take_profit_e8,"
        " lease_epoch, ts_ns) VALUES ('%s', '%s', 'main', 'binance', 'BTCUSDT', 'trend',"
        " 'client-%016d', '', 1, 'ready', 'buy', '%s', 'market', 'none', %s, 100, 0, 0, 0,"
        " '', %lld, 0, 0, 0, false, 0, 0, 1, 5)",
        text,
        text,
        orders_made,
        purpose,
        reduce_only ? "true" : "false",
        (long long)(NOW_NS + CB_NS_PER_S));
    must(sql);
    return id;
}

static cb_id entry(void)
{
    return make_order(false, "entry");
}

static bool update(cb_id id, const char *assignments)
{
    char text[CB_ID_TEXT_MAX];
    char sql[1024];
    cb_id_print(id, text);
    (void)snprintf(
        sql, sizeof(sql), "UPDATE orders SET %s WHERE intent_id = '%s'", assignments, text);
    return run(sql);
}

typedef struct claim {
    cb_id intent_id;
    cb_id owner;
    uint64_t epoch;
    int64_t now_ns; /* 0: PostgreSQL's */
} claim;

/* How many rows the claim changed: 1 = ours now. */
static int try_claim(const claim *c)
{
    cb_err err = {0};
    rows_seen = 0;
    cb_params_reset(&params);
    cb_params_id(&params, c->intent_id);
    cb_params_id(&params, c->owner);
    cb_params_u64(&params, c->epoch);
    cb_params_id(&params, (cb_id){9, 9});
    cb_params_i64(&params, NOW_NS);
    cb_params_i64(&params, 3000);
    if (c->now_ns != 0) {
        cb_params_i64(&params, c->now_ns);
    } else {
        cb_params_null(&params);
    }
    if (cb_pg_exec(pg, EXEC_SQL_CLAIM, &params, count_row, NULL, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    return rows_seen;
}

static claim claim_of(cb_id intent_id)
{
    return (claim){intent_id, owner, 1, NOW_NS};
}

static int setup(void **context)
{
    (void)context;
    must("UPDATE kill SET level = 0");
    must("INSERT INTO lease VALUES ('main', 'binance', '00000000-0000-0001-0000-000000000001', 1,"
         " clock_timestamp() + interval '1 hour') ON CONFLICT (account, venue) DO UPDATE SET"
         " owner = excluded.owner, epoch = 1, expires_at = excluded.expires_at");
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

/* ---- the claim ---- */

static void ready_order_is_claimed_once(void **context)
{
    (void)context;
    const claim c = claim_of(entry());
    assert_int_equal(try_claim(&c), 1);
    assert_int_equal(try_claim(&c), 0);
    assert_int_equal(
        stack_sql_i64(&env, "SELECT count(*) FROM execution.order_event WHERE state = 'sending'"),
        1);
}

static void claim_needs_the_present_lease(void **context)
{
    (void)context;
    claim c = claim_of(entry());
    c.epoch = 2;
    assert_int_equal(try_claim(&c), 0);
    c.epoch = 1;
    c.owner = (cb_id){1, 2};
    assert_int_equal(try_claim(&c), 0);
    c.owner = owner;
    must("UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms'");
    assert_int_equal(try_claim(&c), 0);
    must("UPDATE lease SET expires_at = clock_timestamp() + interval '1 hour'");
    assert_int_equal(try_claim(&c), 1);
}

static void claim_ends_at_not_after(void **context)
{
    (void)context;
    claim c = claim_of(entry());
    c.now_ns = NOW_NS + CB_NS_PER_S; /* exactly not_after */
    assert_int_equal(try_claim(&c), 0);
    c.now_ns--;
    assert_int_equal(try_claim(&c), 1);
    c = claim_of(entry());
    c.now_ns = 0; /* by PostgreSQL's clock that was years ago */
    assert_int_equal(try_claim(&c), 0);
}

static void claim_obeys_kill_levels(void **context)
{
    (void)context;
    const char *const hits[] = {
        "*", "venue:binance", "account:main", "symbol:BTCUSDT", "strategy:trend", "user:x"};
    const char *const misses[] = {
        "venue:kraken", "account:other", "symbol:ETHUSDT", "strategy:other"};
    char sql[512];
    claim c = claim_of(entry());
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        (void)snprintf(sql,
            sizeof(sql),
            "INSERT INTO kill VALUES ('%s', 'risk', 1, '', '', 0, 1)"
            " ON CONFLICT (scope, source) DO UPDATE SET level = 1",
            hits[i]);
        must(sql);
        assert_int_equal(try_claim(&c), 0);
        must("UPDATE kill SET level = 0");
    }
    for (size_t i = 0; i < sizeof(misses) / sizeof(misses[0]); i++) {
        (void)snprintf(sql,
            sizeof(sql),
            "INSERT INTO kill VALUES ('%s', 'risk', 4, '', '', 0, 1)"
            " ON CONFLICT (scope, source) DO UPDATE SET level = 4",
            misses[i]);
        must(sql);
    }
    assert_int_equal(try_claim(&c), 1);
}

static void levels_let_reducing_orders_through_as_they_should(void **context)
{
    (void)context;
    const struct {
        int level;
        const char *purpose;
        int claimed;
    } rows[] = {{1, "exit", 1},
        {2, "exit", 0},
        {2, "flatten", 0},
        {3, "exit", 0},
        {3, "flatten", 1},
        {4, "flatten", 0},
        {5, "flatten", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sql[256];
        (void)snprintf(sql,
            sizeof(sql),
            "INSERT INTO kill VALUES ('*', 'risk', %d, '', '', 0, 1)"
            " ON CONFLICT (scope, source) DO UPDATE SET level = %d",
            rows[i].level,
            rows[i].level);
        must(sql);
        const claim c = claim_of(make_order(true, rows[i].purpose));
        assert_int_equal(try_claim(&c), rows[i].claimed);
    }
}

/* ---- what the tables refuse ---- */

/* An order that was claimed and told as SENDING, version 2. */
static cb_id sending(void)
{
    const claim c = claim_of(entry());
    assert_int_equal(try_claim(&c), 1);
    assert_true(update(c.intent_id, "version = 2"));
    return c.intent_id;
}

static void versions_have_no_gaps_and_no_repeats(void **context)
{
    (void)context;
    const cb_id id = sending();
    assert_false(update(id, "state = 'open'"));
    assert_false(update(id, "state = 'open', version = 4"));
    assert_false(update(id, "state = 'open', version = 1"));
    assert_true(update(id, "state = 'open', version = 3"));
}

static void only_allowed_transitions(void **context)
{
    (void)context;
    static const char *const states[] = {"ready",
        "sending",
        "unknown",
        "open",
        "partially_filled",
        "filled",
        "canceled",
        "expired",
        "rejected",
        "not_sent"};
    /* From each state that an order can be brought to, everything is tried; the edges say what may
     * be, and libcommon/domain/order.h says what the edges must be. */
    char sql[256];
    for (size_t from = 0; from < sizeof(states) / sizeof(states[0]); from++) {
        for (size_t to = 0; to < sizeof(states) / sizeof(states[0]); to++) {
            uint32_t from_state = 0;
            uint32_t to_state = 0;
            assert_true(cb_enum_parse(
                &cb_order_state_desc, states[from], strlen(states[from]), &from_state));
            assert_true(
                cb_enum_parse(&cb_order_state_desc, states[to], strlen(states[to]), &to_state));
            (void)snprintf(sql,
                sizeof(sql),
                "SELECT count(*) FROM execution.order_edge WHERE from_state = '%s' AND"
                " to_state = '%s'",
                states[from],
                states[to]);
            /* The claim leaves SENDING before it is told: told it is SENDING once more. */
            const bool is_told = strcmp(states[from], "sending") == 0 && from == to;
            const bool is_allowed =
                cb_order_can_move((cb_order_state)from_state, (cb_order_state)to_state);
            if (stack_sql_i64(&env, sql) != (is_allowed || is_told)) {
                fail_msg("%s to %s", states[from], states[to]);
            }
        }
    }
    const cb_id id = sending();
    assert_false(update(id, "state = 'ready', version = 3"));
    assert_false(update(id, "version = 3")); /* sent once */
    assert_true(update(id, "state = 'rejected', version = 3"));
    assert_false(update(id, "state = 'open', version = 4"));
}

static void terms_and_signature_never_change(void **context)
{
    (void)context;
    const cb_id id = sending();
    static const char *const changes[] = {"qty_e8 = qty_e8 + 1",
        "trigger_price_e8 = 1",
        "group_id = gen_random_uuid()",
        "limit_price_e8 = 5",
        "symbol = 'ETHUSDT'",
        "side = 'sell'",
        "client_order_id = 'client-9999999999999999'",
        "permit_id = gen_random_uuid()",
        "reduce_only = true",
        "not_after_ns = not_after_ns + 1",
        "sign_ts_ns = sign_ts_ns + 1",
        "claim_nonce = gen_random_uuid()",
        "is_external = true"};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "state = 'open', version = 3, %s", changes[i]);
        if (update(id, text)) {
            fail_msg("accepted: %s", changes[i]);
        }
    }
    assert_true(update(id, "state = 'open', version = 3, venue_order_id = '17'"));
    assert_false(update(id, "state = 'partially_filled', version = 4, venue_order_id = '18'"));
}

static void executed_quantity_never_falls_nor_exceeds_the_order(void **context)
{
    (void)context;
    const cb_id id = sending();
    assert_true(update(id, "state = 'partially_filled', version = 3, cum_qty_e8 = 60"));
    assert_false(update(id, "state = 'partially_filled', version = 4, cum_qty_e8 = 59"));
    assert_false(update(id, "state = 'partially_filled', version = 4, cum_qty_e8 = 101"));
    assert_true(update(id, "state = 'filled', version = 4, cum_qty_e8 = 100"));
}

/* For the tests that follow; no one but the database's administrator could. */
static void lease_back_to_one(void)
{
    char out[64];
    stack_sql(&env,
        "ALTER TABLE execution.lease DISABLE TRIGGER lease_guard;"
        " UPDATE execution.lease SET epoch = 1;"
        " ALTER TABLE execution.lease ENABLE TRIGGER lease_guard",
        out,
        sizeof(out));
}

static void writer_of_an_old_lease_is_refused(void **context)
{
    (void)context;
    const cb_id id = sending();
    must("UPDATE lease SET epoch = 2");
    assert_false(update(id, "state = 'open', version = 3"));
    assert_true(update(id, "state = 'open', version = 3, lease_epoch = 2"));
    lease_back_to_one();
    assert_false(update(id, "state = 'canceled', version = 4, lease_epoch = 1"));
}

static const char insert_order[] =
    "INSERT INTO orders (intent_id, permit_id, account, venue, symbol, strategy,"
    " client_order_id, venue_order_id, version, state, side, purpose, order_type, tif,"
    " reduce_only, qty_e8, limit_price_e8, cum_qty_e8, cum_quote_e8, reason, not_after_ns,"
    " sign_ts_ns, sent_ns, answered_ns, is_external, stop_loss_e8, take_profit_e8,"
    " lease_epoch) VALUES (gen_random_uuid(), '00000000-0000-0000-0000-%012d', 'main', 'binance',"
    " 'BTCUSDT', '', 'client-%s', '', %d, '%s', 'buy', 'entry', 'market', 'none', false, 1,"
    " 0, 0, 0, '', 0, %d, 0, 0, false, 0, 0, 1)";

static void permit_leads_to_one_order(void **context)
{
    (void)context;
    char sql[1024];
    (void)snprintf(sql, sizeof(sql), insert_order, 1, "permitpermit0001", 1, "ready", 0);
    assert_true(run(sql));
    (void)snprintf(sql, sizeof(sql), insert_order, 1, "permitpermit0002", 1, "ready", 0);
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert_order, 2, "permitpermit0002", 1, "ready", 0);
    assert_true(run(sql));
}

static void order_begins_ready_with_version_one(void **context)
{
    (void)context;
    char sql[1024];
    (void)snprintf(sql, sizeof(sql), insert_order, 3, "aaaaaaaaaaaaaaaa", 2, "ready", 0);
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert_order, 3, "aaaaaaaaaaaaaaaa", 1, "open", 5);
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert_order, 3, "short", 1, "ready", 0);
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert_order, 3, "aaaaaaaaaaaaaaaa", 1, "ready", 0);
    assert_true(run(sql));
    assert_false(run(sql)); /* the name at the venue is used once */
}

static void fills_are_unique_and_never_change(void **context)
{
    (void)context;
    const cb_id id = sending();
    char text[CB_ID_TEXT_MAX];
    char sql[1024];
    cb_id_print(id, text);
    static const char insert[] =
        "INSERT INTO fills (account, venue, symbol, trade_id, venue_order_id, intent_id,"
        " client_order_id, strategy, side, purpose, price_e8, qty_e8, quote_qty_e8, fee_e8,"
        " fee_asset, is_maker, source, venue_ts_ns, base_asset, quote_asset) VALUES ('main',"
        " 'binance', '%s', 4711, '1', '%s', '', '', 'buy', 'entry', %d, 1, 1, -5, 'BNB', false,"
        " 'stream', 0, 'BTC', 'USDT')";
    (void)snprintf(sql, sizeof(sql), insert, "BTCUSDT", text, 0);
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert, "BTCUSDT", text, 7);
    assert_true(run(sql));
    assert_false(run(sql));
    (void)snprintf(sql, sizeof(sql), insert, "ETHUSDT", text, 7); /* ids are per symbol */
    assert_true(run(sql));
    assert_false(run("UPDATE fills SET qty_e8 = 2"));
}

static void nothing_is_deleted(void **context)
{
    (void)context;
    static const char *const tables[] = {"orders",
        "order_event",
        "fills",
        "balances",
        "kill",
        "lease",
        "reconciliation",
        "refusal",
        "venue_request",
        "trade_mark"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        assert_false(run(sql));
        (void)snprintf(sql, sizeof(sql), "TRUNCATE %s CASCADE", tables[i]);
        assert_false(run(sql));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ready_order_is_claimed_once),
        TEST(claim_needs_the_present_lease),
        TEST(claim_ends_at_not_after),
        TEST(claim_obeys_kill_levels),
        TEST(levels_let_reducing_orders_through_as_they_should),
        TEST(versions_have_no_gaps_and_no_repeats),
        TEST(only_allowed_transitions),
        TEST(terms_and_signature_never_change),
        TEST(executed_quantity_never_falls_nor_exceeds_the_order),
        TEST(writer_of_an_old_lease_is_refused),
        TEST(permit_leads_to_one_order),
        TEST(order_begins_ready_with_version_one),
        TEST(fills_are_unique_and_never_change),
        TEST(nothing_is_deleted),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
