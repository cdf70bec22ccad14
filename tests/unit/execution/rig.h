/* A bench for the execution core: feeds events, keeps the actions of the last step, and plays the
 * shell by hand. Time is a number that the test sets. */
#ifndef EXEC_TEST_RIG_H
#define EXEC_TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/client_order_id.h"
#include "domain/order.h"
#include "domain/permit.h"
#include "services/execution/core/execution.h"
#include "wire/subjects.h"

#define RIG_UNUSED __attribute__((unused))
#define RIG_START_NS (INT64_C(1700000000) * CB_NS_PER_S)
#define RIG_KEY "0123456789abcdef0123456789abcdef"

typedef struct rig {
    exec_config config;
    void *memory;
    void *block;
    cb_arena arena;
    cb_outbox *out;
    uint64_t seq;
    int64_t now_ns;
    uint64_t permits;
    uint64_t trades;
    int64_t timer_due_ns; /* as last set; 0 = none */
} rig;

RIG_UNUSED static exec_config rig_config(void)
{
    exec_config config = {
        .account = "main",
        .venue = "binance",
        .symbols = "BTCUSDT,ETHUSDT",
        .quote_asset = "USDT",
        .permit_key = RIG_KEY,
        .client_id_salt = "cerberus",
        .orders_max = 32,
        .seen_max = 256,
        .window_ns = 3 * CB_NS_PER_S,
        .engine_bound_ns = 20 * CB_NS_PER_S,
        .query_lag_ns = 5 * CB_NS_PER_S,
        .fills_wait_ns = 2 * CB_NS_PER_S,
        .order_timeout_ns = 300 * CB_NS_PER_S,
        .unknown_kill_ns = 60 * CB_NS_PER_S,
        .unknown_kill_count = 3,
        .light_ns = 10 * CB_NS_PER_S,
        .deep_ns = 300 * CB_NS_PER_S,
        .caps = {.notional_max_e8 = 100000 * CB_E8,
            .qty_max_e8 = 10 * CB_E8,
            .collar_e8 = CB_E8 / 20,
            .orders_per_s = 10,
            .notional_per_minute_e8 = 1000000 * CB_E8,
            .data_age_max_ns = 10 * CB_NS_PER_S,
            .clock_offset_max_ns = 250 * CB_NS_PER_MS,
            .heartbeat_age_max_ns = 3 * CB_NS_PER_S,
            .symbols = "*"},
        .reject_rate_max_e8 = CB_E8, /* most tests are not about it */
    };
    return config;
}

RIG_UNUSED static void rig_start(rig *r, const exec_config *config)
{
    memset(r, 0, sizeof(*r));
    r->config = *config;
    r->now_ns = RIG_START_NS;
    const size_t size = (size_t)8 * 1024 * 1024;
    r->block = aligned_alloc(16, size);
    cb_arena_init(&r->arena, r->block, size);
    r->memory = calloc(1, execution_core.state_size(&r->config));
    r->out = calloc(1, sizeof(*r->out));
    execution_core.init(r->memory, &r->config, &r->arena);
    cb_arena_seal(&r->arena);
}

RIG_UNUSED static void rig_stop(rig *r)
{
    free(r->block);
    free(r->memory);
    free(r->out);
}

static void rig_note_timer(rig *r)
{
    for (uint32_t i = 0; i < r->out->actions_count; i++) {
        const cb_action *action = &r->out->actions[i];
        if (action->type == CB_ACTION_SET_TIMER) {
            r->timer_due_ns = action->due_ns;
        } else if (action->type == CB_ACTION_CANCEL_TIMER) {
            r->timer_due_ns = 0;
        }
    }
}

static void rig_event(rig *r, uint32_t type, bool is_recovery, const void *body, size_t size)
{
    cb_outbox_reset(r->out);
    const cb_event event = {
        .seq = ++r->seq,
        .ts_ns = r->now_ns,
        .type = type,
        .is_recovery = is_recovery,
        .body_size = (uint32_t)size,
        .body = body,
    };
#ifdef RIG_BEFORE_STEP /* a test may watch every event and every step */
    RIG_BEFORE_STEP(r, &event);
#endif
    execution_core.step(r->memory, &event, r->out);
#ifdef RIG_AFTER_STEP
    RIG_AFTER_STEP(r, &event);
#endif
    rig_note_timer(r);
}

RIG_UNUSED static void rig_feed(rig *r, uint32_t type, const void *body, size_t size)
{
    rig_event(r, type, false, body, size);
}

