/* The one runtime of all services: configuration, logs, metrics, health, PostgreSQL, NATS, journal,
 * the core's step and the carrying out of its actions.
 *
 *   bus message → inbox check → journal → core step → actions
 *     durable actions (STORE, PUBLISH to a STREAM subject) and the inbox row: one transaction;
 *     when it has committed: acknowledge, relay the outbox, publish CORE messages.
 *     without durable actions: CORE messages are published at once.
 *
 * The core runs ahead of the database but nothing leaves before its commit. When the commit fails,
 * its outcome is unknown or a connection is lost, the process ends with a clear message and is
 * restarted: recovery is the same path as the first start. */
#ifndef CB_SERVICE_H
#define CB_SERVICE_H

#include "domain/core.h"
#include "rt/config.h"
#include "rt/http.h"
#include "rt/log.h"
#include "rt/metrics.h"
#include "rt/pg.h"
#include "rt/query.h"
#include "rt/store.h"
#include "wire/subjects.h"

typedef struct cb_shell cb_shell;

typedef struct cb_migration {
    const char *name; /* "0001_orders" */
    const char *sql;
} cb_migration;

/* The right to be the one instance that works. A service with a lease starts without it: it
 * connects and opens, and recovers only when the lease is its own; `standby = true` lets it wait
 * for that as long as it takes. The fence then stands first in each of its transactions. */
typedef struct cb_lease_try {
    bool is_taken;
    char why[128]; /* who has it; "" when taken */
} cb_lease_try;

typedef struct cb_lease {
    /** Takes the lease if it may be had now. Blocking; nothing else waits on the connection. */
    cb_status (*take)(cb_shell *shell, cb_lease_try *out, cb_err *err);
    /** A statement that fails unless the lease is held, and keeps it from being taken before the
     *  transaction's end. */
    const char *fence_sql;
    void (*fence_params)(const cb_shell *shell, cb_params *params);
} cb_lease;

typedef struct cb_service {
    const char *name; /* also the PostgreSQL schema, role and NATS user */
    const char *summary;
    const cb_config_field *fields;
    size_t fields_count;
    size_t config_size;
    const cb_migration *migrations; /* generated: build/…/gen/<name>_migrations.c */
    size_t migrations_count;
    const cb_table *tables;
    size_t tables_count;
    /* What a step stores is durable in one row of the step log (rt/service_redo.c) and reaches its
     * tables a moment later, except the tables with their bit in eager_tables: those which other
     * statements read at once, or whose constraints guard what leaves. */
    bool has_step_log;
    uint64_t eager_tables;
    const cb_query *queries;
    size_t queries_count;
    const cb_core_ops *core; /* NULL for services without one (gateway) */
    bool without_pg;         /* no schema, no migrations (simulator) */
    const cb_lease *lease;   /* NULL: one instance, kept so by an advisory lock */
    bool bus_is_optional;    /* starts and works without NATS, and looks for it for ever; needs
                                without_pg, the system clock and rows of class CORE only */

    /* Hooks; each may be NULL. open: config is loaded, PostgreSQL migrated, loop and NATS exist but
     * no message has been delivered. */
    cb_status (*open)(cb_shell *shell, cb_err *err);
    /** Re-feeds stored state to the core by cb_shell_recover_event (is_recovery = true). */
    cb_status (*recover)(cb_shell *shell, cb_err *err);
    /** SIGHUP after READY: read again what a person may have changed; without it SIGHUP is noted.
     */
    void (*reload)(cb_shell *shell);
    /** READY: subscriptions run, timers run. */
    void (*started)(cb_shell *shell);
    /** A CB_ACTION_REQUEST of the core; called after the step's transaction has committed. body is
     *  a copy, valid for the call. */
    void (*on_request)(cb_shell *shell, uint32_t request, const void *body, size_t body_size);
    /** A REQUEST while its step's transaction is being made: may add its statement to it
     *  (cb_shell_join), which saves a commit, and return true; on_request is then not called. No
     *  event may be fed in it. False: on_request follows the commit as ever. */
    bool (*on_request_early)(cb_shell *shell, uint32_t request, const void *body, size_t body_size);
    /** A REQUEST-class message (cmd.kill, sim.sync is the runtime's): reply with cb_shell_reply. */
    void (*on_bus_request)(
        cb_shell *shell, cb_subject_id subject, const void *body, const char *reply_to);
    /** Why the service is not ready although NATS and PostgreSQL are; false and text in why. */
    bool (*is_ready)(cb_shell *shell, char *why, size_t why_size);
    /** The shell's own work in flight (HTTP requests, answers awaited): part of "idle". */
    uint32_t (*pending)(const cb_shell *shell);
    /** Extra counters for sim.sync ("ws.market" received, …); returns how many were written. */
    uint32_t (*sync_counts)(const cb_shell *shell, cb_sync_count *out, uint32_t capacity);
    /** An HTTP request that is not /healthz, /readyz, /metrics. False: answer 404. */
    bool (*on_http)(cb_shell *shell, cb_exchange *exchange, const cb_server_request *request);
    /** SIGUSR1: stop sending orders, now. Without this hook the signal does nothing. */
    void (*on_stop_signal)(cb_shell *shell);
    /** Orderly end: stop taking new work; called once on SIGTERM before the drain. */
    void (*drain)(cb_shell *shell);
    void (*close)(cb_shell *shell);
} cb_service;

