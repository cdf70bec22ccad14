/* Fibonacci pivot points of the session before. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct pivot_fibonacci_state {
    cb_ind_session session;
} pivot_fibonacci_state;

static const cb_param params[] = {CB_IND_SESSION};
static const char *const outputs[] = {"pivot", "r1", "s1", "r2", "s2", "r3", "s3"};

CB_INDICATOR_FIXED(pivot_fibonacci)
CB_INDICATOR_WARMUP(pivot_fibonacci, 1)

static void pivot_fibonacci_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    pivot_fibonacci_state *pivot = state;
    cb_ind_session_init(&pivot->session, values[0]);
}

static bool pivot_fibonacci_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    pivot_fibonacci_state *pivot = state;
    static const double shares[] = {0.382, 0.618, 1};
    double high = 0;
    double low = 0;
    double close = 0;
    cb_ind_session_push(&pivot->session, bar, &high, &low, &close);
    const double middle = (high + low + close) / 3;
    out[0] = middle;
    for (size_t i = 0; i < 3; i++) {
        out[1 + 2 * i] = middle + shares[i] * (high - low);
        out[2 + 2 * i] = middle - shares[i] * (high - low);
    }
    return true;
}

const cb_indicator_ops cb_indicator_pivot_fibonacci = {CB_INDICATOR(pivot_fibonacci),
    .summary =
        "Fibonacci pivot points of the session before (of the bars so far in the first session)",
    .formula = "p = (h + l + c) / 3; r, s = p +- 0.382, 0.618, 1 times (h - l)",
    .source = "textbook definition; sessions in UTC",
    .settle_factor = 0};
