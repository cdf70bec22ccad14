/* The simulated exchange: accounts, books, matching, history. Pure: time comes in with every call,
 * what happens goes out through one sink. The owner gives the memory; nothing is allocated later.
 *
 * Liquidity is of two kinds. Orders of accounts queue by price and time. In a replay each price
 * level also has house quantity: the recorded market. An order knows how much house quantity stood
 * before it (ahead_e8), so that both kinds share one queue. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/arena.h"
#include "services/simulator/core/types.h"

#ifndef SIM_LEVELS_MAX
#define SIM_LEVELS_MAX 16384 /* per side */
#endif
#define SIM_CHANGES_MAX (2 * SIM_LEVELS_MAX + 64) /* changed levels per side between updates */
#ifndef SIM_TAPE_MAX
#define SIM_TAPE_MAX 16384 /* public prints kept per symbol */
#endif
#ifndef SIM_SECONDS_MAX
#define SIM_SECONDS_MAX 4096 /* 1 s candles kept per symbol */
#endif
#ifndef SIM_CONSUMED_MAX
#define SIM_CONSUMED_MAX 1024 /* house levels whose displayed quantity users have taken */
#endif
#define SIM_DIRTY_MAX SIM_ACCOUNTS_MAX

/* ---- what comes out ---- */
typedef enum sim_event_type {
    SIM_EVENT_PRINT,     /* print: a trade on the public tape */
    SIM_EVENT_AGGREGATE, /* aggregate: the prints of one taker at one price */
    SIM_EVENT_CANDLE,    /* candle, interval, is_closed */
    SIM_EVENT_EXECUTION, /* order, execution, trade (TRADE only) … */
    SIM_EVENT_ACCOUNT,   /* account, assets_mask: balances that changed */
    SIM_EVENT_TRANSFER,  /* account, asset, amount_e8: a deposit or withdrawal */
    SIM_EVENT_TICKER,    /* best bid or ask changed */
    SIM_EVENT_DEPTH,     /* changes since the last one; is_slow: the 1 s stream's set */
    SIM_EVENT_LIST       /* list: an order list began or ended */
} sim_event_type;

typedef struct sim_event {
    sim_event_type type;
    int64_t ts_ns;
    uint32_t symbol;
    uint32_t account;
    const sim_print *print; /* [borrowed], as all below */
    const sim_aggregate *aggregate;
    const sim_candle *candle;
    sim_interval interval;
    bool is_closed;
    bool is_slow;
    const sim_order *order;
    sim_execution execution;
    const sim_trade *trade;
    const char *cancel_id;     /* CANCELED: the cancel's own client id */
    int64_t last_prevented_e8; /* TRADE_PREVENTION */
    uint64_t counter_order;
    uint64_t assets_mask;
    uint32_t asset;
    int64_t amount_e8;
    uint64_t update_first; /* DEPTH */
    uint64_t update_last;
    const sim_list *list; /* LIST */
} sim_event;

typedef void (*sim_sink_fn)(void *context, const sim_event *event);

/* ---- configuration ---- */
typedef struct sim_config {
    uint32_t orders_max;       /* users' orders ever, kept for queries */
    uint32_t agent_orders_max; /* open orders of accounts without history */
    uint32_t trades_max;       /* users' fills ever */
    uint32_t minutes_max;      /* 1 m candles kept per symbol */
    int64_t fee_maker_e8;      /* ratio */
    int64_t fee_taker_e8;
    char fee_asset[12];         /* "" or a third asset that pays fees while its balance lasts */
    int64_t fee_asset_price_e8; /* its price in the quote asset, used when no PRICE symbol trades */
    int64_t fee_asset_factor_e8; /* discount: 0.75 */
    bool is_replay;              /* users' fills stay off the public tape */
    bool has_deadman;            /* countdownCancelAll is offered, which Binance spot is not */
    sim_sink_fn sink;
    void *sink_context;
} sim_config;

/* ---- state ---- */
typedef struct sim_balance {
    int64_t free_e8;
    int64_t locked_e8;
} sim_balance;

/* What an API key may do, as flags. */
#define SIM_MAY_READ 1U
#define SIM_MAY_TRADE 2U
#define SIM_MAY_WITHDRAW 4U
#define SIM_MAY_TRANSFER 8U
#define SIM_MAY_MARGIN 16U
#define SIM_MAY_FUTURES 32U
#define SIM_FROM_ANYWHERE 64U /* not bound to listed addresses */
#define SIM_MAY_CANCEL 256U   /* cancels only: what a guardian needs */
#define SIM_KEYS_MAX 64

/* A further key of an account, besides its own. */
typedef struct sim_key {
    char key[SIM_KEY_SIZE];
    char secret[SIM_KEY_SIZE];
    uint32_t account;
    uint32_t rights;
} sim_key;

