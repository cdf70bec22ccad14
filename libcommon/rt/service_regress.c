/* Streams that lost what they had acknowledged. JetStream does not sync before it acknowledges, so
 * a power loss may take the end of a stream, and a consumer that stands beyond the new end then
 * waits in silence until the stream has grown past it. So each stream's end is compared with where
 * our consumer stands, after every connect and every few seconds; and whatever the cause, a replay
 * that does not arrive ends the same way: the consumer is made anew, for new messages only, and the
 * producer replays from its outbox what is missing.
 *
 * A stream may also go deaf: after one flipped bit in its file nats-server 2.9.10 goes on taking
 * and acknowledging messages and serves none of them, to no consumer, old or new. Only its producer
 * can know: when the same message is asked for again and again although it was replayed, it empties
 * the stream, which makes the server begin a new file. Nothing is lost that the outbox does not
 * have. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/provision.h"
#include "rt/service_internal.h"

#define LOOK_PERIOD_NS (5 * CB_NS_PER_S)
#define REBUILD_PAUSE_NS (5 * CB_NS_PER_S)
#define UNHEARD_NS (7 * CB_NS_PER_S) /* replays of one message that did not help for so long */
#define UNHEARD_FORGET_NS (5 * CB_NS_PER_S)
#define PURGE_PAUSE_NS (30 * CB_NS_PER_S)

static rt_pull *find_pull(cb_shell *shell, cb_subject_id row)
{
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        if (shell->in.pulls[i].row == row) {
            return &shell->in.pulls[i];
        }
    }
    return NULL;
}

/* A request to JetStream whose answer comes to "<inbox>js.<what>.<stream>". */
static void ask(
    cb_shell *shell, const rt_pull *pull, const char *api, const char *what, const char *body)
{
    char subject[160];
    char reply[RT_REPLY_MAX];
    const char *token = cb_subject_get(pull->row)->token;
    const bool is_of_stream = strcmp(what, "end") == 0;
    (void)snprintf(subject,
        sizeof(subject),
        "$JS.API.%s.%s%s%s",
        api,
        token,
        is_of_stream ? "" : ".",
        is_of_stream ? "" : shell->service->name);
    (void)snprintf(
        reply, sizeof(reply), "%sjs.%s.%s", cb_bus_inbox_prefix(shell->bus), what, token);
    /* What is not answered is asked again by the next look. */
    CB_MAYBE(cb_bus_publish(shell->bus, subject, reply, body, strlen(body), NULL) == CB_OK);
}

/* Where the consumer stands first: the stream's end is then asked for, so that it can only be later
 * than what it is compared with. */
static void look(cb_shell *shell, rt_pull *pull, int64_t now_ns)
{
    pull->looked_mono_ns = now_ns;
    ask(shell, pull, "CONSUMER.INFO", "place", "");
}

void rt_regress_rebuild(cb_shell *shell, cb_subject_id row, const char *why)
{
    rt_pull *pull = find_pull(shell, row);
    const int64_t now_ns = cb_mono_ns();
    if (pull == NULL ||
        (pull->rebuilt_mono_ns != 0 && now_ns - pull->rebuilt_mono_ns < REBUILD_PAUSE_NS)) {
        return;
    }
    pull->rebuilt_mono_ns = now_ns;
    cb_metric_add(shell->counts.rebuilds, 1);
    CB_LOG(shell->log,
        CB_LOG_ERROR,
        "stream_regressed",
        CB_KV("stream", cb_subject_get(row)->token),
        CB_KV("why", why),
        CB_KV("effect", "the consumer is made anew, what is missing is replayed"));
    ask(shell, pull, "CONSUMER.DELETE", "gone", "");
}

/* ---- answers ---- */

static uint64_t number_at(const json_t *root, const char *outer, const char *inner)
{
    const json_int_t value =
        json_integer_value(json_object_get(json_object_get(root, outer), inner));
    return value > 0 ? (uint64_t)value : 0;
}

static int error_of(const json_t *root)
{
    return (int)json_integer_value(json_object_get(json_object_get(root, "error"), "code"));
}

static void take_place(cb_shell *shell, rt_pull *pull, const json_t *answer)
{
    if (error_of(answer) == 404) {
        rt_regress_rebuild(shell, pull->row, "the consumer is not there");
        return;
    }
    pull->place_seq = number_at(answer, "delivered", "stream_seq");
    ask(shell, pull, "STREAM.INFO", "end", "");
}

static void take_end(cb_shell *shell, rt_pull *pull, const json_t *answer)
{
    const uint64_t last_seq = number_at(answer, "state", "last_seq");
    if (json_object_get(answer, "state") != NULL && last_seq < pull->place_seq) {
        rt_regress_rebuild(shell, pull->row, "the stream ends before where its consumer stands");
    }
}

static void create(cb_shell *shell, const rt_pull *pull)
{
    char body[CB_PROVISION_CONSUMER_MAX];
    cb_provision_consumer(cb_subject_get(pull->row)->token, shell->service->name, false, body);
    ask(shell, pull, "CONSUMER.DURABLE.CREATE", "made", body);
}

