/* Market streams, the WebSocket API and user data, without sockets. */
#include "tests/unit/simulator/api_fixture.h"

static const sim_config fees = {.fee_maker_e8 = 100000, .fee_taker_e8 = 100000};

static uint32_t conn_open(door *d, uintptr_t handle, const char *path, const char *query)
{
    const uint32_t slot = sim_ws_open(d->ws, &d->handles[handle], path, query, "127.0.0.1");
    assert_int_not_equal(slot, SIM_NONE);
    return slot;
}

static void say(door *d, uint32_t slot, const char *text)
{
    sim_ws_message(d->ws, slot, cb_sv_from(text));
}

static void expect_frame(const door *d, uint32_t back, const char *text)
{
    assert_true(back < d->frames_count);
    assert_string_equal(d->frames[d->frames_count - 1 - back].text, text);
}

static void streams_echo_the_id_in_its_own_type(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":1}",
            "{\"result\":null,\"id\":1}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":\"1\"}",
            "{\"result\":null,\"id\":\"1\"}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"nousdt@trade\"],\"id\":null}",
            "{\"result\":null,\"id\":null}"},
        {"{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":3}",
            "{\"result\":[\"btcusdt@trade\",\"btcusdt@depth@100ms\"],\"id\":3}"},
        {"{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":"
         "\"0123456789abcdef0123456789abcdef\"}",
            "{\"result\":null,\"id\":\"0123456789abcdef0123456789abcdef\"}"},
        {"{\"method\":\"GET_PROPERTY\",\"params\":[\"combined\"],\"id\":4}",
            "{\"result\":false,\"id\":4}"},
        {"{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",true],\"id\":4}",
            "{\"result\":null,\"id\":4}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@nonsense\"],\"id\":5}",
            "{\"code\":2,\"msg\":\"Invalid request: invalid params\",\"id\":5}"},
        {"{\"method\":\"DANCE\",\"id\":6}",
            "{\"code\":2,\"msg\":\"Invalid request: unknown variant\",\"id\":6}"},
        {"garbage", "{\"code\":3,\"msg\":\"Invalid JSON: the message is no request\"}"},
    };
    door *d = door_make(fees);
    const uint32_t slot = conn_open(d, 1, "/ws/0", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        say(d, slot, cases[i].request);
        expect_frame(d, 0, cases[i].answer);
    }
    assert_int_equal(d->ws->market_sent_count, 0); /* answers are no market data */
    door_free(d);
}

static void streams_open_by_path_and_query(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)conn_open(d, 1, "/ws/btcusdt@trade/ethusdt@trade", "");
    (void)conn_open(d, 2, "/stream", "streams=btcusdt@trade");
    (void)conn_open(d, 3, "/stream", "streams=");
    (void)conn_open(d, 4, "/ws", "");
    assert_int_equal(sim_ws_open(d->ws, NULL, "/other", "", ""), SIM_NONE);
    assert_int_equal(sim_ws_open(d->ws, NULL, "/stream", "streams=btcusdt@x", ""), SIM_NONE);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    assert_int_equal(d->frames_count, 2);
    assert_int_equal(d->frames[0].handle, 1);
    assert_string_equal(d->frames[0].text,
        "{\"e\":\"trade\",\"E\":1700000000000,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"100.00000000\","
        "\"q\":\"1.00000000\",\"T\":1700000000000,\"m\":false,\"M\":true}");
    assert_int_equal(d->frames[1].handle, 2);
    static const char wrapped[] = "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\"";
    assert_ptr_equal(strstr(d->frames[1].text, wrapped), d->frames[1].text);
    door_free(d);
}

/* A client's book: REST snapshot, then diffs by Binance's rules. */
typedef struct mirror {
    uint64_t id;
    int64_t bids[200]; /* quantity per cent of price from 99.00 to 101.00 */
    int64_t asks[200];
} mirror;

static void mirror_set(int64_t *side, const json_t *levels)
{
    size_t index;
    json_t *level;
    json_array_foreach(levels, index, level)
    {
        int64_t price_e8 = 0;
        int64_t qty_e8 = 0;
        const char *price = json_string_value(json_array_get(level, 0));
        const char *qty = json_string_value(json_array_get(level, 1));
        assert_int_equal(cb_decimal_parse(price, strlen(price), &price_e8, NULL), CB_OK);
        assert_int_equal(cb_decimal_parse(qty, strlen(qty), &qty_e8, NULL), CB_OK);
        const int64_t at = (price_e8 - E8(99)) / 1000000;
        assert_true(at >= 0 && at < 200);
        side[at] = qty_e8;
    }
}

