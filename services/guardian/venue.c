/* The guardian at the venue: one call at a time, each behind the venue's own clock, so that nothing
 * but the venue has to have the right time. It can list and cancel; it builds no order, and its key
 * could not sign one. Its budget of weight is its own, so that a list is never waited for because
 * somebody else has asked too much. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/guardian/guardian_shell.h"

#define ANSWER_MAX ((size_t)8 * 1024 * 1024)
#define WINDOW_MS 60000 /* on a simulator whose seconds are short, the longest is still little */
#define URL_MAX 2600

static void feed_answer(guardian_shell *self, uint32_t event, bool is_ok)
{
    const guardian_answer answer = {.is_ok = is_ok};
    cb_shell_feed(self->shell, event, &answer, sizeof(answer));
}

/* ---- answers ---- */

static void say(guardian_shell *self, const char *event, const guardian_call *call, const char *why)
{
    cb_err err = {0};
    char detail[256];
    cb_textbuf text = cb_textbuf_over(detail, sizeof(detail));
    cb_textbuf_add(&text, call->symbol[0] != '\0' ? call->symbol : "all");
    cb_textbuf_add(&text, ": ");
    cb_textbuf_add(&text, why);
    CB_LOG(cb_shell_log(self->shell), CB_LOG_WARN, event, CB_KV("detail", detail));
    if (guardian_journal_write(self->journal, event, detail, &err) != CB_OK) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "journal_failed", &err);
    }
}

static void release(guardian_call *call)
{
    CB_ASSERT(call->self->pending_count > 0);
    call->self->pending_count--;
    call->is_used = false;
}

/* Whatever went wrong, the core asks again. */
static void fail(guardian_call *call, const char *why)
{
    guardian_shell *self = call->self;
    const guardian_request request = call->request;
    say(self, "venue_failed", call, why);
    release(call);
    if (request == GUARDIAN_REQUEST_LIST) {
        memset(&self->listed, 0, sizeof(self->listed));
        cb_shell_feed(self->shell, GUARDIAN_EVENT_LISTED, &self->listed, sizeof(self->listed));
    } else if (request == GUARDIAN_REQUEST_CANCEL_ALL) {
        feed_answer(self, GUARDIAN_EVENT_CANCELED, false);
    }
}

static bool take_order(void *context, const cb_venue_order *order)
{
    guardian_listed *listed = context;
    listed->orders_count++;
    for (uint32_t i = 0; i < listed->symbols_count; i++) {
        if (cb_text_equal(listed->symbols[i], order->symbol)) {
            return true;
        }
    }
    if (listed->symbols_count < GUARDIAN_SYMBOLS_MAX) {
        memcpy(listed->symbols[listed->symbols_count++], order->symbol, sizeof(order->symbol));
    }
    return true;
}

static void note_throttle(guardian_shell *self, const cb_http_answer *http)
{
    if (http->status == 429 || http->status == 418) {
        const int64_t wait_s = http->retry_after_s >= 0 ? http->retry_after_s : 10;
        self->wait_until_ns = cb_mono_ns() + wait_s * CB_NS_PER_S;
    }
}

static void on_listed(guardian_call *call, const cb_http_answer *http)
{
    guardian_shell *self = call->self;
    memset(&self->listed, 0, sizeof(self->listed));
    cb_err err = {0};
    if (self->venue->parse_orders(
            (cb_strview){http->body, http->body_size}, take_order, &self->listed, &err) != CB_OK) {
        fail(call, err.text);
        return;
    }
    self->listed.is_ok = true;
    release(call);
    cb_shell_feed(self->shell, GUARDIAN_EVENT_LISTED, &self->listed, sizeof(self->listed));
}

static void on_answer(void *context, const cb_http_answer *http)
{
    guardian_call *call = context;
    guardian_shell *self = call->self;
    cb_venue_error error = {.text = ""};
    if (http->outcome != CB_HTTP_ANSWERED) {
        fail(call, http->detail);
        return;
    }
    note_throttle(self, http);
    const bool is_ok = http->status >= 200 && http->status <= 299;
    if (!is_ok) {
        self->venue->classify(
            http->status, (cb_strview){http->body, http->body_size}, false, &error);
    }
    if (!is_ok &&
        (call->request != GUARDIAN_REQUEST_CANCEL_ALL || error.action != CB_VENUE_ACTION_GONE)) {
        fail(call, error.text[0] != '\0' ? error.text : "refused");
        return;
    }
    if (call->request == GUARDIAN_REQUEST_LIST) {
        on_listed(call, http);
        return;
    }
    const bool is_cancel = call->request == GUARDIAN_REQUEST_CANCEL_ALL;
    if (is_cancel) {
        say(self, "canceled", call, is_ok ? "all open orders" : "nothing was open");
    }
    release(call);
    if (is_cancel) {
        feed_answer(self, GUARDIAN_EVENT_CANCELED, true);
    }
}

/* ---- requests ---- */

static void send(
    guardian_shell *self, const cb_venue_request *request, cb_http_fn fn, void *context)
{
    char url[URL_MAX];
    cb_textbuf text = cb_textbuf_over(url, sizeof(url));
    cb_textbuf_add(&text, self->config->rest_url);
    cb_textbuf_add(&text, request->url_path);
    cb_http_request http = {.method = cb_venue_method_name(request->method),
        .url = url,
        .headers_count = request->headers_count,
        .body = request->body[0] != '\0' ? request->body : NULL,
        .body_size = strlen(request->body),
        .response_max = ANSWER_MAX,
        .lane = "guardian"};
    for (uint32_t i = 0; i < request->headers_count; i++) {
        http.headers[i] = (cb_http_header){request->headers[i][0], request->headers[i][1]};
    }
    cb_metric_add(self->requests, 1);
    cb_http_start(cb_shell_http(self->shell), &http, fn, context);
}

