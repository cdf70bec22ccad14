/* A small language for indicators and rules that people write themselves:
 * `ema(close, 12) > ema(close, 26) and rsi(14) < 70`. Text is compiled once into a straight line of
 * instructions; the program then takes closed bars, one after the other, in bounded time and with
 * memory whose size is known at compile time. It cannot look ahead: history reaches back only, and
 * bars of longer timeframes count from their close on.
 *
 * What cannot be computed (a division by zero, the root of a negative number, an indicator that is
 * not warm yet) is the value none. It propagates, and a rule whose answer is none does not hold. No
 * value is ever infinite or not a number.
 *
 *   cb_expr_compile(text, &catalogue, work, program, &error)  text into a program
 *   cb_expr_describe(program)                                 state size, warm-up, parameters,
 * calls cb_expr_init(program, state)                              state: the caller's, aligned to 8
 *   cb_expr_step(program, state, &bar)                        one closed bar
 *   cb_expr_output(program, state, index), cb_expr_plot(…)    its values
 *
 * The language is described in docs/howto/expressions.md; strategies in this language in
 * expr/rules.h. */
#ifndef CB_EXPR_H
#define CB_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strview.h"
#include "ind/indicator.h"

#define CB_EXPR_TEXT_MAX 12288 /* bytes of a program's text */
#define CB_EXPR_NAME_MAX 24    /* of a name, with its NUL */
#define CB_EXPR_PARAMS_MAX 24
#define CB_EXPR_LETS_MAX 64
#define CB_EXPR_OUTPUTS_MAX 12
#define CB_EXPR_PLOTS_MAX 12
#define CB_EXPR_SYMBOLS_MAX 16
#define CB_EXPR_FRAMES_MAX 6  /* timeframes longer than the base */
#define CB_EXPR_CALLS_MAX 96  /* different indicator calls */
#define CB_EXPR_NODES_MAX 768 /* different values */
#define CB_EXPR_HISTORY_MAX 5000
#define CB_EXPR_CALL_TEXT_MAX 64

typedef enum cb_expr_type { CB_EXPR_NUMBER, CB_EXPR_BOOLEAN } cb_expr_type;

typedef struct cb_expr_value {
    bool is_none;
    double number; /* finite; a boolean is 0 or 1; 0 when none */
} cb_expr_value;

/* A line `name: expression` that texts of a kind may have. */
typedef struct cb_expr_output_spec {
    const char *name; /* one or two words: "entry long" */
    cb_expr_type type;
    bool is_required;
    const char *help;
} cb_expr_output_spec;

/* The value of a parameter in place of its default. */
typedef struct cb_expr_setting {
    const char *name;
    double value;
} cb_expr_setting;

/* What a text may say. Without outputs it ends in one bare expression, which is output 0. */
typedef struct cb_expr_catalogue {
    uint32_t interval_s; /* of the bars; 0: as the text's `timeframe` says, 60 without one */
    const cb_expr_output_spec *outputs; /* [borrowed for the call] */
    uint32_t outputs_count;
    const cb_expr_setting *settings; /* [borrowed for the call] */
    uint32_t settings_count;
} cb_expr_catalogue;

/* Where and why a text was refused. */
typedef struct cb_expr_error {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
    uint32_t size;   /* characters that are meant, at least 1 */
    char text[200];
    char hint[120]; /* "did you mean 'ema'?", or "" */
} cb_expr_error;

typedef struct cb_expr_param {
    char name[CB_EXPR_NAME_MAX];
    double default_value;
    double min;
    double max;
    double step;  /* 0: none given; 1 when all of default, min and max are whole */
    double value; /* the one compiled in */
} cb_expr_param;

typedef struct cb_expr_plot_info {
    char name[CB_EXPR_NAME_MAX];
    cb_expr_type type;
} cb_expr_plot_info;

typedef struct cb_expr_call_info {
    char text[CB_EXPR_CALL_TEXT_MAX]; /* "ema(close, period = 12)@1h", cut where too long */
    uint32_t warmup_bars;             /* bars of the base timeframe */
} cb_expr_call_info;

