/* The poll loop of the duty thread over epoll, one timerfd and one eventfd.
 *
 * All timers share the timerfd, which is armed to the earliest of a binary heap; that makes the
 * epoll descriptor alone tell an outer loop when there is work. Objects removed inside callbacks
 * are only marked and freed after the round, because the kernel's batch of events and the heap may
 * still name them. This file knows nothing of what it watches. */
#include "rt/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/timefmt.h"

#define LOOP_EVENTS_PER_TURN 64
#define LOOP_HOOKS_MAX 16
#define LOOP_NEVER INT64_MAX

struct cb_watch {
    cb_loop *loop;
    int fd;
    bool is_dead;
    cb_watch_fn fn;
    void *context;
    cb_watch *previous; /* of the living, then of the dead */
    cb_watch *next;
};

struct cb_timer {
    cb_loop *loop;
    int64_t due_ns; /* LOOP_NEVER when unarmed */
    int64_t period_ns;
    uint64_t order; /* of equal due times, the one armed first fires first */
    size_t heap_index;
    bool is_armed;
    bool is_dead;
    cb_timer_fn fn;
    void *context;
    cb_timer *previous; /* of the living, then of the dead */
    cb_timer *next;
};

typedef struct loop_hook {
    cb_timer_fn fn;
    void *context;
} loop_hook;

struct cb_loop {
    int epoll_fd;
    int timer_fd;
    int wake_fd;
    bool is_running;
    bool is_processing;
    cb_watch *timer_watch;
    cb_watch *wake_watch;
    cb_watch *watches; /* living; freed with the loop when nobody removed them */
    cb_watch *dead_watches;
    cb_timer *timers;
    cb_timer *dead_timers;
    cb_timer **heap;
    size_t heap_count;
    size_t heap_capacity;
    uint64_t timers_armed; /* gives cb_timer.order */
    int64_t armed_ns;      /* what the timerfd is set to */
    loop_hook turn_hooks[LOOP_HOOKS_MAX];
    size_t turn_hooks_count;
    loop_hook destroy_hooks[LOOP_HOOKS_MAX];
    size_t destroy_hooks_count;
    int (*outer_service)(void *context);
    void *outer_context;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    const int rc = clock_gettime(clock, &now);
    CB_ASSERT(rc == 0);
    return (int64_t)now.tv_sec * CB_NS_PER_S + (int64_t)now.tv_nsec;
}

int64_t cb_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t cb_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* ---- the timer heap ---- */

