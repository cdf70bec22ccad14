/* The language as a table: what texts mean, and where, why and with which hint they are refused. */
#include "expr_bench.h"

/* ---- values after one bar with open 99, high 102, low 97, close 100, volume 10 ---- */

typedef struct value_case {
    const char *text;
    double wanted; /* NAN: none */
} value_case;

#define NONE ((double)NAN)

static const value_case values[] = {
    {"1 + 2 * 3", 7},
    {"(1 + 2) * 3", 9},
    {"2 ^ 3 ^ 2", 512},
    {"-2 ^ 2", -4},
    {"2 ^ -1", 0.5},
    {"7 % 4", 3},
    {"-7 % 4", 1},
    {"10 - 4 - 3", 3},
    {"100 / 10 / 5", 2},
    {"1e3 + 1.5e-1", 1000.15},
    {"close", 100},
    {"open + high + low + volume", 308},
    {"hl2", 99.5},
    {"hlc3", 299.0 / 3},
    {"ohlc4", 99.5},
    {"close - close", 0},
    {"--close", 100},
    {"close > 99", 1},
    {"close > 99 and close < 101", 1},
    {"close < 99 or close >= 100", 1},
    {"not close < 99", 1},
    {"not not (close > 1)", 1},
    {"close == 100", 1},
    {"close != 100", 0},
    {"true == (close > 1)", 1},
    {"if close > 50 then 1 else 2", 1},
    {"if close > 500 then 1 else if close > 99 then 2 else 3", 2},
    {"1 + if close > 50 then 1 else 2", 2},
    {"abs(-3)", 3},
    {"min(3, 1, 2)", 1},
    {"max(3, close, 2)", 100},
    {"clamp(close, 0, 50)", 50},
    {"sqrt(close)", 10},
    {"log(exp(2))", 2},
    {"pow(close, 0.5)", 10},
    {"floor(-1.5)", -2},
    {"ceil(-1.5)", -1},
    {"round(2.5)", 3},
    {"round(-2.5)", -3},
    {"sign(-close)", -1},
    {"sign(close - 100)", 0},
    {"close / (close - 100)", NONE},
    {"close % (close - 100)", NONE},
    {"sqrt(-close)", NONE},
    {"log(close - 100)", NONE},
    {"exp(close * 100)", NONE},
    {"(-close) ^ 0.5", NONE},
    {"(close - 100) ^ -1", NONE},
    {"close * 1e22 ^ 10 * 1e22 ^ 10", NONE},
    {"close[1]", NONE},
    {"close[0]", 100},
    {"close + close[1]", NONE},
    {"close[1] > 1", NONE},
    {"not close[1] > 1", NONE},
    {"close[1] > 1 or close > 1", 1},
    {"close[1] > 1 and close > 1000", 0},
    {"close[1] > 1 and close > 1", NONE},
    {"close > 1 or close[1] > 1", 1},
    {"if close[1] > 1 then 1 else 2", NONE},
    {"if close > 1 then 1 else close[1]", 1},
    {"is_none(close[1])", 1},
    {"is_none(close)", 0},
    {"coalesce(close[1], 7)", 7},
    {"coalesce(close, 7)", 100},
    {"crosses_above(close, 50)", NONE},
    {"crosses_above(close, 500)", 0},
    {"change(close)", NONE},
    {"highest(close, 1)", 100},
    {"lowest(low, 1)", 97},
    {"sum(volume, 1)", 10},
    {"count(close > open, 1)", 1},
    {"bars_since(close > 99)", 0},
    {"bars_since(close > 999)", NONE},
    {"ema(close, 1)", 100},
    {"ema(1)", 100},
    {"ema(period = 1)", 100},
    {"ema(close, period = 1)", 100},
    {"ema(source = high, period = 1)", 102},
    {"sma(close * 2, 1)", 200},
    {"rsi(14)", NONE},
    {"macd(1, 1, 1)", 0},
    {"macd(1, 1, 1).signal", 0},
    {"macd(fast = 1, slow = 1, signal = 1).histogram", 0},
    {"donchian(1).upper", 102},
    {"donchian(close, 1).upper", 100},
    {"hour", 0},
    {"hour() + minute", 0},
    {"weekday", 1},
    {"day", 3},
    {"month", 1},
    {"close@1m", 100},
    {"close@5m", NONE},
    {"tf(\"1m\", close)", 100},
    {"param n = 2 in 1..9\nclose * n", 200},
    {"param n = -2.5 in -3..3 step 0.5\nn", -2.5},
    {"let a = close\nlet b = a + a\nb * b", 40000},
    {"# a comment\nclose # another, with žluť\n", 100},
    {"close >\n  50\n  and close\n < 200", 1},
    {"min(\n  close,\n  5\n)", 5},
    {"timeframe 1m\nclose", 100},
};

