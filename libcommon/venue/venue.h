/* The sans-I/O face of an exchange: bytes in, normalised messages out; an order in, a description
 * of the request out. No sockets, no clock, no allocation. One folder and one VENUE line each. */
#ifndef CB_VENUE_H
#define CB_VENUE_H

#include "base/strview.h"
#include "domain/messages.h"

#define CB_VENUE_URL_MAX 2048
#define CB_VENUE_BODY_MAX 2048
#define CB_VENUE_HEADERS_MAX 4
#define CB_VENUE_SIGNATURE_MAX 512 /* text with NUL */

typedef enum cb_venue_method {
    CB_VENUE_GET,
    CB_VENUE_POST,
    CB_VENUE_DELETE,
    CB_VENUE_PUT
} cb_venue_method;

/* What to send. url_path holds path and query; the shell puts the host before it. */
typedef struct cb_venue_request {
    cb_venue_method method;
    char url_path[CB_VENUE_URL_MAX];
    char body[CB_VENUE_BODY_MAX]; /* form text, "" for none */
    char headers[CB_VENUE_HEADERS_MAX][2][256];
    uint32_t headers_count;
    uint32_t weight;      /* rate-limit cost */
    bool is_order;        /* counts against the order limits; must never be sent twice */
    bool needs_signature; /* built unsigned: attach must add the signature before it is sent */
} cb_venue_request;

typedef struct cb_venue_keys {
    char api_key[160];
    char api_secret[160];
} cb_venue_keys;

