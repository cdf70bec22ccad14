/* The state of the core, open to the files of this folder only. Everything durable is a record of
 * records.h with a flag that it changed: the end of a step stores what changed, once. */
#ifndef RISK_STATE_H
#define RISK_STATE_H

#include "base/idset.h"
#include "domain/position.h"
#include "services/risk/core/book.h"
#include "services/risk/core/risk.h"
#include "wire/subjects.h"

#define RISK_SYMBOLS_MAX 32
#define RISK_BALANCES_MAX 64
#define RISK_RESERVATIONS_MAX 1024 /* orders not terminal */
#define RISK_COUNTERS_MAX 65       /* the account and 64 strategies */
#define RISK_KILLS_MAX 64
#define RISK_UNKILLS_MAX 32 /* requests remembered; the newest */
#define RISK_HELD_MAX 64
#define RISK_SUBS_MAX 256     /* strategies times symbols they traded, and the sums */
#define RISK_WINDOWS_MAX 256  /* order and notional rates of the limit book */
#define RISK_TURNS_MAX 64     /* strategies that wait for room */
#define RISK_CHANGES_MAX 16   /* changes that wait for a second person */
#ifndef RISK_FILLS_REMEMBERED /* the simulation is built with less */
#define RISK_FILLS_REMEMBERED 16384
#endif
#ifndef RISK_JUDGED_REMEMBERED /* the simulation is built with less */
#define RISK_JUDGED_REMEMBERED 16384
#endif
#define RISK_FOREIGN_REMEMBERED 1024
#define RISK_REQUESTS_REMEMBERED 1024
#define RISK_LEG_FIRST 1000 /* an OCO's first pair, as execution numbers it */
#define RISK_ASSET_TEXT_MAX 12
#define RISK_SYMBOL_TEXT_MAX 24

/* All that is known of one symbol. Ticker and quality are not stored: after a restart they must be
 * heard anew. */
typedef struct risk_symbol {
    char name[RISK_SYMBOL_TEXT_MAX]; /* "" = free slot */
    bool is_configured;
    bool has_instrument;
    bool has_mark;
    bool has_ticker;
    bool has_quality;
    bool is_position_changed;
    bool is_mark_changed;
    bool is_instrument_changed;
    cb_instrument instrument;
    risk_mark mark;
    risk_position position;
    cb_price bid;
    cb_price ask;
    int64_t ticker_ns; /* when the ticker was true */
    cb_ratio quality_score;
    bool is_data_stale;
    bool is_book_valid;
    int64_t quality_ns;
} risk_symbol;

typedef struct risk_balance_slot {
    risk_balance row;
    bool is_changed;
} risk_balance_slot;

typedef struct risk_reservation_slot {
    risk_reservation row;
    bool is_changed;
} risk_reservation_slot;

typedef struct risk_counter_slot {
    risk_counter row;
    bool is_changed;
} risk_counter_slot;

typedef struct risk_sub_slot {
    risk_subaccount row;
    bool is_changed;
    uint32_t strategy_index; /* of a row of one strategy and symbol: its two sums */
    uint32_t symbol_index;
} risk_sub_slot;

/* Windows and turns are stored at once: which slot they are in must not show in the order of what
 * is stored. */
typedef struct risk_window_slot {
    risk_window row;
} risk_window_slot;

typedef struct risk_turn_slot {
    risk_turn row;
} risk_turn_slot;

typedef struct risk_held_slot {
    cb_intent intent;
    risk_held row;
} risk_held_slot;

