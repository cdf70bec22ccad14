/* The hooks of the service: start, the core's requests to the files that serve them, readiness,
 * counters. Nothing is decided here. */
#include "services/execution/shell.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

#define TICK_NS CB_NS_PER_S
#define RETRY_MIN_NS CB_NS_PER_S
#define RETRY_MAX_NS (10 * CB_NS_PER_S)
#define SIGNER_WAIT_MS 1000
#define SIGNER_WAIT_REPLAY_MS 10000

exec_shell *exec_of(const cb_shell *shell)
{
    exec_shell *self = cb_shell_user(shell);
    CB_ASSERT(self != NULL);
    return self;
}

/* ---- metrics ---- */

static void open_hops(exec_metrics *to, cb_metrics *from)
{
    static const char name[] = "order_hop_seconds";
    static const char help[] = "Tick to order, hop by hop";
    to->origin_to_claim = cb_histogram(from, name, "hop=\"tick_to_permit\"", help);
    to->sign_to_claimed = cb_histogram(from, name, "hop=\"permit_to_claimed\"", help);
    to->claimed_to_socket = cb_histogram(from, name, "hop=\"claimed_to_socket\"", help);
    to->origin_to_socket = cb_histogram(from, name, "hop=\"tick_to_socket\"", help);
    to->socket_to_answer = cb_histogram(from, name, "hop=\"socket_to_answer\"", help);
    to->signature = cb_histogram(from, name, "hop=\"signature\"", help);
    to->signature_wait = cb_histogram(from, name, "hop=\"signature_wait\"", help);
}

static void open_metrics(exec_metrics *to, cb_metrics *from)
{
    static const char *const labels[] = {
        [CB_ANSWER_ACCEPTED] = "class=\"accepted\"",
        [CB_ANSWER_REJECTED] = "class=\"rejected\"",
        [CB_ANSWER_NOT_SENT] = "class=\"not_sent\"",
        [CB_ANSWER_UNKNOWN] = "class=\"unknown\"",
        [CB_ANSWER_NOT_FOUND] = "class=\"not_found\"",
        [CB_ANSWER_THROTTLED] = "class=\"throttled\"",
    };
    open_hops(to, from);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        to->placed[i] = cb_counter(
            from, "orders_answered_total", labels[i], "Orders by the class of the answer");
    }
    to->orders = cb_gauge(from, "orders_count", "", "Orders made from permits, ever");
    to->fills = cb_gauge(from, "fills_count", "", "Fills recorded, ever");
    to->refused = cb_gauge(from, "permits_refused", "", "Permits refused since the start");
    to->differences = cb_gauge(from, "differences", "", "Differences to the venue since the start");
    to->external =
        cb_gauge(from, "external_orders", "", "Orders that are not ours, since the start");
    to->stale = cb_gauge(from, "stale_reports", "", "Reports of orders that ended long ago");
    to->alerts = cb_counter(from, "alerts_total", "", "Alerts raised");
    to->stream_ups = cb_counter(from, "user_stream_ups_total", "", "User stream subscriptions");
    to->user_events = cb_counter(from, "user_events_total", "", "Events of the user stream");
    to->active = cb_gauge(from, "orders_active", "", "Orders that have not ended");
    to->unknown = cb_gauge(from, "orders_unknown", "", "Orders of unknown outcome");
    to->kill_level = cb_gauge(from, "kill_level", "", "Kill level in force for the account");
    to->is_live = cb_gauge(from, "trading_live", "", "1: lease held, stream up, reconciled");
    to->offset = cb_gauge(from, "venue_clock_offset_ns", "", "Venue's clock minus ours");
    to->disk_used = cb_gauge(from, "disk_used_percent", "", "Used share of the watched disk");
    to->weight_used = cb_gauge(from, "venue_weight_used", "", "Request weight of this minute");
}

static void refresh_metrics(exec_shell *self)
{
    exec_view view;
    exec_metrics *to = &self->metrics;
    exec_look(cb_shell_state(self->shell), &view);
    cb_metric_set(to->orders, (int64_t)view.orders_count);
    cb_metric_set(to->fills, (int64_t)view.fills_count);
    cb_metric_set(to->refused, (int64_t)view.refused_count);
    cb_metric_set(to->differences, (int64_t)view.differences_count);
    cb_metric_set(to->external, (int64_t)view.external_count);
    cb_metric_set(to->stale, (int64_t)view.stale_count);
    cb_metric_set(to->active, view.active_count);
    cb_metric_set(to->unknown, view.unknown_count);
    cb_metric_set(to->kill_level, view.kill_level);
    cb_metric_set(to->is_live, view.is_live ? 1 : 0);
    cb_metric_set(to->offset, view.offset_ns);
    if (view.is_live) {
        self->retry_backoff_ns = RETRY_MIN_NS;
    }
}

static void on_tick(void *context)
{
    exec_shell *self = context;
    exec_lease_renew(self);
    refresh_metrics(self);
    if (self->is_started) {
        exec_watch_tick(self);
        exec_beat(self);
    }
    if (self->is_started && cb_shell_is_bus_clock(self->shell)) {
        cb_shell_feed(self->shell, EXEC_EVENT_PACE, NULL, 0);
    }
}

