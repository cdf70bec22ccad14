/* The bus side of a service: what it hears (rows of subjects.def that name it, and the control
 * subjects that every service hears), the inbox in between, publishing, asking and answering. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"
#include "wire/codec.h"

#define QUEUE_MAX 65536
#define JS_ACK "$JS.ACK." /* the reply subject of what a stream delivers */
#define PROCESS_ITEMS_MAX 1024
#define PROCESS_NS_MAX (5 * CB_NS_PER_MS)
#define PROCESS_CLOCK_EVERY 32 /* items between two looks at the budget's clock */

const char *rt_last_token(const char *subject)
{
    const char *dot = strrchr(subject, '.');
    return dot != NULL ? dot + 1 : subject;
}

bool rt_is_mine(const cb_shell *shell, const cb_subject *row, const char *subject)
{
    if (shell->shards_count == 1 || row->shard != CB_SHARD_SYMBOL) {
        return true;
    }
    return cb_partition_of(rt_last_token(subject)) % shell->shards_count == shell->shard_index;
}

static void refuse(cb_shell *shell, const char *subject, const char *why)
{
    cb_metric_add(shell->counts.refused, 1);
    CB_LOG(
        shell->log, CB_LOG_WARN, "message_refused", CB_KV("subject", subject), CB_KV("error", why));
}

/* Decodes into shell->body and checks that the message is what its subject says. */
static cb_status decode(
    cb_shell *shell, const cb_bus_message *message, cb_subject_id id, cb_err *err)
{
    const cb_subject *row = cb_subject_get(id);
    const cb_desc *desc = cb_msg_desc(row->msg);
    cb_status status = cb_decode(desc, message->bytes, message->size, shell->body, err);
    if (status != CB_OK) {
        return status;
    }
    if (row->shard != CB_SHARD_SERVICE) {
        char expected[CB_SUBJECT_TEXT_MAX];
        status = cb_subject_for(id, shell->body, shell->service->name, expected, err);
        if (status == CB_OK && strcmp(expected, message->subject) != 0) {
            status = CB_FAIL(err, CB_E_CORRUPT, "the body belongs to %s", expected);
        }
    }
    const cb_envelope *env = cb_msg_envelope(shell->body);
    if (status == CB_OK && !cb_subject_is_owner(row, env->producer)) {
        status = CB_FAIL(err, CB_E_AUTH, "producer \"%s\" does not own it", env->producer);
    }
    return status;
}

/* ---- rows: into the inbox ---- */

static void on_row(void *context, const cb_bus_message *message)
{
    cb_shell *shell = context;
    cb_subject_id id = CB_SUBJECT_COUNT;
    if (!cb_subject_match(message->subject, &id) ||
        !rt_is_mine(shell, cb_subject_get(id), message->subject)) {
        cb_bus_message_free(message);
        return;
    }
    const bool is_conflatable = cb_subject_get(id)->overflow == CB_OVERFLOW_CONFLATE;
    const cb_inbox_item item = {*message, (uint32_t)id, is_conflatable};
    cb_inbox_item evicted;
    switch (cb_inbox_push(shell->inbox, &item, &evicted)) {
    case CB_INBOX_TAKEN:
        break;
    case CB_INBOX_CONFLATED:
        shell->received[evicted.row]++;
        cb_metric_add(shell->counts.conflated, 1);
        cb_bus_message_free(&evicted.message);
        break;
    case CB_INBOX_REFUSED:
        cb_metric_add(shell->counts.shed, 1);
        cb_bus_message_free(message);
        break;
    }
}

static void process_core(cb_shell *shell, const cb_inbox_item *item)
{
    const cb_bus_message *message = &item->message;
    const cb_subject_id id = (cb_subject_id)item->row;
    cb_err err;
    if (decode(shell, message, id, &err) != CB_OK) {
        refuse(shell, message->subject, err.text);
    } else {
        shell->received[id]++;
        const cb_desc *desc = cb_msg_desc(cb_subject_get(id)->msg);
        const rt_feed_args args = {(uint32_t)cb_subject_get(id)->msg,
            shell->body,
            desc->size,
            message->bytes,
            message->size,
            NULL};
        rt_feed(shell, &args);
    }
    cb_bus_message_free(message);
}

