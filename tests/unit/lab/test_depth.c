/* Captures into rows of the book: what waits for the snapshot, what it holds already, what a hole
 * does; and the final book of recorded captures, which are skipped when they are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/data/capture.h"

#define DATA "../shared/data/depth/"
#define MS CB_NS_PER_MS

#define CHANGE(time, first, last, bids, asks)                                                      \
    "{\"recv_ns\":17231612540" time "000000,\"msg\":{\"stream\":\"x@depth\",\"data\":{"            \
    "\"e\":\"depthUpdate\",\"E\":17231612550" time ",\"s\":\"AB\",\"U\":" first ",\"u\":" last     \
    ",\"b\":[" bids "],\"a\":[" asks "]}}}\n"
#define SNAPSHOT(last)                                                                             \
    "{\"recv_ns\":1723161254000050000,\"msg\":{\"lastUpdateId\":" last                             \
    ",\"bids\":[[\"10\",\"1\"],[\"9\",\"2\"]],\"asks\":[[\"11\",\"3\"]]}}\n"

static lab_table table;

static cb_status read_text(const char *text, const lab_import_options *options, cb_err *err)
{
    static const lab_import_options plain = {0};
    lab_reader *reader = NULL;
    *err = (cb_err){0};
    lab_table_release(&table);
    assert_int_equal(lab_reader_over("c.jsonl", text, strlen(text), &reader, err), CB_OK);
    const cb_status status = lab_capture_read(
        reader, options != NULL ? options : &plain, (lab_progress_call){0}, &table, err);
    lab_reader_close(reader);
    return status;
}

static uint8_t flags_of(uint64_t row)
{
    return ((const uint8_t *)table.data[DEPTH_FLAGS])[row];
}

static int teardown(void **state)
{
    (void)state;
    lab_table_release(&table);
    return 0;
}

static void changes_wait_for_their_snapshot(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text(CHANGE("10", "1", "5", "[\"10\",\"7\"]", "") CHANGE(
                                   "11", "6", "8", "[\"10\",\"4\"],[\"8\",\"0\"]", "[\"12\",\"1\"]")
                                   SNAPSHOT("5") CHANGE("12", "9", "9", "", "[\"11\",\"0\"]"),
                         NULL,
                         &err),
        CB_OK);
    assert_int_equal(table.kind, LAB_KIND_DEPTH);
    assert_string_equal(table.symbol, "AB");
    assert_int_equal(table.findings_count, 0);
    assert_int_equal(table.count, 3 + 3 + 1); /* the first change was in the snapshot */
    const uint8_t begin = LAB_LEVEL_STARTS_EVENT;
    const uint8_t bid = LAB_LEVEL_IS_BID;
    const uint8_t whole = LAB_LEVEL_IS_SNAPSHOT;
    const uint8_t wanted[] = {(uint8_t)(begin | bid | whole),
        (uint8_t)(bid | whole),
        whole,
        (uint8_t)(begin | bid),
        bid,
        0,
        begin};
    for (uint64_t i = 0; i < table.count; i++) {
        assert_int_equal(flags_of(i), wanted[i]);
    }
    /* known from the moment of the first change that follows it */
    assert_int_equal(lab_table_i64(&table, DEPTH_TS)[0], INT64_C(1723161255011) * MS);
    assert_int_equal(lab_table_i64(&table, DEPTH_TS)[6], INT64_C(1723161255012) * MS);
    assert_int_equal(lab_table_i64(&table, DEPTH_QTY)[4], 0);
    assert_int_equal(lab_table_i64(&table, DEPTH_PRICE)[5], 12 * CB_E8);
}

