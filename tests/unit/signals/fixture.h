/* A signals core with its state and outbox, a market that falls and rises on demand, and finders
 * for what came out. Included by the tests of this folder only. */
#ifndef TESTS_SIGNALS_FIXTURE_H
#define TESTS_SIGNALS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "services/signals/core/signals_internal.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
/* 2022-01-03 00:00:00 UTC */
#define T0 (INT64_C(1641168000) * SECOND)

typedef struct bench {
    signals_config config;
    signals_state *state;
    cb_outbox *out;
    uint64_t seq;
    int64_t now_ns;
    int64_t minute;   /* number of the next candle */
    int64_t price_e8; /* close of the last candle */
} bench;

static inline void bench_feed(bench *b, uint32_t type, const void *body, size_t size)
{
    const cb_event event = {
        .seq = ++b->seq,
        .ts_ns = b->now_ns,
        .type = type,
        .body_size = (uint32_t)size,
        .body = body,
    };
    cb_outbox_reset(b->out);
    signals_core.step(b->state, &event, b->out);
}

#define FEED(b, type, body) bench_feed((b), (type), &(body), sizeof(body))

/* The index-th published message of a subject; NULL when there are fewer. */
static inline const void *bench_published(const bench *b, uint32_t subject, uint32_t index)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        const cb_action *action = &b->out->actions[i];
        if (action->type == CB_ACTION_PUBLISH && action->subject == subject && index-- == 0) {
            return action->body;
        }
    }
    return NULL;
}

/* The index-th row for a table, published ones included. */
static inline const void *bench_stored(const bench *b, uint32_t table, uint32_t index)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        const cb_action *action = &b->out->actions[i];
        const bool is_row = action->type == CB_ACTION_PUBLISH || action->type == CB_ACTION_STORE;
        if (is_row && action->table == table && index-- == 0) {
            return action->body;
        }
    }
    return NULL;
}

static inline const cb_intent *bench_intent(const bench *b)
{
    return bench_published(b, CB_SUBJECT_INTENT, 0);
}

static inline bool bench_has_asked(const bench *b)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        if (b->out->actions[i].type == CB_ACTION_REQUEST) {
            return true;
        }
    }
    return false;
}

static inline void name_it(char venue[12], char symbol[24])
{
    memcpy(venue, "binance", 8);
    memcpy(symbol, "BTCUSDT", 8);
}

/* Candle number minute, from the last price by step; volume 1. */
static inline cb_candle bench_candle(const bench *b, int64_t minute, int64_t step_e8)
{
    const int64_t open_e8 = b->price_e8;
    const int64_t close_e8 = open_e8 + step_e8;
    const int64_t top_e8 = open_e8 > close_e8 ? open_e8 : close_e8;
    const int64_t bottom_e8 = open_e8 < close_e8 ? open_e8 : close_e8;
    cb_candle candle = {
        .env.event_id = {77, (uint64_t)minute + 1},
        .env.origin_ns = T0 + minute * MINUTE + 5,
        .interval_s = 60,
        .open_ts_ns = T0 + minute * MINUTE,
        .close_ts_ns = T0 + (minute + 1) * MINUTE,
        .open.e8 = open_e8,
        .high.e8 = top_e8 + CB_E8 / 2,
        .low.e8 = bottom_e8 - CB_E8 / 2,
        .close.e8 = close_e8,
        .volume.e8 = CB_E8,
        .trades_count = 9,
        .is_closed = true,
    };
    name_it(candle.venue, candle.symbol);
    return candle;
}

/* The next live candle at the moment of its close. */
static inline void bench_next(bench *b, int64_t step_e8)
{
    const cb_candle candle = bench_candle(b, b->minute, step_e8);
    b->price_e8 = candle.close.e8;
    b->minute++;
    b->now_ns = candle.close_ts_ns;
    FEED(b, CB_MSG_CANDLE, candle);
}

static inline void bench_ticker_at(bench *b, int64_t bid_e8)
{
    cb_ticker ticker = {.env.event_id = {88, b->seq},
        .bid.e8 = bid_e8,
        .bid_qty.e8 = CB_E8,
        .ask.e8 = bid_e8 + CB_E8 / 100,
        .ask_qty.e8 = CB_E8,
        .recv_ns = b->now_ns};
    name_it(ticker.venue, ticker.symbol);
    FEED(b, CB_MSG_TICKER, ticker);
}

static inline void bench_quality(bench *b, int64_t score_e8, bool is_stale)
{
    cb_quality_score quality = {.score.e8 = score_e8, .is_stale = is_stale};
    name_it(quality.venue, quality.symbol);
    FEED(b, CB_MSG_QUALITY_SCORE, quality);
}

static inline void bench_instrument(bench *b)
{
    cb_instrument instrument = {
        .base_asset = "BTC",
        .quote_asset = "USDT",
        .status = CB_INSTRUMENT_STATUS_TRADING,
        .tick_size.e8 = CB_E8 / 100,
        .price_min.e8 = CB_E8 / 100,
        .price_max.e8 = 1000000 * CB_E8,
        .lot_size.e8 = 1000,
        .qty_min.e8 = 1000,
        .qty_max.e8 = 9000 * CB_E8,
        .market_qty_max.e8 = 100 * CB_E8,
        .notional_min.e8 = 5 * CB_E8,
    };
    name_it(instrument.venue, instrument.symbol);
    FEED(b, CB_MSG_INSTRUMENT, instrument);
}

