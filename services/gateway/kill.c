/* Raising and lowering the kill level: validates the JSON body and passes the command to risk,
 * which owns the latch. */
#include <string.h>

#include "rt/failpoint.h"
#include "services/gateway/gateway.h"
#include "services/gateway/kill.h"

#define KILL_LEVEL_MAX 4

static bool is_scope(const char *scope)
{
    const char *const prefixes[] = {"venue:", "account:", "symbol:", "strategy:"};
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

static bool refuse_unknown(gateway_call *call, json_t *body)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "scope") != 0 && strcmp(key, "level") != 0 && strcmp(key, "reason") != 0 &&
            strcmp(key, "actor") != 0) {
            gateway_reply_problem(
                call, 400, "unknown-field", "%.64s: known are scope, level, reason, actor", key);
            return true;
        }
    }
    return false;
}

static bool take_level(
    gateway_call *call, const json_t *body, gateway_kill_direction direction, uint32_t *level)
{
    const json_t *value = json_object_get(body, "level");
    if (value == NULL && direction == GATEWAY_KILL_LOWER) {
        *level = 0;
        return true;
    }
    const json_int_t low = direction == GATEWAY_KILL_RAISE ? 1 : 0;
    if (!json_is_integer(value) || json_integer_value(value) < low ||
        json_integer_value(value) > KILL_LEVEL_MAX) {
        gateway_reply_problem(call,
            400,
            "bad-field",
            "level: a whole number from %d to %d",
            (int)low,
            KILL_LEVEL_MAX);
        return false;
    }
    *level = (uint32_t)json_integer_value(value);
    return true;
}

static bool fill_command(
    gateway_call *call, json_t *body, gateway_kill_direction direction, cb_kill_command *command)
{
    memset(command, 0, sizeof *command);
    if (refuse_unknown(call, body) || !take_level(call, body, direction, &command->level) ||
        !take_text(call, body, "scope", command->scope, sizeof command->scope) ||
        !take_text(call, body, "reason", command->reason, sizeof command->reason) ||
        !take_text(call, body, "actor", command->actor, sizeof command->actor)) {
        return false;
    }
    if (!is_scope(command->scope)) {
        gateway_reply_problem(call,
            400,
            "bad-field",
            "scope: '%s' is none of *, venue:X, account:X, symbol:X, strategy:X",
            command->scope);
        return false;
    }
    return true;
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

void gateway_kill(gateway_call *call, gateway_kill_direction direction)
{
    cb_kill_command command;
    json_error_t where;
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(body)) {
        gateway_reply_problem(call,
            400,
            "bad-json",
            "the body must be a JSON object; line %d column %d: %s",
            where.line,
            where.column,
            body == NULL ? where.text : "not an object");
        json_decref(body);
        return;
    }
    const bool is_filled = fill_command(call, body, direction, &command);
    json_decref(body);
    if (is_filled) {
        (void)FP("gateway.after_accept");
        cb_shell_ask(call->gateway->shell,
            CB_SUBJECT_KILL_COMMAND,
            "risk",
            &command,
            GATEWAY_ASK_TIMEOUT_MS,
            on_answer,
            call);
    }
}
