/* The lease between two instances of execution, on a real PostgreSQL with the role of the service:
 * who may take it when, and that a holder of yesterday changes nothing: not the lease, not an
 * order, not the tables of the runtime. Expiry is set in the table, so nothing here waits for a
 * clock. */
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
#include "rt/pg.h"
#include "services/execution/claim.h"
#include "services/execution/lease_sql.h"
#include "tests/testing/schema.h"

static stack env;
static char app_dsn[512];

/* One instance: a session of the service's role, with its name and its idea of the lease. */
typedef struct instance {
    cb_pg *pg;
    const char *name;
    cb_id owner;
    uint64_t epoch;
} instance;

static instance a;
static instance b;
static cb_params params;

static int setup_group(void **context)
{
    (void)context;
    stack_start(&env, STACK_PG);
    assert_true(schema_make(&env, "execution"));
    stack_dsn(&env, "execution", app_dsn, sizeof(app_dsn));
    return 0;
}

static int teardown_group(void **context)
{
    (void)context;
    stack_stop(&env);
    return 0;
}

static void admin(const char *sql)
{
    char out[256];
    stack_sql(&env, sql, out, sizeof(out));
}

static instance connect_as(const char *name, uint64_t number)
{
    cb_err err = {0};
    instance made = {.name = name, .owner = {5, number}};
    made.pg = cb_pg_open(NULL, app_dsn, "execution", &err);
    if (made.pg == NULL) {
        fail_msg("%s", err.text);
    }
    return made;
}

static int setup(void **context)
{
    (void)context;
    admin("SET client_min_messages = warning;"
          "TRUNCATE execution.lease, execution.lease_taken, execution.orders CASCADE");
    a = connect_as("a", 1);
    b = connect_as("b", 2);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    cb_pg_close(a.pg);
    cb_pg_close(b.pg);
    return 0;
}

/* ---- what an instance does ---- */

typedef struct look {
    uint64_t epoch;
    bool is_free;
    bool is_predecessor;
    bool is_calm_broken;
} look;

static void take_look(void *context, const cb_row *row)
{
    *(look *)context = (look){(uint64_t)cb_row_i64(row, 0),
        cb_row_bool(row, 1),
        cb_row_bool(row, 2),
        cb_row_bool(row, 3)};
}

static void take_number(void *context, const cb_row *row)
{
    *(uint64_t *)context = (uint64_t)cb_row_i64(row, 0);
}

static void ignore(void *context, const cb_row *row)
{
    (void)context;
    (void)row;
}

static void put_place(void)
{
    cb_params_reset(&params);
    cb_params_text(&params, "main");
    cb_params_text(&params, "binance");
}

