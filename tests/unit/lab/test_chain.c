/* The chain: equal runs are equal, conflation changes nothing that was decided, executed or booked,
 * money is conserved, and bad history is left out and told. */
#include "tests/unit/lab/chain_fixture.h"

#define BARS 1500
#define SEEDS 14
#define DESK_SEEDS 8

static const char *const strategies[] = {"trend@1m:1",
    "meanrev@1m:1",
    "trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2",
    "trend@5m:1,meanrev@5m:1"};

/* ---- equality ---- */

typedef struct drawn {
    fixture_wild wild;
    uint32_t symbols_count;
    lab_setup_setting settings[8];
    size_t settings_count;
} drawn;

static void draw(uint64_t seed, drawn *out)
{
    static const char *const thresholds[] = {"0.1", "0.3", "0.6"};
    cb_prng prng;
    cb_prng_init(&prng, seed);
    *out = (drawn){.wild = {.silent = (uint32_t)fixture_draw(&prng, 3) * 10,
                       .holes = (uint32_t)fixture_draw(&prng, 3) * 5,
                       .jumps = (uint32_t)fixture_draw(&prng, 3) * 5,
                       .dust = (uint32_t)fixture_draw(&prng, 2) * 10,
                       .has_totals = fixture_draw(&prng, 2) == 1},
        .symbols_count = 1 + (uint32_t)fixture_draw(&prng, FIXTURE_SYMBOLS_MAX)};
    out->settings[out->settings_count++] =
        (lab_setup_setting){"signals", "strategies", strategies[fixture_draw(&prng, 4)]};
    out->settings[out->settings_count++] =
        (lab_setup_setting){"signals", "decision.threshold", thresholds[fixture_draw(&prng, 3)]};
    if (fixture_draw(&prng, 3) == 0) {
        out->settings[out->settings_count++] =
            (lab_setup_setting){"signals", "decision.brackets", "true"};
    }
    if (fixture_draw(&prng, 3) == 0) {
        out->settings[out->settings_count++] =
            (lab_setup_setting){"signals", "entry.order_type", "limit"};
    }
    if (fixture_draw(&prng, 3) == 0) {
        out->settings[out->settings_count++] =
            (lab_setup_setting){"venue", "book.spread_ticks", "7"};
    }
}

/* Desks want several resting orders at once. */
static void draw_desk(uint64_t seed, drawn *out)
{
    static const char *const desks[] = {"grid@1m:BTCUSDT:20000",
        "market_maker@1m:BTCUSDT:20000",
        "dca@5m:BTCUSDT:5000",
        "grid@15m:BTCUSDT:30000"};
    draw(seed, out);
    out->settings[out->settings_count++] = (lab_setup_setting){"signals", "desks", desks[seed % 4]};
}

static lab_totals play(const drawn *draw, uint64_t seed, bool is_conflated)
{
    static const int64_t prices[FIXTURE_SYMBOLS_MAX] = {40000 * CB_E8, 2500 * CB_E8, 100 * CB_E8};
    fixture_series series[FIXTURE_SYMBOLS_MAX];
    const lab_chain_config wish = {.is_conflated = is_conflated};
    static const char *const names[] = {"BTCUSDT", "ETHUSDT", "SOLUSDT"};
    for (uint32_t i = 0; i < draw->symbols_count; i++) {
        fixture_series_make(&series[i], names[i], BARS, seed * 10 + i, prices[i], &draw->wild);
    }
    fixture *self =
        fixture_open(series, draw->symbols_count, draw->settings, draw->settings_count, &wish);
    const lab_totals totals = fixture_run(self);
    fixture_close(self);
    for (uint32_t i = 0; i < draw->symbols_count; i++) {
        fixture_series_free(&series[i]);
    }
    return totals;
}

static void same_history_gives_the_same_run(void **state)
{
    (void)state;
    drawn wanted;
    draw(3, &wanted);
    const lab_totals first = play(&wanted, 3, false);
    const lab_totals second = play(&wanted, 3, false);
    assert_true(first.intents > 0);
    assert_int_equal(first.output_hash, second.output_hash);
    assert_int_equal(first.state_hash, second.state_hash);
}

