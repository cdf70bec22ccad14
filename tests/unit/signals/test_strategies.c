/* Strategies on synthetic series whose crosses and excursions are known, and what every strategy
 * must keep: no look-ahead, no opinion before its warm-up, equal states for equal bars, opinions
 * within their bounds on any series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "services/signals/core/strategy.h"

#define MINUTE (60 * INT64_C(1000000000))
#define BARS_MAX 600U

typedef struct series {
    uint32_t count;
    cb_bar bars[BARS_MAX];
} series;

static void add(series *s, double open, double high, double low, double close)
{
    assert_true(s->count < BARS_MAX);
    s->bars[s->count] =
        (cb_bar){INT64_C(1641168000000000000) + s->count * MINUTE, open, high, low, close, 10};
    s->count++;
}

/* Bars that go from price to price with a range of one around the body. */
static void walk(series *s, double from, double step, uint32_t count)
{
    double price = from;
    for (uint32_t i = 0; i < count; i++) {
        const double next = price + step;
        const double high = (next > price ? next : price) + 0.5;
        const double low = (next < price ? next : price) - 0.5;
        add(s, price, high, low, next);
        price = next;
    }
}

static double last_close(const series *s)
{
    return s->bars[s->count - 1].close;
}

typedef struct runner {
    const strategy_ops *ops;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    void *state;
} runner;

static void runner_open(runner *r, const strategy_ops *ops)
{
    *r = (runner){.ops = ops};
    for (uint32_t i = 0; i < ops->params_count; i++) {
        r->params[i] = ops->params[i].default_value;
    }
    const size_t size = ops->state_size(r->params);
    assert_int_equal(size % sizeof(uint64_t), 0);
    r->state = calloc(1, size);
    ops->init(r->state, r->params);
}

static void runner_close(runner *r)
{
    free(r->state);
}

static bool run_bar(runner *r, const cb_bar *bar, strategy_opinion *opinion)
{
    memset(opinion, 0, sizeof *opinion);
    return r->ops->step(r->state, bar, opinion);
}

/* Opinion after the last bar of a series. */
static strategy_opinion run(const strategy_ops *ops, const series *s)
{
    runner r;
    strategy_opinion opinion = {0};
    runner_open(&r, ops);
    for (uint32_t i = 0; i < s->count; i++) {
        (void)run_bar(&r, &s->bars[i], &opinion);
    }
    runner_close(&r);
    return opinion;
}

static double value_of(const strategy_opinion *opinion, const char *name)
{
    for (uint32_t i = 0; i < opinion->values_count; i++) {
        if (strcmp(opinion->values[i].name, name) == 0) {
            return opinion->values[i].value;
        }
    }
    fail_msg("no value '%s'", name);
    return 0;
}

/* ---- trend ---- */

/* A long fall, then a rise: the averages cross some bars after the turn; on the bar of the cross
 * the opinion is to buy, and it lasts three bars unless the channel is broken. */
static void trend_buys_on_the_bar_of_the_cross(void **unused)
{
    (void)unused;
    series s = {0};
    walk(&s, 200, -1, 60);
    assert_int_equal(run(&strategy_trend, &s).side, CB_SIDE_SELL); /* new lows: a breakout down */
    strategy_opinion opinion = {0};
    bool has_crossed = false;
    for (uint32_t i = 0; i < 40 && !has_crossed; i++) {
        walk(&s, last_close(&s), 1, 1);
        opinion = run(&strategy_trend, &s);
        has_crossed = value_of(&opinion, "ema_fast") > value_of(&opinion, "ema_slow");
        if (!has_crossed) {
            assert_true(opinion.side != CB_SIDE_BUY);
        }
    }
    assert_true(has_crossed);
    assert_int_equal(opinion.side, CB_SIDE_BUY);
    assert_true(value_of(&opinion, "cross_age") < 0.5);
    assert_true(opinion.confidence >= 0.4 && opinion.confidence <= 1.0);
    const double atr = value_of(&opinion, "atr");
    assert_true(opinion.stop_distance > 1.999 * atr && opinion.stop_distance < 2.001 * atr);
    assert_true(opinion.profit_distance > 2.999 * atr && opinion.profit_distance < 3.001 * atr);
}

