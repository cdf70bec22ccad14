/* Random bodies of described structs, for tests of everything that is driven by field tables. */
#ifndef CB_TESTING_RANDOM_BODY_H
#define CB_TESTING_RANDOM_BODY_H

#include "base/prng.h"
#include "domain/messages.h"

/**
 * Fills body (desc->size bytes) with random valid values: zero, extreme and ordinary ones, texts
 * with characters of one to four bytes up to the full length, lists from empty to full. The same
 * seed gives the same body; unused bytes are zero.
 */
void cb_testing_random_body(cb_prng *prng, const cb_desc *desc, void *body);

/** Writes a random valid UTF-8 text of at most capacity - 1 bytes and clears the rest. */
void cb_testing_random_text(cb_prng *prng, char *out, uint32_t capacity);

/** A random 64-bit value: often 0, small, or at a limit. */
uint64_t cb_testing_random_u64(cb_prng *prng);

#endif /* CB_TESTING_RANDOM_BODY_H */
