/* Reading raw captures. Only what the simulator must know is taken out; the rest goes on as bytes.
 */
#include "services/simulator/core/frames.h"

#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "venue/json.h"

static bool read_level(cb_json *json, sim_frame_level *out)
{
    if (!cb_json_enter_array(json) || !cb_json_next_item(json) ||
        !cb_json_decimal(json, &out->price_e8) || !cb_json_next_item(json) ||
        !cb_json_decimal(json, &out->qty_e8)) {
        return cb_json_fail(json, CB_E_SYNTAX, "a level is [price, quantity]");
    }
    while (cb_json_next_item(json)) {
        (void)cb_json_skip(json); /* old messages carry an empty array */
    }
    return json->status == CB_OK;
}

static bool read_levels(cb_json *json, sim_frame_level *out, uint32_t *count)
{
    *count = 0;
    if (!cb_json_enter_array(json)) {
        return false;
    }
    while (cb_json_next_item(json)) {
        if (*count == SIM_FRAME_LEVELS_MAX) {
            return cb_json_fail(json, CB_E_FULL, "more levels than a message can have");
        }
        if (!read_level(json, &out[*count])) {
            return false;
        }
        (*count)++;
    }
    return json->status == CB_OK;
}

static bool read_ms(cb_json *json, int64_t *out_ns)
{
    int64_t ms = 0;
    if (!cb_json_i64(json, &ms)) {
        return false;
    }
    if (ms < 0 || ms > INT64_MAX / CB_NS_PER_MS) {
        return cb_json_fail(json, CB_E_RANGE, "a time leaves its range");
    }
    *out_ns = ms * CB_NS_PER_MS;
    return true;
}

/* Members of a depthUpdate, a trade or a bookTicker; the kind decides what b, a, p and q are. */
static void read_member(cb_json *json, cb_strview key, sim_frame *out)
{
    const bool is_depth = out->kind == SIM_FRAME_DEPTH;
    const bool is_ticker = out->kind == SIM_FRAME_TICKER;
    if (cb_sv_is(key, "E")) {
        (void)read_ms(json, &out->event_ns);
    } else if (cb_sv_is(key, "U") && is_depth) {
        (void)cb_json_u64(json, &out->update_first);
    } else if (cb_sv_is(key, "u")) {
        (void)cb_json_u64(json, &out->update_last);
    } else if (cb_sv_is(key, "b") && is_depth) {
        (void)read_levels(json, out->bids, &out->bids_count);
    } else if (cb_sv_is(key, "a") && is_depth) {
        (void)read_levels(json, out->asks, &out->asks_count);
    } else if (cb_sv_is(key, "b") && is_ticker) {
        (void)cb_json_decimal(json, &out->bid_e8);
    } else if (cb_sv_is(key, "B") && is_ticker) {
        (void)cb_json_decimal(json, &out->bid_qty_e8);
    } else if (cb_sv_is(key, "a") && is_ticker) {
        (void)cb_json_decimal(json, &out->ask_e8);
    } else if (cb_sv_is(key, "A") && is_ticker) {
        (void)cb_json_decimal(json, &out->ask_qty_e8);
    } else if (cb_sv_is(key, "t") && out->kind == SIM_FRAME_TRADE) {
        (void)cb_json_u64(json, &out->trade_id);
    } else if (cb_sv_is(key, "p") && out->kind == SIM_FRAME_TRADE) {
        (void)cb_json_decimal(json, &out->price_e8);
    } else if (cb_sv_is(key, "q") && out->kind == SIM_FRAME_TRADE) {
        (void)cb_json_decimal(json, &out->qty_e8);
    } else if (cb_sv_is(key, "m") && out->kind == SIM_FRAME_TRADE) {
        (void)cb_json_bool(json, &out->is_buyer_maker);
    } else {
        (void)cb_json_skip(json);
    }
}

