/* Random lives of an account against a naive model that shares no code with the core: balances,
 * positions and the accounting identity must agree after every event, every asset sums to zero, and
 * the books rebuilt from entries and fills are the live ones. Each life is then replayed, replayed
 * with restarts from the stored rows at random places, and replayed while allocations are counted.
 */
#include "tests/unit/portfolio/fixture.h"
#include "tests/testing/seeds.h"

#define SEEDS 40
#define STEPS 1500
#define ASSETS 4
#define SYMBOLS 2

static const char *const asset_names[ASSETS] = {"USDT", "BTC", "ETH", "BNB"};
static const char *const symbol_names[SYMBOLS] = {"BTCUSDT", "ETHUSDT"};

typedef struct logged_event {
    uint32_t type;
    int64_t ts_ns;
    uint32_t size;
    void *body;
} logged_event;

typedef struct life {
    fixture *f;
    cb_prng prng;
    cb_i128 balances[ASSETS];
    cb_i128 marks[SYMBOLS];
    cb_i128 day_start;
    uint64_t trades;
    uint64_t transfers;
    cb_fill last_fill;
    logged_event *events;
    uint32_t events_count;
    uint32_t events_capacity;
} life;

static uint64_t below(life *l, uint64_t bound)
{
    return cb_prng_below(&l->prng, bound);
}

static void log_event(void *context, const cb_event *event)
{
    life *l = context;
    if (l->events_count == l->events_capacity) {
        l->events_capacity = l->events_capacity == 0 ? 1024 : l->events_capacity * 2;
        l->events = realloc(l->events, l->events_capacity * sizeof(*l->events));
        assert_non_null(l->events);
    }
    logged_event *kept = &l->events[l->events_count++];
    *kept = (logged_event){event->type, event->ts_ns, event->body_size, NULL};
    if (event->body_size > 0) {
        kept->body = malloc(event->body_size);
        assert_non_null(kept->body);
        memcpy(kept->body, event->body, event->body_size);
    }
}

static cb_i128 value(cb_i128 amount, cb_i128 price)
{
    const cb_i128 product = amount * price;
    return (product + (product < 0 ? -CB_E8 / 2 : CB_E8 / 2)) / CB_E8;
}

static cb_i128 naive_equity(const life *l)
{
    return l->balances[0] + value(l->balances[1], l->marks[0]) + value(l->balances[2], l->marks[1]);
}

static void check_agreement(life *l)
{
    const portfolio_account *a = portfolio_account_of(l->f->state);
    for (int i = 0; i < ASSETS; i++) {
        assert_true(portfolio_amount_of(l->f->state, asset_names[i]) == (int64_t)l->balances[i]);
    }
    for (int i = 0; i < SYMBOLS; i++) { /* all of BTC and ETH came by trading */
        assert_true(l->f->state->symbols[i].position.qty.e8 == (int64_t)l->balances[i + 1]);
    }
    assert_true(cb_ledger_is_balanced(&l->f->state->books));
    assert_true(a->equity.e8 == (int64_t)naive_equity(l));
    assert_true(a->equity.e8 == E8(1000000) + a->transfers.e8 + a->realised_pnl.e8 +
                                    a->unrealised_pnl.e8 - a->fees.e8);
    assert_int_equal(a->differences_count, 0);
    assert_int_equal(a->refused_count, 0);
    assert_int_equal(a->fills_count, l->trades);
    assert_true(a->peak_equity.e8 >= a->equity.e8);
}

static void do_candle(life *l)
{
    f_at(l->f, l->f->now_ns + (int64_t)below(l, 40) * CB_NS_PER_S + 1);
    const int symbol = (int)below(l, SYMBOLS);
    l->marks[symbol] = l->marks[symbol] * (9900 + (int64_t)below(l, 201)) / 10000;
    f_candle(l->f, symbol_names[symbol], (int64_t)l->marks[symbol]);
}

/* Fees in the quote, the base (of buys), a third asset without a price; none; rebates. */
static void set_fee(life *l, cb_fill *fill)
{
    const uint64_t kind = below(l, 6);
    const bool is_buy = fill->side == CB_SIDE_BUY;
    if (kind == 0) {
        return;
    }
    if (kind == 1 || (kind == 2 && !is_buy)) {
        fill->fee.e8 = fill->quote_qty.e8 / 1000;
        F_TEXT(fill->fee_asset, "USDT");
    } else if (kind == 2 || (kind == 3 && is_buy)) {
        fill->fee.e8 = fill->qty.e8 / (kind == 2 ? 1000 : -5000);
        F_TEXT(fill->fee_asset, fill->base_asset);
    } else if (kind == 4) {
        fill->fee.e8 = (int64_t)below(l, (uint64_t)CB_E8);
        F_TEXT(fill->fee_asset, "BNB");
    } else {
        fill->fee.e8 = -fill->quote_qty.e8 / 10000;
        F_TEXT(fill->fee_asset, "USDT");
    }
}

