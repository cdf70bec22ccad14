/* POST /v1/unkill/approve/{id}: the second person agrees to a lowering. */
#include "services/gateway/kill.h"

static void handle(gateway_call *call)
{
    gateway_unkill_decide(call, CB_UNKILL_ACTION_APPROVE);
}

const gateway_route gateway_route_unkill_approve = {
    "POST", "/v1/unkill/approve/{id}", "approve another person's request to lower", handle};
