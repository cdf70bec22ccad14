/* Messages in Binance's form, written for these tests (field names and order as documented, values
 * invented). One of each kind that the adapter reads. */
#ifndef VENUE_FIXTURES_H
#define VENUE_FIXTURES_H

#define FIXTURE_TRADE                                                                              \
    "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1700000000123,\"s\":"           \
    "\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":"            \
    "1700000000122,\"m\":true,\"M\":true}}"
#define FIXTURE_AGG_TRADE                                                                          \
    "{\"e\":\"aggTrade\",\"E\":1700000000123,\"s\":\"ETHUSDT\",\"a\":26129,\"p\":\"2000.5\","      \
    "\"q\":\"4.7\",\"f\":27781,\"l\":27785,\"T\":1700000000120,\"m\":false,\"M\":true}"
#define FIXTURE_KLINE                                                                              \
    "{\"stream\":\"btcusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"E\":1700000060005,\"s\":"        \
    "\"BTCUSDT\",\"k\":{\"t\":1700000000000,\"T\":1700000059999,\"s\":\"BTCUSDT\",\"i\":\"1m\","   \
    "\"f\":100,\"L\":200,\"o\":\"61000.10\",\"c\":\"61002.20\",\"h\":\"61010.00\",\"l\":"          \
    "\"60990.00\",\"v\":\"12.50000000\",\"n\":101,\"x\":true,\"q\":\"762527.50\",\"V\":\"6\","     \
    "\"Q\":\"366000\",\"B\":\"0\"}}}"
#define FIXTURE_BOOK_TICKER                                                                        \
    "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":"      \
    "\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}}"
#define FIXTURE_DEPTH                                                                              \
    "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1700000000208,"     \
    "\"s\":\"BTCUSDT\",\"U\":157,\"u\":160,\"b\":[[\"61737.63\",\"0.00000000\"],[\"61730.17\","    \
    "\"1.5\"]],\"a\":[[\"61837.64\",\"1.54698000\"]]}}"
#define FIXTURE_PARTIAL                                                                            \
    "{\"stream\":\"btcusdt@depth5@100ms\",\"data\":{\"lastUpdateId\":160,\"bids\":[[\"0.0024\","   \
    "\"10\"]],\"asks\":[[\"0.0026\",\"100\"],[\"0.0027\",\"5\"]]}}"
#define FIXTURE_SHUTDOWN                                                                           \
    "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1700000000000}}"
#define FIXTURE_SUBSCRIBED "{\"result\":null,\"id\":7}"
#define FIXTURE_STREAM_ERROR                                                                       \
    "{\"error\":{\"code\":2,\"msg\":\"Invalid request: unknown variant\"},\"id\":7}"
#define FIXTURE_TIME "{\"serverTime\":1700000000123}"
#define FIXTURE_SNAPSHOT                                                                           \
    "{\"lastUpdateId\":158,\"bids\":[[\"61737.63\",\"2.0\"],[\"61730.00\",\"1.0\"]],\"asks\":"     \
    "[[\"61837.64\",\"1.0\"]]}"
#define FIXTURE_KLINES                                                                             \
    "[[1700000000000,\"61000.10\",\"61010.00\",\"60990.00\",\"61002.20\",\"12.5\",1700000059999,"  \
    "\"762527.5\",101,\"6\",\"366000\",\"0\"],[1700000060000,\"61002.20\",\"61003\",\"61001\","    \
    "\"61002\",\"1\",1700000119999,\"61002\",3,\"1\",\"61002\",\"0\"]]"
#define FIXTURE_TRADES                                                                             \
    "[{\"id\":28457,\"price\":\"4.00000100\",\"qty\":\"12.00000000\",\"quoteQty\":\"48.000012\","  \
    "\"time\":1499865549590,\"isBuyerMaker\":true,\"isBestMatch\":true},{\"id\":28458,\"price\":"  \
    "\"4.1\",\"qty\":\"1\",\"quoteQty\":\"4.1\",\"time\":1499865549591,\"isBuyerMaker\":false,"    \
    "\"isBestMatch\":true}]"
