/* GET /v1/candles: validated candles */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "validator", "candles");
}

const gateway_route gateway_route_candles = {"GET", "/v1/candles", "validated candles", handle};
