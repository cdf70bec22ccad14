/* Holds our scanner against jansson on the same bytes: both accept or both refuse, and what they
 * accept is the same tree, text by text. Used by the fuzzer and by a short deterministic unit test.
 *
 * Known and intended differences, each decided here by its cause and not by its outcome:
 *   depth      ours ends at CB_JSON_DEPTH_MAX (CB_E_FULL), jansson's at 2048
 *   numbers    jansson refuses integers and reals that overflow its types; ours keeps the text
 *   NUL bytes  no JSON text holds one; jansson takes one outside of texts for the end
 *   duplicates jansson keeps the last of equal keys; then only acceptance is compared */
#ifndef JSON_COMPARE_H
#define JSON_COMPARE_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "venue/json.h"

/* NULL: the same. */
static const char *compare_value(cb_json *json, json_t *theirs);

static const char *compare_text(cb_strview raw, const json_t *theirs)
{
    const size_t size = json_string_length(theirs);
    char *text = malloc(raw.size + 1);
    const char *why = NULL;
    if (text == NULL) {
        return "no memory";
    }
    const size_t mine = cb_json_unescape(raw, text, raw.size);
    if (mine != size || memcmp(text, json_string_value(theirs), size) != 0) {
        why = "a text differs";
    }
    free(text);
    return why;
}

static const char *compare_number(cb_json *json, const json_t *theirs)
{
    cb_strview text;
    char copy[64];
    char printed[64];
    if (!cb_json_number(json, &text)) {
        return "a number was refused";
    }
    if (!json_is_integer(theirs) || text.size >= sizeof(copy)) {
        return NULL; /* reals: ours keeps the text, there is nothing to compare it with */
    }
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    (void)snprintf(printed, sizeof(printed), "%" JSON_INTEGER_FORMAT, json_integer_value(theirs));
    return strcmp(copy, printed) == 0 || strcmp(copy, "-0") == 0 ? NULL : "an integer differs";
}

static const char *compare_object(cb_json *json, json_t *theirs)
{
    cb_strview key;
    size_t count = 0;
    void *place = json_object_iter(theirs);
    if (!cb_json_enter_object(json)) {
        return "an object was refused";
    }
    while (cb_json_next_key(json, &key)) {
        if (place == NULL) {
            return "an object has more members";
        }
        json_t *name = json_string(json_object_iter_key(place));
        const char *why = compare_text(key, name);
        json_decref(name);
        if (why == NULL) {
            why = compare_value(json, json_object_iter_value(place));
        }
        if (why != NULL) {
            return why;
        }
        place = json_object_iter_next(theirs, place);
        count++;
    }
    return count == json_object_size(theirs) ? NULL : "an object has fewer members";
}

static const char *compare_array(cb_json *json, const json_t *theirs)
{
    size_t count = 0;
    if (!cb_json_enter_array(json)) {
        return "an array was refused";
    }
    while (cb_json_next_item(json)) {
        const char *why = compare_value(json, json_array_get(theirs, count));
        if (why != NULL) {
            return why;
        }
        count++;
    }
    return count == json_array_size(theirs) ? NULL : "an array has fewer elements";
}

static const char *compare_value(cb_json *json, json_t *theirs)
{
    cb_strview raw;
    bool truth = false;
    if (theirs == NULL) {
        return "there is a value too many";
    }
    switch (cb_json_peek(json)) {
    case CB_JSON_OBJECT:
        return json_is_object(theirs) ? compare_object(json, theirs) : "not an object";
    case CB_JSON_ARRAY:
        return json_is_array(theirs) ? compare_array(json, theirs) : "not an array";
    case CB_JSON_STRING:
        return json_is_string(theirs) && cb_json_string(json, &raw) ? compare_text(raw, theirs)
                                                                    : "not a text";
    case CB_JSON_NUMBER:
        return json_is_number(theirs) ? compare_number(json, theirs) : "not a number";
    case CB_JSON_TRUE:
    case CB_JSON_FALSE:
        return cb_json_bool(json, &truth) && json_is_boolean(theirs) &&
                       truth == json_is_true(theirs)
                   ? NULL
                   : "not the same truth";
    case CB_JSON_NULL:
        return cb_json_null(json) && json_is_null(theirs) ? NULL : "not null";
    case CB_JSON_NONE:
    default:
        return "no value";
    }
}

/* An object's keys stand for themselves in jansson only when none repeats and none holds NUL. */
static const char *json_compare(const char *bytes, size_t size)
{
    json_error_t error;
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    const cb_status mine = cb_json_check((cb_strview){.at = bytes, .size = size}, NULL);
    json_t *theirs = json_loadb(bytes, size, flags, &error);
    const enum json_error_code code = theirs == NULL ? json_error_code(&error) : json_error_unknown;
    const bool is_numeric = theirs == NULL && code == json_error_numeric_overflow;
    const bool is_null_key = theirs == NULL && code == json_error_null_byte_in_key;
    const char *why = NULL;
    if (size > 0 && memchr(bytes, '\0', size) != NULL) {
        why = mine == CB_OK ? "a NUL byte was accepted" : NULL;
        goto done;
    }
    if (mine == CB_E_FULL || is_numeric || is_null_key) {
        goto done;
    }
    if ((mine == CB_OK) != (theirs != NULL)) {
        why = mine == CB_OK ? "we accept what jansson refuses" : "we refuse what jansson accepts";
        goto done;
    }
    if (theirs == NULL) {
        goto done;
    }
    json_t *unique = json_loadb(bytes, size, flags | JSON_REJECT_DUPLICATES, &error);
    if (unique != NULL) {
        cb_json json;
        cb_json_init(&json, (cb_strview){.at = bytes, .size = size});
        why = compare_value(&json, unique);
        if (why == NULL && cb_json_finish(&json, "value", NULL) != CB_OK) {
            why = "the walk refuses what the check accepts";
        }
        json_decref(unique);
    }
done:
    json_decref(theirs);
    return why;
}

#endif /* JSON_COMPARE_H */
