/* From an intent to its answer: facts, size, every rule in order, then a permit with its
 * reservation, or a denial named by the first rule that refused. All verdicts are kept either way,
 * so that "why" and "why not" have the same answer. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "domain/permit.h"
#include "services/risk/core/order_rate.h"
#include "services/risk/core/state.h"

#define VERDICTS_MAX 24
_Static_assert(RISK_RULES_COUNT <= VERDICTS_MAX, "a permit holds the verdict of every rule");

/* What the rules said about one intent. */
typedef struct judgement {
    risk_facts facts;
    uint64_t number;
    uint32_t verdicts_count;
    cb_verdict verdicts[VERDICTS_MAX];
    bool is_granted;
    const char *rule;    /* that refused */
    uint32_t rule_index; /* RISK_RULES_COUNT for stale_intent */
    risk_finding found;  /* its finding */
} judgement;

static void copy_text(char *out, size_t size, const char *text)
{
    const bool fits = cb_text_copy(out, size, cb_sv_from(text));
    CB_ASSERT(fits);
}

static void lower_case(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
}

static void print_unit(const risk_facts *facts, const char *quote, risk_unit unit, char out[12])
{
    static const char *const names[RISK_UNIT_COUNT_OF_UNITS] = {
        [RISK_UNIT_QUOTE] = "quote",
        [RISK_UNIT_BASE] = "base",
        [RISK_UNIT_RATIO] = "ratio",
        [RISK_UNIT_COUNT] = "count",
        [RISK_UNIT_MS] = "ms",
        [RISK_UNIT_LEVEL] = "level",
    };
    CB_ASSERT(unit < RISK_UNIT_COUNT_OF_UNITS);
    const char *name = names[unit];
    if (unit == RISK_UNIT_QUOTE) {
        name = quote;
    } else if (unit == RISK_UNIT_BASE && facts->instrument != NULL) {
        name = facts->instrument->base_asset;
    }
    copy_text(out, 12, name);
    lower_case(out);
}

static void add_verdict(
    const risk_state *state, judgement *judged, const char *rule, const risk_finding *found)
{
    CB_ASSERT(judged->verdicts_count < VERDICTS_MAX);
    cb_verdict *verdict = &judged->verdicts[judged->verdicts_count++];
    copy_text(verdict->rule, sizeof(verdict->rule), rule);
    verdict->is_pass = found->is_pass;
    verdict->observed.e8 = found->observed_e8;
    verdict->limit.e8 = found->limit_e8;
    print_unit(&judged->facts, state->config->quote_asset, found->unit, verdict->unit);
    if (!found->is_pass && judged->is_granted) {
        judged->is_granted = false;
        judged->rule = rule;
        judged->found = *found;
    }
}

static void evaluate(const risk_state *state, judgement *judged)
{
    judged->is_granted = true;
    for (uint32_t i = 0; i < RISK_RULES_COUNT; i++) {
        const risk_rule *rule = risk_rules[i];
        risk_finding found = rule->check(&judged->facts, state->config->rules[i]);
        if (judged->facts.is_reducing && !rule->applies_to_reducing) {
            found.is_pass = true; /* recorded as seen, without a say */
        }
        judged->rule_index = judged->is_granted ? i : judged->rule_index;
        add_verdict(state, judged, rule->name, &found);
    }
    CB_ASSERT(judged->verdicts_count == RISK_RULES_COUNT);
    CB_ASSERT(judged->is_granted || judged->rule != NULL);
}

static void fill_envelope(cb_envelope *env, const cb_intent *intent)
{
    CB_ASSERT(intent != NULL);
    env->causation_id = intent->env.event_id;
    env->correlation_id =
        cb_id_is_none(intent->env.correlation_id) ? intent->signal_id : intent->env.correlation_id;
    env->origin_ns = intent->env.origin_ns;
}

