/* Lines of captures: the recorder's envelope, the stream's envelope, Binance's message. Each is
 * scanned once; what is inside it is kept as a view. Other exchanges: capture_venues.c. */
#include "services/lab/data/capture_message.h"

#include <string.h>

#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/data/csv_time.h"
#include "venue/json.h"

/* The bytes of the next value, its grammar checked. */
static cb_strview take_value(cb_json *json)
{
    (void)cb_json_peek(json); /* over white space */
    const char *const from = json->at;
    if (!cb_json_skip(json)) {
        return (cb_strview){NULL, 0};
    }
    return (cb_strview){from, (size_t)(json->at - from)};
}

static int64_t take_time(cb_json *json)
{
    uint64_t number = 0;
    int64_t ns = 0;
    if (cb_json_u64(json, &number) && !lab_time_scale(number, lab_time_unit_of(number), &ns)) {
        (void)cb_json_fail(json, CB_E_RANGE, "the time is none between 2009 and 2100");
    }
    return ns;
}

/* "symbol=NKNUSDT" of a request's address. */
static void symbol_of_url(cb_strview url, char out[LAB_SYMBOL_SIZE])
{
    static const char key[] = "symbol=";
    const size_t size = sizeof key - 1;
    for (size_t i = 0; i + size <= url.size; i++) {
        if (memcmp(url.at + i, key, size) == 0) {
            const char *const from = url.at + i + size;
            size_t length = 0;
            while (i + size + length < url.size && from[length] != '&') {
                length++;
            }
            (void)cb_text_copy(out, LAB_SYMBOL_SIZE, (cb_strview){from, length});
            return;
        }
    }
}

static void set_kind(message *out, cb_strview name)
{
    if (cb_sv_is(name, "depthUpdate")) {
        out->kind = MESSAGE_CHANGE;
    } else if (cb_sv_is(name, "trade")) {
        out->kind = MESSAGE_TRADE;
    } else if (cb_sv_is(name, "aggTrade")) {
        out->kind = MESSAGE_AGGREGATE;
    }
}

/* Levels of a change and sides of a ticker share names: only arrays are levels. */
static void take_side(cb_json *json, cb_strview *out)
{
    if (cb_json_peek(json) == CB_JSON_ARRAY) {
        *out = take_value(json);
    } else {
        (void)cb_json_skip(json);
    }
}

static void take_symbol(cb_json *json, message *out)
{
    cb_strview word;
    if (cb_json_string(json, &word)) {
        (void)cb_text_copy(out->symbol, sizeof out->symbol, word);
    }
}

static void take_number(cb_json *json, uint64_t *out)
{
    if (cb_json_peek(json) == CB_JSON_NUMBER) {
        (void)cb_json_u64(json, out);
    } else {
        (void)cb_json_skip(json);
    }
}

/* Members of a message whose kind is known; those with one letter mean different things in others.
 */
static void take_member(cb_json *json, cb_strview key, message *out)
{
    const bool is_trade = out->kind == MESSAGE_TRADE || out->kind == MESSAGE_AGGREGATE;
    if (cb_sv_is(key, "E")) {
        out->event_ns = take_time(json);
    } else if (cb_sv_is(key, "s")) {
        take_symbol(json, out);
    } else if (cb_sv_is(key, "U") || (is_trade && cb_sv_is(key, "t")) ||
               (out->kind == MESSAGE_AGGREGATE && cb_sv_is(key, "a"))) {
        take_number(json, &out->first_id);
    } else if (cb_sv_is(key, "u")) {
        take_number(json, &out->last_id);
    } else if (cb_sv_is(key, "pu")) {
        take_number(json, &out->previous_id);
        out->has_previous = true;
    } else if (cb_sv_is(key, "b") || cb_sv_is(key, "bids")) {
        take_side(json, &out->bids);
    } else if (cb_sv_is(key, "a") || cb_sv_is(key, "asks")) {
        take_side(json, &out->asks);
    } else if (is_trade && cb_sv_is(key, "T")) {
        out->trade_ns = take_time(json);
    } else if (is_trade && cb_sv_is(key, "p")) {
        (void)cb_json_decimal(json, &out->price_e8);
    } else if (is_trade && cb_sv_is(key, "q")) {
        (void)cb_json_decimal(json, &out->qty_e8);
    } else if (is_trade && cb_sv_is(key, "m")) {
        (void)cb_json_bool(json, &out->is_buyer_maker);
    } else {
        (void)cb_json_skip(json);
    }
}