struct risk_state {
    const risk_config *config; /* [borrowed] */
    bool is_recovered;         /* from now on timers are set and limits are known */
    risk_account account;
    bool is_account_changed;
    risk_limits limits;
    uint32_t symbols_count;
    risk_symbol symbols[RISK_SYMBOLS_MAX];
    uint32_t balances_count;
    risk_balance_slot balances[RISK_BALANCES_MAX];
    uint32_t open_count; /* reservations not terminal, in the order of reserving */
    risk_reservation_slot open[RISK_RESERVATIONS_MAX];
    uint32_t counters_count; /* the first is the account's */
    risk_counter_slot counters[RISK_COUNTERS_MAX];
    uint32_t book_count; /* sorted by name: equal books have equal hashes */
    risk_limit book[RISK_LIMITS_MAX];
    uint32_t subs_count; /* in the order of making */
    risk_sub_slot subs[RISK_SUBS_MAX];
    uint32_t windows_count;
    risk_window_slot windows[RISK_WINDOWS_MAX];
    uint32_t turns_count; /* waiting or not; slots of those that do not are used again */
    risk_turn_slot turns[RISK_TURNS_MAX];
    uint32_t changes_count; /* pending, by number */
    risk_change changes[RISK_CHANGES_MAX];
    uint32_t kills_count; /* the first is "*" */
    cb_kill kills[RISK_KILLS_MAX];
    uint64_t unkills_made;
    uint32_t unkills_count;
    risk_unkill unkills[RISK_UNKILLS_MAX];
    uint32_t held_count;   /* in order of arrival */
    int64_t hold_timer_ns; /* when RISK_TIMER_HOLD fires, 0 = not set */
    risk_held_slot held[RISK_HELD_MAX];
    uint64_t permits_count;                       /* for metrics; begins anew with each start */
    uint64_t denials_count[RISK_RULES_COUNT + 1]; /* by rule; the last: too late */
    cb_idset fills_seen;
    cb_idset judged_seen;
    cb_idset foreign_ended; /* orders that were not ours and are over */
    cb_idset_slot fills_slots[RISK_FILLS_REMEMBERED];
    cb_idset_slot judged_slots[RISK_JUDGED_REMEMBERED];
    cb_idset_slot foreign_slots[RISK_FOREIGN_REMEMBERED];
    risk_request_row requests[RISK_REQUESTS_REMEMBERED]; /* a ring by number */
};

/* What a step works on. */
typedef struct risk_step_context {
    risk_state *state;
    int64_t now_ns;
    const cb_envelope *cause; /* [borrowed] NULL for timers and local events */
    cb_outbox *out;
} risk_step_context;

/* ---- market.c ---- */
/** NULL when unknown. */
risk_symbol *risk_symbol_find(risk_state *state, const char *name);
/** Finds or makes one; NULL when the table is full. */
risk_symbol *risk_symbol_take(risk_state *state, const char *name);
/** The symbol that prices asset in the account's quote asset; NULL when there is none. */
const risk_symbol *risk_symbol_of_asset(const risk_state *state, const char *asset);
void risk_market_on_candle(risk_step_context *step, const cb_candle *candle);
void risk_market_on_ticker(risk_step_context *step, const cb_ticker *ticker);
void risk_market_on_quality(risk_step_context *step, const cb_quality_score *quality);
void risk_market_on_instrument(risk_step_context *step, const cb_instrument *instrument);

/* ---- account.c ---- */
/** NULL when the account never held it. */
risk_balance *risk_balance_find(risk_state *state, const char *asset);
int64_t risk_balance_total(const risk_state *state, const char *asset);
/** Adds a change that a fill explains. */
void risk_balance_add(risk_step_context *step, const char *asset, int64_t change_e8);
void risk_account_on_balance(risk_step_context *step, const cb_balance *balance);
void risk_account_on_fill(risk_step_context *step, const cb_fill *fill);
/** The identity of a fill: venue, account, symbol and trade id. */
cb_id risk_fill_identity(
    const char *account, const char *venue, const char *symbol, uint64_t trade_id);
/** Marks the account as unsure: a bound of ours was hit. */
void risk_account_doubt(risk_state *state);

/* ---- equity.c ---- */
/** Rolls the day when it is over, before the event of the step is applied. */
void risk_equity_roll(risk_step_context *step);
/** Values the account anew, keeps peak and day, raises the latch when a loss limit is passed. */
void risk_equity_update(risk_step_context *step);
/** Value of an amount of an asset in quote units by the marks; false when there is no mark. */
bool risk_equity_value(
    const risk_state *state, const char *asset, int64_t amount_e8, int64_t *value_e8);

/* ---- reservation.c ---- */
/** An open one; NULL when there is none. */
risk_reservation_slot *risk_reservation_find(risk_state *state, cb_id intent_id);
/** A free slot, numbered and counted as open; traps when there is no room. */
risk_reservation *risk_reservation_take(risk_state *state, int64_t now_ns);
void risk_reservation_on_order(risk_step_context *step, const cb_order *order);
/** Lets a fill consume what was reserved for it. */
void risk_reservation_on_fill(risk_step_context *step, const cb_fill *fill);

