/* DELETE /v1/unkill/{id}: a request to lower is given up. */
#include "services/gateway/kill.h"

static void handle(gateway_call *call)
{
    gateway_unkill_decide(call, CB_UNKILL_ACTION_WITHDRAW);
}

const gateway_route gateway_route_unkill_withdraw = {
    "DELETE", "/v1/unkill/{id}", "withdraw a request to lower", handle};