static void texts_mean_what_the_table_says(void **unused)
{
    (void)unused;
    bench b = bench_open();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const value_case *at = &values[i];
        bench_run(&b, at->text);
        const cb_expr_value value = bench_step(&b, 0, 100);
        if (value.is_none != isnan(at->wanted) ||
            (!value.is_none && !(fabs(value.number - at->wanted) < 1e-12))) {
            fail_msg("%s: %s%.17g instead of %.17g",
                at->text,
                value.is_none ? "none " : "",
                value.number,
                at->wanted);
        }
    }
    bench_close(&b);
}

/* ---- refusals ---- */

typedef struct error_case {
    const char *text;
    uint32_t line;
    uint32_t column;
    uint32_t size;
    const char *message;
    const char *hint;
} error_case;

static const error_case errors[] = {
    {"", 1, 1, 1, "there is nothing to compute", ""},
    {"# only this\n", 2, 1, 1, "there is nothing to compute", ""},
    {"emaa(close, 12) > close", 1, 1, 4, "unknown name 'emaa'", "did you mean 'ema'?"},
    {"close > opne", 1, 9, 4, "unknown name 'opne'", "did you mean 'open'?"},
    {"let fast = 3\nclose > fsat", 2, 9, 4, "unknown name 'fsat'", "did you mean 'fast'?"},
    {"param n = 3 in 1..5\nm + close", 2, 1, 1, "unknown name 'm'", ""},
    {"close >", 1, 7, 1, "a value is missing after '>'", ""},
    {"let a = close +\nlet b = 2\na", 1, 15, 1, "a value is missing after '+'", ""},
    {"close > * 2", 1, 9, 1, "a value should stand here, not '*'", ""},
    {"close = 2", 1, 7, 1, "the line should end before '='", "write == to compare"},
    {"(close = 2)", 1, 8, 1, "a ')' should stand here, not '='", "write == to compare"},
    {"close 2", 1, 7, 1, "the line should end before '2'", "an operator is missing"},
    {"close open", 1, 7, 4, "the line should end before 'open'", "an operator is missing"},
    {"(close + 2", 1, 1, 1, "this '(' is not closed", ""},
    {"min(close, 2", 1, 4, 1, "this '(' is not closed", ""},
    {"close[1", 1, 6, 1, "this '[' is not closed", ""},
    {"close && open", 1, 7, 2, "'&&' is not an operator here", "write 'and'"},
    {"close || open", 1, 7, 2, "'||' is not an operator here", "write 'or'"},
    {"!close", 1, 1, 1, "this character means nothing here", "write 'not'"},
    {"close ~ 2", 1, 7, 1, "this character means nothing here", ""},
    {"1 < close < 3", 1, 11, 1, "comparisons do not chain", "write a < b and b < c"},
    {"1 > 2 == false", 1, 7, 2, "comparisons do not chain", "write a < b and b < c"},
    {"close and open > 1",
        1,
        1,
        5,
        "true or false is needed here, this is a number",
        "compare it: x > 0"},
    {"close > 1 and\n  (open + 2)",
        2,
        3,
        10,
        "true or false is needed here, this is a number",
        "compare it: x > 0"},
    {"(close > 1) + 2",
        1,
        1,
        11,
        "a number is needed here, this is true or false",
        "if condition then 1 else 0"},
    {"if close > 1 then 2 else close > 3",
        1,
        26,
        9,
        "a number is needed here, this is true or false",
        "if condition then 1 else 0"},
    {"if close > 1 then 2",
        1,
        1,
        2,
        "this 'if' lacks its 'else'",
        "if condition then value else value"},
    {"close[-1]",
        1,
        7,
        2,
        "a rule cannot look into the future",
        "x[1] is the bar before, x[0] this one"},
    {"param n = -1 in -5..5\nclose[n]",
        2,
        7,
        1,
        "a rule cannot look into the future",
        "x[1] is the bar before, x[0] this one"},
    {"close[volume]",
        1,
        7,
        6,
        "how far back must be a constant",
        "numbers and parameters only: its memory is fixed beforehand"},
    {"close[1.5]", 1, 7, 3, "this must be a whole number up to 5000", ""},
    {"close[5001]", 1, 7, 4, "this must be a whole number up to 5000", ""},
    {"close@7m",
        1,
        7,
        2,
        "a timeframe divides a day and is a multiple of the bars' 60 seconds",
        ""},
    {"close@30s", 1, 7, 3, "shorter than the bars around it", "here a bar has 60 seconds"},
    {"tf(\"4h\", close@1h)",
        1,
        16,
        2,
        "shorter than the bars around it",
        "here a bar has 14400 seconds"},
    {"close@h", 1, 6, 1, "a timeframe should follow '@'", "timeframes are written 5m, 4h or 1d"},
    {"close@5x",
        1,
        7,
        2,
        "a number and a letter are no word",
        "timeframes are written 5m, 4h or 1d"},
    {"close@2d", 1, 7, 2, "a timeframe is at most one day, and not nothing", ""},
    {"1h",
        1,
        1,
        2,
        "a value should stand here, not '1h'",
        "a timeframe follows an expression: close@1h"},
    {"ema(close, 0)", 1, 12, 1, "period is from 1 to 5000", ""},
    {"ema(close, 2.5)", 1, 12, 3, "period is a whole number", ""},
    {"ema(close, volume)",
        1,
        12,
        6,
        "period must be a constant",
        "numbers and parameters only: its memory is fixed beforehand"},
    {"ema(close, 1, 2)",
        1,
        15,
        1,
        "ema has no such parameter",
        "ema(source, period), the source may be left out"},
    {"macd(12, 26, singal = 9)",
        1,
        14,
        6,
        "macd has no parameter 'singal'",
        "did you mean 'signal'?"},
    {"macd(fast = 12, 26)", 1, 17, 2, "arguments with names come after those without", ""},
    {"macd(12, fast = 3)", 1, 10, 4, "'fast' stands here twice", ""},
    {"bollinger(20)", 1, 1, 13, "bollinger has several outputs: which?", NULL},
    {"macd(12, 26, 9).signl", 1, 17, 5, "macd has no output 'signl'", "did you mean 'signal'?"},
    {"close.signal", 1, 6, 7, "only an indicator has outputs", "macd(12, 26, 9).signal"},
    {"abs(1, 2)", 1, 1, 9, "abs takes 1 argument, not 2", "abs(x)"},
    {"min(1)", 1, 1, 6, "min takes at least 2 arguments, not 1", "min(a, b, …)"},
    {"abs(x = 2)", 1, 5, 1, "arguments of functions have no names", "abs(x)"},
    {"close(3)", 1, 1, 8, "close takes no arguments", ""},
    {"let a = 3\na(2)", 2, 1, 1, "'a' takes no arguments", ""},
    {"let close = 3\nclose", 1, 5, 5, "'close' is a word of the language", ""},
    {"let ema = 3\nclose", 1, 5, 3, "'ema' is a word of the language", ""},
    {"let a = 3\nlet a = 4\na", 2, 5, 1, "'a' has a meaning already", ""},
    {"let = 4", 1, 1, 3, "a name should follow here", "let trend = ema(close, 20)"},
    {"let a 4", 1, 5, 1, "'=' should follow here", "let trend = ema(close, 20)"},
    {"let a = b\nlet b = 2\na",
        1,
        9,
        1,
        "'b' has no meaning yet",
        "it is given one further down: move that line up"},
    {"param a = 5 in 1..4\na", 1, 7, 13, "the value is outside its bounds", ""},
    {"param a = 5 in 9..4\na", 1, 7, 13, "the least value is above the greatest", ""},
    {"param a = close in 1..4\na",
        1,
        9,
        1,
        "a number should follow here",
        "param fast = 12 in 2..200"},
    {"param a = 5\na",
        1,
        11,
        1,
        "'in' and the bounds should follow here",
        "param fast = 12 in 2..200"},
    {"param a = 5 in 1, 2\na", 1, 16, 1, "'..' should follow here", "param fast = 12 in 2..200"},
    {"close\nopen", 2, 1, 4, "this is a second expression", ""},
    {"entry long: close > 1",
        1,
        1,
        10,
        "there is no line 'entry long:' here",
        "this text is one expression"},
    {"1 / 0",
        1,
        3,
        1,
        "this never has a value",
        "a division by zero, a root of a negative number, or too large"},
    {"close + 1.2345678901234567",
        1,
        9,
        18,
        "at most 15 digits and 22 places are kept exactly",
        ""},
    {"close + a_name_that_is_longer_than_any", 1, 9, 30, "a name has at most 23 letters", ""},
    {"tf(close, \"1h\")",
        1,
        4,
        5,
        "a timeframe should stand here",
        "timeframes are written 5m, 4h or 1d"},
    {"\"text", 1, 1, 5, "the quotation mark is not closed on its line", ""},
    {"timeframe 7m\nclose", 1, 11, 2, "a timeframe divides a day", ""},
    {"timeframe 5m\nclose", 1, 11, 2, "the bars it is given are of 60 seconds", ""},
    {"# ž\tlong\n\tclose + opne", 2, 10, 4, "unknown name 'opne'", "did you mean 'open'?"},
};

