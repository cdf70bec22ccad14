/* What a payload that is to be signed could be used for at Binance.
 *
 * A signature there covers the parameters and neither method nor path. So the set of parameters is
 * all that can be judged: it must be exactly that of a call listed here, each value in its call's
 * grammar. What matches no row (any set with an address, an amount, a network, an asset …) is
 * refused, and with it every withdrawal and transfer. A set may fit several calls: {symbol} is both
 * "open orders" and "cancel all"; what it could do is the sum. Sources: rest-api.md and
 * web-socket-api.md at 2026-07-21. */
#include <string.h>

#include "venue/binance/binance_internal.h"

#define PAIRS_MAX 32
#define VALUE_MAX 160

typedef enum grammar {
    G_SYMBOL,
    G_DIGITS,
    G_DECIMAL,
    G_CLIENT_ID,
    G_BOOL,
    G_SIDE,
    G_TYPE,
    G_TIF,
    G_REPLY,
    G_PREVENTION,
    G_REPLACE_MODE,
    G_CANCEL_ONLY
} grammar;

typedef struct param {
    const char *name;
    grammar grammar;
    bool is_required;
} param;

#define NEEDS(name, grammar)                                                                       \
    {                                                                                              \
        name, grammar, true                                                                        \
    }
#define MAY(name, grammar)                                                                         \
    {                                                                                              \
        name, grammar, false                                                                       \
    }
#define ROW_PARAMS_MAX 32

typedef struct row {
    uint32_t uses;
    param params[ROW_PARAMS_MAX]; /* ends with a NULL name */
} row;

/* The legs of order lists spell the same parameters with a prefix. */
#define LEG(p)                                                                                     \
    MAY(p "Type", G_TYPE), MAY(p "ClientOrderId", G_CLIENT_ID), MAY(p "Price", G_DECIMAL),         \
        MAY(p "StopPrice", G_DECIMAL), MAY(p "TrailingDelta", G_DIGITS),                           \
        MAY(p "TimeInForce", G_TIF), MAY(p "IcebergQty", G_DECIMAL)

#define ORDER_PARAMS                                                                               \
    NEEDS("symbol", G_SYMBOL), NEEDS("side", G_SIDE), NEEDS("type", G_TYPE),                       \
        MAY("timeInForce", G_TIF), MAY("quantity", G_DECIMAL), MAY("quoteOrderQty", G_DECIMAL),    \
        MAY("price", G_DECIMAL), MAY("stopPrice", G_DECIMAL), MAY("trailingDelta", G_DIGITS),      \
        MAY("icebergQty", G_DECIMAL), MAY("selfTradePreventionMode", G_PREVENTION),                \
        NEEDS("newClientOrderId", G_CLIENT_ID), MAY("newOrderRespType", G_REPLY)

#define LIST_PARAMS                                                                                \
    NEEDS("symbol", G_SYMBOL), MAY("listClientOrderId", G_CLIENT_ID),                              \
        MAY("newOrderRespType", G_REPLY), MAY("selfTradePreventionMode", G_PREVENTION)

#define WORKING_PARAMS                                                                             \
    NEEDS("workingType", G_TYPE), NEEDS("workingSide", G_SIDE), MAY("workingPrice", G_DECIMAL),    \
        NEEDS("workingQuantity", G_DECIMAL), MAY("workingClientOrderId", G_CLIENT_ID),             \
        MAY("workingTimeInForce", G_TIF), MAY("workingIcebergQty", G_DECIMAL)

