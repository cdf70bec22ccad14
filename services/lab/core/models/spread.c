/* A spread that follows the market: at least so many ticks, at least a ratio of the price, and
 * wider in candles that move much. */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { TICKS, RATIO, RANGE_SHARE };
static const cb_param params[] = {
    [TICKS] = {"ticks", CB_PARAM_COUNT, 1, 1, 1000000, "least spread, ticks"},
    [RATIO] = {"ratio", CB_PARAM_DECIMAL, 10000, 0, CB_E8 / 10, "least spread, ratio of the price"},
    [RANGE_SHARE] = {"range_share",
        CB_PARAM_DECIMAL,
        CB_E8 / 50,
        0,
        CB_E8,
        "share of the jump from the last price to the open that is spread"},
};

static int64_t share_of(int64_t amount_e8, int64_t ratio_e8)
{
    return (int64_t)((cb_i128)amount_e8 * ratio_e8 / CB_E8);
}

static void shape(const lab_model_view *view, sim_synthetic *out)
{
    CB_ASSERT(view->candle != NULL && view->spec->tick_e8 > 0);
    /* The range of the candle that begins is not known yet to anybody: the open is. */
    const int64_t ratio_e8 = share_of(view->candle->open_e8, view->params[RATIO]);
    const int64_t move_e8 = view->candle->open_e8 > view->price_e8
                                ? view->candle->open_e8 - view->price_e8
                                : view->price_e8 - view->candle->open_e8;
    const int64_t moved_e8 = share_of(move_e8, view->params[RANGE_SHARE]);
    const int64_t widest_e8 = ratio_e8 > moved_e8 ? ratio_e8 : moved_e8;
    int64_t ticks = (widest_e8 + view->spec->tick_e8 - 1) / view->spec->tick_e8;
    ticks = ticks < view->params[TICKS] ? view->params[TICKS] : ticks;
    out->spread_ticks = ticks > (int64_t)out->spread_ticks ? (uint32_t)ticks : out->spread_ticks;
}

const lab_model_ops lab_model_spread = {.name = "spread",
    .help = "a spread by price and movement",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .shape = shape};
