/* User data over the WebSocket API: events (wrapped with their subscription, or bare) and the
 * answers to our own requests, which come on the same socket. */
#include <string.h>

#include "venue/binance/letters.h"

typedef struct user_message {
    letters main;
    uint64_t words;
    cb_strview expiry_reason;
    cb_venue_user_event *event;
    bool is_balances_list;
} user_message;

enum { WORD_SUBSCRIPTION, WORD_EVENT, WORD_ID, WORD_STATUS, WORD_RESULT, WORD_ERROR, WORD_EXPIRY };

/* ---- reading ---- */

static bool read_asset(cb_json *json, cb_asset_balance *balance, bool *is_ours)
{
    cb_strview key;
    cb_strview asset = {.at = "", .size = 0};
    uint64_t seen = 0;
    memset(balance, 0, sizeof(*balance));
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (cb_sv_is(key, "a")) {
            (void)(cb_json_once(json, &seen, 0) && cb_json_word(json, &asset));
        } else if (cb_sv_is(key, "f")) {
            (void)(cb_json_once(json, &seen, 1) && cb_json_decimal(json, &balance->free.e8));
        } else if (cb_sv_is(key, "l")) {
            (void)(cb_json_once(json, &seen, 2) && cb_json_decimal(json, &balance->locked.e8));
        } else {
            (void)cb_json_skip(json);
        }
    }
    *is_ours = cb_text_copy(balance->asset, sizeof(balance->asset), asset);
    return cb_json_require(json, seen, 7, "a balance lacks a member");
}

static bool read_balances(cb_json *json, user_message *msg)
{
    cb_venue_user_event *event = msg->event;
    msg->is_balances_list = true;
    (void)cb_json_enter_array(json);
    while (cb_json_next_item(json)) {
        cb_asset_balance balance;
        bool is_ours = false;
        if (!read_asset(json, &balance, &is_ours)) {
            return false;
        }
        /* An asset whose name does not fit belongs to no instrument that could be loaded. */
        if (!is_ours) {
            continue;
        }
        if (event->balances_count == CB_VENUE_BALANCES_MAX) {
            return cb_json_fail(json, CB_E_FULL, "more balances than there is room for");
        }
        event->balances[event->balances_count++] = balance;
    }
    return json->status == CB_OK;
}

static bool read_object(cb_json *json, user_message *msg);

static bool read_result(cb_json *json, user_message *msg)
{
    cb_strview key;
    if (cb_json_peek(json) != CB_JSON_OBJECT) {
        return cb_json_skip(json);
    }
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        (void)(cb_sv_is(key, "subscriptionId")
                   ? cb_json_i64(json, &msg->event->reply.subscription_id)
                   : cb_json_skip(json));
    }
    return json->status == CB_OK;
}

static bool read_error(cb_json *json, user_message *msg)
{
    cb_venue_error *error = &msg->event->reply.error;
    cb_strview key;
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        if (cb_sv_is(key, "code")) {
            (void)cb_json_i64(json, &error->code);
        } else if (cb_sv_is(key, "msg")) {
            (void)cb_json_text_cut(json, error->text, sizeof(error->text));
        } else {
            (void)cb_json_skip(json);
        }
    }
    return json->status == CB_OK;
}

static bool read_id(cb_json *json, user_message *msg)
{
    cb_strview text = {.at = "", .size = 0};
    const cb_json_type type = cb_json_peek(json);
    const bool is_read = type == CB_JSON_NUMBER   ? cb_json_number(json, &text)
                         : type == CB_JSON_STRING ? cb_json_string(json, &text)
                                                  : cb_json_skip(json);
    if (is_read && !cb_u64_parse(text, UINT64_MAX, &msg->event->reply.id)) {
        msg->event->reply.id = 0;
    }
    return is_read;
}

static bool read_word(cb_json *json, user_message *msg, cb_strview key)
{
    static const char *const words[] = {
        "subscriptionId", "event", "id", "status", "result", "error", "eR"};
    uint32_t word = 0;
    while (word < sizeof(words) / sizeof(words[0]) && !cb_sv_is(key, words[word])) {
        word++;
    }
    if (word == sizeof(words) / sizeof(words[0])) {
        return cb_json_skip(json);
    }
    if (!cb_json_once(json, &msg->words, word)) {
        return false;
    }
    int64_t status = 0;
    switch (word) {
    case WORD_SUBSCRIPTION:
        return cb_json_peek(json) == CB_JSON_NULL ? cb_json_null(json)
                                                  : cb_json_i64(json, &msg->event->subscription_id);
    case WORD_EVENT:
        return cb_json_enter_object(json) && read_object(json, msg);
    case WORD_ID:
        return read_id(json, msg);
    case WORD_STATUS:
        if (cb_json_i64(json, &status)) {
            msg->event->reply.status = status >= 0 && status < 1000 ? (int)status : 0;
        }
        return json->status == CB_OK;
    case WORD_RESULT:
        return read_result(json, msg);
    case WORD_ERROR:
        return read_error(json, msg);
    case WORD_EXPIRY:
    default:
        return cb_json_word(json, &msg->expiry_reason);
    }
}

