/* Questions to the venue and cancels: described by the venue's functions, sent in lanes, answered
 * to the core exactly once each. A question may be asked again, so nothing here is ever urgent
 * enough to guess. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rt/failpoint.h"
#include "base/strview.h"
#include "services/execution/core/describe.h"
#include "services/execution/shell.h"

int64_t exec_sign_ts_ns(const exec_shell *self)
{
    const int64_t venue_now_ns = cb_shell_now_ns(self->shell) + self->offset_ns;
    return venue_now_ns / CB_NS_PER_MS * CB_NS_PER_MS;
}

int64_t exec_read_window_ms(const exec_shell *self)
{
    return cb_shell_is_bus_clock(self->shell) ? 60000 : 10000;
}

/* 401 is about the key, 403 and 451 about the door, whatever was asked. */
static void note_refusal(exec_shell *self, const cb_http_answer *http)
{
    const bool is_key = http->status == 401;
    if (http->outcome == CB_HTTP_ANSWERED && self->is_started &&
        (is_key || http->status == 403 || http->status == 451)) {
        const exec_refused refused = {.is_key = is_key, .status = http->status};
        cb_shell_feed(self->shell, EXEC_EVENT_REFUSED, &refused, sizeof(refused));
    }
}

void exec_note_answer(exec_shell *self, const cb_http_answer *http)
{
    note_refusal(self, http);
    if (http->outcome != CB_HTTP_ANSWERED || (http->status != 429 && http->status != 418)) {
        return;
    }
    const int64_t wait_s = http->retry_after_s >= 0 ? http->retry_after_s : 60;
    const int64_t until_ns = cb_mono_ns() + wait_s * CB_NS_PER_S;
    if (until_ns > self->quiet_until_mono_ns) {
        self->quiet_until_mono_ns = until_ns;
    }
}

bool exec_is_quiet(const exec_shell *self)
{
    return cb_mono_ns() < self->quiet_until_mono_ns;
}

void exec_http(exec_shell *self,
    const cb_venue_request *request,
    const char *lane,
    size_t response_max,
    cb_http_fn fn,
    void *context)
{
    const bool is_order = request->method == CB_VENUE_POST; /* cancels always pass */
    char url[EXEC_URL_MAX];
    cb_textbuf text = cb_textbuf_over(url, sizeof(url));
    cb_textbuf_add(&text, self->config->rest_url);
    cb_textbuf_add(&text, request->url_path);
    cb_http_request http = {.method = cb_venue_method_name(request->method),
        .url = url,
        .headers_count = request->headers_count,
        .body = request->body[0] != '\0' ? request->body : NULL,
        .body_size = strlen(request->body),
        .connect_timeout_ms = EXEC_CONNECT_TIMEOUT_MS,
        .total_timeout_ms = EXEC_TOTAL_TIMEOUT_MS,
        .response_max = response_max,
        .lane = lane,
        .may_send = is_order ? exec_page_may_send : NULL,
        .may_send_context = self};
    CB_ASSERT(request->headers_count <= CB_HTTP_HEADERS_MAX);
    for (uint32_t i = 0; i < request->headers_count; i++) {
        http.headers[i] = (cb_http_header){request->headers[i][0], request->headers[i][1]};
    }
    cb_http_start(cb_shell_http(self->shell), &http, fn, context);
}

cb_answer_class exec_failure_class(
    exec_shell *self, const cb_http_answer *answer, bool is_order, int64_t *retry_after_s)
{
    *retry_after_s = -1;
    if (answer->outcome != CB_HTTP_ANSWERED) {
        return answer->outcome == CB_HTTP_NOT_SENT ? CB_ANSWER_NOT_SENT : CB_ANSWER_UNKNOWN;
    }
    cb_venue_error error;
    self->venue->classify(
        answer->status, (cb_strview){answer->body, answer->body_size}, is_order, &error);
    const bool is_throttled =
        error.action == CB_VENUE_ACTION_THROTTLE || error.action == CB_VENUE_ACTION_BAN;
    if (is_throttled || answer->status == 429 || answer->status == 418) {
        *retry_after_s = answer->retry_after_s >= 0 ? answer->retry_after_s : 60;
        return CB_ANSWER_THROTTLED;
    }
    return CB_ANSWER_UNKNOWN;
}

