/* Judges the answer to an order call. Only three things are certain: the venue accepted what we
 * sent (2xx, well-formed, the echo equal), the venue refused it for a reason on the definitive
 * list, or, to a query, it knows no such order. All else is UNKNOWN. */
#include <string.h>

#include "venue/binance/binance_internal.h"

/* ---- echo ---- */

static bool is_placed_echo(const cb_venue_order_request *sent, const cb_venue_order *order)
{
    if (!cb_text_equal(sent->symbol, order->symbol) ||
        !cb_text_equal(sent->client_order_id, order->client_order_id)) {
        return false;
    }
    if (order->is_ack) {
        /* Right only when nothing more was asked for. */
        return sent->reply_kind == CB_VENUE_REPLY_ACK;
    }
    if (sent->side != order->side || sent->order_type != order->order_type) {
        return false;
    }
    /* Bought by quote amount, the venue works out the base quantity. */
    return sent->quote_qty.e8 > 0
               ? order->quote_qty.e8 == 0 || sent->quote_qty.e8 == order->quote_qty.e8
               : sent->qty.e8 == order->qty.e8;
}

static bool is_asked_echo(const cb_venue_params *params, const cb_venue_order *order)
{
    if (!cb_text_equal(params->symbol, order->symbol)) {
        return false;
    }
    return params->venue_order_id[0] != '\0'
               ? cb_text_equal(params->venue_order_id, order->venue_order_id)
               : cb_text_equal(params->client_order_id, order->client_order_id);
}

static void set_unknown(cb_venue_answer *out, const char *why)
{
    CB_ASSERT(why != NULL);
    out->answer_class = CB_ANSWER_UNKNOWN;
    out->error.action = CB_VENUE_ACTION_UNKNOWN;
    (void)cb_text_copy(out->error.text, sizeof(out->error.text), cb_sv_from(why));
}

/* Reads the order at the scanner's place with its fills. */
static bool read_with_fills(cb_json *json, cb_venue_answer *out)
{
    binance_fills fills = {.trades = out->trades, .capacity = CB_VENUE_FILLS_MAX};
    const bool is_read = binance_read_order(json, &out->order, &fills);
    out->trades_count = is_read ? fills.count : 0;
    out->is_trades_cut = fills.is_cut;
    return is_read;
}

static void judge_order(
    cb_venue_call call, const cb_venue_params *params, cb_strview body, cb_venue_answer *out)
{
    cb_json json;
    cb_json_init(&json, body);
    const bool is_read =
        call == CB_VENUE_CALL_AMEND
            ? binance_read_amended(body, &out->order)
            : read_with_fills(&json, out) && cb_json_finish(&json, "order", NULL) == CB_OK;
    const bool is_of_list =
        !is_read && call == CB_VENUE_CALL_CANCEL && binance_pick_of_list(params, body, &out->order);
    if (!is_read && !is_of_list) {
        out->trades_count = 0;
        set_unknown(out, "the answer is not an order");
        return;
    }
    out->has_order = true;
    const bool is_echo = call == CB_VENUE_CALL_PLACE ? is_placed_echo(&params->order, &out->order)
                                                     : is_asked_echo(params, &out->order);
    if (!is_echo) {
        set_unknown(out, "the answer's echo differs from what was sent");
        return;
    }
    out->answer_class = CB_ANSWER_ACCEPTED;
}

/* ---- refusals ---- */

static void judge_refusal(
    cb_venue_call call, int http_status, cb_strview body, cb_venue_answer *out)
{
    binance_classify(http_status, body, call != CB_VENUE_CALL_QUERY, &out->error);
    const bool is_throttled = http_status == 429 || http_status == 418;
    const bool is_query = call == CB_VENUE_CALL_QUERY;
    /* A cancel that finds nothing is refused too (action GONE): the order is to be queried. */
    const bool is_gone =
        call == CB_VENUE_CALL_CANCEL && out->error.code == -2011 && http_status == 400;
    out->answer_class = CB_ANSWER_UNKNOWN;
    if (is_query && out->error.code == -2013 && http_status == 400) {
        out->answer_class = CB_ANSWER_NOT_FOUND;
    } else if (is_throttled && call != CB_VENUE_CALL_PLACE && call != CB_VENUE_CALL_PLACE_LIST) {
        out->answer_class = CB_ANSWER_THROTTLED;
    } else if (is_gone || cb_binance_is_definitive(
                              http_status, out->error.code, cb_sv_from(out->error.text))) {
        out->answer_class = CB_ANSWER_REJECTED;
    }
}

