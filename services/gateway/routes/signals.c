/* GET /v1/signals: signals and what became of them */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "signals", "signals");
}

const gateway_route gateway_route_signals = {
    "GET", "/v1/signals", "signals and what became of them", handle};
