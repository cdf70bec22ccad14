/* GET /v1/limits/versions: versions of the limits: since when, by whom, why. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "limit_versions");
}

const gateway_route gateway_route_limits_versions = {
    "GET", "/v1/limits/versions", "versions of the limits: since when, by whom, why", handle};
