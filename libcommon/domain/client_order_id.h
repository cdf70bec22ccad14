/* The name an order has at the venue: made from the intent, so that after any crash the same intent
 * can only ever be asked for under the same name. */
#ifndef CB_CLIENT_ORDER_ID_H
#define CB_CLIENT_ORDER_ID_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

/**
 * Keyed BLAKE2b-128 of (account, venue, intent_id) in UUID form, 36 characters.
 *
 * @param key [borrowed] at most 64 bytes; size 0 for none. It must never change for an account:
 *        with another key the same intent would get another name.
 */
void cb_client_order_id(const uint8_t *key,
    size_t key_size,
    const char *account,
    const char *venue,
    cb_id intent_id,
    char out[CB_ID_TEXT_MAX]);

#endif /* CB_CLIENT_ORDER_ID_H */
