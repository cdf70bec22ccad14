/* The WebSocket API: requests {id, method, params}, answers {id, status, result | error,
 * rateLimits}, and the user data subscriptions. The methods are the REST calls. */
#include <string.h>

#include "base/assert.h"
#include "services/simulator/core/api/ws.h"
#include "venue/json.h"

#define PAYLOAD_MAX 65536
#define METHOD_MAX 64

typedef struct message {
    char method[METHOD_MAX];
    char id[SIM_WS_ID_MAX]; /* raw JSON */
    bool has_id;
} message;

static cb_strview take_raw(cb_json *json)
{
    (void)cb_json_peek(json);
    const char *start = json->at;
    (void)cb_json_skip(json);
    return (cb_strview){start, (size_t)(json->at - start)};
}

/* One parameter: strings unescaped, everything else as its JSON text. */
static bool read_param(cb_json *json, cb_strview key, sim_params *params, sim_refusal *refusal)
{
    char text[SIM_PARAMS_TEXT_MAX / 4];
    cb_strview value;
    if (cb_json_peek(json) == CB_JSON_STRING) {
        if (!cb_json_text(json, text, sizeof(text))) {
            return false;
        }
        value = cb_sv_from(text);
    } else {
        value = take_raw(json);
    }
    return json->status == CB_OK && sim_params_add(params, key, value, refusal);
}

static bool read_params(cb_json *json, sim_params *params, sim_refusal *refusal)
{
    cb_strview key;
    if (!cb_json_enter_object(json)) {
        return false;
    }
    while (cb_json_next_key(json, &key)) {
        if (!read_param(json, key, params, refusal)) {
            return false;
        }
    }
    return json->status == CB_OK;
}

static bool read_message(cb_strview text, message *out, sim_params *params, sim_refusal *refusal)
{
    cb_json json;
    cb_strview key;
    *out = (message){.id = "null"};
    sim_params_reset(params);
    cb_json_init(&json, text);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "method")) {
            (void)cb_json_text(&json, out->method, sizeof(out->method));
        } else if (cb_sv_is(key, "id")) {
            const cb_strview raw = take_raw(&json);
            /* It is answered as it was written, so it must be a value. */
            out->has_id = json.status == CB_OK && cb_text_copy(out->id, sizeof(out->id), raw);
            if (!out->has_id) {
                memcpy(out->id, "null", sizeof("null"));
            }
        } else if (cb_sv_is(key, "params")) {
            if (!read_params(&json, params, refusal)) {
                (void)cb_json_fail(&json, CB_E_SYNTAX, "params is no object of values");
            }
        } else {
            (void)cb_json_skip(&json);
        }
    }
    if (cb_json_finish(&json, "request", NULL) != CB_OK) {
        return refusal->code != 0 || sim_refuse(refusal, -1135, "Invalid JSON Request");
    }
    return true;
}

/* name=value pairs sorted by name, without the signature, joined by '&', not encoded. */
static bool write_payload(const sim_params *params, char *out, size_t size, size_t *used)
{
    const sim_param *sorted[SIM_PARAMS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, "signature") == 0) {
            continue;
        }
        uint32_t at = count;
        while (at > 0 && strcmp(sorted[at - 1]->name, params->items[i].name) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = &params->items[i];
        count++;
    }
    *used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const size_t name = strlen(sorted[i]->name);
        const size_t value = strlen(sorted[i]->value);
        if (*used + name + value + 2 > size) {
            return false;
        }
        if (i > 0) {
            out[(*used)++] = '&';
        }
        memcpy(out + *used, sorted[i]->name, name);
        *used += name;
        out[(*used)++] = '=';
        memcpy(out + *used, sorted[i]->value, value);
        *used += value;
    }
    return true;
}