/* ---- cancel-replace ---- */

typedef struct replace_reader {
    cb_strview cancel_result;
    cb_strview new_result;
    cb_strview new_response; /* the value's text, read once new_result is known */
    uint64_t seen;
} replace_reader;

static bool take_value(cb_json *json, cb_strview *out)
{
    (void)cb_json_peek(json);
    const char *begin = json->at;
    if (!cb_json_skip(json)) {
        return false;
    }
    *out = (cb_strview){.at = begin, .size = (size_t)(json->at - begin)};
    return true;
}

static bool read_replace(cb_json *json, replace_reader *reader)
{
    cb_strview key;
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (cb_sv_is(key, "cancelResult")) {
            (void)(cb_json_once(json, &reader->seen, 0) &&
                   cb_json_word(json, &reader->cancel_result));
        } else if (cb_sv_is(key, "newOrderResult")) {
            (void)(cb_json_once(json, &reader->seen, 1) && cb_json_word(json, &reader->new_result));
        } else if (cb_sv_is(key, "newOrderResponse")) {
            (void)(cb_json_once(json, &reader->seen, 2) && take_value(json, &reader->new_response));
        } else if (cb_sv_is(key, "data") && cb_json_peek(json) == CB_JSON_OBJECT) {
            (void)(cb_json_once(json, &reader->seen, 3) && read_replace(json, reader));
        } else {
            (void)cb_json_skip(json);
        }
    }
    return json->status == CB_OK;
}

static void judge_new_order(const cb_venue_params *params,
    int http_status,
    const replace_reader *reader,
    cb_venue_answer *out)
{
    if (cb_sv_is(reader->new_result, "SUCCESS")) {
        judge_order(CB_VENUE_CALL_PLACE, params, reader->new_response, out);
        return;
    }
    if (cb_sv_is(reader->new_result, "NOT_ATTEMPTED")) {
        out->answer_class = CB_ANSWER_REJECTED; /* nothing was placed */
        return;
    }
    cb_venue_error error = {.action = CB_VENUE_ACTION_OK};
    const bool is_failure =
        cb_sv_is(reader->new_result, "FAILURE") &&
        binance_read_error(reader->new_response, &error.code, error.text, sizeof(error.text));
    if (!is_failure) {
        set_unknown(out, "the new order's result is not understood");
        return;
    }
    error.action = binance_action(http_status, error.code, error.text, true);
    out->error = error;
    /* 409 is a 4xx too: the half that failed has its own code. */
    out->answer_class = cb_binance_is_definitive(http_status, error.code, cb_sv_from(error.text))
                            ? CB_ANSWER_REJECTED
                            : CB_ANSWER_UNKNOWN;
}

static void judge_replace(
    const cb_venue_params *params, int http_status, cb_strview body, cb_venue_answer *out)
{
    const cb_strview nothing = {.at = "", .size = 0};
    replace_reader reader = {nothing, nothing, nothing, 0};
    cb_json json;
    cb_json_init(&json, body);
    (void)read_replace(&json, &reader);
    const bool is_read =
        cb_json_finish(&json, "cancelReplace", NULL) == CB_OK && (reader.seen & 3U) == 3U;
    if (!is_read || http_status >= 500) {
        if (http_status < 300) {
            set_unknown(out, "the answer is not a cancel-replace");
        } else {
            judge_refusal(CB_VENUE_CALL_PLACE, http_status, body, out);
        }
        return;
    }
    if (http_status >= 300) {
        binance_classify(http_status, body, true, &out->error);
    }
    out->has_cancel_result = true;
    out->is_cancel_done = cb_sv_is(reader.cancel_result, "SUCCESS");
    judge_new_order(params, http_status, &reader, out);
}

void binance_judge(cb_venue_call call,
    const cb_venue_params *params,
    int http_status,
    cb_strview body,
    cb_venue_answer *out)
{
    CB_ASSERT(params != NULL && out != NULL);
    CB_ASSERT(http_status >= 0);
    memset(out, 0, sizeof(*out));
    if (http_status == 0) {
        set_unknown(out, "no answer");
        return;
    }
    if (call == CB_VENUE_CALL_CANCEL_REPLACE) {
        judge_replace(params, http_status, body, out);
        return;
    }
    if (call == CB_VENUE_CALL_PLACE_LIST && http_status >= 200 && http_status < 300) {
        binance_judge_list(params, body, out);
        return;
    }
    if (http_status >= 200 && http_status < 300) {
        judge_order(call, params, body, out);
        return;
    }
    judge_refusal(call, http_status, body, out);
}
