/* Frames of the signer: what is written is read back, everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/prng.h"
#include "wire/signer_frame.h"

static uint8_t frame[CB_SIGNER_FRAME_MAX];
static size_t frame_size;
static cb_err err;

static cb_signer_request sample(void)
{
    return (cb_signer_request){.op = CB_SIGNER_SIGN,
        .id = 0x01020304,
        .account = "main",
        .venue = "binance",
        .api_key = "public",
        .api_secret = "hidden",
        .purpose = CB_KEY_CANCEL,
        .payload = "symbol=BTCUSDT&timestamp=1",
        .payload_size = 26};
}

static void put_sample(void)
{
    const cb_signer_request request = sample();
    assert_int_equal(
        cb_signer_put_request(&request, frame, sizeof(frame), &frame_size, &err), CB_OK);
}

static void request_is_read_as_written(void **state)
{
    (void)state;
    const cb_signer_request sent = sample();
    cb_signer_request got;
    size_t told = 0;
    put_sample();
    assert_int_equal(cb_signer_frame_size(frame, frame_size, &told, &err), CB_OK);
    assert_int_equal(told, frame_size);
    assert_int_equal(cb_signer_get_request(frame, frame_size, &got, &err), CB_OK);
    assert_int_equal(got.op, sent.op);
    assert_int_equal(got.id, sent.id);
    assert_string_equal(got.account, sent.account);
    assert_string_equal(got.venue, sent.venue);
    assert_string_equal(got.api_key, sent.api_key);
    assert_string_equal(got.api_secret, sent.api_secret);
    assert_int_equal(got.purpose, sent.purpose);
    assert_int_equal(got.payload_size, sent.payload_size);
    assert_memory_equal(got.payload, sent.payload, sent.payload_size);
}

static void reply_is_read_as_written(void **state)
{
    (void)state;
    for (uint32_t status = 0; status < CB_SIGNER_STATUS_COUNT; status++) {
        const cb_signer_reply sent = {.op = CB_SIGNER_LIST,
            .id = 7,
            .status = (cb_signer_status)status,
            .api_key = "public",
            .text = "a\tb\n",
            .text_size = 4};
        cb_signer_reply got;
        assert_int_equal(
            cb_signer_put_reply(&sent, frame, sizeof(frame), &frame_size, &err), CB_OK);
        assert_int_equal(cb_signer_get_reply(frame, frame_size, &got, &err), CB_OK);
        assert_int_equal(got.op, sent.op);
        assert_int_equal(got.id, sent.id);
        assert_int_equal(got.status, sent.status);
        assert_string_equal(got.api_key, sent.api_key);
        assert_int_equal(got.text_size, 4);
        assert_memory_equal(got.text, "a\tb\n", 4);
    }
}

static void every_cut_is_incomplete_or_refused(void **state)
{
    (void)state;
    cb_signer_request got;
    put_sample();
    for (size_t size = 0; size < frame_size; size++) {
        size_t told = 1;
        assert_int_equal(cb_signer_frame_size(frame, size, &told, &err), CB_OK);
        assert_true(told == 0 || told == frame_size);
        assert_int_equal(cb_signer_get_request(frame, size, &got, &err), CB_E_CORRUPT);
    }
    frame[frame_size] = 0;
    assert_int_equal(cb_signer_get_request(frame, frame_size + 1, &got, &err), CB_E_CORRUPT);
}

static void refused_frames_leave_no_secret_behind(void **state)
{
    (void)state;
    static const cb_signer_request NOTHING = {.id = 0};
    cb_signer_request got;
    put_sample();
    frame[CB_SIGNER_HEAD_SIZE + 1] = 0x1b; /* an escape in the account's name */
    assert_int_equal(cb_signer_get_request(frame, frame_size, &got, &err), CB_E_CORRUPT);
    assert_memory_equal(&got, &NOTHING, sizeof(got));
}

