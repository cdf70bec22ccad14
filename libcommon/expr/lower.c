/* The tree into values: names are looked up, types checked, timeframes entered. A let is lowered
 * once for each timeframe that it is used in. */
#include <math.h>

#include "expr/expr_internal.h"

static const char *const type_names[] = {
    [CB_EXPR_NUMBER] = "a number", [CB_EXPR_BOOLEAN] = "true or false"};

bool expr_whole(cb_expr_work *work, uint16_t tree, uint32_t frame, uint32_t max, uint32_t *out)
{
    const expr_tree *at = &work->tree[tree];
    const uint16_t node = expr_lower_typed(work, tree, frame, CB_EXPR_NUMBER);
    if (node == EXPR_NOTHING) {
        return false;
    }
    if (!expr_is_constant(work, node)) {
        (void)expr_fail(work, at->first, at->last, "this must be a constant");
        return expr_hint(work, "numbers and parameters only: its memory is fixed beforehand");
    }
    const double value = work->nodes[node].number;
    if (fabs(value - floor(value)) > 0 || value < 0 || value > (double)max) {
        return expr_fail(work, at->first, at->last, "this must be a whole number up to %u", max);
    }
    *out = (uint32_t)value;
    return true;
}

static bool refuse_type(
    cb_expr_work *work, const expr_tree *tree, cb_expr_type wanted, cb_expr_type found)
{
    (void)expr_fail(work,
        tree->first,
        tree->last,
        "%s is needed here, this is %s",
        type_names[wanted],
        type_names[found]);
    return expr_hint(
        work, wanted == CB_EXPR_BOOLEAN ? "compare it: x > 0" : "if condition then 1 else 0");
}

