/* What the files of the runtime share; services see rt/service.h only.
 *
 *   service.c         arguments, exit codes, the life of the process
 *   service_start.c   from the configuration to READY: database, bus, core, recovery
 *   service_clock.c   the service's clock and its timers
 *   service_step.c    one event through journal, core and its actions
 *   service_txn.c     statements and effects of steps, committed in groups
 *   service_bus.c     subscriptions, the inbox, publishing, asking
 *   service_out.c     the outbox: relay, acknowledgements, replays
 *   service_in.c      the consuming end of streams: order, duplicates, gaps, dead letters
 *   service_pull.c    asking JetStream for their messages
 *   service_regress.c streams that lost their end, consumers made anew
 *   service_dlq.c     dead letters: listed, replayed
 *   service_crash.c   messages that end the process each time
 *   service_sync.c    sim.sync and query.ask
 *   service_health.c  state, canaries, heartbeats, peers, the HTTP endpoints
 *   service_metrics.c the runtime's own metrics
 *   service_config.c  the runtime's own configuration fields */
#ifndef CB_SERVICE_INTERNAL_H
#define CB_SERVICE_INTERNAL_H

#include "base/hash.h"
#include "rt/bus.h"
#include "rt/due.h"
#include "rt/inbox.h"
#include "rt/journal.h"
#include "rt/service.h"

#define RT_EXIT_CONFIG 64
#define RT_EXIT_UNAVAILABLE 69
#define RT_EXIT_DIED 70

#define RT_KEYS_MAX 64      /* keys of streams, in each direction */
#define RT_QUALIFIER_MAX 24 /* account or service name */
#define RT_INSTANCE_MAX 16
#define RT_STANDBY_SUFFIX "/standby"
#define RT_KEY_MAX 32    /* as CB_HEARTBEAT_KEY_FIELDS */
#define RT_AFTER_MAX 256 /* "FILL=3,BALANCE=2" */
#define RT_PEERS_MAX 32
#define RT_POISON_MAX 8  /* messages known to kill */
#define RT_UNHEARD_MAX 8 /* consumers of one stream */
/* The simulation (tests/sim) is built with smaller ones. */
#ifndef RT_HELD_MAX
#define RT_HELD_MAX 1024 /* messages that wait for an earlier one */
#endif
#ifndef RT_OUTSTANDING_MAX
#define RT_OUTSTANDING_MAX 4096 /* published, not acknowledged */
#endif
#ifndef RT_MARKS_MAX
#define RT_MARKS_MAX 1024 /* acknowledged, not yet marked in the outbox */
#endif
#define RT_ASKS_MAX 256
#define RT_SYNCS_MAX 8
#ifndef RT_INBOX_MAX
#define RT_INBOX_MAX 32768
#endif
#define RT_ENCODED_MAX ((size_t)32 * 1024) /* bytes of one message: half of NATS' payload limit */
#ifndef RT_SUBJECTS_MAX
#define RT_SUBJECTS_MAX 16384 /* full subjects that this process publishes */
#endif
#define RT_BATCH_BYTES_MAX ((size_t)4 * 1024 * 1024) /* a larger unsent group stops the intake */
#define RT_REPLY_MAX 160
#define RT_QUERIES_MAX 64

typedef struct rt_config {
    char nats_url[CB_CONFIG_TEXT_MAX];
    char nats_user[CB_CONFIG_TEXT_MAX];
    char nats_password[CB_CONFIG_TEXT_MAX];
    char nats_ca_file[CB_CONFIG_TEXT_MAX];
    char pg_dsn[CB_CONFIG_TEXT_MAX];
    char pg_migrate_dsn[CB_CONFIG_TEXT_MAX];
    char http_address[CB_CONFIG_TEXT_MAX];
    uint64_t http_port;
    uint32_t log_format; /* 0 logfmt, 1 json */
    uint32_t log_level;
    uint32_t clock; /* 0 system, 1 bus */
    char journal_dir[CB_CONFIG_TEXT_MAX];
    uint64_t journal_bytes_max;
    char shard[CB_CONFIG_TEXT_MAX];
    bool is_standby_allowed;
    char instance[CB_CONFIG_TEXT_MAX];
    int64_t drain_timeout_ns;
    int64_t start_timeout_ns;
    char failpoints[CB_CONFIG_TEXT_MAX];
    char failpoints_file[CB_CONFIG_TEXT_MAX];
} rt_config;