static const row rows[] = {
    /* POST order, order/test */
    {CB_VENUE_USE_ORDER, {ORDER_PARAMS}},
    /* POST order/cancelReplace */
    {CB_VENUE_USE_ORDER | CB_VENUE_USE_CANCEL,
        {ORDER_PARAMS,
            NEEDS("cancelReplaceMode", G_REPLACE_MODE),
            MAY("cancelOrderId", G_DIGITS),
            MAY("cancelOrigClientOrderId", G_CLIENT_ID),
            MAY("cancelNewClientOrderId", G_CLIENT_ID),
            MAY("cancelRestrictions", G_CANCEL_ONLY)}},
    /* PUT order/amend/keepPriority */
    {CB_VENUE_USE_ORDER,
        {NEEDS("symbol", G_SYMBOL),
            MAY("orderId", G_DIGITS),
            MAY("origClientOrderId", G_CLIENT_ID),
            MAY("newClientOrderId", G_CLIENT_ID),
            NEEDS("newQty", G_DECIMAL)}},
    /* POST orderList/oco */
    {CB_VENUE_USE_ORDER,
        {LIST_PARAMS,
            NEEDS("side", G_SIDE),
            NEEDS("quantity", G_DECIMAL),
            LEG("above"),
            LEG("below")}},
    /* POST orderList/oto */
    {CB_VENUE_USE_ORDER,
        {LIST_PARAMS,
            WORKING_PARAMS,
            NEEDS("pendingSide", G_SIDE),
            NEEDS("pendingQuantity", G_DECIMAL),
            LEG("pending")}},
    /* POST orderList/otoco */
    {CB_VENUE_USE_ORDER,
        {LIST_PARAMS,
            WORKING_PARAMS,
            NEEDS("pendingSide", G_SIDE),
            NEEDS("pendingQuantity", G_DECIMAL),
            LEG("pendingAbove"),
            LEG("pendingBelow")}},
    /* DELETE order, GET order */
    {CB_VENUE_USE_CANCEL | CB_VENUE_USE_READ,
        {NEEDS("symbol", G_SYMBOL),
            MAY("orderId", G_DIGITS),
            MAY("origClientOrderId", G_CLIENT_ID),
            MAY("newClientOrderId", G_CLIENT_ID),
            MAY("cancelRestrictions", G_CANCEL_ONLY)}},
    /* DELETE orderList, GET orderList: by its id, or by either name of its client id */
    {CB_VENUE_USE_CANCEL | CB_VENUE_USE_READ,
        {NEEDS("orderListId", G_DIGITS),
            MAY("symbol", G_SYMBOL),
            MAY("newClientOrderId", G_CLIENT_ID)}},
    {CB_VENUE_USE_CANCEL | CB_VENUE_USE_READ,
        {NEEDS("listClientOrderId", G_CLIENT_ID),
            MAY("symbol", G_SYMBOL),
            MAY("newClientOrderId", G_CLIENT_ID)}},
    {CB_VENUE_USE_READ, {NEEDS("origClientOrderId", G_CLIENT_ID)}},
    /* GET openOrders of all symbols, account, openOrderList, rateLimit/order, apiRestrictions */
    {CB_VENUE_USE_FIND | CB_VENUE_USE_READ, {MAY("omitZeroBalances", G_BOOL)}},
    /* DELETE openOrders, GET openOrders, account/commission, tradeFee */
    {CB_VENUE_USE_CANCEL | CB_VENUE_USE_FIND | CB_VENUE_USE_READ, {NEEDS("symbol", G_SYMBOL)}},
    /* POST countdownCancelAll: places nothing, and what it cancels a cancel could */
    {CB_VENUE_USE_CANCEL, {NEEDS("symbol", G_SYMBOL), NEEDS("countdownTime", G_DIGITS)}},
    /* GET allOrders, allOrderList, myTrades */
    {CB_VENUE_USE_READ,
        {MAY("symbol", G_SYMBOL),
            MAY("orderId", G_DIGITS),
            MAY("fromId", G_DIGITS),
            MAY("startTime", G_DIGITS),
            MAY("endTime", G_DIGITS),
            MAY("limit", G_DIGITS)}},
};

/* ---- values ---- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_digits(cb_strview text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.at[i])) {
            return false;
        }
    }
    return text.size >= 1 && text.size <= 20;
}

static bool is_decimal(cb_strview text)
{
    const char *dot = memchr(text.at, '.', text.size);
    const size_t whole = dot == NULL ? text.size : (size_t)(dot - text.at);
    const bool has_tail = dot == NULL || is_digits((cb_strview){dot + 1, text.size - whole - 1});
    return is_digits((cb_strview){text.at, whole}) && has_tail;
}

/* Symbols of the venue may hold other than ASCII letters; they come percent-encoded. */
static bool is_name(cb_strview text, size_t size_max, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        const char byte = text.at[i];
        if (!is_letter(byte) && !is_digit(byte) && (byte == '\0' || strchr(more, byte) == NULL)) {
            return false;
        }
    }
    return text.size >= 1 && text.size <= size_max;
}

static bool is_word(cb_strview text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (cb_sv_is(text, *words)) {
            return true;
        }
    }
    return false;
}

