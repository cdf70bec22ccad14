/* libFuzzer target: lines as WebSocket messages. Each goes to the exchange's server side (market
 * streams and the WebSocket API), whose frames must be JSON that the venue adapter reads or refuses
 * without harm; and each goes to the adapter itself, as a market and as a user stream's frame. */
#include <stdint.h>
#include <stdio.h>

#include "tests/fuzz/fuzz_exchange.h"
#include "venue/json.h"
#include "venue/venue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define LEVELS_MAX 256
#define LINES_MAX 64

static void need(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void read_as_client(cb_strview text)
{
    static cb_level bids[LEVELS_MAX];
    static cb_level asks[LEVELS_MAX];
    static cb_venue_event event;
    static cb_venue_user_event user;
    for (uint32_t i = 0; cb_venue_at(i) != NULL; i++) {
        const cb_venue_ops *venue = cb_venue_at(i);
        event.depth = (cb_venue_depth){
            .bids = bids, .asks = asks, .bids_capacity = LEVELS_MAX, .asks_capacity = LEVELS_MAX};
        if (venue->parse_stream(text, &event, NULL) == CB_OK) {
            need(event.depth.bids_count <= LEVELS_MAX && event.depth.asks_count <= LEVELS_MAX,
                "more levels than there is room for");
        }
        (void)venue->parse_user(text, &user, NULL);
    }
}

static void on_frame(
    void *context, void *handle, sim_frame_class frame_class, const char *text, size_t size)
{
    cb_err err = {0};
    const cb_strview frame = {text, size};
    (void)context;
    (void)handle;
    (void)frame_class;
    need(cb_json_check(frame, &err) == CB_OK, "the exchange sent a frame that is no JSON");
    read_as_client(frame);
}

static void talk(fuzz_exchange *exchange, uint32_t conn, const char *at, size_t left)
{
    for (uint32_t i = 0; left > 0 && i < LINES_MAX; i++) {
        const char *end = memchr(at, '\n', left);
        const size_t size = end != NULL ? (size_t)(end - at) : left;
        if (cb_utf8_is_valid((cb_strview){at, size})) { /* libwebsockets lets nothing else in */
            sim_ws_message(&exchange->ws, conn, (cb_strview){at, size});
        }
        read_as_client((cb_strview){at, size});
        left -= end != NULL ? size + 1 : size;
        at += end != NULL ? size + 1 : size;
    }
}

/* The first byte chooses the connection: the API, a stream, or combined streams. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const paths[] = {
        "/ws-api/v3", "/ws", "/ws/btcusdt@trade", "/stream", "/stream"};
    static const char *const queries[] = {
        "", "", "", "", "streams=btcusdt@depth@100ms/ethusdt@kline_1m"};
    static fuzz_exchange exchange;
    if (size == 0) {
        return 0;
    }
    fuzz_exchange_reset(&exchange, FUZZ_NOW_NS, on_frame, NULL);
    const size_t kind = bytes[0] % (sizeof(paths) / sizeof(paths[0]));
    const uint32_t conn =
        sim_ws_open(&exchange.ws, &exchange, paths[kind], queries[kind], "127.0.0.1");
    need(conn != SIM_NONE, "a connection was refused");
    talk(&exchange, conn, (const char *)bytes + 1, size - 1);
    /* The market goes on, so that what was subscribed is told. */
    for (uint32_t i = 0; i < 2; i++) {
        sim_set_now(&exchange.core, FUZZ_NOW_NS + INT64_C(1000000000));
        sim_house_set(&exchange.core, i, CB_SIDE_BUY, 9 * CB_E8, 2 * CB_E8);
        sim_flush(&exchange.core, i, true);
        sim_ws_second(&exchange.ws, i);
    }
    sim_ws_close(&exchange.ws, conn);
    return 0;
}
