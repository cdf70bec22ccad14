/* Rules that people write as text (docs/howto/rule-strategies.md). The program is the core's
 * (core/rules.c): it may change while the service runs. Without one this strategy is silent. */
#include <string.h>

#include "services/signals/core/rules.h"

enum { MEMORY };

#define KIB 1024

static const cb_param params[] = {
    [MEMORY] = {"memory",
        CB_PARAM_COUNT,
        64,
        4,
        8192,
        "KiB that a file's rules may take per symbol; a file that needs more is refused"},
};

static size_t rules_state_size(const int64_t *values)
{
    CB_ASSERT(values != NULL);
    CB_ASSERT(values[MEMORY] > 0);
    return (size_t)values[MEMORY] * KIB;
}

/* Of a program: signals_warmup_bars. */
static uint32_t rules_warmup_bars(const int64_t *values)
{
    (void)values;
    return 1;
}

static void rules_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(values != NULL);
    memset(state, 0, rules_state_size(values));
}

static bool rules_step(void *state, const cb_bar *bar, strategy_opinion *opinion)
{
    (void)state;
    CB_ASSERT(bar != NULL);
    CB_ASSERT(opinion != NULL);
    return false;
}

const strategy_ops strategy_rules = {
    .name = "rules",
    .help = "rules of a text file, which may change while the service runs",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_size = rules_state_size,
    .warmup_bars = rules_warmup_bars,
    .init = rules_init,
    .step = rules_step,
};

/* ---- with a program ---- */

/* "ema(close, 12)" when it fits a value's name, else the part before the parenthesis and a number.
 */
static void name_value(const char *text, uint32_t number, char out[24])
{
    const cb_strview whole = cb_sv_from(text);
    if (cb_text_copy(out, 24, whole)) {
        return;
    }
    const char *parenthesis = strchr(text, '(');
    size_t size = parenthesis != NULL ? (size_t)(parenthesis - text) : whole.size;
    size = size > 16 ? 16 : size;
    cb_textbuf name = cb_textbuf_over(out, 24);
    for (size_t i = 0; i < size; i++) {
        const char one[2] = {text[i], '\0'};
        cb_textbuf_add(&name, one);
    }
    cb_textbuf_add(&name, "#");
    cb_textbuf_add_u64(&name, number);
}

/* What the opinion rests on: the text's own plots, or the indicators when it has none. */
static void add_values(const cb_expr_program *program, const void *state, strategy_opinion *opinion)
{
    const cb_expr_info *info = cb_expr_describe(program);
    const bool has_plots = info->plots_count > 0;
    const uint32_t count = has_plots ? info->plots_count : info->calls_count;
    for (uint32_t i = 0; i < count && opinion->values_count < STRATEGY_VALUES_MAX; i++) {
        char name[24];
        const cb_expr_value value =
            has_plots ? cb_expr_plot(program, state, i) : cb_expr_call(program, state, i);
        name_value(has_plots ? info->plots[i].name : info->calls[i].text, i + 1, name);
        if (!value.is_none) {
            strategy_value(opinion, name, value.number);
        }
    }
}

bool strategy_rules_step(const signals_rules_slot *slot,
    const cb_expr_program *program,
    void *state,
    const cb_bar *bar,
    strategy_opinion *opinion)
{
    cb_rules_opinion said;
    CB_ASSERT(slot != NULL && program != NULL);
    CB_ASSERT(state != NULL && opinion != NULL);
    if (!cb_expr_step(program, state, bar)) {
        return false;
    }
    cb_rules_judge(program, state, &said);
    opinion->side = said.side;
    opinion->confidence = said.confidence;
    opinion->stop_distance = said.stop_distance;
    opinion->profit_distance = said.profit_distance;
    strategy_value(opinion, "version", (double)slot->version);
    add_values(program, state, opinion);
    return true;
}