static void take_made(cb_shell *shell, rt_pull *pull, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *text = json_string_value(json_object_get(error, "description"));
    CB_LOG(shell->log,
        error == NULL ? CB_LOG_INFO : CB_LOG_ERROR,
        error == NULL ? "consumer_made_anew" : "consumer_not_made",
        CB_KV("stream", cb_subject_get(pull->row)->token),
        CB_KV("error", text != NULL ? text : ""));
    pull->outstanding = 0;
    pull->is_due = true;
    /* Replays that were asked for before went past us. */
    for (uint32_t i = 0; i < shell->in.keys_count && error == NULL; i++) {
        if (shell->in.keys[i].row == pull->row) {
            shell->in.keys[i].asked_mono_ns = 0;
            shell->in.keys[i].unanswered_count = 0;
        }
    }
}

void rt_regress_answer(cb_shell *shell, const char *suffix, const cb_bus_message *message)
{
    const char *dot = strchr(suffix, '.');
    cb_subject_id id = CB_SUBJECT_COUNT;
    rt_pull *pull = dot != NULL && rt_in_find(shell, dot + 1, strlen(dot + 1), &id)
                        ? find_pull(shell, id)
                        : NULL;
    json_t *answer = json_loadb((const char *)message->bytes, message->size, 0, NULL);
    if (pull != NULL && answer != NULL) {
        const size_t size = (size_t)(dot - suffix);
        if (size == 5 && memcmp(suffix, "place", size) == 0) {
            take_place(shell, pull, answer);
        } else if (size == 3 && memcmp(suffix, "end", size) == 0) {
            take_end(shell, pull, answer);
        } else if (size == 4 && memcmp(suffix, "gone", size) == 0) {
            create(shell, pull); /* also when there was nothing to delete */
        } else if (size == 4 && memcmp(suffix, "made", size) == 0) {
            take_made(shell, pull, answer);
        }
    }
    json_decref(answer);
}

/* ---- streams that serve nothing ---- */

static rt_unheard *get_unheard(rt_out_key *key, const char *consumer)
{
    rt_unheard *oldest = &key->unheard[0];
    for (size_t i = 0; i < RT_UNHEARD_MAX; i++) {
        rt_unheard *entry = &key->unheard[i];
        if (strcmp(entry->consumer, consumer) == 0) {
            return entry;
        }
        oldest = entry->asked_mono_ns < oldest->asked_mono_ns ? entry : oldest;
    }
    *oldest = (rt_unheard){.from_seq = 0};
    (void)snprintf(oldest->consumer, sizeof(oldest->consumer), "%s", consumer);
    return oldest;
}

static void purge(cb_shell *shell, const rt_out_key *key, const char *consumer)
{
    char subject[96];
    char reply[RT_REPLY_MAX];
    const char *token = cb_subject_get(key->row)->token;
    (void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.PURGE.%s", token);
    (void)snprintf(reply, sizeof(reply), "%sjs.purged.%s", cb_bus_inbox_prefix(shell->bus), token);
    cb_metric_add(shell->counts.rebuilds, 1);
    CB_LOG(shell->log,
        CB_LOG_ERROR,
        "stream_deaf",
        CB_KV("stream", token),
        CB_KV("consumer", consumer),
        CB_KV("why", "what is replayed does not arrive"),
        CB_KV("effect", "the stream is emptied; what is missing is replayed"));
    CB_MAYBE(cb_bus_publish(shell->bus, subject, reply, "", 0, NULL) == CB_OK);
}

void rt_regress_wanted(cb_shell *shell, rt_out_key *key, const cb_replay *wanted)
{
    const int64_t now_ns = cb_mono_ns();
    rt_unheard *entry = get_unheard(key, wanted->consumer);
    const bool is_again =
        entry->from_seq == wanted->from_seq && now_ns - entry->asked_mono_ns < UNHEARD_FORGET_NS;
    entry->asked_mono_ns = now_ns;
    if (!is_again) {
        entry->from_seq = wanted->from_seq;
        entry->since_mono_ns = now_ns;
        return;
    }
    const bool is_soon = key->purged_mono_ns != 0 && now_ns - key->purged_mono_ns < PURGE_PAUSE_NS;
    if (now_ns - entry->since_mono_ns >= UNHEARD_NS && !is_soon) {
        key->purged_mono_ns = now_ns;
        purge(shell, key, wanted->consumer);
    }
}

/* ---- when ---- */

void rt_regress_bus_up(cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        look(shell, &shell->in.pulls[i], cb_mono_ns());
    }
}

void rt_regress_tick(cb_shell *shell)
{
    const int64_t now_ns = cb_mono_ns();
    for (uint32_t i = 0; i < shell->in.pulls_count && cb_bus_is_up(shell->bus); i++) {
        rt_pull *pull = &shell->in.pulls[i];
        if (now_ns - pull->looked_mono_ns >= LOOK_PERIOD_NS) {
            look(shell, pull, now_ns);
        }
    }
}
