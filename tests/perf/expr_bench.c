/* The expression language beside C written by hand for the same rule: bars a second of each, their
 * ratio, and what compiling takes. Both take the same bars and must agree on every one before they
 * are timed. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/prng.h"
#include "expr/expr.h"
#include "ind/parts.h"

#define BARS 525600 /* a year of minutes */
#define ROUNDS 7
#define RULE                                                                                       \
    "ema(close, 12) > ema(close, 26) and rsi(14) < 70 and "                                        \
    "close - close[1] < 2 * atr(14)"

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void make_bars(cb_bar *bars)
{
    cb_prng prng;
    double price = 20000;
    cb_prng_init(&prng, 1);
    for (int64_t i = 0; i < BARS; i++) {
        const double open = price;
        price += ((double)cb_prng_below(&prng, 2001) - 1000) / 50;
        price = price < 1 ? 1 : price;
        bars[i] = (cb_bar){.open_ts_ns = INT64_C(1640995200000000000) + i * INT64_C(60000000000),
            .open = open,
            .high = (open > price ? open : price) + 3,
            .low = (open < price ? open : price) - 3,
            .close = price,
            .volume = 1};
    }
}

/* ---- by hand ---- */

typedef struct average {
    double value;
    double alpha;
    uint32_t count;
    uint32_t period;
} average;

static inline bool push(average *to, double value)
{
    if (to->count == to->period) {
        to->value += to->alpha * (value - to->value);
        return true;
    }
    to->value += value;
    to->count++;
    if (to->count < to->period) {
        return false;
    }
    to->value /= to->period;
    return true;
}

static uint64_t by_hand(const cb_bar *bars, uint8_t *answers)
{
    average fast = {.alpha = 2.0 / 13, .period = 12};
    average slow = {.alpha = 2.0 / 27, .period = 26};
    average gain = {.alpha = 1.0 / 14, .period = 14};
    average loss = {.alpha = 1.0 / 14, .period = 14};
    average range = {.alpha = 1.0 / 14, .period = 14};
    uint64_t count = 0;
    for (uint32_t i = 0; i < BARS; i++) {
        const cb_bar *bar = &bars[i];
        const double before = i > 0 ? bars[i - 1].close : bar->close;
        const double change = bar->close - before;
        double true_range = bar->high - bar->low;
        if (i > 0) {
            true_range = fmax(true_range, fabs(bar->high - before));
            true_range = fmax(true_range, fabs(bar->low - before));
        }
        bool is_warm = push(&fast, bar->close);
        is_warm = push(&slow, bar->close) && is_warm;
        is_warm = push(&range, true_range) && is_warm;
        if (i > 0) {
            (void)push(&loss, change < 0 ? -change : 0);
            is_warm = push(&gain, change > 0 ? change : 0) && is_warm;
        }
        const double whole = gain.value + loss.value;
        const double strength = whole > 0 ? 100.0 * (gain.value / whole) : 50.0;
        const bool holds = i > 0 && is_warm && fast.value > slow.value && strength < 70 &&
                           change < 2 * range.value;
        answers[i] = holds ? 1 : 0;
        count += holds ? 1U : 0U;
    }
    return count;
}

/* ---- compiled ---- */

static uint64_t compiled(
    const cb_expr_program *program, void *state, const cb_bar *bars, uint8_t *answers)
{
    uint64_t count = 0;
    cb_expr_init(program, state);
    for (uint32_t i = 0; i < BARS; i++) {
        (void)cb_expr_step(program, state, &bars[i]);
        const bool holds = cb_expr_holds(program, state, 0);
        answers[i] = holds ? 1 : 0;
        count += holds ? 1U : 0U;
    }
    return count;
}

static void compile(cb_expr_work *work, cb_expr_program *program)
{
    static const cb_expr_catalogue catalogue = {.interval_s = 60};
    cb_expr_error error;
    const cb_status status = cb_expr_compile(CB_SV(RULE), &catalogue, work, program, &error);
    CB_ASSERT(status == CB_OK);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct figures {
    double hand_rate; /* bars a second */
    double compiled_rate;
    double ratio; /* median of the pairs' */
    double compile_us;
    uint64_t held;
} figures;

static double seconds(int64_t from_ns)
{
    return (double)(now_ns() - from_ns) / 1e9;
}

/* One beside the other in turn, so that both meet the same machine. */
static void measure(const cb_bar *bars, cb_expr_work *work, cb_expr_program *program, figures *out)
{
    uint8_t *wanted = malloc(BARS);
    uint8_t *got = malloc(BARS);
    void *state = malloc(cb_expr_describe(program)->state_size);
    double ratios[ROUNDS];
    double hand_s = 1e9;
    double compiled_s = 1e9;
    CB_ASSERT(wanted != NULL && got != NULL && state != NULL);
    out->held = by_hand(bars, wanted);
    (void)compiled(program, state, bars, got);
    CB_ASSERT(memcmp(wanted, got, BARS) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t begun_ns = now_ns();
        (void)by_hand(bars, wanted);
        const double hand = seconds(begun_ns);
        begun_ns = now_ns();
        (void)compiled(program, state, bars, got);
        const double machine = seconds(begun_ns);
        ratios[i] = machine / hand;
        hand_s = hand < hand_s ? hand : hand_s;
        compiled_s = machine < compiled_s ? machine : compiled_s;
    }
    qsort(ratios, ROUNDS, sizeof ratios[0], compare_doubles);
    const int64_t begun_ns = now_ns();
    for (int i = 0; i < 1000; i++) {
        compile(work, program);
    }
    out->compile_us = seconds(begun_ns) * 1e3;
    out->hand_rate = BARS / hand_s;
    out->compiled_rate = BARS / compiled_s;
    out->ratio = ratios[ROUNDS / 2];
    free(wanted);
    free(got);
    free(state);
}

int main(int argc, char **argv)
{
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    cb_bar *bars = malloc(BARS * sizeof *bars);
    cb_expr_work *work = malloc(cb_expr_work_size());
    cb_expr_program *program = malloc(cb_expr_program_size());
    figures found = {0};
    CB_ASSERT(bars != NULL && work != NULL && program != NULL);
    make_bars(bars);
    compile(work, program);
    measure(bars, work, program, &found);
    if (is_json) {
        (void)printf("{\"rule\":\"%s\",\"bars\":%d,\"held\":%" PRIu64 ",\"hand_bars_s\":%.0f,"
                     "\"compiled_bars_s\":%.0f,\"ratio\":%.2f,\"compile_us\":%.1f}\n",
            RULE,
            BARS,
            found.held,
            found.hand_rate,
            found.compiled_rate,
            found.ratio,
            found.compile_us);
    } else {
        (void)printf("rule: %s\n%d bars, it holds on %" PRIu64 " of them, the same by both\n",
            RULE,
            BARS,
            found.held);
        (void)printf("by hand in C  %8.1f million bars/s\n", found.hand_rate / 1e6);
        (void)printf(
            "compiled      %8.1f million bars/s, %.2f times the time (median of %d pairs)\n",
            found.compiled_rate / 1e6,
            found.ratio,
            ROUNDS);
        (void)printf("compiling     %8.1f microseconds\n", found.compile_us);
    }
    free(bars);
    free(work);
    free(program);
    return 0;
}