typedef struct cb_expr_info {
    char name[CB_EXPR_NAME_MAX]; /* from `strategy`, or "" */
    uint32_t interval_s;
    uint32_t symbols_count; /* 0: all */
    char symbols[CB_EXPR_SYMBOLS_MAX][CB_EXPR_NAME_MAX];
    uint32_t params_count;
    cb_expr_param params[CB_EXPR_PARAMS_MAX];
    bool has_output[CB_EXPR_OUTPUTS_MAX];
    cb_expr_type output_types[CB_EXPR_OUTPUTS_MAX];
    uint32_t plots_count;
    cb_expr_plot_info plots[CB_EXPR_PLOTS_MAX];
    uint32_t frames_count;
    uint32_t frames_s[CB_EXPR_FRAMES_MAX];
    uint32_t calls_count; /* indicators that are computed, each once */
    cb_expr_call_info calls[CB_EXPR_CALLS_MAX];
    uint32_t instructions_count;
    uint32_t warmup_bars; /* base bars until every output can have a value */
    size_t state_size;    /* bytes, a multiple of 8 */
    uint64_t hash;        /* of text, timeframe and parameter values */
} cb_expr_info;

/* Without pointers: may be copied, and kept in a core's state. */
typedef struct cb_expr_program cb_expr_program;
/* Scratch memory of one compilation. */
typedef struct cb_expr_work cb_expr_work;

/** Bytes of a program and of the scratch memory, both aligned to 8. */
size_t cb_expr_program_size(void);
size_t cb_expr_work_size(void);

/**
 * Compiles a text. Does not allocate; the same text and catalogue give the same program.
 *
 * @param text [borrowed for the call]
 * @param out [out] whole only on CB_OK.
 * @param error [out] filled when the text is refused.
 * @return CB_OK; CB_E_SYNTAX; CB_E_FULL when the text is too large for the named maxima.
 */
CB_MUST_USE cb_status cb_expr_compile(cb_strview text,
    const cb_expr_catalogue *catalogue,
    cb_expr_work *work,
    cb_expr_program *out,
    cb_expr_error *error);

/** What is known of a program. [borrowed until the program changes] */
const cb_expr_info *cb_expr_describe(const cb_expr_program *program);

/** Begins a run: state holds describe()->state_size bytes, aligned to 8, of any content. */
void cb_expr_init(const cb_expr_program *program, void *state);
/**
 * Takes the next closed bar of the base timeframe: finite numbers, opened later than the last one
 * and not before 1970; another bar changes nothing.
 *
 * @return true once warm: warmup_bars have come, this one included.
 */
bool cb_expr_step(const cb_expr_program *program, void *state, const cb_bar *bar);

/** The value of an output (index into the catalogue) after the last step; none when the text does
 *  not have it. */
cb_expr_value cb_expr_output(const cb_expr_program *program, const void *state, uint32_t index);
/** True when a boolean output holds: not when it is none. */
bool cb_expr_holds(const cb_expr_program *program, const void *state, uint32_t index);
cb_expr_value cb_expr_plot(const cb_expr_program *program, const void *state, uint32_t index);
/** The first output of call index, for records of what a decision rested on. */
cb_expr_value cb_expr_call(const cb_expr_program *program, const void *state, uint32_t index);
/** Continues a state hash: equal runs give equal hashes on every machine. */
uint64_t cb_expr_hash(uint64_t hash, const cb_expr_program *program, const void *state);

/**
 * The error as people read it: place, message, the line with a mark below, the hint.
 *
 * @param file names the text in the first line; "" leaves it out.
 * @return length without the NUL; cut at out_size.
 */
size_t cb_expr_error_print(
    const cb_expr_error *error, cb_strview text, const char *file, char *out, size_t out_size);

/* Names for completion and documentation; NULL past the end. */
typedef struct cb_expr_function_info {
    const char *name;
    const char *usage; /* "min(a, b, …)" */
    const char *help;
} cb_expr_function_info;
const cb_expr_function_info *cb_expr_function_at(uint32_t index);
const cb_expr_function_info *cb_expr_series_at(uint32_t index);

#endif /* CB_EXPR_H */