typedef enum rt_phase {
    RT_STARTING,
    RT_STANDBY, /* another instance holds the lease */
    RT_RECOVERING,
    RT_RUNNING, /* READY or DEGRADED, as rt_state finds */
    RT_DRAINING,
    RT_STOPPED
} rt_phase;

typedef struct rt_clock {
    bool is_bus;
    bool is_seen;         /* bus: a clock message has come */
    int64_t base_ns;      /* bus: the last message's time … */
    int64_t base_mono_ns; /* … and when it came */
    int64_t speed_e8;     /* 0: time stands still between messages */
    int64_t last_ns;      /* never goes back */
    uint64_t shell_timers_count;
    cb_due *due;
    cb_timer *wake;
    bool is_armed;        /* wake is set for … */
    int64_t armed_due_ns; /* … this timer; INT64_MAX: for none */
    bool is_firing;
} rt_clock;

/* ---- groups of statements and effects ---- */
typedef struct rt_buffer {
    uint8_t *bytes; /* [owned] */
    size_t used;
    size_t capacity;
} rt_buffer;

/* One statement as it stands in a buffer (service_record.c). */
typedef struct rt_record {
    const char *sql;       /* [borrowed] */
    cb_result_fn fn;       /* NULL: nobody wants its answer */
    void *context;         /* [borrowed] */
    const uint8_t *values; /* [borrowed from the buffer] */
    uint32_t values_count;
    uint32_t size; /* bytes of the values */
    bool is_later; /* may be put off when the service has a step log */
} rt_record;

typedef struct rt_txn {
    rt_buffer statements;
    rt_buffer effects;
    uint32_t statements_count;
    uint32_t effects_count;
    uint32_t hops_count; /* stream messages in it, and the last of them */
    uint32_t hop_key;
    uint64_t hop_seq;
    int64_t opened_mono_ns;
    bool is_urgent;  /* something that others wait for follows from it */
    bool is_logged;  /* on its way: what may be put off is in the step log … */
    uint64_t redo_n; /* … as this row */
} rt_txn;

/* The step log of a service that has one (service_redo.c). */
typedef struct rt_redo {
    bool is_open;
    uint64_t n;      /* the newest row given */
    rt_buffer later; /* statements that are durable in the log and not yet in their tables */
    uint32_t later_count;
    uint64_t later_n;       /* the newest row that they stand in */
    uint32_t on_way_count;  /* transactions that bring tables up to date */
    uint64_t flushes_count; /* of such, all that were ever sent */
    rt_buffer acks;         /* acknowledgements that wait for one of them */
    size_t acks_at;         /* those before have been sent */
    cb_timer *timer;        /* NULL until something was put off for the first time */
    bool is_waiting;        /* the timer runs */
    cb_params params;       /* its own: a flush comes between others filling theirs and sending */
} rt_redo;

typedef enum rt_effect_kind {
    RT_EFFECT_CORE,    /* publish: text = subject, a = row */
    RT_EFFECT_STREAM,  /* relay: text = "subject\nafter", a = seq, b = out key */
    RT_EFFECT_REQUEST, /* the shell's hook: b = kind */
    RT_EFFECT_ACK,     /* acknowledge: text = reply subject */
    RT_EFFECT_REPLAYED /* a dead letter's replay is durable */
} rt_effect_kind;

typedef struct rt_effect {
    rt_effect_kind kind;
    uint32_t b;
    uint64_t a;
    const char *text;
    const void *body;
    uint32_t body_size;
} rt_effect;

/* ---- streams ---- */
/* A consumer that asks again and again for the same. */
typedef struct rt_unheard {
    char consumer[RT_QUALIFIER_MAX]; /* "": free */
    uint64_t from_seq;
    int64_t since_mono_ns;
    int64_t asked_mono_ns; /* the last time */
} rt_unheard;

