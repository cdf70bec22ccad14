/* Classic pivot points of the session before. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct pivot_state {
    cb_ind_session session;
} pivot_state;

static const cb_param params[] = {CB_IND_SESSION};
static const char *const outputs[] = {"pivot", "r1", "s1", "r2", "s2", "r3", "s3"};

CB_INDICATOR_FIXED(pivot)
CB_INDICATOR_WARMUP(pivot, 1)

static void pivot_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    pivot_state *pivot = state;
    cb_ind_session_init(&pivot->session, values[0]);
}

static bool pivot_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    pivot_state *pivot = state;
    double high = 0;
    double low = 0;
    double close = 0;
    cb_ind_session_push(&pivot->session, bar, &high, &low, &close);
    const double middle = (high + low + close) / 3;
    out[0] = middle;
    out[1] = 2 * middle - low;
    out[2] = 2 * middle - high;
    out[3] = middle + (high - low);
    out[4] = middle - (high - low);
    out[5] = high + 2 * (middle - low);
    out[6] = low - 2 * (high - middle);
    return true;
}

const cb_indicator_ops cb_indicator_pivot = {CB_INDICATOR(pivot),
    .summary =
        "classic pivot points of the session before (of the bars so far in the first session)",
    .formula = "p = (h + l + c) / 3; r1, s1 = 2p - l, 2p - h; r2, s2 = p +- (h - l); r3 = h + 2(p "
               "- l), s3 = l - 2(h - p)",
    .source = "floor traders' rule; sessions in UTC",
    .settle_factor = 0};