RIG_UNUSED static void rig_recover(rig *r, uint32_t type, const void *body, size_t size)
{
    rig_event(r, type, true, body, size);
}

/* The caps of the configuration come into force, as from a file whose hash is zero. */
RIG_UNUSED static void rig_caps(rig *r)
{
    const exec_caps caps = {.rules = r->config.caps, .key = "test"};
    rig_feed(r, EXEC_EVENT_CAPS, &caps, sizeof(caps));
}

/* Moves the clock and, when the core's timer fell due, lets it fire. */
RIG_UNUSED static void rig_advance(rig *r, int64_t by_ns)
{
    r->now_ns += by_ns;
    cb_outbox_reset(r->out);
    if (r->timer_due_ns != 0 && r->timer_due_ns <= r->now_ns) {
        const cb_timer_event timer = {.timer_id = 1, .due_ns = r->timer_due_ns};
        r->timer_due_ns = 0;
        rig_feed(r, CB_EVENT_TIMER, &timer, sizeof(timer));
    }
}

/* ---- what came out of the last step ---- */

RIG_UNUSED static const void *rig_nth(const rig *r, cb_action_type type, uint32_t key, uint32_t nth)
{
    for (uint32_t i = 0; i < r->out->actions_count; i++) {
        const cb_action *action = &r->out->actions[i];
        const uint32_t have = type == CB_ACTION_PUBLISH   ? action->subject
                              : type == CB_ACTION_REQUEST ? action->request
                                                          : action->table;
        if (action->type == type && have == key && nth-- == 0) {
            return action->body;
        }
    }
    return NULL;
}

RIG_UNUSED static uint32_t rig_count(const rig *r, cb_action_type type, uint32_t key)
{
    uint32_t count = 0;
    while (rig_nth(r, type, key, count) != NULL) {
        count++;
    }
    return count;
}

RIG_UNUSED static const void *rig_request(const rig *r, exec_request request)
{
    return rig_nth(r, CB_ACTION_REQUEST, request, 0);
}

RIG_UNUSED static const cb_order *rig_order(const rig *r, uint32_t nth)
{
    return rig_nth(r, CB_ACTION_PUBLISH, CB_SUBJECT_ORDER, nth);
}

/* The newest order version of the step. */
RIG_UNUSED static const cb_order *rig_last_order(const rig *r)
{
    const uint32_t count = rig_count(r, CB_ACTION_PUBLISH, CB_SUBJECT_ORDER);
    return count == 0 ? NULL : rig_order(r, count - 1);
}

RIG_UNUSED static const cb_fill *rig_fill(const rig *r, uint32_t nth)
{
    return rig_nth(r, CB_ACTION_PUBLISH, CB_SUBJECT_FILL, nth);
}

RIG_UNUSED static uint32_t rig_fills(const rig *r)
{
    return rig_count(r, CB_ACTION_PUBLISH, CB_SUBJECT_FILL);
}

RIG_UNUSED static const exec_difference *rig_difference(const rig *r, const char *kind)
{
    const exec_difference *row = NULL;
    for (uint32_t n = 0; (row = rig_nth(r, CB_ACTION_STORE, EXEC_TABLE_DIFFERENCES, n)) != NULL;
         n++) {
        if (strcmp(row->kind, kind) == 0) {
            return row;
        }
    }
    return NULL;
}

RIG_UNUSED static exec_view rig_view(const rig *r)
{
    exec_view view;
    exec_look(r->memory, &view);
    return view;
}

/* ---- the usual events ---- */

RIG_UNUSED static void rig_ticker(rig *r, const char *symbol, int64_t bid_e8, int64_t ask_e8)
{
    cb_ticker ticker = {.bid = {bid_e8},
        .bid_qty = {CB_E8},
        .ask = {ask_e8},
        .ask_qty = {CB_E8},
        .recv_ns = r->now_ns};
    strncpy(ticker.venue, "binance", sizeof(ticker.venue) - 1);
    strncpy(ticker.symbol, symbol, sizeof(ticker.symbol) - 1);
    rig_feed(r, CB_MSG_TICKER, &ticker, sizeof(ticker));
}

