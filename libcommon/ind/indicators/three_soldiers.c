/* Three white soldiers and three black crows. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct three_soldiers_state {
    uint64_t count;
    double opens[2]; /* of the two bars before, the nearer first */
    double closes[2];
} three_soldiers_state;

static const char *const outputs[] = {"three_soldiers"};

CB_INDICATOR_FIXED(three_soldiers)
CB_INDICATOR_WARMUP(three_soldiers, 3)

static void three_soldiers_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    three_soldiers_state *march = state;
    *march = (three_soldiers_state){.count = 0};
}

/* One step of the march: from the body of (open, close) to that of (next_open, next_close). */
static bool is_step(double sign, double open, double close, double next_open, double next_close)
{
    return sign * (next_close - close) > 0 && sign * (next_close - next_open) > 0 &&
           sign * (next_open - open) >= 0 && sign * (close - next_open) >= 0;
}

static bool is_march(const three_soldiers_state *march, double sign, const cb_bar *bar)
{
    const double shadow = sign > 0 ? bar->high - bar->close : bar->close - bar->low;
    return sign * (march->closes[1] - march->opens[1]) > 0 &&
           is_step(sign, march->opens[1], march->closes[1], march->opens[0], march->closes[0]) &&
           is_step(sign, march->opens[0], march->closes[0], bar->open, bar->close) &&
           shadow <= 0.3 * (bar->high - bar->low);
}

static bool three_soldiers_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    three_soldiers_state *march = state;
    const bool is_warm = march->count >= 2;
    const bool is_rising = is_warm && is_march(march, 1, bar);
    const bool is_falling = is_warm && is_march(march, -1, bar);
    march->count++;
    march->opens[1] = march->opens[0];
    march->closes[1] = march->closes[0];
    march->opens[0] = bar->open;
    march->closes[0] = bar->close;
    if (!is_warm) {
        return false;
    }
    out[0] = is_rising ? 1 : is_falling ? -1 : 0;
    return true;
}

const cb_indicator_ops cb_indicator_three_soldiers = {CB_INDICATOR_PLAIN(three_soldiers),
    .summary = "1: three white soldiers; -1: three black crows",
    .formula = "three bodies one way, each opens inside the one before and closes beyond it; "
               "shadow <= 0.3 range",
    .source = "S. Nison, Japanese Candlestick Charting Techniques, 1991",
    .settle_factor = 1};
