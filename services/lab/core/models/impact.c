/* Market impact by the square root of the share of the volume that was ours: the book stands
 * thinner in the candle after own fills, so that the next order reaches further into it. */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { STRENGTH };
static const cb_param params[] = {
    [STRENGTH] = {"strength",
        CB_PARAM_DECIMAL,
        CB_E8,
        0,
        100 * CB_E8,
        "times the root of our share of the volume, by which the book's depth falls"},
};

/* The largest whole number whose square is at most value. */
static int64_t root_of(cb_i128 value)
{
    cb_i128 low = 0;
    cb_i128 high = (cb_i128)1 << 62;
    while (low < high) {
        const cb_i128 middle = (low + high + 1) / 2;
        if (middle * middle <= value) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return (int64_t)low;
}

static void shape(const lab_model_view *view, sim_synthetic *out)
{
    const int64_t own_e8 = view->own_qty_e8;
    CB_ASSERT(out->depth_quote_e8 > 0);
    if (own_e8 == 0 || view->last_volume_e8 <= 0) {
        return;
    }
    cb_i128 share_e8 = (cb_i128)own_e8 * CB_E8 / view->last_volume_e8;
    share_e8 = share_e8 > CB_E8 ? CB_E8 : share_e8;
    const int64_t root_e8 = root_of(share_e8 * CB_E8);
    const cb_i128 fall_e8 = CB_E8 + (cb_i128)root_e8 * view->params[STRENGTH] / CB_E8;
    const int64_t depth_e8 = (int64_t)((cb_i128)out->depth_quote_e8 * CB_E8 / fall_e8);
    out->depth_quote_e8 = depth_e8 > 0 ? depth_e8 : 1;
}

const lab_model_ops lab_model_impact = {.name = "impact",
    .help = "own fills thin the book out for a candle",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .shape = shape};
