/* Tokens into a tree, by recursive descent; from the weakest binding: if, or, and, not, comparison,
 * sum, product, sign, power, then what follows a value ([n], @1h, .part). */
#include <string.h>

#include "expr/expr_internal.h"

static const char *const keywords[] = {"and",
    "or",
    "not",
    "if",
    "then",
    "else",
    "true",
    "false",
    "let",
    "param",
    "plot",
    "in",
    "step",
    "strategy",
    "timeframe",
    "symbols",
    "tf"};

bool expr_is_keyword(cb_strview word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (cb_sv_is(word, keywords[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the place in the tokens ---- */

static const expr_token *token_at(const cb_expr_work *work, uint32_t index)
{
    return &work->tokens[index < work->tokens_count ? index : work->tokens_count - 1];
}

static bool is_here(const cb_expr_work *work, const char *text)
{
    return expr_token_is(work, work->at, text);
}

static bool take(cb_expr_work *work, const char *text)
{
    if (!is_here(work, text)) {
        return false;
    }
    work->at++;
    return true;
}

static bool is_followed(const cb_expr_work *work, uint32_t index, const char *text)
{
    return index < work->tokens_count && expr_token_is(work, index, text);
}

bool expr_is_statement(const cb_expr_work *work, uint32_t index)
{
    static const char *const words[] = {"let", "param", "plot", "strategy", "timeframe", "symbols"};
    const expr_token *token = token_at(work, index);
    if (!token->is_first || token->kind != EXPR_TOKEN_NAME) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (expr_token_is(work, index, words[i])) {
            return true;
        }
    }
    const bool is_pair =
        token_at(work, index + 1)->kind == EXPR_TOKEN_NAME && !token_at(work, index + 1)->is_first;
    return is_followed(work, index + 1, ":") || (is_pair && is_followed(work, index + 2, ":"));
}

/* ---- making nodes ---- */

static uint16_t make(cb_expr_work *work, expr_tree_kind kind, uint32_t first, uint32_t token)
{
    if (work->tree_count == EXPR_TREE_MAX) {
        (void)expr_full(work, token, "parts", EXPR_TREE_MAX);
        return EXPR_NOTHING;
    }
    CB_ASSERT(work->at > first);
    expr_tree *tree = &work->tree[work->tree_count];
    *tree = (expr_tree){.kind = (uint8_t)kind,
        .a = EXPR_NOTHING,
        .b = EXPR_NOTHING,
        .c = EXPR_NOTHING,
        .next = EXPR_NOTHING,
        .part = EXPR_NOTHING,
        .token = (uint16_t)token,
        .first = (uint16_t)first,
        .last = (uint16_t)(work->at - 1),
        .depth = 1};
    return (uint16_t)work->tree_count++;
}

/* The tree's depth from its children; false when it is too deep. */
static bool settle(cb_expr_work *work, uint16_t index)
{
    expr_tree *tree = &work->tree[index];
    const uint16_t children[] = {tree->a, tree->b, tree->c};
    uint16_t deepest = 0;
    for (uint32_t i = 0; i < 3; i++) {
        const uint16_t depth = children[i] == EXPR_NOTHING ? 0 : work->tree[children[i]].depth;
        deepest = depth > deepest ? depth : deepest;
    }
    tree->depth = (uint16_t)(deepest + 1U);
    if (tree->depth > EXPR_DEPTH_MAX) {
        (void)expr_fail(work, tree->token, tree->token, "nested more than %d deep", EXPR_DEPTH_MAX);
        return expr_hint(work, "give a part of it a name with let");
    }
    return true;
}

static uint16_t operation(cb_expr_work *work, expr_op op, uint32_t token, const uint16_t parts[3])
{
    for (uint32_t i = 0; i < 3; i++) {
        if (parts[i] == EXPR_NOTHING && i == 0) {
            return EXPR_NOTHING;
        }
    }
    const uint16_t index = make(work, EXPR_TREE_OPERATION, work->tree[parts[0]].first, token);
    if (index == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    expr_tree *tree = &work->tree[index];
    tree->op = (uint8_t)op;
    tree->a = parts[0];
    tree->b = parts[1];
    tree->c = parts[2];
    if (op == EXPR_OP_NEG || op == EXPR_OP_NOT || op == EXPR_OP_SELECT) {
        tree->first = (uint16_t)token;
    }
    return settle(work, index) ? index : EXPR_NOTHING;
}

static uint16_t parse_sign(cb_expr_work *work);

/* ---- values ---- */

/* What stands where a value should: the message tells the usual mistakes apart. */
static uint16_t refuse_value(cb_expr_work *work)
{
    const uint32_t at = work->at;
    const bool is_end = token_at(work, at)->kind == EXPR_TOKEN_END || expr_is_statement(work, at);
    if (is_end && at > 0) {
        const cb_strview before = expr_token_text(work, at - 1);
        (void)expr_fail(
            work, at - 1, at - 1, "a value is missing after '%.*s'", (int)before.size, before.at);
        return EXPR_NOTHING;
    }
    if (is_end) {
        (void)expr_fail(work, at, at, "there is nothing to compute");
        return EXPR_NOTHING;
    }
    const cb_strview text = expr_token_text(work, at);
    (void)expr_fail(work, at, at, "a value should stand here, not '%.*s'", (int)text.size, text.at);
    if (expr_token_is(work, at, "=")) {
        (void)expr_hint(work, "write == to compare");
    } else if (token_at(work, at)->kind == EXPR_TOKEN_INTERVAL) {
        (void)expr_hint(work, "a timeframe follows an expression: close@1h");
    }
    return EXPR_NOTHING;
}

static uint16_t parse_name(cb_expr_work *work)
{
    const uint32_t at = work->at;
    const cb_strview name = expr_token_text(work, at);
    work->at++;
    const bool is_true = cb_sv_is(name, "true");
    if (is_true || cb_sv_is(name, "false")) {
        const uint16_t index = make(work, EXPR_TREE_BOOLEAN, at, at);
        if (index != EXPR_NOTHING) {
            work->tree[index].number = is_true ? 1 : 0;
        }
        return index;
    }
    expr_tree_kind kind = EXPR_TREE_PARAM;
    uint16_t found = expr_find_param(work, name);
    if (found == EXPR_NOTHING) {
        kind = EXPR_TREE_LET;
        found = expr_find_let(work, name);
    }
    if (found == EXPR_NOTHING) {
        kind = EXPR_TREE_SERIES;
        found = expr_find_series(name);
    }
    /* any other name is a call without arguments, and is looked up there */
    kind = found == EXPR_NOTHING ? EXPR_TREE_CALL : kind;
    const uint16_t index = make(work, kind, at, at);
    if (index != EXPR_NOTHING) {
        work->tree[index].index = found;
        if (kind == EXPR_TREE_LET) {
            work->tree[index].depth = (uint16_t)(work->tree[work->lets[found].tree].depth + 1U);
        }
    }
    return index;
}

/* One argument: "12" or "period = 12". */
static uint16_t parse_argument(cb_expr_work *work)
{
    const uint32_t first = work->at;
    const bool is_named =
        token_at(work, first)->kind == EXPR_TOKEN_NAME && is_followed(work, first + 1, "=");
    work->at += is_named ? 2U : 0U;
    const uint16_t value = expr_parse_expression(work);
    if (value == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    const uint16_t index = make(work, EXPR_TREE_ARGUMENT, first, first);
    if (index == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    work->tree[index].a = value;
    work->tree[index].part = is_named ? (uint16_t)first : EXPR_NOTHING;
    work->tree[index].depth = work->tree[value].depth;
    return index;
}

static bool close_list(cb_expr_work *work, uint32_t open, const char *mark)
{
    if (take(work, mark)) {
        return true;
    }
    const uint32_t at = work->at;
    if (token_at(work, at)->kind == EXPR_TOKEN_END || token_at(work, at)->is_first) {
        const cb_strview text = expr_token_text(work, open);
        return expr_fail(work, open, open, "this '%.*s' is not closed", (int)text.size, text.at);
    }
    const cb_strview text = expr_token_text(work, at);
    (void)expr_fail(
        work, at, at, "a '%s' should stand here, not '%.*s'", mark, (int)text.size, text.at);
    return expr_token_is(work, at, "=") ? expr_hint(work, "write == to compare") : false;
}

/* "name(…)": the name has been taken, the parenthesis has not. */
static uint16_t parse_call(cb_expr_work *work, uint32_t name)
{
    const uint32_t open = work->at++;
    uint16_t first = EXPR_NOTHING;
    uint16_t last = EXPR_NOTHING;
    uint32_t count = 0;
    uint16_t depth = 0;
    while (!is_here(work, ")")) {
        if (count > 0 && !take(work, ",")) {
            (void)close_list(work, open, ")");
            return EXPR_NOTHING;
        }
        const uint32_t at = work->at;
        const uint16_t argument = parse_argument(work);
        if (argument == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
        if (++count > EXPR_ARGUMENTS_MAX) {
            (void)expr_full(work, at, "arguments", EXPR_ARGUMENTS_MAX);
            return EXPR_NOTHING;
        }
        if (last == EXPR_NOTHING) {
            first = argument;
        } else {
            work->tree[last].next = argument;
        }
        last = argument;
        depth = work->tree[argument].depth > depth ? work->tree[argument].depth : depth;
    }
    work->at++;
    const uint16_t index = make(work, EXPR_TREE_CALL, name, name);
    if (index == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    work->tree[index].a = first;
    work->tree[index].index = EXPR_NOTHING;
    work->tree[index].depth = (uint16_t)(depth + 1U);
    return index;
}

static uint32_t string_interval(const cb_expr_work *work, uint32_t token);

static uint16_t in_frame(cb_expr_work *work, uint16_t inner, uint32_t token, uint32_t interval_s)
{
    const uint16_t index = make(work, EXPR_TREE_FRAME, work->tree[inner].first, token);
    if (index == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    work->tree[index].a = inner;
    work->tree[index].interval_s = interval_s;
    return settle(work, index) ? index : EXPR_NOTHING;
}

/* tf("1h", close): the same as close@1h */
static uint16_t parse_tf(cb_expr_work *work)
{
    const uint32_t name = work->at++;
    const uint32_t open = work->at;
    if (!take(work, "(")) {
        (void)expr_fail(work, name, name, "tf takes a timeframe and an expression");
        (void)expr_hint(work, "tf(\"1h\", close)");
        return EXPR_NOTHING;
    }
    const uint32_t frame = work->at;
    const uint32_t interval_s = string_interval(work, frame);
    if (interval_s == 0) {
        (void)expr_fail(work, frame, frame, "a timeframe should stand here");
        (void)expr_hint(work, "timeframes are written 5m, 4h or 1d");
        return EXPR_NOTHING;
    }
    work->at++;
    if (!take(work, ",")) {
        (void)close_list(work, open, ",");
        return EXPR_NOTHING;
    }
    const uint16_t inner = expr_parse_expression(work);
    if (inner == EXPR_NOTHING || !close_list(work, open, ")")) {
        return EXPR_NOTHING;
    }
    const uint16_t index = in_frame(work, inner, frame, interval_s);
    if (index != EXPR_NOTHING) {
        work->tree[index].first = (uint16_t)name;
    }
    return index;
}

/* "1h" in quotation marks, or bare; 0 when it is none. */
static uint32_t string_interval(const cb_expr_work *work, uint32_t token)
{
    const expr_token *found = token_at(work, token);
    if (found->kind == EXPR_TOKEN_INTERVAL) {
        return found->interval_s;
    }
    if (found->kind != EXPR_TOKEN_STRING || found->size < 4) {
        return 0;
    }
    const cb_strview text = expr_token_text(work, token);
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t count = 0;
    if (!cb_u64_parse((cb_strview){text.at + 1, text.size - 3}, 86400, &count)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text.at[text.size - 2] == units[i].letter && count * units[i].seconds <= 86400) {
            return (uint32_t)count * units[i].seconds;
        }
    }
    return 0;
}

/* if a then b else c */
static uint16_t parse_if(cb_expr_work *work)
{
    static const char *const words[] = {"then", "else"};
    const uint32_t token = work->at++;
    uint16_t parts[3] = {EXPR_NOTHING, EXPR_NOTHING, EXPR_NOTHING};
    for (uint32_t i = 0; i < 3; i++) {
        parts[i] = expr_parse_expression(work);
        if (parts[i] == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
        if (i < 2 && !take(work, words[i])) {
            (void)expr_fail(work, token, token, "this 'if' lacks its '%s'", words[i]);
            (void)expr_hint(work, "if condition then value else value");
            return EXPR_NOTHING;
        }
    }
    return operation(work, EXPR_OP_SELECT, token, parts);
}

static uint16_t parse_group(cb_expr_work *work)
{
    const uint32_t open = work->at++;
    const uint16_t inner = expr_parse_expression(work);
    if (inner == EXPR_NOTHING || !close_list(work, open, ")")) {
        return EXPR_NOTHING;
    }
    work->tree[inner].first = (uint16_t)open; /* an error about it marks the whole */
    work->tree[inner].last = (uint16_t)(work->at - 1);
    return inner;
}

static uint16_t parse_primary(cb_expr_work *work)
{
    const expr_token *token = token_at(work, work->at);
    if (token->kind == EXPR_TOKEN_NUMBER) {
        const uint32_t at = work->at++;
        const uint16_t index = make(work, EXPR_TREE_NUMBER, at, at);
        if (index != EXPR_NOTHING) {
            work->tree[index].number = token->number;
        }
        return index;
    }
    if (is_here(work, "(")) {
        return parse_group(work);
    }
    if (token->kind != EXPR_TOKEN_NAME || expr_is_statement(work, work->at)) {
        return refuse_value(work);
    }
    if (is_here(work, "if")) {
        return parse_if(work);
    }
    if (is_here(work, "tf")) {
        return parse_tf(work);
    }
    const cb_strview name = expr_token_text(work, work->at);
    const bool is_value = cb_sv_is(name, "true") || cb_sv_is(name, "false");
    if (expr_is_keyword(name) && !is_value) {
        return refuse_value(work);
    }
    if (is_followed(work, work->at + 1, "(")) {
        const uint32_t at = work->at++;
        return parse_call(work, at);
    }
    return parse_name(work);
}

/* ---- what follows a value ---- */

static uint16_t parse_history(cb_expr_work *work, uint16_t value)
{
    const uint32_t open = work->at++;
    const uint16_t offset = expr_parse_expression(work);
    if (offset == EXPR_NOTHING || !close_list(work, open, "]")) {
        return EXPR_NOTHING;
    }
    const uint16_t index = make(work, EXPR_TREE_HISTORY, work->tree[value].first, open);
    if (index == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    work->tree[index].a = value;
    work->tree[index].b = offset;
    return settle(work, index) ? index : EXPR_NOTHING;
}

static uint16_t parse_frame(cb_expr_work *work, uint16_t value)
{
    const uint32_t mark = work->at++;
    const uint32_t at = work->at;
    if (token_at(work, at)->kind != EXPR_TOKEN_INTERVAL) {
        (void)expr_fail(work, mark, mark, "a timeframe should follow '@'");
        (void)expr_hint(work, "timeframes are written 5m, 4h or 1d");
        return EXPR_NOTHING;
    }
    work->at++;
    return in_frame(work, value, at, work->tokens[at].interval_s);
}

static uint16_t parse_part(cb_expr_work *work, uint16_t value)
{
    const uint32_t mark = work->at++;
    const uint32_t name = work->at;
    expr_tree *tree = &work->tree[value];
    if (token_at(work, name)->kind != EXPR_TOKEN_NAME) {
        (void)expr_fail(work, mark, mark, "the name of an output should follow '.'");
        return EXPR_NOTHING;
    }
    work->at++;
    if (tree->kind != EXPR_TREE_CALL || tree->part != EXPR_NOTHING) {
        (void)expr_fail(work, mark, name, "only an indicator has outputs");
        (void)expr_hint(work, "macd(12, 26, 9).signal");
        return EXPR_NOTHING;
    }
    tree->part = (uint16_t)name;
    tree->last = (uint16_t)name;
    return value;
}

static uint16_t parse_postfix(cb_expr_work *work)
{
    uint16_t value = parse_primary(work);
    while (value != EXPR_NOTHING) {
        if (is_here(work, "[")) {
            value = parse_history(work, value);
        } else if (is_here(work, "@")) {
            value = parse_frame(work, value);
        } else if (is_here(work, ".")) {
            value = parse_part(work, value);
        } else {
            return value;
        }
    }
    return EXPR_NOTHING;
}

/* ---- operators ---- */

/* a ^ b ^ c is a ^ (b ^ c), and -a ^ b is -(a ^ b) */
static uint16_t parse_power(cb_expr_work *work)
{
    uint16_t parts[3] = {parse_postfix(work), EXPR_NOTHING, EXPR_NOTHING};
    if (parts[0] == EXPR_NOTHING || !is_here(work, "^")) {
        return parts[0];
    }
    const uint32_t token = work->at++;
    parts[1] = parse_sign(work);
    return parts[1] == EXPR_NOTHING ? EXPR_NOTHING : operation(work, EXPR_OP_POW, token, parts);
}

static bool enter(cb_expr_work *work)
{
    if (++work->nesting <= EXPR_DEPTH_MAX) {
        return true;
    }
    (void)expr_fail(work, work->at, work->at, "nested more than %d deep", EXPR_DEPTH_MAX);
    return expr_hint(work, "give a part of it a name with let");
}

static uint16_t parse_sign(cb_expr_work *work)
{
    if (!is_here(work, "-")) {
        return parse_power(work);
    }
    const uint32_t token = work->at++;
    if (!enter(work)) {
        return EXPR_NOTHING;
    }
    const uint16_t parts[3] = {parse_sign(work), EXPR_NOTHING, EXPR_NOTHING};
    work->nesting--;
    return parts[0] == EXPR_NOTHING ? EXPR_NOTHING : operation(work, EXPR_OP_NEG, token, parts);
}

typedef struct binary {
    const char *mark;
    expr_op op;
} binary;

static const binary *find_binary(const cb_expr_work *work, const binary *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_here(work, table[i].mark)) {
            return &table[i];
        }
    }
    return NULL;
}

/* A chain of operators of one strength, from the left. */
static uint16_t parse_chain(cb_expr_work *work,
    const binary *table,
    size_t count,
    uint16_t (*parse_operand)(cb_expr_work *work))
{
    uint16_t left = parse_operand(work);
    const binary *found = NULL;
    while (left != EXPR_NOTHING && (found = find_binary(work, table, count)) != NULL) {
        const uint32_t token = work->at++;
        const uint16_t parts[3] = {left, parse_operand(work), EXPR_NOTHING};
        if (parts[1] == EXPR_NOTHING) {
            return EXPR_NOTHING;
        }
        left = operation(work, found->op, token, parts);
    }
    return left;
}

static uint16_t parse_product(cb_expr_work *work)
{
    static const binary table[] = {{"*", EXPR_OP_MUL}, {"/", EXPR_OP_DIV}, {"%", EXPR_OP_MOD}};
    return parse_chain(work, table, sizeof table / sizeof table[0], parse_sign);
}

static uint16_t parse_sum(cb_expr_work *work)
{
    static const binary table[] = {{"+", EXPR_OP_ADD}, {"-", EXPR_OP_SUB}};
    return parse_chain(work, table, sizeof table / sizeof table[0], parse_product);
}

static uint16_t parse_comparison(cb_expr_work *work)
{
    static const binary table[] = {{"<", EXPR_OP_LT},
        {"<=", EXPR_OP_LE},
        {">", EXPR_OP_GT},
        {">=", EXPR_OP_GE},
        {"==", EXPR_OP_EQ},
        {"!=", EXPR_OP_NE}};
    const size_t count = sizeof table / sizeof table[0];
    uint16_t parts[3] = {parse_sum(work), EXPR_NOTHING, EXPR_NOTHING};
    const binary *found = parts[0] == EXPR_NOTHING ? NULL : find_binary(work, table, count);
    if (found == NULL) {
        return parts[0];
    }
    const uint32_t token = work->at++;
    parts[1] = parse_sum(work);
    if (parts[1] == EXPR_NOTHING) {
        return EXPR_NOTHING;
    }
    if (find_binary(work, table, count) != NULL) {
        (void)expr_fail(work, work->at, work->at, "comparisons do not chain");
        (void)expr_hint(work, "write a < b and b < c");
        return EXPR_NOTHING;
    }
    return operation(work, found->op, token, parts);
}

static uint16_t parse_not(cb_expr_work *work)
{
    if (!is_here(work, "not")) {
        return parse_comparison(work);
    }
    const uint32_t token = work->at++;
    if (!enter(work)) {
        return EXPR_NOTHING;
    }
    const uint16_t parts[3] = {parse_not(work), EXPR_NOTHING, EXPR_NOTHING};
    work->nesting--;
    return parts[0] == EXPR_NOTHING ? EXPR_NOTHING : operation(work, EXPR_OP_NOT, token, parts);
}

static uint16_t parse_and(cb_expr_work *work)
{
    static const binary table[] = {{"and", EXPR_OP_AND}};
    return parse_chain(work, table, 1, parse_not);
}

static uint16_t parse_or(cb_expr_work *work)
{
    static const binary table[] = {{"or", EXPR_OP_OR}};
    return parse_chain(work, table, 1, parse_and);
}

uint16_t expr_parse_expression(cb_expr_work *work)
{
    if (!enter(work)) {
        return EXPR_NOTHING;
    }
    const uint16_t index = parse_or(work);
    work->nesting--;
    return index;
}