static void conflation_changes_no_output(void **state)
{
    (void)state;
    uint64_t intents = 0;
    uint64_t fills = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        drawn wanted;
        draw(seed, &wanted);
        const lab_totals full = play(&wanted, seed, false);
        const lab_totals fast = play(&wanted, seed, true);
        if (full.output_hash != fast.output_hash) {
            fail_msg("seed %llu: the outputs differ (%llu and %llu intents)",
                (unsigned long long)seed,
                (unsigned long long)full.intents,
                (unsigned long long)fast.intents);
        }
        assert_int_equal(full.bars, fast.bars);
        assert_int_equal(full.signals, fast.signals);
        assert_int_equal(full.end_equity_e8, fast.end_equity_e8);
        intents += full.intents;
        fills += full.fills;
    }
    assert_true(intents > 100);
    assert_true(fills > 100);
}

/* ---- rows ---- */

typedef struct collected {
    uint64_t points;
    uint64_t fills;
    uint64_t trades;
    uint64_t findings;
    int64_t last_equity_e8;
    int64_t pnl_e8;
    lab_finding finding;
} collected;

static void conflation_changes_no_desk(void **state)
{
    (void)state;
    uint64_t fills_count = 0;
    for (uint64_t seed = 1; seed <= DESK_SEEDS; seed++) {
        drawn chosen;
        draw_desk(seed, &chosen);
        const lab_totals full = play(&chosen, seed, false);
        const lab_totals quiet = play(&chosen, seed, true);
        if (full.output_hash != quiet.output_hash || full.end_equity_e8 != quiet.end_equity_e8) {
            fail_msg("seed %u: fills %u and %u",
                (unsigned)seed,
                (unsigned)full.fills,
                (unsigned)quiet.fills);
        }
        fills_count += full.fills;
    }
    assert_true(fills_count > 0);
}

static void take_point(void *context, uint32_t account, const lab_point *point)
{
    collected *to = context;
    assert_int_equal(account, 0);
    to->points++;
    to->last_equity_e8 = point->equity_e8;
}

static void take_fill(void *context, uint32_t account, const lab_fill *fill)
{
    collected *to = context;
    assert_int_equal(account, 0);
    assert_true(fill->qty_e8 > 0 && fill->price_e8 > 0);
    to->fills++;
}

static void take_trade(void *context, uint32_t account, const lab_trade *trade)
{
    collected *to = context;
    assert_int_equal(account, 0);
    assert_true(trade->mae_e8 <= 0 || trade->mae_e8 <= trade->pnl_e8);
    assert_true(trade->exit_ts_ns >= trade->entry_ts_ns);
    to->trades++;
    to->pnl_e8 += trade->pnl_e8;
}

static void take_finding(void *context, uint32_t symbol, const lab_finding *finding)
{
    collected *to = context;
    assert_int_equal(symbol, 0);
    to->findings++;
    to->finding = *finding;
}

static lab_chain_sink sink_of(collected *to)
{
    return (lab_chain_sink){.context = to,
        .point = take_point,
        .fill = take_fill,
        .trade = take_trade,
        .finding = take_finding};
}

static void results_add_up(void **state)
{
    (void)state;
    collected got = {.points = 0};
    fixture_series series;
    const fixture_wild wild = {.has_totals = true};
    const lab_setup_setting settings[] = {{"signals", "strategies", "trend@1m:1"}};
    const lab_chain_config wish = {.is_conflated = true, .sink = sink_of(&got)};
    fixture_series_make(&series, "BTCUSDT", BARS, 7, 40000 * CB_E8, &wild);
    fixture *self = fixture_open(&series, 1, settings, 1, &wish);
    const lab_totals totals = fixture_run(self);
    assert_int_equal(totals.bars, BARS);
    assert_int_equal(got.points, BARS);
    assert_int_equal(got.fills, totals.fills);
    assert_int_equal(got.trades, totals.trades);
    assert_true(totals.trades > 3);
    assert_int_equal(got.last_equity_e8, totals.end_equity_e8);
    /* What the round trips made is what the account gained, but for the dust that they left. */
    const int64_t gain_e8 = totals.end_equity_e8 - totals.start_equity_e8;
    const int64_t apart_e8 = gain_e8 > got.pnl_e8 ? gain_e8 - got.pnl_e8 : got.pnl_e8 - gain_e8;
    assert_true(apart_e8 < CB_E8 * (int64_t)totals.trades);
    fixture_close(self);
    fixture_series_free(&series);
}

