/* Indicators against published examples and closed forms, at the limits of their input, and what
 * every state must keep: determinism, no holes, explicit warm-up. */
#include "indicator_runner.h"
#include "ind/logarithm.h"

/* ---- published examples ---- */
static void check_series(const char *name,
    int64_t period,
    const cb_bar *bars,
    size_t count,
    const double *wanted,
    double tolerance)
{
    const int64_t params[4] = {period, 0, 0, 0};
    runner r = start(name, params);
    const size_t warmup = r.ops->warmup_bars(params);
    for (size_t i = 0; i < count; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX];
        if (r.ops->update(r.state, &bars[i], out) &&
            fabs(out[0] - wanted[i + 1 - warmup]) > tolerance) {
            fail_msg("%s at bar %zu: %f instead of %f", name, i, out[0], wanted[i + 1 - warmup]);
        }
    }
    stop(&r);
}

static void rsi_gives_the_published_example(void **unused)
{
    (void)unused;
    /* StockCharts ChartSchool, "Relative Strength Index", 14 periods */
    static const double closes[] = {44.3389,
        44.0902,
        44.1497,
        43.6124,
        44.3278,
        44.8264,
        45.0955,
        45.4245,
        45.8433,
        46.0826,
        45.8931,
        46.0328,
        45.6140,
        46.2820,
        46.2820,
        46.0028,
        46.0328,
        46.4116,
        46.2222,
        45.6439,
        46.2122,
        46.2521,
        45.7137,
        46.4515,
        45.7835,
        45.3548,
        44.0288,
        44.1783,
        44.2181,
        44.5672,
        43.4205,
        42.6628,
        43.1314};
    static const double wanted[] = {70.53,
        66.32,
        66.55,
        69.41,
        66.36,
        57.97,
        62.93,
        63.26,
        56.06,
        62.38,
        54.71,
        50.42,
        39.99,
        41.46,
        41.87,
        45.46,
        37.30,
        33.08,
        37.77};
    enum { COUNT = sizeof(closes) / sizeof(closes[0]) };
    cb_bar bars[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        bars[i] = flat_bar((int64_t)i, closes[i], 1);
    }
    check_series("rsi", 14, bars, COUNT, wanted, 0.006);
}

static void ema_gives_the_published_example(void **unused)
{
    (void)unused;
    /* StockCharts ChartSchool, "Moving Averages", 10 periods */
    static const double closes[] = {22.27,
        22.19,
        22.08,
        22.17,
        22.18,
        22.13,
        22.23,
        22.43,
        22.24,
        22.29,
        22.15,
        22.39,
        22.38,
        22.61,
        23.36,
        24.05,
        23.75,
        23.83,
        23.95,
        23.63,
        23.82,
        23.87,
        23.65,
        23.19,
        23.10,
        23.33,
        22.68,
        23.10,
        22.40,
        22.17};
    static const double wanted[] = {22.22,
        22.21,
        22.24,
        22.27,
        22.33,
        22.52,
        22.80,
        22.97,
        23.13,
        23.28,
        23.34,
        23.43,
        23.51,
        23.54,
        23.47,
        23.40,
        23.39,
        23.26,
        23.23,
        23.08,
        22.92};
    enum { COUNT = sizeof(closes) / sizeof(closes[0]) };
    cb_bar bars[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        bars[i] = flat_bar((int64_t)i, closes[i], 1);
    }
    check_series("ema", 10, bars, COUNT, wanted, 0.011);
}

static void atr_gives_the_published_example(void **unused)
{
    (void)unused;
    /* StockCharts ChartSchool, "Average True Range", 14 periods: high, low, close */
    static const double hlc[][3] = {{48.70, 47.79, 48.16},
        {48.72, 48.14, 48.61},
        {48.90, 48.39, 48.75},
        {48.87, 48.37, 48.63},
        {48.82, 48.24, 48.74},
        {49.05, 48.64, 49.03},
        {49.20, 48.94, 49.07},
        {49.35, 48.86, 49.32},
        {49.92, 49.50, 49.91},
        {50.19, 49.87, 50.13},
        {50.12, 49.20, 49.53},
        {49.66, 48.90, 49.50},
        {49.88, 49.43, 49.75},
        {50.19, 49.73, 50.03},
        {50.36, 49.26, 50.31},
        {50.57, 50.09, 50.52},
        {50.65, 50.30, 50.41},
        {50.43, 49.21, 49.34}};
    static const double wanted[] = {0.56, 0.59, 0.59, 0.57, 0.62};
    enum { COUNT = sizeof(hlc) / sizeof(hlc[0]) };
    cb_bar bars[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        bars[i] = flat_bar((int64_t)i, hlc[i][2], 1);
        bars[i].high = hlc[i][0];
        bars[i].low = hlc[i][1];
    }
    check_series("atr", 14, bars, COUNT, wanted, 0.0065);
}

