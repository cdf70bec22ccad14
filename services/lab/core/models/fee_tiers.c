/* Fees that fall with what was traded in the last 30 days: two tiers beyond the venue's own fees,
 * or as many as the table says (turnover in quote units, maker, taker). */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { TURNOVER, MAKER, TAKER };
static const cb_param params[] = {
    [TURNOVER] = {"turnover",
        CB_PARAM_DECIMAL,
        1000000 * CB_E8,
        0,
        INT64_MAX,
        "turnover of 30 days from which these fees hold, quote units"},
    [MAKER] = {"maker", CB_PARAM_DECIMAL, 90000, 0, CB_E8 / 10, "maker fee as a ratio"},
    [TAKER] = {"taker", CB_PARAM_DECIMAL, 100000, 0, CB_E8 / 10, "taker fee as a ratio"},
};

/* Rows of the table have the turnover as their first value, and are in rising order of it. */
static void fees(const lab_model_view *view, lab_fees *out)
{
    CB_ASSERT(out->maker_e8 >= 0);
    if (view->rows_count == 0 && view->turnover_e8 >= view->params[TURNOVER]) {
        *out = (lab_fees){view->params[MAKER], view->params[TAKER]};
    }
    for (uint32_t i = 0; i < view->rows_count; i++) {
        if (view->turnover_e8 >= view->rows[i].values[0]) {
            *out = (lab_fees){view->rows[i].values[1], view->rows[i].values[2]};
        }
    }
}

const lab_model_ops lab_model_fee_tiers = {.name = "fee_tiers",
    .help = "fees by the turnover of the last 30 days",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .fees = fees};
