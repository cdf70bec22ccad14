/* A portfolio core with everything around it played by the test: clock, market, fills, balances,
 * and the tables that its STORE actions would fill. */
#ifndef TEST_PORTFOLIO_FIXTURE_H
#define TEST_PORTFOLIO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/money.h"
#include "base/prng.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/bodyhash.h"
#include "services/portfolio/core/state.h"

#define T0 (INT64_C(1640995200) * CB_NS_PER_S) /* 2022-01-01T00:00:00Z */
#define MINUTE (60 * CB_NS_PER_S)
#define E8(units) ((int64_t)(units)*CB_E8)

/* One table as the database would keep it: whole bodies in order of first insertion. */
typedef struct stored_table {
    uint8_t *rows;
    uint32_t count;
    uint32_t capacity;
} stored_table;

typedef struct fixture {
    portfolio_config config;
    portfolio_state *state;
    cb_outbox *out;
    stored_table tables[PORTFOLIO_TABLES_COUNT];
    int64_t now_ns;
    uint64_t seq;
    uint64_t ids;
    uint64_t actions_hash; /* of every stored row of every step so far */
    int64_t timer_ns;      /* 0 = not set */
    uint32_t published_count;
    cb_portfolio published;                                /* the newest */
    void (*on_feed)(void *context, const cb_event *event); /* NULL, or told of every event */
    void *on_feed_context;
} fixture;

static inline const cb_desc *table_desc(uint32_t table)
{
    static const cb_desc *const descs[PORTFOLIO_TABLES_COUNT] = {
        [PORTFOLIO_TABLE_ACCOUNT] = &portfolio_account_desc,
        [PORTFOLIO_TABLE_ENTRY] = &portfolio_entry_desc,
        [PORTFOLIO_TABLE_SUM] = &portfolio_sum_desc,
        [PORTFOLIO_TABLE_FILL] = &portfolio_fill_desc,
        [PORTFOLIO_TABLE_POSITION] = &portfolio_position_desc,
        [PORTFOLIO_TABLE_MARK] = &portfolio_mark_desc,
        [PORTFOLIO_TABLE_BALANCE] = &portfolio_balance_desc,
        [PORTFOLIO_TABLE_DIFFERENCE] = &portfolio_difference_desc,
        [PORTFOLIO_TABLE_SNAPSHOT] = &cb_portfolio_desc,
    };
    return descs[table];
}

static inline bool same_key(uint32_t table, const void *a, const void *b)
{
    switch ((portfolio_table)table) {
    case PORTFOLIO_TABLE_ACCOUNT:
        return true;
    case PORTFOLIO_TABLE_SUM:
        return ((const portfolio_sum *)a)->number == ((const portfolio_sum *)b)->number;
    case PORTFOLIO_TABLE_POSITION:
        return cb_text_equal(
            ((const portfolio_position *)a)->symbol, ((const portfolio_position *)b)->symbol);
    case PORTFOLIO_TABLE_MARK:
        return cb_text_equal(
            ((const portfolio_mark *)a)->symbol, ((const portfolio_mark *)b)->symbol);
    case PORTFOLIO_TABLE_BALANCE:
        return cb_text_equal(
            ((const portfolio_balance *)a)->asset, ((const portfolio_balance *)b)->asset);
    case PORTFOLIO_TABLE_DIFFERENCE:
        return cb_id_equal(((const portfolio_difference *)a)->difference_id,
            ((const portfolio_difference *)b)->difference_id);
    case PORTFOLIO_TABLE_ENTRY:
    case PORTFOLIO_TABLE_FILL:
    case PORTFOLIO_TABLE_SNAPSHOT:
    case PORTFOLIO_TABLES_COUNT:
        break;
    }
    return false;
}

static inline void *table_row(const stored_table *table, uint32_t index, size_t size)
{
    return table->rows + (size_t)index * size;
}

static inline void store_row(fixture *f, uint32_t index, const void *body)
{
    stored_table *table = &f->tables[index];
    const size_t size = table_desc(index)->size;
    for (uint32_t i = 0; i < table->count; i++) {
        if (same_key(index, table_row(table, i, size), body)) {
            memcpy(table_row(table, i, size), body, size);
            return;
        }
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        table->rows = realloc(table->rows, table->capacity * size);
        assert_non_null(table->rows);
    }
    memcpy(table_row(table, table->count++, size), body, size);
}

static inline void *f_row(fixture *f, uint32_t table, uint32_t index)
{
    assert_true(index < f->tables[table].count);
    return table_row(&f->tables[table], index, table_desc(table)->size);
}

static inline uint32_t f_count(const fixture *f, uint32_t table)
{
    return f->tables[table].count;
}