static void header_is_checked_field_by_field(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{0, 'X'}, {1, 'X'}, {2, 2}, {3, 0}, {3, 7}, {3, 0x81}, {8, 0}, {10, 1}, {11, 0xff}};
    cb_signer_request got;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_sample();
        frame[rows[i].at] = rows[i].value;
        assert_int_equal(cb_signer_get_request(frame, frame_size, &got, &err), CB_E_CORRUPT);
    }
}

static void a_purpose_beyond_the_last_is_refused(void **state)
{
    (void)state;
    cb_signer_request request = sample();
    cb_signer_request got;
    request.purpose = (cb_key_purpose)4;
    assert_int_equal(
        cb_signer_put_request(&request, frame, sizeof(frame), &frame_size, &err), CB_OK);
    assert_int_equal(cb_signer_get_request(frame, frame_size, &got, &err), CB_E_CORRUPT);
}

static void texts_that_do_not_fit_are_not_cut(void **state)
{
    (void)state;
    static char payload[CB_SIGNER_TEXT_MAX + 1];
    memset(payload, 'x', sizeof(payload));
    cb_signer_request request = sample();
    cb_signer_request got;
    request.payload = payload;
    request.payload_size = CB_SIGNER_TEXT_MAX;
    assert_int_equal(
        cb_signer_put_request(&request, frame, sizeof(frame), &frame_size, &err), CB_OK);
    assert_int_equal(cb_signer_get_request(frame, frame_size, &got, &err), CB_OK);
    request.payload_size = sizeof(payload);
    assert_int_equal(
        cb_signer_put_request(&request, frame, sizeof(frame), &frame_size, &err), CB_E_RANGE);
    request = sample();
    memset(request.api_key, 'k', sizeof(request.api_key));
    assert_int_equal(
        cb_signer_put_request(&request, frame, sizeof(frame), &frame_size, &err), CB_E_RANGE);
    request = sample();
    assert_int_equal(cb_signer_put_request(&request, frame, 40, &frame_size, &err), CB_E_FULL);
}

/* Bytes that are changed anywhere are refused or read within bounds (the sanitizers watch). */
static void changed_bytes_never_leave_the_frame(void **state)
{
    (void)state;
    cb_prng prng;
    cb_prng_init(&prng, 1);
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        cb_signer_request got;
        put_sample();
        const uint64_t count = 1 + cb_prng_below(&prng, 3);
        for (uint64_t k = 0; k < count; k++) {
            frame[cb_prng_below(&prng, frame_size)] = (uint8_t)cb_prng_below(&prng, 256);
        }
        if (cb_signer_get_request(frame, frame_size, &got, &err) == CB_OK) {
            accepted++;
            assert_true(got.payload_size <= frame_size);
            assert_true(strlen(got.account) < sizeof(got.account));
        }
    }
    assert_in_range(accepted, 1, 19999);
}

static void words_and_purposes_are_one_to_one(void **state)
{
    (void)state;
    cb_key_purpose purpose = CB_KEY_TRADE;
    assert_true(cb_key_purpose_parse("cancel", &purpose));
    assert_int_equal(purpose, CB_KEY_CANCEL);
    assert_false(cb_key_purpose_parse("withdraw", &purpose));
    assert_false(cb_key_purpose_parse("", &purpose));
    assert_null(cb_key_purpose_name((cb_key_purpose)0));
    assert_string_equal(cb_signer_status_name(CB_SIGNER_LIMITED), "limited");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_read_as_written),
        cmocka_unit_test(reply_is_read_as_written),
        cmocka_unit_test(every_cut_is_incomplete_or_refused),
        cmocka_unit_test(refused_frames_leave_no_secret_behind),
        cmocka_unit_test(header_is_checked_field_by_field),
        cmocka_unit_test(a_purpose_beyond_the_last_is_refused),
        cmocka_unit_test(texts_that_do_not_fit_are_not_cut),
        cmocka_unit_test(changed_bytes_never_leave_the_frame),
        cmocka_unit_test(words_and_purposes_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
