/* One schedule: the plan of its seed, the processes, faults while it is active, then rest, then the
 * checker. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "services/execution/shell.h"
#include "services/portfolio/portfolio_shell.h"
#include "services/risk/risk_shell.h"
#include "services/signals/signals_shell.h"
#include "tests/sim/dst_check.h"
#include "tests/sim/dst_venue.h"

#define REST_STEP_NS (500 * DST_MS)
#define CALM_START_NS (400 * DST_MS) /* most schedules begin with a system that is ready */

#define SERVICES 5
static cb_service services[SERVICES];
static risk_fields risk_own_fields;
static signals_fields signals_own_fields;

static void describe_services(void)
{
    services[0] = dst_signals_service();
    risk_fields_init(&risk_own_fields);
    services[1] = risk_service;
    services[1].fields = risk_own_fields.fields;
    services[1].fields_count = risk_own_fields.count;
    services[1].migrations_count = risk_migrations_count;
    services[2] = execution_service;
    services[2].fields_count = exec_fields_count;
    services[2].migrations_count = execution_migrations_count;
    services[3] = portfolio_service;
    services[3].fields_count = portfolio_fields_count;
    services[3].migrations_count = portfolio_migrations_count;
    signals_fields_init(&signals_own_fields);
    services[4] = signals_service;
    services[4].fields = signals_own_fields.fields;
    services[4].fields_count = signals_own_fields.count;
    services[4].migrations_count = signals_migrations_count;
    for (uint32_t i = 0; i < SERVICES; i++) {
        services[i].queries_count = 0; /* nobody asks */
    }
}

static void configure(dst_process *process)
{
    static const char *const execution[][2] = {{"venue.rest_url", "http://venue"},
        {"venue.ws_api_url", "ws://venue/ws-api/v3"},
        {"signer.socket", "signer"},
        {"permit.key", "permit"},
        {"caps.file", "caps"},
        {"caps.keys", "keys"},
        {"order.window", "1s"},
        {"order.engine_bound", "4s"},
        {"order.query_lag", "1s"},
        {"order.timeout", "5s"},
        {"orders.max", "64"},
        {"seen.max", "1024"},
        {"standby", "true"},
        {"kill.page", "page"},
        {"symbols", "BTCUSDT,ETHUSDT,SOLUSDT"}};
    static const char *const risk[][2] = {
        {"permit.key", "permit"}, {"symbols", "BTCUSDT,ETHUSDT,SOLUSDT"}};
    /* Short periods: warm after a handful of candles, out again at a small move. */
    static const char *const signals[][2] = {{"symbols", "BTCUSDT,ETHUSDT,SOLUSDT"},
        {"strategies", "trend@1m:1"},
        {"history.candles", "10"},
        {"strategy.trend.fast", "2"},
        {"strategy.trend.slow", "4"},
        {"strategy.trend.channel", "4"},
        {"strategy.trend.atr", "3"},
        {"strategy.trend.stop_atr", "0.5"},
        {"strategy.trend.profit_atr", "0.5"},
        {"entry.order_type", "limit"},
        {"exit.retry", "1s"},
        {"intent.ttl", "4s"}};
    const char *name = process->service->name;
    dst_process_argument(process, "pg.dsn", "host=simulated");
    if (strcmp(name, "execution") == 0) {
        for (size_t i = 0; i < sizeof(execution) / sizeof(execution[0]); i++) {
            dst_process_argument(process, execution[i][0], execution[i][1]);
        }
    }
    if (process->service == &services[4]) {
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
            dst_process_argument(process, signals[i][0], signals[i][1]);
        }
    }
    if (strcmp(name, "risk") == 0) {
        for (size_t i = 0; i < sizeof(risk) / sizeof(risk[0]); i++) {
            dst_process_argument(process, risk[i][0], risk[i][1]);
        }
    }
}

void dst_open(void)
{
    describe_services();
    dst_world_reset(1);
    for (uint32_t i = 0; i < 4; i++) {
        configure(dst_process_add(&services[i], services[i].name));
    }
    dst_process *other = dst_process_add(&services[2], "execution-b");
    configure(other);
    dst_process_argument(other, "instance", "2");
    configure(dst_process_add(&services[4], "signals-real"));
    dst_pg_open();
    dst_venue_open();
}

