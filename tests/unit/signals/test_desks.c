/* Desks against a small exchange that fills what the bars reach: what every desk must keep (states
 * that follow from bars alone, sound wishes, the budget), and what each is for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "services/signals/core/desk.h"

#define MINUTE (60 * INT64_C(1000000000))
#define BARS_MAX 4000U
#define BUDGET 1000.0

static cb_bar market[DESK_LEGS_MAX][BARS_MAX];

static double unit(cb_prng *prng)
{
    return (double)cb_prng_below(prng, 1000001) / 1e6;
}

static void set_bar(uint32_t leg, size_t i, double open, double close, double reach)
{
    market[leg][i] = (cb_bar){.open_ts_ns = INT64_C(1641168000000000000) + (int64_t)i * MINUTE,
        .open = open,
        .high = fmax(open, close) + reach,
        .low = fmin(open, close) - reach,
        .close = close,
        .volume = 1};
}

/* Every second symbol goes with the one before it. */
static void random_market(uint64_t seed)
{
    cb_prng prng;
    cb_prng_init(&prng, seed);
    for (uint32_t leg = 0; leg < DESK_LEGS_MAX; leg++) {
        double price = 100;
        double gap = 0;
        for (size_t i = 0; i < BARS_MAX; i++) {
            const double open = price;
            gap += (unit(&prng) - 0.5) * 0.004 - 0.05 * gap;
            price = leg % 2 == 1 ? market[leg - 1][i].close * (1 + gap)
                                 : fmax(20, price + unit(&prng) * 2 - 1);
            set_bar(leg, i, open, price, unit(&prng) * 0.5);
        }
    }
}

typedef struct rig {
    const desk_ops *ops;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    void *state;
    size_t size;
    desk_view view;
    desk_plan plan;
    double cash;
    uint32_t trades;
} rig;

static void rig_open(rig *r, const desk_ops *ops, uint32_t legs)
{
    memset(r, 0, sizeof *r);
    r->ops = ops;
    for (uint32_t i = 0; i < ops->params_count; i++) {
        r->params[i] = ops->params[i].default_value;
    }
    r->view.budget = BUDGET;
    r->view.legs_count = legs;
    r->cash = BUDGET;
    r->size = ops->state_size(r->params, legs);
    assert_int_equal(r->size % 8, 0);
    r->state = malloc(r->size);
    assert_non_null(r->state);
    memset(r->state, 0xa5, r->size);
    ops->init(r->state, r->params, legs);
    for (uint32_t i = 0; i < legs; i++) {
        r->view.legs[i].lot = 1e-5;
        r->view.legs[i].notional = 5;
    }
}

static void rig_close(rig *r)
{
    free(r->state);
}

static bool rig_step(rig *r, size_t bar)
{
    for (uint32_t i = 0; i < r->view.legs_count; i++) {
        r->view.legs[i].bar = market[i][bar];
    }
    r->plan.wishes_count = 0;
    r->plan.values_count = 0;
    return r->ops->step(r->state, &r->view, &r->plan);
}

static void trade(rig *r, const desk_wish *wish, double price)
{
    desk_leg *leg = &r->view.legs[wish->leg];
    const double value = wish->qty * price;
    if (wish->side == CB_SIDE_BUY) {
        leg->held += wish->qty;
        leg->cost += value;
        r->cash -= value;
    } else {
        assert_true(wish->qty <= leg->held * (1 + 1e-9));
        leg->cost *= 1 - fmin(wish->qty / leg->held, 1);
        leg->held = fmax(0, leg->held - wish->qty);
        r->cash += value;
    }
    r->trades++;
}

/* Market wishes trade at the next open, limits where the next bar reaches them. */
static void rig_fill(rig *r, size_t next)
{
    for (uint32_t i = 0; i < r->plan.wishes_count; i++) {
        const desk_wish *wish = &r->plan.wishes[i];
        const cb_bar *bar = &market[wish->leg][next];
        if (wish->slot == 0) {
            trade(r, wish, bar->open);
        } else if (wish->side == CB_SIDE_BUY ? bar->low < wish->price : bar->high > wish->price) {
            trade(r, wish, wish->price);
        }
    }
}

static double wealth(const rig *r, size_t bar)
{
    double sum = r->cash;
    for (uint32_t i = 0; i < r->view.legs_count; i++) {
        sum += r->view.legs[i].held * market[i][bar].close;
    }
    return sum;
}

/* ---- every desk ---- */