static cb_venue_call call_of(guardian_request request)
{
    switch (request) {
    case GUARDIAN_REQUEST_CANCEL_ALL:
        return CB_VENUE_CALL_CANCEL_ALL;
    case GUARDIAN_REQUEST_ARM:
        return CB_VENUE_CALL_DEADMAN;
    case GUARDIAN_REQUEST_LIST:
    case GUARDIAN_REQUEST_NOTE:
    case GUARDIAN_REQUEST_SET_PAGE:
    case GUARDIAN_REQUEST_RAISE:
    default:
        CB_ASSERT(request == GUARDIAN_REQUEST_LIST);
        return CB_VENUE_CALL_OPEN_ORDERS;
    }
}

static void on_signed(void *context, const cb_signer_answer *answer)
{
    guardian_call *call = context;
    if (answer->status != CB_OK) {
        fail(call, answer->why);
        return;
    }
    send(call->self, &call->venue_request, on_answer, call);
}

static void on_time(void *context, const cb_http_answer *http)
{
    guardian_call *call = context;
    guardian_shell *self = call->self;
    int64_t venue_ns = 0;
    cb_err err = {0};
    if (http->outcome != CB_HTTP_ANSWERED || http->status != 200 ||
        self->venue->parse_time((cb_strview){http->body, http->body_size}, &venue_ns, &err) !=
            CB_OK) {
        note_throttle(self, http);
        fail(call, http->detail[0] != '\0' ? http->detail : "the venue's clock cannot be read");
        return;
    }
    const cb_venue_auth auth = {
        .sign_ts_ns = venue_ns, .window_ms = WINDOW_MS, .is_unsigned = true};
    if (self->venue->build(
            call_of(call->request), &call->params, &auth, &call->venue_request, &err) != CB_OK) {
        fail(call, err.text);
    } else {
        cb_signer_sign_request(self->signer, self->venue, &call->venue_request, on_signed, call);
    }
}

static void begin(guardian_call *call)
{
    cb_venue_request request;
    cb_err err = {0};
    if (call->self->venue->build(CB_VENUE_CALL_TIME, &call->params, NULL, &request, &err) !=
        CB_OK) {
        fail(call, err.text);
        return;
    }
    send(call->self, &request, on_time, call);
}

/* What a call costs with its question for the time, at the venue's own figures. */
static uint64_t weight_of(const guardian_call *call)
{
    return call->request == GUARDIAN_REQUEST_LIST ? 81 : 2;
}

void guardian_venue_tick(guardian_shell *self)
{
    const int64_t now_ns = cb_mono_ns();
    while (self->queue_count > 0 && now_ns >= self->wait_until_ns) {
        guardian_call *call = &self->calls[self->queue[0]];
        if (!cb_bucket_take(&self->budget, weight_of(call), now_ns)) {
            return;
        }
        self->queue_count--;
        memmove(self->queue, self->queue + 1, self->queue_count * sizeof(self->queue[0]));
        begin(call);
    }
}

void guardian_venue_ask(guardian_shell *self, guardian_request request, const char *symbol)
{
    uint32_t place = 0;
    while (place < GUARDIAN_WAITING_MAX && self->calls[place].is_used) {
        place++;
    }
    /* One list, a cancel and a winding up for each symbol: the core asks for no more at a time, and
     * winds nothing up while it fires. */
    CB_ASSERT(place < GUARDIAN_WAITING_MAX || request == GUARDIAN_REQUEST_ARM);
    if (place == GUARDIAN_WAITING_MAX) {
        return;
    }
    guardian_call *call = &self->calls[place];
    memset(call, 0, sizeof(*call));
    call->is_used = true;
    call->self = self;
    call->request = request;
    CB_ASSERT(cb_text_copy(call->symbol, sizeof(call->symbol), cb_sv_from(symbol)));
    memcpy(call->params.symbol, call->symbol, sizeof(call->params.symbol));
    call->params.countdown_ms = self->config->deadman_ns / CB_NS_PER_MS;
    self->pending_count++;
    self->queue[self->queue_count++] = place;
    guardian_venue_tick(self);
}

/* ---- opening and closing ---- */

static cb_status open_signer(guardian_shell *self, cb_err *err)
{
    const cb_signer_options options = {.socket_path = self->config->signer_socket,
        .account = self->config->account,
        .venue = self->config->venue,
        .purpose = CB_KEY_CANCEL};
    self->signer = cb_signer_open(cb_shell_loop(self->shell), &options, err);
    return self->signer != NULL ? CB_OK : err->code;
}

cb_status guardian_venue_open(guardian_shell *self, cb_err *err)
{
    const guardian_config *config = self->config;
    self->venue = cb_venue_find(config->venue);
    if (self->venue == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "venue '%s' is not known", config->venue);
    }
    if (config->deadman_ns > 0 && !self->venue->has_deadman && !config->deadman_forced) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "deadman.countdown: venue '%s' has no switch of its own to arm",
            config->venue);
    }
    cb_bucket_init(
        &self->budget, config->weight_per_minute, config->weight_per_minute / 60 + 1, cb_mono_ns());
    return open_signer(self, err);
}

void guardian_venue_close(guardian_shell *self)
{
    cb_signer_close(self->signer);
}