typedef struct risk_reserved {
    int64_t buy_notional_e8;        /* quote, at the worst price, all symbols */
    int64_t buy_cost_e8;            /* the same with the fee buffer */
    int64_t symbol_buy_notional_e8; /* of one symbol */
    int64_t symbol_sell_qty_e8;     /* base units in open sells of that symbol */
} risk_reserved;
/** without: an order whose place is taken, not counted; none for all. */
void risk_reservation_sum(
    const risk_state *state, const char *symbol, cb_id without, risk_reserved *out);

/* ---- group.c ---- */
/** A child of a group that we permitted. */
bool risk_group_is_ours(const risk_state *state, const cb_order *order);
void risk_group_reserve_child(risk_step_context *step, const cb_order *order);
/** Takes in what a new version of the order says of its quantities. */
void risk_group_on_order(risk_reservation *row, const cb_order *order);
void risk_group_on_fill(risk_reservation *row, int64_t filled_e8);
/** What of a reservation counts, given the other leg of its pair. */
int64_t risk_group_counted(const risk_state *state, const risk_reservation *row);

/* ---- request.c ---- */
void risk_request_on_order(risk_step_context *step, const risk_order_request *request);
void risk_request_on_command(risk_step_context *step, const cb_order_command *command);
void risk_request_remember(risk_state *state, const risk_request_row *row);

/* ---- hold.c ---- */
void risk_hold_on_intent(risk_step_context *step, const cb_intent *intent);
/** Judges what waited for the candles that are there now. */
void risk_hold_release(risk_step_context *step);
void risk_hold_on_timer(risk_step_context *step);
/** Sets the timer to the nearest deadline. */
void risk_hold_arm(risk_step_context *step);

/* ---- facts.c, size.c, judge.c ---- */
/** Gathers all facts but the size. */
void risk_facts_gather(
    const risk_state *state, const cb_intent *intent, int64_t now_ns, risk_facts *facts);
void risk_facts_set_qty(risk_facts *facts, int64_t qty_e8);
/** Decides the quantity, shrinking to limits where the intent left it to risk. */
void risk_size_order(const risk_state *state, risk_facts *facts);
/** Answers an intent with a permit or a denial. */
void risk_judge_intent(risk_step_context *step, const cb_intent *intent);
/* What became of an intent, for who waits for the answer. */
typedef struct risk_answer {
    bool is_granted;
    int64_t qty_e8;
    char why[96]; /* "" when granted */
} risk_answer;
void risk_judge_asked(risk_step_context *step, const cb_intent *intent, risk_answer *answer);
/** Denies an intent that came, or waited, too long. */
void risk_judge_stale(risk_step_context *step, const cb_intent *intent);

/* ---- limiter.c ---- */
/** The limiter of the account, or of a strategy; NULL when the table is full. */
risk_counter_slot *risk_counter_take(risk_state *state, const char *kind, const char *name);
const risk_counter *risk_counter_find(const risk_state *state, const char *kind, const char *name);
bool risk_counter_has_room(const risk_state *state);

/* ---- kill.c ---- */
void risk_kill_init(risk_state *state);
void risk_kill_on_command(risk_step_context *step, const risk_kill_request *request);
/** Raises a scope by ourselves when it is lower than level. */
void risk_kill_raise(
    risk_step_context *step, const char *scope, uint32_t level, const char *reason);
/** Highest level of the scopes that cover the intent. */
uint32_t risk_kill_level(const risk_state *state, const cb_intent *intent);
void risk_kill_recover(risk_state *state, const cb_kill *kill);
/** The latch of a scope, NULL when it never had one. [borrowed until the next step] */
const cb_kill *risk_kill_of(const risk_state *state, const char *scope);
/** "*" or kind:name. */
bool risk_kill_is_scope(const char *scope);
/** Brings a scope down as two persons agreed; announces it even when it stands there already. */
void risk_kill_lower(risk_step_context *step, const risk_unkill *agreed);

/* ---- unkill.c: lowering, by two ---- */
void risk_unkill_on_command(risk_step_context *step, const risk_unkill_request *request);
void risk_unkill_recover(risk_state *state, const risk_unkill *row);

/* ---- limits.c ---- */
/** Compares the configured limits with the newest stored version; stores a new one when they
 *  differ. */
void risk_limits_begin(risk_step_context *step);

