/* Average directional index with both directional indicators. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct adx_state {
    cb_ind_range range;
    double high; /* of the bar before */
    double low;
    cb_ind_ema plus;
    cb_ind_ema minus;
    cb_ind_ema ranges;
    cb_ind_ema index;
} adx_state;

static const cb_param params[] = {CB_IND_PERIOD(14, 1)};
static const char *const outputs[] = {"adx", "plus_di", "minus_di"};

CB_INDICATOR_FIXED(adx)
CB_INDICATOR_WARMUP(adx, 2 * values[0])

static void adx_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    adx_state *adx = state;
    *adx = (adx_state){.high = 0};
    cb_ind_wilder_init(&adx->plus, (uint64_t)values[0]);
    cb_ind_wilder_init(&adx->minus, (uint64_t)values[0]);
    cb_ind_wilder_init(&adx->ranges, (uint64_t)values[0]);
    cb_ind_wilder_init(&adx->index, (uint64_t)values[0]);
}

/* Only the greater of both movements counts, and only when it goes outwards. */
static bool push_movement(adx_state *adx, const cb_bar *bar, double range)
{
    const double up = bar->high - adx->high;
    const double down = adx->low - bar->low;
    (void)cb_ind_ema_push(&adx->plus, up > down && up > 0 ? up : 0);
    (void)cb_ind_ema_push(&adx->minus, down > up && down > 0 ? down : 0);
    return cb_ind_ema_push(&adx->ranges, range);
}

static bool adx_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    adx_state *adx = state;
    const bool has_previous = adx->range.has_previous != 0;
    const double range = cb_ind_range_push(&adx->range, bar);
    const bool is_warm = has_previous && push_movement(adx, bar, range);
    adx->high = bar->high;
    adx->low = bar->low;
    if (!is_warm) {
        return false;
    }
    const double plus = 100 * cb_ind_ratio(adx->plus.value, adx->ranges.value, 0);
    const double minus = 100 * cb_ind_ratio(adx->minus.value, adx->ranges.value, 0);
    if (!cb_ind_ema_push(&adx->index, 100 * cb_ind_ratio(fabs(plus - minus), plus + minus, 0))) {
        return false;
    }
    out[0] = adx->index.value;
    out[1] = plus;
    out[2] = minus;
    return true;
}

const cb_indicator_ops cb_indicator_adx = {CB_INDICATOR(adx),
    .summary = "average directional index: strength of a trend, 0 to 100, with both directions",
    .formula =
        "di = 100 * wilder(dm) / wilder(true range); adx = wilder(100 * |di+ - di-| / (di+ + di-))",
    .source = "J. W. Wilder, 1978; all averages begin with simple ones of n values (StockCharts)",
    .settle_factor = 15};
