/* The state of the execution core and what its files offer each other. See execution.h. */
#ifndef EXEC_INTERNAL_H
#define EXEC_INTERNAL_H

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "domain/order.h"
#include "services/execution/core/execution.h"
#include "services/execution/core/seen.h"
#include "wire/subjects.h"

/* The bounds per step keep the worst step within the outbox: a parked report of a foreign order
 * makes five actions, a page of them as many for each of its 32 items. */
#define EXEC_PARK_MAX 48
#define EXEC_KILLS_MAX 64
#define EXEC_READS_MAX 8    /* order reads in flight at a time */
#define EXEC_CANCELS_MAX 16 /* cancels in flight at a time */
#define EXEC_EXPIRED_PER_STEP 32
#define EXEC_START_ATTEMPTS 10 /* clean snapshots are hard to get while orders fill */
#define EXEC_BACKOFF_MIN_NS CB_NS_PER_S
#define EXEC_BACKOFF_MAX_NS (10 * CB_NS_PER_S)
#define EXEC_RATE_WINDOWS 64
#define EXEC_REDUCE_CAP_FACTOR 4 /* exits may be larger than entries: price and pyramids grow */
#define EXEC_TAG_SWEEP UINT64_C(1)
#define EXEC_TAG_FIRST UINT64_C(16)
#define EXEC_WINDOW_REPLAYED_NS (60 * CB_NS_PER_S)
#define EXEC_MARK_AGE_NS (60 * CB_NS_PER_S) /* trades younger than this may still have gaps */
#define EXEC_PARK_WAIT_NS CB_NS_PER_S
#define EXEC_SWEEP_PERIOD_NS CB_NS_PER_S
#define EXEC_NEVER INT64_MAX
#define EXEC_COMMANDS_MAX 64

#define EXEC_COVER_WAIT_NS CB_NS_PER_S /* fills that come together are covered together */
#define EXEC_OUTCOMES_MAX 20           /* answers that the reject rate is taken of */
#define EXEC_STALE_FACTOR 3            /* times caps.data_age_max: the feed has stopped */

/* What is being read about an order. */
typedef enum exec_step {
    EXEC_STEP_NONE,
    EXEC_STEP_ORDER,  /* the order itself */
    EXEC_STEP_TRADES, /* its trades: recorded fills fall short of the executed quantity */
    /* proof of absence, after two answers NOT_FOUND beyond the bound */
    EXEC_STEP_ABSENT_ALL,
    EXEC_STEP_ABSENT_OPEN,
    EXEC_STEP_ABSENT_TRADES
} exec_step;

typedef enum exec_cancel {
    EXEC_CANCEL_NONE,
    EXEC_CANCEL_WANTED,
    EXEC_CANCEL_IN_FLIGHT,
    EXEC_CANCEL_ANSWERED /* asked; the order's state tells what came of it */
} exec_cancel;

