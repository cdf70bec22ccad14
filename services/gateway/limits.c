/* Commands on the limit book: reads the JSON body strictly and passes the command to risk, which
 * decides what holds at once and what waits for a second person. */
#include "services/gateway/limits.h"

#include <string.h>

#include "base/money.h"

/* Which fields an action takes, besides action, actor and reason. */
typedef struct limit_action {
    const char *name;
    bool has_limit; /* kind and scope */
    bool has_value;
    bool has_number;
} limit_action;

static const limit_action actions[] = {
    {"set", true, true, false},
    {"remove", true, false, false},
    {"approve", false, false, true},
    {"deny", false, false, true},
};

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
    static const char *const known[] = {
        "action", "kind", "scope", "value", "number", "actor", "reason"};
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || strcmp(key, known[i]) == 0;
        }
        if (!is_known) {
            gateway_reply_problem(call, 400, "unknown-field", "%.64s is not known here", key);
            return true;
        }
    }
    return false;
}

/* A decimal travels as text: JSON numbers would lose digits. */
static bool take_value(gateway_call *call, const json_t *body, int64_t *out_e8)
{
    char text[CB_DECIMAL_TEXT_MAX];
    if (!take_text(call, body, "value", text, sizeof text)) {
        return false;
    }
    if (cb_decimal_parse(text, strlen(text), out_e8, NULL) != CB_OK) {
        gateway_reply_problem(
            call, 400, "bad-field", "value: '%s' is no decimal of at most 8 places", text);
        return false;
    }
    return true;
}

static bool take_number(gateway_call *call, const json_t *body, uint64_t *out)
{
    const json_t *value = json_object_get(body, "number");
    if (!json_is_integer(value) || json_integer_value(value) <= 0) {
        gateway_reply_problem(call, 400, "bad-field", "number: the number of a request");
        return false;
    }
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static const limit_action *take_action(gateway_call *call, const json_t *body)
{
    const char *name = json_string_value(json_object_get(body, "action"));
    for (size_t i = 0; name != NULL && i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
    }
    gateway_reply_problem(call, 400, "bad-field", "action: set, remove, approve or deny");
    return NULL;
}

static bool fill_command(gateway_call *call, json_t *body, cb_limit_command *command)
{
    memset(command, 0, sizeof *command);
    if (refuse_unknown(call, body)) {
        return false;
    }
    const limit_action *action = take_action(call, body);
    if (action == NULL) {
        return false;
    }
    const bool is_named =
        cb_text_copy(command->action, sizeof command->action, cb_sv_from(action->name));
    CB_ASSERT(is_named);
    return (!action->has_limit ||
               (take_text(call, body, "kind", command->kind, sizeof command->kind) &&
                   take_text(call, body, "scope", command->scope, sizeof command->scope))) &&
           (!action->has_value || take_value(call, body, &command->value.e8)) &&
           (!action->has_number || take_number(call, body, &command->number)) &&
           take_text(call, body, "actor", command->actor, sizeof command->actor) &&
           take_text(call, body, "reason", command->reason, sizeof command->reason);
}

static void on_answer(void *context, const void *bytes, size_t size)
{
    gateway_call *call = context;
    if (bytes == NULL) {
        gateway_reply_problem(call,
            504,
            "no-answer",
            "risk did not answer within %d ms: the limits are NOT known to have changed",
            GATEWAY_ASK_TIMEOUT_MS);
        return;
    }
    json_t *answer = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const bool is_ok = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    gateway_reply_text(call, is_ok ? 200 : 409, bytes, size);
}

static void ask(gateway_call *call, const cb_limit_command *command)
{
    cb_shell_ask(call->gateway->shell,
        CB_SUBJECT_LIMIT_COMMAND,
        "risk",
        command,
        GATEWAY_ASK_TIMEOUT_MS,
        on_answer,
        call);
}

void gateway_limits_list(gateway_call *call)
{
    const cb_limit_command command = {.action = "list"};
    ask(call, &command);
}

void gateway_limits_change(gateway_call *call)
{
    cb_limit_command command;
    json_error_t where;
    json_t *body = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(body)) {
        gateway_reply_problem(call, 400, "bad-json", "the body must be a JSON object");
        json_decref(body);
        return;
    }
    const bool is_filled = fill_command(call, body, &command);
    json_decref(body);
    if (is_filled) {
        ask(call, &command);
    }
}
