/* libFuzzer target: any text through the compiler of the expression language, as an expression and
 * as a strategy's rules. What compiles runs over bars of its own seed; every value must be finite,
 * two runs must agree, and an error must point into the text. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/prng.h"
#include "expr/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define BARS 120
#define STATE_MAX ((size_t)1 << 22)
#define MINUTE_NS INT64_C(60000000000)

static cb_bar random_bar(cb_prng *prng, int64_t *minute)
{
    static const double scales[] = {1, 1, 1, 1e-6, 1e6, 1e12, 1e25};
    const double scale = scales[cb_prng_below(prng, sizeof scales / sizeof scales[0])];
    const double close = scale * (double)(1 + cb_prng_below(prng, 100000)) / 100;
    const double open = scale * (double)(1 + cb_prng_below(prng, 100000)) / 100;
    *minute += cb_prng_below(prng, 8) == 0 ? (int64_t)cb_prng_below(prng, 500) : 1;
    return (cb_bar){.open_ts_ns = *minute * MINUTE_NS,
        .open = open,
        .high = open > close ? open * 2 : close * 2,
        .low = open < close ? open / 2 : close / 2,
        .close = close,
        .volume = cb_prng_below(prng, 4) == 0 ? 0 : (double)cb_prng_below(prng, 1000) / 8};
}

static void check_values(const cb_expr_program *program, const void *state)
{
    const cb_expr_info *info = cb_expr_describe(program);
    for (uint32_t i = 0; i < CB_EXPR_OUTPUTS_MAX; i++) {
        const cb_expr_value value = cb_expr_output(program, state, i);
        CB_ASSERT(isfinite(value.number));
        CB_ASSERT(!info->has_output[i] || info->output_types[i] == CB_EXPR_NUMBER ||
                  value.is_none || (value.number >= 0 && value.number <= 1));
    }
    for (uint32_t i = 0; i < info->plots_count; i++) {
        CB_ASSERT(isfinite(cb_expr_plot(program, state, i).number));
    }
    for (uint32_t i = 0; i < info->calls_count; i++) {
        CB_ASSERT(isfinite(cb_expr_call(program, state, i).number));
    }
}

static uint64_t run(const cb_expr_program *program, void *state, uint64_t seed)
{
    cb_prng prng;
    int64_t minute = 27000000;
    cb_prng_init(&prng, seed);
    cb_expr_init(program, state);
    for (int i = 0; i < BARS; i++) {
        const cb_bar bar = random_bar(&prng, &minute);
        (void)cb_expr_step(program, state, &bar);
        check_values(program, state);
    }
    return cb_expr_hash(CB_HASH_SEED, program, state);
}

static void check_error(const cb_expr_error *error, cb_strview text)
{
    static char shown[2048];
    CB_ASSERT(error->line >= 1 && error->column >= 1);
    CB_ASSERT(error->size >= 1 && error->text[0] != '\0');
    CB_ASSERT(error->column <= text.size + 1);
    (void)cb_expr_error_print(error, text, "fuzz", shown, sizeof shown);
}

static void try_text(cb_strview text, bool is_rules)
{
    static uint64_t work[(1 << 20) / sizeof(uint64_t)];
    static uint64_t memory[(1 << 20) / sizeof(uint64_t)];
    static const cb_expr_catalogue plain = {.interval_s = 60};
    cb_expr_program *program = (cb_expr_program *)(void *)memory;
    cb_expr_work *scratch = (cb_expr_work *)(void *)work;
    cb_expr_error error;
    CB_ASSERT(cb_expr_work_size() <= sizeof work && cb_expr_program_size() <= sizeof memory);
    const cb_status status = is_rules ? cb_rules_compile(text, NULL, 0, scratch, program, &error)
                                      : cb_expr_compile(text, &plain, scratch, program, &error);
    if (status != CB_OK) {
        check_error(&error, text);
        return;
    }
    const size_t size = cb_expr_describe(program)->state_size;
    if (size > STATE_MAX) {
        return;
    }
    void *state = malloc(size); /* of its exact size: the sanitizer sees what goes beyond */
    CB_ASSERT(state != NULL);
    const uint64_t seed = cb_hash_bytes(CB_HASH_SEED, text.at, text.size);
    const uint64_t hash = run(program, state, seed);
    CB_ASSERT(run(program, state, seed) == hash);
    free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const cb_strview text = {(const char *)bytes, size};
    try_text(text, false);
    try_text(text, true);
    return 0;
}
