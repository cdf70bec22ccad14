/* Williams %R. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct williams_r_state {
    cb_ind_channel channel;
    double values[];
} williams_r_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"williams_r"};

CB_INDICATOR_SIZED(williams_r, CB_IND_CHANNEL_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(williams_r, values[0])

static void williams_r_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    williams_r_state *range = state;
    cb_ind_channel_init(&range->channel, (uint64_t)values[0]);
    cb_ind_clear(range->values, CB_IND_CHANNEL_DOUBLES((uint64_t)values[0]));
}

static bool williams_r_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    williams_r_state *range = state;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(&range->channel, range->values, bar->high, bar->low, &high, &low)) {
        return false;
    }
    out[0] = high > low ? -100 * (high - bar->close) / (high - low) : -50;
    return true;
}

const cb_indicator_ops cb_indicator_williams_r = {CB_INDICATOR(williams_r),
    .summary = "Williams %R, -100 to 0; -50 while nothing moves",
    .formula = "-100 * (max high - close) / (max high - min low)",
    .source = "L. Williams, 1973",
    .settle_factor = 1};