typedef struct rt_out_key {
    char key[RT_KEY_MAX]; /* "ORDER/main" */
    char qualifier[RT_QUALIFIER_MAX];
    cb_subject_id row;
    uint64_t seq;           /* last given */
    uint64_t committed_seq; /* last whose transaction has committed */
    int64_t replayed_mono_ns;
    rt_unheard unheard[RT_UNHEARD_MAX];
    int64_t purged_mono_ns; /* when its stream was last emptied by us, 0 = never */
} rt_out_key;

typedef struct rt_outstanding {
    uint32_t key;
    uint64_t seq;
    int64_t sent_mono_ns;
} rt_outstanding;

typedef struct rt_out {
    rt_out_key keys[RT_KEYS_MAX];
    uint32_t keys_count;
    rt_outstanding waiting[RT_OUTSTANDING_MAX];
    uint32_t waiting_count;
    rt_outstanding marks[RT_MARKS_MAX];
    uint32_t marks_count;
    bool needs_scan; /* rows of the outbox may be unpublished and not waiting */
    bool is_scanning;
    uint32_t internal_queries; /* of ours in the pipeline, which are not work */
} rt_out;

typedef struct rt_in_key {
    char key[RT_KEY_MAX];
    char qualifier[RT_QUALIFIER_MAX];
    cb_subject_id row;
    uint64_t applied_seq;
    uint64_t announced_seq;
    int64_t gap_mono_ns; /* since when something is missing, 0 = nothing is */
    int64_t asked_mono_ns;
    uint64_t watched_seq;      /* applied_seq when it was last looked at */
    uint64_t asked_seq;        /* from where the last replay was asked, 0 = none is under way */
    uint32_t unanswered_count; /* replays asked in a row from the same place */
} rt_in_key;

typedef struct rt_pull {
    cb_subject_id row;
    int64_t outstanding;
    int64_t asked_mono_ns;
    bool is_due;             /* ask at the next tick */
    int64_t looked_mono_ns;  /* when the consumer's place was last asked for */
    int64_t rebuilt_mono_ns; /* when the consumer was last made anew, 0 = never */
    uint64_t place_seq;      /* of the stream, as far as the consumer has delivered */
} rt_pull;

/* Where a stream message stands in its producer's sequences. */
typedef struct rt_hop {
    uint32_t key; /* index of the in key */
    uint64_t seq;
    uint64_t epoch;
    cb_id event_id;
    const char *ack; /* reply subject */
} rt_hop;

typedef struct rt_held {
    cb_inbox_item item;
    uint32_t key;
    uint64_t seq;
    char after[RT_AFTER_MAX];
} rt_held;

typedef struct rt_in {
    rt_in_key keys[RT_KEYS_MAX];
    uint32_t keys_count;
    rt_pull pulls[CB_SUBJECT_COUNT];
    uint32_t pulls_count;
    rt_held held[RT_HELD_MAX];
    uint32_t held_count;
    uint32_t held_of_row[CB_SUBJECT_COUNT];
} rt_in;

/* ---- the rest ---- */
typedef struct rt_peer {
    int64_t heard_mono_ns;
    char name[RT_QUALIFIER_MAX]; /* "execution", "execution/standby" */
    cb_heartbeat beat;
} rt_peer;

typedef struct rt_ask {
    uint64_t number; /* 0: free */
    int64_t deadline_mono_ns;
    void (*fn)(void *context, const void *bytes, size_t size);
    void *context;
} rt_ask;

typedef struct rt_sync {
    char reply_to[RT_REPLY_MAX];
    uint64_t step;
} rt_sync;

/* The dead letter that is being replayed; one at a time. */
typedef struct rt_dlq {
    bool is_busy;
    char reply_to[RT_REPLY_MAX];
    char id[24];
    char actor[48];
} rt_dlq;

/* A message that ended the process again and again. */
typedef struct rt_poison {
    char key[RT_KEY_MAX];
    uint64_t seq;
    int64_t crashes_count;
} rt_poison;