static void authenticate(sim_call *call)
{
    char payload[PAYLOAD_MAX];
    size_t used = 0;
    const char *key = sim_params_get(call->params, "apiKey");
    const char *signature = sim_params_get(call->params, "signature");
    if (!write_payload(call->params, payload, sizeof(payload), &used)) {
        (void)sim_refuse(&call->refusal, -1022, "Signature for this request is not valid.");
        return;
    }
    (void)sim_auth_check(call, key == NULL ? "" : key, payload, used, signature);
}

/* ---- user data ---- */

static bool subscribe(sim_call *call, sim_conn *conn)
{
    uint32_t slot = SIM_WS_USERS_MAX;
    for (uint32_t i = 0; i < SIM_WS_USERS_MAX; i++) {
        if (conn->users[i] == call->account) {
            return sim_refuse(
                &call->refusal, -2035, "User data stream subscription is already active.");
        }
        slot = conn->users[i] == SIM_NONE && slot == SIM_WS_USERS_MAX ? i : slot;
    }
    if (slot == SIM_WS_USERS_MAX) {
        return sim_refuse(&call->refusal, -2042, "Too many user data stream subscriptions.");
    }
    conn->users[slot] = call->account;
    conn->user_ids[slot] = conn->user_next;
    conn->user_next++;
    sim_json_open(call->out, '{');
    sim_json_put_u64(call->out, "subscriptionId", conn->user_ids[slot]);
    sim_json_close(call->out, '}');
    return true;
}

