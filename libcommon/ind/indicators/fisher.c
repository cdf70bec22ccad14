/* Fisher transform of the middle price's place in its range. */
#include "base/assert.h"
#include "ind/logarithm.h"
#include "ind/parts.h"

typedef struct fisher_state {
    cb_ind_channel channel;
    double place;
    double line;
    double values[];
} fisher_state;

static const cb_param params[] = {CB_IND_PERIOD(10, 2)};
static const char *const outputs[] = {"fisher", "trigger"};

CB_INDICATOR_SIZED(fisher, CB_IND_CHANNEL_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(fisher, values[0])

static void fisher_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    fisher_state *fisher = state;
    *fisher = (fisher_state){.place = 0};
    cb_ind_channel_init(&fisher->channel, (uint64_t)values[0]);
    cb_ind_clear(fisher->values, CB_IND_CHANNEL_DOUBLES((uint64_t)values[0]));
}

static bool fisher_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    fisher_state *fisher = state;
    const double middle = (bar->high + bar->low) / 2;
    double high = 0;
    double low = 0;
    if (!cb_ind_channel_push(&fisher->channel, fisher->values, middle, middle, &high, &low)) {
        return false;
    }
    const double place = high > low ? (middle - low) / (high - low) : 0.5;
    double smooth = 0.66 * (place - 0.5) + 0.67 * fisher->place;
    smooth = smooth > 0.99 ? 0.999 : smooth;
    smooth = smooth < -0.99 ? -0.999 : smooth;
    out[0] = 0.5 * cb_ind_log((1 + smooth) / (1 - smooth)) + 0.5 * fisher->line;
    out[1] = fisher->line;
    fisher->place = smooth;
    fisher->line = out[0];
    return true;
}

const cb_indicator_ops cb_indicator_fisher = {CB_INDICATOR(fisher),
    .summary = "Fisher transform of the price's place in its range; trigger is the bar before",
    .formula = "f = ln((1 + v) / (1 - v)) / 2 + f[1] / 2; v = 0.66 * (place - 0.5) + 0.67 * v[1], "
               "within 0.999",
    .source = "J. Ehlers, Technical Analysis of Stocks & Commodities, 2002; middle prices (Tulip)",
    .settle_factor = 20};
