/* What both TPE samplers know of a study: trials by quality, and each dimension's observations in
 * order. Kept up to date trial by trial, so that an ask sorts nothing. Lives in a sampler's
 * scratch. */
#ifndef LAB_SEARCH_HISTORY_H
#define LAB_SEARCH_HISTORY_H

#include "services/lab/core/search/study.h"

#define SEARCH_BELOW_MAX 25 /* as in Optuna: gamma(n) = min(ceil(n / 10), 25) */

/* One dimension's observations, sorted upwards. */
typedef struct search_column {
    double *units;
    uint32_t *numbers;
    uint32_t count;
    uint32_t unused;
} search_column;

typedef struct search_history {
    uint32_t *ranked; /* complete ones, best first, then pruned ones */
    uint32_t ranked_count;
    uint32_t below_count;
    uint32_t below[SEARCH_BELOW_MAX]; /* the good ones of the last split, by number */
    uint32_t above_count;
    uint32_t is_whole; /* columns hold dimensions that do not count too */
    uint32_t unused;
    double *weights; /* by number: of the rest (failed ones have 0); the good ones have 0 */
    search_column columns[SEARCH_DIMS_MAX];
} search_history;

/** Bytes of a history for a config, itself included. */
size_t search_history_size(const search_config *config);
/**
 * Lays it out in memory of that size and takes in all trials of the study.
 *
 * @param is_whole columns also hold what a trial drew for dimensions that do not count in it.
 */
search_history *search_history_make(const search_study *study, void *memory, bool is_whole);
/** A trial was asked for: its place is known. */
void search_history_asked(search_history *history, const search_study *study, uint64_t number);
/** A trial was told: so is its worth. */
void search_history_told(search_history *history, const search_study *study, uint64_t number);

/**
 * Splits the trials into the good ones and the rest, running ones among the rest (a constant liar:
 * other workers' places are avoided), and weighs the rest by age: the latest 25 have 1, the oldest
 * least.
 *
 * @param dim only trials in which this dimension counts; SEARCH_DIMS_MAX: all.
 */
void search_history_split(search_history *history, const search_study *study, uint32_t dim);
/**
 * Observations of the rest in a dimension, sorted, with their weights.
 *
 * @return how many.
 */
size_t search_history_above(
    const search_history *history, uint32_t dim, double *units, double *weights, uint32_t *numbers);
/** Observations of the good ones in a dimension, sorted. @param units [out] SEARCH_BELOW_MAX. */
size_t search_history_below(const search_history *history,
    const search_study *study,
    uint32_t dim,
    double *units,
    uint32_t *numbers);

#endif /* LAB_SEARCH_HISTORY_H */
