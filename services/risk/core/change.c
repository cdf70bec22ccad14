/* Changing the limit book. Lowering a limit, or adding one, holds at once: it can only stop new
 * orders, never closes anything. Raising or removing one is a request that a second person has to
 * approve before it lapses. Each change is a new version of all limits. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define STATE_PENDING "pending"
#define STATE_APPROVED "approved"
#define STATE_DENIED "denied"
#define STATE_LAPSED "lapsed"

/* A command that has been read. */
typedef struct limit_order {
    const cb_limit_command *command;
    risk_limit limit;
    bool is_removal;
    char name[RISK_LIMIT_NAME_MAX];
} limit_order;

static void set_text(char *out, size_t size, const char *text)
{
    const bool fits = cb_text_copy(out, size, cb_sv_from(text));
    CB_ASSERT(fits);
}
#define SET_TEXT(member, text) set_text((member), sizeof(member), (text))

void risk_change_recover(risk_state *state, const risk_change *row)
{
    CB_ASSERT(cb_text_equal(row->state, STATE_PENDING));
    CB_ASSERT(state->changes_count < RISK_CHANGES_MAX);
    state->changes[state->changes_count++] = *row;
}

/* Stores the outcome and closes the gap. */
static void end_change(risk_step_context *step,
    risk_change *change,
    const char *outcome,
    const char *actor,
    const char *decision)
{
    risk_state *state = step->state;
    CB_ASSERT(change >= state->changes && change < state->changes + state->changes_count);
    SET_TEXT(change->state, outcome);
    SET_TEXT(change->decided_by, actor);
    SET_TEXT(change->decision, decision);
    change->decided_ns = step->now_ns;
    *CB_STORE(step->out, RISK_TABLE_CHANGE, risk_change) = *change;
    const size_t index = (size_t)(change - state->changes);
    memmove(change, change + 1, (state->changes_count - index - 1) * sizeof(*change));
    state->changes_count--;
}

static void end_lapsed(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(state->changes_count <= RISK_CHANGES_MAX);
    for (uint32_t i = 0; i < state->changes_count;) {
        if (state->changes[i].expires_ns <= step->now_ns) {
            end_change(step, &state->changes[i], STATE_LAPSED, "", "nobody decided in time");
        } else {
            i++;
        }
    }
}

static risk_change *change_find(risk_state *state, uint64_t number)
{
    for (uint32_t i = 0; i < state->changes_count; i++) {
        if (state->changes[i].number == number) {
            return &state->changes[i];
        }
    }
    CB_ASSERT(state->changes_count <= RISK_CHANGES_MAX);
    return NULL;
}

/* ---- applying ---- */

static const char *apply(
    risk_step_context *step, const limit_order *order, const char *actor, const char *reason)
{
    risk_state *state = step->state;
    risk_limit *known = risk_book_find(state, order->limit.kind, &order->limit.scope);
    if (order->is_removal && known != NULL) {
        risk_book_remove(state, known);
    } else if (known != NULL) {
        known->value_e8 = order->limit.value_e8;
    } else if (order->is_removal) {
        return "there is no such limit";
    } else if (state->book_count >= RISK_LIMITS_MAX - RISK_LIMITS_CONFIGURED_MAX ||
               !risk_book_add(state, &order->limit)) {
        return "the book is full";
    }
    risk_limits_change(
        step, order->name, order->is_removal ? -1 : order->limit.value_e8, actor, reason);
    return "";
}

static const char *request(
    risk_step_context *step, const limit_order *order, const risk_limit *known, uint64_t *number)
{
    risk_state *state = step->state;
    CB_ASSERT(known != NULL);
    if (state->changes_count == RISK_CHANGES_MAX) {
        return "too many changes wait for approval";
    }
    risk_change *change = &state->changes[state->changes_count++];
    *change = (risk_change){.number = ++state->account.changes_count,
        .from = {known->value_e8},
        .to = {order->is_removal ? 0 : order->limit.value_e8},
        .is_removal = order->is_removal,
        .requested_ns = step->now_ns,
        .expires_ns = risk_add(step->now_ns, state->config->change_ttl_ns)};
    SET_TEXT(change->kind, "limit");
    SET_TEXT(change->subject, order->name);
    SET_TEXT(change->state, STATE_PENDING);
    SET_TEXT(change->requested_by, order->command->actor);
    SET_TEXT(change->reason, order->command->reason);
    state->is_account_changed = true;
    *CB_STORE(step->out, RISK_TABLE_CHANGE, risk_change) = *change;
    *number = change->number;
    CB_ASSERT(*number > 0);
    return "";
}

