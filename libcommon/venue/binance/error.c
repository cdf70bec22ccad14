/* What errors mean. Two judgements are made: what to do about an answer (cb_venue_action), and
 * whether a new order is definitely not at the venue. The second is an allow-list: whatever does
 * not stand on it leaves the order UNKNOWN. docs/venues/binance.md has the source of each row. */
#include <string.h>

#include "venue/binance/binance_internal.h"

typedef struct code_row {
    int64_t code;
    cb_venue_action action;
} code_row;

static const code_row rows[] = {
    {-1000, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS}, /* an unknown error while processing */
    {-1001, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS}, /* disconnected: internal error */
    {-1002, CB_VENUE_ACTION_AUTH},               /* unauthorised */
    {-1003, CB_VENUE_ACTION_THROTTLE},           /* too many requests */
    {-1006, CB_VENUE_ACTION_UNKNOWN},            /* unexpected response: execution unknown */
    {-1007, CB_VENUE_ACTION_UNKNOWN},            /* backend timed out: execution unknown */
    {-1008, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS}, /* overloaded */
    {-1013, CB_VENUE_ACTION_FINAL},              /* filter failure */
    {-1014, CB_VENUE_ACTION_FINAL},              /* unsupported order combination */
    {-1015, CB_VENUE_ACTION_THROTTLE},           /* too many orders */
    {-1016, CB_VENUE_ACTION_FINAL},              /* service is no longer there */
    {-1020, CB_VENUE_ACTION_FINAL},              /* unsupported operation */
    {-1021, CB_VENUE_ACTION_FIX_CLOCK},
    {-1022, CB_VENUE_ACTION_AUTH},     /* bad signature */
    {-1034, CB_VENUE_ACTION_THROTTLE}, /* too many connections */
    {-2010, CB_VENUE_ACTION_FINAL},    /* new order rejected; the text decides, see below */
    {-2011, CB_VENUE_ACTION_GONE},     /* cancel rejected: there is no such open order */
    {-2013, CB_VENUE_ACTION_GONE_OR_NOT_YET_VISIBLE},
    {-2014, CB_VENUE_ACTION_AUTH},
    {-2015, CB_VENUE_ACTION_AUTH},
    {-2016, CB_VENUE_ACTION_FINAL},              /* no trading window */
    {-2021, CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS}, /* cancel-replace half done: read its data */
    {-2022, CB_VENUE_ACTION_FINAL},              /* cancel-replace failed whole */
    {-2026, CB_VENUE_ACTION_UNKNOWN},      /* archived after 90 days: says nothing of an order */
    {-2035, CB_VENUE_ACTION_OK_NO_CHANGE}, /* subscription is already active */
    {-2036, CB_VENUE_ACTION_GONE},         /* no such subscription */
    {-2038, CB_VENUE_ACTION_FINAL},        /* amend rejected */
    {-2039, CB_VENUE_ACTION_FINAL},        /* the two ids name different orders */
    {-2042, CB_VENUE_ACTION_FINAL},        /* subscriptions of the session used up */
};

/* Texts of -2010 with which the matching engine refuses an order, all that are documented
 * ("Messages for -1010, -2010 and -2011" in errors.md) but those about cancels and "Duplicate order
 * sent.". Each begins the message; what is not here stays unknown. */