/* {"stream":…,"data":{…}}, an event, or a snapshot. The event's name comes first in all of them. */
static cb_status read_body(cb_strview body, message *out, cb_err *err)
{
    cb_json json;
    cb_strview key;
    cb_strview word;
    cb_strview inner = {NULL, 0};
    cb_json_init(&json, body);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "data")) {
            inner = take_value(&json);
        } else if (cb_sv_is(key, "e") && cb_json_peek(&json) == CB_JSON_STRING) {
            if (cb_json_string(&json, &word)) {
                set_kind(out, word);
            }
        } else if (cb_sv_is(key, "lastUpdateId")) {
            out->kind = MESSAGE_SNAPSHOT;
            take_number(&json, &out->last_id);
        } else {
            take_member(&json, key, out);
        }
    }
    const cb_status status = cb_json_finish(&json, "message", err);
    if (status != CB_OK || inner.at == NULL || inner.at[0] != '{') {
        return status;
    }
    /* a wrapped message has no other members that count */
    const int64_t receive_ns = out->receive_ns;
    memset(out, 0, sizeof *out);
    out->receive_ns = receive_ns;
    return read_body(inner, out, err);
}

static void take_receive(cb_json *json, bool is_seconds, message *out)
{
    int64_t e8 = 0;
    if (!is_seconds) {
        (void)cb_json_i64(json, &out->receive_ns);
    } else if (cb_json_decimal(json, &e8)) {
        out->receive_ns = e8 < INT64_MAX / 10 ? e8 * 10 : 0; /* 1e-8 s is 10 ns */
    }
}

cb_status lab_message_read(cb_strview line, message *out, cb_err *err)
{
    cb_json json;
    cb_strview key;
    cb_strview url = {NULL, 0};
    cb_strview word = {NULL, 0};
    cb_strview body = {NULL, 0};
    memset(out, 0, sizeof *out);
    cb_json_init(&json, line);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "recv_ns")) {
            take_receive(&json, false, out);
        } else if (cb_sv_is(key, "recv_s")) {
            take_receive(&json, true, out);
        } else if (cb_sv_is(key, "url") && cb_json_peek(&json) == CB_JSON_STRING) {
            (void)cb_json_string(&json, &url);
        } else if (cb_sv_is(key, "dir")) {
            (void)cb_json_string(&json, &word);
        } else if (cb_sv_is(key, "msg")) {
            body = take_value(&json);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    cb_status status = cb_json_finish(&json, "line", err);
    const bool is_received = word.at == NULL || cb_sv_is(word, "in") || cb_sv_is(word, "http");
    if (status != CB_OK || body.at == NULL || !is_received) {
        return status;
    }
    if (body.at[0] == '{') {
        status = read_body(body, out, err);
    } else if (body.at[0] != '[') {
        return CB_OK;
    }
    if (status == CB_OK && out->kind == MESSAGE_OTHER) {
        const int64_t receive_ns = out->receive_ns;
        memset(out, 0, sizeof *out);
        out->receive_ns = receive_ns;
        lab_message_read_venues(body, url, out);
        return CB_OK;
    }
    if (status == CB_OK && out->kind == MESSAGE_SNAPSHOT && out->symbol[0] == '\0') {
        symbol_of_url(url, out->symbol);
    }
    return status;
}
