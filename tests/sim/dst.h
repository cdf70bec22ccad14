/* Deterministic simulation of the whole order path in one process: the services' real programs run
 * as coroutines behind simulated interfaces of the clock, the loop, the bus, the database and HTTP.
 * Everything that can happen is drawn from one seed, so a seed is a whole history.
 *
 *   dst_world.c    virtual time, the event heap, random numbers, the hash of all outputs
 *   dst_process.c  coroutines: start, crash at any call, pause, restart; memory of a process
 *   dst_loop.c     rt/loop.h
 *   dst_bus.c      rt/bus.h: lossy core NATS      dst_stream.c  JetStream behind it
 *   dst_pg.c       rt/pg.h: sessions, transactions, lost answers; sql*.c runs the statements
 *   dst_http.c     rt/http.h: the client's half   dst_venue.c   the exchange and its faults
 *   dst_signer.c   rt/signer_client.h
 *   dst_quiet.c    logs, metrics, servers and others that say nothing here
 *   dst_traffic.c  intents, prices, kill commands dst_dump.c    tables and journal for the checker
 *   dst_candles.c  what the real signals sees     dst_people.c  operators and strangers
 *   dst_start.c    what every start repeats
 *   dst_plan.c     which faults a seed brings     dst_run.c     one schedule from start to verdict
 */
#ifndef DST_H
#define DST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rt/service.h"
#include "tests/sim/sql.h"

#define DST_PROCESSES_MAX 8
#define DST_STACK_SIZE ((size_t)512 * 1024)
#define DST_MONO_START_NS INT64_C(1000000000000)
#define DST_WALL_START_NS INT64_C(1767225600000000000) /* 2026-01-01T00:00:00Z */
#define DST_S INT64_C(1000000000)
#define DST_MS INT64_C(1000000)
#define DST_US INT64_C(1000)

typedef struct dst_process dst_process;
typedef struct dst_world dst_world;
typedef void (*dst_fn)(void *context, void *argument);

/* What may go wrong in one schedule; rates are in parts per million of their occasion. */
typedef struct dst_plan {
    int64_t active_ns; /* traffic and faults */
    int64_t settle_ns; /* after that, at most */
    uint32_t intents_count;
    uint32_t symbols_count;
    bool has_standby; /* two execution instances */
    bool has_signals; /* the real service decides, from candles; else intents are drawn */
    bool has_groups;  /* brackets and stops among the intents */
    /* processes */
    uint32_t crash_point_ppm; /* at a call to an interface */
    uint32_t crashes_count;   /* at random moments */
    uint32_t pauses_count;
    uint32_t pause_point_ppm;
    int64_t pause_max_ns;
    int64_t skew_max_ns; /* of the machines' clocks */
    int64_t jump_max_ns;
    /* bus */
    uint32_t bus_lose_ppm;
    uint32_t bus_repeat_ppm;
    uint32_t bus_late_ppm;
    int64_t bus_late_max_ns;
    uint32_t bus_cuts_count; /* connections lost for a while */
    uint32_t stream_forget_ppm;
    /* database */
    uint32_t pg_fail_ppm;
    uint32_t pg_unknown_ppm; /* the connection breaks in COMMIT */
    uint32_t pg_slow_ppm;
    int64_t pg_slow_max_ns;
    uint32_t pg_restarts_count;
    /* venue */
    uint32_t venue_drop_request_ppm;
    uint32_t venue_drop_answer_ppm;
    uint32_t venue_error_ppm;       /* 5xx without applying */
    uint32_t venue_error_after_ppm; /* applied, then 5xx */
    uint32_t venue_late_ppm;
    int64_t venue_late_max_ns;
    uint32_t venue_refuse_ppm; /* nothing listens */
    uint32_t venue_throttle_ppm;
    int64_t venue_lag_ns; /* queries do not find what is younger */
    int64_t venue_skew_ns;
    uint32_t venue_cut_ppm; /* the user stream ends */
    uint32_t frame_lose_ppm;
    uint32_t frame_repeat_ppm;
    uint32_t frame_late_ppm;
    uint32_t signer_refuse_ppm;
    uint32_t venue_duplicates; /* sim_client_ids: what a used client order id does */
    /* traffic */
    uint32_t kills_count;
    uint32_t pages_count;       /* raises of the local flag page */
    uint32_t replay_permit_ppm; /* a permit or fill of the past comes again */
    uint32_t external_count;    /* orders by somebody else */
    uint32_t operator_count;    /* orders, cancels and amends by hand */
} dst_plan;

/* One fault, or one failed allocation, at one place of a schedule that has none otherwise. */
typedef enum dst_sweep_kind { DST_SWEEP_NONE, DST_SWEEP_FAULT, DST_SWEEP_ALLOC } dst_sweep_kind;

