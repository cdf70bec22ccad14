/* What the files of execution's shell share.
 *
 *   main.c      the service's description
 *   config.c    configuration fields and what their bounds cannot say
 *   shell.c     hooks: start, requests of the core to their files, readiness, metrics
 *   lease.c     the right to write
 *   caps.c      the signed file of hard caps
 *   recover.c   stored rows back into the core
 *   place.c     claim and the one POST
 *   claim_lost.c a claim whose commit nobody saw
 *   reads.c     questions to the venue
 *   lists.c     list answers, page by page
 *   stream.c    the user stream
 *   page.c      the local flag page, the disk, the silence of risk
 *   beat.c      the signed beat for the guardian
 *   record.c    every request of the order path and its answer, for explain
 *   queries.c   read questions of the gateway */
#ifndef EXEC_SHELL_H
#define EXEC_SHELL_H

#include "base/textbuf.h"
#include "base/timefmt.h"
#include "rt/killpage.h"
#include "rt/service.h"
#include "rt/signer_client.h"
#include "services/execution/core/execution.h"

#define EXEC_CONNECT_TIMEOUT_MS 1000
#define EXEC_TOTAL_TIMEOUT_MS 5000
#define EXEC_ORDER_ANSWER_MAX ((size_t)1024 * 1024)
#define EXEC_LIST_ANSWER_MAX ((size_t)8 * 1024 * 1024)
#define EXEC_SEND_BUDGET_NS (250 * CB_NS_PER_MS)
#define EXEC_ROUND_TRIP_MAX_NS                                                                     \
    (500 * CB_NS_PER_MS) /* half of it is the error of a clock's offset */
#define EXEC_LEASE_NS (3 * CB_NS_PER_S)
#define EXEC_URL_MAX 2600
#define EXEC_TEXT_RECORDED_MAX 4096

/* The order between its claim and its answer; there is one lane, so there is one. */
typedef struct exec_prepared {
    bool is_used;
    cb_order order;
    bool has_mate; /* an order list: its other leg was claimed with it */
    cb_id mate_intent_id;
    cb_venue_call call;
    cb_venue_params params;
    cb_venue_request request; /* carries a signature when is_signed */
    uint64_t number;          /* of the signature that is waited for */
    bool is_signed;
    bool is_refused; /* the signer gave none: why */
    bool is_wanted;  /* claimed and to be sent: only the signature is missing */
    int64_t wanted_mono_ns;
    char why[CB_SIGNER_WHY_MAX];
    cb_id nonce; /* of its claim */
    int64_t sign_ts_ns;
    int64_t begun_ns; /* service clock when the request was signed */
    int64_t begun_mono_ns;
    int64_t claimed_mono_ns;
} exec_prepared;

typedef struct exec_metrics {
    cb_metric *origin_to_claim;
    cb_metric *sign_to_claimed;
    cb_metric *claimed_to_socket;
    cb_metric *origin_to_socket;
    cb_metric *socket_to_answer;
    cb_metric *signature;      /* asked for until there */
    cb_metric *signature_wait; /* of it: what the path waited after the claim */
    cb_metric *placed[6];      /* by cb_answer_class */
    cb_metric *orders;
    cb_metric *fills;
    cb_metric *refused;
    cb_metric *differences;
    cb_metric *external;
    cb_metric *stale;
    cb_metric *alerts;
    cb_metric *stream_ups;
    cb_metric *user_events;
    cb_metric *active;
    cb_metric *unknown;
    cb_metric *kill_level;
    cb_metric *is_live;
    cb_metric *offset;
    cb_metric *weight_used;
    cb_metric *disk_used;
} exec_metrics;

