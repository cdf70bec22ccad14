/* What the wire shows under faults of streams: user events, market data, half-open lines; and what
 * the journal holds: the same bytes by the same seed, and enough to rebuild the venue's books. */
#include "venue_process.h"

#define ORDER "/api/v3/order"
#define EXTERNAL                                                                                   \
    "{'kind':'external_order','symbol':'BTCUSDT','side':'buy','type':'limit','value':'50',"        \
    "'away_ticks':200000}"

static int setup(void **state)
{
    venue *v = calloc(1, sizeof(*v));
    venue_start(v, "--journal.market=true");
    *state = v;
    return 0;
}

static int teardown(void **state)
{
    venue_stop(*state);
    free(*state);
    return 0;
}

static venue *healed(void **state)
{
    venue *v = *state;
    venue_heal(v);
    return v;
}

/* ---- user events (F8) ---- */

/* One order of a stranger: an executionReport and a position. */
static void happen(const venue *v)
{
    venue_fault(v, EXTERNAL);
}

static void expect_event(line *on, const char *text)
{
    char *event = ws_next(on, true);
    if (event == NULL || strstr(event, text) == NULL) {
        print_error("wanted %s, got %s\n", text, event == NULL ? "nothing" : event);
        fail();
    }
    free(event);
}

static void expect_silence(line *on)
{
    char *event = ws_next(on, false);
    if (event != NULL) {
        print_error("unexpected: %s\n", event);
        fail();
    }
}

static void f8_events_are_lost_and_doubled(void **state)
{
    venue *v = healed(state);
    line on;
    ws_open(&on, v, "/ws-api/v3");
    ws_subscribe(&on, v);
    happen(v);
    expect_event(&on, "executionReport");
    expect_event(&on, "outboundAccountPosition");
    venue_fault(v, "{'kind':'user_lose','target':'executionReport.NEW','count':1}");
    happen(v);
    expect_event(&on, "outboundAccountPosition");
    venue_fault(v, "{'kind':'user_duplicate','target':'executionReport*','copies':3,'count':1}");
    happen(v);
    for (int i = 0; i < 3; i++) {
        expect_event(&on, "executionReport");
    }
    expect_event(&on, "outboundAccountPosition");
    expect_silence(&on);
    line_close(&on);
}

static void f8_events_are_reordered_late_and_replayed(void **state)
{
    venue *v = healed(state);
    line on;
    ws_open(&on, v, "/ws-api/v3");
    ws_subscribe(&on, v);
    venue_fault(v, "{'kind':'user_reorder','target':'executionReport*','frames':1,'count':1}");
    happen(v);
    expect_event(&on, "outboundAccountPosition");
    expect_event(&on, "executionReport");
    /* nothing passes it: it comes after its time */
    venue_fault(v, "{'kind':'user_reorder','target':'outbound*','frames':9,'ms':400,'count':1}");
    happen(v);
    expect_event(&on, "executionReport");
    expect_silence(&on);
    venue_advance(v, 400);
    expect_event(&on, "outboundAccountPosition");
    /* late, and so is all behind it */
    venue_fault(v, "{'kind':'user_delay','target':'executionReport*','ms':500,'count':1}");
    happen(v);
    venue_advance(v, 499);
    expect_silence(&on);
    venue_advance(v, 1);
    expect_event(&on, "executionReport");
    expect_event(&on, "outboundAccountPosition");
    venue_fault(v, "{'kind':'user_replay','frames':2}");
    expect_event(&on, "executionReport");
    expect_event(&on, "outboundAccountPosition");
    line_close(&on);
}

static void f8_the_stream_ends_by_word_by_close_and_by_reset(void **state)
{
    venue *v = healed(state);
    line on;
    ws_open(&on, v, "/ws-api/v3");
    ws_subscribe(&on, v);
    venue_fault(v, "{'kind':'user_end'}");
    expect_event(&on, "eventStreamTerminated");
    happen(v);
    expect_silence(&on);
    ws_subscribe(&on, v); /* a new id on the same line */
    line_close(&on);
}

