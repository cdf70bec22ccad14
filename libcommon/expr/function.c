/* Series and functions of the language. Most functions are one operation; the others stand on
 * operations, history and indicators that are there already. */
#include "expr/expr_internal.h"

typedef enum function_kind {
    FUNCTION_OPERATION, /* op over its arguments */
    FUNCTION_CHAIN,     /* op between each and the next */
    FUNCTION_CLAMP,
    FUNCTION_CROSS,
    FUNCTION_CHANGE,
    FUNCTION_WINDOW, /* an indicator over the last n values */
    FUNCTION_COUNT,
    FUNCTION_SINCE
} function_kind;

typedef struct function {
    cb_expr_function_info info;
    function_kind kind;
    expr_op op;
    uint32_t least; /* arguments */
    uint32_t most;
    const char *indicator;
    uint32_t part;
} function;

static const function functions[] = {
    {{"abs", "abs(x)", "x without its sign"}, FUNCTION_OPERATION, EXPR_OP_ABS, 1, 1, NULL, 0},
    {{"min", "min(a, b, …)", "the least"}, FUNCTION_CHAIN, EXPR_OP_MIN, 2, 8, NULL, 0},
    {{"max", "max(a, b, …)", "the greatest"}, FUNCTION_CHAIN, EXPR_OP_MAX, 2, 8, NULL, 0},
    {{"clamp", "clamp(x, low, high)", "x cut to the bounds"},
        FUNCTION_CLAMP,
        EXPR_OP_MAX,
        3,
        3,
        NULL,
        0},
    {{"sqrt", "sqrt(x)", "square root; none below 0"},
        FUNCTION_OPERATION,
        EXPR_OP_SQRT,
        1,
        1,
        NULL,
        0},
    {{"log", "log(x)", "natural logarithm; none unless above 0"},
        FUNCTION_OPERATION,
        EXPR_OP_LOG,
        1,
        1,
        NULL,
        0},
    {{"exp", "exp(x)", "e to the power of x"}, FUNCTION_OPERATION, EXPR_OP_EXP, 1, 1, NULL, 0},
    {{"pow", "pow(x, y)", "x ^ y"}, FUNCTION_OPERATION, EXPR_OP_POW, 2, 2, NULL, 0},
    {{"floor", "floor(x)", "the next whole number below"},
        FUNCTION_OPERATION,
        EXPR_OP_FLOOR,
        1,
        1,
        NULL,
        0},
    {{"ceil", "ceil(x)", "the next whole number above"},
        FUNCTION_OPERATION,
        EXPR_OP_CEIL,
        1,
        1,
        NULL,
        0},
    {{"round", "round(x)", "the nearest whole number, halves away from 0"},
        FUNCTION_OPERATION,
        EXPR_OP_ROUND,
        1,
        1,
        NULL,
        0},
    {{"sign", "sign(x)", "-1, 0 or 1"}, FUNCTION_OPERATION, EXPR_OP_SIGN, 1, 1, NULL, 0},
    {{"crosses_above", "crosses_above(a, b)", "a > b now, and was not on the bar before"},
        FUNCTION_CROSS,
        EXPR_OP_GT,
        2,
        2,
        NULL,
        0},
    {{"crosses_below", "crosses_below(a, b)", "a < b now, and was not on the bar before"},
        FUNCTION_CROSS,
        EXPR_OP_LT,
        2,
        2,
        NULL,
        0},
    {{"change", "change(x, n = 1)", "x - x[n]"}, FUNCTION_CHANGE, EXPR_OP_SUB, 1, 2, NULL, 0},
    {{"highest", "highest(x, n)", "greatest of the last n values"},
        FUNCTION_WINDOW,
        EXPR_OP_MAX,
        2,
        2,
        "donchian",
        0},
    {{"lowest", "lowest(x, n)", "least of the last n values"},
        FUNCTION_WINDOW,
        EXPR_OP_MIN,
        2,
        2,
        "donchian",
        1},
    {{"sum", "sum(x, n)", "sum of the last n values"},
        FUNCTION_WINDOW,
        EXPR_OP_ADD,
        2,
        2,
        "sma",
        0},
    {{"count", "count(condition, n)", "on how many of the last n bars it held"},
        FUNCTION_COUNT,
        EXPR_OP_ADD,
        2,
        2,
        "sma",
        0},
    {{"bars_since", "bars_since(condition)", "bars since it last held, 0 on that bar; none before"},
        FUNCTION_SINCE,
        EXPR_OP_SINCE,
        1,
        1,
        NULL,
        0},
    {{"is_none", "is_none(x)", "true where x has no value"},
        FUNCTION_OPERATION,
        EXPR_OP_IS_NONE,
        1,
        1,
        NULL,
        0},
    {{"coalesce", "coalesce(a, b)", "a, or b where a has no value"},
        FUNCTION_OPERATION,
        EXPR_OP_COALESCE,
        2,
        2,
        NULL,
        0},
};
#define FUNCTIONS_COUNT (sizeof functions / sizeof functions[0])

