/* Money flow index: a relative strength of the money that flowed. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct mfi_state {
    cb_ind_window inflow;
    cb_ind_window outflow;
    double previous;
    uint64_t has_previous;
    double values[]; /* period flows in, then out */
} mfi_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"mfi"};

CB_INDICATOR_SIZED(mfi, 2 * values[0])
CB_INDICATOR_WARMUP(mfi, values[0] + 1)

static void mfi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    mfi_state *mfi = state;
    const uint64_t period = (uint64_t)values[0];
    *mfi = (mfi_state){.previous = 0};
    cb_ind_window_init(&mfi->inflow, period);
    cb_ind_window_init(&mfi->outflow, period);
    cb_ind_clear(mfi->values, 2 * period);
}

static bool mfi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    mfi_state *mfi = state;
    const double typical = cb_ind_typical(bar);
    const double previous = mfi->previous;
    const bool has_previous = mfi->has_previous != 0;
    mfi->previous = typical;
    mfi->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const double flow = typical * bar->volume;
    double *outflows = mfi->values + mfi->inflow.capacity;
    (void)cb_ind_window_push(&mfi->inflow, mfi->values, typical > previous ? flow : 0, NULL);
    if (!cb_ind_window_push(&mfi->outflow, outflows, typical < previous ? flow : 0, NULL)) {
        return false;
    }
    const double whole = mfi->inflow.sum + mfi->outflow.sum;
    out[0] = 100 * cb_ind_ratio(mfi->inflow.sum, whole, 0.5);
    return true;
}

const cb_indicator_ops cb_indicator_mfi = {CB_INDICATOR(mfi),
    .summary = "money flow index, 0 to 100; 50 while no money flowed",
    .formula = "100 * inflow / (inflow + outflow) of n bars; typical * volume flows in while "
               "typical rises",
    .source = "G. Quong and A. Soudack, 1989",
    .settle_factor = 1};
