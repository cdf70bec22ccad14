/* Could chance have done this? White's reality check for the best of many, a permutation test for
 * one. Both give p-values: how often chance alone does as well. */
#ifndef CB_STATS_CHANCE_H
#define CB_STATS_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cb_reality_input {
    const double *excess; /* periods rows of trials columns: returns above the benchmark's */
    size_t periods;       /* at least 2 */
    size_t trials;
    double block_mean; /* expected length of a bootstrap block, in periods; at least 1 */
    uint32_t draws;    /* 1 000 is usual */
    uint64_t seed;
    double *scratch;   /* 2 * trials doubles */
    uint32_t *indices; /* periods */
} cb_reality_input;

typedef struct cb_reality_result {
    double statistic; /* max over trials of sqrt(periods) * mean */
    double p_value;   /* (1 + draws at least as large) / (1 + draws) */
    size_t best;      /* the trial with the largest mean */
} cb_reality_result;

/**
 * White's reality check (2000) with the stationary bootstrap: is the best of all trials better than
 * the benchmark, taking into account that it was chosen?
 *
 * @return false without trials, draws or two periods.
 */
bool cb_reality_check(const cb_reality_input *input, cb_reality_result *out);

typedef struct cb_permutation_input {
    const double *positions; /* held during each period: -1 … 1 or any size */
    const double *returns;   /* of the market in the same periods */
    size_t count;
    size_t block; /* periods that stay together; 1: every period by itself */
    uint32_t draws;
    uint64_t seed;
    uint32_t *indices; /* count */
} cb_permutation_input;

/**
 * Permutation test of a rule's timing: the market's periods are put into other orders, the
 * positions stay. What a rule earns by being long in a rising market is there in every order too,
 * so it does not count.
 *
 * @param p_value [out] (1 + orders that earn at least as much) / (1 + draws).
 * @return false without draws or two blocks.
 */
bool cb_permutation_test(const cb_permutation_input *input, double *p_value);

#endif /* CB_STATS_CHANCE_H */
