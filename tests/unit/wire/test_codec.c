/* What the codec refuses, and how it deals with what it does not know. Equality with protobuf-c is
 * tests/contract/test_proto.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "testing/random_body.h"
#include "wire/codec.h"

#define WIRE_MAX (64 * 1024)

static uint8_t wire[WIRE_MAX];
static _Alignas(16) uint8_t body[CB_MSG_SIZE_MAX];
static _Alignas(16) uint8_t other[CB_MSG_SIZE_MAX];

static cb_status decode(const cb_desc *desc, const uint8_t *bytes, size_t size, cb_err *err)
{
    /* A copy of the exact size: reading one byte too far is seen by the sanitizer. */
    uint8_t *copy = malloc(size + (size == 0 ? 1 : 0));
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const cb_status status = cb_decode(desc, copy, size, body, err);
    free(copy);
    return status;
}

static size_t encode(const cb_desc *desc, const void *from)
{
    cb_err err;
    size_t size = 0;
    assert_int_equal(cb_encode(desc, from, wire, sizeof(wire), &size, &err), CB_OK);
    return size;
}

static cb_trade sample_trade(void)
{
    cb_trade trade;
    memset(&trade, 0, sizeof(trade));
    trade.env.event_id = (cb_id){1, 2};
    trade.env.seq = 300;
    (void)memcpy(trade.env.producer, "collector", 10);
    (void)memcpy(trade.symbol, "BTCUSDT", 8);
    trade.price.e8 = 6168599000000;
    trade.qty.e8 = 12345;
    trade.taker_side = CB_SIDE_SELL;
    trade.venue_ts_ns = INT64_C(1641168000123000000);
    return trade;
}

/* ---- round trips ---- */
static void random_bodies_come_back_unchanged(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 1);
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        for (int round = 0; round < 100; round++) {
            cb_testing_random_body(&prng, desc, other);
            const size_t size = encode(desc, other);
            assert_int_equal(decode(desc, wire, size, NULL), CB_OK);
            assert_memory_equal(body, other, desc->size);
        }
    }
}

static void a_body_of_zeros_is_no_bytes(void **unused)
{
    (void)unused;
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        memset(other, 0, sizeof(other));
        assert_int_equal(encode(desc, other), 0);
        memset(body, 0xff, sizeof(body));
        assert_int_equal(decode(desc, wire, 0, NULL), CB_OK);
        assert_memory_equal(body, other, desc->size);
    }
}

static void encode_needs_exactly_its_size(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 2);
    static uint8_t room[WIRE_MAX];
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        cb_testing_random_body(&prng, desc, other);
        const size_t size = encode(desc, other);
        for (size_t capacity = 0; capacity <= size; capacity += 1 + size / 200) {
            size_t written = 4711;
            memset(room, 0xa5, sizeof(room));
            const cb_status status = cb_encode(desc, other, room, capacity, &written, NULL);
            assert_int_equal(status, capacity < size ? CB_E_FULL : CB_OK);
            assert_int_equal(room[capacity], 0xa5);
        }
        size_t written = 0;
        assert_int_equal(cb_encode(desc, other, room, size, &written, NULL), CB_OK);
        assert_int_equal(written, size);
        assert_memory_equal(room, wire, size);
    }
}

/* ---- damage ---- */

/* A cut either falls between two top-level fields (then the rest is a valid shorter message) or is
 * refused; never is more read than there is. */
static void truncation_at_every_byte_is_refused_or_a_whole_prefix(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 3);
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        cb_testing_random_body(&prng, desc, other);
        static uint8_t whole[WIRE_MAX];
        size_t size = 0;
        assert_int_equal(cb_encode(desc, other, whole, sizeof(whole), &size, NULL), CB_OK);
        const size_t limit = size < 3000 ? size : 3000;
        size_t refused = 0;
        for (size_t cut = 0; cut < limit; cut++) {
            cb_err err;
            const cb_status status = decode(desc, whole, cut, &err);
            if (status == CB_OK) {
                assert_int_equal(encode(desc, body), cut);
                assert_memory_equal(wire, whole, cut);
                continue;
            }
            assert_int_equal(status, CB_E_CORRUPT);
            assert_memory_equal(err.text, "decode ", 7);
            refused++;
        }
        assert_true(limit < 40 || refused > limit / 2);
    }
}

