/* GET /v1/audit: records newest first, of the audit chain. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "audit", "records");
}

const gateway_route gateway_route_audit = {
    "GET", "/v1/audit", "records newest first, of the audit chain", handle};
