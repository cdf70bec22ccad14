/* Protobuf wire format for flat structs described by domain/fields.h: strict, bounded, without
 * allocation. Unknown fields are skipped (newer producers), everything else that is wrong is
 * refused with the field's name. Zero values are left out, as proto3 does. */
#ifndef CB_CODEC_H
#define CB_CODEC_H

#include "domain/messages.h"

/**
 * Refuses what cb_decode would refuse, so that a bad text is found at its producer: text of
 * others goes through cb_text_clean first.
 *
 * @param out [borrowed] room for capacity bytes.
 * @return CB_OK and *size; CB_E_FULL; CB_E_CORRUPT for text that is not UTF-8 or a double that is
 *         not finite; CB_E_RANGE for an enum value without a name.
 */
CB_MUST_USE cb_status cb_encode(const cb_desc *desc,
    const void *body,
    uint8_t *out,
    size_t capacity,
    size_t *size,
    cb_err *err);

/**
 * Decodes into body (desc->size bytes, zeroed first). Refuses: truncation, wrong wire type, text
 * that is not UTF-8 or does not fit, enum values out of range, ids of other lengths, too many
 * items, NaN or infinite doubles.
 *
 * @return CB_OK, CB_E_CORRUPT, CB_E_RANGE or CB_E_FULL.
 */
CB_MUST_USE cb_status cb_decode(
    const cb_desc *desc, const uint8_t *bytes, size_t size, void *body, cb_err *err);

/** JSON object of a body: money as exact decimal strings, ids as UUIDs, enums as names, times as
 *  RFC 3339 strings with 9 decimals under their name; null for an id or time that is 0. Returns the
 *  length, or 0 when it does not fit. */
size_t cb_body_to_json(const cb_desc *desc, const void *body, char *out, size_t capacity);

/** JSON array of one repeated field (CB_KIND_REP) of a body; otherwise as cb_body_to_json. */
size_t cb_items_to_json(const cb_field *field, const void *body, char *out, size_t capacity);

#endif /* CB_CODEC_H */