static void trend_sells_when_a_rise_turns(void **unused)
{
    (void)unused;
    series s = {0};
    walk(&s, 100, 1, 60);
    assert_int_equal(run(&strategy_trend, &s).side, CB_SIDE_BUY);
    strategy_opinion opinion = {0};
    for (uint32_t i = 0; i < 40; i++) {
        walk(&s, last_close(&s), -1, 1);
        opinion = run(&strategy_trend, &s);
        if (value_of(&opinion, "ema_fast") < value_of(&opinion, "ema_slow")) {
            break;
        }
    }
    assert_int_equal(opinion.side, CB_SIDE_SELL);
}

/* In a rise that stands still the averages stay apart, but nothing is fresh and nothing breaks out.
 */
static void trend_is_silent_without_cross_or_breakout(void **unused)
{
    (void)unused;
    series s = {0};
    walk(&s, 100, 1, 60);
    for (uint32_t i = 0; i < 6; i++) {
        add(&s, last_close(&s), last_close(&s) + 0.2, last_close(&s) - 0.2, last_close(&s));
    }
    const strategy_opinion opinion = run(&strategy_trend, &s);
    assert_int_equal(opinion.side, CB_SIDE_NONE);
    assert_true(value_of(&opinion, "ema_fast") > value_of(&opinion, "ema_slow"));
    assert_true(opinion.values_count > 5); /* the values are there for the record */
}

/* A breakout is a close beyond the channel of the bars before, not of the bar itself. */
static void trend_breakout_compares_with_the_bars_before(void **unused)
{
    (void)unused;
    series s = {0};
    walk(&s, 100, 1, 60);
    const double high = s.bars[s.count - 1].high;
    add(&s, last_close(&s), high, last_close(&s) - 0.5, high); /* touches the old high: inside */
    strategy_opinion opinion = run(&strategy_trend, &s);
    assert_true(value_of(&opinion, "is_breakout") < 0.5);
    assert_int_equal(opinion.side, CB_SIDE_NONE);
    s.bars[s.count - 1].close = high + 0.01;
    s.bars[s.count - 1].high = high + 0.01;
    opinion = run(&strategy_trend, &s);
    assert_true(value_of(&opinion, "is_breakout") > 0.5);
    assert_int_equal(opinion.side, CB_SIDE_BUY);
}

/* ---- mean reversion ---- */

/* A quiet market, a sharp fall out of the band, and the first close back inside. */
static void fall_out_and_return(series *s)
{
    for (uint32_t i = 0; i < 80; i++) {
        walk(s, i % 2 == 0 ? 100.0 : 100.4, i % 2 == 0 ? 0.4 : -0.4, 1);
    }
    walk(s, 100, -2.5, 1);
    walk(s, 97.5, -2.5, 1);
}

static void meanrev_buys_on_re_entry_from_below(void **unused)
{
    (void)unused;
    series s = {0};
    fall_out_and_return(&s);
    strategy_opinion opinion = run(&strategy_meanrev, &s);
    assert_int_equal(opinion.side, CB_SIDE_NONE); /* still outside: do not catch the knife */
    assert_true(value_of(&opinion, "percent_b") < 0);
    walk(&s, 95, 2.2, 1);
    opinion = run(&strategy_meanrev, &s);
    assert_true(value_of(&opinion, "percent_b_before") < 0);
    assert_true(value_of(&opinion, "percent_b") >= 0);
    assert_true(value_of(&opinion, "vwap_gap_atr") > 0);
    assert_int_equal(opinion.side, CB_SIDE_BUY);
    assert_true(opinion.confidence > 0.5 && opinion.confidence <= 1.0);
    walk(&s, 97.2, 0.1, 1);
    assert_int_equal(run(&strategy_meanrev, &s).side, CB_SIDE_NONE); /* said once */
}

