/* JSON of bodies, read back by jansson as an independent reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/prng.h"
#include "base/timefmt.h"
#include "testing/random_body.h"
#include "wire/codec.h"

#define JSON_MAX (512 * 1024)

static char text[JSON_MAX];
static _Alignas(16) uint8_t body[CB_MSG_SIZE_MAX];

static void a_trade_reads_as_people_expect(void **unused)
{
    (void)unused;
    cb_trade trade;
    memset(&trade, 0, sizeof(trade));
    trade.env.event_id = (cb_id){UINT64_C(0x0123456789abcdef), 1};
    memcpy(trade.env.producer, "collector", 10);
    trade.env.seq = 7;
    memcpy(trade.venue, "binance", 8);
    memcpy(trade.symbol, "BTC\"\n", 6);
    trade.trade_id = UINT64_MAX;
    trade.price.e8 = 6168599000000;
    trade.qty.e8 = -1;
    trade.taker_side = CB_SIDE_BUY;
    trade.venue_ts_ns = INT64_C(1641168000123456789);
    const size_t size = cb_body_to_json(&cb_trade_desc, &trade, text, sizeof(text));
    const char *wanted =
        "{\"env\":{\"event_id\":\"01234567-89ab-cdef-0000-000000000001\","
        "\"causation_id\":null,\"correlation_id\":null,\"producer\":\"collector\","
        "\"epoch\":\"0\",\"seq\":\"7\",\"ts_ns\":null,\"schema\":0,\"origin_ns\":null},"
        "\"venue\":\"binance\",\"symbol\":\"BTC\\\"\\u000a\","
        "\"trade_id\":\"18446744073709551615\",\"price\":\"61685.99\","
        "\"qty\":\"-0.00000001\",\"taker_side\":\"buy\","
        "\"venue_ts_ns\":\"2022-01-03T00:00:00.123456789Z\",\"recv_ns\":null}";
    assert_string_equal(text, wanted);
    assert_int_equal(size, strlen(wanted));
}

static void numbers_that_are_no_money_stay_numbers(void **unused)
{
    (void)unused;
    cb_signal signal;
    memset(&signal, 0, sizeof(signal));
    signal.interval_s = 60;
    signal.values_count = 3;
    memcpy(signal.values[0].name, "rsi", 4);
    signal.values[0].value = 70.5;
    signal.values[1].value = 0.1 + 0.2;
    signal.values[2].value = -1e300;
    assert_true(cb_body_to_json(&cb_signal_desc, &signal, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "\"interval_s\":60,"));
    assert_non_null(strstr(text, "{\"name\":\"rsi\",\"value\":70.5}"));
    assert_non_null(strstr(text, "\"value\":0.30000000000000004}"));
    assert_non_null(strstr(text, "\"value\":-1e+300}"));
}

static void items_alone_are_an_array(void **unused)
{
    (void)unused;
    cb_book book;
    memset(&book, 0, sizeof(book));
    book.bids_count = 2;
    book.bids[0] = (cb_level){{200000000}, {100000000}};
    book.bids[1] = (cb_level){{150000000}, {1}};
    const cb_field *bids = &cb_book_desc.fields[4];
    assert_string_equal(bids->name, "bids");
    assert_true(cb_items_to_json(bids, &book, text, sizeof(text)) > 0);
    assert_string_equal(text,
        "[{\"price\":\"2\",\"qty\":\"1\"},"
        "{\"price\":\"1.5\",\"qty\":\"0.00000001\"}]");
    book.bids_count = 0;
    assert_int_equal(cb_items_to_json(bids, &book, text, sizeof(text)), 2);
    assert_string_equal(text, "[]");
}

/* ---- all messages, value by value ---- */
static void check_body(const cb_desc *desc, const uint8_t *at, json_t *json);

static void check_64(const cb_field *field, const uint8_t *member, json_t *json)
{
    int64_t value = 0;
    memcpy(&value, member, sizeof(value));
    char wanted[CB_TIME_TEXT_MAX + CB_DECIMAL_TEXT_MAX] = "";
    if (field->kind == CB_KIND_TIME && value == 0) {
        assert_true(json_is_null(json));
        return;
    }
    if (field->kind == CB_KIND_E8) {
        (void)cb_decimal_print(value, wanted);
    } else if (field->kind == CB_KIND_TIME) {
        (void)cb_time_print(value, 9, wanted);
    } else if (field->kind == CB_KIND_U64) {
        (void)snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)value);
    } else {
        (void)snprintf(wanted, sizeof(wanted), "%lld", (long long)value);
    }
    assert_string_equal(json_string_value(json), wanted);
}

static void check_id(const uint8_t *member, json_t *json)
{
    cb_id id;
    memcpy(&id, member, sizeof(id));
    if (cb_id_is_none(id)) {
        assert_true(json_is_null(json));
        return;
    }
    cb_id back = {0, 0};
    assert_int_equal(
        cb_id_parse(json_string_value(json), json_string_length(json), &back, NULL), CB_OK);
    assert_true(cb_id_equal(id, back));
}

