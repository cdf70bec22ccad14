/* Our JSON scanner beside jansson (and jsmn, where its header is installed) on Binance's messages:
 * parse and extract every field into integers. `json_bench [-o json]`.
 *
 * Messages are the recorded ones beside the checkout when they are there, else written here. Before
 * anything is timed, all parsers must give the same values. Parsers alternate in the same run, and
 * the figure to look at is the median of the paired ratios: nanoseconds are this machine's. */
#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/money.h"
#include "venue/venue.h"

#if defined(__has_include)
#if __has_include(<jsmn.h>)
#define HAS_JSMN 1
#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>
#endif
#endif
#ifndef HAS_JSMN
#define HAS_JSMN 0
#endif

#define SAMPLES "../shared/exchanges/samples/binance"
#define MESSAGES_MAX 256
#define LEVELS_MAX 8192
#define PAIRS 15
#define ROUND_NS 10000000
#define PASS_MESSAGES 200
#define TOKENS_MAX 65536

typedef enum kind { KIND_TRADE, KIND_TICKER, KIND_KLINE, KIND_DEPTH, KIND_LARGE, KIND_COUNT } kind;
static const char *const kind_names[] = {"trade", "bookTicker", "kline", "depth", "depth 2x100"};

typedef struct message_set {
    char *texts[MESSAGES_MAX]; /* owned */
    size_t sizes[MESSAGES_MAX];
    size_t count;
    size_t bytes;
    bool is_recorded;
} message_set;

typedef enum parser { PARSER_OURS, PARSER_JANSSON, PARSER_JSMN, PARSERS_COUNT } parser;
static const char *const parser_names[] = {"ours", "jansson", "jsmn"};

/* ---- extracting: each gives the same hash of all fields ---- */

/* One multiplication, so that what is timed is the parsing. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t mix_e8(uint64_t hash, int64_t value_e8)
{
    return mix(hash, (uint64_t)value_e8);
}

static uint64_t hash_ours(const cb_venue_event *event)
{
    uint64_t hash = UINT64_C(1);
    if (event->type == CB_VENUE_EVENT_TRADE) {
        const cb_trade *trade = &event->trade;
        hash = mix(hash, trade->trade_id);
        hash = mix_e8(mix_e8(hash, trade->price.e8), trade->qty.e8);
        hash = mix(hash, (uint64_t)trade->venue_ts_ns / 1000000);
        return mix(hash, trade->taker_side == CB_SIDE_SELL);
    }
    if (event->type == CB_VENUE_EVENT_TICKER) {
        const cb_ticker *ticker = &event->ticker;
        hash = mix(hash, ticker->update_id);
        hash = mix_e8(mix_e8(hash, ticker->bid.e8), ticker->bid_qty.e8);
        return mix_e8(mix_e8(hash, ticker->ask.e8), ticker->ask_qty.e8);
    }
    if (event->type == CB_VENUE_EVENT_CANDLE) {
        const cb_candle *candle = &event->candle;
        hash = mix(hash, (uint64_t)candle->open_ts_ns / 1000000);
        hash = mix_e8(mix_e8(hash, candle->open.e8), candle->high.e8);
        hash = mix_e8(mix_e8(hash, candle->low.e8), candle->close.e8);
        hash = mix_e8(mix_e8(hash, candle->volume.e8), candle->quote_volume.e8);
        return mix(mix(hash, candle->trades_count), candle->is_closed);
    }
    const cb_venue_depth *depth = &event->depth;
    hash = mix(mix(hash, depth->first_update_id), depth->last_update_id);
    hash = mix(hash, (uint64_t)depth->venue_ts_ns / 1000000);
    /* Levels are summed, not hashed: the hash would cost more than the parsing. */
    uint64_t sum = 0;
    for (uint32_t i = 0; i < depth->bids_count; i++) {
        sum += (uint64_t)depth->bids[i].price.e8 * 3 + (uint64_t)depth->bids[i].qty.e8;
    }
    for (uint32_t i = 0; i < depth->asks_count; i++) {
        sum += (uint64_t)depth->asks[i].price.e8 * 5 + (uint64_t)depth->asks[i].qty.e8;
    }
    return mix(hash, sum);
}

