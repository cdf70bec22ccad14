/* A strategy as one text of rules (docs/howto/rule-strategies.md):
 *
 *   strategy golden_cross
 *   timeframe 5m
 *   param fast = 12 in 2..200
 *   entry long: crosses_above(ema(close, fast), ema(close, 26)) and rsi(14) < 70
 *   exit long: crosses_below(ema(close, fast), ema(close, 26))
 *   stop: 2 * atr(14)
 *   take profit: 3 * atr(14)
 */
#ifndef CB_EXPR_RULES_H
#define CB_EXPR_RULES_H

#include "expr/expr.h"

typedef enum cb_rules_output {
    CB_RULES_ENTRY_LONG,
    CB_RULES_EXIT_LONG,
    CB_RULES_STOP,        /* distance below the close, quote units */
    CB_RULES_TAKE_PROFIT, /* distance above it */
    CB_RULES_CONFIDENCE,  /* 0 … 1 */
    CB_RULES_OUTPUTS_COUNT
} cb_rules_output;

#define CB_RULES_CONFIDENCE_DEFAULT 0.6

extern const cb_expr_output_spec cb_rules_outputs[CB_RULES_OUTPUTS_COUNT];

/* What a text says of the bar that it saw last. */
typedef struct cb_rules_opinion {
    cb_side side;           /* BUY, SELL or NONE */
    double confidence;      /* 0 … 1 */
    double stop_distance;   /* above 0 for BUY */
    double profit_distance; /* above 0 for BUY */
} cb_rules_opinion;

/** cb_expr_compile with the lines of a strategy. settings [borrowed for the call], may be NULL. */
CB_MUST_USE cb_status cb_rules_compile(cb_strview text,
    const cb_expr_setting *settings,
    uint32_t settings_count,
    cb_expr_work *work,
    cb_expr_program *out,
    cb_expr_error *error);

/** True when the text is meant for a symbol: it names it, or none. */
bool cb_rules_takes(const cb_expr_program *program, const char *symbol);

/**
 * The opinion after a step that returned true. The exit goes before the entry; an entry needs a
 * stop and a take profit above 0 and a confidence, else there is no opinion.
 */
void cb_rules_judge(const cb_expr_program *program, const void *state, cb_rules_opinion *opinion);

#endif /* CB_EXPR_RULES_H */
