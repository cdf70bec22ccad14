/* The order state machine: the whole matrix, written out by hand a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/order.h"

#define STATES (CB_ORDER_STATE_NOT_SENT + 1)

/* Rows: from; columns: to. N none, R ready, S sending, O open, U unknown, P partially filled,
 * F filled, C canceled, E expired, J rejected, X not sent. */
static const char *const matrix[STATES] = {
    /*                                      NRSOUPFCEJX */
    [CB_ORDER_STATE_NONE] = /*           */ ".x.x.xxxx..",
    [CB_ORDER_STATE_READY] = /*          */ ".xx.......x",
    [CB_ORDER_STATE_SENDING] = /*        */ "...xxxxxxxx",
    [CB_ORDER_STATE_OPEN] = /*           */ "...x.xxxx..",
    [CB_ORDER_STATE_UNKNOWN] = /*        */ "...x.xxxxxx",
    [CB_ORDER_STATE_PARTIALLY_FILLED] = ".....xxxx..",
    [CB_ORDER_STATE_FILLED] = /*         */ "...........",
    [CB_ORDER_STATE_CANCELED] = /*       */ "...........",
    [CB_ORDER_STATE_EXPIRED] = /*        */ "...........",
    [CB_ORDER_STATE_REJECTED] = /*       */ "...........",
    [CB_ORDER_STATE_NOT_SENT] = /*       */ "...........",
};

static void the_whole_matrix_of_moves(void **unused)
{
    (void)unused;
    for (int from = 0; from < STATES; from++) {
        for (int to = 0; to < STATES; to++) {
            const bool wanted = matrix[from][to] == 'x';
            if (cb_order_can_move((cb_order_state)from, (cb_order_state)to) != wanted) {
                fail_msg("%s to %s", CB_NAME(cb_order_state, from), CB_NAME(cb_order_state, to));
            }
        }
    }
}

static void terminal_means_that_nothing_follows(void **unused)
{
    (void)unused;
    for (int from = 0; from < STATES; from++) {
        bool has_next = false;
        for (int to = 0; to < STATES; to++) {
            has_next = has_next || cb_order_can_move((cb_order_state)from, (cb_order_state)to);
        }
        assert_int_equal(cb_order_is_terminal((cb_order_state)from), !has_next);
    }
    assert_true(cb_order_is_unresolved(CB_ORDER_STATE_SENDING));
    assert_true(cb_order_is_unresolved(CB_ORDER_STATE_UNKNOWN));
    assert_false(cb_order_is_unresolved(CB_ORDER_STATE_OPEN));
    assert_true(cb_order_is_at_venue(CB_ORDER_STATE_OPEN));
    assert_true(cb_order_is_at_venue(CB_ORDER_STATE_PARTIALLY_FILLED));
    assert_false(cb_order_is_at_venue(CB_ORDER_STATE_SENDING));
    assert_false(cb_order_is_at_venue(CB_ORDER_STATE_FILLED));
}

static void an_order_seen_at_the_venue_is_never_denied(void **unused)
{
    (void)unused;
    static const cb_order_state seen[] = {
        CB_ORDER_STATE_OPEN, CB_ORDER_STATE_PARTIALLY_FILLED, CB_ORDER_STATE_FILLED};
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        assert_false(cb_order_can_move(seen[i], CB_ORDER_STATE_REJECTED));
        assert_false(cb_order_can_move(seen[i], CB_ORDER_STATE_NOT_SENT));
        assert_false(cb_order_can_move(seen[i], CB_ORDER_STATE_UNKNOWN));
    }
}

static void exposure_is_whole_until_terminal(void **unused)
{
    (void)unused;
    const cb_qty qty = {1000};
    for (int state = 1; state < STATES; state++) {
        const int64_t wanted = cb_order_is_terminal((cb_order_state)state) ? 0 : 700;
        const cb_qty cum = {300};
        assert_int_equal(cb_order_exposure((cb_order_state)state, qty, cum).e8, wanted);
    }
    assert_int_equal(cb_order_exposure(CB_ORDER_STATE_SENDING, qty, (cb_qty){0}).e8, 1000);
    assert_int_equal(cb_order_exposure(CB_ORDER_STATE_UNKNOWN, qty, (cb_qty){0}).e8, 1000);
    assert_int_equal(cb_order_exposure(CB_ORDER_STATE_READY, qty, (cb_qty){0}).e8, 1000);
    assert_int_equal(cb_order_exposure(CB_ORDER_STATE_OPEN, qty, qty).e8, 0);
}

static cb_order an_order(cb_order_state state, uint32_t version, int64_t cum_e8)
{
    cb_order order;
    memset(&order, 0, sizeof(order));
    order.intent_id = (cb_id){1, 2};
    memcpy(order.account, "main", 5);
    memcpy(order.venue, "binance", 8);
    memcpy(order.symbol, "BTCUSDT", 8);
    order.side = CB_SIDE_BUY;
    order.qty.e8 = 1000;
    order.cum_qty.e8 = cum_e8;
    order.state = state;
    order.version = version;
    return order;
}

static void a_life_without_trouble_is_accepted(void **unused)
{
    (void)unused;
    const cb_order life[] = {
        an_order(CB_ORDER_STATE_READY, 1, 0),
        an_order(CB_ORDER_STATE_SENDING, 2, 0),
        an_order(CB_ORDER_STATE_UNKNOWN, 3, 0),
        an_order(CB_ORDER_STATE_OPEN, 4, 0),
        an_order(CB_ORDER_STATE_PARTIALLY_FILLED, 5, 1),
        an_order(CB_ORDER_STATE_PARTIALLY_FILLED, 6, 999),
        an_order(CB_ORDER_STATE_FILLED, 7, 1000),
    };
    for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
        assert_int_equal(
            cb_order_check_move(i == 0 ? NULL : &life[i - 1], &life[i]), CB_ORDER_REFUSAL_NONE);
    }
}

