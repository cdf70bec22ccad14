/* The rules of the date: lot and least value of an order as they were at each time (the table's
 * columns); where a column is 0 the rule stays as it is. The price grid is the data's own. */
#include "base/assert.h"
#include "services/lab/core/models/model.h"

enum { LOT, NOTIONAL_MIN };
static const cb_param params[] = {
    [LOT] = {"lot", CB_PARAM_DECIMAL, 0, 0, INT64_MAX, "lot where no table is given; 0: as it is"},
    [NOTIONAL_MIN] = {"notional_min",
        CB_PARAM_DECIMAL,
        10 * CB_E8,
        0,
        INT64_MAX,
        "least value of an order where no table is given, quote units"},
};

static void set(sim_spec *spec, int64_t lot_e8, int64_t notional_min_e8)
{
    spec->step_e8 = lot_e8 > 0 ? lot_e8 : spec->step_e8;
    spec->qty_min_e8 = lot_e8 > 0 ? lot_e8 : spec->qty_min_e8;
    spec->notional_min_e8 = notional_min_e8 > 0 ? notional_min_e8 : spec->notional_min_e8;
}

static bool rules(const lab_model_view *view, sim_spec *spec, int64_t *next_ns)
{
    const sim_spec before = *spec;
    *next_ns = INT64_MAX;
    CB_ASSERT(spec->step_e8 > 0);
    if (view->rows_count == 0) {
        set(spec, view->params[LOT], view->params[NOTIONAL_MIN]);
    }
    for (uint32_t i = 0; i < view->rows_count; i++) {
        const lab_model_row *row = &view->rows[i];
        if (row->from_ns > view->now_ns) {
            *next_ns = row->from_ns;
            break;
        }
        set(spec, row->values[0], row->values[1]);
    }
    return before.step_e8 != spec->step_e8 || before.notional_min_e8 != spec->notional_min_e8;
}

const lab_model_ops lab_model_rules = {.name = "rules",
    .help = "lot and least value of the date",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .rules = rules};