static void refusals_name_the_place_the_reason_and_a_way_out(void **unused)
{
    (void)unused;
    bench b = bench_open();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const error_case *at = &errors[i];
        const cb_status status = bench_compile(&b, at->text, NULL);
        if (status != CB_E_SYNTAX) {
            fail_msg("'%s' was not refused", at->text);
        }
        const bool is_same_place =
            b.error.line == at->line && b.error.column == at->column && b.error.size == at->size;
        const bool is_same_hint = at->hint == NULL || strcmp(b.error.hint, at->hint) == 0;
        if (!is_same_place || strcmp(b.error.text, at->message) != 0 || !is_same_hint) {
            fail_msg("'%s': %u:%u+%u '%s' (%s), wanted %u:%u+%u '%s' (%s)",
                at->text,
                b.error.line,
                b.error.column,
                b.error.size,
                b.error.text,
                b.error.hint,
                at->line,
                at->column,
                at->size,
                at->message,
                at->hint);
        }
    }
    bench_close(&b);
}

static void an_error_shows_its_line_with_a_mark_below(void **unused)
{
    (void)unused;
    static const char text[] = "let a = close\n\tlet b = emaa(a, 3)\nb";
    char shown[512];
    bench b = bench_open();
    assert_int_equal(bench_compile(&b, text, NULL), CB_E_SYNTAX);
    const size_t size =
        cb_expr_error_print(&b.error, cb_sv_from(text), "my.rules", shown, sizeof shown);
    assert_string_equal(shown,
        "my.rules:2:10: unknown name 'emaa'\n"
        "  \tlet b = emaa(a, 3)\n"
        "  \t        ^^^^\n"
        "  hint: did you mean 'ema'?\n");
    assert_int_equal(size, strlen(shown));
    static const char steering[] = "close + b # \x1b[2J";
    assert_int_equal(bench_compile(&b, steering, NULL), CB_E_SYNTAX);
    (void)cb_expr_error_print(&b.error, cb_sv_from(steering), "", shown, sizeof shown);
    assert_null(strchr(shown, '\x1b'));
    assert_non_null(strstr(shown, "# ?[2J"));
    assert_int_equal(bench_compile(&b, text, NULL), CB_E_SYNTAX);
    (void)cb_expr_error_print(&b.error, cb_sv_from(text), "", shown, 16);
    assert_int_equal(strlen(shown), 15); /* cut, and ended */
    bench_close(&b);
}