/* ---- closed forms ---- */
static void a_straight_line_has_known_averages(void **unused)
{
    (void)unused;
    runner sma = start("sma", NULL);
    runner ema = start("ema", NULL);
    runner macd = start("macd", NULL);
    runner bands = start("bollinger", NULL);
    runner rsi = start("rsi", NULL);
    for (int i = 0; i < 300; i++) {
        const cb_bar bar = flat_bar(i, 1000 + i, 1);
        double out[CB_INDICATOR_OUTPUTS_MAX];
        if (sma.ops->update(sma.state, &bar, out)) {
            assert_near(out[0], bar.close - 9.5, 1e-12); /* (n - 1) / 2 behind */
        }
        if (ema.ops->update(ema.state, &bar, out)) {
            assert_near(out[0], bar.close - 9.5, 1e-12);
        }
        if (macd.ops->update(macd.state, &bar, out)) {
            assert_near(out[0], 7, 1e-10); /* (26 - 12) / 2 */
            assert_near(out[1], 7, 1e-10);
            assert_near(out[2], 0, 1e-10);
        }
        if (bands.ops->update(bands.state, &bar, out)) {
            const double width = 2 * sqrt((20.0 * 20.0 - 1) / 12);
            assert_near(out[1] - out[0], width, 1e-10);
            assert_near(out[0] - out[2], width, 1e-10);
        }
        if (rsi.ops->update(rsi.state, &bar, out)) {
            assert_near(out[0], 100, 1e-12);
        }
    }
    stop(&sma);
    stop(&ema);
    stop(&macd);
    stop(&bands);
    stop(&rsi);
}

/* ---- limits of the input ---- */
static bool all_finite(const double *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!isfinite(out[i])) {
            return false;
        }
    }
    return true;
}

/* What the first output is while the price is 42 and nothing is traded: in the middle of its scale,
 * at the price, or nothing. An indicator that is not listed gives 0. */
static double neutral_value(const char *name)
{
    static const char *const prices[] = {"sma",
        "ema",
        "wma",
        "hma",
        "dema",
        "tema",
        "t3",
        "kama",
        "vwma",
        "zlema",
        "trima",
        "smma",
        "vidya",
        "mcginley",
        "psar",
        "supertrend",
        "ichimoku",
        "linreg",
        "alligator",
        "chandelier",
        "heikin_ashi",
        "bollinger",
        "donchian",
        "vwap",
        "vwap_session",
        "keltner",
        "median",
        "quantile",
        "minmax",
        "pivot",
        "pivot_fibonacci",
        "pivot_camarilla",
        "fractal",
        "volume_profile"};
    static const char *const middles[] = {
        "rsi", "stochrsi", "stochastic", "mfi", "ultimate", "stc", "rvi", "choppiness"};
    static const struct {
        const char *name;
        double value;
    } others[] = {{"williams_r", -50},
        {"hurst", 0.5},
        {"aroon", 100}, /* the latest of equal extremes is now */
        {"vortex", 1},
        {"mass", 25},
        {"relative_volume", 1},
        {"percent_rank", 100}, /* none of the closes before is higher */
        {"connors_rsi", 100.0 / 3},
        {"nvi", 1000},
        {"pvi", 1000},
        {"doji", 1}};
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
        if (strcmp(prices[i], name) == 0) {
            return 42;
        }
    }
    for (size_t i = 0; i < sizeof middles / sizeof middles[0]; i++) {
        if (strcmp(middles[i], name) == 0) {
            return 50;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].name, name) == 0) {
            return others[i].value;
        }
    }
    return 0;
}