/** The newest version becomes what the book says now. */
void risk_limits_change(risk_step_context *step,
    const char *name,
    int64_t value_e8,
    const char *actor,
    const char *reason);
/** Takes the rows of the book out of the newest stored version. */
void risk_limits_recover(risk_state *state, const risk_limits *row);
/** NULL when the book has no such row. */
risk_limit *risk_book_find(risk_state *state, risk_limit_kind kind, const risk_scope *scope);
/** Adds a row in its place; false when the book is full. */
bool risk_book_add(risk_state *state, const risk_limit *limit);
void risk_book_remove(risk_state *state, risk_limit *limit);

/* ---- caps.c: the handshake with execution ---- */
void risk_caps_on_told(risk_step_context *step, const cb_caps *caps);
/** True when execution has said which caps it holds orders to, and they are approved. */
bool risk_caps_are_known(const risk_state *state);

/* ---- change.c: commands on the book, and who must approve them ---- */
void risk_change_on_command(risk_step_context *step, const risk_limit_request *request);
void risk_change_recover(risk_state *state, const risk_change *row);

/* ---- measure.c ---- */
/** All limits that cover the key, as they stand. Returns how many. */
uint32_t risk_measure_all(const risk_state *state,
    const risk_key *key,
    int64_t now_ns,
    risk_book_line out[RISK_LIMITS_MAX]);
/** One row of the book for one key that it covers. */
void risk_measure(const risk_state *state,
    const risk_limit *limit,
    const risk_key *key,
    int64_t now_ns,
    risk_book_line *out);
/** The part of used that is claimed by orders not terminal. */
int64_t risk_measure_reserved(
    const risk_state *state, const risk_limit *limit, const risk_key *key);

/* ---- sub.c: virtual sub-accounts ---- */
/** NULL when there is none. */
const risk_sub_slot *risk_sub_find(
    const risk_state *state, const char *strategy, const char *symbol);
/** True when a strategy's fills of that symbol would find a place. */
bool risk_sub_has_room(const risk_state *state, const char *strategy, const char *symbol);
/** Makes the places that a strategy's fills of that symbol need; false when there is no room. */
bool risk_sub_open(risk_step_context *step, const char *strategy, const char *symbol);
void risk_sub_on_fill(risk_step_context *step, const cb_fill *fill);
/** Result (quote units) of a row by the marks; false when a mark is missing. */
bool risk_sub_result(const risk_state *state, const risk_sub_slot *slot, int64_t *out_e8);
/** Keeps the highest results; after every change of marks or fills. */
void risk_sub_update(risk_step_context *step);
/** Begins a new day before the event of the step is applied. */
void risk_sub_roll(risk_step_context *step);
void risk_sub_recover(risk_state *state, const risk_subaccount *row);
/** A trade and its fee, applied to one holding. */
cb_status risk_holding_apply(cb_holding *holding, const cb_fill *fill);

/* ---- window.c: rates ---- */
int64_t risk_window_used(
    const risk_state *state, const char *name, int64_t span_ns, int64_t now_ns);
/** True when a use of that window would be counted. */
bool risk_window_has_room(const risk_state *state, const char *name, int64_t now_ns);
void risk_window_add(risk_step_context *step, const char *name, int64_t span_ns, int64_t amount_e8);
/** Span of a rate's kind, 0 when it is no rate. */
int64_t risk_window_span(risk_limit_kind kind);
void risk_window_recover(risk_state *state, const risk_window *row);
/** Counts a granted order in every rate that covers it. */
void risk_windows_take(risk_step_context *step, const risk_key *key, int64_t notional_e8);

/* ---- turn.c: who is next at a full limit ---- */
/** What is kept free for those whose turn comes before this strategy's. */
int64_t risk_turn_ahead(
    const risk_state *state, const char *name, const char *strategy, int64_t now_ns);
/** The strategy waits from now on, or goes on waiting where it stood. */
void risk_turn_wait(
    risk_step_context *step, const char *name, const char *strategy, int64_t amount_e8);
/** The strategy was served. */
void risk_turn_end(risk_step_context *step, const char *strategy);
void risk_turn_recover(risk_state *state, const risk_turn *row);

/* ---- recover.c ---- */
/** Takes back one stored row. */
void risk_recover_row(risk_state *state, const cb_event *event);

#endif /* RISK_STATE_H */
