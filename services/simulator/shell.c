/* The simulator as a service: what the runtime calls. It has no PostgreSQL schema, and with an
 * empty nats.url it runs alone, for third-party clients and their tests. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/simulator/simulator.h"

static void make_parts(simulator *self)
{
    self->sim = calloc(1, sizeof(*self->sim));
    self->api = calloc(1, sizeof(*self->api));
    self->ws = calloc(1, sizeof(*self->ws));
    self->work = malloc(SIM_WS_BLOCK_SIZE);
    self->body = malloc(SIM_BODY_SIZE);
    CB_ASSERT(self->sim != NULL && self->api != NULL && self->ws != NULL);
    CB_ASSERT(self->work != NULL && self->body != NULL);
}

static void make_metrics(simulator *self)
{
    cb_metrics *metrics = cb_shell_metrics(self->shell);
    self->requests = cb_counter(metrics, "simulator_requests_total", "", "REST requests received");
    self->frames = cb_counter(metrics, "simulator_frames_total", "", "WebSocket frames sent");
    self->orders = cb_counter(metrics, "simulator_orders_total", "", "users' orders accepted");
    self->market_lag = cb_gauge(
        metrics, "simulator_behind", "", "times that the market could not keep up with its speed");
}

static cb_status hook_open(cb_shell *shell, cb_err *err)
{
    simulator *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    cb_shell_set_user(shell, self);
    self->shell = shell;
    self->log = cb_shell_log(shell);
    self->settings = cb_shell_config(shell);
    const sim_settings *settings = self->settings;
    const sim_limits_config limits = {
        .weight_per_minute = (uint32_t)settings->weight_per_minute,
        .orders_per_10s = (uint32_t)settings->orders_per_10s,
        .orders_per_day = (uint32_t)settings->orders_per_day,
        .violations_until_ban = (uint32_t)settings->violations_until_ban,
        .ban_ns = settings->ban_ns,
    };
    make_parts(self);
    make_metrics(self);
    sim_api_init(self->api, self->sim, &limits);
    sim_ws_init(self->ws, self->api, self->work, sim_gate_frame, self);
    cb_status status = sim_pace_open(self, err);
    if (status == CB_OK) {
        status = sim_journal_open(self, cb_shell_journal_dir(shell), err);
    }
    if (status == CB_OK) {
        status = sim_market_open(self, err);
    }
    if (status == CB_OK) {
        status = sim_keys_load(self, err);
    }
    if (status == CB_OK) {
        status = sim_faults_open(self, err);
    }
    if (status == CB_OK) {
        sim_journal_start(self);
        status = sim_lockstep_open(self, err);
    }
    if (status == CB_OK) {
        status = sim_tls_open(self, err);
    }
    return status == CB_OK ? sim_server_open(self, err) : status;
}

static void hook_started(cb_shell *shell)
{
    sim_pace_start(cb_shell_user(shell));
}

static bool hook_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    const simulator *self = cb_shell_user(shell);
    if (self->api->is_closed) {
        (void)cb_text_copy(why, why_size, CB_SV("the journal cannot be written"));
        return false;
    }
    return true;
}

/* The control API is on the runtime's own port too: it must answer while the market's is shut. */
static bool hook_http(cb_shell *shell, cb_exchange *exchange, const cb_server_request *request)
{
    simulator *self = cb_shell_user(shell);
    sim_pace_catch_up(self);
    return sim_control(self, exchange, 0, request);
}

static void hook_drain(cb_shell *shell)
{
    simulator *self = cb_shell_user(shell);
    sim_ws_shutdown(self->ws);
}

static void hook_close(cb_shell *shell)
{
    simulator *self = cb_shell_user(shell);
    sim_pace_close(self);
    sim_lockstep_close(self);
    sim_faults_close(self);
    sim_tls_close(self);
    sim_server_close(self);
    sim_journal_close(self);
    sim_market_close(self);
    free(self->sim);
    free(self->api);
    free(self->ws);
    free(self->work);
    free(self->body);
    free(self);
}

cb_service sim_service(void)
{
    return (cb_service){
        .name = "simulator",
        .summary = "a spot exchange in Binance's REST and WebSocket format",
        .fields = sim_settings_fields,
        .fields_count = sim_settings_fields_count,
        .config_size = sizeof(sim_settings),
        .without_pg = true,
        .open = hook_open,
        .started = hook_started,
        .is_ready = hook_is_ready,
        .on_http = hook_http,
        .drain = hook_drain,
        .close = hook_close,
    };
}
