/* Risk: an intent becomes a permit or a denial. The only service that may allow new risk, and it
 * says no whenever it does not know. What it decides and from what is told in the README. */
#ifndef RISK_H
#define RISK_H

#include "domain/core.h"
#include "domain/param.h"
#include "services/risk/core/records.h"
#include "services/risk/core/rule.h"

#define RISK_CONFIG_TEXT_MAX 512 /* the shell holds it equal to CB_CONFIG_TEXT_MAX */
#define RISK_REPLY_TO_MAX 128
#define RISK_KILL_ERROR_MAX 96

typedef struct risk_config {
    char account[RISK_CONFIG_TEXT_MAX];
    char venue[RISK_CONFIG_TEXT_MAX];
    char symbols[RISK_CONFIG_TEXT_MAX]; /* "BTCUSDT,ETHUSDT" */
    char quote_asset[RISK_CONFIG_TEXT_MAX];
    char permit_key[RISK_CONFIG_TEXT_MAX]; /* at least 16 characters */
    int64_t permit_ttl_ns;                 /* from the grant on the service's clock */
    int64_t hold_reducing_max_ns; /* a reducing intent waits for its candle no longer than this */
    int64_t slippage_e8;          /* ratio added to the price of a market buy when reserving */
    int64_t fee_buffer_e8;        /* ratio of the notional kept for fees */
    int64_t escalation_e8;        /* times a loss limit: level 2 instead of 1 */
    int64_t unkill_cooldown_ns;   /* wall time between the request and the approval of a lowering */
    int64_t unkill_expiry_ns;     /* wall time after which a request is void */
    char limits[RISK_CONFIG_TEXT_MAX];        /* rows of the book, "kind@scope=value;…" */
    char caps_approved[RISK_CONFIG_TEXT_MAX]; /* hex hashes by commas; "": any that is signed */
    int64_t turn_ttl_ns;   /* a strategy that does not come back loses its turn; 0: none */
    int64_t change_ttl_ns; /* a change that nobody decides on lapses */
    int64_t rules[RISK_RULES_COUNT][CB_PARAMS_PER_ENTRY_MAX];
} risk_config;

/* Tables of the service, in the order of risk_tables. */
typedef enum risk_table {
    RISK_TABLE_ACCOUNT,
    RISK_TABLE_BALANCE,
    RISK_TABLE_POSITION,
    RISK_TABLE_MARK,
    RISK_TABLE_INSTRUMENT,
    RISK_TABLE_RESERVATION,
    RISK_TABLE_FILL,
    RISK_TABLE_COUNTER,
    RISK_TABLE_LIMITS,
    RISK_TABLE_JUDGEMENT,
    RISK_TABLE_PERMIT,
    RISK_TABLE_DENIAL,
    RISK_TABLE_INTENT,
    RISK_TABLE_HELD,
    RISK_TABLE_KILL,
    RISK_TABLE_KILL_CHANGE,
    RISK_TABLE_UNKILL,
    RISK_TABLE_REQUEST,
    RISK_TABLE_COMMAND,
    RISK_TABLE_SUB,
    RISK_TABLE_WINDOW,
    RISK_TABLE_TURN,
    RISK_TABLE_CHANGE,
    RISK_TABLES_COUNT
} risk_table;

/* The service's own events. RECOVER_… carry a stored row and are fed before CB_EVENT_RECOVERED. */
typedef enum risk_event {
    RISK_EVENT_KILL_COMMAND = CB_EVENT_LOCAL, /* risk_kill_request */
    RISK_EVENT_RECOVER_ACCOUNT,               /* risk_account */
    RISK_EVENT_RECOVER_BALANCE,               /* risk_balance */
    RISK_EVENT_RECOVER_POSITION,              /* risk_position */
    RISK_EVENT_RECOVER_MARK,                  /* risk_mark */
    RISK_EVENT_RECOVER_INSTRUMENT,            /* cb_instrument */
    RISK_EVENT_RECOVER_RESERVATION,           /* risk_reservation, by number */
    RISK_EVENT_RECOVER_FILL,                  /* risk_fill, by number; the newest are enough */
    RISK_EVENT_RECOVER_COUNTER,               /* risk_counter */
    RISK_EVENT_RECOVER_LIMITS,                /* risk_limits: the newest */
    RISK_EVENT_RECOVER_JUDGEMENT,             /* risk_judgement, by number; the newest are enough */
    RISK_EVENT_RECOVER_HELD,                  /* risk_held with is_held, by number */
    RISK_EVENT_RECOVER_INTENT,                /* cb_intent: of each held one, after RECOVER_HELD */
    RISK_EVENT_RECOVER_KILL,                  /* cb_kill */
    RISK_EVENT_RECOVER_UNKILL,                /* risk_unkill, by number; the newest are enough */
    RISK_EVENT_RECOVER_REQUEST,               /* risk_request_row, by number; the newest */
    RISK_EVENT_RECOVER_SUB,                   /* risk_subaccount, by number */
    RISK_EVENT_RECOVER_WINDOW,                /* risk_window; the last touched are enough */
    RISK_EVENT_RECOVER_TURN,                  /* risk_turn that wait, by number */
    RISK_EVENT_RECOVER_CHANGE,                /* risk_change that are pending, by number */
    RISK_EVENT_END,
    RISK_EVENT_UNKILL_COMMAND, /* risk_unkill_request */
    RISK_EVENT_ORDER_REQUEST,  /* risk_order_request */
    RISK_EVENT_LIMIT_COMMAND   /* risk_limit_request */
} risk_event;

