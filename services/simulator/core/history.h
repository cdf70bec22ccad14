/* The public record: tape, aggregates, candles, and the figures made from them. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "services/simulator/core/sim.h"

/** A trade goes to the tape, the candles and the last price, and is told. */
void sim_history_print(sim_core *sim,
    sim_symbol *symbol,
    int64_t price_e8,
    int64_t qty_e8,
    cb_side taker_side,
    uint64_t trade_id);
/** Ends the aggregate that is being built. */
void sim_history_end_aggregate(sim_core *sim, sim_symbol *symbol);

/** A recorded interval without trades: shown as it was recorded. */
void sim_history_flat(
    sim_core *sim, uint32_t symbol, sim_interval interval, const sim_candle *candle);
/**
 * Books what a recorded candle has beyond its path (quote volume, number of trades, taker's share)
 * on the candles that are open now.
 */
void sim_history_correct(sim_core *sim, uint32_t symbol, const sim_candle *difference);
/** Puts one closed minute of the past into the history, oldest first, before trading. */
void sim_history_preload(sim_core *sim, uint32_t symbol, const sim_candle *minute);

/** Candle number back from the newest closed one (0 = newest); NULL when it is not kept. */
const sim_candle *sim_candles_back(const sim_candles *candles, uint64_t back);
/** Number of candles that are kept. */
uint64_t sim_candles_kept(const sim_candles *candles);

/**
 * Candles of any interval with open time in [from_ns, to_ns], made from minutes (or seconds), the
 * open one included, oldest first: the first limit of them, or with is_newest the last.
 *
 * @return how many were written.
 */
uint32_t sim_history_candles(const sim_core *sim,
    uint32_t symbol,
    sim_interval interval,
    int64_t from_ns,
    int64_t to_ns,
    bool is_newest,
    sim_candle *out,
    uint32_t limit);

/** Adds a later part to sum; parts without trades only count where nothing traded. */
void sim_candle_join(sim_candle *sum, const sim_candle *part);

/* Rolling figures. */
typedef struct sim_day {
    sim_candle candle; /* of the last 24 h, by minutes */
    int64_t previous_close_e8;
    int64_t average_e8; /* weighted by volume */
    int64_t change_e8;
    int64_t change_percent_e3; /* in 0.001 % */
} sim_day;
void sim_history_day(const sim_core *sim, uint32_t symbol, sim_day *out);
/** Volume-weighted price of the last minutes, else the last price; 0 = never traded. */
int64_t sim_history_average(const sim_core *sim, uint32_t symbol, uint32_t minutes);

/** Prints that are kept, oldest first: index 0 … count-1. */
uint64_t sim_tape_kept(const sim_symbol *symbol);
const sim_print *sim_tape_at(const sim_symbol *symbol, uint64_t index);
uint64_t sim_aggregates_kept(const sim_symbol *symbol);
const sim_aggregate *sim_aggregate_at(const sim_symbol *symbol, uint64_t index);

#endif /* SIM_HISTORY_H */
