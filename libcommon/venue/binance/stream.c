/* Market streams: reading raw and combined messages (subscribe.c writes ours).
 *
 * A message is read once, in whatever order its keys come. Binance gives the same letter different
 * types in different events ("a" is a list in depthUpdate, a price in bookTicker, a number in
 * aggTrade), so letters are kept as text views and converted when the whole message and with it the
 * kind of event is known. */
#include <string.h>

#include "venue/binance/binance_internal.h"
#include "venue/binance/letters.h"

typedef struct message {
    letters main;   /* the event */
    letters candle; /* its member k */
    uint64_t words; /* which of the long keys were seen */
    cb_strview stream;
    uint64_t reply_id;
    int64_t error_code;
    bool is_wrapped;
    bool is_error;
    cb_venue_event *event;
} message;

/* bits of message.words */
enum {
    WORD_STREAM,
    WORD_DATA,
    WORD_RESULT,
    WORD_ID,
    WORD_CODE,
    WORD_MSG,
    WORD_ERROR,
    WORD_LAST_ID,
    WORD_BIDS,
    WORD_ASKS
};

/* ---- shared readers ---- */

bool binance_ms_to_ns(uint64_t time_ms, int64_t *out_ns)
{
    CB_ASSERT(out_ns != NULL);
    if (time_ms > (uint64_t)(INT64_MAX / CB_NS_PER_MS)) {
        return false;
    }
    *out_ns = (int64_t)time_ms * CB_NS_PER_MS;
    return true;
}

bool binance_read_time(cb_json *json, int64_t *out_ns)
{
    uint64_t time_ms = 0;
    if (!cb_json_u64(json, &time_ms)) {
        return false;
    }
    return binance_ms_to_ns(time_ms, out_ns) ? true
                                             : cb_json_fail(json, CB_E_RANGE, "a time is too big");
}

bool binance_keep(cb_json *json, char *out, size_t out_size, cb_strview text)
{
    if (cb_text_copy(out, out_size, text)) {
        return true;
    }
    return cb_json_fail(json, CB_E_FULL, "a symbol or id is longer than its field");
}

static bool read_level(cb_json *json, cb_level *level)
{
    if (!cb_json_enter_array(json) || !cb_json_next_item(json) ||
        !cb_json_decimal(json, &level->price.e8) || !cb_json_next_item(json) ||
        !cb_json_decimal(json, &level->qty.e8)) {
        return cb_json_fail(json, CB_E_SYNTAX, "a level is not [price, quantity]");
    }
    if (level->price.e8 < 0 || level->qty.e8 < 0) {
        return cb_json_fail(json, CB_E_RANGE, "a level has a negative number");
    }
    while (cb_json_next_item(json)) { /* until 2019 a third, empty element followed */
        (void)cb_json_skip(json);
    }
    return json->status == CB_OK;
}

bool binance_read_levels(cb_json *json, cb_level *levels, uint32_t capacity, uint32_t *count)
{
    CB_ASSERT(count != NULL);
    CB_ASSERT(levels != NULL || capacity == 0);
    *count = 0;
    if (!cb_json_enter_array(json)) {
        return false;
    }
    while (cb_json_next_item(json)) {
        if (*count == capacity) {
            return cb_json_fail(json, CB_E_FULL, "more levels than there is room for");
        }
        if (!read_level(json, &levels[*count])) {
            return false;
        }
        (*count)++;
    }
    return json->status == CB_OK;
}

/* ---- reading the keys ---- */

static bool read_levels_of(cb_json *json, cb_venue_depth *depth, bool is_bids)
{
    return is_bids
               ? binance_read_levels(json, depth->bids, depth->bids_capacity, &depth->bids_count)
               : binance_read_levels(json, depth->asks, depth->asks_capacity, &depth->asks_count);
}

static bool read_letters(cb_json *json, message *msg, letters *into);

/* One one-letter member, of whatever type. */
static bool read_letter(cb_json *json, message *msg, letters *into, char letter)
{
    const cb_json_type type = cb_json_peek(json);
    if (into == &msg->main && type == CB_JSON_ARRAY && (letter == 'a' || letter == 'b')) {
        return letters_mark(json, into, letter, LETTER_LIST) &&
               read_levels_of(json, &msg->event->depth, letter == 'b');
    }
    if (into == &msg->main && type == CB_JSON_OBJECT && letter == 'k') {
        return letters_mark(json, into, letter, LETTER_OTHER) && cb_json_enter_object(json) &&
               read_letters(json, msg, &msg->candle);
    }
    return letters_read(json, into, letter, type);
}