static void a_price_that_never_moves_gives_finite_neutral_values(void **unused)
{
    (void)unused;
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        const cb_indicator_ops *ops = cb_indicator_at(k);
        runner r = start(ops->name, NULL);
        double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
        bool is_warm = false;
        for (int i = 0; i < 300; i++) {
            const cb_bar bar = flat_bar(i, 42, 0);
            is_warm = ops->update(r.state, &bar, out);
            assert_true(!is_warm || all_finite(out, ops->outputs_count));
        }
        assert_true(is_warm);
        if (!(fabs(out[0] - neutral_value(ops->name)) <= 1e-10 * 42)) {
            fail_msg("%s: %.12g instead of %.12g", ops->name, out[0], neutral_value(ops->name));
        }
        stop(&r);
    }
}

/* Bounds of an indicator's first output on any input; 0, 0: none. */
static void bounds_of(const char *name, double *least, double *most)
{
    static const struct {
        const char *name;
        double least;
        double most;
    } bounds[] = {{"rsi", 0, 100},
        {"stochrsi", 0, 100},
        {"stochastic", 0, 100},
        {"mfi", 0, 100},
        {"ultimate", 0, 100},
        {"stc", 0, 100},
        {"rvi", 0, 100},
        {"williams_r", -100, 0},
        {"cmo", -100, 100},
        {"tsi", -100, 100},
        {"smi", -100, 100},
        {"adx", 0, 100},
        {"aroon", 0, 100},
        {"hurst", 0, 1},
        {"efficiency", 0, 1},
        {"correlation", -1, 1},
        {"autocorrelation", -1, 1},
        {"percent_rank", 0, 100},
        {"connors_rsi", 0, 100},
        {"bop", -1, 1},
        {"cmf", -1, 1},
        {"vigor", -1, 1},
        {"vhf", 0, 1},
        {"doji", 0, 1},
        {"hammer", -1, 1},
        {"engulfing", -1, 1},
        {"ulcer", 0, 100},
        {"stddev", 0, 1e12},
        {"true_range", 0, 1e12},
        {"mean_deviation", 0, 1e12}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        if (strcmp(bounds[i].name, name) == 0) {
            *least = bounds[i].least;
            *most = bounds[i].most;
        }
    }
}

/* Prices of all sizes, bars without volume, without a range, and all range. */
static cb_bar nasty_bar(cb_prng *prng, int64_t index)
{
    static const double prices[] = {1e-8, 9e10, 1, 9e10, 1e-8, 1e-8, 5e10};
    cb_bar bar =
        flat_bar(index, prices[cb_prng_below(prng, 7)], cb_prng_below(prng, 3) == 0 ? 0 : 9e10);
    if (cb_prng_below(prng, 2) == 0) {
        bar.open = prices[cb_prng_below(prng, 7)];
        bar.high = bar.open > bar.close ? bar.open : bar.close;
        bar.low = cb_prng_below(prng, 2) == 0 ? 1e-8 : bar.open + bar.close - bar.high;
    }
    return bar;
}

static void extreme_jumps_stay_finite_and_within_bounds(void **unused)
{
    (void)unused;
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        const cb_indicator_ops *ops = cb_indicator_at(k);
        runner r = start(ops->name, NULL);
        cb_prng prng;
        double least = 0;
        double most = 0;
        bounds_of(ops->name, &least, &most);
        const double slack = 1e-6 * (most - least);
        cb_prng_init(&prng, 62);
        for (int i = 0; i < 5000; i++) {
            double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
            const cb_bar bar = nasty_bar(&prng, i);
            if (!ops->update(r.state, &bar, out)) {
                continue;
            }
            if (!all_finite(out, ops->outputs_count)) {
                fail_msg("%s: not finite at bar %d", ops->name, i);
            }
            if (most > least && !(out[0] >= least - slack && out[0] <= most + slack)) {
                fail_msg("%s: %g at bar %d", ops->name, out[0], i);
            }
            if (strcmp(ops->name, "bollinger") == 0) {
                assert_true(out[2] <= out[0] && out[0] <= out[1]);
            }
        }
        stop(&r);
    }
}

