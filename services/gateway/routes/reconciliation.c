/* GET /v1/reconciliation: differences found and mended at the venue */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "reconciliation");
}

const gateway_route gateway_route_reconciliation = {
    "GET", "/v1/reconciliation", "differences found and mended at the venue", handle};
