/* A validator core with its state and outbox, good messages to start from, and finders for what
 * came out. Included by the tests of this folder only. */
#ifndef TESTS_VALIDATOR_FIXTURE_H
#define TESTS_VALIDATOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "services/validator/core/expectation.h"
#include "services/validator/core/records.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
/* 2022-01-03 00:00:00 UTC */
#define T0 (INT64_C(1641168000) * SECOND)

typedef struct bench {
    validator_config config;
    void *state;
    cb_outbox *out;
    uint64_t seq;
    int64_t now_ns;
} bench;

static inline void bench_open_with(bench *b)
{
    b->state = calloc(1, validator_core.state_size(&b->config));
    b->out = calloc(1, sizeof *b->out);
    assert_non_null(b->state);
    assert_non_null(b->out);
    cb_arena arena;
    cb_arena_init(&arena, NULL, 0);
    validator_core.init(b->state, &b->config, &arena);
    b->seq = 0;
    b->now_ns = T0;
}

static inline void bench_open(bench *b)
{
    memset(b, 0, sizeof *b);
    validator_config_defaults(&b->config);
    b->config.history_keep_count = 8;
    bench_open_with(b);
}

static inline void bench_close(bench *b)
{
    free(b->state);
    free(b->out);
}

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
    validator_core.step(b->state, &event, b->out);
}

static inline void bench_timer(bench *b)
{
    const cb_timer_event timer = {VALIDATOR_TIMER_TICK, b->now_ns};
    bench_feed(b, CB_EVENT_TIMER, &timer, sizeof timer);
}

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

static inline const cb_action *bench_action_on(const bench *b, uint32_t table)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        const cb_action *action = &b->out->actions[i];
        const bool is_stored = action->type == CB_ACTION_PUBLISH || action->type == CB_ACTION_STORE;
        if (is_stored && action->table == table) {
            return action;
        }
    }
    return NULL;
}

static inline void name_it(char venue[12], char symbol[24])
{
    memcpy(venue, "binance", 8);
    memcpy(symbol, "BTCUSDT", 8);
}

static inline cb_trade good_trade(void)
{
    cb_trade trade = {
        .env.event_id = {7, 8},
        .env.origin_ns = T0 - 1000,
        .trade_id = 100,
        .price.e8 = 46000 * CB_E8,
        .qty.e8 = CB_E8 / 2,
        .taker_side = CB_SIDE_BUY,
        .venue_ts_ns = T0,
        .recv_ns = T0,
    };
    name_it(trade.venue, trade.symbol);
    return trade;
}

/* Closed, opening minute minutes after T0 - 1 h. */
static inline cb_candle good_candle(int64_t minute)
{
    cb_candle candle = {
        .interval_s = 60,
        .open_ts_ns = T0 - 60 * MINUTE + minute * MINUTE,
        .close_ts_ns = T0 - 60 * MINUTE + (minute + 1) * MINUTE,
        .open.e8 = 46000 * CB_E8,
        .high.e8 = 46010 * CB_E8,
        .low.e8 = 45990 * CB_E8,
        .close.e8 = 46005 * CB_E8,
        .volume.e8 = 10 * CB_E8,
        .quote_volume.e8 = 460000 * CB_E8,
        .trades_count = 42,
        .is_closed = true,
        .recv_ns = T0,
    };
    name_it(candle.venue, candle.symbol);
    return candle;
}

static inline cb_book good_book(void)
{
    cb_book book = {
        .update_id = 500,
        .bids_count = 2,
        .bids = {{{45999 * CB_E8}, {CB_E8}}, {{45998 * CB_E8}, {2 * CB_E8}}},
        .asks_count = 2,
        .asks = {{{46001 * CB_E8}, {CB_E8}}, {{46002 * CB_E8}, {2 * CB_E8}}},
        .is_valid = true,
        .venue_ts_ns = T0,
        .recv_ns = T0,
    };
    name_it(book.venue, book.symbol);
    return book;
}

static inline cb_book_delta good_delta(void)
{
    cb_book_delta delta = {
        .first_update_id = 501,
        .last_update_id = 510,
        .bids_count = 1,
        .bids = {{{45999 * CB_E8}, {0}}},
        .parts_count = 1,
        .venue_ts_ns = T0,
        .recv_ns = T0,
    };
    name_it(delta.venue, delta.symbol);
    return delta;
}

static inline cb_ticker good_ticker(void)
{
    cb_ticker ticker = {
        .update_id = 500,
        .bid.e8 = 45999 * CB_E8,
        .bid_qty.e8 = CB_E8,
        .ask.e8 = 46001 * CB_E8,
        .ask_qty.e8 = CB_E8,
        .recv_ns = T0,
    };
    name_it(ticker.venue, ticker.symbol);
    return ticker;
}

static inline cb_instrument good_instrument(void)
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
        .notional_max.e8 = 9000000 * CB_E8,
        .bid_multiplier_up.e8 = 5 * CB_E8,
        .bid_multiplier_down.e8 = CB_E8 / 5,
        .ask_multiplier_up.e8 = 5 * CB_E8,
        .ask_multiplier_down.e8 = CB_E8 / 5,
        .recv_ns = T0,
    };
    name_it(instrument.venue, instrument.symbol);
    return instrument;
}

#endif /* TESTS_VALIDATOR_FIXTURE_H */
