/* POST /v1/unkill: ask for a kill level to be lowered. */
#include "services/gateway/kill.h"

static void handle(gateway_call *call)
{
    gateway_unkill_request(call);
}

const gateway_route gateway_route_unkill_request = {
    "POST", "/v1/unkill", "ask for a kill level to be lowered", handle};
