/* GET /v1/ledger: ledger entries, newest first */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "ledger");
}

const gateway_route gateway_route_ledger = {
    "GET", "/v1/ledger", "ledger entries, newest first", handle};
