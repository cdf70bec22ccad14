/* GET /v1/status: state of each service from its heartbeat, and how old that is. */
#include "services/gateway/gateway.h"

#include <stdio.h>

#define HEARTBEAT_STALE_MS 3000

static json_t *row_of(const cb_shell *shell, const char *name)
{
    cb_heartbeat beat;
    int64_t age_ns = 0;
    if (!cb_shell_peer(shell, name, &beat, &age_ns)) {
        return json_pack("{s:s, s:s, s:b, s:s}",
            "service",
            name,
            "state",
            "silent",
            "healthy",
            0,
            "detail",
            "no heartbeat heard");
    }
    const json_int_t age_ms = age_ns / CB_NS_PER_MS;
    /* A standby that waits does what it should. */
    const bool is_well =
        beat.state == CB_SERVICE_STATE_READY || beat.state == CB_SERVICE_STATE_STANDBY;
    const bool is_healthy = is_well && age_ms <= HEARTBEAT_STALE_MS;
    return json_pack("{s:s, s:s, s:b, s:s, s:I, s:I, s:I}",
        "service",
        name,
        "state",
        age_ms <= HEARTBEAT_STALE_MS ? CB_NAME(cb_service_state, beat.state) : "silent",
        "healthy",
        is_healthy ? 1 : 0,
        "detail",
        beat.detail,
        "age_ms",
        age_ms,
        "uptime_s",
        (json_int_t)beat.uptime_s,
        "epoch",
        (json_int_t)beat.env.epoch);
}

/* A standby is a row of its own, as long as it beats. */
static void add_standby(json_t *rows, const cb_shell *shell, const char *service)
{
    char name[64];
    cb_heartbeat beat;
    int64_t age_ns = 0;
    (void)snprintf(name, sizeof name, "%s/standby", service);
    if (cb_shell_peer(shell, name, &beat, &age_ns) && age_ns <= HEARTBEAT_STALE_MS * CB_NS_PER_MS) {
        (void)json_array_append_new(rows, row_of(shell, name));
    }
}

static void handle(gateway_call *call)
{
    const cb_shell *shell = call->gateway->shell;
    json_t *rows = json_array();
    for (uint32_t i = 0; i < GATEWAY_SERVICES_COUNT; i++) {
        (void)json_array_append_new(rows, row_of(shell, gateway_services[i]));
        add_standby(rows, shell, gateway_services[i]);
    }
    /* Not among those who answer for the chain of an order, but nothing may be traded without it.
     */
    (void)json_array_append_new(rows, row_of(shell, "audit"));
    /* These answer no questions, so they are none of the services that are asked. */
    (void)json_array_append_new(rows, row_of(shell, "guardian"));
    (void)json_array_append_new(rows, row_of(shell, "signer"));
    char now[CB_TIME_TEXT_MAX];
    (void)cb_time_print(cb_shell_now_ns(shell), 3, now);
    gateway_reply_json(call, 200, json_pack("{s:o, s:s}", "rows", rows, "market_time", now));
}

const gateway_route gateway_route_status = {"GET", "/v1/status", "state of every service", handle};
