/* Hash of a described body: the same on every machine, blind to padding and pointers. The building
 * block of the cores' state hashes. */
#ifndef CB_BODYHASH_H
#define CB_BODYHASH_H

#include "domain/fields.h"

/** Adds every field of body (desc->size bytes) to hash; text counts up to its NUL. */
uint64_t cb_body_hash(uint64_t hash, const cb_desc *desc, const void *body);

#endif /* CB_BODYHASH_H */
