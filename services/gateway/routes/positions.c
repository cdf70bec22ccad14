/* GET /v1/positions: open positions with average cost and profit */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "positions");
}

const gateway_route gateway_route_positions = {
    "GET", "/v1/positions", "open positions with average cost and profit", handle};