static void a_hole_leaves_out_up_to_the_next_snapshot(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text(SNAPSHOT("5") CHANGE("10", "6", "6", "[\"10\",\"4\"]", "")
                                   CHANGE("11", "8", "8", "[\"10\",\"5\"]", "")
                                       CHANGE("12", "9", "9", "[\"10\",\"6\"]", "") SNAPSHOT("9")
                                           CHANGE("13", "10", "10", "[\"10\",\"7\"]", ""),
                         NULL,
                         &err),
        CB_OK);
    assert_int_equal(table.count, 3 + 1 + 3 + 1);
    assert_int_equal(table.findings_count, 1);
    assert_int_equal(table.findings[0].kind, LAB_FINDING_GAP);
    assert_true(table.findings[0].is_fatal);
    assert_int_equal(table.findings[0].line, 3);
    assert_int_equal(table.findings[0].count, 2);
    assert_non_null(strstr(table.reason, "c.jsonl:3: changes of the book are missing"));
}

/* The recorder's clock was behind: nothing arrives before it was sent. */
static void a_clock_that_is_behind_is_corrected(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text(SNAPSHOT("5") CHANGE("10", "6", "6", "[\"10\",\"4\"]", "")
                                   CHANGE("20", "7", "7", "[\"10\",\"5\"]", ""),
                         NULL,
                         &err),
        CB_OK);
    assert_true(table.has_receive);
    assert_int_equal(lab_table_i64(&table, DEPTH_RECEIVE)[3], lab_table_i64(&table, DEPTH_TS)[3]);
    assert_true(lab_table_i64(&table, DEPTH_RECEIVE)[4] >= lab_table_i64(&table, DEPTH_TS)[4]);
}

static void several_symbols_must_be_chosen_from(void **state)
{
    static const char text[] =
        "{\"dir\":\"config\",\"msg\":{\"x\":1}}\n"
        "{\"dir\":\"http\",\"url\":\"https://a/"
        "depth?symbol=AB&limit=5\",\"recv_s\":\"1723161255.5\","
        "\"msg\":{\"lastUpdateId\":5,\"bids\":[[\"1\",\"1\"]],\"asks\":[]}}\n"
        "{\"dir\":\"in\",\"recv_s\":\"1723161255.6\",\"msg\":{\"e\":\"depthUpdate\",\"E\":"
        "1723161255500,"
        "\"s\":\"AB\",\"U\":6,\"u\":6,\"b\":[],\"a\":[[\"2\",\"1\"]]}}\n"
        "{\"dir\":\"in\",\"recv_s\":\"1723161255.7\",\"msg\":{\"e\":\"depthUpdate\",\"E\":"
        "1723161255600,"
        "\"s\":\"CD\",\"U\":6,\"u\":6,\"b\":[],\"a\":[[\"2\",\"1\"]]}}\n"
        "{\"dir\":\"in\",\"recv_s\":\"1723161255.8\",\"msg\":{\"e\":\"trade\",\"E\":1723161255700,"
        "\"s\":\"AB\",\"t\":7,\"p\":\"2\",\"q\":\"0.5\",\"T\":1723161255699,\"m\":true}}\n";
    const lab_import_options ab = {.symbol = "ab"};
    const lab_import_options trades = {.symbol = "AB", .kind = LAB_KIND_TRADES};
    cb_err err;
    (void)state;
    assert_int_equal(read_text(text, NULL, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "holds several symbols (AB, CD): choose with --symbol"));
    assert_int_equal(read_text(text, &ab, &err), CB_OK);
    assert_int_equal(table.count, 2);
    assert_int_equal(lab_table_i64(&table, DEPTH_RECEIVE)[1], INT64_C(1723161255600000000));
    assert_int_equal(read_text(text, &trades, &err), CB_OK);
    assert_int_equal(table.kind, LAB_KIND_TRADES);
    assert_int_equal(table.count, 1);
    assert_int_equal(lab_table_i64(&table, TRADES_TS)[0], INT64_C(1723161255699) * MS);
    assert_int_equal(((uint8_t *)table.data[TRADES_IS_BUYER_MAKER])[0], 1);
}

