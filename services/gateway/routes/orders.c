/* GET /v1/orders: orders, newest first */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "orders");
}

const gateway_route gateway_route_orders = {"GET", "/v1/orders", "orders, newest first", handle};
