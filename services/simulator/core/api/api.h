/* Binance's REST and WebSocket API over the exchange: a request in, an answer out, no sockets. */
#ifndef SIM_API_H
#define SIM_API_H

#include "services/simulator/core/api/json_out.h"
#include "services/simulator/core/api/limits.h"
#include "services/simulator/core/api/params.h"
#include "services/simulator/core/sim.h"

#define SIM_API_LIST_MAX 1000 /* rows of any list answer */

/* What a fault makes of one call; zeroed: nothing. Set before the call, cleared by who set it. */
typedef struct sim_twist {
    int64_t gate_ns; /* market time at which the gate looked at recvWindow; 0 = now */
    int64_t lag_ns;  /* what is younger is not found by queries */
    bool fails_new;  /* halves of a cancel-replace */
    bool fails_cancel;
    bool has_stp;
    sim_stp stp; /* instead of what the client asked for */
} sim_twist;

typedef struct sim_api {
    sim_core *sim; /* [borrowed] */
    sim_twist twist;
    sim_limits limits;
    uint64_t executions_count; /* I of the last executionReport */
    int64_t window_factor;     /* recvWindow is stretched by this */
    int64_t ahead_factor;      /* … and the time that a clock may be ahead by this */
    bool is_closed;            /* the journal is lost: no order is taken */
    uint32_t order;            /* of the call that runs, for fills in its answer */
    sim_params params;         /* of the call that runs */
    sim_candle candles[SIM_API_LIST_MAX];
} sim_api;

/* One HTTP request as it came. */
typedef struct sim_request {
    const char *method;
    const char *path;    /* decoded, without the query */
    const char *query;   /* raw */
    const char *body;    /* raw form text */
    const char *api_key; /* header X-MBX-APIKEY, "" when absent */
    const char *client;  /* peer address */
} sim_request;

/* What goes back besides the body. */
typedef struct sim_answer {
    int status;
    int64_t weight_used; /* of the minute, for x-mbx-used-weight-1m */
    int64_t orders_10s;  /* -1 = not an order call */
    int64_t orders_1d;
    int64_t retry_after_s; /* -1 = none */
} sim_answer;

void sim_api_init(sim_api *api, sim_core *sim, const sim_limits_config *limits);

/* What a request is about, as far as it can be seen before it is understood. */
typedef struct sim_glance {
    uint32_t account; /* of the key; SIM_NONE */
    uint32_t symbol;  /* SIM_NONE */
    char client_id[SIM_CLIENT_ID_SIZE];
    bool has_side;
    cb_side side;
    int64_t qty_e8;        /* 0 = not given */
    int64_t price_e8;      /* 0 = not given */
    int64_t window_end_ns; /* last instant of recvWindow in market time; 0 = none */
} sim_glance;
/** Looks at a request without judging it. Uses api->params. */
void sim_api_glance(sim_api *api, const sim_request *request, sim_glance *out);
/** The same for parameters that have been read already (a message of the WebSocket API). */
void sim_params_glance(sim_api *api, const char *api_key, sim_glance *out);
/** True when the gate lets a signed request pass now: key, signature, recvWindow. Others pass. */
bool sim_api_gate(sim_api *api, const sim_request *request);
/** True when something stamped ts_ns can be found by the call that runs. */
bool sim_api_is_visible(const sim_api *api, int64_t ts_ns);

/** Answers a REST request; the JSON text is in body. */
sim_answer sim_api_rest(sim_api *api, const sim_request *request, sim_json *body);

/* ---- one call, whatever carried it ---- */
typedef struct sim_call {
    sim_api *api;
    sim_core *sim;
    sim_params *params;
    uint32_t account; /* SIM_NONE for calls without signature */
    uint32_t rights;  /* SIM_MAY_… of the key that signed */
    sim_json *out;
    sim_refusal refusal;
    int status;        /* set by a handler that fails with something else than 400 */
    bool has_own_body; /* the handler wrote the error body itself (cancelReplace) */
} sim_call;

typedef bool (*sim_handler_fn)(sim_call *call);

typedef enum sim_security { SIM_OPEN, SIM_KEY, SIM_SIGNED } sim_security;

typedef struct sim_route {
    const char *method; /* NULL: WebSocket API only */
    const char *path;
    const char *ws_method; /* NULL: REST only */
    sim_security security;
    uint32_t weight;
    bool is_order;   /* weighs 0 when it succeeds; counts are shown */
    bool is_placing; /* takes one of the order limits */
    uint32_t (*weight_of)(const sim_params *params); /* instead of weight */
    sim_handler_fn handler;
} sim_route;

const sim_route *sim_route_find(const char *method, const char *path, bool *is_path_known);
const sim_route *sim_route_find_ws(const char *ws_method);

/** Checks timestamp, recvWindow and the HMAC over payload; the account signs in. */
bool sim_auth_check(sim_call *call,
    const char *api_key,
    const char *payload,
    size_t payload_size,
    const char *signature);
