/* Error, signing and order-book vectors. */
#ifndef VECTORS_OTHERS_H
#define VECTORS_OTHERS_H

#include "base/mac.h"
#include "services/collector/core/market.h"
#include "tests/contract/vectors/common.h"
#include "venue/binance/binance.h"
#include "venue/form.h"

/* ---- errors ---- */

static void run_errors(tally *all, const cb_venue_ops *venue, const json_t *file)
{
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(json_object_get(file, "cases"), index, vector)
    {
        char name[120];
        char why[WHY_MAX];
        cb_venue_error error;
        const char *body = text_of(vector, "body");
        const int status = (int)json_integer_value(json_object_get(vector, "httpStatus"));
        (void)snprintf(name, sizeof(name), "%d %.80s", status, body);
        venue->classify(status, cb_sv_from(body), true, &error);
        const char *given = cb_venue_action_name(error.action);
        const char *wanted = text_of(vector, "action");
        (void)snprintf(why, sizeof(why), "%s, not %s", given, wanted);
        count_case(all, "error", name, strcmp(given, wanted) == 0 ? NULL : why);
    }
}

/* ---- signing ---- */

/* OpenSSL's own headers use a name that banned.h poisons (a parameter called rand), so the few
 * functions that are needed are declared here. */
typedef struct bio_st BIO;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD;
extern BIO *BIO_new_mem_buf(const void *bytes, int size);
extern int BIO_free(BIO *bio);
extern EVP_PKEY *PEM_read_bio_PrivateKey(
    BIO *bio, EVP_PKEY **out, int (*password)(char *, int, int, void *), void *context);
extern void EVP_PKEY_free(EVP_PKEY *key);
extern EVP_MD_CTX *EVP_MD_CTX_new(void);
extern void EVP_MD_CTX_free(EVP_MD_CTX *context);
extern const EVP_MD *EVP_sha256(void);
extern int EVP_DigestSignInit(
    EVP_MD_CTX *context, void *key_context, const EVP_MD *digest, void *engine, EVP_PKEY *key);
extern int EVP_DigestSign(EVP_MD_CTX *context,
    unsigned char *signature,
    size_t *signature_size,
    const unsigned char *bytes,
    size_t size);
extern int EVP_EncodeBlock(unsigned char *out, const unsigned char *bytes, int size);

/* RSA needs a big-number library, which the adapter does not have: this is the tool's own. */
static bool sign_rsa(const char *pem, const char *payload, char *out, size_t out_size)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t size = sizeof(signature);
    const bool is_signed =
        key != NULL && context != NULL &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(
            context, signature, &size, (const unsigned char *)payload, strlen(payload)) == 1 &&
        out_size > 4 * (size + 2) / 3;
    if (is_signed) {
        (void)EVP_EncodeBlock((unsigned char *)out, signature, (int)size);
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return is_signed;
}

static bool is_same_text(const char *a, const char *b, bool is_case_blind)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        const char x = is_case_blind && *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        const char y = is_case_blind && *b >= 'A' && *b <= 'Z' ? (char)(*b - 'A' + 'a') : *b;
        if (x != y) {
            return false;
        }
    }
    return *a == *b;
}

/* Takes a WebSocket payload apart and lets the adapter put it together again, from the pairs in
 * reverse order. */
static const char *check_ws_payload(const char *payload)
{
    char copy[2048];
    char built[2048];
    cb_binance_pair pairs[CB_BINANCE_PAIRS_MAX];
    size_t count = 0;
    if (strlen(payload) >= sizeof(copy)) {
        return "the payload is too long";
    }
    memcpy(copy, payload, strlen(payload) + 1);
    for (char *at = copy; at != NULL && count < CB_BINANCE_PAIRS_MAX; count++) {
        char *next = strchr(at, '&');
        if (next != NULL) {
            *next++ = '\0';
        }
        char *equals = strchr(at, '=');
        if (equals == NULL) {
            return "the payload has no pairs";
        }
        *equals = '\0';
        pairs[CB_BINANCE_PAIRS_MAX - 1 - count] = (cb_binance_pair){at, equals + 1};
        at = next;
    }
    const bool fits =
        cb_binance_ws_payload(pairs + CB_BINANCE_PAIRS_MAX - count, count, built, sizeof(built));
    return fits && strcmp(built, payload) == 0 ? NULL : "the payload is put together differently";
}

