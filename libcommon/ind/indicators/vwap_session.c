/* Volume weighted average price since the session began (in UTC). */
#include "base/assert.h"
#include "base/timefmt.h"
#include "ind/parts.h"

typedef struct vwap_session_state {
    int64_t length_ns;
    int64_t session; /* number of the session since 1970 */
    double value;
    double volume;
} vwap_session_state;

static const cb_param params[] = {
    {"session_hours",
        CB_PARAM_COUNT,
        24,
        1,
        168,
        "hours of a session, counted from 1970-01-01T00:00Z (24: each day)"},
};
static const char *const outputs[] = {"vwap"};

static size_t vwap_session_state_size(const int64_t *values)
{
    (void)values;
    return sizeof(vwap_session_state);
}

static uint32_t vwap_session_warmup_bars(const int64_t *values)
{
    (void)values;
    return 1;
}

static void vwap_session_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    vwap_session_state *vwap = state;
    *vwap = (vwap_session_state){.length_ns = values[0] * 3600 * CB_NS_PER_S, .session = -1};
}

static bool vwap_session_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    CB_ASSERT(bar->volume >= 0 && bar->open_ts_ns >= 0);
    vwap_session_state *vwap = state;
    const int64_t session = bar->open_ts_ns / vwap->length_ns;
    if (session != vwap->session) {
        vwap->session = session;
        vwap->value = 0;
        vwap->volume = 0;
    }
    const double typical = cb_ind_typical(bar);
    vwap->value += typical * bar->volume;
    vwap->volume += bar->volume;
    out[0] = vwap->volume > 0 ? vwap->value / vwap->volume : typical;
    return true;
}

const cb_indicator_ops cb_indicator_vwap_session = {.name = "vwap_session",
    .summary = "volume weighted average price since the session began",
    .formula = "sum(typical * volume) / sum(volume) of the session's bars",
    .source = "textbook definition; the typical price of the bar while there was no volume",
    .params = params,
    .params_count = sizeof(params) / sizeof(params[0]),
    .outputs = outputs,
    .outputs_count = sizeof(outputs) / sizeof(outputs[0]),
    .state_size = vwap_session_state_size,
    .warmup_bars = vwap_session_warmup_bars,
    .init = vwap_session_init,
    .update = vwap_session_update,
    .settle_factor = 0};
