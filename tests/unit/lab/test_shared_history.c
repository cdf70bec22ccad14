/* Recorded history beside the checkout: what each file holds and what is wrong with it, and sums of
 * finer candles against the exchange's own coarser ones, to the unit. Skipped without the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "services/lab/core/derive.h"
#include "services/lab/data/history.h"

#define DATA "../shared/data/"
#define HOUR_NS (3600 * CB_NS_PER_S)
#define MINUTE_NS (60 * CB_NS_PER_S)

static char caches[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(caches, sizeof caches, "/tmp/cerberus-test-XXXXXX");
    return mkdtemp(caches) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    char name[512];
    DIR *const folder = opendir(caches);
    struct dirent *entry;
    (void)state;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)snprintf(name, sizeof name, "%s/%s", caches, entry->d_name);
        (void)unlink(name);
    }
    (void)closedir(folder);
    return rmdir(caches);
}

static void need_data(void)
{
    if (access(DATA "ohlcv", R_OK) != 0) {
        print_message("recorded history is not there: " DATA "\n");
        skip();
    }
}

static lab_history *open_data(const char *name, lab_import_options options)
{
    char path[256];
    cb_err err = {0};
    lab_history *history = NULL;
    (void)snprintf(path, sizeof path, DATA "%s", name);
    const lab_history_request request = {.path = path, .cache_dir = caches, .options = options};
    if (lab_history_open(&request, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    return history;
}

typedef struct known {
    const char *name;
    uint64_t rows;
    uint64_t gaps; /* holes, and what they miss */
    uint64_t missing;
    uint64_t quiet; /* candles without a trade */
    uint64_t cut;
    uint64_t unit_changes;
} known;

static const known files[] = {
    {"defects/binance_raw_1m_BTCUSDT_2017-08-20_many_zero_trade_minutes.csv.zst",
        1440,
        0,
        0,
        762,
        0,
        0},
    {"defects/binance_raw_1m_BTCUSDT_2018-02-07_2018-02-11_outage34h.csv.zst",
        5140,
        3,
        2060,
        0,
        2,
        0},
    {"defects/binance_raw_1m_BTCUSDT_2021-02-11_zero_volume_then_gap.csv.zst",
        1361,
        1,
        79,
        81,
        1,
        0},
    {"defects/binance_raw_1m_BTCUSDT_2024-12-31_2025-01-01_ms_to_us.csv.zst", 2880, 0, 0, 0, 0, 1},
    {"ohlcv/binance_spot_BTCUSDT_1m_2022.csv.zst", 525600, 0, 0, 0, 0, 0},
    {"ohlcv/binance_spot_BTCUSDT_1m_2023.csv.zst", 525520, 1, 80, 72, 0, 0},
    {"ohlcv/binance_spot_SOLUSDT_1h_2021-04_2023-12.csv.zst", 23988, 5, 12, 1, 0, 0},
    {"ohlcv/bitfinex_spot_ETHUSD_1m_2016.csv.zst", 85818, 37430, 342310, 0, 0, 0},
    {"ohlcv/coinbase_spot_BTCUSD_1m_2018-04-04_06.csv.zst", 3887, 2, 433, 0, 0, 0},
    {"ohlcv/coinbase_spot_BTCUSD_1s_2016-10-07_09.csv.zst", 11520, 10910, 247675, 0, 0, 0},
    {"ohlcv/freqtrade_XMRBTC_5m_2018-01.csv.zst", 5758, 2, 2, 0, 0, 0},
    {"trades/binance_spot_BTCUSDT_trades_20240808T2354_20240809T0005.csv.zst",
        19904,
        0,
        0,
        0,
        0,
        0},
    {"trades/binance_spot_XRPETH_aggtrades_2019-10-11_12.csv.zst", 8318, 0, 0, 0, 0, 0},
    {"trades/binance_um_BTCUSDT_trades_20240808T2354.csv.zst", 21313, 0, 0, 0, 0, 0},
};

static void count(const lab_history *history, known *found)
{
    uint64_t findings_count = 0;
    const lab_finding *const findings = lab_history_findings(history, &findings_count);
    for (uint64_t i = 0; i < findings_count; i++) {
        assert_false(findings[i].is_fatal);
        found->gaps += findings[i].kind == LAB_FINDING_GAP ? 1 : 0;
        found->missing += findings[i].kind == LAB_FINDING_GAP ? findings[i].count : 0;
        found->quiet += findings[i].kind == LAB_FINDING_NO_TRADES ? findings[i].count : 0;
        found->cut += findings[i].kind == LAB_FINDING_CUT_CANDLE ? findings[i].count : 0;
        found->unit_changes += findings[i].kind == LAB_FINDING_UNIT_CHANGE ? 1 : 0;
    }
}