typedef struct exec_shell {
    cb_shell *shell;
    const exec_config *config;
    const cb_venue_ops *venue;
    cb_signer *signer;
    exec_caps caps;   /* as read last */
    cb_params params; /* of the statement that is being made */
    exec_metrics metrics;
    cb_timer *tick_timer;
    bool is_started;
    int64_t opened_mono_ns;

    cb_id owner;
    uint64_t lease_epoch;    /* 0: not taken */
    int64_t takeovers_count; /* between instances, in the minute before we took it */
    int64_t lease_mono_ns;   /* when the last good renewal was asked for */
    int64_t renewal_mono_ns; /* when the renewal in flight was asked for */
    bool is_renewing;

    int64_t offset_ns;           /* venue minus service clock */
    int64_t quiet_until_mono_ns; /* the venue has asked us to wait (Retry-After) */
    exec_prepared prepared;
    bool is_posting;           /* its POST waits for its signature or an answer */
    uint64_t signatures_count; /* asked for, of orders */
    bool is_draining;
    bool has_worked; /* the venue's stream was wanted in this life */
    uint64_t claims_count;
    uint64_t requests_count;
    cb_venue_answer judged; /* of the answer being judged */

    cb_ws_client *ws;
    cb_timer *ws_timer; /* opens the stream, or drops a broken one */
    bool is_ws_timer_set;
    bool is_ws_wanted;
    bool is_ws_broken; /* to be dropped outside of its own callbacks */
    bool is_subscribed;
    cb_venue_user_event user_event; /* being read */
    uint64_t ws_request_id;
    cb_venue_auth ws_auth; /* of the subscription that is being signed */
    int64_t ws_backoff_ns;
    uint64_t user_events_count;
    cb_timer *retry_timer;
    bool is_retry_due; /* the core waits for it */
    int64_t retry_backoff_ns;

    cb_killpage *page;
    cb_killpage_state page_seen; /* last told to the core */
    bool is_page_seen;
    cb_timer *page_timer;
    exec_watch watch; /* last told to the core */
    uint64_t beats_count;
    bool is_beat_page_bad; /* said once */
    int mark_fd;           /* -1: claims are not noted */
    bool is_mark_bad;      /* said once */
    bool is_set_back;      /* the database does not know the newest claim */
    char disk_path[CB_CONFIG_TEXT_MAX];
} exec_shell;

exec_shell *exec_of(const cb_shell *shell);

/* Whole but for the counts of its lists, which main.c adds. */
extern const cb_service execution_service;
extern const cb_migration execution_migrations[];
extern const size_t execution_migrations_count;

/* config.c */
extern const cb_config_field exec_fields[];
extern const size_t exec_fields_count;
/** What the bounds of single fields cannot say. */
CB_MUST_USE cb_status exec_config_check(const exec_config *config, cb_err *err);

/* queries.c */
extern const cb_query exec_queries[];
extern const size_t exec_queries_count;
extern const cb_table exec_tables[EXEC_TABLE_COUNT];

/* lease.c */
extern const cb_lease exec_lease_ops;
void exec_lease_renew(exec_shell *self);
/** False when the last renewal is so old that another may hold it by now. */
bool exec_lease_is_fresh(const exec_shell *self);
/** Tells the core when the lease has changed hands too often; once, after the start. */
void exec_lease_tell_flaps(exec_shell *self);

/* recover.c */
CB_MUST_USE cb_status exec_recover(cb_shell *shell, cb_err *err);

/* claim_lost.c */
/** A claim's commit is unknown: finds out, records what was never sent, and ends the process. */
__attribute__((noreturn)) void exec_claim_lost(exec_shell *self, const char *why);

/* caps.c */
/** Reads the signed caps into self->caps; they stay as they are unless CB_OK. */
CB_MUST_USE cb_status exec_caps_read(exec_shell *self, cb_err *err);
/** SIGHUP: reads them again; a bad file changes nothing. */
void exec_caps_reload(cb_shell *shell);

/* mark.c */
void exec_mark_open(exec_shell *self);
void exec_mark_close(exec_shell *self);
/** Notes the prepared order's claim; right before it is handed to the socket. */
void exec_mark_claimed(exec_shell *self);
/** The core knows that the database was set back: the mark is not held against it again. */
void exec_mark_forget(exec_shell *self);
/** Under the lease: does the database know the newest claim? */
CB_MUST_USE cb_status exec_mark_check(exec_shell *self, cb_err *err);
/** Tells the core when it does not; once, after the start. */
void exec_mark_tell(exec_shell *self);