static void store_judgement(
    risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    risk_judgement *row = CB_STORE(step->out, RISK_TABLE_JUDGEMENT, risk_judgement);
    cb_envelope env = {.seq = 0};
    fill_envelope(&env, intent);
    row->intent_id = intent->intent_id;
    row->correlation_id = env.correlation_id;
    row->number = judged->number;
    memcpy(row->account, intent->account, sizeof(row->account));
    memcpy(row->symbol, intent->symbol, sizeof(row->symbol));
    memcpy(row->strategy, intent->strategy, sizeof(row->strategy));
    row->is_granted = judged->is_granted;
    copy_text(row->rule, sizeof(row->rule), judged->is_granted ? "" : judged->rule);
    row->wanted_qty.e8 = judged->facts.wanted_qty_e8;
    row->qty.e8 = judged->facts.qty_e8;
    row->equity.e8 = judged->facts.equity_e8;
    row->exposure.e8 = judged->facts.exposure_e8;
    row->limits_version = step->state->limits.version;
    row->judged_ns = step->now_ns;
    row->verdicts_count = judged->verdicts_count;
    memcpy(row->verdicts, judged->verdicts, sizeof(row->verdicts));
}

/* ---- granting ---- */

static void reserve(risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    risk_reservation *row = risk_reservation_take(step->state, step->now_ns);
    const cb_id correlation_id = intent->env.correlation_id;
    row->intent_id = intent->intent_id;
    row->correlation_id = cb_id_is_none(correlation_id) ? intent->signal_id : correlation_id;
    memcpy(row->venue, intent->venue, sizeof(row->venue));
    memcpy(row->symbol, intent->symbol, sizeof(row->symbol));
    memcpy(row->strategy, intent->strategy, sizeof(row->strategy));
    row->side = intent->side;
    row->state = CB_ORDER_STATE_READY;
    row->qty.e8 = judged->facts.qty_e8;
    row->remaining = row->qty;
    row->price.e8 = judged->facts.price_e8;
    row->unit_cost.e8 = judged->facts.unit_cost_e8;
    row->group_id = intent->group_id;
    row->role = intent->role;
    row->leg = intent->role == CB_ROLE_TAKE_PROFIT ? RISK_LEG_FIRST : 0;
    row->replaces = intent->replaces;
    row->limit_price = intent->limit_price;
    const bool has_place = risk_sub_open(step, intent->strategy, intent->symbol);
    CB_ASSERT(has_place); /* a missing place refuses every order */
    CB_ASSERT(row->qty.e8 > 0);
    CB_ASSERT(row->unit_cost.e8 >= row->price.e8);
}

static void take_tokens(risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    const risk_key key = {.venue = intent->venue,
        .account = intent->account,
        .strategy = intent->strategy,
        .symbol = intent->symbol};
    risk_windows_take(step, &key, judged->facts.notional_e8);
    risk_turn_end(step, intent->strategy);
    risk_state *state = step->state;
    const int64_t *params = state->config->rules[RISK_RULE_ID_order_rate];
    risk_counter_slot *account = risk_counter_take(state, "account", state->account.account);
    risk_counter_slot *strategy = risk_counter_take(state, "strategy", intent->strategy);
    CB_ASSERT(account != NULL);
    account->row.full_ns =
        risk_order_rate_take(account->row.full_ns, step->now_ns, risk_order_rate_account(params));
    account->is_changed = true;
    if (strategy != NULL) { /* a reduction passes without a limiter of its own */
        strategy->row.full_ns = risk_order_rate_take(
            strategy->row.full_ns, step->now_ns, risk_order_rate_strategy(params));
        strategy->is_changed = true;
    }
}

