/* Statement parameters in PostgreSQL's text format, packed into one caller-owned block. Text is
 * what PostgreSQL parses fastest for small rows and what keeps numbers exact without type oids. */
#include "rt/pg.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mac.h"

void cb_params_reset(cb_params *params)
{
    params->count = 0;
    params->used = 0;
}

/* Room for size bytes of text as the next value. */
static char *params_next(cb_params *params, size_t size)
{
    CB_ASSERT(params->count < CB_PARAMS_MAX);
    CB_ASSERT(size <= CB_PARAMS_TEXT_MAX - params->used);
    char *at = params->text + params->used;
    params->values[params->count++] = at;
    params->used += (uint32_t)size;
    return at;
}

void cb_params_u64(cb_params *params, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + (char)(value % 10));
        value /= 10;
    } while (value != 0);
    char *at = params_next(params, count + 1);
    for (size_t i = 0; i < count; i++) {
        at[i] = digits[count - 1 - i];
    }
    at[count] = '\0';
}

void cb_params_i64(cb_params *params, int64_t value)
{
    if (value >= 0) {
        cb_params_u64(params, (uint64_t)value);
        return;
    }
    char text[24];
    const int size = snprintf(text, sizeof(text), "%lld", (long long)value);
    memcpy(params_next(params, (size_t)size + 1), text, (size_t)size + 1);
}

void cb_params_bool(cb_params *params, bool value)
{
    memcpy(params_next(params, 2), value ? "t" : "f", 2);
}

void cb_params_text(cb_params *params, const char *text)
{
    const size_t size = strlen(text) + 1;
    memcpy(params_next(params, size), text, size);
}

void cb_params_id(cb_params *params, cb_id id)
{
    if (cb_id_is_none(id)) {
        cb_params_null(params);
        return;
    }
    char text[CB_ID_TEXT_MAX];
    cb_id_print(id, text);
    cb_params_text(params, text);
}

void cb_params_bytes(cb_params *params, const uint8_t *bytes, size_t size)
{
    char *at = params_next(params, 2 + 2 * size + 1);
    at[0] = '\\';
    at[1] = 'x';
    cb_hex_print(bytes, size, at + 2);
}

void cb_params_null(cb_params *params)
{
    CB_ASSERT(params->count < CB_PARAMS_MAX);
    params->values[params->count++] = NULL;
}