/* What an answer to an order request means (order-path rules). */
typedef enum cb_answer_class {
    CB_ANSWER_ACCEPTED,  /* 2xx, valid, echo equal: order holds the venue's view */
    CB_ANSWER_REJECTED,  /* on the venue's definitive list: the order is not and will not be there.
                            Of a  CANCEL with action GONE: there is no such open order, query it */
    CB_ANSWER_NOT_SENT,  /* nothing left the process */
    CB_ANSWER_UNKNOWN,   /* anything else */
    CB_ANSWER_NOT_FOUND, /* queries only: the venue knows no such order */
    CB_ANSWER_THROTTLED  /* 429, 418 to a read or a cancel: wait retry_after_s, then ask again. A
                            PLACE  is never answered so: REJECTED when definitive, else UNKNOWN, both
                            with  action THROTTLE or BAN */
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
    char request_client_id[40]; /* answers to a cancel: the cancel's own id; else "" */
    cb_amount quote_qty;        /* MARKET by quote amount: what was asked for; else 0 */
    cb_qty prevented_qty;       /* taken away by self-trade prevention */
    bool is_ack;                /* ids only: side, type, quantities and state are not known */
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

/* ======== the rest of the contract: calls, market stream, user stream, registry ======== */

/* What a REST call does; venues that lack one refuse it in build with CB_E_NOT_FOUND. */
typedef enum cb_venue_call {
    CB_VENUE_CALL_PING,
    CB_VENUE_CALL_TIME,
    CB_VENUE_CALL_INSTRUMENTS,    /* symbol, or symbols, or none for all */
    CB_VENUE_CALL_DEPTH,          /* symbol, limit (0: the venue's default) */
    CB_VENUE_CALL_TRADES,         /* symbol, limit: the newest public trades */
    CB_VENUE_CALL_TRADES_FROM,    /* symbol, from_id, limit: public trades by id, oldest first */
    CB_VENUE_CALL_AGG_TRADES,     /* symbol, from_id or start/end, limit */
    CB_VENUE_CALL_CANDLES,        /* symbol, interval_s, start/end, limit */
    CB_VENUE_CALL_TICKERS,        /* 24 h statistics: symbol or symbols */
    CB_VENUE_CALL_BOOK_TICKERS,   /* symbol or symbols */
    CB_VENUE_CALL_PLACE,          /* order */
    CB_VENUE_CALL_PLACE_TEST,     /* order: validated by the venue, never booked */
    CB_VENUE_CALL_CANCEL,         /* symbol, venue_order_id or client_order_id */
    CB_VENUE_CALL_CANCEL_ALL,     /* symbol */
    CB_VENUE_CALL_CANCEL_REPLACE, /* venue_order_id or client_order_id of the old one, order = new
                                     one */
    CB_VENUE_CALL_QUERY,          /* symbol, venue_order_id or client_order_id */
    CB_VENUE_CALL_OPEN_ORDERS,    /* symbol, or none for all (dear) */
    CB_VENUE_CALL_ALL_ORDERS,     /* symbol, from_id (order id) or start/end, limit */
    CB_VENUE_CALL_OWN_TRADES,     /* symbol, venue_order_id, from_id, start/end, limit */
    CB_VENUE_CALL_ACCOUNT,
    CB_VENUE_CALL_TRADING_FEE, /* symbol */
    CB_VENUE_CALL_PRICES,      /* newest price: symbol or symbols */
    CB_VENUE_CALL_PERMISSIONS, /* what the key that signs may do */
    CB_VENUE_CALL_PLACE_LIST,  /* order (the take-profit) and stop_order: one of them only */
    CB_VENUE_CALL_AMEND,       /* symbol, venue_order_id or client_order_id, amend_qty */
    CB_VENUE_CALL_DEADMAN,     /* symbol, countdown_ms: cancel all unless asked again in time */
    CB_VENUE_CALL_COUNT
} cb_venue_call;

/* How much of a new order the venue reports back. */
typedef enum cb_venue_reply_kind {
    CB_VENUE_REPLY_FULL, /* order and its fills (what execution uses) */
    CB_VENUE_REPLY_RESULT,
    CB_VENUE_REPLY_ACK /* ids only: the echo of side and quantity cannot be checked */
} cb_venue_reply_kind;

/* A new order. Zero and "" mean "not given". */
typedef struct cb_venue_order_request {
    char symbol[24];
    char client_order_id[40];
    cb_side side;
    cb_order_type order_type;
    cb_tif tif;          /* NONE: GTC where the type needs one */
    cb_qty qty;          /* base units */
    cb_amount quote_qty; /* MARKET by quote amount instead of qty */
    cb_price price;
    cb_price stop_price;
    cb_qty iceberg_qty;
    uint32_t trailing_delta_bips;
    char self_trade_prevention[20]; /* the venue's word, "" for its default */
    cb_venue_reply_kind reply_kind;
} cb_venue_order_request;

/* Everything a call may need; what a call reads stands beside its name above. */
typedef struct cb_venue_params {
    char symbol[24];
    const char (*symbols)[24]; /* [borrowed for the call] */
    uint32_t symbols_count;
    uint32_t interval_s;
    uint32_t limit;
    uint64_t from_id;
    bool has_from_id;
    int64_t start_ns; /* 0: open */
    int64_t end_ns;   /* 0: open */
    char venue_order_id[24];
    char client_order_id[40];
    bool keep_unknown_cancel; /* CANCEL_REPLACE: place the new order even when the cancel failed */
    cb_venue_order_request order;
    cb_venue_order_request stop_order; /* PLACE_LIST: its other leg */
    cb_qty amend_qty;                  /* AMEND: the new whole quantity */
    int64_t countdown_ms;              /* DEADMAN: 0 disarms */
} cb_venue_params;

/* What signs a private call. */
typedef struct cb_venue_auth {
    const cb_venue_keys *keys; /* [borrowed for the call] */
    int64_t sign_ts_ns;        /* the venue's clock as we know it */
    int64_t window_ms;         /* how long the venue may accept the request; 0: its default */
    bool is_unsigned;          /* leave signature and key out of the request: attach adds them */
    const char
        *signature; /* user_subscribe_text: made elsewhere [borrowed]; NULL: made with keys */
} cb_venue_auth;

#define CB_VENUE_FILLS_MAX 128
#define CB_VENUE_TEXT_MAX 4096 /* an outgoing WebSocket message with its NUL */

/* The answer to PLACE, PLACE_LIST, CANCEL, AMEND, CANCEL_REPLACE or QUERY, judged. */
typedef struct cb_venue_answer {
    cb_answer_class answer_class;
    cb_venue_error error; /* action OK when there is none */
    bool has_order;       /* order holds the venue's view (also in an UNKNOWN by echo mismatch) */
    cb_venue_order order;
    uint32_t trades_count; /* fills that came with the answer */
    bool is_trades_cut;    /* there were more fills than CB_VENUE_FILLS_MAX */
    cb_venue_trade trades[CB_VENUE_FILLS_MAX];
    bool has_mate; /* PLACE_LIST: mate is the stop, order the take-profit */
    cb_venue_order mate;
    bool has_cancel_result; /* CANCEL_REPLACE: what became of the old order */
    bool is_cancel_done;
} cb_venue_answer;

/* Levels in the caller's arrays; a venue that sends more than fit gives CB_E_FULL. */
typedef struct cb_venue_depth {
    char symbol[24];
    uint64_t first_update_id; /* snapshots: equal to last */
    uint64_t last_update_id;
    int64_t venue_ts_ns; /* 0 when the venue does not tell */
    cb_level *bids;      /* [borrowed] set by the caller */
    cb_level *asks;      /* [borrowed] set by the caller */
    uint32_t bids_capacity;
    uint32_t asks_capacity;
    uint32_t bids_count;
    uint32_t asks_count;
} cb_venue_depth;

/* The answer to a request that we sent over a WebSocket. */
typedef struct cb_venue_reply {
    uint64_t id;
    bool is_ok;
    int status;              /* 0 where the venue has none */
    int64_t subscription_id; /* user stream; -1 when absent */
    cb_venue_error error;
} cb_venue_reply;

typedef enum cb_venue_event_type {
    CB_VENUE_EVENT_NONE, /* understood, nothing for us (unknown kinds are skipped like this) */
    CB_VENUE_EVENT_TRADE,
    CB_VENUE_EVENT_AGG_TRADE, /* trade.trade_id is the aggregate's id; first_id, last_id its trades
                               */
    CB_VENUE_EVENT_CANDLE,
    CB_VENUE_EVENT_TICKER,
    CB_VENUE_EVENT_DELTA,    /* depth */
    CB_VENUE_EVENT_SNAPSHOT, /* depth: a partial book, whole in itself */
    CB_VENUE_EVENT_REPLY,    /* reply */
    CB_VENUE_EVENT_SHUTDOWN  /* reconnect now */
} cb_venue_event_type;

/* One market stream message. Of trade, candle, ticker and reply only the one named by type is
 * filled; venue, symbol and the market fields are set, recv_ns and the envelope are the caller's.
 */
typedef struct cb_venue_event {
    cb_venue_event_type type;
    bool is_data; /* a message of a subscribed stream (not a reply, not a shutdown) */
    uint64_t first_id;
    uint64_t last_id;
    int64_t venue_ts_ns; /* time of the event itself, 0 when absent */
    cb_trade trade;
    cb_candle candle;
    cb_ticker ticker;
    cb_venue_reply reply;
    cb_venue_depth depth; /* its arrays are set by the caller before parsing */
} cb_venue_event;

typedef enum cb_venue_user_type {
    CB_VENUE_USER_NONE,
    CB_VENUE_USER_ORDER,    /* order; with has_trade: trade too */
    CB_VENUE_USER_BALANCES, /* balances: the changed assets, whole amounts */
    CB_VENUE_USER_TRANSFER, /* balances[0]: asset and free = signed change */
    CB_VENUE_USER_REPLY,    /* reply */
    CB_VENUE_USER_ENDED     /* the venue ended the stream: subscribe anew */
} cb_venue_user_type;

#define CB_VENUE_BALANCES_MAX 64

typedef struct cb_venue_user_event {
    cb_venue_user_type type;
    int64_t subscription_id; /* -1 when absent */
    int64_t venue_ts_ns;
    cb_venue_order order;
    bool has_trade;
    cb_venue_trade trade;
    uint32_t balances_count;
    cb_asset_balance balances[CB_VENUE_BALANCES_MAX];
    cb_venue_reply reply;
} cb_venue_user_event;

/* Rate limits as the venue states them; 0 = not stated. */
typedef struct cb_venue_limits {
    uint32_t weight_per_minute;
    uint32_t orders_per_10s;
    uint32_t orders_per_day;
    uint32_t requests_per_5min;
} cb_venue_limits;

/* Per-item callbacks of list answers: return false to stop (the parser then gives CB_OK). Items
 * are valid for the call. An answer that turns out malformed has already given some items. */
typedef bool (*cb_venue_instrument_fn)(void *context, const cb_instrument *instrument);
typedef bool (*cb_venue_candle_fn)(void *context, const cb_candle *candle);
typedef bool (*cb_venue_trade_fn)(void *context, const cb_trade *trade);
typedef bool (*cb_venue_order_fn)(void *context, const cb_venue_order *order);
typedef bool (*cb_venue_own_trade_fn)(void *context, const cb_venue_trade *trade);
typedef bool (*cb_venue_balance_fn)(void *context, const cb_asset_balance *balance);

/* A venue's rolling 24 h statistics of a symbol. Absent prices are 0. */
typedef struct cb_venue_statistics {
    char symbol[24];
    cb_price open;
    cb_price high;
    cb_price low;
    cb_price last;
    cb_price previous_close;
    cb_price average;        /* weighted by volume */
    cb_price change;         /* last - open; signed */
    cb_ratio change_percent; /* 1e8 = 1 % */
    cb_price bid;
    cb_qty bid_qty;
    cb_price ask;
    cb_qty ask_qty;
    cb_qty volume;
    cb_amount quote_volume;
    uint64_t trades_count;
    int64_t open_ts_ns;
    int64_t close_ts_ns;
} cb_venue_statistics;
typedef bool (*cb_venue_statistics_fn)(void *context, const cb_venue_statistics *statistics);

/* What a signed payload could be used for, as flags: the sum over every call that it fits. */
#define CB_VENUE_USE_ORDER 1U  /* places or changes an order */
#define CB_VENUE_USE_CANCEL 2U /* cancels */
#define CB_VENUE_USE_FIND 4U   /* finds open orders, or what the account holds */
#define CB_VENUE_USE_READ 8U   /* any other question */
#define CB_VENUE_USE_STREAM 16U

typedef struct cb_venue_recognized {
    uint32_t uses; /* CB_VENUE_USE_… */
    int64_t sign_ts_ns;
    int64_t window_ms;
    char api_key[160]; /* where the payload names it; else "" */
} cb_venue_recognized;

/* What the venue says that an API key may do. */
typedef struct cb_venue_permissions {
    bool may_read;
    bool may_trade;
    bool may_withdraw;
    bool may_transfer; /* to other accounts or wallets of the venue */
    bool is_ip_bound;  /* used from listed addresses only */
    char surplus[64];  /* the first further right that it has (margin, futures …), "" for none */
} cb_venue_permissions;

/* Channels of the market stream, as flags. */
#define CB_VENUE_CHANNEL_TRADES 1U
#define CB_VENUE_CHANNEL_CANDLES_1M 2U
#define CB_VENUE_CHANNEL_DEPTH 4U
#define CB_VENUE_CHANNEL_TICKER 8U

/* What a venue can do with orders beyond market and limit, as flags. */
#define CB_VENUE_CAN_STOP 1U     /* waits for a trigger price by its own last trade */
#define CB_VENUE_CAN_TRAIL 2U    /* follows the market at a distance */
#define CB_VENUE_CAN_LIST 4U     /* two orders of which one only is to be filled */
#define CB_VENUE_CAN_AMEND 8U    /* a smaller quantity without losing the place in the queue */
#define CB_VENUE_CAN_REPLACE 16U /* cancel and place in one request */

/* What the rules of a venue say about a depth message, given what has been applied so far. */
typedef enum cb_venue_sync {
    CB_VENUE_SYNC_APPLY, /* next in sequence */
    CB_VENUE_SYNC_SKIP,  /* already contained: ignore */
    CB_VENUE_SYNC_GAP    /* something is missing: start over with a snapshot */
} cb_venue_sync;

/* A venue. Every function is pure; text is [borrowed for the call] and need not be NUL-terminated;
 * outputs are written only on CB_OK unless said otherwise. Errors of parsers: CB_E_SYNTAX (not the
 * venue's grammar), CB_E_RANGE or CB_E_PRECISION (a number that cannot be kept), CB_E_FULL. */
typedef struct cb_venue_ops {
    const char *name;            /* "binance": also the venue field of messages */
    const char *market_path;     /* appended to the market stream's base URL */
    const char *user_path;       /* appended to the user stream's base URL */
    uint32_t channels;           /* CB_VENUE_CHANNEL_… it has */
    uint32_t messages_per_s_max; /* WebSocket messages we may send a second on one connection */
    uint32_t streams_max;        /* subscriptions on one connection */
    int64_t connection_life_ns;  /* the venue cuts connections after this; 0 = never */
    uint32_t depth_limit;        /* levels a side to ask for in a snapshot */
    uint32_t candles_max;        /* candles in one answer */
    uint32_t trades_max;         /* public trades in one answer */

    /* ---- market data ---- */
    /** Writes the subscribe (or unsubscribe) message for symbols × channels; CB_E_FULL when the
     *  message does not fit: send it in shares. id comes back in the reply. */
    cb_status (*subscribe_text)(bool is_subscribe,
        const char (*symbols)[24],
        uint32_t symbols_count,
        uint32_t channels,
        uint64_t id,
        char out[CB_VENUE_TEXT_MAX],
        cb_err *err);
    /** One message of the market stream. event->depth's arrays must be set. */
    cb_status (*parse_stream)(cb_strview text, cb_venue_event *event, cb_err *err);
    /** May this diff be applied to a book that stands at book_update_id? is_first: it is the first
     *  one after a snapshot. */
    cb_venue_sync (*sync_delta)(
        uint64_t book_update_id, bool is_first, const cb_venue_depth *delta);
    /** Is a snapshot new enough, given the first diff that was buffered before it was asked for? */
    bool (*sync_snapshot)(uint64_t snapshot_update_id, const cb_venue_depth *first_delta);

    /* ---- requests ---- */
    /** Describes a call. auth may be NULL for public calls. Refuses what the venue would refuse for
     *  its form alone: CB_E_SYNTAX, CB_E_RANGE, CB_E_NOT_FOUND; nothing has been sent then. */
    cb_status (*build)(cb_venue_call call,
        const cb_venue_params *params,
        const cb_venue_auth *auth,
        cb_venue_request *out,
        cb_err *err);

    /* ---- answers ---- */
    /** What an answer means; http_status 0: none came (timeout, reset). is_order: of PLACE, CANCEL,
     *  CANCEL_ALL, CANCEL_REPLACE. */
    void (*classify)(int http_status, cb_strview body, bool is_order, cb_venue_error *out);
    /** Judges the answer to PLACE, CANCEL, CANCEL_REPLACE or QUERY. params is what was sent. Never
     *  fails: what it cannot understand is CB_ANSWER_UNKNOWN. */
    void (*judge)(cb_venue_call call,
        const cb_venue_params *params,
        int http_status,
        cb_strview body,
        cb_venue_answer *out);
    cb_status (*parse_time)(cb_strview text, int64_t *out_ns, cb_err *err);
    /** Instruments that cannot be kept exactly are left out and counted in *refused_count. */
    cb_status (*parse_instruments)(cb_strview text,
        cb_venue_limits *limits,
        cb_venue_instrument_fn fn,
        void *context,
        uint32_t *refused_count,
        cb_err *err);
    cb_status (*parse_depth)(cb_strview text, const char *symbol, cb_venue_depth *out, cb_err *err);
    /** Oldest first; is_closed tells whether the venue's clock (now_ns) is past a candle's end. */
    cb_status (*parse_candles)(cb_strview text,
        const char *symbol,
        uint32_t interval_s,
        int64_t now_ns,
        cb_venue_candle_fn fn,
        void *context,
        cb_err *err);
    cb_status (*parse_trades)(
        cb_strview text, const char *symbol, cb_venue_trade_fn fn, void *context, cb_err *err);
    cb_status (*parse_order)(cb_strview text, cb_venue_order *out, cb_err *err);
    cb_status (*parse_orders)(cb_strview text, cb_venue_order_fn fn, void *context, cb_err *err);
    cb_status (*parse_own_trades)(
        cb_strview text, cb_venue_own_trade_fn fn, void *context, cb_err *err);
    cb_status (*parse_account)(cb_strview text, cb_venue_balance_fn fn, void *context, cb_err *err);

    /* ---- user stream ---- */
    cb_status (*user_subscribe_text)(
        const cb_venue_auth *auth, uint64_t id, char out[CB_VENUE_TEXT_MAX], cb_err *err);
    cb_status (*parse_user)(cb_strview text, cb_venue_user_event *event, cb_err *err);

    bool has_gapless_trade_ids; /* the public trades of a symbol are numbered n, n + 1, … */

    uint32_t order_caps; /* CB_VENUE_CAN_… it has */
    bool has_deadman;    /* a switch that cancels when it is not wound up again (DEADMAN) */

    /** Answer to TICKERS or BOOK_TICKERS: one object or a list. */
    cb_status (*parse_tickers)(
        cb_strview text, cb_venue_statistics_fn fn, void *context, cb_err *err);

    /* ---- signatures that are made elsewhere (docs/adr: the signer) ---- */
    /** What has to be signed of a request that was built unsigned. [borrowed from the request] */
    cb_strview (*payload)(const cb_venue_request *request);
    /** Puts signature and key into a request that was built unsigned; CB_E_FULL leaves it as it is.
     */
    cb_status (*attach)(
        cb_venue_request *request, const char *api_key, const char *signature, cb_err *err);
    /** What has to be signed of user_subscribe_text: give its signature there in auth->signature,
     *  with everything else equal. */
    cb_status (*user_subscribe_payload)(
        const cb_venue_auth *auth, char out[CB_VENUE_TEXT_MAX], cb_err *err);
    /** Signs a payload with a secret; only the signer calls this. out: lower-case hex or base64. */
    cb_status (*sign)(const char *secret,
        const char *payload,
        size_t payload_size,
        char out[CB_VENUE_SIGNATURE_MAX],
        cb_err *err);
    /** What a payload could be used for once it is signed. CB_E_SYNTAX: no payload of this venue's;
     *  CB_E_AUTH: not exactly the parameters of any request that this program makes. */
    cb_status (*recognize)(cb_strview payload, cb_venue_recognized *out, cb_err *err);
    /** Answer to PERMISSIONS. An answer that does not tell about withdrawals is refused. */
    cb_status (*parse_permissions)(cb_strview text, cb_venue_permissions *out, cb_err *err);
} cb_venue_ops;

/** A row of venues.def; NULL past the end. */
const cb_venue_ops *cb_venue_at(uint32_t index);
/** The venue of that name, or NULL. */
const cb_venue_ops *cb_venue_find(const char *name);

/** Lower-case name of an action as in the error vectors ("unknown-for-orders"). */
const char *cb_venue_action_name(cb_venue_action action);
/** "GET", "POST", … */
const char *cb_venue_method_name(cb_venue_method method);
/** base + path, unless base ends with path already or has another path of its own. False when it
 *  does not fit. */
bool cb_venue_join_url(const char *base, const char *path, char *out, size_t out_size);

#endif /* CB_VENUE_H */
