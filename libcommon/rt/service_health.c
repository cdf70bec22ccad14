/* What the service says about itself: its state with the reason, canaries that test NATS and
 * PostgreSQL end to end, the heartbeat, what other services say, and the HTTP endpoints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/service_internal.h"
#include "rt/version.h"

#define BEAT_PERIOD_NS (1 * CB_NS_PER_S)
#define TICK_PERIOD_NS (200 * CB_NS_PER_MS)
#define CANARY_LATE_NS (2 * CB_NS_PER_S)
#define GAP_SHOWN_NS (2 * CB_NS_PER_S)
#define OUTBOX_STUCK_NS (2 * CB_NS_PER_S)

/* ---- state ---- */

static bool canary_is_late(const rt_canary *canary, int64_t now_ns)
{
    return canary->heard_mono_ns == 0 ||
           (canary->is_waiting && now_ns - canary->sent_mono_ns > CANARY_LATE_NS);
}

static bool find_gap(const cb_shell *shell, int64_t now_ns, char *why, size_t why_size)
{
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        const rt_in_key *key = &shell->in.keys[i];
        if (key->gap_mono_ns != 0 && now_ns - key->gap_mono_ns > GAP_SHOWN_NS) {
            (void)snprintf(why,
                why_size,
                "%s is missing messages %" PRIu64 " to %" PRIu64,
                key->key,
                key->applied_seq + 1,
                key->announced_seq);
            return true;
        }
    }
    return false;
}

static bool is_outbox_stuck(const cb_shell *shell, int64_t now_ns)
{
    for (uint32_t i = 0; i < shell->out.waiting_count; i++) {
        if (now_ns - shell->out.waiting[i].sent_mono_ns > OUTBOX_STUCK_NS / 2) {
            return true;
        }
    }
    return false;
}

/* The first reason why a running service is not ready; false when there is none. */
static bool find_reason(cb_shell *shell, char *why, size_t why_size)
{
    const int64_t now_ns = cb_mono_ns();
    const bool has_bus = !rt_is_standalone(shell);
    if (has_bus && (shell->bus == NULL || !cb_bus_is_up(shell->bus))) {
        (void)snprintf(why, why_size, "NATS connection is down");
        return true;
    }
    if (has_bus && canary_is_late(&shell->bus_canary, now_ns)) {
        (void)snprintf(why, why_size, "NATS does not deliver");
        return true;
    }
    if (shell->pg != NULL && canary_is_late(&shell->pg_canary, now_ns)) {
        (void)snprintf(why, why_size, "PostgreSQL does not answer");
        return true;
    }
    if (find_gap(shell, now_ns, why, why_size)) {
        return true;
    }
    if (is_outbox_stuck(shell, now_ns)) {
        (void)snprintf(why, why_size, "JetStream does not acknowledge");
        return true;
    }
    if (shell->is_journal_bad) {
        (void)snprintf(why, why_size, "the journal cannot be written");
        return true;
    }
    if (rt_txn_is_full(shell)) {
        (void)snprintf(why, why_size, "PostgreSQL does not keep up");
        return true;
    }
    return shell->service->is_ready != NULL && !shell->service->is_ready(shell, why, why_size);
}

cb_service_state rt_state(cb_shell *shell, char *why, size_t why_size)
{
    why[0] = '\0';
    switch (shell->phase) {
    case RT_STARTING:
        (void)snprintf(why,
            why_size,
            "%s",
            shell->clock.is_bus && shell->bus != NULL && !shell->clock.is_seen
                ? "waiting for the simulator's clock"
                : "starting");
        return CB_SERVICE_STATE_STARTING;
    case RT_STANDBY:
        (void)snprintf(why, why_size, "%s", shell->lease_why);
        return CB_SERVICE_STATE_STANDBY;
    case RT_RECOVERING:
        (void)snprintf(why, why_size, "recovering");
        return CB_SERVICE_STATE_RECOVERING;
    case RT_DRAINING:
        (void)snprintf(why, why_size, "draining");
        return CB_SERVICE_STATE_DRAINING;
    case RT_STOPPED:
        return CB_SERVICE_STATE_STOPPED;
    case RT_RUNNING:
        break;
    }
    return find_reason(shell, why, why_size) ? CB_SERVICE_STATE_DEGRADED : CB_SERVICE_STATE_READY;
}

/* ---- canaries ---- */

static void send_bus_canary(cb_shell *shell, int64_t now_ns)
{
    if (shell->bus_canary.is_waiting && cb_bus_is_up(shell->bus) &&
        now_ns - shell->bus_canary.sent_mono_ns <= CANARY_LATE_NS) {
        return;
    }
    char subject[CB_BUS_SUBJECT_MAX];
    (void)snprintf(subject, sizeof(subject), "%scanary", cb_bus_inbox_prefix(shell->bus));
    /* When it cannot be sent, or does not come back, its age tells. */
    const bool was_waiting = shell->bus_canary.is_waiting;
    if (cb_bus_publish(shell->bus, subject, "", "c", 1, NULL) == CB_OK || !was_waiting) {
        shell->bus_canary.sent_mono_ns = was_waiting ? shell->bus_canary.sent_mono_ns : now_ns;
        shell->bus_canary.is_waiting = true;
    }
}