/* ---- limits ---- */

/* count times part, joined, with head before and tail after. */
static char *repeat(const char *head, const char *part, size_t count, const char *tail)
{
    const size_t size = strlen(head) + count * strlen(part) + strlen(tail) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = text;
    memcpy(at, head, strlen(head));
    at += strlen(head);
    for (size_t i = 0; i < count; i++) {
        memcpy(at, part, strlen(part));
        at += strlen(part);
    }
    memcpy(at, tail, strlen(tail) + 1);
    return text;
}

static cb_status compile_repeated(
    bench *b, const char *head, const char *part, size_t count, const char *tail)
{
    char *text = repeat(head, part, count, tail);
    const cb_status status = bench_compile(b, text, NULL);
    free(text);
    return status;
}

static void limits_are_refusals_just_outside_and_fine_just_inside(void **unused)
{
    (void)unused;
    bench b = bench_open();
    assert_int_equal(compile_repeated(&b,
                         "",
                         "(",
                         90,
                         "close"
                         ")))"),
        CB_E_SYNTAX);
    assert_int_equal(compile_repeated(&b, "", "-", 199, "close"), CB_OK);
    assert_int_equal(compile_repeated(&b, "", "-", 200, "close"), CB_E_SYNTAX);
    assert_string_equal(b.error.text, "nested more than 200 deep");
    assert_int_equal(compile_repeated(&b, "", "-", 3000, "close"), CB_E_SYNTAX);
    assert_int_equal(compile_repeated(&b, "", "(", 3000, "close"), CB_E_SYNTAX);
    assert_int_equal(compile_repeated(&b, "close", " + close", 199, ""), CB_OK);
    assert_int_equal(compile_repeated(&b, "close", " + close", 200, ""), CB_E_SYNTAX);
    assert_int_equal(compile_repeated(&b, "min(close", ", close", 7, ")"), CB_OK);
    assert_int_equal(compile_repeated(&b, "min(close", ", close", 8, ")"), CB_E_SYNTAX);
    assert_int_equal(compile_repeated(&b, "min(close", ", close", 16, ")"), CB_E_FULL);
    assert_int_equal(compile_repeated(&b, "close", " + 1", 4000, ""), CB_E_FULL);
    assert_int_equal(compile_repeated(&b, "close #", "x", CB_EXPR_TEXT_MAX - 7, ""), CB_OK);
    assert_int_equal(compile_repeated(&b, "close #", "x", CB_EXPR_TEXT_MAX - 6, ""), CB_E_FULL);
    assert_int_equal(bench_compile(&b, "close # \xff", NULL), CB_E_SYNTAX);
    assert_int_equal(
        bench_compile(&b, "close@2m + close@3m + close@4m + close@5m + close@6m + close@8m", NULL),
        CB_OK);
    assert_int_equal(
        bench_compile(
            &b, "close@2m + close@3m + close@4m + close@5m + close@6m + close@8m + close@9m", NULL),
        CB_E_FULL);
    bench_close(&b);
}