static void copy_terms(cb_permit *permit, const cb_intent *intent)
{
    permit->intent_id = intent->intent_id;
    permit->signal_id = intent->signal_id;
    memcpy(permit->account, intent->account, sizeof(permit->account));
    memcpy(permit->venue, intent->venue, sizeof(permit->venue));
    memcpy(permit->symbol, intent->symbol, sizeof(permit->symbol));
    memcpy(permit->strategy, intent->strategy, sizeof(permit->strategy));
    permit->side = intent->side;
    permit->purpose = intent->purpose;
    permit->order_type = intent->order_type;
    permit->tif = intent->tif;
    permit->reduce_only = intent->reduce_only;
    permit->limit_price = intent->limit_price;
    permit->reference_price = intent->reference_price;
    permit->stop_loss = intent->stop_loss;
    permit->take_profit = intent->take_profit;
    permit->data_ts_ns = intent->data_ts_ns;
    permit->not_after_ns = intent->not_after_ns;
    permit->trigger_price = intent->trigger_price;
    permit->trigger_kind = intent->trigger_kind;
    permit->trailing_bips = intent->trailing_bips;
    permit->group_id = intent->group_id;
    permit->role = intent->role;
    permit->max_slippage = intent->max_slippage;
    permit->timeout_ns = intent->timeout_ns;
    permit->stop_limit = intent->stop_limit;
    permit->replaces = intent->replaces;
}

static void grant(risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    const risk_state *state = step->state;
    cb_permit *permit = CB_PUBLISH(step->out, CB_SUBJECT_PERMIT, RISK_TABLE_PERMIT, cb_permit);
    fill_envelope(&permit->env, intent);
    copy_terms(permit, intent);
    permit->permit_id = cb_id_make(
        "risk.permit", cb_hash_text(CB_HASH_SEED, state->account.account), judged->number);
    permit->qty.e8 = judged->facts.qty_e8;
    permit->reserved.e8 = judged->facts.is_buy ? judged->facts.cost_e8 : 0;
    const int64_t expires_ns = risk_add(step->now_ns, state->config->permit_ttl_ns);
    permit->expires_ns = expires_ns < intent->not_after_ns ? expires_ns : intent->not_after_ns;
    permit->limits_version = state->limits.version;
    memcpy(permit->caps_hash, state->account.caps_hash, sizeof(permit->caps_hash));
    permit->verdicts_count = judged->verdicts_count;
    memcpy(permit->verdicts, judged->verdicts, sizeof(permit->verdicts));
    const char *key = state->config->permit_key;
    cb_permit_sign(permit, (const uint8_t *)key, strlen(key));
    CB_ASSERT(permit->expires_ns > step->now_ns);
    CB_ASSERT(permit->qty.e8 > 0);
    step->state->permits_count++;
    reserve(step, intent, judged);
    take_tokens(step, intent, judged);
}

/* ---- denying ---- */

#define TURN_PARTS 8

/* A shared limit was full: the strategy waits for its turn. Who left the size to us waits for a
 * part of what it wanted, so that it holds up the others no longer than it must. */
static void wait_for_turn(risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    const risk_book_line *line = risk_book_refusal(&judged->facts);
    const bool is_book = judged->rule_index == RISK_RULE_ID_limit_book;
    const bool is_mine = !is_book || line == NULL || line->is_each;
    if (is_mine || (risk_kinds[line->kind].flags & RISK_KIND_SHARED) == 0) {
        return;
    }
    const int64_t need_e8 = risk_book_need(&judged->facts, line);
    const int64_t part_e8 = line->bound_e8 / TURN_PARTS;
    const bool is_sized_by_us = intent->qty.e8 == 0 && need_e8 > part_e8;
    const int64_t amount_e8 = is_sized_by_us ? part_e8 : need_e8;
    CB_ASSERT(amount_e8 >= 0);
    if (amount_e8 <= line->bound_e8) { /* else no turn would ever serve it */
        risk_turn_wait(step, line->label, intent->strategy, amount_e8);
    }
}