static cb_status read_data(sim_frame *out, cb_err *err)
{
    cb_json json;
    cb_strview key;
    cb_json_init(&json, out->data);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (out->kind != SIM_FRAME_SNAPSHOT) {
            read_member(&json, key, out);
        } else if (cb_sv_is(key, "lastUpdateId")) {
            (void)cb_json_u64(&json, &out->update_last);
        } else if (cb_sv_is(key, "bids")) {
            (void)read_levels(&json, out->bids, &out->bids_count);
        } else if (cb_sv_is(key, "asks")) {
            (void)read_levels(&json, out->asks, &out->asks_count);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    return cb_json_finish(&json, "captured message", err);
}

/* "btcusdt@depth@100ms" → kind and BTCUSDT. */
static cb_status read_stream(sim_frame *out, cb_err *err)
{
    size_t at = 0;
    while (at < out->stream.size && out->stream.at[at] != '@') {
        at++;
    }
    if (at == out->stream.size || at == 0 || at >= sizeof(out->symbol)) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "stream name '%.*s'", (int)out->stream.size, out->stream.at);
    }
    for (size_t i = 0; i < at; i++) {
        const char c = out->stream.at[i];
        out->symbol[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out->symbol[at] = '\0';
    const cb_strview rest = {out->stream.at + at, out->stream.size - at};
    if (cb_sv_is(rest, "@depth") || cb_sv_is(rest, "@depth@100ms")) {
        out->kind = SIM_FRAME_DEPTH;
    } else if (cb_sv_is(rest, "@trade")) {
        out->kind = SIM_FRAME_TRADE;
    } else if (cb_sv_is(rest, "@bookTicker")) {
        out->kind = SIM_FRAME_TICKER;
    }
    return CB_OK;
}

/* Remembers the bytes of the value that comes next. */
static cb_strview take_raw(cb_json *json)
{
    (void)cb_json_peek(json); /* leaves white space behind */
    const char *start = json->at;
    (void)cb_json_skip(json);
    return (cb_strview){start, (size_t)(json->at - start)};
}

static void read_msg(cb_strview msg, sim_frame *out, cb_json *outer)
{
    cb_json json;
    cb_strview key;
    cb_json_init(&json, msg);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "stream")) {
            (void)cb_json_word(&json, &out->stream);
        } else if (cb_sv_is(key, "data")) {
            out->data = take_raw(&json);
        } else if (cb_sv_is(key, "lastUpdateId")) {
            out->kind = SIM_FRAME_SNAPSHOT;
            (void)cb_json_skip(&json);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    if (json.status != CB_OK) {
        (void)cb_json_fail(outer, json.status, "msg is no readable object");
    }
}

cb_status sim_frame_read(cb_strview line, sim_frame *out, cb_err *err)
{
    cb_json json;
    cb_strview key;
    cb_strview msg = {NULL, 0};
    CB_ASSERT(out != NULL);
    memset(out, 0, offsetof(sim_frame, bids));
    out->kind = SIM_FRAME_OTHER;
    cb_json_init(&json, line);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "recv_ns")) {
            (void)cb_json_i64(&json, &out->recv_ns);
        } else if (cb_sv_is(key, "msg")) {
            msg = take_raw(&json);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    if (json.status == CB_OK && msg.size > 0) {
        read_msg(msg, out, &json);
    }
    cb_status status = cb_json_finish(&json, "capture line", err);
    if (status != CB_OK) {
        return status;
    }
    if (!cb_time_is_sane(out->recv_ns)) {
        return CB_FAIL(err, CB_E_CORRUPT, "recv_ns is missing or no time");
    }
    if (out->kind == SIM_FRAME_SNAPSHOT) {
        out->data = msg;
        return read_data(out, err);
    }
    if (out->data.size == 0 || out->stream.size == 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "msg has neither a stream and its data nor a snapshot");
    }
    status = read_stream(out, err);
    return status != CB_OK || out->kind == SIM_FRAME_OTHER ? status : read_data(out, err);
}
