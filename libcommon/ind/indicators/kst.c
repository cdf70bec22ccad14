/* Know sure thing: four smoothed rates of change, weighed 1 to 4. */
#include "base/assert.h"
#include "ind/parts.h"

#define RATES_COUNT 4
#define SIGNAL_BARS 9

typedef struct kst_state {
    cb_ind_lag lags[RATES_COUNT];
    cb_ind_window averages[RATES_COUNT];
    cb_ind_window signal;
    double signals[SIGNAL_BARS];
    double values[]; /* of each rate: its lag, its average */
} kst_state;

static const cb_param params[] = {
    CB_IND_COUNT("roc1", 10, 1, "bars of the first rate of change"),
    CB_IND_COUNT("roc2", 15, 1, "bars of the second rate of change"),
    CB_IND_COUNT("roc3", 20, 1, "bars of the third rate of change"),
    CB_IND_COUNT("roc4", 30, 1, "bars of the fourth rate of change"),
    CB_IND_COUNT("sma1", 10, 1, "values in the first average"),
    CB_IND_COUNT("sma2", 10, 1, "values in the second average"),
    CB_IND_COUNT("sma3", 10, 1, "values in the third average"),
    CB_IND_COUNT("sma4", 15, 1, "values in the fourth average"),
};
static const char *const outputs[] = {"kst", "signal"};

CB_INDICATOR_SIZED(kst,
    values[0] + values[1] + values[2] + values[3] + values[4] + values[5] + values[6] + values[7])

static uint32_t kst_warmup_bars(const int64_t *values)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < RATES_COUNT; i++) {
        const int64_t bars = values[i] + values[RATES_COUNT + i];
        most = bars > most ? bars : most;
    }
    return (uint32_t)most + SIGNAL_BARS - 1;
}

static void kst_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    kst_state *kst = state;
    for (uint32_t i = 0; i < RATES_COUNT; i++) {
        cb_ind_lag_init(&kst->lags[i], (uint64_t)values[i]);
        cb_ind_window_init(&kst->averages[i], (uint64_t)values[RATES_COUNT + i]);
    }
    cb_ind_window_init(&kst->signal, SIGNAL_BARS);
    cb_ind_clear(kst->signals, SIGNAL_BARS);
    cb_ind_clear(kst->values, (kst_state_size(values) - sizeof *kst) / sizeof(double));
}

static bool kst_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    kst_state *kst = state;
    double *values = kst->values;
    double line = 0;
    bool is_warm = true;
    for (uint32_t i = 0; i < RATES_COUNT; i++) {
        double before = 0;
        double *averaged = values + kst->lags[i].capacity;
        is_warm = cb_ind_lag_push(&kst->lags[i], values, bar->close, &before) &&
                  cb_ind_window_push(&kst->averages[i],
                      averaged,
                      100 * cb_ind_ratio(bar->close - before, before, 0),
                      NULL) &&
                  is_warm;
        line += (double)(i + 1) * cb_ind_window_mean(&kst->averages[i]);
        values = averaged + kst->averages[i].capacity;
    }
    if (!is_warm || !cb_ind_window_push(&kst->signal, kst->signals, line, NULL)) {
        return false;
    }
    out[0] = line;
    out[1] = cb_ind_window_mean(&kst->signal);
    return true;
}

const cb_indicator_ops cb_indicator_kst = {CB_INDICATOR(kst),
    .summary = "know sure thing: four smoothed rates of change, with the average of nine as signal",
    .formula = "sum of i * sma(roc(close, roc_i), sma_i), i = 1 … 4; signal = sma(kst, 9)",
    .source = "M. Pring, Technical Analysis of Stocks & Commodities, 1992",
    .settle_factor = 1};
