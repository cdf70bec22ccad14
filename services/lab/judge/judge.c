/* From rows of a result to the arrays that libcommon/stats takes. */
#include "services/lab/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/timefmt.h"

#define HOUR_NS (3600 * CB_NS_PER_S)

static double units(int64_t value_e8)
{
    return (double)value_e8 / 1e8;
}

/* Period of a moment: a bar that closes at midnight belongs to the day that ends there. */
static int64_t period_of(int64_t ts_ns, int64_t period_ns)
{
    return (ts_ns - 1) / period_ns;
}

static size_t count_periods(const lab_result *result, int64_t period_ns)
{
    size_t count = 0;
    int64_t last = INT64_MIN;
    for (uint64_t i = 0; i < result->points_count; i++) {
        const int64_t period = period_of(result->points[i].ts_ns, period_ns);
        count += period != last ? 1 : 0;
        last = period;
    }
    return count;
}

static bool allocate(
    lab_judgement *out, size_t periods, const lab_result *result, bool has_benchmark)
{
    out->ends = calloc(periods + 1, sizeof(double));
    out->equity = calloc(periods + 2, sizeof(double));
    out->returns = calloc(periods + 1, sizeof(double));
    out->exposure = calloc(periods + 1, sizeof(double));
    out->traded = calloc(periods + 1, sizeof(double));
    out->scratch = calloc(periods + 1, sizeof(double));
    out->trades = calloc((size_t)result->trades_count + 1, sizeof(cb_trade_stat));
    out->benchmark = has_benchmark ? calloc(periods + 1, sizeof(double)) : NULL;
    return out->ends != NULL && out->equity != NULL && out->returns != NULL &&
           out->exposure != NULL && out->traded != NULL && out->scratch != NULL &&
           out->trades != NULL && (out->benchmark != NULL || !has_benchmark);
}

/* Equity and exposure at the end of each period. */
static size_t take_points(lab_judgement *out, const lab_result *result, int64_t period_ns)
{
    size_t count = 0;
    int64_t last = INT64_MIN;
    out->equity[0] = units(result->totals.start_equity_e8);
    for (uint64_t i = 0; i < result->points_count; i++) {
        const lab_point *point = &result->points[i];
        const int64_t period = period_of(point->ts_ns, period_ns);
        count += period != last ? 1 : 0;
        last = period;
        const double equity = units(point->equity_e8);
        out->equity[count] = equity;
        out->exposure[count - 1] = equity > 0 ? units(point->exposure_e8) / equity : 0;
        out->ends[count - 1] = (double)(period + 1) * ((double)period_ns / 1e9);
    }
    return count;
}

/* Index of the period that a moment lies in, from the one before on. */
static size_t advance(const lab_judgement *out, size_t from, size_t count, int64_t ts_ns)
{
    size_t index = from;
    while (index + 1 < count && (double)ts_ns / 1e9 > out->ends[index]) {
        index++;
    }
    return index;
}

static void take_fills(lab_judgement *out, const lab_result *result, size_t count)
{
    size_t index = 0;
    for (uint64_t i = 0; i < result->fills_count && count > 0; i++) {
        const lab_fill *fill = &result->fills[i];
        index = advance(out, index, count, fill->ts_ns);
        const double equity = out->equity[index];
        if (equity > 0) {
            out->traded[index] += units(fill->price_e8) * units(fill->qty_e8) / equity;
        }
    }
}

static void take_benchmark(
    lab_judgement *out, const lab_candles *candles, size_t count, int64_t first_ns)
{
    size_t index = 0;
    double before = 0;
    double last = 0;
    for (uint64_t i = 0; i < candles->count; i++) {
        const int64_t close_ns = candles->open_ts_ns[i] + candles->timeframe_ns;
        if (close_ns < first_ns) {
            continue;
        }
        if (before <= 0) {
            before = units(candles->open_e8[i]);
            last = before;
        }
        const size_t now = advance(out, index, count, close_ns);
        if (now != index) {
            out->benchmark[index] = last / before - 1;
            before = last;
            index = now;
        }
        last = units(candles->close_e8[i]);
    }
    if (before > 0) {
        out->benchmark[index] = last / before - 1;
    }
}

