/* The poll loop of the duty thread: file descriptors, timers, wake-ups. All libraries live in it.
 */
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
/** Frees what is still watched or timed too; their owners may not touch it afterwards. */
void cb_loop_destroy(cb_loop *loop);

/** Watches fd (not owned). Returns NULL and fills err on failure. */
cb_watch *cb_loop_watch(
    cb_loop *loop, int fd, uint32_t events, cb_watch_fn fn, void *context, cb_err *err);
void cb_watch_change(cb_watch *watch, uint32_t events);
/** Before the descriptor is closed. Safe inside any callback; NULL does nothing. */
void cb_watch_remove(cb_watch *watch);

/** One-shot when period_ns is 0; it then stays allocated, unarmed, until cb_timer_remove, and
 *  cb_timer_reset arms it again. Monotonic clock. */
cb_timer *cb_loop_timer(
    cb_loop *loop, int64_t delay_ns, int64_t period_ns, cb_timer_fn fn, void *context);
void cb_timer_reset(cb_timer *timer, int64_t delay_ns);
/** Safe inside any callback, its own included; NULL does nothing. */
void cb_timer_remove(cb_timer *timer);

/** fn runs once per turn of the loop, before it sleeps (flushing, relaying). */
void cb_loop_on_turn(cb_loop *loop, cb_timer_fn fn, void *context);
/** Takes a hook back; not inside a hook. */
void cb_loop_off_turn(cb_loop *loop, cb_timer_fn fn, void *context);
/** Wakes the loop from another thread (an eventfd); everything else is duty thread only. */
void cb_loop_wake(cb_loop *loop);

/** Runs until cb_loop_stop; or one turn of at most timeout_ns (negative: until an event). */
void cb_loop_run(cb_loop *loop);
void cb_loop_turn(cb_loop *loop, int64_t timeout_ns);
void cb_loop_stop(cb_loop *loop);

/* ---- living inside another poll loop (libwebsockets has its own) ----
 * The loop's epoll descriptor can be polled by an outer loop, which calls cb_loop_process when it
 * is readable: timers and wake-ups are descriptors in it too. cb_loop_turn then calls service
 * instead of sleeping by itself. Without an outer loop nothing of this is needed. */

/** The epoll descriptor, readable when a descriptor, a timer or a wake-up is due. */
int cb_loop_fd(const cb_loop *loop);
/**
 * Hands sleeping to an outer loop; service waits for any event of its own or of cb_loop_fd, handles
 * it and returns (a negative result stops the loop). NULL gives sleeping back to this loop.
 */
void cb_loop_set_outer(cb_loop *loop, int (*service)(void *context), void *context);
/** The outer loop's context, NULL when there is none: lets its users share one. */
void *cb_loop_outer_context(const cb_loop *loop);
/** Handles what is due now without waiting; for the outer loop, when cb_loop_fd is readable. */
void cb_loop_process(cb_loop *loop);
/** fn runs when cb_loop_destroy begins, last registered first (to destroy an outer loop). */
void cb_loop_on_destroy(cb_loop *loop, cb_timer_fn fn, void *context);

int64_t cb_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t cb_wall_ns(void); /* CLOCK_REALTIME */

#endif /* CB_LOOP_H */