typedef struct series {
    cb_expr_function_info info;
    expr_op op; /* CONST: made of others */
} series;

static const series all_series[] = {
    {{"open", "open", "first price of the bar"}, EXPR_OP_OPEN},
    {{"high", "high", "highest price"}, EXPR_OP_HIGH},
    {{"low", "low", "lowest price"}, EXPR_OP_LOW},
    {{"close", "close", "last price"}, EXPR_OP_CLOSE},
    {{"volume", "volume", "base units traded"}, EXPR_OP_VOLUME},
    {{"hl2", "hl2", "(high + low) / 2"}, EXPR_OP_CONST},
    {{"hlc3", "hlc3", "(high + low + close) / 3"}, EXPR_OP_CONST},
    {{"ohlc4", "ohlc4", "(open + high + low + close) / 4"}, EXPR_OP_CONST},
    {{"hour", "hour", "0 to 23, UTC, of the bar's opening"}, EXPR_OP_HOUR},
    {{"minute", "minute", "0 to 59"}, EXPR_OP_MINUTE},
    {{"weekday", "weekday", "1 Monday to 7 Sunday, UTC, of the bar's opening"}, EXPR_OP_WEEKDAY},
    {{"day", "day", "1 to 31, of the month"}, EXPR_OP_DAY},
    {{"month", "month", "1 to 12"}, EXPR_OP_MONTH},
};
#define SERIES_COUNT (sizeof all_series / sizeof all_series[0])

const cb_expr_function_info *cb_expr_function_at(uint32_t index)
{
    return index < FUNCTIONS_COUNT ? &functions[index].info : NULL;
}

const cb_expr_function_info *cb_expr_series_at(uint32_t index)
{
    return index < SERIES_COUNT ? &all_series[index].info : NULL;
}

/* ---- series ---- */

uint16_t expr_find_series(cb_strview name)
{
    for (uint32_t i = 0; i < SERIES_COUNT; i++) {
        if (cb_sv_is(name, all_series[i].info.name)) {
            return (uint16_t)i;
        }
    }
    return EXPR_NOTHING;
}

static uint16_t read_bar(cb_expr_work *work, expr_op op, uint32_t frame, uint16_t token)
{
    const expr_make make = {
        op, CB_EXPR_NUMBER, frame, EXPR_NOTHING, EXPR_NOTHING, EXPR_NOTHING, 0, token};
    return expr_node_make(work, &make);
}