typedef struct move_case {
    cb_order_state from;
    int64_t from_cum;
    cb_order_state to;
    int64_t to_cum;
    cb_order_refusal refusal;
} move_case;

static void moves_are_refused_by_name(void **unused)
{
    (void)unused;
    static const move_case cases[] = {
        {CB_ORDER_STATE_READY, 0, CB_ORDER_STATE_OPEN, 0, CB_ORDER_REFUSAL_TRANSITION},
        {CB_ORDER_STATE_FILLED, 1000, CB_ORDER_STATE_CANCELED, 1000, CB_ORDER_REFUSAL_TRANSITION},
        {CB_ORDER_STATE_OPEN, 0, CB_ORDER_STATE_REJECTED, 0, CB_ORDER_REFUSAL_TRANSITION},
        {CB_ORDER_STATE_PARTIALLY_FILLED,
            500,
            CB_ORDER_STATE_PARTIALLY_FILLED,
            499,
            CB_ORDER_REFUSAL_CUM_FALLS},
        {CB_ORDER_STATE_PARTIALLY_FILLED,
            500,
            CB_ORDER_STATE_CANCELED,
            0,
            CB_ORDER_REFUSAL_CUM_FALLS},
        {CB_ORDER_STATE_OPEN, 0, CB_ORDER_STATE_FILLED, 1001, CB_ORDER_REFUSAL_CUM_ABOVE_QTY},
        {CB_ORDER_STATE_OPEN, 0, CB_ORDER_STATE_FILLED, 999, CB_ORDER_REFUSAL_FILLED_PARTLY},
        {CB_ORDER_STATE_OPEN,
            0,
            CB_ORDER_STATE_PARTIALLY_FILLED,
            0,
            CB_ORDER_REFUSAL_PARTIAL_EMPTY},
        {CB_ORDER_STATE_OPEN,
            0,
            CB_ORDER_STATE_PARTIALLY_FILLED,
            1000,
            CB_ORDER_REFUSAL_PARTIAL_EMPTY},
        {CB_ORDER_STATE_UNKNOWN, 0, CB_ORDER_STATE_NOT_SENT, 1, CB_ORDER_REFUSAL_UNSENT_FILLED},
        {CB_ORDER_STATE_SENDING, 0, CB_ORDER_STATE_REJECTED, 1, CB_ORDER_REFUSAL_UNSENT_FILLED},
        {CB_ORDER_STATE_PARTIALLY_FILLED, 500, CB_ORDER_STATE_CANCELED, 600, CB_ORDER_REFUSAL_NONE},
        {CB_ORDER_STATE_SENDING, 0, CB_ORDER_STATE_FILLED, 1000, CB_ORDER_REFUSAL_NONE},
        {CB_ORDER_STATE_SENDING, 0, CB_ORDER_STATE_EXPIRED, 0, CB_ORDER_REFUSAL_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const cb_order before = an_order(cases[i].from, 4, cases[i].from_cum);
        const cb_order after = an_order(cases[i].to, 5, cases[i].to_cum);
        const cb_order_refusal refusal = cb_order_check_move(&before, &after);
        if (refusal != cases[i].refusal) {
            fail_msg("case %zu: %s", i, cb_order_refusal_name(refusal));
        }
    }
}

static void versions_have_no_gaps_and_identity_stays(void **unused)
{
    (void)unused;
    const cb_order before = an_order(CB_ORDER_STATE_OPEN, 4, 0);
    cb_order after = an_order(CB_ORDER_STATE_CANCELED, 6, 0);
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_VERSION);
    after.version = 4;
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_VERSION);
    after.version = 5;
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_NONE);
    after.qty.e8 = 1001;
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_QTY_RISES);
    after.qty.e8 = 999; /* amended */
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_NONE);
    after = an_order(CB_ORDER_STATE_CANCELED, 5, 0);
    after.side = CB_SIDE_SELL;
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_IDENTITY);
    after = an_order(CB_ORDER_STATE_CANCELED, 5, 0);
    after.intent_id.lo++;
    assert_int_equal(cb_order_check_move(&before, &after), CB_ORDER_REFUSAL_IDENTITY);
    const cb_order first = an_order(CB_ORDER_STATE_READY, 2, 0);
    assert_int_equal(cb_order_check_move(NULL, &first), CB_ORDER_REFUSAL_VERSION);
}

static void refusals_have_names(void **unused)
{
    (void)unused;
    for (int i = 0; i < CB_ORDER_REFUSAL_COUNT; i++) {
        assert_non_null(cb_order_refusal_name((cb_order_refusal)i));
    }
    assert_string_equal(cb_order_refusal_name(CB_ORDER_REFUSAL_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_matrix_of_moves),
        cmocka_unit_test(terminal_means_that_nothing_follows),
        cmocka_unit_test(an_order_seen_at_the_venue_is_never_denied),
        cmocka_unit_test(exposure_is_whole_until_terminal),
        cmocka_unit_test(a_life_without_trouble_is_accepted),
        cmocka_unit_test(moves_are_refused_by_name),
        cmocka_unit_test(versions_have_no_gaps_and_identity_stays),
        cmocka_unit_test(refusals_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
