/* The lab's chain beside a loop written by hand, in the same run. `lab_bench [-o json]`.
 *
 * The loop is what a fast backtest elsewhere is: two sliding means, orders at the next open, fees,
 * equity, drawdown and Sharpe in doubles, and nothing else. The chain is the system that trades:
 * the validator's expectations, strategies, risk rules, permits, the order's life, the exchange's
 * matching, the ledger. Data: the recorded year of minutes where it is, else one that is made.
 * Processor time of this process; ours and the baseline take turns; medians. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "base/timefmt.h"
#include "services/lab/core/chain.h"
#include "services/lab/data/history.h"
#include "services/lab/setup.h"
#include "testing/alloc_count.h"

#define ROWS UINT64_C(525600)
#define TOLD_BARS UINT64_C(20000) /* with every message told, which takes longer */
#define TRADES UINT64_C(60000)
#define ROUNDS 3
#define RECORDED "../shared/data/ohlcv/binance_spot_BTCUSDT_1m_2022.csv.zst"
#define START_NS INT64_C(1640995200000000000)
#define MINUTE_NS (60 * CB_NS_PER_S)

typedef enum figure { LOOP, QUIET_ONE, QUIET_FOUR, TOLD, BY_TRADE, FIGURES } figure;
static const char *const names[FIGURES] = {
    "loop", "chain_one_strategy", "chain_four_strategies", "chain_every_message", "chain_trades"};

typedef struct taken {
    double seconds;
    uint64_t allocations;
    lab_totals totals;
} taken;

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "lab_bench: %s\n", what);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *take(size_t size)
{
    void *memory = mmap(
        NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        give_up("no memory");
    }
    return memory;
}

/* ---- data ---- */

static void make_candles(lab_candles *out)
{
    int64_t *columns[6];
    cb_prng prng;
    int64_t price_e8 = 40000 * CB_E8;
    cb_prng_init(&prng, 1);
    for (uint32_t c = 0; c < 6; c++) {
        columns[c] = take(ROWS * sizeof(int64_t));
    }
    for (uint64_t i = 0; i < ROWS; i++) {
        const int64_t step_e8 = ((int64_t)cb_prng_below(&prng, 4001) - 2000) * (CB_E8 / 100);
        const int64_t close_e8 = price_e8 + step_e8 < 1000 * CB_E8 ? price_e8 : price_e8 + step_e8;
        const int64_t top_e8 = price_e8 > close_e8 ? price_e8 : close_e8;
        const int64_t bottom_e8 = price_e8 < close_e8 ? price_e8 : close_e8;
        columns[0][i] = START_NS + (int64_t)i * MINUTE_NS;
        columns[1][i] = price_e8;
        columns[2][i] = top_e8 + (int64_t)cb_prng_below(&prng, 500) * (CB_E8 / 100);
        columns[3][i] = bottom_e8 - (int64_t)cb_prng_below(&prng, 500) * (CB_E8 / 100);
        columns[4][i] = close_e8;
        columns[5][i] = (1 + (int64_t)cb_prng_below(&prng, 2000000)) * 1000;
        price_e8 = close_e8;
    }
    *out = (lab_candles){.venue = "binance",
        .symbol = "BTCUSDT",
        .timeframe_ns = MINUTE_NS,
        .count = ROWS,
        .open_ts_ns = columns[0],
        .open_e8 = columns[1],
        .high_e8 = columns[2],
        .low_e8 = columns[3],
        .close_e8 = columns[4],
        .volume_e8 = columns[5]};
}

