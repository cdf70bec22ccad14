/* The lines of a text: parameters, names, plots, outputs, and what a strategy says of itself. */
#include <math.h>
#include <string.h>

#include "expr/expr_internal.h"

#define DAY_S 86400U

uint16_t expr_find_param(const cb_expr_work *work, cb_strview name)
{
    for (uint32_t i = 0; i < work->info.params_count; i++) {
        if (cb_sv_is(name, work->info.params[i].name)) {
            return (uint16_t)i;
        }
    }
    return EXPR_NOTHING;
}

uint16_t expr_find_let(const cb_expr_work *work, cb_strview name)
{
    for (uint32_t i = 0; i < work->lets_count; i++) {
        if (cb_sv_equal(name, expr_token_text(work, work->lets[i].token))) {
            return (uint16_t)i;
        }
    }
    return EXPR_NOTHING;
}

static bool take(cb_expr_work *work, const char *text)
{
    if (!expr_token_is(work, work->at, text)) {
        return false;
    }
    work->at++;
    return true;
}

/* "mark should stand after …": points at the token before, where people look for what is missing.
 */
static bool refuse_missing(cb_expr_work *work, const char *what, const char *hint)
{
    CB_ASSERT(work->at > 0);
    (void)expr_fail(work, work->at - 1, work->at - 1, "%s should follow here", what);
    return expr_hint(work, "%s", hint);
}

/* A new name at work->at; taken. */
static bool take_new_name(cb_expr_work *work, const char *hint)
{
    const uint32_t at = work->at;
    if (work->tokens[at].kind != EXPR_TOKEN_NAME || work->tokens[at].is_first) {
        return refuse_missing(work, "a name", hint);
    }
    const cb_strview name = expr_token_text(work, at);
    char text[CB_EXPR_NAME_MAX];
    expr_token_copy(work, at, text);
    const bool is_own = expr_is_keyword(name) || expr_is_function(name) ||
                        expr_find_series(name) != EXPR_NOTHING || cb_indicator_find(text) != NULL;
    if (is_own) {
        return expr_fail(work, at, at, "'%s' is a word of the language", text);
    }
    if (expr_find_param(work, name) != EXPR_NOTHING || expr_find_let(work, name) != EXPR_NOTHING) {
        return expr_fail(work, at, at, "'%s' has a meaning already", text);
    }
    work->at++;
    return true;
}

static bool take_number(cb_expr_work *work, double *out, const char *hint)
{
    const bool is_negative = take(work, "-");
    const expr_token *token = &work->tokens[work->at];
    if (token->kind != EXPR_TOKEN_NUMBER) {
        return refuse_missing(work, "a number", hint);
    }
    *out = is_negative ? -token->number : token->number;
    work->at++;
    return true;
}

/* ---- param fast = 12 in 2..200 step 1 ---- */

static bool is_whole(double value)
{
    return !(fabs(value - floor(value)) > 0);
}

static bool check_param(cb_expr_work *work, cb_expr_param *param, uint32_t name, uint32_t last)
{
    if (!(param->min <= param->max)) {
        return expr_fail(work, name, last, "the least value is above the greatest");
    }
    if (param->default_value < param->min || param->default_value > param->max) {
        return expr_fail(work, name, last, "the value is outside its bounds");
    }
    if (param->step < 0) {
        return expr_fail(work, name, last, "a step is above 0");
    }
    const bool is_counted =
        is_whole(param->default_value) && is_whole(param->min) && is_whole(param->max);
    if (!(param->step > 0) && is_counted) {
        param->step = 1;
    }
    param->value = param->default_value;
    for (uint32_t i = 0; i < work->catalogue->settings_count; i++) {
        const cb_expr_setting *setting = &work->catalogue->settings[i];
        if (!cb_text_equal(setting->name, param->name)) {
            continue;
        }
        if (!(setting->value >= param->min && setting->value <= param->max)) {
            return expr_fail(
                work, name, last, "'%s' was set to a value outside its bounds", param->name);
        }
        param->value = setting->value;
    }
    return true;
}

