/* Market time from wall time. At a speed, the market runs so many seconds per wall second; it is
 * brought to the present by a timer and before each request. When the market cannot keep up, its
 * clock falls behind the wall and nothing is left out. The clock is published for the services. */
#include <signal.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/simulator/simulator.h"

#define TICK_NS (5 * CB_NS_PER_MS)
#define TELL_NS (20 * CB_NS_PER_MS)
#define TELL_STILL_NS (100 * CB_NS_PER_MS) /* while time stands still */
#define BUDGET_NS (50 * CB_NS_PER_MS)      /* wall time that one catching-up may take */
#define SPEED_MIN_E8 (CB_E8 / 100)
#define SPEED_MAX_E8 (100000 * CB_E8)

bool sim_pace_is_lockstep(const simulator *self)
{
    return self->pace.speed_e8 == 0 && !self->pace.is_manual;
}

cb_status sim_pace_open(simulator *self, cb_err *err)
{
    const char *text = self->settings->speed;
    sim_pace *pace = &self->pace;
    if (strcmp(text, "lockstep") == 0) {
        if (!cb_shell_has_bus(self->shell)) {
            return CB_FAIL(err, CB_E_CONFIG, "speed: lockstep needs NATS (nats.url is empty)");
        }
        pace->speed_e8 = 0;
        self->sim->is_deferred = true;
        self->api->window_factor = 1;
        return CB_OK;
    }
    if (strcmp(text, "manual") == 0) {
        pace->is_manual = true;
        self->api->window_factor = 1;
        return CB_OK;
    }
    if (cb_decimal_parse(text, strlen(text), &pace->speed_e8, NULL) != CB_OK ||
        pace->speed_e8 < SPEED_MIN_E8 || pace->speed_e8 > SPEED_MAX_E8) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "speed: '%s' is neither lockstep nor manual nor within 0.01 … 100000",
            text);
    }
    /* recvWindow guards against a slow network, which is slow by the wall clock. */
    self->api->ahead_factor = (pace->speed_e8 + CB_E8 - 1) / CB_E8;
    self->api->window_factor = self->settings->window_factor == 0
                                   ? self->api->ahead_factor
                                   : (int64_t)self->settings->window_factor;
    return CB_OK;
}

static int64_t target_ns(const sim_pace *pace)
{
    const cb_i128 elapsed_ns = cb_mono_ns() - pace->base_mono_ns;
    return pace->base_ns + (int64_t)(elapsed_ns * pace->speed_e8 / CB_E8);
}

/* From here on market time starts at now. */
static void rebase(simulator *self)
{
    self->pace.base_ns = self->sim->now_ns;
    self->pace.base_mono_ns = cb_mono_ns();
}

void sim_pace_tell(simulator *self)
{
    sim_pace *pace = &self->pace;
    pace->told_mono_ns = cb_mono_ns();
    if (!cb_shell_has_bus(self->shell)) {
        return;
    }
    cb_clock_msg clock = {
        .now_ns = self->sim->now_ns,
        .speed = {self->progress == SIM_PROGRESS_RUNNING ? pace->speed_e8 : 0},
        .step = self->lockstep.step,
    };
    cb_shell_publish(self->shell, CB_SUBJECT_CLOCK, &clock);
}

/* Everything that happens up to the target, in its order; stops when it takes too long. */
static bool run_until(simulator *self, int64_t until_ns)
{
    const int64_t deadline_ns = cb_mono_ns() + BUDGET_NS;
    for (uint32_t count = 0;; count++) {
        const int64_t market_ns = sim_market_next_ns(self);
        const int64_t fault_ns = sim_faults_due_ns(self);
        int64_t next_ns = market_ns < fault_ns ? market_ns : fault_ns;
        if (next_ns > until_ns) {
            return true;
        }
        next_ns = next_ns < self->sim->now_ns ? self->sim->now_ns : next_ns;
        if (count % 16 == 15 && cb_mono_ns() > deadline_ns) {
            return false;
        }
        sim_set_now(self->sim, next_ns);
        sim_faults_advance(self);
        if (market_ns > next_ns) {
            continue;
        }
        for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
            sim_close_candles(self->sim, i);
        }
        for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
            sim_market_play(self, i);
        }
        sim_market_tell(self, self->mode == SIM_MODE_REPLAY);
    }
}

