/* The pages about the language: every example compiles, every refusal reads as printed, and the
 * worked strategy trades. Run from the project's root. */
#include <stdio.h>

#include "expr_bench.h"

#define PAGE_MAX 65536
#define BLOCK_MAX 8192

static char *read_page(const char *path)
{
    char *text = calloc(1, PAGE_MAX);
    assert_non_null(text);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t size = fread(text, 1, PAGE_MAX - 1, file);
    assert_in_range(size, 1000, PAGE_MAX - 2);
    (void)fclose(file);
    return text;
}

/* The next block "```kind" at or after *at into out; *at moves behind it. */
static bool next_block(const char **at, const char *kind, char out[BLOCK_MAX])
{
    char head[32];
    (void)snprintf(head, sizeof head, "\n```%s\n", kind);
    const char *begin = strstr(*at, head);
    if (begin == NULL) {
        return false;
    }
    begin += strlen(head);
    const char *end = strstr(begin, "```");
    assert_non_null(end);
    const size_t size = (size_t)(end - begin);
    assert_in_range(size, 1, BLOCK_MAX - 1);
    memcpy(out, begin, size);
    out[size] = '\0';
    *at = end - 1; /* the line end before it: the next block may follow at once */
    return true;
}

static void every_expression_on_the_page_compiles_and_gets_a_value(void **unused)
{
    (void)unused;
    static char block[BLOCK_MAX];
    static cb_bar bars[6000];
    char *page = read_page("docs/howto/expressions.md");
    const char *at = page;
    uint32_t count = 0;
    cb_prng prng;
    bench b = bench_open();
    cb_prng_init(&prng, 11);
    random_bars(&prng, bars, 6000);
    while (next_block(&at, "expr", block)) {
        uint32_t values = 0;
        bench_run(&b, block);
        for (int i = 0; i < 6000; i++) {
            (void)cb_expr_step(b.program, b.state, &bars[i]);
            values += cb_expr_output(b.program, b.state, 0).is_none ? 0U : 1U;
        }
        if (values == 0) {
            fail_msg("never has a value: %s", block);
        }
        count++;
    }
    assert_in_range(count, 11, 100);
    bench_close(&b);
    free(page);
}

static void every_refusal_on_the_page_reads_as_printed(void **unused)
{
    (void)unused;
    static char block[BLOCK_MAX];
    static char wanted[BLOCK_MAX];
    char shown[1024];
    char *page = read_page("docs/howto/expressions.md");
    const char *at = page;
    uint32_t count = 0;
    bench b = bench_open();
    while (next_block(&at, "refused", block)) {
        assert_int_equal(bench_compile(&b, block, NULL), CB_E_SYNTAX);
        assert_true(next_block(&at, "text", wanted));
        (void)cb_expr_error_print(&b.error, cb_sv_from(block), "", shown, sizeof shown);
        assert_string_equal(shown, wanted);
        count++;
    }
    assert_in_range(count, 2, 100);
    bench_close(&b);
    free(page);
}

/* Five-minute bars of a market that swings, with noise. */
static cb_bar swinging_bar(cb_prng *prng, int i)
{
    const double noise = (double)cb_prng_below(prng, 1000) / 50;
    const double price = 10000 + 40 * sin(i / 23.0) + 400 * sin(i / 400.0) + noise;
    return (cb_bar){
        START_NS + (int64_t)i * 5 * MINUTE_NS, price - 1, price + 6, price - 6, price, 10};
}

static void the_worked_strategy_buys_and_sells(void **unused)
{
    (void)unused;
    static char block[BLOCK_MAX];
    char shown[1024];
    char *page = read_page("docs/howto/rule-strategies.md");
    const char *at = page;
    bench b = bench_open();
    uint32_t buys = 0;
    uint32_t sells = 0;
    assert_true(next_block(&at, "rules", block));
    if (cb_rules_compile(cb_sv_from(block), NULL, 0, b.work, b.program, &b.error) != CB_OK) {
        (void)cb_expr_error_print(&b.error, cb_sv_from(block), "", shown, sizeof shown);
        fail_msg("%s", shown);
    }
    const cb_expr_info *info = cb_expr_describe(b.program);
    assert_string_equal(info->name, "golden_cross");
    assert_int_equal(info->interval_s, 300);
    assert_int_equal(info->params_count, 3);
    assert_int_equal(info->plots_count, 2);
    char warmup[64];
    (void)snprintf(warmup, sizeof warmup, "warm-up     %u bars of 5m", info->warmup_bars);
    assert_non_null(strstr(page, warmup)); /* as the page says */
    assert_true(cb_rules_takes(b.program, "ETHUSDT"));
    assert_false(cb_rules_takes(b.program, "SOLUSDT"));
    bench_start(&b);
    cb_prng prng;
    cb_prng_init(&prng, 2);
    for (int i = 0; i < 4000; i++) {
        const cb_bar bar = swinging_bar(&prng, i);
        cb_rules_opinion opinion;
        const bool is_warm = cb_expr_step(b.program, b.state, &bar);
        assert_int_equal(is_warm, i + 1 >= (int)info->warmup_bars);
        cb_rules_judge(b.program, b.state, &opinion);
        buys += opinion.side == CB_SIDE_BUY ? 1U : 0U;
        sells += opinion.side == CB_SIDE_SELL ? 1U : 0U;
        assert_true(opinion.side != CB_SIDE_BUY ||
                    (opinion.stop_distance > 0 && opinion.profit_distance > opinion.stop_distance));
    }
    assert_in_range(buys, 5, 100);
    assert_in_range(sells, 100, 3000);
    bench_close(&b);
    free(page);
}

static void a_strategy_needs_its_lines(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        const char *message;
        const char *hint;
    } cases[] = {{"stop: 1\ntake profit: 1", "the line 'entry long:' is missing", ""},
        {"entry long: true\ntake profit: 1", "the line 'stop:' is missing", ""},
        {"entry long: true\nstop: 1", "the line 'take profit:' is missing", ""},
        {"entry long: 1\nstop: 1\ntake profit: 1",
            "true or false is needed here, this is a number",
            "compare it: x > 0"},
        {"entry lon: true\nstop: 1\ntake profit: 1",
            "there is no line 'entry lon:' here",
            "did you mean 'entry long'?"},
        {"entry long: true\nentry long: true", "'entry long:' stands here twice", ""},
        {"close > open",
            "no line begins with 'close'",
            "a line is 'name: …', 'let name = …' or 'param name = …'"}};
    bench b = bench_open();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            cb_rules_compile(cb_sv_from(cases[i].text), NULL, 0, b.work, b.program, &b.error),
            CB_E_SYNTAX);
        assert_string_equal(b.error.text, cases[i].message);
        assert_string_equal(b.error.hint, cases[i].hint);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_expression_on_the_page_compiles_and_gets_a_value),
        cmocka_unit_test(every_refusal_on_the_page_reads_as_printed),
        cmocka_unit_test(the_worked_strategy_buys_and_sells),
        cmocka_unit_test(a_strategy_needs_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
