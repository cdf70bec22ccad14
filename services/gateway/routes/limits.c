/* GET /v1/limits: risk limits in force */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "limits");
}

const gateway_route gateway_route_limits = {"GET", "/v1/limits", "risk limits in force", handle};
