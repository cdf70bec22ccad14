/* A risk core with everything around it played by the test: clock, market, account, and the tables
 * that its STORE actions would fill, from which it can be recovered. */
#ifndef TEST_RISK_FIXTURE_H
#define TEST_RISK_FIXTURE_H

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
#include "domain/permit.h"
#include "services/risk/core/order_rate.h"
#include "services/risk/core/state.h"

#define T0 (INT64_C(1640995200) * CB_NS_PER_S) /* 2022-01-01T00:00:00Z */
#define MINUTE (60 * CB_NS_PER_S)
#define E8(units) ((int64_t)(units)*CB_E8)
#define KEY "0123456789abcdef0123456789abcdef"

/* One table as the database would keep it: whole bodies in order of first insertion. */
typedef struct stored_table {
    uint8_t *rows;
    uint32_t count;
    uint32_t capacity;
} stored_table;

typedef struct fixture {
    risk_config config;
    risk_state *state;
    cb_outbox *out;
    stored_table tables[RISK_TABLES_COUNT];
    int64_t now_ns;
    uint64_t seq;
    uint64_t ids;
    uint64_t actions_hash; /* of every action of every step so far */
    int64_t timer_ns;      /* 0 = not set */
    void (*on_feed)(void *context, const cb_event *event); /* NULL, or told of every event */
    void *on_feed_context;
} fixture;

static inline const cb_desc *table_desc(uint32_t table)
{
    static const cb_desc *const descs[RISK_TABLES_COUNT] = {
        [RISK_TABLE_ACCOUNT] = &risk_account_desc,
        [RISK_TABLE_BALANCE] = &risk_balance_desc,
        [RISK_TABLE_POSITION] = &risk_position_desc,
        [RISK_TABLE_MARK] = &risk_mark_desc,
        [RISK_TABLE_INSTRUMENT] = &cb_instrument_desc,
        [RISK_TABLE_RESERVATION] = &risk_reservation_desc,
        [RISK_TABLE_FILL] = &risk_fill_desc,
        [RISK_TABLE_COUNTER] = &risk_counter_desc,
        [RISK_TABLE_LIMITS] = &risk_limits_desc,
        [RISK_TABLE_JUDGEMENT] = &risk_judgement_desc,
        [RISK_TABLE_PERMIT] = &cb_permit_desc,
        [RISK_TABLE_DENIAL] = &cb_denial_desc,
        [RISK_TABLE_INTENT] = &cb_intent_desc,
        [RISK_TABLE_HELD] = &risk_held_desc,
        [RISK_TABLE_KILL] = &cb_kill_desc,
        [RISK_TABLE_KILL_CHANGE] = &cb_kill_desc,
        [RISK_TABLE_UNKILL] = &risk_unkill_desc,
        [RISK_TABLE_REQUEST] = &risk_request_row_desc,
        [RISK_TABLE_COMMAND] = &cb_order_command_desc,
        [RISK_TABLE_SUB] = &risk_subaccount_desc,
        [RISK_TABLE_WINDOW] = &risk_window_desc,
        [RISK_TABLE_TURN] = &risk_turn_desc,
        [RISK_TABLE_CHANGE] = &risk_change_desc,
    };
    return descs[table];
}

