/* Streams and durable pull consumers, asked for in JetStream's JSON over plain requests. Limits
 * retention and explicit acknowledgement throughout: JetStream is transport here, never the truth.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/bus.h"
#include "rt/provision.h"
#include "wire/subjects.h"

#define STREAM_AGE_MAX_NS (INT64_C(72) * 3600 * CB_NS_PER_S)
#define STREAM_BYTES_MAX (INT64_C(256) * 1024 * 1024)
#define MESSAGE_BYTES_MAX (64 * 1024)
#define DEDUPE_WINDOW_NS (120 * CB_NS_PER_S)
#define ACK_WAIT_NS (5 * CB_NS_PER_S)
#define ACK_PENDING_MAX 4096
#define ERR_STREAM_EXISTS 10058 /* "stream name already in use with a different configuration" */

typedef struct provisioner {
    cb_loop *loop;
    cb_bus *bus;
    int64_t deadline_ns; /* monotonic */
    json_t *answer;      /* [owned] of the request under way */
} provisioner;

static void on_answer(void *context, const cb_bus_message *message)
{
    provisioner *run = context;
    json_decref(run->answer);
    run->answer = json_loadb((const char *)message->bytes, message->size, 0, NULL);
    cb_bus_message_free(message);
}

/* One request; *out is the answer's JSON [owned by the caller]. */
static cb_status ask(provisioner *run, const char *subject, json_t *body, json_t **out, cb_err *err)
{
    char *bytes = json_dumps(body, JSON_COMPACT);
    CB_ASSERT(bytes != NULL);
    char reply[128];
    (void)snprintf(reply, sizeof(reply), "%sanswer", cb_bus_inbox_prefix(run->bus));
    json_decref(run->answer);
    run->answer = NULL;
    const cb_status status = cb_bus_publish(run->bus, subject, reply, bytes, strlen(bytes), err);
    free(bytes);
    if (status != CB_OK) {
        return status;
    }
    while (run->answer == NULL && cb_mono_ns() < run->deadline_ns) {
        cb_loop_turn(run->loop, 20 * CB_NS_PER_MS);
    }
    if (run->answer == NULL) {
        return CB_FAIL(err, CB_E_UNAVAILABLE, "%s: no answer (is JetStream enabled?)", subject);
    }
    *out = run->answer;
    run->answer = NULL;
    return CB_OK;
}

/* CB_OK, or CB_E_PEER with the server's description and its code in *err_code. */
static cb_status check_answer(
    const json_t *answer, const char *what, json_int_t *err_code, cb_err *err)
{
    const json_t *error = json_object_get(answer, "error");
    *err_code = 0;
    if (error == NULL) {
        return CB_OK;
    }
    *err_code = json_integer_value(json_object_get(error, "err_code"));
    const char *text = json_string_value(json_object_get(error, "description"));
    return CB_FAIL(err, CB_E_PEER, "%s: %s", what, text != NULL ? text : "refused");
}

static json_t *stream_config(const cb_subject *row)
{
    char subject[CB_SUBJECT_TEXT_MAX];
    (void)snprintf(subject, sizeof(subject), "%s.>", row->prefix);
    return json_pack("{s:s, s:[s], s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:I, s:i}",
        "name",
        row->token,
        "subjects",
        subject,
        "retention",
        "limits",
        "storage",
        "file",
        "discard",
        "old",
        "max_age",
        (json_int_t)STREAM_AGE_MAX_NS,
        "max_bytes",
        (json_int_t)STREAM_BYTES_MAX,
        "max_msgs",
        -1,
        "max_consumers",
        -1,
        "max_msg_size",
        MESSAGE_BYTES_MAX,
        "duplicate_window",
        (json_int_t)DEDUPE_WINDOW_NS,
        "num_replicas",
        1);
}