/* ---- world ---- */
struct dst_world {
    dst_sweep_kind sweep;
    uint64_t sweep_at;    /* from 1; 0: nothing fails, places are only counted */
    uint64_t sweep_count; /* places met so far in this schedule */
    uint64_t seed;
    uint64_t random[2];
    int64_t now_ns; /* since the start of the schedule */
    uint64_t hash;  /* of all outputs */
    uint64_t events_count;
    uint64_t order;
    bool is_faulty; /* faults are still injected */
    bool is_verbose;
    dst_plan plan;
    sql_memory memory; /* of the schedule */
    struct dst_event *heap;
    uint32_t heap_count;
    uint32_t heap_capacity;
    dst_process *processes[DST_PROCESSES_MAX];
    uint32_t processes_count;
    dst_process *running; /* NULL: the scheduler */
    struct dst_bus_world *bus;
    struct dst_pg_world *pg;
    struct dst_venue *venue;
    struct dst_traffic *traffic;
    char trouble[256]; /* an assertion or a limit ended the schedule */
    bool is_over;
    uint64_t crashes_done;
    uint64_t pauses_done;
    uint64_t deaths_done;
};

/* The one world: interfaces such as cb_mono_ns have no context to carry it. */
extern dst_world *dst;

uint64_t dst_random(void);
uint64_t dst_below(uint64_t count);
/** Draws only while faults are on. */
bool dst_chance(uint32_t ppm);
/** True when the sweep's place is this one. */
bool dst_sweep_here(dst_sweep_kind kind);
int64_t dst_between(int64_t low, int64_t high);
void dst_hash(uint64_t tag, const void *bytes, size_t size);
void dst_at(int64_t at_ns, dst_fn fn, void *context, void *argument);
/** fn runs in the process, unless it has ended by then; while it is paused it waits. */
void dst_deliver(dst_process *process, int64_t at_ns, dst_fn fn, void *context, void *argument);
/** Runs events until at_ns or until nothing is left; false when the schedule ended early. */
bool dst_run_until(int64_t at_ns);
void dst_world_reset(uint64_t seed);
void *dst_alloc(size_t size);
__attribute__((format(printf, 1, 2))) void dst_say(const char *format, ...);
__attribute__((format(printf, 1, 2))) void dst_trouble(const char *format, ...);

/* ---- processes ---- */
typedef struct dst_context {
    void *stack_pointer;
} dst_context;

typedef struct dst_memory {
    uint8_t *base;
    size_t size;
    size_t used;
    void *free_lists[16];
} dst_memory;

struct dst_ready;
struct dst_packet;
struct dst_process {
    const cb_service *service;
    char name[24]; /* "execution", "execution-b" */
    uint32_t index;
    int argc;
    char *argv[64];
    char arguments[64][160];
    bool is_alive;
    bool is_wanted;  /* restarted when it ends */
    bool is_deaf;    /* to market data, of which it makes nothing */
    bool is_in_plan; /* of this schedule */
    uint32_t generation;
    int64_t paused_until_ns;
    int64_t skew_ns;
    int64_t start_due_ns;
    uint32_t ends_count; /* in a row, quickly */
    dst_context context;
    uint8_t *stack; /* [owned] */
    dst_memory zeroed;
    dst_memory raw;
    struct dst_ready *ready_first; /* what has come for it */
    struct dst_ready *ready_last;
    struct cb_loop *loop;
    struct cb_pg *pg;
    struct cb_bus *bus;
    struct cb_http *http;
    bool is_turning;    /* waits in cb_loop_turn */
    int64_t wake_at_ns; /* of the wake-up that is on its way */
    bool is_starved;    /* an allocation failed in this life */
};

dst_process *dst_process_add(const cb_service *service, const char *name);
void dst_process_argument(dst_process *process, const char *key, const char *value);
void dst_process_start(dst_process *process, int64_t at_ns);
/** From outside or from within; it is started again after a while. */
void dst_process_crash(dst_process *process, const char *why);
void dst_process_pause(dst_process *process, int64_t duration_ns);
/** A place where a process may die or be stopped: before something leaves or is read. */
void dst_point(const char *name);
/** Gives the processor back until something has come or at_ns. */
void dst_wait(int64_t until_ns);
void dst_wake(dst_process *process);
void dst_wake_up(void *context, void *argument);
void dst_processes_forget(void);
void *dst_process_alloc(size_t size, bool is_zeroed);
void dst_process_free(void *block, size_t size);
/** Runs what waits for the running process; true when there was something. */
bool dst_run_ready(void);

/* ---- parts ---- */
void dst_bus_reset(void);
void dst_bus_close_of(dst_process *process);
void dst_bus_cut(dst_process *process, int64_t duration_ns);
/** Publishes as nobody's process: traffic and market data. */
void dst_bus_inject(const char *subject, const char *reply, const void *bytes, size_t size);
void dst_stream_publish(const struct dst_packet *packet, struct cb_bus *from);
void dst_stream_reset(void);
bool dst_stream_request(const struct dst_packet *packet, struct cb_bus *from);
void dst_stream_restart(void);

void dst_pg_open(void);
void dst_pg_reset(void);
void dst_pg_close_of(dst_process *process);
void dst_pg_restart(int64_t down_ns);
sql_db *dst_pg_db(const char *schema);
/** The database's own clock. */
int64_t dst_pg_now_ns(void);

void dst_venue_open(void);
void dst_venue_reset(void);
void dst_http_close_of(dst_process *process);

void dst_page_reset(void);
void dst_traffic_reset(void);
cb_service dst_signals_service(void);

void dst_plan_draw(dst_plan *plan, uint64_t seed);

/** One schedule. True when the checker found nothing; else what[] says it. */
bool dst_schedule(uint64_t seed, char *what, size_t what_size);
void dst_open(void);

#endif /* DST_H */