static void do_fill(life *l)
{
    const int symbol = (int)below(l, SYMBOLS);
    const bool is_buy = l->balances[symbol + 1] < 1000 || below(l, 2) == 0;
    int64_t qty_e8 = (int64_t)below(l, (uint64_t)E8(2)) + 1;
    if (!is_buy) { /* some of it, or all */
        const int64_t held_e8 = (int64_t)l->balances[symbol + 1];
        qty_e8 = below(l, 4) == 0 ? held_e8 : (int64_t)below(l, (uint64_t)held_e8) + 1;
    }
    const int64_t price_e8 = (int64_t)l->marks[symbol] + (int64_t)below(l, 1000);
    cb_fill fill = f_fill_of(
        symbol_names[symbol], is_buy ? CB_SIDE_BUY : CB_SIDE_SELL, ++l->trades, qty_e8, price_e8);
    set_fee(l, &fill);
    const cb_i128 sign = is_buy ? 1 : -1;
    l->balances[symbol + 1] += sign * fill.qty.e8;
    l->balances[0] -= sign * fill.quote_qty.e8;
    for (int i = 0; i < ASSETS; i++) {
        l->balances[i] -= cb_text_equal(asset_names[i], fill.fee_asset) ? fill.fee.e8 : 0;
    }
    f_send_fill(l->f, &fill);
    l->last_fill = fill;
}

static void do_repeat(life *l)
{
    if (l->trades > 0) {
        f_send_fill(l->f, &l->last_fill);
        assert_int_equal(l->f->out->actions_count, 0);
    }
}

static void do_transfer(life *l)
{
    const int64_t amount_e8 = (int64_t)below(l, (uint64_t)E8(2000)) - E8(1000);
    if (amount_e8 == 0) {
        return;
    }
    char id[24];
    (void)snprintf(id, sizeof(id), "t-%llu", (unsigned long long)++l->transfers);
    l->balances[0] += amount_e8;
    f_transfer(l->f, "USDT", amount_e8, id);
}

/* The venue agrees, whole or in part; and a message from before the last fill is not compared. */
static void do_balance(life *l)
{
    cb_balance body;
    const bool is_whole = below(l, 2) == 0;
    f_balance_head(l->f, &body, is_whole ? CB_BALANCE_REASON_SNAPSHOT : CB_BALANCE_REASON_UPDATE);
    for (int i = 0; i < ASSETS; i++) {
        if (is_whole || below(l, 2) == 0) {
            f_add_balance(&body, asset_names[i], (int64_t)l->balances[i]);
        }
    }
    f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    if (body.fills_count > 0 && body.balances_count > 0) {
        body.fills_count--;
        body.balances[0].free.e8 += E8(7);
        f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    }
}

static void life_step(life *l)
{
    const uint64_t choice = below(l, 100);
    if (choice < 30) {
        do_candle(l);
    } else if (choice < 70) {
        do_fill(l);
    } else if (choice < 80) {
        do_repeat(l);
    } else if (choice < 85) {
        do_transfer(l);
    } else {
        do_balance(l);
    }
    check_agreement(l);
}

static life *life_begin(uint64_t seed)
{
    life *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    cb_prng_init(&l->prng, seed);
    l->f = f_create();
    l->f->on_feed = log_event;
    l->f->on_feed_context = l;
    l->marks[0] = (cb_i128)40000 * CB_E8;
    l->marks[1] = (cb_i128)3000 * CB_E8;
    l->balances[0] = (cb_i128)1000000 * CB_E8;
    l->balances[3] = (cb_i128)1000 * CB_E8;
    f_instrument(l->f, "BTCUSDT", "BTC");
    f_instrument(l->f, "ETHUSDT", "ETH");
    cb_balance body;
    f_balance_head(l->f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(1000000));
    f_add_balance(&body, "BNB", E8(1000));
    f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    f_candle(l->f, "BTCUSDT", E8(40000));
    f_candle(l->f, "ETHUSDT", E8(3000));
    return l;
}

static void life_end(life *l)
{
    for (uint32_t i = 0; i < l->events_count; i++) {
        free(l->events[i].body);
    }
    free(l->events);
    f_destroy(l->f);
    free(l);
}

/* ---- replays ---- */

static void feed_logged(fixture *f, const logged_event *event)
{
    f->now_ns = event->ts_ns;
    f_feed(f, event->type, event->body, event->size);
}

static void check_same_end(fixture *f, const life *l)
{
    assert_true(
        portfolio_core_ops.state_hash(f->state) == portfolio_core_ops.state_hash(l->f->state));
    assert_true(portfolio_books_hash(f->state) == portfolio_books_hash(l->f->state));
}