static void f8_connections_are_cut(void **state)
{
    venue *v = healed(state);
    for (int i = 0; i < 2; i++) {
        line on;
        ws_open(&on, v, "/ws-api/v3");
        venue_fault(
            v, i == 0 ? "{'kind':'user_cut','how':'fin'}" : "{'kind':'user_cut','how':'rst'}");
        line_wait_end(&on);
        assert_int_equal(on.is_reset, i == 1);
        if (i == 0) { /* a close frame: going away */
            assert_true(on.used >= 4 && (uint8_t)on.in[0] == 0x88);
            assert_memory_equal(on.in + 2, "\x03\xe9", 2);
        }
        line_close(&on);
    }
}

static void f8_a_half_open_line_says_nothing_hears_nothing_and_new_ones_work(void **state)
{
    venue *v = healed(state);
    line on;
    line other;
    char ping[16];
    ws_open(&on, v, "/ws-api/v3");
    ws_subscribe(&on, v);
    venue_fault(v, "{'kind':'user_silent','for_ms':60000}");
    happen(v);
    line_send(&on, ping, ws_put(ping, WS_FIN | WS_PING, 1, "x", 1));
    ws_say(&on, "{\"id\":2,\"method\":\"time\"}");
    assert_true(line_is_still(&on));
    ws_open(&other, v, "/ws-api/v3");
    ws_say(&other, "{\"id\":2,\"method\":\"time\"}");
    expect_event(&other, "serverTime");
    assert_true(line_is_still(&on));
    venue_advance(v, 60000);
    line_wait_end(&on);
    assert_true(on.is_reset);
    line_close(&on);
    line_close(&other);
}

static void messages_of_the_websocket_api_have_fates_too(void **state)
{
    venue *v = healed(state);
    line on;
    ws_open(&on, v, "/ws-api/v3");
    venue_fault(v, "{'kind':'refuse','status':429,'code':-1003,'target':'WS time','count':1}");
    ws_say(&on, "{\"id\":7,\"method\":\"time\"}");
    expect_event(&on, "{\"id\":7,\"status\":429,\"error\":{\"code\":-1003");
    venue_fault(v, "{'kind':'fake_answer','status':503,'code':-1007,'target':'WS *','count':1}");
    ws_say(&on, "{\"id\":8,\"method\":\"time\"}");
    expect_event(&on, "{\"id\":8,\"status\":503,\"error\":{\"code\":-1007");
    venue_fault(v, "{'kind':'drop_request','target':'WS *','count':1}");
    ws_say(&on, "{\"id\":9,\"method\":\"time\"}");
    expect_silence(&on);
    venue_fault(v, "{'kind':'delay_answer','ms':300,'target':'WS *','count':1}");
    ws_say(&on, "{\"id\":10,\"method\":\"time\"}");
    expect_silence(&on);
    venue_advance(v, 300);
    expect_event(&on, "{\"id\":10,\"status\":200");
    venue_fault(v, "{'kind':'close_before','how':'rst','target':'WS *','count':1}");
    ws_say(&on, "{\"id\":11,\"method\":\"time\"}");
    line_wait_end(&on);
    assert_true(on.is_reset);
    line_close(&on);
}

/* ---- market data (F9, F13) ---- */

static void depth_ids(const char *text, int64_t *first, int64_t *last)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    *first = json_integer_value(json_object_get(json, "U"));
    *last = json_integer_value(json_object_get(json, "u"));
    json_decref(json);
}

/* The next depth frame; time moves until there is one. */
static char *next_depth(venue *v, line *on)
{
    for (int i = 0; i < 6000; i++) {
        venue_advance(v, 100);
        char *text = ws_next_within(on, 5); /* what comes later is met next time */
        if (text != NULL) {
            return text;
        }
    }
    fail_msg("no depth within a minute of market time");
    return NULL;
}

