/* Indicators against slow definitions that look at the whole history each time. They share no code
 * with the incremental ones. */
#include "indicator_runner.h"

/* ---- slow definitions: value at bar i, from bars[0 … i]; false before it is defined ---- */
typedef bool (*slow_fn)(const cb_bar *bars, size_t i, const int64_t *params, double *out);

static double mean_close(const cb_bar *bars, size_t i, size_t n)
{
    double sum = 0;
    for (size_t k = i + 1 - n; k <= i; k++) {
        sum += bars[k].close;
    }
    return sum / (double)n;
}

static bool slow_sma(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    out[0] = mean_close(bars, i, n);
    return true;
}

/* ema at i in explicit form: weights of all closes since the seed. */
static double explicit_ema(const cb_bar *bars, size_t i, size_t n)
{
    const double alpha = 2.0 / ((double)n + 1);
    double value = pow(1 - alpha, (double)(i + 1 - n)) * mean_close(bars, n - 1, n);
    for (size_t k = n; k <= i; k++) {
        value += alpha * pow(1 - alpha, (double)(i - k)) * bars[k].close;
    }
    return value;
}

static bool slow_ema(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    out[0] = explicit_ema(bars, i, n);
    return true;
}

static bool slow_macd(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t fast = (size_t)params[0];
    const size_t slow = (size_t)params[1];
    const size_t signal = (size_t)params[2];
    const size_t first = (fast > slow ? fast : slow) - 1;
    if (i < first + signal - 1) {
        return false;
    }
    const double alpha = 2.0 / ((double)signal + 1);
    double line = 0;
    double average = 0;
    for (size_t k = first; k <= i; k++) {
        line = explicit_ema(bars, k, fast) - explicit_ema(bars, k, slow);
        if (k < first + signal) {
            average += line / (double)signal;
        } else {
            average = alpha * line + (1 - alpha) * average;
        }
    }
    out[0] = line;
    out[1] = average;
    out[2] = line - average;
    return true;
}

/* Wilder's own recipe, written as in the book: average' = (average * (n - 1) + now) / n. */
static double wilder(const double *values, size_t first, size_t i, size_t n)
{
    double average = 0;
    for (size_t k = first; k < first + n; k++) {
        average += values[k];
    }
    average /= (double)n;
    for (size_t k = first + n; k <= i; k++) {
        average = (average * (double)(n - 1) + values[k]) / (double)n;
    }
    return average;
}

static bool slow_rsi(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    static double gains[BARS];
    static double losses[BARS];
    const size_t n = (size_t)params[0];
    if (i < n) {
        return false;
    }
    for (size_t k = 1; k <= i; k++) {
        const double change = bars[k].close - bars[k - 1].close;
        gains[k] = change > 0 ? change : 0;
        losses[k] = change < 0 ? -change : 0;
    }
    const double gain = wilder(gains, 1, i, n);
    const double loss = wilder(losses, 1, i, n);
    if (loss > 0) {
        out[0] = 100.0 - 100.0 / (1.0 + gain / loss);
    } else {
        out[0] = gain > 0 ? 100.0 : 50.0;
    }
    return true;
}

static bool slow_atr(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    static double ranges[BARS];
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    for (size_t k = 0; k <= i; k++) {
        ranges[k] = bars[k].high - bars[k].low;
        if (k > 0) {
            /* The same as the three-way maximum: the range stretched to the close before. */
            const double before = bars[k - 1].close;
            const double top = bars[k].high > before ? bars[k].high : before;
            const double bottom = bars[k].low < before ? bars[k].low : before;
            ranges[k] = top - bottom;
        }
    }
    out[0] = wilder(ranges, 0, i, n);
    return true;
}

static bool slow_bollinger(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    const double mean = mean_close(bars, i, n);
    double squares = 0;
    for (size_t k = i + 1 - n; k <= i; k++) {
        squares += (bars[k].close - mean) * (bars[k].close - mean);
    }
    const double width = (double)params[1] / 1e8 * sqrt(squares / (double)n);
    out[0] = mean;
    out[1] = mean + width;
    out[2] = mean - width;
    out[3] = width > 0 ? (bars[i].close - (mean - width)) / (2 * width) : 0.5;
    return true;
}

static bool slow_donchian(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    out[0] = bars[i].high;
    out[1] = bars[i].low;
    for (size_t k = i + 1 - n; k <= i; k++) {
        out[0] = bars[k].high > out[0] ? bars[k].high : out[0];
        out[1] = bars[k].low < out[1] ? bars[k].low : out[1];
    }
    out[2] = (out[0] + out[1]) / 2;
    return true;
}

static bool slow_raw_stochrsi(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[1];
    double high = -1;
    double low = 101;
    double now = 0;
    for (size_t k = 0; k < n; k++) {
        if (i < k || !slow_rsi(bars, i - k, params, &now)) {
            return false;
        }
        high = now > high ? now : high;
        low = now < low ? now : low;
    }
    (void)slow_rsi(bars, i, params, &now);
    out[0] = high > low ? 100 * (now - low) / (high - low) : 50;
    return true;
}

