/* Metrics against what numpy, scipy, empyrical and quantstats computed (tests/fixtures/stats), and
 * at their ends: nothing, one value, a constant, losses only, ruin. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "stats/metrics.h"
#include "stats/series.h"

#define FIXTURE "tests/fixtures/stats/metrics.json"

typedef struct loaded {
    cb_perf perf;
    double *arrays[5];
    cb_trade_stat *trades;
} loaded;

static double *numbers(const json_t *from, const char *key, size_t *count)
{
    const json_t *list = json_object_get(from, key);
    if (list == NULL) {
        return NULL;
    }
    *count = json_array_size(list);
    double *out = calloc(*count, sizeof(*out));
    assert_non_null(out);
    for (size_t i = 0; i < *count; i++) {
        out[i] = json_number_value(json_array_get(list, i));
    }
    return out;
}

static loaded load(const json_t *from)
{
    loaded l = {0};
    size_t count = 0;
    size_t same = 0;
    l.arrays[0] = numbers(from, "returns", &count);
    l.arrays[1] = numbers(from, "benchmark", &same);
    l.arrays[2] = numbers(from, "exposure", &same);
    l.arrays[3] = numbers(from, "traded", &same);
    assert_true(same == 0 || same == count);
    l.arrays[4] = calloc(count, sizeof(double));
    l.perf = cb_perf_of(l.arrays[0], count, l.arrays[4]);
    l.perf.benchmark = l.arrays[1];
    l.perf.exposure = l.arrays[2];
    l.perf.traded = l.arrays[3];
    l.perf.risk_free = json_number_value(json_object_get(from, "risk_free"));
    l.perf.confidence = json_number_value(json_object_get(from, "confidence"));
    const json_t *trades = json_object_get(from, "trades");
    if (trades != NULL) {
        l.perf.trades_count = json_array_size(trades);
        l.trades = calloc(l.perf.trades_count, sizeof(*l.trades));
        for (size_t i = 0; i < l.perf.trades_count; i++) {
            const json_t *row = json_array_get(trades, i);
            l.trades[i] = (cb_trade_stat){.pnl = json_number_value(json_array_get(row, 0)),
                .risk = json_number_value(json_array_get(row, 1)),
                .mae = json_number_value(json_array_get(row, 2)),
                .mfe = json_number_value(json_array_get(row, 3))};
        }
        l.perf.trades = l.trades;
    }
    return l;
}

static void unload(loaded *l)
{
    for (size_t i = 0; i < 5; i++) {
        free(l->arrays[i]);
    }
    free(l->trades);
}

static void compare(const char *name, const cb_perf *perf, const json_t *want)
{
    const char *key = NULL;
    json_t *expected = NULL;
    size_t checked = 0;
    json_object_foreach((json_t *)(uintptr_t)want, key, expected)
    {
        const cb_metric_id id = cb_metric_find(key);
        assert_true(id < CB_METRICS_COUNT);
        const cb_metric_value got = cb_metric_compute(id, perf);
        checked++;
        if (json_is_null(expected)) {
            if (got.state == CB_METRIC_OK) {
                fail_msg("%s: %s is %.12g, not defined elsewhere", name, key, got.value);
            }
            continue;
        }
        const double wanted = json_number_value(expected);
        const double scale = fabs(wanted) > 1e-3 ? fabs(wanted) : 1e-3;
        if (got.state != CB_METRIC_OK || !(fabs(got.value - wanted) <= 1e-9 * scale)) {
            fail_msg("%s: %s is %.15g (%s) instead of %.15g",
                name,
                key,
                got.value,
                cb_metric_state_name(got.state),
                wanted);
        }
    }
    assert_true(checked >= 26);
}

static void metrics_equal_independent_computations(void **state)
{
    (void)state;
    json_error_t error;
    json_t *fixture = json_load_file(FIXTURE, 0, &error);
    assert_non_null(fixture);
    assert_true(json_number_value(json_object_get(fixture, "periods_per_year")) >
                CB_METRICS_PERIODS_PER_YEAR - 0.5);
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(fixture, "cases"), index, row)
    {
        loaded l = load(row);
        compare(
            json_string_value(json_object_get(row, "name")), &l.perf, json_object_get(row, "want"));
        unload(&l);
    }
    assert_true(index >= 8);
    json_decref(fixture);
}

/* The first case of the fixture has every input: there no figure may be missing from it. */
static void every_metric_is_in_the_fixture(void **state)
{
    (void)state;
    json_error_t error;
    json_t *fixture = json_load_file(FIXTURE, 0, &error);
    assert_non_null(fixture);
    const json_t *want =
        json_object_get(json_array_get(json_object_get(fixture, "cases"), 0), "want");
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        const char *name = cb_metric_at((cb_metric_id)i)->name;
        if (!json_is_number(json_object_get(want, name))) {
            fail_msg("%s has no golden value", name);
        }
    }
    json_decref(fixture);
}

