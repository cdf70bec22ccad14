/* What goes between execution's core and its shell besides bus messages: the shell's answers come
 * in as local events, the core's wishes go out as requests. Every request that wants an answer gets
 * exactly one (for lists: pages, the last one marked), whatever happened to it. */
#ifndef EXEC_EVENTS_H
#define EXEC_EVENTS_H

#include "domain/caps.h"
#include "domain/event.h"
#include "venue/venue.h"

#define EXEC_PAGE_MAX 32
#define EXEC_REASON_MAX 96

/* ---- events ---- */
typedef enum exec_event_type {
    EXEC_EVENT_LEASE = CB_EVENT_LOCAL, /* exec_lease */
    EXEC_EVENT_STREAM,                 /* exec_stream: user stream up or down */
    EXEC_EVENT_REPORT,                 /* exec_report: an order or a trade from the user stream */
    EXEC_EVENT_BALANCES,               /* exec_balances: from the user stream */
    EXEC_EVENT_CLAIM,                  /* exec_claim_result */
    EXEC_EVENT_SENT,                   /* exec_sent: the order request was handed to the socket */
    EXEC_EVENT_PLACED,                 /* exec_order_answer to SEND */
    EXEC_EVENT_CANCELED,               /* exec_order_answer to CANCEL */
    EXEC_EVENT_CANCELED_ALL,           /* exec_order_answer to CANCEL_ALL; intent_id none */
    EXEC_EVENT_QUERIED,                /* exec_order_answer to READ_ORDER */
    EXEC_EVENT_ORDERS,                 /* exec_orders_page */
    EXEC_EVENT_TRADES,                 /* exec_trades_page */
    EXEC_EVENT_ACCOUNT,                /* exec_account_answer */
    EXEC_EVENT_TIME,                   /* exec_time_answer */
    EXEC_EVENT_RETRY, /* no body: the wait before a new start reconciliation is over */
    EXEC_EVENT_CAPS,  /* exec_caps: a signed file of caps has been read */
    EXEC_EVENT_PACE,  /* no body: on the simulator's clock, another periodic reconciliation may run
                       */
    EXEC_EVENT_PAGE,  /* exec_page: the local flag page says something new */
    EXEC_EVENT_WATCH, /* exec_watch: what the shell sees of the machine and of risk has changed */
    /* what was stored, during recovery only */
    EXEC_EVENT_OLD_ORDER,      /* exec_old_order, by arrival */
    EXEC_EVENT_OLD_ORDER_ID,   /* exec_old_order_id: of a finished order that is not fed whole */
    EXEC_EVENT_OLD_FILL,       /* exec_old_fill, oldest first */
    EXEC_EVENT_OLD_KILL,       /* exec_kill_row */
    EXEC_EVENT_OLD_MARK,       /* exec_mark_row */
    EXEC_EVENT_OLD_INSTRUMENT, /* cb_instrument */
    EXEC_EVENT_OLD_FLOOR,      /* exec_old_floor */
    EXEC_EVENT_OLD_COUNTS,     /* exec_old_counts */
    /* later additions: journals name events by number */
    EXEC_EVENT_FLAPS,       /* exec_flaps: the lease goes back and forth between instances */
    EXEC_EVENT_OLD_TRAIL,   /* exec_trail_row */
    EXEC_EVENT_OLD_COMMAND, /* exec_command_row: an open one */
    EXEC_EVENT_AMENDED,     /* exec_order_answer to AMEND */
    EXEC_EVENT_REFUSED,     /* exec_refused: the venue's door is closed to us */
    EXEC_EVENT_SET_BACK     /* no body: the database does not know what was claimed last */
} exec_event_type;

typedef struct exec_lease {
    uint64_t epoch; /* rises with every take-over */
    bool is_held;
    bool is_bus_clock; /* time is the simulator's: see exec_state.is_replayed */
} exec_lease;

typedef struct exec_flaps {
    uint64_t takeovers_count; /* of the last minute */
} exec_flaps;

typedef struct exec_caps {
    cb_caps_rules rules;
    uint8_t hash[32]; /* of the file */
    char key[20];     /* that signed it, its first 16 hex digits */
} exec_caps;

