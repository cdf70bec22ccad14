/* Rate of change of a triple exponential average. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct trix_state {
    cb_ind_ema stages[3];
    double previous;
    uint64_t has_previous;
    cb_ind_ema signal;
} trix_state;

static const cb_param params[] = {
    CB_IND_PERIOD(15, 1),
    CB_IND_COUNT("signal", 9, 1, "values in the signal line's average"),
};
static const char *const outputs[] = {"trix", "signal"};

CB_INDICATOR_FIXED(trix)
CB_INDICATOR_WARMUP(trix, 3 * values[0] - 2 + values[1])

static void trix_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    trix_state *trix = state;
    *trix = (trix_state){.previous = 0};
    for (uint32_t i = 0; i < 3; i++) {
        cb_ind_ema_init(&trix->stages[i], (uint64_t)values[0]);
    }
    cb_ind_ema_init(&trix->signal, (uint64_t)values[1]);
}

static bool trix_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    trix_state *trix = state;
    double value = bar->close;
    for (uint32_t i = 0; i < 3; i++) {
        if (!cb_ind_ema_push(&trix->stages[i], value)) {
            return false;
        }
        value = trix->stages[i].value;
    }
    const bool has_previous = trix->has_previous != 0;
    const double rate = 100 * cb_ind_ratio(value - trix->previous, trix->previous, 0);
    trix->previous = value;
    trix->has_previous = 1;
    if (!has_previous || !cb_ind_ema_push(&trix->signal, rate)) {
        return false;
    }
    out[0] = rate;
    out[1] = trix->signal.value;
    return true;
}

const cb_indicator_ops cb_indicator_trix = {CB_INDICATOR(trix),
    .summary = "rate of change of a triple exponential average, in percent, with its signal line",
    .formula = "100 * (e - e[1]) / e[1], e = ema(ema(ema(close)))",
    .source = "J. Hutson, 1983; averages begin with simple ones",
    .settle_factor = 10};