static void doubling_lets_cost_one_value_each(void **unused)
{
    (void)unused;
    char text[2048] = "let a0 = close\n";
    bench b = bench_open();
    for (int i = 1; i <= 60; i++) {
        char line[48];
        (void)snprintf(line, sizeof line, "let a%d = a%d + a%d\n", i, i - 1, i - 1);
        memcpy(text + strlen(text), line, strlen(line) + 1);
    }
    memcpy(text + strlen(text), "a60", 4);
    bench_run(&b, text);
    assert_int_equal(cb_expr_describe(b.program)->instructions_count, 61);
    const cb_expr_value value = bench_step(&b, 0, 1);
    assert_true(fabs(value.number - ldexp(1, 60)) < 1);
    bench_close(&b);
}

/* ---- sharing, folding, what is known of a program ---- */

static void the_same_call_is_computed_once(void **unused)
{
    (void)unused;
    bench b = bench_open();
    bench_run(&b,
        "let fast = ema(close, 12)\n"
        "let unused = sma(close, 500)\n"
        "ema(close, 12) > ema(close, 6 * 2) and fast > fast[1] and macd(12, 26, 9).signal > "
        "macd(12, 26, 9).histogram");
    const cb_expr_info *info = cb_expr_describe(b.program);
    assert_int_equal(info->calls_count, 2);
    assert_string_equal(info->calls[0].text, "ema(close, 12)");
    assert_string_equal(info->calls[1].text, "macd(12, 26, 9)");
    assert_int_equal(info->warmup_bars, 34); /* 26 + 9 - 1; the unused 500 do not count */
    bench_run(&b, "close[3] + close[7] + close[7]@1m");
    assert_int_equal(cb_expr_describe(b.program)->instructions_count, 6);
    bench_run(&b, "param n = 3 in 1..9\nclose * (n + 2 ^ 2) + (n - 3) * 0");
    assert_int_equal(cb_expr_describe(b.program)->instructions_count, 3);
    bench_close(&b);
}

