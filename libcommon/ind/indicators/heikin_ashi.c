/* Heikin-Ashi candles. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct heikin_ashi_state {
    uint64_t is_begun;
    double open;
    double close;
} heikin_ashi_state;

static const char *const outputs[] = {"open", "high", "low", "close"};

CB_INDICATOR_FIXED(heikin_ashi)
CB_INDICATOR_WARMUP(heikin_ashi, 1)

static void heikin_ashi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    heikin_ashi_state *candle = state;
    *candle = (heikin_ashi_state){.is_begun = 0};
}

static bool heikin_ashi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    heikin_ashi_state *candle = state;
    const bool is_begun = candle->is_begun != 0;
    const double open =
        is_begun ? (candle->open + candle->close) / 2 : (bar->open + bar->close) / 2;
    const double close = (bar->open + bar->high + bar->low + bar->close) / 4;
    const double top = open > close ? open : close;
    const double bottom = open > close ? close : open;
    *candle = (heikin_ashi_state){.is_begun = 1, .open = open, .close = close};
    out[0] = open;
    out[1] = bar->high > top ? bar->high : top;
    out[2] = bar->low < bottom ? bar->low : bottom;
    out[3] = close;
    return true;
}

const cb_indicator_ops cb_indicator_heikin_ashi = {CB_INDICATOR_PLAIN(heikin_ashi),
    .summary = "Heikin-Ashi candle: smoothed open, high, low and close",
    .formula = "close = (o + h + l + c) / 4; open = (open' + close') / 2, at first (o + c) / 2",
    .source = "D. Valcu, Technical Analysis of Stocks & Commodities, 2004",
    .settle_factor = 40};