static void check_wish(const rig *r, const desk_wish *wish)
{
    const double close = r->view.legs[wish->leg].bar.close;
    const double at = wish->slot == 0 ? close : wish->price;
    assert_true(wish->leg < r->view.legs_count && wish->slot < DESK_SLOTS_MAX);
    assert_true(wish->qty > 0 && isfinite(wish->qty) && at > 0);
    assert_true(strlen(wish->reason) > 0 && strlen(wish->reason) < 64);
    if (wish->side == CB_SIDE_BUY) {
        assert_true(wish->stop_price > 0 && wish->stop_price < at);
        assert_true(wish->slot == 0 || wish->price < close);
    } else {
        assert_true(wish->qty <= r->view.legs[wish->leg].held * (1 + 1e-9));
        assert_true(wish->slot == 0 || wish->price > close);
    }
}

static void wishes_are_sound_and_within_the_budget(void **unused)
{
    (void)unused;
    random_market(31);
    for (uint32_t n = 0; n < DESKS_COUNT; n++) {
        const desk_ops *ops = desk_at(n);
        rig r;
        uint32_t wishes = 0;
        rig_open(&r, ops, ops->legs_min);
        const uint32_t warmup = ops->warmup_bars(r.params);
        for (size_t bar = 0; bar + 1 < BARS_MAX; bar++) {
            const bool is_warm = rig_step(&r, bar);
            assert_int_equal(is_warm, bar + 1 >= warmup);
            assert_true(is_warm || r.plan.wishes_count == 0);
            double buys = 0;
            double costs = 0;
            uint32_t seen[DESK_LEGS_MAX] = {0};
            for (uint32_t i = 0; i < r.plan.wishes_count; i++) {
                const desk_wish *wish = &r.plan.wishes[i];
                check_wish(&r, wish);
                assert_int_equal(
                    seen[wish->leg] & (1U << wish->slot), 0); /* a slot holds one order */
                seen[wish->leg] |= 1U << wish->slot;
                const double price = wish->slot == 0 ? market[wish->leg][bar].close : wish->price;
                buys += wish->side == CB_SIDE_BUY ? wish->qty * price : 0;
            }
            for (uint32_t i = 0; i < r.view.legs_count; i++) {
                costs += r.view.legs[i].cost;
            }
            /* dca: its ladder may be larger than the budget by parameters; not by defaults. Prices
             * that move between a wish and its fill are what the slack is for. */
            assert_true(buys <= 1e-9 || buys + costs <= BUDGET * 1.5);
            wishes += r.plan.wishes_count;
            rig_fill(&r, bar + 1);
        }
        assert_true(wishes > 50);
        assert_true(r.trades > 4);
        rig_close(&r);
    }
}

/* What is held and was paid differs in both rigs; the bars are the same. */
static void states_follow_from_the_bars_alone(void **unused)
{
    (void)unused;
    random_market(32);
    for (uint32_t n = 0; n < DESKS_COUNT; n++) {
        rig a;
        rig b;
        rig_open(&a, desk_at(n), desk_at(n)->legs_min);
        rig_open(&b, desk_at(n), desk_at(n)->legs_min);
        memset(b.state, 0x5a, b.size);
        b.ops->init(b.state, b.params, b.view.legs_count);
        for (size_t bar = 0; bar < 1500; bar++) {
            b.view.legs[0].held = (double)(bar % 7);
            b.view.legs[0].cost = 100.0 * (double)(bar % 7);
            (void)rig_step(&a, bar);
            (void)rig_step(&b, bar);
            assert_memory_equal(a.state, b.state, a.size);
        }
        rig_close(&a);
        rig_close(&b);
    }
}

static void desks_have_sound_tables(void **unused)
{
    (void)unused;
    for (uint32_t n = 0; n < DESKS_COUNT; n++) {
        const desk_ops *ops = desk_at(n);
        uint32_t count = 0;
        assert_string_equal(signals_desk_name(n), ops->name);
        assert_true(strlen(signals_desk_help(n)) > 0 && strlen(ops->name) < 24);
        assert_ptr_equal(signals_desk_params(n, &count), ops->params);
        assert_true(ops->legs_min >= 1 && ops->legs_min <= ops->legs_max);
        assert_true(ops->legs_max <= DESK_LEGS_MAX);
        for (uint32_t p = 0; p < count; p++) {
            assert_true(ops->params[p].min <= ops->params[p].default_value);
            assert_true(ops->params[p].default_value <= ops->params[p].max);
            assert_true(strlen(ops->params[p].help) > 0);
        }
    }
    assert_null(signals_desk_name(DESKS_COUNT));
}

