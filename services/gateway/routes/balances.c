/* GET /v1/balances: balances by the ledger */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "balances");
}

const gateway_route gateway_route_balances = {
    "GET", "/v1/balances", "balances by the ledger", handle};