static void meanrev_sells_on_re_entry_from_above(void **unused)
{
    (void)unused;
    series s = {0};
    for (uint32_t i = 0; i < 80; i++) {
        walk(&s, i % 2 == 0 ? 100.0 : 100.4, i % 2 == 0 ? 0.4 : -0.4, 1);
    }
    walk(&s, 100, 2.5, 2);
    walk(&s, 105, -2.2, 1);
    assert_int_equal(run(&strategy_meanrev, &s).side, CB_SIDE_SELL);
}

static void meanrev_is_silent_in_a_quiet_market(void **unused)
{
    (void)unused;
    runner r;
    strategy_opinion opinion;
    series s = {0};
    for (uint32_t i = 0; i < 300; i++) {
        walk(&s, i % 2 == 0 ? 100.0 : 100.4, i % 2 == 0 ? 0.4 : -0.4, 1);
    }
    runner_open(&r, &strategy_meanrev);
    for (uint32_t i = 0; i < s.count; i++) {
        (void)run_bar(&r, &s.bars[i], &opinion);
        assert_int_equal(opinion.side, CB_SIDE_NONE);
    }
    runner_close(&r);
}

/* ---- every strategy ---- */

static void random_series(series *s, uint64_t seed)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    double price = 1000;
    s->count = 0;
    while (s->count < BARS_MAX) {
        const double move = ((double)cb_prng_below(&prng, 2001) - 1000.0) / 250.0;
        const double next = price + move > 1 ? price + move : 1;
        const double up = (double)cb_prng_below(&prng, 100) / 50.0;
        const double down = (double)cb_prng_below(&prng, 100) / 200.0;
        const double low = (next < price ? next : price) - down;
        add(s, price, (next > price ? next : price) + up, low > 0.1 ? low : 0.1, next);
        price = next;
    }
}

static uint64_t hash_opinion(uint64_t hash, const strategy_opinion *opinion)
{
    hash = cb_hash_u64(hash, (uint64_t)opinion->side);
    hash = cb_hash_bytes(hash, &opinion->confidence, sizeof opinion->confidence);
    hash = cb_hash_bytes(hash, &opinion->stop_distance, sizeof opinion->stop_distance);
    for (uint32_t i = 0; i < opinion->values_count; i++) {
        hash = cb_hash_bytes(hash, &opinion->values[i].value, sizeof(double));
    }
    return hash;
}

/* Opinions of the first bars do not change when the future is other or missing. */
static void no_strategy_looks_ahead(void **unused)
{
    (void)unused;
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        static series whole;
        static uint64_t hashes[BARS_MAX];
        random_series(&whole, 7);
        runner r;
        strategy_opinion opinion;
        runner_open(&r, strategy_at(n));
        uint64_t hash = CB_HASH_SEED;
        for (uint32_t i = 0; i < whole.count; i++) {
            (void)run_bar(&r, &whole.bars[i], &opinion);
            hash = hash_opinion(hash, &opinion);
            hashes[i] = hash;
        }
        runner_close(&r);
        for (uint32_t cut = 50; cut < whole.count; cut += 61) {
            runner_open(&r, strategy_at(n));
            hash = CB_HASH_SEED;
            for (uint32_t i = 0; i < cut; i++) {
                (void)run_bar(&r, &whole.bars[i], &opinion);
                hash = hash_opinion(hash, &opinion);
            }
            runner_close(&r);
            assert_true(hash == hashes[cut - 1]);
        }
    }
}

