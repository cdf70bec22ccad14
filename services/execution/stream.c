/* The user stream over the venue's WebSocket API: connect, subscribe with a signature, hand every
 * event to the core, reconnect with back-off. The waits are wall-clock: a connection is a matter of
 * this machine, and decisions only ever see that the stream is up or down. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/failpoint.h"
#include "base/strview.h"
#include "services/execution/shell.h"

#define STREAM_MESSAGE_MAX ((size_t)256 * 1024)
#define STREAM_BACKOFF_MIN_NS (CB_NS_PER_S / 4)
#define STREAM_BACKOFF_MAX_NS (10 * CB_NS_PER_S)
#define STREAM_SILENCE_MS 45000 /* the venue pings every 20 s */

static void on_ws_timer(void *context);

static void set_timer(exec_shell *self, int64_t delay_ns)
{
    self->is_ws_timer_set = true;
    if (self->ws_timer == NULL) {
        self->ws_timer = cb_loop_timer(cb_shell_loop(self->shell), delay_ns, 0, on_ws_timer, self);
    } else {
        cb_timer_reset(self->ws_timer, delay_ns);
    }
}

static void schedule_open(exec_shell *self)
{
    if (!self->is_ws_wanted || self->ws != NULL || self->is_ws_timer_set) {
        return;
    }
    set_timer(self, self->ws_backoff_ns);
    self->ws_backoff_ns *= 2;
    if (self->ws_backoff_ns > STREAM_BACKOFF_MAX_NS) {
        self->ws_backoff_ns = STREAM_BACKOFF_MAX_NS;
    }
}

/* Down: the core is told when it thought otherwise, and asks for a new subscription itself. */
static void note_down(exec_shell *self, const char *why)
{
    CB_LOG(cb_shell_log(self->shell), CB_LOG_WARN, "user_stream_down", CB_KV("why", why));
    if (!self->is_subscribed) {
        schedule_open(self);
        return;
    }
    self->is_subscribed = false;
    self->is_ws_wanted = false;
    const exec_stream stream = {.is_up = false};
    cb_shell_feed(self->shell, EXEC_EVENT_STREAM, &stream, sizeof(stream));
}

static void drop_stream(exec_shell *self, const char *why)
{
    cb_ws_client *ws = self->ws;
    self->ws = NULL;
    cb_ws_client_destroy(ws);
    note_down(self, why);
}

/* It cannot be dropped from within its own callbacks: a timer does it. */
static void break_stream(exec_shell *self)
{
    self->is_ws_broken = true;
    set_timer(self, 0);
}

/* A signature belongs to the connection that asked for it: others have been opened since, perhaps.
 */
typedef struct subscription {
    exec_shell *self;
    uint64_t request_id;
} subscription;

static void on_subscription_signed(void *context, const cb_signer_answer *answer)
{
    subscription *asked = context;
    exec_shell *self = asked->self;
    const bool is_current = self->ws != NULL && asked->request_id == self->ws_request_id;
    free(asked);
    if (!is_current) {
        return;
    }
    if (answer->status != CB_OK) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_ERROR,
            "subscribe_not_signed",
            CB_KV("why", answer->why));
        break_stream(self);
        return;
    }
    char text[CB_VENUE_TEXT_MAX];
    cb_err err = {0};
    self->ws_auth.keys = cb_signer_keys(self->signer);
    self->ws_auth.signature = answer->signature;
    const cb_status status =
        self->venue->user_subscribe_text(&self->ws_auth, self->ws_request_id, text, &err);
    self->ws_auth.signature = NULL; /* gone after this call */
    if (status != CB_OK || !cb_ws_client_send(self->ws, text, strlen(text))) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "subscribe_not_sent", &err);
        break_stream(self);
    }
}

static void on_open(void *context)
{
    exec_shell *self = context;
    char payload[CB_VENUE_TEXT_MAX];
    cb_err err = {0};
    self->ws_auth = (cb_venue_auth){.keys = cb_signer_keys(self->signer),
        .sign_ts_ns = exec_sign_ts_ns(self),
        .window_ms = exec_read_window_ms(self)};
    self->ws_request_id++;
    if (self->venue->user_subscribe_payload(&self->ws_auth, payload, &err) != CB_OK) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "subscribe_not_built", &err);
        break_stream(self); /* the signer has not told the key yet */
        return;
    }
    subscription *asked = calloc(1, sizeof(*asked));
    CB_ASSERT(asked != NULL);
    *asked = (subscription){self, self->ws_request_id};
    cb_signer_sign(self->signer, payload, strlen(payload), on_subscription_signed, asked);
}

static void note_up(exec_shell *self)
{
    self->is_subscribed = true;
    self->ws_backoff_ns = STREAM_BACKOFF_MIN_NS;
    cb_metric_add(self->metrics.stream_ups, 1);
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_INFO,
        "user_stream_up",
        CB_KV("account", self->config->account));
    const exec_stream stream = {.is_up = true};
    cb_shell_feed(self->shell, EXEC_EVENT_STREAM, &stream, sizeof(stream));
}

