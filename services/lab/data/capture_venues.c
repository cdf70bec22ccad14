/* Book messages of other exchanges than Binance, as recorders keep them: Coinbase, OKX, Bitstamp,
 * Kraken. None of them numbers its changes: their order on the connection is all there is, so a
 * hole cannot be told. Checksums (OKX, Kraken) are not computed. */
#include <string.h>

#include "base/money.h"
#include "services/lab/data/capture_message.h"
#include "services/lab/data/csv_time.h"
#include "services/lab/data/place.h"
#include "venue/json.h"

typedef struct parts {
    cb_strview type;    /* Coinbase: "snapshot", "l2update" */
    cb_strview product; /* Coinbase */
    cb_strview time;    /* Coinbase */
    cb_strview changes; /* Coinbase */
    cb_strview action;  /* OKX: "snapshot", "update" */
    cb_strview channel; /* Bitstamp; OKX in "arg" */
    cb_strview symbol;  /* OKX: instId */
    cb_strview data;
    cb_strview bids;
    cb_strview asks;
    cb_strview micros; /* Bitstamp, as text */
    cb_strview millis; /* OKX, as text */
} parts;

static cb_strview value_of(cb_json *json)
{
    cb_strview word = {NULL, 0};
    if (cb_json_peek(json) == CB_JSON_STRING) {
        (void)cb_json_string(json, &word);
        return word;
    }
    const char *const from = json->at;
    return cb_json_skip(json) ? (cb_strview){from, (size_t)(json->at - from)} : word;
}

/* Collects what an object tells, whatever exchange it is from. */
static bool collect(cb_strview object, parts *out)
{
    const struct {
        const char *key;
        cb_strview *to;
    } known[] = {{"type", &out->type},
        {"product_id", &out->product},
        {"time", &out->time},
        {"changes", &out->changes},
        {"action", &out->action},
        {"channel", &out->channel},
        {"instId", &out->symbol},
        {"data", &out->data},
        {"bids", &out->bids},
        {"asks", &out->asks},
        {"microtimestamp", &out->micros},
        {"ts", &out->millis}};
    cb_json json;
    cb_strview key;
    cb_json_init(&json, object);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "arg")) {
            parts inner = {0};
            const cb_strview arg = value_of(&json);
            if (arg.at != NULL && arg.at[0] == '{' && collect(arg, &inner)) {
                out->channel = inner.channel;
                out->symbol = inner.symbol;
            }
            continue;
        }
        const cb_strview value = value_of(&json);
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (cb_sv_is(key, known[i].key)) {
                *known[i].to = value;
            }
        }
    }
    return json.status == CB_OK;
}

static void set_symbol(cb_strview name, message *out)
{
    char text[64];
    if (!cb_text_copy(text, sizeof text, name) || !lab_place_symbol(text, out->symbol)) {
        out->kind = MESSAGE_OTHER;
    }
}

static int64_t time_of(cb_strview number)
{
    uint64_t value = 0;
    int64_t ns = 0;
    return cb_u64_parse(number, INT64_MAX, &value) &&
                   lab_time_scale(value, lab_time_unit_of(value), &ns)
               ? ns
               : 0;
}

static void read_coinbase(const parts *from, message *out)
{
    const bool is_snapshot = cb_sv_is(from->type, "snapshot");
    out->kind = is_snapshot ? MESSAGE_SNAPSHOT : MESSAGE_CHANGE;
    out->bids = from->bids;
    out->asks = from->asks;
    out->sided = from->changes;
    if (from->time.at != NULL && lab_time_parse_date(from->time, &out->event_ns, NULL) != CB_OK) {
        out->event_ns = 0;
    }
    set_symbol(from->product, out);
}

/* "data" is an array of one object. */
static void read_okx(const parts *from, message *out)
{
    cb_json json;
    parts inner = {0};
    cb_json_init(&json, from->data);
    if (!cb_json_enter_array(&json) || !cb_json_next_item(&json)) {
        return;
    }
    const cb_strview first = value_of(&json);
    if (first.at == NULL || first.at[0] != '{' || !collect(first, &inner)) {
        return;
    }
    out->kind = cb_sv_is(from->action, "snapshot") ? MESSAGE_SNAPSHOT : MESSAGE_CHANGE;
    out->bids = inner.bids;
    out->asks = inner.asks;
    out->event_ns = time_of(inner.millis);
    set_symbol(from->symbol, out);
}

