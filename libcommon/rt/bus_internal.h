/* Inside rt/bus*: the connection's parts on both sides of the thread border.
 *
 * cnats calls the event-loop hooks and the callbacks also from threads of its own (reconnecting,
 * pinging). They only write into `shared` under its mutex and wake the loop; the duty thread takes
 * it from there. The duty thread never calls cnats while it holds the mutex, because cnats calls
 * the hooks with its own locks held. */
#ifndef CB_BUS_INTERNAL_H
#define CB_BUS_INTERNAL_H

#include <nats/nats.h>
#include <pthread.h>

#include "rt/bus.h"

#define BUS_NOTES_MAX 16
#define BUS_NOTE_SIZE 256

typedef struct bus_shared {
    pthread_mutex_t mutex; /* guards everything in this struct */
    int fd;                /* a duplicate of the newest socket, -1 when there is none */
    bool is_fd_new;        /* the duty thread has not taken fd yet */
    bool is_read_wanted;
    bool is_write_wanted;
    bool is_up;
    bool is_state_new;
    bool is_closed; /* the last callback has run: nobody else will use this */
    pthread_cond_t closed;
    uint32_t reconnects_count;
    uint32_t notes_count; /* errors; those beyond the room are only counted */
    uint32_t notes_lost_count;
    char notes[BUS_NOTES_MAX][BUS_NOTE_SIZE];
} bus_shared;

struct cb_bus_sub {
    cb_bus *bus;
    natsSubscription *raw;
    cb_bus_fn fn;
    void *context;
};

/* A message between the subscription's queue and its receiver. */
typedef struct bus_arrival {
    cb_bus_message message;
    cb_bus_sub *sub;
} bus_arrival;

#define BUS_USED_MAX 128
#define BUS_BATCH_MAX 4096 /* arrivals ordered together; more wait for the next round */

struct cb_bus {
    cb_loop *loop;
    natsConnection *nc;
    pthread_t duty_thread;
    bus_shared shared;
    /* duty thread only */
    int fd; /* the duplicate that is watched, [owned] */
    cb_watch *watch;
    uint32_t watched_events;
    bool is_up;
    bool is_draining; /* inside bus_drain: no second round begins */
    uint64_t next_order;
    cb_bus_sub subs[CB_BUS_SUBS_MAX];
    size_t subs_count;
    cb_bus_stats stats;
    void (*on_state)(void *context, bool is_up);
    void *on_state_context;
    void (*on_error)(void *context, const char *text);
    void *on_error_context;
    char inbox_prefix[64];
    natsMsg *used[BUS_USED_MAX]; /* [owned] done with, freed together */
    size_t used_count;
    bus_arrival batch[BUS_BATCH_MAX];
    bus_arrival scratch[BUS_BATCH_MAX];
};

/* bus_link.c: the event-loop hooks */
cb_status bus_link_options(cb_bus *bus, natsOptions *options, cb_err *err);
/** Takes over what library threads have left; called when the loop turns. */
void bus_link_apply(cb_bus *bus);
/** Waits for the last callback of the closed connection; false when it did not come. */
bool bus_link_await_closed(cb_bus *bus);
void bus_link_close(cb_bus *bus);

/* bus.c */
void bus_drain(cb_bus *bus);
cb_status bus_fail(cb_err *err, natsStatus status, const char *what);

#endif /* CB_BUS_INTERNAL_H */
