/* The sans-I/O face of an exchange: bytes in, normalised messages out; an order in, a description
 * of the request out. No sockets, no clock, no allocation. One folder and one VENUE line each. */
#ifndef CB_VENUE_H
#define CB_VENUE_H

#include "domain/messages.h"

#define CB_VENUE_URL_MAX 2048
#define CB_VENUE_BODY_MAX 2048
#define CB_VENUE_HEADERS_MAX 4

typedef enum cb_venue_method { CB_VENUE_GET, CB_VENUE_POST, CB_VENUE_DELETE, CB_VENUE_PUT } cb_venue_method;

/* What to send. url_path holds path and query; the shell puts the host before it. */
typedef struct cb_venue_request {
    cb_venue_method method;
    char url_path[CB_VENUE_URL_MAX];
    char body[CB_VENUE_BODY_MAX]; /* form text, "" for none */
    char headers[CB_VENUE_HEADERS_MAX][2][256];
    uint32_t headers_count;
    uint32_t weight; /* rate-limit cost */
    bool is_order;   /* counts against the order limits; must never be sent twice */
} cb_venue_request;

typedef struct cb_venue_keys {
    char api_key[160];
    char api_secret[160];
} cb_venue_keys;

/* What an answer to an order request means (order-path rules). */
typedef enum cb_answer_class {
    CB_ANSWER_ACCEPTED,  /* 2xx, valid, echo equal: order holds the venue's view */
    CB_ANSWER_REJECTED,  /* on the venue's definitive list */
    CB_ANSWER_NOT_SENT,  /* nothing left the process */
    CB_ANSWER_UNKNOWN,   /* anything else */
    CB_ANSWER_NOT_FOUND, /* queries only: the venue knows no such order */
    CB_ANSWER_THROTTLED  /* 429, 418: wait retry_after_s */
} cb_answer_class;

/* What to do about an error, as in the error vectors: a read may be retried, an order may not. */
typedef enum cb_venue_action {
    CB_VENUE_ACTION_OK,
    CB_VENUE_ACTION_FINAL,
    CB_VENUE_ACTION_RETRY,
    CB_VENUE_ACTION_UNKNOWN,
    CB_VENUE_ACTION_UNKNOWN_FOR_ORDERS,
    CB_VENUE_ACTION_THROTTLE,
    CB_VENUE_ACTION_BAN,
    CB_VENUE_ACTION_FIX_CLOCK,
    CB_VENUE_ACTION_FIX_NONCE,
    CB_VENUE_ACTION_AUTH,
    CB_VENUE_ACTION_GONE,
    CB_VENUE_ACTION_GONE_OR_NOT_YET_VISIBLE,
    CB_VENUE_ACTION_PENDING,
    CB_VENUE_ACTION_QUERY_BY_CLIENT_ID,
    CB_VENUE_ACTION_OK_NO_CHANGE,
    CB_VENUE_ACTION_COUNT
} cb_venue_action;

typedef struct cb_venue_error {
    cb_venue_action action;
    int64_t code;
    char text[160];
} cb_venue_error;

/* One order as the venue reports it (REST answer, query, or user stream). */
typedef struct cb_venue_order {
    char symbol[24];
    char client_order_id[40];
    char venue_order_id[24];
    cb_side side;
    cb_order_type order_type;
    cb_tif tif;
    cb_order_state state; /* OPEN, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED, REJECTED */
    cb_qty qty;
    cb_price price;
    cb_price stop_price;
    cb_qty cum_qty;
    cb_amount cum_quote;
    int64_t update_ts_ns;
    char reason[64];
} cb_venue_order;

/* One own trade as the venue reports it. */
typedef struct cb_venue_trade {
    char symbol[24];
    uint64_t trade_id;
    char venue_order_id[24];
    char client_order_id[40]; /* "" when the source does not tell */
    cb_side side;
    cb_price price;
    cb_qty qty;
    cb_amount quote_qty;
    cb_amount fee;
    char fee_asset[12];
    bool is_maker;
    int64_t ts_ns;
} cb_venue_trade;

#endif /* CB_VENUE_H */