static void rounding_does_not_pile_up_over_a_million_bars(void **unused)
{
    (void)unused;
    const int64_t params[4] = {50, 200000000, 0, 0};
    runner sma = start("sma", params);
    runner bands = start("bollinger", params);
    runner vwap = start("vwap", params);
    cb_prng prng;
    cb_prng_init(&prng, 63);
    cb_bar last[50];
    double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
    for (int64_t i = 0; i < 1000049; i++) {
        /* A million wild bars, then a calm market nine orders of magnitude smaller. The windows
         * went round last while most of their bars were wild: dropping those must not leave
         * their rounding behind. */
        const bool is_calm = i >= 1000049 - 60;
        const double price = is_calm ? 10 + random_unit(&prng) : random_unit(&prng) * 1e10;
        const double volume = is_calm ? random_unit(&prng) * 1e-3 : random_unit(&prng) * 1e9;
        last[i % 50] = flat_bar(i, price, volume);
        (void)sma.ops->update(sma.state, &last[i % 50], &out[0]);
        (void)vwap.ops->update(vwap.state, &last[i % 50], &out[1]);
        double bands_out[CB_INDICATOR_OUTPUTS_MAX] = {0};
        (void)bands.ops->update(bands.state, &last[i % 50], bands_out);
        out[2] = bands_out[1];
    }
    /* The last 50 bars by the definitions. */
    double close = 0;
    double value = 0;
    double total = 0;
    double squares = 0;
    for (size_t i = 0; i < 50; i++) {
        close += last[i].close / 50;
        value += last[i].close * last[i].volume;
        total += last[i].volume;
    }
    for (size_t i = 0; i < 50; i++) {
        squares += (last[i].close - close) * (last[i].close - close);
    }
    assert_near(out[0], close, 1e-12);
    assert_near(out[1], value / total, 1e-9);
    assert_near(out[2], close + 2 * sqrt(squares / 50), 1e-9);
    stop(&sma);
    stop(&bands);
    stop(&vwap);
}

/* 100 * gain / gain rounds to above 100 for one gain in seventeen; the state asserts its bounds. */
static void strength_of_a_steady_rise_is_100_for_every_step(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 17);
    for (int i = 0; i < 1000; i++) {
        const int64_t params[CB_PARAMS_PER_ENTRY_MAX] = {1};
        const double step = 0.001 + random_unit(&prng) * 1000;
        runner r = start("rsi", params);
        double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
        const cb_bar first = flat_bar(0, 0, 1);
        const cb_bar second = flat_bar(1, step, 1);
        assert_false(r.ops->update(r.state, &first, out));
        assert_true(r.ops->update(r.state, &second, out));
        assert_true(out[0] >= 100 && out[0] <= 100);
        stop(&r);
    }
}

static void sessions_begin_at_their_boundary(void **unused)
{
    (void)unused;
    const int64_t params[4] = {24, 0, 0, 0};
    runner r = start("vwap_session", params);
    double out[CB_INDICATOR_OUTPUTS_MAX];
    cb_bar bar = flat_bar(1438, 100, 5);
    assert_true(r.ops->update(r.state, &bar, out));
    bar = flat_bar(1439, 200, 15);
    assert_true(r.ops->update(r.state, &bar, out));
    assert_near(out[0], 175, 1e-12);
    bar = flat_bar(1440, 300, 1); /* the next day, UTC */
    assert_true(r.ops->update(r.state, &bar, out));
    assert_near(out[0], 300, 1e-12);
    stop(&r);
}

