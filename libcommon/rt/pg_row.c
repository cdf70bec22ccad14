/* Reading the columns of an answer's row. Values come in text format from our own statements, so
 * a value of the wrong shape is corruption of data or a mistake in the SQL, and is refused by
 * cb_row_body; the single accessors read what they can and are used on columns of known type.
 * Filling whole bodies is in pg_body.c. */
#include "rt/pg_internal.h"

#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

bool cb_row_is_null(const cb_row *row, int column)
{
    CB_ASSERT(column >= 0 && column < PQnfields(row->result));
    return PQgetisnull(row->result, row->row, column) != 0;
}

const char *cb_row_text(const cb_row *row, int column)
{
    CB_ASSERT(column >= 0 && column < PQnfields(row->result));
    return PQgetvalue(row->result, row->row, column); /* "" for NULL */
}

int64_t cb_row_i64(const cb_row *row, int column)
{
    const char *text = cb_row_text(row, column);
    const bool is_negative = text[0] == '-';
    uint64_t magnitude = 0;
    if (!cb_u64_parse(
            cb_sv_from(text + (is_negative ? 1 : 0)), (uint64_t)INT64_MAX + 1, &magnitude)) {
        return 0;
    }
    if (is_negative) {
        return magnitude == (uint64_t)INT64_MAX + 1 ? INT64_MIN : -(int64_t)magnitude;
    }
    return magnitude > (uint64_t)INT64_MAX ? 0 : (int64_t)magnitude;
}

bool cb_row_bool(const cb_row *row, int column)
{
    return cb_row_text(row, column)[0] == 't';
}

cb_id cb_row_id(const cb_row *row, int column)
{
    const char *text = cb_row_text(row, column);
    cb_id id = {0, 0};
    if (text[0] != '\0' && cb_id_parse(text, strlen(text), &id, NULL) != CB_OK) {
        id = (cb_id){0, 0};
    }
    return id;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t cb_row_bytes(const cb_row *row, int column, uint8_t *out, size_t capacity)
{
    const char *text = cb_row_text(row, column);
    if (text[0] != '\\' || text[1] != 'x') {
        return 0;
    }
    const size_t size = strlen(text + 2) / 2;
    if (size > capacity) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        const int high = hex_digit(text[2 + 2 * i]);
        const int low = hex_digit(text[3 + 2 * i]);
        CB_ASSERT(high >= 0 && low >= 0); /* bytea_output = hex is set at connect */
        out[i] = (uint8_t)(high * 16 + low);
    }
    return size;
}