static void depth_diffs_rebuild_the_book_by_binances_procedure(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)conn_open(d, 1, "/ws/btcusdt@depth@100ms", "");
    mirror book = {0};
    uint32_t seed = 1;
    bool is_synced = false;
    for (int step = 0; step < 400; step++) {
        seed = seed * 1664525U + 1013904223U;
        sim_new_order order =
            fixture_limit(seed >> 31, (seed & 256) != 0 ? CB_SIDE_BUY : CB_SIDE_SELL, 0, 1);
        order.price_e8 = E8(100) + ((int64_t)(seed >> 16 & 63) - 32) * 1000000;
        sim_refusal refusal = {0};
        uint32_t index = 0;
        (void)sim_place(d->sim, &order, &index, &refusal);
        if (step == 50) {
            door_rest(d, "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000", "", "");
            book.id = (uint64_t)number_of(d->json, "lastUpdateId");
            mirror_set(book.bids, json_object_get(d->json, "bids"));
            mirror_set(book.asks, json_object_get(d->json, "asks"));
            is_synced = true;
        }
        if (step % 3 != 0) {
            continue;
        }
        door_forget_frames(d);
        sim_flush(d->sim, 0, false);
        for (uint32_t i = 0; i < d->frames_count && is_synced; i++) {
            json_t *diff = json_loads(d->frames[i].text, 0, NULL);
            const uint64_t first = (uint64_t)number_of(diff, "U");
            const uint64_t last = (uint64_t)number_of(diff, "u");
            if (last > book.id) {
                assert_true(first <= book.id + 1);
                mirror_set(book.bids, json_object_get(diff, "b"));
                mirror_set(book.asks, json_object_get(diff, "a"));
                book.id = last;
            }
            json_decref(diff);
        }
    }
    sim_flush(d->sim, 0, false);
    for (int64_t at = 0; at < 200; at++) {
        const int64_t price_e8 = E8(99) + at * 1000000;
        assert_true(book.bids[at] == sim_book_qty(&d->sim->symbols[0], CB_SIDE_BUY, price_e8));
        assert_true(book.asks[at] == sim_book_qty(&d->sim->symbols[0], CB_SIDE_SELL, price_e8));
    }
    door_free(d);
}

static void klines_close_once_and_carry_the_whole_minute(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)conn_open(d, 1, "/ws/btcusdt@kline_1m", "");
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    sim_flush_candles(d->sim, 0);
    assert_int_equal(d->frames_count, 1);
    json_t *open = frame_json(d, 0);
    assert_true(json_is_false(json_object_get(json_object_get(open, "k"), "x")));
    json_decref(open);
    sim_set_now(d->sim, sim_next_close_ns(d->sim, 0));
    sim_close_candles(d->sim, 0);
    assert_int_equal(d->frames_count, 2);
    json_t *closed = frame_json(d, 0);
    const json_t *k = json_object_get(closed, "k");
    assert_true(json_is_true(json_object_get(k, "x")));
    assert_int_equal(number_of(k, "n"), 1);
    assert_int_equal(number_of(k, "T"), number_of(k, "t") + 59999);
    assert_string_equal(text_of(k, "v"), "1.00000000");
    json_decref(closed);
    /* The next minute is silent: flat, closed at its end all the same. */
    sim_set_now(d->sim, sim_next_close_ns(d->sim, 0));
    sim_close_candles(d->sim, 0);
    json_t *flat = frame_json(d, 0);
    assert_int_equal(number_of(json_object_get(flat, "k"), "n"), 0);
    assert_int_equal(number_of(json_object_get(flat, "k"), "f"), -1);
    assert_string_equal(text_of(json_object_get(flat, "k"), "o"), "100.00000000");
    json_decref(flat);
    door_free(d);
}