static uint16_t arithmetic(
    cb_expr_work *work, expr_op op, uint16_t a, uint16_t b, const expr_make *like)
{
    expr_make make = *like;
    if (a == EXPR_NOTHING || b == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    make.op = op;
    make.a = a;
    make.b = b;
    make.c = EXPR_NOTHING;
    make.number = 0;
    return expr_node_make(work, &make);
}

uint16_t expr_lower_series(cb_expr_work *work, uint16_t index, uint32_t frame, uint16_t token)
{
    static const expr_op prices[] = {EXPR_OP_HIGH, EXPR_OP_LOW, EXPR_OP_CLOSE, EXPR_OP_OPEN};
    CB_ASSERT(index < SERIES_COUNT);
    const series *found = &all_series[index];
    if (found->op != EXPR_OP_CONST) {
        return read_bar(work, found->op, frame, token);
    }
    const expr_make like = {.type = CB_EXPR_NUMBER, .frame = frame, .token = token};
    const uint32_t count =
        (uint32_t)(found->info.name[cb_sv_from(found->info.name).size - 1] - '0');
    CB_ASSERT(count >= 2 && count <= 4);
    uint16_t sum = read_bar(work, prices[0], frame, token);
    for (uint32_t i = 1; i < count; i++) {
        sum = arithmetic(work, EXPR_OP_ADD, sum, read_bar(work, prices[i], frame, token), &like);
    }
    return arithmetic(
        work, EXPR_OP_DIV, sum, expr_node_constant(work, count, CB_EXPR_NUMBER), &like);
}

/* ---- functions ---- */

typedef struct arguments {
    uint32_t count;
    uint16_t trees[EXPR_ARGUMENTS_MAX];
} arguments;

static const function *find_function(cb_strview name)
{
    for (uint32_t i = 0; i < FUNCTIONS_COUNT; i++) {
        if (cb_sv_is(name, functions[i].info.name)) {
            return &functions[i];
        }
    }
    return NULL;
}

bool expr_is_function(cb_strview name)
{
    return find_function(name) != NULL;
}

static bool take_arguments(
    cb_expr_work *work, const function *called, const expr_tree *tree, arguments *out)
{
    out->count = 0;
    for (uint16_t at = tree->a; at != EXPR_NOTHING; at = work->tree[at].next) {
        const expr_tree *argument = &work->tree[at];
        if (argument->part != EXPR_NOTHING) {
            (void)expr_fail(
                work, argument->part, argument->part, "arguments of functions have no names");
            return expr_hint(work, "%s", called->info.usage);
        }
        CB_ASSERT(out->count < EXPR_ARGUMENTS_MAX);
        out->trees[out->count++] = argument->a;
    }
    if (out->count < called->least || out->count > called->most) {
        (void)expr_fail(work,
            tree->first,
            tree->last,
            "%s takes %s%u argument%s, not %u",
            called->info.name,
            out->count < called->least && called->most > called->least ? "at least " : "",
            out->count < called->least ? called->least : called->most,
            (out->count < called->least ? called->least : called->most) == 1 ? "" : "s",
            out->count);
        return expr_hint(work, "%s", called->info.usage);
    }
    if (tree->part != EXPR_NOTHING) {
        return expr_fail(work, tree->part, tree->part, "%s has no outputs", called->info.name);
    }
    return true;
}

static uint16_t lower_direct(
    cb_expr_work *work, const function *called, const arguments *args, expr_make *make)
{
    uint16_t parts[3] = {EXPR_NOTHING, EXPR_NOTHING, EXPR_NOTHING};
    const bool is_any = called->op == EXPR_OP_IS_NONE || called->op == EXPR_OP_COALESCE;
    CB_ASSERT(args->count <= 3);
    for (uint32_t i = 0; i < args->count; i++) {
        parts[i] = is_any && i == 0
                       ? expr_lower(work, args->trees[i], make->frame)
                       : expr_lower_typed(work, args->trees[i], make->frame, make->type);
        if (parts[i] == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
        make->type = i == 0 ? (cb_expr_type)work->nodes[parts[0]].type : make->type;
    }
    make->type = called->op == EXPR_OP_IS_NONE ? CB_EXPR_BOOLEAN : make->type;
    make->op = called->op;
    make->a = parts[0];
    make->b = parts[1];
    make->c = parts[2];
    return expr_node_make(work, make);
}

static uint16_t lower_chain(
    cb_expr_work *work, const function *called, const arguments *args, const expr_make *make)
{
    uint16_t sum = expr_lower_typed(work, args->trees[0], make->frame, CB_EXPR_NUMBER);
    for (uint32_t i = 1; i < args->count && sum != EXPR_NOTHING; i++) {
        const uint16_t next = expr_lower_typed(work, args->trees[i], make->frame, CB_EXPR_NUMBER);
        sum = arithmetic(work, called->op, sum, next, make);
    }
    return sum;
}

static uint16_t lower_clamp(cb_expr_work *work, const arguments *args, const expr_make *make)
{
    uint16_t parts[3];
    for (uint32_t i = 0; i < 3; i++) {
        parts[i] = expr_lower_typed(work, args->trees[i], make->frame, CB_EXPR_NUMBER);
        if (parts[i] == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
    }
    const uint16_t low = arithmetic(work, EXPR_OP_MAX, parts[0], parts[1], make);
    return arithmetic(work, EXPR_OP_MIN, low, parts[2], make);
}

/* a > b and a[1] <= b[1] */
static uint16_t lower_cross(
    cb_expr_work *work, const function *called, const arguments *args, const expr_make *like)
{
    expr_make make = *like;
    const uint16_t a = expr_lower_typed(work, args->trees[0], make.frame, CB_EXPR_NUMBER);
    const uint16_t b = a == EXPR_NOTHING
                           ? EXPR_NOTHING
                           : expr_lower_typed(work, args->trees[1], make.frame, CB_EXPR_NUMBER);
    if (b == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    make.type = CB_EXPR_BOOLEAN;
    const uint16_t a_before = expr_node_history(work, a, 1, make.frame, make.token);
    const uint16_t b_before = expr_node_history(work, b, 1, make.frame, make.token);
    const uint16_t now = arithmetic(work, called->op, a, b, &make);
    const expr_op opposite = called->op == EXPR_OP_GT ? EXPR_OP_LE : EXPR_OP_GE;
    const uint16_t before = arithmetic(work, opposite, a_before, b_before, &make);
    return arithmetic(work, EXPR_OP_AND, now, before, &make);
}

static uint16_t lower_change(cb_expr_work *work, const arguments *args, const expr_make *make)
{
    uint32_t bars = 1;
    if (args->count > 1 &&
        !expr_whole(work, args->trees[1], make->frame, CB_EXPR_HISTORY_MAX, &bars)) {
        return EXPR_NOTHING;
    }
    const uint16_t x = expr_lower_typed(work, args->trees[0], make->frame, CB_EXPR_NUMBER);
    const uint16_t before = expr_node_history(work, x, bars, make->frame, make->token);
    return arithmetic(work, EXPR_OP_SUB, x, before, make);
}

static uint16_t window(cb_expr_work *work,
    const function *called,
    uint16_t source,
    uint32_t bars,
    const expr_make *make)
{
    if (source == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    expr_call call = {.indicator = (uint16_t)expr_find_indicator(called->indicator),
        .source = source,
        .frame = (uint16_t)make->frame,
        .token = make->token,
        .params = {bars}};
    return expr_indicator_node(work, &call, called->part);
}

static uint16_t lower_window(
    cb_expr_work *work, const function *called, const arguments *args, const expr_make *make)
{
    uint32_t bars = 0;
    if (!expr_whole(work, args->trees[1], make->frame, CB_INDICATOR_PERIOD_MAX, &bars)) {
        return EXPR_NOTHING;
    }
    if (bars == 0) {
        const expr_tree *length = &work->tree[args->trees[1]];
        (void)expr_fail(work, length->first, length->last, "a window has at least one bar");
        return EXPR_NOTHING;
    }
    uint16_t source = EXPR_NOTHING;
    if (called->kind == FUNCTION_COUNT) {
        const uint16_t holds = expr_lower_typed(work, args->trees[0], make->frame, CB_EXPR_BOOLEAN);
        if (holds == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
        expr_make select = *make;
        select.op = EXPR_OP_SELECT;
        select.a = holds;
        select.b = expr_node_constant(work, 1, CB_EXPR_NUMBER);
        select.c = expr_node_constant(work, 0, CB_EXPR_NUMBER);
        source = expr_node_make(work, &select);
    } else {
        source = expr_lower_typed(work, args->trees[0], make->frame, CB_EXPR_NUMBER);
    }
    const uint16_t found = window(work, called, source, bars, make);
    if (called->op != EXPR_OP_ADD || found == EXPR_NOTHING) {
        return found;
    }
    /* a sum is the average times n; a count is whole */
    const uint16_t length = expr_node_constant(work, bars, CB_EXPR_NUMBER);
    const uint16_t sum = arithmetic(work, EXPR_OP_MUL, found, length, make);
    if (called->kind != FUNCTION_COUNT || sum == EXPR_NOTHING) {
        return sum;
    }
    expr_make whole = *make;
    whole.op = EXPR_OP_ROUND;
    whole.a = sum;
    whole.b = EXPR_NOTHING;
    whole.c = EXPR_NOTHING;
    return expr_node_make(work, &whole);
}

static uint16_t lower_since(cb_expr_work *work, const arguments *args, expr_make *make)
{
    make->op = EXPR_OP_SINCE;
    make->a = expr_lower_typed(work, args->trees[0], make->frame, CB_EXPR_BOOLEAN);
    return make->a == EXPR_NOTHING ? EXPR_NOTHING : expr_node_make(work, make);
}

static uint16_t lower_by_kind(
    cb_expr_work *work, const function *called, const arguments *args, expr_make *make)
{
    switch (called->kind) {
    case FUNCTION_OPERATION:
        return lower_direct(work, called, args, make);
    case FUNCTION_CHAIN:
        return lower_chain(work, called, args, make);
    case FUNCTION_CLAMP:
        return lower_clamp(work, args, make);
    case FUNCTION_CROSS:
        return lower_cross(work, called, args, make);
    case FUNCTION_CHANGE:
        return lower_change(work, args, make);
    case FUNCTION_WINDOW:
    case FUNCTION_COUNT:
        return lower_window(work, called, args, make);
    case FUNCTION_SINCE:
        break;
    }
    return lower_since(work, args, make);
}

uint16_t expr_lower_function(cb_expr_work *work, uint16_t index, uint32_t frame, bool *is_known)
{
    const expr_tree *tree = &work->tree[index];
    const cb_strview name = expr_token_text(work, tree->token);
    const function *called = find_function(name);
    const uint16_t series_index = expr_find_series(name);
    arguments args = {0};
    *is_known = called != NULL || series_index != EXPR_NOTHING;
    if (!*is_known) {
        return EXPR_NOTHING;
    }
    if (called == NULL) {
        if (tree->a != EXPR_NOTHING || tree->part != EXPR_NOTHING) {
            (void)expr_fail(
                work, tree->first, tree->last, "%.*s takes no arguments", (int)name.size, name.at);
            return EXPR_NOTHING;
        }
        return expr_lower_series(work, series_index, frame, tree->token); /* hour() is hour */
    }
    if (!take_arguments(work, called, tree, &args)) {
        return EXPR_NOTHING;
    }
    expr_make make = {.type = CB_EXPR_NUMBER,
        .frame = frame,
        .a = EXPR_NOTHING,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .token = tree->token};
    return lower_by_kind(work, called, &args, &make);
}