/* ---- states ---- */
static void states_are_deterministic_and_without_holes(void **unused)
{
    (void)unused;
    static cb_bar bars[BARS];
    cb_prng prng;
    cb_prng_init(&prng, 64);
    random_bars(&prng, bars, BARS);
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        const cb_indicator_ops *ops = cb_indicator_at(k);
        /* Different garbage before init: nothing of it may be left, padding included. */
        runner a = start_with(ops->name, NULL, 0x00);
        runner b = start_with(ops->name, NULL, 0xff);
        assert_int_equal(a.size % 8, 0);
        assert_int_equal(a.size, ops->state_size(a.params));
        uint64_t before = 0;
        size_t changes = 0;
        for (size_t i = 0; i < BARS; i++) {
            double out_a[CB_INDICATOR_OUTPUTS_MAX] = {0};
            double out_b[CB_INDICATOR_OUTPUTS_MAX] = {0};
            assert_memory_equal(a.state, b.state, a.size);
            (void)ops->update(a.state, &bars[i], out_a);
            const uint64_t hash = cb_indicator_hash(CB_HASH_SEED, a.state, a.size);
            (void)ops->update(b.state, &bars[i], out_b);
            assert_int_equal(hash, cb_indicator_hash(CB_HASH_SEED, b.state, b.size));
            assert_memory_equal(out_a, out_b, sizeof(out_a));
            changes += hash != before ? 1 : 0;
            before = hash;
        }
        assert_true(changes > BARS * 3 / 4);
        stop(&a);
        stop(&b);
    }
}

static void a_copied_state_goes_on_like_the_original(void **unused)
{
    (void)unused;
    static cb_bar bars[BARS];
    cb_prng prng;
    cb_prng_init(&prng, 65);
    random_bars(&prng, bars, BARS);
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        const cb_indicator_ops *ops = cb_indicator_at(k);
        runner a = start(ops->name, NULL);
        runner b = start(ops->name, NULL);
        double out_a[CB_INDICATOR_OUTPUTS_MAX] = {0};
        double out_b[CB_INDICATOR_OUTPUTS_MAX] = {0};
        for (size_t i = 0; i < BARS / 2; i++) {
            (void)ops->update(a.state, &bars[i], out_a);
        }
        memcpy(b.state, a.state, a.size);
        for (size_t i = BARS / 2; i < BARS; i++) {
            (void)ops->update(a.state, &bars[i], out_a);
            (void)ops->update(b.state, &bars[i], out_b);
            assert_memory_equal(out_a, out_b, sizeof(out_a));
        }
        stop(&a);
        stop(&b);
    }
}

static void tables_are_complete_and_bounds_are_usable(void **unused)
{
    (void)unused;
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        const cb_indicator_ops *ops = cb_indicator_at(k);
        assert_true(ops->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        assert_true(ops->params_count == 0 || ops->params != NULL);
        assert_true(ops->outputs_count >= 1 && ops->outputs_count <= CB_INDICATOR_OUTPUTS_MAX);
        assert_true(strlen(ops->summary) > 0 && strlen(ops->formula) > 0);
        assert_true(strlen(ops->source) > 0);
        int64_t least[CB_PARAMS_PER_ENTRY_MAX] = {0};
        int64_t most[CB_PARAMS_PER_ENTRY_MAX] = {0};
        cb_indicator_defaults(ops, least);
        assert_true(cb_indicator_accepts(ops, least));
        for (uint32_t i = 0; i < ops->params_count; i++) {
            least[i] = ops->params[i].min;
            most[i] = ops->params[i].max;
            assert_true(strlen(ops->params[i].help) > 0);
        }
        for (uint32_t i = 0; i < ops->params_count; i++) {
            int64_t outside[CB_PARAMS_PER_ENTRY_MAX] = {0};
            cb_indicator_defaults(ops, outside);
            outside[i] = least[i] - 1;
            assert_false(cb_indicator_accepts(ops, outside));
            outside[i] = most[i] + 1;
            assert_false(cb_indicator_accepts(ops, outside));
        }
        const int64_t *const both[] = {least, most};
        for (size_t s = 0; s < 2; s++) {
            runner r = start(ops->name, both[s]);
            const uint32_t warmup = ops->warmup_bars(r.params);
            double out[CB_INDICATOR_OUTPUTS_MAX];
            for (uint32_t i = 1; i <= warmup; i++) {
                const cb_bar bar = flat_bar(i, 100 + i % 7, 1);
                assert_int_equal(ops->update(r.state, &bar, out), i == warmup);
            }
            stop(&r);
        }
    }
}