static void process_item(cb_shell *shell, const cb_inbox_item *item, int64_t now_ns)
{
    cb_metric_observe_ns(shell->counts.wait, now_ns - item->message.recv_mono_ns);
    if (cb_subject_get((cb_subject_id)item->row)->subject_class == CB_CLASS_STREAM) {
        cb_inbox_item heard = *item;
        if (strncmp(item->message.reply, JS_ACK, sizeof(JS_ACK) - 1) == 0) {
            rt_pull_delivered(shell, (cb_subject_id)item->row);
        } else {
            heard.message.reply = ""; /* heard directly: the stream's copy is acknowledged */
        }
        rt_in_message(shell, &heard);
    } else {
        process_core(shell, item);
    }
}

void rt_bus_process(cb_shell *shell)
{
    if (shell->phase < RT_RUNNING) {
        return;
    }
    int64_t now_ns = cb_mono_ns();
    const int64_t end_ns = now_ns + PROCESS_NS_MAX;
    for (uint32_t i = 0; i < PROCESS_ITEMS_MAX; i++) {
        cb_inbox_item item;
        if (!rt_clock_fire(shell) || rt_txn_is_full(shell) ||
            (rt_crash_is_careful(shell) && !rt_txn_is_idle(shell)) ||
            !cb_inbox_pop(shell->inbox, &item)) {
            return;
        }
        now_ns = cb_mono_ns();
        process_item(shell, &item, now_ns);
        if (i % PROCESS_CLOCK_EVERY == PROCESS_CLOCK_EVERY - 1 && now_ns > end_ns) {
            break;
        }
    }
    if (cb_inbox_count(shell->inbox) > 0) {
        cb_loop_wake(shell->loop);
    }
}

/* What is left in the queues when the process ends. */
void rt_bus_empty(cb_shell *shell)
{
    cb_inbox_item item;
    while (shell->inbox != NULL && cb_inbox_pop(shell->inbox, &item)) {
        cb_bus_message_free(&item.message);
    }
}

/* ---- control subjects and requests ---- */

static void control(cb_shell *shell, cb_subject_id id, const char *reply)
{
    const void *body = shell->body;
    switch ((int)id) {
    case CB_SUBJECT_HEARTBEAT:
        rt_health_peer(shell, body);
        rt_in_announced(shell, body);
        return;
    case CB_SUBJECT_CLOCK:
        rt_clock_message(shell, body);
        return;
    case CB_SUBJECT_SYNC:
        rt_sync_request(shell, body, reply);
        return;
    case CB_SUBJECT_QUERY:
        rt_query_request(shell, body, reply);
        return;
    case CB_SUBJECT_REPLAY:
        rt_out_replay(shell, body);
        return;
    default:
        /* Before recovery is over there is nobody to answer; the asker's timeout tells. */
        if (shell->service->on_bus_request != NULL && shell->phase >= RT_RUNNING) {
            shell->service->on_bus_request(shell, id, body, reply);
        }
        return;
    }
}

static void on_control(void *context, const cb_bus_message *message)
{
    cb_shell *shell = context;
    cb_subject_id id = CB_SUBJECT_COUNT;
    cb_err err;
    if (!cb_subject_match(message->subject, &id)) {
        refuse(shell, message->subject, "no such row");
    } else if (decode(shell, message, id, &err) != CB_OK) {
        refuse(shell, message->subject, err.text);
    } else {
        control(shell, id, message->reply);
    }
    cb_bus_message_free(message);
}

static void answer_ask(cb_shell *shell, const char *suffix, const cb_bus_message *message)
{
    uint64_t number = 0;
    if (!cb_u64_parse(cb_sv_from(suffix), UINT64_MAX, &number) || number == 0) {
        return;
    }
    const char *status = cb_bus_message_header(message, "Status");
    for (size_t i = 0; i < RT_ASKS_MAX; i++) {
        rt_ask *ask = &shell->asks[i];
        if (ask->number == number) {
            ask->number = 0;
            const bool is_answer = status == NULL || strncmp(status, "503", 3) != 0;
            ask->fn(ask->context, is_answer ? message->bytes : NULL, is_answer ? message->size : 0);
            return;
        }
    }
}