static bool read_error_object(cb_json *json, message *msg);
static bool read_object(cb_json *json, message *msg);

static bool read_id(cb_json *json, message *msg)
{
    /* An id that we did not make (a text, null, negative) belongs to no request of ours. */
    cb_strview text = {.at = "", .size = 0};
    const cb_json_type type = cb_json_peek(json);
    const bool is_read = type == CB_JSON_NUMBER   ? cb_json_number(json, &text)
                         : type == CB_JSON_STRING ? cb_json_string(json, &text)
                                                  : cb_json_skip(json);
    if (is_read && !cb_u64_parse(text, UINT64_MAX, &msg->reply_id)) {
        msg->reply_id = 0;
    }
    return is_read;
}

static bool read_data(cb_json *json, message *msg)
{
    msg->is_wrapped = true;
    if (cb_json_peek(json) != CB_JSON_OBJECT) {
        return cb_json_skip(json); /* lists such as !miniTicker@arr */
    }
    return cb_json_enter_object(json) && read_object(json, msg);
}

static bool read_word(cb_json *json, message *msg, cb_strview key)
{
    static const char *const words[] = {
        "stream", "data", "result", "id", "code", "msg", "error", "lastUpdateId", "bids", "asks"};
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
    cb_venue_event *event = msg->event;
    switch (word) {
    case WORD_STREAM:
        return cb_json_word(json, &msg->stream);
    case WORD_DATA:
        return read_data(json, msg);
    case WORD_ID:
        return read_id(json, msg);
    case WORD_CODE:
        return cb_json_i64(json, &msg->error_code);
    case WORD_MSG:
        return cb_json_text_cut(json, event->reply.error.text, sizeof(event->reply.error.text));
    case WORD_ERROR:
        return read_error_object(json, msg);
    case WORD_LAST_ID:
        return cb_json_u64(json, &event->depth.last_update_id);
    case WORD_BIDS:
        return read_levels_of(json, &event->depth, true);
    case WORD_ASKS:
        return read_levels_of(json, &event->depth, false);
    case WORD_RESULT:
    default:
        return cb_json_skip(json);
    }
}

/* {"error":{"code":…,"msg":…}}: the members are those of the flat form. */
static bool read_error_object(cb_json *json, message *msg)
{
    msg->is_error = true;
    if (cb_json_peek(json) != CB_JSON_OBJECT) {
        return cb_json_skip(json);
    }
    cb_strview key;
    (void)cb_json_enter_object(json);
    while (cb_json_next_key(json, &key)) {
        const bool is_ours = cb_sv_is(key, "code") || cb_sv_is(key, "msg");
        if (!(is_ours ? read_word(json, msg, key) : cb_json_skip(json))) {
            return false;
        }
    }
    return json->status == CB_OK;
}

/* Members of an object that has been entered. */
static bool read_object(cb_json *json, message *msg)
{
    cb_strview key;
    while (cb_json_next_key(json, &key)) {
        const bool is_read = key.size == 1 ? read_letter(json, msg, &msg->main, key.at[0])
                                           : read_word(json, msg, key);
        if (!is_read) {
            return false;
        }
    }
    return json->status == CB_OK;
}

static bool read_letters(cb_json *json, message *msg, letters *into)
{
    cb_strview key;
    while (cb_json_next_key(json, &key)) {
        if (!(key.size == 1 ? read_letter(json, msg, into, key.at[0]) : cb_json_skip(json))) {
            return false;
        }
    }
    return json->status == CB_OK;
}

/* ---- converting ---- */

