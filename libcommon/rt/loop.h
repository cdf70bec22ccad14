/* The poll loop of the duty thread: file descriptors, timers, wake-ups. All libraries live in it. */
#ifndef CB_LOOP_H
#define CB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct cb_loop cb_loop;
typedef struct cb_watch cb_watch; /* a watched descriptor */
typedef struct cb_timer cb_timer; /* a wall-clock (monotonic) timer */

#define CB_WATCH_READ 1U
#define CB_WATCH_WRITE 2U
#define CB_WATCH_ERROR 4U

typedef void (*cb_watch_fn)(void *context, int fd, uint32_t events);
typedef void (*cb_timer_fn)(void *context);

cb_loop *cb_loop_create(cb_err *err);
void cb_loop_destroy(cb_loop *loop);

/** Watches fd (not owned). Returns NULL and fills err on failure. */
cb_watch *cb_loop_watch(
    cb_loop *loop, int fd, uint32_t events, cb_watch_fn fn, void *context, cb_err *err);
void cb_watch_change(cb_watch *watch, uint32_t events);
void cb_watch_remove(cb_watch *watch);

/** One-shot when period_ns is 0. Monotonic clock. */
cb_timer *cb_loop_timer(
    cb_loop *loop, int64_t delay_ns, int64_t period_ns, cb_timer_fn fn, void *context);
void cb_timer_reset(cb_timer *timer, int64_t delay_ns);
void cb_timer_remove(cb_timer *timer);

/** fn runs once per turn of the loop, before it sleeps (flushing, relaying). */
void cb_loop_on_turn(cb_loop *loop, cb_timer_fn fn, void *context);
/** Wakes the loop from another thread (an eventfd); everything else is duty thread only. */
void cb_loop_wake(cb_loop *loop);

/** Runs until cb_loop_stop; or one turn of at most timeout_ns (negative: until an event). */
void cb_loop_run(cb_loop *loop);
void cb_loop_turn(cb_loop *loop, int64_t timeout_ns);
void cb_loop_stop(cb_loop *loop);

int64_t cb_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t cb_wall_ns(void); /* CLOCK_REALTIME */

#endif /* CB_LOOP_H */