/* ---- each ---- */

/* Two symbols rise, two fall; then the roles change. */
static void rotation_holds_what_rises(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 33);
    for (uint32_t leg = 0; leg < 4; leg++) {
        double price = 100;
        for (size_t i = 0; i < 800; i++) {
            const bool is_rising = (leg < 2) == (i < 400);
            const double open = price;
            price *= 1 + (is_rising ? 0.002 : -0.002) + (unit(&prng) - 0.5) * 0.002;
            set_bar(leg, i, open, price, 0.05);
        }
    }
    rig r;
    rig_open(&r, &desk_rotation, 4);
    for (size_t bar = 0; bar < 799; bar++) {
        (void)rig_step(&r, bar);
        if (bar == 390) {
            assert_true(r.view.legs[0].held > 0 && r.view.legs[1].held > 0);
            assert_true(r.view.legs[2].held <= 0 && r.view.legs[3].held <= 0);
        }
        rig_fill(&r, bar + 1);
    }
    assert_true(r.view.legs[0].held * market[0][799].close < 5);
    assert_true(r.view.legs[2].held > 0 && r.view.legs[3].held > 0);
    assert_true(wealth(&r, 799) > BUDGET * 1.3);
    rig_close(&r);
}

/* The first wanders around the second: what is bought cheap by the line is sold at a gain. */
static void pairs_earns_on_a_gap_that_closes(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 34);
    double common = 0;
    double gap = 0;
    double prices[2] = {100, 50};
    for (size_t i = 0; i < BARS_MAX; i++) {
        common += (unit(&prng) - 0.5) * 0.01;
        gap += (unit(&prng) - 0.5) * 0.004 - 0.05 * gap;
        const double next[2] = {100 * exp(common + gap), 50 * exp(common)};
        for (uint32_t leg = 0; leg < 2; leg++) {
            set_bar(leg, i, prices[leg], next[leg], 0.01);
            prices[leg] = next[leg];
        }
    }
    rig r;
    rig_open(&r, &desk_pairs, 2);
    uint32_t held_both = 0;
    for (size_t bar = 0; bar + 1 < BARS_MAX; bar++) {
        (void)rig_step(&r, bar);
        rig_fill(&r, bar + 1);
        held_both += r.view.legs[0].held > 0 && r.view.legs[1].held > 0 ? 1U : 0U;
    }
    assert_true(r.trades > 20);
    assert_int_equal(held_both, 0);
    assert_true(wealth(&r, BARS_MAX - 1) > BUDGET * 1.02);
    rig_close(&r);
}

static const desk_wish *wish_in(const rig *r, uint32_t slot)
{
    for (uint32_t i = 0; i < r->plan.wishes_count; i++) {
        if (r->plan.wishes[i].slot == slot) {
            return &r->plan.wishes[i];
        }
    }
    return NULL;
}

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-9 * fmax(1, fabs(wanted)))) {
        fail_msg("%.12g instead of %.12g", value, wanted);
    }
}

/* base 100 at 100: safety orders at -1 %, -2.5 %, -4.75 %, -8.125 % of 100, 150, 225, 337.5. */
static void dca_lays_its_ladder_under_the_base_order(void **unused)
{
    (void)unused;
    static const double prices[] = {99, 97.5, 95.25, 91.875};
    static const double sizes[] = {100, 150, 225, 337.5};
    rig r;
    rig_open(&r, &desk_dca, 1);
    for (size_t i = 0; i < 60; i++) {
        set_bar(0, i, 101 - (double)i * 0.01, 101 - (double)(i + 1) * 0.01, 0.01);
    }
    set_bar(0, 39, 100.61, 100, 0.01);
    for (size_t bar = 0; bar < 40; bar++) {
        (void)rig_step(&r, bar);
    }
    const desk_wish *base = wish_in(&r, 0); /* it only fell: the RSI is 0 */
    assert_non_null(base);
    near(base->qty, 1);
    near(base->stop_price, 85);
    trade(&r, base, 100);
    (void)rig_step(&r, 40);
    for (uint32_t i = 0; i < 4; i++) {
        const desk_wish *safety = wish_in(&r, 2 + i);
        assert_non_null(safety);
        near(safety->price, prices[i]);
        near(safety->qty, sizes[i] / prices[i]);
        near(safety->stop_price, 85);
    }
    near(wish_in(&r, 1)->price, 101);
    near(wish_in(&r, 1)->qty, 1);
    trade(&r, wish_in(&r, 2), 99); /* the first safety order */
    (void)rig_step(&r, 41);
    assert_null(wish_in(&r, 2));
    assert_non_null(wish_in(&r, 3));
    near(wish_in(&r, 3)->price, 97.5); /* the ladder stays where it was */
    const double held = 1 + 100 / 99.0;
    near(wish_in(&r, 1)->qty, held);
    near(wish_in(&r, 1)->price, 200 / held * 1.01);
    rig_close(&r);
}

