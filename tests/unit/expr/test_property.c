/* Random expressions over random bars: the compiled program says what the slow evaluation of the
 * tree says, to the last bit; nothing after a bar changes what was said on it; equal runs have
 * equal states; no step allocates. */
#include "testing/alloc_count.h"

#include "random_tree.h"

#include "domain/candle.h"

#define TREES 5000U

static bool is_same(cb_expr_value got, answer wanted)
{
    if (got.is_none || wanted.is_none) {
        return got.is_none == wanted.is_none;
    }
    return !(got.number < wanted.value) && !(got.number > wanted.value);
}

/* False when the text is one that never has a value (1 / 0): those are refused. */
static bool compile_tree(bench *b, const random_tree *tree)
{
    const cb_status status = bench_compile(b, tree->text, NULL);
    if (status != CB_OK && strcmp(b->error.text, "this never has a value") != 0) {
        fail_msg("%s\n%u:%u %s", tree->text, b->error.line, b->error.column, b->error.text);
    }
    return status == CB_OK;
}

static void programs_say_what_the_tree_says(void **unused)
{
    (void)unused;
    random_tree *tree = calloc(1, sizeof *tree);
    bench b = bench_open();
    uint32_t compiled = 0;
    uint64_t values = 0;
    uint64_t somethings = 0;
    assert_non_null(tree);
    for (uint32_t seed = 1; seed <= TREES; seed++) {
        const int root = plant(tree, seed);
        tree->bars_count = 40 + below(tree, BARS_MAX - 40);
        random_bars(&tree->prng, tree->bars, (size_t)tree->bars_count);
        gather_all(tree);
        if (!compile_tree(&b, tree)) {
            continue;
        }
        compiled++;
        bench_start(&b);
        for (int i = 0; i < tree->bars_count; i++) {
            (void)cb_expr_step(b.program, b.state, &tree->bars[i]);
            const cb_expr_value got = cb_expr_output(b.program, b.state, 0);
            const answer wanted = work_out(tree, root, 0, i);
            values++;
            somethings += got.is_none ? 0U : 1U;
            if (!is_same(got, wanted)) {
                fail_msg("seed %u, bar %d: %s%.17g instead of %s%.17g\n%s",
                    seed,
                    i,
                    got.is_none ? "none " : "",
                    got.number,
                    wanted.is_none ? "none " : "",
                    wanted.value,
                    tree->text);
            }
        }
    }
    assert_in_range(compiled, TREES * 9 / 10, TREES);
    assert_in_range(somethings, values / 2, values); /* not all is none */
    bench_close(&b);
    free(tree);
}

/* Bars after the cut are replaced, or there are none: up to the cut the state is the same. */
static void what_comes_later_changes_nothing_before(void **unused)
{
    (void)unused;
    random_tree *tree = calloc(1, sizeof *tree);
    bench b = bench_open();
    assert_non_null(tree);
    for (uint32_t seed = 1; seed <= 400; seed++) {
        (void)plant(tree, seed);
        tree->bars_count = BARS_MAX;
        random_bars(&tree->prng, tree->bars, BARS_MAX);
        if (!compile_tree(&b, tree)) {
            continue;
        }
        const int cut = 1 + below(tree, BARS_MAX - 1);
        cb_expr_value said[BARS_MAX];
        bench_start(&b);
        for (int i = 0; i < BARS_MAX; i++) {
            (void)cb_expr_step(b.program, b.state, &tree->bars[i]);
            said[i] = cb_expr_output(b.program, b.state, 0);
        }
        for (int i = cut; i < BARS_MAX; i++) {
            const double price = 1 + below(tree, 100000);
            tree->bars[i] = (cb_bar){
                tree->bars[i].open_ts_ns, price, price * 2, price / 2, price, below(tree, 9)};
        }
        bench_start(&b);
        for (int i = 0; i < BARS_MAX; i++) {
            (void)cb_expr_step(b.program, b.state, &tree->bars[i]);
            const cb_expr_value again = cb_expr_output(b.program, b.state, 0);
            if (i < cut && !is_same(again, (answer){said[i].is_none, said[i].number})) {
                fail_msg("seed %u: bar %d knew of bar %d\n%s", seed, i, cut, tree->text);
            }
        }
    }
    bench_close(&b);
    free(tree);
}

static void equal_runs_have_equal_states_and_a_copy_goes_on(void **unused)
{
    (void)unused;
    random_tree *tree = calloc(1, sizeof *tree);
    bench b = bench_open();
    assert_non_null(tree);
    for (uint32_t seed = 1; seed <= 300; seed++) {
        (void)plant(tree, seed);
        tree->bars_count = BARS_MAX;
        random_bars(&tree->prng, tree->bars, BARS_MAX);
        if (!compile_tree(&b, tree)) {
            continue;
        }
        const size_t size = cb_expr_describe(b.program)->state_size;
        void *other = malloc(size);
        assert_non_null(other);
        memset(other, 0x5a, size); /* the first one began as 0xa5 */
        bench_start(&b);
        cb_expr_init(b.program, other);
        for (int i = 0; i < BARS_MAX; i++) {
            const uint64_t before = cb_alloc_count();
            (void)cb_expr_step(b.program, b.state, &tree->bars[i]);
            assert_int_equal(cb_alloc_count(), before);
            (void)cb_expr_step(b.program, other, &tree->bars[i]);
            if (i == BARS_MAX / 2) {
                memcpy(other, b.state, size);
            }
            assert_int_equal(cb_expr_hash(CB_HASH_SEED, b.program, b.state),
                cb_expr_hash(CB_HASH_SEED, b.program, other));
        }
        free(other);
    }
    bench_close(&b);
    free(tree);
}

