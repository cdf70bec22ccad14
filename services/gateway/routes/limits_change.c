/* POST /v1/limits: set or remove a limit, approve or deny a change. */
#include "services/gateway/limits.h"

static void handle(gateway_call *call)
{
    gateway_limits_change(call);
}

const gateway_route gateway_route_limits_change = {
    "POST", "/v1/limits", "set or remove a limit, approve or deny a change", handle};
