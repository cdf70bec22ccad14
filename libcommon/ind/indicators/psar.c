/* Parabolic stop and reverse. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct psar_state {
    double step;
    double most;
    uint64_t bars;
    int64_t direction; /* 1 long, -1 short */
    double sar;
    double extreme;
    double speed;
    double highs[2]; /* of the two bars before, the nearer first */
    double lows[2];
} psar_state;

static const cb_param params[] = {
    {"step", CB_PARAM_DECIMAL, CB_E8 / 50, CB_E8 / 10000, CB_E8, "acceleration at a new extreme"},
    {"most", CB_PARAM_DECIMAL, CB_E8 / 5, CB_E8 / 10000, 2 * CB_E8, "greatest acceleration"},
};
static const char *const outputs[] = {"sar", "direction"};

CB_INDICATOR_FIXED(psar)
CB_INDICATOR_WARMUP(psar, 2)

static void psar_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    psar_state *psar = state;
    *psar = (psar_state){.step = cb_f64_from_e8(values[0]), .most = cb_f64_from_e8(values[1])};
    psar->speed = psar->step;
}

/* The second bar says which way it goes; the stop begins at the first bar's other end. */
static void begin(psar_state *psar, const cb_bar *bar)
{
    const bool is_long = bar->high + bar->low >= psar->highs[0] + psar->lows[0];
    psar->direction = is_long ? 1 : -1;
    psar->sar = is_long ? psar->lows[0] : psar->highs[0];
    psar->extreme = is_long ? psar->highs[0] : psar->lows[0];
}

/* The stop may not stand inside the two bars before. */
static void advance_stop(psar_state *psar)
{
    psar->sar += (psar->extreme - psar->sar) * psar->speed;
    const uint64_t known = psar->bars < 2 ? psar->bars : 2;
    for (uint64_t i = 0; i < known; i++) {
        if (psar->direction > 0 && psar->sar > psar->lows[i]) {
            psar->sar = psar->lows[i];
        }
        if (psar->direction < 0 && psar->sar < psar->highs[i]) {
            psar->sar = psar->highs[i];
        }
    }
}

static void follow(psar_state *psar, const cb_bar *bar)
{
    const bool is_long = psar->direction > 0;
    const double reach = is_long ? bar->high : bar->low;
    if (is_long ? reach > psar->extreme : reach < psar->extreme) {
        psar->extreme = reach;
        psar->speed = psar->speed + psar->step < psar->most ? psar->speed + psar->step : psar->most;
    }
    if (is_long ? bar->low < psar->sar : bar->high > psar->sar) {
        psar->sar = psar->extreme;
        psar->direction = -psar->direction;
        psar->extreme = is_long ? bar->low : bar->high;
        psar->speed = psar->step;
    }
}

static bool psar_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    psar_state *psar = state;
    if (psar->bars == 1) {
        begin(psar, bar);
    }
    if (psar->bars > 0) {
        advance_stop(psar);
        follow(psar, bar);
    }
    psar->bars++;
    psar->highs[1] = psar->highs[0];
    psar->lows[1] = psar->lows[0];
    psar->highs[0] = bar->high;
    psar->lows[0] = bar->low;
    if (psar->bars < 2) {
        return false;
    }
    out[0] = psar->sar;
    out[1] = (double)psar->direction;
    return true;
}

const cb_indicator_ops cb_indicator_psar = {CB_INDICATOR(psar),
    .summary = "parabolic stop and reverse; direction is 1 while long, -1 while short",
    .formula =
        "sar += speed * (extreme - sar), speed grows by step at each new extreme; a touch turns it",
    .source = "J. W. Wilder, 1978; the second bar chooses the first direction (Tulip)",
    .settle_factor = 200};
