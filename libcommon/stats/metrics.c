/* The registry of metrics: the table of metrics.def, look-up, and the conventions as text. */
#include "stats/metrics.h"

#include <math.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/strview.h"
#include "stats/metrics_internal.h"

#define ANNUALISED_YES true
#define ANNUALISED_NO false

static const cb_metric_info infos[] = {
#define METRIC(name_, title_, unit_, better_, annualised_, formula_, convention_, source_)         \
    {.name = #name_,                                                                               \
        .title = (title_),                                                                         \
        .unit = CB_METRIC_UNIT_##unit_,                                                            \
        .better = CB_METRIC_BETTER_##better_,                                                      \
        .is_annualised = ANNUALISED_##annualised_,                                                 \
        .formula = (formula_),                                                                     \
        .convention = (convention_),                                                               \
        .source = (source_)},
#include "stats/metrics.def"
#undef METRIC
};
_Static_assert(sizeof(infos) / sizeof(infos[0]) == CB_METRICS_COUNT, "one row a metric");

typedef cb_metric_state (*metric_fn)(const cb_perf *perf, double *out);

static const metric_fn functions[] = {
#define METRIC(name, ...) cb_metric_##name,
#include "stats/metrics.def"
#undef METRIC
};

cb_perf cb_perf_of(const double *returns, size_t count, double *scratch)
{
    CB_ASSERT(returns != NULL || count == 0);
    CB_ASSERT(scratch != NULL || count == 0);
    return (cb_perf){.returns = returns,
        .count = count,
        .scratch = scratch,
        .periods_per_year = CB_METRICS_PERIODS_PER_YEAR,
        .confidence = CB_METRICS_CONFIDENCE};
}

const cb_metric_info *cb_metric_at(cb_metric_id id)
{
    CB_ASSERT(id < CB_METRICS_COUNT);
    return &infos[id];
}

cb_metric_id cb_metric_find(const char *name)
{
    CB_ASSERT(name != NULL);
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        if (cb_text_equal(infos[i].name, name)) {
            return (cb_metric_id)i;
        }
    }
    return CB_METRICS_COUNT;
}

cb_metric_value cb_metric_compute(cb_metric_id id, const cb_perf *perf)
{
    CB_ASSERT(id < CB_METRICS_COUNT);
    CB_ASSERT(perf != NULL && perf->periods_per_year > 0);
    CB_ASSERT(perf->confidence >= 0.5 && perf->confidence < 1);
    double value = 0;
    const cb_metric_state state = functions[id](perf, &value);
    CB_ASSERT(state != CB_METRIC_OK || isfinite(value));
    return (cb_metric_value){.value = state == CB_METRIC_OK ? value : 0, .state = state};
}

void cb_metrics_compute(const cb_perf *perf, cb_metric_value out[CB_METRICS_COUNT])
{
    CB_ASSERT(out != NULL);
    for (unsigned i = 0; i < CB_METRICS_COUNT; i++) {
        out[i] = cb_metric_compute((cb_metric_id)i, perf);
    }
}

const char *cb_metric_state_name(cb_metric_state state)
{
    static const char *const names[] = {"ok", "too few", "no input", "no risk", "ruined"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == CB_METRIC_STATES, "one name a state");
    CB_ASSERT(state < CB_METRIC_STATES);
    return names[state];
}

const char *cb_metric_unit_name(cb_metric_unit unit)
{
    static const char *const names[] = {
        "ratio", "fraction", "probability", "periods", "count", "quote units"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == CB_METRIC_UNITS, "one name a unit");
    CB_ASSERT(unit < CB_METRIC_UNITS);
    return names[unit];
}

static bool uses_risk_free(cb_metric_id id)
{
    return id == CB_METRIC_ID_sharpe || id == CB_METRIC_ID_sortino || id == CB_METRIC_ID_omega ||
           id == CB_METRIC_ID_downside_deviation || id == CB_METRIC_ID_ulcer_performance ||
           id == CB_METRIC_ID_alpha || id == CB_METRIC_ID_beta ||
           id == CB_METRIC_ID_probabilistic_sharpe;
}

static bool uses_confidence(cb_metric_id id)
{
    return id == CB_METRIC_ID_value_at_risk || id == CB_METRIC_ID_conditional_value_at_risk ||
           id == CB_METRIC_ID_value_at_risk_normal ||
           id == CB_METRIC_ID_conditional_value_at_risk_normal;
}

void cb_metric_note(cb_metric_id id, const cb_perf *perf, char *out)
{
    CB_ASSERT(perf != NULL);
    CB_ASSERT(out != NULL);
    const cb_metric_info *info = cb_metric_at(id);
    char risk_free[40] = "";
    out[0] = '\0';
    if (uses_risk_free(id)) {
        (void)snprintf(risk_free,
            sizeof(risk_free),
            "%srisk-free %.4g %%",
            info->is_annualised ? ", " : "",
            perf->risk_free * 100);
    }
    if (uses_confidence(id)) {
        (void)snprintf(out, CB_METRICS_NOTE_SIZE, "confidence %.4g %%", perf->confidence * 100);
    } else if (info->is_annualised) {
        (void)snprintf(
            out, CB_METRICS_NOTE_SIZE, "%.6g periods a year%s", perf->periods_per_year, risk_free);
    } else {
        (void)snprintf(out, CB_METRICS_NOTE_SIZE, "%s", risk_free);
    }
}

size_t cb_returns_of_equity(const double *equity, size_t count, double *out)
{
    CB_ASSERT(equity != NULL || count == 0);
    CB_ASSERT(out != NULL || count < 2);
    size_t written = 0;
    double before = count > 0 ? equity[0] : 0;
    for (size_t i = 1; i < count && before > 0; i++) {
        const double after = equity[i];
        out[written++] = after / before - 1;
        before = after;
    }
    return written;
}

double cb_perf_risk_free(const cb_perf *perf)
{
    CB_ASSERT(perf != NULL);
    return perf->risk_free <= 0 && perf->risk_free >= 0
               ? 0
               : pow(1 + perf->risk_free, 1 / perf->periods_per_year) - 1;
}

cb_metric_state cb_metric_divide(double above, double below, double *out)
{
    CB_ASSERT(out != NULL);
    const double ratio = fabs(below) > 0 ? above / below : (double)INFINITY;
    if (!isfinite(ratio)) {
        return CB_METRIC_NO_RISK;
    }
    *out = ratio;
    return CB_METRIC_OK;
}