static bool make_trade(cb_json *json, const message *msg, bool is_aggregate)
{
    cb_venue_event *event = msg->event;
    const letters *from = &msg->main;
    cb_trade *trade = &event->trade;
    memset(trade, 0, sizeof(*trade));
    event->type = is_aggregate ? CB_VENUE_EVENT_AGG_TRADE : CB_VENUE_EVENT_TRADE;
    const uint64_t needed = is_aggregate ? mask_of("saflpqTm") : mask_of("stpqTm");
    bool is_good = cb_json_require(json, from->seen, needed, "a trade lacks a member") &&
                   take_symbol(json, from, trade->symbol) &&
                   take_u64(json, from, is_aggregate ? 'a' : 't', &trade->trade_id) &&
                   take_decimal(json, from, 'p', &trade->price.e8) &&
                   take_decimal(json, from, 'q', &trade->qty.e8) &&
                   take_time(json, from, 'T', &trade->venue_ts_ns);
    event->first_id = trade->trade_id;
    event->last_id = trade->trade_id;
    bool is_buyer_maker = false;
    is_good = is_good && take_bool(json, from, 'm', &is_buyer_maker);
    if (is_good && is_aggregate) {
        is_good = take_u64(json, from, 'f', &event->first_id) &&
                  take_u64(json, from, 'l', &event->last_id);
    }
    memcpy(trade->venue, BINANCE_NAME, sizeof(BINANCE_NAME));
    trade->taker_side = is_buyer_maker ? CB_SIDE_SELL : CB_SIDE_BUY;
    return is_good;
}

static bool make_candle(cb_json *json, const message *msg)
{
    cb_venue_event *event = msg->event;
    const letters *from = &msg->candle;
    cb_candle *candle = &event->candle;
    memset(candle, 0, sizeof(*candle));
    if (!cb_json_require(json, msg->main.seen, mask_of("sk"), "a kline lacks s or k") ||
        !cb_json_require(json, from->seen, mask_of("tohlcvqnx"), "a kline lacks a member") ||
        !cb_json_require(json, from->texts, mask_of("i"), "a kline lacks its length")) {
        return false;
    }
    candle->interval_s = binance_interval_s(view_of(from, 'i'));
    if (candle->interval_s == 0) {
        return true; /* months: no candle of ours; type stays NONE */
    }
    event->type = CB_VENUE_EVENT_CANDLE;
    const bool is_good = take_symbol(json, &msg->main, candle->symbol) &&
                         take_time(json, from, 't', &candle->open_ts_ns) &&
                         take_decimal(json, from, 'o', &candle->open.e8) &&
                         take_decimal(json, from, 'h', &candle->high.e8) &&
                         take_decimal(json, from, 'l', &candle->low.e8) &&
                         take_decimal(json, from, 'c', &candle->close.e8) &&
                         take_decimal(json, from, 'v', &candle->volume.e8) &&
                         take_decimal(json, from, 'q', &candle->quote_volume.e8) &&
                         take_u64(json, from, 'n', &candle->trades_count) &&
                         take_bool(json, from, 'x', &candle->is_closed);
    const int64_t length_ns = (int64_t)candle->interval_s * CB_NS_PER_S;
    if (is_good && __builtin_add_overflow(candle->open_ts_ns, length_ns, &candle->close_ts_ns)) {
        return cb_json_fail(json, CB_E_RANGE, "a candle's end is too big");
    }
    memcpy(candle->venue, BINANCE_NAME, sizeof(BINANCE_NAME));
    return is_good;
}

static bool make_ticker(cb_json *json, const message *msg)
{
    cb_venue_event *event = msg->event;
    const letters *from = &msg->main;
    cb_ticker *ticker = &event->ticker;
    memset(ticker, 0, sizeof(*ticker));
    event->type = CB_VENUE_EVENT_TICKER;
    memcpy(ticker->venue, BINANCE_NAME, sizeof(BINANCE_NAME));
    return take_symbol(json, from, ticker->symbol) &&
           take_u64(json, from, 'u', &ticker->update_id) &&
           take_decimal(json, from, 'b', &ticker->bid.e8) &&
           take_decimal(json, from, 'B', &ticker->bid_qty.e8) &&
           take_decimal(json, from, 'a', &ticker->ask.e8) &&
           take_decimal(json, from, 'A', &ticker->ask_qty.e8);
}

static bool make_delta(cb_json *json, const message *msg)
{
    cb_venue_depth *depth = &msg->event->depth;
    const letters *from = &msg->main;
    msg->event->type = CB_VENUE_EVENT_DELTA;
    if (!cb_json_require(json, from->seen, mask_of("EsUu"), "a depthUpdate lacks a member") ||
        !cb_json_require(json, from->lists, mask_of("ab"), "a depthUpdate lacks a side")) {
        return false;
    }
    if (!take_symbol(json, from, depth->symbol) ||
        !take_u64(json, from, 'U', &depth->first_update_id) ||
        !take_u64(json, from, 'u', &depth->last_update_id)) {
        return false;
    }
    depth->venue_ts_ns = msg->event->venue_ts_ns;
    return depth->first_update_id <= depth->last_update_id
               ? true
               : cb_json_fail(json, CB_E_RANGE, "a depthUpdate ends before it begins");
}