/* ---- commands ---- */

static const char *read_order(const cb_limit_command *command, limit_order *order)
{
    *order = (limit_order){.command = command,
        .is_removal = cb_text_equal(command->action, "remove"),
        .limit = {.kind = risk_kind_parse(command->kind), .value_e8 = command->value.e8}};
    if (order->limit.kind == RISK_LIMIT_KINDS_COUNT) {
        return "there is no limit of that kind";
    }
    if (!risk_scope_parse(command->scope, &order->limit.scope)) {
        return "scope: * or venue:V,account:A,strategy:S,symbol:Y, any of them, * for each";
    }
    risk_limit_name(order->limit.kind, &order->limit.scope, order->name);
    CB_ASSERT(order->name[0] != '\0');
    return order->is_removal
               ? ""
               : risk_limit_error(order->limit.kind, &order->limit.scope, order->limit.value_e8);
}

static const char *set_limit(
    risk_step_context *step, const cb_limit_command *command, risk_limit_reply *reply)
{
    limit_order order;
    const char *error = read_order(command, &order);
    if (error[0] != '\0') {
        return error;
    }
    const risk_limit *known = risk_book_find(step->state, order.limit.kind, &order.limit.scope);
    const bool is_wider =
        known != NULL && (order.is_removal || order.limit.value_e8 > known->value_e8);
    if (is_wider) {
        return request(step, &order, known, &reply->number);
    }
    reply->is_applied = true;
    if (known != NULL && known->value_e8 == order.limit.value_e8) {
        return ""; /* as it is already */
    }
    return apply(step, &order, command->actor, command->reason);
}

static const char *decide(
    risk_step_context *step, const cb_limit_command *command, risk_limit_reply *reply)
{
    const bool is_approval = cb_text_equal(command->action, "approve");
    risk_change *change = change_find(step->state, command->number);
    reply->number = command->number;
    if (change == NULL) {
        return "no such change is waiting";
    }
    if (is_approval && cb_text_equal(change->requested_by, command->actor)) {
        return "who asked for a change cannot approve it";
    }
    limit_order order = {
        .command = command, .is_removal = change->is_removal, .limit = {.value_e8 = change->to.e8}};
    SET_TEXT(order.name, change->subject);
    const bool is_name =
        risk_limit_name_parse(change->subject, &order.limit.kind, &order.limit.scope);
    CB_ASSERT(is_name);
    const char *error = is_approval ? apply(step, &order, command->actor, change->reason) : "";
    if (error[0] == '\0') {
        end_change(step,
            change,
            is_approval ? STATE_APPROVED : STATE_DENIED,
            command->actor,
            command->reason);
        reply->is_applied = is_approval;
    }
    return error;
}

static const char *obey(
    risk_step_context *step, const cb_limit_command *command, risk_limit_reply *reply)
{
    const bool is_change =
        cb_text_equal(command->action, "set") || cb_text_equal(command->action, "remove");
    const bool is_decision =
        cb_text_equal(command->action, "approve") || cb_text_equal(command->action, "deny");
    if (command->actor[0] == '\0') {
        return "actor is missing";
    }
    if (command->reason[0] == '\0') {
        return "reason is missing";
    }
    if (is_change) {
        return set_limit(step, command, reply);
    }
    return is_decision ? decide(step, command, reply) : "action: set, remove, approve or deny";
}

void risk_change_on_command(risk_step_context *step, const risk_limit_request *request_body)
{
    end_lapsed(step);
    risk_limit_reply answer = {.number = 0};
    const char *error = obey(step, &request_body->command, &answer);
    CB_ASSERT(error != NULL);
    answer.is_ok = error[0] == '\0';
    answer.is_applied = answer.is_applied && answer.is_ok;
    answer.version = step->state->limits.version;
    memcpy(answer.reply_to, request_body->reply_to, sizeof(answer.reply_to));
    SET_TEXT(answer.error, error);
    *CB_REQUEST(step->out, RISK_REQUEST_LIMIT_REPLY, risk_limit_reply) = answer;
    CB_ASSERT(answer.version > 0);
}
