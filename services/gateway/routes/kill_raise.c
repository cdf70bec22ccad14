/* POST /v1/kill: raise the kill level of a scope. */
#include "services/gateway/kill.h"

static void handle(gateway_call *call)
{
    gateway_kill(call);
}

const gateway_route gateway_route_kill_raise = {
    "POST", "/v1/kill", "raise the kill level of a scope", handle};