static const char *const sides[] = {"BUY", "SELL", NULL};
static const char *const types[] = {"LIMIT",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
    "LIMIT_MAKER",
    NULL};
static const char *const tifs[] = {"GTC", "IOC", "FOK", NULL};
static const char *const replies[] = {"ACK", "RESULT", "FULL", NULL};
static const char *const preventions[] = {
    "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", NULL};
static const char *const replace_modes[] = {"STOP_ON_FAILURE", "ALLOW_FAILURE", NULL};
static const char *const cancel_only[] = {"ONLY_NEW", "ONLY_PARTIALLY_FILLED", NULL};
static const char *const bools[] = {"true", "false", NULL};

static bool is_value(cb_strview text, grammar wanted)
{
    switch (wanted) {
    case G_SYMBOL:
        return is_name(text, 96, "_.-%");
    case G_DIGITS:
        return is_digits(text);
    case G_DECIMAL:
        return is_decimal(text);
    case G_CLIENT_ID:
        return is_name(text, 36, "-_");
    case G_BOOL:
        return is_word(text, bools);
    case G_SIDE:
        return is_word(text, sides);
    case G_TYPE:
        return is_word(text, types);
    case G_TIF:
        return is_word(text, tifs);
    case G_REPLY:
        return is_word(text, replies);
    case G_PREVENTION:
        return is_word(text, preventions);
    case G_REPLACE_MODE:
        return is_word(text, replace_modes);
    case G_CANCEL_ONLY:
        return is_word(text, cancel_only);
    default:
        return false;
    }
}

/* ---- sets ---- */

typedef struct pair {
    cb_strview name;
    cb_strview value;
} pair;

typedef struct pairs {
    uint32_t count;
    pair items[PAIRS_MAX];
} pairs;

/* name=value&…: no empty name, no name twice, no second '='. */
static bool split(cb_strview text, pairs *out)
{
    out->count = 0;
    const char *at = text.at;
    const char *end = text.at + text.size;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        const char *next = stop == NULL ? end : stop;
        const char *equals = memchr(at, '=', (size_t)(next - at));
        if (equals == NULL || equals == at || out->count == PAIRS_MAX) {
            return false;
        }
        const pair item = {.name = {at, (size_t)(equals - at)},
            .value = {equals + 1, (size_t)(next - equals - 1)}};
        if (memchr(item.value.at, '=', item.value.size) != NULL || item.value.size > VALUE_MAX) {
            return false;
        }
        for (uint32_t i = 0; i < out->count; i++) {
            if (cb_sv_equal(out->items[i].name, item.name)) {
                return false;
            }
        }
        out->items[out->count++] = item;
        at = next + 1;
        if (stop != NULL && at == end) {
            return false; /* ends with '&' */
        }
    }
    return out->count > 0;
}

/* Takes a parameter out of the set; NULL when it is not there. */
static const pair *take(pairs *from, const char *name, pair *kept)
{
    for (uint32_t i = 0; i < from->count; i++) {
        if (cb_sv_is(from->items[i].name, name)) {
            *kept = from->items[i];
            from->items[i] = from->items[--from->count];
            return kept;
        }
    }
    return NULL;
}

static const param *find_param(const row *of, cb_strview name)
{
    for (size_t i = 0; i < ROW_PARAMS_MAX && of->params[i].name != NULL; i++) {
        if (cb_sv_is(name, of->params[i].name)) {
            return &of->params[i];
        }
    }
    return NULL;
}