/* One change of each of the other exchanges after its snapshot. */
static void other_exchanges_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *symbol;
        int64_t ts_ms;
    } cases[] = {
        {"{\"dir\":\"in\",\"recv_s\":\"1618677817.5\",\"msg\":{\"type\":\"snapshot\",\"product_"
         "id\":\"AB-USD\","
         "\"asks\":[[\"11\",\"1\"]],\"bids\":[[\"10\",\"1\"]]}}\n"
         "{\"dir\":\"in\",\"recv_s\":\"1618677817.6\",\"msg\":{\"type\":\"l2update\",\"product_"
         "id\":\"AB-USD\","
         "\"changes\":[[\"buy\",\"10.5\",\"2\"]],\"time\":\"2021-04-17T16:43:37.097Z\"}}\n",
            "ABUSD",
            1618677817097},
        {"{\"dir\":\"in\",\"recv_s\":\"1652459225.5\",\"msg\":{\"arg\":{\"channel\":\"books\","
         "\"instId\":\"AB-USD\"},"
         "\"action\":\"snapshot\",\"data\":[{\"asks\":[[\"11\",\"1\",\"0\",\"1\"]],\"bids\":[["
         "\"10\",\"1\",\"0\",\"1\"]],"
         "\"ts\":\"1652459225000\"}]}}\n"
         "{\"dir\":\"in\",\"recv_s\":\"1652459225.6\",\"msg\":{\"arg\":{\"channel\":\"books\","
         "\"instId\":\"AB-USD\"},"
         "\"action\":\"update\",\"data\":[{\"asks\":[],\"bids\":[[\"10.5\",\"2\",\"0\",\"1\"]],"
         "\"ts\":\"1652459225100\"}]}}\n",
            "ABUSD",
            1652459225100},
        {"{\"dir\":\"http\",\"url\":\"https://x/api/v2/order_book/"
         "abusd\",\"recv_s\":\"1641343696.1\",\"msg\":{"
         "\"microtimestamp\":\"1641343696000000\",\"bids\":[[\"10\",\"1\"]],\"asks\":[[\"11\","
         "\"1\"]]}}\n"
         "{\"dir\":\"in\",\"recv_s\":\"1641343696.2\",\"msg\":{\"data\":{\"microtimestamp\":"
         "\"1641343695000000\","
         "\"bids\":[[\"9\",\"9\"]],\"asks\":[]},\"channel\":\"diff_order_book_abusd\",\"event\":"
         "\"data\"}}\n"
         "{\"dir\":\"in\",\"recv_s\":\"1641343696.3\",\"msg\":{\"data\":{\"microtimestamp\":"
         "\"1641343696200000\","
         "\"bids\":[[\"10.5\",\"2\"]],\"asks\":[]},\"channel\":\"diff_order_book_abusd\",\"event\":"
         "\"data\"}}\n",
            "ABUSD",
            1641343696200},
        {"{\"dir\":\"in\",\"recv_s\":\"1618678134.1\",\"msg\":[7,{\"as\":[[\"11\",\"1\","
         "\"1618678134.0\"]],"
         "\"bs\":[[\"10\",\"1\",\"1618678133.0\"]]},\"book-10\",\"AB\\/USD\"]}\n"
         "{\"dir\":\"in\",\"recv_s\":\"1618678134.3\",\"msg\":[7,{\"b\":[[\"10.5\",\"2\","
         "\"1618678134.2\"]],"
         "\"c\":\"5\"},\"book-10\",\"AB/USD\"]}\n",
            "ABUSD",
            1618678134200},
    };
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_text(cases[i].text, NULL, &err) != CB_OK) {
            fail_msg("case %zu: %s", i, err.text);
        }
        assert_string_equal(table.symbol, cases[i].symbol);
        assert_int_equal(table.findings_count, 0);
        assert_int_equal(table.count, 3);
        assert_int_equal(flags_of(2), LAB_LEVEL_IS_BID | LAB_LEVEL_STARTS_EVENT);
        assert_int_equal(lab_table_i64(&table, DEPTH_PRICE)[2], 21 * CB_E8 / 2);
        assert_int_equal(lab_table_i64(&table, DEPTH_QTY)[2], 2 * CB_E8);
        assert_int_equal(lab_table_i64(&table, DEPTH_TS)[2], cases[i].ts_ms * MS);
        assert_true((flags_of(0) & LAB_LEVEL_IS_SNAPSHOT) != 0);
    }
}

