/* GET /v1/quarantine: market messages that were refused */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "validator", "quarantine");
}

const gateway_route gateway_route_quarantine = {
    "GET", "/v1/quarantine", "market messages that were refused", handle};
