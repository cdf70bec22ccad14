/* Validator and signals as real processes over a real nats-server and PostgreSQL. The test plays
 * collector (raw candles and tickers), simulator (the clock, standing still between steps) and
 * gateway (questions): a falling, then rising market must lead to one stored and explained intent,
 * bad data to the quarantine, and a kill -9 of either service to nothing doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "rt/bus.h"
#include "rt/provision.h"
#include "tests/testing/stack.h"
#include "wire/codec.h"
#include "wire/subjects.h"

#define WAIT_MS 30000
#define MINUTE (60 * CB_NS_PER_S)
#define BACKFILL_COUNT 1000 /* more than one page of history */
/* 2022-01-03 00:00:00 UTC */
#define T0 (INT64_C(1641168000) * CB_NS_PER_S)

enum { VALIDATOR, SIGNALS, SERVICES_COUNT };
static const char *const names[SERVICES_COUNT] = {"validator", "signals"};

typedef struct fixture {
    stack env;
    char folder[256]; /* of the programs */
    pid_t pids[SERVICES_COUNT];
    cb_loop *loop;
    cb_bus *collector;
    cb_bus *simulator;
    cb_bus *gateway;
    uint64_t published_count;
    int64_t now_ns;
    int64_t minute;
    int64_t price_e8;
    char answer[256 * 1024];
    bool is_answered;
} fixture;

/* ---- processes ---- */

static void start_service(fixture *test, int index)
{
    char texts[8][300];
    char secret[160];
    char dsn[192];
    char owner[64];
    char log[64];
    const char *name = names[index];
    stack_password_file(&test->env, name, secret, sizeof secret);
    (void)snprintf(texts[0], sizeof texts[0], "%s/cerberus-%s", test->folder, name);
    (void)snprintf(texts[1], sizeof texts[1], "--nats.url=%s", test->env.nats_url);
    (void)snprintf(texts[2], sizeof texts[2], "--nats.password_file=%s", secret);
    stack_dsn(&test->env, name, dsn, sizeof dsn);
    (void)snprintf(texts[3], sizeof texts[3], "--pg.dsn=%s", dsn);
    (void)snprintf(owner, sizeof owner, "%s_owner", name);
    stack_dsn(&test->env, owner, dsn, sizeof dsn);
    (void)snprintf(texts[4], sizeof texts[4], "--pg.migrate_dsn=%s", dsn);
    (void)snprintf(texts[5], sizeof texts[5], "--clock=bus");
    (void)snprintf(texts[6], sizeof texts[6], "--symbols=BTCUSDT");
    (void)snprintf(texts[7],
        sizeof texts[7],
        "--%s",
        index == SIGNALS ? "strategies=trend@1m" : "stale.after=1h");
    char *const argv[] = {
        texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], NULL};
    (void)snprintf(log, sizeof log, "%s.log", name);
    test->pids[index] = stack_spawn(&test->env, log, argv);
    assert_true(test->pids[index] > 0);
}

static void kill_service(fixture *test, int index)
{
    (void)kill(test->pids[index], SIGKILL);
    assert_true(stack_wait(test->pids[index], 20000) >= 0);
}

static void show_logs(const fixture *test)
{
    for (int i = 0; i < SERVICES_COUNT; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s/%s.log", test->env.folder, names[i]);
        FILE *log = fopen(text, "r");
        while (log != NULL && fgets(text, sizeof text, log) != NULL) {
            (void)fprintf(stderr, "%s: %s", names[i], text);
        }
        if (log != NULL) {
            (void)fclose(log);
        }
    }
}

static cb_bus *open_bus(fixture *test, const char *user)
{
    char password[64];
    (void)snprintf(password, sizeof password, "%ssecret", user);
    const cb_bus_options options = {test->env.nats_url, user, password, "", 2000};
    cb_err err = {0};
    cb_bus *bus = cb_bus_open(test->loop, &options, &err);
    if (bus == NULL) {
        fail_msg("%s", err.text);
    }
    return bus;
}

/* ---- playing collector and simulator ---- */

