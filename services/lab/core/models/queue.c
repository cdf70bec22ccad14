/* The place of a waiting order in its queue: the share of what is shown at its price that stands
 * before it. 1: all of it (the exchange's own rule); 0: it is the first. */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { SHARE };
static const cb_param params[] = {
    [SHARE] = {"share",
        CB_PARAM_DECIMAL,
        CB_E8 / 2,
        0,
        CB_E8,
        "share of the shown quantity that is served first"},
};

static int64_t ahead(const lab_model_view *view, int64_t ahead_e8)
{
    CB_ASSERT(ahead_e8 >= 0);
    return (int64_t)((cb_i128)ahead_e8 * view->params[SHARE] / CB_E8);
}

const lab_model_ops lab_model_queue = {.name = "queue",
    .help = "how much waits before a limit order",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .ahead = ahead};