static bool slow_k(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    double sum = 0;
    for (size_t k = 0; k < (size_t)params[2]; k++) {
        double raw = 0;
        if (i < k || !slow_raw_stochrsi(bars, i - k, params, &raw)) {
            return false;
        }
        sum += raw;
    }
    out[0] = sum / (double)params[2];
    return true;
}

static bool slow_stochrsi(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    double sum = 0;
    for (size_t k = 0; k < (size_t)params[3]; k++) {
        double value = 0;
        if (i < k || !slow_k(bars, i - k, params, &value)) {
            return false;
        }
        sum += value;
    }
    out[1] = sum / (double)params[3];
    return slow_k(bars, i, params, &out[0]);
}

static double vwap_of(const cb_bar *bars, size_t first, size_t last)
{
    double value = 0;
    double volume = 0;
    for (size_t k = first; k <= last; k++) {
        value += (bars[k].high + bars[k].low + bars[k].close) / 3 * bars[k].volume;
        volume += bars[k].volume;
    }
    return volume > 0 ? value / volume : (bars[last].high + bars[last].low + bars[last].close) / 3;
}

static bool slow_vwap(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const size_t n = (size_t)params[0];
    if (i + 1 < n) {
        return false;
    }
    out[0] = vwap_of(bars, i + 1 - n, i);
    return true;
}

static bool slow_vwap_session(const cb_bar *bars, size_t i, const int64_t *params, double *out)
{
    const int64_t length_ns = params[0] * 3600 * CB_NS_PER_S;
    size_t first = i;
    while (first > 0 && bars[first - 1].open_ts_ns / length_ns == bars[i].open_ts_ns / length_ns) {
        first--;
    }
    out[0] = vwap_of(bars, first, i);
    return true;
}

typedef struct slow_case {
    const char *name;
    slow_fn fn;
    int64_t params[4];
    double tolerance;
} slow_case;

static const slow_case slow_cases[] = {
    {"sma", slow_sma, {20}, 1e-12},
    {"sma", slow_sma, {1}, 1e-12},
    {"sma", slow_sma, {333}, 1e-12},
    {"ema", slow_ema, {20}, 1e-11},
    {"ema", slow_ema, {1}, 1e-11},
    {"ema", slow_ema, {100}, 1e-11},
    {"macd", slow_macd, {12, 26, 9}, 1e-10},
    {"macd", slow_macd, {30, 10, 1}, 1e-10},
    {"rsi", slow_rsi, {14}, 1e-10},
    {"rsi", slow_rsi, {1}, 1e-10},
    {"rsi", slow_rsi, {50}, 1e-10},
    {"atr", slow_atr, {14}, 1e-12},
    {"atr", slow_atr, {1}, 1e-12},
    {"bollinger", slow_bollinger, {20, 200000000}, 1e-9},
    {"bollinger", slow_bollinger, {2, 50000000}, 1e-9},
    {"bollinger", slow_bollinger, {100, 300000000}, 1e-9},
    {"donchian", slow_donchian, {20}, 1e-15},
    {"donchian", slow_donchian, {1}, 1e-15},
    {"donchian", slow_donchian, {255}, 1e-15},
    {"stochrsi", slow_stochrsi, {14, 14, 3, 3}, 1e-8},
    {"stochrsi", slow_stochrsi, {5, 9, 1, 4}, 1e-8},
    {"vwap", slow_vwap, {60}, 1e-11},
    {"vwap", slow_vwap, {1}, 1e-11},
    {"vwap_session", slow_vwap_session, {24}, 1e-12},
    {"vwap_session", slow_vwap_session, {1}, 1e-12},
};

static void compare_case(const slow_case *c, const cb_bar *bars, size_t count)
{
    runner r = start(c->name, c->params);
    const uint32_t warmup = r.ops->warmup_bars(r.params);
    for (size_t i = 0; i < count; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX] = {-7, -7, -7, -7};
        double wanted[CB_INDICATOR_OUTPUTS_MAX] = {0};
        const bool is_warm = r.ops->update(r.state, &bars[i], out);
        assert_int_equal(is_warm, c->fn(bars, i, c->params, wanted));
        assert_int_equal(is_warm, i + 1 >= warmup);
        for (uint32_t o = 0; o < r.ops->outputs_count; o++) {
            assert_near(out[o], is_warm ? wanted[o] : -7, c->tolerance);
        }
    }
    stop(&r);
}

static void all_equal_their_slow_definitions(void **unused)
{
    (void)unused;
    static cb_bar bars[BARS];
    cb_prng prng;
    cb_prng_init(&prng, 61);
    for (size_t i = 0; i < sizeof(slow_cases) / sizeof(slow_cases[0]); i++) {
        /* stochrsi's definition is of fourth order in the bars */
        const bool is_dear = slow_cases[i].fn == slow_stochrsi || slow_cases[i].fn == slow_macd;
        random_bars(&prng, bars, BARS);
        compare_case(&slow_cases[i], bars, is_dear ? 150 : BARS);
    }
}

static void indicators_are_found_by_name(void **unused)
{
    (void)unused;
    assert_null(cb_indicator_at(cb_indicators_count()));
    assert_null(cb_indicator_find("no such indicator"));
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        assert_ptr_equal(cb_indicator_find(cb_indicator_at(i)->name), cb_indicator_at(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_equal_their_slow_definitions),
        cmocka_unit_test(indicators_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