static void findings_are_those_that_are_known(void **state)
{
    (void)state;
    need_data();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        lab_history *const history = open_data(files[i].name, (lab_import_options){0});
        known found = {.name = files[i].name};
        found.rows = lab_history_kind(history) == LAB_KIND_CANDLES
                         ? lab_history_candles(history)->count
                         : lab_history_trades(history)->count;
        count(history, &found);
        if (memcmp(&found, &files[i], sizeof found) != 0) {
            fail_msg("%s: %llu rows, %llu gaps of %llu, %llu quiet, %llu cut, %llu unit changes",
                found.name,
                (unsigned long long)found.rows,
                (unsigned long long)found.gaps,
                (unsigned long long)found.missing,
                (unsigned long long)found.quiet,
                (unsigned long long)found.cut,
                (unsigned long long)found.unit_changes);
        }
        lab_history_close(history);
    }
}

/* The longest outage: 2018-02-08 00:28 to 2018-02-09 10:00. */
static void an_outage_is_told_to_the_minute(void **state)
{
    (void)state;
    need_data();
    lab_history *const history = open_data(files[1].name, (lab_import_options){0});
    uint64_t findings_count = 0;
    const lab_finding *const findings = lab_history_findings(history, &findings_count);
    bool is_found = false;
    for (uint64_t i = 0; i < findings_count; i++) {
        is_found = is_found || (findings[i].kind == LAB_FINDING_GAP && findings[i].count == 2011 &&
                                   findings[i].from_ns == 1518049740 * CB_NS_PER_S &&
                                   findings[i].to_ns == 1518170400 * CB_NS_PER_S);
    }
    assert_true(is_found);
    lab_history_close(history);
}

/* ---- sums ---- */

typedef struct agreement {
    uint64_t equal;
    uint64_t quiet;
    uint64_t different;
} agreement;

static lab_candles_out room_for(uint64_t capacity, int64_t **memory)
{
    int64_t *const columns = calloc(capacity * 9, sizeof *columns);
    assert_non_null(columns);
    *memory = columns;
    return (lab_candles_out){.capacity = capacity,
        .open_ts_ns = columns,
        .open_e8 = columns + capacity,
        .high_e8 = columns + 2 * capacity,
        .low_e8 = columns + 3 * capacity,
        .close_e8 = columns + 4 * capacity,
        .volume_e8 = columns + 5 * capacity,
        .quote_volume_e8 = columns + 6 * capacity,
        .taker_volume_e8 = columns + 7 * capacity,
        .trades_count = (uint32_t *)(void *)(columns + 8 * capacity)};
}

/* Rows of both that have the same time. */
static agreement compare(const lab_candles_out *made, const lab_candles *own)
{
    agreement result = {0};
    uint64_t at = 0;
    for (uint64_t i = 0; i < made->count; i++) {
        while (at < own->count && own->open_ts_ns[at] < made->open_ts_ns[i]) {
            at++;
        }
        if (at == own->count || own->open_ts_ns[at] != made->open_ts_ns[i]) {
            continue;
        }
        const bool is_equal =
            own->open_e8[at] == made->open_e8[i] && own->high_e8[at] == made->high_e8[i] &&
            own->low_e8[at] == made->low_e8[i] && own->close_e8[at] == made->close_e8[i] &&
            own->volume_e8[at] == made->volume_e8[i];
        if (made->volume_e8[i] == 0 && own->volume_e8[at] == 0) {
            result.quiet++;
        } else {
            result.equal += is_equal ? 1 : 0;
            result.different += is_equal ? 0 : 1;
        }
    }
    return result;
}

static agreement derive_and_compare(const char *fine, int64_t timeframe_ns, const char *coarse)
{
    lab_history *const from = open_data(fine, (lab_import_options){0});
    lab_history *const own = open_data(coarse, (lab_import_options){0});
    const lab_candles *const candles = lab_history_candles(from);
    int64_t *memory = NULL;
    lab_candles_out made = room_for(candles->count, &memory);
    made.quote_volume_e8 = candles->quote_volume_e8 != NULL ? made.quote_volume_e8 : NULL;
    made.taker_volume_e8 = NULL;
    made.trades_count = candles->trades_count != NULL ? made.trades_count : NULL;
    assert_int_equal(lab_derive_candles(candles, timeframe_ns, &made, NULL), CB_OK);
    const agreement result = compare(&made, lab_history_candles(own));
    free(memory);
    lab_history_close(from);
    lab_history_close(own);
    return result;
}