static void flipped_bytes_never_give_an_invalid_body(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 4);
    size_t accepted = 0;
    size_t refused = 0;
    for (int round = 0; round < 20000; round++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)(1 + cb_prng_below(&prng, CB_MSG_COUNT - 1)));
        if (desc->size > 4096) {
            continue;
        }
        cb_testing_random_body(&prng, desc, other);
        const size_t size = encode(desc, other);
        for (uint64_t flips = cb_prng_below(&prng, 4) + 1; flips > 0 && size > 0; flips--) {
            wire[cb_prng_below(&prng, size)] ^= (uint8_t)(1U << cb_prng_below(&prng, 8));
        }
        if (decode(desc, wire, size, NULL) != CB_OK) {
            refused++;
            continue;
        }
        /* What was accepted must be encodable: all texts, enums and doubles are valid. */
        accepted++;
        (void)encode(desc, body);
    }
    assert_true(accepted > 100);
    assert_true(refused > 100);
}

static void random_bytes_never_harm(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 5);
    for (int round = 0; round < 20000; round++) {
        const size_t size = (size_t)cb_prng_below(&prng, 64);
        uint8_t noise[64];
        for (size_t i = 0; i < size; i++) {
            noise[i] = (uint8_t)cb_prng_next(&prng);
        }
        const cb_desc *desc = cb_msg_desc((cb_msg_id)(1 + cb_prng_below(&prng, CB_MSG_COUNT - 1)));
        if (decode(desc, noise, size, NULL) == CB_OK) {
            (void)encode(desc, body);
        }
    }
}

/* ---- single refusals, each with the field's name ---- */
typedef struct refusal {
    const char *what;
    const cb_desc *desc;
    const char *bytes;
    size_t size;
    cb_status status;
    const char *names;
} refusal;
#define BYTES(text) text, sizeof(text) - 1