static const char *const engine_refusals[] = {
    "Account has insufficient balance for requested action.",
    "Iceberg orders are not supported for this symbol.",
    "IcebergQty exceeds QTY.",
    "Market is closed.",
    "Market orders are not supported for this symbol.",
    "OCO orders are not supported for this symbol",
    "Order book liquidity is less than ",
    "Order cancel-replace is not supported for this symbol.",
    "Order would immediately match and take.",
    "Order would trigger immediately.",
    "Price * QTY is zero or less.",
    "Quote order qty market orders are not support",
    "Rest API trading is not enabled.",
    "Stop loss limit orders are not supported for this symbol.",
    "Stop loss orders are not supported for this symbol.",
    "Take profit limit orders are not supported for this symbol.",
    "Take profit orders are not supported for this symbol.",
    "The relationship of the prices for the orders is not correct.",
    "This account may not place or cancel orders.",
    "This action is disabled on this account.",
    "This symbol is not permitted for this account.",
    "This symbol is restricted for this account.",
    "Trailing stop orders are not supported for this symbol.",
    "Unsupported order combination",
    "WebSocket API trading is not enabled.",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DUPLICATE_TEXT "Duplicate order sent."

bool binance_read_error(cb_strview body, int64_t *code, char *text, size_t text_size)
{
    CB_ASSERT(code != NULL);
    CB_ASSERT(text != NULL && text_size > 0);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    text[0] = '\0';
    cb_json_init(&json, body);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "code")) {
            (void)(cb_json_once(&json, &seen, 0) && cb_json_i64(&json, code));
        } else if (cb_sv_is(key, "msg")) {
            (void)(cb_json_once(&json, &seen, 1) && cb_json_text_cut(&json, text, text_size));
        } else {
            (void)cb_json_skip(&json);
        }
    }
    (void)cb_json_require(&json, seen, 1, "no code");
    return cb_json_finish(&json, "error", NULL) == CB_OK;
}

cb_venue_action binance_action(int http_status, int64_t code, const char *text, bool is_order)
{
    CB_ASSERT(text != NULL);
    (void)is_order; /* the action says so itself: unknown for orders, retry for reads */
    if (http_status == 418) {
        return CB_VENUE_ACTION_BAN;
    }
    if (http_status == 429) {
        return CB_VENUE_ACTION_THROTTLE;
    }
    if (code == -2010 && strncmp(text, DUPLICATE_TEXT, strlen(DUPLICATE_TEXT) - 1) == 0) {
        return CB_VENUE_ACTION_QUERY_BY_CLIENT_ID;
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].action;
        }
    }
    if (http_status >= 500) {
        return CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS;
    }
    /* -11xx: the request is malformed; it never reached the engine. */
    if (code <= -1100 && code > -1200) {
        return CB_VENUE_ACTION_FINAL;
    }
    return CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS;
}

/* Answers without an error body: proxies, the firewall, nothing at all. */
static cb_venue_action action_of_status(int http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return CB_VENUE_ACTION_OK;
    }
    switch (http_status) {
    case 418:
        return CB_VENUE_ACTION_BAN;
    case 403: /* the web application firewall: too much, or a word that it dislikes */
    case 429:
        return CB_VENUE_ACTION_THROTTLE;
    case 401:
        return CB_VENUE_ACTION_AUTH;
    case 404:
    case 405:
    case 414:
        return CB_VENUE_ACTION_FINAL;
    default:
        return CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS;
    }
}

void binance_classify(int http_status, cb_strview body, bool is_order, cb_venue_error *out)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(http_status >= 0);
    memset(out, 0, sizeof(*out));
    if (http_status >= 200 && http_status < 300) {
        out->action = CB_VENUE_ACTION_OK;
        return;
    }
    if (!binance_read_error(body, &out->code, out->text, sizeof(out->text))) {
        out->code = 0;
        out->text[0] = '\0';
        out->action = action_of_status(http_status);
        return;
    }
    out->action = binance_action(http_status, out->code, out->text, is_order);
}

static bool begins(cb_strview message, const char *text)
{
    return cb_sv_starts_with(message, text);
}

bool cb_binance_is_definitive(int http_status, int64_t code, cb_strview message)
{
    CB_ASSERT(message.at != NULL || message.size == 0);
    /* 5xx: Binance says itself that the execution state is unknown, whatever the body holds. */
    if (http_status < 400 || http_status >= 500) {
        return false;
    }
    switch (code) {
    case -1013: /* filter failure */
    case -1014:
    case -1015: /* order rate: refused before the engine */
    case -1020:
    case -1021: /* outside recvWindow: never executed */
    case -1022: /* signature */
    case -1002:
    case -2014:
    case -2015: /* key, address, permissions */
        return true;
    case -1003: /* the weight limit is checked at the gate; "queued" ones may have passed it */
        return begins(message, "Too much request weight used") ||
               begins(message, "Way too much request weight used");
    case -2010:
        for (size_t i = 0; i < COUNT(engine_refusals); i++) {
            if (begins(message, engine_refusals[i])) {
                return true;
            }
        }
        return false;
    default:
        return code <= -1100 && code > -1200 && http_status == 400;
    }
}