static void f9_sequences_have_gaps_repeats_and_resets(void **state)
{
    venue *v = healed(state);
    line on;
    int64_t first = 0;
    int64_t last = 0;
    int64_t before = 0;
    ws_open(&on, v, "/ws/btcusdt@depth@100ms");
    char *text = next_depth(v, &on);
    depth_ids(text, &first, &before);
    free(text);
    text = next_depth(v, &on);
    depth_ids(text, &first, &last);
    free(text);
    assert_int_equal(first, before + 1); /* without a rule the sequence is whole */
    before = last;
    venue_fault(v, "{'kind':'market_lose','target':'btcusdt@depth*','count':1}");
    text = next_depth(v, &on);
    depth_ids(text, &first, &last);
    free(text);
    assert_true(first > before + 1);
    venue_fault(v, "{'kind':'market_duplicate','symbol':'BTCUSDT','count':1}");
    text = next_depth(v, &on);
    char *again = ws_next(&on, true);
    assert_string_equal(text, again);
    depth_ids(text, &first, &before);
    free(text);
    free(again);
    venue_fault(v, "{'kind':'market_reset','by':-1000000,'symbol':'BTCUSDT','count':1}");
    text = next_depth(v, &on);
    depth_ids(text, &first, &last);
    assert_true(last < before);
    free(text);
    line_close(&on);
}

/* What the journal says was computed is not what left: one digit differs. */
static void f9_books_are_corrupt_late_and_cut(void **state)
{
    venue *v = healed(state);
    line plain;
    line hurt;
    ws_open(&plain, v, "/ws/btcusdt@depth@100ms");
    ws_open(&hurt, v, "/ws/btcusdt@depth@100ms");
    /* The second of each pair of frames is the second connection's. */
    venue_fault(v, "{'kind':'market_corrupt','nth':2,'count':1}");
    char *good = next_depth(v, &plain);
    char *bad = ws_next(&hurt, true);
    size_t different = 0;
    assert_int_equal(strlen(good), strlen(bad));
    for (size_t i = 0; good[i] != '\0'; i++) {
        different += good[i] != bad[i] ? 1 : 0;
    }
    assert_int_equal(different, 1);
    free(good);
    free(bad);
    line_close(&hurt);
    venue_heal(v);
    venue_fault(v, "{'kind':'market_cut','how':'fin'}");
    line_wait_end(&plain);
    line_close(&plain);

    ws_open(&plain, v, "/ws/btcusdt@bookTicker/btcusdt@trade");
    venue_fault(v, "{'kind':'market_silent','for_ms':5000}");
    venue_advance(v, 4999);
    assert_true(line_is_still(&plain));
    venue_advance(v, 1);
    line_wait_end(&plain);
    line_close(&plain);
}

static void f9_late_frames_may_carry_fresh_times(void **state)
{
    venue *v = healed(state);
    line on;
    ws_open(&on, v, "/ws/btcusdt@depth@100ms");
    venue_fault(v, "{'kind':'market_delay','ms':30000,'stamp':'fresh','count':1}");
    const int64_t began_ms = v->now_ms;
    /* what is behind it waits too: the first to come is the late one */
    char *text = next_depth(v, &on);
    json_t *json = json_loads(text, 0, NULL);
    assert_in_range(json_integer_value(json_object_get(json, "E")), began_ms + 30000, v->now_ms);
    json_decref(json);
    free(text);
    line_close(&on);
}

static void f13_events_and_frames_are_mutated(void **state)
{
    venue *v = healed(state);
    line user;
    line market;
    ws_open(&user, v, "/ws-api/v3");
    ws_subscribe(&user, v);
    venue_fault(v, "{'kind':'mutate_user','mutation':'exponent','field':'q','count':1}");
    happen(v);
    expect_event(&user, "\"q\":\"1e999\"");
    line_close(&user);
    ws_open(&market, v, "/ws/btcusdt@depth@100ms");
    venue_fault(v, "{'kind':'mutate_market','mutation':'id_huge','field':'u','count':1}");
    char *text = next_depth(v, &market);
    assert_non_null(strstr(text, "\"u\":9007199254740993"));
    free(text);
    line_close(&market);
}

/* ---- the journal (F18) ---- */

