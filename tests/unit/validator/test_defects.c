/* Real candles of days on which the exchange itself was broken (holes, candles cut short, minutes
 * without a trade, a change of the time unit), through the whole core, held to the exact counts
 * that these files have. The files are not part of the repository: without them the tests are
 * skipped. */
#include "fixture.h"

#include <stdio.h>
#include <zstd.h>

#include "base/strview.h"

#define FOLDER "../shared/data/defects/"
#define TEXT_MAX ((size_t)4 * 1024 * 1024)
#define COLUMNS 9 /* open time, o, h, l, c, volume, close time, quote volume, trades */
#define US_LEAST UINT64_C(100000000000000) /* times from here on are microseconds */

/* The whole text of a compressed file; NULL when there is no such file. */
static char *read_file(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *packed = malloc(TEXT_MAX);
    char *text = malloc(TEXT_MAX);
    const size_t packed_size = fread(packed, 1, TEXT_MAX, file);
    (void)fclose(file);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed, packed_size, 0};
    ZSTD_outBuffer out = {text, TEXT_MAX - 1, 0};
    while (in.pos < in.size) {
        assert_false(ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)));
        assert_true(out.pos < out.size);
    }
    text[out.pos] = '\0';
    (void)ZSTD_freeDStream(stream);
    free(packed);
    return text;
}

static uint64_t whole(cb_strview text)
{
    uint64_t value = 0;
    assert_true(cb_u64_parse(text, UINT64_MAX, &value));
    return value;
}

static int64_t decimal(cb_strview text)
{
    int64_t value_e8 = 0;
    assert_int_equal(cb_decimal_parse(text.at, text.size, &value_e8, NULL), CB_OK);
    return value_e8;
}

/* Cuts one line into its first columns; returns what follows the line. */
static const char *split(const char *line, cb_strview columns[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const size_t size = strcspn(line, ",\n");
        columns[i] = (cb_strview){line, size};
        line += size + 1;
    }
    const char *end = strchr(line, '\n');
    return end == NULL ? line + strlen(line) : end + 1;
}

/* unit_ns 0: the unit by its magnitude, as a reader must; otherwise one that may be wrong. */
static cb_candle read_candle(const cb_strview columns[COLUMNS], int64_t unit_ns)
{
    const uint64_t open = whole(columns[0]);
    const int64_t unit = unit_ns != 0 ? unit_ns : open >= US_LEAST ? 1000 : 1000000;
    cb_candle candle = {
        .interval_s = 60,
        .open_ts_ns = (int64_t)open * unit,
        .close_ts_ns = ((int64_t)whole(columns[6]) + 1) * unit,
        .open.e8 = decimal(columns[1]),
        .high.e8 = decimal(columns[2]),
        .low.e8 = decimal(columns[3]),
        .close.e8 = decimal(columns[4]),
        .volume.e8 = decimal(columns[5]),
        .quote_volume.e8 = decimal(columns[7]),
        .trades_count = whole(columns[8]),
        .is_closed = true,
    };
    name_it(candle.venue, candle.symbol);
    return candle;
}

typedef struct expected_counts {
    uint64_t passed;
    uint64_t off_grid; /* cut short */
    uint64_t gaps;
    uint64_t insane_times;
} expected_counts;

static void run_file(const char *name, int64_t unit_ns, const expected_counts *expected)
{
    char *text = read_file(name);
    if (text == NULL) {
        print_message("%s%s is not there: skipped\n", FOLDER, name);
        skip();
    }
    bench b;
    bench_open(&b);
    for (const char *line = text; *line != '\0';) {
        cb_strview columns[COLUMNS];
        line = split(line, columns);
        cb_candle candle = read_candle(columns, unit_ns);
        b.now_ns = candle.close_ts_ns > T0 / 2 ? candle.close_ts_ns : T0;
        candle.recv_ns = b.now_ns;
        bench_feed(&b, CB_MSG_CANDLE, &candle, sizeof candle);
    }
    const validator_counts *counts = validator_counts_of(b.state);
    const uint64_t *by = counts->by_expectation;
    assert_int_equal(counts->passed, expected->passed);
    assert_int_equal(by[VALIDATOR_EXPECTATION_candle_grid], expected->off_grid);
    assert_int_equal(by[VALIDATOR_EXPECTATION_candle_gap], expected->gaps);
    assert_int_equal(by[VALIDATOR_EXPECTATION_time_sane], expected->insane_times);
    assert_int_equal(counts->quarantined, expected->off_grid + expected->insane_times);
    assert_int_equal(counts->warned, expected->gaps); /* nothing else is wrong with them */
    bench_close(&b);
    free(text);
}

static void minutes_without_trades_are_good_candles(void **unused)
{
    (void)unused;
    run_file("binance_raw_1m_BTCUSDT_2017-08-20_many_zero_trade_minutes.csv.zst",
        0,
        &(expected_counts){.passed = 1440});
}

/* Three holes; two candles cut short, each the last before a hole. */
static void an_outage_leaves_holes_and_cut_candles(void **unused)
{
    (void)unused;
    run_file("binance_raw_1m_BTCUSDT_2018-02-07_2018-02-11_outage34h.csv.zst",
        0,
        &(expected_counts){.passed = 5138, .off_grid = 2, .gaps = 3});
}

/* Flat candles first, then one that is cut short, then the hole. */
static void a_stopped_exchange_sends_flat_candles_first(void **unused)
{
    (void)unused;
    run_file("binance_raw_1m_BTCUSDT_2021-02-11_zero_volume_then_gap.csv.zst",
        0,
        &(expected_counts){.passed = 1360, .off_grid = 1, .gaps = 1});
}

static void a_change_of_unit_passes_when_it_is_seen(void **unused)
{
    (void)unused;
    run_file("binance_raw_1m_BTCUSDT_2024-12-31_2025-01-01_ms_to_us.csv.zst",
        0,
        &(expected_counts){.passed = 2880});
}

/* Read as microseconds throughout, the first day's milliseconds lie in 1970. */
static void a_wrong_unit_is_refused(void **unused)
{
    (void)unused;
    run_file("binance_raw_1m_BTCUSDT_2024-12-31_2025-01-01_ms_to_us.csv.zst",
        1000,
        &(expected_counts){.passed = 1440, .insane_times = 1440});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_without_trades_are_good_candles),
        cmocka_unit_test(an_outage_leaves_holes_and_cut_candles),
        cmocka_unit_test(a_stopped_exchange_sends_flat_candles_first),
        cmocka_unit_test(a_change_of_unit_passes_when_it_is_seen),
        cmocka_unit_test(a_wrong_unit_is_refused),
    };
    return cmocka_run_group_tests_name("validator_defects", tests, NULL, NULL);
}