/* Equal keys replace each other, as the tables' upserts do. */
static inline bool same_key(uint32_t table, const void *a, const void *b)
{
    switch ((risk_table)table) {
    case RISK_TABLE_ACCOUNT:
        return true;
    case RISK_TABLE_BALANCE:
        return cb_text_equal(((const risk_balance *)a)->asset, ((const risk_balance *)b)->asset);
    case RISK_TABLE_POSITION:
        return cb_text_equal(
            ((const risk_position *)a)->symbol, ((const risk_position *)b)->symbol);
    case RISK_TABLE_MARK:
        return cb_text_equal(((const risk_mark *)a)->symbol, ((const risk_mark *)b)->symbol);
    case RISK_TABLE_INSTRUMENT:
        return cb_text_equal(
            ((const cb_instrument *)a)->symbol, ((const cb_instrument *)b)->symbol);
    case RISK_TABLE_RESERVATION:
        return cb_id_equal(
            ((const risk_reservation *)a)->intent_id, ((const risk_reservation *)b)->intent_id);
    case RISK_TABLE_COUNTER:
        return cb_text_equal(((const risk_counter *)a)->name, ((const risk_counter *)b)->name);
    case RISK_TABLE_HELD:
        return cb_id_equal(((const risk_held *)a)->intent_id, ((const risk_held *)b)->intent_id);
    case RISK_TABLE_KILL:
        return cb_text_equal(((const cb_kill *)a)->scope, ((const cb_kill *)b)->scope);
    case RISK_TABLE_UNKILL:
        return cb_id_equal(
            ((const risk_unkill *)a)->request_id, ((const risk_unkill *)b)->request_id);
    case RISK_TABLE_SUB:
        return ((const risk_subaccount *)a)->number == ((const risk_subaccount *)b)->number;
    case RISK_TABLE_WINDOW:
        return cb_text_equal(((const risk_window *)a)->name, ((const risk_window *)b)->name);
    case RISK_TABLE_TURN:
        return cb_text_equal(((const risk_turn *)a)->strategy, ((const risk_turn *)b)->strategy);
    case RISK_TABLE_CHANGE:
        return ((const risk_change *)a)->number == ((const risk_change *)b)->number;
    case RISK_TABLE_FILL:
    case RISK_TABLE_LIMITS:
    case RISK_TABLE_JUDGEMENT:
    case RISK_TABLE_PERMIT:
    case RISK_TABLE_DENIAL:
    case RISK_TABLE_INTENT:
    case RISK_TABLE_KILL_CHANGE:
    case RISK_TABLE_REQUEST:
    case RISK_TABLE_COMMAND:
    case RISK_TABLES_COUNT:
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

static inline uint64_t hash_action(uint64_t hash, const cb_action *action)
{
    hash = cb_hash_u64(hash, (uint64_t)action->type);
    hash = cb_hash_u64(hash, action->subject);
    hash = cb_hash_u64(hash, action->table);
    hash = cb_hash_u64(hash, action->request);
    hash = cb_hash_u64(hash, action->timer_id);
    hash = cb_hash_u64(hash, (uint64_t)action->due_ns);
    if (action->table != CB_TABLE_NONE && action->type != CB_ACTION_REQUEST) {
        return cb_body_hash(hash, table_desc(action->table), action->body); /* blind to padding */
    }
    return cb_hash_bytes(hash, action->body, action->body_size);
}

/* What the shell does with a step's actions. */
static inline void f_dispatch(fixture *f)
{
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        const cb_action *action = &f->out->actions[i];
        f->actions_hash = hash_action(f->actions_hash, action);
        if (action->type == CB_ACTION_SET_TIMER) {
            f->timer_ns = action->due_ns;
        } else if (action->type == CB_ACTION_CANCEL_TIMER) {
            f->timer_ns = 0;
        } else if (action->table != CB_TABLE_NONE && action->type != CB_ACTION_REQUEST) {
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
    risk_core_ops.step(f->state, &event, f->out);
    f_dispatch(f);
}

/* Moves the clock; a timer that is due fires at its time. */
static inline void f_at(fixture *f, int64_t now_ns)
{
    while (f->timer_ns != 0 && f->timer_ns <= now_ns) {
        f->now_ns = f->timer_ns > f->now_ns ? f->timer_ns : f->now_ns;
        const cb_timer_event timer = {RISK_TIMER_HOLD, f->timer_ns};
        f->timer_ns = 0;
        f_feed(f, CB_EVENT_TIMER, &timer, sizeof(timer));
    }
    f->now_ns = now_ns;
}

static inline void f_new_state(fixture *f)
{
    free(f->state);
    f->state = calloc(1, risk_core_ops.state_size(&f->config));
    assert_non_null(f->state);
    risk_core_ops.init(f->state, &f->config, NULL);
    f->timer_ns = 0;
}

/* What the service's queries leave out. */
static inline bool f_is_recovered(uint32_t type, const void *row)
{
    switch (type) {
    case RISK_EVENT_RECOVER_HELD:
        return ((const risk_held *)row)->is_held;
    case RISK_EVENT_RECOVER_TURN:
        return ((const risk_turn *)row)->is_waiting;
    case RISK_EVENT_RECOVER_CHANGE:
        return cb_text_equal(((const risk_change *)row)->state, "pending");
    default:
        return true;
    }
}

static inline void f_recover_table(fixture *f, uint32_t table, uint32_t type)
{
    const size_t size = table_desc(table)->size;
    for (uint32_t i = 0; i < f->tables[table].count; i++) {
        const void *row = table_row(&f->tables[table], i, size);
        if (type == RISK_EVENT_RECOVER_LIMITS && i + 1 < f->tables[table].count) {
            continue;
        }
        if (!f_is_recovered(type, row)) {
            continue;
        }
        const cb_event event = {.type = type,
            .is_recovery = true,
            .ts_ns = f->now_ns,
            .body_size = (uint32_t)size,
            .body = row};
        cb_outbox_reset(f->out);
        risk_core_ops.step(f->state, &event, f->out);
        assert_int_equal(f->out->actions_count, 0);
    }
}

/* Of all intents ever held, those that still are. */
static inline void f_recover_intents(fixture *f)
{
    for (uint32_t i = 0; i < f->tables[RISK_TABLE_INTENT].count; i++) {
        const cb_intent *intent = f_row(f, RISK_TABLE_INTENT, i);
        for (uint32_t k = 0; k < f->tables[RISK_TABLE_HELD].count; k++) {
            const risk_held *held = f_row(f, RISK_TABLE_HELD, k);
            if (!held->is_held || !cb_id_equal(held->intent_id, intent->intent_id)) {
                continue;
            }
            const cb_event event = {.type = RISK_EVENT_RECOVER_INTENT,
                .is_recovery = true,
                .ts_ns = f->now_ns,
                .body_size = sizeof(*intent),
                .body = intent};
            cb_outbox_reset(f->out);
            risk_core_ops.step(f->state, &event, f->out);
        }
    }
}

/* kill -9 and start again: only the tables survive. */
static inline void f_restart(fixture *f)
{
    f_new_state(f);
    f_recover_table(f, RISK_TABLE_ACCOUNT, RISK_EVENT_RECOVER_ACCOUNT);
    f_recover_table(f, RISK_TABLE_BALANCE, RISK_EVENT_RECOVER_BALANCE);
    f_recover_table(f, RISK_TABLE_POSITION, RISK_EVENT_RECOVER_POSITION);
    f_recover_table(f, RISK_TABLE_MARK, RISK_EVENT_RECOVER_MARK);
    f_recover_table(f, RISK_TABLE_INSTRUMENT, RISK_EVENT_RECOVER_INSTRUMENT);
    f_recover_table(f, RISK_TABLE_RESERVATION, RISK_EVENT_RECOVER_RESERVATION);
    f_recover_table(f, RISK_TABLE_FILL, RISK_EVENT_RECOVER_FILL);
    f_recover_table(f, RISK_TABLE_COUNTER, RISK_EVENT_RECOVER_COUNTER);
    f_recover_table(f, RISK_TABLE_LIMITS, RISK_EVENT_RECOVER_LIMITS);
    f_recover_table(f, RISK_TABLE_JUDGEMENT, RISK_EVENT_RECOVER_JUDGEMENT);
    f_recover_table(f, RISK_TABLE_HELD, RISK_EVENT_RECOVER_HELD);
    f_recover_intents(f);
    f_recover_table(f, RISK_TABLE_KILL, RISK_EVENT_RECOVER_KILL);
    f_recover_table(f, RISK_TABLE_UNKILL, RISK_EVENT_RECOVER_UNKILL);
    f_recover_table(f, RISK_TABLE_REQUEST, RISK_EVENT_RECOVER_REQUEST);
    f_recover_table(f, RISK_TABLE_SUB, RISK_EVENT_RECOVER_SUB);
    f_recover_table(f, RISK_TABLE_WINDOW, RISK_EVENT_RECOVER_WINDOW);
    f_recover_table(f, RISK_TABLE_TURN, RISK_EVENT_RECOVER_TURN);
    f_recover_table(f, RISK_TABLE_CHANGE, RISK_EVENT_RECOVER_CHANGE);
    f_feed(f, CB_EVENT_RECOVERED, NULL, 0);
}

static inline void f_defaults(risk_config *config)
{
    memset(config, 0, sizeof(*config));
    memcpy(config->account, "main", 5);
    memcpy(config->venue, "binance", 8);
    memcpy(config->symbols, "BTCUSDT,ETHUSDT", 16);
    memcpy(config->quote_asset, "USDT", 5);
    memcpy(config->permit_key, KEY, sizeof(KEY));
    config->permit_ttl_ns = 3 * CB_NS_PER_S;
    config->hold_reducing_max_ns = CB_NS_PER_S;
    config->slippage_e8 = CB_E8 / 200;
    config->fee_buffer_e8 = CB_E8 / 500;
    config->escalation_e8 = 100 * CB_E8;
    config->unkill_cooldown_ns = 60 * CB_NS_PER_S;
    config->unkill_expiry_ns = 3600 * CB_NS_PER_S;
    config->turn_ttl_ns = 60 * CB_NS_PER_S;
    config->change_ttl_ns = CB_NS_PER_DAY;
    risk_config_rule_defaults(config);
}

/* Execution says by which caps it holds orders. */
static inline void f_caps(fixture *f, uint8_t first)
{
    cb_caps body = {.hash = {first}, .since_ns = f->now_ns};
    memcpy(body.account, "main", 5);
    memcpy(body.key, "0123456789abcdef", 17);
    f_feed(f, CB_MSG_CAPS, &body, sizeof(body));
}

static inline fixture *f_create_with(const risk_config *config)
{
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->config = *config;
    f->out = calloc(1, sizeof(*f->out));
    assert_non_null(f->out);
    f->now_ns = T0;
    f->actions_hash = CB_HASH_SEED;
    f_new_state(f);
    f_feed(f, CB_EVENT_RECOVERED, NULL, 0);
    f_caps(f, 1);
    return f;
}

static inline fixture *f_create(void)
{
    risk_config config;
    f_defaults(&config);
    return f_create_with(&config);
}

static inline void f_destroy(fixture *f)
{
    for (uint32_t i = 0; i < RISK_TABLES_COUNT; i++) {
        free(f->tables[i].rows);
    }
    free(f->state);
    free(f->out);
    free(f);
}

static inline int64_t *f_param(risk_config *config, risk_rule_id rule, uint32_t index)
{
    return &config->rules[rule][index];
}

/* ---- messages ---- */

static inline cb_id f_id(fixture *f, const char *source)
{
    return cb_id_make(source, 1, ++f->ids);
}

static inline void f_text(char *out, size_t size, const char *text)
{
    assert_true(cb_text_copy(out, size, cb_sv_from(text)));
}
#define F_TEXT(member, text) f_text((member), sizeof(member), (text))

static inline void f_instrument(fixture *f, const char *symbol, const char *base)
{
    cb_instrument body = {.status = CB_INSTRUMENT_STATUS_TRADING,
        .tick_size = {CB_E8 / 100},
        .price_min = {CB_E8 / 100},
        .price_max = {E8(1000000)},
        .lot_size = {CB_E8 / 100000},
        .qty_min = {CB_E8 / 100000},
        .qty_max = {E8(9000)},
        .market_qty_max = {E8(100)},
        .notional_min = {E8(5)},
        .notional_max = {E8(9000000)}};
    body.env.event_id = f_id(f, "instrument");
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    F_TEXT(body.base_asset, base);
    F_TEXT(body.quote_asset, "USDT");
    f_feed(f, CB_MSG_INSTRUMENT, &body, sizeof(body));
}

static inline void f_candle_at(
    fixture *f, const char *symbol, int64_t close_e8, int64_t close_ts_ns)
{
    cb_candle body = {.interval_s = 60,
        .open_ts_ns = close_ts_ns - MINUTE,
        .close_ts_ns = close_ts_ns,
        .open = {close_e8},
        .high = {close_e8},
        .low = {close_e8},
        .close = {close_e8},
        .is_closed = true};
    body.env.event_id = f_id(f, "candle");
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    f_feed(f, CB_MSG_CANDLE, &body, sizeof(body));
}

static inline void f_candle(fixture *f, const char *symbol, int64_t close_e8)
{
    f_candle_at(f, symbol, close_e8, f->now_ns);
}

static inline void f_ticker(fixture *f, const char *symbol, int64_t bid_e8, int64_t ask_e8)
{
    cb_ticker body = {.bid = {bid_e8}, .bid_qty = {CB_E8}, .ask = {ask_e8}, .ask_qty = {CB_E8}};
    body.recv_ns = f->now_ns;
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    f_feed(f, CB_MSG_TICKER, &body, sizeof(body));
}

static inline void f_quality(fixture *f, const char *symbol, int64_t score_e8)
{
    cb_quality_score body = {.score = {score_e8}, .is_book_valid = true, .last_data_ns = f->now_ns};
    F_TEXT(body.venue, "binance");
    F_TEXT(body.symbol, symbol);
    f_feed(f, CB_MSG_QUALITY_SCORE, &body, sizeof(body));
}

static inline void f_add_balance(cb_balance *body, const char *asset, int64_t free_e8)
{
    cb_asset_balance *item = &body->balances[body->balances_count++];
    F_TEXT(item->asset, asset);
    item->free.e8 = free_e8;
}

static inline void f_balance_head(fixture *f, cb_balance *body, cb_balance_reason reason)
{
    memset(body, 0, sizeof(*body));
    F_TEXT(body->account, "main");
    F_TEXT(body->venue, "binance");
    body->reason = reason;
    body->fills_count = f->state->account.fills_count;
}

static inline void f_snapshot(fixture *f, int64_t usdt_e8)
{
    cb_balance body;
    f_balance_head(f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", usdt_e8);
    f_feed(f, CB_MSG_BALANCE, &body, sizeof(body));
}

/* Everything a judgement needs: instruments, 100 000 USDT, candles, tickers, quality. BTC 40 000,
 * ETH 3 000. */
static inline void f_market(fixture *f, int64_t btc_e8, int64_t eth_e8)
{
    f_candle(f, "BTCUSDT", btc_e8);
    f_candle(f, "ETHUSDT", eth_e8);
    f_ticker(f, "BTCUSDT", btc_e8, btc_e8);
    f_ticker(f, "ETHUSDT", eth_e8, eth_e8);
    f_quality(f, "BTCUSDT", CB_E8);
    f_quality(f, "ETHUSDT", CB_E8);
}

static inline void f_make_ready(fixture *f)
{
    f_instrument(f, "BTCUSDT", "BTC");
    f_instrument(f, "ETHUSDT", "ETH");
    f_snapshot(f, E8(100000));
    f_market(f, E8(40000), E8(3000));
    assert_string_equal(risk_not_ready_reason(f->state), "");
}

static inline fixture *f_ready(void)
{
    fixture *f = f_create();
    f_make_ready(f);
    return f;
}

/* A market buy of BTC at 40 000 with its stop 2 % below, sized by risk. */
static inline cb_intent f_intent(fixture *f, const char *symbol, int64_t price_e8)
{
    cb_intent intent = {.side = CB_SIDE_BUY,
        .purpose = CB_PURPOSE_ENTRY,
        .order_type = CB_ORDER_TYPE_MARKET,
        .tif = CB_TIF_NONE,
        .reference_price = {price_e8},
        .stop_loss = {price_e8 - price_e8 / 50},
        .take_profit = {price_e8 + price_e8 / 25}};
    intent.intent_id = f_id(f, "signals.intent");
    intent.signal_id = f_id(f, "signals.signal");
    intent.env.event_id = f_id(f, "event");
    intent.env.correlation_id = intent.signal_id;
    intent.env.origin_ns = f->now_ns - 5;
    F_TEXT(intent.account, "main");
    F_TEXT(intent.venue, "binance");
    F_TEXT(intent.symbol, symbol);
    F_TEXT(intent.strategy, "trend");
    intent.decided_ns = f->now_ns;
    intent.data_ts_ns = f->now_ns;
    intent.not_after_ns = f->now_ns + 10 * CB_NS_PER_S;
    return intent;
}

static inline cb_intent f_exit(fixture *f, const char *symbol, int64_t price_e8, int64_t qty_e8)
{
    cb_intent intent = f_intent(f, symbol, price_e8);
    intent.side = CB_SIDE_SELL;
    intent.purpose = CB_PURPOSE_EXIT;
    intent.reduce_only = true;
    intent.qty.e8 = qty_e8;
    intent.stop_loss.e8 = intent.take_profit.e8 = 0;
    return intent;
}

static inline void f_send(fixture *f, const cb_intent *intent)
{
    f_feed(f, CB_MSG_INTENT, intent, sizeof(*intent));
}

/* What the last step published on a subject, or NULL. */
static inline const void *f_published(const fixture *f, cb_subject_id subject)
{
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        const cb_action *action = &f->out->actions[i];
        if (action->type == CB_ACTION_PUBLISH && action->subject == (uint32_t)subject) {
            return action->body;
        }
    }
    return NULL;
}

static inline const void *f_must_publish(const fixture *f, cb_subject_id subject)
{
    const void *body = f_published(f, subject);
    if (body == NULL) {
        print_error("subject %d was not published\n", (int)subject);
        abort();
    }
    return body;
}

static inline const cb_permit *f_permit(const fixture *f)
{
    return f_published(f, CB_SUBJECT_PERMIT);
}

static inline const cb_denial *f_denial(const fixture *f)
{
    return f_published(f, CB_SUBJECT_DENIAL);
}

static inline const cb_permit *f_the_permit(const fixture *f)
{
    return f_must_publish(f, CB_SUBJECT_PERMIT);
}

static inline const cb_denial *f_the_denial(const fixture *f)
{
    return f_must_publish(f, CB_SUBJECT_DENIAL);
}

static inline const cb_kill *f_the_kill(const fixture *f)
{
    return f_must_publish(f, CB_SUBJECT_KILL);
}

static inline void f_expect_denied(fixture *f, const cb_intent *intent, const char *rule)
{
    f_send(f, intent);
    assert_null(f_permit(f));
    assert_string_equal(f_the_denial(f)->rule, rule);
}

static inline cb_permit f_expect_granted(fixture *f, const cb_intent *intent)
{
    f_send(f, intent);
    if (f_denial(f) != NULL) {
        print_error("denied by %s (%s)\n", f_the_denial(f)->rule, f_the_denial(f)->detail);
    }
    assert_null(f_denial(f));
    return *f_the_permit(f);
}

static inline cb_order f_order(
    const cb_permit *permit, uint32_t version, cb_order_state state, int64_t cum_e8)
{
    cb_order order = {.intent_id = permit->intent_id,
        .permit_id = permit->permit_id,
        .version = version,
        .state = state,
        .side = permit->side,
        .purpose = permit->purpose,
        .order_type = permit->order_type,
        .tif = permit->tif,
        .reduce_only = permit->reduce_only,
        .qty = permit->qty,
        .limit_price = permit->limit_price,
        .cum_qty = {cum_e8}};
    F_TEXT(order.account, permit->account);
    F_TEXT(order.venue, permit->venue);
    F_TEXT(order.symbol, permit->symbol);
    F_TEXT(order.strategy, permit->strategy);
    return order;
}

static inline void f_order_event(
    fixture *f, const cb_permit *permit, uint32_t version, cb_order_state state, int64_t cum_e8)
{
    const cb_order order = f_order(permit, version, state, cum_e8);
    f_feed(f, CB_MSG_ORDER, &order, sizeof(order));
}

static inline cb_fill f_fill_of(
    const cb_permit *permit, uint64_t trade_id, int64_t qty_e8, int64_t price_e8)
{
    cb_fill fill = {.trade_id = trade_id,
        .intent_id = permit->intent_id,
        .side = permit->side,
        .purpose = permit->purpose,
        .price = {price_e8},
        .qty = {qty_e8},
        .quote_qty = {risk_mul_down(qty_e8, price_e8)},
        .source = CB_FILL_SOURCE_STREAM};
    F_TEXT(fill.account, permit->account);
    F_TEXT(fill.venue, permit->venue);
    F_TEXT(fill.symbol, permit->symbol);
    F_TEXT(fill.strategy, permit->strategy);
    F_TEXT(fill.quote_asset, "USDT");
    F_TEXT(fill.base_asset, cb_text_equal(permit->symbol, "BTCUSDT") ? "BTC" : "ETH");
    return fill;
}

static inline void f_fill(
    fixture *f, const cb_permit *permit, uint64_t trade_id, int64_t qty_e8, int64_t price_e8)
{
    const cb_fill fill = f_fill_of(permit, trade_id, qty_e8, price_e8);
    f_feed(f, CB_MSG_FILL, &fill, sizeof(fill));
}

/* Fills an order whole and ends it. */
static inline void f_fill_all(
    fixture *f, const cb_permit *permit, uint64_t trade_id, int64_t price_e8)
{
    f_order_event(f, permit, 1, CB_ORDER_STATE_READY, 0);
    f_order_event(f, permit, 2, CB_ORDER_STATE_SENDING, 0);
    f_fill(f, permit, trade_id, permit->qty.e8, price_e8);
    f_order_event(f, permit, 3, CB_ORDER_STATE_FILLED, permit->qty.e8);
}

/* The answer to the last command. */
static inline const risk_kill_reply *f_kill_reply(const fixture *f)
{
    for (uint32_t i = 0; i < f->out->actions_count; i++) {
        if (f->out->actions[i].type == CB_ACTION_REQUEST &&
            f->out->actions[i].request == RISK_REQUEST_KILL_REPLY) {
            return f->out->actions[i].body;
        }
    }
    print_error("no reply\n");
    abort();
}

static inline void f_unkill(fixture *f,
    cb_unkill_action action,
    const cb_unkill_command *filled,
    const char *actor,
    int64_t wall_ns)
{
    risk_unkill_request request = {.command = *filled, .wall_ns = wall_ns};
    F_TEXT(request.command.actor, actor);
    F_TEXT(request.reply_to, "_INBOX.8");
    request.command.action = action;
    f_feed(f, RISK_EVENT_UNKILL_COMMAND, &request, sizeof(request));
}

/* Asked for by actor and approved by another after the cool-down; the approval's reply stays. */
static inline void f_lower_kill(
    fixture *f, const char *scope, uint32_t level, const char *reason, const char *actor)
{
    cb_unkill_command command;
    memset(&command, 0, sizeof(command));
    F_TEXT(command.scope, scope);
    F_TEXT(command.reason, reason);
    command.level = level;
    f_unkill(f, CB_UNKILL_ACTION_REQUEST, &command, actor, T0);
    if (!f_kill_reply(f)->is_ok) {
        return; /* there is nothing to lower */
    }
    const cb_unkill_command approval = {.request_id = f_kill_reply(f)->request_id};
    const int64_t later_ns = T0 + f->config.unkill_cooldown_ns;
    f_unkill(f, CB_UNKILL_ACTION_APPROVE, &approval, "second", later_ns);
}

/* Level 0 is asked for and approved; anything else is raised. */
static inline void f_command_kill(
    fixture *f, const char *scope, uint32_t level, const char *reason, const char *actor)
{
    if (level == 0) {
        f_lower_kill(f, scope, level, reason, actor);
        return;
    }
    risk_kill_request request;
    memset(&request, 0, sizeof(request));
    F_TEXT(request.command.scope, scope);
    F_TEXT(request.command.reason, reason);
    F_TEXT(request.command.actor, actor);
    F_TEXT(request.reply_to, "_INBOX.7");
    request.command.level = level;
    f_feed(f, RISK_EVENT_KILL_COMMAND, &request, sizeof(request));
}

#endif /* TEST_RISK_FIXTURE_H */
