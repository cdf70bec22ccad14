/* Job files: what is read from a whole one, and what each wrong one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/job/job.h"

static lab_job job;

static cb_status parse(const char *text, cb_err *err)
{
    *err = (cb_err){0};
    return lab_job_parse("job.yaml", text, strlen(text), &job, err);
}

#define HEAD                                                                                       \
    "data:\n  - file: btc.csv\n    symbol: BTCUSDT\n"                                              \
    "account: {balances: {USDT: 10000}}\nstrategies: trend@1m:1\n"

static void reads_a_whole_job(void **state)
{
    cb_err err;
    (void)state;
    const char *text =
        "name: year\n"
        "data:\n"
        "  - file: btc.csv.zst\n    symbol: BTCUSDT\n    timeframe: 1m\n"
        "  - {file: eth.csv, symbol: ETHUSDT, venue: kraken, kind: trades}\n"
        "from: 2023-01-01\n"
        "to: 2023-12-31T12:00:00Z\n"
        "account:\n  quote: USDT\n  balances:\n    USDT: 10000.5\n    BTC: 0\n"
        "strategies: [trend@1m:1, 'meanrev@15m:0.8']\n"
        "seed: 7\nforce: true\n"
        "settings:\n"
        "  signals: {decision.threshold: 0.2}\n"
        "  venue:\n    fees.maker: 0\n"
        "study:\n  sampler: cmaes\n  trials: 40\n  workers: 2\n"
        "  objectives: [sharpe, -max_drawdown]\n"
        "  parameters:\n"
        "    signals.strategy.trend.fast: {low: 2, high: 50}\n"
        "    signals.decision.threshold: {kind: decimal, low: 0.1, high: 0.9, log: true}\n"
        "    signals.entry.order_type: {choices: [market, limit]}\n"
        "walkforward: {windows: 12, kind: anchored, test: 30d, purge: 12h}\n";
    assert_int_equal(parse(text, &err), CB_OK);
    assert_string_equal(job.name, "year");
    assert_int_equal(job.series_count, 2);
    assert_string_equal(job.series[0].venue, "binance");
    assert_int_equal(job.series[0].timeframe_ns, 60 * CB_NS_PER_S);
    assert_int_equal(job.series[1].kind, LAB_SERIES_TRADES);
    assert_int_equal(job.from_ns, INT64_C(1672531200) * CB_NS_PER_S);
    assert_int_equal(job.to_ns, INT64_C(1704024000) * CB_NS_PER_S);
    assert_int_equal(job.balances_count, 2);
    assert_int_equal(job.balances[0].amount_e8, INT64_C(1000050000000));
    assert_string_equal(job.strategies, "trend@1m:1,meanrev@15m:0.8");
    assert_int_equal(job.seed, 7);
    assert_true(job.is_forced);
    assert_int_equal(job.settings_count, 2);
    assert_string_equal(job.settings[1].service, "venue");
    assert_string_equal(job.settings[1].key, "fees.maker");
    assert_string_equal(job.settings[1].value, "0");
    assert_int_equal(job.study.parameters_count, 3);
    assert_string_equal(job.study.parameters[0].key, "strategy.trend.fast");
    assert_int_equal(job.study.parameters[0].high_e8, 50 * CB_E8);
    assert_true(job.study.parameters[1].is_log);
    assert_int_equal(job.study.parameters[2].kind, LAB_PARAMETER_CHOICE);
    assert_string_equal(job.study.objectives[1].metric, "max_drawdown");
    assert_true(job.study.objectives[1].is_minimised);
    assert_false(job.study.objectives[0].is_minimised);
    assert_true(job.walkforward.is_anchored);
    assert_int_equal(job.walkforward.purge_ns, INT64_C(12) * 3600 * CB_NS_PER_S);
}

/* Each text is wrong in one way; the answer names place and remedy. */
static void refuses_with_place_and_reason(void **state)
{
    static const struct {
        const char *text;
        cb_status status;
        const char *told;
    } rows[] = {
        {"", CB_E_SYNTAX, "job.yaml: is empty"},
        {"data: [", CB_E_SYNTAX, "job.yaml:2: not YAML"},
        {"- a\n", CB_E_CONFIG, "job.yaml:1: expected `key: value` lines"},
        {HEAD "---\nx: 1\n", CB_E_SYNTAX, "job.yaml: holds more than one document"},
        {HEAD "seed: 1\nseed: 2\n", CB_E_SYNTAX, "'seed' is given twice"},
        {HEAD "sead: 1\n",
            CB_E_CONFIG,
            "job.yaml:6: there is no key 'sead' here; known: name, data"},
        {"account: {balances: {USDT: 1}}\nstrategies: x\n", CB_E_CONFIG, "'data' is missing"},
        {HEAD "from: yesterday\n", CB_E_CONFIG, "job.yaml:6: from: 'yesterday' is no time such as"},
        {HEAD "from: 2023-02-01\nto: 2023-01-01\n", CB_E_CONFIG, "'to' is not after 'from'"},
        {HEAD "seed: -1\n", CB_E_CONFIG, "seed: '-1' is no whole number"},
        {HEAD "force: yes\n", CB_E_CONFIG, "force: 'yes' is none of false|true"},
        {HEAD "settings: {risky: {a: 1}}\n",
            CB_E_CONFIG,
            "'risky' must be one of validator|signals"},
        {HEAD "settings: {risk: 1}\n", CB_E_CONFIG, "with `key: value` lines below"},
        {HEAD "settings: {risk: {a: [1]}}\n",
            CB_E_CONFIG,
            "job.yaml:6: risk.a: expected one value"},
        {HEAD "walkforward: {windows: 12, test: 30}\n",
            CB_E_CONFIG,
            "test: '30' is no span such as 30m"},
        {HEAD "walkforward: {kind: rolling}\n", CB_E_CONFIG, "'windows' is missing"},
        {HEAD "study: {trials: 1, objectives: sharpe, parameters: {fast: {low: 1, high: 2}}}\n",
            CB_E_CONFIG,
            "'fast' does not begin with a service"},
        {HEAD "study: {trials: 1, objectives: sharpe, parameters: {risk.a: {low: 2, high: 1}}}\n",
            CB_E_CONFIG,
            "risk.a: 'low' must be below 'high'"},
        {HEAD "study: {trials: 1, objectives: sharpe, parameters: {risk.a: {low: 0.5, high: 1}}}\n",
            CB_E_CONFIG,
            "low, high and step of an int are whole numbers"},
        {HEAD "study: {trials: 0, objectives: sharpe, parameters: {risk.a: {low: 1, high: 2}}}\n",
            CB_E_CONFIG,
            "trials: '0' is no whole number from 1"},
        {"data: &x [{file: a, symbol: b}]\naccount: *x\n", CB_E_SYNTAX, "aliases are not read"},
        {"data: [{file: a}]\n", CB_E_CONFIG, "job.yaml:1: 'symbol' is missing"},
        {"data: [{file: a, symbol: b, timeframe: 7x}]\n",
            CB_E_CONFIG,
            "timeframe: '7x' is no timeframe"},
        {"account: {balances: {USDT: 1e5}}\n", CB_E_SYNTAX, "USDT"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cb_err err;
        const cb_status status = parse(rows[i].text, &err);
        if (status != rows[i].status || strstr(err.text, rows[i].told) == NULL) {
            fail_msg("row %zu: %s: \"%s\"", i, cb_status_name(status), err.text);
        }
    }
}

static void sets_and_replaces_settings(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(parse(HEAD "settings: {signals: {decision.threshold: 0.2}}\n", &err), CB_OK);
    assert_int_equal(lab_job_set(&job, "signals.decision.threshold=0.4", &err), CB_OK);
    assert_int_equal(lab_job_set(&job, "risk.limits=a=b", &err), CB_OK);
    assert_int_equal(job.settings_count, 2);
    assert_string_equal(job.settings[0].value, "0.4");
    assert_string_equal(job.settings[1].value, "a=b");
    assert_int_equal(lab_job_set(&job, "decision=1", &err), CB_E_CONFIG);
    assert_int_equal(lab_job_set(&job, "signals.decision", &err), CB_E_CONFIG);
}

static void timeframes_print_as_they_are_read(void **state)
{
    static const char *const texts[] = {"1s", "1m", "15m", "1h", "4h", "1d", "7d"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 0;
        char text[16];
        assert_true(lab_timeframe_parse(texts[i], &ns));
        lab_timeframe_print(ns, text);
        assert_string_equal(text, texts[i]);
    }
    int64_t ns = 0;
    assert_false(lab_timeframe_parse("0m", &ns));
    assert_false(lab_timeframe_parse("8d", &ns));
    assert_false(lab_timeframe_parse("m", &ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_job),
        cmocka_unit_test(refuses_with_place_and_reason),
        cmocka_unit_test(sets_and_replaces_settings),
        cmocka_unit_test(timeframes_print_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