/* ---- what is asked ---- */

/* Names of the table venue_request; NULL: not of the order path, not recorded. */
static const char *kind_of(const exec_call *call)
{
    switch (call->request) {
    case EXEC_REQUEST_CANCEL:
        return "cancel";
    case EXEC_REQUEST_CANCEL_ALL:
        return "cancel_all";
    case EXEC_REQUEST_AMEND:
        return "amend";
    case EXEC_REQUEST_READ_ORDER:
        return "query";
    case EXEC_REQUEST_READ_OPEN:
        return cb_id_is_none(call->read.intent_id) ? NULL : "open_orders";
    case EXEC_REQUEST_READ_ALL:
        return cb_id_is_none(call->read.intent_id) ? NULL : "all_orders";
    case EXEC_REQUEST_READ_TRADES:
        return cb_id_is_none(call->read.intent_id) ? NULL : "trades";
    case EXEC_REQUEST_READ_ACCOUNT:
    case EXEC_REQUEST_READ_TIME:
    case EXEC_REQUEST_SUBSCRIBE:
    case EXEC_REQUEST_CLAIM:
    case EXEC_REQUEST_SEND:
    case EXEC_REQUEST_RETRY:
    case EXEC_REQUEST_ALERT:
    case EXEC_REQUEST_PAGE:
    case EXEC_REQUEST_OFF:
    case EXEC_REQUEST_FORGET_MARK:
    default:
        return NULL;
    }
}

/* ---- answers ---- */

static void record_call(
    exec_call *call, const cb_http_answer *http, cb_answer_class answer_class, const char *reason)
{
    const char *kind = kind_of(call);
    if (kind == NULL) {
        return;
    }
    const exec_record record = {.intent_id = call->read.intent_id,
        .kind = kind,
        .request = &call->venue_request,
        .answer = http,
        .answer_class = answer_class,
        .reason = reason,
        .at_ns = call->begun_ns,
        .begun_mono_ns = call->begun_mono_ns};
    exec_record_request(call->self, &record);
}

static void feed_order_answer(exec_call *call, exec_order_answer *answer)
{
    static const struct {
        exec_request request;
        uint32_t event;
    } events[] = {{EXEC_REQUEST_CANCEL, EXEC_EVENT_CANCELED},
        {EXEC_REQUEST_AMEND, EXEC_EVENT_AMENDED},
        {EXEC_REQUEST_CANCEL_ALL, EXEC_EVENT_CANCELED_ALL},
        {EXEC_REQUEST_READ_ORDER, EXEC_EVENT_QUERIED}};
    answer->tag = call->read.tag;
    answer->intent_id = call->read.intent_id;
    answer->answered_ns = cb_shell_now_ns(call->self->shell);
    answer->venue_now_ns = call->venue_now_ns;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (events[i].request == call->request) {
            cb_shell_feed(call->self->shell, events[i].event, answer, sizeof(*answer));
            return;
        }
    }
    CB_ASSERT(false);
}

static void on_order_answer(exec_call *call, const cb_http_answer *http)
{
    exec_shell *self = call->self;
    exec_order_answer answer = {.retry_after_s = -1};
    if (http->outcome != CB_HTTP_ANSWERED) {
        cb_textbuf reason = cb_textbuf_over(answer.reason, sizeof(answer.reason));
        answer.answer_class =
            exec_failure_class(self, http, call->venue_request.is_order, &answer.retry_after_s);
        cb_textbuf_add(&reason, http->detail);
    } else {
        const exec_venue_text text = {
            http->status, (cb_strview){http->body, http->body_size}, http->retry_after_s};
        exec_judge_read(self->venue, call->call, &call->params, &text, &self->judged, &answer);
    }
    record_call(call, http, answer.answer_class, answer.reason);
    feed_order_answer(call, &answer);
}

