/* The one-letter members of Binance's stream events. The same letter has different types in
 * different events, so each is kept as a text view with the kind it had, and converted when the
 * whole event is known. Inline: this is the hot path of market data. */
#ifndef CB_BINANCE_LETTERS_H
#define CB_BINANCE_LETTERS_H

#include "venue/binance/binance_internal.h"

#define LETTERS_COUNT 52

/* The one-letter members of one object. */
typedef struct letters {
    uint64_t seen;    /* bit i: there was a member of that letter */
    uint64_t texts;   /* it was a text: views[i] */
    uint64_t numbers; /* it was a number: views[i] */
    uint64_t lists;   /* it was a list of levels */
    uint64_t trues;   /* it was true */
    uint64_t falses;  /* it was false */
    cb_strview views[LETTERS_COUNT];
} letters;

/* The kind that a member had. */
typedef enum letter_kind {
    LETTER_TEXT,
    LETTER_NUMBER,
    LETTER_LIST,
    LETTER_TRUE,
    LETTER_FALSE,
    LETTER_OTHER
} letter_kind;

static inline uint32_t letter_index(char letter)
{
    if (letter >= 'a' && letter <= 'z') {
        return (uint32_t)(letter - 'a');
    }
    return letter >= 'A' && letter <= 'Z' ? 26U + (uint32_t)(letter - 'A') : LETTERS_COUNT;
}

static inline bool has(const letters *from, char letter)
{
    const uint32_t index = letter_index(letter);
    CB_ASSERT(index < LETTERS_COUNT);
    return (from->seen & (UINT64_C(1) << index)) != 0;
}

static inline uint64_t mask_of(const char *wanted)
{
    uint64_t mask = 0;
    for (; *wanted != '\0'; wanted++) {
        mask |= UINT64_C(1) << letter_index(*wanted);
    }
    return mask;
}

static inline cb_strview view_of(const letters *from, char letter)
{
    CB_ASSERT(has(from, letter));
    return from->views[letter_index(letter)];
}

static inline void letters_reset(letters *into)
{
    into->seen = 0;
    into->texts = 0;
    into->numbers = 0;
    into->lists = 0;
    into->trues = 0;
    into->falses = 0;
}

/* Notes that a letter stands here, once; its view is empty. */
static inline bool letters_mark(cb_json *json, letters *into, char letter, letter_kind kind)
{
    const uint32_t index = letter_index(letter);
    CB_ASSERT(index < LETTERS_COUNT);
    if (!cb_json_once(json, &into->seen, index)) {
        return false;
    }
    uint64_t unused = 0;
    uint64_t *const masks[] = {
        &into->texts, &into->numbers, &into->lists, &into->trues, &into->falses, &unused};
    *masks[kind] |= UINT64_C(1) << index;
    into->views[index] = (cb_strview){.at = "", .size = 0};
    return true;
}

/* Reads a member of type (what cb_json_peek said); lists and objects are skipped. */
static inline bool letters_read(cb_json *json, letters *into, char letter, cb_json_type type)
{
    const uint32_t index = letter_index(letter);
    if (index == LETTERS_COUNT) {
        return cb_json_skip(json);
    }
    switch (type) {
    case CB_JSON_STRING:
        return letters_mark(json, into, letter, LETTER_TEXT) &&
               cb_json_word(json, &into->views[index]);
    case CB_JSON_NUMBER:
        return letters_mark(json, into, letter, LETTER_NUMBER) &&
               cb_json_number(json, &into->views[index]);
    case CB_JSON_TRUE:
        return letters_mark(json, into, letter, LETTER_TRUE) && cb_json_skip(json);
    case CB_JSON_FALSE:
        return letters_mark(json, into, letter, LETTER_FALSE) && cb_json_skip(json);
    case CB_JSON_ARRAY:
    case CB_JSON_OBJECT:
    case CB_JSON_NULL:
    case CB_JSON_NONE:
    default:
        return letters_mark(json, into, letter, LETTER_OTHER) && cb_json_skip(json);
    }
}

/* ---- converting; each fails on another kind or a value that cannot be kept ---- */

static inline bool take_u64(cb_json *json, const letters *from, char letter, uint64_t *out)
{
    const bool is_number = (from->numbers & (UINT64_C(1) << letter_index(letter))) != 0;
    if (!is_number || !cb_u64_parse(view_of(from, letter), UINT64_MAX, out)) {
        return cb_json_fail(json, CB_E_SYNTAX, "an id or a time is not an unsigned integer");
    }
    return true;
}

static inline bool take_time(cb_json *json, const letters *from, char letter, int64_t *out_ns)
{
    uint64_t time_ms = 0;
    if (!take_u64(json, from, letter, &time_ms)) {
        return false;
    }
    return binance_ms_to_ns(time_ms, out_ns) ? true
                                             : cb_json_fail(json, CB_E_RANGE, "a time is too big");
}

static inline bool take_decimal(cb_json *json, const letters *from, char letter, int64_t *out_e8)
{
    const cb_strview text = view_of(from, letter);
    const cb_status status = cb_decimal_parse(text.at, text.size, out_e8, NULL);
    return status == CB_OK ? true : cb_json_fail(json, status, "a decimal cannot be kept exactly");
}

static inline bool take_bool(cb_json *json, const letters *from, char letter, bool *out)
{
    const uint64_t mask = UINT64_C(1) << letter_index(letter);
    *out = (from->trues & mask) != 0;
    return *out || (from->falses & mask) != 0
               ? true
               : cb_json_fail(json, CB_E_SYNTAX, "a flag is neither true nor false");
}

static inline bool take_symbol(cb_json *json, const letters *from, char out[24])
{
    if ((from->texts & mask_of("s")) == 0 || view_of(from, 's').size == 0) {
        return cb_json_fail(json, CB_E_SYNTAX, "a symbol is not a text");
    }
    return binance_keep(json, out, 24, view_of(from, 's'));
}

/* A text member copied whole. */
static inline bool take_text(
    cb_json *json, const letters *from, char letter, char *out, size_t out_size)
{
    if ((from->texts & (UINT64_C(1) << letter_index(letter))) == 0) {
        return cb_json_fail(json, CB_E_SYNTAX, "a member is not a text");
    }
    return binance_keep(json, out, out_size, view_of(from, letter));
}

#endif /* CB_BINANCE_LETTERS_H */