static void every_indicator_is_callable_by_its_name_with_its_defaults(void **unused)
{
    (void)unused;
    bench b = bench_open();
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        const cb_indicator_ops *ops = cb_indicator_at(i);
        for (uint32_t k = 0; k < ops->outputs_count; k++) {
            char text[128];
            (void)snprintf(text, sizeof text, "%s().%s", ops->name, ops->outputs[k]);
            bench_run(&b, text);
            int64_t params[CB_PARAMS_PER_ENTRY_MAX] = {0};
            cb_indicator_defaults(ops, params);
            const cb_expr_info *info = cb_expr_describe(b.program);
            assert_int_equal(info->calls_count, 1);
            assert_int_equal(info->warmup_bars, ops->warmup_bars(params));
            assert_in_range(info->state_size, ops->state_size(params), SIZE_MAX);
        }
        cb_expr_function_info const *function = NULL;
        for (uint32_t k = 0; (function = cb_expr_function_at(k)) != NULL; k++) {
            assert_string_not_equal(function->name, ops->name);
        }
        for (uint32_t k = 0; (function = cb_expr_series_at(k)) != NULL; k++) {
            assert_string_not_equal(function->name, ops->name);
        }
    }
    bench_close(&b);
}

static void parameters_are_listed_and_set(void **unused)
{
    (void)unused;
    static const char text[] = "param fast = 12 in 1..200\nparam k = 1.5 in 0.5..4 step 0.25\n"
                               "ema(close, fast) * k";
    static const cb_expr_setting settings[] = {{"fast", 1}, {"k", 3}};
    static const cb_expr_setting wrong[] = {{"fats", 1}};
    static const cb_expr_setting outside[] = {{"fast", 201}};
    cb_expr_catalogue catalogue = {.interval_s = 60, .settings = settings, .settings_count = 2};
    bench b = bench_open();
    bench_run(&b, text);
    const uint64_t hash = cb_expr_describe(b.program)->hash;
    assert_int_equal(bench_compile(&b, text, &catalogue), CB_OK);
    const cb_expr_info *info = cb_expr_describe(b.program);
    assert_int_equal(info->params_count, 2);
    assert_string_equal(info->params[0].name, "fast");
    assert_true(info->params[0].default_value > 11 && info->params[0].default_value < 13);
    assert_true(info->params[0].step > 0.9 && info->params[0].step < 1.1);
    assert_true(info->params[1].step > 0.2 && info->params[1].step < 0.3);
    assert_int_not_equal(info->hash, hash);
    bench_start(&b);
    assert_true(fabs(bench_step(&b, 0, 100).number - 300) < 1e-9);
    catalogue.settings = wrong;
    catalogue.settings_count = 1;
    assert_int_equal(bench_compile(&b, text, &catalogue), CB_E_SYNTAX);
    assert_string_equal(b.error.text, "there is no parameter 'fats' to set");
    catalogue.settings = outside;
    assert_int_equal(bench_compile(&b, text, &catalogue), CB_E_SYNTAX);
    assert_int_equal(b.error.line, 1);
    bench_close(&b);
}

/* ---- series of bars ---- */

static void history_counts_bars_backwards(void **unused)
{
    (void)unused;
    bench b = bench_open();
    bench_run(&b, "close[3] * 1000 + close[1]");
    assert_int_equal(cb_expr_describe(b.program)->warmup_bars, 4);
    for (int i = 0; i < 10; i++) {
        const cb_expr_value value = bench_step(&b, i, i + 1);
        assert_int_equal(value.is_none, i < 3);
        assert_true(i < 3 || fabs(value.number - ((i - 2) * 1000 + i)) < 1e-9);
    }
    bench_close(&b);
}

static void crossings_hold_on_the_bar_of_the_crossing_only(void **unused)
{
    (void)unused;
    static const double closes[] = {1, 3, 5, 7, 5, 5, 3, 5, 6};
    static const int above[] = {0, 0, 0, 1, 0, 0, 0, 0, 1};
    static const int below[] = {0, 0, 0, 0, 0, 0, 1, 0, 0};
    bench up = bench_open();
    bench down = bench_open();
    bench_run(&up, "crosses_above(close, 5)");
    bench_run(&down, "crosses_below(close, 5)");
    for (int i = 0; i < 9; i++) {
        (void)bench_step(&up, i, closes[i]);
        (void)bench_step(&down, i, closes[i]);
        assert_int_equal(cb_expr_holds(up.program, up.state, 0), above[i]);
        assert_int_equal(cb_expr_holds(down.program, down.state, 0), below[i]);
    }
    bench_close(&up);
    bench_close(&down);
}