static void bad_captures_are_told_by_line(void **state)
{
    static const struct {
        const char *text;
        cb_status status;
        const char *reason;
    } cases[] = {
        {"{\"recv_ns\":1", CB_E_SYNTAX, "c.jsonl:1: line"},
        {"{}\n{}\n", CB_E_SYNTAX, "no book with its snapshot in 2 lines"},
        {CHANGE("10", "1", "5", "[\"10\",\"7\"]", ""),
            CB_E_SYNTAX,
            "no book with its snapshot of AB"},
        {SNAPSHOT("5") CHANGE("10", "6", "6", "[\"x\",\"7\"]", ""), CB_OK, "c.jsonl:2:"},
        {SNAPSHOT("5") CHANGE("10", "6", "6", "[\"-1\",\"7\"]", ""),
            CB_OK,
            "a level's price or quantity is negative"},
        {SNAPSHOT("5") CHANGE("10", "6", "6", "[\"1\",\"NaN\"]", ""), CB_OK, "c.jsonl:2:"},
        {SNAPSHOT("5") CHANGE("10", "6", "6", "[\"1\",\"1\"]", "") "{\"msg\":",
            CB_OK,
            "c.jsonl:3:"},
    };
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cb_status status = read_text(cases[i].text, NULL, &err);
        const char *const told = status == CB_OK ? table.reason : err.text;
        if (status != cases[i].status || strstr(told, cases[i].reason) == NULL) {
            fail_msg("case %zu: %s: %s", i, cb_status_name(status), told);
        }
        assert_true(status != CB_OK || table.fatal_count == 1);
    }
}

/* ---- recorded captures ---- */

typedef struct level {
    int64_t price_e8;
    int64_t qty_e8;
    uint64_t row;
    bool is_bid;
} level;

static int by_price(const void *left, const void *right)
{
    const level *const a = left;
    const level *const b = right;
    if (a->is_bid != b->is_bid) {
        return a->is_bid ? -1 : 1;
    }
    if (a->price_e8 != b->price_e8) {
        return a->price_e8 < b->price_e8 ? -1 : 1;
    }
    return a->row < b->row ? -1 : 1;
}

typedef struct final_book {
    uint64_t bids;
    uint64_t asks;
    int64_t best_bid_e8;
    int64_t best_ask_e8;
} final_book;

/* What each price was last set to. */
static final_book final_of(const lab_depth *depth)
{
    level *const levels = calloc(depth->count, sizeof *levels);
    final_book book = {.best_ask_e8 = INT64_MAX};
    assert_non_null(levels);
    for (uint64_t i = 0; i < depth->count; i++) {
        levels[i] = (level){
            depth->price_e8[i], depth->qty_e8[i], i, (depth->flags[i] & LAB_LEVEL_IS_BID) != 0};
    }
    qsort(levels, depth->count, sizeof *levels, by_price);
    for (uint64_t i = 0; i < depth->count; i++) {
        const level *const one = &levels[i];
        const bool is_last = i + 1 == depth->count || levels[i + 1].price_e8 != one->price_e8 ||
                             levels[i + 1].is_bid != one->is_bid;
        if (!is_last || one->qty_e8 == 0) {
            continue;
        }
        if (one->is_bid) {
            book.bids++;
            book.best_bid_e8 = one->price_e8 > book.best_bid_e8 ? one->price_e8 : book.best_bid_e8;
        } else {
            book.asks++;
            book.best_ask_e8 = one->price_e8 < book.best_ask_e8 ? one->price_e8 : book.best_ask_e8;
        }
    }
    free(levels);
    return book;
}