static void tickers_and_partial_books_have_their_streams(void **state)
{
    (void)state;
    door *d = door_make(fees);
    (void)conn_open(d,
        1,
        "/stream",
        "streams=btcusdt@bookTicker/btcusdt@depth5/btcusdt@miniTicker/btcusdt@ticker/"
        "!miniTicker@arr/btcusdt@avgPrice/btcusdt@aggTrade");
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 101, 1));
    assert_int_equal(d->frames_count, 0); /* one-sided */
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_BUY, 99, 1));
    assert_int_equal(d->frames_count, 1);
    sim_flush(d->sim, 0, true);
    assert_int_equal(d->frames_count, 2);
    json_t *partial = frame_json(d, 0);
    assert_string_equal(text_of(partial, "stream"), "btcusdt@depth5");
    json_decref(partial);
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 101, 1));
    door_forget_frames(d);
    sim_ws_second(d->ws, 0);
    static const char *const names[] = {
        "btcusdt@avgPrice", "btcusdt@miniTicker", "!miniTicker@arr", "btcusdt@ticker"};
    assert_int_equal(d->frames_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        json_t *frame = frame_json(d, 3 - i);
        assert_string_equal(text_of(frame, "stream"), names[i]);
        json_decref(frame);
    }
    door_free(d);
}

/* ---- the WebSocket API ---- */

static void ask_signed(door *d,
    uint32_t slot,
    const char *method,
    const char *extra_json,
    const char *before,
    const char *after)
{
    char payload[512];
    char hex[65];
    char text[1024];
    /* Sorted by name: apiKey, the parameters around it, timestamp. */
    snprintf(payload,
        sizeof(payload),
        "%sapiKey=%s%s&timestamp=%lld",
        before,
        KEY_A,
        after,
        (long long)(d->sim->now_ns / 1000000));
    door_sign(SECRET_A, payload, hex);
    snprintf(text,
        sizeof(text),
        "{\"id\":\"q\",\"method\":\"%s\",\"params\":{%s\"timestamp\":%lld,\"apiKey\":\"%s\","
        "\"signature\":\"%s\"}}",
        method,
        extra_json,
        (long long)(d->sim->now_ns / 1000000),
        KEY_A,
        hex);
    say(d, slot, text);
}

static void ws_api_places_orders_and_tells_the_user_stream(void **state)
{
    (void)state;
    door *d = door_make(fees);
    const uint32_t slot = conn_open(d, 7, "/ws-api/v3", "");
    ask_signed(d, slot, "userDataStream.subscribe.signature", "", "", "");
    json_t *answer = frame_json(d, 0);
    assert_int_equal(number_of(answer, "status"), 200);
    assert_int_equal(number_of(json_object_get(answer, "result"), "subscriptionId"), 0);
    json_decref(answer);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_SELL, 100, 1));
    door_forget_frames(d);
    ask_signed(d,
        slot,
        "order.place",
        "\"symbol\":\"BTCUSDT\",\"side\":\"BUY\",\"type\":\"MARKET\",\"quantity\":0.5,",
        "",
        "&quantity=0.5&side=BUY&symbol=BTCUSDT");
    /* The payload is sorted: quantity < side < symbol < timestamp < type is not how it was built.
     */
    answer = frame_json(d, 0);
    assert_int_equal(number_of(answer, "status"), 400);
    assert_int_equal(number_of(json_object_get(answer, "error"), "code"), -1022);
    json_decref(answer);
    door_forget_frames(d);
    char payload[256];
    char hex[65];
    char text[512];
    snprintf(payload,
        sizeof(payload),
        "apiKey=%s&quantity=0.5&side=BUY&symbol=BTCUSDT&timestamp=%lld&type=MARKET",
        KEY_A,
        (long long)(d->sim->now_ns / 1000000));
    door_sign(SECRET_A, payload, hex);
    snprintf(text,
        sizeof(text),
        "{\"id\":9,\"method\":\"order.place\",\"params\":{\"symbol\":\"BTCUSDT\",\"side\":\"BUY\","
        "\"type\":\"MARKET\",\"quantity\":\"0.5\",\"apiKey\":\"%s\",\"timestamp\":%lld,"
        "\"signature\":\"%s\"}}",
        KEY_A,
        (long long)(d->sim->now_ns / 1000000),
        hex);
    say(d, slot, text);
    assert_int_equal(d->frames_count, 4);
    static const char *const kinds[] = {
        "executionReport", "executionReport", "outboundAccountPosition"};
    for (uint32_t i = 0; i < 3; i++) {
        json_t *frame = frame_json(d, 3 - i);
        assert_int_equal(number_of(frame, "subscriptionId"), 0);
        assert_string_equal(text_of(json_object_get(frame, "event"), "e"), kinds[i]);
        json_decref(frame);
    }
    json_t *trade = frame_json(d, 2);
    const json_t *event = json_object_get(trade, "event");
    assert_string_equal(text_of(event, "x"), "TRADE");
    assert_string_equal(text_of(event, "X"), "FILLED");
    assert_string_equal(text_of(event, "l"), "0.50000000");
    assert_string_equal(text_of(event, "N"), "BTC");
    assert_int_equal(number_of(event, "t"), 1);
    json_decref(trade);
    answer = frame_json(d, 0);
    assert_int_equal(number_of(answer, "id"), 9);
    assert_string_equal(text_of(json_object_get(answer, "result"), "status"), "FILLED");
    json_decref(answer);
    assert_int_equal(d->ws->user_sent_count, 3);
    assert_int_equal(d->ws->market_sent_count, 0);
    door_free(d);
}