typedef struct exec_order {
    bool is_used;
    bool is_provisional; /* external, not yet published: what it is must be read first */
    bool is_read_in_flight;
    bool is_found_elsewhere; /* the proof of absence met a trace of it */
    bool is_claim_untold;    /* recovered: claimed, and not told of */
    bool is_never_sent;      /* recovered: its claimer knew that nothing had left */
    bool has_reported;       /* the venue has told of this order: it exists there */
    exec_step step;          /* of the read in flight, or wanted next */
    exec_cancel cancel;
    uint64_t arrival;           /* order of arrival, rising */
    uint64_t finished;          /* order of finishing, rising; 0 = not finished */
    uint64_t read_tag;          /* of the read in flight */
    uint64_t trades_tag;        /* of the reading that before_sum is of */
    uint64_t listed_job;        /* last job whose open-order list named it */
    uint64_t opened_seq;        /* event that brought it to the venue's book, as far as we know */
    cb_order_state venue_state; /* the venue's latest word; NONE before there is one */
    cb_qty venue_qty;           /* largest executed quantity that the venue has told */
    cb_qty told_qty;            /* cum_qty of the latest published version */
    cb_qty before_qty;          /* external: executed before our baseline, part of cum_qty */
    cb_qty before_sum;          /* the same, as the reading of its trades in hand adds it up */
    uint32_t not_found_count;   /* consecutive, beyond the bound */
    int64_t due_ns;             /* next look at it; EXEC_NEVER = none */
    int64_t backoff_ns;
    int64_t unknown_since_ns;
    int64_t open_since_ns;
    int64_t cancel_due_ns; /* ANSWERED: when to ask again if it is still open */
    int64_t window_ns;     /* that it was signed with */
    int64_t finished_ns;   /* when it finished here */
    uint64_t ghost_job;    /* job that first saw it open after its end; 0 = none */
    char venue_reason[64];
    cb_price reference_price; /* what the decision was made at; 0 after a restart */
    /* waiting, groups, commands (group.h) */
    bool is_cancel_wanted; /* at the venue, as soon as it is there */
    bool is_abandoned;     /* canceled by command: nothing takes its place */
    bool was_amended;      /* or may have been, before a restart: its quantity proves nothing */
    bool is_terms_told;    /* the venue took other terms than were sent; said once */
    bool is_dropped;       /* ended by us on purpose before it was sent */
    bool is_exit_wanted;   /* by command: its group closes now */
    bool is_replacing;     /* its POST cancels the order that it replaces */
    bool is_amending;      /* the amend is in flight */
    cb_qty amend_qty;      /* the smaller quantity that is wanted; 0 = none */
    int64_t amend_due_ns;
    int64_t fee_base_e8;    /* fees that its trades took from the base asset */
    int64_t peak_e8;        /* best price a trailing trigger has seen; 0 = none */
    int64_t peak_stored_e8; /* the same, as stored */
    int64_t cover_due_ns;   /* parent: when what it filled is covered; 0 = nothing to cover */
    int64_t not_before_ns;  /* READY: a wait before another attempt */
    cb_order row; /* the latest published version; of its envelope only the ids of the chain */
} exec_order;

typedef struct exec_symbol {
    char symbol[24];
    char base_asset[12];
    char quote_asset[12];
    bool is_allowed; /* in the configured list */
    bool has_instrument;
    bool has_ticker;
    bool has_mark;        /* the baseline is known */
    uint64_t unbooked;    /* newest trade of the stream while the baseline was not known */
    uint64_t baseline;    /* newest trade id before our first start */
    uint64_t mark;        /* trades up to here are recorded and settled */
    uint64_t trade_floor; /* trades up to here have left the set of seen ones */
    uint64_t order_floor;
    cb_instrument instrument;
    cb_ticker ticker;
    bool has_book;
    cb_book book;
} exec_symbol;

typedef struct exec_parked {
    bool is_balances;
    exec_report report;
    exec_balances balances;
} exec_parked;

typedef enum exec_lane {
    EXEC_LANE_FREE,
    EXEC_LANE_CLAIM, /* claim in flight */
    EXEC_LANE_POST   /* claimed; the POST's answer is awaited */
} exec_lane;

typedef enum exec_job_kind {
    EXEC_JOB_NONE,
    EXEC_JOB_START, /* after start or reconnect: Ready waits for it */
    EXEC_JOB_LIGHT,
    EXEC_JOB_DEEP
} exec_job_kind;

typedef enum exec_job_phase {
    EXEC_PHASE_TIME,
    EXEC_PHASE_BASELINE, /* symbols met for the first time: their newest trade */
    EXEC_PHASE_ACCOUNT,
    EXEC_PHASE_OPEN,
    EXEC_PHASE_TRADES,
    EXEC_PHASE_ALL
} exec_job_phase;

