/* GET /v1/portfolio: equity, cash, exposure, profit, drawdown */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    gateway_forward(call, "portfolio", "portfolio");
}

const gateway_route gateway_route_portfolio = {
    "GET", "/v1/portfolio", "equity, cash, exposure, profit, drawdown", handle};
