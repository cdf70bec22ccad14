/* Borrowed text and bounded copies. Nothing here cuts a text silently. */
#include "base/strview.h"

#include <string.h>

#include "base/assert.h"

cb_strview cb_sv_from(const char *text)
{
    return (cb_strview){.at = text, .size = text == NULL ? 0 : strlen(text)};
}

bool cb_sv_equal(cb_strview a, cb_strview b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool cb_sv_is(cb_strview a, const char *text)
{
    CB_ASSERT(text != NULL);
    return cb_sv_equal(a, cb_sv_from(text));
}

bool cb_sv_starts_with(cb_strview a, const char *prefix)
{
    CB_ASSERT(prefix != NULL);
    const size_t size = strlen(prefix);
    return a.size >= size && (size == 0 || memcmp(a.at, prefix, size) == 0);
}

bool cb_text_copy(char *out, size_t out_size, cb_strview text)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(out_size > 0);
    out[0] = '\0';
    if (text.size >= out_size) {
        return false;
    }
    if (text.size > 0) {
        /* A NUL inside would cut the copy for every later reader. */
        if (memchr(text.at, '\0', text.size) != NULL) {
            return false;
        }
        memcpy(out, text.at, text.size);
    }
    out[text.size] = '\0';
    return true;
}

bool cb_text_equal(const char *a, const char *b)
{
    CB_ASSERT(a != NULL);
    CB_ASSERT(b != NULL);
    return strcmp(a, b) == 0;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Size of the well-formed sequence at the start (RFC 3629, table 3-7 of Unicode); 0 when none. */
static size_t utf8_sequence_size(const uint8_t *at, size_t left)
{
    const uint8_t first = at[0];
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (left < size) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(at[i])) {
            return 0;
        }
    }
    const bool is_overlong = (first == 0xe0 && at[1] < 0xa0) || (first == 0xf0 && at[1] < 0x90);
    const bool is_surrogate = first == 0xed && at[1] >= 0xa0;
    const bool is_too_high = first == 0xf4 && at[1] >= 0x90;
    return is_overlong || is_surrogate || is_too_high ? 0 : size;
}

bool cb_utf8_is_valid(cb_strview text)
{
    CB_ASSERT(text.at != NULL || text.size == 0);
    size_t at = 0;
    while (at < text.size) {
        const size_t size = utf8_sequence_size((const uint8_t *)text.at + at, text.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

void cb_text_clean(char *text)
{
    CB_ASSERT(text != NULL);
    const size_t total = strlen(text);
    size_t at = 0;
    while (at < total) {
        const size_t size = utf8_sequence_size((const uint8_t *)text + at, total - at);
        if (size == 0) {
            text[at] = '?';
        }
        at += size == 0 ? 1 : size;
    }
}

bool cb_u64_parse(cb_strview text, uint64_t max, uint64_t *out)
{
    CB_ASSERT(out != NULL);
    if (text.size == 0 || (text.size > 1 && text.at[0] == '0')) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.at[i];
        if (c < '0' || c > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(c - '0'), &value)) {
            return false;
        }
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}
