/* GET /v1/dead_letters/{service}: messages that a service could not work on. */
#include <string.h>

#include "services/gateway/gateway.h"

static void handle(gateway_call *call)
{
    char service[GATEWAY_PARAM_MAX];
    (void)cb_text_copy(service, sizeof service, cb_sv_from(call->tail));
    call->tail[0] = '\0'; /* it is not the letter's id */
    for (size_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        if (strcmp(gateway_services[i], service) == 0) {
            gateway_forward(call, gateway_services[i], "dead_letters");
            return;
        }
    }
    gateway_reply_problem(call, 404, "unknown-service", "there is no service '%s'", service);
}

const gateway_route gateway_route_dead_letters = {
    "GET", "/v1/dead_letters/{service}", "messages that a service could not work on", handle};
