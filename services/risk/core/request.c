/* What people ask for: new orders, and commands about orders that are there. A request has an id
 * that its sender chose; asking again with the same id and content is the same request, with other
 * content it is refused. A place is judged like any intent; a command is passed on to execution. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/bodyhash.h"
#include "services/risk/core/state.h"

#define INTENT_LIFE_NS (INT64_C(10) * 1000000000)
#define REPLACEMENT_LIFE_NS (INT64_C(120) * 1000000000) /* the old order's end must be proven */
#define SIGN_BIT (UINT64_C(1) << 63)

static void copy_text(char *out, size_t size, const char *text)
{
    const bool fits = cb_text_copy(out, size, cb_sv_from(text));
    CB_ASSERT(fits);
}

static risk_order_reply *reply_begin(
    risk_step_context *step, const risk_order_request *request, cb_id id)
{
    risk_order_reply *reply = CB_REQUEST(step->out, RISK_REQUEST_ORDER_REPLY, risk_order_reply);
    memcpy(reply->reply_to, request->reply_to, sizeof(reply->reply_to));
    reply->id = id;
    return reply;
}

static const risk_request_row *find_request(const risk_state *state, cb_id id)
{
    for (uint32_t i = 0; i < RISK_REQUESTS_REMEMBERED; i++) {
        if (cb_id_equal(state->requests[i].request_id, id)) {
            return &state->requests[i];
        }
    }
    return NULL;
}

void risk_request_remember(risk_state *state, const risk_request_row *row)
{
    CB_ASSERT(!cb_id_is_none(row->request_id));
    state->requests[row->number % RISK_REQUESTS_REMEMBERED] = *row;
}

/* What was asked, without what the way added to it; signed as the database keeps it. */
static int64_t content_hash(const risk_order_request *request)
{
    if (request->is_place) {
        cb_intent bare = request->intent;
        memset(&bare.env, 0, sizeof(bare.env));
        return (int64_t)(cb_body_hash(CB_HASH_SEED, &cb_intent_desc, &bare) & ~SIGN_BIT);
    }
    cb_order_command bare = request->command;
    memset(&bare.env, 0, sizeof(bare.env));
    return (int64_t)(cb_body_hash(CB_HASH_SEED, &cb_order_command_desc, &bare) & ~SIGN_BIT);
}

/* True when the request was answered: it is known, or its id is used for something else. */
static bool answered_before(
    risk_step_context *step, const risk_order_request *request, cb_id id, int64_t hash)
{
    const risk_request_row *known = find_request(step->state, id);
    if (known == NULL && !cb_idset_has(&step->state->judged_seen, id)) {
        return false;
    }
    risk_order_reply *reply = reply_begin(step, request, id);
    reply->is_repeat = true;
    if (known == NULL || known->hash != hash) {
        copy_text(reply->code, sizeof(reply->code), "conflict");
        copy_text(reply->error,
            sizeof(reply->error),
            known == NULL ? "the id has been used" : "the id was used for another request");
        return true;
    }
    reply->is_ok = known->outcome[0] == '\0';
    copy_text(reply->code, sizeof(reply->code), reply->is_ok ? "" : "denied");
    copy_text(reply->error, sizeof(reply->error), known->outcome);
    return true;
}

static void store_request(risk_step_context *step,
    cb_id id,
    int64_t hash,
    const char *kind,
    const char *actor,
    const char *outcome)
{
    risk_request_row row = {.request_id = id,
        .hash = hash,
        .number = ++step->state->account.requests_count,
        .at_ns = step->now_ns};
    copy_text(row.kind, sizeof(row.kind), kind);
    copy_text(row.actor, sizeof(row.actor), actor[0] == '\0' ? "operator" : actor);
    copy_text(row.outcome, sizeof(row.outcome), outcome);
    *CB_STORE(step->out, RISK_TABLE_REQUEST, risk_request_row) = row;
    risk_request_remember(step->state, &row);
    step->state->is_account_changed = true;
}

/* ---- placing ---- */

/* The price one would trade at now, or the newest close. */
static int64_t price_now(const risk_state *state, const cb_intent *intent)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const risk_symbol *symbol = &state->symbols[i];
        if (!cb_text_equal(symbol->name, intent->symbol)) {
            continue;
        }
        if (symbol->has_ticker) {
            return intent->side == CB_SIDE_BUY ? symbol->ask.e8 : symbol->bid.e8;
        }
        return symbol->has_mark ? symbol->mark.price.e8 : 0;
    }
    return 0;
}

/* What the sender leaves to us. */
static void complete_intent(const risk_step_context *step, cb_intent *intent)
{
    const risk_state *state = step->state;
    if (intent->account[0] == '\0') {
        copy_text(intent->account, sizeof(intent->account), state->account.account);
    }
    if (intent->venue[0] == '\0') {
        copy_text(intent->venue, sizeof(intent->venue), state->config->venue);
    }
    if (intent->strategy[0] == '\0') {
        copy_text(intent->strategy, sizeof(intent->strategy), "manual");
    }
    if (intent->actor[0] == '\0') {
        copy_text(intent->actor, sizeof(intent->actor), "operator");
    }
    intent->purpose = CB_PURPOSE_MANUAL;
    intent->signal_id = intent->intent_id;
    intent->env.correlation_id = intent->intent_id;
    intent->group_id = intent->role == CB_ROLE_NONE ? (cb_id){0, 0} : intent->intent_id;
    intent->decided_ns = step->now_ns;
    intent->data_ts_ns = 0;
    intent->not_after_ns =
        step->now_ns + (cb_id_is_none(intent->replaces) ? INTENT_LIFE_NS : REPLACEMENT_LIFE_NS);
    if (intent->reference_price.e8 <= 0) {
        intent->reference_price.e8 = price_now(state, intent);
    }
}

