/* GET /v1/differences: where the ledger and the venue disagree */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "differences");
}

const gateway_route gateway_route_differences = {
    "GET", "/v1/differences", "where the ledger and the venue disagree", handle};
