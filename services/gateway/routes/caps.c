/* GET /v1/caps: execution's hard caps: those in force and those before. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "execution", "caps");
}

const gateway_route gateway_route_caps = {
    "GET", "/v1/caps", "execution's hard caps: those in force and those before", handle};
