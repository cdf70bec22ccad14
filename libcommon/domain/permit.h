/* What binds a permit to one order: the canonical hash of its terms, and the MAC by which execution
 * knows that risk granted exactly this. Single use and expiry are checked by execution's core. */
#ifndef CB_PERMIT_H
#define CB_PERMIT_H

#include "base/mac.h"
#include "domain/messages.h"

#define CB_PERMIT_KEY_SIZE_MIN 16

/** SHA-256 over the canonical bytes of all order terms (everything that decides what is sent to
 *  the venue, for whom, why and until when). */
void cb_permit_order_hash(const cb_permit *permit, uint8_t out[CB_SHA256_SIZE]);

/** HMAC-SHA-256 over permit_id, order_hash, expires_ns, limits_version and caps_hash (96 bytes,
 *  big-endian). */
void cb_permit_mac(
    const cb_permit *permit, const uint8_t *key, size_t key_size, uint8_t out[CB_SHA256_SIZE]);

/** Fills order_hash and mac from the other fields. */
void cb_permit_sign(cb_permit *permit, const uint8_t *key, size_t key_size);

/** True when order_hash is the hash of the terms and mac is right; in constant time. Expiry and
 *  single use are the caller's. */
bool cb_permit_verify(const cb_permit *permit, const uint8_t *key, size_t key_size);

#endif /* CB_PERMIT_H */
