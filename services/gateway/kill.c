/* Raising the kill level, and asking for or approving a lowering: validates the JSON body and
 * passes the command to risk, which owns the latch and the requests. Who lowers is told by the
 * token, never by the body. */
#include <string.h>

#include "rt/failpoint.h"
#include "services/gateway/gateway.h"
#include "services/gateway/kill.h"

#define KILL_LEVEL_MAX 4

static bool is_scope(const char *scope)
{
    const char *const prefixes[] = {"venue:", "account:", "user:", "symbol:", "strategy:"};
    if (strcmp(scope, "*") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const size_t size = strlen(prefixes[i]);
        if (strncmp(scope, prefixes[i], size) == 0 && scope[size] != '\0') {
            return true;
        }
    }
    return false;
}

static bool take_text(
    gateway_call *call, const json_t *body, const char *key, char *out, size_t out_size)
{
    const json_t *value = json_object_get(body, key);
    if (!json_is_string(value) || json_string_length(value) == 0) {
        gateway_reply_problem(call, 400, "bad-field", "%s: a text is required", key);
        return false;
    }
    if (strlen(json_string_value(value)) != json_string_length(value) ||
        !cb_text_copy(out, out_size, cb_sv_from(json_string_value(value)))) {
        gateway_reply_problem(
            call, 400, "bad-field", "%s: at most %zu characters, no NUL", key, out_size - 1);
        return false;
    }
    return true;
}

/* known ends with NULL. */
static bool refuse_unknown(gateway_call *call, json_t *body, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            gateway_reply_problem(call, 400, "unknown-field", "%.64s: no such field here", key);
            return true;
        }
    }
    return false;
}

static bool take_level(
    gateway_call *call, const json_t *body, json_int_t low, json_int_t high, uint32_t *level)
{
    const json_t *value = json_object_get(body, "level");
    if (value == NULL && low == 0) {
        *level = 0;
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < low ||
        json_integer_value(value) > high) {
        gateway_reply_problem(
            call, 400, "bad-field", "level: a whole number from %d to %d", (int)low, (int)high);
        return false;
    }
    *level = (uint32_t)json_integer_value(value);
    return true;
}

static bool check_scope(gateway_call *call, const char *scope)
{
    if (is_scope(scope)) {
        return true;
    }
    gateway_reply_problem(call,
        400,
        "bad-field",
        "scope: '%s' is none of *, venue:X, account:X, user:X, symbol:X, strategy:X",
        scope);
    return false;
}

static bool fill_command(gateway_call *call, json_t *body, cb_kill_command *command)
{
    static const char *const known[] = {"scope", "level", "reason", "actor", NULL};
    memset(command, 0, sizeof *command);
    return !refuse_unknown(call, body, known) &&
           take_level(call, body, 1, KILL_LEVEL_MAX, &command->level) &&
           take_text(call, body, "scope", command->scope, sizeof command->scope) &&
           take_text(call, body, "reason", command->reason, sizeof command->reason) &&
           take_text(call, body, "actor", command->actor, sizeof command->actor) &&
           check_scope(call, command->scope);
}

static bool fill_wish(gateway_call *call, json_t *body, cb_unkill_command *command)
{
    static const char *const known[] = {"scope", "level", "reason", NULL};
    return !refuse_unknown(call, body, known) &&
           take_level(call, body, 0, KILL_LEVEL_MAX - 1, &command->level) &&
           take_text(call, body, "scope", command->scope, sizeof command->scope) &&
           take_text(call, body, "reason", command->reason, sizeof command->reason) &&
           check_scope(call, command->scope);
}

static void on_answer(void *context, const void *bytes, size_t size)
{
    gateway_call *call = context;
    (void)FP("gateway.before_reply");
    if (bytes == NULL) {
        gateway_reply_problem(call,
            504,
            "no-answer",
            "risk did not answer within %d ms: the kill level is NOT known to have changed",
            GATEWAY_ASK_TIMEOUT_MS);
        return;
    }
    json_t *answer = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const bool is_ok = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    gateway_reply_text(call, is_ok ? 200 : 409, bytes, size);
}

/* The body as an object; NULL and a 400 sent, the call gone, when it is none. */
static json_t *read_object(gateway_call *call)
{
    json_error_t where;
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(body)) {
        return body;
    }
    gateway_reply_problem(call,
        400,
        "bad-json",
        "the body must be a JSON object; line %d column %d: %s",
        where.line,
        where.column,
        body == NULL ? where.text : "not an object");
    json_decref(body);
    return NULL;
}

static void send_command(gateway_call *call, cb_subject_id subject, const void *command)
{
    cb_shell_ask(
        call->gateway->shell, subject, "risk", command, GATEWAY_ASK_TIMEOUT_MS, on_answer, call);
}

void gateway_kill(gateway_call *call)
{
    cb_kill_command command;
    json_t *body = read_object(call);
    if (body == NULL) {
        return;
    }
    const bool is_filled = fill_command(call, body, &command);
    json_decref(body);
    if (is_filled) {
        (void)FP("gateway.after_accept");
        send_command(call, CB_SUBJECT_KILL_COMMAND, &command);
    }
}

/* Who lowers must be somebody: false and a 403 sent, the call gone, for the API's own token. */
static bool take_actor(gateway_call *call, cb_unkill_command *command)
{
    if (call->actor == GATEWAY_ACTOR_API) {
        gateway_reply_problem(call,
            403,
            "not-a-person",
            "lowering takes two persons: sign in with the operator's or the risk officer's token");
        return false;
    }
    const bool fits = cb_text_copy(
        command->actor, sizeof command->actor, cb_sv_from(gateway_actor_name(call->actor)));
    CB_ASSERT(fits);
    return true;
}

void gateway_unkill_request(gateway_call *call)
{
    cb_unkill_command command = {.action = CB_UNKILL_ACTION_REQUEST};
    if (!take_actor(call, &command)) {
        return;
    }
    json_t *body = read_object(call);
    if (body == NULL) {
        return;
    }
    const bool is_filled = fill_wish(call, body, &command);
    json_decref(body);
    if (is_filled) {
        send_command(call, CB_SUBJECT_UNKILL_COMMAND, &command);
    }
}

void gateway_unkill_decide(gateway_call *call, cb_unkill_action action)
{
    cb_unkill_command command = {.action = action};
    if (!take_actor(call, &command)) {
        return;
    }
    if (cb_id_parse(call->tail, strlen(call->tail), &command.request_id, NULL) != CB_OK) {
        gateway_reply_problem(call, 400, "bad-id", "'%s' is not the id of a request", call->tail);
        return;
    }
    send_command(call, CB_SUBJECT_UNKILL_COMMAND, &command);
}