/* The builder of the exchange's longer candles, fed with the same minutes. */
static void longer_bars_are_those_of_the_candle_builder(void **unused)
{
    (void)unused;
    enum { COUNT = 4000 };
    static cb_bar bars[COUNT];
    cb_prng prng;
    bench b = bench_open();
    cb_candle_builder builder;
    cb_candle done[CB_CANDLES_PER_FEED_MAX];
    cb_candle newest = {0};
    uint32_t whole = 0;
    cb_prng_init(&prng, 3);
    random_bars(&prng, bars, COUNT);
    cb_candle_builder_init(&builder, 60, 900);
    bench_run(&b,
        "plot o = open@15m\nplot h = high@15m\nplot l = low@15m\nplot c = close@15m\n"
        "plot v = volume@15m\nclose");
    for (int i = 0; i < COUNT; i++) {
        cb_candle part = {.interval_s = 60, .is_closed = true, .open_ts_ns = bars[i].open_ts_ns};
        const double from[] = {
            bars[i].open, bars[i].high, bars[i].low, bars[i].close, bars[i].volume};
        int64_t *const to[] = {
            &part.open.e8, &part.high.e8, &part.low.e8, &part.close.e8, &part.volume.e8};
        for (int k = 0; k < 5; k++) {
            assert_int_equal(cb_e8_from_f64(from[k], to[k], NULL), CB_OK);
        }
        const uint32_t count = cb_candle_builder_feed(&builder, &part, done);
        newest = count > 0 ? done[count - 1] : newest;
        (void)cb_expr_step(b.program, b.state, &bars[i]);
        const bool is_whole = newest.open_ts_ns >= bars[0].open_ts_ns;
        const int64_t wanted[] = {
            newest.open.e8, newest.high.e8, newest.low.e8, newest.close.e8, newest.volume.e8};
        whole += is_whole && count > 0 ? 1U : 0U;
        for (uint32_t k = 0; k < 5; k++) {
            const cb_expr_value got = cb_expr_plot(b.program, b.state, k);
            assert_int_equal(got.is_none, !is_whole);
            assert_true(!is_whole || is_same(got, (answer){false, cb_f64_from_e8(wanted[k])}));
        }
    }
    assert_in_range(whole, 200, COUNT);
    bench_close(&b);
}

/* Whatever an expression feeds an indicator: it must not end the process, and say finite numbers.
 */
static void every_indicator_bears_any_source(void **unused)
{
    (void)unused;
    enum { COUNT = 900 };
    static const char *const sources[] = {"close - 10000",
        "-close",
        "close * 0",
        "(close - 10000) * 1e13 * 1e13",
        "if close > close[1] then 1e15 ^ 2 else -(1e15 ^ 2)",
        "if close > close[1] then 1e-15 * 1e-14 else 0",
        "if close > close[1] then 1e15 ^ 2 else 1e-15 * 1e-14",
        "1 / (close - close[1])",
        "log(close[1] - close)"};
    static cb_bar bars[COUNT];
    cb_prng prng;
    bench b = bench_open();
    cb_prng_init(&prng, 9);
    random_bars(&prng, bars, COUNT);
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        const cb_indicator_ops *ops = cb_indicator_at(i);
        for (size_t k = 0; k < sizeof sources / sizeof sources[0]; k++) {
            char text[192];
            (void)snprintf(
                text, sizeof text, "%s(source = %s).%s", ops->name, sources[k], ops->outputs[0]);
            bench_run(&b, text);
            for (int n = 0; n < COUNT; n++) {
                (void)cb_expr_step(b.program, b.state, &bars[n]);
                assert_true(isfinite(cb_expr_output(b.program, b.state, 0).number));
            }
        }
    }
    bench_close(&b);
}

/* ---- digits ---- */

static uint64_t ulps(double a, double b)
{
    int64_t x = 0;
    int64_t y = 0;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return (uint64_t)(x > y ? x - y : y - x);
}

static void logarithm_and_exponential_agree_with_the_library(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 5);
    for (int i = 0; i < 200000; i++) {
        const double unit = (double)cb_prng_below(&prng, UINT64_C(1) << 53) / 9007199254740992.0;
        const double spread = ldexp(0.5 + unit, (int)cb_prng_below(&prng, 2000) - 1000);
        const double power = (unit - 0.5) * 1400;
        assert_in_range(ulps(expr_log(spread), log(spread)), 0, 2);
        assert_in_range(ulps(expr_exp(power), exp(power)), 0, 2);
        assert_true(fabs(expr_pow(1 + unit, 3.5) / pow(1 + unit, 3.5) - 1) < 1e-14);
        assert_true(fabs(expr_pow(1 + unit, 7) / pow(1 + unit, 7) - 1) < 1e-14);
    }
    assert_in_range(ulps(expr_log(DBL_MIN / 1024), log(DBL_MIN / 1024)), 0, 2);
    assert_true(expr_exp(-800) < 1e-300 && isinf(expr_exp(710)));
    assert_true(fabs(expr_log(1)) < 1e-300 && fabs(expr_exp(0) - 1) < 1e-300);
    assert_true(isfinite(expr_exp(709.78)) && expr_exp(-745.1) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_say_what_the_tree_says),
        cmocka_unit_test(what_comes_later_changes_nothing_before),
        cmocka_unit_test(equal_runs_have_equal_states_and_a_copy_goes_on),
        cmocka_unit_test(longer_bars_are_those_of_the_candle_builder),
        cmocka_unit_test(every_indicator_bears_any_source),
        cmocka_unit_test(logarithm_and_exponential_agree_with_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
