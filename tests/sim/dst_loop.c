/* rt/loop.h in virtual time: a turn runs what has come, the timers that are due and the hooks, and
 * gives the processor back. */
#include <string.h>

#include "base/assert.h"
#include "tests/sim/dst.h"

#define TIMERS_MAX 32
#define HOOKS_MAX 4

struct cb_timer {
    bool is_used;
    bool is_armed;
    int64_t due_ns;
    int64_t period_ns;
    cb_timer_fn fn;
    void *context;
    uint64_t order;
};

struct cb_loop {
    cb_timer timers[TIMERS_MAX];
    uint32_t timers_count; /* that were ever used */
    uint64_t timers_order;
    cb_timer_fn hooks[HOOKS_MAX];
    void *hook_contexts[HOOKS_MAX];
    uint32_t hooks_count;
    bool is_woken;
};

int64_t cb_mono_ns(void)
{
    return DST_MONO_START_NS + dst->now_ns;
}

int64_t cb_wall_ns(void)
{
    const int64_t skew_ns = dst->running != NULL ? dst->running->skew_ns : 0;
    return DST_WALL_START_NS + dst->now_ns + skew_ns;
}

cb_loop *cb_loop_create(cb_err *err)
{
    (void)err;
    cb_loop *loop = dst_process_alloc(sizeof(*loop), true);
    dst->running->loop = loop;
    return loop;
}

void cb_loop_destroy(cb_loop *loop)
{
    (void)loop;
}

cb_watch *cb_loop_watch(
    cb_loop *loop, int fd, uint32_t events, cb_watch_fn fn, void *context, cb_err *err)
{
    (void)fd;
    (void)events;
    (void)fn;
    (void)context;
    (void)err;
    return (cb_watch *)loop; /* nothing is ever readable */
}

void cb_watch_change(cb_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
}

void cb_watch_remove(cb_watch *watch)
{
    (void)watch;
}

cb_timer *cb_loop_timer(
    cb_loop *loop, int64_t delay_ns, int64_t period_ns, cb_timer_fn fn, void *context)
{
    for (uint32_t i = 0; i < TIMERS_MAX; i++) {
        cb_timer *timer = &loop->timers[i];
        if (!timer->is_used) {
            loop->timers_count = i >= loop->timers_count ? i + 1 : loop->timers_count;
            *timer = (cb_timer){
                true, true, dst->now_ns + delay_ns, period_ns, fn, context, ++loop->timers_order};
            return timer;
        }
    }
    CB_ASSERT(false);
    return NULL;
}

void cb_timer_reset(cb_timer *timer, int64_t delay_ns)
{
    timer->is_armed = true;
    timer->due_ns = dst->now_ns + delay_ns;
}

void cb_timer_remove(cb_timer *timer)
{
    if (timer != NULL) {
        timer->is_used = false;
        timer->is_armed = false;
    }
}

void cb_loop_on_turn(cb_loop *loop, cb_timer_fn fn, void *context)
{
    CB_ASSERT(loop->hooks_count < HOOKS_MAX);
    loop->hooks[loop->hooks_count] = fn;
    loop->hook_contexts[loop->hooks_count++] = context;
}

void cb_loop_off_turn(cb_loop *loop, cb_timer_fn fn, void *context)
{
    for (uint32_t i = 0; i < loop->hooks_count; i++) {
        if (loop->hooks[i] == fn && loop->hook_contexts[i] == context) {
            loop->hooks_count--;
            loop->hooks[i] = loop->hooks[loop->hooks_count];
            loop->hook_contexts[i] = loop->hook_contexts[loop->hooks_count];
            return;
        }
    }
}

void cb_loop_wake(cb_loop *loop)
{
    loop->is_woken = true;
}

static cb_timer *first_timer(cb_loop *loop)
{
    cb_timer *first = NULL;
    for (uint32_t i = 0; i < loop->timers_count; i++) {
        cb_timer *timer = &loop->timers[i];
        if (timer->is_armed &&
            (first == NULL || timer->due_ns < first->due_ns ||
                (timer->due_ns == first->due_ns && timer->order < first->order))) {
            first = timer;
        }
    }
    return first;
}

static bool fire_timers(cb_loop *loop)
{
    bool is_any = false;
    for (cb_timer *timer = first_timer(loop); timer != NULL && timer->due_ns <= dst->now_ns;
         timer = first_timer(loop)) {
        is_any = true;
        timer->is_armed = timer->period_ns > 0;
        /* A stopped process does not make up for the beats that it missed. */
        while (timer->is_armed && timer->due_ns <= dst->now_ns) {
            timer->due_ns += timer->period_ns;
        }
        timer->fn(timer->context);
    }
    return is_any;
}

void cb_loop_turn(cb_loop *loop, int64_t timeout_ns)
{
    int64_t until_ns = timeout_ns < 0 ? INT64_MAX : dst->now_ns + timeout_ns;
    for (uint32_t i = 0; i < loop->hooks_count; i++) {
        loop->hooks[i](loop->hook_contexts[i]);
    }
    if (!loop->is_woken && dst->running->ready_first == NULL) {
        const cb_timer *timer = first_timer(loop);
        until_ns = timer != NULL && timer->due_ns < until_ns ? timer->due_ns : until_ns;
        if (until_ns > dst->now_ns) {
            dst_wait(until_ns);
        }
    }
    loop->is_woken = false;
    dst_point("turn");
    (void)dst_run_ready();
    (void)fire_timers(loop);
}
