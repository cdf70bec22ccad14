/* GET /v1/rules: versions of rules that were put to work; with ?id=FILE its newest, with the text
 */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "signals", "rules");
}

const gateway_route gateway_route_rules = {
    "GET", "/v1/rules", "versions of rules that were put to work", handle};