typedef struct exec_stream {
    bool is_up;
} exec_stream;

/* The local flag page (rt/killpage.h). */
typedef struct exec_page {
    uint32_t level;
    uint64_t generation; /* 0: the page cannot be read; it counts as level 2 */
    char actor[48];
    char reason[96];
} exec_page;

/* Conditions that stop new risk while they last; measured by the shell on the machine's clock. */
typedef struct exec_watch {
    bool is_risk_silent;
    bool is_disk_filling; /* beyond disk.warn */
    bool is_disk_full;    /* beyond disk.stop */
} exec_watch;

/* An answer that is about us and not about what was asked. */
typedef struct exec_refused {
    bool is_key; /* revoked, changed or bound to another address; else a firewall or the law */
    int64_t status;
} exec_refused;

typedef struct exec_report {
    bool has_trade;
    cb_venue_order order;
    cb_venue_trade trade;
} exec_report;

typedef struct exec_balances {
    bool is_transfer; /* balances[0].free is a signed change */
    int64_t venue_ts_ns;
    uint32_t balances_count;
    cb_asset_balance balances[CB_VENUE_BALANCES_MAX];
} exec_balances;

/* Why a claim statement changed nothing, found by reading the row again. A row that another writer
 * has moved on is not among them: the shell ends the process then, and recovery reads the truth. */
typedef enum exec_claim_outcome {
    EXEC_CLAIM_DONE,
    EXEC_CLAIM_EXPIRED,     /* past not_after */
    EXEC_CLAIM_KILLED,      /* a kill level forbids it */
    EXEC_CLAIM_NOT_BUILT,   /* the request could not be described for the venue */
    EXEC_CLAIM_RISK_SILENT, /* risk's heartbeat is too old for new risk */
    EXEC_CLAIM_FAILED,      /* the statement was refused (timeout): rolled back for certain */
    EXEC_CLAIM_COUNT
} exec_claim_outcome;

typedef struct exec_claim_result {
    cb_id intent_id;
    exec_claim_outcome outcome;
    int64_t sign_ts_ns; /* venue-corrected, when the request was signed */
    char detail[EXEC_REASON_MAX];
} exec_claim_result;

typedef struct exec_sent {
    cb_id intent_id;
    int64_t sent_ns; /* service clock */
} exec_sent;

/* A judged answer about one order. */
typedef struct exec_order_answer {
    uint64_t tag;
    cb_id intent_id;
    cb_answer_class answer_class;
    int64_t retry_after_s; /* -1 unless the venue throttles */
    int64_t venue_now_ns;  /* READ_ORDER: the venue's clock, read before the question; 0 unknown */
    int64_t answered_ns;   /* service clock */
    bool has_order;
    cb_venue_order order;
    char reason[EXEC_REASON_MAX];
    bool has_mate; /* SEND of an order list: the other leg */
    cb_venue_order mate;
} exec_order_answer;

/* A share of a list answer. answer_class is ACCEPTED when the list is whole and valid. */
typedef struct exec_orders_page {
    uint64_t tag;
    cb_id intent_id;
    cb_answer_class answer_class;
    int64_t retry_after_s;
    bool is_last;
    bool is_cut; /* last page: the venue's own limit was reached, there may be more */
    uint32_t orders_count;
    cb_venue_order orders[EXEC_PAGE_MAX];
} exec_orders_page;

typedef struct exec_trades_page {
    uint64_t tag;
    cb_id intent_id;
    cb_answer_class answer_class;
    int64_t retry_after_s;
    bool is_last;
    bool is_cut; /* last page: the venue's own limit was reached, there may be more */
    uint32_t trades_count;
    cb_venue_trade trades[EXEC_PAGE_MAX];
} exec_trades_page;

typedef struct exec_account_answer {
    uint64_t tag;
    cb_answer_class answer_class;
    int64_t retry_after_s;
    uint32_t balances_count;
    cb_asset_balance balances[CB_VENUE_BALANCES_MAX];
} exec_account_answer;

typedef struct exec_time_answer {
    uint64_t tag;
    cb_answer_class answer_class;
    int64_t retry_after_s;
    int64_t venue_now_ns;
    int64_t offset_ns; /* venue minus service clock, at the middle of the round trip */
    int64_t round_trip_ns;
} exec_time_answer;

