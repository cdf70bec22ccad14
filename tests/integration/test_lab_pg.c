/* The platform's own history as a source: the validator's tables in a real PostgreSQL, into a cache
 * that is used again while nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/data/history.h"
#include "tests/testing/stack.h"

#define MIGRATION "services/validator/migrations/0001_validator.sql"
#define START_NS INT64_C(1640995200000000000)
#define MINUTE_NS (60 * CB_NS_PER_S)

static stack servers; /* one for the whole program: cmocka's group setup owns it */
static char source[256];
static char caches[128];

static void run_sql(const char *sql)
{
    char out[64];
    stack_sql(&servers, sql, out, sizeof out);
}

static int start(void **state)
{
    char dsn[192];
    static const char prefix[] = "SET search_path TO validator; ";
    char *const sql = calloc(1, 65536);
    FILE *const file = fopen(MIGRATION, "r");
    (void)state;
    stack_start(&servers, STACK_PG);
    stack_dsn(&servers, "postgres", dsn, sizeof dsn);
    (void)snprintf(source, sizeof source, "pg:%s", dsn);
    (void)snprintf(caches, sizeof caches, "%s/caches", servers.folder);
    run_sql("CREATE SCHEMA validator");
    memcpy(sql, prefix, sizeof prefix - 1);
    assert_non_null(file);
    assert_true(fread(sql + sizeof prefix - 1, 1, 60000, file) > 0);
    (void)fclose(file);
    run_sql(sql);
    free(sql);
    run_sql("INSERT INTO validator.md_candle SELECT NULL, NULL, NULL, 1, g, "
            "1640995200000000000 + g, 0, 'binance', 'BTCUSDT', 60, "
            "1640995200000000000 + g * 60000000000, 1640995260000000000 + g * 60000000000, "
            "100 + g, 200 + g, 50 + g, 150 + g, g, g * 2, g % 7, true, false, 0 "
            "FROM generate_series(0, 4999) g WHERE g NOT BETWEEN 1000 AND 1009");
    run_sql("INSERT INTO validator.md_trade SELECT NULL, NULL, NULL, 1, g, "
            "1640995200000000000 + g, 0, 'binance', 'BTCUSDT', g, 100 + g, 7, "
            "CASE WHEN g % 2 = 0 THEN 'sell' ELSE 'buy' END, 1640995200000000000 + g, 0 "
            "FROM generate_series(10, 19) g");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    stack_stop(&servers);
    return 0;
}

static cb_status open_it(lab_import_options options, lab_history **out, cb_err *err)
{
    const lab_history_request request = {.path = source, .cache_dir = caches, .options = options};
    *err = (cb_err){0};
    *out = NULL;
    return lab_history_open(&request, out, err);
}

static const lab_import_options minutes = {.symbol = "btc/usdt", .timeframe_ns = MINUTE_NS};

static void candles_are_those_of_the_database(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    if (open_it(minutes, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_false(lab_history_was_cached(history));
    const lab_candles *const candles = lab_history_candles(history);
    assert_int_equal(candles->count, 4990);
    assert_string_equal(candles->venue, "binance");
    assert_string_equal(candles->symbol, "BTCUSDT");
    assert_int_equal(candles->timeframe_ns, MINUTE_NS);
    assert_int_equal(candles->open_ts_ns[4989], START_NS + 4999 * MINUTE_NS);
    assert_int_equal(candles->open_e8[4989], 5099);
    assert_int_equal(candles->high_e8[4989], 5199);
    assert_int_equal(candles->low_e8[4989], 5049);
    assert_int_equal(candles->close_e8[4989], 5149);
    assert_int_equal(candles->volume_e8[4989], 4999);
    assert_int_equal(candles->quote_volume_e8[4989], 9998);
    assert_int_equal(candles->trades_count[4989], 4999 % 7);
    assert_null(candles->taker_volume_e8);
    uint64_t count = 0;
    const lab_finding *const findings = lab_history_findings(history, &count);
    bool has_gap = false;
    for (uint64_t i = 0; i < count; i++) {
        has_gap = has_gap || (findings[i].kind == LAB_FINDING_GAP && findings[i].count == 10 &&
                                 findings[i].from_ns == START_NS + 1000 * MINUTE_NS);
    }
    assert_true(has_gap);
    lab_history_close(history);
}

static void the_cache_follows_the_database(void **state)
{
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    assert_int_equal(open_it(minutes, &history, &err), CB_OK);
    assert_true(lab_history_was_cached(history));
    lab_history_close(history);
    run_sql("UPDATE validator.md_candle SET ts_ns = ts_ns + 1, close_e8 = close_e8 + 1 "
            "WHERE open_ts_ns = 1640995200000000000");
    assert_int_equal(open_it(minutes, &history, &err), CB_OK);
    assert_false(lab_history_was_cached(history));
    assert_int_equal(lab_history_candles(history)->close_e8[0], 151);
    lab_history_close(history);
}

static void trades_are_those_of_the_database(void **state)
{
    const lab_import_options trades = {.symbol = "BTCUSDT", .kind = LAB_KIND_TRADES};
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    if (open_it(trades, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    const lab_trades *const rows = lab_history_trades(history);
    assert_int_equal(rows->count, 10);
    assert_int_equal(rows->id[9], 19);
    assert_int_equal(rows->price_e8[9], 119);
    assert_int_equal(rows->qty_e8[9], 7);
    assert_int_equal(rows->is_buyer_maker[8], 1);
    assert_int_equal(rows->is_buyer_maker[9], 0);
    lab_history_close(history);
}

static void what_is_not_there_is_told(void **state)
{
    static const struct {
        lab_import_options options;
        cb_status status;
        const char *reason;
    } cases[] = {
        {{.timeframe_ns = MINUTE_NS}, CB_E_CONFIG, "needs --symbol"},
        {{.symbol = "'; DROP", .timeframe_ns = MINUTE_NS}, CB_E_CONFIG, "needs --symbol"},
        {{.symbol = "BTCUSDT"}, CB_E_CONFIG, "need --timeframe"},
        {{.symbol = "NONE", .timeframe_ns = MINUTE_NS}, CB_E_NOT_FOUND, "no such candles of NONE"},
        {{.symbol = "BTCUSDT", .timeframe_ns = MINUTE_NS, .venue = "k'en"},
            CB_E_NOT_FOUND,
            "no such candles"},
        {{.symbol = "BTCUSDT", .kind = LAB_KIND_DEPTH}, CB_E_CONFIG, "no depth"},
    };
    lab_history *history = NULL;
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cb_status status = open_it(cases[i].options, &history, &err);
        if (status != cases[i].status || strstr(err.text, cases[i].reason) == NULL) {
            fail_msg("case %zu: %s: %s", i, cb_status_name(status), err.text);
        }
    }
    const lab_history_request nowhere = {
        .path = "pg:host=/nowhere dbname=x", .cache_dir = caches, .options = minutes};
    assert_int_equal(lab_history_open(&nowhere, &history, &err), CB_E_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candles_are_those_of_the_database),
        cmocka_unit_test(the_cache_follows_the_database),
        cmocka_unit_test(trades_are_those_of_the_database),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