static void opinions_stay_within_their_bounds(void **unused)
{
    (void)unused;
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        uint32_t spoken = 0;
        if (n == STRATEGY_rules) {
            continue; /* silent without a text: test_rules_text.c */
        }
        for (uint64_t seed = 1; seed <= 20; seed++) {
            static series s;
            random_series(&s, seed);
            runner r;
            strategy_opinion opinion;
            runner_open(&r, strategy_at(n));
            const uint32_t warmup = strategy_at(n)->warmup_bars(r.params);
            for (uint32_t i = 0; i < s.count; i++) {
                const bool is_warm = run_bar(&r, &s.bars[i], &opinion);
                assert_int_equal(is_warm, i + 1 >= warmup);
                assert_true(opinion.values_count <= STRATEGY_VALUES_MAX);
                if (opinion.side == CB_SIDE_NONE) {
                    continue;
                }
                spoken++;
                assert_true(is_warm);
                assert_true(opinion.confidence > 0 && opinion.confidence <= 1);
                assert_true(opinion.stop_distance > 0);
                assert_true(opinion.profit_distance > 0);
            }
            runner_close(&r);
        }
        assert_true(spoken > 50); /* a strategy that never speaks would pass all the rest */
    }
}

static void equal_bars_give_equal_states(void **unused)
{
    (void)unused;
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        static series s;
        runner a;
        runner b;
        strategy_opinion opinion;
        if (n == STRATEGY_rules) {
            continue; /* remembers nothing without a text */
        }
        random_series(&s, 3);
        runner_open(&a, strategy_at(n));
        runner_open(&b, strategy_at(n));
        const size_t size = strategy_at(n)->state_size(a.params);
        for (uint32_t i = 0; i < s.count; i++) {
            (void)run_bar(&a, &s.bars[i], &opinion);
            (void)run_bar(&b, &s.bars[i], &opinion);
        }
        assert_true(cb_indicator_hash(1, a.state, size) == cb_indicator_hash(1, b.state, size));
        s.bars[0].close += 1;
        (void)run_bar(&b, &s.bars[0], &opinion);
        assert_true(cb_indicator_hash(1, a.state, size) != cb_indicator_hash(1, b.state, size));
        runner_close(&a);
        runner_close(&b);
    }
}

static void strategies_have_sound_tables(void **unused)
{
    (void)unused;
    for (uint32_t n = 0; n < STRATEGIES_COUNT; n++) {
        const strategy_ops *ops = strategy_at(n);
        assert_true(strlen(ops->name) > 0 && strlen(ops->name) < 24);
        assert_string_equal(signals_strategy_name(n), ops->name);
        assert_true(strlen(signals_strategy_help(n)) > 0);
        uint32_t count = 0;
        assert_ptr_equal(signals_strategy_params(n, &count), ops->params);
        assert_int_equal(count, ops->params_count);
        for (uint32_t p = 0; p < ops->params_count; p++) {
            assert_true(ops->params[p].min <= ops->params[p].default_value);
            assert_true(ops->params[p].default_value <= ops->params[p].max);
            assert_true(strlen(ops->params[p].help) > 0);
        }
    }
    assert_null(signals_strategy_name(STRATEGIES_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trend_buys_on_the_bar_of_the_cross),
        cmocka_unit_test(trend_sells_when_a_rise_turns),
        cmocka_unit_test(trend_is_silent_without_cross_or_breakout),
        cmocka_unit_test(trend_breakout_compares_with_the_bars_before),
        cmocka_unit_test(meanrev_buys_on_re_entry_from_below),
        cmocka_unit_test(meanrev_sells_on_re_entry_from_above),
        cmocka_unit_test(meanrev_is_silent_in_a_quiet_market),
        cmocka_unit_test(no_strategy_looks_ahead),
        cmocka_unit_test(opinions_stay_within_their_bounds),
        cmocka_unit_test(equal_bars_give_equal_states),
        cmocka_unit_test(strategies_have_sound_tables),
    };
    return cmocka_run_group_tests_name("signals_strategies", tests, NULL, NULL);
}