/* Partial books carry no symbol: it stands in the stream's name, in lower case. */
static bool make_snapshot(cb_json *json, const message *msg)
{
    cb_venue_depth *depth = &msg->event->depth;
    const uint64_t needed = (1U << WORD_LAST_ID) | (1U << WORD_BIDS) | (1U << WORD_ASKS);
    if (!cb_json_require(json, msg->words, needed, "a partial book lacks a member")) {
        return false;
    }
    msg->event->type = CB_VENUE_EVENT_SNAPSHOT;
    depth->first_update_id = depth->last_update_id;
    cb_strview name = msg->stream;
    const char *mark = name.size == 0 ? NULL : memchr(name.at, '@', name.size);
    name.size = mark == NULL ? 0 : (size_t)(mark - name.at);
    if (!binance_keep(json, depth->symbol, sizeof(depth->symbol), name)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        const char byte = depth->symbol[i];
        depth->symbol[i] = byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
    }
    return true;
}

static bool make_reply(const message *msg)
{
    cb_venue_reply *reply = &msg->event->reply;
    msg->event->type = CB_VENUE_EVENT_REPLY;
    msg->event->is_data = false;
    reply->id = msg->reply_id;
    reply->is_ok = !msg->is_error && (msg->words & (1U << WORD_CODE)) == 0;
    reply->error.code = msg->error_code;
    reply->error.action = reply->is_ok ? CB_VENUE_ACTION_OK : CB_VENUE_ACTION_FINAL;
    return true;
}

static bool make_named(cb_json *json, const message *msg, cb_strview name)
{
    if (cb_sv_is(name, "trade")) {
        return make_trade(json, msg, false);
    }
    if (cb_sv_is(name, "depthUpdate")) {
        return make_delta(json, msg);
    }
    if (cb_sv_is(name, "kline")) {
        return make_candle(json, msg);
    }
    if (cb_sv_is(name, "aggTrade")) {
        return make_trade(json, msg, true);
    }
    if (cb_sv_is(name, "serverShutdown")) {
        msg->event->type = CB_VENUE_EVENT_SHUTDOWN;
        msg->event->is_data = false;
    }
    return true;
}

/* Decides from its members which kind of message this was. */
static bool make_event(cb_json *json, const message *msg)
{
    const letters *from = &msg->main;
    msg->event->is_data = true;
    if (has(from, 'e')) {
        if (has(from, 'E') && !take_time(json, from, 'E', &msg->event->venue_ts_ns)) {
            return false;
        }
        return make_named(json, msg, view_of(from, 'e'));
    }
    if ((from->seen & mask_of("usbBaA")) == mask_of("usbBaA")) {
        return make_ticker(json, msg);
    }
    if ((msg->words & (1U << WORD_LAST_ID)) != 0) {
        return make_snapshot(json, msg);
    }
    if (msg->is_wrapped) {
        return true;
    }
    if ((msg->words & ((1U << WORD_RESULT) | (1U << WORD_CODE) | (1U << WORD_ERROR))) != 0) {
        return make_reply(msg);
    }
    return cb_json_fail(json, CB_E_SYNTAX, "neither an event nor an answer");
}

cb_status binance_parse_stream(cb_strview text, cb_venue_event *event, cb_err *err)
{
    CB_ASSERT(event != NULL);
    CB_ASSERT(event->depth.bids != NULL || event->depth.bids_capacity == 0);
    message msg;
    letters_reset(&msg.main);
    letters_reset(&msg.candle);
    msg.words = 0;
    msg.stream = (cb_strview){.at = "", .size = 0};
    msg.reply_id = 0;
    msg.error_code = 0;
    msg.is_wrapped = false;
    msg.is_error = false;
    msg.event = event;
    event->type = CB_VENUE_EVENT_NONE;
    event->is_data = false;
    event->first_id = 0;
    event->last_id = 0;
    event->venue_ts_ns = 0;
    event->depth.bids_count = 0;
    event->depth.asks_count = 0;
    event->depth.venue_ts_ns = 0;
    memset(&event->reply, 0, sizeof(event->reply));
    event->reply.subscription_id = -1;

    cb_json json;
    cb_json_init(&json, text);
    if (cb_json_enter_object(&json) && read_object(&json, &msg)) {
        (void)make_event(&json, &msg);
    }
    return cb_json_finish(&json, "stream message", err);
}
