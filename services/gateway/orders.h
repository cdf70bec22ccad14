/* Asking for orders, and for something to be done with one: shared by the order routes. */
#ifndef CB_GATEWAY_ORDERS_H
#define CB_GATEWAY_ORDERS_H

#include "services/gateway/gateway.h"

/** POST: reads the body into an intent under the id that the Idempotency-Key gives, and asks risk.
 */
void gateway_order_place(gateway_call *call);
/** DELETE and PUT of one order: a command about it. */
void gateway_order_command(gateway_call *call, cb_command kind, cb_qty qty);
/** The exact decimal text at key, 0 when it is absent; false (and a 400 sent) when it is none. */
bool gateway_order_decimal(
    gateway_call *call, const json_t *body, const char *key, int64_t *out_e8);

#endif /* CB_GATEWAY_ORDERS_H */