static bool parse_param(cb_expr_work *work)
{
    static const char hint[] = "param fast = 12 in 2..200";
    const uint32_t name = ++work->at;
    cb_expr_param param = {.step = 0};
    if (!take_new_name(work, hint)) {
        return false;
    }
    if (work->info.params_count == CB_EXPR_PARAMS_MAX) {
        return expr_full(work, name, "parameters", CB_EXPR_PARAMS_MAX);
    }
    expr_token_copy(work, name, param.name);
    if (!take(work, "=")) {
        return refuse_missing(work, "'='", hint);
    }
    if (!take_number(work, &param.default_value, hint)) {
        return false;
    }
    if (!take(work, "in")) {
        return refuse_missing(work, "'in' and the bounds", hint);
    }
    if (!take_number(work, &param.min, hint)) {
        return false;
    }
    if (!take(work, "..")) {
        return refuse_missing(work, "'..'", hint);
    }
    if (!take_number(work, &param.max, hint) ||
        (take(work, "step") && !take_number(work, &param.step, hint)) ||
        !check_param(work, &param, name, work->at - 1)) {
        return false;
    }
    work->param_tokens[work->info.params_count] = (uint16_t)name;
    work->info.params[work->info.params_count++] = param;
    return true;
}

/* ---- let trend = …, plot spread = …, entry long: … ---- */

static bool add_result(cb_expr_work *work, uint32_t token, uint16_t tree, uint16_t slot)
{
    CB_ASSERT(work->results_count < CB_EXPR_OUTPUTS_MAX + CB_EXPR_PLOTS_MAX);
    if (tree == EXPR_NOTHING) {
        return false;
    }
    work->results[work->results_count++] =
        (expr_result){.token = (uint16_t)token, .tree = tree, .node = EXPR_NOTHING, .slot = slot};
    return true;
}

static bool parse_let(cb_expr_work *work)
{
    const uint32_t name = ++work->at;
    if (!take_new_name(work, "let trend = ema(close, 20)")) {
        return false;
    }
    if (work->lets_count == CB_EXPR_LETS_MAX) {
        return expr_full(work, name, "names", CB_EXPR_LETS_MAX);
    }
    if (!take(work, "=")) {
        return refuse_missing(work, "'='", "let trend = ema(close, 20)");
    }
    const uint16_t tree = expr_parse_expression(work);
    if (tree == EXPR_NOTHING) {
        return false;
    }
    expr_let *let = &work->lets[work->lets_count++];
    *let = (expr_let){.token = (uint16_t)name, .tree = tree};
    for (uint32_t i = 0; i <= CB_EXPR_FRAMES_MAX; i++) {
        let->nodes[i] = EXPR_NOTHING;
    }
    return true;
}

static bool parse_plot(cb_expr_work *work)
{
    static const char hint[] = "plot spread = ema(close, 9) - ema(close, 21)";
    const uint32_t name = ++work->at;
    if (work->tokens[name].kind != EXPR_TOKEN_NAME || work->tokens[name].is_first) {
        return refuse_missing(work, "a name", hint);
    }
    work->at++;
    for (uint32_t i = 0; i < work->info.plots_count; i++) {
        if (cb_sv_is(expr_token_text(work, name), work->info.plots[i].name)) {
            return expr_fail(work, name, name, "there is a plot of that name already");
        }
    }
    if (work->info.plots_count == CB_EXPR_PLOTS_MAX) {
        return expr_full(work, name, "plots", CB_EXPR_PLOTS_MAX);
    }
    expr_token_copy(work, name, work->info.plots[work->info.plots_count++].name);
    if (!take(work, "=")) {
        return refuse_missing(work, "'='", hint);
    }
    return add_result(work, name, expr_parse_expression(work), EXPR_NOTHING);
}

