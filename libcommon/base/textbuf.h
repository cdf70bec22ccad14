/* Bounded text for the words of a verdict ("3.2 > 1"): appends to a caller's buffer and cuts at its
 * end, without allocation and without the locale. */
#ifndef CB_TEXTBUF_H
#define CB_TEXTBUF_H

#include <stddef.h>
#include <stdint.h>

typedef struct cb_textbuf {
    char *out; /* [borrowed until the buffer is no longer used]; always NUL-terminated */
    size_t size;
    size_t used;
} cb_textbuf;

/** out holds size > 0 bytes; becomes the empty text. */
cb_textbuf cb_textbuf_over(char *out, size_t size);
void cb_textbuf_add(cb_textbuf *text, const char *words);
void cb_textbuf_add_u64(cb_textbuf *text, uint64_t value);
void cb_textbuf_add_i64(cb_textbuf *text, int64_t value);
/** A fixed-point value as its shortest exact decimal. */
void cb_textbuf_add_e8(cb_textbuf *text, int64_t value_e8);
/** RFC 3339 in UTC with milliseconds, or the bare number when it is no plausible market time. */
void cb_textbuf_add_time(cb_textbuf *text, int64_t ts_ns);

#endif /* CB_TEXTBUF_H */
