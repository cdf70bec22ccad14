/* Value types of the simulated exchange: instruments, orders, trades, candles, refusals.
 * Prices, quantities and amounts are integers times 1e-8 (suffix _e8); times are ns UTC. */
#ifndef SIM_TYPES_H
#define SIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/money.h"
#include "domain/enums.h"

#define SIM_SYMBOLS_MAX 16
#define SIM_ASSETS_MAX 32
#define SIM_ACCOUNTS_MAX 128
#define SIM_CLIENT_ID_SIZE 37 /* 36 characters and NUL */
#define SIM_KEY_SIZE 132
#define SIM_NONE UINT32_MAX
/* Fills of users in a replay are not part of the recorded tape: their ids start here. */
#define SIM_USER_TRADE_ID_BASE UINT64_C(1000000000000000)

typedef enum sim_status {
    SIM_STATUS_NEW,
    SIM_STATUS_PARTIALLY_FILLED,
    SIM_STATUS_FILLED,
    SIM_STATUS_CANCELED,
    SIM_STATUS_REJECTED,
    SIM_STATUS_EXPIRED,
    SIM_STATUS_EXPIRED_IN_MATCH,
    SIM_STATUS_PENDING_NEW, /* of an order list: waits until another order is filled */
    SIM_STATUS_COUNT
} sim_status;

/* Self-trade prevention; the taker's mode decides. */
typedef enum sim_stp {
    SIM_STP_NONE,
    SIM_STP_EXPIRE_TAKER,
    SIM_STP_EXPIRE_MAKER,
    SIM_STP_EXPIRE_BOTH,
    SIM_STP_DECREMENT,
    SIM_STP_COUNT
} sim_stp;

typedef enum sim_symbol_status {
    SIM_SYMBOL_TRADING,
    SIM_SYMBOL_HALT,
    SIM_SYMBOL_BREAK,
    SIM_SYMBOL_CANCEL_ONLY,
    SIM_SYMBOL_STATUS_COUNT
} sim_symbol_status;

/* What a client order id that was used before does: the venues differ. */
typedef enum sim_client_ids {
    SIM_CLIENT_IDS_OPEN, /* refused while an order with it is open (Binance) */
    SIM_CLIENT_IDS_EVER, /* refused for ever */
    SIM_CLIENT_IDS_NONE  /* accepted */
} sim_client_ids;

/* What happened to an order; the x of an executionReport. */
typedef enum sim_execution {
    SIM_EXECUTION_NEW,
    SIM_EXECUTION_CANCELED,
    SIM_EXECUTION_TRADE,
    SIM_EXECUTION_EXPIRED,
    SIM_EXECUTION_TRADE_PREVENTION,
    SIM_EXECUTION_REPLACED, /* amended */
    SIM_EXECUTION_COUNT
} sim_execution;

typedef enum sim_interval {
    SIM_INTERVAL_1S,
    SIM_INTERVAL_1M,
    SIM_INTERVAL_3M,
    SIM_INTERVAL_5M,
    SIM_INTERVAL_15M,
    SIM_INTERVAL_30M,
    SIM_INTERVAL_1H,
    SIM_INTERVAL_2H,
    SIM_INTERVAL_4H,
    SIM_INTERVAL_6H,
    SIM_INTERVAL_8H,
    SIM_INTERVAL_12H,
    SIM_INTERVAL_1D,
    SIM_INTERVAL_3D,
    SIM_INTERVAL_1W,
    SIM_INTERVAL_1MO,
    SIM_INTERVAL_COUNT
} sim_interval;

/* An answer of the venue's own kind: Binance's code and text. */
typedef struct sim_refusal {
    int32_t code; /* negative; 0 = none */
    char text[160];
} sim_refusal;

/* One instrument with its filters. 0 in a bound switches that bound off, as Binance does. */
typedef struct sim_spec {
    char symbol[24];
    char base[12];
    char quote[12];
    int64_t tick_e8;
    int64_t price_min_e8;
    int64_t price_max_e8;
    int64_t step_e8;
    int64_t qty_min_e8;
    int64_t qty_max_e8;
    int64_t market_qty_max_e8;
    int64_t notional_min_e8;
    int64_t notional_max_e8;
    int64_t multiplier_up_e8; /* PERCENT_PRICE_BY_SIDE, both sides */
    int64_t multiplier_down_e8;
    uint32_t average_minutes;
    uint32_t orders_max;
    uint32_t algo_orders_max;
    sim_stp stp_default;
} sim_spec;

typedef struct sim_new_order {
    uint32_t symbol;
    uint32_t account;
    cb_side side;
    cb_order_type type;
    cb_tif tif;
    sim_stp stp;
    int64_t qty_e8; /* 0: quote_qty_e8 is given (MARKET only) */
    int64_t quote_qty_e8;
    int64_t price_e8;
    int64_t stop_price_e8;
    uint32_t
        trailing_bips; /* the trigger follows the last price at this distance; 0 = it does not */
    char client_id[SIM_CLIENT_ID_SIZE]; /* "": the engine makes one */
} sim_new_order;

