/* Canonical bytes of a beat and their MAC. */
#include "domain/guardbeat.h"

#include <string.h>

#include "base/assert.h"
#include "domain/canonical.h"

#define BEAT_TAG "cerberus.guardbeat.v1"

void cb_guardbeat_mac(
    const cb_guard_beat *beat, const uint8_t *key, size_t key_size, uint8_t out[CB_SHA256_SIZE])
{
    CB_ASSERT(beat != NULL && out != NULL);
    CB_ASSERT(key != NULL && key_size >= CB_GUARDBEAT_KEY_SIZE_MIN);
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_text(&bytes, BEAT_TAG);
    cb_canonical_put_text(&bytes, beat->account);
    cb_canonical_put_text(&bytes, beat->venue);
    cb_canonical_put_u64(&bytes, beat->lease_epoch);
    cb_canonical_put_u64(&bytes, beat->number);
    cb_canonical_put_i64(&bytes, beat->at_ns);
    cb_canonical_put_u32(&bytes, beat->kill_level);
    cb_canonical_put_u32(&bytes, beat->orders_count);
    cb_hmac_sha256(key, key_size, bytes.bytes, bytes.size, out);
}

void cb_guardbeat_sign(cb_guard_beat *beat, const uint8_t *key, size_t key_size)
{
    CB_ASSERT(beat != NULL);
    CB_ASSERT(beat->number > 0);
    cb_guardbeat_mac(beat, key, key_size, beat->mac);
}

bool cb_guardbeat_verify(const cb_guard_beat *beat, const uint8_t *key, size_t key_size)
{
    CB_ASSERT(beat != NULL);
    uint8_t mac[CB_SHA256_SIZE];
    cb_guardbeat_mac(beat, key, key_size, mac);
    const bool is_right = cb_mac_equal(mac, beat->mac, sizeof(mac));
    CB_ASSERT(sizeof(mac) == sizeof(beat->mac));
    cb_wipe(mac, sizeof(mac));
    return is_right;
}