static void longer_bars_count_from_their_close_on(void **unused)
{
    (void)unused;
    bench b = bench_open();
    bench_run(&b, "close@5m");
    /* 4 bars of a bucket whose beginning was not seen, then 5 of the first whole one */
    assert_int_equal(cb_expr_describe(b.program)->warmup_bars, 9);
    for (int i = 1; i < 30; i++) {
        const cb_expr_value value = bench_step(&b, i, 100 + i);
        const int closed = (i + 1) / 5; /* buckets, the first is partial */
        assert_int_equal(value.is_none, closed < 2);
        assert_true(closed < 2 || fabs(value.number - (100 + closed * 5 - 1)) < 1e-9);
    }
    bench_run(&b, "close[1]@5m * 1000 + (close@5m)[1]");
    for (int i = 0; i < 30; i++) {
        const cb_expr_value value = bench_step(&b, i, i);
        const int closed = (i + 1) / 5;
        const int before = i / 5; /* on the bar before this one */
        assert_int_equal(value.is_none, closed < 2);
        assert_true(
            closed < 2 || fabs(value.number - ((closed * 5 - 6) * 1000.0 + before * 5 - 1)) < 1e-9);
    }
    bench_close(&b);
}

static void a_bar_that_is_not_newer_changes_nothing(void **unused)
{
    (void)unused;
    bench b = bench_open();
    bench_run(&b, "ema(close, 3) + close[1]");
    for (int i = 0; i < 5; i++) {
        (void)bench_step(&b, i, 100 + i);
    }
    const uint64_t hash = cb_expr_hash(CB_HASH_SEED, b.program, b.state);
    (void)bench_step(&b, 4, 7);
    (void)bench_step(&b, 2, 7);
    (void)bench_step(&b, -100000000, 7);
    assert_int_equal(cb_expr_hash(CB_HASH_SEED, b.program, b.state), hash);
    bench_close(&b);
}

static void the_calendar_is_right_on_known_days(void **unused)
{
    (void)unused;
    static const struct {
        int64_t seconds;
        int64_t weekday, day, month, hour, minute;
    } days[] = {{0, 4, 1, 1, 0, 0},
        {951782400, 2, 29, 2, 0, 0},    /* 2000-02-29 */
        {1709251199, 4, 29, 2, 23, 59}, /* 2024-02-29 23:59:59 */
        {1735689600, 3, 1, 1, 0, 0},    /* 2025-01-01 */
        {4107542400, 1, 1, 3, 0, 0}};   /* 2100-03-01: no leap year */
    bench b = bench_open();
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        bench_run(&b, "weekday * 100000000 + day * 1000000 + month * 10000 + hour * 100 + minute");
        cb_bar bar = bar_of(0, 5);
        bar.open_ts_ns = days[i].seconds * CB_NS_PER_S;
        (void)cb_expr_step(b.program, b.state, &bar);
        const int64_t wanted = days[i].weekday * INT64_C(100000000) + days[i].day * 1000000 +
                               days[i].month * 10000 + days[i].hour * 100 + days[i].minute;
        assert_int_equal((int64_t)cb_expr_output(b.program, b.state, 0).number, wanted);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_mean_what_the_table_says),
        cmocka_unit_test(refusals_name_the_place_the_reason_and_a_way_out),
        cmocka_unit_test(an_error_shows_its_line_with_a_mark_below),
        cmocka_unit_test(limits_are_refusals_just_outside_and_fine_just_inside),
        cmocka_unit_test(doubling_lets_cost_one_value_each),
        cmocka_unit_test(the_same_call_is_computed_once),
        cmocka_unit_test(every_indicator_is_callable_by_its_name_with_its_defaults),
        cmocka_unit_test(parameters_are_listed_and_set),
        cmocka_unit_test(history_counts_bars_backwards),
        cmocka_unit_test(crossings_hold_on_the_bar_of_the_crossing_only),
        cmocka_unit_test(longer_bars_count_from_their_close_on),
        cmocka_unit_test(a_bar_that_is_not_newer_changes_nothing),
        cmocka_unit_test(the_calendar_is_right_on_known_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