static inline void f_dispatch(fixture *f)
{
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        const cb_action *action = &f->out->actions[i];
        if (action->type == CB_ACTION_SET_TIMER) {
            f->timer_ns = action->due_ns;
        } else if (action->type == CB_ACTION_CANCEL_TIMER) {
            f->timer_ns = 0;
        } else if (action->type == CB_ACTION_PUBLISH) {
            assert_int_equal(action->subject, CB_SUBJECT_PORTFOLIO);
            f->published_count++;
            f->published = *(const cb_portfolio *)action->body;
        } else {
            assert_int_equal(action->type, CB_ACTION_STORE);
            f->actions_hash = cb_hash_u64(f->actions_hash, action->table);
            f->actions_hash =
                cb_body_hash(f->actions_hash, table_desc(action->table), action->body);
        }
        if (action->body != NULL && action->table != CB_TABLE_NONE) {
            assert_int_equal(action->body_size, table_desc(action->table)->size);
            store_row(f, action->table, action->body);
        }
    }
}

static inline void f_feed(fixture *f, uint32_t type, const void *body, size_t size)
{
    const cb_event event = {.seq = ++f->seq,
        .ts_ns = f->now_ns,
        .type = type,
        .body_size = (uint32_t)size,
        .body = body};
    if (f->on_feed != NULL) {
        f->on_feed(f->on_feed_context, &event);
    }
    cb_outbox_reset(f->out);
    portfolio_core_ops.step(f->state, &event, f->out);
    f_dispatch(f);
}

/* Moves the clock; a timer that is due fires at its time. */
static inline void f_at(fixture *f, int64_t now_ns)
{
    while (f->timer_ns != 0 && f->timer_ns <= now_ns) {
        f->now_ns = f->timer_ns > f->now_ns ? f->timer_ns : f->now_ns;
        const cb_timer_event timer = {PORTFOLIO_TIMER_PUBLISH, f->timer_ns};
        f->timer_ns = 0;
        f_feed(f, CB_EVENT_TIMER, &timer, sizeof(timer));
    }
    f->now_ns = now_ns;
}

static inline portfolio_state *f_blank_state(const portfolio_config *config)
{
    portfolio_state *state = calloc(1, portfolio_core_ops.state_size(config));
    assert_non_null(state);
    portfolio_core_ops.init(state, config, NULL);
    return state;
}

static inline void f_recover_table(fixture *f, uint32_t table, uint32_t type)
{
    for (uint32_t i = 0; i < f->tables[table].count; i++) {
        const void *row = f_row(f, table, i);
        if (type == PORTFOLIO_EVENT_RECOVER_DIFFERENCE &&
            !((const portfolio_difference *)row)->is_open) {
            continue;
        }
        const cb_event event = {.type = type,
            .is_recovery = true,
            .ts_ns = f->now_ns,
            .body_size = table_desc(table)->size,
            .body = row};
        cb_outbox_reset(f->out);
        portfolio_core_ops.step(f->state, &event, f->out);
        assert_int_equal(f->out->actions_count, 0);
    }
}

/* kill -9 and start again: only the tables survive. */
static inline void f_restart(fixture *f)
{
    free(f->state);
    f->state = f_blank_state(&f->config);
    f->timer_ns = 0;
    f_recover_table(f, PORTFOLIO_TABLE_ACCOUNT, PORTFOLIO_EVENT_RECOVER_ACCOUNT);
    f_recover_table(f, PORTFOLIO_TABLE_SUM, PORTFOLIO_EVENT_RECOVER_SUM);
    f_recover_table(f, PORTFOLIO_TABLE_POSITION, PORTFOLIO_EVENT_RECOVER_POSITION);
    f_recover_table(f, PORTFOLIO_TABLE_MARK, PORTFOLIO_EVENT_RECOVER_MARK);
    f_recover_table(f, PORTFOLIO_TABLE_BALANCE, PORTFOLIO_EVENT_RECOVER_BALANCE);
    f_recover_table(f, PORTFOLIO_TABLE_DIFFERENCE, PORTFOLIO_EVENT_RECOVER_DIFFERENCE);
    f_recover_table(f, PORTFOLIO_TABLE_ENTRY, PORTFOLIO_EVENT_RECOVER_ENTRY);
    f_feed(f, CB_EVENT_RECOVERED, NULL, 0);
}

/* The books from the entries and fills alone equal the live ones. */
static inline void f_check_rebuild(fixture *f)
{
    portfolio_state *rebuilt = f_blank_state(&f->config);
    for (uint32_t i = 0; i < f_count(f, PORTFOLIO_TABLE_ENTRY); i++) {
        assert_true(portfolio_rebuild_entry(rebuilt, f_row(f, PORTFOLIO_TABLE_ENTRY, i)));
    }
    for (uint32_t i = 0; i < f_count(f, PORTFOLIO_TABLE_FILL); i++) {
        assert_true(portfolio_rebuild_fill(rebuilt, f_row(f, PORTFOLIO_TABLE_FILL, i)));
    }
    assert_true(portfolio_books_hash(rebuilt) == portfolio_books_hash(f->state));
    free(rebuilt);
}

#define F_TEXT(member, text) assert_true(cb_text_copy((member), sizeof(member), cb_sv_from(text)))

