/* GET /v1/subaccounts: what each strategy holds and earned of the account. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "risk", "subaccounts");
}

const gateway_route gateway_route_subaccounts = {
    "GET", "/v1/subaccounts", "what each strategy holds and earned of the account", handle};
