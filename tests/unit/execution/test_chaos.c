/* Thousands of random schedules: requests lost, delayed to their bounds, answered late or not at
 * all, a user stream that drops, repeats and reorders, and a process that dies between any two of
 * its actions and starts again from what was committed. When the faults end, the books must agree:
 *
 *   I1  at most one venue order per intent        I3  venue trades = recorded fills, each once
 *   I5  nothing open on one side only             I6  nothing unknown for ever
 *   I7  NOT_SENT and REJECTED were never there    I10 only allowed moves, versions gapless
 *
 * The seed of a failing run is printed; EXEC_CHAOS_SEED=n runs that one alone. */
#include <stdio.h>

#include "tests/unit/execution/schedule.h"
#include "tests/testing/seeds.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS 200 /* the checks cost ten times the schedules */
#else
#define RUNS 2000
#endif

/* ---- the books ---- */

static void check_orders(world *w)
{
    for (uint32_t i = 0; i < w->rows_count; i++) {
        const cb_order *order = &w->rows[i].order;
        const model_order *there = model_find(&w->venue, order->client_order_id, "");
        if (!cb_order_is_terminal(order->state)) {
            fail_msg("still %s at the end: %s",
                CB_NAME(cb_order_state, order->state),
                order->client_order_id);
        }
        const bool was_never_there =
            order->state == CB_ORDER_STATE_NOT_SENT || order->state == CB_ORDER_STATE_REJECTED;
        if (was_never_there != (there == NULL)) {
            fail_msg("%s here, %s at the venue: %s",
                CB_NAME(cb_order_state, order->state),
                there == NULL ? "not there" : CB_NAME(cb_order_state, there->view.state),
                order->client_order_id);
        }
        if (there != NULL) {
            assert_int_equal(there->view.state, order->state);
            assert_int_equal(there->view.cum_qty.e8, order->cum_qty.e8);
        }
    }
    for (uint32_t i = 0; i < w->venue.orders_count; i++) {
        const model_order *there = &w->venue.orders[i];
        assert_int_equal(there->posts_count, 1);
        assert_true(cb_order_is_terminal(there->view.state));
    }
}

static const cb_fill *find_fill(const world *w, uint64_t trade_id)
{
    for (uint32_t i = 0; i < w->fills_count; i++) {
        if (w->fills[i].trade_id == trade_id) {
            return &w->fills[i];
        }
    }
    return NULL;
}

/* Trades from before the first reconciliation are part of the first balances and are not booked. */
static void check_fills(const world *w)
{
    assert_int_equal(w->marks_count, 1);
    const uint64_t baseline = w->marks[0].baseline;
    for (uint32_t i = 0; i < w->venue.trades_count; i++) {
        const cb_venue_trade *trade = &w->venue.trades[i];
        if (trade->trade_id <= baseline) {
            assert_null(find_fill(w, trade->trade_id));
            continue;
        }
        const cb_fill *fill = find_fill(w, trade->trade_id);
        if (fill == NULL) {
            fail_msg("trade %llu is missing", (unsigned long long)trade->trade_id);
            return;
        }
        assert_int_equal(fill->qty.e8, trade->qty.e8);
        assert_int_equal(fill->price.e8, trade->price.e8);
        assert_int_equal(fill->fee.e8, trade->fee.e8);
        assert_string_equal(fill->venue_order_id, trade->venue_order_id);
    }
    assert_int_equal(w->fills_count, w->venue.trades_count - baseline);
}

static void check_at_rest(const world *w)
{
    assert_true(w->is_alive);
    const exec_view view = rig_view(&w->process);
    assert_true(view.is_live);
    assert_int_equal(view.active_count, 0);
    assert_int_equal(view.kill_level, 0);
    for (uint32_t i = 0; i < w->permits_count; i++) {
        assert_true(w->is_permit_done[i]);
    }
}

static uint64_t seed_of_environment(void)
{
    const char *text = getenv("EXEC_CHAOS_SEED");
    uint64_t seed = 0;
    return text != NULL && cb_u64_parse(cb_sv_from(text), UINT64_MAX, &seed) ? seed : 0;
}

static uint64_t running_seed;

static int tell_seed(void **context)
{
    (void)context;
    (void)fprintf(stderr, "seed of the last run: %llu\n", (unsigned long long)running_seed);
    return 0;
}

static void books_agree_after_any_schedule(void **context)
{
    (void)context;
    const uint64_t only = seed_of_environment();
    uint64_t crashes = 0;
    uint64_t unknowns = 0;
    uint64_t absent = 0;
    uint64_t fills = 0;
    const uint64_t runs = seeds_count(RUNS);
    for (uint64_t seed = seeds_first(); seed < seeds_first() + runs; seed++) {
        running_seed = only != 0 ? only : seed;
        world *w = world_run(running_seed);
        check_at_rest(w);
        check_orders(w);
        check_fills(w);
        crashes += w->crashes;
        unknowns += w->unknowns;
        absent += w->resolved_absent;
        fills += w->fills_count;
        world_end(w);
        if (only != 0) {
            return;
        }
    }
    print_message("%d runs: %llu crashes, %llu unknown, %llu proved absent, %llu fills\n",
        (int)runs,
        (unsigned long long)crashes,
        (unsigned long long)unknowns,
        (unsigned long long)absent,
        (unsigned long long)fills);
    /* The schedules must have been worth it. */
    assert_true(crashes > UINT64_C(4) * runs);
    assert_true(unknowns > UINT64_C(4) * runs);
    assert_true(absent > runs / 2);
    assert_true(fills > UINT64_C(20) * runs);
}

static void equal_seeds_give_equal_histories(void **context)
{
    (void)context;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world *first = world_run(seed);
        world *second = world_run(seed);
        assert_int_equal(first->hash, second->hash);
        assert_int_equal(first->fills_count, second->fills_count);
        assert_true(execution_core.state_hash(first->process.memory) ==
                    execution_core.state_hash(second->process.memory));
        world_end(first);
        world_end(second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(books_agree_after_any_schedule, tell_seed),
        cmocka_unit_test(equal_seeds_give_equal_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