/* ---- the border of fixed and floating point ---- */
static void fixed_point_becomes_double_and_back(void **unused)
{
    (void)unused;
    int64_t back = 0;
    cb_prng prng;
    cb_prng_init(&prng, 66);
    for (int i = 0; i < 100000; i++) {
        /* Up to 2^52 a double holds every multiple of 1e-8 apart. */
        const int64_t value = (int64_t)cb_prng_below(&prng, UINT64_C(1) << 52) - (INT64_C(1) << 51);
        assert_int_equal(cb_e8_from_f64(cb_f64_from_e8(value), &back, NULL), CB_OK);
        assert_int_equal(back, value);
    }
    assert_int_equal(cb_e8_from_f64(0.000000005, &back, NULL), CB_OK);
    assert_int_equal(back, 1);
    assert_int_equal(cb_e8_from_f64(-0.000000005, &back, NULL), CB_OK);
    assert_int_equal(back, -1);
    assert_int_equal(cb_e8_from_f64(0.0000000049, &back, NULL), CB_OK);
    assert_int_equal(back, 0);
    back = 7;
    assert_int_equal(cb_e8_from_f64((double)NAN, &back, NULL), CB_E_RANGE);
    assert_int_equal(cb_e8_from_f64((double)INFINITY, &back, NULL), CB_E_RANGE);
    assert_int_equal(cb_e8_from_f64(92233720369.0, &back, NULL), CB_E_RANGE);
    assert_int_equal(cb_e8_from_f64(-92233720369.0, &back, NULL), CB_E_RANGE);
    assert_int_equal(back, 7);
    assert_int_equal(cb_e8_from_f64(92233720368.0, &back, NULL), CB_OK);
}

static void the_logarithm_is_that_of_the_library(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 68);
    for (int i = 0; i < 200000; i++) {
        const double size = pow(10, random_unit(&prng) * 600 - 300);
        const double near = 1 + (random_unit(&prng) - 0.5) * 1e-3;
        const double values[] = {size, near};
        for (size_t k = 0; k < 2; k++) {
            const double wanted = log(values[k]);
            const double error = fabs(cb_ind_log(values[k]) - wanted);
            assert_true(error <= 4.5e-16 * fabs(wanted));
        }
    }
    assert_near(cb_ind_log(1), 0, 0);
    assert_near(cb_ind_log(0), 0, 0);
    assert_near(cb_ind_log(-1), 0, 0);
    assert_near(cb_ind_log((double)INFINITY), 0, 0);
    assert_near(cb_ind_log_return(2, 1), log(2), 1e-15);
    assert_near(cb_ind_log_return(2, 0), 0, 0);
}

static void a_candle_becomes_a_bar(void **unused)
{
    (void)unused;
    cb_candle candle;
    memset(&candle, 0, sizeof(candle));
    candle.is_closed = true;
    candle.open_ts_ns = START_NS;
    candle.open.e8 = 4621693000000;
    candle.high.e8 = 4627108000000;
    candle.low.e8 = 4620837000000;
    candle.close.e8 = 4625000000000;
    candle.volume.e8 = 4057574000;
    const cb_bar bar = cb_bar_from_candle(&candle);
    assert_int_equal(bar.open_ts_ns, START_NS);
    assert_near(bar.open, 46216.93, 1e-15);
    assert_near(bar.high, 46271.08, 1e-15);
    assert_near(bar.low, 46208.37, 1e-15);
    assert_near(bar.close, 46250, 1e-15);
    assert_near(bar.volume, 40.57574, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsi_gives_the_published_example),
        cmocka_unit_test(ema_gives_the_published_example),
        cmocka_unit_test(atr_gives_the_published_example),
        cmocka_unit_test(a_straight_line_has_known_averages),
        cmocka_unit_test(a_price_that_never_moves_gives_finite_neutral_values),
        cmocka_unit_test(extreme_jumps_stay_finite_and_within_bounds),
        cmocka_unit_test(rounding_does_not_pile_up_over_a_million_bars),
        cmocka_unit_test(strength_of_a_steady_rise_is_100_for_every_step),
        cmocka_unit_test(sessions_begin_at_their_boundary),
        cmocka_unit_test(states_are_deterministic_and_without_holes),
        cmocka_unit_test(a_copied_state_goes_on_like_the_original),
        cmocka_unit_test(tables_are_complete_and_bounds_are_usable),
        cmocka_unit_test(fixed_point_becomes_double_and_back),
        cmocka_unit_test(the_logarithm_is_that_of_the_library),
        cmocka_unit_test(a_candle_becomes_a_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
