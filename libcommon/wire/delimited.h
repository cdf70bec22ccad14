/* Many messages in one run of bytes: each after its length as a varint, as protobuf's delimited
 * streams are. For answers that hold a list, such as stored candles. */
#ifndef CB_DELIMITED_H
#define CB_DELIMITED_H

#include "domain/fields.h"

/**
 * Appends one message at *used.
 *
 * @return CB_OK and *used moved; CB_E_FULL, and then *used is unchanged.
 */
CB_MUST_USE cb_status cb_delimited_put(const cb_desc *desc,
    const void *body,
    uint8_t *out,
    size_t capacity,
    size_t *used,
    cb_err *err);

/**
 * Reads the message at *at.
 *
 * @param body [out] desc->size bytes.
 * @return CB_OK and *at moved; CB_E_NOT_FOUND at the end; CB_E_CORRUPT and what cb_decode refuses.
 */
CB_MUST_USE cb_status cb_delimited_next(
    const cb_desc *desc, const uint8_t *bytes, size_t size, size_t *at, void *body, cb_err *err);

#endif /* CB_DELIMITED_H */
