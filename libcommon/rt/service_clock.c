/* The service's clock and the timers on it. The system's clock, or the simulator's as told by
 * sim.clock: between two messages it runs on by the wall clock times the speed, in lockstep it
 * stands still. It never goes back. */
#include "base/money.h"
#include "base/timefmt.h"
#include "rt/service_internal.h"

#define KIND_CORE 0U
#define KIND_SHELL 1U
#define FIRED_PER_CALL_MAX 10000
#define SLEEP_MAX_NS CB_NS_PER_S /* a wall clock that was set is noticed within this */

static int64_t bus_now_ns(const rt_clock *clock)
{
    const cb_i128 elapsed_ns = cb_mono_ns() - clock->base_mono_ns;
    return clock->base_ns + (int64_t)(elapsed_ns * clock->speed_e8 / CB_E8);
}

static int64_t clock_now_ns(rt_clock *clock)
{
    const int64_t now_ns = clock->is_bus ? bus_now_ns(clock) : cb_wall_ns();
    if (now_ns > clock->last_ns) {
        clock->last_ns = now_ns;
    }
    return clock->last_ns;
}

int64_t cb_shell_now_ns(const cb_shell *shell)
{
    /* Only the never-backwards mark changes, which no caller can see. */
    return clock_now_ns((rt_clock *)(uintptr_t)&shell->clock);
}

bool cb_shell_is_bus_clock(const cb_shell *shell)
{
    return shell->clock.is_bus;
}

static void on_wake(void *context)
{
    cb_shell *shell = context;
    shell->clock.is_armed = false; /* the turn itself fires what is due and arms again */
}

void rt_clock_open(cb_shell *shell)
{
    rt_clock *clock = &shell->clock;
    clock->is_bus = shell->config.clock == 1;
    clock->due = cb_due_create();
    clock->wake = cb_loop_timer(shell->loop, SLEEP_MAX_NS, 0, on_wake, shell);
}

void rt_clock_close(cb_shell *shell)
{
    cb_due_destroy(shell->clock.due);
    cb_timer_remove(shell->clock.wake);
}

void rt_clock_message(cb_shell *shell, const cb_clock_msg *message)
{
    rt_clock *clock = &shell->clock;
    if (!clock->is_bus) {
        return;
    }
    if (!cb_time_is_sane(message->now_ns) || message->speed.e8 < 0) {
        cb_metric_add(shell->counts.refused, 1);
        return;
    }
    clock->base_ns = message->now_ns;
    clock->base_mono_ns = cb_mono_ns();
    clock->speed_e8 = message->speed.e8;
    clock->is_seen = true;
    clock->is_armed = false; /* the same time is due at another moment now */
    (void)rt_clock_fire(shell);
}

bool rt_clock_fire(cb_shell *shell)
{
    rt_clock *clock = &shell->clock;
    if (clock->is_firing || shell->is_stepping || shell->phase < RT_RUNNING) {
        return true;
    }
    clock->is_firing = true;
    uint32_t fired_count = 0;
    cb_due_item item;
    bool is_done = true;
    while (cb_due_take(clock->due, clock_now_ns(clock), &item)) {
        if (item.kind == KIND_CORE) {
            rt_feed_timer(shell, item.id, item.due_ns);
        } else {
            item.fn(item.context);
        }
        if (++fired_count == FIRED_PER_CALL_MAX || rt_txn_is_full(shell)) {
            cb_loop_wake(shell->loop);
            is_done = false;
            break;
        }
    }
    clock->is_firing = false;
    return is_done;
}

/* Wall time until the service's clock shows due_ns. */
static int64_t wall_delay_ns(rt_clock *clock, int64_t due_ns)
{
    cb_i128 delay_ns = (cb_i128)due_ns - clock_now_ns(clock);
    if (delay_ns <= 0) {
        return 0;
    }
    if (clock->is_bus && clock->speed_e8 == 0) {
        return SLEEP_MAX_NS; /* only a message moves the time */
    }
    if (clock->is_bus) {
        delay_ns = delay_ns * CB_E8 / clock->speed_e8 + 1;
    }
    return delay_ns < SLEEP_MAX_NS ? (int64_t)delay_ns : SLEEP_MAX_NS;
}

void rt_clock_arm(cb_shell *shell)
{
    rt_clock *clock = &shell->clock;
    cb_due_item first = {.due_ns = INT64_MAX};
    CB_MAYBE(cb_due_first(clock->due, &first));
    if (clock->is_armed && clock->armed_due_ns == first.due_ns) {
        return;
    }
    clock->is_armed = true;
    clock->armed_due_ns = first.due_ns;
    cb_timer_reset(clock->wake, wall_delay_ns(clock, first.due_ns));
}

void cb_shell_at(cb_shell *shell, int64_t due_ns, cb_timer_fn fn, void *context)
{
    const cb_due_item item = {due_ns, KIND_SHELL, ++shell->clock.shell_timers_count, fn, context};
    cb_due_set(shell->clock.due, &item);
}

void rt_clock_set_core_timer(cb_shell *shell, uint64_t timer_id, int64_t due_ns)
{
    const cb_due_item item = {due_ns, KIND_CORE, timer_id, NULL, NULL};
    cb_due_set(shell->clock.due, &item);
}

void rt_clock_cancel_core_timer(cb_shell *shell, uint64_t timer_id)
{
    (void)cb_due_cancel(shell->clock.due, KIND_CORE, timer_id);
}