RIG_UNUSED static cb_instrument rig_instrument(const char *symbol, const char *base)
{
    cb_instrument instrument = {
        .status = CB_INSTRUMENT_STATUS_TRADING,
        .tick_size = {CB_E8 / 100},
        .price_min = {CB_E8 / 100},
        .price_max = {1000000 * CB_E8},
        .lot_size = {1000},
        .qty_min = {1000},
        .qty_max = {9000 * CB_E8},
        .market_qty_max = {100 * CB_E8},
        .notional_min = {5 * CB_E8},
        .notional_max = {9000000 * CB_E8},
    };
    strncpy(instrument.venue, "binance", sizeof(instrument.venue) - 1);
    strncpy(instrument.symbol, symbol, sizeof(instrument.symbol) - 1);
    strncpy(instrument.base_asset, base, sizeof(instrument.base_asset) - 1);
    strncpy(instrument.quote_asset, "USDT", sizeof(instrument.quote_asset) - 1);
    return instrument;
}

RIG_UNUSED static void rig_market(rig *r)
{
    const cb_instrument btc = rig_instrument("BTCUSDT", "BTC");
    rig_feed(r, CB_MSG_INSTRUMENT, &btc, sizeof(btc));
    const cb_instrument eth = rig_instrument("ETHUSDT", "ETH");
    rig_feed(r, CB_MSG_INSTRUMENT, &eth, sizeof(eth));
    rig_ticker(r, "BTCUSDT", 30000 * CB_E8, 30001 * CB_E8);
    rig_ticker(r, "ETHUSDT", 2000 * CB_E8, 2001 * CB_E8);
}

RIG_UNUSED static void rig_kill(
    rig *r, const char *scope, uint32_t level, uint64_t version, int64_t raised_ns)
{
    cb_kill kill = {.level = level, .version = version, .raised_ns = raised_ns};
    strncpy(kill.scope, scope, sizeof(kill.scope) - 1);
    rig_feed(r, CB_MSG_KILL, &kill, sizeof(kill));
}

/* ---- answers of the venue ---- */

RIG_UNUSED static void rig_answer_time(rig *r, uint64_t tag)
{
    const exec_time_answer answer = {.tag = tag,
        .answer_class = CB_ANSWER_ACCEPTED,
        .retry_after_s = -1,
        .venue_now_ns = r->now_ns};
    rig_feed(r, EXEC_EVENT_TIME, &answer, sizeof(answer));
}

RIG_UNUSED static void rig_answer_account(rig *r, uint64_t tag, int64_t usdt_e8, int64_t btc_e8)
{
    exec_account_answer answer = {
        .tag = tag, .answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1, .balances_count = 2};
    strncpy(answer.balances[0].asset, "USDT", 5);
    answer.balances[0].free.e8 = usdt_e8;
    strncpy(answer.balances[1].asset, "BTC", 4);
    answer.balances[1].free.e8 = btc_e8;
    rig_feed(r, EXEC_EVENT_ACCOUNT, &answer, sizeof(answer));
}

RIG_UNUSED static void rig_answer_orders(
    rig *r, const exec_read *read, const cb_venue_order *orders, uint32_t count)
{
    exec_orders_page *page = calloc(1, sizeof(*page));
    page->tag = read->tag;
    page->intent_id = read->intent_id;
    page->answer_class = CB_ANSWER_ACCEPTED;
    page->retry_after_s = -1;
    page->is_last = true;
    page->orders_count = count;
    if (count > 0) {
        memcpy(page->orders, orders, count * sizeof(*orders));
    }
    rig_feed(r, EXEC_EVENT_ORDERS, page, sizeof(*page));
    free(page);
}

RIG_UNUSED static void rig_answer_trades(
    rig *r, const exec_read *read, const cb_venue_trade *trades, uint32_t count)
{
    exec_trades_page *page = calloc(1, sizeof(*page));
    page->tag = read->tag;
    page->intent_id = read->intent_id;
    page->answer_class = CB_ANSWER_ACCEPTED;
    page->retry_after_s = -1;
    page->is_last = true;
    page->trades_count = count;
    if (count > 0) {
        memcpy(page->trades, trades, count * sizeof(*trades));
    }
    rig_feed(r, EXEC_EVENT_TRADES, page, sizeof(*page));
    free(page);
}

/* Copies a request's body: the next feed resets the outbox it lies in. */
RIG_UNUSED static exec_read rig_read(const rig *r, exec_request request)
{
    const exec_read *read = rig_request(r, request);
    assert_non_null(read);
    return *read;
}

