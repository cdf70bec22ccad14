/* A borrowed run of bytes, and bounded text helpers. */
#ifndef CB_STRVIEW_H
#define CB_STRVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cb_strview {
    const char *at; /* [borrowed]; need not be NUL-terminated */
    size_t size;
} cb_strview;

#define CB_SV(literal) ((cb_strview){(literal), sizeof(literal) - 1})

cb_strview cb_sv_from(const char *text); /* NULL gives an empty view */
bool cb_sv_equal(cb_strview a, cb_strview b);
bool cb_sv_is(cb_strview a, const char *text);
bool cb_sv_starts_with(cb_strview a, const char *prefix);

/**
 * Copies text into out and ends it with NUL. False, and out empty, when it does not fit:
 * a symbol or an id is never cut.
 */
bool cb_text_copy(char *out, size_t out_size, cb_strview text);
/** True when both NUL-terminated texts are equal. */
bool cb_text_equal(const char *a, const char *b);

/** True for well-formed UTF-8 without NUL: no overlong forms, surrogates or values above U+10FFFF.
 */
bool cb_utf8_is_valid(cb_strview text);
/**
 * Replaces each byte that is not part of well-formed UTF-8 by '?'. For text of others (a venue's
 * error message, perhaps cut in the middle of a character) before it goes into a message.
 *
 * @param text NUL-terminated, changed in place.
 */
void cb_text_clean(char *text);

/** Strict unsigned decimal integer; false on anything else, or above max. */
bool cb_u64_parse(cb_strview text, uint64_t max, uint64_t *out);

#endif /* CB_STRVIEW_H */
