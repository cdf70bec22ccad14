/* The recorded raw capture of BTCUSDT: the collector's book against the capture's own best bid and
 * ask. The expected counts come with the data. Skipped where the recorded data is absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "services/collector/core/capture.h"

#define CAPTURE "../shared/data/depth/binance_spot_BTCUSDT_20240808T2354.jsonl.zst"
#define BYTES_MAX ((size_t)128 * 1024 * 1024)

/* The whole unpacked file; NULL when it cannot be read. */
static char *unpack(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *packed = malloc(BYTES_MAX / 8);
    char *bytes = malloc(BYTES_MAX);
    assert_non_null(packed);
    assert_non_null(bytes);
    const size_t packed_size = fread(packed, 1, BYTES_MAX / 8, file);
    assert_int_equal(fclose(file), 0);
    ZSTD_DStream *stream = ZSTD_createDStream();
    assert_non_null(stream);
    ZSTD_inBuffer in = {packed, packed_size, 0};
    ZSTD_outBuffer out = {bytes, BYTES_MAX, 0};
    while (in.pos < in.size) {
        assert_false(ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)));
    }
    *size = out.pos;
    (void)ZSTD_freeDStream(stream);
    free(packed);
    return bytes;
}

static collector_capture *make(const char *symbol, void **block)
{
    const size_t size = collector_capture_size();
    collector_capture *capture = calloc(1, sizeof(*capture));
    cb_arena arena;
    *block = aligned_alloc(16, size);
    assert_non_null(capture);
    assert_non_null(*block);
    cb_arena_init(&arena, *block, size);
    collector_capture_init(capture, cb_venue_find("binance"), symbol, &arena);
    return capture;
}

static void book_equals_the_captures_own_best_bid_and_ask(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = unpack(CAPTURE, &size);
    if (bytes == NULL) {
        print_message("SKIP: no recorded data at %s\n", CAPTURE);
        skip();
        return; /* skip() does not return, which the analyzer cannot know */
    }
    void *block = NULL;
    collector_capture *capture = make("BTCUSDT", &block);
    size_t begin = 0;
    for (size_t at = 0; at < size; at++) {
        if (bytes[at] == '\n') {
            const cb_strview line = {.at = bytes + begin, .size = at - begin};
            cb_err err;
            if (collector_capture_line(capture, line, &err) != CB_OK) {
                fail_msg("%s", err.text);
            }
            begin = at + 1;
        }
    }
    const collector_book *book = &capture->market.symbols[0].book;
    assert_true(capture->lines_count == 41249);
    assert_true(capture->market.counts.books_compared == 3448);
    assert_true(capture->market.counts.books_equal == 3448);
    assert_true(capture->gaps_count == 0);
    assert_true(book->update_id == 50093421584);
    assert_int_equal(cb_order_book_count(&book->book, CB_SIDE_BUY), 1209);
    assert_int_equal(cb_order_book_count(&book->book, CB_SIDE_SELL), 2196);
    cb_level bid;
    cb_level ask;
    assert_true(cb_order_book_best(&book->book, CB_SIDE_BUY, &bid));
    assert_true(cb_order_book_best(&book->book, CB_SIDE_SELL, &ask));
    assert_true(bid.price.e8 == INT64_C(6168599000000));
    assert_true(ask.price.e8 == INT64_C(6168600000000));
    /* Every trade of the capture, none twice, none missing. */
    assert_true(capture->market.counts.trade_gaps == 0);
    assert_true(capture->market.counts.repeats == 0);
    free(block);
    free(capture);
    free(bytes);
}

#define LINE(message) "{\"recv_ns\":1,\"msg\":" message "}"
#define DIFF(first, last, bid)                                                                     \
    LINE(                                                                                          \
        "{\"stream\":\"btcusdt@depth\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\"," \
        "\"U\":" first ",\"u\":" last ",\"b\":[[\"" bid "\",\"1\"]],\"a\":[]}}")

static void capture_counts_what_differs(void **state)
{
    (void)state;
    static const char *const lines[] = {
        LINE("{\"lastUpdateId\":10,\"bids\":[[\"100\",\"1\"]],\"asks\":[[\"200\",\"1\"]]}"),
        LINE(
            "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":11,\"s\":\"BTCUSDT\",\"b\":\"101\","
            "\"B\":\"1\",\"a\":\"200\",\"A\":\"1\"}}"),
        DIFF("11", "12", "101"), /* equal to the ticker */
        DIFF("13", "13", "102"), /* the newest ticker is older and says 101 */
        DIFF("15", "15", "103"), /* 14 is missing */
    };
    void *block = NULL;
    collector_capture *capture = make("BTCUSDT", &block);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(collector_capture_line(capture, cb_sv_from(lines[i]), NULL), CB_OK);
    }
    assert_true(
        capture->market.counts.books_compared == 2 && capture->market.counts.books_equal == 1);
    assert_true(capture->market.symbols[0].unequal_id == 13);
    assert_true(capture->gaps_count == 1);
    assert_int_equal(collector_capture_line(capture, CB_SV("{\"recv_ns\":1}"), NULL), CB_E_SYNTAX);
    assert_int_equal(collector_capture_line(capture, CB_SV("not json"), NULL), CB_E_SYNTAX);
    free(block);
    free(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_equals_the_captures_own_best_bid_and_ask),
        cmocka_unit_test(capture_counts_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