static void on_cancel_all_answer(exec_call *call, const cb_http_answer *http)
{
    exec_shell *self = call->self;
    exec_order_answer answer = {.answer_class = CB_ANSWER_ACCEPTED, .retry_after_s = -1};
    cb_textbuf reason = cb_textbuf_over(answer.reason, sizeof(answer.reason));
    if (http->outcome != CB_HTTP_ANSWERED || http->status < 200 || http->status > 299) {
        cb_venue_error error;
        self->venue->classify(
            http->status, (cb_strview){http->body, http->body_size}, true, &error);
        const bool is_nothing_there =
            http->outcome == CB_HTTP_ANSWERED && error.action == CB_VENUE_ACTION_GONE;
        answer.answer_class = is_nothing_there
                                  ? CB_ANSWER_ACCEPTED
                                  : exec_failure_class(self, http, true, &answer.retry_after_s);
        cb_textbuf_add(&reason, http->detail[0] != '\0' ? http->detail : error.text);
    }
    record_call(call, http, answer.answer_class, answer.reason);
    feed_order_answer(call, &answer);
}

static bool parse_time(exec_call *call, const cb_http_answer *http, int64_t *out_ns)
{
    return http->outcome == CB_HTTP_ANSWERED && http->status == 200 &&
           call->self->venue->parse_time((cb_strview){http->body, http->body_size}, out_ns, NULL) ==
               CB_OK;
}

static void on_time_answer(exec_call *call, const cb_http_answer *http)
{
    exec_shell *self = call->self;
    exec_time_answer answer = {.tag = call->read.tag, .retry_after_s = -1};
    if (!parse_time(call, http, &answer.venue_now_ns)) {
        answer.answer_class = exec_failure_class(self, http, false, &answer.retry_after_s);
    } else {
        answer.answer_class = CB_ANSWER_ACCEPTED;
        answer.round_trip_ns = cb_mono_ns() - call->begun_mono_ns;
        const int64_t now_ns = cb_shell_now_ns(self->shell);
        /* On the simulator's clock both are the same by construction; what is measured there is
         * only the round trip times the speed. An answer that took long, or was read long after it
         * came because we were stopped, says less than we knew before. */
        if (!cb_shell_is_bus_clock(self->shell) && answer.round_trip_ns <= EXEC_ROUND_TRIP_MAX_NS) {
            self->offset_ns = answer.venue_now_ns - (call->begun_ns + now_ns) / 2;
        }
        answer.offset_ns = self->offset_ns;
    }
    if (http->used_weight_1m >= 0) {
        cb_metric_set(self->metrics.weight_used, http->used_weight_1m);
    }
    cb_shell_feed(self->shell, EXEC_EVENT_TIME, &answer, sizeof(answer));
}

static void on_answer(void *context, const cb_http_answer *http);

static void answer_not_sent(exec_call *call, const char *event, const char *why)
{
    const cb_http_answer nothing = {.outcome = CB_HTTP_NOT_SENT,
        .body = "",
        .detail = why,
        .retry_after_s = -1,
        .used_weight_1m = -1};
    CB_LOG(cb_shell_log(call->self->shell), CB_LOG_ERROR, event, CB_KV("error", why));
    on_answer(call, &nothing);
}

/* Who may have lost the lease changes nothing at the venue, unless a kill level asks for just that:
 * then two who cancel are better than none. */
static bool may_cancel(const exec_shell *self)
{
    exec_view view;
    exec_look(cb_shell_state(self->shell), &view);
    return exec_lease_is_fresh(self) || view.kill_level >= 2;
}

static bool is_cancel_call(const exec_call *call)
{
    return call->request == EXEC_REQUEST_CANCEL || call->request == EXEC_REQUEST_CANCEL_ALL ||
           call->request == EXEC_REQUEST_AMEND;
}

static void send_call(exec_call *call)
{
    const bool is_cancel = is_cancel_call(call);
    if (exec_is_quiet(call->self)) {
        answer_not_sent(call, "request_held_back", "the venue asked to wait");
        return;
    }
    if (is_cancel) {
        (void)FP("exec.cancel");
    }
    exec_http(call->self,
        &call->venue_request,
        is_cancel ? "cancel" : "read",
        is_cancel ? EXEC_ORDER_ANSWER_MAX : EXEC_LIST_ANSWER_MAX,
        on_answer,
        call);
}

/* Without a signature nothing is sent: the question is answered "not sent" and asked again later.
 */
static void on_signed(void *context, const cb_signer_answer *answer)
{
    exec_call *call = context;
    if (answer->status == CB_OK) {
        send_call(call);
    } else {
        answer_not_sent(call, "request_not_signed", answer->why);
    }
}

