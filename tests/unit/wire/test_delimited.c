/* Lists of messages: what was put comes back in order, every cut is found, nothing overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "domain/messages.h"
#include "wire/delimited.h"

static cb_candle candle_number(uint32_t number)
{
    cb_candle candle;
    memset(&candle, 0, sizeof candle);
    memcpy(candle.symbol, "BTCUSDT", 8);
    candle.interval_s = 60;
    candle.open_ts_ns = (int64_t)number * INT64_C(60000000000);
    candle.close.e8 = (int64_t)number + 1;
    return candle;
}

static size_t put_candles(uint8_t *out, size_t capacity, uint32_t count)
{
    size_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const cb_candle candle = candle_number(i);
        assert_int_equal(
            cb_delimited_put(&cb_candle_desc, &candle, out, capacity, &used, NULL), CB_OK);
    }
    return used;
}

static void delimited_reads_what_was_put(void **unused)
{
    (void)unused;
    uint8_t bytes[4096];
    const size_t size = put_candles(bytes, sizeof bytes, 20);
    size_t at = 0;
    cb_candle candle;
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(
            cb_delimited_next(&cb_candle_desc, bytes, size, &at, &candle, NULL), CB_OK);
        assert_int_equal(candle.close.e8, i + 1);
    }
    assert_int_equal(
        cb_delimited_next(&cb_candle_desc, bytes, size, &at, &candle, NULL), CB_E_NOT_FOUND);
    assert_int_equal(at, size);
}

static void delimited_keeps_an_empty_message(void **unused)
{
    (void)unused;
    uint8_t bytes[8];
    size_t used = 0;
    cb_candle candle;
    memset(&candle, 0, sizeof candle);
    assert_int_equal(
        cb_delimited_put(&cb_candle_desc, &candle, bytes, sizeof bytes, &used, NULL), CB_OK);
    assert_int_equal(used, 1);
    assert_int_equal(bytes[0], 0);
    size_t at = 0;
    candle.interval_s = 9;
    assert_int_equal(cb_delimited_next(&cb_candle_desc, bytes, used, &at, &candle, NULL), CB_OK);
    assert_int_equal(candle.interval_s, 0);
}

/* A message longer than 127 bytes has a length of two bytes. */
static void delimited_writes_long_lengths(void **unused)
{
    (void)unused;
    uint8_t *bytes = malloc(65536);
    cb_book book;
    memset(&book, 0, sizeof book);
    book.bids_count = 20;
    for (uint32_t i = 0; i < 20; i++) {
        book.bids[i] = (cb_level){{(int64_t)i + 1}, {1}};
    }
    size_t used = 0;
    assert_int_equal(cb_delimited_put(&cb_book_desc, &book, bytes, 65536, &used, NULL), CB_OK);
    assert_true(used > 129);
    assert_true((bytes[0] & 0x80U) != 0);
    assert_int_equal(((size_t)(bytes[0] & 0x7fU) | (size_t)bytes[1] << 7U) + 2, used);
    size_t at = 0;
    cb_book back;
    assert_int_equal(cb_delimited_next(&cb_book_desc, bytes, used, &at, &back, NULL), CB_OK);
    assert_int_equal(back.bids_count, 20);
    assert_int_equal(back.bids[19].price.e8, 20);
    free(bytes);
}

static void delimited_refuses_every_cut(void **unused)
{
    (void)unused;
    uint8_t bytes[256];
    const size_t size = put_candles(bytes, sizeof bytes, 1);
    for (size_t cut = 1; cut < size; cut++) {
        size_t at = 0;
        cb_candle candle;
        cb_err err = {0};
        assert_int_equal(
            cb_delimited_next(&cb_candle_desc, bytes, cut, &at, &candle, &err), CB_E_CORRUPT);
        assert_int_equal(at, 0);
        assert_true(strlen(err.text) > 0);
    }
    const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
    size_t at = 0;
    cb_candle candle;
    assert_int_equal(
        cb_delimited_next(&cb_candle_desc, endless, sizeof endless, &at, &candle, NULL),
        CB_E_CORRUPT);
}

static void delimited_stops_when_there_is_no_room(void **unused)
{
    (void)unused;
    uint8_t bytes[300];
    const cb_candle candle = candle_number(5);
    size_t one = 0;
    assert_int_equal(
        cb_delimited_put(&cb_candle_desc, &candle, bytes, sizeof bytes, &one, NULL), CB_OK);
    for (size_t capacity = 0; capacity < sizeof bytes; capacity++) {
        memset(bytes, 0xee, sizeof bytes);
        size_t used = 0;
        const cb_status status =
            cb_delimited_put(&cb_candle_desc, &candle, bytes, capacity, &used, NULL);
        assert_true(status == CB_OK || status == CB_E_FULL);
        assert_int_equal(used, status == CB_OK ? one : 0);
        assert_true(status == CB_OK || capacity < one + 4);
        for (size_t i = capacity; i < sizeof bytes; i++) {
            assert_int_equal(bytes[i], 0xee);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delimited_reads_what_was_put),
        cmocka_unit_test(delimited_keeps_an_empty_message),
        cmocka_unit_test(delimited_writes_long_lengths),
        cmocka_unit_test(delimited_refuses_every_cut),
        cmocka_unit_test(delimited_stops_when_there_is_no_room),
    };
    return cmocka_run_group_tests_name("delimited", tests, NULL, NULL);
}