/* Changes are as old as their time says: those before the snapshot's are in it. */
static void read_bitstamp(const parts *from, cb_strview url, message *out)
{
    static const char channel[] = "diff_order_book_";
    static const char path[] = "/order_book/";
    parts inner = *from;
    cb_strview name = {NULL, 0};
    if (cb_sv_starts_with(from->channel, channel)) {
        if (from->data.at == NULL || from->data.at[0] != '{' || !collect(from->data, &inner)) {
            return;
        }
        out->kind = MESSAGE_CHANGE;
        name = (cb_strview){
            from->channel.at + sizeof channel - 1, from->channel.size - sizeof channel + 1};
    } else {
        const char *const at =
            url.at != NULL ? memmem(url.at, url.size, path, sizeof path - 1) : NULL;
        if (at == NULL || from->bids.at == NULL) {
            return;
        }
        out->kind = MESSAGE_SNAPSHOT;
        name =
            (cb_strview){at + sizeof path - 1, url.size - (size_t)(at - url.at) - sizeof path + 1};
    }
    out->bids = inner.bids;
    out->asks = inner.asks;
    out->event_ns = time_of(inner.micros);
    out->last_id = out->event_ns > 0 ? (uint64_t)out->event_ns : 0;
    if (out->last_id == 0) {
        out->kind = MESSAGE_OTHER;
        return;
    }
    set_symbol(name, out);
}

/* The time of a Kraken level: its third value, in seconds. */
static int64_t level_time(cb_strview side)
{
    cb_json json;
    int64_t e8 = 0;
    cb_json_init(&json, side);
    if (side.at == NULL || !cb_json_enter_array(&json) || !cb_json_next_item(&json) ||
        !cb_json_enter_array(&json)) {
        return 0;
    }
    for (int i = 0; i < 3 && cb_json_next_item(&json); i++) {
        (void)cb_json_decimal(&json, &e8);
    }
    return json.status == CB_OK && e8 > 0 && e8 < INT64_MAX / 10 ? e8 * 10 : 0;
}

/* Members of one of Kraken's objects: "as" and "bs" of a snapshot, "a" and "b" of a change. */
static void take_kraken_sides(cb_strview object, message *out)
{
    cb_json json;
    cb_strview key;
    cb_json_init(&json, object);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        const bool is_array = cb_json_peek(&json) == CB_JSON_ARRAY;
        const cb_strview value = value_of(&json);
        const bool is_whole = key.size == 2 && key.at[1] == 's';
        if (is_array && (is_whole || key.size == 1)) {
            out->kind = is_whole ? MESSAGE_SNAPSHOT : MESSAGE_CHANGE;
            out->asks = key.at[0] == 'a' ? value : out->asks;
            out->bids = key.at[0] == 'b' ? value : out->bids;
        }
    }
}

/* [channel, {"a":[…]}, {"b":[…]}, "book-10", "XBT/USD"]: one object or two. */
static void read_kraken(cb_strview body, message *out)
{
    cb_json json;
    cb_strview name = {NULL, 0};
    cb_strview pair = {NULL, 0};
    cb_json_init(&json, body);
    (void)cb_json_enter_array(&json);
    while (cb_json_next_item(&json)) {
        const bool is_object = cb_json_peek(&json) == CB_JSON_OBJECT;
        const bool is_text = cb_json_peek(&json) == CB_JSON_STRING;
        const cb_strview value = value_of(&json);
        if (is_object) {
            take_kraken_sides(value, out);
        } else if (is_text) {
            name = name.at == NULL ? value : name;
            pair = value;
        }
    }
    if (json.status != CB_OK || !cb_sv_starts_with(name, "book")) {
        out->kind = MESSAGE_OTHER;
        return;
    }
    const int64_t ask_ns = level_time(out->asks);
    const int64_t bid_ns = level_time(out->bids);
    out->event_ns = ask_ns > bid_ns ? ask_ns : bid_ns;
    char text[64];
    size_t used = 0;
    for (size_t i = 0; i < pair.size && used + 1 < sizeof text; i++) {
        if (pair.at[i] != '\\') { /* a slash may be written with an escape */
            text[used++] = pair.at[i];
        }
    }
    set_symbol((cb_strview){text, used}, out);
}

void lab_message_read_venues(cb_strview body, cb_strview url, message *out)
{
    parts found = {0};
    out->is_unnumbered = true;
    if (body.at[0] == '[') {
        read_kraken(body, out);
        return;
    }
    if (!collect(body, &found)) {
        return;
    }
    if (found.product.at != NULL &&
        (cb_sv_is(found.type, "snapshot") || cb_sv_is(found.type, "l2update"))) {
        read_coinbase(&found, out);
    } else if (cb_sv_is(found.channel, "books") && found.data.at != NULL &&
               found.data.at[0] == '[') {
        read_okx(&found, out);
    } else {
        read_bitstamp(&found, url, out);
    }
}