static void ws_api_survives_cancel_all_with_its_own_events(void **state)
{
    (void)state;
    door *d = door_make(fees);
    const uint32_t slot = conn_open(d, 7, "/ws-api/v3", "");
    ask_signed(d, slot, "userDataStream.subscribe.signature", "", "", "");
    for (int i = 0; i < 3; i++) {
        (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100 - i, 1));
    }
    door_forget_frames(d);
    ask_signed(d, slot, "openOrders.cancelAll", "\"symbol\":\"BTCUSDT\",", "", "&symbol=BTCUSDT");
    json_t *answer = frame_json(d, 0);
    assert_int_equal(number_of(answer, "status"), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "result")), 3);
    json_decref(answer);
    json_t *canceled = frame_json(d, d->frames_count - 1);
    const json_t *event = json_object_get(canceled, "event");
    assert_string_equal(text_of(event, "x"), "CANCELED");
    assert_string_not_equal(text_of(event, "C"), "");
    assert_string_not_equal(text_of(event, "C"), text_of(event, "c"));
    json_decref(canceled);
    door_free(d);
}

static void ws_api_refuses_in_its_own_form(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        int code;
    } cases[] = {
        {"{\"id\":1,\"method\":\"session.logon\",\"params\":{}}", 400, -4056},
        {"{\"id\":1,\"method\":\"userDataStream.subscribe\"}", 401, -1002},
        {"{\"id\":1,\"method\":\"userDataStream.unsubscribe\"}", 400, -2036},
        {"{\"id\":1,\"method\":\"dance\"}", 404, -1000},
        {"{\"method\":\"ping\"}", 400, -1102},
        {"nonsense", 400, -1135},
        {"{\"id\":1,\"method\":\"depth\",\"params\":{\"symbol\":\"NO\"}}", 400, -1121},
        {"{\"id\":1,\"method\":\"account.status\",\"params\":{\"timestamp\":1}}", 401, -2014},
    };
    door *d = door_make(fees);
    const uint32_t slot = conn_open(d, 7, "/ws-api/v3", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        say(d, slot, cases[i].request);
        json_t *answer = frame_json(d, 0);
        assert_int_equal(number_of(answer, "status"), cases[i].status);
        assert_int_equal(number_of(json_object_get(answer, "error"), "code"), cases[i].code);
        assert_int_equal(json_array_size(json_object_get(answer, "rateLimits")), 1);
        json_decref(answer);
    }
    say(d, slot, "{\"id\":\"p\",\"method\":\"ping\",\"params\":{\"returnRateLimits\":false}}");
    expect_frame(d, 0, "{\"id\":\"p\",\"status\":200,\"result\":{}}");
    door_free(d);
}

