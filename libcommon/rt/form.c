/* Decoding of one value in a query or form text (application/x-www-form-urlencoded). */
#include <string.h>

#include "base/assert.h"
#include "rt/http.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The next decoded byte of *at; false for a broken escape or an encoded NUL, which no text holds.
 */
static bool next_byte(const char **at, const char *end, char *out)
{
    if (**at == '+') {
        *out = ' ';
    } else if (**at == '%') {
        const int high = end - *at >= 3 ? hex_value((*at)[1]) : -1;
        const int low = high >= 0 ? hex_value((*at)[2]) : -1;
        if (low < 0 || high * 16 + low == 0) {
            return false;
        }
        *out = (char)(high * 16 + low);
        *at += 2;
    } else {
        *out = **at;
    }
    (*at)++;
    return true;
}

static bool decode(const char *text, size_t size, char *out, size_t out_size)
{
    const char *end = text + size;
    size_t used = 0;
    while (text < end) {
        char byte = '\0';
        if (used + 1 >= out_size || !next_byte(&text, end, &byte)) {
            out[0] = '\0';
            return false;
        }
        out[used++] = byte;
    }
    out[used] = '\0';
    return true;
}

bool cb_form_get(const char *form, const char *key, char *out, size_t out_size)
{
    CB_ASSERT(out_size > 0);
    const size_t key_size = strlen(key);
    out[0] = '\0';
    for (const char *pair = form; *pair != '\0';) {
        const size_t size = strcspn(pair, "&");
        if (size >= key_size && memcmp(pair, key, key_size) == 0 &&
            (size == key_size || pair[key_size] == '=')) {
            const size_t skip = size == key_size ? key_size : key_size + 1;
            return decode(pair + skip, size - skip, out, out_size);
        }
        pair += size + (pair[size] == '&' ? 1 : 0);
    }
    return false;
}