static void reasons_name_every_signal(void **state)
{
    (void)state;
    fixture_series series;
    lab_reason reasons[LAB_REASONS_MAX];
    const fixture_wild wild = {.has_totals = true};
    const lab_chain_config wish = {.is_conflated = true};
    fixture_series_make(&series, "BTCUSDT", BARS, 8, 40000 * CB_E8, &wild);
    fixture *self = fixture_open(&series, 1, NULL, 0, &wish);
    const lab_totals totals = fixture_run(self);
    const uint32_t count = lab_chain_reasons(self->chain, 0, reasons);
    uint64_t signals = 0;
    for (uint32_t i = 0; i < count; i++) {
        signals += strcmp(reasons[i].stage, "signals") == 0 ? reasons[i].count : 0;
    }
    assert_true(totals.signals > 0);
    assert_int_equal(signals, totals.signals);
    fixture_close(self);
    fixture_series_free(&series);
}

/* ---- bad history ---- */

static void a_gap_is_found_and_nobody_trades_in_it(void **state)
{
    (void)state;
    collected got = {.points = 0};
    fixture_series series;
    const fixture_wild wild = {.has_totals = true};
    const lab_chain_config wish = {.is_conflated = true, .sink = sink_of(&got)};
    fixture_series_make(&series, "BTCUSDT", 300, 9, 40000 * CB_E8, &wild);
    for (uint64_t i = 200; i < 300; i++) {
        series.columns[0][i] += 50 * FIXTURE_MINUTE_NS;
    }
    fixture *self = fixture_open(&series, 1, NULL, 0, &wish);
    const lab_totals totals = fixture_run(self);
    assert_int_equal(totals.bars, 300);
    assert_int_equal(got.findings, 1);
    assert_int_equal(got.finding.kind, LAB_FINDING_GAP);
    assert_int_equal(got.finding.count, 50);
    assert_int_equal(got.finding.from_ns, FIXTURE_START_NS + 200 * FIXTURE_MINUTE_NS);
    fixture_close(self);
    fixture_series_free(&series);
}

static void a_bad_candle_is_left_out(void **state)
{
    (void)state;
    collected got = {.points = 0};
    fixture_series series;
    const fixture_wild wild = {.has_totals = true};
    const lab_chain_config wish = {.sink = sink_of(&got)};
    fixture_series_make(&series, "BTCUSDT", 100, 10, 40000 * CB_E8, &wild);
    series.columns[2][50] = series.columns[3][50] - 1; /* high under low */
    fixture *self = fixture_open(&series, 1, NULL, 0, &wish);
    const lab_totals totals = fixture_run(self);
    assert_int_equal(totals.bars, 99);
    assert_int_equal(got.findings, 2); /* the candle, and the hole that it leaves */
    fixture_close(self);
    fixture_series_free(&series);
}

static void an_empty_range_is_refused(void **state)
{
    (void)state;
    fixture_series series;
    cb_err err = {0};
    const fixture_wild wild = {.has_totals = true};
    const lab_chain_config wish = {.is_conflated = true};
    fixture_series_make(&series, "BTCUSDT", 10, 11, 40000 * CB_E8, &wild);
    fixture *self = fixture_open(&series, 1, NULL, 0, &wish);
    self->config.from_ns = FIXTURE_START_NS + 1000 * FIXTURE_MINUTE_NS;
    assert_int_equal(lab_chain_check(&self->config, &err), CB_E_CONFIG);
    assert_string_equal(err.text, "the range holds no data");
    fixture_close(self);
    fixture_series_free(&series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_history_gives_the_same_run),
        cmocka_unit_test(conflation_changes_no_output),
        cmocka_unit_test(conflation_changes_no_desk),
        cmocka_unit_test(results_add_up),
        cmocka_unit_test(reasons_name_every_signal),
        cmocka_unit_test(a_gap_is_found_and_nobody_trades_in_it),
        cmocka_unit_test(a_bad_candle_is_left_out),
        cmocka_unit_test(an_empty_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
