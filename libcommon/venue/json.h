/* A strict JSON scanner for exchange messages: one pass, no allocation, no copies, no doubles.
 *
 * The caller pulls values in the order of the text. Failures stick: after the first one every
 * function returns false and json.status tells why, so a parser reads straight on and asks once, at
 * the end, with cb_json_finish.
 *
 *   cb_json json;
 *   cb_strview key;
 *   cb_json_init(&json, text);
 *   cb_json_enter_object(&json);
 *   while (cb_json_next_key(&json, &key)) {
 *       if (cb_sv_is(key, "p")) {
 *           cb_json_decimal(&json, &price_e8);
 *       } else {
 *           cb_json_skip(&json);
 *       }
 *   }
 *   return cb_json_finish(&json, "trade", err);
 *
 * Grammar: RFC 8259 exactly, with UTF-8 checked inside strings, nothing after the value but white
 * space, and at most CB_JSON_DEPTH_MAX nested containers.
 * Duplicate keys: the scanner does not remember keys. Parsers that read a key twice refuse the
 * message with cb_json_once; keys that nobody reads are skipped and may repeat.
 * Keys are compared as they are written: a key spelled with escapes is an unknown key. */
#ifndef CB_JSON_H
#define CB_JSON_H

#include "base/err.h"
#include "base/strview.h"

#define CB_JSON_DEPTH_MAX 32

typedef enum cb_json_type {
    CB_JSON_NONE, /* end of text, or something that begins no value */
    CB_JSON_OBJECT,
    CB_JSON_ARRAY,
    CB_JSON_STRING,
    CB_JSON_NUMBER,
    CB_JSON_TRUE,
    CB_JSON_FALSE,
    CB_JSON_NULL
} cb_json_type;

typedef struct cb_json {
    const char *at; /* [borrowed] next byte to read */
    const char *end;
    const char *begin;
    cb_status status; /* CB_OK until the first failure; then what it was */
    const char *why;  /* static text, "" while all is well */
    uint32_t depth;   /* containers that are open */
    bool is_first;    /* nothing has been read in the container that was just entered */
    bool is_escaped;  /* the last string held escapes */
} cb_json;

/** Starts at the first byte of text [borrowed until the scan is over]. */
void cb_json_init(cb_json *json, cb_strview text);
/** Records a failure of the caller's own ("price missing"); the first one stays. Returns false. */
bool cb_json_fail(cb_json *json, cb_status status, const char *why);
/** CB_OK when one whole value was read and nothing follows; else the first failure with its place,
 *  named by what. */
CB_MUST_USE cb_status cb_json_finish(cb_json *json, const char *what, cb_err *err);

/** Kind of the next value; reads nothing but white space. */
cb_json_type cb_json_peek(cb_json *json);
bool cb_json_enter_object(cb_json *json);
/** Next member's key (raw, see above); false at the end of the object, which is then left. The
 *  member's value must be read or skipped before the next call. */
bool cb_json_next_key(cb_json *json, cb_strview *key);
bool cb_json_enter_array(cb_json *json);
/** True when there is another element; false at the end of the array, which is then left. */
bool cb_json_next_item(cb_json *json);
/** Reads over one value of any kind, checking its grammar. */
bool cb_json_skip(cb_json *json);

/** The bytes between the quotes as they are written; json->is_escaped tells about escapes. */
bool cb_json_string(cb_json *json, cb_strview *raw);
/** A string without escapes: what codes, words and ids are made of. */
bool cb_json_word(cb_json *json, cb_strview *word);
/** A string, unescaped, with a NUL. Fails with CB_E_FULL when it does not fit or holds U+0000. */
bool cb_json_text(cb_json *json, char *out, size_t out_size);
/** The same, but a longer text is cut at a character's border. For messages to people. */
bool cb_json_text_cut(cb_json *json, char *out, size_t out_size);
/** A number's text. */
bool cb_json_number(cb_json *json, cb_strview *text);
bool cb_json_u64(cb_json *json, uint64_t *out);
bool cb_json_i64(cb_json *json, int64_t *out);
bool cb_json_bool(cb_json *json, bool *out);
bool cb_json_null(cb_json *json);
/** A decimal kept exactly times 1e8, from a string or a number; an exponent is refused. */
bool cb_json_decimal(cb_json *json, int64_t *out_e8);

/** Marks key number bit as read; a second time is a failure. seen starts as 0. */
bool cb_json_once(cb_json *json, uint64_t *seen, uint32_t bit);
/** Fails unless all bits of needed have been marked. */
bool cb_json_require(cb_json *json, uint64_t seen, uint64_t needed, const char *why);

/** Checks that text is one JSON value by this scanner's rules. CB_E_FULL when it nests deeper than
 *  CB_JSON_DEPTH_MAX, CB_E_SYNTAX otherwise. */
CB_MUST_USE cb_status cb_json_check(cb_strview text, cb_err *err);
/** Unescapes raw bytes of a string. Returns the length, or SIZE_MAX when they do not fit. */
size_t cb_json_unescape(cb_strview raw, char *out, size_t out_size);

#endif /* CB_JSON_H */
