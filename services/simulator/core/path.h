/* How a recorded candle becomes trades: open, then low and high (or high and low), then close. */
#ifndef SIM_PATH_H
#define SIM_PATH_H

#include "services/simulator/core/rows.h"

#define SIM_PATH_MAX 4

typedef struct sim_step {
    int64_t ts_ns;
    int64_t price_e8;
    int64_t qty_e8;
    cb_side taker_side;
} sim_step;

/** Number of different prices on the way: 1 … 4. */
uint32_t sim_path_points(const sim_candle_row *row);

/**
 * The steps of a candle with volume. Rising candles (close >= open) go O-L-H-C, falling ones
 * O-H-L-C; a price that follows itself is one step, the later. The four stand at the start, a
 * third, two thirds and one second before the end (shorter intervals: a quarter). Quantities are
 * whole lots as far as the volume allows and add up to it exactly.
 *
 * @return number of steps; 0 for a candle without volume.
 */
uint32_t sim_path_make(
    const sim_candle_row *row, int64_t interval_ns, int64_t step_e8, sim_step steps[SIM_PATH_MAX]);

/** What the recorded candle has beyond its path, to be booked when the path is over. */
sim_candle sim_path_difference(
    const sim_candle_row *row, const sim_step *steps, uint32_t steps_count);

#endif /* SIM_PATH_H */
