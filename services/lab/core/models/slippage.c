/* Slippage: whoever takes pays a ratio of the price more, or gets so much less. It is half of what
 * the spread is widened by, so that waiting orders feel it too, as they would in a thin book. */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { RATIO };
static const cb_param params[] = {
    [RATIO] = {"ratio", CB_PARAM_DECIMAL, 20000, 0, CB_E8 / 10, "of the price, each way"},
};

static void shape(const lab_model_view *view, sim_synthetic *out)
{
    CB_ASSERT(view->candle != NULL && view->spec->tick_e8 > 0);
    const int64_t each_e8 = (int64_t)((cb_i128)view->candle->open_e8 * view->params[RATIO] / CB_E8);
    const int64_t ticks = 2 * (each_e8 / view->spec->tick_e8);
    CB_ASSERT(ticks >= 0);
    out->spread_ticks += (uint32_t)(ticks > 1000000 ? 1000000 : ticks);
}

const lab_model_ops lab_model_slippage = {.name = "slippage",
    .help = "takers get a worse price by a ratio",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .shape = shape};
