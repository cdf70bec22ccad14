/* GET /v1/limits/book: the limit book with what is used of it. */
#include "services/gateway/limits.h"

static void handle(gateway_call *call)
{
    gateway_limits_list(call);
}

const gateway_route gateway_route_limits_book = {
    "GET", "/v1/limits/book", "the limit book with what is used of it", handle};