/* A day in the life of a venue: every answer, event and frame is asked for one after the other. */
static void live(venue *v, char digest[32])
{
    line on;
    line user;
    char params[256];
    ws_open(&user, v, "/ws-api/v3");
    ws_subscribe(&user, v);
    json_decref(venue_control(v,
        "POST",
        "/control/plan?seed=3&intensity=4&for_ms=30000&without=F15,"
        "F14,F1,slow_body,drop_answer,user_cut,user_silent",
        "",
        200));
    for (int i = 0; i < 60; i++) {
        snprintf(params,
            sizeof(params),
            "symbol=%s&side=%s&type=MARKET&quantity=0.02&newClientOrderId=day-%d",
            i % 3 == 0 ? "ETHUSDT" : "BTCUSDT",
            i % 2 == 0 ? "BUY" : "SELL",
            i);
        line_open(&on, v->port);
        venue_say(v, &on, "POST", ORDER, params);
        /* until the server has read it, so that time moves behind it */
        json_t *sum = NULL;
        int64_t requests = -1;
        while (requests < i + 1) {
            json_decref(sum);
            sum = venue_control(v, "GET", "/sim/status", "", 200);
            requests = json_integer_value(json_object_get(sum, "requests"));
        }
        json_decref(sum);
        venue_advance(v, 500);
        line_close(&on);
    }
    venue_advance(v, 10000);
    json_t *json = venue_control(v, "GET", "/control/journal", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "waiting")), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "lost_lines")), 0);
    snprintf(digest, 32, "%s", json_string_value(json_object_get(json, "digest")));
    json_decref(json);
    line_close(&user);
}

typedef struct books {
    cb_i128 total_e8[8]; /* by asset, of account main */
    char assets[8][12];
    uint32_t assets_count;
    uint32_t orders_count;
    uint32_t trades_count;
} books;

static cb_i128 *total_of(books *b, const char *asset)
{
    for (uint32_t i = 0; i < b->assets_count; i++) {
        if (strcmp(b->assets[i], asset) == 0) {
            return &b->total_e8[i];
        }
    }
    snprintf(b->assets[b->assets_count], sizeof(b->assets[0]), "%s", asset);
    return &b->total_e8[b->assets_count++];
}

static int64_t e8_of(const json_t *row, const char *key)
{
    int64_t value_e8 = 0;
    const char *text = json_string_value(json_object_get(row, key));
    assert_non_null(text);
    assert_int_equal(cb_decimal_parse(text, strlen(text), &value_e8, NULL), CB_OK);
    return value_e8;
}

static void book_trade(books *b, const json_t *row)
{
    const char *symbol = json_string_value(json_object_get(row, "symbol"));
    char base[12] = "";
    memcpy(base, symbol, strlen(symbol) - 4); /* …USDT */
    const int sign = strcmp(json_string_value(json_object_get(row, "side")), "BUY") == 0 ? 1 : -1;
    *total_of(b, base) += (cb_i128)sign * e8_of(row, "qty");
    *total_of(b, "USDT") -= (cb_i128)sign * e8_of(row, "quote");
    *total_of(b, json_string_value(json_object_get(row, "fee_asset"))) -= e8_of(row, "fee");
    b->trades_count++;
}

/* From "transfer", "order" and "trade" lines alone, by the reader's output. */
static books rebuild(const venue *v)
{
    books b = {0};
    char command[512];
    char *text = NULL;
    size_t room = 0;
    const char *bin = getenv("CERBERUS_BIN_DIR");
    snprintf(command,
        sizeof(command),
        "%s/cerberus-simulator --print-journal=$(ls %s/journal/*.jsonl)",
        bin == NULL ? "bin" : bin,
        v->dir);
    FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    while (getline(&text, &room, pipe) > 0) {
        json_t *row = json_loads(text, JSON_ALLOW_NUL, NULL);
        assert_non_null(row);
        const char *kind = json_string_value(json_object_get(row, "kind"));
        if (strcmp(kind, "transfer") == 0) {
            *total_of(&b, json_string_value(json_object_get(row, "asset"))) += e8_of(row, "amount");
        } else if (strcmp(kind, "trade") == 0) {
            book_trade(&b, row);
        } else if (strcmp(kind, "order") == 0 &&
                   strcmp(json_string_value(json_object_get(row, "action")), "NEW") == 0) {
            b.orders_count++;
        }
        json_decref(row);
    }
    free(text);
    assert_int_equal(pclose(pipe), 0);
    return b;
}

