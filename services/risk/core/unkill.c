/* Lowering the kill latch takes two: one asks, and after a cool-down another approves. Nobody
 * approves their own request; a request is void when the scope was raised again since, or when it
 * is old. Who the actors are the gateway knows; here only that they differ. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define LEVEL_LOWEST_TOP 3 /* a lowering ends at most here */

static risk_unkill *unkill_find(risk_state *state, cb_id request_id)
{
    CB_ASSERT(state->unkills_count <= RISK_UNKILLS_MAX);
    for (uint32_t i = 0; i < state->unkills_count; i++) {
        if (cb_id_equal(state->unkills[i].request_id, request_id)) {
            return &state->unkills[i];
        }
    }
    return NULL;
}

/* A new slot, or that of the oldest request that is decided; NULL: all are pending. */
static risk_unkill *unkill_take(risk_state *state)
{
    if (state->unkills_count < RISK_UNKILLS_MAX) {
        return &state->unkills[state->unkills_count++];
    }
    risk_unkill *oldest = NULL;
    for (uint32_t i = 0; i < RISK_UNKILLS_MAX; i++) {
        risk_unkill *each = &state->unkills[i];
        if (each->status != RISK_UNKILL_PENDING &&
            (oldest == NULL || each->number < oldest->number)) {
            oldest = each;
        }
    }
    CB_ASSERT(oldest == NULL || oldest->number > 0);
    return oldest;
}

static void unkill_store(risk_step_context *step, const risk_unkill *row)
{
    CB_ASSERT(row->number > 0);
    *CB_STORE(step->out, RISK_TABLE_UNKILL, risk_unkill) = *row;
}

static uint64_t version_of(const risk_state *state, const char *scope)
{
    const cb_kill *kill = risk_kill_of(state, scope);
    return kill == NULL ? 0 : kill->version;
}

static void expire_old(risk_step_context *step, int64_t wall_ns)
{
    for (uint32_t i = 0; i < step->state->unkills_count; i++) {
        risk_unkill *row = &step->state->unkills[i];
        if (row->status == RISK_UNKILL_PENDING && wall_ns > row->expires_wall_ns) {
            row->status = RISK_UNKILL_EXPIRED;
            row->decided_wall_ns = wall_ns;
            unkill_store(step, row);
        }
    }
}

/* ---- asking ---- */

static const char *wish_error(const risk_state *state, const cb_unkill_command *command)
{
    if (!risk_kill_is_scope(command->scope)) {
        return "scope must be *, venue:, account:, user:, symbol: or strategy:NAME";
    }
    if (command->level > LEVEL_LOWEST_TOP) {
        return "level must be 0 to 3";
    }
    if (command->actor[0] == '\0') {
        return "actor is missing";
    }
    const cb_kill *now = risk_kill_of(state, command->scope);
    if (now != NULL && now->level > 0 && command->level >= now->level) {
        return "the scope is not above that level";
    }
    return command->reason[0] == '\0' ? "reason is missing" : NULL;
}

static const char *on_wish(
    risk_step_context *step, const risk_unkill_request *request, risk_unkill **out)
{
    risk_state *state = step->state;
    const cb_unkill_command *command = &request->command;
    const char *error = wish_error(state, command);
    risk_unkill *row = error == NULL ? unkill_take(state) : NULL;
    if (row == NULL) {
        return error != NULL ? error : "too many requests are pending";
    }
    memset(row, 0, sizeof(*row));
    row->number = ++state->unkills_made;
    row->request_id = cb_id_make("risk.unkill", 0, row->number);
    memcpy(row->scope, command->scope, sizeof(row->scope));
    row->level = command->level;
    memcpy(row->reason, command->reason, sizeof(row->reason));
    memcpy(row->actor, command->actor, sizeof(row->actor));
    row->status = RISK_UNKILL_PENDING;
    row->kill_version = version_of(state, row->scope);
    row->seen_ns = step->now_ns;
    row->requested_wall_ns = request->wall_ns;
    row->ready_wall_ns = request->wall_ns + state->config->unkill_cooldown_ns;
    row->expires_wall_ns = row->ready_wall_ns + state->config->unkill_expiry_ns;
    unkill_store(step, row);
    *out = row;
    return NULL;
}

/* ---- deciding ---- */

static const char *approval_error(
    const risk_state *state, const risk_unkill *row, const risk_unkill_request *request)
{
    if (cb_text_equal(row->actor, request->command.actor)) {
        return "nobody approves their own request";
    }
    if (request->wall_ns < row->ready_wall_ns) {
        return "the cool-down is not over";
    }
    return version_of(state, row->scope) != row->kill_version
               ? "the scope was raised again since: ask anew"
               : NULL;
}

static const char *on_decision(
    risk_step_context *step, const risk_unkill_request *request, risk_unkill **out)
{
    const cb_unkill_command *command = &request->command;
    risk_unkill *row = unkill_find(step->state, command->request_id);
    if (row == NULL) {
        return "no such request";
    }
    *out = row;
    if (row->status != RISK_UNKILL_PENDING) {
        return "the request is not pending";
    }
    const bool is_approval = command->action == CB_UNKILL_ACTION_APPROVE;
    const char *error = command->actor[0] == '\0' ? "actor is missing"
                        : is_approval             ? approval_error(step->state, row, request)
                                                  : NULL;
    if (error != NULL) {
        return error;
    }
    row->status = is_approval ? RISK_UNKILL_APPROVED : RISK_UNKILL_WITHDRAWN;
    row->decided_wall_ns = request->wall_ns;
    memcpy(row->approver, command->actor, sizeof(row->approver));
    unkill_store(step, row);
    if (is_approval) {
        risk_kill_lower(step, row);
    }
    return NULL;
}

void risk_unkill_on_command(risk_step_context *step, const risk_unkill_request *request)
{
    CB_ASSERT(request->wall_ns > 0);
    CB_ASSERT(step->state->is_recovered);
    risk_unkill *row = NULL;
    expire_old(step, request->wall_ns);
    const char *error = "no such action";
    if (request->command.action == CB_UNKILL_ACTION_REQUEST) {
        error = on_wish(step, request, &row);
    } else if (request->command.action == CB_UNKILL_ACTION_APPROVE ||
               request->command.action == CB_UNKILL_ACTION_WITHDRAW) {
        error = on_decision(step, request, &row);
    }
    risk_kill_reply *reply = CB_REQUEST(step->out, RISK_REQUEST_KILL_REPLY, risk_kill_reply);
    memcpy(reply->reply_to, request->reply_to, sizeof(reply->reply_to));
    reply->is_ok = error == NULL;
    reply->version = step->state->account.kill_version;
    if (row != NULL) {
        reply->request_id = row->request_id;
        reply->status = row->status;
        reply->ready_wall_ns = row->ready_wall_ns;
    }
    const bool fits =
        cb_text_copy(reply->error, sizeof(reply->error), cb_sv_from(error == NULL ? "" : error));
    CB_ASSERT(fits);
}

void risk_unkill_recover(risk_state *state, const risk_unkill *row)
{
    CB_ASSERT(row->number > state->unkills_made);
    risk_unkill *slot = unkill_take(state);
    CB_ASSERT(slot != NULL);
    *slot = *row;
    state->unkills_made = row->number;
}
