/* Accumulation/distribution line. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct ad_state {
    double sum;
    uint64_t bars;
} ad_state;

static const char *const outputs[] = {"ad"};

CB_INDICATOR_FIXED(ad)
CB_INDICATOR_WARMUP(ad, 1)

static void ad_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    ad_state *ad = state;
    *ad = (ad_state){.sum = 0};
}

static bool ad_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    ad_state *ad = state;
    ad->sum += bar->volume * cb_ind_close_place(bar);
    ad->bars++;
    out[0] = ad->sum;
    return true;
}

const cb_indicator_ops cb_indicator_ad = {CB_INDICATOR_PLAIN(ad),
    .summary = "accumulation/distribution line since the first bar",
    .formula = "sum of volume * ((close - low) - (high - close)) / (high - low)",
    .source = "M. Chaikin; a bar without a range adds nothing",
    .settle_factor = 0};
