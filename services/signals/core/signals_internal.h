/* State of the signals core; only its own files see it. */
#ifndef SIGNALS_INTERNAL_H
#define SIGNALS_INTERNAL_H

#include "base/strview.h"
#include "domain/candle.h"
#include "services/signals/core/desk.h"
#include "services/signals/core/signals.h"
#include "services/signals/core/strategy.h"

#define SIGNALS_BASE_INTERVAL_S 60U
#define SIGNALS_TIMEFRAMES_MAX 6U /* longer than the base */
#define SIGNALS_PENDING_MAX 64U   /* live candles kept while history is awaited */
#define SIGNALS_FLIGHTS_MAX 12U   /* per symbol */
#define SIGNALS_DESKS_MAX 4U
#define SIGNALS_HOURLY_MAX 240U /* accepted opinions remembered per symbol */
#define SIGNALS_KILLS_MAX 32U
#define SIGNALS_REASON_MAX 64U

/* ---- plan: which strategies run where (plan.c) ---- */
typedef struct signals_instance {
    uint32_t strategy; /* index into strategies.def */
    uint32_t interval_s;
    int64_t weight_e8;
    char source[32]; /* "trend@5m" */
    size_t offset;   /* of its state in a symbol's part of the strategies' memory */
    size_t state_size;
} signals_instance;

/* One desk of the key `desks`. */
typedef struct signals_desk_spec {
    uint32_t kind; /* index into desks.def */
    uint32_t interval_s;
    int64_t budget_e8; /* quote units */
    uint32_t legs_count;
    char legs[DESK_LEGS_MAX][24];
    size_t offset; /* of its memory: the state, then a ring of bars per leg */
    size_t state_size;
    uint64_t ring_capacity; /* bars */
} signals_desk_spec;

typedef struct signals_plan {
    uint32_t instances_count;
    signals_instance instances[SIGNALS_INSTANCES_MAX];
    uint32_t timeframes_count;
    uint32_t timeframes_s[SIGNALS_TIMEFRAMES_MAX]; /* each > 60, ascending as first named */
    size_t states_size;                            /* bytes of all instances of one symbol */
    uint32_t desks_count;
    signals_desk_spec desks[SIGNALS_DESKS_MAX];
    size_t desks_size; /* bytes of all desks */
} signals_plan;

/** CB_E_CONFIG naming the item that is wrong. */
CB_MUST_USE cb_status signals_plan_parse(
    const signals_config *config, signals_plan *plan, cb_err *err);
/** Adds a timeframe; the base interval needs none. */
CB_MUST_USE cb_status signals_plan_timeframe(signals_plan *plan, uint32_t interval_s, cb_err *err);
/** "1m", "15m", "4h": whole minutes that divide a day, as seconds; 0 otherwise. */
uint32_t signals_plan_interval(cb_strview text);
/** The text up to a character, and what comes behind it. */
cb_strview signals_plan_cut(cb_strview text, char at, cb_strview *rest);
/** Reads `desks` (desk_plan.c). */
CB_MUST_USE cb_status signals_desks_parse(
    const signals_config *config, signals_plan *plan, cb_err *err);

/* ---- per symbol ---- */

/* The last accepted opinion of an instance. */
typedef struct signals_source {
    bool is_active;
    cb_side side;
    cb_id signal_id;
    int64_t confidence_e8;
    int64_t quality_e8;
    int64_t data_ts_ns;
} signals_source;

/* When each side of an instance was last accepted; 0 = never. */
typedef struct signals_last {
    int64_t buy_ns;
    int64_t sell_ns;
} signals_last;

