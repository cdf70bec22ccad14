/* Playing one recorded candle: its path as trades, the synthetic book around each of them, and the
 * figures that the path does not have. What the files say, and who waits for what, is not known
 * here. */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "services/simulator/core/house.h"
#include "services/simulator/core/path.h"

typedef struct sim_player {
    uint32_t symbol; /* index in the exchange */
    sim_interval interval;
    int64_t interval_ns;
    int64_t step_e8; /* lot of the instrument */
    sim_candle_row candle;
    sim_step steps[SIM_PATH_MAX];
    uint32_t steps_count; /* 0: a candle without volume */
    uint32_t steps_at;
} sim_player;

/** Begins player->candle; returns when its first event is (ns UTC). */
int64_t sim_player_begin(sim_player *player);
/**
 * Plays the next event of the candle at the exchange's present time.
 *
 * @param next_ns [out] when the event after it is; written only when there is one.
 * @return false when the candle is over.
 */
bool sim_player_step(
    sim_player *player, sim_core *sim, const sim_synthetic *shape, int64_t *next_ns);

/** A recorded candle as the exchange keeps it; without totals they are those of its path. */
sim_candle sim_candle_of_row(const sim_candle_row *row);

#endif /* SIM_PLAY_H */
