/* Texts of rules into programs that run. A text is refused here for the same reasons as in the
 * shell, which says them to people; here a refusal only leaves the old program in place. */
#include "services/signals/core/rules.h"

#include <string.h>

#include "base/mac.h"
#include "base/strview.h"

/* One program more than slots: a text is compiled there before it takes an old one's place. */
#define PROGRAMS_COUNT (SIGNALS_RULES_MAX + 1U)
#define SPARE SIGNALS_RULES_MAX

static bool is_rules(const signals_instance *instance)
{
    return instance->strategy == STRATEGY_rules;
}

size_t signals_rules_size(const signals_plan *plan)
{
    bool is_needed = false;
    for (uint32_t i = 0; i < plan->instances_count; i++) {
        is_needed = is_needed || is_rules(&plan->instances[i]);
    }
    CB_ASSERT(cb_expr_program_size() % sizeof(uint64_t) == 0);
    return is_needed ? PROGRAMS_COUNT * cb_expr_program_size() + cb_expr_work_size() : 0;
}

static cb_expr_program *program_at(const signals_state *state, uint32_t index)
{
    CB_ASSERT(state->rules_memory != NULL);
    CB_ASSERT(index < PROGRAMS_COUNT);
    return (cb_expr_program *)(void *)(state->rules_memory + index * cb_expr_program_size());
}

const cb_expr_program *signals_rules_program(
    const signals_state *state, const signals_rules_slot *slot)
{
    const ptrdiff_t index = slot - state->rules;
    CB_ASSERT(index >= 0 && (uint32_t)index < SIGNALS_RULES_MAX);
    CB_ASSERT(slot->version > 0);
    return program_at(state, (uint32_t)index);
}

const signals_rules_slot *signals_rules_of(
    const signals_state *state, const signals_symbol *symbol, const signals_instance *instance)
{
    if (!is_rules(instance)) {
        return NULL;
    }
    for (uint32_t i = 0; i < SIGNALS_RULES_MAX; i++) {
        const signals_rules_slot *slot = &state->rules[i];
        if (slot->version == 0) {
            continue;
        }
        const cb_expr_program *program = signals_rules_program(state, slot);
        if (cb_expr_describe(program)->interval_s == instance->interval_s) {
            return cb_rules_takes(program, symbol->name) ? slot : NULL;
        }
    }
    return NULL;
}

uint32_t signals_warmup_bars(
    const signals_state *state, const signals_symbol *symbol, const signals_instance *instance)
{
    const signals_rules_slot *slot = signals_rules_of(state, symbol, instance);
    if (slot != NULL) {
        return cb_expr_describe(signals_rules_program(state, slot))->warmup_bars;
    }
    return strategy_at(instance->strategy)->warmup_bars(state->config->params[instance->strategy]);
}

/* ---- checks; the shell asks the same before it feeds a text ---- */

uint32_t signals_rules_index(const char *files, const char *file)
{
    uint32_t index = 0;
    for (cb_strview item = signals_list_item(files, 0); item.size > 0 && index < SIGNALS_RULES_MAX;
         item = signals_list_item(files, ++index)) {
        if (cb_sv_is(item, file)) {
            return index;
        }
    }
    return SIGNALS_RULES_MAX;
}

static const signals_instance *find_instance(const signals_plan *plan, uint32_t interval_s)
{
    for (uint32_t i = 0; i < plan->instances_count; i++) {
        if (is_rules(&plan->instances[i]) && plan->instances[i].interval_s == interval_s) {
            return &plan->instances[i];
        }
    }
    return NULL;
}

static cb_status check_program(
    const signals_state *state, uint32_t index, const cb_expr_info *info, cb_err *err)
{
    const signals_instance *instance = find_instance(&state->plan, info->interval_s);
    if (instance == NULL) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "strategies names no rules of its timeframe of %u seconds",
            info->interval_s);
    }
    if (info->state_size > instance->state_size) {
        return CB_FAIL(err,
            CB_E_FULL,
            "its rules take %zu bytes per symbol, strategy.rules.memory allows %zu",
            info->state_size,
            instance->state_size);
    }
    for (uint32_t i = 0; i < SIGNALS_RULES_MAX; i++) {
        if (i != index && state->rules[i].version > 0 &&
            cb_expr_describe(program_at(state, i))->interval_s == info->interval_s) {
            return CB_FAIL(
                err, CB_E_EXISTS, "another file has rules of %u seconds", info->interval_s);
        }
    }
    return CB_OK;
}

