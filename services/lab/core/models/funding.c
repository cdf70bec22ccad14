/* Funding of perpetuals: at each period the position pays its value times the rate, or receives it.
 * The rate is constant, or the table's (from a moment on, first column). */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

#define MINUTE_NS INT64_C(60000000000)

enum { RATE, PERIOD };
static const cb_param params[] = {
    [RATE] = {"rate",
        CB_PARAM_DECIMAL,
        10000,
        -CB_E8 / 10,
        CB_E8 / 10,
        "share of the position's value per period; longs pay when it is above 0"},
    [PERIOD] = {"period",
        CB_PARAM_DURATION,
        INT64_C(28800000000000),
        MINUTE_NS,
        INT64_C(604800000000000),
        "from one payment to the next, counted from 00:00 UTC"},
};

static int64_t rate_at(const lab_model_view *view)
{
    int64_t rate_e8 = view->params[RATE];
    for (uint32_t i = 0; i < view->rows_count && view->rows[i].from_ns <= view->now_ns; i++) {
        rate_e8 = view->rows[i].values[0];
    }
    return rate_e8;
}

static int64_t funding(const lab_model_view *view, int64_t *next_ns)
{
    /* Whole minutes: prices between them are not known of every history. */
    const int64_t period_ns = view->params[PERIOD] / MINUTE_NS * MINUTE_NS;
    CB_ASSERT(period_ns > 0);
    *next_ns = (view->now_ns / period_ns + 1) * period_ns;
    if (view->now_ns % period_ns != 0) {
        return 0;
    }
    const cb_i128 value_e8 = (cb_i128)view->position_e8 * view->price_e8 / CB_E8;
    return (int64_t)(value_e8 * rate_at(view) / CB_E8);
}

const lab_model_ops lab_model_funding = {.name = "funding",
    .help = "perpetuals pay or receive funding",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .funding = funding};