static bool timer_is_before(const cb_timer *a, const cb_timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_put(cb_loop *loop, size_t index, cb_timer *timer)
{
    loop->heap[index] = timer;
    timer->heap_index = index;
}

static void heap_up(cb_loop *loop, size_t index)
{
    cb_timer *timer = loop->heap[index];
    while (index > 0 && timer_is_before(timer, loop->heap[(index - 1) / 2])) {
        heap_put(loop, index, loop->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    heap_put(loop, index, timer);
}

static void heap_down(cb_loop *loop, size_t index)
{
    cb_timer *timer = loop->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= loop->heap_count) {
            break;
        }
        if (child + 1 < loop->heap_count &&
            timer_is_before(loop->heap[child + 1], loop->heap[child])) {
            child++;
        }
        if (!timer_is_before(loop->heap[child], timer)) {
            break;
        }
        heap_put(loop, index, loop->heap[child]);
        index = child;
    }
    heap_put(loop, index, timer);
}

static void timer_arm(cb_timer *timer, int64_t due_ns)
{
    cb_loop *loop = timer->loop;
    CB_ASSERT(!timer->is_armed);
    CB_ASSERT(loop->heap_count < loop->heap_capacity);
    timer->due_ns = due_ns;
    timer->order = loop->timers_armed++;
    timer->is_armed = true;
    loop->heap_count++;
    heap_put(loop, loop->heap_count - 1, timer);
    heap_up(loop, loop->heap_count - 1);
}

static void timer_disarm(cb_timer *timer)
{
    cb_loop *loop = timer->loop;
    if (!timer->is_armed) {
        return;
    }
    const size_t index = timer->heap_index;
    CB_ASSERT(loop->heap[index] == timer);
    cb_timer *last = loop->heap[loop->heap_count - 1];
    loop->heap_count--;
    timer->is_armed = false;
    if (last != timer) {
        heap_put(loop, index, last);
        heap_up(loop, index);
        heap_down(loop, last->heap_index);
    }
}

/* A periodic timer re-arms in the place that it left, so firing never allocates. */
static void heap_reserve(cb_loop *loop, size_t count)
{
    if (count <= loop->heap_capacity) {
        return;
    }
    const size_t capacity = loop->heap_capacity == 0 ? 32 : loop->heap_capacity * 2;
    cb_timer **heap = realloc(loop->heap, capacity * sizeof(cb_timer *));
    CB_ASSERT(heap != NULL);
    loop->heap = heap;
    loop->heap_capacity = capacity;
}

cb_timer *cb_loop_timer(
    cb_loop *loop, int64_t delay_ns, int64_t period_ns, cb_timer_fn fn, void *context)
{
    CB_ASSERT(fn != NULL);
    CB_ASSERT(period_ns >= 0);
    cb_timer *timer = calloc(1, sizeof(*timer));
    CB_ASSERT(timer != NULL);
    timer->loop = loop;
    timer->period_ns = period_ns;
    timer->fn = fn;
    timer->context = context;
    timer->next = loop->timers;
    if (loop->timers != NULL) {
        loop->timers->previous = timer;
    }
    loop->timers = timer;
    heap_reserve(loop, loop->heap_count + 1);
    timer_arm(timer, cb_mono_ns() + (delay_ns > 0 ? delay_ns : 0));
    return timer;
}

void cb_timer_reset(cb_timer *timer, int64_t delay_ns)
{
    CB_ASSERT(!timer->is_dead);
    timer_disarm(timer);
    heap_reserve(timer->loop, timer->loop->heap_count + 1);
    timer_arm(timer, cb_mono_ns() + (delay_ns > 0 ? delay_ns : 0));
}

void cb_timer_remove(cb_timer *timer)
{
    if (timer == NULL || timer->is_dead) {
        return;
    }
    cb_loop *loop = timer->loop;
    timer_disarm(timer);
    timer->is_dead = true;
    if (timer->previous != NULL) {
        timer->previous->next = timer->next;
    } else {
        loop->timers = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
    }
    timer->next = loop->dead_timers;
    loop->dead_timers = timer;
}

/* Fires what is due at the moment of the call; a timer armed by a callback waits for the next
 * round. */
static void timers_fire(cb_loop *loop)
{
    const int64_t now_ns = cb_mono_ns();
    const uint64_t order_limit = loop->timers_armed;
    while (loop->heap_count > 0) {
        cb_timer *timer = loop->heap[0];
        if (timer->due_ns > now_ns || timer->order >= order_limit) {
            return;
        }
        timer_disarm(timer);
        if (timer->period_ns > 0) {
            /* A late periodic timer skips what it missed instead of firing in a burst. */
            const int64_t next_ns = timer->due_ns + timer->period_ns;
            timer_arm(timer, next_ns > now_ns ? next_ns : now_ns + timer->period_ns);
        }
        timer->fn(timer->context);
    }
}

/* ---- descriptors ---- */

static uint32_t epoll_events(uint32_t events)
{
    uint32_t out = 0;
    out |= (events & CB_WATCH_READ) != 0 ? (uint32_t)EPOLLIN : 0;
    out |= (events & CB_WATCH_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0;
    return out;
}

static uint32_t watch_events(uint32_t events)
{
    uint32_t out = 0;
    out |= (events & (uint32_t)EPOLLIN) != 0 ? CB_WATCH_READ : 0;
    out |= (events & (uint32_t)EPOLLOUT) != 0 ? CB_WATCH_WRITE : 0;
    out |= (events & ((uint32_t)EPOLLERR | (uint32_t)EPOLLHUP)) != 0 ? CB_WATCH_ERROR : 0;
    return out;
}

cb_watch *cb_loop_watch(
    cb_loop *loop, int fd, uint32_t events, cb_watch_fn fn, void *context, cb_err *err)
{
    CB_ASSERT(fn != NULL);
    cb_watch *watch = calloc(1, sizeof(*watch));
    CB_ASSERT(watch != NULL);
    watch->loop = loop;
    watch->fd = fd;
    watch->fn = fn;
    watch->context = context;
    struct epoll_event event = {.events = epoll_events(events), .data = {.ptr = watch}};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)CB_FAIL(err, CB_E_IO, "watching descriptor %d: %s", fd, strerror(errno));
        free(watch);
        return NULL;
    }
    watch->next = loop->watches;
    if (loop->watches != NULL) {
        loop->watches->previous = watch;
    }
    loop->watches = watch;
    return watch;
}