/* A price that swings around its mean: every swing crosses lines both ways. */
static void grid_earns_in_a_market_that_swings(void **unused)
{
    (void)unused;
    double price = 100;
    for (size_t i = 0; i < 2000; i++) {
        const double next = 100 + 3 * sin((double)i / 9);
        set_bar(0, i, price, next, 0.05);
        price = next;
    }
    rig r;
    rig_open(&r, &desk_grid, 1);
    r.params[1] = 4 * CB_E8; /* three steps are about one swing */
    r.ops->init(r.state, r.params, 1);
    double last = BUDGET;
    for (size_t bar = 0; bar < 1999; bar++) {
        if (rig_step(&r, bar)) {
            for (uint32_t i = 0; i < r.plan.wishes_count; i++) {
                const double lines =
                    (r.plan.wishes[i].price - r.plan.values[0].value) / r.plan.values[1].value;
                near(lines - floor(lines + 0.5), 0); /* on a line of the grid */
            }
        }
        rig_fill(&r, bar + 1);
        last = wealth(&r, bar + 1);
    }
    assert_true(r.trades > 40);
    assert_true(last > BUDGET * 1.04);
    rig_close(&r);
}

static void market_maker_leans_against_its_inventory(void **unused)
{
    (void)unused;
    rig r;
    cb_prng prng;
    double bids[2] = {0};
    double asks[2] = {0};
    double price = 100;
    cb_prng_init(&prng, 35);
    for (size_t i = 0; i < 100; i++) {
        const double open = price;
        price = 100 + unit(&prng);
        set_bar(0, i, open, price, 0.2);
    }
    set_bar(0, 98, 100, 100, 0.2);
    set_bar(0, 99, 100, 100, 0.2);
    rig_open(&r, &desk_market_maker, 1);
    for (size_t bar = 0; bar < 98; bar++) {
        (void)rig_step(&r, bar);
    }
    for (uint32_t k = 0; k < 2; k++) {
        r.view.legs[0].held = k == 0 ? 1 : 8; /* a tenth, and four fifths, of the budget */
        r.view.legs[0].bid = 99.99;
        r.view.legs[0].ask = 100.01;
        r.view.legs[0].bid_qty = 3;
        r.view.legs[0].ask_qty = 1; /* more waits to buy: the fair price leans to the ask */
        (void)rig_step(&r, 98 + k);
        near(r.plan.values[0].value, (99.99 * 1 + 100.01 * 3) / 4);
        const desk_wish *bid = wish_in(&r, 1);
        const desk_wish *ask = wish_in(&r, 2);
        assert_non_null(bid);
        assert_non_null(ask);
        assert_true(bid->is_maker && ask->is_maker);
        bids[k] = bid->price;
        asks[k] = ask->price;
        assert_true(bids[k] < r.plan.values[0].value && asks[k] > r.plan.values[0].value);
    }
    assert_true(bids[1] < bids[0] && asks[1] < asks[0]);
    r.view.legs[0].held = 10; /* full: nothing more is bought */
    (void)rig_step(&r, 99);
    assert_null(wish_in(&r, 1));
    assert_non_null(wish_in(&r, 2));
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wishes_are_sound_and_within_the_budget),
        cmocka_unit_test(states_follow_from_the_bars_alone),
        cmocka_unit_test(desks_have_sound_tables),
        cmocka_unit_test(rotation_holds_what_rises),
        cmocka_unit_test(pairs_earns_on_a_gap_that_closes),
        cmocka_unit_test(dca_lays_its_ladder_under_the_base_order),
        cmocka_unit_test(grid_earns_in_a_market_that_swings),
        cmocka_unit_test(market_maker_leans_against_its_inventory),
    };
    return cmocka_run_group_tests_name("signals_desks", tests, NULL, NULL);
}