typedef struct exec_job {
    exec_job_kind kind;
    exec_job_phase phase;
    uint64_t tag;       /* of the read in flight */
    uint64_t id;        /* of this run */
    uint64_t asked_seq; /* event in which the open orders were asked for */
    int64_t asked_ns;   /* and when */
    uint64_t fills_at_start;
    uint32_t symbol_index;
    bool is_dirty;        /* balances moved while it ran */
    bool is_mark_blocked; /* a trade of these pages could not be recorded yet */
    bool has_unbooked;    /* a trade of an order that is not known yet was met */
    uint32_t attempts;    /* of START in a row */
    int64_t venue_now_ns;
    int64_t newest_trade_ns; /* newest venue time of a trade recorded since the job began */
    uint64_t page_last_id;   /* newest trade id of the pages so far */
    uint64_t page_old_id;    /* newest of those old enough for the mark */
    uint32_t account_count;
    cb_asset_balance account[CB_VENUE_BALANCES_MAX];
} exec_job;

typedef struct exec_sweep {
    bool is_on;
    bool is_in_flight;
    bool is_done; /* empty twice */
    uint32_t empty_count;
    uint32_t listed_count;
    int64_t due_ns;
} exec_sweep;

/* A budget per window of one second (orders) or one minute (notional), in slices. */
typedef struct exec_rate {
    int64_t slice_ns[EXEC_RATE_WINDOWS];
    int64_t used[EXEC_RATE_WINDOWS];
} exec_rate;

typedef struct exec_asset {
    char asset[12];
    bool is_doubtful; /* changed by something whose new total the stream has not told */
    int64_t total_e8; /* free + locked, as last told */
} exec_asset;

struct exec_state {
    const exec_config *config;
    uint32_t caps; /* CB_VENUE_CAN_… that are used */
    uint32_t orders_max;
    exec_order *orders;
    uint32_t *active; /* places of orders that are not finished, by arrival */
    uint32_t active_count;
    uint64_t arrivals;
    uint64_t finishes;
    exec_seen trades;
    exec_seen venue_orders;
    exec_seen intents; /* intent and permit ids that were used */
    exec_symbol symbols[EXEC_SYMBOLS_MAX * 2];
    uint32_t symbols_count;

    /* the account's situation */
    uint64_t lease_epoch;
    bool is_lease_held;
    bool is_replayed; /* bus clock: snapshots are told on change only, for equal replays */
    bool is_recovered;
    bool is_stream_up;
    bool is_reconciled;
    int64_t throttled_until_ns;
    int64_t offset_ns;
    bool has_offset;
    uint64_t limits_version;
    exec_kill_row kills[EXEC_KILLS_MAX];
    uint32_t kills_count;
    exec_asset assets[CB_VENUE_BALANCES_MAX];
    uint32_t assets_count;
    uint32_t assets_suspect_count; /* clean comparisons in a row that found a difference */
    uint64_t assets_suspect_fills;
    int64_t assets_told_ns; /* venue's time of the newest totals that the stream told */

    /* work in hand */
    exec_lane lane;
    cb_id lane_intent;
    cb_id lane_mate; /* the other leg of an order list; none otherwise */
    uint32_t commands_count;
    exec_command_row commands[EXEC_COMMANDS_MAX]; /* open ones, by arrival */
    exec_parked park[EXEC_PARK_MAX];
    uint32_t park_count;
    int64_t park_since_ns;
    exec_job job;
    uint64_t jobs_count;
    int64_t light_due_ns;
    int64_t deep_due_ns;
    bool is_retry_awaited;
    bool is_paced; /* replayed: the wall clock allows one more periodic run */
    exec_sweep sweep;
    bool is_off; /* level 4, canceled and verified: nothing is done until it is lowered */
    uint64_t page_generation;
    uint32_t outcomes; /* of the newest answers, one bit each, 1 = rejected */
    uint32_t outcomes_count;
    int64_t stale_due_ns;       /* when the age of the market data is looked at next */
    uint32_t reads_in_flight;   /* about orders */
    uint32_t cancels_in_flight; /* single orders and all */
    exec_caps hard_caps;        /* in force; all zero lets nothing new through */
    exec_rate orders_rate;
    exec_rate notional_rate;
    uint64_t next_tag;
    int64_t timer_due_ns; /* what the one timer is set to; EXEC_NEVER = not set */

