/* GET /v1/kill/execution: what execution holds itself to, by source: the latch as told, what it
 * raised itself, the local flag page, conditions. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "kill");
}

const gateway_route gateway_route_kill_own = {
    "GET", "/v1/kill/execution", "kill levels that execution obeys, by source", handle};
