/* Candles for the real signals service: the past that it asks the validator for, and the one that
 * has closed when the schedule begins. They end in a breakout often enough that its strategies
 * speak; what it does then, and how its guard leaves again, is its own. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "tests/sim/dst_traffic.h"
#include "tests/sim/dst_venue.h"
#include "wire/codec.h"
#include "wire/delimited.h"

#define MINUTE_NS (60 * DST_S)
#define BARS 10
#define TICK_E8 1000000
#define ANSWER_SIZE 8192

/* Of the minute that ends bars minutes before the schedule; 0 is the live one. */
static int64_t closes_e8[4][BARS + 2];
static int64_t live_ns[4]; /* when the live one is told first: not before everything is ready */

#define SET_TEXT(member, text) CB_MAYBE(cb_text_copy((member), sizeof(member), cb_sv_from(text)))

static void draw_walk(uint32_t symbol)
{
    const int64_t end_e8 = dst_prices_e8[symbol];
    const int64_t jump_e8 = end_e8 / 1000 * (dst_below(4) == 0 ? dst_between(-4, 0) : 4);
    int64_t close_e8 = end_e8 - jump_e8;
    closes_e8[symbol][0] = end_e8;
    for (uint32_t i = 1; i < BARS + 2; i++) {
        closes_e8[symbol][i] = close_e8 / TICK_E8 * TICK_E8;
        close_e8 += end_e8 / 10000 * dst_between(-8, 8);
    }
}

void dst_candles_reset(void)
{
    for (uint32_t i = 0; dst->plan.has_signals && i < 4; i++) {
        draw_walk(i);
        live_ns[i] = dst_between(DST_S / 2, 2 * DST_S);
    }
}

/* The candle that closed age minutes before the schedule began. */
static cb_candle candle_of(uint32_t symbol, uint32_t age)
{
    const int64_t open_e8 = closes_e8[symbol][age + 1];
    const int64_t close_e8 = closes_e8[symbol][age];
    const int64_t wick_e8 = close_e8 / 20000 / TICK_E8 * TICK_E8;
    cb_candle candle = {.interval_s = 60,
        .close_ts_ns = DST_WALL_START_NS - age * MINUTE_NS,
        .open_ts_ns = DST_WALL_START_NS - (age + 1) * MINUTE_NS,
        .open = {open_e8},
        .high = {(open_e8 > close_e8 ? open_e8 : close_e8) + wick_e8},
        .low = {(open_e8 < close_e8 ? open_e8 : close_e8) - wick_e8},
        .close = {close_e8},
        .volume = {CB_E8},
        .quote_volume = {close_e8},
        .trades_count = 10,
        .is_closed = true,
        .recv_ns = DST_WALL_START_NS - age * MINUTE_NS};
    SET_TEXT(candle.venue, "binance");
    SET_TEXT(candle.symbol, dst_symbols[symbol]);
    return candle;
}

void dst_candles_tell(uint32_t symbol)
{
    cb_candle candle = candle_of(symbol, dst->now_ns < live_ns[symbol] ? 1 : 0);
    dst_traffic_tell(CB_SUBJECT_MD_OK_CANDLE, "validator", "validator", &candle);
}

/* ---- the validator's answer ---- */

static uint32_t symbol_of(const char *name)
{
    for (uint32_t i = 0; i < 4; i++) {
        if (strcmp(dst_symbols[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

/* A page: candles before the time that is asked for, oldest first, and an empty one as the end. */
void dst_candles_asked(const dst_packet *packet)
{
    cb_query_msg query;
    cb_err err;
    uint8_t bytes[ANSWER_SIZE];
    size_t used = 0;
    if (cb_decode(&cb_query_msg_desc, packet->bytes, packet->size, &query, &err) != CB_OK) {
        return;
    }
    int64_t before_ns = DST_WALL_START_NS - MINUTE_NS; /* the live one is told, not asked for */
    if (query.before[0] != '\0') {
        before_ns = strtoll(query.before, NULL, 10);
    }
    for (uint32_t age = BARS; age > 0; age--) {
        const cb_candle candle = candle_of(symbol_of(query.symbol), age);
        if (candle.open_ts_ns < before_ns && age <= query.limit) {
            const cb_status status =
                cb_delimited_put(&cb_candle_desc, &candle, bytes, sizeof(bytes), &used, &err);
            CB_ASSERT(status == CB_OK);
        }
    }
    const cb_candle end = {.interval_s = 0};
    const cb_status status =
        cb_delimited_put(&cb_candle_desc, &end, bytes, sizeof(bytes), &used, &err);
    CB_ASSERT(status == CB_OK);
    dst_bus_inject(packet->reply, "", bytes, used);
}
