/* Builds query and form text. Everything is encoded before it is signed, as Binance demands since
 * 2026-01-15, so what is signed is what is sent. */
#include "venue/form.h"

#include <string.h>

#include "base/assert.h"

bool cb_text_append(char *out, size_t out_size, size_t *used, const char *text)
{
    CB_ASSERT(out != NULL && text != NULL);
    CB_ASSERT(*used < out_size);
    const size_t size = strlen(text);
    if (size >= out_size - *used) {
        return false;
    }
    memcpy(out + *used, text, size + 1);
    *used += size;
    return true;
}

size_t cb_u64_print(uint64_t value, char out[21])
{
    CB_ASSERT(out != NULL);
    char reversed[20];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10U));
        value /= 10U;
    } while (value != 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    out[count] = '\0';
    return count;
}

void cb_form_init(cb_form *form, char *out, size_t out_size)
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(out_size > 0);
    *form = (cb_form){.out = out, .out_size = out_size};
    out[0] = '\0';
}

static void put(cb_form *form, char byte)
{
    if (form->used + 1 >= form->out_size) {
        form->is_full = true;
        return;
    }
    form->out[form->used++] = byte;
    form->out[form->used] = '\0';
}

static bool is_unreserved(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' || byte == '~';
}

void cb_form_add(cb_form *form, const char *key, cb_strview value)
{
    CB_ASSERT(key != NULL);
    CB_ASSERT(form->out != NULL);
    static const char hex[] = "0123456789ABCDEF";
    if (form->used > 0) {
        put(form, '&');
    }
    for (const char *at = key; *at != '\0'; at++) {
        put(form, *at);
    }
    put(form, '=');
    for (size_t i = 0; i < value.size; i++) {
        const char byte = value.at[i];
        if (is_unreserved(byte)) {
            put(form, byte);
            continue;
        }
        put(form, '%');
        put(form, hex[(uint8_t)byte >> 4]);
        put(form, hex[(uint8_t)byte & 0x0FU]);
    }
}

void cb_form_text(cb_form *form, const char *key, const char *value)
{
    cb_form_add(form, key, cb_sv_from(value));
}

void cb_form_u64(cb_form *form, const char *key, uint64_t value)
{
    char text[21];
    const size_t size = cb_u64_print(value, text);
    cb_form_add(form, key, (cb_strview){.at = text, .size = size});
}

void cb_form_decimal(cb_form *form, const char *key, int64_t value_e8)
{
    char text[CB_DECIMAL_TEXT_MAX];
    const size_t size = cb_decimal_print(value_e8, text);
    cb_form_add(form, key, (cb_strview){.at = text, .size = size});
}