/* A few trades each second around the candles' prices. */
static void make_trades(const lab_candles *from, lab_trades *out)
{
    int64_t *ts_ns = take(TRADES * sizeof(int64_t));
    int64_t *price_e8 = take(TRADES * sizeof(int64_t));
    int64_t *qty_e8 = take(TRADES * sizeof(int64_t));
    uint64_t *id = take(TRADES * sizeof(uint64_t));
    uint8_t *maker = take(TRADES);
    for (uint64_t i = 0; i < TRADES; i++) {
        const uint64_t row = i / 240;
        ts_ns[i] = from->open_ts_ns[row] + (int64_t)(i % 240) * (MINUTE_NS / 240);
        price_e8[i] = from->open_e8[row] + (int64_t)(i % 7) * (CB_E8 / 100);
        qty_e8[i] = (1 + (int64_t)(i % 50)) * 100000;
        id[i] = i + 1;
        maker[i] = i % 2 == 0;
    }
    *out = (lab_trades){.venue = "binance",
        .symbol = "BTCUSDT",
        .count = TRADES,
        .ts_ns = ts_ns,
        .id = id,
        .price_e8 = price_e8,
        .qty_e8 = qty_e8,
        .is_buyer_maker = maker};
}

/* ---- the baseline ---- */

typedef struct loop_result {
    double equity;
    double drawdown;
    double sharpe;
    uint64_t fills;
} loop_result;

static loop_result run_loop(const lab_candles *c)
{
    enum { FAST = 12, SLOW = 48 };
    const double fee = 0.001;
    double cash = 100000;
    double held = 0;
    double fast = 0;
    double slow = 0;
    double peak = cash;
    double last = cash;
    double sum = 0;
    double squares = 0;
    int wanted = 0;
    loop_result out = {0};
    for (uint64_t i = 0; i < c->count; i++) {
        const double open = (double)c->open_e8[i] / 1e8;
        const double close = (double)c->close_e8[i] / 1e8;
        if (wanted > 0 && held <= 0) {
            held = cash / open * (1 - fee);
            cash = 0;
            out.fills++;
        } else if (wanted < 0 && held > 0) {
            cash = held * open * (1 - fee);
            held = 0;
            out.fills++;
        }
        fast += close - (i >= FAST ? (double)c->close_e8[i - FAST] / 1e8 : 0);
        slow += close - (i >= SLOW ? (double)c->close_e8[i - SLOW] / 1e8 : 0);
        wanted = i < SLOW ? 0 : fast / FAST > slow / SLOW ? 1 : -1;
        const double equity = cash + held * close;
        const double change = equity / last - 1;
        last = equity;
        peak = equity > peak ? equity : peak;
        out.drawdown = 1 - equity / peak > out.drawdown ? 1 - equity / peak : out.drawdown;
        sum += change;
        squares += change * change;
    }
    const double mean = sum / (double)c->count;
    const double variance = squares / (double)c->count - mean * mean;
    out.sharpe = variance > 0 ? mean / sqrt(variance) * sqrt((double)ROWS) : 0;
    out.equity = last;
    return out;
}

/* ---- the chain ---- */

static taken run_chain(
    const lab_candles *candles, const lab_trades *trades, const char *strategies, bool is_quiet)
{
    static lab_setup setup;
    static const char symbols[1][LAB_SYMBOL_SIZE] = {"BTCUSDT"};
    const lab_setup_setting settings[] = {{"signals", "strategies", strategies}};
    const lab_setup_request request = {
        .symbols = symbols, .symbols_count = 1, .settings = settings, .settings_count = 1};
    static lab_chain_config config;
    taken out = {0};
    cb_err err = {0};
    config = (lab_chain_config){.is_conflated = is_quiet};
    if (lab_setup_load(&setup, &request, &err) != CB_OK) {
        give_up(err.text);
    }
    lab_setup_apply(&setup, 1, &config);
    config.symbols[0].candles = trades == NULL ? candles : NULL;
    config.symbols[0].trades = trades;
    config.to_ns = is_quiet || trades != NULL ? 0 : candles->open_ts_ns[TOLD_BARS];
    lab_chain_fit(&config.symbols[0]);
    if (lab_chain_check(&config, &err) != CB_OK) {
        give_up(err.text);
    }
    const size_t size = lab_chain_size(&config);
    void *memory = take(size);
    const double begin = seconds();
    lab_chain *chain = lab_chain_create(&config, memory, size);
    const uint64_t before = cb_alloc_count();
    while (lab_chain_run(chain, 100000)) {
    }
    out.allocations = cb_alloc_count() - before;
    lab_chain_finish(chain);
    lab_chain_totals(chain, 0, &out.totals);
    out.seconds = seconds() - begin;
    (void)munmap(memory, size);
    return out;
}

