/* Query and form text (key=value&…), percent-encoded into a bounded buffer. Pure. */
#ifndef CB_FORM_H
#define CB_FORM_H

#include "base/money.h"
#include "base/strview.h"

typedef struct cb_form {
    char *out; /* [borrowed] NUL-terminated after each call */
    size_t out_size;
    size_t used;
    bool is_full; /* something did not fit; the text is then useless */
} cb_form;

void cb_form_init(cb_form *form, char *out, size_t out_size);
/** Adds key=value; value is percent-encoded byte by byte except A-Z a-z 0-9 - _ . ~ (RFC 3986). */
void cb_form_add(cb_form *form, const char *key, cb_strview value);
void cb_form_text(cb_form *form, const char *key, const char *value);
void cb_form_u64(cb_form *form, const char *key, uint64_t value);
/** Shortest exact decimal, such as 0.002. */
void cb_form_decimal(cb_form *form, const char *key, int64_t value_e8);

/** Appends NUL-terminated text as it is; false, and out unchanged, when it does not fit. */
bool cb_text_append(char *out, size_t out_size, size_t *used, const char *text);
/** Decimal digits of value and NUL; returns their number (at most 20). */
size_t cb_u64_print(uint64_t value, char out[21]);

#endif /* CB_FORM_H */