void rt_health_canary_heard(cb_shell *shell)
{
    shell->bus_canary.heard_mono_ns = cb_mono_ns();
    shell->bus_canary.is_waiting = false;
}

static void on_pg_canary(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    cb_shell *shell = context;
    shell->pg_canary.is_waiting = false;
    if (result->status == CB_OK) {
        shell->pg_canary.heard_mono_ns = cb_mono_ns();
    }
}

static void send_pg_canary(cb_shell *shell, int64_t now_ns)
{
    if (shell->pg == NULL || shell->pg_canary.is_waiting) {
        return;
    }
    shell->pg_canary.sent_mono_ns = now_ns;
    shell->pg_canary.is_waiting = true;
    cb_pg_query(shell->pg, "SELECT 1", NULL, on_pg_canary, shell);
}

/* ---- heartbeats ---- */

static void fill_outbox(const cb_shell *shell, cb_heartbeat *beat)
{
    const uint32_t capacity = sizeof(beat->outbox) / sizeof(beat->outbox[0]);
    for (uint32_t i = 0; i < shell->out.keys_count && beat->outbox_count < capacity; i++) {
        const rt_out_key *key = &shell->out.keys[i];
        if (key->committed_seq > 0) {
            cb_heartbeat_key *entry = &beat->outbox[beat->outbox_count++];
            (void)snprintf(entry->key, sizeof(entry->key), "%s", key->key);
            entry->seq = key->committed_seq;
        }
    }
}

void rt_health_beat(cb_shell *shell)
{
    cb_heartbeat beat = {
        .uptime_s = (uint64_t)((cb_mono_ns() - shell->started_mono_ns) / CB_NS_PER_S)};
    (void)snprintf(beat.service, sizeof(beat.service), "%s", shell->service->name);
    beat.state = rt_state(shell, beat.detail, sizeof(beat.detail));
    memcpy(beat.config_hash, shell->config_hash, sizeof(beat.config_hash));
    fill_outbox(shell, &beat);
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_err err;
    if (cb_subject_for(CB_SUBJECT_HEARTBEAT, &beat, shell->service->name, subject, &err) != CB_OK) {
        return;
    }
    rt_envelope_core(shell, &beat, subject);
    beat.env.ts_ns = cb_wall_ns(); /* heartbeats are of the machine's time, not of the market's */
    const size_t size = rt_encode(shell, cb_msg_desc(CB_MSG_HEARTBEAT), &beat);
    CB_MAYBE(cb_bus_publish(shell->bus, subject, NULL, shell->encoded, size, NULL) == CB_OK);
}

static rt_peer *find_peer(cb_shell *shell, const char *name, bool is_added)
{
    rt_peer *oldest = NULL;
    for (uint32_t i = 0; i < shell->peers_count; i++) {
        rt_peer *peer = &shell->peers[i];
        if (strcmp(peer->name, name) == 0) {
            return peer;
        }
        oldest = oldest == NULL || peer->heard_mono_ns < oldest->heard_mono_ns ? peer : oldest;
    }
    if (!is_added) {
        return NULL;
    }
    return shell->peers_count < RT_PEERS_MAX ? &shell->peers[shell->peers_count++] : oldest;
}

void rt_health_peer(cb_shell *shell, const cb_heartbeat *beat)
{
    if (strcmp(beat->service, beat->env.producer) != 0) {
        cb_metric_add(shell->counts.refused, 1);
        return;
    }
    char name[RT_QUALIFIER_MAX];
    const bool is_standby = beat->state == CB_SERVICE_STATE_STANDBY;
    _Static_assert(sizeof(beat->service) + sizeof(RT_STANDBY_SUFFIX) <= sizeof(name) + 1, "fits");
    (void)snprintf(name, sizeof(name), "%s%s", beat->service, is_standby ? RT_STANDBY_SUFFIX : "");
    rt_peer *peer = find_peer(shell, name, true);
    memcpy(peer->name, name, sizeof(name));
    peer->beat = *beat;
    peer->heard_mono_ns = cb_mono_ns();
}

static const rt_peer *get_peer(const cb_shell *shell, const char *name)
{
    for (uint32_t i = 0; i < shell->peers_count; i++) {
        if (strcmp(shell->peers[i].name, name) == 0) {
            return &shell->peers[i];
        }
    }
    return NULL;
}

bool cb_shell_peer(const cb_shell *shell, const char *name, cb_heartbeat *out, int64_t *age_ns)
{
    const rt_peer *peer = get_peer(shell, name);
    if (peer == NULL) {
        return false;
    }
    *out = peer->beat;
    *age_ns = cb_mono_ns() - peer->heard_mono_ns;
    return true;
}

bool cb_shell_peer_fresh(const cb_shell *shell, const char *name, int64_t max_age_ns)
{
    const rt_peer *peer = get_peer(shell, name);
    return peer != NULL && cb_mono_ns() - peer->heard_mono_ns <= max_age_ns;
}

/* ---- timers ---- */

