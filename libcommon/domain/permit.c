/* Permit hash and MAC. The order of the terms below is a contract between risk and execution:
 * a change needs a new version tag. */
#include "domain/permit.h"

#include "base/assert.h"
#include "domain/canonical.h"

#define ORDER_HASH_TAG "cerberus.order.v2"

static void put_who_and_where(cb_canonical *out, const cb_permit *permit)
{
    cb_canonical_put_id(out, permit->intent_id);
    cb_canonical_put_id(out, permit->signal_id);
    cb_canonical_put_text(out, permit->account);
    cb_canonical_put_text(out, permit->venue);
    cb_canonical_put_text(out, permit->symbol);
    cb_canonical_put_text(out, permit->strategy);
}

static void put_terms(cb_canonical *out, const cb_permit *permit)
{
    cb_canonical_put_u32(out, (uint32_t)permit->side);
    cb_canonical_put_u32(out, (uint32_t)permit->purpose);
    cb_canonical_put_u32(out, (uint32_t)permit->order_type);
    cb_canonical_put_u32(out, (uint32_t)permit->tif);
    cb_canonical_put_u8(out, permit->reduce_only ? 1 : 0);
    cb_canonical_put_i64(out, permit->qty.e8);
    cb_canonical_put_i64(out, permit->limit_price.e8);
    cb_canonical_put_i64(out, permit->reference_price.e8);
    cb_canonical_put_i64(out, permit->stop_loss.e8);
    cb_canonical_put_i64(out, permit->take_profit.e8);
    cb_canonical_put_i64(out, permit->data_ts_ns);
    cb_canonical_put_i64(out, permit->not_after_ns);
}

/* How it waits, what it belongs to, and its own bounds. */
static void put_conditions(cb_canonical *out, const cb_permit *permit)
{
    cb_canonical_put_i64(out, permit->trigger_price.e8);
    cb_canonical_put_u32(out, (uint32_t)permit->trigger_kind);
    cb_canonical_put_u32(out, permit->trailing_bips);
    cb_canonical_put_id(out, permit->group_id);
    cb_canonical_put_u32(out, (uint32_t)permit->role);
    cb_canonical_put_i64(out, permit->max_slippage.e8);
    cb_canonical_put_i64(out, permit->timeout_ns);
    cb_canonical_put_i64(out, permit->stop_limit.e8);
    cb_canonical_put_id(out, permit->replaces);
}

void cb_permit_order_hash(const cb_permit *permit, uint8_t out[CB_SHA256_SIZE])
{
    CB_ASSERT(permit != NULL);
    CB_ASSERT(out != NULL);
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_text(&bytes, ORDER_HASH_TAG);
    put_who_and_where(&bytes, permit);
    put_terms(&bytes, permit);
    put_conditions(&bytes, permit);
    cb_sha256(bytes.bytes, bytes.size, out);
}

void cb_permit_mac(
    const cb_permit *permit, const uint8_t *key, size_t key_size, uint8_t out[CB_SHA256_SIZE])
{
    CB_ASSERT(permit != NULL && out != NULL);
    CB_ASSERT(key != NULL && key_size >= CB_PERMIT_KEY_SIZE_MIN);
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_id(&bytes, permit->permit_id);
    cb_canonical_put_bytes(&bytes, permit->order_hash, sizeof(permit->order_hash));
    cb_canonical_put_i64(&bytes, permit->expires_ns);
    cb_canonical_put_u64(&bytes, permit->limits_version);
    cb_canonical_put_bytes(&bytes, permit->caps_hash, sizeof(permit->caps_hash));
    CB_ASSERT(bytes.size == 96);
    cb_hmac_sha256(key, key_size, bytes.bytes, bytes.size, out);
}

void cb_permit_sign(cb_permit *permit, const uint8_t *key, size_t key_size)
{
    CB_ASSERT(permit != NULL);
    CB_ASSERT(!cb_id_is_none(permit->permit_id));
    cb_permit_order_hash(permit, permit->order_hash);
    cb_permit_mac(permit, key, key_size, permit->mac);
}

bool cb_permit_verify(const cb_permit *permit, const uint8_t *key, size_t key_size)
{
    CB_ASSERT(permit != NULL);
    uint8_t hash[CB_SHA256_SIZE];
    uint8_t mac[CB_SHA256_SIZE];
    cb_permit_order_hash(permit, hash);
    cb_permit_mac(permit, key, key_size, mac);
    /* Both are always compared, so the time does not tell which one failed. */
    const bool is_hash_right = cb_mac_equal(hash, permit->order_hash, sizeof(hash));
    const bool is_mac_right = cb_mac_equal(mac, permit->mac, sizeof(mac));
    cb_wipe(mac, sizeof(mac));
    return is_hash_right && is_mac_right;
}
