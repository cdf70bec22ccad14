/* Routing, authentication, limits: what every call passes before its handler, and how an HTTP
 * request becomes a call. Parameters come from query and form body; the signature covers both as
 * they were sent. */
#include "services/simulator/core/api/api.h"

#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/keys.h"

#define RECV_WINDOW_DEFAULT_NS (5000 * CB_NS_PER_MS)
#define RECV_WINDOW_MAX_E8 (INT64_C(60000) * CB_E8)
#define AHEAD_NS CB_NS_PER_S /* a timestamp may be this far in the future */
#define PAYLOAD_MAX 65536

void sim_api_init(sim_api *api, sim_core *sim, const sim_limits_config *limits)
{
    CB_ASSERT(limits->weight_per_minute > 0);
    CB_ASSERT(limits->orders_per_10s > 0);
    api->sim = sim;
    api->limits.config = *limits;
    api->window_factor = 1;
    api->ahead_factor = 1;
}

void sim_write_refusal(sim_json *out, const sim_refusal *refusal)
{
    sim_json_open(out, '{');
    sim_json_put_i64(out, "code", refusal->code);
    sim_json_put_text(out, "msg", refusal->text);
    sim_json_close(out, '}');
}

/* ---- authentication ---- */

static bool read_recv_window(sim_call *call, int64_t *out_ns)
{
    int64_t window_e8 = 0;
    bool is_given = false;
    if (!sim_params_e8(call->params, "recvWindow", &window_e8, &is_given, &call->refusal)) {
        return false;
    }
    if (!is_given) {
        *out_ns = RECV_WINDOW_DEFAULT_NS;
        return true;
    }
    if (window_e8 > RECV_WINDOW_MAX_E8) {
        return sim_refuse(&call->refusal, -1131, "recvWindow must be less than 60000.");
    }
    if (window_e8 % (CB_E8 / 1000) != 0) {
        return sim_params_refuse(
            &call->refusal, -1111, "Parameter '", "recvWindow", "' has too much precision.");
    }
    *out_ns = window_e8 / (CB_E8 / CB_NS_PER_MS);
    return true;
}

static bool check_time(sim_call *call)
{
    int64_t timestamp_ns = 0;
    int64_t window_ns = 0;
    bool is_given = false;
    if (!sim_params_time(call->params, "timestamp", &timestamp_ns, &is_given, &call->refusal) ||
        !read_recv_window(call, &window_ns)) {
        return false;
    }
    if (!is_given) {
        return sim_params_missing("timestamp", &call->refusal);
    }
    const int64_t factor = call->api->window_factor;
    const int64_t gate_ns = call->api->twist.gate_ns;
    const int64_t now_ns =
        gate_ns == 0 ? sim_venue_ns(call->sim) : gate_ns + call->sim->clock_offset_ns;
    if (timestamp_ns >= now_ns + AHEAD_NS * call->api->ahead_factor) {
        return sim_refuse(&call->refusal,
            -1021,
            "Timestamp for this request was 1000ms ahead of the server's time.");
    }
    if (now_ns - timestamp_ns > window_ns * factor) {
        return sim_refuse(
            &call->refusal, -1021, "Timestamp for this request is outside of the recvWindow.");
    }
    return true;
}

static bool is_key_format(const char *key)
{
    size_t size = 0;
    for (; key[size] != '\0'; size++) {
        const char c = key[size];
        const bool is_legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!is_legal) {
            return false;
        }
    }
    return size > 0 && size < SIM_KEY_SIZE;
}

bool sim_auth_check(sim_call *call,
    const char *api_key,
    const char *payload,
    size_t payload_size,
    const char *signature)
{
    call->status = 401;
    if (!is_key_format(api_key)) {
        return sim_refuse(&call->refusal, -2014, "API-key format invalid.");
    }
    sim_login login;
    if (!sim_find_login(call->sim, api_key, &login)) {
        return sim_refuse(&call->refusal, -2015, "Invalid API-key, IP, or permissions for action.");
    }
    call->status = 400;
    if (signature == NULL || signature[0] == '\0') {
        return sim_params_missing("signature", &call->refusal);
    }
    if (!sim_is_signed(login.secret, payload, payload_size, signature)) {
        return sim_refuse(&call->refusal, -1022, "Signature for this request is not valid.");
    }
    if (!check_time(call)) {
        return false;
    }
    call->account = login.account;
    call->rights = login.rights;
    return true;
}

/* ---- running ---- */

/* One of these rights is enough. */
static uint32_t rights_for(const sim_route *route)
{
    const bool is_cancel =
        strcmp(route->method, "DELETE") == 0 || route->handler == sim_call_deadman;
    if (is_cancel) {
        return SIM_MAY_TRADE | SIM_MAY_CANCEL;
    }
    return route->is_order ? SIM_MAY_TRADE : SIM_MAY_READ;
}

