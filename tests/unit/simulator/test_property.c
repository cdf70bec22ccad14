/* Random order flow, many seeds: money is conserved after every step, and the fast book trades
 * exactly as a naive matcher that only knows the rule. */
#include "tests/unit/simulator/fixture.h"

#include "base/prng.h"
#include "tests/testing/seeds.h"

/* ---- the naive matcher: an unsorted list, searched for the best order each time ---- */
#define NAIVE_ORDERS_MAX 20000
#define NAIVE_FILLS_MAX 4096

typedef struct naive_order {
    uint64_t id;
    uint32_t account;
    cb_side side;
    int64_t price_e8;
    int64_t left_e8;
} naive_order;

typedef struct naive_fill {
    uint64_t order_id;
    int64_t price_e8;
    int64_t qty_e8;
    bool is_maker;
} naive_fill;

typedef struct naive {
    naive_order open[NAIVE_ORDERS_MAX];
    uint32_t open_count;
    naive_fill fills[NAIVE_FILLS_MAX];
    uint32_t fills_count;
} naive;

static bool naive_crosses(const naive_order *maker, cb_side side, int64_t limit_e8)
{
    if (maker->side == side) {
        return false;
    }
    if (limit_e8 == 0) {
        return true;
    }
    return side == CB_SIDE_BUY ? maker->price_e8 <= limit_e8 : maker->price_e8 >= limit_e8;
}

/* Best price, then lowest id; NAIVE_ORDERS_MAX when nothing crosses. */
static uint32_t naive_best(const naive *book, cb_side side, int64_t limit_e8)
{
    uint32_t best = NAIVE_ORDERS_MAX;
    for (uint32_t i = 0; i < book->open_count; i++) {
        const naive_order *order = &book->open[i];
        if (!naive_crosses(order, side, limit_e8)) {
            continue;
        }
        if (best == NAIVE_ORDERS_MAX) {
            best = i;
            continue;
        }
        const naive_order *other = &book->open[best];
        const bool is_better = side == CB_SIDE_BUY ? order->price_e8 < other->price_e8
                                                   : order->price_e8 > other->price_e8;
        if (is_better || (order->price_e8 == other->price_e8 && order->id < other->id)) {
            best = i;
        }
    }
    return best;
}

static void naive_remove(naive *book, uint32_t index)
{
    book->open_count--;
    book->open[index] = book->open[book->open_count];
}

static void naive_fill_both(naive *book, uint64_t taker, naive_order *maker, int64_t qty_e8)
{
    assert_true(book->fills_count + 2 <= NAIVE_FILLS_MAX);
    book->fills[book->fills_count++] = (naive_fill){maker->id, maker->price_e8, qty_e8, true};
    book->fills[book->fills_count++] = (naive_fill){taker, maker->price_e8, qty_e8, false};
    maker->left_e8 -= qty_e8;
}

static int64_t naive_reach(const naive *book, const sim_new_order *request)
{
    int64_t sum_e8 = 0;
    for (uint32_t i = 0; i < book->open_count; i++) {
        const naive_order *order = &book->open[i];
        if (naive_crosses(order, request->side, request->price_e8) &&
            (order->account != request->account || request->stp == SIM_STP_NONE)) {
            sum_e8 += order->left_e8;
        }
    }
    return sum_e8;
}

/* Returns what is left of the taker; 0 also when self-trade prevention ended it. */
static int64_t naive_take(naive *book, const sim_new_order *request, uint64_t id)
{
    int64_t left_e8 = request->qty_e8;
    while (left_e8 > 0) {
        const uint32_t at = naive_best(book, request->side, request->price_e8);
        if (at == NAIVE_ORDERS_MAX) {
            break;
        }
        naive_order *maker = &book->open[at];
        const int64_t both_e8 = left_e8 < maker->left_e8 ? left_e8 : maker->left_e8;
        if (maker->account != request->account || request->stp == SIM_STP_NONE) {
            naive_fill_both(book, id, maker, both_e8);
            left_e8 -= both_e8;
        } else if (request->stp == SIM_STP_EXPIRE_TAKER) {
            return 0;
        } else if (request->stp == SIM_STP_EXPIRE_MAKER) {
            maker->left_e8 = 0;
        } else if (request->stp == SIM_STP_EXPIRE_BOTH) {
            naive_remove(book, at);
            return 0;
        } else {
            maker->left_e8 -= both_e8;
            left_e8 -= both_e8;
        }
        if (maker->left_e8 == 0) {
            naive_remove(book, at);
        }
    }
    return left_e8;
}

static void naive_place(naive *book, const sim_new_order *request, uint64_t id)
{
    book->fills_count = 0;
    if (request->tif == CB_TIF_FOK && naive_reach(book, request) < request->qty_e8) {
        return;
    }
    const int64_t left_e8 = naive_take(book, request, id);
    if (left_e8 > 0 && request->tif == CB_TIF_GTC && request->type != CB_ORDER_TYPE_MARKET) {
        book->open[book->open_count++] =
            (naive_order){id, request->account, request->side, request->price_e8, left_e8};
    }
}