static void check_replay(const life *l)
{
    fixture *f = f_create();
    for (uint32_t i = 0; i < l->events_count; i++) {
        feed_logged(f, &l->events[i]);
    }
    assert_true(f->actions_hash == l->f->actions_hash);
    assert_int_equal(f->published_count, l->f->published_count);
    check_same_end(f, l);
    f_destroy(f);
}

static void check_recovery(life *l)
{
    fixture *f = f_create();
    for (uint32_t i = 0; i < l->events_count; i++) {
        if (below(l, 200) == 0) {
            const uint64_t hash = portfolio_core_ops.state_hash(f->state);
            f_restart(f);
            assert_true(portfolio_core_ops.state_hash(f->state) == hash);
            f_check_rebuild(f);
        }
        feed_logged(f, &l->events[i]);
    }
    for (uint32_t table = 0; table < PORTFOLIO_TABLE_SNAPSHOT; table++) {
        assert_int_equal(f_count(f, table), f_count(l->f, table));
        for (uint32_t i = 0; i < f_count(f, table); i++) {
            const cb_desc *desc = table_desc(table);
            assert_true(cb_body_hash(CB_HASH_SEED, desc, f_row(f, table, i)) ==
                        cb_body_hash(CB_HASH_SEED, desc, f_row(l->f, table, i)));
        }
    }
    check_same_end(f, l);
    f_destroy(f);
}

/* ---- counting allocations ---- */
static volatile uint64_t allocations_count; /* a compiler knows that malloc changes nothing */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER /* it brings its own malloc */
#define CAN_COUNT true
void *__libc_malloc(size_t size);
void *malloc(size_t size);
void *malloc(size_t size)
{
    allocations_count++;
    return __libc_malloc(size);
}
#else
#define CAN_COUNT false
#endif

static void check_no_allocation(const life *l)
{
    fixture *f = f_create();
    uint64_t during_steps = 0;
    for (uint32_t i = 0; i < l->events_count; i++) {
        const logged_event *logged = &l->events[i];
        const cb_event event = {.seq = i,
            .ts_ns = logged->ts_ns,
            .type = logged->type,
            .body_size = logged->size,
            .body = logged->body};
        cb_outbox_reset(f->out);
        const uint64_t before = allocations_count;
        portfolio_core_ops.step(f->state, &event, f->out);
        during_steps += allocations_count - before;
    }
    assert_int_equal(during_steps, 0);
    f_destroy(f);
}

static void random_lives_agree_with_the_naive_model(void **unused)
{
    (void)unused;
    const uint64_t seeds_end = seeds_first() + seeds_count(SEEDS);
    for (uint64_t seed = seeds_first(); seed < seeds_end; seed++) {
        life *l = life_begin(seed);
        for (int i = 0; i < STEPS; i++) {
            life_step(l);
        }
        assert_true(l->trades > STEPS / 4);
        f_check_rebuild(l->f);
        check_replay(l);
        check_recovery(l);
        if (seed <= 3) {
            check_no_allocation(l);
        }
        life_end(l);
    }
    if (CAN_COUNT) { /* the counter counts */
        const uint64_t before = allocations_count;
        void *volatile kept = malloc(1); /* the compiler may not leave it out */
        free(kept);
        assert_true(allocations_count > before);
    }
}

/* A rebuild from rows that were tampered with does not agree. */
static void a_tampered_row_is_found_by_rebuilding(void **unused)
{
    (void)unused;
    life *l = life_begin(99);
    for (int i = 0; i < 200; i++) {
        life_step(l);
    }
    portfolio_state *rebuilt = f_blank_state(&l->f->config);
    portfolio_entry *entry = f_row(l->f, PORTFOLIO_TABLE_ENTRY, 3);
    entry->postings[0].amount.e8 += 1; /* out of balance */
    bool is_right = true;
    for (uint32_t i = 0; i < f_count(l->f, PORTFOLIO_TABLE_ENTRY) && is_right; i++) {
        is_right = portfolio_rebuild_entry(rebuilt, f_row(l->f, PORTFOLIO_TABLE_ENTRY, i));
    }
    assert_false(is_right);
    free(rebuilt);
    rebuilt = f_blank_state(&l->f->config);
    portfolio_fill *fill = f_row(l->f, PORTFOLIO_TABLE_FILL, 3);
    fill->fee_quote.e8 += 1;
    for (uint32_t i = 0; i < f_count(l->f, PORTFOLIO_TABLE_FILL); i++) {
        assert_true(portfolio_rebuild_fill(rebuilt, f_row(l->f, PORTFOLIO_TABLE_FILL, i)));
    }
    assert_true(
        portfolio_account_of(rebuilt)->fees.e8 != portfolio_account_of(l->f->state)->fees.e8);
    free(rebuilt);
    life_end(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives_agree_with_the_naive_model),
        cmocka_unit_test(a_tampered_row_is_found_by_rebuilding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
