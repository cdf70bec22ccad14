/* Indicators: their arguments become a source and parameters within the registry's bounds, and the
 * same call is computed once however often it is written. */
#include <math.h>
#include <string.h>

#include "expr/expr_internal.h"

#define NS_PER_S INT64_C(1000000000)
#define HINT_MAX 100U

uint32_t expr_find_indicator(const char *name)
{
    uint32_t index = 0;
    while (index < cb_indicators_count() && !cb_text_equal(cb_indicator_at(index)->name, name)) {
        index++;
    }
    CB_ASSERT(index < cb_indicators_count());
    return index;
}

/* "ema(source, period)" into a hint. */
static bool hint_usage(cb_expr_work *work, const cb_indicator_ops *ops)
{
    char text[HINT_MAX] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < ops->params_count; i++) {
        const size_t size = strlen(ops->params[i].name);
        if (used + size + 3 > sizeof text) {
            break;
        }
        memcpy(text + used, ", ", 2);
        memcpy(text + used + 2, ops->params[i].name, size + 1);
        used += size + 2;
    }
    return expr_hint(work, "%s(source%s), the source may be left out", ops->name, text);
}

static bool refuse_bounds(
    cb_expr_work *work, const expr_tree *value, const cb_param *param, double scale)
{
    return expr_fail(work,
        value->first,
        value->last,
        "%s is from %.10g to %.10g",
        param->name,
        (double)param->min / scale,
        (double)param->max / scale);
}

/* A parameter's value from its argument: whole counts, decimals to 1e-8, durations in seconds. */
static bool take_param(
    cb_expr_work *work, uint16_t tree, uint32_t frame, const cb_param *param, int64_t *out)
{
    const expr_tree *value = &work->tree[tree];
    const uint16_t node = expr_lower_typed(work, tree, frame, CB_EXPR_NUMBER);
    if (node == EXPR_NOTHING) {
        return false;
    }
    if (!expr_is_constant(work, node)) {
        (void)expr_fail(work, value->first, value->last, "%s must be a constant", param->name);
        return expr_hint(work, "numbers and parameters only: its memory is fixed beforehand");
    }
    const double number = work->nodes[node].number;
    const double scale = param->kind == CB_PARAM_COUNT     ? 1
                         : param->kind == CB_PARAM_DECIMAL ? (double)CB_E8
                                                           : (double)NS_PER_S;
    if (!(number * scale >= (double)param->min && number * scale <= (double)param->max)) {
        return refuse_bounds(work, value, param, scale);
    }
    if (param->kind == CB_PARAM_COUNT && fabs(number - floor(number)) > 0) {
        return expr_fail(work, value->first, value->last, "%s is a whole number", param->name);
    }
    const double whole = floor(fabs(number * scale) + 0.5);
    *out = (int64_t)(number < 0 ? -whole : whole);
    return (*out >= param->min && *out <= param->max) || refuse_bounds(work, value, param, scale);
}

/* ---- arguments ---- */

typedef struct taking {
    const cb_indicator_ops *ops;
    uint32_t frame;
    uint32_t next; /* parameter that the next argument without a name is */
    bool is_given[CB_PARAMS_PER_ENTRY_MAX];
    bool has_named;
    bool has_source;
    expr_call call;
} taking;

static bool take_source(cb_expr_work *work, taking *to, uint16_t tree)
{
    const expr_tree *value = &work->tree[tree];
    if (to->has_source) {
        return expr_fail(work, value->first, value->last, "a second source");
    }
    to->has_source = true;
    to->call.source = expr_lower_typed(work, tree, to->frame, CB_EXPR_NUMBER);
    return to->call.source != EXPR_NOTHING;
}

static bool take_named(cb_expr_work *work, taking *to, const expr_tree *argument)
{
    const cb_strview name = expr_token_text(work, argument->part);
    expr_near near = {0};
    to->has_named = true;
    if (cb_sv_is(name, "source")) {
        return take_source(work, to, argument->a);
    }
    for (uint32_t i = 0; i < to->ops->params_count; i++) {
        if (!cb_sv_is(name, to->ops->params[i].name)) {
            expr_near_try(&near, name, to->ops->params[i].name);
            continue;
        }
        if (to->is_given[i]) {
            return expr_fail(work,
                argument->part,
                argument->part,
                "'%s' stands here twice",
                to->ops->params[i].name);
        }
        to->is_given[i] = true;
        return take_param(work, argument->a, to->frame, &to->ops->params[i], &to->call.params[i]);
    }
    (void)expr_fail(work,
        argument->part,
        argument->part,
        "%s has no parameter '%.*s'",
        to->ops->name,
        (int)name.size,
        name.at);
    (void)expr_hint_near(work, &near);
    return hint_usage(work, to->ops);
}

/* Without a name: the source when it comes first and is no constant, else the next parameter. */
static bool take_positional(
    cb_expr_work *work, taking *to, const expr_tree *argument, bool is_first)
{
    const expr_tree *value = &work->tree[argument->a];
    if (to->has_named) {
        return expr_fail(
            work, value->first, value->last, "arguments with names come after those without");
    }
    const uint16_t node = expr_lower(work, argument->a, to->frame);
    if (node == EXPR_NOTHING) {
        return false;
    }
    if (is_first && !expr_is_constant(work, node)) {
        return take_source(work, to, argument->a);
    }
    if (to->next == to->ops->params_count) {
        (void)expr_fail(work, value->first, value->last, "%s has no such parameter", to->ops->name);
        return hint_usage(work, to->ops);
    }
    const uint32_t index = to->next++;
    to->is_given[index] = true;
    return take_param(
        work, argument->a, to->frame, &to->ops->params[index], &to->call.params[index]);
}