/* Plays one whole reconciliation in which the venue has nothing that we do not know. */
RIG_UNUSED static void rig_reconcile(rig *r, int64_t usdt_e8, int64_t btc_e8)
{
    rig_answer_time(r, rig_read(r, EXEC_REQUEST_READ_TIME).tag);
    for (int questions = 0; questions < 8; questions++) {
        if (rig_request(r, EXEC_REQUEST_READ_ACCOUNT) != NULL) {
            rig_answer_account(r, rig_read(r, EXEC_REQUEST_READ_ACCOUNT).tag, usdt_e8, btc_e8);
        } else if (rig_request(r, EXEC_REQUEST_READ_OPEN) != NULL) {
            const exec_read read = rig_read(r, EXEC_REQUEST_READ_OPEN);
            rig_answer_orders(r, &read, NULL, 0);
        } else if (rig_request(r, EXEC_REQUEST_READ_TRADES) != NULL) {
            const exec_read read = rig_read(r, EXEC_REQUEST_READ_TRADES);
            rig_answer_trades(r, &read, NULL, 0);
        }
    }
}

RIG_UNUSED static void rig_stream(rig *r, bool is_up)
{
    const exec_stream stream = {.is_up = is_up};
    rig_feed(r, EXEC_EVENT_STREAM, &stream, sizeof(stream));
}

RIG_UNUSED static void rig_lease(rig *r, uint64_t epoch)
{
    const exec_lease lease = {.epoch = epoch, .is_held = true};
    rig_recover(r, EXEC_EVENT_LEASE, &lease, sizeof(lease));
}

/* From nothing to taking permits. */
RIG_UNUSED static void rig_live(rig *r)
{
    const exec_config config = rig_config();
    rig_start(r, &config);
    rig_lease(r, 1);
    rig_feed(r, CB_EVENT_RECOVERED, NULL, 0);
    rig_market(r);
    rig_stream(r, true);
    rig_reconcile(r, 1000000 * CB_E8, 0);
    assert_true(rig_view(r).is_live);
    /* Tests of single orders are not about the periodic runs. */
    r->config.light_ns = 1000000 * CB_NS_PER_S;
}

/* ---- permits and orders ---- */

RIG_UNUSED static cb_permit rig_permit(rig *r)
{
    cb_permit permit = {.side = CB_SIDE_BUY,
        .purpose = CB_PURPOSE_ENTRY,
        .order_type = CB_ORDER_TYPE_MARKET,
        .tif = CB_TIF_NONE,
        .qty = {CB_E8},
        .reference_price = {30000 * CB_E8},
        .data_ts_ns = r->now_ns,
        .not_after_ns = r->now_ns + 30 * CB_NS_PER_S,
        .expires_ns = r->now_ns + 10 * CB_NS_PER_S,
        .limits_version = 7};
    const uint64_t number = ++r->permits;
    permit.env.event_id = cb_id_make("risk.permit.event", 1, number);
    permit.env.correlation_id = cb_id_make("signals.signal", 1, number);
    permit.permit_id = cb_id_make("risk.permit", 1, number);
    permit.intent_id = cb_id_make("signals.intent", 1, number);
    permit.signal_id = permit.env.correlation_id;
    strncpy(permit.account, "main", sizeof(permit.account) - 1);
    strncpy(permit.venue, "binance", sizeof(permit.venue) - 1);
    strncpy(permit.symbol, "BTCUSDT", sizeof(permit.symbol) - 1);
    strncpy(permit.strategy, "trend", sizeof(permit.strategy) - 1);
    cb_permit_sign(&permit, (const uint8_t *)RIG_KEY, strlen(RIG_KEY));
    return permit;
}

RIG_UNUSED static void rig_sign(cb_permit *permit)
{
    cb_permit_sign(permit, (const uint8_t *)RIG_KEY, strlen(RIG_KEY));
}

RIG_UNUSED static void rig_give(rig *r, const cb_permit *permit)
{
    rig_feed(r, CB_MSG_PERMIT, permit, sizeof(*permit));
}

RIG_UNUSED static void rig_claim(rig *r, cb_id intent_id, exec_claim_outcome outcome)
{
    const exec_claim_result result = {
        .intent_id = intent_id, .outcome = outcome, .sign_ts_ns = r->now_ns};
    rig_feed(r, EXEC_EVENT_CLAIM, &result, sizeof(result));
}

RIG_UNUSED static void rig_sent(rig *r, cb_id intent_id)
{
    const exec_sent sent = {.intent_id = intent_id, .sent_ns = r->now_ns};
    rig_feed(r, EXEC_EVENT_SENT, &sent, sizeof(sent));
}