static const refusal refusals[] = {
    {"unfinished key", &cb_trade_desc, BYTES("\x80"), CB_E_CORRUPT, "trade"},
    {"field number 0", &cb_trade_desc, BYTES("\x00\x01"), CB_E_CORRUPT, "trade"},
    {"group", &cb_trade_desc, BYTES("\x9b\x06"), CB_E_CORRUPT, "unknown field"},
    {"end of group", &cb_trade_desc, BYTES("\x9c\x06"), CB_E_CORRUPT, "unknown field"},
    {"wire type 6", &cb_trade_desc, BYTES("\x9e\x06"), CB_E_CORRUPT, "unknown field"},
    {"number above 2^29", &cb_trade_desc, BYTES("\x80\x80\x80\x80\x10\x01"), CB_E_CORRUPT, "trade"},
    {"text as varint", &cb_trade_desc, BYTES("\x10\x01"), CB_E_CORRUPT, "venue"},
    {"u64 as bytes", &cb_trade_desc, BYTES("\x22\x01x"), CB_E_CORRUPT, "trade_id"},
    {"price as varint", &cb_trade_desc, BYTES("\x28\x01"), CB_E_CORRUPT, "price_e8"},
    {"price as fixed32", &cb_trade_desc, BYTES("\x2d\x01\x00\x00\x00"), CB_E_CORRUPT, "price_e8"},
    {"price of 7 bytes",
        &cb_trade_desc,
        BYTES("\x29\x01\x02\x03\x04\x05\x06\x07"),
        CB_E_CORRUPT,
        "price_e8"},
    {"envelope as varint", &cb_trade_desc, BYTES("\x08\x01"), CB_E_CORRUPT, "env"},
    {"envelope too long", &cb_trade_desc, BYTES("\x0a\x05\x28\x01"), CB_E_CORRUPT, "env"},
    {"length of 2^63",
        &cb_trade_desc,
        BYTES("\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        CB_E_CORRUPT,
        "venue"},
    {"varint of 11 bytes",
        &cb_trade_desc,
        BYTES("\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        CB_E_CORRUPT,
        "trade_id"},
    {"varint above 2^64",
        &cb_trade_desc,
        BYTES("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        CB_E_CORRUPT,
        "trade_id"},
    {"enum without name", &cb_trade_desc, BYTES("\x38\x03"), CB_E_RANGE, "taker_side"},
    {"enum of 2^32", &cb_trade_desc, BYTES("\x38\x80\x80\x80\x80\x10"), CB_E_RANGE, "taker_side"},
    {"venue of 12 bytes",
        &cb_trade_desc,
        BYTES("\x12\x0c"
              "abcdefghijkl"),
        CB_E_FULL,
        "venue"},
    {"text cut in a character",
        &cb_trade_desc,
        BYTES("\x12\x02"
              "a\xc3"),
        CB_E_CORRUPT,
        "venue"},
    {"text with NUL",
        &cb_trade_desc,
        BYTES("\x12\x03"
              "a\0b"),
        CB_E_CORRUPT,
        "venue"},
    {"text with surrogate", &cb_trade_desc, BYTES("\x12\x03\xed\xa0\x80"), CB_E_CORRUPT, "venue"},
    {"u32 above its range",
        &cb_candle_desc,
        BYTES("\x20\x80\x80\x80\x80\x10"),
        CB_E_RANGE,
        "interval_s"},
    {"bool of 2", &cb_candle_desc, BYTES("\x70\x02"), CB_E_RANGE, "is_closed"},
    {"id of 15 bytes",
        &cb_signal_desc,
        BYTES("\x12\x0f"
              "0123456789abcde"),
        CB_E_CORRUPT,
        "signal_id"},
    {"id of 17 bytes",
        &cb_signal_desc,
        BYTES("\x12\x11"
              "0123456789abcdefg"),
        CB_E_CORRUPT,
        "signal_id"},
    {"empty id", &cb_signal_desc, BYTES("\x12\x00"), CB_E_CORRUPT, "signal_id"},
    {"nested id of 1 byte",
        &cb_signal_desc,
        BYTES("\x0a\x03\x0a\x01x"),
        CB_E_CORRUPT,
        "env: event_id"},
    {"NaN",
        &cb_named_value_desc,
        BYTES("\x11\x00\x00\x00\x00\x00\x00\xf8\x7f"),
        CB_E_RANGE,
        "value"},
    {"infinity",
        &cb_named_value_desc,
        BYTES("\x11\x00\x00\x00\x00\x00\x00\xf0\xff"),
        CB_E_RANGE,
        "value"},
};

static void each_kind_of_damage_is_refused_by_name(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        cb_err err;
        memset(&err, 0, sizeof(err));
        const cb_status status =
            decode(refusals[i].desc, (const uint8_t *)refusals[i].bytes, refusals[i].size, &err);
        if (status != refusals[i].status || strstr(err.text, refusals[i].names) == NULL) {
            fail_msg("%s: %s (%s)", refusals[i].what, cb_status_name(status), err.text);
        }
    }
}

static void every_field_refuses_every_other_wire_type(void **unused)
{
    (void)unused;
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        for (uint32_t f = 0; f < desc->fields_count; f++) {
            const uint32_t number = desc->fields[f].number;
            unsigned accepted = 0;
            for (unsigned type = 0; type < 8; type++) {
                /* key, then bytes that are a valid value of wire types 0, 1, 2 and 5 alike */
                uint8_t bytes[32] = {0};
                size_t size = 0;
                uint32_t key = (number << 3) | type;
                while (key >= 0x80) {
                    bytes[size++] = (uint8_t)(key | 0x80);
                    key >>= 7;
                }
                bytes[size++] = (uint8_t)key;
                size += type == 1 ? 8 : type == 5 ? 4 : 1;
                const cb_status status = decode(desc, bytes, size, NULL);
                const bool needs_size =
                    desc->fields[f].kind == CB_KIND_ID || desc->fields[f].kind == CB_KIND_BLOB32;
                accepted += status == CB_OK || (type == 2 && needs_size) ? 1 : 0;
            }
            assert_int_equal(accepted, 1);
        }
    }
}

static void lists_take_their_capacity_and_no_more(void **unused)
{
    (void)unused;
    static uint8_t many[2 * 257];
    for (size_t i = 0; i < 257; i++) {
        many[2 * i] = 0x32; /* field 6, bytes, length 0 */
    }
    assert_int_equal(decode(&cb_book_delta_desc, many, sizeof(many) - 2, NULL), CB_OK);
    assert_int_equal(((const cb_book_delta *)(const void *)body)->bids_count, 256);
    cb_err err;
    assert_int_equal(decode(&cb_book_delta_desc, many, sizeof(many), &err), CB_E_FULL);
    assert_non_null(strstr(err.text, "bids"));
}

/* ---- what a newer or another producer may send ---- */
static void unknown_fields_are_skipped(void **unused)
{
    (void)unused;
    const cb_trade trade = sample_trade();
    size_t size = encode(&cb_trade_desc, &trade);
    static const char unknown[] = "\x98\x06\xff\x01"                         /* 99: varint */
                                  "\x99\x06\x01\x02\x03\x04\x05\x06\x07\x08" /* 99: 64 bits */
                                  "\x9a\x06\x03xyz"                          /* 99: bytes */
                                  "\x9d\x06\x01\x02\x03\x04";                /* 99: 32 bits */
    memcpy(wire + size, unknown, sizeof(unknown) - 1);
    size += sizeof(unknown) - 1;
    assert_int_equal(decode(&cb_trade_desc, wire, size, NULL), CB_OK);
    assert_memory_equal(body, &trade, sizeof(trade));
    for (size_t cut = 1; cut < 4; cut++) {
        assert_int_equal(decode(&cb_trade_desc, wire, size - cut, NULL), CB_E_CORRUPT);
    }
}

static void fields_may_come_in_any_order(void **unused)
{
    (void)unused;
    /* seq (6), then price (5), then the envelope's rest: parts of a message are merged. */
    static const char bytes[] = "\x31\x02\x00\x00\x00\x00\x00\x00\x00"
                                "\x29\x01\x00\x00\x00\x00\x00\x00\x00"
                                "\x0a\x02\x28\x07"
                                "\x0a\x02\x30\x09";
    assert_int_equal(
        decode(&cb_trade_desc, (const uint8_t *)bytes, sizeof(bytes) - 1, NULL), CB_OK);
    const cb_trade *trade = (const cb_trade *)(const void *)body;
    assert_int_equal(trade->qty.e8, 2);
    assert_int_equal(trade->price.e8, 1);
    assert_int_equal(trade->env.epoch, 7);
    assert_int_equal(trade->env.seq, 9);
}

static void the_last_of_a_repeated_field_wins_and_leaves_no_trace(void **unused)
{
    (void)unused;
    static const char bytes[] = "\x12\x07"
                                "binance"
                                "\x12\x02"
                                "ok";
    assert_int_equal(
        decode(&cb_trade_desc, (const uint8_t *)bytes, sizeof(bytes) - 1, NULL), CB_OK);
    cb_trade wanted;
    memset(&wanted, 0, sizeof(wanted));
    memcpy(wanted.venue, "ok", 3);
    assert_memory_equal(body, &wanted, sizeof(wanted));
}

static void explicit_zeros_are_accepted(void **unused)
{
    (void)unused;
    static const char bytes[] = "\x0a\x00\x12\x00\x20\x00\x38\x00"
                                "\x29\x00\x00\x00\x00\x00\x00\x00\x00";
    assert_int_equal(
        decode(&cb_trade_desc, (const uint8_t *)bytes, sizeof(bytes) - 1, NULL), CB_OK);
    cb_trade zero;
    memset(&zero, 0, sizeof(zero));
    assert_memory_equal(body, &zero, sizeof(zero));
}

/* ---- what encoding refuses, so that it is found at the producer ---- */
static void encode_refuses_what_decode_would_refuse(void **unused)
{
    (void)unused;
    cb_err err;
    size_t size = 0;
    cb_trade trade = sample_trade();
    memcpy(trade.symbol, "BTC\xff", 5);
    assert_int_equal(
        cb_encode(&cb_trade_desc, &trade, wire, sizeof(wire), &size, &err), CB_E_CORRUPT);
    assert_non_null(strstr(err.text, "symbol"));

    trade = sample_trade();
    trade.taker_side = (cb_side)9;
    assert_int_equal(
        cb_encode(&cb_trade_desc, &trade, wire, sizeof(wire), &size, &err), CB_E_RANGE);
    assert_non_null(strstr(err.text, "taker_side"));

    cb_named_value value = {.name = "x", .value = (double)NAN};
    assert_int_equal(
        cb_encode(&cb_named_value_desc, &value, wire, sizeof(wire), &size, &err), CB_E_CORRUPT);
    value.value = (double)-INFINITY;
    assert_int_equal(
        cb_encode(&cb_named_value_desc, &value, wire, sizeof(wire), &size, &err), CB_E_CORRUPT);
}

static void negative_zero_and_subnormals_survive(void **unused)
{
    (void)unused;
    static const double values[] = {-0.0, 5e-324, -5e-324, 1.7976931348623157e308, 0.1};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const cb_named_value value = {.name = "x", .value = values[i]};
        const size_t size = encode(&cb_named_value_desc, &value);
        assert_int_equal(decode(&cb_named_value_desc, wire, size, NULL), CB_OK);
        const cb_named_value *back = (const cb_named_value *)(const void *)body;
        assert_memory_equal(&back->value, &values[i], sizeof(double));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bodies_come_back_unchanged),
        cmocka_unit_test(a_body_of_zeros_is_no_bytes),
        cmocka_unit_test(encode_needs_exactly_its_size),
        cmocka_unit_test(truncation_at_every_byte_is_refused_or_a_whole_prefix),
        cmocka_unit_test(flipped_bytes_never_give_an_invalid_body),
        cmocka_unit_test(random_bytes_never_harm),
        cmocka_unit_test(each_kind_of_damage_is_refused_by_name),
        cmocka_unit_test(every_field_refuses_every_other_wire_type),
        cmocka_unit_test(lists_take_their_capacity_and_no_more),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(fields_may_come_in_any_order),
        cmocka_unit_test(the_last_of_a_repeated_field_wins_and_leaves_no_trace),
        cmocka_unit_test(explicit_zeros_are_accepted),
        cmocka_unit_test(encode_refuses_what_decode_would_refuse),
        cmocka_unit_test(negative_zero_and_subnormals_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
