/* The kill latch: a level per scope, stored, announced on every change and repeated by the shell.
 * Anyone with the command may raise, and has to say who and why; risk raises by itself; nobody
 * lowers alone (unkill.c). */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

#define LEVEL_MAX 4
#define SCOPE_ALL "*"

void risk_kill_init(risk_state *state)
{
    CB_ASSERT(state->kills_count == 0);
    cb_kill *all = &state->kills[state->kills_count++];
    const bool fits = cb_text_copy(all->scope, sizeof(all->scope), CB_SV(SCOPE_ALL));
    CB_ASSERT(fits);
}

static cb_kill *kill_find(risk_state *state, const char *scope)
{
    CB_ASSERT(state->kills_count > 0);
    CB_ASSERT(state->kills_count <= RISK_KILLS_MAX);
    for (uint32_t i = 0; i < state->kills_count; i++) {
        if (cb_text_equal(state->kills[i].scope, scope)) {
            return &state->kills[i];
        }
    }
    return NULL;
}

const cb_kill *risk_kill_of(const risk_state *state, const char *scope)
{
    for (uint32_t i = 0; i < state->kills_count; i++) {
        if (cb_text_equal(state->kills[i].scope, scope)) {
            return &state->kills[i];
        }
    }
    return NULL;
}

/* A slot for a scope: its own, a new one, or one that is back at level 0. With none left the
 * command is widened to everything: a raised latch is never lost. */
static cb_kill *kill_take(risk_state *state, const char *scope)
{
    cb_kill *kill = kill_find(state, scope);
    if (kill != NULL) {
        return kill;
    }
    if (state->kills_count < RISK_KILLS_MAX) {
        kill = &state->kills[state->kills_count++];
    }
    for (uint32_t i = 1; kill == NULL && i < state->kills_count; i++) {
        kill = state->kills[i].level == 0 ? &state->kills[i] : NULL;
    }
    if (kill == NULL) {
        return &state->kills[0];
    }
    *kill = (cb_kill){.level = 0};
    const bool fits = cb_text_copy(kill->scope, sizeof(kill->scope), cb_sv_from(scope));
    CB_ASSERT(fits);
    return kill;
}

/* The changed latch gets its version, is stored and told. */
static void kill_tell(risk_step_context *step, cb_kill *kill, const cb_envelope *cause)
{
    risk_state *state = step->state;
    kill->raised_ns = step->now_ns;
    kill->version = ++state->account.kill_version;
    state->is_account_changed = true;
    cb_kill *said = CB_PUBLISH(step->out, CB_SUBJECT_KILL, RISK_TABLE_KILL, cb_kill);
    *said = *kill;
    said->env.causation_id = cause->event_id;
    said->env.correlation_id = cause->correlation_id;
    *CB_STORE(step->out, RISK_TABLE_KILL_CHANGE, cb_kill) = *said;
    *CB_REQUEST(step->out, RISK_REQUEST_KILL_CHANGED, cb_kill) = *kill;
    CB_ASSERT(kill->version > 0);
}

static void kill_set(risk_step_context *step, const cb_kill_command *command)
{
    cb_kill *kill = kill_take(step->state, command->scope);
    CB_ASSERT(command->level <= LEVEL_MAX);
    kill->level = command->level > kill->level ? command->level : kill->level;
    memcpy(kill->reason, command->reason, sizeof(kill->reason));
    memcpy(kill->actor, command->actor, sizeof(kill->actor));
    kill->is_lowering = false;
    kill->seen_ns = 0;
    memset(kill->approver, 0, sizeof(kill->approver));
    kill_tell(step, kill, &command->env);
    CB_ASSERT(kill->level >= command->level);
}

/* A person who lowers the account's scope, or all, has looked into what put it in doubt. */
static void end_doubt(risk_state *state, const risk_unkill *agreed)
{
    const bool is_account = cb_sv_starts_with(cb_sv_from(agreed->scope), "account:") &&
                            cb_text_equal(agreed->scope + 8, state->account.account);
    if (agreed->level == 0 && (is_account || cb_text_equal(agreed->scope, SCOPE_ALL))) {
        state->account.is_unsure = false;
        state->is_account_changed = true;
    }
}

void risk_kill_lower(risk_step_context *step, const risk_unkill *agreed)
{
    CB_ASSERT(agreed->level <= LEVEL_MAX);
    CB_ASSERT(!cb_text_equal(agreed->actor, agreed->approver));
    cb_kill *kill = kill_take(step->state, agreed->scope);
    /* With no slot left kill_take names another scope; there is nothing of ours to lower then, but
     * execution's own levels of this scope still are. */
    cb_kill lowered = *kill;
    const bool is_own = cb_text_equal(kill->scope, agreed->scope);
    memcpy(lowered.scope, agreed->scope, sizeof(lowered.scope));
    lowered.level = agreed->level;
    memcpy(lowered.reason, agreed->reason, sizeof(lowered.reason));
    memcpy(lowered.actor, agreed->actor, sizeof(lowered.actor));
    memcpy(lowered.approver, agreed->approver, sizeof(lowered.approver));
    lowered.is_lowering = true;
    lowered.seen_ns = agreed->seen_ns;
    const cb_envelope cause = {.event_id = agreed->request_id};
    kill_tell(step, &lowered, &cause);
    if (is_own) {
        *kill = lowered;
    }
    end_doubt(step->state, agreed);
}