void cb_watch_change(cb_watch *watch, uint32_t events)
{
    CB_ASSERT(!watch->is_dead);
    struct epoll_event event = {.events = epoll_events(events), .data = {.ptr = watch}};
    const int rc = epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
    CB_ASSERT(rc == 0);
}

void cb_watch_remove(cb_watch *watch)
{
    if (watch == NULL || watch->is_dead) {
        return;
    }
    /* EBADF and ENOENT mean that the descriptor was closed already: nothing is left to remove. */
    cb_loop *loop = watch->loop;
    CB_MAYBE(epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL));
    watch->is_dead = true;
    if (watch->previous != NULL) {
        watch->previous->next = watch->next;
    } else {
        loop->watches = watch->next;
    }
    if (watch->next != NULL) {
        watch->next->previous = watch->previous;
    }
    watch->next = loop->dead_watches;
    loop->dead_watches = watch;
}

/* Empties the timerfd or the eventfd, whose only message is "look at the heap" or "turn". */
static void drain_counter(void *context, int fd, uint32_t events)
{
    (void)events;
    uint64_t count = 0;
    CB_MAYBE(read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count));
    cb_loop *loop = context;
    if (fd == loop->timer_fd) {
        loop->armed_ns = LOOP_NEVER;
    }
}

void cb_loop_wake(cb_loop *loop)
{
    const uint64_t one = 1;
    /* Only a full counter can fail, and then the loop is awake anyway. */
    CB_MAYBE(write(loop->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

/* ---- creation ---- */

static cb_status open_descriptors(cb_loop *loop, cb_err *err)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 || loop->wake_fd < 0) {
        return CB_FAIL(err, CB_E_IO, "creating the poll loop: %s", strerror(errno));
    }
    loop->timer_watch =
        cb_loop_watch(loop, loop->timer_fd, CB_WATCH_READ, drain_counter, loop, err);
    loop->wake_watch = cb_loop_watch(loop, loop->wake_fd, CB_WATCH_READ, drain_counter, loop, err);
    return loop->timer_watch != NULL && loop->wake_watch != NULL ? CB_OK : CB_E_IO;
}

static void bury(cb_loop *loop)
{
    while (loop->dead_watches != NULL) {
        cb_watch *watch = loop->dead_watches;
        loop->dead_watches = watch->next;
        free(watch);
    }
    while (loop->dead_timers != NULL) {
        cb_timer *timer = loop->dead_timers;
        loop->dead_timers = timer->next;
        free(timer);
    }
}

cb_loop *cb_loop_create(cb_err *err)
{
    cb_loop *loop = calloc(1, sizeof(*loop));
    CB_ASSERT(loop != NULL);
    loop->epoll_fd = -1;
    loop->timer_fd = -1;
    loop->wake_fd = -1;
    loop->armed_ns = LOOP_NEVER;
    if (open_descriptors(loop, err) != CB_OK) {
        cb_loop_destroy(loop);
        return NULL;
    }
    return loop;
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        CB_MAYBE(close(fd));
    }
}

void cb_loop_destroy(cb_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    while (loop->destroy_hooks_count > 0) {
        const loop_hook *hook = &loop->destroy_hooks[--loop->destroy_hooks_count];
        hook->fn(hook->context);
    }
    while (loop->watches != NULL) {
        cb_watch_remove(loop->watches);
    }
    while (loop->timers != NULL) {
        cb_timer_remove(loop->timers);
    }
    bury(loop);
    free(loop->heap);
    close_if_open(loop->wake_fd);
    close_if_open(loop->timer_fd);
    close_if_open(loop->epoll_fd);
    free(loop);
}

