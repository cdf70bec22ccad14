/* Elder ray: how far bulls and bears carry the price from its average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct elder_ray_state {
    cb_ind_ema average;
} elder_ray_state;

static const cb_param params[] = {CB_IND_PERIOD(13, 1)};
static const char *const outputs[] = {"bull", "bear"};

CB_INDICATOR_FIXED(elder_ray)
CB_INDICATOR_WARMUP(elder_ray, values[0])

static void elder_ray_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    elder_ray_state *ray = state;
    cb_ind_ema_init(&ray->average, (uint64_t)values[0]);
}

static bool elder_ray_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    elder_ray_state *ray = state;
    if (!cb_ind_ema_push(&ray->average, bar->close)) {
        return false;
    }
    out[0] = bar->high - ray->average.value;
    out[1] = bar->low - ray->average.value;
    return true;
}

const cb_indicator_ops cb_indicator_elder_ray = {CB_INDICATOR(elder_ray),
    .summary = "bull and bear power, in quote units",
    .formula = "high - ema(close); low - ema(close)",
    .source = "A. Elder, 1989",
    .settle_factor = 8};