#define FIXTURE_INSTRUMENTS                                                                        \
    "{\"timezone\":\"UTC\",\"serverTime\":1700000000000,\"rateLimits\":[{\"rateLimitType\":"       \
    "\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":6000},{"               \
    "\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,\"limit\":100},{"     \
    "\"rateLimitType\":\"ORDERS\",\"interval\":\"DAY\",\"intervalNum\":1,\"limit\":200000},{"      \
    "\"rateLimitType\":\"RAW_REQUESTS\",\"interval\":\"MINUTE\",\"intervalNum\":5,\"limit\":"      \
    "61000}],\"exchangeFilters\":[],\"symbols\":[{\"symbol\":\"BTCUSDT\",\"status\":\"TRADING\","  \
    "\"baseAsset\":\"BTC\",\"baseAssetPrecision\":8,\"quoteAsset\":\"USDT\","                      \
    "\"isSpotTradingAllowed\":true,\"orderTypes\":[\"LIMIT\",\"MARKET\"],\"filters\":[{"           \
    "\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.01000000\",\"maxPrice\":"                    \
    "\"1000000.00000000\",\"tickSize\":\"0.01000000\"},{\"filterType\":\"LOT_SIZE\",\"minQty\":"   \
    "\"0.00001000\",\"maxQty\":\"9000.00000000\",\"stepSize\":\"0.00001000\"},{\"filterType\":"    \
    "\"MARKET_LOT_SIZE\",\"minQty\":\"0\",\"maxQty\":\"120.5\",\"stepSize\":\"0\"},{"              \
    "\"filterType\":\"NOTIONAL\",\"minNotional\":\"5\",\"applyMinToMarket\":true,"                 \
    "\"maxNotional\":\"9000000\",\"applyMaxToMarket\":false,\"avgPriceMins\":5},{\"filterType\":"  \
    "\"PERCENT_PRICE_BY_SIDE\",\"bidMultiplierUp\":\"5\",\"bidMultiplierDown\":\"0.2\","           \
    "\"askMultiplierUp\":\"5.5\",\"askMultiplierDown\":\"0.25\",\"avgPriceMins\":5},{"             \
    "\"filterType\":\"MAX_NUM_ORDERS\",\"maxNumOrders\":200}]},{\"symbol\":\"FINEUSDT\","          \
    "\"status\":\"TRADING\",\"baseAsset\":\"FINE\",\"quoteAsset\":\"USDT\",\"filters\":[{"         \
    "\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.0000000001\",\"maxQty\":\"1\",\"stepSize\":"       \
    "\"0.0000000001\"}]},{\"symbol\":\"OLDBTC\",\"status\":\"BREAK\",\"baseAsset\":\"OLD\","       \
    "\"quoteAsset\":\"BTC\",\"filters\":[{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":"        \
    "\"0.0001\"},{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"5\",\"multiplierDown\":"     \
    "\"0.2\"}]}]}"
#define FIXTURE_ORDER_FULL                                                                         \
    "{\"symbol\":\"BTCUSDT\",\"orderId\":28,\"orderListId\":-1,\"clientOrderId\":\"ours-1\","      \
    "\"transactTime\":1700000000595,\"price\":\"61000.00\",\"origQty\":\"0.003\","                 \
    "\"executedQty\":\"0.002\",\"origQuoteOrderQty\":\"0\",\"cummulativeQuoteQty\":\"121.5\","     \
    "\"status\":\"PARTIALLY_FILLED\",\"timeInForce\":\"GTC\",\"type\":\"LIMIT\",\"side\":\"BUY\"," \
    "\"workingTime\":1700000000595,\"selfTradePreventionMode\":\"NONE\",\"fills\":[{\"price\":"    \
    "\"60500.00\",\"qty\":\"0.001\",\"commission\":\"0.000001\",\"commissionAsset\":\"BTC\","      \
    "\"tradeId\":56},{\"price\":\"61000.00\",\"qty\":\"0.001\",\"commission\":\"0.000002\","       \
    "\"commissionAsset\":\"BTC\",\"tradeId\":57}]}"
#define FIXTURE_ORDER_ACK                                                                          \
    "{\"symbol\":\"BTCUSDT\",\"orderId\":28,\"orderListId\":-1,\"clientOrderId\":\"ours-1\","      \
    "\"transactTime\":1700000000595}"
#define FIXTURE_ORDER_QUERY                                                                        \
    "{\"symbol\":\"BTCUSDT\",\"orderId\":28,\"orderListId\":-1,\"clientOrderId\":\"ours-1\","      \
    "\"price\":\"61000.00\",\"origQty\":\"0.003\",\"executedQty\":\"0.003\","                      \
    "\"cummulativeQuoteQty\":\"183\",\"status\":\"FILLED\",\"timeInForce\":\"GTC\",\"type\":"      \
    "\"STOP_LOSS_LIMIT\",\"side\":\"SELL\",\"stopPrice\":\"61500.0\",\"icebergQty\":\"0.0\","      \
    "\"time\":1700000000000,\"updateTime\":1700000000900,\"isWorking\":true,\"workingTime\":"      \
    "1700000000500,\"origQuoteOrderQty\":\"0\",\"selfTradePreventionMode\":\"NONE\"}"
#define FIXTURE_ORDER_CANCELED                                                                     \
    "{\"symbol\":\"BTCUSDT\",\"origClientOrderId\":\"ours-1\",\"orderId\":28,\"orderListId\":-1,"  \
    "\"clientOrderId\":\"the-cancel\",\"transactTime\":1700000000700,\"price\":\"61000.00\","      \
    "\"origQty\":\"0.003\",\"executedQty\":\"0.001\",\"cummulativeQuoteQty\":\"60.5\",\"status\":" \
    "\"CANCELED\",\"timeInForce\":\"GTC\",\"type\":\"LIMIT\",\"side\":\"BUY\","                    \
    "\"selfTradePreventionMode\":\"NONE\"}"
#define FIXTURE_ORDERS                                                                             \
    "[" FIXTURE_ORDER_CANCELED                                                                     \
    ",{\"orderListId\":1929,\"contingencyType\":\"OCO\",\"listStatusType\":\"ALL_DONE\","          \
    "\"symbol\":\"BTCUSDT\",\"orders\":[{\"symbol\":\"BTCUSDT\",\"orderId\":20,"                   \
    "\"clientOrderId\":\"leg-1\"}],\"orderReports\":[" FIXTURE_ORDER_QUERY "]}]"
#define FIXTURE_OWN_TRADES                                                                         \
    "[{\"symbol\":\"BNBBTC\",\"id\":28457,\"orderId\":100234,\"orderListId\":-1,\"price\":"        \
    "\"4.00000100\",\"qty\":\"12.00000000\",\"quoteQty\":\"48.000012\",\"commission\":"            \
    "\"10.10000000\",\"commissionAsset\":\"BNB\",\"time\":1499865549590,\"isBuyer\":true,"         \
    "\"isMaker\":false,\"isBestMatch\":true}]"
#define FIXTURE_ACCOUNT                                                                            \
    "{\"makerCommission\":15,\"canTrade\":true,\"updateTime\":123456789,\"balances\":[{\"asset\":" \
    "\"BTC\",\"free\":\"4723846.89208129\",\"locked\":\"0.5\"},{\"asset\":\"AVERYLONGASSETNAME\"," \
    "\"free\":\"1\",\"locked\":\"0\"},{\"asset\":\"USDT\",\"free\":\"10\",\"locked\":\"0\"}],"     \
    "\"permissions\":[\"SPOT\"],\"uid\":354937868}"
#define FIXTURE_STATISTICS                                                                         \
    "{\"symbol\":\"ETHUSDT\",\"priceChange\":\"-13.31\",\"priceChangePercent\":\"-0.641\","        \
    "\"weightedAvgPrice\":\"2056.64729585\",\"prevClosePrice\":\"2074.89\",\"lastPrice\":"         \
    "\"2061.59\",\"bidPrice\":\"2061.58\",\"bidQty\":\"9.0468\",\"askPrice\":\"2061.59\","         \
    "\"askQty\":\"0.7006\",\"openPrice\":\"2074.90\",\"highPrice\":\"2121.70\",\"lowPrice\":"      \
    "\"1994.57\",\"volume\":\"1034776.0611\",\"quoteVolume\":\"2128169387.87592900\","             \
    "\"openTime\":1770445146013,\"closeTime\":1770531546013,\"firstId\":1,\"lastId\":9,"           \
    "\"count\":9}"
#define FIXTURE_ERROR                                                                              \
    "{\"code\":-2010,\"msg\":\"Account has insufficient balance for requested action.\"}"
#define FIXTURE_REPLACED                                                                           \
    "{\"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"SUCCESS\","                                \
    "\"cancelResponse\":" FIXTURE_ORDER_CANCELED ",\"newOrderResponse\":" FIXTURE_ORDER_FULL "}"
#define FIXTURE_HALF_REPLACED                                                                      \
    "{\"code\":-2021,\"msg\":\"Order cancel-replace partially failed.\",\"data\":{"                \
    "\"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"FAILURE\","                                 \
    "\"cancelResponse\":" FIXTURE_ORDER_CANCELED ",\"newOrderResponse\":" FIXTURE_ERROR "}}"
#define FIXTURE_REPORT_NEW                                                                         \
    "{\"subscriptionId\":0,\"event\":{\"e\":\"executionReport\",\"E\":1700000000658,\"s\":"        \
    "\"ETHBTC\",\"c\":\"ours-1\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"1.0\",\"p\":" \
    "\"0.10264410\",\"P\":\"0\",\"F\":\"0\",\"g\":-1,\"C\":\"\",\"x\":\"NEW\",\"X\":\"NEW\","      \
    "\"r\":\"NONE\",\"i\":4293153,\"l\":\"0\",\"z\":\"0\",\"L\":\"0\",\"n\":\"0\",\"N\":null,"     \
    "\"T\":1700000000657,\"t\":-1,\"I\":8641984,\"w\":true,\"m\":false,\"M\":false,\"O\":"         \
    "1700000000657,\"Z\":\"0\",\"Y\":\"0\",\"Q\":\"0\",\"W\":1700000000657,\"V\":\"NONE\"}}"
#define FIXTURE_REPORT_TRADE                                                                       \
    "{\"e\":\"executionReport\",\"E\":1700000001000,\"s\":\"ETHUSDT\",\"c\":\"ours-1\",\"S\":"     \
    "\"SELL\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"1.0\",\"p\":\"2500.00\",\"P\":\"0\",\"x\":"    \
    "\"TRADE\",\"X\":\"PARTIALLY_FILLED\",\"r\":\"NONE\",\"i\":12345678,\"l\":\"0.4\",\"z\":"      \
    "\"0.7\",\"L\":\"2500.00\",\"n\":\"0.001\",\"N\":\"BNB\",\"T\":1700000001000,\"t\":98765432,"  \
    "\"w\":false,\"m\":true,\"O\":1700000000000,\"Z\":\"1750.00\",\"Y\":\"1000.00\",\"C\":\"\"}"
#define FIXTURE_REPORT_CANCELED                                                                    \
    "{\"e\":\"executionReport\",\"E\":1700000001000,\"s\":\"ETHUSDT\",\"c\":\"the-cancel\",\"S\":" \
    "\"SELL\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"1.0\",\"p\":\"2500.00\",\"P\":\"0\",\"x\":"    \
    "\"CANCELED\",\"X\":\"CANCELED\",\"r\":\"NONE\",\"i\":12345678,\"l\":\"0\",\"z\":\"0.7\","     \
    "\"L\":\"0\",\"n\":\"0\",\"N\":null,\"T\":1700000001000,\"t\":-1,\"w\":false,\"m\":false,"     \
    "\"O\":1700000000000,\"Z\":\"1750.00\",\"C\":\"ours-1\"}"
#define FIXTURE_REPORT_EXPIRED                                                                     \
    "{\"e\":\"executionReport\",\"E\":1700000003000,\"s\":\"ETHUSDT\",\"c\":\"ours-1\",\"S\":"     \
    "\"BUY\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"1.0\",\"p\":\"2500.00\",\"P\":\"0\",\"x\":"     \
    "\"EXPIRED\",\"X\":\"EXPIRED\",\"r\":\"NONE\",\"i\":12345678,\"l\":\"0\",\"z\":\"0\",\"L\":"   \
    "\"0\",\"n\":\"0\",\"N\":null,\"T\":1700000003000,\"t\":-1,\"w\":false,\"m\":false,\"O\":"     \
    "1700000000000,\"Z\":\"0\",\"C\":\"\",\"eR\":\"INSUFFICIENT_LIQUIDITY\"}"
#define FIXTURE_POSITION                                                                           \
    "{\"subscriptionId\":3,\"event\":{\"e\":\"outboundAccountPosition\",\"E\":1700000000000,"      \
    "\"u\":1700000000000,\"B\":[{\"a\":\"USDT\",\"f\":\"10000\",\"l\":\"2500\"},{\"a\":\"ETH\","   \
    "\"f\":\"5\",\"l\":\"0\"}]}}"
#define FIXTURE_TRANSFER                                                                           \
    "{\"subscriptionId\":0,\"event\":{\"e\":\"balanceUpdate\",\"E\":1700000000110,\"a\":\"BTC\","  \
    "\"d\":\"-100.5\",\"T\":1700000000068}}"
#define FIXTURE_TERMINATED                                                                         \
    "{\"subscriptionId\":0,\"event\":{\"e\":\"eventStreamTerminated\",\"E\":1700000000110}}"
#define FIXTURE_WS_OK                                                                              \
    "{\"id\":9,\"status\":200,\"result\":{\"subscriptionId\":4},\"rateLimits\":[{"                 \
    "\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":"    \
    "6000,\"count\":4}]}"
#define FIXTURE_WS_ERROR                                                                           \
    "{\"id\":\"9\",\"status\":400,\"error\":{\"code\":-1022,\"msg\":\"Signature for this request " \
    "is not valid.\"},\"rateLimits\":[]}"

/* All of them, for tests that break messages. */
#define FIXTURES_ALL                                                                               \
    FIXTURE_TRADE, FIXTURE_AGG_TRADE, FIXTURE_KLINE, FIXTURE_BOOK_TICKER, FIXTURE_DEPTH,           \
        FIXTURE_PARTIAL, FIXTURE_SHUTDOWN, FIXTURE_SUBSCRIBED, FIXTURE_STREAM_ERROR, FIXTURE_TIME, \
        FIXTURE_SNAPSHOT, FIXTURE_KLINES, FIXTURE_TRADES, FIXTURE_INSTRUMENTS, FIXTURE_ORDER_FULL, \
        FIXTURE_ORDER_ACK, FIXTURE_ORDER_QUERY, FIXTURE_ORDER_CANCELED, FIXTURE_ORDERS,            \
        FIXTURE_OWN_TRADES, FIXTURE_ACCOUNT, FIXTURE_STATISTICS, FIXTURE_ERROR, FIXTURE_REPLACED,  \
        FIXTURE_HALF_REPLACED, FIXTURE_REPORT_NEW, FIXTURE_REPORT_TRADE, FIXTURE_REPORT_CANCELED,  \
        FIXTURE_REPORT_EXPIRED, FIXTURE_POSITION, FIXTURE_TRANSFER, FIXTURE_TERMINATED,            \
        FIXTURE_WS_OK, FIXTURE_WS_ERROR

#endif /* VENUE_FIXTURES_H */
