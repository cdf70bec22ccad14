/* 64 strategies race for the last unit of limits that they share: the real core of risk, and the
 * real caps of execution, against a model venue that shares no code with them and adds up by itself
 * what is held and what may still fill. At every moment, whatever the states of the orders, never
 * one unit over a limit at the venue; and nobody starves, although some ask seventy times as
 * often as others. RACE_INTENTS sets the length (make race: a million). */
#include "tests/testing/seeds.h"
#include "tests/unit/risk/fixture.h"

#define STRATEGIES 64
#define INTENTS_DEFAULT 20000
#define UNIT_E8 (CB_E8 / 100) /* every order: 0.01 BTC */
#define PRICE_E8 E8(40000)    /* limit orders at one price: the arithmetic is exact */
#define UNITS_MAX 6           /* of the shared position limit */
#define OPEN_MAX 4            /* of the shared limit of open orders */
#define OWN_UNITS_MAX 3       /* of each strategy for itself */
#define LIVE_MAX 64

/* An order at the model venue. */
typedef struct venue_order {
    cb_permit permit;
    uint32_t version;
    int64_t cum_e8;
    int strategy;
} venue_order;

typedef struct race {
    fixture *f;
    cb_prng prng;
    venue_order live[LIVE_MAX]; /* permitted and not ended, in whatever state */
    uint32_t live_count;
    int64_t held_e8[STRATEGIES];
    uint64_t grants[STRATEGIES];
    uint64_t asked[STRATEGIES];
    uint64_t trades;
    uint64_t intents;
    uint64_t full_count; /* moments at which the limit was used to the last unit */
    int64_t most_e8;
    uint32_t most_open;
} race;

static uint64_t below(race *r, uint64_t bound)
{
    return cb_prng_below(&r->prng, bound);
}

/* ---- the independent sum ---- */

static void check_sums(race *r)
{
    int64_t all_e8 = 0;
    int64_t of[STRATEGIES] = {0};
    for (int i = 0; i < STRATEGIES; i++) {
        of[i] = r->held_e8[i];
    }
    for (uint32_t i = 0; i < r->live_count; i++) {
        const venue_order *order = &r->live[i];
        if (order->permit.side == CB_SIDE_BUY) {
            of[order->strategy] += order->permit.qty.e8 - order->cum_e8;
        }
    }
    for (int i = 0; i < STRATEGIES; i++) {
        if (of[i] > OWN_UNITS_MAX * UNIT_E8) {
            fail_msg("s%02d has %lld after %llu intents",
                i,
                (long long)of[i],
                (unsigned long long)r->intents);
        }
        all_e8 += of[i];
    }
    assert_true(all_e8 <= UNITS_MAX * UNIT_E8);
    assert_true(r->live_count <= OPEN_MAX + STRATEGIES); /* reductions pass the limit of orders */
    r->most_e8 = all_e8 > r->most_e8 ? all_e8 : r->most_e8;
    r->full_count += all_e8 == UNITS_MAX * UNIT_E8 ? 1 : 0;
}

/* ---- intents ---- */

static void take_permit(race *r, int strategy)
{
    const cb_permit *permit = f_permit(r->f);
    if (permit == NULL) {
        return;
    }
    if (permit->side == CB_SIDE_BUY) {
        assert_true(permit->qty.e8 == UNIT_E8); /* a sell may have been cut to what is held */
        uint32_t open = 0;
        for (uint32_t i = 0; i < r->live_count; i++) {
            open++;
        }
        assert_true(open < OPEN_MAX); /* this one is the OPEN_MAX-th at most */
        r->most_open = open + 1 > r->most_open ? open + 1 : r->most_open;
    }
    assert_true(r->live_count < LIVE_MAX);
    r->grants[strategy] += permit->side == CB_SIDE_BUY ? 1 : 0;
    r->live[r->live_count++] = (venue_order){.permit = *permit, .strategy = strategy};
}

static void ask(race *r, int strategy, bool is_exit)
{
    const int64_t held_e8 = r->held_e8[strategy] < UNIT_E8 ? r->held_e8[strategy] : UNIT_E8;
    cb_intent intent =
        is_exit ? f_exit(r->f, "BTCUSDT", PRICE_E8, held_e8) : f_intent(r->f, "BTCUSDT", PRICE_E8);
    intent.qty.e8 = is_exit ? held_e8 : UNIT_E8;
    intent.order_type = is_exit ? CB_ORDER_TYPE_MARKET : CB_ORDER_TYPE_LIMIT;
    intent.limit_price.e8 = is_exit ? 0 : PRICE_E8;
    intent.data_ts_ns = 0;
    (void)snprintf(intent.strategy, sizeof(intent.strategy), "s%02d", strategy);
    f_send(r->f, &intent);
    r->intents++;
    r->asked[strategy] += is_exit ? 0 : 1;
    take_permit(r, strategy);
}

/* The first eight ask seventy times as often as the rest: the greedy would win a race that goes by
 * who comes first. */
static int pick_strategy(race *r)
{
    return (int)(below(r, 10) < 9 ? below(r, 8) : below(r, STRATEGIES));
}

/* ---- the venue's word ---- */

static void end_order(race *r, uint32_t index, cb_order_state state)
{
    venue_order *order = &r->live[index];
    f_order_event(r->f, &order->permit, ++order->version, state, order->cum_e8);
    if (below(r, 4) == 0) { /* told twice, and an old word after it: released once */
        f_order_event(r->f, &order->permit, order->version, state, order->cum_e8);
        f_order_event(r->f, &order->permit, 1, CB_ORDER_STATE_REJECTED, 0);
    }
    r->live[index] = r->live[--r->live_count];
}

