/* GET /v1/audit/heads: signed heads of the audit chain. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "audit", "heads");
}

const gateway_route gateway_route_audit_heads = {
    "GET", "/v1/audit/heads", "signed heads of the audit chain", handle};
