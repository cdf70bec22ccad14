/* Ichimoku cloud, with the lines that are in force now. */
#include "base/assert.h"
#include "ind/parts.h"

typedef struct ichimoku_state {
    cb_ind_channel turning;
    cb_ind_channel standard;
    cb_ind_channel span;
    cb_ind_lag lag_a;
    cb_ind_lag lag_b;
    double values[]; /* candidates of the three channels, then both lags */
} ichimoku_state;

enum ichimoku_param { TURNING, STANDARD, SPAN, SHIFT };
static const cb_param params[] = {
    [TURNING] = CB_IND_COUNT("turning", 9, 1, "bars of the turning line (tenkan)"),
    [STANDARD] = CB_IND_COUNT("standard", 26, 1, "bars of the standard line (kijun)"),
    [SPAN] = CB_IND_COUNT("span", 52, 1, "bars of the second leading span"),
    [SHIFT] = CB_IND_COUNT("shift", 26, 1, "bars that the cloud is drawn ahead"),
};
static const char *const outputs[] = {"tenkan", "kijun", "senkou_a", "senkou_b"};

CB_INDICATOR_SIZED(ichimoku,
    CB_IND_CHANNEL_DOUBLES(values[TURNING] + values[STANDARD] + values[SPAN]) + 2 * values[SHIFT])

static uint32_t ichimoku_warmup_bars(const int64_t *values)
{
    int64_t most = values[TURNING] > values[STANDARD] ? values[TURNING] : values[STANDARD];
    most = values[SPAN] > most ? values[SPAN] : most;
    return (uint32_t)(most + values[SHIFT]);
}

static void ichimoku_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    ichimoku_state *cloud = state;
    cb_ind_channel_init(&cloud->turning, (uint64_t)values[TURNING]);
    cb_ind_channel_init(&cloud->standard, (uint64_t)values[STANDARD]);
    cb_ind_channel_init(&cloud->span, (uint64_t)values[SPAN]);
    cb_ind_lag_init(&cloud->lag_a, (uint64_t)values[SHIFT]);
    cb_ind_lag_init(&cloud->lag_b, (uint64_t)values[SHIFT]);
    cb_ind_clear(cloud->values, (ichimoku_state_size(values) - sizeof *cloud) / sizeof(double));
}

static bool push_middle(cb_ind_channel *channel, double **values, const cb_bar *bar, double *middle)
{
    double high = 0;
    double low = 0;
    const bool is_full = cb_ind_channel_push(channel, *values, bar->high, bar->low, &high, &low);
    *middle = (high + low) / 2;
    *values += CB_IND_CHANNEL_DOUBLES(channel->highest.capacity);
    return is_full;
}

static bool ichimoku_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    ichimoku_state *cloud = state;
    double *values = cloud->values;
    double turning = 0;
    double standard = 0;
    double span = 0;
    const bool has_turning = push_middle(&cloud->turning, &values, bar, &turning);
    const bool has_standard = push_middle(&cloud->standard, &values, bar, &standard);
    const bool has_span = push_middle(&cloud->span, &values, bar, &span);
    if (!has_turning || !has_standard || !has_span) {
        return false;
    }
    double *lag_b = values + cloud->lag_a.capacity;
    (void)cb_ind_lag_push(&cloud->lag_a, values, (turning + standard) / 2, &out[2]);
    if (!cb_ind_lag_push(&cloud->lag_b, lag_b, span, &out[3])) {
        return false;
    }
    out[0] = turning;
    out[1] = standard;
    return true;
}

const cb_indicator_ops cb_indicator_ichimoku = {CB_INDICATOR(ichimoku),
    .summary = "Ichimoku cloud: turning and standard line, and both edges of the cloud over the "
               "present bar",
    .formula = "middles of n-bar ranges; the cloud's edges are those of shift bars ago",
    .source =
        "G. Hosoda, 1969; the lagging span is left out: it is the close itself, drawn in the past",
    .settle_factor = 1};