static bool unsubscribe(sim_call *call, sim_conn *conn)
{
    int64_t id = 0;
    bool has_id = false;
    bool is_found = false;
    if (!sim_params_i64(
            call->params, "subscriptionId", 0, UINT32_MAX, &id, &has_id, &call->refusal) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    for (uint32_t i = 0; i < SIM_WS_USERS_MAX; i++) {
        if (conn->users[i] != SIM_NONE && (!has_id || conn->user_ids[i] == (uint32_t)id)) {
            conn->users[i] = SIM_NONE;
            is_found = true;
        }
    }
    if (!is_found) {
        return sim_refuse(&call->refusal, -2036, "User data stream subscription is not active.");
    }
    sim_json_raw(call->out, CB_SV("{}"));
    return true;
}

/* Methods that belong to the connection, not to the exchange. */
static bool run_session(sim_call *call, sim_conn *conn, const char *method)
{
    call->status = 400;
    if (strcmp(method, "userDataStream.subscribe.signature") == 0) {
        authenticate(call);
        return call->refusal.code == 0 && sim_params_all_read(call->params, &call->refusal) &&
               subscribe(call, conn);
    }
    if (strcmp(method, "userDataStream.unsubscribe") == 0) {
        return unsubscribe(call, conn);
    }
    if (strcmp(method, "userDataStream.subscribe") == 0) {
        call->status = 401;
        return sim_refuse(&call->refusal,
            -1002,
            "This session is not authenticated: use userDataStream.subscribe.signature.");
    }
    if (strcmp(method, "session.logon") == 0) {
        return sim_refuse(&call->refusal,
            -4056,
            "HMAC_SHA256 API key is not supported: session.logon needs an Ed25519 key.");
    }
    if (strcmp(method, "session.status") == 0) {
        sim_json_open(call->out, '{');
        sim_json_key(call->out, "apiKey");
        sim_json_null(call->out);
        sim_json_key(call->out, "authorizedSince");
        sim_json_null(call->out);
        sim_json_key(call->out, "connectedSince");
        sim_json_null(call->out);
        sim_json_put_bool(call->out, "returnRateLimits", true);
        sim_json_put_ms(call->out, "serverTime", sim_venue_ns(call->sim));
        sim_json_close(call->out, '}');
        return true;
    }
    call->status = 404;
    return sim_refuse(&call->refusal, -1000, "Unknown method.");
}

static bool run(sim_call *call, sim_conn *conn, const char *method, sim_answer *answer)
{
    const sim_route *route = sim_route_find_ws(method);
    if (route == NULL) {
        sim_limits *limits = &call->api->limits;
        answer->weight_used = sim_limits_add(limits, conn->client, call->sim->now_ns, 2);
        return sim_limits_check(limits,
                   conn->client,
                   call->sim->now_ns,
                   &call->status,
                   &answer->retry_after_s,
                   &call->refusal) &&
               run_session(call, conn, method);
    }
    if (route->security == SIM_SIGNED) {
        authenticate(call);
    }
    return sim_call_run(call, route, conn->client, answer);
}

static void write_error(sim_call *call, size_t body_start)
{
    sim_json *out = call->out;
    if (call->has_own_body) {
        return; /* {"code","msg","data"} stands there already */
    }
    out->used = body_start;
    out->needs_comma = false;
    sim_write_refusal(out, &call->refusal);
}

/* The result is written into its own buffer first, because only then is known what it is. */
static void answer_message(sim_ws *ws, sim_conn *conn, const message *request, sim_call *call)
{
    sim_answer answer = {.status = 200, .orders_10s = -1, .orders_1d = -1, .retry_after_s = -1};
    sim_json result = sim_json_over(ws->answer, ws->answer_size);
    const char *wants_limits = sim_params_get(call->params, "returnRateLimits");
    call->out = &result;
    const bool is_done = call->refusal.code == 0 && run(call, conn, request->method, &answer);
    if (!is_done) {
        answer.status = call->status;
        write_error(call, 0);
    }
    sim_json frame = sim_json_over(ws->frame, ws->frame_size);
    sim_json_open(&frame, '{');
    sim_json_key(&frame, "id");
    sim_json_raw(&frame, cb_sv_from(request->id));
    sim_json_put_i64(&frame, "status", answer.status);
    sim_json_key(&frame, is_done ? "result" : "error");
    sim_json_raw(&frame, (cb_strview){result.out, result.used});
    if (wants_limits == NULL || strcmp(wants_limits, "false") != 0) {
        sim_json_key(&frame, "rateLimits");
        sim_write_rate_limits(&frame, &ws->api->limits, answer.weight_used);
    }
    sim_json_close(&frame, '}');
    CB_ASSERT(!frame.is_full);
    call->out = NULL;
    sim_ws_emit(ws, conn, SIM_FRAME_CLASS_ANSWER, frame.out, frame.used);
}

void sim_ws_api_glance(sim_ws *ws, cb_strview text, char *method, char *id, sim_glance *out)
{
    message request;
    sim_refusal refusal = {0};
    (void)read_message(text, &request, &ws->api->params, &refusal);
    const char *key = sim_params_get(&ws->api->params, "apiKey");
    sim_params_glance(ws->api, key == NULL ? "" : key, out);
    memcpy(method, request.method, sizeof(request.method));
    memcpy(id, request.id, sizeof(request.id));
}

size_t sim_ws_api_error(const char *id, int status, cb_strview error, char *out, size_t size)
{
    sim_json frame = sim_json_over(out, size);
    sim_json_open(&frame, '{');
    sim_json_key(&frame, "id");
    sim_json_raw(&frame, cb_sv_from(id));
    sim_json_put_i64(&frame, "status", status);
    sim_json_key(&frame, "error");
    sim_json_raw(&frame, error);
    sim_json_close(&frame, '}');
    CB_ASSERT(!frame.is_full);
    return frame.used;
}

void sim_ws_api_message(sim_ws *ws, uint32_t slot, cb_strview text)
{
    CB_ASSERT(slot < SIM_WS_CONNS_MAX);
    sim_conn *conn = &ws->conns[slot];
    message request;
    sim_call call = {
        .api = ws->api,
        .sim = ws->api->sim,
        .params = &ws->api->params,
        .account = SIM_NONE,
        .status = 400,
    };
    (void)read_message(text, &request, call.params, &call.refusal);
    if (call.refusal.code == 0 && !request.has_id) {
        (void)sim_refuse(&call.refusal,
            -1102,
            "Mandatory parameter 'id' was not sent, was empty/null, or malformed.");
    }
    answer_message(ws, conn, &request, &call);
}
