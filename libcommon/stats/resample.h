/* Other histories that could have been: orders of trades, blocks of returns, candles put together
 * anew; and what they say of a result (fans, drawdowns, chance). Everything follows from a seed. */
#ifndef CB_STATS_RESAMPLE_H
#define CB_STATS_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"

/** A random order of 0 … count - 1. */
void cb_resample_order(cb_prng *prng, uint32_t *out, size_t count);
/**
 * Stationary bootstrap (Politis and Romano 1994): indices in blocks of random length, wrapping
 * around.
 *
 * @param block_mean expected length of a block, at least 1; 1 is the plain bootstrap.
 */
void cb_resample_blocks(cb_prng *prng, double block_mean, uint32_t *out, size_t count);

/* Candles by column, [borrowed]; prices above zero. */
typedef struct cb_candle_columns {
    double *open;
    double *high;
    double *low;
    double *close;
    size_t count;
} cb_candle_columns;

/**
 * Builds candles from the moves of others: candle i opens away from the last close as candle
 * gaps[i] did and moves as candle bars[i] did. With two random orders this is Masters's permutation
 * of bars: the first open and the last close stay, everything between that a strategy could have
 * learned is gone. With blocks it is a candle bootstrap.
 *
 * @param out [out] columns of in's count; not in's own.
 */
void cb_candles_rebuild(const cb_candle_columns *in,
    const uint32_t *gaps,
    const uint32_t *bars,
    const cb_candle_columns *out);

/* ---- Monte Carlo ---- */

typedef enum cb_monte_kind {
    CB_MONTE_ORDER =
        0,          /* the same values in another order: the end stays, the way there does not */
    CB_MONTE_BLOCKS /* blocks drawn with replacement */
} cb_monte_kind;

#define CB_MONTE_BANDS 5 /* 5, 25, 50, 75 and 95 percent */

typedef struct cb_monte_input {
    const double *values; /* returns, or results of trades over the capital at the start */
    size_t count;
    cb_monte_kind kind;
    bool is_additive;  /* equity is 1 + sum (trades of fixed size), not the product of 1 + value */
    double block_mean; /* for CB_MONTE_BLOCKS */
    size_t paths;
    size_t points;         /* of the fan, 1 … count */
    double drawdown_limit; /* a fraction, 0.2: how often is the drawdown deeper? */
    uint64_t seed;
    double *scratch;   /* cb_monte_scratch doubles */
    uint32_t *indices; /* count */
} cb_monte_input;

typedef struct cb_monte_result {
    double end[CB_MONTE_BANDS];      /* equity at the end, 1 at the start; lowest band first */
    double drawdown[CB_MONTE_BANDS]; /* deepest drawdown of a path, negative; deepest band first */
    double loss;                     /* share of paths that end below 1 */
    double beyond_limit;             /* share whose drawdown is deeper than the limit */
} cb_monte_result;

/** Doubles of scratch. */
size_t cb_monte_scratch(size_t paths, size_t points);
/**
 * Runs all paths.
 *
 * @param fan [out] points rows of CB_MONTE_BANDS equities: row i is after (i + 1) * count / points
 * values.
 * @return false when there is nothing to run: no values, paths or points, more points than values.
 */
bool cb_monte_carlo(const cb_monte_input *input, cb_monte_result *out, double *fan);

#endif /* CB_STATS_RESAMPLE_H */