static void naive_cancel(naive *book, uint64_t id)
{
    for (uint32_t i = 0; i < book->open_count; i++) {
        if (book->open[i].id == id) {
            naive_remove(book, i);
            return;
        }
    }
    fail();
}

/* ---- comparison ---- */

static void expect_same_fills(const fixture *fx, const naive *book)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < fx->events_count; i++) {
        const fixture_event *event = &fx->events[i];
        if (event->type != SIM_EVENT_EXECUTION || event->execution != SIM_EXECUTION_TRADE) {
            continue;
        }
        assert_true(at < book->fills_count);
        assert_true(event->order_id == book->fills[at].order_id);
        assert_true(event->trade_price_e8 == book->fills[at].price_e8);
        assert_true(event->trade_qty_e8 == book->fills[at].qty_e8);
        assert_int_equal(event->is_maker, book->fills[at].is_maker);
        at++;
    }
    assert_int_equal(at, book->fills_count);
}

static void expect_same_book(const fixture *fx, const naive *book)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < fx->sim->orders_count; i++) {
        open += fx->sim->orders[i].is_open ? 1 : 0;
    }
    assert_int_equal(open, book->open_count);
    for (uint32_t i = 0; i < book->open_count; i++) {
        const uint32_t index = sim_find_order(fx->sim, 0, book->open[i].id);
        assert_int_not_equal(index, SIM_NONE);
        assert_true(sim_order_left(&fx->sim->orders[index]) == book->open[i].left_e8);
        assert_true(fx->sim->orders[index].price_e8 == book->open[i].price_e8);
    }
}