/* ---- start and end ---- */

static cb_status take_venue(exec_shell *self, cb_err *err)
{
    const exec_config *config = self->config;
    self->venue = cb_venue_find(config->venue);
    if (self->venue == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "venue '%s' is not known", config->venue);
    }
    return CB_OK;
}

/* The signer is back: what waited for it need not wait for its back-off to end. */
static void on_signer_state(void *context, bool is_up)
{
    exec_shell *self = context;
    CB_LOG(cb_shell_log(self->shell),
        is_up ? CB_LOG_INFO : CB_LOG_ERROR,
        is_up ? "signer_up" : "signer_down",
        CB_KV("why", cb_signer_why(self->signer)));
    if (is_up && self->is_retry_due) {
        cb_timer_reset(self->retry_timer, 0);
    }
}

/* No secret of the venue is ever in this process. In a replay a hiccup of the machine is no reason
 * to refuse, so there the signer is waited for longer. */
static cb_status open_signer(exec_shell *self, cb_err *err)
{
    const cb_signer_options options = {.socket_path = self->config->signer_socket,
        .account = self->config->account,
        .venue = self->config->venue,
        .purpose = CB_KEY_TRADE,
        .timeout_ms = cb_shell_is_bus_clock(self->shell) ? SIGNER_WAIT_REPLAY_MS : SIGNER_WAIT_MS};
    self->signer = cb_signer_open(cb_shell_loop(self->shell), &options, err);
    if (self->signer == NULL) {
        return err->code;
    }
    cb_signer_on_state(self->signer, on_signer_state, self);
    return CB_OK;
}

static cb_status exec_open(cb_shell *shell, cb_err *err)
{
    const exec_config *config = cb_shell_config(shell);
    cb_status status = exec_config_check(config, err);
    if (status != CB_OK) {
        return status;
    }
    exec_shell *self = calloc(1, sizeof(*self));
    CB_ASSERT(self != NULL);
    self->shell = shell;
    self->config = config;
    self->retry_backoff_ns = RETRY_MIN_NS;
    self->opened_mono_ns = cb_mono_ns();
    self->mark_fd = -1;
    cb_shell_set_user(shell, self);
    status = take_venue(self, err);
    if (status == CB_OK) {
        status = open_signer(self, err);
    }
    if (status != CB_OK) {
        return status;
    }
    open_metrics(&self->metrics, cb_shell_metrics(shell));
    exec_page_open(self);
    exec_mark_open(self);
    status = exec_caps_read(self, err);
    if (status != CB_OK) {
        return status;
    }
    self->tick_timer = cb_loop_timer(cb_shell_loop(shell), TICK_NS, TICK_NS, on_tick, self);
    return CB_OK;
}

static void exec_started(cb_shell *shell)
{
    exec_shell *self = exec_of(shell);
    self->is_started = true;
    exec_page_start(self);
    exec_lease_tell_flaps(self);
    exec_mark_tell(self);
}

static void exec_drain(cb_shell *shell)
{
    exec_of(shell)->is_draining = true;
}

static void exec_close(cb_shell *shell)
{
    exec_shell *self = cb_shell_user(shell);
    if (self == NULL) {
        return;
    }
    exec_stream_stop(self);
    exec_page_close(self);
    exec_mark_close(self);
    cb_timer_remove(self->tick_timer);
    cb_timer_remove(self->retry_timer);
    cb_signer_close(self->signer);
    cb_shell_set_user(shell, NULL);
    free(self);
}

/* ---- requests ---- */

static void on_retry(void *context)
{
    exec_shell *self = context;
    self->is_retry_due = false;
    cb_shell_feed(self->shell, EXEC_EVENT_RETRY, NULL, 0);
}

static void schedule_retry(exec_shell *self)
{
    self->is_retry_due = true;
    if (self->retry_timer == NULL) {
        self->retry_timer =
            cb_loop_timer(cb_shell_loop(self->shell), self->retry_backoff_ns, 0, on_retry, self);
    } else {
        cb_timer_reset(self->retry_timer, self->retry_backoff_ns);
    }
    self->retry_backoff_ns *= 2;
    if (self->retry_backoff_ns > RETRY_MAX_NS) {
        self->retry_backoff_ns = RETRY_MAX_NS;
    }
}

static void raise_alert(exec_shell *self, const exec_alert *alert)
{
    char intent[CB_ID_TEXT_MAX] = "";
    if (!cb_id_is_none(alert->intent_id)) {
        cb_id_print(alert->intent_id, intent);
    }
    cb_metric_add(self->metrics.alerts, 1);
    cb_log_correlate(cb_shell_log(self->shell), alert->correlation_id);
    CB_LOG(cb_shell_log(self->shell),
        alert->is_error ? CB_LOG_ERROR : CB_LOG_WARN,
        alert->name,
        CB_KV("detail", alert->detail),
        CB_KV("intent_id", intent));
    cb_log_correlate(cb_shell_log(self->shell), (cb_id){0, 0});
}