/* Everything that comes to "_INBOX_<service>.": its next word says what it is; messages of a stream
 * come under their own subject. */
static void on_inbox(void *context, const cb_bus_message *message)
{
    cb_shell *shell = context;
    const char *prefix = cb_bus_inbox_prefix(shell->bus);
    const size_t prefix_size = strlen(prefix);
    if (strncmp(message->subject, prefix, prefix_size) != 0) {
        on_row(context, message);
        return;
    }
    const char *word = message->subject + prefix_size;
    if (strncmp(word, "ack.", 4) == 0) {
        rt_out_puback(shell, word + 4, message);
    } else if (strncmp(word, "pull.", 5) == 0) {
        rt_pull_status(shell, word + 5, message);
    } else if (strncmp(word, "js.", 3) == 0) {
        rt_regress_answer(shell, word + 3, message);
    } else if (strncmp(word, "ask.", 4) == 0) {
        answer_ask(shell, word + 4, message);
    } else if (strcmp(word, "canary") == 0) {
        rt_health_canary_heard(shell);
    }
    cb_bus_message_free(message);
}

/* ---- subscribing ---- */

static cb_status subscribe(cb_shell *shell, const char *pattern, cb_bus_fn fn, cb_err *err)
{
    if (cb_bus_subscribe(shell->bus, pattern, QUEUE_MAX, fn, shell, err) == NULL) {
        return cb_err_context(err, "subscribing");
    }
    return CB_OK;
}

static cb_status subscribe_row(cb_shell *shell, cb_subject_id id, cb_err *err)
{
    const cb_subject *row = cb_subject_get(id);
    char pattern[CB_SUBJECT_TEXT_MAX];
    if (row->subject_class == CB_CLASS_REQUEST) {
        (void)snprintf(pattern, sizeof(pattern), "%s.%s", row->prefix, shell->service->name);
        return subscribe(shell, pattern, on_control, err);
    }
    cb_subject_pattern(id, pattern);
    const bool is_for_all = strcmp(row->consumers, "*") == 0;
    return subscribe(shell, pattern, is_for_all ? on_control : on_row, err);
}

typedef enum heard_kind {
    HEARD_CONTROL, /* what every service hears */
    HEARD_REQUESTS,
    HEARD_ROWS
} heard_kind;

static bool is_heard(const cb_shell *shell, const cb_subject *row, heard_kind kind)
{
    const char *service = shell->service->name;
    if (!cb_subject_is_consumer(row, service)) {
        return false;
    }
    if (row->subject_class == CB_CLASS_STREAM) {
        return kind == HEARD_ROWS && cb_subject_is_direct(row, service);
    }
    if (row->subject_class == CB_CLASS_REQUEST) {
        return kind == HEARD_REQUESTS;
    }
    return (strcmp(row->consumers, "*") == 0) == (kind == HEARD_CONTROL) && kind != HEARD_REQUESTS;
}

static cb_status subscribe_rows(cb_shell *shell, heard_kind kind, cb_err *err)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        if (is_heard(shell, cb_subject_get((cb_subject_id)id), kind)) {
            const cb_status status = subscribe_row(shell, (cb_subject_id)id, err);
            if (status != CB_OK) {
                return status;
            }
        }
    }
    return CB_OK;
}

cb_status rt_bus_subscribe_control(cb_shell *shell, cb_err *err)
{
    char pattern[CB_BUS_SUBJECT_MAX];
    (void)snprintf(pattern, sizeof(pattern), "%s>", cb_bus_inbox_prefix(shell->bus));
    const cb_status status = subscribe(shell, pattern, on_inbox, err);
    return status == CB_OK ? subscribe_rows(shell, HEARD_CONTROL, err) : status;
}

cb_status rt_bus_subscribe_requests(cb_shell *shell, cb_err *err)
{
    return subscribe_rows(shell, HEARD_REQUESTS, err);
}

cb_status rt_bus_subscribe_rows(cb_shell *shell, cb_err *err)
{
    return subscribe_rows(shell, HEARD_ROWS, err);
}

/* ---- publishing ---- */