typedef struct signals_symbol {
    char name[24];
    /* series */
    bool is_ready;         /* history has come; bars follow one another */
    bool is_waiting;       /* a history question is open */
    bool is_answering;     /* a part of the answer has been taken, more will come */
    bool is_stale_history; /* older candles have changed: the next live candle asks */
    int64_t last_close_ns; /* of the newest 1m candle taken */
    int64_t last_close_e8;
    cb_candle_builder builders[SIGNALS_TIMEFRAMES_MAX];
    uint64_t bars_seen[SIGNALS_INSTANCES_MAX];
    uint32_t pending_count;
    cb_candle pending[SIGNALS_PENDING_MAX];
    /* market */
    bool has_instrument;
    cb_instrument instrument;
    bool has_ticker;
    cb_ticker ticker;
    bool has_quality;
    cb_quality_score quality;
    /* filters and score */
    signals_source sources[SIGNALS_INSTANCES_MAX];
    signals_last last[SIGNALS_INSTANCES_MAX];
    uint32_t accepted_count;
    int64_t accepted_ns[SIGNALS_HOURLY_MAX]; /* data times, oldest first */
    /* money */
    uint32_t desk; /* number of the desk that works it, plus 1; 0: none */
    uint32_t desk_leg;
    signals_book book;
    uint32_t flights_count;
    signals_flight flights[SIGNALS_FLIGHTS_MAX]; /* open ones only */
} signals_symbol;

/* A desk at work: how far its rounds have come, and the plan of the last live one. */
typedef struct signals_desk {
    int64_t played_ns; /* opening of the last round's bars */
    uint64_t rounds;
    uint64_t pushed[DESK_LEGS_MAX]; /* bars since the leg's history began */
    uint64_t cursor[DESK_LEGS_MAX]; /* number of the next bar to play */
    uint32_t symbols[DESK_LEGS_MAX];
    bool has_plan;
    desk_plan plan;
} signals_desk;

typedef struct signals_kill {
    char scope[48];
    uint32_t level;
} signals_kill;

/* The text of one file of rules; its program lies in rules_memory. */
typedef struct signals_rules_slot {
    uint64_t version; /* 0: none yet */
    uint8_t text_hash[32];
} signals_rules_slot;

typedef struct signals_state {
    const signals_config *config;
    signals_plan plan;
    signals_counts counts;
    uint64_t epoch;
    uint64_t signals_made; /* in this epoch */
    uint64_t intents_made;
    uint32_t kills_count;
    signals_kill kills[SIGNALS_KILLS_MAX];
    uint32_t symbols_count;
    signals_symbol *symbols; /* behind this struct, in the same block */
    uint8_t *strategies;     /* plan.states_size per symbol, behind the symbols */
    signals_rules_slot rules[SIGNALS_RULES_MAX]; /* as rules.files names them */
    uint8_t *rules_memory; /* behind the strategies (rules.c); NULL: no instance is of rules */
    signals_desk desks[SIGNALS_DESKS_MAX];
    uint8_t *desk_memory; /* plan.desks_size, behind the rules */
} signals_state;

signals_symbol *signals_find(signals_state *state, const char *venue, const char *symbol);
/** Bars that an instance needs before its opinions count (rules.c). */
uint32_t signals_warmup_bars(
    const signals_state *state, const signals_symbol *symbol, const signals_instance *instance);
void *signals_strategy_state(
    signals_state *state, const signals_symbol *symbol, const signals_instance *instance);

/* ---- an opinion on its way (pipeline.c) ---- */

/* One opinion of the candle that is being worked on. */
typedef struct signals_fresh {
    uint32_t instance;
    cb_signal signal;
    int64_t stop_distance_e8;
    int64_t profit_distance_e8;
} signals_fresh;

/* Everything that one closed 1m candle brings up. */
typedef struct signals_round {
    const cb_event *event;
    const cb_candle *candle;
    uint32_t fresh_count;
    signals_fresh fresh[SIGNALS_INSTANCES_MAX];
} signals_round;

/** Turns an opinion into a raw signal of the round. */
void signals_raise(signals_state *state,
    signals_symbol *symbol,
    signals_round *round,
    uint32_t instance,
    const strategy_opinion *opinion);