static cb_status ask_stream(
    provisioner *run, const cb_subject *row, const char *verb, json_int_t *err_code, cb_err *err)
{
    char subject[128];
    (void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.%s.%s", verb, row->token);
    json_t *config = stream_config(row);
    CB_ASSERT(config != NULL);
    json_t *answer = NULL;
    cb_status status = ask(run, subject, config, &answer, err);
    if (status == CB_OK) {
        status = check_answer(answer, row->token, err_code, err);
    }
    json_decref(answer);
    json_decref(config);
    return status;
}

static cb_status make_stream(provisioner *run, const cb_subject *row, cb_err *err)
{
    json_int_t err_code = 0;
    cb_status status = ask_stream(run, row, "CREATE", &err_code, err);
    if (status == CB_E_PEER && err_code == ERR_STREAM_EXISTS) {
        status = ask_stream(run, row, "UPDATE", &err_code, err);
    }
    return status;
}

void cb_provision_consumer(
    const char *stream, const char *service, bool is_all, char out[CB_PROVISION_CONSUMER_MAX])
{
    const int size = snprintf(out,
        CB_PROVISION_CONSUMER_MAX,
        "{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\",\"deliver_policy\":\"%s\","
        "\"ack_policy\":\"explicit\",\"replay_policy\":\"instant\",\"ack_wait\":%" PRId64
        ",\"max_deliver\":-1,\"max_ack_pending\":%d}}",
        stream,
        service,
        is_all ? "all" : "new",
        (int64_t)ACK_WAIT_NS,
        ACK_PENDING_MAX);
    CB_ASSERT(size > 0 && size < CB_PROVISION_CONSUMER_MAX);
}

/* One that a service has made anew begins elsewhere, which cannot be changed and need not be. */
static bool has_consumer(provisioner *run, const cb_subject *row, const char *service)
{
    char subject[160];
    (void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.INFO.%s.%s", row->token, service);
    json_t *body = json_object();
    json_t *answer = NULL;
    const bool is_there =
        ask(run, subject, body, &answer, NULL) == CB_OK && json_object_get(answer, "error") == NULL;
    json_decref(answer);
    json_decref(body);
    return is_there;
}

static cb_status make_consumer(
    provisioner *run, const cb_subject *row, const char *service, cb_err *err)
{
    char subject[160];
    char text[CB_PROVISION_CONSUMER_MAX];
    (void)snprintf(
        subject, sizeof(subject), "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", row->token, service);
    cb_provision_consumer(row->token, service, true, text);
    json_t *body = json_loads(text, 0, NULL);
    CB_ASSERT(body != NULL);
    json_t *answer = NULL;
    json_int_t err_code = 0;
    cb_status status = ask(run, subject, body, &answer, err);
    if (status == CB_OK) {
        status = check_answer(answer, subject, &err_code, err);
    }
    json_decref(answer);
    json_decref(body);
    return status == CB_E_PEER && has_consumer(run, row, service) ? CB_OK : status;
}

static cb_status make_row(provisioner *run, const cb_subject *row, cb_err *err)
{
    cb_status status = make_stream(run, row, err);
    const char *at = row->consumers;
    while (status == CB_OK && *at != '\0') {
        char service[CB_PROVISION_USER_MAX];
        const size_t size = strcspn(at, " ");
        (void)snprintf(service, sizeof(service), "%.*s", (int)size, at);
        status = make_consumer(run, row, service, err);
        at += size;
        at += strspn(at, " ");
    }
    return status;
}

static cb_status make_all(provisioner *run, cb_err *err)
{
    char inbox[128];
    (void)snprintf(inbox, sizeof(inbox), "%s>", cb_bus_inbox_prefix(run->bus));
    if (cb_bus_subscribe(run->bus, inbox, 64, on_answer, run, err) == NULL) {
        return CB_E_IO;
    }
    cb_status status = CB_OK;
    for (uint32_t id = 0; status == CB_OK && id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_STREAM) {
            status = make_row(run, row, err);
        }
    }
    return status;
}

cb_status cb_provision_streams(
    const char *url, const char *password, int64_t timeout_ms, cb_err *err)
{
    provisioner run = {.deadline_ns = cb_mono_ns() + timeout_ms * CB_NS_PER_MS};
    run.loop = cb_loop_create(err);
    if (run.loop == NULL) {
        return CB_E_IO;
    }
    const cb_bus_options options = {url, "provision", password, "", timeout_ms};
    cb_status status = CB_OK;
    run.bus = cb_bus_open(run.loop, &options, err);
    if (run.bus == NULL) {
        status = err != NULL ? err->code : CB_E_UNAVAILABLE;
    } else {
        status = make_all(&run, err);
    }
    cb_bus_close(run.bus);
    json_decref(run.answer);
    cb_loop_destroy(run.loop);
    return status;
}
