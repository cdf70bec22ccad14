/* Notes for the audit chain: who changed something through the door, and who was refused at it. The
 * note follows the answer and never holds it back: raising a kill level must not wait for a log. A
 * note that audit does not confirm is counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mac.h"
#include "services/gateway/gateway.h"

#define NOTES_MAX 64 /* unconfirmed; a flood of refused requests must not fill the bus */
#define NOTE_TIMEOUT_MS 3000
#define NOTE_PAUSE_NS CB_NS_PER_S
#define NOTE_TRIES_MAX 60 /* audit may be on its way back from a restart */

/* A note until audit has confirmed it; rather twice in the chain than never. */
typedef struct open_note {
    gateway *gateway;
    cb_audit_note note;
    cb_timer *timer; /* runs between two tries */
    uint32_t tries;
} open_note;

static void send_note(open_note *open);

static void end_note(open_note *open, bool is_lost)
{
    gateway *self = open->gateway;
    self->notes_open--;
    if (is_lost) {
        cb_metric_add(self->notes_lost, 1);
    }
    free(open);
}

static void on_pause_over(void *context)
{
    open_note *open = context;
    cb_timer_remove(open->timer);
    open->timer = NULL;
    send_note(open);
}

static void on_noted(void *context, const void *bytes, size_t size)
{
    (void)size;
    open_note *open = context;
    if (bytes != NULL || open->tries >= NOTE_TRIES_MAX) {
        end_note(open, bytes == NULL);
        return;
    }
    open->timer =
        cb_loop_timer(cb_shell_loop(open->gateway->shell), NOTE_PAUSE_NS, 0, on_pause_over, open);
}

static void send_note(open_note *open)
{
    cb_audit_note note = open->note; /* each try is a message of its own */
    open->tries++;
    cb_shell_ask(open->gateway->shell,
        CB_SUBJECT_AUDIT_NOTE,
        "audit",
        &note,
        NOTE_TIMEOUT_MS,
        on_noted,
        open);
}

/* What the caller says that he is; it is one bearer token for all until there is sign-in. */
static void take_actor(const gateway_call *call, char *out, size_t size)
{
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, NULL);
    const char *actor = json_string_value(json_object_get(body, "actor"));
    if (actor == NULL || !cb_text_copy(out, size, cb_sv_from(actor))) {
        (void)cb_text_copy(out, size, cb_sv_from("bearer token"));
    }
    json_decref(body);
}

static void fill_note(const gateway_call *call, int status, cb_audit_note *note)
{
    uint8_t hash[CB_BLAKE2B_128_SIZE];
    char hash_text[2 * CB_BLAKE2B_128_SIZE + 1];
    cb_blake2b_128(NULL, 0, call->body, call->body_size, hash);
    cb_hex_print(hash, sizeof hash, hash_text);
    note->is_auth = status == 401;
    if (note->is_auth) {
        (void)cb_text_copy(note->actor, sizeof note->actor, cb_sv_from("unknown"));
    } else {
        take_actor(call, note->actor, sizeof note->actor);
    }
    (void)snprintf(note->action, sizeof note->action, "%s %d", call->method, status);
    (void)snprintf(
        note->object, sizeof note->object, "%.79s", call->path[0] != '\0' ? call->path : "?");
    (void)snprintf(note->detail,
        sizeof note->detail,
        "request %s, body of %zu bytes, blake2b %s",
        call->request_id,
        call->body_size,
        hash_text);
}

void gateway_note(const gateway_call *call, int status)
{
    gateway *self = call->gateway;
    const bool is_reading = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
    if (is_reading && status != 401) {
        return;
    }
    if (self->notes_open >= NOTES_MAX) {
        cb_metric_add(self->notes_lost, 1);
        return;
    }
    open_note *open = calloc(1, sizeof *open);
    if (open == NULL) {
        cb_metric_add(self->notes_lost, 1);
        return;
    }
    open->gateway = self;
    fill_note(call, status, &open->note);
    self->notes_open++;
    send_note(open);
}
