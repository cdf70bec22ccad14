/* Appending to bounded text. What does not fit is cut: these texts are read by people, nothing
 * parses them. A cut never splits a number's digits from its meaning silently: the last character
 * becomes '~'. */
#include "base/textbuf.h"

#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"

#define U64_DIGITS_MAX 20

cb_textbuf cb_textbuf_over(char *out, size_t size)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(size > 0);
    out[0] = '\0';
    return (cb_textbuf){out, size, 0};
}

void cb_textbuf_add(cb_textbuf *text, const char *words)
{
    CB_ASSERT(text != NULL && words != NULL);
    CB_ASSERT(text->used < text->size);
    const size_t room = text->size - 1 - text->used;
    const size_t length = strlen(words);
    const size_t taken = length < room ? length : room;
    memcpy(text->out + text->used, words, taken);
    text->used += taken;
    text->out[text->used] = '\0';
    if (taken < length && text->used > 0) {
        text->out[text->used - 1] = '~';
    }
}

void cb_textbuf_add_u64(cb_textbuf *text, uint64_t value)
{
    char digits[U64_DIGITS_MAX + 1];
    size_t at = U64_DIGITS_MAX;
    digits[at] = '\0';
    do {
        CB_ASSERT(at > 0);
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    cb_textbuf_add(text, digits + at);
}

void cb_textbuf_add_i64(cb_textbuf *text, int64_t value)
{
    if (value < 0) {
        cb_textbuf_add(text, "-");
        cb_textbuf_add_u64(text, (uint64_t)0 - (uint64_t)value);
        return;
    }
    cb_textbuf_add_u64(text, (uint64_t)value);
}

void cb_textbuf_add_e8(cb_textbuf *text, int64_t value_e8)
{
    char decimal[CB_DECIMAL_TEXT_MAX];
    const size_t length = cb_decimal_print(value_e8, decimal);
    CB_ASSERT(length < sizeof decimal);
    cb_textbuf_add(text, decimal);
}

void cb_textbuf_add_time(cb_textbuf *text, int64_t ts_ns)
{
    if (!cb_time_is_sane(ts_ns)) {
        cb_textbuf_add_i64(text, ts_ns);
        return;
    }
    char time[CB_TIME_TEXT_MAX];
    const size_t length = cb_time_print(ts_ns, 3, time);
    CB_ASSERT(length < sizeof time);
    cb_textbuf_add(text, time);
}