typedef struct rt_crash {
    int fd; /* where the dying say of what; 0: nowhere */
    rt_poison poison[RT_POISON_MAX + 1];
    uint32_t poison_count;
    int64_t careful_until_mono_ns; /* one message per transaction until then */
    char kill_scope[48];           /* "": nothing is to be stopped */
    bool is_kill_asked;
    int64_t kill_asked_mono_ns;
} rt_crash;

/* The publication counter of one full subject. */
typedef struct rt_subject_count {
    char subject[CB_SUBJECT_TEXT_MAX]; /* "": free */
    uint64_t count;
} rt_subject_count;

typedef struct rt_query {
    const cb_query *query;
    char *sql; /* [owned] wrapped so that PostgreSQL makes the JSON */
} rt_query;

typedef struct rt_canary {
    int64_t sent_mono_ns;
    int64_t heard_mono_ns; /* 0: never */
    bool is_waiting;
} rt_canary;

typedef struct rt_metrics {
    cb_metric *events;
    cb_metric *step;
    cb_metric *commit;
    cb_metric *group;
    cb_metric *wait; /* bus to step */
    cb_metric *published;
    cb_metric *refused;
    cb_metric *conflated;
    cb_metric *duplicates;
    cb_metric *dead_letters;
    cb_metric *replays_asked;
    cb_metric *replays_sent;
    cb_metric *rebuilds;
    cb_metric *shed;
    cb_metric *state;
    cb_metric *outbox_waiting;
    cb_metric *held;
    cb_metric *inbox;
    cb_metric *bus_dropped;
    cb_metric *bus_errors;
    cb_metric *bus_reconnects;
    cb_metric *bus_unsent;
    cb_metric *history_lost;
    cb_metric *journal_lost;
    cb_metric *log_dropped;
    cb_metric *pg_pending;
    cb_metric *uptime;
    cb_metric *memory;
    cb_metric *fds;
} rt_metrics;

struct cb_shell {
    const cb_service *service;
    rt_config config;
    void *service_config; /* [owned] */
    cb_config_set config_set;
    uint8_t config_hash[CB_CONFIG_HASH_SIZE];
    uint32_t shard_index; /* 0 … count-1 */
    uint32_t shards_count;
    cb_log *log;
    cb_metrics *metrics;
    rt_metrics counts;
    cb_loop *loop;
    cb_http *http;
    cb_server *server;
    cb_pg *pg; /* NULL for services without a schema */
    cb_bus *bus;
    cb_store *store;
    cb_journal *journal; /* NULL: none */
    cb_inbox *inbox;
    void *user;
    void *state; /* the core's, NULL without a core */
    cb_arena arena;
    cb_outbox *out_actions;
    bool is_set_back; /* the database had forgotten epochs */
    uint64_t epoch;
    uint64_t event_seq;
    rt_phase phase;
    bool is_lease_held; /* or the service has none */
    char lease_why[128];
    uint64_t lease_waits_count; /* tries that found it held */
    bool is_stepping;
    bool is_recovering;
    bool is_term_asked;
    bool is_reload_asked; /* SIGHUP */
    bool is_journal_bad;
    int64_t started_mono_ns;
    int signal_fd;
    cb_watch *signal_watch;
    rt_clock clock;
    rt_txn txns[2];
    uint32_t building; /* index of the group being built */
    rt_redo redo;
    bool is_txn_busy;                       /* the other one is on its way, or its effects run */
    uint32_t core_queued[CB_SUBJECT_COUNT]; /* CORE messages that wait for a commit */
    rt_out out;
    rt_in in;
    uint64_t sent[CB_SUBJECT_COUNT];
    uint64_t received[CB_SUBJECT_COUNT];
    rt_subject_count *subjects; /* [owned] open addressing */
    uint32_t subjects_count;
    uint64_t *table_counts; /* [owned] ids of stored bodies, one counter per table */
    rt_peer peers[RT_PEERS_MAX];
    uint32_t peers_count;
    rt_ask asks[RT_ASKS_MAX];
    uint64_t asks_made;
    rt_sync syncs[RT_SYNCS_MAX];
    uint32_t syncs_count;
    rt_query queries[RT_QUERIES_MAX];
    rt_dlq dlq;
    rt_crash crash;
    rt_canary bus_canary;
    rt_canary pg_canary;
    uint64_t beats_count;
    cb_timer *bus_timer; /* looks for an optional bus; NULL: it was there at once */
    cb_timer *beat_timer;
    cb_timer *tick_timer;
    cb_timer *linger_timer; /* NULL until a group lingers for the first time */
    bool is_lingering;      /* the timer runs */
    bool is_lockstep;       /* the simulator has asked whether we are done */
    cb_params params;
    _Alignas(16) uint8_t body[CB_MSG_SIZE_MAX]; /* a decoded message, for the step */
    uint8_t encoded[RT_ENCODED_MAX];
};