void cb_loop_on_turn(cb_loop *loop, cb_timer_fn fn, void *context)
{
    CB_ASSERT(loop->turn_hooks_count < LOOP_HOOKS_MAX);
    loop->turn_hooks[loop->turn_hooks_count++] = (loop_hook){fn, context};
}

void cb_loop_off_turn(cb_loop *loop, cb_timer_fn fn, void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->turn_hooks_count; i++) {
        if (loop->turn_hooks[i].fn != fn || loop->turn_hooks[i].context != context) {
            loop->turn_hooks[kept++] = loop->turn_hooks[i];
        }
    }
    loop->turn_hooks_count = kept;
}

void cb_loop_on_destroy(cb_loop *loop, cb_timer_fn fn, void *context)
{
    CB_ASSERT(loop->destroy_hooks_count < LOOP_HOOKS_MAX);
    loop->destroy_hooks[loop->destroy_hooks_count++] = (loop_hook){fn, context};
}

int cb_loop_fd(const cb_loop *loop)
{
    return loop->epoll_fd;
}

void cb_loop_set_outer(cb_loop *loop, int (*service)(void *context), void *context)
{
    loop->outer_service = service;
    loop->outer_context = service != NULL ? context : NULL;
}

void *cb_loop_outer_context(const cb_loop *loop)
{
    return loop->outer_context;
}

/* ---- turning ---- */

static void dispatch_ready(cb_loop *loop, int timeout_ms)
{
    struct epoll_event ready[LOOP_EVENTS_PER_TURN];
    const int count = epoll_wait(loop->epoll_fd, ready, LOOP_EVENTS_PER_TURN, timeout_ms);
    CB_ASSERT(count >= 0 || errno == EINTR);
    loop->is_processing = true;
    for (int i = 0; i < count; i++) {
        cb_watch *watch = ready[i].data.ptr;
        if (!watch->is_dead) {
            watch->fn(watch->context, watch->fd, watch_events(ready[i].events));
        }
    }
    timers_fire(loop);
    loop->is_processing = false;
    bury(loop);
}

void cb_loop_process(cb_loop *loop)
{
    CB_ASSERT(!loop->is_processing);
    dispatch_ready(loop, 0);
}

/* Arms the timerfd so that sleeping ends at the next timer or at limit_ns, whichever is earlier. */
static void arm_timerfd(cb_loop *loop, int64_t limit_ns)
{
    int64_t due_ns = limit_ns;
    if (loop->heap_count > 0 && loop->heap[0]->due_ns < due_ns) {
        due_ns = loop->heap[0]->due_ns;
    }
    if (due_ns == loop->armed_ns) {
        return;
    }
    struct itimerspec spec = {0};
    if (due_ns != LOOP_NEVER) {
        /* Zero would disarm; a time long past fires at once. */
        const int64_t at_ns = due_ns > 0 ? due_ns : 1;
        spec.it_value.tv_sec = (time_t)(at_ns / CB_NS_PER_S);
        spec.it_value.tv_nsec = (long)(at_ns % CB_NS_PER_S);
    }
    const int rc = timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    CB_ASSERT(rc == 0);
    loop->armed_ns = due_ns;
}

void cb_loop_turn(cb_loop *loop, int64_t timeout_ns)
{
    for (size_t i = 0; i < loop->turn_hooks_count; i++) {
        loop->turn_hooks[i].fn(loop->turn_hooks[i].context);
    }
    if (loop->outer_service == NULL && timeout_ns == 0) {
        dispatch_ready(loop, 0);
        return;
    }
    const int64_t limit_ns = timeout_ns < 0 ? LOOP_NEVER : cb_mono_ns() + timeout_ns;
    arm_timerfd(loop, limit_ns);
    if (loop->outer_service == NULL) {
        dispatch_ready(loop, -1);
    } else if (loop->outer_service(loop->outer_context) < 0) {
        loop->is_running = false;
    }
}

void cb_loop_run(cb_loop *loop)
{
    loop->is_running = true;
    while (loop->is_running) {
        cb_loop_turn(loop, -1);
    }
}

void cb_loop_stop(cb_loop *loop)
{
    loop->is_running = false;
    cb_loop_wake(loop);
}
