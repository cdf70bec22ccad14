/* Feeds a recorded capture to the data path and compares its book with its own tickers. */
#include "services/collector/core/capture.h"

#include <string.h>

#include "base/assert.h"
#include "venue/json.h"

#define BOOK_LEVELS_MAX 50000U

size_t collector_capture_size(void)
{
    return collector_market_size(1, BOOK_LEVELS_MAX);
}

static void on_book(void *context, uint32_t symbol, bool is_flip)
{
    CB_ASSERT(context != NULL);
    CB_ASSERT(symbol == 0);
    (void)is_flip; /* the market module compares each book itself */
}

static void on_trade(void *context, const cb_trade *trade)
{
    collector_capture *capture = context;
    CB_ASSERT(trade != NULL);
    capture->trades_count++;
}

static void on_candle(void *context, const cb_candle *candle)
{
    collector_capture *capture = context;
    CB_ASSERT(candle != NULL);
    capture->candles_count++;
}

static void on_ticker(void *context, const cb_ticker *ticker)
{
    CB_ASSERT(context != NULL);
    CB_ASSERT(ticker != NULL);
}

static void on_delta(void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns)
{
    collector_capture *capture = context;
    CB_ASSERT(symbol == 0 && delta != NULL);
    (void)recv_ns;
    capture->diffs_count++;
}

static void on_need(void *context, const collector_need *need)
{
    collector_capture *capture = context;
    capture->gaps_count += need->is_gap ? 1U : 0U;
}

static void on_outcome(void *context, const collector_outcome *outcome)
{
    (void)context;
    CB_ASSERT(outcome->repaired_count <= outcome->missing_count);
}

void collector_capture_init(
    collector_capture *capture, const cb_venue_ops *venue, const char *symbol, cb_arena *arena)
{
    CB_ASSERT(capture != NULL);
    CB_ASSERT(venue != NULL && symbol != NULL);
    memset(capture, 0, sizeof(*capture));
    collector_market_init(&capture->market, venue, symbol, BOOK_LEVELS_MAX, arena);
    CB_ASSERT(capture->market.symbols_count == 1);
    capture->event.depth = (cb_venue_depth){.bids = capture->bids,
        .asks = capture->asks,
        .bids_capacity = COLLECTOR_CAPTURE_LEVELS_MAX,
        .asks_capacity = COLLECTOR_CAPTURE_LEVELS_MAX};
    capture->sink = (collector_sink){.context = capture,
        .trade = on_trade,
        .candle = on_candle,
        .ticker = on_ticker,
        .delta = on_delta,
        .book = on_book,
        .need = on_need,
        .outcome = on_outcome};
    collector_market_begin(&capture->market, 0, true, true, 1, &capture->sink);
    collector_market_candles_done(&capture->market, 0, &capture->sink);
}

/* Finds the text of member msg. */
static cb_status find_message(cb_strview line, cb_strview *message, cb_err *err)
{
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    cb_json_init(&json, line);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        const bool is_message = cb_sv_is(key, "msg");
        (void)cb_json_peek(&json);
        const char *begin = json.at;
        if (cb_json_skip(&json) && is_message && cb_json_once(&json, &seen, 0)) {
            *message = (cb_strview){.at = begin, .size = (size_t)(json.at - begin)};
        }
    }
    (void)cb_json_require(&json, seen, 1, "a line without msg");
    return cb_json_finish(&json, "capture", err);
}

cb_status collector_capture_line(collector_capture *capture, cb_strview line, cb_err *err)
{
    CB_ASSERT(capture != NULL);
    CB_ASSERT(line.at != NULL);
    cb_strview message = {.at = "", .size = 0};
    cb_venue_event *event = &capture->event;
    capture->lines_count++;
    cb_status status = find_message(line, &message, err);
    if (status == CB_OK) {
        status = capture->market.venue->parse_stream(message, event, err);
    }
    if (status != CB_OK) {
        return status;
    }
    switch (event->type) {
    case CB_VENUE_EVENT_TRADE:
        collector_market_trade(&capture->market, 0, &event->trade, true, &capture->sink);
        break;
    case CB_VENUE_EVENT_CANDLE:
        collector_market_candle(&capture->market, 0, &event->candle, true, &capture->sink);
        break;
    case CB_VENUE_EVENT_TICKER:
        collector_market_ticker(&capture->market, 0, &event->ticker, &capture->sink);
        break;
    case CB_VENUE_EVENT_DELTA:
        collector_market_delta(&capture->market, 0, &event->depth, 0, true, &capture->sink);
        break;
    case CB_VENUE_EVENT_SNAPSHOT:
        capture->snapshots_count++;
        collector_market_snapshot(&capture->market, 0, &event->depth, &capture->sink);
        break;
    case CB_VENUE_EVENT_NONE:
    case CB_VENUE_EVENT_AGG_TRADE:
    case CB_VENUE_EVENT_REPLY:
    case CB_VENUE_EVENT_SHUTDOWN:
    default:
        break;
    }
    return CB_OK;
}