/* place.c */
void exec_claim_order(exec_shell *self, const exec_claim *claim);
/** Puts the claim into the transaction that is being made; false: exec_claim_order has to follow.
 */
bool exec_claim_early(exec_shell *self, const exec_claim *claim);
void exec_send_order(exec_shell *self, const exec_send *send);

/** How long nothing was heard of risk (wall time). */
int64_t exec_risk_age_ns(const exec_shell *self);

/* page.c */
void exec_page_open(exec_shell *self);
/** Tells the core what the page says, and from now on what changes. */
void exec_page_start(exec_shell *self);
void exec_page_close(exec_shell *self);
void exec_page_look(exec_shell *self);
/** Read anew: may this order be handed to a socket? */
bool exec_page_allows(exec_shell *self, const cb_order *order);
/** The same of the prepared order, for the HTTP client; context is the exec_shell. */
bool exec_page_may_send(void *context);
/** Two persons have lowered it: writes the page, unless it was raised again since. */
void exec_page_lower(exec_shell *self, const exec_page *wanted);
/** SIGUSR1: level 2 on the page. */
void exec_on_stop_signal(cb_shell *shell);
/** Each second: tells the core when the disk or risk's silence crosses a bound. */
void exec_watch_tick(exec_shell *self);

/* beat.c */
/** Each second: the signed beat for the guardian, on the bus and on its page. */
void exec_beat(exec_shell *self);

/* reads.c */
/** One request to the venue that is not an order: where its answer goes, and what was asked. */
typedef struct exec_call {
    exec_shell *self;
    exec_request request;
    exec_read read;
    cb_venue_call call;
    cb_venue_params params;
    cb_venue_request venue_request;
    int64_t begun_ns;
    int64_t begun_mono_ns;
    int64_t venue_now_ns; /* READ_ORDER: the venue's clock before the question */
    bool is_time_known;
} exec_call;
void exec_start_read(exec_shell *self, exec_request request, const exec_read *read);
/** The venue's clock as we know it, in whole milliseconds, which is what is signed. */
int64_t exec_sign_ts_ns(const exec_shell *self);
/** How long the venue may take to look at a question: long where seconds are replayed fast. */
int64_t exec_read_window_ms(const exec_shell *self);
/** Remembers a Retry-After; every answer of the venue passes here. */
void exec_note_answer(exec_shell *self, const cb_http_answer *http);
/** The venue has asked us to wait: nothing may leave, whoever wants it. */
bool exec_is_quiet(const exec_shell *self);
/** Sends a described request; the answer goes to fn. Orders pass the flag page last. */
void exec_http(exec_shell *self,
    const cb_venue_request *request,
    const char *lane,
    size_t response_max,
    cb_http_fn fn,
    void *context);
/** What an answer without a parsed body amounts to: UNKNOWN or THROTTLED. */
cb_answer_class exec_failure_class(
    exec_shell *self, const cb_http_answer *answer, bool is_order, int64_t *retry_after_s);

/* lists.c */
void exec_feed_orders(exec_call *call, const cb_http_answer *answer);
void exec_feed_trades(exec_call *call, const cb_http_answer *answer);
void exec_feed_account(exec_call *call, const cb_http_answer *answer);

/* stream.c */
void exec_stream_want(exec_shell *self);
void exec_stream_stop(exec_shell *self);

/* record.c */
typedef struct exec_record {
    cb_id intent_id;
    cb_id correlation_id;
    const char *kind;
    const cb_venue_request *request;
    const cb_http_answer *answer; /* NULL: it was not handed to the socket */
    cb_answer_class answer_class;
    const char *reason;
    int64_t at_ns;
    int64_t begun_mono_ns;
} exec_record;
void exec_record_request(exec_shell *self, const exec_record *record);
/** "accepted", "rejected", … */
const char *exec_class_name(cb_answer_class answer_class);

#endif /* EXEC_SHELL_H */
