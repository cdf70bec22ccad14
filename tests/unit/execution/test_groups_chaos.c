/* Brackets and OCOs held by execution under the same schedules of faults as single orders: requests
 * lost, late or repeated on the stream, a process that dies between any two of its actions, a
 * market that runs through every trigger. Whatever happens, a group never closes more than it
 * holds, and when the faults end and every stop was reached, nothing of it is left open.
 *
 * EXEC_CHAOS_SEED=n runs the schedule of that seed alone. */
#define WORLD_ORDERS_MAX 192
#define WORLD_GROUPS groups_make
#define WORLD_BID groups_bid
#include <stdio.h>

#include "tests/unit/execution/world.h"

/* the model's fills are no whole lots: what is left of a pair may be dust */
#define DUST_E8 40000
#define CRASH_NS (RIG_START_NS + 100 * CB_NS_PER_S) /* from here on every stop is reached */

static void groups_make(world *w, cb_permit *permit)
{
    const uint32_t kind = (uint32_t)cb_prng_below(&w->venue.prng, 3);
    if (kind == 0) {
        return;
    }
    permit->group_id = permit->intent_id;
    permit->trigger_kind = CB_TRIGGER_QUOTE;
    permit->stop_loss.e8 = 28000 * CB_E8;
    if (kind == 1) {
        permit->role = CB_ROLE_PARENT;
        permit->take_profit.e8 = model_chance(&w->venue, 70) ? 32000 * CB_E8 : 0;
        return;
    }
    permit->role = CB_ROLE_TAKE_PROFIT;
    permit->side = CB_SIDE_SELL;
    permit->reduce_only = true;
    permit->order_type = CB_ORDER_TYPE_LIMIT;
    permit->tif = CB_TIF_GTC;
    permit->limit_price.e8 = 32000 * CB_E8;
}

static int64_t groups_bid(world *w)
{
    if (w->now_ns >= CRASH_NS) {
        return 27000 * CB_E8;
    }
    return (28500 + (int64_t)cb_prng_below(&w->venue.prng, 3000)) * CB_E8 -
           (model_chance(&w->venue, 10) ? 1000 * CB_E8 : 0);
}

#include "tests/testing/seeds.h"
#include "tests/unit/execution/schedule.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS 60
#else
#define RUNS 500
#endif

static int64_t closed_by(const world *w, cb_id group_id)
{
    int64_t sum_e8 = 0;
    for (uint32_t i = 0; i < w->rows_count; i++) {
        const cb_order *order = &w->rows[i].order;
        const bool is_leg = order->leg > 0 && cb_id_equal(order->group_id, group_id);
        sum_e8 += is_leg ? order->cum_qty.e8 : 0;
    }
    return sum_e8;
}

static bool was_killed(const world *w)
{
    return w->kills_count > 0;
}

/* An OCO whose take-profit never came to the venue has ended as a whole. */
static bool came_about(const cb_order *leader)
{
    return leader->state != CB_ORDER_STATE_NOT_SENT && leader->state != CB_ORDER_STATE_REJECTED;
}

static void check_groups(const world *w, uint64_t *groups)
{
    for (uint32_t i = 0; i < w->rows_count; i++) {
        const cb_order *leader = &w->rows[i].order;
        if (leader->role == CB_ROLE_NONE || !cb_id_equal(leader->intent_id, leader->group_id)) {
            continue;
        }
        const int64_t held_e8 =
            leader->role == CB_ROLE_PARENT ? leader->cum_qty.e8 : leader->qty.e8;
        const int64_t closed_e8 = closed_by(w, leader->group_id);
        if (closed_e8 > held_e8) {
            fail_msg("closed %lld of %lld: %s",
                (long long)closed_e8,
                (long long)held_e8,
                leader->client_order_id);
        }
        const bool must_be_closed =
            !was_killed(w) && (leader->role == CB_ROLE_PARENT || came_about(leader));
        if (must_be_closed && held_e8 - closed_e8 > DUST_E8) {
            fail_msg("only %lld of %lld closed: %s",
                (long long)closed_e8,
                (long long)held_e8,
                leader->client_order_id);
        }
        *groups += held_e8 > 0 ? 1 : 0;
    }
}

static void check_orders(world *w)
{
    for (uint32_t i = 0; i < w->rows_count; i++) {
        const cb_order *order = &w->rows[i].order;
        const model_order *there = model_find(&w->venue, order->client_order_id, "");
        if (!cb_order_is_terminal(order->state)) {
            fail_msg("still %s at the end: %s (%s)",
                CB_NAME(cb_order_state, order->state),
                order->client_order_id,
                order->reason);
        }
        if (there != NULL) {
            assert_int_equal(there->posts_count, 1);
            assert_int_equal(there->view.cum_qty.e8, order->cum_qty.e8);
        }
    }
}

static uint64_t running_seed;

static int tell_seed(void **context)
{
    (void)context;
    (void)fprintf(stderr, "seed of the last run: %llu\n", (unsigned long long)running_seed);
    return 0;
}

static void groups_never_close_more_than_they_hold(void **context)
{
    (void)context;
    const char *text = getenv("EXEC_CHAOS_SEED");
    uint64_t only = 0;
    const bool is_single = text != NULL && cb_u64_parse(cb_sv_from(text), UINT64_MAX, &only);
    uint64_t groups = 0;
    uint64_t crashes = 0;
    const uint64_t runs = is_single ? 1 : seeds_count(RUNS);
    for (uint64_t i = 0; i < runs; i++) {
        running_seed = is_single ? only : seeds_first() + i;
        world *w = world_run(running_seed);
        assert_true(w->is_alive);
        check_orders(w);
        check_groups(w, &groups);
        crashes += w->crashes;
        world_end(w);
    }
    print_message("%llu runs: %llu groups that held something, %llu crashes\n",
        (unsigned long long)runs,
        (unsigned long long)groups,
        (unsigned long long)crashes);
    assert_true(is_single || groups > 5 * runs);
    assert_true(is_single || crashes > runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(groups_never_close_more_than_they_hold, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