/* service_config.c */
extern const cb_config_field rt_config_fields[];
extern const size_t rt_config_fields_count;
/** What the bounds of single fields cannot say. */
CB_MUST_USE cb_status rt_config_check(cb_shell *shell, cb_err *err);

/* service_start.c */
CB_MUST_USE int rt_start(cb_shell *shell);
/** No schema and no nats.url: the service runs without the bus. */
bool rt_is_standalone(const cb_shell *shell);

/* service_metrics.c */
void rt_metrics_open(cb_shell *shell);
/** Brings gauges and foreign counters up to date, before they are printed. */
void rt_metrics_refresh(cb_shell *shell);

/* service.c */
/** Turns the loop once; true when SIGTERM has come. */
bool rt_turn(cb_shell *shell, int64_t timeout_ns);

/* service_clock.c */
void rt_clock_open(cb_shell *shell);
void rt_clock_close(cb_shell *shell);
void rt_clock_message(cb_shell *shell, const cb_clock_msg *message);
void rt_clock_set_core_timer(cb_shell *shell, uint64_t timer_id, int64_t due_ns);
void rt_clock_cancel_core_timer(cb_shell *shell, uint64_t timer_id);
/** Fires what is due; false when it had to stop early (the group is full). */
bool rt_clock_fire(cb_shell *shell);
/** Makes the loop wake up for the next timer. */
void rt_clock_arm(cb_shell *shell);

/* service_step.c */
extern const char rt_sql_inbox[];
typedef struct rt_feed_args {
    uint32_t type;
    const void *body;
    size_t body_size;
    const void *bytes; /* for the journal: the encoded form, or the body */
    size_t bytes_size;
    const rt_hop *hop; /* NULL for everything but stream messages */
} rt_feed_args;
void rt_feed(cb_shell *shell, const rt_feed_args *args);
/** Inbox row and acknowledgement of a stream message, in the group being built. */
void rt_hop_done(cb_shell *shell, const rt_hop *hop);
void rt_feed_timer(cb_shell *shell, uint64_t timer_id, int64_t due_ns);
/** Fills a message's envelope for a CORE subject; full is the subject. */
void rt_envelope_core(cb_shell *shell, void *body, const char *full);
/** Encodes into shell->encoded; dies when the message does not fit. */
size_t rt_encode(cb_shell *shell, const cb_desc *desc, const void *body);

/* service_record.c */
/** Room for size more bytes, zeroed up to alignment; the buffer doubles and is kept. */
uint8_t *rt_buffer_take(rt_buffer *buffer, size_t size);
/** Just these bytes behind the others. */
void rt_buffer_put(rt_buffer *buffer, const void *bytes, size_t size);
/** Appends a statement with these values; record's own values are not looked at. */
void rt_record_put(rt_buffer *to, const rt_record *record, const cb_params *params);
void rt_record_copy(rt_buffer *to, const rt_record *record);
/** Reads the record at *at and moves on; false at the end. */
bool rt_record_next(const rt_buffer *from, size_t *at, rt_record *out);
/** False when its values are not what rt_record_put writes. */
bool rt_record_is_whole(const rt_record *record);
void rt_record_params(const rt_record *record, cb_params *out);

/* service_redo.c */
/** Carries out what the step log has and the tables have not; opens the log of a service with one.
 *  Before anything else is read. */