static size_t take_trades(lab_judgement *out, const lab_result *result)
{
    size_t count = 0;
    for (uint64_t i = 0; i < result->trades_count; i++) {
        const lab_trade *trade = &result->trades[i];
        const double cost = units(trade->entry_price_e8) * units(trade->qty_e8);
        if (trade->is_open) {
            continue;
        }
        out->trades[count++] = (cb_trade_stat){.pnl = units(trade->pnl_e8),
            .mae = cost > 0 ? -units(trade->mae_e8) / cost : 0,
            .mfe = cost > 0 ? units(trade->mfe_e8) / cost : 0};
    }
    return count;
}

cb_status lab_judge(
    const lab_result *result, const lab_candles *candles, lab_judgement *out, cb_err *err)
{
    CB_ASSERT(result != NULL && out != NULL);
    *out = (lab_judgement){0};
    int64_t period_ns = CB_NS_PER_DAY;
    out->is_hourly = count_periods(result, period_ns) < LAB_JUDGE_DAYS_MIN;
    period_ns = out->is_hourly ? HOUR_NS : period_ns;
    const bool has_benchmark = candles != NULL && candles->count > 0 && result->points_count > 0;
    if (!allocate(out, count_periods(result, period_ns), result, has_benchmark)) {
        lab_judgement_release(out);
        return CB_FAIL(err, CB_E_FULL, "no memory to judge the result");
    }
    const size_t periods = take_points(out, result, period_ns);
    take_fills(out, result, periods);
    if (has_benchmark) {
        take_benchmark(out, candles, periods, result->points[0].ts_ns);
    }
    out->count = periods == 0 ? 0 : cb_returns_of_equity(out->equity, periods + 1, out->returns);
    out->perf = cb_perf_of(out->returns, out->count, out->scratch);
    out->perf.benchmark = out->benchmark;
    out->perf.exposure = out->exposure;
    out->perf.traded = out->traded;
    out->perf.trades = out->trades;
    out->perf.trades_count = take_trades(out, result);
    out->perf.periods_per_year *= out->is_hourly ? 24 : 1;
    cb_metrics_compute(&out->perf, out->values);
    return CB_OK;
}

void lab_judgement_release(lab_judgement *judgement)
{
    CB_ASSERT(judgement != NULL);
    free(judgement->ends);
    free(judgement->equity);
    free(judgement->returns);
    free(judgement->benchmark);
    free(judgement->exposure);
    free(judgement->traded);
    free(judgement->trades);
    free(judgement->scratch);
    *judgement = (lab_judgement){0};
}

json_t *lab_judgement_json(const lab_judgement *judgement)
{
    json_t *out = json_object();
    CB_ASSERT(judgement != NULL);
    for (size_t i = 0; i < CB_METRICS_COUNT; i++) {
        char text[40];
        if (judgement->values[i].state != CB_METRIC_OK) {
            continue;
        }
        (void)snprintf(text, sizeof text, "%.12g", judgement->values[i].value);
        (void)json_object_set_new(out, cb_metric_at((cb_metric_id)i)->name, json_string(text));
    }
    return out;
}

void lab_metric_print(cb_metric_id id, cb_metric_value value, char *out, size_t size)
{
    const cb_metric_info *info = cb_metric_at(id);
    CB_ASSERT(info != NULL && out != NULL);
    if (value.state != CB_METRIC_OK) {
        (void)snprintf(out, size, "%s", cb_metric_state_name(value.state));
        return;
    }
    switch (info->unit) {
    case CB_METRIC_UNIT_FRACTION:
    case CB_METRIC_UNIT_PROBABILITY:
        (void)snprintf(out, size, "%.2f %%", value.value * 100);
        break;
    case CB_METRIC_UNIT_PERIODS:
    case CB_METRIC_UNIT_COUNT:
        (void)snprintf(out, size, "%.0f", value.value);
        break;
    case CB_METRIC_UNIT_QUOTE:
        (void)snprintf(out, size, "%.2f", value.value);
        break;
    case CB_METRIC_UNIT_RATIO:
    case CB_METRIC_UNITS:
    default:
        (void)snprintf(out, size, "%.3f", value.value);
    }
}
