/* Volume profile of the last n bars: where most was traded. The volumes stand in a tree by
 * price, so that a row is one difference of two sums: O(log n) a row, and the rows are few. */
#include "base/assert.h"
#include "ind/parts.h"
#include "ind/rank.h"

#define ROWS_COUNT 24
#define VALUE_SHARE 0.7
#define ROUNDING_SHARE 1e-12 /* less than this part of all volume in a row is none */

typedef struct volume_profile_state {
    cb_ind_channel channel;
    cb_ind_rank rank;
    double values[]; /* candidates, then nodes */
} volume_profile_state;

static const cb_param params[] = {CB_IND_PERIOD(100, 1)};
static const char *const outputs[] = {"poc", "value_high", "value_low"};

CB_INDICATOR_SIZED(
    volume_profile, CB_IND_CHANNEL_DOUBLES(values[0]) + CB_IND_RANK_DOUBLES(values[0]))
CB_INDICATOR_WARMUP(volume_profile, values[0])

static cb_ind_rank_node *nodes_of(volume_profile_state *profile)
{
    const uint64_t period = profile->channel.highest.capacity;
    return (cb_ind_rank_node *)(void *)(profile->values + CB_IND_CHANNEL_DOUBLES(period));
}

static void volume_profile_init(void *state, const int64_t *values)
{
    CB_ASSERT(state != NULL && values != NULL);
    volume_profile_state *profile = state;
    const uint64_t period = (uint64_t)values[0];
    cb_ind_channel_init(&profile->channel, period);
    cb_ind_clear(profile->values, CB_IND_CHANNEL_DOUBLES(period));
    cb_ind_rank_init(&profile->rank, nodes_of(profile), period);
}

/* Volumes of the rows, the lowest first; returns the row with the most. */
static uint32_t fill_rows(volume_profile_state *profile, double low, double height, double *rows)
{
    double below = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < ROWS_COUNT; i++) {
        double upto = 0;
        const bool is_last = i + 1 == ROWS_COUNT;
        const double top = is_last ? HUGE_VAL : low + height * (double)(i + 1);
        (void)cb_ind_rank_below(&profile->rank, nodes_of(profile), top, is_last, &upto);
        rows[i] = upto - below > ROUNDING_SHARE * upto ? upto - below : 0;
        below = upto;
        most = rows[i] > rows[most] ? i : most;
    }
    return most;
}

/* From the fullest row outwards, the fuller neighbour first, until the share is reached. */
static void widen(const double *rows, uint32_t *first, uint32_t *last)
{
    double whole = 0;
    for (uint32_t i = 0; i < ROWS_COUNT; i++) {
        whole += rows[i];
    }
    double inside = rows[*first];
    while (inside < VALUE_SHARE * whole && (*first > 0 || *last + 1 < ROWS_COUNT)) {
        const double above = *last + 1 < ROWS_COUNT ? rows[*last + 1] : -1;
        const double below = *first > 0 ? rows[*first - 1] : -1;
        if (above >= below) {
            inside += above;
            (*last)++;
        } else {
            inside += below;
            (*first)--;
        }
    }
}

static bool volume_profile_update(void *state, const cb_bar *bar, double *out)
{
    CB_ASSERT(state != NULL && bar != NULL && out != NULL);
    volume_profile_state *profile = state;
    double high = 0;
    double low = 0;
    double rows[ROWS_COUNT];
    const bool is_warm =
        cb_ind_channel_push(&profile->channel, profile->values, bar->high, bar->low, &high, &low);
    (void)cb_ind_rank_push_weighted(
        &profile->rank, nodes_of(profile), cb_ind_typical(bar), bar->volume);
    if (!is_warm) {
        return false;
    }
    const double height = (high - low) / ROWS_COUNT;
    uint32_t first = fill_rows(profile, low, height, rows);
    uint32_t last = first;
    out[0] = low + height * ((double)first + 0.5);
    widen(rows, &first, &last);
    out[1] = low + height * (double)(last + 1);
    out[2] = low + height * (double)first;
    return true;
}

const cb_indicator_ops cb_indicator_volume_profile = {CB_INDICATOR(volume_profile),
    .summary =
        "volume profile: the price where most was traded, and the area of 70 percent of the volume",
    .formula = "24 rows from min low to max high, a bar's volume at its typical price; poc = "
               "middle of the fullest",
    .source =
        "J. Steidlmayer, Markets and Market Logic, 1984; value area by the fuller neighbour (CBOT)",
    .settle_factor = 1};
