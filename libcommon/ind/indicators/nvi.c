/* Negative volume index. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct nvi_state {
    double previous;
    double volume;
    double value;
    uint64_t bars;
} nvi_state;

static const char *const outputs[] = {"nvi"};

CB_INDICATOR_FIXED(nvi)
CB_INDICATOR_WARMUP(nvi, 1)

static void nvi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    nvi_state *nvi = state;
    *nvi = (nvi_state){.value = 1000};
}

static bool nvi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    nvi_state *nvi = state;
    if (nvi->bars > 0 && bar->volume < nvi->volume) {
        nvi->value = cb_ind_compound(nvi->value, cb_ind_ratio(bar->close, nvi->previous, 1));
    }
    nvi->previous = bar->close;
    nvi->volume = bar->volume;
    nvi->bars++;
    out[0] = nvi->value;
    return true;
}

const cb_indicator_ops cb_indicator_nvi = {CB_INDICATOR_PLAIN(nvi),
    .summary = "negative volume index since the first bar, which is 1000",
    .formula = "nvi *= close / close[1] on bars of less volume than the one before",
    .source = "P. Dysart, 1936, and N. Fosback, 1976; kept within 1e-100 and 1e100",
    .settle_factor = 0};
