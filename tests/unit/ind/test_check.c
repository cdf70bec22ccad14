/* The checker of look-ahead and recursion: it finds what is planted, and every registered indicator
 * is clean and forgets as fast as it says. */
#include "indicator_runner.h"
#include "ind/check.h"

#define SERIES 20000U
#define WIDTH_MAX CB_INDICATOR_OUTPUTS_MAX

static cb_bar series[SERIES];
static cb_bar other[SERIES];
static double rows[2 * SERIES * WIDTH_MAX];
static const cb_check_room room = {.rows = rows, .bars = other, .seed = 5};

static void prepare(uint64_t seed)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    random_bars(&prng, series, SERIES);
}

/* ---- what the checker must find ---- */

/* The close of the next bar: the look-ahead that a vectorised shift by -1 makes. */
static void run_next_close(const void *context, const cb_bar *bars, size_t count, double *out)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        out[i] = i + 1 < count ? bars[i + 1].close : bars[i].close;
    }
}

/* The place among all closes of the series, as a scaling over the whole set does it. */
static void run_scaled(const void *context, const cb_bar *bars, size_t count, double *out)
{
    (void)context;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        most = bars[i].close > most ? bars[i].close : most;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = bars[i].close / most;
    }
}

/* Sum since the beginning: never forgets. */
static void run_sum(const void *context, const cb_bar *bars, size_t count, double *out)
{
    (void)context;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += bars[i].volume;
        out[i] = sum;
    }
}

static void the_next_close_is_found(void **unused)
{
    (void)unused;
    const cb_check_subject subject = {.run = run_next_close, .width = 1};
    cb_check_finding finding;
    prepare(1);
    cb_check_look_ahead(&subject, series, 500, 100, &room, &finding);
    assert_false(finding.is_clean);
    assert_int_equal(finding.boundary, 100);
    assert_int_equal(finding.bar, 99);
}

static void a_scaling_over_the_future_is_found(void **unused)
{
    (void)unused;
    const cb_check_subject subject = {.run = run_scaled, .width = 1};
    cb_check_finding finding;
    prepare(2);
    cb_check_look_ahead(&subject, series, 500, 50, &room, &finding);
    assert_false(finding.is_clean);
    assert_int_equal(finding.bar, 0);
}

static void a_sum_since_the_beginning_never_settles(void **unused)
{
    (void)unused;
    const cb_check_subject subject = {.run = run_sum, .width = 1};
    const cb_check_memory memory = {.begin = 100, .settle_bars = 200, .bound = 1e-6};
    cb_check_finding finding;
    prepare(3);
    cb_check_look_ahead(&subject, series, 500, 50, &room, &finding);
    assert_true(finding.is_clean);
    cb_check_recursion(&subject, series, 500, &memory, &room, &finding);
    assert_false(finding.is_clean);
    assert_int_equal(finding.compared, 200);
    assert_int_equal(finding.different, 200);
}

/* ---- every indicator ---- */

typedef struct checked {
    cb_check_indicator indicator;
    cb_check_subject subject;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
} checked;

static void open_checked(checked *c, const cb_indicator_ops *ops)
{
    *c = (checked){.indicator = {.ops = ops}};
    cb_indicator_defaults(ops, c->params);
    c->indicator.params = c->params;
    c->indicator.state = malloc(ops->state_size(c->params));
    assert_non_null(c->indicator.state);
    cb_check_of_indicator(&c->indicator, &c->subject);
}

static void no_indicator_looks_ahead(void **unused)
{
    (void)unused;
    prepare(4);
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        checked c;
        cb_check_finding finding;
        open_checked(&c, cb_indicator_at(k));
        cb_check_look_ahead(&c.subject, series, 900, 77, &room, &finding);
        if (!finding.is_clean) {
            fail_msg("%s looks ahead: bar %llu changes with what comes after bar %llu",
                c.indicator.ops->name,
                (unsigned long long)finding.bar,
                (unsigned long long)finding.boundary);
        }
        assert_true(finding.compared > 5000);
        free(c.indicator.state);
    }
}

static void every_indicator_forgets_as_it_says(void **unused)
{
    (void)unused;
    prepare(5);
    for (uint32_t k = 0; k < cb_indicators_count(); k++) {
        checked c;
        cb_check_finding finding;
        const cb_indicator_ops *ops = cb_indicator_at(k);
        if (ops->settle_factor == 0) {
            continue;
        }
        open_checked(&c, ops);
        const cb_check_memory memory = {.begin = 777,
            .settle_bars = (size_t)ops->settle_factor * ops->warmup_bars(c.params),
            .bound = 1e-6};
        const size_t count = memory.begin + memory.settle_bars + 2000;
        assert_true(count <= SERIES);
        cb_check_recursion(&c.subject, series, count, &memory, &room, &finding);
        if (!finding.is_clean) {
            fail_msg("%s.%s remembers: %.12g instead of %.12g, %zu bars after its beginning",
                ops->name,
                ops->outputs[finding.column],
                finding.found,
                finding.wanted,
                (size_t)(finding.bar - memory.begin));
        }
        free(c.indicator.state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_close_is_found),
        cmocka_unit_test(a_scaling_over_the_future_is_found),
        cmocka_unit_test(a_sum_since_the_beginning_never_settles),
        cmocka_unit_test(no_indicator_looks_ahead),
        cmocka_unit_test(every_indicator_forgets_as_it_says),
    };
    return cmocka_run_group_tests_name("ind_check", tests, NULL, NULL);
}
