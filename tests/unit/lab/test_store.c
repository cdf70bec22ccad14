/* The record of runs: what is written is read back exactly, broken records are named, numbers are
 * taken once. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "services/lab/store/store.h"

#define ROWS 300

static char folder[] = "/tmp/cerberus-lab-XXXXXX";
static lab_store store;
static const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
static const char *const strategies[] = {"trend@1m", "meanrev@15m"};
static const char *const overrides[] = {"signals.decision.threshold=0.2"};
static const lab_run_source source = {.name = "year",
    .text = "data: []\n",
    .size = 9,
    .folder = "/data",
    .overrides = overrides,
    .overrides_count = 1,
    .names = {symbols, 2, strategies, 2}};

static int remove_one(const char *path, const struct stat *at, int flag, struct FTW *where)
{
    (void)at;
    (void)flag;
    (void)where;
    return remove(path);
}
static int remove_tree(const char *path)
{
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The bytes of a run's file, NUL-terminated [owned by the caller]. */
static char *read_file(uint64_t id, const char *name, size_t *size)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%llu/%s", folder, (unsigned long long)id, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return bytes;
}

static int64_t any(cb_prng *prng)
{
    return (int64_t)cb_prng_next(prng);
}
/* A time from 2009 to 2100. */
static int64_t any_time(cb_prng *prng)
{
    return INT64_C(1300000000000000000) +
           (int64_t)(cb_prng_next(prng) % UINT64_C(2500000000000000000));
}

static void fill_rows(lab_result *result, cb_prng *prng)
{
    for (size_t i = 0; i < ROWS; i++) {
        result->points[i] = (lab_point){any(prng), any(prng), any(prng), any(prng)};
        result->fills[i] = (lab_fill){.ts_ns = any_time(prng),
            .symbol = (uint32_t)(i % 2),
            .strategy = (uint32_t)(i % 2),
            .side = i % 3 == 0 ? CB_SIDE_BUY : CB_SIDE_SELL,
            .is_maker = i % 5 == 0,
            .price_e8 = any(prng),
            .qty_e8 = any(prng),
            .fee_e8 = any(prng),
            .fee_asset = "BNB",
            .fee_quote_e8 = any(prng),
            .reference_e8 = any(prng),
            .order_id = {cb_prng_next(prng), cb_prng_next(prng)},
            .intent_id = {cb_prng_next(prng), cb_prng_next(prng)}};
        result->trades[i] = (lab_trade){.symbol = 1,
            .side = CB_SIDE_BUY,
            .is_open = i == ROWS - 1,
            .entry_ts_ns = any_time(prng),
            .exit_ts_ns = any_time(prng),
            .entry_price_e8 = any(prng),
            .exit_price_e8 = any(prng),
            .qty_e8 = any(prng),
            .pnl_e8 = any(prng),
            .fees_e8 = any(prng),
            .mae_e8 = any(prng),
            .mfe_e8 = any(prng),
            .bars_held = cb_prng_next(prng),
            .exit_reason = "take_profit"};
    }
}

static lab_result make_result(uint64_t seed)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    lab_result result = {.points = calloc(ROWS, sizeof(lab_point)),
        .fills = calloc(ROWS, sizeof(lab_fill)),
        .trades = calloc(ROWS, sizeof(lab_trade)),
        .findings = calloc(1, sizeof(lab_finding)),
        .points_count = ROWS,
        .fills_count = ROWS,
        .trades_count = ROWS,
        .findings_count = 1,
        .reasons = {{"risk", "kill_level", 7}},
        .reasons_count = 1,
        .provenance = {"v1", "aa", "bb", 7, true},
        .totals = {
            .bars = 525600, .end_equity_e8 = -12345, .state_hash = UINT64_MAX, .output_hash = 5}};
    assert_non_null(result.points);
    assert_non_null(result.fills);
    assert_non_null(result.trades);
    assert_non_null(result.findings);
    fill_rows(&result, &prng);
    result.findings[0] =
        (lab_finding){LAB_FINDING_CUT_CANDLE, true, any_time(&prng), any_time(&prng), 3, 17};
    return result;
}

