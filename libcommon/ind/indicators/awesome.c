/* Awesome oscillator. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct awesome_state {
    cb_ind_window fast;
    cb_ind_window slow;
    double values[]; /* both windows */
} awesome_state;

static const cb_param params[] = {
    CB_IND_COUNT("fast", 5, 1, "bars of the fast average"),
    CB_IND_COUNT("slow", 34, 1, "bars of the slow average"),
};
static const char *const outputs[] = {"awesome"};

CB_INDICATOR_SIZED(awesome, values[0] + values[1])
CB_INDICATOR_WARMUP(awesome, values[0] > values[1] ? values[0] : values[1])

static void awesome_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    awesome_state *awesome = state;
    cb_ind_window_init(&awesome->fast, (uint64_t)values[0]);
    cb_ind_window_init(&awesome->slow, (uint64_t)values[1]);
    cb_ind_clear(awesome->values, (uint64_t)(values[0] + values[1]));
}

static bool awesome_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    awesome_state *awesome = state;
    const double middle = (bar->high + bar->low) / 2;
    double *slow_values = awesome->values + awesome->fast.capacity;
    const bool has_fast = cb_ind_window_push(&awesome->fast, awesome->values, middle, NULL);
    const bool has_slow = cb_ind_window_push(&awesome->slow, slow_values, middle, NULL);
    if (!has_fast || !has_slow) {
        return false;
    }
    out[0] = cb_ind_window_mean(&awesome->fast) - cb_ind_window_mean(&awesome->slow);
    return true;
}

const cb_indicator_ops cb_indicator_awesome = {CB_INDICATOR(awesome),
    .summary = "awesome oscillator: momentum of the middle price",
    .formula = "sma((high + low) / 2, fast) - sma((high + low) / 2, slow)",
    .source = "B. Williams, New Trading Dimensions, 1998",
    .settle_factor = 1};