    /* this step */
    uint64_t now_seq;
    int64_t now_ns;

    uint64_t orders_count;
    uint64_t fills_count;
    uint64_t refused_count;
    uint64_t refusals_stored;
    uint64_t differences_count;
    uint64_t external_count;
    uint64_t stale_count;
};

#include "services/execution/core/group.h"

/* ---- orders.c: the table of orders ---- */
exec_order *exec_order_by_intent(exec_state *state, cb_id intent_id);
exec_order *exec_order_by_client_id(exec_state *state, const char *client_order_id);
exec_order *exec_order_by_venue_id(
    exec_state *state, const char *symbol, const char *venue_order_id);
/** A place for a new order, evicting the order finished longest ago; NULL when all are active. */
exec_order *exec_order_take(exec_state *state);
/** Takes a place out of use again (a provisional one that turned out to be known). */
void exec_order_drop(exec_state *state, exec_order *order);
exec_order *exec_active(exec_state *state, uint32_t index);
void exec_order_finish(exec_state *state, exec_order *order);
/** Identity of a venue's order or trade in the sets of seen ones. */
bool exec_venue_order_is_old(exec_state *state, const char *symbol, const char *venue_order_id);
void exec_venue_order_remember(exec_state *state, const char *symbol, const char *venue_order_id);
bool exec_trade_is_seen(exec_state *state, const char *symbol, uint64_t trade_id);
void exec_trade_remember(exec_state *state, const char *symbol, uint64_t trade_id);
/** The symbol's entry; made (not allowed for orders) when it is new. NULL when the table is full.
 */
exec_symbol *exec_symbol_get(exec_state *state, const char *symbol);
exec_symbol *exec_symbol_find(exec_state *state, const char *symbol);

/* ---- emit.c: what leaves the core ---- */
/** Publishes and stores the next version of an order; the move must be allowed. */
void exec_emit_order(
    exec_state *state, exec_order *order, cb_order_state next, const char *reason, cb_outbox *out);
void exec_emit_difference(
    exec_state *state, const char *kind, const exec_difference *filled, cb_outbox *out);
void exec_emit_alert(
    const char *name, const exec_order *order, bool is_error, const char *detail, cb_outbox *out);
/** One read about an order; its tag is the order's read_tag from now on. */
void exec_emit_order_read(
    exec_state *state, exec_order *order, exec_request request, cb_outbox *out);
void exec_emit_balance(exec_state *state,
    cb_balance_reason reason,
    const cb_asset_balance *balances,
    uint32_t count,
    int64_t venue_ts_ns,
    cb_outbox *out);
uint64_t exec_tag(exec_state *state);

/* ---- permits.c ---- */
void exec_on_permit(exec_state *state, const cb_permit *permit, cb_outbox *out);
/** Permits of an older version than this are refused from now on, also after a restart. */
void exec_note_limits(exec_state *state, uint64_t version, cb_outbox *out);

/* ---- caps.c: the last check before the claim ---- */
/** NULL when the order may go, otherwise the reason in words. */
const char *exec_caps_refusal(
    exec_state *state, const exec_order *order, char text[EXEC_REASON_MAX]);
/** A new set of caps is in force; tells risk, whose permits must name it. */
void exec_on_caps(exec_state *state, const exec_caps *caps, cb_outbox *out);
void exec_tell_caps(const exec_state *state, cb_outbox *out);
void exec_caps_spend(exec_state *state, const exec_order *order);