/* ---- outputs ---- */

static bool hint_outputs(cb_expr_work *work, const cb_indicator_ops *ops)
{
    char text[HINT_MAX] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < ops->outputs_count; i++) {
        const size_t size = strlen(ops->outputs[i]);
        if (used + size + 3 > sizeof text) {
            break;
        }
        memcpy(text + used, i == 0 ? " ." : ", .", i == 0 ? 2 : 3);
        used += i == 0 ? 2 : 3;
        memcpy(text + used, ops->outputs[i], size + 1);
        used += size;
    }
    return expr_hint(work, "its outputs:%s", text);
}

/* Without ".name": the only output, or the one that bears the indicator's name. */
static bool find_part(
    cb_expr_work *work, const expr_tree *tree, const cb_indicator_ops *ops, uint32_t *out)
{
    const cb_strview name =
        tree->part == EXPR_NOTHING ? cb_sv_from(ops->name) : expr_token_text(work, tree->part);
    expr_near near = {0};
    for (uint32_t i = 0; i < ops->outputs_count; i++) {
        if (cb_sv_is(name, ops->outputs[i])) {
            *out = i;
            return true;
        }
        expr_near_try(&near, name, ops->outputs[i]);
    }
    if (tree->part == EXPR_NOTHING && ops->outputs_count == 1) {
        *out = 0;
        return true;
    }
    if (tree->part == EXPR_NOTHING) {
        (void)expr_fail(work, tree->first, tree->last, "%s has several outputs: which?", ops->name);
        return hint_outputs(work, ops);
    }
    (void)expr_fail(work,
        tree->part,
        tree->part,
        "%s has no output '%.*s'",
        ops->name,
        (int)name.size,
        name.at);
    (void)expr_hint_near(work, &near);
    return hint_outputs(work, ops);
}

/* ---- nodes ---- */

static bool is_same_call(const expr_call *a, const expr_call *b, uint32_t params_count)
{
    if (a->indicator != b->indicator || a->source != b->source || a->frame != b->frame) {
        return false;
    }
    for (uint32_t i = 0; i < params_count; i++) {
        if (a->params[i] != b->params[i]) {
            return false;
        }
    }
    return true;
}

static uint16_t find_call(cb_expr_work *work, expr_call *call, const cb_indicator_ops *ops)
{
    for (uint32_t i = 0; i < work->calls_count; i++) {
        if (is_same_call(&work->calls[i], call, ops->params_count)) {
            return work->calls[i].node;
        }
    }
    if (work->calls_count == CB_EXPR_CALLS_MAX) {
        (void)expr_full(work, call->token, "indicator calls", CB_EXPR_CALLS_MAX);
        return EXPR_NOTHING;
    }
    const expr_make make = {.op = EXPR_OP_INDICATOR,
        .type = CB_EXPR_NUMBER,
        .frame = call->frame,
        .a = call->source,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .number = work->calls_count,
        .token = call->token};
    call->node = expr_node_make(work, &make);
    if (call->node == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    expr_node *node = &work->nodes[call->node];
    const uint64_t before = expr_node_warmup(work, call->source, call->frame);
    const uint64_t own = ops->warmup_bars(call->params);
    const uint64_t warmup = (before > 1 ? before - 1 : 0) + (own > 0 ? own : 1);
    node->warmup = warmup > UINT32_MAX ? UINT32_MAX : (uint32_t)warmup;
    work->calls[work->calls_count++] = *call;
    return call->node;
}

uint16_t expr_indicator_node(cb_expr_work *work, expr_call *call, uint32_t part)
{
    const cb_indicator_ops *ops = cb_indicator_at(call->indicator);
    CB_ASSERT(ops != NULL);
    CB_ASSERT(part < ops->outputs_count);
    const uint16_t node = find_call(work, call, ops);
    if (node == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    const expr_make make = {.op = EXPR_OP_PART,
        .type = CB_EXPR_NUMBER,
        .frame = call->frame,
        .a = node,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .number = part,
        .token = call->token};
    return expr_node_make(work, &make);
}

uint16_t expr_lower_indicator(
    cb_expr_work *work, uint16_t index, const cb_indicator_ops *ops, uint32_t frame)
{
    const expr_tree *tree = &work->tree[index];
    uint32_t part = 0;
    taking to = {.ops = ops,
        .frame = frame,
        .call = {.indicator = (uint16_t)expr_find_indicator(ops->name),
            .source = EXPR_NOTHING,
            .frame = (uint16_t)frame,
            .token = tree->token}};
    cb_indicator_defaults(ops, to.call.params);
    for (uint16_t at = tree->a; at != EXPR_NOTHING; at = work->tree[at].next) {
        const expr_tree *argument = &work->tree[at];
        const bool is_good = argument->part != EXPR_NOTHING
                                 ? take_named(work, &to, argument)
                                 : take_positional(work, &to, argument, at == tree->a);
        if (!is_good) {
            return EXPR_NOTHING;
        }
    }
    CB_ASSERT(cb_indicator_accepts(ops, to.call.params));
    if (!find_part(work, tree, ops, &part)) {
        return EXPR_NOTHING;
    }
    return expr_indicator_node(work, &to.call, part);
}
