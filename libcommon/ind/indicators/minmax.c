/* Highest and lowest close. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct minmax_state {
    cb_ind_channel channel;
    double values[];
} minmax_state;

static const cb_param params[] = {CB_IND_PERIOD(20, 1)};
static const char *const outputs[] = {"max", "min"};

CB_INDICATOR_SIZED(minmax, CB_IND_CHANNEL_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(minmax, values[0])

static void minmax_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    minmax_state *minmax = state;
    cb_ind_channel_init(&minmax->channel, (uint64_t)values[0]);
    cb_ind_clear(minmax->values, CB_IND_CHANNEL_DOUBLES((uint64_t)values[0]));
}

static bool minmax_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    minmax_state *minmax = state;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(
            &minmax->channel, minmax->values, bar->close, bar->close, &high, &low)) {
        return false;
    }
    out[0] = high;
    out[1] = low;
    return true;
}

const cb_indicator_ops cb_indicator_minmax = {CB_INDICATOR(minmax),
    .summary = "highest and lowest of the last n closes",
    .formula = "max(close), min(close)",
    .source = "textbook definition; TA-Lib MAX and MIN",
    .settle_factor = 1};
