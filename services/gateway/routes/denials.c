/* GET /v1/denials: intents that risk refused, with rule, value and limit */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "denials");
}

const gateway_route gateway_route_denials = {
    "GET", "/v1/denials", "intents that risk refused, with rule, value and limit", handle};