static uint64_t write_one(uint64_t seed)
{
    cb_err err = {0};
    uint64_t id = 0;
    lab_result result = make_result(seed);
    if (lab_store_write(&store, &source, &result, NULL, &id, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    lab_result_release(&result);
    return id;
}

static void reads_what_was_written(void **state)
{
    cb_err err = {0};
    lab_run run;
    (void)state;
    const uint64_t id = write_one(1);
    lab_result expected = make_result(1);
    if (lab_store_read(&store, id, &run, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    assert_memory_equal(run.text, source.text, source.size);
    assert_string_equal(run.strategies[1], "meanrev@15m");
    assert_int_equal(run.result.points_count, ROWS);
    assert_int_equal(run.result.fills_count, ROWS);
    assert_int_equal(run.result.trades_count, ROWS);
    assert_memory_equal(run.result.points, expected.points, ROWS * sizeof(lab_point));
    for (size_t i = 0; i < ROWS; i++) {
        assert_memory_equal(&run.result.fills[i], &expected.fills[i], sizeof(lab_fill));
        assert_memory_equal(&run.result.trades[i], &expected.trades[i], sizeof(lab_trade));
    }
    assert_memory_equal(run.result.findings, expected.findings, sizeof(lab_finding));
    assert_memory_equal(&run.result.totals, &expected.totals, sizeof(lab_totals));
    assert_string_equal(run.result.provenance.config_hash, "bb");
    assert_true(run.result.provenance.is_forced);
    assert_int_equal(run.result.reasons[0].count, 7);
    lab_run_release(&run);
    lab_result_release(&expected);
}

static void numbers_go_up_and_are_listed(void **state)
{
    cb_err err = {0};
    json_t *list = NULL;
    (void)state;
    const uint64_t first = write_one(2);
    const uint64_t second = write_one(3);
    assert_int_equal(second, first + 1);
    assert_int_equal(lab_store_list(&store, &list, &err), CB_OK);
    assert_int_equal(json_array_size(list), second);
    const json_t *last = json_array_get(list, second - 1);
    assert_int_equal(json_integer_value(json_object_get(last, "id")), second);
    assert_string_equal(json_string_value(json_object_get(last, "name")), "year");
    json_decref(list);
}

/* Same input, same bytes: file by file. */
static void equal_runs_have_equal_bytes(void **state)
{
    static const char *const files[] = {
        "job.yaml", "summary.json", "points.bin", "fills.csv", "trades.csv"};
    (void)state;
    const uint64_t a = write_one(4);
    const uint64_t b = write_one(4);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t a_size = 0;
        size_t b_size = 0;
        char *a_bytes = read_file(a, files[i], &a_size);
        char *b_bytes = read_file(b, files[i], &b_size);
        assert_int_equal(a_size, b_size);
        assert_memory_equal(a_bytes, b_bytes, a_size);
        free(a_bytes);
        free(b_bytes);
    }
}

/* Puts text in place of a file of the run and tells what reading it says. */
static void expect_corrupt(const char *file, const char *text, const char *told)
{
    cb_err err = {0};
    lab_run run;
    char path[256];
    const uint64_t id = write_one(5);
    (void)snprintf(path, sizeof path, "%s/%llu/%s", folder, (unsigned long long)id, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    (void)fputs(text, out);
    (void)fclose(out);
    assert_int_equal(lab_store_read(&store, id, &run, &err), CB_E_CORRUPT);
    if (strstr(err.text, told) == NULL) {
        fail_msg("%s: \"%s\"", file, err.text);
    }
    (void)snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long)id);
    assert_int_equal(remove_tree(path), 0);
}

static void names_what_is_broken(void **state)
{
    cb_err err = {0};
    lab_run run;
    (void)state;
    assert_int_equal(lab_store_read(&store, 999, &run, &err), CB_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "there is no run 999"));
    expect_corrupt("summary.json", "{", "summary.json:1");
    expect_corrupt("summary.json", "{}", "'provenance' is missing");
    expect_corrupt("points.bin", "x", "points.bin: ends within a row");
    expect_corrupt(
        "fills.csv", "time\n2023-01-01T00:00:00Z,XRPUSDT\n", "fills.csv: line 2, column symbol");
    expect_corrupt("trades.csv", "", "trades.csv: has no heading");
}

static void tells_that_it_cannot_write(void **state)
{
    cb_err err = {0};
    uint64_t id = 0;
    lab_store nowhere;
    lab_result result = make_result(6);
    (void)state;
    assert_int_equal(lab_store_open(&nowhere, "/proc/nowhere", &err), CB_E_IO);
    (void)snprintf(nowhere.path, sizeof nowhere.path, "%s/none", folder);
    assert_int_equal(lab_store_write(&nowhere, &source, &result, NULL, &id, &err), CB_E_IO);
    assert_non_null(strstr(err.text, "none"));
    lab_result_release(&result);
}

static int set_up(void **state)
{
    cb_err err = {0};
    (void)state;
    return mkdtemp(folder) == NULL || lab_store_open(&store, folder, &err) != CB_OK ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return remove_tree(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(numbers_go_up_and_are_listed),
        cmocka_unit_test(equal_runs_have_equal_bytes),
        cmocka_unit_test(names_what_is_broken),
        cmocka_unit_test(tells_that_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