/* Decodes a REST payload and lets the adapter encode it again. */
static const char *check_rest_payload(const char *payload)
{
    char built[2048];
    cb_form form;
    cb_form_init(&form, built, sizeof(built));
    for (const char *at = payload; *at != '\0';) {
        const size_t size = strcspn(at, "&");
        const char *equals = memchr(at, '=', size);
        char key[64];
        char value[1024];
        if (equals == NULL) {
            return "the payload has no pairs";
        }
        percent_decode(at, (size_t)(equals - at), key, sizeof(key));
        percent_decode(equals + 1, size - (size_t)(equals - at) - 1, value, sizeof(value));
        cb_form_text(&form, key, value);
        at += size + (at[size] == '&' ? 1 : 0);
    }
    return strcmp(built, payload) == 0 ? NULL : "the payload is encoded differently";
}

static const char *run_signature(const json_t *vector)
{
    static char why[WHY_MAX];
    char given[2048] = "";
    char secret[256];
    cb_err err = {.text = ""};
    const char *algorithm = text_of(vector, "algorithm");
    const char *payload = text_of(vector, "payload");
    const char *expected = text_of(vector, "expected");
    if (strncmp(algorithm, "HMAC-SHA256", 11) == 0) {
        (void)snprintf(secret, sizeof(secret), "%s", text_of(vector, "secret"));
    } else if (strncmp(algorithm, "Ed25519", 7) == 0) {
        (void)snprintf(secret, sizeof(secret), "ed25519:%s", text_of(vector, "privateSeedHex"));
    } else if (strstr(algorithm, "RSA") != NULL) {
        if (!sign_rsa(text_of(vector, "privateKeyPem"), payload, given, sizeof(given))) {
            return "RSA signing failed";
        }
    } else {
        return "unknown algorithm";
    }
    if (given[0] == '\0' &&
        cb_binance_sign(secret, payload, strlen(payload), given, &err) != CB_OK) {
        (void)snprintf(why, sizeof(why), "%.300s", err.text);
        return why;
    }
    const bool is_case_blind = json_is_true(json_object_get(vector, "caseInsensitive"));
    if (!is_same_text(given, expected, is_case_blind)) {
        (void)snprintf(why, sizeof(why), "%.150s, not %.150s", given, expected);
        return why;
    }
    return strncmp(text_of(vector, "name"), "WS", 2) == 0 ? check_ws_payload(payload)
                                                          : check_rest_payload(payload);
}

static void run_signatures(tally *all, const json_t *file, const char *venue)
{
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(json_object_get(file, "vectors"), index, vector)
    {
        if (strcmp(text_of(vector, "exchange"), venue) == 0) {
            count_case(all, "signing", text_of(vector, "name"), run_signature(vector));
        } else {
            all->skipped++;
        }
    }
}

/* ---- order books ---- */

#define SESSION_LEVELS_MAX 16384
#define SESSION_EVENTS_MAX 20000

/* One recorded message with the time it came. */
typedef struct recorded {
    double time_s;
    size_t order;
    bool is_snapshot;
    const char *text; /* into the file's bytes */
    size_t size;
} recorded;

typedef struct session {
    collector_market market;
    collector_sink sink;
    const json_t *marks;
    size_t marks_seen;
    const char *why;
    uint64_t events;
    uint64_t applied;
    uint64_t gaps;
} session;