static void on_place(risk_step_context *step, const risk_order_request *request, int64_t hash)
{
    cb_intent intent = request->intent;
    complete_intent(step, &intent);
    memset(intent.env.producer, 0, sizeof(intent.env.producer));
    intent.env.schema = 0;
    *CB_STORE(step->out, RISK_TABLE_INTENT, cb_intent) = intent;
    risk_answer answer;
    risk_judge_asked(step, &intent, &answer);
    store_request(step, intent.intent_id, hash, "place", intent.actor, answer.why);
    risk_order_reply *reply = reply_begin(step, request, intent.intent_id);
    reply->is_ok = answer.is_granted;
    reply->qty.e8 = answer.qty_e8;
    copy_text(reply->code, sizeof(reply->code), answer.is_granted ? "" : "denied");
    copy_text(reply->error, sizeof(reply->error), answer.why);
}

/* ---- commands ---- */

static const risk_reservation *order_named(const risk_state *state, cb_id id)
{
    for (uint32_t i = 0; i < state->open_count; i++) {
        const risk_reservation *row = &state->open[i].row;
        if (cb_id_equal(row->intent_id, id) || cb_id_equal(row->group_id, id)) {
            return row;
        }
    }
    return NULL;
}

static void pass_on(
    risk_step_context *step, const cb_order_command *command, const risk_reservation *named)
{
    cb_order_command *body =
        CB_PUBLISH(step->out, CB_SUBJECT_PERMIT_COMMAND, RISK_TABLE_COMMAND, cb_order_command);
    *body = *command;
    memset(&body->env, 0, sizeof(body->env));
    body->env.causation_id = command->env.event_id;
    body->env.correlation_id = named == NULL ? command->intent_id : named->correlation_id;
    copy_text(body->account, sizeof(body->account), step->state->account.account);
    copy_text(body->venue, sizeof(body->venue), step->state->config->venue);
    body->asked_ns = step->now_ns;
    if (body->actor[0] == '\0') {
        copy_text(body->actor, sizeof(body->actor), "operator");
    }
}

static void on_command(risk_step_context *step, const risk_order_request *request, int64_t hash)
{
    const cb_order_command *command = &request->command;
    const risk_reservation *named = order_named(step->state, command->intent_id);
    risk_order_reply *reply = reply_begin(step, request, command->command_id);
    if (named == NULL || named->is_foreign) {
        copy_text(reply->code, sizeof(reply->code), "unknown");
        copy_text(reply->error, sizeof(reply->error), "there is no open order of that id");
        return;
    }
    if (command->kind == CB_COMMAND_AMEND &&
        (command->qty.e8 <= 0 || command->qty.e8 >= named->qty.e8)) {
        copy_text(reply->code, sizeof(reply->code), "denied");
        copy_text(reply->error, sizeof(reply->error), "an amended quantity must be smaller");
        return;
    }
    reply->is_ok = true;
    pass_on(step, command, named);
    store_request(step,
        command->command_id,
        hash,
        cb_enum_name(&cb_command_desc, (uint32_t)command->kind),
        command->actor,
        "");
}

static bool is_sane(const risk_order_request *request)
{
    if (request->is_place) {
        const cb_intent *intent = &request->intent;
        return !cb_id_is_none(intent->intent_id) && intent->symbol[0] != '\0' &&
               (intent->side == CB_SIDE_BUY || intent->side == CB_SIDE_SELL) &&
               intent->order_type != CB_ORDER_TYPE_NONE;
    }
    const cb_order_command *command = &request->command;
    return !cb_id_is_none(command->command_id) && !cb_id_is_none(command->intent_id) &&
           command->kind != CB_COMMAND_NONE && command->kind <= CB_COMMAND_EXIT;
}

void risk_request_on_order(risk_step_context *step, const risk_order_request *request)
{
    CB_ASSERT(step->state->is_recovered);
    const cb_id id = request->is_place ? request->intent.intent_id : request->command.command_id;
    if (!is_sane(request)) {
        risk_order_reply *reply = reply_begin(step, request, id);
        copy_text(reply->code, sizeof(reply->code), "malformed");
        copy_text(reply->error, sizeof(reply->error), "the request lacks an id, side or type");
        return;
    }
    const int64_t hash = content_hash(request);
    if (answered_before(step, request, id, hash)) {
        return;
    }
    if (request->is_place) {
        on_place(step, request, hash);
    } else {
        on_command(step, request, hash);
    }
}

/* From a strategy: nobody waits for an answer. What is not open any more needs no command. */
void risk_request_on_command(risk_step_context *step, const cb_order_command *command)
{
    const risk_reservation *named = order_named(step->state, command->intent_id);
    const bool is_ours = cb_text_equal(command->account, step->state->account.account);
    if (!is_ours || named == NULL || cb_id_is_none(command->command_id) ||
        command->kind == CB_COMMAND_NONE) {
        return;
    }
    pass_on(step, command, named);
}
