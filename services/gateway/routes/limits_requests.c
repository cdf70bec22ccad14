/* GET /v1/limits/requests: changes that wait for, or had, a second person. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "change_requests");
}

const gateway_route gateway_route_limits_requests = {
    "GET", "/v1/limits/requests", "changes that wait for, or had, a second person", handle};
