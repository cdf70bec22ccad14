/* Pulling from JetStream: one durable consumer per stream, asked for batches as there is room. The
 * window counts what is on its way and what is held for an earlier message of another stream, so
 * that no stream runs far ahead of the others. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/service_internal.h"

#define PULL_WINDOW                                                                                \
    256                /* messages of one stream on their way or held; four streams fill the hold */
#define PULL_AGAIN 128 /* ask for more when there is so much room in the window */
#define PULL_EXPIRES_NS (20 * CB_NS_PER_S)
#define PULL_LOST_NS (25 * CB_NS_PER_S) /* longer than expires: the answer was lost */

/* While a replay is under way, what is missing comes at the stream's end, behind messages that can
 * only be held or let go: then the window is open. */
static bool is_replaying(const cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->in.keys_count; i++) {
        if (shell->in.keys[i].asked_seq != 0) {
            return true;
        }
    }
    return false;
}

static int64_t window_room(const cb_shell *shell, const rt_pull *pull_state)
{
    const int64_t held = is_replaying(shell) ? 0 : shell->in.held_of_row[pull_state->row];
    return PULL_WINDOW - pull_state->outstanding - held;
}

static void send_pull(cb_shell *shell, rt_pull *pull_state, int64_t batch)
{
    const char *token = cb_subject_get(pull_state->row)->token;
    char subject[128];
    char reply[RT_REPLY_MAX];
    char body[96];
    (void)snprintf(
        subject, sizeof(subject), "$JS.API.CONSUMER.MSG.NEXT.%s.%s", token, shell->service->name);
    (void)snprintf(reply, sizeof(reply), "%spull.%s", cb_bus_inbox_prefix(shell->bus), token);
    const int size = snprintf(body,
        sizeof(body),
        "{\"batch\":%" PRId64 ",\"expires\":%" PRId64 "}",
        batch,
        (int64_t)PULL_EXPIRES_NS);
    pull_state->is_due =
        cb_bus_publish(shell->bus, subject, reply, body, (size_t)size, NULL) != CB_OK;
    if (!pull_state->is_due) {
        pull_state->outstanding += batch;
        pull_state->asked_mono_ns = cb_mono_ns();
    }
}

/* Asks for more when the window has room for a worthwhile batch. */
static void pull(cb_shell *shell, rt_pull *pull_state)
{
    const int64_t room = window_room(shell, pull_state);
    const bool is_dry = pull_state->outstanding <= 0 && room > 0;
    if (shell->phase == RT_RUNNING && (room >= PULL_AGAIN || is_dry)) {
        send_pull(shell, pull_state, room);
    }
}

static rt_pull *find_pull(cb_shell *shell, cb_subject_id row)
{
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        if (shell->in.pulls[i].row == row) {
            return &shell->in.pulls[i];
        }
    }
    return NULL;
}

void rt_pull_start(cb_shell *shell)
{
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        if (rt_in_is_consumed(shell, cb_subject_get((cb_subject_id)id))) {
            rt_pull *pull_state = &shell->in.pulls[shell->in.pulls_count++];
            *pull_state = (rt_pull){.row = (cb_subject_id)id};
            pull(shell, pull_state);
        }
    }
}

void rt_pull_bus_up(cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        shell->in.pulls[i].outstanding = 0;
        pull(shell, &shell->in.pulls[i]);
    }
}

void rt_pull_delivered(cb_shell *shell, cb_subject_id row)
{
    rt_pull *pull_state = find_pull(shell, row);
    if (pull_state == NULL) {
        return;
    }
    pull_state->outstanding--;
    pull(shell, pull_state);
}

/* JetStream tells that a pull request is over ("408", with how many it did not use) or impossible.
 */
void rt_pull_status(cb_shell *shell, const char *suffix, const cb_bus_message *message)
{
    cb_subject_id id = CB_SUBJECT_COUNT;
    rt_pull *pull_state =
        rt_in_find(shell, suffix, strlen(suffix), &id) ? find_pull(shell, id) : NULL;
    const char *status = cb_bus_message_header(message, "Status");
    if (pull_state == NULL || status == NULL) {
        return;
    }
    const char *unused = cb_bus_message_header(message, "Nats-Pending-Messages");
    uint64_t unused_count = 0;
    if (unused != NULL && cb_u64_parse(cb_sv_from(unused), PULL_WINDOW, &unused_count)) {
        pull_state->outstanding -= (int64_t)unused_count;
    } else {
        pull_state->outstanding = 0;
    }
    if (strcmp(status, "408") == 0) {
        pull(shell, pull_state);
        return;
    }
    const char *why = cb_bus_message_header(message, "Description");
    CB_LOG(shell->log,
        CB_LOG_WARN,
        "pull_refused",
        CB_KV("stream", suffix),
        CB_KV("status", status),
        CB_KV("error", why != NULL ? why : ""));
    pull_state->is_due = true; /* the tick asks again: not at once, for it would spin */
}

void rt_pull_more(cb_shell *shell)
{
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        pull(shell, &shell->in.pulls[i]);
    }
}

void rt_pull_tick(cb_shell *shell)
{
    const int64_t now_ns = cb_mono_ns();
    for (uint32_t i = 0; i < shell->in.pulls_count; i++) {
        rt_pull *pull_state = &shell->in.pulls[i];
        if (pull_state->is_due || now_ns - pull_state->asked_mono_ns > PULL_LOST_NS) {
            pull_state->outstanding = 0;
        }
    }
    rt_pull_more(shell);
}