static void minutes_make_the_exchange_s_hours(void **state)
{
    static const char hours[] = "ohlcv/binance_spot_BTCUSDT_1h_20170817_20231231.csv.zst";
    (void)state;
    need_data();
    const agreement first =
        derive_and_compare("ohlcv/binance_spot_BTCUSDT_1m_2022.csv.zst", HOUR_NS, hours);
    const agreement second =
        derive_and_compare("ohlcv/binance_spot_BTCUSDT_1m_2023.csv.zst", HOUR_NS, hours);
    assert_int_equal(first.equal + second.equal, 17518);
    assert_int_equal(first.quiet + second.quiet, 1);
    assert_int_equal(first.different + second.different, 0);
    /* a day that is full of minutes without trades */
    const agreement early = derive_and_compare(files[0].name, HOUR_NS, hours);
    assert_int_equal(early.equal, 24);
    assert_int_equal(early.different, 0);
}

static void minutes_make_the_exchange_s_quarters(void **state)
{
    (void)state;
    need_data();
    const agreement result = derive_and_compare("ohlcv/binance_spot_BTCUSDT_1m_2023.csv.zst",
        15 * MINUTE_NS,
        "ohlcv/binance_spot_BTCUSDT_15m_2023-01_2023-11.csv.zst");
    assert_int_equal(result.equal, 30241);
    assert_int_equal(result.quiet, 5);
    assert_int_equal(result.different, 0);
}

static void trades_make_the_exchange_s_minutes(void **state)
{
    (void)state;
    need_data();
    lab_history *const from = open_data(files[11].name, (lab_import_options){0});
    lab_history *const own =
        open_data("ohlcv/binance_spot_BTCUSDT_1m_20240808T2350_20240809T0010_oracle.csv.zst",
            (lab_import_options){0});
    const lab_candles *const oracle = lab_history_candles(own);
    int64_t *memory = NULL;
    lab_candles_out made = room_for(64, &memory);
    assert_int_equal(
        lab_derive_from_trades(lab_history_trades(from), MINUTE_NS, &made, NULL), CB_OK);
    assert_int_equal(made.count, 12); /* the first and the last are cut */
    uint64_t trades = 0;
    for (uint64_t i = 1; i + 1 < made.count; i++) {
        const uint64_t at = i + 4; /* the oracle begins at 23:50 */
        assert_int_equal(made.open_ts_ns[i], oracle->open_ts_ns[at]);
        assert_int_equal(made.open_e8[i], oracle->open_e8[at]);
        assert_int_equal(made.high_e8[i], oracle->high_e8[at]);
        assert_int_equal(made.low_e8[i], oracle->low_e8[at]);
        assert_int_equal(made.close_e8[i], oracle->close_e8[at]);
        assert_int_equal(made.volume_e8[i], oracle->volume_e8[at]);
        assert_int_equal(made.quote_volume_e8[i], oracle->quote_volume_e8[at]);
        assert_int_equal(made.trades_count[i], oracle->trades_count[at]);
        trades += made.trades_count[i];
    }
    assert_int_equal(trades, 18776);
    free(memory);
    lab_history_close(from);
    lab_history_close(own);
}

static void quotes_are_read_side_by_side(void **state)
{
    static const char quotes[] = "ohlcv/coinbase_spot_BTCUSD_1m_quotes_2018-04-04_05.csv.zst";
    (void)state;
    need_data();
    lab_history *const bid = open_data(quotes, (lab_import_options){.quotes = "bid"});
    const int64_t bid_e8 = lab_history_candles(bid)->open_e8[0];
    const uint64_t rows = lab_history_candles(bid)->count;
    lab_history_close(bid);
    lab_history *const ask = open_data(quotes, (lab_import_options){.quotes = "ask"});
    assert_int_equal(lab_history_candles(ask)->open_e8[0], INT64_C(742491000000));
    assert_int_equal(bid_e8, INT64_C(742490000000));
    assert_int_equal(lab_history_candles(ask)->count, rows);
    lab_history_close(ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_those_that_are_known),
        cmocka_unit_test(an_outage_is_told_to_the_minute),
        cmocka_unit_test(minutes_make_the_exchange_s_hours),
        cmocka_unit_test(minutes_make_the_exchange_s_quarters),
        cmocka_unit_test(trades_make_the_exchange_s_minutes),
        cmocka_unit_test(quotes_are_read_side_by_side),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