/* ---- faults at moments ---- */

/* Which of the processes this schedule has: one of the two that speak for strategies, one or two
 * executions. */
static void choose_processes(void)
{
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        dst_process *process = dst->processes[i];
        const bool is_drawn = process->service == &services[0];
        const bool is_real = process->service == &services[4];
        const bool is_other = process->service == &services[2] && process->name[9] != '\0';
        process->is_deaf = is_drawn;
        process->is_in_plan = (!is_drawn || !dst->plan.has_signals) &&
                              (!is_real || dst->plan.has_signals) &&
                              (!is_other || dst->plan.has_standby);
    }
}

static dst_process *any_process(void)
{
    for (;;) {
        dst_process *process = dst->processes[dst_below(dst->processes_count)];
        if (process->is_in_plan) {
            return process;
        }
    }
}

static void on_crash(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst_process_crash(any_process(), "killed");
}

static void on_pause(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst_process_pause(any_process(), dst_between(50 * DST_MS, dst->plan.pause_max_ns));
}

static void on_cut(void *context, void *argument)
{
    (void)context;
    (void)argument;
    if (dst_below(3) == 0) {
        dst_stream_restart();
    } else {
        dst_bus_cut(any_process(), dst_between(50 * DST_MS, 3 * DST_S));
    }
}

static void on_pg_restart(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst_pg_restart(dst_between(50 * DST_MS, 2 * DST_S));
}

static void on_venue_cut(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst_venue_cut();
}

static void draw_moments(uint32_t count, dst_fn fn)
{
    for (uint32_t i = 0; i < count; i++) {
        dst_at(dst_between(CALM_START_NS, dst->plan.active_ns), fn, NULL, NULL);
    }
}

static void on_faults(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst->is_faulty = true;
}

static void begin(uint64_t seed)
{
    dst_processes_forget();
    dst_world_reset(seed);
    dst_plan_draw(&dst->plan, seed);
    dst_stream_reset();
    dst_pg_reset();
    dst_venue_reset();
    dst_check_reset();
    dst_page_reset();
    /* Some meet their faults while everything starts for the first time. */
    if (dst_below(8) == 0 || dst->sweep != DST_SWEEP_NONE) {
        dst->is_faulty = true;
    } else {
        dst_at(CALM_START_NS, on_faults, NULL, NULL);
    }
    choose_processes();
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        if (!dst->processes[i]->is_in_plan) {
            continue;
        }
        dst->processes[i]->skew_ns = dst_between(-dst->plan.skew_max_ns, dst->plan.skew_max_ns);
        dst_process_start(dst->processes[i], dst_between(0, 20 * DST_MS));
    }
    dst_traffic_reset();
    draw_moments(dst->plan.crashes_count, on_crash);
    draw_moments(dst->plan.pauses_count, on_pause);
    draw_moments(dst->plan.bus_cuts_count, on_cut);
    draw_moments(dst->plan.pg_restarts_count, on_pg_restart);
    draw_moments(dst->plan.venue_cut_ppm, on_venue_cut);
}

/* ---- rest ---- */

/* Faults stop: whoever stands still goes on, clocks are right again. */
static void calm(void)
{
    dst->is_faulty = false;
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        dst_process *process = dst->processes[i];
        process->skew_ns = 0;
    }
}

bool dst_schedule(uint64_t seed, char *what, size_t what_size)
{
    begin(seed);
    what[0] = '\0';
    bool is_whole = dst_run_until(dst->plan.active_ns);
    calm();
    const int64_t end_ns = dst->plan.active_ns + dst->plan.settle_ns;
    int64_t calm_ns = 0;
    while (is_whole && dst->now_ns < end_ns) {
        is_whole = dst_run_until(dst->now_ns + REST_STEP_NS);
        /* Two looks at rest in a row: the last answers have been worked off too. */
        calm_ns = is_whole && dst_is_at_rest() ? calm_ns + REST_STEP_NS : 0;
        if (calm_ns >= 3 * REST_STEP_NS && dst_check(what, what_size)) {
            return true;
        }
    }
    if (!is_whole) {
        (void)snprintf(what, what_size, "%s", dst->trouble);
        return false;
    }
    return dst_check(what, what_size);
}