static inline fixture *f_create(void)
{
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    F_TEXT(f->config.account, "main");
    F_TEXT(f->config.venue, "binance");
    F_TEXT(f->config.symbols, "BTCUSDT,ETHUSDT");
    F_TEXT(f->config.quote_asset, "USDT");
    f->config.publish_delay_ns = CB_NS_PER_S;
    f->out = calloc(1, sizeof(*f->out));
    assert_non_null(f->out);
    f->now_ns = T0;
    f->actions_hash = CB_HASH_SEED;
    f->state = f_blank_state(&f->config);
    f_feed(f, CB_EVENT_RECOVERED, NULL, 0);
    return f;
}

static inline void f_destroy(fixture *f)
{
    for (uint32_t i = 0; i < PORTFOLIO_TABLES_COUNT; i++) {
        free(f->tables[i].rows);
    }
    free(f->state);
    free(f->out);
    free(f);
}

/* ---- messages ---- */

static inline void f_instrument(fixture *f, const char *symbol, const char *base)
{
    cb_instrument body = {.status = CB_INSTRUMENT_STATUS_TRADING};
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    F_TEXT(body.base_asset, base);
    F_TEXT(body.quote_asset, "USDT");
    f_feed(f, CB_MSG_INSTRUMENT, &body, sizeof(body));
}

static inline void f_candle(fixture *f, const char *symbol, int64_t close_e8)
{
    cb_candle body = {.interval_s = 60,
        .open_ts_ns = f->now_ns - MINUTE,
        .close_ts_ns = f->now_ns,
        .close = {close_e8},
        .is_closed = true};
    body.env.event_id = cb_id_make("candle", 1, ++f->ids);
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    f_feed(f, CB_MSG_CANDLE, &body, sizeof(body));
}

static inline void f_balance_head(fixture *f, cb_balance *body, cb_balance_reason reason)
{
    memset(body, 0, sizeof(*body));
    body->env.event_id = cb_id_make("balance", 1, ++f->ids);
    F_TEXT(body->account, "main");
    F_TEXT(body->venue, "binance");
    body->reason = reason;
    body->venue_ts_ns = f->now_ns;
    body->fills_count = portfolio_account_of(f->state)->fills_count;
}

static inline void f_add_balance(cb_balance *body, const char *asset, int64_t total_e8)
{
    cb_asset_balance *item = &body->balances[body->balances_count++];
    F_TEXT(item->asset, asset);
    item->free.e8 = total_e8;
}

static inline void f_snapshot(fixture *f, int64_t usdt_e8)
{
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", usdt_e8);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
}

static inline void f_transfer(fixture *f, const char *asset, int64_t amount_e8, const char *id)
{
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_TRANSFER);
    f_add_balance(&body, asset, amount_e8);
    F_TEXT(body.transfer_id, id);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
}

/* 100 000 USDT, BTC at 40 000, ETH at 3 000. */
static inline fixture *f_ready(void)
{
    fixture *f = f_create();
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    f_snapshot(f, E8(100000));
    f_candle(f, "BTCUSDT", E8(40000));
    f_candle(f, "ETHUSDT", E8(3000));
    assert_true(portfolio_account_of(f->state)->is_valued);
    return f;
}

static inline cb_fill f_fill_of(
    const char *symbol, cb_side side, uint64_t trade_id, int64_t qty_e8, int64_t price_e8)
{
    cb_fill fill = {.trade_id = trade_id,
        .side = side,
        .purpose = side == CB_SIDE_BUY ? CB_PURPOSE_ENTRY : CB_PURPOSE_EXIT,
        .price = {price_e8},
        .qty = {qty_e8},
        .source = CB_FILL_SOURCE_STREAM};
    assert_int_equal(cb_mul_e8(qty_e8, price_e8, CB_ROUND_DOWN, &fill.quote_qty.e8, NULL), CB_OK);
    fill.env.event_id = cb_id_make("fill", 1, trade_id);
    fill.env.correlation_id = cb_id_make("signal", 1, trade_id);
    fill.intent_id = cb_id_make("intent", 1, trade_id);
    F_TEXT(fill.account, "main");
    F_TEXT(fill.venue, "binance");
    F_TEXT(fill.symbol, symbol);
    F_TEXT(fill.strategy, "trend");
    F_TEXT(fill.quote_asset, "USDT");
    F_TEXT(fill.base_asset, cb_text_equal(symbol, "BTCUSDT") ? "BTC" : "ETH");
    return fill;
}

static inline void f_send_fill(fixture *f, const cb_fill *fill)
{
    f_feed(f, CB_MSG_FILL, fill, sizeof(*fill));
}

static inline void f_trade(
    fixture *f, cb_side side, uint64_t trade_id, int64_t qty_e8, int64_t price_e8)
{
    const cb_fill fill = f_fill_of("BTCUSDT", side, trade_id, qty_e8, price_e8);
    f_send_fill(f, &fill);
}

#endif /* TEST_PORTFOLIO_FIXTURE_H */
