/* Shared by the parts of tool_vectors: counting, numbers, key=value texts. The tool is one program
 * in several headers of static functions, because tools are built from one file each. */
#ifndef VECTORS_COMMON_H
#define VECTORS_COMMON_H

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "venue/venue.h"

#define WHY_MAX 400

typedef struct tally {
    uint64_t passed;
    uint64_t failed;
    uint64_t skipped;
    bool is_loud;
} tally;

/* Records a case; why is NULL when it passed. */
static void count_case(tally *all, const char *group, const char *name, const char *why)
{
    if (why == NULL) {
        all->passed++;
        if (all->is_loud) {
            (void)printf("ok    %s: %s\n", group, name);
        }
        return;
    }
    all->failed++;
    (void)printf("FAIL  %s: %s: %s\n", group, name, why);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* A JSON number's double; the only place where one appears: the vectors were written by JavaScript.
 */
static bool is_same_number(double a, double b)
{
    return !(a < b) && !(b < a);
}

/* The double nearest to a decimal text, by the same reader that read the expected value. */
static double number_of(const char *decimal)
{
    json_t *value = json_loads(decimal, JSON_DECODE_ANY, NULL);
    const double number = json_number_value(value);
    json_decref(value);
    return number;
}

/* A JSON number or text as exact e8, as far as its 15 significant digits go. */
static bool e8_of(const json_t *value, int64_t *out_e8)
{
    char text[64];
    if (json_is_string(value)) {
        const char *given = json_string_value(value);
        return cb_decimal_parse(given, strlen(given), out_e8, NULL) == CB_OK;
    }
    if (json_is_integer(value)) {
        (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)snprintf(text, sizeof(text), "%.8f", json_real_value(value));
    } else {
        return false;
    }
    return cb_decimal_parse(text, strlen(text), out_e8, NULL) == CB_OK;
}

/* A JSON number for a decimal text. */
static json_t *json_decimal(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    CB_ASSERT(value != NULL);
    return value;
}

static json_t *json_e8(int64_t value_e8)
{
    char text[CB_DECIMAL_TEXT_MAX];
    (void)cb_decimal_print(value_e8, text);
    return json_decimal(text);
}

/* Sixteen decimals, exactly: the product of two e8 values. */
static json_t *json_product(int64_t a_e8, int64_t b_e8)
{
    const cb_i128 product = (cb_i128)a_e8 * b_e8;
    const cb_i128 unit = (cb_i128)CB_E8 * CB_E8;
    char text[80];
    (void)snprintf(text,
        sizeof(text),
        "%" PRId64 ".%016" PRId64,
        (int64_t)(product / unit),
        (int64_t)(product % unit));
    return json_decimal(text);
}

/* a / b to eighteen decimals, cut. */
static json_t *json_quotient(int64_t a_e8, int64_t b_e8)
{
    const cb_i128 unit = (cb_i128)CB_E8 * CB_E8 * 100;
    const cb_i128 quotient = (cb_i128)a_e8 * unit / b_e8;
    char text[80];
    (void)snprintf(text,
        sizeof(text),
        "%" PRId64 ".%018" PRId64,
        (int64_t)(quotient / unit),
        (int64_t)(quotient % unit));
    return json_decimal(text);
}

/* "BTC/USDT" → "BTCUSDT". */
static void join_symbol(const char *unified, char out[24])
{
    size_t used = 0;
    for (; *unified != '\0' && used < 23; unified++) {
        if (*unified != '/') {
            out[used++] = *unified;
        }
    }
    out[used] = '\0';
}

static bool is_in(const json_t *list, const char *key)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(list, index, item)
    {
        if (strcmp(json_string_value(item), key) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- key=value&… ---- */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'A' && byte <= 'F') {
        return byte - 'A' + 10;
    }
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void percent_decode(const char *text, size_t size, char *out, size_t out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size && used + 1 < out_size; i++) {
        if (text[i] == '%' && i + 2 < size + 0 && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out[used++] = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out[used++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    out[used] = '\0';
}

/* Adds the pairs of a form text to an object of decoded texts. */
static void add_form(json_t *into, const char *form)
{
    while (form != NULL && *form != '\0') {
        const size_t size = strcspn(form, "&");
        const char *equals = memchr(form, '=', size);
        const size_t key_size = equals == NULL ? size : (size_t)(equals - form);
        char key[128];
        char value[2048];
        percent_decode(form, key_size, key, sizeof(key));
        percent_decode(equals == NULL ? "" : equals + 1,
            equals == NULL ? 0 : size - key_size - 1,
            value,
            sizeof(value));
        json_object_set_new(into, key, json_string(value));
        form += size + (form[size] == '&' ? 1 : 0);
    }
}

/* Texts are equal as they are, or as decimals (35000 = 35000.0). */
static bool is_same_value(const char *a, const char *b)
{
    int64_t a_e8 = 0;
    int64_t b_e8 = 0;
    if (strcmp(a, b) == 0) {
        return true;
    }
    return cb_decimal_parse(a, strlen(a), &a_e8, NULL) == CB_OK &&
           cb_decimal_parse(b, strlen(b), &b_e8, NULL) == CB_OK && a_e8 == b_e8;
}

#endif /* VECTORS_COMMON_H */