/* ---- report ---- */

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print(const double *rates, const taken *year, uint64_t allocations, bool is_json)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    const double peak_mib = (double)usage.ru_maxrss / 1024;
    if (is_json) {
        (void)printf("{\"bench\":\"lab\"");
        for (int f = 0; f < FIGURES; f++) {
            (void)printf(",\"%s_per_s\":%.0f", names[f], rates[f]);
        }
        (void)printf(",\"allocations\":%" PRIu64 ",\"peak_mib\":%.1f}\n", allocations, peak_mib);
        return;
    }
    (void)printf(
        "backtest: %" PRIu64 " minutes, medians of %d rounds, processor time\n", ROWS, ROUNDS);
    (void)printf("  loop by hand (SMA cross)               %10.0f bars/s\n", rates[LOOP]);
    (void)printf("  chain, one strategy, conflated         %10.0f bars/s\n", rates[QUIET_ONE]);
    (void)printf("  chain, four strategies, conflated      %10.0f bars/s (%" PRIu64
                 " signals, %" PRIu64 " fills)\n",
        rates[QUIET_FOUR],
        year->totals.signals,
        year->totals.fills);
    (void)printf("  chain, four strategies, every message  %10.0f bars/s\n", rates[TOLD]);
    (void)printf("  chain, trade by trade                  %10.0f trades/s\n", rates[BY_TRADE]);
    (void)printf("  allocations after the start            %10" PRIu64 "\n", allocations);
    (void)printf("  peak memory, with the data             %10.1f MiB\n", peak_mib);
}

int main(int argc, char **argv)
{
    static const char four[] = "trend@1m:1,trend@5m:1,meanrev@1m:1,meanrev@15m:1";
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    double rates[FIGURES][ROUNDS];
    double medians[FIGURES];
    uint64_t allocations = 0;
    double kept = 0;
    taken year = {0};
    lab_candles candles;
    lab_trades trades;
    lab_history *history = NULL;
    const lab_history_request recorded = {
        .path = RECORDED, .cache_dir = "/tmp", .options = {.symbol = "BTCUSDT"}};
    if (lab_history_open(&recorded, &history, NULL) == CB_OK) {
        candles = *lab_history_candles(history);
    } else {
        make_candles(&candles);
    }
    make_trades(&candles, &trades);
    for (int r = 0; r < ROUNDS; r++) {
        const double begin = seconds();
        for (int i = 0; i < 20; i++) {
            kept += run_loop(&candles).sharpe;
        }
        rates[LOOP][r] = 20 * (double)candles.count / (seconds() - begin);
        const taken one = run_chain(&candles, NULL, "trend@1m:1", true);
        year = run_chain(&candles, NULL, four, true);
        const taken told = run_chain(&candles, NULL, four, false);
        const taken by_trade = run_chain(&candles, &trades, four, true);
        rates[QUIET_ONE][r] = (double)one.totals.bars / one.seconds;
        rates[QUIET_FOUR][r] = (double)year.totals.bars / year.seconds;
        rates[TOLD][r] = (double)told.totals.bars / told.seconds;
        rates[BY_TRADE][r] = (double)TRADES / by_trade.seconds;
        allocations += one.allocations + year.allocations + told.allocations + by_trade.allocations;
    }
    for (int f = 0; f < FIGURES; f++) {
        qsort(rates[f], ROUNDS, sizeof(rates[f][0]), by_value);
        medians[f] = rates[f][ROUNDS / 2];
    }
    print(medians, &year, allocations, is_json);
    if (history != NULL) {
        lab_history_close(history);
    }
    return isnan(kept) || allocations > 0 ? 1 : 0;
}
