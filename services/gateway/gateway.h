/* The door: read routes over all that the services know, and the kill switch. Loopback only, one
 * bearer token. It decides nothing and stores nothing: every answer comes from the service that
 * owns it. */
#ifndef CB_GATEWAY_H
#define CB_GATEWAY_H

#include <jansson.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/service.h"

#define GATEWAY_TOKEN_SIZE 64 /* hex digits */
#define GATEWAY_SERVICES_COUNT 6
#define GATEWAY_ASK_TIMEOUT_MS 3000
#define GATEWAY_PARAM_MAX 64

/* Who signed a request in, until there are users: each has a token of its own. */
typedef enum gateway_actor {
    GATEWAY_ACTOR_API, /* reads everything, raises kills, lowers nothing */
    GATEWAY_ACTOR_OPERATOR,
    GATEWAY_ACTOR_RISK_OFFICER,
    GATEWAY_ACTORS_COUNT
} gateway_actor;

typedef struct gateway_config {
    uint64_t port;
    char address[CB_CONFIG_TEXT_MAX];
    char token_file[CB_CONFIG_TEXT_MAX];
    bool in_container;
} gateway_config;

typedef struct gateway {
    cb_shell *shell;
    cb_server *server;
    char tokens[GATEWAY_ACTORS_COUNT][GATEWAY_TOKEN_SIZE + 1];
    uint64_t requests_count;
    uint32_t calls_open; /* requests that wait for other services */
    uint32_t notes_open; /* notes that audit has not confirmed yet */
    cb_metric *notes_lost;
    cb_metric *requests;
    cb_metric *latency;
} gateway;

/* One request while it is being answered; freed by gateway_reply_*. */
typedef struct gateway_call {
    gateway *gateway;
    cb_exchange *exchange;
    gateway_actor actor;
    char method[8];
    char path[128];
    char tail[GATEWAY_PARAM_MAX]; /* what stands for {id} in the route's path */
    char query[1024];
    char *body; /* [owned] NUL-terminated */
    size_t body_size;
    char request_id[CB_ID_TEXT_MAX];
    int64_t began_mono_ns;
    int status; /* as answered */
} gateway_call;

typedef struct gateway_route {
    const char *method;
    const char *path; /* "/v1/orders" or "/v1/explain/{id}": one parameter at the end */
    const char *summary;
    /** Answers now or later, exactly once, with one of gateway_reply_*. [owned] call. */
    void (*handle)(gateway_call *call);
} gateway_route;

#define ROUTE(name) extern const gateway_route gateway_route_##name;
#include "services/gateway/routes.def"
#undef ROUTE
extern const gateway_route *const gateway_routes[];
extern const size_t gateway_routes_count;
extern const char *const gateway_services[GATEWAY_SERVICES_COUNT];

/** Frees the call after sending status and JSON text. */
void gateway_reply_text(gateway_call *call, int status, const char *json, size_t size);
/** The same for a jansson value [owned]. */
void gateway_reply_json(gateway_call *call, int status, json_t *value);
/** RFC 9457 problem: code is a stable slug such as "unknown-route". */
__attribute__((format(printf, 4, 5))) void gateway_reply_problem(
    gateway_call *call, int status, const char *code, const char *format, ...);

/**
 * Asks service the named query with the call's parameters (id, symbol, limit, before) and sends its
 * answer on: {"rows":[…]} with 200, its refusal with 400, silence with 504.
 */
void gateway_forward(gateway_call *call, const char *service, const char *query_name);

/* Asking all six services the same question. */
typedef struct gateway_answers {
    json_t *by_service[GATEWAY_SERVICES_COUNT]; /* [owned] parsed answer, NULL when silent */
} gateway_answers;
/** done gets the answers [borrowed for the call] when all have answered or timed out. */
void gateway_ask_all(gateway_call *call,
    const char *query_name,
    const char *id,
    void (*done)(gateway_call *call, const gateway_answers *answers));

/** Tells audit of a change that was asked for, or of a refusal at the door. */
void gateway_note(const gateway_call *call, int status);

/** Reads a query parameter; false (and a 400 sent, the call gone) when it does not fit. */
bool gateway_param(gateway_call *call, const char *name, char *out, size_t out_size);

/** Loads every actor's token, making those that do not exist: path for the API's own, path_NAME for
 *  the others. */
cb_status gateway_tokens_load(gateway *self, const char *path, cb_err *err);
/** "api", "operator", "risk_officer" */
const char *gateway_actor_name(gateway_actor actor);
/** One request of the API's server; context is the gateway. */
void gateway_on_request(void *context, cb_exchange *exchange, const cb_server_request *request);

/** Whose token it is; false when it is nobody's. */
bool gateway_authorise(const gateway *self, const char *authorization, gateway_actor *out);

#endif /* CB_GATEWAY_H */