static sim_new_order random_order(cb_prng *prng, uint32_t accounts)
{
    sim_new_order order = {
        .account = (uint32_t)cb_prng_below(prng, accounts),
        .side = cb_prng_below(prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL,
        .type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .stp = (sim_stp)cb_prng_below(prng, SIM_STP_COUNT),
        .price_e8 = E8(100) + ((int64_t)cb_prng_below(prng, 40) - 20) * 1000000,
        .qty_e8 = (int64_t)(5000 + cb_prng_below(prng, 100000)) * 1000,
    };
    switch (cb_prng_below(prng, 10)) {
    case 0:
        order.type = CB_ORDER_TYPE_MARKET;
        order.price_e8 = 0;
        break;
    case 1:
        order.tif = CB_TIF_IOC;
        break;
    case 2:
        order.tif = CB_TIF_FOK;
        break;
    case 3:
        order.type = CB_ORDER_TYPE_LIMIT_MAKER;
        break;
    default:
        break;
    }
    return order;
}

static void matching_equals_the_naive_rule(void **state)
{
    (void)state;
    naive *book = calloc(1, sizeof(*book));
    assert_non_null(book);
    const uint64_t seeds_end = seeds_first() + seeds_count(40);
    for (uint64_t seed = seeds_first(); seed < seeds_end; seed++) {
        memset(book, 0, sizeof(*book));
        fixture *fx = fixture_make((sim_config){.fee_maker_e8 = 75000, .fee_taker_e8 = 100000}, 4);
        for (uint32_t i = 0; i < 4; i++) { /* funds are not what is tested here */
            assert_true(sim_transfer(fx->sim, i, 0, E8(1000000)));
            assert_true(sim_transfer(fx->sim, i, 1, E8(1000000000)));
        }
        cb_prng prng;
        cb_prng_init(&prng, seed);
        for (int step = 0; step < 600; step++) {
            fx->events_count = 0;
            book->fills_count = 0;
            sim_refusal refusal = {0};
            char cancel_id[SIM_CLIENT_ID_SIZE];
            uint32_t index = SIM_NONE;
            if (book->open_count > 0 && cb_prng_below(&prng, 5) == 0) {
                const uint64_t id = book->open[cb_prng_below(&prng, book->open_count)].id;
                index = sim_find_order(fx->sim, 0, id);
                assert_true(sim_cancel(fx->sim, index, "", cancel_id, &refusal));
                naive_cancel(book, id);
            } else {
                const sim_new_order order = random_order(&prng, 4);
                const bool is_crossing =
                    naive_best(book, order.side, order.price_e8) != NAIVE_ORDERS_MAX;
                if (!sim_place(fx->sim, &order, &index, &refusal)) {
                    /* Too many or too small, or a maker that would take. */
                    assert_true(
                        refusal.code == -1013 || (refusal.code == -2010 && is_crossing &&
                                                     order.type == CB_ORDER_TYPE_LIMIT_MAKER));
                    continue;
                }
                assert_false(is_crossing && order.type == CB_ORDER_TYPE_LIMIT_MAKER);
                naive_place(book, &order, fx->sim->orders[index].id);
            }
            expect_same_fills(fx, book);
            audit(fx);
        }
        expect_same_book(fx, book);
        audit_trades(fx->sim);
        fixture_free(fx);
    }
    free(book);
}

/* ---- everything at once: stops, quote sizes, house, transfers, third-asset fees ---- */

static void random_step(fixture *fx, cb_prng *prng)
{
    sim_refusal refusal = {0};
    char cancel_id[SIM_CLIENT_ID_SIZE];
    uint32_t index = SIM_NONE;
    const uint64_t kind = cb_prng_below(prng, 20);
    if (kind < 3) {
        index = fx->sim->accounts[cb_prng_below(prng, 4)].open_first;
        (void)sim_cancel(fx->sim, index, "", cancel_id, &refusal);
        return;
    }
    if (kind == 3) {
        (void)sim_transfer(fx->sim,
            (uint32_t)cb_prng_below(prng, 4),
            (uint32_t)cb_prng_below(prng, 3),
            ((int64_t)cb_prng_below(prng, 200) - 100) * CB_E8);
        return;
    }
    if (kind < 7 && fx->sim->config.is_replay) {
        const int64_t price_e8 = E8(100) + ((int64_t)cb_prng_below(prng, 60) - 30) * 1000000;
        const cb_side side = cb_prng_below(prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
        const sim_synthetic shape = {1, 1 + (uint32_t)cb_prng_below(prng, 3), 8, E8(500)};
        sim_replay_trade(
            fx->sim, 0, price_e8, (int64_t)(1 + cb_prng_below(prng, 500000)) * 777, side, 0);
        sim_house_synthetic(fx->sim, 0, &shape, price_e8, side);
        return;
    }
    sim_new_order order = random_order(prng, 4);
    if (kind == 8 && order.type == CB_ORDER_TYPE_MARKET) {
        order.quote_qty_e8 = (int64_t)(10 + cb_prng_below(prng, 1000)) * 12345678;
        order.qty_e8 = 0;
    } else if (kind < 12) {
        static const cb_order_type stops[] = {CB_ORDER_TYPE_STOP_LOSS,
            CB_ORDER_TYPE_STOP_LOSS_LIMIT,
            CB_ORDER_TYPE_TAKE_PROFIT,
            CB_ORDER_TYPE_TAKE_PROFIT_LIMIT};
        order.type = stops[cb_prng_below(prng, 4)];
        order.stop_price_e8 = E8(100) + ((int64_t)cb_prng_below(prng, 40) - 20) * 1000000;
        if (order.price_e8 == 0) {
            order.price_e8 = E8(100);
        }
    }
    (void)sim_place(fx->sim, &order, &index, &refusal);
}

static uint64_t run_flow(uint64_t seed, bool is_replay)
{
    sim_config config = {
        .fee_maker_e8 = 75000,
        .fee_taker_e8 = 123456,
        .fee_asset_price_e8 = E8(300),
        .fee_asset_factor_e8 = 75000000,
        .is_replay = is_replay,
    };
    memcpy(config.fee_asset, "BNB", 4);
    fixture *fx = fixture_make(config, 4);
    assert_true(sim_transfer(fx->sim, 0, sim_find_asset(fx->sim, "BNB"), 3 * CB_E8));
    cb_prng prng;
    cb_prng_init(&prng, seed);
    for (int step = 0; step < 800; step++) {
        sim_set_now(fx->sim, fx->sim->now_ns + MS(cb_prng_below(&prng, 2000)));
        random_step(fx, &prng);
        audit(fx);
        fx->events_count = 0;
    }
    audit_trades(fx->sim);
    const uint64_t hash = sim_state_hash(fx->sim);
    fixture_free(fx);
    return hash;
}

static void random_flow_conserves_money_at_every_step(void **state)
{
    (void)state;
    const uint64_t seeds_end = seeds_first() + seeds_count(60);
    for (uint64_t seed = seeds_first(); seed < seeds_end; seed++) {
        (void)run_flow(seed, false);
    }
}

static void random_flow_against_a_replay_conserves_money_at_every_step(void **state)
{
    (void)state;
    const uint64_t seeds_end = seeds_first() + seeds_count(60);
    for (uint64_t seed = seeds_first(); seed < seeds_end; seed++) {
        (void)run_flow(seed, true);
    }
}

static void the_same_flow_gives_the_same_state(void **state)
{
    (void)state;
    assert_true(run_flow(7, true) == run_flow(7, true));
    assert_true(run_flow(7, true) != run_flow(8, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matching_equals_the_naive_rule),
        cmocka_unit_test(random_flow_conserves_money_at_every_step),
        cmocka_unit_test(random_flow_against_a_replay_conserves_money_at_every_step),
        cmocka_unit_test(the_same_flow_gives_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