static void compare_with_audit(const venue *v, books *b)
{
    json_t *audit = venue_control(v, "GET", "/sim/audit", "", 200);
    const json_t *main = json_array_get(json_object_get(audit, "accounts"), 0);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(main, "balances"), index, row)
    {
        const char *asset = json_string_value(json_object_get(row, "asset"));
        if (e8_of(row, "total") != (int64_t)*total_of(b, asset)) {
            print_error("%s: audit %lld, journal %lld\n",
                asset,
                (long long)e8_of(row, "total"),
                (long long)*total_of(b, asset));
            fail();
        }
    }
    assert_int_equal(json_array_size(json_object_get(main, "orders")), b->orders_count);
    assert_int_equal(json_array_size(json_object_get(main, "trades")), b->trades_count);
    json_decref(audit);
}

static void f18_the_same_seed_gives_the_same_journal_and_the_journal_the_books(void **state)
{
    char digests[3][32];
    (void)state;
    for (int i = 0; i < 3; i++) {
        venue v;
        venue_start(&v, i == 2 ? "--fault.seed=9 --agents=2" : "--fault.seed=9");
        live(&v, digests[i]);
        books b = rebuild(&v);
        assert_true(b.trades_count > 20);
        compare_with_audit(&v, &b);
        venue_stop(&v);
    }
    assert_string_equal(digests[0], digests[1]);
    assert_string_not_equal(digests[0], digests[2]);
}

static void f18_each_byte_of_both_directions_is_in_the_journal(void **state)
{
    venue *v = healed(state);
    char command[512];
    char *text = NULL;
    size_t room = 0;
    uint32_t found = 0;
    reply got = venue_get(v, "/api/v3/time?x=%7Bbyte%7D");
    assert_int_equal(got.status, 400);
    const char *bin = getenv("CERBERUS_BIN_DIR");
    snprintf(command,
        sizeof(command),
        "%s/cerberus-simulator --print-journal=$(ls %s/journal/*.jsonl)",
        bin == NULL ? "bin" : bin,
        v->dir);
    FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */
    while (getline(&text, &room, pipe) > 0) {
        json_t *row = json_loads(text, JSON_ALLOW_NUL, NULL);
        const char *data = json_string_value(json_object_get(row, "data"));
        const char *dir = json_string_value(json_object_get(row, "dir"));
        if (data != NULL && strcmp(dir, "in") == 0 &&
            strstr(data, "GET /api/v3/time?x=%7Bbyte%7D HTTP/1.1\r\nHost: a\r\n") == data) {
            found |= 1;
        }
        if (data != NULL && strcmp(dir, "out") == 0 && (found & 1) != 0 &&
            strstr(data, "HTTP/1.1 400 Bad Request\r\n") == data) {
            found |= 2;
        }
        if (data != NULL && strcmp(dir, "out") == 0 && strcmp(data, got.body) == 0) {
            found |= 4;
        }
        assert_true(strstr(text, "Bearer") == NULL); /* the administrator's word is nowhere */
        json_decref(row);
    }
    assert_int_equal(found, 7);
    free(text);
    reply_free(&got);
    assert_int_equal(pclose(pipe), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f8_events_are_lost_and_doubled),
        cmocka_unit_test(f8_events_are_reordered_late_and_replayed),
        cmocka_unit_test(f8_the_stream_ends_by_word_by_close_and_by_reset),
        cmocka_unit_test(f8_connections_are_cut),
        cmocka_unit_test(f8_a_half_open_line_says_nothing_hears_nothing_and_new_ones_work),
        cmocka_unit_test(messages_of_the_websocket_api_have_fates_too),
        cmocka_unit_test(f9_sequences_have_gaps_repeats_and_resets),
        cmocka_unit_test(f9_books_are_corrupt_late_and_cut),
        cmocka_unit_test(f9_late_frames_may_carry_fresh_times),
        cmocka_unit_test(f13_events_and_frames_are_mutated),
        cmocka_unit_test(f18_the_same_seed_gives_the_same_journal_and_the_journal_the_books),
        cmocka_unit_test(f18_each_byte_of_both_directions_is_in_the_journal),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