static void flush_journal(cb_shell *shell)
{
    cb_err err;
    if (shell->journal == NULL) {
        return;
    }
    const uint64_t lost_before = cb_journal_lost_count(shell->journal);
    if (cb_journal_flush(shell->journal, &err) != CB_OK) {
        shell->is_journal_bad = true;
        cb_log_err(shell->log, CB_LOG_ERROR, "journal_failed", &err);
    } else if (shell->is_journal_bad && lost_before == cb_journal_lost_count(shell->journal)) {
        shell->is_journal_bad = false;
        CB_LOG(shell->log, CB_LOG_INFO, "journal_works_again", CB_KI("lost_count", lost_before));
    }
}

void rt_health_probe(cb_shell *shell)
{
    if (shell->bus == NULL) {
        return; /* standalone */
    }
    const int64_t now_ns = cb_mono_ns();
    send_bus_canary(shell, now_ns);
    /* Before that, statements are blocking ones and may have no company. */
    if (shell->phase >= RT_RUNNING) {
        send_pg_canary(shell, now_ns);
    }
    /* Who waits for a lease may not be taken for the one that has it. */
    if (shell->is_lease_held || shell->phase == RT_STANDBY) {
        rt_health_beat(shell);
    }
}

static void on_beat(void *context)
{
    cb_shell *shell = context;
    flush_journal(shell);
    rt_health_probe(shell);
}

static void on_tick(void *context)
{
    cb_shell *shell = context;
    if (shell->bus == NULL || shell->phase < RT_RUNNING) {
        return;
    }
    rt_bus_tick(shell);
    rt_out_tick(shell);
    rt_in_tick(shell);
    rt_pull_tick(shell);
    rt_regress_tick(shell);
    rt_crash_tick(shell);
}

/* ---- HTTP ---- */

static void reply_text(cb_exchange *exchange, int status, const char *type, const char *text)
{
    cb_exchange_set_header(exchange, "Cache-Control", "no-store");
    cb_exchange_reply(exchange, status, type, text, strlen(text));
}

static void reply_ready(cb_shell *shell, cb_exchange *exchange)
{
    char why[160];
    char body[512];
    const cb_service_state state = rt_state(shell, why, sizeof(why));
    for (char *c = why; *c != '\0'; c++) {
        *c = *c == '"' || *c == '\\' ? '\'' : *c;
    }
    (void)snprintf(body,
        sizeof(body),
        "{\"service\":\"%s\",\"state\":\"%s\",\"is_ready\":%s,\"why\":\"%s\",\"epoch\":%" PRIu64
        ",\"version\":\"%s\"}\n",
        shell->service->name,
        CB_NAME(cb_service_state, state),
        state == CB_SERVICE_STATE_READY ? "true" : "false",
        why,
        shell->epoch,
        cb_version());
    reply_text(exchange, state == CB_SERVICE_STATE_READY ? 200 : 503, "application/json", body);
}

static void reply_metrics(cb_shell *shell, cb_exchange *exchange)
{
    rt_metrics_refresh(shell);
    const size_t size = cb_metrics_print(shell->metrics, NULL, 0);
    char *text = malloc(size + 1);
    CB_ASSERT(text != NULL);
    CB_MAYBE(cb_metrics_print(shell->metrics, text, size + 1) == size);
    reply_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    free(text);
}

static void on_request(void *context, cb_exchange *exchange, const cb_server_request *request)
{
    cb_shell *shell = context;
    const bool is_get = strcmp(request->method, "GET") == 0;
    if (is_get && strcmp(request->path, "/healthz") == 0) {
        reply_text(exchange, 200, "text/plain", "ok\n");
    } else if (is_get && strcmp(request->path, "/readyz") == 0) {
        reply_ready(shell, exchange);
    } else if (is_get && strcmp(request->path, "/metrics") == 0) {
        reply_metrics(shell, exchange);
    } else if (shell->phase < RT_RUNNING) {
        reply_text(exchange, 503, "text/plain", "starting\n");
    } else if (shell->service->on_http == NULL ||
               !shell->service->on_http(shell, exchange, request)) {
        reply_text(exchange, 404, "text/plain", "not found\n");
    }
}

static bool refuse_ws(void *context, cb_ws_conn *conn, const char *path, const char *query)
{
    (void)context;
    (void)conn;
    (void)path;
    (void)query;
    return false;
}

cb_status rt_health_open(cb_shell *shell, cb_err *err)
{
    static const cb_server_ops OPS = {.on_request = on_request, .on_ws_open = refuse_ws};
    const cb_server_options options = {
        .address = shell->config.http_address, .port = (uint16_t)shell->config.http_port};
    shell->server = cb_server_create(shell->loop, &options, &OPS, shell, err);
    if (shell->server == NULL) {
        return cb_err_context(
            err, "http.address %s port %" PRIu64, options.address, shell->config.http_port);
    }
    shell->beat_timer = cb_loop_timer(shell->loop, 0, BEAT_PERIOD_NS, on_beat, shell);
    shell->tick_timer = cb_loop_timer(shell->loop, TICK_PERIOD_NS, TICK_PERIOD_NS, on_tick, shell);
    return CB_OK;
}