typedef struct risk_kill_request {
    cb_kill_command command;
    char reply_to[RISK_REPLY_TO_MAX]; /* handed through to the answer */
} risk_kill_request;

typedef struct risk_unkill_request {
    cb_unkill_command command;
    char reply_to[RISK_REPLY_TO_MAX];
    int64_t wall_ns; /* the machine's clock when it came */
} risk_unkill_request;
/* A person's request for an order, or a command about one. */
typedef struct risk_order_request {
    bool is_place;
    cb_intent intent;
    cb_order_command command;
    char reply_to[RISK_REPLY_TO_MAX];
} risk_order_request;

typedef struct risk_limit_request {
    cb_limit_command command;
    char reply_to[RISK_REPLY_TO_MAX];
} risk_limit_request;

/* Requests of the core to its shell. */
typedef enum risk_request {
    RISK_REQUEST_KILL_REPLY,   /* risk_kill_reply: answer the command, its effect is durable */
    RISK_REQUEST_KILL_CHANGED, /* cb_kill: a scope's new level is durable, announce it */
    RISK_REQUEST_ORDER_REPLY,  /* risk_order_reply: what was asked is judged and stored */
    RISK_REQUEST_LIMIT_REPLY   /* risk_limit_reply */
} risk_request;

typedef struct risk_limit_reply {
    char reply_to[RISK_REPLY_TO_MAX];
    bool is_ok;
    bool is_applied;  /* false: waits for a second person */
    uint64_t version; /* of the limits in force */
    uint64_t number;  /* of the request, 0 when there is none */
    char error[RISK_KILL_ERROR_MAX];
} risk_limit_reply;

typedef struct risk_kill_reply {
    char reply_to[RISK_REPLY_TO_MAX];
    bool is_ok;
    uint64_t version;
    char error[RISK_KILL_ERROR_MAX]; /* "" when ok */
    cb_id request_id;                /* of a lowering, none otherwise */
    risk_unkill_status status;
    int64_t ready_wall_ns; /* when it may be approved */
} risk_kill_reply;

typedef struct risk_order_reply {
    char reply_to[RISK_REPLY_TO_MAX];
    cb_id id; /* of the intent or the command */
    bool is_ok;
    bool is_repeat;
    cb_qty qty;    /* granted */
    char code[16]; /* "" when ok: denied, conflict, unknown, malformed */
    char error[RISK_KILL_ERROR_MAX];
} risk_order_reply;

typedef enum risk_timer { RISK_TIMER_HOLD = 1 } risk_timer;

typedef struct risk_state risk_state;

extern const cb_core_ops risk_core_ops;

/** Fills every rule's values with the defaults of its table. */
void risk_config_rule_defaults(risk_config *config);

/** Number of scopes of the kill latch that a beat announces; the first is "*". */
uint32_t risk_kill_count(const risk_state *state);
/** Scope number index (below risk_kill_count), without an envelope. [borrowed until the next step]
 */
const cb_kill *risk_kill_at(const risk_state *state, uint32_t index);
/** Why nothing but reductions would pass, as one word; "" when ready. */
const char *risk_not_ready_reason(const risk_state *state);
/** Σ of what open orders may still trade (base e8, all symbols), and how many there are. */
int64_t risk_reserved_qty(const risk_state *state);
uint32_t risk_open_orders(const risk_state *state);
/** Since the start of the process: intents granted, and denied by the rule with that index
 *  (RISK_RULES_COUNT: too late). */
uint64_t risk_permits_count(const risk_state *state);
uint64_t risk_denials_count(const risk_state *state, uint32_t rule);
const risk_account *risk_account_of(const risk_state *state);

/* A limit as it stands for one of the things that its scope means; all e8. */
typedef struct risk_limit_view {
    char name[128];
    char unit[12];
    int64_t value_e8;
    int64_t used_e8;     /* in the limit's unit, shares as quote units; reserved included */
    int64_t reserved_e8; /* by orders not terminal */
    int64_t bound_e8;    /* value, a share as quote units */
    const char *help;
} risk_limit_view;

/** Every row of the book, for everything that it covers now. Calls fn for each. */
void risk_limits_list(const risk_state *state,
    int64_t now_ns,
    void (*fn)(void *context, const risk_limit_view *view),
    void *context);
/** Version of the limits in force. */
uint64_t risk_limits_version(const risk_state *state);
/** Why a text of limits cannot be read, "" when it can. */
const char *risk_limits_text_error(const char *text);

#endif /* RISK_H */
