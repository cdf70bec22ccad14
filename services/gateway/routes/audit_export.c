/* GET /v1/audit/export: records in order, after a number. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "audit", "export");
}

const gateway_route gateway_route_audit_export = {
    "GET", "/v1/audit/export", "records in order, after a number", handle};
