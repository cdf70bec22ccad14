/* Camarilla pivot points of the session before. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct pivot_camarilla_state {
    cb_ind_session session;
} pivot_camarilla_state;

static const cb_param params[] = {CB_IND_SESSION};
static const char *const outputs[] = {"r1", "s1", "r2", "s2", "r3", "s3", "r4", "s4"};

CB_INDICATOR_FIXED(pivot_camarilla)
CB_INDICATOR_WARMUP(pivot_camarilla, 1)

static void pivot_camarilla_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    pivot_camarilla_state *pivot = state;
    cb_ind_session_init(&pivot->session, values[0]);
}

static bool pivot_camarilla_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    pivot_camarilla_state *pivot = state;
    static const double divisors[] = {12, 6, 4, 2};
    double high = 0;
    double low = 0;
    double close = 0;
    cb_ind_session_push(&pivot->session, bar, &high, &low, &close);
    for (size_t i = 0; i < 4; i++) {
        const double width = 1.1 * (high - low) / divisors[i];
        out[2 * i] = close + width;
        out[2 * i + 1] = close - width;
    }
    return true;
}

const cb_indicator_ops cb_indicator_pivot_camarilla = {CB_INDICATOR(pivot_camarilla),
    .summary =
        "Camarilla pivot points of the session before (of the bars so far in the first session)",
    .formula = "r, s = c +- 1.1 * (h - l) / 12, 6, 4, 2",
    .source = "N. Scott, 1989; sessions in UTC",
    .settle_factor = 0};