CB_MUST_USE cb_status rt_redo_recover(cb_shell *shell, cb_err *err);
bool rt_redo_is_eager(const cb_shell *shell, uint32_t table);
/** True when the group's statements that may wait are to be put into the log. */
bool rt_redo_takes(const cb_shell *shell, const rt_txn *txn);
/** True when the log's row is all that the group writes: a statement is then transaction enough. */
bool rt_redo_is_alone(const cb_shell *shell, const rt_txn *txn);
/** Writes the group's row into the transaction being built, or alone when alone_fn is given.
 *  Returns the row's number. */
uint64_t rt_redo_write(cb_shell *shell, const rt_txn *txn, cb_result_fn alone_fn);
/** The row is durable: its statements are due for their tables. */
void rt_redo_committed(cb_shell *shell, const rt_txn *txn);
/** Puts what is due into the pipeline now: whatever is asked behind it finds the tables up to date.
 */
void rt_redo_flush(cb_shell *shell);
/** Acknowledges a message of a stream once its inbox row is in its table. */
void rt_redo_ack(cb_shell *shell, const char *subject);
bool rt_redo_is_idle(const cb_shell *shell);
void rt_redo_release(cb_shell *shell);

/* service_txn.c */
void rt_txn_statement(cb_shell *shell, const char *sql, const cb_params *params);
/** As rt_txn_statement, of a statement that may be put off when the service has a step log. */
void rt_txn_later(cb_shell *shell, const char *sql, const cb_params *params);
/** Adds the lease's fence, if the service has one, to the transaction being built. */
void rt_txn_fence(cb_shell *shell, cb_params *params);
void rt_txn_effect(cb_shell *shell, const rt_effect *effect);
/** After each event: sends the group when none is on its way. */
void rt_txn_end_event(cb_shell *shell);
bool rt_txn_is_idle(const cb_shell *shell);
/** True when so much waits for the database that no more input may be taken. */
bool rt_txn_is_full(const cb_shell *shell);
void rt_txn_release(cb_shell *shell);

/* service_bus.c */
/** The own inbox, heartbeats and the clock: what also a standby hears. */
CB_MUST_USE cb_status rt_bus_subscribe_control(cb_shell *shell, cb_err *err);
/** Requests to this service: only the instance that works answers. */
CB_MUST_USE cb_status rt_bus_subscribe_requests(cb_shell *shell, cb_err *err);
CB_MUST_USE cb_status rt_bus_subscribe_rows(cb_shell *shell, cb_err *err);
/** Works off the inbox within a budget. */
void rt_bus_process(cb_shell *shell);
/** Publishes encoded bytes on a CORE subject, counted. */
void rt_bus_send_core(
    cb_shell *shell, cb_subject_id row, const char *subject, const void *bytes, size_t size);
void rt_bus_tick(cb_shell *shell);
void rt_bus_empty(cb_shell *shell);
bool rt_is_mine(const cb_shell *shell, const cb_subject *row, const char *subject);
/** The text after the last dot. */
const char *rt_last_token(const char *subject);

/* service_out.c */
extern const char rt_sql_outbox[];
CB_MUST_USE cb_status rt_out_recover(cb_shell *shell, cb_err *err);
/** Gives the next sequence number and queues row and relay. body's envelope is filled. */
void rt_out_publish(cb_shell *shell, cb_subject_id row, const char *subject, void *body);
void rt_out_relay(cb_shell *shell, const rt_effect *effect);
void rt_out_puback(cb_shell *shell, const char *suffix, const cb_bus_message *message);
void rt_out_replay(cb_shell *shell, const cb_replay *wanted);
void rt_out_tick(cb_shell *shell);
void rt_out_bus_up(cb_shell *shell);

/* service_in.c */
CB_MUST_USE cb_status rt_in_recover(cb_shell *shell, cb_err *err);
/** One message of a stream; takes the item. */
void rt_in_message(cb_shell *shell, const cb_inbox_item *item);
void rt_in_announced(cb_shell *shell, const cb_heartbeat *beat);
void rt_in_tick(cb_shell *shell);
/** Something is known to be missing; key is NULL or gets its name. */
bool rt_in_has_gap(const cb_shell *shell, const char **key);
void rt_in_release(cb_shell *shell);
bool rt_in_is_consumed(const cb_shell *shell, const cb_subject *row);
/** The row named by a token of size bytes, when this service consumes it. */
bool rt_in_find(const cb_shell *shell, const char *token, size_t size, cb_subject_id *out);