/** Runs the service until SIGTERM; returns the exit code. Also --help, --check, --print-config. */
int cb_service_main(const cb_service *service, int argc, char **argv);

/* ---- what hooks may use ---- */
const void *cb_shell_config(const cb_shell *shell);
void *cb_shell_user(const cb_shell *shell);
void cb_shell_set_user(cb_shell *shell, void *user);
cb_loop *cb_shell_loop(cb_shell *shell);
cb_log *cb_shell_log(cb_shell *shell);
cb_metrics *cb_shell_metrics(cb_shell *shell);
/** For statements of the service's own. Tables whose rows were put off are brought up to date
 * first.
 */
cb_pg *cb_shell_pg(cb_shell *shell);
/** As cb_shell_pg, for statements that look at eager tables only: nothing is written for them. */
cb_pg *cb_shell_pg_eager(cb_shell *shell);
/** Adds a statement to the transaction of the step whose REQUEST is being looked at; fn gets its
 *  answer after the commit, or why there was none. Parameters are copied. */
void cb_shell_join(
    cb_shell *shell, const char *sql, const cb_params *params, cb_result_fn fn, void *context);
/** A second connection for blocking statements, when the first was lost and something must still be
 *  found out before the end; the caller closes it. NULL: it cannot be had. */
cb_pg *cb_shell_pg_again(cb_shell *shell, cb_err *err);
cb_http *cb_shell_http(cb_shell *shell);
const void *cb_shell_state(const cb_shell *shell); /* the core's, read only */
/** Rises with each start and each take-over of a lease; from PostgreSQL. */
uint64_t cb_shell_epoch(const cb_shell *shell);
/** The service's clock: the system's, or the simulator's (--clock=bus). */
int64_t cb_shell_now_ns(const cb_shell *shell);
bool cb_shell_is_bus_clock(const cb_shell *shell);
/** False in a service without a schema whose nats.url is empty: it runs alone (standalone). */
bool cb_shell_has_bus(const cb_shell *shell);
/** The configured journal.dir, "" when there is none. */
const char *cb_shell_journal_dir(const cb_shell *shell);
/** At the start the database had forgotten starts of this service: it was set back to a backup. */
bool cb_shell_is_set_back(const cb_shell *shell);
/** The configured name of this instance among those of its service ("1" unless set). */
const char *cb_shell_instance(const cb_shell *shell);

/** Feeds a service-local event (type ≥ CB_EVENT_LOCAL) through journal, core and dispatch. */
void cb_shell_feed(cb_shell *shell, uint32_t type, const void *body, size_t body_size);
/** During recover only: feeds an event whose actions are discarded (timers are kept). */
void cb_shell_recover_event(
    cb_shell *shell, uint32_t type, int64_t ts_ns, const void *body, size_t body_size);

/** Publishes a CORE message from a shell without a core action (collector's fast path). The
 *  envelope's empty fields are filled. */
void cb_shell_publish(cb_shell *shell, cb_subject_id subject, void *body);
/** Sends a request to another service; fn gets the raw answer or NULL after timeout_ms. */
void cb_shell_ask(cb_shell *shell,
    cb_subject_id subject,
    const char *service,
    const void *body,
    int64_t timeout_ms,
    void (*fn)(void *context, const void *bytes, size_t size),
    void *context);
/** Answers a bus request with raw bytes. */
void cb_shell_reply(cb_shell *shell, const char *reply_to, const void *bytes, size_t size);

/** A timer on the service's clock, for shells (cores use CB_ACTION_SET_TIMER). */
void cb_shell_at(cb_shell *shell, int64_t due_ns, cb_timer_fn fn, void *context);

/** The last heartbeat of another service and its age on the wall clock; false when none was heard.
 *  A standby is another peer than the instance that works: "execution/standby". */
bool cb_shell_peer(const cb_shell *shell, const char *name, cb_heartbeat *out, int64_t *age_ns);

/** True when the last heartbeat of that service is at most max_age_ns old (wall time). */
bool cb_shell_peer_fresh(const cb_shell *shell, const char *name, int64_t max_age_ns);

/** Ends the process at once with a message and exit code 70; the supervisor restarts it. */
__attribute__((noreturn)) void cb_shell_die(cb_shell *shell, const char *event, const char *why);

#endif /* CB_SERVICE_H */