static void fill(race *r, venue_order *order, int64_t qty_e8)
{
    f_fill(r->f, &order->permit, ++r->trades, qty_e8, PRICE_E8);
    if (below(r, 4) == 0) {
        f_fill(r->f, &order->permit, r->trades, qty_e8, PRICE_E8);
    }
    order->cum_e8 += qty_e8;
    r->held_e8[order->strategy] += order->permit.side == CB_SIDE_BUY ? qty_e8 : -qty_e8;
}

/* Something happens to one order: sent, unknown, partly filled, filled, canceled. */
static void move_order(race *r)
{
    if (r->live_count == 0) {
        return;
    }
    const uint32_t index = (uint32_t)below(r, r->live_count);
    venue_order *order = &r->live[index];
    const int64_t left_e8 = order->permit.qty.e8 - order->cum_e8;
    static const cb_order_state states[] = {
        CB_ORDER_STATE_SENDING, CB_ORDER_STATE_OPEN, CB_ORDER_STATE_UNKNOWN};
    const uint64_t choice = below(r, 10);
    if (choice < 3) {
        f_order_event(r->f, &order->permit, ++order->version, states[choice], order->cum_e8);
    } else if (choice < 5 && left_e8 > UNIT_E8 / 2) {
        fill(r, order, UNIT_E8 / 2);
    } else if (choice < 8) {
        if (left_e8 > 0) {
            fill(r, order, left_e8);
        }
        end_order(r, index, CB_ORDER_STATE_FILLED);
    } else {
        end_order(r, index, order->cum_e8 > 0 ? CB_ORDER_STATE_CANCELED : CB_ORDER_STATE_NOT_SENT);
    }
}

/* Whoever holds something sells it again sometimes, or no room would ever come free. */
static void leave(race *r)
{
    const int first = (int)below(r, STRATEGIES);
    for (int i = 0; i < STRATEGIES; i++) {
        const int strategy = (first + i) % STRATEGIES;
        if (r->held_e8[strategy] > 0 && r->live_count < OPEN_MAX) {
            ask(r, strategy, true);
            return;
        }
    }
}

static fixture *begin_race(void)
{
    risk_config config;
    f_defaults(&config);
    (void)snprintf(config.limits,
        sizeof(config.limits),
        "position_qty@symbol:BTCUSDT=0.06; open_orders@*=%d; position_qty@strategy:*,symbol:*=0.03",
        OPEN_MAX);
    assert_string_equal(risk_limits_text_error(config.limits), "");
    *f_param(&config, RISK_RULE_ID_order_rate, 0) = 60000; /* the race is for the book */
    *f_param(&config, RISK_RULE_ID_order_rate, 1) = 10000;
    *f_param(&config, RISK_RULE_ID_order_rate, 2) = 60000;
    *f_param(&config, RISK_RULE_ID_order_rate, 3) = 10000;
    *f_param(&config, RISK_RULE_ID_trade_risk_max, 0) = CB_E8 / 10;
    fixture *f = f_create_with(&config);
    f_make_ready(f);
    return f;
}

/* Without a history on disk, a million intents fit in memory. */
static void forget_history(fixture *f)
{
    static const risk_table history[] = {RISK_TABLE_FILL,
        RISK_TABLE_JUDGEMENT,
        RISK_TABLE_PERMIT,
        RISK_TABLE_DENIAL,
        RISK_TABLE_RESERVATION};
    for (size_t i = 0; i < sizeof(history) / sizeof(history[0]); i++) {
        f->tables[history[i]].count = 0;
    }
}

static void report(const race *r)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    uint64_t sum = 0;
    for (int i = 0; i < STRATEGIES; i++) {
        least = r->grants[i] < least ? r->grants[i] : least;
        most = r->grants[i] > most ? r->grants[i] : most;
        sum += r->grants[i];
    }
    print_message("%llu intents, %llu granted; most held and claimed %lld of %lld units e-8,"
                  " at the limit %llu times; orders open at most %u of %d;"
                  " grants per strategy %llu to %llu\n",
        (unsigned long long)r->intents,
        (unsigned long long)sum,
        (long long)r->most_e8,
        (long long)UNITS_MAX * UNIT_E8,
        (unsigned long long)r->full_count,
        r->most_open,
        OPEN_MAX,
        (unsigned long long)least,
        (unsigned long long)most);
}

static void the_last_unit_is_never_given_twice_and_nobody_starves(void **unused)
{
    (void)unused;
    const uint64_t intents_max = seeds_from("RACE_INTENTS", INTENTS_DEFAULT);
    race *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    cb_prng_init(&r->prng, seeds_first());
    r->f = begin_race();
    while (r->intents < intents_max) {
        f_at(r->f, r->f->now_ns + 20 * CB_NS_PER_MS);
        if (r->intents % 64 == 0) {
            f_market(r->f, PRICE_E8, E8(3000));
            forget_history(r->f);
        }
        const uint64_t choice = below(r, 200);
        if (choice < 120) {
            ask(r, pick_strategy(r), false);
        } else if (choice < 193) {
            move_order(r);
        } else {
            leave(r);
        }
        check_sums(r);
    }
    report(r);
    assert_true(r->full_count > 0); /* there was a last unit to race for */
    for (int i = 0; i < STRATEGIES; i++) {
        /* A fair share of the room would be 1/64 each; asking seldom costs no more than half. */
        uint64_t sum = 0;
        for (int k = 0; k < STRATEGIES; k++) {
            sum += r->grants[k];
        }
        if (r->asked[i] * STRATEGIES > 4 * sum) {
            assert_true(r->grants[i] * STRATEGIES * 4 >= sum);
        }
        assert_true(r->grants[i] > 0);
    }
    f_destroy(r->f);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_unit_is_never_given_twice_and_nobody_starves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
