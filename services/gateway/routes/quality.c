/* GET /v1/quality: data-quality score per symbol */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "validator", "quality");
}

const gateway_route gateway_route_quality = {
    "GET", "/v1/quality", "data-quality score per symbol", handle};