bool sim_call_run(sim_call *call, const sim_route *route, const char *client, sim_answer *answer)
{
    sim_limits *limits = &call->api->limits;
    const int64_t now_ns = call->sim->now_ns;
    const uint32_t weight =
        route->weight_of != NULL ? route->weight_of(call->params) : route->weight;
    answer->weight_used = sim_limits_add(limits, client, now_ns, weight);
    if (!sim_limits_check(
            limits, client, now_ns, &call->status, &answer->retry_after_s, &call->refusal)) {
        return false;
    }
    if (call->refusal.code != 0) {
        return false; /* authentication failed before; the weight counts all the same */
    }
    if (route->security == SIM_SIGNED && (call->rights & rights_for(route)) == 0) {
        call->status = 401;
        return sim_refuse(&call->refusal, -2015, "Invalid API-key, IP, or permissions for action.");
    }
    if (route->is_placing &&
        !sim_limits_order(limits, call->account, now_ns, &answer->retry_after_s, &call->refusal)) {
        call->status = 429;
        return false;
    }
    call->status = 400;
    bool is_done = route->handler(call);
    if (is_done && route->security == SIM_OPEN) {
        /* Nothing was changed; the handlers that change something have asked before. */
        is_done = sim_params_all_read(call->params, &call->refusal);
    }
    if (is_done && route->is_order) {
        sim_limits_give_back(limits, client, weight);
        answer->weight_used -= weight;
    }
    if (route->is_order && call->account != SIM_NONE) {
        const sim_order_count count = sim_limits_orders(limits, call->account, now_ns);
        answer->orders_10s = count.count_10s;
        answer->orders_1d = count.count_1d;
    }
    return is_done;
}

static void add_bytes(char *out, size_t *used, cb_strview bytes)
{
    memcpy(out + *used, bytes.at, bytes.size);
    *used += bytes.size;
}

/* Appends form without its signature parameter, as the client signed it. */
static bool append_unsigned(char *out, size_t size, size_t *used, const char *form)
{
    const char *at = form;
    bool is_first = true;
    while (*at != '\0') {
        const char *end = strchr(at, '&');
        const size_t pair_size = end == NULL ? strlen(at) : (size_t)(end - at);
        if (strncmp(at, "signature=", 10) != 0) {
            if (*used + pair_size + 2 > size) {
                return false;
            }
            if (!is_first) {
                out[*used] = '&';
                (*used)++;
            }
            add_bytes(out, used, (cb_strview){at, pair_size});
            is_first = false;
        }
        at += end == NULL ? pair_size : pair_size + 1;
    }
    return true;
}

static void authenticate(sim_call *call, const sim_request *request)
{
    char payload[PAYLOAD_MAX];
    size_t used = 0;
    const char *signature = sim_params_get(call->params, "signature");
    if (!append_unsigned(payload, sizeof(payload), &used, request->query) ||
        !append_unsigned(payload, sizeof(payload), &used, request->body)) {
        (void)sim_refuse(&call->refusal, -1022, "Signature for this request is not valid.");
        return;
    }
    (void)sim_auth_check(call, request->api_key, payload, used, signature);
}

bool sim_api_gate(sim_api *api, const sim_request *request)
{
    bool is_path_known = false;
    const sim_route *route = sim_route_find(request->method, request->path, &is_path_known);
    sim_call call = {
        .api = api,
        .sim = api->sim,
        .params = &api->params,
        .account = SIM_NONE,
    };
    if (route == NULL || route->security != SIM_SIGNED) {
        return true;
    }
    sim_params_reset(call.params);
    if (!sim_params_add_form(call.params, request->query, false, &call.refusal) ||
        !sim_params_add_form(call.params, request->body, true, &call.refusal)) {
        return false;
    }
    authenticate(&call, request);
    return call.refusal.code == 0;
}

bool sim_api_is_visible(const sim_api *api, int64_t ts_ns)
{
    return api->twist.lag_ns == 0 || ts_ns + api->twist.lag_ns <= sim_venue_ns(api->sim);
}

static sim_answer unknown_route(const sim_request *request, sim_json *body, bool is_path_known)
{
    sim_refusal refusal = {0};
    (void)request;
    (void)sim_refuse(
        &refusal, -1000, is_path_known ? "Request method is not supported." : "Path not found.");
    sim_write_refusal(body, &refusal);
    return (sim_answer){
        .status = is_path_known ? 405 : 404,
        .orders_10s = -1,
        .orders_1d = -1,
        .retry_after_s = -1,
    };
}

sim_answer sim_api_rest(sim_api *api, const sim_request *request, sim_json *body)
{
    bool is_path_known = false;
    const sim_route *route = sim_route_find(request->method, request->path, &is_path_known);
    if (route == NULL) {
        return unknown_route(request, body, is_path_known);
    }
    sim_answer answer = {.status = 200, .orders_10s = -1, .orders_1d = -1, .retry_after_s = -1};
    sim_call call = {
        .api = api,
        .sim = api->sim,
        .params = &api->params,
        .account = SIM_NONE,
        .out = body,
        .status = 400,
    };
    const size_t start = body->used;
    sim_params_reset(call.params);
    if (sim_params_add_form(call.params, request->query, false, &call.refusal) &&
        sim_params_add_form(call.params, request->body, true, &call.refusal) &&
        route->security == SIM_SIGNED) {
        authenticate(&call, request);
    }
    if (sim_call_run(&call, route, request->client, &answer)) {
        return answer;
    }
    answer.status = call.status;
    if (!call.has_own_body) {
        body->used = start;
        body->needs_comma = false;
        sim_write_refusal(body, &call.refusal);
    }
    return answer;
}
