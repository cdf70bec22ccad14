/* Morning and evening star. */
#include <math.h>

#include "base/assert.h"
#include "ind/parts.h"

typedef struct star_state {
    uint64_t count;
    double opens[2]; /* of the two bars before, the nearer first */
    double closes[2];
} star_state;

static const char *const outputs[] = {"star"};

CB_INDICATOR_FIXED(star)
CB_INDICATOR_WARMUP(star, 3)

static void star_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    star_state *star = state;
    *star = (star_state){.count = 0};
}

static double star_of(const star_state *star, const cb_bar *bar)
{
    const double first = star->closes[1] - star->opens[1];
    const double middle = star->closes[0] - star->opens[0];
    const double half = (star->opens[1] + star->closes[1]) / 2;
    if (!(fabs(middle) < 0.3 * fabs(first))) {
        return 0;
    }
    if (first < 0 && bar->close > bar->open && bar->close > half) {
        return 1;
    }
    return first > 0 && bar->close < bar->open && bar->close < half ? -1 : 0;
}

static bool star_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    star_state *star = state;
    const bool is_warm = star->count >= 2;
    const double value = is_warm ? star_of(star, bar) : 0;
    star->count++;
    star->opens[1] = star->opens[0];
    star->closes[1] = star->closes[0];
    star->opens[0] = bar->open;
    star->closes[0] = bar->close;
    if (!is_warm) {
        return false;
    }
    out[0] = value;
    return true;
}

const cb_indicator_ops cb_indicator_star = {CB_INDICATOR_PLAIN(star),
    .summary = "1: morning star; -1: evening star",
    .formula = "a body, one smaller than 0.3 of it, and an opposite one that closes beyond the "
               "first one's middle",
    .source = "S. Nison, 1991; without the gaps that a market open day and night does not have",
    .settle_factor = 1};
