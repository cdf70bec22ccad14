/* The signature of execution's beat for the guardian. Its key is theirs alone: a message of anybody
 * else cannot keep the guardian quiet. */
#ifndef CB_GUARDBEAT_H
#define CB_GUARDBEAT_H

#include "base/mac.h"
#include "domain/messages.h"

#define CB_GUARDBEAT_KEY_SIZE_MIN 16

/** HMAC-SHA-256 over every field but the envelope and mac itself. */
void cb_guardbeat_mac(
    const cb_guard_beat *beat, const uint8_t *key, size_t key_size, uint8_t out[CB_SHA256_SIZE]);
/** Fills mac. */
void cb_guardbeat_sign(cb_guard_beat *beat, const uint8_t *key, size_t key_size);
/** True when mac is right; in constant time. Freshness and order are the receiver's. */
bool cb_guardbeat_verify(const cb_guard_beat *beat, const uint8_t *key, size_t key_size);

#endif /* CB_GUARDBEAT_H */
