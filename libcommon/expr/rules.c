/* The lines of a strategy's text, and what their values mean together. */
#include "expr/rules.h"

#include "base/assert.h"

const cb_expr_output_spec cb_rules_outputs[CB_RULES_OUTPUTS_COUNT] = {
    [CB_RULES_ENTRY_LONG] = {"entry long", CB_EXPR_BOOLEAN, true, "when to buy"},
    [CB_RULES_EXIT_LONG] = {"exit long", CB_EXPR_BOOLEAN, false, "when to sell what is held"},
    [CB_RULES_STOP] = {"stop",
        CB_EXPR_NUMBER,
        true,
        "distance of the stop-loss below the close, quote units"},
    [CB_RULES_TAKE_PROFIT] = {"take profit",
        CB_EXPR_NUMBER,
        true,
        "distance of the take-profit above the close, quote units"},
    [CB_RULES_CONFIDENCE] = {"confidence", CB_EXPR_NUMBER, false, "0 to 1; 0.6 without this line"},
};
_Static_assert(CB_RULES_OUTPUTS_COUNT <= CB_EXPR_OUTPUTS_MAX, "a program has room for all");

cb_status cb_rules_compile(cb_strview text,
    const cb_expr_setting *settings,
    uint32_t settings_count,
    cb_expr_work *work,
    cb_expr_program *out,
    cb_expr_error *error)
{
    const cb_expr_catalogue catalogue = {.outputs = cb_rules_outputs,
        .outputs_count = CB_RULES_OUTPUTS_COUNT,
        .settings = settings,
        .settings_count = settings_count};
    CB_ASSERT(settings != NULL || settings_count == 0);
    return cb_expr_compile(text, &catalogue, work, out, error);
}

bool cb_rules_takes(const cb_expr_program *program, const char *symbol)
{
    const cb_expr_info *info = cb_expr_describe(program);
    CB_ASSERT(symbol != NULL);
    for (uint32_t i = 0; i < info->symbols_count; i++) {
        if (cb_text_equal(info->symbols[i], symbol)) {
            return true;
        }
    }
    return info->symbols_count == 0;
}

static double cut_to_unit(double value)
{
    if (value < 0) {
        return 0;
    }
    return value > 1 ? 1 : value;
}

void cb_rules_judge(const cb_expr_program *program, const void *state, cb_rules_opinion *opinion)
{
    const cb_expr_info *info = cb_expr_describe(program);
    const cb_expr_value stop = cb_expr_output(program, state, CB_RULES_STOP);
    const cb_expr_value profit = cb_expr_output(program, state, CB_RULES_TAKE_PROFIT);
    cb_expr_value confidence = {false, CB_RULES_CONFIDENCE_DEFAULT};
    CB_ASSERT(opinion != NULL);
    *opinion = (cb_rules_opinion){.side = CB_SIDE_NONE};
    if (info->has_output[CB_RULES_CONFIDENCE]) {
        confidence = cb_expr_output(program, state, CB_RULES_CONFIDENCE);
    }
    if (confidence.is_none) {
        return;
    }
    opinion->confidence = cut_to_unit(confidence.number);
    if (cb_expr_holds(program, state, CB_RULES_EXIT_LONG)) {
        opinion->side = CB_SIDE_SELL;
        return;
    }
    const bool has_prices =
        !stop.is_none && stop.number > 0 && !profit.is_none && profit.number > 0;
    if (has_prices && cb_expr_holds(program, state, CB_RULES_ENTRY_LONG)) {
        opinion->side = CB_SIDE_BUY;
        opinion->stop_distance = stop.number;
        opinion->profit_distance = profit.number;
    }
    CB_ASSERT(opinion->confidence >= 0 && opinion->confidence <= 1);
}