static void publish(fixture *test, cb_bus *bus, cb_subject_id id, void *body)
{
    static uint8_t bytes[64 * 1024];
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_err err = {0};
    size_t size = 0;
    cb_envelope *env = body;
    env->event_id = (cb_id){1, ++test->published_count};
    (void)snprintf(env->producer, sizeof env->producer, "%s", cb_subject_get(id)->owner);
    const cb_desc *desc = cb_msg_desc(cb_subject_get(id)->msg);
    if (cb_subject_for(id, body, "simulator", subject, &err) != CB_OK ||
        cb_encode(desc, body, bytes, sizeof bytes, &size, &err) != CB_OK ||
        cb_bus_publish(bus, subject, NULL, bytes, size, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    cb_bus_flush(bus);
}

static void set_clock(fixture *test, int64_t now_ns)
{
    cb_clock_msg clock = {.now_ns = now_ns, .step = 1};
    test->now_ns = now_ns;
    publish(test, test->simulator, CB_SUBJECT_CLOCK, &clock);
}

static void say_instrument(fixture *test)
{
    cb_instrument instrument = {
        .venue = "binance",
        .symbol = "BTCUSDT",
        .base_asset = "BTC",
        .quote_asset = "USDT",
        .status = CB_INSTRUMENT_STATUS_TRADING,
        .tick_size.e8 = CB_E8 / 100,
        .price_min.e8 = CB_E8 / 100,
        .price_max.e8 = 1000000 * CB_E8,
        .lot_size.e8 = 1000,
        .qty_min.e8 = 1000,
        .qty_max.e8 = 9000 * CB_E8,
        .market_qty_max.e8 = 100 * CB_E8,
        .notional_min.e8 = 5 * CB_E8,
        .recv_ns = test->now_ns,
    };
    publish(test, test->collector, CB_SUBJECT_MD_RAW_INSTRUMENT, &instrument);
}

static void say_ticker(fixture *test, int64_t bid_e8, int64_t ask_e8)
{
    cb_ticker ticker = {
        .venue = "binance",
        .symbol = "BTCUSDT",
        .bid.e8 = bid_e8,
        .bid_qty.e8 = CB_E8,
        .ask.e8 = ask_e8,
        .ask_qty.e8 = CB_E8,
        .recv_ns = test->now_ns,
    };
    publish(test, test->collector, CB_SUBJECT_MD_RAW_TICKER, &ticker);
}

static void say_candle(fixture *test, int64_t step_e8, bool is_backfill)
{
    const int64_t open_e8 = test->price_e8;
    const int64_t close_e8 = open_e8 + step_e8;
    cb_candle candle = {
        .venue = "binance",
        .symbol = "BTCUSDT",
        .interval_s = 60,
        .open_ts_ns = T0 + test->minute * MINUTE,
        .close_ts_ns = T0 + (test->minute + 1) * MINUTE,
        .open.e8 = open_e8,
        .high.e8 = (step_e8 > 0 ? close_e8 : open_e8) + CB_E8 / 2,
        .low.e8 = (step_e8 > 0 ? open_e8 : close_e8) - CB_E8 / 2,
        .close.e8 = close_e8,
        .volume.e8 = CB_E8,
        .trades_count = 9,
        .is_closed = true,
        .is_backfill = is_backfill,
        .recv_ns = test->now_ns,
    };
    publish(test, test->collector, CB_SUBJECT_MD_RAW_CANDLE, &candle);
    test->price_e8 = close_e8;
    test->minute++;
}

/* ---- waiting ---- */

typedef struct sql_check {
    fixture *test;
    const char *sql;
    int64_t least;
} sql_check;

static bool has_reached(void *context)
{
    const sql_check *check = context;
    cb_loop_turn(check->test->loop, CB_NS_PER_MS);
    return stack_sql_i64(&check->test->env, check->sql) >= check->least;
}

static void wait_for(fixture *test, const char *sql, int64_t least)
{
    sql_check check = {test, sql, least};
    if (!stack_until(has_reached, &check, WAIT_MS)) {
        show_logs(test);
        fail_msg("%s stays under %" PRId64, sql, least);
    }
}

static int64_t count(fixture *test, const char *sql)
{
    return stack_sql_i64(&test->env, sql);
}

/* The service may not hear yet: says the instrument again until it comes out of the validator. */
static bool hears_instrument(void *context)
{
    fixture *test = context;
    set_clock(test, test->now_ns + CB_NS_PER_S);
    say_instrument(test);
    say_ticker(test, test->price_e8, test->price_e8 + 1000000);
    cb_loop_turn(test->loop, 20 * CB_NS_PER_MS);
    char table[64];
    stack_sql(&test->env, "SELECT to_regclass('validator.quality_score')", table, sizeof table);
    return table[0] != '\0' && stack_sql_i64(&test->env,
                                   "SELECT count(*) FROM validator.quality_score"
                                   " WHERE epoch = (SELECT max(epoch) FROM validator.epoch)") > 0;
}

static void wait_until_heard(fixture *test)
{
    if (!stack_until(hears_instrument, test, WAIT_MS)) {
        show_logs(test);
        fail_msg("the validator does not hear");
    }
}

/* One minute of the rising market: the ticker, then the closed candle, then what follows is done
 * when the candle is stored. */
static void next_minute(fixture *test, int64_t step_e8)
{
    char sql[160];
    const int64_t close_ns = T0 + (test->minute + 1) * MINUTE;
    set_clock(test, close_ns);
    say_ticker(test, test->price_e8 + step_e8, test->price_e8 + step_e8 + 1000000);
    say_candle(test, step_e8, false);
    (void)snprintf(sql,
        sizeof sql,
        "SELECT count(*) FROM validator.md_candle WHERE close_ts_ns = %" PRId64,
        close_ns);
    wait_for(test, sql, 1);
}

/* ---- playing gateway ---- */

static void on_answer(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    const size_t size =
        message->size < sizeof test->answer - 1 ? message->size : sizeof test->answer - 1;
    memcpy(test->answer, message->bytes, size);
    test->answer[size] = '\0';
    test->is_answered = true;
    cb_bus_message_free(message);
}

static const char *ask(fixture *test, const char *service, const char *name, const char *id)
{
    cb_query_msg query;
    uint8_t bytes[512];
    char subject[CB_SUBJECT_TEXT_MAX];
    char reply[128];
    cb_err err = {0};
    size_t size = 0;
    memset(&query, 0, sizeof query);
    (void)snprintf(query.name, sizeof query.name, "%s", name);
    (void)snprintf(query.id, sizeof query.id, "%s", id);
    (void)snprintf(query.env.producer, sizeof query.env.producer, "gateway");
    query.limit = 20;
    (void)snprintf(reply, sizeof reply, "%sask.1", cb_bus_inbox_prefix(test->gateway));
    assert_int_equal(
        cb_encode(&cb_query_msg_desc, &query, bytes, sizeof bytes, &size, &err), CB_OK);
    assert_int_equal(cb_subject_for(CB_SUBJECT_QUERY, &query, service, subject, &err), CB_OK);
    test->is_answered = false;
    assert_int_equal(cb_bus_publish(test->gateway, subject, reply, bytes, size, &err), CB_OK);
    cb_bus_flush(test->gateway);
    const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
    while (!test->is_answered && cb_mono_ns() < deadline_ns) {
        cb_loop_turn(test->loop, 20 * CB_NS_PER_MS);
    }
    if (!test->is_answered) {
        show_logs(test);
        fail_msg("%s does not answer %s", service, name);
    }
    if (strstr(test->answer, "\"error\"") != NULL) {
        fail_msg("%s %s: %s", service, name, test->answer);
    }
    return test->answer;
}

/* ---- set-up ---- */

static int set_up(void **state)
{
    static fixture test;
    memset(&test, 0, sizeof test);
    const ssize_t size = readlink("/proc/self/exe", test.folder, sizeof test.folder - 1);
    assert_true(size > 0);
    /* …/tests/integration/test_x → …/bin */
    char *tests = strstr(test.folder, "/tests/integration/");
    assert_non_null(tests);
    memcpy(tests, "/bin", 5);
    stack_start(&test.env, STACK_NATS | STACK_PG);
    cb_err err = {0};
    char password[] = "provisionsecret";
    if (cb_provision_streams(test.env.nats_url, password, 5000, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    test.loop = cb_loop_create(&err);
    test.collector = open_bus(&test, "collector");
    test.simulator = open_bus(&test, "simulator");
    test.gateway = open_bus(&test, "gateway");
    char pattern[128];
    (void)snprintf(pattern, sizeof pattern, "%s>", cb_bus_inbox_prefix(test.gateway));
    assert_non_null(cb_bus_subscribe(test.gateway, pattern, 64, on_answer, &test, &err));
    stack_add_service(&test.env, "validator");
    stack_add_service(&test.env, "signals");
    test.now_ns = T0 + BACKFILL_COUNT * MINUTE;
    test.price_e8 = 10000 * CB_E8;
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    for (int i = 0; i < SERVICES_COUNT; i++) {
        if (test->pids[i] > 0) {
            kill_service(test, i);
        }
    }
    cb_bus_close(test->collector);
    cb_bus_close(test->simulator);
    cb_bus_close(test->gateway);
    cb_loop_destroy(test->loop);
    stack_stop(&test->env);
    return 0;
}

/* ---- the steps of the story ---- */

static void start_both(fixture *test)
{
    start_service(test, VALIDATOR);
    wait_until_heard(test);
    for (int i = 0; i < BACKFILL_COUNT; i++) {
        say_candle(test, -CB_E8, true);
    }
    wait_for(test, "SELECT count(*) FROM validator.md_candle", BACKFILL_COUNT);
    /* Only now: its past comes from the validator. */
    start_service(test, SIGNALS);
    wait_for(test,
        "SELECT count(*) FROM pg_class c WHERE c.relname = 'epoch'"
        " AND c.relnamespace = to_regnamespace('signals')",
        1);
    wait_for(test, "SELECT count(*) FROM signals.epoch", 1);
}

static void rise_until_intents(fixture *test, int64_t intents_count)
{
    for (int i = 0; i < 60; i++) {
        if (count(test, "SELECT count(*) FROM signals.intent") >= intents_count) {
            return;
        }
        next_minute(test, CB_E8);
        set_clock(test, test->now_ns + 30 * CB_NS_PER_S);
    }
    show_logs(test);
    fail_msg("a steady rise led to no intent");
}

static void check_explained(fixture *test)
{
    char signal_id[64];
    stack_sql(&test->env,
        "SELECT signal_id FROM signals.intent ORDER BY decided_ns LIMIT 1",
        signal_id,
        sizeof signal_id);
    assert_int_equal(strlen(signal_id), 36);
    const char *trace = ask(test, "signals", "trace", signal_id);
    assert_non_null(strstr(trace, "\"kind\":\"opinion\""));
    assert_non_null(strstr(trace, "ema_fast"));
    assert_non_null(strstr(trace, "\"kind\":\"decision\""));
    assert_non_null(strstr(trace, "trend@1m"));
    assert_non_null(strstr(trace, "\"kind\":\"intent\""));
    char intent_id[64];
    stack_sql(&test->env,
        "SELECT intent_id FROM signals.intent ORDER BY decided_ns LIMIT 1",
        intent_id,
        sizeof intent_id);
    assert_non_null(strstr(ask(test, "signals", "resolve", intent_id), signal_id));
    wait_for(test, "SELECT count(*) FROM validator.tick_quality", 1);
    const char *ticks = ask(test, "validator", "trace", signal_id);
    assert_non_null(strstr(ticks, "\"kind\":\"quality\""));
    assert_non_null(strstr(ticks, "\"kind\":\"candle\""));
    assert_non_null(strstr(ask(test, "validator", "resolve", signal_id), signal_id));
    static const char *const lists[][2] = {{"validator", "candles"},
        {"validator", "quality"},
        {"validator", "quarantine"},
        {"validator", "findings"},
        {"signals", "signals"},
        {"signals", "intents"},
        {"signals", "decisions"},
        {"signals", "strategies"},
        {"signals", "positions"}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_non_null(strstr(ask(test, lists[i][0], lists[i][1], ""), "\"rows\":["));
    }
}

static void check_quarantine(fixture *test)
{
    say_ticker(test, 10000 * CB_E8, 9000 * CB_E8);
    wait_for(test,
        "SELECT count(*) FROM validator.quarantine WHERE expectation = 'ticker_crossed'"
        " AND (body->>'bid')::numeric = 10000",
        1);
}

static void market_data_becomes_one_explained_intent(void **state)
{
    fixture *test = *state;
    start_both(test);
    rise_until_intents(test, 1);
    assert_int_equal(count(test, "SELECT count(*) FROM signals.intent"), 1);
    assert_int_equal(
        count(test, "SELECT count(*) FROM signals.outbox WHERE key LIKE 'INTENT/%'"), 1);
    assert_int_equal(count(test, "SELECT count(*) FROM signals.flight WHERE NOT is_closed"), 1);
    check_explained(test);
    check_quarantine(test);
}

/* Nobody answers the intent here, so it blocks until its grace has passed; kills change nothing. */
static void kills_double_nothing(void **state)
{
    fixture *test = *state;
    kill_service(test, SIGNALS);
    start_service(test, SIGNALS);
    wait_for(test, "SELECT count(*) FROM signals.epoch", 2);
    kill_service(test, VALIDATOR);
    start_service(test, VALIDATOR);
    wait_for(test, "SELECT count(*) FROM validator.epoch", 2);
    wait_until_heard(test);
    assert_int_equal(count(test, "SELECT count(*) FROM signals.intent"), 1);
    /* the market falls and rises again: a second intent, under the second epoch's ids */
    for (int i = 0; i < 40; i++) {
        next_minute(test, -CB_E8);
    }
    assert_int_equal(count(test, "SELECT count(*) FROM signals.intent"), 1);
    assert_int_equal(
        count(test, "SELECT count(*) FROM signals.flight WHERE reason = 'no answer'"), 1);
    rise_until_intents(test, 2);
    assert_int_equal(count(test, "SELECT count(*) FROM signals.intent"), 2);
    assert_int_equal(count(test,
                         "SELECT count(*) FROM signals.signal WHERE status NOT IN ('dropped',"
                         " 'aggregated', 'decided') OR reason = ''"),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(market_data_becomes_one_explained_intent),
        cmocka_unit_test(kills_double_nothing),
    };
    return cmocka_run_group_tests_name("market_to_intent", tests, set_up, tear_down);
}