uint16_t expr_lower_typed(cb_expr_work *work, uint16_t tree, uint32_t frame, cb_expr_type type)
{
    const uint16_t node = expr_lower(work, tree, frame);
    if (node == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    const cb_expr_type found = (cb_expr_type)work->nodes[node].type;
    if (found != type) {
        (void)refuse_type(work, &work->tree[tree], type, found);
        return EXPR_NOTHING;
    }
    return node;
}

/* ---- operations ---- */

static bool takes_booleans(expr_op op)
{
    return op == EXPR_OP_AND || op == EXPR_OP_OR || op == EXPR_OP_NOT;
}

static bool gives_boolean(expr_op op)
{
    return takes_booleans(op) || (op >= EXPR_OP_LT && op <= EXPR_OP_NE);
}

static uint16_t lower_select(cb_expr_work *work, const expr_tree *tree, uint32_t frame)
{
    expr_make make = {.op = EXPR_OP_SELECT, .frame = frame, .token = tree->token};
    make.a = expr_lower_typed(work, tree->a, frame, CB_EXPR_BOOLEAN);
    make.b = make.a == EXPR_NOTHING ? EXPR_NOTHING : expr_lower(work, tree->b, frame);
    if (make.b == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    make.type = (cb_expr_type)work->nodes[make.b].type;
    make.c = expr_lower_typed(work, tree->c, frame, make.type);
    return make.c == EXPR_NOTHING ? EXPR_NOTHING : expr_node_make(work, &make);
}

static uint16_t lower_operation(cb_expr_work *work, const expr_tree *tree, uint32_t frame)
{
    const expr_op op = (expr_op)tree->op;
    if (op == EXPR_OP_SELECT) {
        return lower_select(work, tree, frame);
    }
    expr_make make = {.op = op,
        .type = gives_boolean(op) ? CB_EXPR_BOOLEAN : CB_EXPR_NUMBER,
        .frame = frame,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .token = tree->token};
    const bool is_equality = op == EXPR_OP_EQ || op == EXPR_OP_NE;
    cb_expr_type wanted = takes_booleans(op) ? CB_EXPR_BOOLEAN : CB_EXPR_NUMBER;
    make.a = is_equality ? expr_lower(work, tree->a, frame)
                         : expr_lower_typed(work, tree->a, frame, wanted);
    if (make.a == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    if (is_equality) {
        wanted = (cb_expr_type)work->nodes[make.a].type;
    }
    if (tree->b != EXPR_NOTHING) {
        make.b = expr_lower_typed(work, tree->b, frame, wanted);
        if (make.b == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
    }
    return expr_node_make(work, &make);
}

/* ---- history and timeframes ---- */

static uint16_t lower_history(cb_expr_work *work, const expr_tree *tree, uint32_t frame)
{
    const expr_tree *offset = &work->tree[tree->b];
    const uint16_t node = expr_lower_typed(work, tree->b, frame, CB_EXPR_NUMBER);
    if (node == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    if (!expr_is_constant(work, node)) {
        (void)expr_fail(work, offset->first, offset->last, "how far back must be a constant");
        (void)expr_hint(work, "numbers and parameters only: its memory is fixed beforehand");
        return EXPR_NOTHING;
    }
    if (work->nodes[node].number < 0) {
        (void)expr_fail(work, offset->first, offset->last, "a rule cannot look into the future");
        (void)expr_hint(work, "x[1] is the bar before, x[0] this one");
        return EXPR_NOTHING;
    }
    uint32_t bars = 0;
    if (!expr_whole(work, tree->b, frame, CB_EXPR_HISTORY_MAX, &bars)) {
        return EXPR_NOTHING;
    }
    return expr_node_history(work, expr_lower(work, tree->a, frame), bars, frame, tree->token);
}

/* The frame of an interval, made when it is new; EXPR_NOTHING after an error. */
static uint32_t find_frame(cb_expr_work *work, const expr_tree *tree, uint32_t outer)
{
    const uint32_t interval_s = tree->interval_s;
    const uint32_t base_s = work->frames_s[EXPR_BASE];
    if (interval_s < work->frames_s[outer]) {
        (void)expr_fail(work, tree->token, tree->token, "shorter than the bars around it");
        (void)expr_hint(work, "here a bar has %u seconds", work->frames_s[outer]);
        return EXPR_NOTHING;
    }
    if (interval_s % base_s != 0 || 86400U % interval_s != 0) {
        (void)expr_fail(work,
            tree->token,
            tree->token,
            "a timeframe divides a day and is a multiple of the bars' %u seconds",
            base_s);
        return EXPR_NOTHING;
    }
    for (uint32_t i = 0; i < work->frames_count; i++) {
        if (work->frames_s[i] == interval_s) {
            return i;
        }
    }
    if (work->frames_count > CB_EXPR_FRAMES_MAX) {
        (void)expr_full(work, tree->token, "timeframes", CB_EXPR_FRAMES_MAX);
        return EXPR_NOTHING;
    }
    work->frames_s[work->frames_count] = interval_s;
    return work->frames_count++;
}

/* What stands in a timeframe is looked at when its bars close: a value of a still longer one, which
 * may become known between two closes after a hole, is taken over then. */
static uint16_t lower_frame(cb_expr_work *work, const expr_tree *tree, uint32_t outer)
{
    const uint32_t inner = find_frame(work, tree, outer);
    const uint16_t node = inner == EXPR_NOTHING ? EXPR_NOTHING : expr_lower(work, tree->a, inner);
    if (node == EXPR_NOTHING || inner == outer || expr_is_constant(work, node) ||
        work->nodes[node].frame == inner) {
        return node;
    }
    const expr_make copy = {.op = EXPR_OP_COALESCE,
        .type = (cb_expr_type)work->nodes[node].type,
        .frame = inner,
        .a = node,
        .b = node,
        .c = EXPR_NOTHING,
        .token = tree->token};
    return expr_node_make(work, &copy);
}

static uint16_t lower_let(cb_expr_work *work, uint16_t index, uint32_t frame)
{
    expr_let *let = &work->lets[index];
    CB_ASSERT(index < work->lets_count);
    CB_ASSERT(frame <= CB_EXPR_FRAMES_MAX);
    if (let->nodes[frame] == EXPR_NOTHING) {
        let->nodes[frame] = expr_lower(work, let->tree, frame);
    }
    return let->nodes[frame];
}

/* ---- names that are called, or were not found elsewhere ---- */

static bool refuse_name(cb_expr_work *work, const expr_tree *tree)
{
    const cb_strview name = expr_token_text(work, tree->token);
    const cb_expr_function_info *info = NULL;
    char text[CB_EXPR_NAME_MAX];
    expr_near near = {0};
    /* the text's own names first: of equally near ones the first is meant */
    for (uint32_t i = 0; i < work->info.params_count; i++) {
        expr_near_try(&near, name, work->info.params[i].name);
    }
    for (uint32_t i = 0; i < work->lets_count; i++) {
        expr_token_copy(work, work->lets[i].token, text);
        expr_near_try(&near, name, text);
    }
    for (uint32_t i = 0; (info = cb_expr_series_at(i)) != NULL; i++) {
        expr_near_try(&near, name, info->name);
    }
    for (uint32_t i = 0; (info = cb_expr_function_at(i)) != NULL; i++) {
        expr_near_try(&near, name, info->name);
    }
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        expr_near_try(&near, name, cb_indicator_at(i)->name);
    }
    (void)expr_fail(work, tree->token, tree->token, "unknown name '%.*s'", (int)name.size, name.at);
    return expr_hint_near(work, &near);
}

static uint16_t lower_call(cb_expr_work *work, uint16_t index, uint32_t frame)
{
    const expr_tree *tree = &work->tree[index];
    char name[CB_EXPR_NAME_MAX];
    bool is_known = false;
    const uint16_t node = expr_lower_function(work, index, frame, &is_known);
    if (is_known) {
        return node;
    }
    expr_token_copy(work, tree->token, name);
    const cb_indicator_ops *ops = cb_indicator_find(name);
    if (ops != NULL) {
        return expr_lower_indicator(work, index, ops, frame);
    }
    const cb_strview word = expr_token_text(work, tree->token);
    const bool is_name =
        expr_find_param(work, word) != EXPR_NOTHING || expr_find_let(work, word) != EXPR_NOTHING;
    if (is_name && tree->first == tree->last) {
        (void)expr_fail(work, tree->token, tree->token, "'%s' has no meaning yet", name);
        (void)expr_hint(work, "it is given one further down: move that line up");
        return EXPR_NOTHING;
    }
    if (is_name) {
        (void)expr_fail(work, tree->token, tree->token, "'%s' takes no arguments", name);
        return EXPR_NOTHING;
    }
    (void)refuse_name(work, tree);
    return EXPR_NOTHING;
}

uint16_t expr_lower(cb_expr_work *work, uint16_t index, uint32_t frame)
{
    CB_ASSERT(index < work->tree_count);
    CB_ASSERT(frame < work->frames_count);
    const expr_tree *tree = &work->tree[index];
    switch ((expr_tree_kind)tree->kind) {
    case EXPR_TREE_NUMBER:
        return expr_node_constant(work, tree->number, CB_EXPR_NUMBER);
    case EXPR_TREE_BOOLEAN:
        return expr_node_constant(work, tree->number, CB_EXPR_BOOLEAN);
    case EXPR_TREE_PARAM:
        return expr_node_constant(work, work->info.params[tree->index].value, CB_EXPR_NUMBER);
    case EXPR_TREE_LET:
        return lower_let(work, tree->index, frame);
    case EXPR_TREE_SERIES:
        return expr_lower_series(work, tree->index, frame, tree->token);
    case EXPR_TREE_OPERATION:
        return lower_operation(work, tree, frame);
    case EXPR_TREE_HISTORY:
        return lower_history(work, tree, frame);
    case EXPR_TREE_FRAME:
        return lower_frame(work, tree, frame);
    case EXPR_TREE_CALL:
        return lower_call(work, index, frame);
    case EXPR_TREE_ARGUMENT:
        break; /* only its call looks at it */
    }
    CB_ASSERT(false);
    return EXPR_NOTHING;
}

/* ---- all lines ---- */

static bool lower_result(cb_expr_work *work, expr_result *result, uint32_t *plot)
{
    const cb_expr_catalogue *catalogue = work->catalogue;
    if (result->slot != EXPR_NOTHING && catalogue->outputs_count > 0) {
        const cb_expr_type type = catalogue->outputs[result->slot].type;
        result->node = expr_lower_typed(work, result->tree, EXPR_BASE, type);
    } else {
        result->node = expr_lower(work, result->tree, EXPR_BASE);
    }
    if (result->node == EXPR_NOTHING) {
        return false;
    }
    const cb_expr_type type = (cb_expr_type)work->nodes[result->node].type;
    if (result->slot == EXPR_NOTHING) {
        work->info.plots[(*plot)++].type = type;
    } else {
        work->info.output_types[result->slot] = type;
    }
    return true;
}

bool expr_lower_all(cb_expr_work *work)
{
    uint32_t plot = 0;
    CB_ASSERT(work->nodes_count == 0);
    work->info.interval_s = work->info.interval_s == 0 ? 60 : work->info.interval_s;
    work->frames_s[EXPR_BASE] = work->info.interval_s;
    work->frames_count = 1;
    /* lets that nobody uses are checked too; what is not reached from a result costs nothing */
    for (uint32_t i = 0; i < work->lets_count; i++) {
        if (lower_let(work, (uint16_t)i, EXPR_BASE) == EXPR_NOTHING) {
            return false;
        }
    }
    for (uint32_t i = 0; i < work->results_count; i++) {
        if (!lower_result(work, &work->results[i], &plot)) {
            return false;
        }
    }
    CB_ASSERT(plot == work->info.plots_count);
    return true;
}