static void user_events_reach_only_their_account(void **state)
{
    (void)state;
    door *d = door_make(fees);
    const uint32_t slot = conn_open(d, 7, "/ws-api/v3", "");
    ask_signed(d, slot, "userDataStream.subscribe.signature", "", "", "");
    door_forget_frames(d);
    (void)fixture_place(d->fx, fixture_limit(1, CB_SIDE_BUY, 100, 1));
    assert_int_equal(d->frames_count, 0);
    assert_true(sim_transfer(d->sim, 0, sim_find_asset(d->sim, "USDT"), 5 * CB_E8));
    json_t *update = frame_json(d, 1);
    assert_string_equal(text_of(json_object_get(update, "event"), "e"), "balanceUpdate");
    assert_string_equal(text_of(json_object_get(update, "event"), "d"), "5.00000000");
    json_decref(update);
    ask_signed(d, slot, "userDataStream.subscribe.signature", "", "", "");
    json_t *again = frame_json(d, 0);
    assert_int_equal(number_of(json_object_get(again, "error"), "code"), -2035);
    json_decref(again);
    say(d, slot, "{\"id\":1,\"method\":\"userDataStream.unsubscribe\"}");
    expect_frame(d,
        0,
        "{\"id\":1,\"status\":200,\"result\":{},\"rateLimits\":[{\"rateLimitType\":"
        "\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":6000,"
        "\"count\":8}]}");
    door_forget_frames(d);
    (void)fixture_place(d->fx, fixture_limit(0, CB_SIDE_BUY, 100, 1));
    assert_int_equal(d->frames_count, 0);
    door_free(d);
}

/* Damaged requests of every kind: refused, never a crash, never a change of money. */
static void garbage_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@kline_1m\"],\"id\":1}",
        "{\"id\":\"a\",\"method\":\"order.place\",\"params\":{\"symbol\":\"BTCUSDT\",\"side\":"
        "\"BUY\","
        "\"type\":\"LIMIT\",\"price\":\"1\",\"quantity\":1,\"timestamp\":1,\"signature\":\"00\"}}",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=%31&price=1.5&timestamp=1&signature=%ff",
        "symbols=[\"BTCUSDT\",\"ETHUSDT\"]&limit=5&startTime=1&endTime=99999999999999999999",
    };
    static const char *const paths[] = {"/api/v3/order",
        "/api/v3/depth",
        "/api/v3/klines",
        "/api/v3/exchangeInfo",
        "/api/v3/ticker/24hr",
        "/api/v3/myTrades",
        "/api/v3/aggTrades"};
    static const char *const methods[] = {"GET", "POST", "DELETE", "PUT"};
    door *d = door_make(fees);
    d->api->limits.config.weight_per_minute = 1000000000;
    const uint64_t before = sim_state_hash(d->sim);
    const uint32_t market = conn_open(d, 1, "/ws", "");
    const uint32_t api = conn_open(d, 2, "/ws-api/v3", "");
    uint32_t random = 1;
    for (int i = 0; i < 20000; i++) {
        char text[512];
        const char *seed = seeds[i % 4];
        const size_t size = strlen(seed);
        memcpy(text, seed, size + 1);
        for (int change = 0; change < 3; change++) {
            random = random * 1664525U + 1013904223U;
            text[(random >> 8) % size] = (char)(random >> 24);
        }
        if (i % 4 < 2) {
            sim_ws_message(d->ws, i % 8 < 4 ? market : api, (cb_strview){text, size});
            door_forget_frames(d);
        } else {
            (void)door_rest(d,
                methods[(random >> 4) % 4],
                paths[(random >> 16) % 7],
                text,
                i % 3 == 0 ? text : "",
                i % 5 == 0 ? KEY_A : "");
        }
    }
    assert_true(before == sim_state_hash(d->sim));
    door_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_echo_the_id_in_its_own_type),
        cmocka_unit_test(streams_open_by_path_and_query),
        cmocka_unit_test(depth_diffs_rebuild_the_book_by_binances_procedure),
        cmocka_unit_test(klines_close_once_and_carry_the_whole_minute),
        cmocka_unit_test(tickers_and_partial_books_have_their_streams),
        cmocka_unit_test(ws_api_places_orders_and_tells_the_user_stream),
        cmocka_unit_test(ws_api_survives_cancel_all_with_its_own_events),
        cmocka_unit_test(ws_api_refuses_in_its_own_form),
        cmocka_unit_test(user_events_reach_only_their_account),
        cmocka_unit_test(garbage_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