/* An answer to a history question: candles first … last-1 as a steady fall to the present price. */
static inline void bench_history(bench *b, int64_t count, int64_t step_e8)
{
    static signals_history history;
    const int64_t first = b->minute - count;
    int64_t done = 0;
    int64_t price_e8 = b->price_e8 - count * step_e8;
    do {
        memset(&history, 0, sizeof history);
        memcpy(history.symbol, "BTCUSDT", 8);
        history.is_first = done == 0;
        while (history.bars_count < SIGNALS_HISTORY_CHUNK && done < count) {
            const int64_t next_e8 = price_e8 + step_e8;
            const int64_t high_e8 = price_e8 > next_e8 ? price_e8 : next_e8;
            const int64_t low_e8 = price_e8 < next_e8 ? price_e8 : next_e8;
            history.bars[history.bars_count++] = (signals_bar){
                .open_ts_ns = T0 + (first + done) * MINUTE,
                .open_e8 = price_e8,
                .high_e8 = high_e8 + CB_E8 / 2,
                .low_e8 = low_e8 - CB_E8 / 2,
                .close_e8 = next_e8,
                .volume_e8 = CB_E8,
                .trades_count = 9,
            };
            price_e8 = next_e8;
            done++;
        }
        history.is_last = done == count;
        bench_feed(b, SIGNALS_EVENT_HISTORY, &history, sizeof history);
    } while (done < count);
}

static inline void bench_alloc(bench *b)
{
    b->state = calloc(1, signals_core.state_size(&b->config));
    b->out = calloc(1, sizeof *b->out);
    assert_non_null(b->state);
    assert_non_null(b->out);
    cb_arena arena;
    cb_arena_init(&arena, NULL, 0);
    signals_core.init(b->state, &b->config, &arena);
    const signals_epoch epoch = {1};
    FEED(b, SIGNALS_EVENT_EPOCH, epoch);
}

/* One symbol and one strategy, so that each test knows who spoke; the market has fallen for 100
 * minutes, by one a minute, to 10000. */
static inline void bench_open_with(bench *b, const char *strategies)
{
    memset(b, 0, sizeof *b);
    signals_config_defaults(&b->config);
    memset(b->config.symbols, 0, sizeof b->config.symbols);
    memcpy(b->config.symbols, "BTCUSDT", 8);
    memset(b->config.strategies, 0, sizeof b->config.strategies);
    memcpy(b->config.strategies, strategies, strlen(strategies));
    b->minute = 100;
    b->price_e8 = 10000 * CB_E8;
    b->now_ns = T0 + 100 * MINUTE;
    bench_alloc(b);
    bench_feed(b, CB_EVENT_RECOVERED, NULL, 0);
    assert_true(bench_has_asked(b));
    bench_history(b, 100, -CB_E8);
    bench_instrument(b);
    bench_quality(b, CB_E8, false);
}

static inline void bench_open(bench *b)
{
    bench_open_with(b, "trend@1m");
}

static inline void bench_close(bench *b)
{
    free(b->state);
    free(b->out);
}

/* Lets the market rise until the core enters; the intent is in the outbox, and returned by value.
 */
static inline cb_intent bench_until_entry(bench *b)
{
    for (int i = 0; i < 60; i++) {
        bench_next(b, CB_E8);
        const cb_intent *intent = bench_intent(b);
        if (intent != NULL) {
            return *intent;
        }
    }
    fail_msg("a steady rise led to no entry");
    return (cb_intent){0};
}

static inline void bench_fill(bench *b, const cb_intent *intent, int64_t qty_e8, int64_t fee_e8)
{
    cb_fill fill = {
        .account = "main",
        .trade_id = b->seq,
        .intent_id = intent->intent_id,
        .side = intent->side,
        .purpose = intent->purpose,
        .price = intent->reference_price,
        .qty.e8 = qty_e8,
        .fee.e8 = fee_e8,
        .fee_asset = "BTC",
        .base_asset = "BTC",
        .quote_asset = "USDT",
    };
    name_it(fill.venue, fill.symbol);
    FEED(b, CB_MSG_FILL, fill);
}

static inline void bench_order(
    bench *b, const cb_intent *intent, cb_order_state order_state, int64_t cum_e8)
{
    cb_order order = {
        .account = "main",
        .intent_id = intent->intent_id,
        .state = order_state,
        .side = intent->side,
        .purpose = intent->purpose,
        .cum_qty.e8 = cum_e8,
    };
    name_it(order.venue, order.symbol);
    FEED(b, CB_MSG_ORDER, order);
}

static inline void bench_deny(bench *b, const cb_intent *intent)
{
    cb_denial denial = {.account = "main",
        .intent_id = intent->intent_id,
        .side = intent->side,
        .rule = "max_position"};
    name_it(denial.venue, denial.symbol);
    FEED(b, CB_MSG_DENIAL, denial);
}

/* An entry that is bought and done: one unit less a fee of a thousandth. */
static inline cb_intent bench_hold(bench *b)
{
    const cb_intent intent = bench_until_entry(b);
    bench_fill(b, &intent, CB_E8, CB_E8 / 1000);
    bench_order(b, &intent, CB_ORDER_STATE_FILLED, CB_E8);
    return intent;
}

#endif /* TESTS_SIGNALS_FIXTURE_H */