static bool read_object(cb_json *json, user_message *msg)
{
    cb_strview key;
    while (cb_json_next_key(json, &key)) {
        bool is_read = false;
        const cb_json_type type = cb_json_peek(json);
        if (key.size != 1) {
            is_read = read_word(json, msg, key);
        } else if (key.at[0] == 'B' && type == CB_JSON_ARRAY) {
            is_read = letters_mark(json, &msg->main, 'B', LETTER_LIST) && read_balances(json, msg);
        } else {
            is_read = letters_read(json, &msg->main, key.at[0], type);
        }
        if (!is_read) {
            return false;
        }
    }
    return json->status == CB_OK;
}

/* ---- executionReport ---- */

/* Words that Binance may add to tomorrow must not stop the stream of events of known ones: an
 * unknown side, type or state is an error, an unknown time in force is kept as none. */
static bool take_words(cb_json *json, const letters *from, cb_venue_order *order)
{
    const bool is_known = binance_side(view_of(from, 'S'), &order->side) &&
                          binance_order_type(view_of(from, 'o'), &order->order_type) &&
                          cb_binance_state(view_of(from, 'X'), &order->state);
    if (!is_known) {
        return cb_json_fail(json, CB_E_SYNTAX, "a side, type or state is not one of Binance's");
    }
    (void)binance_tif(view_of(from, 'f'), &order->tif);
    return true;
}

static bool take_order_id(cb_json *json, const letters *from, char out[24])
{
    uint64_t unused = 0;
    return take_u64(json, from, 'i', &unused) && binance_keep(json, out, 24, view_of(from, 'i'));
}

/* C is the order's own id when c is that of the cancel that ended it; else C is "". */
static bool take_client_ids(cb_json *json, const letters *from, cb_venue_order *order)
{
    const bool is_canceled =
        (from->texts & mask_of("C")) != 0 && has(from, 'C') && view_of(from, 'C').size > 0;
    if (!is_canceled) {
        return take_text(json, from, 'c', order->client_order_id, sizeof(order->client_order_id));
    }
    return take_text(json, from, 'C', order->client_order_id, sizeof(order->client_order_id)) &&
           take_text(json, from, 'c', order->request_client_id, sizeof(order->request_client_id));
}

static void keep_reason(const user_message *msg, cb_venue_order *order)
{
    const letters *from = &msg->main;
    cb_strview reason = msg->expiry_reason;
    if ((from->texts & mask_of("r")) != 0 && !cb_sv_is(view_of(from, 'r'), "NONE")) {
        reason = view_of(from, 'r');
    } else if (reason.size == 0 && cb_sv_is(view_of(from, 'X'), "EXPIRED_IN_MATCH")) {
        reason = view_of(from, 'X');
    }
    if (reason.size >= sizeof(order->reason)) {
        reason.size = sizeof(order->reason) - 1;
    }
    (void)cb_text_copy(order->reason, sizeof(order->reason), reason);
}

static bool make_trade(
    cb_json *json, const letters *from, const cb_venue_order *order, cb_venue_trade *trade)
{
    memset(trade, 0, sizeof(*trade));
    if (!cb_json_require(json, from->seen, mask_of("tlLnNm"), "a fill lacks a member") ||
        !take_u64(json, from, 't', &trade->trade_id) ||
        !take_decimal(json, from, 'l', &trade->qty.e8) ||
        !take_decimal(json, from, 'L', &trade->price.e8) ||
        !take_decimal(json, from, 'n', &trade->fee.e8) ||
        !take_bool(json, from, 'm', &trade->is_maker)) {
        return false;
    }
    /* N is null when no fee was taken. */
    if ((from->texts & mask_of("N")) != 0 &&
        !take_text(json, from, 'N', trade->fee_asset, sizeof(trade->fee_asset))) {
        return false;
    }
    if (has(from, 'Y')) {
        if (!take_decimal(json, from, 'Y', &trade->quote_qty.e8)) {
            return false;
        }
    } else {
        const cb_status status =
            cb_notional(trade->price, trade->qty, CB_ROUND_EXACT, &trade->quote_qty, NULL);
        if (status != CB_OK) {
            return cb_json_fail(json, status, "a fill's quote quantity cannot be kept");
        }
    }
    memcpy(trade->symbol, order->symbol, sizeof(trade->symbol));
    memcpy(trade->venue_order_id, order->venue_order_id, sizeof(trade->venue_order_id));
    memcpy(trade->client_order_id, order->client_order_id, sizeof(trade->client_order_id));
    trade->side = order->side;
    trade->ts_ns = order->update_ts_ns;
    return true;
}