/** Limits and the handler. False: call->refusal and call->status say what to answer. */
bool sim_call_run(sim_call *call, const sim_route *route, const char *client, sim_answer *answer);
/** {"code":…,"msg":…} */
void sim_write_refusal(sim_json *out, const sim_refusal *refusal);
/** Looks the symbol parameter up: -1102 or -1121 when it is missing or unknown. */
bool sim_call_symbol(sim_call *call, uint32_t *out);
/** symbol, symbols or neither (all), as a mask. *is_one: the answer is one object, not a list. */
bool sim_call_symbols(sim_call *call, uint64_t *mask, bool *is_one);

/* ---- handlers: api_market.c ---- */
bool sim_call_ping(sim_call *call);
bool sim_call_time(sim_call *call);
bool sim_call_exchange_info(sim_call *call);
bool sim_call_depth(sim_call *call);
bool sim_call_trades(sim_call *call);
bool sim_call_aggregates(sim_call *call);
bool sim_call_klines(sim_call *call);
bool sim_call_average(sim_call *call);
bool sim_call_ticker_day(sim_call *call);
bool sim_call_ticker_price(sim_call *call);
bool sim_call_ticker_book(sim_call *call);
uint32_t sim_weight_depth(const sim_params *params);
uint32_t sim_weight_ticker_day(const sim_params *params);
uint32_t sim_weight_ticker_small(const sim_params *params);
/** limits of exchangeInfo and of WebSocket answers; count < 0 leaves the counters out. */
void sim_write_rate_limits(sim_json *out, const sim_limits *limits, int64_t weight_used);
/** [price, quantity] pairs, best first. */
void sim_write_levels(sim_json *out, const sim_symbol *symbol, cb_side side, uint32_t limit);

/* ---- handlers: api_order.c ---- */
bool sim_call_order_new(sim_call *call);
bool sim_call_order_test(sim_call *call);
bool sim_call_order_cancel(sim_call *call);
bool sim_call_open_cancel(sim_call *call);
bool sim_call_deadman(sim_call *call);
bool sim_call_cancel_replace(sim_call *call);
bool sim_call_amend(sim_call *call);
/** A client id that Binance takes: letters, digits, - and _, 1 to 36 of them. */
bool sim_is_client_id(const char *text);
/** False and -1016 when the journal cannot be written: nothing new is taken then. */
bool sim_api_may_place(sim_call *call);

/* ---- handlers: api_list.c ---- */
bool sim_call_list_oco(sim_call *call);
bool sim_call_list_oto(sim_call *call);
bool sim_call_list_otoco(sim_call *call);
bool sim_call_list_cancel(sim_call *call);
bool sim_call_list_status(sim_call *call);
bool sim_call_list_open(sim_call *call);
bool sim_call_list_all(sim_call *call);
/** The answer to a cancel that took a whole list. */
void sim_write_canceled_list(sim_call *call, uint32_t list, const char *cancel_id);

/* ---- handlers: api_account.c ---- */
bool sim_call_account(sim_call *call);
bool sim_call_order_status(sim_call *call);
bool sim_call_open_orders(sim_call *call);
bool sim_call_all_orders(sim_call *call);
bool sim_call_my_trades(sim_call *call);
bool sim_call_rate_limit_order(sim_call *call);
bool sim_call_commission(sim_call *call);
uint32_t sim_weight_open_orders(const sim_params *params);
uint32_t sim_weight_my_trades(const sim_params *params);

/* ---- handlers: api_key.c ---- */
bool sim_call_restrictions(sim_call *call);

/* ---- order texts: render.c ---- */
typedef enum sim_response_type {
    SIM_RESPONSE_ACK,
    SIM_RESPONSE_RESULT,
    SIM_RESPONSE_FULL
} sim_response_type;
/** Answer of a new order. */
void sim_write_new_order(
    sim_json *out, const sim_core *sim, const sim_order *order, sim_response_type type);
/** Answer of a cancel; the order's own id moves to origClientOrderId. */
void sim_write_canceled(
    sim_json *out, const sim_core *sim, const sim_order *order, const char *cancel_id);
/** Answer of a query. */
void sim_write_order(sim_json *out, const sim_core *sim, const sim_order *order);
void sim_write_my_trade(sim_json *out, const sim_core *sim, const sim_trade *trade);
/** Events of the user data stream. */
void sim_write_execution(sim_json *out, const sim_core *sim, const sim_event *event, uint64_t id);
void sim_write_position(sim_json *out, const sim_core *sim, const sim_event *event);
void sim_write_transfer(sim_json *out, const sim_core *sim, const sim_event *event);
/** The members of an order list's object up to its orders. */
void sim_write_list_head(sim_json *out, const sim_core *sim, const sim_list *list);
void sim_write_list_status(sim_json *out, const sim_core *sim, const sim_event *event);

#endif /* SIM_API_H */