static cb_metric_value one(const char *name, const cb_perf *perf)
{
    const cb_metric_id id = cb_metric_find(name);
    assert_true(id < CB_METRICS_COUNT);
    return cb_metric_compute(id, perf);
}

static void assert_state(const char *name, const cb_perf *perf, cb_metric_state wanted)
{
    const cb_metric_value got = one(name, perf);
    if (got.state != wanted) {
        fail_msg("%s is %s (%g) instead of %s",
            name,
            cb_metric_state_name(got.state),
            got.value,
            cb_metric_state_name(wanted));
    }
}

static void assert_value(const char *name, const cb_perf *perf, double wanted)
{
    const cb_metric_value got = one(name, perf);
    if (got.state != CB_METRIC_OK || fabs(got.value - wanted) > 1e-12) {
        fail_msg("%s is %.15g (%s) instead of %.15g",
            name,
            got.value,
            cb_metric_state_name(got.state),
            wanted);
    }
}

static void nothing_defines_no_metric(void **state)
{
    (void)state;
    const cb_trade_stat none = {0};
    cb_perf perf = cb_perf_of(NULL, 0, NULL);
    cb_metric_value all[CB_METRICS_COUNT];
    cb_metrics_compute(&perf, all);
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        assert_int_not_equal(all[i].state, CB_METRIC_OK);
        assert_true(fabs(all[i].value) <= 0);
    }
    assert_state("sharpe", &perf, CB_METRIC_TOO_FEW);
    assert_state("beta", &perf, CB_METRIC_NO_INPUT);
    assert_state("win_rate", &perf, CB_METRIC_NO_INPUT);
    perf.trades = &none; /* trades were recorded, there are none */
    assert_value("trades", &perf, 0);
    assert_state("win_rate", &perf, CB_METRIC_TOO_FEW);
}

static void one_value_defines_what_needs_no_spread(void **state)
{
    (void)state;
    const double returns[] = {-0.5};
    double scratch[1];
    const cb_perf perf = cb_perf_of(returns, 1, scratch);
    assert_value("total_return", &perf, -0.5);
    assert_value("max_drawdown", &perf, -0.5);
    assert_value("max_drawdown_duration", &perf, 1);
    assert_value("value_at_risk", &perf, -0.5);
    assert_value("conditional_value_at_risk", &perf, -0.5);
    assert_value("ulcer_index", &perf, 0.5);
    assert_state("volatility", &perf, CB_METRIC_TOO_FEW);
    assert_state("sharpe", &perf, CB_METRIC_TOO_FEW);
    assert_state("probabilistic_sharpe", &perf, CB_METRIC_TOO_FEW);
    assert_state("kurtosis", &perf, CB_METRIC_TOO_FEW);
}

static void a_constant_series_has_no_risk(void **state)
{
    (void)state;
    double returns[50];
    double scratch[50];
    for (size_t i = 0; i < 50; i++) {
        returns[i] = 0.001; /* whose mean is not exactly 0.001 */
    }
    cb_perf perf = cb_perf_of(returns, 50, scratch);
    perf.benchmark = returns;
    assert_value("volatility", &perf, 0);
    assert_state("sharpe", &perf, CB_METRIC_NO_RISK);
    assert_state("probabilistic_sharpe", &perf, CB_METRIC_NO_RISK);
    assert_state("sortino", &perf, CB_METRIC_NO_RISK);
    assert_state("omega", &perf, CB_METRIC_NO_RISK);
    assert_state("calmar", &perf, CB_METRIC_NO_RISK);
    assert_state("skewness", &perf, CB_METRIC_NO_RISK);
    assert_state("beta", &perf, CB_METRIC_NO_RISK);
    assert_state("correlation", &perf, CB_METRIC_NO_RISK);
    assert_state("information_ratio", &perf, CB_METRIC_NO_RISK);
    assert_value("max_drawdown", &perf, 0);
    assert_value("tail_ratio", &perf, 1);
    memset(returns, 0, sizeof(returns)); /* never in the market */
    assert_value("total_return", &perf, 0);
    assert_value("cagr", &perf, 0);
    assert_state("tail_ratio", &perf, CB_METRIC_NO_RISK);
    assert_state("stability", &perf, CB_METRIC_NO_RISK);
}