static bool make_order(cb_json *json, const user_message *msg)
{
    cb_venue_user_event *event = msg->event;
    cb_venue_order *order = &event->order;
    const letters *from = &msg->main;
    if (!cb_json_require(json, from->seen, mask_of("scSofqpPxXizTEZ"), "a report lacks a member") ||
        !take_symbol(json, from, order->symbol) ||
        !take_order_id(json, from, order->venue_order_id) || !take_client_ids(json, from, order) ||
        !take_words(json, from, order) || !take_decimal(json, from, 'q', &order->qty.e8) ||
        !take_decimal(json, from, 'p', &order->price.e8) ||
        !take_decimal(json, from, 'P', &order->stop_price.e8) ||
        !take_decimal(json, from, 'z', &order->cum_qty.e8) ||
        !take_decimal(json, from, 'Z', &order->cum_quote.e8) ||
        !take_time(json, from, 'T', &order->update_ts_ns)) {
        return false;
    }
    if (has(from, 'Q') && !take_decimal(json, from, 'Q', &order->quote_qty.e8)) {
        return false;
    }
    if ((from->texts & mask_of("A")) != 0 &&
        !take_decimal(json, from, 'A', &order->prevented_qty.e8)) {
        return false;
    }
    keep_reason(msg, order);
    event->type = CB_VENUE_USER_ORDER;
    event->has_trade = cb_sv_is(view_of(from, 'x'), "TRADE");
    return !event->has_trade || make_trade(json, from, order, &event->trade);
}

/* ---- the others ---- */

static bool make_transfer(cb_json *json, const user_message *msg)
{
    cb_venue_user_event *event = msg->event;
    cb_asset_balance *balance = &event->balances[0];
    const letters *from = &msg->main;
    memset(balance, 0, sizeof(*balance));
    if (!cb_json_require(json, from->seen, mask_of("adT"), "a balanceUpdate lacks a member") ||
        !take_decimal(json, from, 'd', &balance->free.e8) ||
        !take_time(json, from, 'T', &event->venue_ts_ns)) {
        return false;
    }
    if (!cb_text_copy(balance->asset, sizeof(balance->asset), view_of(from, 'a'))) {
        return true; /* an asset that no loaded instrument has */
    }
    event->balances_count = 1;
    event->type = CB_VENUE_USER_TRANSFER;
    return true;
}

static bool make_named(cb_json *json, const user_message *msg)
{
    const cb_strview name = view_of(&msg->main, 'e');
    cb_venue_user_event *event = msg->event;
    if (has(&msg->main, 'E') && !take_time(json, &msg->main, 'E', &event->venue_ts_ns)) {
        return false;
    }
    if (cb_sv_is(name, "executionReport")) {
        return make_order(json, msg);
    }
    if (cb_sv_is(name, "outboundAccountPosition")) {
        event->type = CB_VENUE_USER_BALANCES;
        return msg->is_balances_list
                   ? true
                   : cb_json_fail(json, CB_E_SYNTAX, "an account position has no balances");
    }
    if (cb_sv_is(name, "balanceUpdate")) {
        return make_transfer(json, msg);
    }
    if (cb_sv_is(name, "eventStreamTerminated") || cb_sv_is(name, "serverShutdown")) {
        event->type = CB_VENUE_USER_ENDED;
    }
    return true; /* listStatus, externalLockUpdate and what is yet to come */
}

static bool make_event(cb_json *json, const user_message *msg)
{
    cb_venue_user_event *event = msg->event;
    if ((msg->main.texts & mask_of("e")) != 0) {
        return make_named(json, msg);
    }
    if ((msg->words & (1U << WORD_STATUS)) == 0) {
        return cb_json_fail(json, CB_E_SYNTAX, "neither an event nor an answer");
    }
    cb_venue_reply *reply = &event->reply;
    event->type = CB_VENUE_USER_REPLY;
    reply->is_ok = reply->status == 200 && (msg->words & (1U << WORD_ERROR)) == 0;
    reply->error.action =
        reply->is_ok ? CB_VENUE_ACTION_OK
                     : binance_action(reply->status, reply->error.code, reply->error.text, false);
    return true;
}

cb_status binance_parse_user(cb_strview text, cb_venue_user_event *event, cb_err *err)
{
    CB_ASSERT(event != NULL);
    CB_ASSERT(text.at != NULL || text.size == 0);
    user_message msg;
    letters_reset(&msg.main);
    msg.words = 0;
    msg.expiry_reason = (cb_strview){.at = "", .size = 0};
    msg.is_balances_list = false;
    msg.event = event;
    memset(event, 0, sizeof(*event));
    event->subscription_id = -1;
    event->reply.subscription_id = -1;

    cb_json json;
    cb_json_init(&json, text);
    if (cb_json_enter_object(&json) && read_object(&json, &msg)) {
        (void)make_event(&json, &msg);
    }
    return cb_json_finish(&json, "user message", err);
}
