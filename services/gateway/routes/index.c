/* GET /v1: the routes there are. */
#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < gateway_routes_count; i++) {
        const gateway_route *route = gateway_routes[i];
        (void)json_array_append_new(rows,
            json_pack("{s:s, s:s, s:s}",
                "method",
                route->method,
                "path",
                route->path,
                "summary",
                route->summary));
    }
    gateway_reply_json(call, 200, json_pack("{s:o}", "rows", rows));
}

const gateway_route gateway_route_index = {"GET", "/v1", "the routes there are", handle};
