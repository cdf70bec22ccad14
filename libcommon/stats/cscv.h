/* Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey,
 * Borwein, Lopez de Prado and Zhu 2017): time is cut into blocks; for every way to take half of
 * them, the trial that is best there is looked at in the other half. If it tends to be among the
 * worse ones there, choosing the best one says nothing. */
#ifndef CB_STATS_CSCV_H
#define CB_STATS_CSCV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_CSCV_BLOCKS_MAX 20

typedef struct cb_cscv_input {
    const double *returns; /* periods rows of trials columns: returns[period * trials + trial] */
    size_t periods;
    size_t trials;   /* at least 2 */
    uint32_t blocks; /* even, 2 … CB_CSCV_BLOCKS_MAX; 16 is usual: 12 870 combinations */
    double *scratch; /* room for cb_cscv_scratch doubles */
    double *logits;  /* [out] one per combination, or NULL */
} cb_cscv_input;

typedef struct cb_cscv_result {
    double overfitting;  /* share of combinations where the best one is in the worse half outside */
    double loss;         /* share where the best one has a Sharpe ratio below zero outside */
    double slope;        /* of the best one's Sharpe ratio outside over that inside: falling when
                            overfitted */
    double r_squared;    /* of that line */
    double inside_mean;  /* the best one's Sharpe ratio of one period where it was chosen … */
    double outside_mean; /* … and where it was not */
    uint64_t combinations;
} cb_cscv_result;

/** How many ways there are to take half of so many blocks. */
uint64_t cb_cscv_combinations(uint32_t blocks);
/** Doubles of scratch for so many trials and blocks. */
size_t cb_cscv_scratch(size_t trials, uint32_t blocks);
/**
 * Computes it. Periods that do not fill the blocks are left out at the beginning.
 *
 * @return false when there are fewer than two trials, blocks out of bounds or odd, or fewer than
 * two periods a block.
 */
bool cb_cscv(const cb_cscv_input *input, cb_cscv_result *out);

#endif /* CB_STATS_CSCV_H */
