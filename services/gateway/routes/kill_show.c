/* GET /v1/kill: kill levels in force */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "kill");
}

const gateway_route gateway_route_kill_show = {"GET", "/v1/kill", "kill levels in force", handle};
