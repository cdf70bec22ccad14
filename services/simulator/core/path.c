/* The path of a candle. Deterministic: the same row gives the same steps. */
#include "services/simulator/core/path.h"

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/accounts.h"

/* The four prices in their order, with repeats removed; slots says at which quarter each stands. */
static uint32_t path_prices(const sim_candle_row *row, int64_t prices[4], uint32_t slots[4])
{
    const bool is_rising = row->close_e8 >= row->open_e8;
    const int64_t wanted[4] = {
        row->open_e8,
        is_rising ? row->low_e8 : row->high_e8,
        is_rising ? row->high_e8 : row->low_e8,
        row->close_e8,
    };
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if (count > 0 && prices[count - 1] == wanted[i]) {
            slots[count - 1] = i; /* the later one, so that the last step is near the close */
            continue;
        }
        prices[count] = wanted[i];
        slots[count] = i;
        count++;
    }
    return count;
}

/* Open at the start, the extremes at a third and two thirds, close just before the end: who decides
 * when a candle closes then decides on a fresh price. */
static int64_t slot_offset(uint32_t slot, int64_t interval_ns)
{
    const int64_t last_ns =
        interval_ns - (interval_ns >= 60 * CB_NS_PER_S ? CB_NS_PER_S : interval_ns / 4);
    const int64_t offsets[4] = {0, interval_ns / 3, interval_ns / 3 * 2, last_ns};
    return offsets[slot];
}

uint32_t sim_path_points(const sim_candle_row *row)
{
    int64_t prices[4];
    uint32_t slots[4];
    return path_prices(row, prices, slots);
}

uint32_t sim_path_make(
    const sim_candle_row *row, int64_t interval_ns, int64_t step_e8, sim_step steps[SIM_PATH_MAX])
{
    int64_t prices[4];
    uint32_t slots[4];
    CB_ASSERT(interval_ns > 0);
    CB_ASSERT(step_e8 > 0);
    if (row->volume_e8 == 0) {
        return 0;
    }
    const uint32_t count = path_prices(row, prices, slots);
    CB_ASSERT(row->volume_e8 >= (int64_t)count);
    int64_t share_e8 = row->volume_e8 / (int64_t)count;
    if (share_e8 >= step_e8) {
        share_e8 -= share_e8 % step_e8;
    }
    cb_side side = row->close_e8 >= row->open_e8 ? CB_SIDE_BUY : CB_SIDE_SELL;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            side = prices[i] > prices[i - 1] ? CB_SIDE_BUY : CB_SIDE_SELL;
        }
        steps[i] = (sim_step){
            .ts_ns = row->open_ns + slot_offset(slots[i], interval_ns),
            .price_e8 = prices[i],
            .qty_e8 = share_e8,
            .taker_side = side,
        };
    }
    steps[count - 1].qty_e8 = row->volume_e8 - share_e8 * (int64_t)(count - 1);
    CB_ASSERT(steps[count - 1].qty_e8 > 0);
    return count;
}

sim_candle sim_path_difference(
    const sim_candle_row *row, const sim_step *steps, uint32_t steps_count)
{
    sim_candle path = {0};
    for (uint32_t i = 0; i < steps_count; i++) {
        const int64_t quote_e8 = sim_quote_of(steps[i].price_e8, steps[i].qty_e8);
        path.quote_volume_e8 += quote_e8;
        if (steps[i].taker_side == CB_SIDE_BUY) {
            path.taker_base_e8 += steps[i].qty_e8;
            path.taker_quote_e8 += quote_e8;
        }
    }
    sim_candle difference = {0};
    if (row->has_totals) {
        difference.quote_volume_e8 = row->quote_volume_e8 - path.quote_volume_e8;
        difference.trades_count =
            row->trades_count > steps_count ? row->trades_count - steps_count : 0;
    }
    if (row->has_taker) {
        difference.taker_base_e8 = row->taker_base_e8 - path.taker_base_e8;
        difference.taker_quote_e8 = row->taker_quote_e8 - path.taker_quote_e8;
    }
    return difference;
}
