/* libFuzzer target: our JSON scanner against jansson, and every parser of the Binance adapter on
 * the same bytes (which must refuse or accept without touching anything else). */
#include <stdint.h>

#include "tests/fuzz/json_compare.h"
#include "venue/venue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define LEVELS_MAX 256

static bool on_instrument(void *context, const cb_instrument *instrument)
{
    (void)context;
    return instrument->symbol[0] != '\0';
}

static bool on_candle(void *context, const cb_candle *candle)
{
    (void)context;
    return candle->interval_s == 60;
}

static bool on_trade(void *context, const cb_trade *trade)
{
    (void)context;
    return trade->symbol[0] != '\0';
}

static bool on_order(void *context, const cb_venue_order *order)
{
    (void)context;
    return order->venue_order_id[0] != '\0';
}

static bool on_own_trade(void *context, const cb_venue_trade *trade)
{
    (void)context;
    return trade->venue_order_id[0] != '\0';
}

static bool on_balance(void *context, const cb_asset_balance *balance)
{
    (void)context;
    return balance->asset[0] != '\0';
}

static bool on_statistics(void *context, const cb_venue_statistics *statistics)
{
    (void)context;
    return statistics->symbol[0] != '\0';
}

static void parse_all(const cb_venue_ops *venue, cb_strview text)
{
    static cb_level bids[LEVELS_MAX];
    static cb_level asks[LEVELS_MAX];
    static cb_venue_event event;
    static cb_venue_user_event user;
    static cb_venue_answer answer;
    static const cb_venue_params params = {.symbol = "BTCUSDT", .client_order_id = "x"};
    cb_venue_order order;
    cb_venue_limits limits;
    cb_venue_error error;
    uint32_t refused;
    int64_t time_ns;
    event.depth = (cb_venue_depth){
        .bids = bids, .asks = asks, .bids_capacity = LEVELS_MAX, .asks_capacity = LEVELS_MAX};
    (void)venue->parse_stream(text, &event, NULL);
    (void)venue->parse_user(text, &user, NULL);
    (void)venue->parse_time(text, &time_ns, NULL);
    (void)venue->parse_instruments(text, &limits, on_instrument, NULL, &refused, NULL);
    (void)venue->parse_depth(text, "BTCUSDT", &event.depth, NULL);
    (void)venue->parse_candles(text, "BTCUSDT", 60, 0, on_candle, NULL, NULL);
    (void)venue->parse_trades(text, "BTCUSDT", on_trade, NULL, NULL);
    (void)venue->parse_order(text, &order, NULL);
    (void)venue->parse_orders(text, on_order, NULL, NULL);
    (void)venue->parse_own_trades(text, on_own_trade, NULL, NULL);
    (void)venue->parse_account(text, on_balance, NULL, NULL);
    (void)venue->parse_tickers(text, on_statistics, NULL, NULL);
    venue->classify(400, text, true, &error);
    for (int call = CB_VENUE_CALL_PLACE; call <= CB_VENUE_CALL_QUERY; call++) {
        venue->judge((cb_venue_call)call, &params, 200, text, &answer);
        venue->judge((cb_venue_call)call, &params, 409, text, &answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *why = json_compare((const char *)bytes, size);
    if (why != NULL) {
        (void)fprintf(stderr, "%s\n", why);
        abort();
    }
    for (uint32_t i = 0; cb_venue_at(i) != NULL; i++) {
        parse_all(cb_venue_at(i), (cb_strview){.at = (const char *)bytes, .size = size});
    }
    return 0;
}