void rt_bus_send_core(
    cb_shell *shell, cb_subject_id row, const char *subject, const void *bytes, size_t size)
{
    if (FP("*.core_publish")) {
        return;
    }
    /* While the bus is down a CORE message is lost, as it is when nobody listens. */
    if (shell->bus != NULL &&
        cb_bus_publish(shell->bus, subject, NULL, bytes, size, NULL) == CB_OK) {
        shell->sent[row]++;
        cb_metric_add(shell->counts.published, 1);
    }
}

void cb_shell_publish(cb_shell *shell, cb_subject_id subject_id, void *body)
{
    const cb_subject *row = cb_subject_get(subject_id);
    CB_ASSERT(row->subject_class == CB_CLASS_CORE);
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_err err;
    if (cb_subject_for(subject_id, body, shell->service->name, subject, &err) != CB_OK) {
        refuse(shell, row->prefix, err.text);
        return;
    }
    rt_envelope_core(shell, body, subject);
    const size_t size = rt_encode(shell, cb_msg_desc(row->msg), body);
    rt_bus_send_core(shell, subject_id, subject, shell->encoded, size);
}

void cb_shell_reply(cb_shell *shell, const char *reply_to, const void *bytes, size_t size)
{
    cb_err err;
    if (reply_to[0] == '\0' || shell->bus == NULL) {
        return;
    }
    if (cb_bus_publish(shell->bus, reply_to, "", bytes, size, &err) != CB_OK) {
        cb_log_err(shell->log, CB_LOG_WARN, "reply_failed", &err);
    }
}

/* ---- asking ---- */

static rt_ask *free_ask(cb_shell *shell)
{
    for (size_t i = 0; i < RT_ASKS_MAX; i++) {
        if (shell->asks[i].number == 0) {
            return &shell->asks[i];
        }
    }
    return NULL;
}

static cb_status send_ask(cb_shell *shell,
    cb_subject_id subject_id,
    const char *service,
    const void *body,
    uint64_t number,
    cb_err *err)
{
    if (shell->bus == NULL) {
        return CB_FAIL(err, CB_E_UNAVAILABLE, "NATS has not been reached yet");
    }
    const cb_subject *row = cb_subject_get(subject_id);
    char subject[CB_SUBJECT_TEXT_MAX];
    const cb_status status = cb_subject_for(subject_id, body, service, subject, err);
    if (status != CB_OK) {
        return status;
    }
    _Alignas(16) uint8_t copy[CB_MSG_SIZE_MAX]; /* the caller's stays as it is */
    memcpy(copy, body, cb_msg_desc(row->msg)->size);
    rt_envelope_core(shell, copy, subject);
    const size_t size = rt_encode(shell, cb_msg_desc(row->msg), copy);
    char reply[RT_REPLY_MAX];
    (void)snprintf(reply, sizeof(reply), "%sask.%" PRIu64, cb_bus_inbox_prefix(shell->bus), number);
    return cb_bus_publish(shell->bus, subject, reply, shell->encoded, size, err);
}

void cb_shell_ask(cb_shell *shell,
    cb_subject_id subject,
    const char *service,
    const void *body,
    int64_t timeout_ms,
    void (*fn)(void *context, const void *bytes, size_t size),
    void *context)
{
    CB_ASSERT(cb_subject_get(subject)->subject_class == CB_CLASS_REQUEST);
    rt_ask *ask = free_ask(shell);
    cb_err err = {0};
    const uint64_t number = ++shell->asks_made;
    if (ask == NULL || send_ask(shell, subject, service, body, number, &err) != CB_OK) {
        CB_LOG(shell->log,
            CB_LOG_WARN,
            "ask_failed",
            CB_KV("service", service),
            CB_KV("error", ask == NULL ? "too many questions at once" : err.text));
        fn(context, NULL, 0);
        return;
    }
    *ask = (rt_ask){number, cb_mono_ns() + timeout_ms * CB_NS_PER_MS, fn, context};
}

void rt_bus_tick(cb_shell *shell)
{
    const int64_t now_ns = cb_mono_ns();
    for (size_t i = 0; i < RT_ASKS_MAX; i++) {
        rt_ask *ask = &shell->asks[i];
        if (ask->number != 0 && now_ns >= ask->deadline_mono_ns) {
            ask->number = 0;
            ask->fn(ask->context, NULL, 0);
        }
    }
}