/** Validates, filters, scores, decides; publishes every signal of the round with its end. */
void signals_conclude(
    signals_state *state, signals_symbol *symbol, signals_round *round, cb_outbox *out);
/** Next ids. */
cb_id signals_next_signal_id(signals_state *state);
cb_id signals_next_intent_id(signals_state *state);

/* ---- validation (validate.c), pure over its input ---- */
typedef struct signals_facts {
    const signals_config *config;
    const cb_signal *signal;
    int64_t now_ns;
    cb_qty candle_volume;
    const cb_ticker *ticker;         /* NULL: none seen */
    const cb_quality_score *quality; /* NULL: none seen */
    uint64_t bars_seen;
    uint64_t bars_needed;
} signals_facts;

/** False and a reason when the opinion may not count. */
bool signals_validate(const signals_facts *facts, char reason[SIGNALS_REASON_MAX]);

/* ---- duplicates and spam (filter.c) ---- */
bool signals_filter(const signals_config *config,
    const signals_symbol *symbol,
    uint32_t instance,
    const cb_signal *signal,
    char reason[SIGNALS_REASON_MAX]);
/** Remembers an accepted opinion for the filter. */
void signals_filter_accept(signals_symbol *symbol, uint32_t instance, const cb_signal *signal);

/* ---- score (score.c) ---- */
typedef struct signals_score {
    cb_ratio score;
    uint32_t shares_count;
    signals_share shares[SIGNALS_INSTANCES_MAX];
    uint32_t instances[SIGNALS_INSTANCES_MAX]; /* of each share */
} signals_score;

/** Weighs all active sources at a data time; those that have faded become inactive. */
void signals_score_sum(const signals_config *config,
    const signals_plan *plan,
    signals_symbol *symbol,
    int64_t data_ts_ns,
    signals_score *out);
/** 1 at age 0, falling evenly to 0 at decay_bars intervals. */
int64_t signals_decay_e8(int64_t age_ns, int64_t decay_bars, uint32_t interval_s);

/* ---- decision (decide.c), pure over its input ---- */
typedef struct signals_situation {
    const signals_config *config;
    const cb_instrument *instrument; /* NULL: unknown */
    cb_ratio score;
    cb_side
        fresh_side;    /* of the strongest fresh opinion on the score's side; NONE: there is none */
    bool is_desk;      /* a desk works the symbol: opinions lead to nothing */
    bool has_position; /* something that can be sold */
    uint32_t flights_count; /* open, of any kind */
    bool has_exit_flight;
    uint32_t kill_level;
    int64_t data_ts_ns;
    int64_t decided_data_ns;
    int64_t entry_blocked_ns;
    int64_t exit_blocked_ns;
} signals_situation;

typedef struct signals_verdict {
    cb_purpose purpose; /* ENTRY, EXIT, or NONE */
    cb_ratio threshold; /* the one that the score was held against */
    char reason[SIGNALS_REASON_MAX];
} signals_verdict;

void signals_decide(const signals_situation *situation, signals_verdict *verdict);

/* ---- intents (intent.c) ---- */
typedef struct signals_order {
    cb_purpose purpose;
    const cb_signal *signal; /* that leads to it: id, strategy, price, data time */
    cb_ratio score;
    int64_t stop_distance_e8; /* entries */
    int64_t profit_distance_e8;
    const desk_wish *wish; /* an order of a desk; NULL otherwise */
    const cb_event *event;
    const cb_envelope *cause;
} signals_order;

/** Publishes and stores the intent and its flight; returns its id, none when it cannot be made
 *  (reason says why). */
cb_id signals_intend(signals_state *state,
    signals_symbol *symbol,
    const signals_order *order,
    cb_outbox *out,
    char reason[SIGNALS_REASON_MAX]);