/* "entry long" written as one or two words, compared with the catalogue's names. */
static bool is_output(
    const cb_expr_work *work, const cb_expr_output_spec *spec, uint32_t first, uint32_t words)
{
    const cb_strview head = expr_token_text(work, first);
    const char *blank = strchr(spec->name, ' ');
    if (words == 1) {
        return blank == NULL && cb_sv_is(head, spec->name);
    }
    return blank != NULL &&
           cb_sv_equal(head, (cb_strview){spec->name, (size_t)(blank - spec->name)}) &&
           cb_sv_is(expr_token_text(work, first + 1), blank + 1);
}

static bool refuse_output(cb_expr_work *work, uint32_t first, uint32_t words)
{
    char name[2 * CB_EXPR_NAME_MAX];
    char second[CB_EXPR_NAME_MAX] = "";
    expr_near near = {0};
    expr_token_copy(work, first, name);
    if (words == 2) {
        const size_t size = strlen(name);
        expr_token_copy(work, first + 1, second);
        name[size] = ' ';
        memcpy(name + size + 1, second, strlen(second) + 1);
    }
    (void)expr_fail(work, first, first + words - 1, "there is no line '%s:' here", name);
    for (uint32_t i = 0; i < work->catalogue->outputs_count; i++) {
        expr_near_try(&near, cb_sv_from(name), work->catalogue->outputs[i].name);
    }
    (void)expr_hint_near(work, &near);
    return near.name[0] == '\0' ? expr_hint(work, "this text is one expression")
                                : expr_hint(work, "one of its lines is '%s:'", near.name);
}

static bool parse_output(cb_expr_work *work)
{
    const uint32_t first = work->at;
    const uint32_t words = expr_token_is(work, first + 1, ":") ? 1 : 2;
    uint32_t slot = 0;
    while (slot < work->catalogue->outputs_count &&
           !is_output(work, &work->catalogue->outputs[slot], first, words)) {
        slot++;
    }
    if (slot == work->catalogue->outputs_count) {
        return refuse_output(work, first, words);
    }
    if (work->info.has_output[slot]) {
        return expr_fail(work,
            first,
            first + words - 1,
            "'%s:' stands here twice",
            work->catalogue->outputs[slot].name);
    }
    work->info.has_output[slot] = true;
    work->at = first + words + 1;
    return add_result(work, first, expr_parse_expression(work), (uint16_t)slot);
}

/* ---- strategy name, timeframe 5m, symbols A, B ---- */

static bool parse_strategy(cb_expr_work *work)
{
    const uint32_t name = ++work->at;
    if (work->tokens[name].kind != EXPR_TOKEN_NAME || work->tokens[name].is_first) {
        return refuse_missing(work, "a name", "strategy golden_cross");
    }
    if (work->info.name[0] != '\0') {
        return expr_fail(work, name - 1, name, "the text has a name already");
    }
    expr_token_copy(work, name, work->info.name);
    work->at++;
    return true;
}

static bool parse_timeframe(cb_expr_work *work)
{
    const uint32_t at = ++work->at;
    if (work->tokens[at].kind != EXPR_TOKEN_INTERVAL) {
        return refuse_missing(work, "a timeframe", "timeframe 5m");
    }
    const uint32_t interval_s = work->tokens[at].interval_s;
    if (work->interval_token != EXPR_NOTHING) {
        return expr_fail(work, at - 1, at, "the text has a timeframe already");
    }
    if (DAY_S % interval_s != 0) {
        return expr_fail(work, at, at, "a timeframe divides a day");
    }
    if (work->info.interval_s != 0 && work->info.interval_s != interval_s) {
        return expr_fail(
            work, at, at, "the bars it is given are of %u seconds", work->info.interval_s);
    }
    work->info.interval_s = interval_s;
    work->interval_token = (uint16_t)at;
    work->at++;
    return true;
}