static void losses_only_are_one_long_drawdown(void **state)
{
    (void)state;
    const double returns[] = {-0.1, -0.1, -0.1};
    const cb_trade_stat trades[] = {{.pnl = -1}, {.pnl = -2}};
    double scratch[3];
    cb_perf perf = cb_perf_of(returns, 3, scratch);
    perf.trades = trades;
    perf.trades_count = 2;
    assert_value("max_drawdown", &perf, 0.729 - 1);
    assert_value("max_drawdown_duration", &perf, 3);
    assert_value("omega", &perf, 0);
    assert_value("win_rate", &perf, 0);
    assert_value("profit_factor", &perf, 0);
    assert_value("longest_losing_streak", &perf, 2);
    assert_state("average_win", &perf, CB_METRIC_TOO_FEW);
    assert_state("kelly", &perf, CB_METRIC_TOO_FEW);
    assert_state("edge_ratio", &perf, CB_METRIC_NO_RISK);
    perf.trades_count = 1;
    assert_state("sqn", &perf, CB_METRIC_TOO_FEW);
}

static void wins_only_have_no_profit_factor(void **state)
{
    (void)state;
    const cb_trade_stat trades[] = {{.pnl = 3, .mfe = 0.1}, {.pnl = 3, .mfe = 0.2}};
    cb_perf perf = cb_perf_of(NULL, 0, NULL);
    perf.trades = trades;
    perf.trades_count = 2;
    assert_value("win_rate", &perf, 1);
    assert_state("profit_factor", &perf, CB_METRIC_NO_RISK);
    assert_state("payoff_ratio", &perf, CB_METRIC_NO_RISK);
    assert_state("sqn", &perf, CB_METRIC_NO_RISK);
    assert_state("expectancy_risk", &perf, CB_METRIC_NO_INPUT);
}

static void ruin_has_no_growth(void **state)
{
    (void)state;
    const double returns[] = {0.1, -1.0, 0.2};
    double scratch[3];
    const cb_perf perf = cb_perf_of(returns, 3, scratch);
    assert_value("total_return", &perf, -1);
    assert_value("max_drawdown", &perf, -1);
    assert_state("cagr", &perf, CB_METRIC_RUINED);
    assert_state("calmar", &perf, CB_METRIC_RUINED);
    assert_state("stability", &perf, CB_METRIC_RUINED);
}

static void returns_end_where_equity_does(void **state)
{
    (void)state;
    const double equity[] = {100, 110, 99, 0, 50};
    double returns[4] = {9, 9, 9, 9};
    assert_int_equal(cb_returns_of_equity(equity, 5, returns), 3);
    assert_true(fabs(returns[0] - 0.1) < 1e-12 && fabs(returns[1] + 0.1) < 1e-12);
    assert_true(returns[2] <= -1 && returns[3] > 8);
    assert_int_equal(cb_returns_of_equity(equity, 1, returns), 0);
    assert_int_equal(cb_returns_of_equity(NULL, 0, NULL), 0);
}

static void a_note_tells_the_convention(void **state)
{
    (void)state;
    char note[CB_METRICS_NOTE_SIZE];
    cb_perf perf = cb_perf_of(NULL, 0, NULL);
    perf.risk_free = 0.04;
    cb_metric_note(CB_METRIC_ID_sharpe, &perf, note);
    assert_string_equal(note, "365 periods a year, risk-free 4 %");
    cb_metric_note(CB_METRIC_ID_cagr, &perf, note);
    assert_string_equal(note, "365 periods a year");
    cb_metric_note(CB_METRIC_ID_value_at_risk, &perf, note);
    assert_string_equal(note, "confidence 95 %");
    cb_metric_note(CB_METRIC_ID_omega, &perf, note);
    assert_string_equal(note, "risk-free 4 %");
    cb_metric_note(CB_METRIC_ID_win_rate, &perf, note);
    assert_string_equal(note, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_equal_independent_computations),
        cmocka_unit_test(every_metric_is_in_the_fixture),
        cmocka_unit_test(nothing_defines_no_metric),
        cmocka_unit_test(one_value_defines_what_needs_no_spread),
        cmocka_unit_test(a_constant_series_has_no_risk),
        cmocka_unit_test(losses_only_are_one_long_drawdown),
        cmocka_unit_test(wins_only_have_no_profit_factor),
        cmocka_unit_test(ruin_has_no_growth),
        cmocka_unit_test(returns_end_where_equity_does),
        cmocka_unit_test(a_note_tells_the_convention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