static void remove_caches(const char *path)
{
    char name[512];
    DIR *const folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        (void)unlink(name);
    }
    (void)closedir(folder);
    (void)rmdir(path);
}

static final_book final_of_capture(
    const char *caches, const char *path, const char *symbol, uint64_t *trades)
{
    lab_history_request request = {
        .path = path, .cache_dir = caches, .options = {.symbol = symbol}};
    lab_history *history = NULL;
    cb_err err = {0};
    if (lab_history_open(&request, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    uint64_t findings = 0;
    (void)lab_history_findings(history, &findings);
    assert_int_equal(findings, 0); /* no hole in any of them */
    const lab_depth *const depth = lab_history_depth(history);
    const final_book book = final_of(depth);
    assert_non_null(depth->receive_ns);
    for (uint64_t i = 1; i < depth->count; i++) {
        assert_true(depth->ts_ns[i] >= depth->ts_ns[i - 1]);
    }
    lab_history_close(history);
    if (trades == NULL) {
        return book;
    }
    request.options.kind = LAB_KIND_TRADES;
    if (lab_history_open(&request, &history, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    *trades = lab_history_trades(history)->count;
    lab_history_close(history);
    return book;
}

static void recorded_books_end_as_they_are_known_to(void **state)
{
    char caches[64] = "/tmp/cerberus-test-XXXXXX";
    uint64_t trades = 0;
    (void)state;
    if (access(DATA, R_OK) != 0) {
        print_message("recorded captures are not there: " DATA "\n");
        skip();
    }
    assert_non_null(mkdtemp(caches));
    const final_book spot = final_of_capture(
        caches, DATA "binance_spot_BTCUSDT_20240808T2354.jsonl.zst", NULL, &trades);
    assert_int_equal(spot.bids, 1209);
    assert_int_equal(spot.asks, 2196);
    assert_int_equal(spot.best_bid_e8, INT64_C(6168599000000));
    assert_int_equal(spot.best_ask_e8, INT64_C(6168600000000));
    assert_true(trades > 0);
    const final_book futures =
        final_of_capture(caches, DATA "binance_um_BTCUSDT_20240808T2354.jsonl.zst", NULL, &trades);
    assert_int_equal(futures.best_bid_e8, INT64_C(6165970000000));
    assert_int_equal(futures.best_ask_e8, INT64_C(6165980000000));
    assert_int_equal(trades, 21313); /* as in the file of its trades */
    static const char *const sessions[][2] = {{"bitstamp", "ETHUSD"},
        {"coinbase", "SKLUSD"},
        {"kraken", "XMRUSD"},
        {"okx", "BTCUSDT"},
        {"binance_spot", "NKNUSDT"}};
    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, DATA "cryptofeed_%s_session.jsonl.zst", sessions[i][0]);
        const final_book book = final_of_capture(caches, path, sessions[i][1], NULL);
        assert_true(book.best_bid_e8 > 0 && book.best_bid_e8 < book.best_ask_e8);
        assert_true(book.bids > 10 && book.asks > 10);
    }
    const final_book session = final_of_capture(
        caches, DATA "cryptofeed_binance_um_session.jsonl.zst", "SUSHIUSDT", &trades);
    assert_true(session.best_bid_e8 > 0 && session.best_bid_e8 < session.best_ask_e8);
    remove_caches(caches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_wait_for_their_snapshot),
        cmocka_unit_test(a_hole_leaves_out_up_to_the_next_snapshot),
        cmocka_unit_test(a_clock_that_is_behind_is_corrected),
        cmocka_unit_test(several_symbols_must_be_chosen_from),
        cmocka_unit_test(other_exchanges_are_read),
        cmocka_unit_test(bad_captures_are_told_by_line),
        cmocka_unit_test(recorded_books_end_as_they_are_known_to),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
