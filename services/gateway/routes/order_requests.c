/* GET /v1/requests: requests to the venue and their answers */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "requests");
}

const gateway_route gateway_route_order_requests = {
    "GET", "/v1/requests", "requests to the venue and their answers", handle};