static bool parse_symbols(cb_expr_work *work)
{
    work->at++;
    do {
        const uint32_t at = work->at;
        if (work->tokens[at].kind != EXPR_TOKEN_NAME || work->tokens[at].is_first) {
            return refuse_missing(work, "a symbol", "symbols BTCUSDT, ETHUSDT");
        }
        for (uint32_t i = 0; i < work->info.symbols_count; i++) {
            if (cb_sv_is(expr_token_text(work, at), work->info.symbols[i])) {
                return expr_fail(work, at, at, "the symbol stands here twice");
            }
        }
        if (work->info.symbols_count == CB_EXPR_SYMBOLS_MAX) {
            return expr_full(work, at, "symbols", CB_EXPR_SYMBOLS_MAX);
        }
        expr_token_copy(work, at, work->info.symbols[work->info.symbols_count++]);
        work->at++;
    } while (take(work, ","));
    return true;
}

/* ---- the text ---- */

typedef struct statement {
    const char *word;
    bool (*parse)(cb_expr_work *work);
} statement;

static bool parse_statement(cb_expr_work *work)
{
    static const statement statements[] = {{"param", parse_param},
        {"let", parse_let},
        {"plot", parse_plot},
        {"strategy", parse_strategy},
        {"timeframe", parse_timeframe},
        {"symbols", parse_symbols}};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (expr_token_is(work, work->at, statements[i].word)) {
            return statements[i].parse(work);
        }
    }
    return parse_output(work);
}

/* A bare expression, where the catalogue has no outputs: the text's last line. */
static bool parse_bare(cb_expr_work *work)
{
    const uint32_t at = work->at;
    if (work->catalogue->outputs_count > 0) {
        const cb_strview text = expr_token_text(work, at);
        (void)expr_fail(work, at, at, "no line begins with '%.*s'", (int)text.size, text.at);
        return expr_hint(work, "a line is 'name: …', 'let name = …' or 'param name = …'");
    }
    const uint16_t tree = expr_parse_expression(work);
    if (tree == EXPR_NOTHING) {
        return false;
    }
    if (work->info.has_output[0]) {
        return expr_fail(
            work, work->tree[tree].first, work->tree[tree].last, "this is a second expression");
    }
    work->info.has_output[0] = true;
    return add_result(work, at, tree, 0);
}

static bool check_line_end(cb_expr_work *work)
{
    const uint32_t at = work->at;
    if (work->tokens[at].is_first) {
        return true;
    }
    const cb_strview text = expr_token_text(work, at);
    (void)expr_fail(work, at, at, "the line should end before '%.*s'", (int)text.size, text.at);
    if (expr_token_is(work, at, "=")) {
        return expr_hint(work, "write == to compare");
    }
    return work->tokens[at].kind == EXPR_TOKEN_NAME || work->tokens[at].kind == EXPR_TOKEN_NUMBER
               ? expr_hint(work, "an operator is missing")
               : false;
}

/* Outputs that must be there, and settings that nothing takes. */
static bool check_whole(cb_expr_work *work)
{
    const uint32_t end = work->tokens_count - 1;
    const cb_expr_catalogue *catalogue = work->catalogue;
    for (uint32_t i = 0; i < catalogue->outputs_count; i++) {
        if (catalogue->outputs[i].is_required && !work->info.has_output[i]) {
            return expr_fail(
                work, end, end, "the line '%s:' is missing", catalogue->outputs[i].name);
        }
    }
    if (catalogue->outputs_count == 0 && !work->info.has_output[0]) {
        return expr_fail(work, end, end, "there is nothing to compute");
    }
    for (uint32_t i = 0; i < catalogue->settings_count; i++) {
        const cb_strview name = cb_sv_from(catalogue->settings[i].name);
        if (expr_find_param(work, name) == EXPR_NOTHING) {
            return expr_fail(
                work, end, end, "there is no parameter '%.*s' to set", (int)name.size, name.at);
        }
    }
    return true;
}

bool expr_parse(cb_expr_work *work)
{
    CB_ASSERT(work->at == 0);
    CB_ASSERT(work->tokens_count > 0);
    while (work->tokens[work->at].kind != EXPR_TOKEN_END) {
        const bool is_good =
            expr_is_statement(work, work->at) ? parse_statement(work) : parse_bare(work);
        if (!is_good || !check_line_end(work)) {
            return false;
        }
    }
    return check_whole(work);
}