typedef struct sim_order {
    uint64_t id; /* per symbol, from 1; 0 = free slot */
    char client_id[SIM_CLIENT_ID_SIZE];
    uint32_t symbol;
    uint32_t account;
    cb_side side;
    cb_order_type type;
    cb_tif tif;
    sim_status status;
    sim_stp stp;
    bool is_open; /* NEW or PARTIALLY_FILLED, on the book or waiting for its trigger */
    bool is_on_book;
    bool is_waiting; /* a stop that has not been triggered */
    int64_t price_e8;
    int64_t stop_price_e8;
    int64_t qty_e8;
    int64_t quote_qty_e8; /* as asked for, 0 = none */
    int64_t executed_e8;
    int64_t cum_quote_e8;
    int64_t prevented_e8;
    int64_t locked_e8; /* of the asset this order gives */
    int64_t ahead_e8;  /* house quantity before this order in its level's queue */
    int64_t created_ns;
    int64_t updated_ns;
    int64_t working_ns; /* 0: not working yet */
    uint64_t prevented_match_id;
    uint32_t trailing_bips;
    int64_t trail_e8;    /* the best last price since it follows; 0 = it does not follow yet */
    int64_t trailing_ns; /* since when it follows */
    uint32_t list;       /* SIM_NONE = of no order list */
    uint32_t level_prev;
    uint32_t level_next;
    uint32_t open_prev; /* this account's open orders, oldest first */
    uint32_t open_next;
    uint32_t id_next; /* hash chains */
    uint32_t client_next;
    uint32_t stop_next;
    uint32_t trade_first; /* own trades of a user's order, oldest first */
    uint32_t trade_last;
} sim_order;

#define SIM_LIST_ORDERS_MAX 3
#define SIM_LISTS_MAX 4096
#define SIM_LISTS_OPEN_MAX 256

/* Orders of which one begins after, or instead of, another. */
typedef struct sim_list {
    uint64_t id; /* from 1 */
    char client_id[SIM_CLIENT_ID_SIZE];
    uint32_t symbol;
    uint32_t account;
    bool has_working; /* orders[0] first */
    bool is_open;
    uint32_t orders_count;
    uint32_t orders[SIM_LIST_ORDERS_MAX]; /* of a pair: the limit, then the stop */
    int64_t ts_ns;
} sim_list;

/* One fill of one user's order. */
typedef struct sim_trade {
    uint64_t id;
    uint32_t order;
    uint32_t order_next; /* the next trade of the same order */
    int64_t price_e8;
    int64_t qty_e8;
    int64_t quote_e8;
    int64_t fee_e8;
    uint32_t fee_asset;
    bool is_maker;
    bool is_busted; /* undone by the venue; the money went back */
    int64_t ts_ns;
    int64_t corrected_quote_e8; /* what the venue made of quote_e8 later; 0 = nothing */
} sim_trade;

/* One line of the public tape. */
typedef struct sim_print {
    uint64_t id;
    int64_t price_e8;
    int64_t qty_e8;
    int64_t ts_ns;
    bool is_buyer_maker;
} sim_print;

/* Prints of one taker at one price. */
typedef struct sim_aggregate {
    uint64_t id;
    uint64_t first_id;
    uint64_t last_id;
    int64_t price_e8;
    int64_t qty_e8;
    int64_t ts_ns;
    bool is_buyer_maker;
} sim_aggregate;

typedef struct sim_candle {
    int64_t open_ns;
    int64_t open_e8;
    int64_t high_e8;
    int64_t low_e8;
    int64_t close_e8;
    int64_t volume_e8;
    int64_t taker_base_e8;
    cb_i128 quote_volume_e8; /* a month of a large market leaves int64 */
    cb_i128 taker_quote_e8;
    uint64_t trades_count;
    uint64_t first_id; /* 0 = no trade */
    uint64_t last_id;
} sim_candle;

/** Binance's words: "NEW", "EXPIRE_MAKER", "1m" …; "?" when out of range. */
const char *sim_status_name(sim_status status);
const char *sim_stp_name(sim_stp stp);
const char *sim_symbol_status_name(sim_symbol_status status);
const char *sim_execution_name(sim_execution execution);
const char *sim_interval_name(sim_interval interval);
const char *sim_side_name(cb_side side);
const char *sim_type_name(cb_order_type type);
const char *sim_tif_name(cb_tif tif);
bool sim_stp_parse(const char *text, sim_stp *out);
bool sim_side_parse(const char *text, cb_side *out);
bool sim_type_parse(const char *text, cb_order_type *out);
bool sim_tif_parse(const char *text, cb_tif *out);
bool sim_interval_parse(const char *text, sim_interval *out);

/** True for the four types that wait for a trigger price. */
bool sim_type_is_stop(cb_order_type type);
/** True for types that take at any price when they work (MARKET, STOP_LOSS, TAKE_PROFIT). */
bool sim_type_is_market(cb_order_type type);

/** Start of the candle that holds ts_ns; weeks begin on Monday, months on the first (UTC). */
int64_t sim_interval_open(sim_interval interval, int64_t ts_ns);
/** Exclusive end of the candle that starts at open_ns. */
int64_t sim_interval_end(sim_interval interval, int64_t open_ns);

/** Fills refusal and returns false, so that checks can `return sim_refuse(…)`. */
bool sim_refuse(sim_refusal *refusal, int32_t code, const char *text);

/** Order quantity that can still trade. */
static inline int64_t sim_order_left(const sim_order *order)
{
    return order->qty_e8 - order->executed_e8 - order->prevented_e8;
}

#endif /* SIM_TYPES_H */