/* A market order of one BTC that was claimed and handed to the socket: SENDING. */
RIG_UNUSED static cb_order rig_sending_as(rig *r, cb_permit *permit)
{
    rig_sign(permit);
    rig_give(r, permit);
    const exec_claim *claim = rig_request(r, EXEC_REQUEST_CLAIM);
    assert_non_null(claim);
    rig_claim(r, permit->intent_id, EXEC_CLAIM_DONE);
    assert_non_null(rig_request(r, EXEC_REQUEST_SEND));
    rig_sent(r, permit->intent_id);
    const cb_order *order = rig_last_order(r);
    assert_non_null(order);
    assert_int_equal(order->state, CB_ORDER_STATE_SENDING);
    return *order;
}

RIG_UNUSED static cb_order rig_sending(rig *r)
{
    cb_permit permit = rig_permit(r);
    return rig_sending_as(r, &permit);
}

RIG_UNUSED static cb_venue_order rig_venue_view(
    const cb_order *order, const char *venue_order_id, cb_order_state state, int64_t cum_e8)
{
    cb_venue_order view = {.side = order->side,
        .order_type = order->order_type,
        .tif = order->tif,
        .state = state,
        .qty = order->qty,
        .price = order->limit_price,
        .cum_qty = {cum_e8}};
    memcpy(view.symbol, order->symbol, sizeof(view.symbol));
    memcpy(view.client_order_id, order->client_order_id, sizeof(view.client_order_id));
    strncpy(view.venue_order_id, venue_order_id, sizeof(view.venue_order_id) - 1);
    return view;
}

RIG_UNUSED static void rig_answered(rig *r,
    uint32_t event_type,
    const cb_order *order,
    cb_answer_class answer_class,
    const cb_venue_order *view)
{
    exec_order_answer answer = {.intent_id = order->intent_id,
        .answer_class = answer_class,
        .retry_after_s = -1,
        .answered_ns = r->now_ns,
        .has_order = view != NULL};
    if (view != NULL) {
        answer.order = *view;
    }
    strncpy(answer.reason, "because", sizeof(answer.reason) - 1);
    rig_feed(r, event_type, &answer, sizeof(answer));
}

RIG_UNUSED static void rig_placed(
    rig *r, const cb_order *order, cb_answer_class answer_class, const cb_venue_order *view)
{
    rig_answered(r, EXEC_EVENT_PLACED, order, answer_class, view);
}

/* The answer to a READ_ORDER whose tag is known. */
RIG_UNUSED static void rig_queried(rig *r,
    const exec_read *read,
    cb_answer_class answer_class,
    int64_t venue_now_ns,
    const cb_venue_order *view)
{
    exec_order_answer answer = {.tag = read->tag,
        .intent_id = read->intent_id,
        .answer_class = answer_class,
        .retry_after_s = -1,
        .venue_now_ns = venue_now_ns,
        .answered_ns = r->now_ns,
        .has_order = view != NULL};
    if (view != NULL) {
        answer.order = *view;
    }
    rig_feed(r, EXEC_EVENT_QUERIED, &answer, sizeof(answer));
}

RIG_UNUSED static cb_venue_trade rig_trade(
    rig *r, const cb_venue_order *view, uint64_t trade_id, int64_t qty_e8)
{
    cb_venue_trade trade = {.trade_id = trade_id,
        .side = view->side,
        .price = {30001 * CB_E8},
        .qty = {qty_e8},
        .fee = {1000},
        .ts_ns = r->now_ns};
    trade.quote_qty.e8 = qty_e8 * 30001;
    memcpy(trade.symbol, view->symbol, sizeof(trade.symbol));
    memcpy(trade.venue_order_id, view->venue_order_id, sizeof(trade.venue_order_id));
    memcpy(trade.client_order_id, view->client_order_id, sizeof(trade.client_order_id));
    strncpy(trade.fee_asset, "BTC", sizeof(trade.fee_asset) - 1);
    return trade;
}

RIG_UNUSED static void rig_report(rig *r, const cb_venue_order *view, const cb_venue_trade *trade)
{
    exec_report report = {.has_trade = trade != NULL, .order = *view};
    if (trade != NULL) {
        report.trade = *trade;
    }
    rig_feed(r, EXEC_EVENT_REPORT, &report, sizeof(report));
}

#endif /* EXEC_TEST_RIG_H */
