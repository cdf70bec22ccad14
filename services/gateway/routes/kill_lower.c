/* DELETE /v1/kill: lower the kill level of a scope. */
#include "services/gateway/kill.h"

static void handle(gateway_call *call)
{
    gateway_kill(call, GATEWAY_KILL_LOWER);
}

const gateway_route gateway_route_kill_lower = {
    "DELETE", "/v1/kill", "lower the kill level of a scope", handle};
