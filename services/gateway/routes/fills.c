/* GET /v1/fills: fills, newest first */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "fills");
}

const gateway_route gateway_route_fills = {"GET", "/v1/fills", "fills, newest first", handle};