/* ---- place.c: claim, send, answer ---- */
bool exec_is_live(const exec_state *state);
/** Starts the next ready order when the lane is free, and ends the expired ones. */
void exec_pump(exec_state *state, cb_outbox *out);
void exec_on_claim(exec_state *state, const exec_claim_result *result, cb_outbox *out);
void exec_on_sent(exec_state *state, const exec_sent *sent, cb_outbox *out);
void exec_on_placed(exec_state *state, const exec_order_answer *answer, cb_outbox *out);
int64_t exec_ready_due_ns(exec_state *state);
/** True while the POST of this order waits for its answer. */
bool exec_is_posting(const exec_state *state, const exec_order *order);

/* ---- settle.c: the venue's word becomes state and fills ---- */
/** Takes in what the venue says about an order (any source, any order of arrival). */
void exec_apply_view(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out);
/** Records a trade of this order once; false when it was known. */
bool exec_record_trade(exec_state *state,
    exec_order *order,
    const cb_venue_trade *trade,
    cb_fill_source source,
    cb_outbox *out);
/** Publishes what the recorded fills and the venue's word now amount to. */
void exec_settle(exec_state *state, exec_order *order, cb_outbox *out);
void exec_make_unknown(
    exec_state *state, exec_order *order, const char *reason, int64_t delay_ns, cb_outbox *out);

/* ---- stream.c: user stream ---- */
void exec_on_report(exec_state *state, const exec_report *report, cb_outbox *out);
void exec_on_balances(exec_state *state, const exec_balances *balances, cb_outbox *out);
void exec_park_drain(exec_state *state, cb_outbox *out);
/** A trade nobody booked, of an order that ended so long ago that its place was given away. */
void exec_old_trade(exec_state *state, const cb_venue_trade *trade, cb_outbox *out);

/* ---- external.c: orders that are not ours ---- */
cb_id exec_external_id(const exec_state *state, const char *symbol, const char *venue_order_id);
/** A new external order from the venue's view; NULL when it must be read first or cannot be kept.
 */
exec_order *exec_external_open(
    exec_state *state, const cb_venue_order *view, cb_qty covered, cb_outbox *out);
void exec_external_viewed(
    exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out);
void exec_external_trade(
    exec_state *state, exec_order *order, const cb_venue_trade *trade, cb_outbox *out);
/** A trade of an order that nobody knows: reads the order before anything is recorded. */
void exec_external_ask(
    exec_state *state, const char *symbol, const char *venue_order_id, cb_outbox *out);
/** All trades of a provisional order have been read: publishes it, or drops one of old times. */
void exec_external_traded(exec_state *state, exec_order *order, cb_outbox *out);

/* ---- resolve.c: reads about single orders ---- */
void exec_order_tick(exec_state *state, exec_order *order, cb_outbox *out);
void exec_on_queried(exec_state *state, const exec_order_answer *answer, cb_outbox *out);
void exec_on_order_list(
    exec_state *state, exec_order *order, const exec_orders_page *page, cb_outbox *out);
void exec_on_order_trades(
    exec_state *state, exec_order *order, const exec_trades_page *page, cb_outbox *out);
void exec_order_wait(exec_state *state, exec_order *order);
void exec_note_throttle(exec_state *state, int64_t retry_after_s);

/* ---- reconcile.c: the account as a whole ---- */
void exec_job_begin(exec_state *state, exec_job_kind kind, cb_outbox *out);
void exec_job_tick(exec_state *state, cb_outbox *out);
/** When a periodic run is due; EXEC_NEVER while something else must happen first. */
int64_t exec_job_due_ns(const exec_state *state);
void exec_on_time(exec_state *state, const exec_time_answer *answer, cb_outbox *out);
void exec_on_account(exec_state *state, const exec_account_answer *answer, cb_outbox *out);
void exec_on_job_orders(exec_state *state, const exec_orders_page *page, cb_outbox *out);
void exec_on_job_trades(exec_state *state, const exec_trades_page *page, cb_outbox *out);