typedef struct exec_old_order {
    cb_order order;
    int64_t fee_base_e8;  /* fees that its trades took from the base asset */
    bool is_claim_untold; /* claimed, and the version that tells of it is missing */
    bool is_never_sent;   /* claimed by a process that knew that it sent nothing */
    int64_t window_ns;    /* that it was signed with; 0 before the claim */
    cb_qty
        before_qty; /* part of cum_qty that is not in recorded fills: from before our first start */
} exec_old_order;

typedef struct exec_old_order_id {
    cb_id intent_id;
    cb_id permit_id;
    char symbol[24];
    char venue_order_id[24];
} exec_old_order_id;

typedef struct exec_old_fill {
    char symbol[24];
    uint64_t trade_id;
} exec_old_fill;

/* Everything up to these ids that is not fed is old. */
typedef struct exec_old_floor {
    char symbol[24];
    uint64_t trade_floor;
    uint64_t order_floor;
} exec_old_floor;

typedef struct exec_old_counts {
    uint64_t orders_count;
    uint64_t fills_count;
    uint64_t limits_version;
} exec_old_counts;

/* ---- requests ---- */
typedef enum exec_request {
    EXEC_REQUEST_SUBSCRIBE = 1, /* no body: (re)connect the user stream */
    EXEC_REQUEST_CLAIM,         /* exec_claim: build, sign, claim; answer CLAIM */
    EXEC_REQUEST_SEND,          /* exec_send: the one POST; answers SENT (unless refused), PLACED */
    EXEC_REQUEST_CANCEL,        /* exec_read: answer CANCELED */
    EXEC_REQUEST_CANCEL_ALL,    /* exec_read: symbol; answer CANCELED_ALL */
    EXEC_REQUEST_READ_ORDER,    /* exec_read: the venue's time, then the order; answer QUERIED */
    EXEC_REQUEST_READ_OPEN,     /* exec_read: symbol or "" for all; answer ORDERS */
    EXEC_REQUEST_READ_ALL,      /* exec_read: symbol, start_ns; answer ORDERS */
    EXEC_REQUEST_READ_TRADES,  /* exec_read: symbol and venue_order_id, or from_id; answer TRADES */
    EXEC_REQUEST_READ_ACCOUNT, /* exec_read: answer ACCOUNT */
    EXEC_REQUEST_READ_TIME,    /* exec_read: answer TIME */
    EXEC_REQUEST_RETRY,        /* no body: answer RETRY after a wall-clock back-off */
    EXEC_REQUEST_ALERT,        /* exec_alert: log and count */
    EXEC_REQUEST_AMEND,        /* exec_read with qty: answer AMENDED */
    EXEC_REQUEST_PAGE,         /* exec_page: a person lowered it; set the page of that generation */
    EXEC_REQUEST_OFF,          /* no body: level 4 and nothing left to do: stop working */
    EXEC_REQUEST_FORGET_MARK   /* uint64_t 0: SET_BACK is stored, the mark has done its work */
} exec_request;

typedef struct exec_claim {
    cb_order order;
    int64_t window_ms;
    cb_price bound;             /* a market order goes as an immediate limit at this; 0 = no */
    char replaces_venue_id[24]; /* the same request cancels this order; "" = none */
    bool has_mate;
    cb_order mate; /* the stop of an order list whose take-profit order is */
} exec_claim;

typedef struct exec_send {
    cb_id intent_id;
} exec_send;

typedef struct exec_read {
    uint64_t tag;
    cb_id intent_id; /* none for the account's own reads */
    char symbol[24];
    char client_order_id[40];
    char venue_order_id[24];
    bool has_from_id;
    uint64_t from_id;
    int64_t start_ns;
    cb_qty qty; /* AMEND */
} exec_read;

typedef struct exec_alert {
    char name[32]; /* stable event name, such as "unknown_orders" */
    cb_id intent_id;
    cb_id correlation_id;
    bool is_error;
    char detail[160];
} exec_alert;

#endif /* EXEC_EVENTS_H */