static bool has_name(const pairs *of, const char *name)
{
    for (uint32_t i = 0; i < of->count; i++) {
        if (cb_sv_is(of->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool fits(const row *of, const pairs *given)
{
    for (uint32_t i = 0; i < given->count; i++) {
        const param *wanted = find_param(of, given->items[i].name);
        if (wanted == NULL || !is_value(given->items[i].value, wanted->grammar)) {
            return false;
        }
    }
    for (size_t i = 0; i < ROW_PARAMS_MAX && of->params[i].name != NULL; i++) {
        if (of->params[i].is_required && !has_name(given, of->params[i].name)) {
            return false;
        }
    }
    return true;
}

static bool read_number(pairs *from, const char *name, uint64_t max, uint64_t *out)
{
    pair kept;
    const pair *found = take(from, name, &kept);
    return found != NULL && cb_u64_parse(found->value, max, out);
}

cb_status binance_recognize(cb_strview payload, cb_venue_recognized *out, cb_err *err)
{
    CB_ASSERT(payload.at != NULL || payload.size == 0);
    CB_ASSERT(out != NULL);
    pairs given;
    pair api_key;
    uint64_t window_ms = 0;
    uint64_t timestamp_ms = 0;
    memset(out, 0, sizeof(*out));
    if (payload.size == 0 || !split(payload, &given)) {
        return CB_FAIL(err, CB_E_SYNTAX, "the payload is no list of parameters");
    }
    if (!read_number(&given, "recvWindow", BINANCE_WINDOW_MS_MAX, &window_ms) ||
        !read_number(&given, "timestamp", (uint64_t)(INT64_MAX / CB_NS_PER_MS), &timestamp_ms)) {
        return CB_FAIL(err, CB_E_SYNTAX, "recvWindow or timestamp are missing or malformed");
    }
    out->window_ms = (int64_t)window_ms;
    out->sign_ts_ns = (int64_t)timestamp_ms * CB_NS_PER_MS;
    if (take(&given, "apiKey", &api_key) != NULL) {
        /* Only the subscription names the key; with anything else it would be an order or worse
         * over the WebSocket API. */
        const bool is_alone = given.count == 0 && is_name(api_key.value, VALUE_MAX - 1, "-_") &&
                              cb_text_copy(out->api_key, sizeof(out->api_key), api_key.value);
        out->uses = is_alone ? CB_VENUE_USE_STREAM : 0;
    } else {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            out->uses |= fits(&rows[i], &given) ? rows[i].uses : 0;
        }
    }
    return out->uses != 0
               ? CB_OK
               : CB_FAIL(err, CB_E_AUTH, "the parameters are not those of any allowed request");
}

/* ---- what a key may do ---- */

static void note_surplus(cb_venue_permissions *out, cb_strview name)
{
    if (out->surplus[0] == '\0' && !cb_text_copy(out->surplus, sizeof(out->surplus), name)) {
        CB_MAYBE(cb_text_copy(out->surplus, sizeof(out->surplus), CB_SV("(a long name)")));
    }
}

/* Every right that is not known to be harmless counts as too much: the venue may add new ones. */
static void read_flag(cb_json *json, cb_strview name, uint64_t *seen, cb_venue_permissions *out)
{
    bool is_on = false;
    if (!cb_json_bool(json, &is_on)) {
        return;
    }
    if (cb_sv_is(name, "ipRestrict")) {
        out->is_ip_bound = is_on;
    } else if (cb_sv_is(name, "enableReading")) {
        out->may_read = is_on && cb_json_once(json, seen, 0);
    } else if (cb_sv_is(name, "enableSpotAndMarginTrading")) {
        out->may_trade = is_on && cb_json_once(json, seen, 1);
    } else if (cb_sv_is(name, "enableWithdrawals")) {
        (void)cb_json_once(json, seen, 2);
        out->may_withdraw = out->may_withdraw || is_on;
    } else if (cb_sv_is(name, "enableInternalTransfer") ||
               cb_sv_is(name, "permitsUniversalTransfer")) {
        out->may_transfer = out->may_transfer || is_on;
    } else if (is_on && !cb_sv_is(name, "enableFixReadOnly")) {
        note_surplus(out, name);
    }
}

cb_status binance_parse_permissions(cb_strview text, cb_venue_permissions *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    cb_json json;
    cb_strview key;
    uint64_t seen = 0;
    cb_venue_permissions found = {.may_read = false};
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        const cb_json_type type = cb_json_peek(&json);
        if (type == CB_JSON_TRUE || type == CB_JSON_FALSE) {
            read_flag(&json, key, &seen, &found);
        } else if (cb_sv_starts_with(key, "enable") || cb_sv_starts_with(key, "permits") ||
                   cb_sv_is(key, "ipRestrict")) {
            (void)cb_json_fail(&json, CB_E_SYNTAX, "a permission is neither true nor false");
        } else {
            (void)cb_json_skip(&json); /* createTime, tradingAuthorityExpirationTime */
        }
    }
    /* Silence about withdrawals is no answer. */
    if (json.status == CB_OK && (seen & 4U) == 0) {
        (void)cb_json_fail(&json, CB_E_SYNTAX, "enableWithdrawals is missing");
    }
    const cb_status status = cb_json_finish(&json, "apiRestrictions", err);
    if (status == CB_OK) {
        *out = found;
    }
    return status;
}
