/* Binance spot as a venue: the table of its functions and its fixed figures
 * (web-socket-streams.md, "General WSS information"). */
#include "venue/binance/binance_internal.h"

const cb_venue_ops cb_venue_binance = {
    .name = BINANCE_NAME,
    .market_path = "/stream",
    .user_path = "/ws-api/v3",
    .channels = CB_VENUE_CHANNEL_TRADES | CB_VENUE_CHANNEL_CANDLES_1M | CB_VENUE_CHANNEL_DEPTH |
                CB_VENUE_CHANNEL_TICKER,
    .messages_per_s_max = 5,
    .streams_max = 1024,
    .connection_life_ns = CB_NS_PER_DAY,
    .depth_limit = 5000,
    .candles_max = 1000,
    .trades_max = 1000,
    .subscribe_text = binance_subscribe_text,
    .parse_stream = binance_parse_stream,
    .sync_delta = binance_sync_delta,
    .sync_snapshot = binance_sync_snapshot,
    .build = binance_build,
    .classify = binance_classify,
    .judge = binance_judge,
    .parse_time = binance_parse_time,
    .parse_instruments = binance_parse_instruments,
    .parse_depth = binance_parse_depth,
    .parse_candles = binance_parse_candles,
    .parse_trades = binance_parse_trades,
    .parse_order = binance_parse_order,
    .parse_orders = binance_parse_orders,
    .parse_own_trades = binance_parse_own_trades,
    .parse_account = binance_parse_account,
    .user_subscribe_text = binance_user_subscribe_text,
    .parse_user = binance_parse_user,
    .has_gapless_trade_ids = true,
    .parse_tickers = binance_parse_tickers,
};
