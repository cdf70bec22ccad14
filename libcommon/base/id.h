/* 128-bit identifiers. They are functions of where and in which order something was made,
 * never of chance or of a clock, so that the same input yields the same ids. */
#ifndef CB_ID_H
#define CB_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CB_ID_TEXT_MAX 37 /* UUID form and NUL */

typedef struct cb_id {
    uint64_t hi;
    uint64_t lo;
} cb_id; /* all zero means "none" */

bool cb_id_is_none(cb_id id);
bool cb_id_equal(cb_id a, cb_id b);

/**
 * Id number seq of a source in an epoch: hi mixes the source's name and the epoch, lo is seq.
 *
 * @param source [borrowed] stable name, such as a full bus subject or "signals.intent".
 */
cb_id cb_id_make(const char *source, uint64_t epoch, uint64_t seq);

/** Writes 8-4-4-4-12 lower-case hex. */
void cb_id_print(cb_id id, char out[CB_ID_TEXT_MAX]);

/** Accepts the UUID form or 32 hex digits. CB_E_SYNTAX otherwise. */
CB_MUST_USE cb_status cb_id_parse(const char *text, size_t size, cb_id *out, cb_err *err);

/** Big-endian 16 bytes, the wire form. */
void cb_id_to_bytes(cb_id id, uint8_t out[16]);
cb_id cb_id_from_bytes(const uint8_t bytes[16]);

#endif /* CB_ID_H */