/* "*", or kind:name. */
bool risk_kill_is_scope(const char *scope)
{
    static const char *const kinds[] = {"venue:", "account:", "user:", "symbol:", "strategy:"};
    if (cb_text_equal(scope, SCOPE_ALL)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const size_t size = strlen(kinds[i]);
        if (cb_sv_starts_with(cb_sv_from(scope), kinds[i]) && scope[size] != '\0') {
            return strchr(scope, ' ') == NULL;
        }
    }
    return false;
}

static const char *command_error(const risk_state *state, const cb_kill_command *command)
{
    if (!risk_kill_is_scope(command->scope)) {
        return "scope must be *, venue:, account:, user:, symbol: or strategy:NAME";
    }
    if (command->level == 0 || command->level > LEVEL_MAX) {
        return "level must be 1 to 4; lowering takes two: unkill";
    }
    const cb_kill *now = risk_kill_of(state, command->scope);
    if (now != NULL && now->level > command->level) {
        return "a higher level is in force; lowering takes two: unkill";
    }
    if (command->actor[0] == '\0') {
        return "actor is missing";
    }
    return command->reason[0] == '\0' ? "reason is missing" : "";
}

void risk_kill_on_command(risk_step_context *step, const risk_kill_request *request)
{
    const char *error = command_error(step->state, &request->command);
    CB_ASSERT(error != NULL);
    if (error[0] == '\0') {
        kill_set(step, &request->command);
    }
    risk_kill_reply *reply = CB_REQUEST(step->out, RISK_REQUEST_KILL_REPLY, risk_kill_reply);
    memcpy(reply->reply_to, request->reply_to, sizeof(reply->reply_to));
    reply->is_ok = error[0] == '\0';
    reply->version = step->state->account.kill_version;
    const bool fits = cb_text_copy(reply->error, sizeof(reply->error), cb_sv_from(error));
    CB_ASSERT(fits);
}

void risk_kill_raise(risk_step_context *step, const char *scope, uint32_t level, const char *reason)
{
    CB_ASSERT(risk_kill_is_scope(scope));
    CB_ASSERT(level <= LEVEL_MAX);
    const cb_kill *now = kill_find(step->state, scope);
    if (now != NULL && now->level >= level) {
        return;
    }
    cb_kill_command command = {.level = level};
    bool fits = cb_text_copy(command.scope, sizeof(command.scope), cb_sv_from(scope));
    fits = cb_text_copy(command.reason, sizeof(command.reason), cb_sv_from(reason)) && fits;
    fits = cb_text_copy(command.actor, sizeof(command.actor), CB_SV("risk")) && fits;
    CB_ASSERT(fits);
    if (step->cause != NULL) {
        command.env.event_id = step->cause->event_id;
        command.env.correlation_id = step->cause->correlation_id;
    }
    kill_set(step, &command);
}

/* True when scope is "kind:" followed by name. */
static bool covers(const char *scope, const char *kind, const char *name)
{
    const size_t size = strlen(kind);
    return cb_sv_starts_with(cb_sv_from(scope), kind) && cb_text_equal(scope + size, name);
}

/* Whose an account is nobody has told risk yet: a user's scope holds for everything. */
uint32_t risk_kill_level(const risk_state *state, const cb_intent *intent)
{
    uint32_t level = 0;
    for (uint32_t i = 0; i < state->kills_count; i++) {
        const cb_kill *kill = &state->kills[i];
        const bool is_covering = cb_text_equal(kill->scope, SCOPE_ALL) ||
                                 covers(kill->scope, "venue:", intent->venue) ||
                                 covers(kill->scope, "account:", intent->account) ||
                                 cb_sv_starts_with(cb_sv_from(kill->scope), "user:") ||
                                 covers(kill->scope, "symbol:", intent->symbol) ||
                                 covers(kill->scope, "strategy:", intent->strategy);
        level = is_covering && kill->level > level ? kill->level : level;
    }
    CB_ASSERT(state->kills_count > 0);
    CB_ASSERT(level <= LEVEL_MAX);
    return level;
}

void risk_kill_recover(risk_state *state, const cb_kill *kill)
{
    CB_ASSERT(kill->level <= LEVEL_MAX);
    cb_kill *slot = kill_take(state, kill->scope);
    CB_ASSERT(cb_text_equal(slot->scope, kill->scope));
    *slot = *kill;
    slot->env = (cb_envelope){.seq = 0};
}

uint32_t risk_kill_count(const risk_state *state)
{
    CB_ASSERT(state->kills_count > 0);
    return state->kills_count;
}

const cb_kill *risk_kill_at(const risk_state *state, uint32_t index)
{
    CB_ASSERT(index < state->kills_count);
    return &state->kills[index];
}