static void check_list(const cb_field *field, const uint8_t *at, json_t *json)
{
    uint32_t count = 0;
    memcpy(&count, at + field->count_offset, sizeof(count));
    assert_int_equal(json_array_size(json), count);
    for (uint32_t i = 0; i < count; i++) {
        check_body(
            field->sub, at + field->offset + (size_t)i * field->sub->size, json_array_get(json, i));
    }
}

static void check_small(const cb_field *field, const uint8_t *member, json_t *json)
{
    uint32_t narrow = 0;
    double real = 0;
    switch (field->kind) {
    case CB_KIND_BOOL:
        assert_int_equal(json_is_true(json), *member);
        assert_true(json_is_boolean(json));
        break;
    case CB_KIND_U32:
        memcpy(&narrow, member, sizeof(narrow));
        assert_int_equal(json_integer_value(json), narrow);
        break;
    case CB_KIND_ENUM:
        memcpy(&narrow, member, sizeof(narrow));
        assert_string_equal(json_string_value(json), cb_enum_name(field->enums, narrow));
        break;
    case CB_KIND_F64:
        memcpy(&real, member, sizeof(real));
        assert_true(json_is_number(json));
        assert_true(json_number_value(json) >= real && json_number_value(json) <= real);
        break;
    case CB_KIND_TEXT:
        assert_string_equal(json_string_value(json), (const char *)member);
        break;
    case CB_KIND_BLOB32:
        assert_int_equal(json_string_length(json), 64);
        break;
    case CB_KIND_ID:
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    case CB_KIND_MSG:
    case CB_KIND_REP:
    default:
        fail();
    }
}

static void check_body(const cb_desc *desc, const uint8_t *at, json_t *json)
{
    assert_int_equal(json_object_size(json), desc->fields_count);
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        const cb_field *field = &desc->fields[i];
        char name[64];
        (void)snprintf(name, sizeof(name), "%s", field->name);
        if (field->kind == CB_KIND_E8) {
            name[strlen(name) - 3] = '\0';
        }
        json_t *value = json_object_get(json, name);
        assert_non_null(value);
        const uint8_t *member = at + field->offset;
        if (field->kind == CB_KIND_MSG) {
            check_body(field->sub, member, value);
        } else if (field->kind == CB_KIND_REP) {
            check_list(field, at, value);
        } else if (field->kind == CB_KIND_ID) {
            check_id(member, value);
        } else if (field->kind == CB_KIND_U64 || field->kind == CB_KIND_I64 ||
                   field->kind == CB_KIND_E8 || field->kind == CB_KIND_TIME) {
            check_64(field, member, value);
        } else {
            check_small(field, member, value);
        }
    }
}

static void random_bodies_are_valid_json_with_exact_values(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 6);
    for (int id = 1; id < CB_MSG_COUNT; id++) {
        const cb_desc *desc = cb_msg_desc((cb_msg_id)id);
        for (int round = 0; round < 20; round++) {
            cb_testing_random_body(&prng, desc, body);
            const size_t size = cb_body_to_json(desc, body, text, sizeof(text));
            assert_true(size > 0);
            json_error_t error;
            json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
            if (json == NULL) {
                fail_msg("%s: %s in %s", desc->name, error.text, text);
            }
            check_body(desc, body, json);
            json_decref(json);
        }
    }
}

static void what_does_not_fit_is_empty(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 7);
    cb_testing_random_body(&prng, &cb_fill_desc, body);
    const size_t size = cb_body_to_json(&cb_fill_desc, body, text, sizeof(text));
    static char small[4096];
    assert_true(size > 0 && size + 1 < sizeof(small));
    for (size_t capacity = 1; capacity <= size; capacity++) {
        memset(small, 'x', sizeof(small));
        assert_int_equal(cb_body_to_json(&cb_fill_desc, body, small, capacity), 0);
        assert_int_equal(small[0], '\0');
        assert_int_equal(small[capacity], 'x');
    }
    assert_int_equal(cb_body_to_json(&cb_fill_desc, body, small, size + 1), size);
    assert_string_equal(small, text);
}

static void bad_text_still_makes_valid_json(void **unused)
{
    (void)unused;
    cb_trade trade;
    memset(&trade, 0, sizeof(trade));
    memcpy(trade.symbol, "A\xff\xc3", 4);
    const size_t size = cb_body_to_json(&cb_trade_desc, &trade, text, sizeof(text));
    json_t *json = json_loadb(text, size, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "symbol")), "A??");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_reads_as_people_expect),
        cmocka_unit_test(numbers_that_are_no_money_stay_numbers),
        cmocka_unit_test(items_alone_are_an_array),
        cmocka_unit_test(random_bodies_are_valid_json_with_exact_values),
        cmocka_unit_test(what_does_not_fit_is_empty),
        cmocka_unit_test(bad_text_still_makes_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