typedef struct sim_account {
    char name[24];
    char key[SIM_KEY_SIZE];
    char secret[SIM_KEY_SIZE];
    bool has_history; /* orders and fills are kept and reported */
    bool is_fee_free;
    bool has_own_fees; /* instead of the exchange's */
    int64_t fee_maker_e8;
    int64_t fee_taker_e8;
    int64_t updated_ns;
    uint32_t open_first;
    uint32_t open_last;
    uint32_t open_count;
    uint64_t assets_changed; /* mask since the last ACCOUNT event */
    sim_balance balances[SIM_ASSETS_MAX];
} sim_account;

typedef struct sim_level {
    int64_t price_e8;
    int64_t house_e8;  /* displayed house quantity */
    int64_t orders_e8; /* open quantity of the queue */
    uint32_t first;
    uint32_t last;
} sim_level;

/* Best level last: most changes happen there, so that inserting moves little. */
typedef struct sim_side {
    sim_level *levels;
    uint32_t count;
    cb_side side;
} sim_side;

typedef struct sim_changes {
    int64_t *prices[2]; /* bids, asks: ascending, without duplicates */
    uint32_t counts[2];
    uint64_t update_first; /* 0 = nothing changed */
} sim_changes;

typedef struct sim_candles {
    sim_candle *ring;
    uint32_t capacity;
    uint64_t count; /* ever; the newest is at (count - 1) % capacity */
} sim_candles;

/* House quantity that users took and that the next market event gives back. */
typedef struct sim_consumed {
    cb_side side;
    int64_t price_e8;
    int64_t qty_e8;
} sim_consumed;

typedef struct sim_symbol {
    sim_spec spec;
    sim_spec shown;       /* the filters that users see and are held to */
    char listed_name[24]; /* its name when the market opened */
    bool is_delisted;
    uint32_t index;
    uint32_t base_asset;
    uint32_t quote_asset;
    sim_symbol_status status;
    sim_symbol_status status_base; /* without faults */
    sim_side bids;
    sim_side asks;
    uint32_t stop_first;
    uint64_t orders_count; /* last order id */
    uint64_t trades_count; /* last public trade id */
    uint64_t user_trades_count;
    uint64_t aggregates_count;
    uint64_t prevented_count;
    uint64_t update_id;
    int64_t last_price_e8; /* 0 = never traded */
    int64_t last_qty_e8;
    bool is_house_fixed; /* a capture: the recorded frames are the display */
    sim_changes fast;
    sim_changes slow;
    int64_t ticker_e8[4]; /* bid, bid qty, ask, ask qty as last told */
    uint64_t ticker_update_id;
    sim_print *tape;
    uint64_t tape_count;
    sim_aggregate *aggregates;
    uint64_t aggregates_kept;
    sim_aggregate pending; /* qty 0 = none */
    sim_candles minutes;
    sim_candles seconds;
    sim_candle live[SIM_INTERVAL_COUNT]; /* open_ns 0 = none */
    uint32_t live_changed;               /* mask of intervals since the last CANDLE events */
    bool is_candle_auto;                 /* empty minutes are told as flat candles */
    sim_consumed consumed[SIM_CONSUMED_MAX];
    uint32_t consumed_count;
} sim_symbol;

typedef struct sim_core {
    sim_config config;
    int64_t now_ns;
    int64_t clock_offset_ns; /* of the venue's own clock */
    sim_client_ids client_ids;
    sim_client_ids client_ids_base; /* without faults */
    bool is_muted;                  /* no events: history is being made before the market opens */
    bool is_deferred;               /* public book events wait for sim_flush (lockstep) */
    char assets[SIM_ASSETS_MAX][12];
    uint32_t assets_count;
    uint32_t fee_asset; /* SIM_NONE = received asset */
    sim_symbol symbols[SIM_SYMBOLS_MAX];
    uint32_t symbols_count;
    sim_account accounts[SIM_ACCOUNTS_MAX];
    uint32_t accounts_count;
    sim_order *orders; /* [0, orders_max) users', in order of creation; then agents' */
    uint32_t orders_count;
    uint32_t agents_used;
    uint32_t agents_free; /* chain by id_next */
    uint32_t *id_buckets;
    uint32_t *client_buckets;
    uint32_t buckets_mask;
    sim_trade *trades;
    uint32_t trades_count;
    uint32_t lists_count;
    sim_list lists[SIM_LISTS_MAX]; /* in order of creation */
    uint32_t lists_open_count;
    uint32_t lists_open[SIM_LISTS_OPEN_MAX];
    /* The other side of the books, for the auditor: deposits = balances + fees + house. */
    int64_t fees_e8[SIM_ASSETS_MAX];
    int64_t deposits_e8[SIM_ASSETS_MAX];
    int64_t house_e8[SIM_ASSETS_MAX];
    uint32_t dirty[SIM_DIRTY_MAX];
    uint32_t dirty_count;
    uint64_t generated_ids; /* client ids made by the engine */
    sim_key keys[SIM_KEYS_MAX];
    uint32_t keys_count;
    int64_t deadman_next_ns; /* the first of those below; 0: none */
    int64_t deadman_due_ns[SIM_ACCOUNTS_MAX][SIM_SYMBOLS_MAX]; /* 0: not armed */
} sim_core;

