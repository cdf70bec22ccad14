/* Client order ids. Uniqueness rests on the intent id; the key only keeps others from computing
 * our ids ahead of us. */
#include "domain/client_order_id.h"

#include "base/assert.h"
#include "base/mac.h"
#include "domain/canonical.h"

#define CLIENT_ORDER_ID_TAG "cerberus.client_order_id.v1"

void cb_client_order_id(const uint8_t *key,
    size_t key_size,
    const char *account,
    const char *venue,
    cb_id intent_id,
    char out[CB_ID_TEXT_MAX])
{
    CB_ASSERT(account != NULL && account[0] != '\0');
    CB_ASSERT(venue != NULL && venue[0] != '\0');
    CB_ASSERT(!cb_id_is_none(intent_id));
    cb_canonical bytes = {.size = 0};
    cb_canonical_put_text(&bytes, CLIENT_ORDER_ID_TAG);
    cb_canonical_put_text(&bytes, account);
    cb_canonical_put_text(&bytes, venue);
    cb_canonical_put_id(&bytes, intent_id);
    uint8_t hash[CB_BLAKE2B_128_SIZE];
    cb_blake2b_128(key, key_size, bytes.bytes, bytes.size, hash);
    cb_id_print(cb_id_from_bytes(hash), out);
}
