/* Chande momentum oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct cmo_state {
    cb_ind_window ups;
    cb_ind_window downs;
    double previous;
    uint64_t has_previous;
    double values[]; /* period ups, then downs */
} cmo_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"cmo"};

CB_INDICATOR_SIZED(cmo, 2 * values[0])
CB_INDICATOR_WARMUP(cmo, values[0] + 1)

static void cmo_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    cmo_state *cmo = state;
    const uint64_t period = (uint64_t)values[0];
    *cmo = (cmo_state){.previous = 0};
    cb_ind_window_init(&cmo->ups, period);
    cb_ind_window_init(&cmo->downs, period);
    cb_ind_clear(cmo->values, 2 * period);
}

static bool cmo_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    cmo_state *cmo = state;
    const double change = bar->close - cmo->previous;
    const bool has_previous = cmo->has_previous != 0;
    cmo->previous = bar->close;
    cmo->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    double *downs = cmo->values + cmo->ups.capacity;
    (void)cb_ind_window_push(&cmo->ups, cmo->values, change > 0 ? change : 0, NULL);
    if (!cb_ind_window_push(&cmo->downs, downs, change < 0 ? -change : 0, NULL)) {
        return false;
    }
    out[0] = 100 * cb_ind_ratio(cmo->ups.sum - cmo->downs.sum, cmo->ups.sum + cmo->downs.sum, 0);
    return true;
}

const cb_indicator_ops cb_indicator_cmo = {CB_INDICATOR(cmo),
    .summary = "Chande momentum oscillator, -100 to 100",
    .formula = "100 * (sum ups - sum downs) / (sum ups + sum downs) of n changes",
    .source =
        "T. Chande and S. Kroll, The New Technical Trader, 1994; sums, not Wilder averages (Tulip)",
    .settle_factor = 1};
