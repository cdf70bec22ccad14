/* DELETE /v1/orders/{id}: cancel an order or its group; ?kind=exit closes what the group holds. */
#include <string.h>

#include "services/gateway/orders.h"

static void handle(gateway_call *call)
{
    char kind[16];
    if (!gateway_param(call, "kind", kind, sizeof kind)) {
        return;
    }
    if (kind[0] != '\0' && strcmp(kind, "cancel") != 0 && strcmp(kind, "exit") != 0) {
        gateway_reply_problem(call, 400, "bad-parameter", "kind: cancel or exit");
        return;
    }
    const bool is_exit = strcmp(kind, "exit") == 0;
    gateway_order_command(call, is_exit ? CB_COMMAND_EXIT : CB_COMMAND_CANCEL, (cb_qty){0});
}

const gateway_route gateway_route_order_cancel = {
    "DELETE", "/v1/orders/{id}", "cancel an order or its group; kind=exit closes it", handle};
