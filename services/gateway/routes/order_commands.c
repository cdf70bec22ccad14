/* GET /v1/order-commands: cancels, amends and exits, newest first */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "commands");
}

const gateway_route gateway_route_order_commands = {
    "GET", "/v1/order-commands", "commands about orders, newest first", handle};
