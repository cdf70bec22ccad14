/* PUT /v1/orders/{id}: amend an order to a smaller quantity. */
#include "services/gateway/orders.h"

static void handle(gateway_call *call)
{
    cb_qty qty = {0};
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body) || json_object_get(body, "qty") == NULL) {
        json_decref(body);
        gateway_reply_problem(call, 400, "bad-json", "a JSON object with qty is wanted");
        return;
    }
    const bool is_read = gateway_order_decimal(call, body, "qty", &qty.e8);
    json_decref(body);
    if (is_read) {
        gateway_order_command(call, CB_COMMAND_AMEND, qty);
    }
}

const gateway_route gateway_route_order_amend = {
    "PUT", "/v1/orders/{id}", "amend an order to a smaller quantity", handle};
