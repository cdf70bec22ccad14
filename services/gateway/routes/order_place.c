/* POST /v1/orders: ask for an order. */
#include "services/gateway/orders.h"

static void handle(gateway_call *call)
{
    gateway_order_place(call);
}

const gateway_route gateway_route_order_place = {
    "POST", "/v1/orders", "ask for an order; needs an Idempotency-Key", handle};
