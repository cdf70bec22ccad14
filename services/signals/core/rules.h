/* The texts of rules that run: one per file of `rules.files`, each for the instance "rules" of its
 * timeframe. A text comes as an event, is compiled, stored with its version, and takes effect when
 * the past has been worked through with it. */
#ifndef SIGNALS_RULES_H
#define SIGNALS_RULES_H

#include "base/textbuf.h"
#include "expr/rules.h"
#include "services/signals/core/signals_internal.h"

/** Bytes behind the strategies' memory: programs and the compiler's scratch; 0 when no instance is
 *  of rules. */
size_t signals_rules_size(const signals_plan *plan);

/** The slot whose program an instance runs for a symbol; NULL: it has none. */
const signals_rules_slot *signals_rules_of(
    const signals_state *state, const signals_symbol *symbol, const signals_instance *instance);
/** Its index among the configured files; SIGNALS_RULES_MAX: none of them. */
uint32_t signals_rules_index(const char *files, const char *file);
const cb_expr_program *signals_rules_program(
    const signals_state *state, const signals_rules_slot *slot);

/** A text: checked, stored with its version, put to work. */
void signals_on_rules(signals_state *state, const cb_event *event, cb_outbox *out);

/** strategies/rules.c: a bar for a program whose state this is. */
bool strategy_rules_step(const signals_rules_slot *slot,
    const cb_expr_program *program,
    void *state,
    const cb_bar *bar,
    strategy_opinion *opinion);

#endif /* SIGNALS_RULES_H */
