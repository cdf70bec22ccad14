/* The events of one recorded candle, in their order. */
#include "services/simulator/core/play.h"

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/history.h"

#define MINUTE_NS (60 * CB_NS_PER_S)

sim_candle sim_candle_of_row(const sim_candle_row *row)
{
    sim_candle candle = {
        .open_ns = row->open_ns,
        .open_e8 = row->open_e8,
        .high_e8 = row->high_e8,
        .low_e8 = row->low_e8,
        .close_e8 = row->close_e8,
        .volume_e8 = row->volume_e8,
        .taker_base_e8 = row->taker_base_e8,
        .quote_volume_e8 = row->quote_volume_e8,
        .taker_quote_e8 = row->taker_quote_e8,
        .trades_count = row->trades_count,
    };
    if (!row->has_totals && row->volume_e8 > 0) {
        sim_step steps[SIM_PATH_MAX];
        const uint32_t count = sim_path_make(row, MINUTE_NS, 1, steps);
        candle.trades_count = count;
        for (uint32_t i = 0; i < count; i++) {
            int64_t quote_e8 = 0;
            const cb_status status =
                cb_mul_e8(steps[i].price_e8, steps[i].qty_e8, CB_ROUND_DOWN, &quote_e8, NULL);
            CB_ASSERT(status == CB_OK);
            candle.quote_volume_e8 += quote_e8;
        }
    }
    return candle;
}

int64_t sim_player_begin(sim_player *player)
{
    CB_ASSERT(player->interval_ns > 0);
    player->steps_at = 0;
    player->steps_count =
        sim_path_make(&player->candle, player->interval_ns, player->step_e8, player->steps);
    CB_ASSERT(player->steps_count <= SIM_PATH_MAX);
    return player->steps_count > 0 ? player->steps[0].ts_ns : player->candle.open_ns;
}

bool sim_player_step(
    sim_player *player, sim_core *sim, const sim_synthetic *shape, int64_t *next_ns)
{
    if (player->steps_count == 0) {
        const sim_candle flat = sim_candle_of_row(&player->candle);
        sim_history_flat(sim, player->symbol, player->interval, &flat);
        return false;
    }
    CB_ASSERT(player->steps_at < player->steps_count);
    const sim_step *step = &player->steps[player->steps_at];
    sim_replay_trade(sim, player->symbol, step->price_e8, step->qty_e8, step->taker_side, 0);
    sim_house_synthetic(sim, player->symbol, shape, step->price_e8, step->taker_side);
    player->steps_at++;
    if (player->steps_at < player->steps_count) {
        *next_ns = player->steps[player->steps_at].ts_ns;
        return true;
    }
    const sim_candle difference =
        sim_path_difference(&player->candle, player->steps, player->steps_count);
    sim_history_correct(sim, player->symbol, &difference);
    return false;
}