cb_status signals_rules_check(const void *state,
    const signals_rules *rules,
    void *work,
    void *program,
    char *why,
    size_t why_size)
{
    const signals_state *s = state;
    const cb_strview text = cb_sv_from(rules->text);
    cb_expr_error error;
    cb_err err = {0};
    CB_ASSERT(why != NULL && why_size > 0);
    const uint32_t index = signals_rules_index(s->config->rules_files, rules->file);
    why[0] = '\0';
    if (index == SIGNALS_RULES_MAX || s->rules_memory == NULL) {
        cb_textbuf words = cb_textbuf_over(why, why_size);
        cb_textbuf_add(&words,
            s->rules_memory == NULL ? "strategies names no rules" : "rules.files does not name it");
        return CB_E_CONFIG;
    }
    cb_status status = cb_rules_compile(text, NULL, 0, work, program, &error);
    if (status != CB_OK) {
        (void)cb_expr_error_print(&error, text, rules->file, why, why_size);
        return status;
    }
    status = check_program(s, index, cb_expr_describe(program), &err);
    if (status != CB_OK) {
        cb_textbuf words = cb_textbuf_over(why, why_size);
        cb_textbuf_add(&words, err.text);
    }
    return status;
}

/* ---- a new text ---- */

static void store(
    const signals_state *state, uint32_t index, const signals_rules *rules, cb_outbox *out)
{
    static const uint32_t tables[] = {SIGNALS_TABLE_RULES, SIGNALS_TABLE_RULES_NOW};
    const cb_expr_info *info = cb_expr_describe(program_at(state, index));
    for (uint32_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        signals_rules *row = CB_STORE(out, tables[i], signals_rules);
        *row = *rules;
        row->version = state->rules[index].version;
        row->interval_s = info->interval_s;
        row->warmup_bars = info->warmup_bars;
        memcpy(row->name, info->name, sizeof row->name);
        memcpy(row->text_hash, state->rules[index].text_hash, sizeof row->text_hash);
    }
}

/* What a program knows is a function of the candles: it begins anew, and the past is asked for. */
static void restart_symbol(
    signals_state *state, signals_symbol *symbol, bool must_ask, cb_outbox *out)
{
    for (uint32_t i = 0; i < state->plan.instances_count; i++) {
        if (is_rules(&state->plan.instances[i])) {
            signals_init_instance(state, symbol, i);
        }
    }
    if (!must_ask) {
        return;
    }
    if (!symbol->is_waiting) {
        signals_ask_history(state, symbol, out);
    } else {
        symbol->is_stale_history = symbol->is_stale_history || symbol->is_answering;
    }
}

void signals_on_rules(signals_state *state, const cb_event *event, cb_outbox *out)
{
    const signals_rules *rules = CB_BODY(event, signals_rules);
    const uint32_t index = signals_rules_index(state->config->rules_files, rules->file);
    char why[CB_ERR_TEXT_MAX];
    uint8_t hash[CB_SHA256_SIZE];
    if (index == SIGNALS_RULES_MAX || state->rules_memory == NULL) {
        return;
    }
    cb_sha256(rules->text, strlen(rules->text), hash);
    signals_rules_slot *slot = &state->rules[index];
    if (slot->version > 0 && memcmp(slot->text_hash, hash, sizeof hash) == 0) {
        return;
    }
    uint8_t *work = state->rules_memory + PROGRAMS_COUNT * cb_expr_program_size();
    cb_expr_program *spare = program_at(state, SPARE);
    if (signals_rules_check(state, rules, work, spare, why, sizeof why) != CB_OK) {
        state->counts.rules_refused++;
        return;
    }
    memcpy(program_at(state, index), spare, cb_expr_program_size());
    slot->version = event->is_recovery ? rules->version : slot->version + 1;
    memcpy(slot->text_hash, hash, sizeof hash);
    CB_ASSERT(slot->version > 0);
    state->counts.rules_taken++;
    if (!event->is_recovery) {
        store(state, index, rules, out);
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        restart_symbol(state, &state->symbols[i], !event->is_recovery, out);
    }
}