/* A process that has worked for this account ends and comes back as one that does nothing: no
 * stream, no keys in use, no question to the venue. One that came back so just stays. */
static void turn_off(exec_shell *self)
{
    if (self->has_worked) {
        cb_shell_die(self->shell, "kill_level_4", "canceled and verified; off until it is lowered");
    }
}

/* The body of a request as the struct that its kind promises. */
static const void *request_body(const void *body, size_t body_size, size_t wanted)
{
    CB_ASSERT(body != NULL);
    CB_ASSERT(body_size == wanted);
    return body;
}

static bool on_request_early(cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    return request == EXEC_REQUEST_CLAIM &&
           exec_claim_early(exec_of(shell), request_body(body, body_size, sizeof(exec_claim)));
}

static void exec_on_request(cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    exec_shell *self = exec_of(shell);
    switch ((exec_request)request) {
    case EXEC_REQUEST_SUBSCRIBE:
        self->has_worked = true;
        exec_stream_want(self);
        return;
    case EXEC_REQUEST_CLAIM:
        exec_claim_order(self, request_body(body, body_size, sizeof(exec_claim)));
        return;
    case EXEC_REQUEST_SEND:
        exec_send_order(self, request_body(body, body_size, sizeof(exec_send)));
        return;
    case EXEC_REQUEST_RETRY:
        schedule_retry(self);
        return;
    case EXEC_REQUEST_PAGE:
        exec_page_lower(self, request_body(body, body_size, sizeof(exec_page)));
        return;
    case EXEC_REQUEST_OFF:
        turn_off(self);
        return;
    case EXEC_REQUEST_FORGET_MARK:
        exec_mark_forget(self);
        return;
    case EXEC_REQUEST_ALERT:
        raise_alert(self, request_body(body, body_size, sizeof(exec_alert)));
        return;
    case EXEC_REQUEST_CANCEL:
    case EXEC_REQUEST_CANCEL_ALL:
    case EXEC_REQUEST_AMEND:
    case EXEC_REQUEST_READ_ORDER:
    case EXEC_REQUEST_READ_OPEN:
    case EXEC_REQUEST_READ_ALL:
    case EXEC_REQUEST_READ_TRADES:
    case EXEC_REQUEST_READ_ACCOUNT:
    case EXEC_REQUEST_READ_TIME:
    default:
        exec_start_read(
            self, (exec_request)request, request_body(body, body_size, sizeof(exec_read)));
        return;
    }
}

/* ---- what the runtime asks ---- */

static bool exec_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    exec_view view;
    exec_look(cb_shell_state(shell), &view);
    cb_textbuf text = cb_textbuf_over(why, why_size);
    if (!view.is_lease_held || !exec_lease_is_fresh(exec_of(shell))) {
        cb_textbuf_add(&text, "lease not held");
        return false;
    }
    if (view.is_off) {
        cb_textbuf_add(&text, "off: kill level 4");
        return false;
    }
    if (!cb_signer_is_up(exec_of(shell)->signer)) {
        cb_textbuf_add(&text, cb_signer_why(exec_of(shell)->signer));
        return false;
    }
    if (!view.is_stream_up) {
        cb_textbuf_add(&text, "user stream down");
        return false;
    }
    if (!view.is_reconciled) {
        cb_textbuf_add(&text, "not reconciled with the venue");
        return false;
    }
    return true;
}

static uint32_t exec_pending(const cb_shell *shell)
{
    exec_view view;
    exec_look(cb_shell_state(shell), &view);
    /* Who goes down need not wait to be live: what is in flight is waited for, nothing else. */
    return exec_of(shell)->is_draining && !view.is_live ? view.pending_count - 1
                                                        : view.pending_count;
}

static uint32_t exec_sync_counts(const cb_shell *shell, cb_sync_count *out, uint32_t capacity)
{
    if (capacity == 0) {
        return 0;
    }
    out[0] =
        (cb_sync_count){.name = "ws.user", .received_count = exec_of(shell)->user_events_count};
    return 1;
}

const cb_service execution_service = {
    .name = "execution",
    .summary = "turns permits into at most one order each at the venue, and its reports into fills",
    .fields = exec_fields,
    .config_size = sizeof(exec_config),
    .migrations = execution_migrations,
    .tables = exec_tables,
    .tables_count = EXEC_TABLE_COUNT,
    .has_step_log = true,
    /* What the claim reads, and the constraints that let an order or a fill be there once. */
    .eager_tables = 1U << EXEC_TABLE_ORDERS | 1U << EXEC_TABLE_FILLS | 1U << EXEC_TABLE_KILL |
                    1U << EXEC_TABLE_CAPS,
    .queries = exec_queries,
    .core = &execution_core,
    .lease = &exec_lease_ops,
    .open = exec_open,
    .recover = exec_recover,
    .reload = exec_caps_reload,
    .started = exec_started,
    .on_request_early = on_request_early,
    .on_request = exec_on_request,
    .is_ready = exec_is_ready,
    .pending = exec_pending,
    .sync_counts = exec_sync_counts,
    .on_stop_signal = exec_on_stop_signal,
    .drain = exec_drain,
    .close = exec_close,
};