static void stop_at_end(simulator *self)
{
    sim_pace_tell(self);
    if (self->settings->on_end == 1) {
        (void)raise(SIGTERM); /* the orderly end, with exit code 0 */
    }
}

void sim_pace_advance(simulator *self, int64_t span_ns)
{
    const int64_t until_ns = self->sim->now_ns + span_ns;
    CB_ASSERT(self->pace.is_manual);
    CB_ASSERT(span_ns >= 0);
    while (!run_until(self, until_ns)) {
    }
    sim_set_now(self->sim, until_ns);
    sim_faults_advance(self);
    sim_market_tell(self, false);
    sim_pace_tell(self);
}

void sim_pace_catch_up(simulator *self)
{
    if (self->progress != SIM_PROGRESS_RUNNING || self->pace.speed_e8 == 0) {
        if (!sim_pace_is_lockstep(self)) {
            sim_faults_advance(self);
        }
        return;
    }
    const int64_t until_ns = target_ns(&self->pace);
    if (run_until(self, until_ns)) {
        if (until_ns > self->sim->now_ns) {
            sim_set_now(self->sim, until_ns);
            sim_faults_advance(self);
        }
        sim_market_tell(self, false);
    } else {
        self->pace.behind_count++;
        rebase(self);
    }
    cb_metric_set(self->market_lag, (int64_t)self->pace.behind_count);
    if (sim_market_is_over(self)) {
        sim_market_tell(self, true);
        stop_at_end(self);
    }
}

/* Agents without a named start live in the present: what their history took to make is caught up.
 */
static void align_with_wall(simulator *self)
{
    sim_pace *pace = &self->pace;
    const int64_t behind_ns = cb_wall_ns() - self->sim->now_ns;
    if (self->mode != SIM_MODE_AGENTS || self->settings->agents_start[0] != '\0' ||
        behind_ns <= 0) {
        return;
    }
    pace->base_mono_ns -= (int64_t)((cb_i128)behind_ns * CB_E8 / pace->speed_e8);
}

/* A replay begins when every replayed symbol has a reader, so that nobody misses its start. */
static bool is_listened(const simulator *self)
{
    if (self->mode != SIM_MODE_REPLAY || self->settings->start == 1) {
        return true;
    }
    for (uint32_t i = 0; i < self->sim->symbols_count; i++) {
        if (self->ws->wanted[i] == 0) {
            return false;
        }
    }
    return true;
}

static void on_tick(void *context)
{
    simulator *self = context;
    sim_pace *pace = &self->pace;
    if (self->progress == SIM_PROGRESS_WAITING && is_listened(self)) {
        self->progress = SIM_PROGRESS_RUNNING;
        self->started_mono_ns = cb_mono_ns();
        rebase(self);
        align_with_wall(self);
        CB_LOG(self->log, CB_LOG_INFO, "market_started", CB_KV("speed", self->settings->speed));
        sim_pace_tell(self);
    }
    sim_pace_catch_up(self);
    const bool is_running = self->progress == SIM_PROGRESS_RUNNING;
    if (cb_mono_ns() - pace->told_mono_ns >= (is_running ? TELL_NS : TELL_STILL_NS)) {
        sim_pace_tell(self);
    }
}

/* In lockstep the steps tell the clock, by hand the hand does; it is repeated for those who come
 * late. */
static void on_tick_still(void *context)
{
    simulator *self = context;
    if (cb_mono_ns() - self->pace.told_mono_ns >= TELL_STILL_NS) {
        sim_pace_tell(self);
    }
}

void sim_pace_start(simulator *self)
{
    self->started_mono_ns = cb_mono_ns();
    rebase(self);
    sim_pace_tell(self);
    if (self->pace.is_manual) {
        self->progress = SIM_PROGRESS_RUNNING;
    }
    if (self->pace.speed_e8 == 0) {
        self->pace.timer = cb_loop_timer(
            cb_shell_loop(self->shell), TELL_STILL_NS, TELL_STILL_NS, on_tick_still, self);
        if (!self->pace.is_manual) {
            sim_lockstep_start(self);
        }
        return;
    }
    self->pace.timer = cb_loop_timer(cb_shell_loop(self->shell), TICK_NS, TICK_NS, on_tick, self);
}

void sim_pace_close(simulator *self)
{
    cb_timer_remove(self->pace.timer);
    self->pace.timer = NULL;
}
