/* From a request to its route: authorisation first, then path and method. */
#include <stdio.h>
#include <string.h>

#include "services/gateway/gateway.h"

const gateway_route *const gateway_routes[] = {
#define ROUTE(name) &gateway_route_##name,
#include "services/gateway/routes.def"
#undef ROUTE
};
const size_t gateway_routes_count = sizeof gateway_routes / sizeof gateway_routes[0];
const char *const gateway_services[GATEWAY_SERVICES_COUNT] = {
    "collector", "validator", "signals", "risk", "execution", "portfolio"};

/* True when path fits the route; a parameter at the end goes to tail. */
static bool path_fits(const char *pattern, const char *path, char tail[GATEWAY_PARAM_MAX])
{
    const char *brace = strchr(pattern, '{');
    tail[0] = '\0';
    if (brace == NULL) {
        return strcmp(pattern, path) == 0;
    }
    const size_t fixed = (size_t)(brace - pattern);
    if (strncmp(pattern, path, fixed) != 0 || path[fixed] == '\0' ||
        strchr(path + fixed, '/') != NULL) {
        return false;
    }
    return cb_text_copy(tail, GATEWAY_PARAM_MAX, cb_sv_from(path + fixed));
}

static gateway_call *call_create(
    gateway *self, cb_exchange *exchange, const cb_server_request *request)
{
    gateway_call *call = calloc(1, sizeof *call);
    char *body = calloc(1, request->body_size + 1);
    if (call == NULL || body == NULL) {
        free(call);
        free(body);
        return NULL;
    }
    memcpy(body, request->body, request->body_size);
    call->gateway = self;
    call->exchange = exchange;
    call->body = body;
    call->body_size = request->body_size;
    call->began_mono_ns = cb_mono_ns();
    self->requests_count++;
    self->calls_open++;
    cb_id_print(cb_id_make("gateway.request", cb_shell_epoch(self->shell), self->requests_count),
        call->request_id);
    (void)cb_text_copy(call->method, sizeof call->method, cb_sv_from(request->method));
    return call;
}

static void route_call(gateway_call *call)
{
    char tail[GATEWAY_PARAM_MAX];
    bool is_path_known = false;
    for (size_t i = 0; i < gateway_routes_count; i++) {
        const gateway_route *route = gateway_routes[i];
        if (!path_fits(route->path, call->path, tail)) {
            continue;
        }
        is_path_known = true;
        if (strcmp(route->method, call->method) == 0) {
            memcpy(call->tail, tail, sizeof tail);
            route->handle(call);
            return;
        }
    }
    if (is_path_known) {
        gateway_reply_problem(
            call, 405, "method-not-allowed", "%s is not offered at %s", call->method, call->path);
    } else {
        gateway_reply_problem(
            call, 404, "unknown-route", "there is no %s; GET /v1 lists what there is", call->path);
    }
}

void gateway_on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    gateway *self = context;
    gateway_call *call = call_create(self, exchange, request);
    if (call == NULL) {
        cb_exchange_reply(exchange, 503, "application/problem+json", "{\"status\":503}", 14);
        return;
    }
    const char *authorization = cb_exchange_header(exchange, "authorization");
    if (!gateway_authorise(self, authorization, &call->actor)) {
        cb_exchange_set_header(exchange, "WWW-Authenticate", "Bearer");
        gateway_reply_problem(call,
            401,
            "not-authorised",
            authorization[0] == '\0' ? "the Authorization header is missing"
                                     : "the bearer token is not the one in gateway.token");
        return;
    }
    if (!cb_text_copy(call->path, sizeof call->path, cb_sv_from(request->path)) ||
        !cb_text_copy(call->query, sizeof call->query, cb_sv_from(request->query))) {
        gateway_reply_problem(call, 414, "too-long", "the path or the query is too long");
        return;
    }
    route_call(call);
}
