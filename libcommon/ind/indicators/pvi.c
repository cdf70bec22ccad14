/* Positive volume index. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct pvi_state {
    double previous;
    double volume;
    double value;
    uint64_t bars;
} pvi_state;

static const char *const outputs[] = {"pvi"};

CB_INDICATOR_FIXED(pvi)
CB_INDICATOR_WARMUP(pvi, 1)

static void pvi_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    (void)values;
    pvi_state *pvi = state;
    *pvi = (pvi_state){.value = 1000};
}

static bool pvi_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    pvi_state *pvi = state;
    if (pvi->bars > 0 && bar->volume > pvi->volume) {
        pvi->value = cb_ind_compound(pvi->value, cb_ind_ratio(bar->close, pvi->previous, 1));
    }
    pvi->previous = bar->close;
    pvi->volume = bar->volume;
    pvi->bars++;
    out[0] = pvi->value;
    return true;
}

const cb_indicator_ops cb_indicator_pvi = {CB_INDICATOR_PLAIN(pvi),
    .summary = "positive volume index since the first bar, which is 1000",
    .formula = "pvi *= close / close[1] on bars of more volume than the one before",
    .source = "P. Dysart, 1936, and N. Fosback, 1976; kept within 1e-100 and 1e100",
    .settle_factor = 0};