/* ---- balances.c ---- */
/** Compares a clean snapshot with what was told so far; tells and records what differs. */
void exec_balances_compare(exec_state *state, cb_outbox *out);
void exec_balances_take(
    exec_state *state, const cb_asset_balance *balances, uint32_t count, bool is_whole);
/** The total of this asset is known again with the next word of the stream or a snapshot. */
void exec_balances_doubt(exec_state *state, const char *asset);

/* ---- kill.c: levels, cancels, the sweep that proves the book empty ---- */
uint32_t exec_kill_level(const exec_state *state, const cb_order *row);
uint32_t exec_kill_level_account(const exec_state *state);
/** May this order still be placed under the levels in force? */
bool exec_kill_allows(const exec_state *state, const cb_order *row);
void exec_on_kill(exec_state *state, const cb_kill *kill, cb_outbox *out);
/** The level that execution itself holds for its "account" or "venue". */
uint32_t exec_own_level(const exec_state *state, const char *scope_kind);
void exec_raise_kill(
    exec_state *state, const char *scope_kind, uint32_t level, const char *reason, cb_outbox *out);
/** Raises for one of the four kinds of source of exec_kill_row; see kill.c. */
void exec_kill_put(exec_state *state, const exec_kill_row *wanted, cb_outbox *out);
/** Lets a condition hold or end: level 0 ends it. */
void exec_interlock(
    exec_state *state, const char *scope, uint32_t level, const char *reason, cb_outbox *out);
void exec_cancel_tick(exec_state *state, cb_outbox *out);
/** When cancels or the sweep want the clock next. */
int64_t exec_cancel_due_ns(exec_state *state);
/** An order that ended here, or was never sent, is open at the venue. */
void exec_ghost(exec_state *state, exec_order *order, const cb_venue_order *view, cb_outbox *out);
void exec_on_canceled(exec_state *state, const exec_order_answer *answer, cb_outbox *out);
void exec_on_canceled_all(exec_state *state, const exec_order_answer *answer, cb_outbox *out);
void exec_on_sweep_orders(exec_state *state, const exec_orders_page *page, cb_outbox *out);
void exec_unknown_watch(exec_state *state, cb_outbox *out);
int64_t exec_unknown_due_ns(exec_state *state);
uint32_t exec_unknown_count(exec_state *state);

/* ---- alarm.c: levels that raise themselves, the flag page, level 4 ---- */
void exec_on_page(exec_state *state, const exec_page *page, cb_outbox *out);
/** The venue refuses us, whatever we ask: no new risk, by scope of what it refuses. */
void exec_on_refused(exec_state *state, const exec_refused *refused, cb_outbox *out);
/** The database was set back to a backup: no new risk until two persons have looked. */
void exec_on_set_back(exec_state *state, cb_outbox *out);
void exec_on_watch(exec_state *state, const exec_watch *watch, cb_outbox *out);
/** A venue's answer to an order: too many rejections among the newest stop new risk. */
void exec_note_outcome(exec_state *state, bool is_rejected, cb_outbox *out);
/** The symbol's feed has been silent for EXEC_STALE_FACTOR times the age that caps allow. */
bool exec_is_data_stale(const exec_state *state, const exec_symbol *symbol);
void exec_alarm_tick(exec_state *state, cb_outbox *out);
/** When the age of the market data is looked at next. */
int64_t exec_alarm_due_ns(const exec_state *state);

/* ---- recover.c ---- */
void exec_on_old(exec_state *state, const cb_event *event);
void exec_on_recovered(exec_state *state, cb_outbox *out);

/* ---- rate.c ---- */
int64_t exec_rate_used(const exec_rate *rate, int64_t span_ns, int64_t now_ns);
void exec_rate_add(exec_rate *rate, int64_t amount, int64_t span_ns, int64_t now_ns);

#endif /* EXEC_INTERNAL_H */
