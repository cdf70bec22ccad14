/* Rogers-Satchell volatility, which a drift does not disturb. */
#include <math.h>

#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct rogers_satchell_state {
    cb_ind_window squares;
    double values[]; /* period */
} rogers_satchell_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"rogers_satchell"};

CB_INDICATOR_SIZED(rogers_satchell, values[0])
CB_INDICATOR_WARMUP(rogers_satchell, values[0])

static void rogers_satchell_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    rogers_satchell_state *rogers = state;
    cb_ind_window_init(&rogers->squares, (uint64_t)values[0]);
    cb_ind_clear(rogers->values, (uint64_t)values[0]);
}

static bool rogers_satchell_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    rogers_satchell_state *rogers = state;
    const double variance =
        cb_ind_log_return(bar->high, bar->close) * cb_ind_log_return(bar->high, bar->open) +
        cb_ind_log_return(bar->low, bar->close) * cb_ind_log_return(bar->low, bar->open);
    if (!cb_ind_window_push(&rogers->squares, rogers->values, variance, NULL)) {
        return false;
    }
    const double mean = cb_ind_window_mean(&rogers->squares);
    out[0] = 100 * sqrt(mean > 0 ? mean : 0);
    return true;
}

const cb_indicator_ops cb_indicator_rogers_satchell = {CB_INDICATOR(rogers_satchell),
    .summary = "volatility of a bar without its drift, in percent",
    .formula = "100 * sqrt(sma(ln(h / c) * ln(h / o) + ln(l / c) * ln(l / o)))",
    .source = "L. Rogers and S. Satchell, Annals of Applied Probability, 1991",
    .settle_factor = 1};