/** What of the position can be sold now: lots, at least the venue's minimum; 0 otherwise. */
cb_qty signals_sellable(const signals_symbol *symbol, cb_price price);
/** A position that a bracket of ours opened: execution holds its exits. */
bool signals_is_bracket(const signals_book *book);

/* ---- position and flights (position.c, flights.c) ---- */
void signals_on_fill(signals_state *state, const cb_event *event, cb_outbox *out);
void signals_store_book(signals_symbol *symbol, int64_t now_ns, cb_outbox *out);
void signals_on_order(signals_state *state, const cb_event *event, cb_outbox *out);
void signals_on_denial(signals_state *state, const cb_event *event, cb_outbox *out);
void signals_store_flight(const signals_flight *flight, cb_outbox *out);
signals_flight *signals_find_flight(signals_symbol *symbol, cb_id intent_id);
void signals_add_flight(signals_symbol *symbol, const signals_flight *flight, cb_outbox *out);
/** Forgets flights of which nothing was heard until long after their end. */
void signals_expire_flights(
    const signals_config *config, signals_symbol *symbol, int64_t now_ns, cb_outbox *out);
bool signals_has_exit_flight(const signals_symbol *symbol);

/* ---- stop-loss and take-profit (guard.c) ---- */
typedef struct signals_quote {
    cb_price price;
    int64_t at_ns; /* of the price: a ticker's receive time, a candle's close */
    const cb_envelope *env;
} signals_quote;

void signals_guard(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out);

/** Raises an exit that no strategy asked for: its intent, and its signal with what became of it. */
void signals_exit_raise(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_purpose purpose,
    cb_signal *signal,
    cb_outbox *out);

/* ---- kill level 3 (flatten.c) ---- */
void signals_flatten(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out);
/** What the next slice may sell: a part of what is sellable, or all of it. */
cb_qty signals_slice(const signals_config *config, const signals_symbol *symbol, cb_price price);

/* ---- candles (series.c) ---- */
void signals_on_candle(signals_state *state, const cb_event *event, cb_outbox *out);
void signals_on_history(signals_state *state, const cb_event *event, cb_outbox *out);
void signals_ask_history(signals_state *state, signals_symbol *symbol, cb_outbox *out);
void signals_init_symbol(signals_state *state, signals_symbol *symbol);
/** Begins one strategy of a symbol anew. */
void signals_init_instance(signals_state *state, signals_symbol *symbol, uint32_t index);

/* ---- desks (desk_series.c, desk_act.c) ---- */
void signals_desks_init(signals_state *state);
/** Forgets a leg's bars and begins the desk's rounds anew. */
void signals_desk_reset(signals_state *state, const signals_symbol *symbol);
/** A bar of a symbol; candle: when it is the desk's interval. Plays the rounds that are whole now.
 */
void signals_desk_take(signals_state *state,
    const signals_symbol *symbol,
    const cb_candle *candle,
    const signals_round *round);
/** Makes orders of the plan of the round that was just played, if one was. */
void signals_desk_conclude(
    signals_state *state, const signals_symbol *symbol, const signals_round *round, cb_outbox *out);
/** Asks execution to cancel every order of a desk on this symbol; true when there was one. */
bool signals_desk_withdraw(signals_state *state,
    signals_symbol *symbol,
    const signals_quote *quote,
    const cb_event *event,
    cb_outbox *out);
/** The desk's view of its symbols; bars are the caller's. */
void signals_desk_view(
    const signals_state *state, uint32_t number, int64_t now_ns, desk_view *view);

/* ---- kill (kill.c) ---- */
void signals_on_kill(signals_state *state, const cb_event *event, bool must_store, cb_outbox *out);
/** The highest level that touches an intent of this symbol and strategy. */
uint32_t signals_kill_level(const signals_state *state, const char *symbol, const char *strategy);

/* ---- hash (hash.c) ---- */
uint64_t signals_hash(const signals_state *state);

#endif /* SIGNALS_INTERNAL_H */
