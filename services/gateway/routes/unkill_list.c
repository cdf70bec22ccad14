/* GET /v1/unkill: requests to lower the kill level, newest first. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "unkills");
}

const gateway_route gateway_route_unkill_list = {
    "GET", "/v1/unkill", "requests to lower a kill level (id = a status, or a request)", handle};