static void take_reply(exec_shell *self, const cb_venue_reply *reply)
{
    if (self->is_subscribed || reply->id != self->ws_request_id) {
        return;
    }
    if (reply->is_ok) {
        note_up(self);
        return;
    }
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_ERROR,
        "subscribe_refused",
        CB_KI("code", reply->error.code),
        CB_KV("error", reply->error.text));
    self->is_ws_broken = true; /* closed after this callback: it runs inside the connection */
    /* Most often the clocks have parted. The core measures them only while the stream is up. */
    const exec_read time = {.tag = 0};
    exec_start_read(self, EXEC_REQUEST_READ_TIME, &time);
}

static void feed_report(exec_shell *self, const cb_venue_user_event *event)
{
    exec_report report = {.has_trade = event->has_trade, .order = event->order};
    if (event->has_trade) {
        report.trade = event->trade;
    }
    cb_shell_feed(self->shell, EXEC_EVENT_REPORT, &report, sizeof(report));
}

static void feed_balances(exec_shell *self, const cb_venue_user_event *event)
{
    exec_balances balances = {.is_transfer = event->type == CB_VENUE_USER_TRANSFER,
        .venue_ts_ns = event->venue_ts_ns,
        .balances_count = event->balances_count};
    CB_ASSERT(event->balances_count <= CB_VENUE_BALANCES_MAX);
    memcpy(
        balances.balances, event->balances, event->balances_count * sizeof(balances.balances[0]));
    cb_shell_feed(self->shell, EXEC_EVENT_BALANCES, &balances, sizeof(balances));
}

static void take_event(exec_shell *self, const cb_venue_user_event *event)
{
    if (event->type == CB_VENUE_USER_REPLY) {
        take_reply(self, &event->reply);
        return;
    }
    self->user_events_count++;
    cb_metric_add(self->metrics.user_events, 1);
    if (FP("exec.user_event")) {
        return;
    }
    switch (event->type) {
    case CB_VENUE_USER_ORDER:
        feed_report(self, event);
        return;
    case CB_VENUE_USER_BALANCES:
    case CB_VENUE_USER_TRANSFER:
        feed_balances(self, event);
        return;
    case CB_VENUE_USER_ENDED:
        self->is_ws_broken = true;
        return;
    case CB_VENUE_USER_NONE:
    case CB_VENUE_USER_REPLY:
    default:
        return;
    }
}

static void on_text(void *context, const char *text, size_t size, int64_t recv_wall_ns)
{
    (void)recv_wall_ns;
    exec_shell *self = context;
    cb_venue_user_event *event = &self->user_event;
    cb_err err = {0};
    memset(event, 0, sizeof(*event));
    if (self->venue->parse_user((cb_strview){text, size}, event, &err) != CB_OK) {
        /* What it told is lost to us; reconciliation after the reconnect finds it. */
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "user_event_malformed", &err);
        self->user_events_count++;
        self->is_ws_broken = true;
    } else {
        take_event(self, event);
    }
    if (self->is_ws_broken) {
        set_timer(self, 0); /* it cannot be dropped from within its own callback */
    }
}

static void on_close(void *context, const char *why)
{
    exec_shell *self = context;
    cb_ws_client *ws = self->ws;
    self->ws = NULL;
    self->is_ws_broken = false;
    if (ws != NULL) {
        cb_ws_client_destroy(ws);
    }
    note_down(self, why);
}

static void open_stream(exec_shell *self)
{
    static const cb_ws_client_ops ops = {
        .on_open = on_open, .on_text = on_text, .on_close = on_close};
    char url[EXEC_URL_MAX];
    if (!cb_venue_join_url(self->config->ws_api_url, self->venue->user_path, url, sizeof(url))) {
        cb_shell_die(self->shell, "bad_url", self->config->ws_api_url);
    }
    const cb_ws_client_options options = {.url = url,
        .message_max = STREAM_MESSAGE_MAX,
        .connect_timeout_ms = EXEC_TOTAL_TIMEOUT_MS,
        .silence_timeout_ms = STREAM_SILENCE_MS};
    cb_err err = {0};
    self->is_ws_broken = false;
    self->ws = cb_ws_client_open(cb_shell_loop(self->shell), &options, &ops, self, &err);
    if (self->ws == NULL) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "user_stream_not_opened", &err);
        schedule_open(self);
    }
}

static void on_ws_timer(void *context)
{
    exec_shell *self = context;
    self->is_ws_timer_set = false;
    if (self->is_ws_broken && self->ws != NULL) {
        self->is_ws_broken = false;
        drop_stream(self, "ended or not understood");
        return;
    }
    if (self->is_ws_wanted && self->ws == NULL) {
        open_stream(self);
    }
}

void exec_stream_want(exec_shell *self)
{
    self->is_ws_wanted = true;
    if (self->ws != NULL || self->is_ws_timer_set) {
        return;
    }
    if (self->ws_backoff_ns == 0) {
        self->ws_backoff_ns = STREAM_BACKOFF_MIN_NS;
        open_stream(self); /* the first time without waiting */
        return;
    }
    schedule_open(self);
}

void exec_stream_stop(exec_shell *self)
{
    self->is_ws_wanted = false;
    cb_timer_remove(self->ws_timer);
    self->ws_timer = NULL;
    if (self->ws != NULL) {
        cb_ws_client_destroy(self->ws);
        self->ws = NULL;
    }
}