static void deny(risk_step_context *step, const cb_intent *intent, const judgement *judged)
{
    cb_denial *denial = CB_PUBLISH(step->out, CB_SUBJECT_DENIAL, RISK_TABLE_DENIAL, cb_denial);
    CB_ASSERT(!judged->is_granted);
    CB_ASSERT(judged->rule != NULL);
    step->state->denials_count[judged->rule_index]++;
    fill_envelope(&denial->env, intent);
    denial->intent_id = intent->intent_id;
    denial->signal_id = intent->signal_id;
    memcpy(denial->account, intent->account, sizeof(denial->account));
    memcpy(denial->venue, intent->venue, sizeof(denial->venue));
    memcpy(denial->symbol, intent->symbol, sizeof(denial->symbol));
    memcpy(denial->strategy, intent->strategy, sizeof(denial->strategy));
    denial->side = intent->side;
    denial->purpose = intent->purpose;
    copy_text(denial->rule, sizeof(denial->rule), judged->rule);
    denial->observed.e8 = judged->found.observed_e8;
    denial->limit.e8 = judged->found.limit_e8;
    print_unit(&judged->facts, step->state->config->quote_asset, judged->found.unit, denial->unit);
    copy_text(denial->detail, sizeof(denial->detail), judged->found.detail);
    denial->limits_version = step->state->limits.version;
    denial->verdicts_count = judged->verdicts_count;
    memcpy(denial->verdicts, judged->verdicts, sizeof(denial->verdicts));
}

static void begin(risk_step_context *step, const cb_intent *intent, judgement *judged)
{
    risk_state *state = step->state;
    const bool is_new = cb_idset_add(&state->judged_seen, intent->intent_id);
    CB_ASSERT(is_new);
    memset(judged, 0, sizeof(*judged));
    judged->number = ++state->account.judged_count;
    state->is_account_changed = true;
    risk_facts_gather(state, intent, step->now_ns, &judged->facts);
}

static void judge(risk_step_context *step, const cb_intent *intent, judgement *judged)
{
    begin(step, intent, judged);
    risk_size_order(step->state, &judged->facts);
    evaluate(step->state, judged);
    store_judgement(step, intent, judged);
    if (judged->is_granted) {
        grant(step, intent, judged);
    } else {
        deny(step, intent, judged);
        wait_for_turn(step, intent, judged);
    }
    CB_ASSERT(judged->number == step->state->account.judged_count);
}

void risk_judge_intent(risk_step_context *step, const cb_intent *intent)
{
    judgement judged;
    judge(step, intent, &judged);
}

void risk_judge_asked(risk_step_context *step, const cb_intent *intent, risk_answer *answer)
{
    judgement judged;
    judge(step, intent, &judged);
    *answer = (risk_answer){.is_granted = judged.is_granted, .qty_e8 = judged.facts.qty_e8};
    if (judged.is_granted) {
        return;
    }
    cb_textbuf why = cb_textbuf_over(answer->why, sizeof(answer->why));
    cb_textbuf_add(&why, judged.rule);
    cb_textbuf_add(&why, ": ");
    cb_textbuf_add(&why, judged.found.detail[0] != '\0' ? judged.found.detail : "observed ");
    if (judged.found.detail[0] == '\0') {
        cb_textbuf_add_e8(&why, judged.found.observed_e8);
        cb_textbuf_add(&why, ", limit ");
        cb_textbuf_add_e8(&why, judged.found.limit_e8);
    }
}

void risk_judge_stale(risk_step_context *step, const cb_intent *intent)
{
    judgement judged;
    begin(step, intent, &judged);
    judged.is_granted = true;
    const int64_t late_ns = risk_sub(step->now_ns, intent->not_after_ns);
    const risk_finding found = {.is_pass = false,
        .observed_e8 = risk_ms_e8(late_ns > 0 ? late_ns : 0),
        .limit_e8 = 0,
        .unit = RISK_UNIT_MS,
        .detail = "not judged before its deadline"};
    judged.rule_index = RISK_RULES_COUNT;
    add_verdict(step->state, &judged, "stale_intent", &found);
    CB_ASSERT(!judged.is_granted);
    store_judgement(step, intent, &judged);
    deny(step, intent, &judged);
}
