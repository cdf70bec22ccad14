/* How long an order takes to the venue: constant, evenly drawn around a mean, or from recorded
 * values (the table's first column, seconds), each as likely as the others. */
#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/core/models/model.h"

enum { MEAN, JITTER };
static const cb_param params[] = {
    [MEAN] = {"mean",
        CB_PARAM_DURATION,
        INT64_C(50000000),
        0,
        INT64_C(30000000000),
        "time from the decision to the venue"},
    [JITTER] = {"jitter",
        CB_PARAM_DURATION,
        0,
        0,
        INT64_C(30000000000),
        "at most so much more or less, evenly"},
};

static int64_t latency(const lab_model_view *view)
{
    CB_ASSERT(view->prng != NULL);
    if (view->rows_count > 0) {
        return view->rows[cb_prng_below(view->prng, view->rows_count)].values[0] *
               (CB_NS_PER_S / CB_E8);
    }
    const int64_t jitter_ns = view->params[JITTER];
    int64_t ns = view->params[MEAN];
    if (jitter_ns > 0) {
        ns += (int64_t)cb_prng_below(view->prng, (uint64_t)(2 * jitter_ns + 1)) - jitter_ns;
    }
    return ns < 0 ? 0 : ns;
}

const lab_model_ops lab_model_latency = {.name = "latency",
    .help = "orders reach the venue later",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .latency = latency};