static bool is_level(const json_t *expected, cb_level level)
{
    char price[CB_DECIMAL_TEXT_MAX];
    char qty[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print_fixed8(level.price.e8, price);
    (void)cb_decimal_print_fixed8(level.qty.e8, qty);
    return strcmp(price, json_string_value(json_array_get(expected, 0))) == 0 &&
           strcmp(qty, json_string_value(json_array_get(expected, 1))) == 0;
}

static void check_mark(session *at)
{
    const collector_book *book = &at->market.symbols[0].book;
    size_t index = 0;
    const json_t *mark = NULL;
    json_array_foreach(at->marks, index, mark)
    {
        if ((uint64_t)json_integer_value(json_object_get(mark, "u")) != book->update_id) {
            continue;
        }
        cb_level bid;
        cb_level ask;
        at->marks_seen++;
        if (!cb_order_book_best(&book->book, CB_SIDE_BUY, &bid) ||
            !cb_order_book_best(&book->book, CB_SIDE_SELL, &ask) ||
            !is_level(json_object_get(mark, "best_bid"), bid) ||
            !is_level(json_object_get(mark, "best_ask"), ask)) {
            at->why = "the best bid or ask differs at a mark";
        }
    }
}

static void session_book(void *context, uint32_t symbol, bool is_flip)
{
    session *at = context;
    (void)symbol;
    if (!is_flip) {
        at->applied++;
        check_mark(at);
    }
}

static void session_delta(
    void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns)
{
    session *at = context;
    (void)symbol;
    (void)delta;
    (void)recv_ns;
    at->events++;
}

static void session_need(void *context, const collector_need *need)
{
    session *at = context;
    at->gaps += need->is_gap ? 1U : 0U;
}

static void session_outcome(void *context, const collector_outcome *outcome)
{
    (void)context;
    (void)outcome;
}

static int compare_recorded(const void *a, const void *b)
{
    const recorded *x = a;
    const recorded *y = b;
    if (x->time_s < y->time_s) {
        return -1;
    }
    if (x->time_s > y->time_s) {
        return 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        const long length = ftell(file);
        bytes = length < 0 ? NULL : calloc(1, (size_t)length + 1);
        if (bytes != NULL && fseek(file, 0, SEEK_SET) == 0) {
            *size = fread(bytes, 1, (size_t)length, file);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes;
}

/* "<unix time>: <json>" and "<url> -> <unix time>: <json>"; requests ("<-") are left out. */
static bool read_line(char *line, const char *symbol, recorded *out)
{
    char *arrow = strstr(line, " -> ");
    char query[64];
    (void)snprintf(query, sizeof(query), "symbol=%s&", symbol);
    out->is_snapshot = arrow != NULL;
    if (arrow != NULL && (strstr(line, "/depth?") == NULL || strstr(line, query) == NULL)) {
        return false;
    }
    char *time = arrow == NULL ? line : arrow + 4;
    char *colon = strstr(time, ": ");
    if (colon == NULL || time[0] < '0' || time[0] > '9') {
        return false;
    }
    *colon = '\0';
    out->time_s = number_of(time);
    out->text = colon + 2;
    out->size = strlen(out->text);
    return true;
}

static size_t read_session(char *bytes, const char *symbol, recorded *out)
{
    size_t count = 0;
    for (char *line = bytes; line != NULL && *line != '\0' && count < SESSION_EVENTS_MAX;) {
        char *next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (read_line(line, symbol, &out[count])) {
            out[count].order = count;
            count++;
        }
        line = next;
    }
    qsort(out, count, sizeof(*out), compare_recorded);
    return count;
}

static void play(session *at, const recorded *events, size_t count, const char *symbol)
{
    static cb_level bids[SESSION_LEVELS_MAX];
    static cb_level asks[SESSION_LEVELS_MAX];
    static cb_venue_event event;
    const cb_venue_ops *venue = at->market.venue;
    event.depth = (cb_venue_depth){.bids = bids,
        .asks = asks,
        .bids_capacity = SESSION_LEVELS_MAX,
        .asks_capacity = SESSION_LEVELS_MAX};
    for (size_t i = 0; i < count && at->why == NULL; i++) {
        const cb_strview text = {.at = events[i].text, .size = events[i].size};
        if (events[i].is_snapshot) {
            if (venue->parse_depth(text, symbol, &event.depth, NULL) != CB_OK) {
                at->why = "the snapshot cannot be read";
            } else {
                collector_market_snapshot(&at->market, 0, &event.depth, &at->sink);
            }
            continue;
        }
        if (venue->parse_stream(text, &event, NULL) != CB_OK) {
            at->why = "a message cannot be read";
        } else if (event.type == CB_VENUE_EVENT_DELTA && strcmp(event.depth.symbol, symbol) == 0) {
            collector_market_delta(&at->market, 0, &event.depth, 0, true, &at->sink);
        }
    }
}

static const char *check_final(const session *at, const json_t *vector)
{
    static char why[WHY_MAX];
    const collector_book *book = &at->market.symbols[0].book;
    const json_t *levels = json_object_get(vector, "final_levels");
    const struct {
        const char *name;
        uint64_t given;
        json_int_t wanted;
    } counts[] = {
        {"final_update_id",
            book->update_id,
            json_integer_value(json_object_get(vector, "final_update_id"))},
        {"depth_events", at->events, json_integer_value(json_object_get(vector, "depth_events"))},
        {"gaps", at->gaps, json_integer_value(json_object_get(vector, "gaps"))},
        {"bids",
            cb_order_book_count(&book->book, CB_SIDE_BUY),
            json_integer_value(json_object_get(levels, "bids"))},
        {"asks",
            cb_order_book_count(&book->book, CB_SIDE_SELL),
            json_integer_value(json_object_get(levels, "asks"))},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (counts[i].given != (uint64_t)counts[i].wanted) {
            (void)snprintf(why,
                sizeof(why),
                "%s is %" PRIu64 ", not %" JSON_INTEGER_FORMAT,
                counts[i].name,
                counts[i].given,
                counts[i].wanted);
            return why;
        }
    }
    for (size_t i = 0; i < 5; i++) {
        const json_t *bid = json_array_get(json_object_get(vector, "final_top5_bids"), i);
        const json_t *ask = json_array_get(json_object_get(vector, "final_top5_asks"), i);
        if ((bid != NULL &&
                !is_level(bid, cb_order_book_at(&book->book, CB_SIDE_BUY, (uint32_t)i))) ||
            (ask != NULL &&
                !is_level(ask, cb_order_book_at(&book->book, CB_SIDE_SELL, (uint32_t)i)))) {
            return "one of the five best levels differs";
        }
    }
    return NULL;
}

/* SHA-256 over "price:qty\n", bids from high to low, then asks from low to high. */
static const char *check_hash(const session *at, const char *expected)
{
    const cb_order_book *book = &at->market.symbols[0].book.book;
    const cb_side sides[] = {CB_SIDE_BUY, CB_SIDE_SELL};
    const size_t room =
        (cb_order_book_count(book, CB_SIDE_BUY) + cb_order_book_count(book, CB_SIDE_SELL)) *
            (2 * (size_t)CB_DECIMAL_TEXT_MAX + 2) +
        1;
    char *text = calloc(1, room);
    size_t used = 0;
    for (size_t side = 0; text != NULL && side < 2; side++) {
        for (uint32_t i = 0; i < cb_order_book_count(book, sides[side]); i++) {
            char price[CB_DECIMAL_TEXT_MAX];
            char qty[CB_DECIMAL_TEXT_MAX];
            const cb_level level = cb_order_book_at(book, sides[side], i);
            (void)cb_decimal_print_fixed8(level.price.e8, price);
            (void)cb_decimal_print_fixed8(level.qty.e8, qty);
            used += (size_t)snprintf(text + used, room - used, "%s:%s\n", price, qty);
        }
    }
    uint8_t hash[CB_SHA256_SIZE];
    char hex[2 * CB_SHA256_SIZE + 1];
    cb_sha256(text, used, hash);
    cb_hex_print(hash, sizeof(hash), hex);
    free(text);
    return strcmp(hex, expected) == 0 ? NULL : "the book's SHA-256 differs";
}

static const char *run_session(const cb_venue_ops *venue, const char *samples, const json_t *vector)
{
    static session at;
    static recorded events[SESSION_EVENTS_MAX];
    char path[600];
    size_t size = 0;
    const char *symbol = text_of(vector, "symbol");
    (void)snprintf(path, sizeof(path), "%s/%s", samples, text_of(vector, "file"));
    char *bytes = read_whole(path, &size);
    const size_t arena_size = collector_market_size(1, SESSION_LEVELS_MAX);
    void *block = aligned_alloc(16, arena_size);
    if (bytes == NULL || block == NULL) {
        free(bytes);
        free(block);
        return "the recorded session cannot be read";
    }
    cb_arena arena;
    memset(&at, 0, sizeof(at));
    cb_arena_init(&arena, block, arena_size);
    collector_market_init(&at.market, venue, symbol, SESSION_LEVELS_MAX, &arena);
    at.marks = json_object_get(vector, "marks");
    at.sink = (collector_sink){.context = &at,
        .delta = session_delta,
        .book = session_book,
        .need = session_need,
        .outcome = session_outcome};
    collector_market_begin(&at.market, 0, true, true, 1, &at.sink);
    play(&at, events, read_session(bytes, symbol, events), symbol);
    const char *why = at.why != NULL ? at.why : check_final(&at, vector);
    if (why == NULL) {
        why = check_hash(&at, text_of(vector, "final_book_sha256"));
    }
    if (why == NULL && at.marks_seen == 0 && json_array_size(at.marks) > 0) {
        why = "no mark was met";
    }
    free(bytes);
    free(block);
    return why;
}

static void run_books(
    tally *all, const cb_venue_ops *venue, const json_t *file, const char *samples)
{
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(file, index, vector)
    {
        count_case(all, "orderbook", text_of(vector, "file"), run_session(venue, samples, vector));
    }
}

#endif /* VECTORS_OTHERS_H */
