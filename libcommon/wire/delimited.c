/* Length-delimited messages over wire/codec. Lengths take at most four bytes (2^28 - 1), more than
 * any message of the bus. */
#include "wire/delimited.h"

#include <string.h>

#include "base/assert.h"
#include "wire/codec.h"

#define LENGTH_BYTES_MAX 4U

static size_t put_length(uint8_t out[LENGTH_BYTES_MAX], size_t length)
{
    size_t used = 0;
    CB_ASSERT(length < (size_t)1 << 7U * LENGTH_BYTES_MAX);
    do {
        const uint8_t more = length >= 0x80U ? 0x80U : 0U;
        out[used++] = (uint8_t)((length & 0x7fU) | more);
        length >>= 7U;
    } while (length != 0);
    return used;
}

cb_status cb_delimited_put(
    const cb_desc *desc, const void *body, uint8_t *out, size_t capacity, size_t *used, cb_err *err)
{
    CB_ASSERT(*used <= capacity);
    const size_t room = capacity - *used;
    if (room < LENGTH_BYTES_MAX) {
        return CB_FAIL(err, CB_E_FULL, "no room for another %s", desc->name);
    }
    /* Encoded after the largest length; moved up when the length is shorter. */
    uint8_t *at = out + *used;
    size_t size = 0;
    const cb_status status =
        cb_encode(desc, body, at + LENGTH_BYTES_MAX, room - LENGTH_BYTES_MAX, &size, err);
    if (status != CB_OK) {
        return status;
    }
    const size_t length_size = put_length(at, size);
    memmove(at + length_size, at + LENGTH_BYTES_MAX, size);
    *used += length_size + size;
    CB_ASSERT(*used <= capacity);
    return CB_OK;
}

cb_status cb_delimited_next(
    const cb_desc *desc, const uint8_t *bytes, size_t size, size_t *at, void *body, cb_err *err)
{
    CB_ASSERT(*at <= size);
    if (*at == size) {
        return CB_E_NOT_FOUND;
    }
    size_t length = 0;
    size_t position = *at;
    uint8_t byte = 0x80U;
    for (uint32_t i = 0; (byte & 0x80U) != 0; i++) {
        if (i == LENGTH_BYTES_MAX || position == size) {
            return CB_FAIL(err, CB_E_CORRUPT, "a length is cut at byte %zu", position);
        }
        byte = bytes[position++];
        length |= (size_t)(byte & 0x7fU) << 7U * i;
    }
    if (length > size - position) {
        return CB_FAIL(err, CB_E_CORRUPT, "a %s of %zu bytes is cut", desc->name, length);
    }
    const cb_status status = cb_decode(desc, bytes + position, length, body, err);
    if (status == CB_OK) {
        *at = position + length;
    }
    return status;
}