static uint64_t run_ours(const char *text, size_t size)
{
    static cb_level bids[LEVELS_MAX];
    static cb_level asks[LEVELS_MAX];
    static cb_venue_event event;
    static const cb_venue_ops *venue;
    if (venue == NULL) {
        venue = cb_venue_find("binance");
        event.depth = (cb_venue_depth){
            .bids = bids, .asks = asks, .bids_capacity = LEVELS_MAX, .asks_capacity = LEVELS_MAX};
    }
    const cb_status status =
        venue->parse_stream((cb_strview){.at = text, .size = size}, &event, NULL);
    return status == CB_OK ? hash_ours(&event) : 0;
}

static int64_t decimal_of(const char *text, size_t size)
{
    int64_t value_e8 = 0;
    return cb_decimal_parse(text, size, &value_e8, NULL) == CB_OK ? value_e8 : -1;
}

static int64_t member_e8(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return decimal_of(json_string_value(value), json_string_length(value));
}

static uint64_t member_u64(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint64_t sum_levels(const json_t *list, uint64_t factor)
{
    uint64_t sum = 0;
    size_t index = 0;
    const json_t *level = NULL;
    json_array_foreach(list, index, level)
    {
        const json_t *price = json_array_get(level, 0);
        const json_t *qty = json_array_get(level, 1);
        sum += (uint64_t)decimal_of(json_string_value(price), json_string_length(price)) * factor +
               (uint64_t)decimal_of(json_string_value(qty), json_string_length(qty));
    }
    return sum;
}

static uint64_t run_jansson(const char *text, size_t size)
{
    json_t *root = json_loadb(text, size, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const json_t *event = data == NULL ? root : data;
    const char *name = json_string_value(json_object_get(event, "e"));
    uint64_t hash = UINT64_C(1);
    if (name == NULL) {
        hash = mix(hash, member_u64(event, "u"));
        hash = mix_e8(mix_e8(hash, member_e8(event, "b")), member_e8(event, "B"));
        hash = mix_e8(mix_e8(hash, member_e8(event, "a")), member_e8(event, "A"));
    } else if (strcmp(name, "trade") == 0) {
        hash = mix(hash, member_u64(event, "t"));
        hash = mix_e8(mix_e8(hash, member_e8(event, "p")), member_e8(event, "q"));
        hash = mix(hash, member_u64(event, "T"));
        hash = mix(hash, json_is_true(json_object_get(event, "m")));
    } else if (strcmp(name, "kline") == 0) {
        const json_t *k = json_object_get(event, "k");
        hash = mix(hash, member_u64(k, "t"));
        hash = mix_e8(mix_e8(hash, member_e8(k, "o")), member_e8(k, "h"));
        hash = mix_e8(mix_e8(hash, member_e8(k, "l")), member_e8(k, "c"));
        hash = mix_e8(mix_e8(hash, member_e8(k, "v")), member_e8(k, "q"));
        hash = mix(mix(hash, member_u64(k, "n")), json_is_true(json_object_get(k, "x")));
    } else {
        hash = mix(mix(hash, member_u64(event, "U")), member_u64(event, "u"));
        hash = mix(hash, member_u64(event, "E"));
        hash = mix(hash,
            sum_levels(json_object_get(event, "b"), 3) +
                sum_levels(json_object_get(event, "a"), 5));
    }
    json_decref(root);
    return hash;
}

#if HAS_JSMN
static jsmntok_t tokens[TOKENS_MAX];

/* Index after the value at index. */
static int after(int index)
{
    int left = 1;
    while (left > 0) {
        const jsmntok_t *token = &tokens[index++];
        left += token->type == JSMN_OBJECT  ? 2 * token->size
                : token->type == JSMN_ARRAY ? token->size
                                            : 0;
        left--;
    }
    return index;
}

/* Values of the one-letter keys of the object at index. */
static void letters_of(const char *text, int index, const jsmntok_t *out[128], int at[128])
{
    int member = index + 1;
    memset(out, 0, 128 * sizeof(out[0]));
    for (int i = 0; i < tokens[index].size; i++) {
        const jsmntok_t *key = &tokens[member];
        if (key->end - key->start == 1) {
            out[(unsigned char)text[key->start] & 127U] = &tokens[member + 1];
            at[(unsigned char)text[key->start] & 127U] = member + 1;
        }
        member = after(member + 1);
    }
}

static int64_t token_e8(const char *text, const jsmntok_t *token)
{
    return decimal_of(text + token->start, (size_t)(token->end - token->start));
}

static uint64_t token_u64(const char *text, const jsmntok_t *token)
{
    uint64_t value = 0;
    const cb_strview view = {
        .at = text + token->start, .size = (size_t)(token->end - token->start)};
    return cb_u64_parse(view, UINT64_MAX, &value) ? value : 0;
}

static uint64_t token_levels(const char *text, int index, uint64_t factor)
{
    uint64_t sum = 0;
    int level = index + 1;
    for (int i = 0; i < tokens[index].size; i++) {
        sum += (uint64_t)token_e8(text, &tokens[level + 1]) * factor +
               (uint64_t)token_e8(text, &tokens[level + 2]);
        level = after(level);
    }
    return sum;
}

static uint64_t run_jsmn(const char *text, size_t size)
{
    jsmn_parser state;
    const jsmntok_t *v[128];
    int at[128];
    jsmn_init(&state);
    if (jsmn_parse(&state, text, size, tokens, TOKENS_MAX) < 1) {
        return 0;
    }
    int event = 0;
    int member = 1;
    for (int i = 0; i < tokens[0].size; i++) {
        const jsmntok_t *key = &tokens[member];
        if (key->end - key->start == 4 && memcmp(text + key->start, "data", 4) == 0) {
            event = member + 1;
        }
        member = after(member + 1);
    }
    letters_of(text, event, v, at);
    uint64_t hash = UINT64_C(1);
    if (v['e'] == NULL) {
        hash = mix(hash, token_u64(text, v['u']));
        hash = mix_e8(mix_e8(hash, token_e8(text, v['b'])), token_e8(text, v['B']));
        return mix_e8(mix_e8(hash, token_e8(text, v['a'])), token_e8(text, v['A']));
    }
    const char letter = text[v['e']->start];
    if (letter == 't') {
        hash = mix(hash, token_u64(text, v['t']));
        hash = mix_e8(mix_e8(hash, token_e8(text, v['p'])), token_e8(text, v['q']));
        hash = mix(hash, token_u64(text, v['T']));
        return mix(hash, text[v['m']->start] == 't');
    }
    if (letter == 'k') {
        letters_of(text, at['k'], v, at);
        hash = mix(hash, token_u64(text, v['t']));
        hash = mix_e8(mix_e8(hash, token_e8(text, v['o'])), token_e8(text, v['h']));
        hash = mix_e8(mix_e8(hash, token_e8(text, v['l'])), token_e8(text, v['c']));
        hash = mix_e8(mix_e8(hash, token_e8(text, v['v'])), token_e8(text, v['q']));
        return mix(mix(hash, token_u64(text, v['n'])), text[v['x']->start] == 't');
    }
    hash = mix(mix(hash, token_u64(text, v['U'])), token_u64(text, v['u']));
    hash = mix(hash, token_u64(text, v['E']));
    return mix(hash, token_levels(text, at['b'], 3) + token_levels(text, at['a'], 5));
}
#else
static uint64_t run_jsmn(const char *text, size_t size)
{
    (void)text;
    return size;
}
#endif

typedef uint64_t (*run_fn)(const char *text, size_t size);
static const run_fn runs[] = {run_ours, run_jansson, run_jsmn};

/* ---- messages ---- */

static void add(message_set *set, const char *text, size_t size)
{
    if (set->count < MESSAGES_MAX) {
        char *copy = malloc(size + 1);
        if (copy == NULL) {
            exit(2);
        }
        memcpy(copy, text, size);
        copy[size] = '\0';
        set->texts[set->count] = copy;
        set->sizes[set->count++] = size;
        set->bytes += size;
    }
}

static bool is_of_kind(const char *line, kind of)
{
    static const char *const marks[] = {
        "\"e\":\"trade\"", "@bookTicker\"", "\"e\":\"kline\"", "\"e\":\"depthUpdate\"", "\x01"};
    return strstr(line, marks[of]) != NULL;
}

/* Lines "<time>: {…}" of the recorded sessions. */
static void add_recorded(message_set sets[KIND_COUNT])
{
    DIR *folder = opendir(SAMPLES);
    char path[600];
    char *line = NULL;
    size_t room = 0;
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strstr(entry->d_name, "cryptofeed_capture__") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", SAMPLES, entry->d_name);
        FILE *file = fopen(path, "r");
        ssize_t size = 0;
        while (file != NULL && (size = getline(&line, &room, file)) > 0) {
            const char *begin = strstr(line, ": {");
            if (line[0] < '0' || line[0] > '9' || begin == NULL || line[size - 1] != '\n') {
                continue;
            }
            line[size - 1] = '\0';
            for (int of = 0; of < KIND_COUNT; of++) {
                if (is_of_kind(line, (kind)of)) {
                    add(&sets[of], begin + 2, strlen(begin + 2));
                    sets[of].is_recorded = true;
                }
            }
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    free(line);
    (void)closedir(folder);
}

static void add_written(message_set sets[KIND_COUNT])
{
    static const char trade[] =
        "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"s\":"
        "\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":"
        "1723161255342,\"m\":true,\"M\":true}}";
    static const char ticker[] =
        "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":"
        "\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}}";
    static const char kline[] =
        "{\"stream\":\"btcusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"E\":1723161255343,\"s\":"
        "\"BTCUSDT\",\"k\":{\"t\":1723161240000,\"T\":1723161299999,\"s\":\"BTCUSDT\",\"i\":\"1m\","
        "\"f\":3735683000,\"L\":3735683259,\"o\":\"61830.00000000\",\"c\":\"61837.63000000\",\"h\":"
        "\"61840.00000000\",\"l\":\"61829.99000000\",\"v\":\"12.34567000\",\"n\":260,\"x\":false,"
        "\"q\":\"763398.12345678\",\"V\":\"6.00000000\",\"Q\":\"371000.00000000\",\"B\":\"0\"}}}";
    if (sets[KIND_TRADE].count == 0) {
        add(&sets[KIND_TRADE], trade, sizeof(trade) - 1);
    }
    if (sets[KIND_TICKER].count == 0) {
        add(&sets[KIND_TICKER], ticker, sizeof(ticker) - 1);
    }
    if (sets[KIND_KLINE].count == 0) {
        add(&sets[KIND_KLINE], kline, sizeof(kline) - 1);
    }
}

/* A diff with levels on both sides: the recorded ones are of quiet pairs and short. */
static void add_written_depth(message_set *set, int levels)
{
    static char text[64 * 1024];
    size_t used = (size_t)snprintf(text,
        sizeof(text),
        "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161255208,"
        "\"s\":\"BTCUSDT\",\"U\":50093239189,\"u\":50093239202,\"b\":[");
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < levels; i++) {
            used += (size_t)snprintf(text + used,
                sizeof(text) - used,
                "%s[\"%d.%02d000000\",\"%d.%05d000\"]",
                i == 0 ? "" : ",",
                side == 0 ? 61837 - i : 61838 + i,
                i * 7 % 100,
                i % 3,
                i * 7919 % 100000);
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, side == 0 ? "],\"a\":[" : "]}}");
    }
    add(set, text, used);
}

/* ---- timing ---- */

/* The thread's own time: what others do on the machine meanwhile counts less. */
static int64_t now_ns(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static volatile uint64_t result_sink; /* keeps the compiler from leaving the work out */

/* Picoseconds a message. */
static int64_t time_round(const message_set *set, run_fn run)
{
    const int64_t begin_ns = now_ns();
    uint64_t messages = 0;
    uint64_t hash = 0;
    int64_t elapsed_ns = 0;
    do { /* reading the clock costs as much as a message: many passes for each reading */
        for (size_t pass = 0; pass < 1 + PASS_MESSAGES / set->count; pass++) {
            for (size_t i = 0; i < set->count; i++) {
                hash ^= run(set->texts[i], set->sizes[i]);
            }
            messages += set->count;
        }
        elapsed_ns = now_ns() - begin_ns;
    } while (elapsed_ns < ROUND_NS);
    result_sink = hash;
    return elapsed_ns * 1000 / (int64_t)messages;
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

typedef struct figures {
    int64_t ps[PARSERS_COUNT];       /* median */
    int64_t ratio_e3[PARSERS_COUNT]; /* median of theirs / ours */
    int64_t ratio_min_e3[PARSERS_COUNT];
    int64_t ratio_max_e3[PARSERS_COUNT];
} figures;

static figures measure(const message_set *set)
{
    int64_t rounds[PARSERS_COUNT][PAIRS];
    figures out = {{0}, {0}, {0}, {0}};
    for (int pair = 0; pair < PAIRS; pair++) {
        for (int who = 0; who < PARSERS_COUNT; who++) {
            if (who != PARSER_JSMN || HAS_JSMN) {
                rounds[who][pair] = time_round(set, runs[who]);
            }
        }
    }
    for (int who = 0; who < PARSERS_COUNT; who++) {
        int64_t ratios[PAIRS];
        if (who == PARSER_JSMN && !HAS_JSMN) {
            continue;
        }
        for (int pair = 0; pair < PAIRS; pair++) {
            ratios[pair] = rounds[who][pair] * 1000 / rounds[PARSER_OURS][pair];
        }
        qsort(ratios, PAIRS, sizeof(ratios[0]), compare_i64);
        out.ratio_e3[who] = ratios[PAIRS / 2];
        out.ratio_min_e3[who] = ratios[0];
        out.ratio_max_e3[who] = ratios[PAIRS - 1];
        int64_t sorted[PAIRS];
        memcpy(sorted, rounds[who], sizeof(sorted));
        qsort(sorted, PAIRS, sizeof(sorted[0]), compare_i64);
        out.ps[who] = sorted[PAIRS / 2];
    }
    return out;
}

/* All parsers give the same fields, or the figures mean nothing. */
static bool is_agreed(const message_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const uint64_t wanted = run_ours(set->texts[i], set->sizes[i]);
        if (wanted == 0 || wanted != run_jansson(set->texts[i], set->sizes[i]) ||
            (HAS_JSMN && wanted != run_jsmn(set->texts[i], set->sizes[i]))) {
            (void)fprintf(stderr, "the parsers disagree on %s\n", set->texts[i]);
            return false;
        }
    }
    return true;
}

static void print_json(kind of, const message_set *set, const figures *found, bool is_last)
{
    (void)printf("  {\"kind\":\"%s\",\"recorded\":%s,\"messages\":%zu,\"bytes\":%zu",
        kind_names[of],
        set->is_recorded ? "true" : "false",
        set->count,
        set->bytes / set->count);
    for (int who = 0; who < PARSERS_COUNT; who++) {
        if (who != PARSER_JSMN || HAS_JSMN) {
            (void)printf(
                ",\"%s\":{\"ns\":%.1f,\"ratio\":%.2f,\"ratio_min\":%.2f,\"ratio_max\":%.2f}",
                parser_names[who],
                (double)found->ps[who] / 1000,
                (double)found->ratio_e3[who] / 1000,
                (double)found->ratio_min_e3[who] / 1000,
                (double)found->ratio_max_e3[who] / 1000);
        }
    }
    (void)printf("}%s\n", is_last ? "" : ",");
}

static void print_row(kind of, const message_set *set, const figures *found)
{
    char name[40];
    (void)snprintf(
        name, sizeof(name), "%s%s", kind_names[of], set->is_recorded ? "" : " (written)");
    (void)printf("%-22s %5zu %6zu B %8.1f ns",
        name,
        set->count,
        set->bytes / set->count,
        (double)found->ps[PARSER_OURS] / 1000);
    for (int who = PARSER_JANSSON; who < PARSERS_COUNT; who++) {
        if (who == PARSER_JSMN && !HAS_JSMN) {
            (void)printf("      -");
            continue;
        }
        (void)printf(" %9.1f ns %5.1fx [%.1f-%.1f]",
            (double)found->ps[who] / 1000,
            (double)found->ratio_e3[who] / 1000,
            (double)found->ratio_min_e3[who] / 1000,
            (double)found->ratio_max_e3[who] / 1000);
    }
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    static message_set sets[KIND_COUNT];
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    add_recorded(sets);
    add_written(sets);
    if (sets[KIND_DEPTH].count == 0) {
        add_written_depth(&sets[KIND_DEPTH], 5);
    }
    add_written_depth(&sets[KIND_LARGE], 100);
    (void)printf(is_json ? "[\n" : "%-22s %5s %8s %11s %12s ratio %18s ratio\n",
        "message",
        "count",
        "size",
        "ours",
        "jansson",
        "jsmn");
    for (int of = 0; of < KIND_COUNT; of++) {
        if (!is_agreed(&sets[of])) {
            return 1;
        }
        const figures found = measure(&sets[of]);
        if (is_json) {
            print_json((kind)of, &sets[of], &found, of + 1 == KIND_COUNT);
        } else {
            print_row((kind)of, &sets[of], &found);
        }
    }
    if (is_json) {
        (void)printf("]\n");
    }
    for (int of = 0; of < KIND_COUNT; of++) {
        for (size_t i = 0; i < sets[of].count; i++) {
            free(sets[of].texts[i]);
        }
    }
    return 0;
}