/* The question proper, after its own time was asked for where that matters. */
static void start_call(exec_call *call)
{
    exec_shell *self = call->self;
    if (is_cancel_call(call) && !may_cancel(self)) {
        answer_not_sent(call, "cancel_held_back", "lease not renewed in time");
        return;
    }
    const cb_venue_auth auth = {.sign_ts_ns = exec_sign_ts_ns(self),
        .window_ms = exec_read_window_ms(self),
        .is_unsigned = true};
    cb_err err = {0};
    const cb_status status =
        self->venue->build(call->call, &call->params, &auth, &call->venue_request, &err);
    if (status != CB_OK) {
        answer_not_sent(call, "request_not_built", err.text);
        return;
    }
    if (call->venue_request.needs_signature) {
        cb_signer_sign_request(self->signer, self->venue, &call->venue_request, on_signed, call);
    } else {
        send_call(call);
    }
}

static void hit_failpoint(exec_request request)
{
    if (request == EXEC_REQUEST_CANCEL || request == EXEC_REQUEST_CANCEL_ALL) {
        (void)FP("exec.cancel_answer");
    } else if (request == EXEC_REQUEST_READ_ORDER) {
        (void)FP("exec.query_answer");
    }
}

static void on_answer(void *context, const cb_http_answer *http)
{
    exec_call *call = context;
    hit_failpoint(call->request);
    exec_note_answer(call->self, http);
    switch (call->request) {
    case EXEC_REQUEST_CANCEL:
    case EXEC_REQUEST_AMEND:
    case EXEC_REQUEST_READ_ORDER:
        on_order_answer(call, http);
        break;
    case EXEC_REQUEST_CANCEL_ALL:
        on_cancel_all_answer(call, http);
        break;
    case EXEC_REQUEST_READ_OPEN:
    case EXEC_REQUEST_READ_ALL:
        record_call(call, http, CB_ANSWER_ACCEPTED, http->detail);
        exec_feed_orders(call, http);
        break;
    case EXEC_REQUEST_READ_TRADES:
        record_call(call, http, CB_ANSWER_ACCEPTED, http->detail);
        exec_feed_trades(call, http);
        break;
    case EXEC_REQUEST_READ_ACCOUNT:
        exec_feed_account(call, http);
        break;
    case EXEC_REQUEST_READ_TIME:
        on_time_answer(call, http);
        break;
    case EXEC_REQUEST_SUBSCRIBE:
    case EXEC_REQUEST_CLAIM:
    case EXEC_REQUEST_SEND:
    case EXEC_REQUEST_RETRY:
    case EXEC_REQUEST_ALERT:
    case EXEC_REQUEST_PAGE:
    case EXEC_REQUEST_OFF:
    case EXEC_REQUEST_FORGET_MARK:
    default:
        CB_ASSERT(false);
    }
    free(call);
}

/* A query is only as good as the clock it is judged by: the venue's, read before the question, so
 * that it is never later than the moment the venue looked. */
static void on_time_before_query(void *context, const cb_http_answer *http)
{
    exec_call *call = context;
    exec_note_answer(call->self, http);
    if (!parse_time(call, http, &call->venue_now_ns)) {
        call->venue_now_ns = 0; /* the answer still tells what is found */
    }
    call->begun_ns = cb_shell_now_ns(call->self->shell);
    call->begun_mono_ns = cb_mono_ns();
    start_call(call);
}

void exec_start_read(exec_shell *self, exec_request request, const exec_read *read)
{
    exec_call *call = calloc(1, sizeof(*call));
    CB_ASSERT(call != NULL);
    call->self = self;
    call->request = request;
    call->read = *read;
    call->begun_ns = cb_shell_now_ns(self->shell);
    call->begun_mono_ns = cb_mono_ns();
    call->call = exec_describe_read(request, &call->read, &call->params);
    if (request != EXEC_REQUEST_READ_ORDER || exec_is_quiet(self)) {
        start_call(call);
        return;
    }
    cb_venue_request time_request;
    cb_err err = {0};
    const cb_venue_params none = {.limit = 0};
    const cb_status status =
        self->venue->build(CB_VENUE_CALL_TIME, &none, NULL, &time_request, &err);
    CB_ASSERT(status == CB_OK);
    exec_http(self, &time_request, "read", EXEC_ORDER_ANSWER_MAX, on_time_before_query, call);
}