/* ---- life ---- */
/** Bytes that the arena must hold for this config and number of symbols. */
size_t sim_arena_size(const sim_config *config, uint32_t symbols_count);
/** sim is zeroed by the caller; tables come from arena. */
void sim_init(sim_core *sim, const sim_config *config, cb_arena *arena, uint32_t symbols_count);
/** Adds an instrument (before trading). CB_E_RANGE for tick, step or bounds that cannot be held. */
CB_MUST_USE cb_status sim_add_symbol(
    sim_core *sim, const sim_spec *spec, cb_arena *arena, cb_err *err);
/** Adds an account; key "" = cannot sign in. CB_E_FULL, CB_E_EXISTS. */
CB_MUST_USE cb_status sim_add_account(sim_core *sim,
    const char *name,
    const char *key,
    const char *secret,
    bool has_history,
    uint32_t *out,
    cb_err *err);

/** Index of an asset, made when it is new; SIM_NONE when the table is full. */
uint32_t sim_asset(sim_core *sim, const char *name);
uint32_t sim_find_asset(const sim_core *sim, const char *name);
uint32_t sim_find_symbol(const sim_core *sim, const char *name);
uint32_t sim_find_account(const sim_core *sim, const char *name);
uint32_t sim_find_key(const sim_core *sim, const char *key);

/* ---- orders ---- */
/** Checks filters and shape; false fills refusal. */
bool sim_check_order(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal);
/** Places an order. *out_order names it (also when it was filled or expired at once). */
bool sim_place(
    sim_core *sim, const sim_new_order *request, uint32_t *out_order, sim_refusal *refusal);
/** cancel_id is the cancel's own client id, "" = the engine makes one in cancel_id_out. */
bool sim_cancel(sim_core *sim,
    uint32_t order,
    const char *cancel_id,
    char cancel_id_out[SIM_CLIENT_ID_SIZE],
    sim_refusal *refusal);
/** Makes an order smaller without losing its place. */
bool sim_amend(sim_core *sim, uint32_t order, int64_t qty_e8, sim_refusal *refusal);
uint32_t sim_find_order(const sim_core *sim, uint32_t symbol, uint64_t id);
/** The newest order of the account with this client id; is_open_only: among open ones. */
uint32_t sim_find_client(const sim_core *sim,
    uint32_t account,
    uint32_t symbol,
    const char *client_id,
    bool is_open_only);

/* ---- money from outside ---- */
/** Deposits (or withdraws, negative) and reports it. False when free balance does not allow it. */
bool sim_transfer(sim_core *sim, uint32_t account, uint32_t asset, int64_t amount_e8);
/** Undoes a trade: its money goes back, the market takes the other side. False when it is gone or
 *  the account no longer has what it must give back. */
bool sim_bust(sim_core *sim, uint32_t trade);
/** Moves a trade's value to quote_e8 and settles the difference. False as above. */
bool sim_correct(sim_core *sim, uint32_t trade, int64_t quote_e8);

/* ---- the recorded market (replay) ---- */
/**
 * One recorded trade: fills waiting users' orders that it would have met, moves the last price and
 * goes to tape and candles. trade_id 0: the next one.
 */
void sim_replay_trade(sim_core *sim,
    uint32_t symbol,
    int64_t price_e8,
    int64_t qty_e8,
    cb_side taker_side,
    uint64_t trade_id);
/** Sets the displayed house quantity of one level; what crosses users' orders trades with them. */
void sim_house_set(sim_core *sim, uint32_t symbol, cb_side side, int64_t price_e8, int64_t qty_e8);
/** Gives back what users took from the house since the last market event. */
void sim_house_restore(sim_core *sim, uint32_t symbol);
void sim_house_clear(sim_core *sim, uint32_t symbol);

/* ---- time ---- */
/** What the venue believes the time to be: what it stamps and what it compares requests with. */
static inline int64_t sim_venue_ns(const sim_core *sim)
{
    return sim->now_ns + sim->clock_offset_ns;
}
/** Moves the clock (never back). */
void sim_set_now(sim_core *sim, int64_t now_ns);
/** Ends candles of one symbol whose time is over, telling each. */
void sim_close_candles(sim_core *sim, uint32_t symbol);
/** When the next candle of the symbol ends; INT64_MAX when none is open. */
int64_t sim_next_close_ns(const sim_core *sim, uint32_t symbol);
/** Tells pending book changes: the fast set, and the slow set too when is_slow. */
void sim_flush(sim_core *sim, uint32_t symbol, bool is_slow);
/** Tells the candles that changed since the last call. */
void sim_flush_candles(sim_core *sim, uint32_t symbol);

/** Equal states give equal hashes: balances, orders, books, tape. */
uint64_t sim_state_hash(const sim_core *sim);

/* ---- for the modules of this core ---- */
void sim_emit(sim_core *sim, sim_event *event);

#endif /* SIM_SIM_H */