static look look_at(const instance *who)
{
    look found = {0};
    cb_err err = {0};
    put_place();
    cb_params_text(&params, who->name);
    if (cb_pg_exec(who->pg, EXEC_SQL_LEASE_LOOK, &params, take_look, &found, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    return found;
}

/* The epoch that was given, 0 when none was. */
static uint64_t take(instance *who, uint64_t seen_epoch)
{
    uint64_t epoch = 0;
    cb_err err = {0};
    put_place();
    cb_params_id(&params, who->owner);
    cb_params_text(&params, who->name);
    cb_params_u64(&params, seen_epoch);
    if (cb_pg_exec(who->pg, EXEC_SQL_LEASE_TAKE, &params, take_number, &epoch, &err) != CB_OK) {
        return 0;
    }
    who->epoch = epoch != 0 ? epoch : who->epoch;
    return epoch;
}

static void put_identity(const instance *who)
{
    put_place();
    cb_params_id(&params, who->owner);
    cb_params_u64(&params, who->epoch);
}

static bool renew(const instance *who)
{
    uint64_t epoch = 0;
    cb_err err = {0};
    put_identity(who);
    return cb_pg_exec(who->pg, EXEC_SQL_LEASE_RENEW, &params, take_number, &epoch, &err) == CB_OK &&
           epoch == who->epoch;
}

static bool passes_fence(const instance *who)
{
    cb_err err = {0};
    put_identity(who);
    return cb_pg_exec(who->pg, EXEC_SQL_LEASE_FENCE, &params, ignore, NULL, &err) == CB_OK;
}

static bool run(const instance *who, const char *sql)
{
    cb_err err = {0};
    cb_params_reset(&params);
    return cb_pg_exec(who->pg, sql, &params, ignore, NULL, &err) == CB_OK;
}

static void expire(void)
{
    admin("UPDATE execution.lease SET expires_at = clock_timestamp() - interval '1 ms'");
}

/* The last take-over is long ago. */
static void calm_down(void)
{
    admin("ALTER TABLE execution.lease_taken DISABLE TRIGGER USER;"
          "UPDATE execution.lease_taken SET taken_at = taken_at - interval '11 s';"
          "ALTER TABLE execution.lease_taken ENABLE TRIGGER USER");
}

static void make_order(const instance *who, int number)
{
    char sql[1024];
    (void)snprintf(sql,
        sizeof(sql),
        "INSERT INTO orders (intent_id, permit_id, account, venue, symbol, strategy,"
        " client_order_id, venue_order_id, version, state, side, purpose, order_type, tif,"
        " reduce_only, qty_e8, limit_price_e8, cum_qty_e8, cum_quote_e8, reason, not_after_ns,"
        " sign_ts_ns, sent_ns, answered_ns, is_external, stop_loss_e8, take_profit_e8,"
        " lease_epoch, ts_ns) SELECT i, i, 'main', 'binance', 'BTCUSDT', 'trend',"
        " 'client-' || lpad('%d', 16, '0'), '', 1, 'ready', 'buy', 'entry', 'market', 'none', "
        "false,"
        " 100, 0, 0, 0, '', 9000000000000000000, 0, 0, 0, false, 0, 0, %llu, 5"
        " FROM (SELECT ('00000000-0000-0000-0000-' || lpad('%d', 12, '0'))::uuid AS i) n",
        number,
        (unsigned long long)who->epoch,
        number);
    assert_true(run(who, sql));
}

static int claim(const instance *who, int number)
{
    cb_err err = {0};
    cb_params_reset(&params);
    cb_params_id(&params, (cb_id){0, (uint64_t)number});
    cb_params_id(&params, who->owner);
    cb_params_u64(&params, who->epoch);
    cb_params_id(&params, (cb_id){9, who->epoch});
    cb_params_i64(&params, 1700000000 * CB_NS_PER_S);
    cb_params_i64(&params, 3000);
    cb_params_null(&params);
    const cb_status status = cb_pg_exec(who->pg, EXEC_SQL_CLAIM, &params, NULL, NULL, &err);
    if (status != CB_OK) {
        fail_msg("%s", err.text);
    }
    char sql[160];
    (void)snprintf(sql,
        sizeof(sql),
        "SELECT count(*) FROM execution.orders WHERE intent_id ="
        " ('00000000-0000-0000-0000-' || lpad('%d', 12, '0'))::uuid AND state = 'sending'",
        number);
    return (int)stack_sql_i64(&env, sql);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- taking ---- */

static void first_instance_takes_epoch_one(void **context)
{
    (void)context;
    assert_int_equal(look_at(&a).epoch, 0);
    assert_int_equal(take(&a, 0), 1);
    assert_true(renew(&a));
    assert_true(passes_fence(&a));
    const look seen = look_at(&b);
    assert_int_equal(seen.epoch, 1);
    assert_false(seen.is_free);
    assert_int_equal(take(&b, 1), 0);
    assert_false(passes_fence(&b));
}

static void expired_lease_is_taken_with_the_next_epoch(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    expire();
    assert_true(look_at(&b).is_free);
    assert_int_equal(take(&b, 1), 2);
    assert_true(passes_fence(&b));
    assert_int_equal(
        stack_sql_i64(&env, "SELECT count(*) FROM execution.lease_taken WHERE is_takeover"), 1);
}

static void lease_renewed_in_the_last_moment_is_not_taken(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    expire();
    assert_true(look_at(&b).is_free);
    assert_true(renew(&a)); /* between b's look and b's try */
    assert_int_equal(take(&b, 1), 0);
    assert_true(passes_fence(&a));
}

static bool is_session_of_a_gone(void *context)
{
    (void)context;
    return look_at(&b).is_free;
}

static void lease_of_a_dead_session_need_not_expire(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    admin("UPDATE execution.lease SET expires_at = clock_timestamp() + interval '1 hour'");
    assert_false(look_at(&b).is_free);
    cb_pg_close(a.pg);
    a = connect_as("a", 3); /* restarted, another session: not the holder's */
    assert_true(stack_until(is_session_of_a_gone, NULL, 10000));
    assert_true(look_at(&a).is_free);
    assert_true(look_at(&a).is_predecessor);
    assert_false(look_at(&b).is_predecessor);
    assert_int_equal(take(&a, 1), 2);
    assert_int_equal(
        stack_sql_i64(&env, "SELECT count(*) FROM execution.lease_taken WHERE is_takeover"), 0);
}

static void restart_of_the_database_frees_the_lease(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    stack_pg_kill(&env, 9);
    stack_pg_restart(&env);
    cb_pg_close(a.pg);
    cb_pg_close(b.pg);
    a = connect_as("a", 4);
    b = connect_as("b", 5);
    assert_true(stack_until(is_session_of_a_gone, NULL, 10000));
    assert_int_equal(take(&b, 1), 2);
}

static void of_two_who_see_it_free_one_takes_it(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    expire();
    instance c = connect_as("c", 6);
    assert_true(look_at(&b).is_free);
    assert_true(look_at(&c).is_free);
    assert_int_equal(take(&c, 1), 2);
    assert_int_equal(take(&b, 1), 0);
    cb_pg_close(c.pg);
}

static void takeovers_keep_ten_seconds_apart(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    expire();
    assert_int_equal(take(&b, 1), 2);
    expire();
    assert_true(look_at(&a).is_free);
    assert_true(look_at(&a).is_calm_broken); /* the service waits then */
    calm_down();
    assert_false(look_at(&a).is_calm_broken);
    assert_int_equal(take(&a, 2), 3);
    put_place();
    uint64_t flaps = 0;
    cb_err err = {0};
    assert_int_equal(
        cb_pg_exec(a.pg, EXEC_SQL_LEASE_FLAPS, &params, take_number, &flaps, &err), CB_OK);
    assert_int_equal(flaps, 2);
}

/* ---- the holder of yesterday ---- */

static void stale_holder_claims_nothing(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    make_order(&a, 1);
    make_order(&a, 2);
    assert_int_equal(claim(&a, 1), 1);
    expire();
    assert_int_equal(claim(&a, 2), 0); /* not renewed: not held */
    assert_int_equal(take(&b, 1), 2);
    assert_int_equal(claim(&a, 2), 0);
    assert_int_equal(claim(&b, 2), 1);
}

static void stale_holder_renews_and_writes_nothing(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    make_order(&a, 3);
    expire();
    assert_true(passes_fence(&a)); /* late, but nobody else writes */
    assert_int_equal(take(&b, 1), 2);
    assert_false(renew(&a));
    assert_false(passes_fence(&a));
    assert_false(run(&a,
        "BEGIN; SELECT lease_fence('main', 'binance',"
        " '00000000-0000-0005-0000-000000000001', 1);"
        " INSERT INTO kill VALUES ('*', 'execution', 0, '', '', 0, 1); COMMIT"));
    (void)run(&a, "ROLLBACK");
    assert_int_equal(stack_sql_i64(&env, "SELECT count(*) FROM execution.kill"), 0);
    assert_false(run(&a, "UPDATE orders SET state = 'not_sent', version = 2, lease_epoch = 1"));
    assert_true(run(&b, "UPDATE orders SET state = 'not_sent', version = 2, lease_epoch = 2"));
}

/* A transaction of the holder that has passed the fence ends before anybody takes over; one that
 * never ends is cut. */
static void fenced_transaction_holds_the_lease_until_it_is_cut(void **context)
{
    (void)context;
    cb_err err = {0};
    assert_int_equal(take(&a, 0), 1);
    expire();
    assert_true(run(&a, "BEGIN"));
    assert_true(passes_fence(&a)); /* and is stopped here */
    assert_true(look_at(&b).is_free);
    assert_int_equal(take(&b, 1), 0); /* waits, and gives up after the lock's timeout */
    put_place();
    assert_int_equal(cb_pg_exec(b.pg, EXEC_SQL_LEASE_CUT, &params, ignore, NULL, &err), CB_OK);
    assert_int_equal(take(&b, 1), 2);
    assert_false(run(&a, "COMMIT"));
}

static void living_holder_is_never_cut(void **context)
{
    (void)context;
    cb_err err = {0};
    assert_int_equal(take(&a, 0), 1);
    put_place();
    assert_int_equal(cb_pg_exec(b.pg, EXEC_SQL_LEASE_CUT, &params, ignore, NULL, &err), CB_OK);
    assert_true(renew(&a));
}

static void epoch_never_falls_and_has_one_owner(void **context)
{
    (void)context;
    assert_int_equal(take(&a, 0), 1);
    expire();
    assert_int_equal(take(&b, 1), 2);
    assert_false(run(&b, "UPDATE lease SET epoch = 1"));
    assert_false(run(&b, "UPDATE lease SET owner = '00000000-0000-0005-0000-000000000001'"));
    assert_false(run(&b, "UPDATE lease_taken SET epoch = 7 WHERE epoch = 1"));
    assert_false(run(&b, "DELETE FROM lease_taken"));
    assert_false(run(&b, "DELETE FROM lease"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_instance_takes_epoch_one),
        TEST(expired_lease_is_taken_with_the_next_epoch),
        TEST(lease_renewed_in_the_last_moment_is_not_taken),
        TEST(lease_of_a_dead_session_need_not_expire),
        TEST(of_two_who_see_it_free_one_takes_it),
        TEST(takeovers_keep_ten_seconds_apart),
        TEST(stale_holder_claims_nothing),
        TEST(stale_holder_renews_and_writes_nothing),
        TEST(fenced_transaction_holds_the_lease_until_it_is_cut),
        TEST(living_holder_is_never_cut),
        TEST(epoch_never_falls_and_has_one_owner),
        TEST(restart_of_the_database_frees_the_lease),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