/* service_pull.c */
void rt_pull_start(cb_shell *shell);
void rt_pull_bus_up(cb_shell *shell);
/** One message of the row has come out of the inbox. */
void rt_pull_delivered(cb_shell *shell, cb_subject_id row);
void rt_pull_status(cb_shell *shell, const char *suffix, const cb_bus_message *message);
/** Asks for more where the window has room. */
void rt_pull_more(cb_shell *shell);
void rt_pull_tick(cb_shell *shell);

/* service_regress.c */
/** Makes the row's consumer anew, not more often than every few seconds. */
void rt_regress_rebuild(cb_shell *shell, cb_subject_id row, const char *why);
/** An answer of JetStream; suffix is "<what>.<stream>". */
void rt_regress_answer(cb_shell *shell, const char *suffix, const cb_bus_message *message);
void rt_regress_bus_up(cb_shell *shell);
/** A consumer asks for a replay of our key: when that has not helped for long, the stream serves
 *  nothing any more, and is emptied. */
void rt_regress_wanted(cb_shell *shell, rt_out_key *key, const cb_replay *wanted);
void rt_regress_tick(cb_shell *shell);

/* service_dlq.c */
extern const cb_query rt_dlq_query;
void rt_dlq_replay(cb_shell *shell, const cb_query_msg *query, const char *reply_to);
void rt_dlq_replayed(cb_shell *shell);

/* service_sync.c */
void rt_sync_request(cb_shell *shell, const cb_sync_request *request, const char *reply_to);
void rt_sync_answer_all(cb_shell *shell);
bool rt_is_idle(const cb_shell *shell);
void rt_query_open(cb_shell *shell);
void rt_query_request(cb_shell *shell, const cb_query_msg *query, const char *reply_to);
void rt_query_release(cb_shell *shell);

/* service_health.c */
CB_MUST_USE cb_status rt_health_open(cb_shell *shell, cb_err *err);
cb_service_state rt_state(cb_shell *shell, char *why, size_t why_size);
void rt_health_beat(cb_shell *shell);
void rt_health_canary_heard(cb_shell *shell);
/** Sends canaries and a heartbeat now, so that a started service is known to be ready soon. */
void rt_health_probe(cb_shell *shell);
void rt_health_peer(cb_shell *shell, const cb_heartbeat *beat);

/* crash.c */
/** A line on stderr for SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE before the process ends. */
void rt_crash_install(const char *service);
/** Where the last words go besides stderr. */
void rt_crash_file(int fd);
/** What is being worked on from now on, for the last words; NULL: nothing. [borrowed until the next
 *  call] */
void rt_crash_working(const char *key, uint64_t seq);
/** Writes "KEY SEQ" into the file; async-signal-safe. */
void rt_crash_write(const char *key, uint64_t seq);

/* service_epoch.c */
/** The newest epoch that was ever taken here; 0 when that is not known. */
uint64_t rt_epoch_floor(const cb_shell *shell);
void rt_epoch_remember(const cb_shell *shell);

/* service_crash.c */
/** Counts what the last process said when it died. */
CB_MUST_USE cb_status rt_crash_recover(cb_shell *shell, cb_err *err);
bool rt_crash_is_careful(const cb_shell *shell);
void rt_crash_blame(cb_shell *shell, const rt_txn *txn);
/** The message's entry when it may not be worked on any more, NULL otherwise. */
const rt_poison *rt_crash_poison(const cb_shell *shell, const char *key, uint64_t seq);
/** Stops new risk for the account, as soon as risk can be asked. */
void rt_crash_stop_account(cb_shell *shell, const char *account);
void rt_crash_tick(cb_shell *shell);

#endif /* CB_SERVICE_INTERNAL_H */
