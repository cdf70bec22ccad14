/* A study: a search that asks for trials and is told how they went. Any number of workers may ask
 * before anything is told. All of its memory is one block of the caller's without pointers in it,
 * so it can be saved as bytes and loaded after a kill; trial n draws from a random stream of its
 * own, so the same asks and tells in the same order always give the same study. */
#ifndef LAB_SEARCH_STUDY_H
#define LAB_SEARCH_STUDY_H

#include <stddef.h>

#include "base/prng.h"
#include "services/lab/core/search/space.h"

#define SEARCH_OBJECTIVES_MAX 4
#define SEARCH_NAME_MAX 24
#define SEARCH_TRIALS_MAX UINT32_MAX
#define SEARCH_STEPS_MAX 256

typedef enum search_state {
    SEARCH_RUNNING = 0, /* asked for, not yet told */
    SEARCH_COMPLETE,
    SEARCH_PRUNED, /* given up early: what it reported last counts a little */
    SEARCH_FAILED, /* nothing is known of it: its worker died, or it had no result */
    SEARCH_STATES
} search_state;

typedef enum search_pruner {
    SEARCH_PRUNER_NONE = 0,
    SEARCH_PRUNER_MEDIAN,  /* worse than the median of those before it at the same step */
    SEARCH_PRUNER_HALVING, /* not among the best 1/reduction at a rung (asynchronous) */
    SEARCH_PRUNERS
} search_pruner;

/* What a study is. Zeroes stand for defaults (search_config_defaults). Without pointers. */
typedef struct search_config {
    search_space space;
    char sampler[SEARCH_NAME_MAX]; /* a name of samplers.def */
    uint64_t seed;
    uint64_t trials_max; /* for which memory is taken */
    uint32_t objectives; /* 1 … SEARCH_OBJECTIVES_MAX */
    uint32_t maximise;   /* bit i: the more of objective i the better */
    uint32_t steps_max;  /* steps 0 … steps_max - 1 may be reported by a trial; 0: none */
    uint32_t pruner;     /* search_pruner */
    /* samplers */
    uint32_t startup_trials; /* tpe: random ones before it models; 10 */
    uint32_t candidates;     /* tpe: drawn for each trial; 24 */
    uint32_t population;     /* nsga2: 50; cma_es: 4 + 3 ln(dimensions) */
    uint32_t grid_points;    /* grid: of a dimension without levels; 10 */
    uint32_t is_plain_sobol; /* sobol: 1 leaves the points unscrambled */
    /* pruners */
    uint32_t pruner_startup;   /* complete trials before the median prunes; 5 */
    uint32_t pruner_warmup;    /* steps that the median never prunes; 0 */
    uint32_t pruner_resource;  /* halving: steps before the first rung; 1 */
    uint32_t pruner_reduction; /* halving: 4 */
    uint32_t unused;           /* no padding: the config is saved as bytes */
} search_config;

/* One trial as asked for. */
typedef struct search_trial {
    uint64_t number;
    uint32_t dims;
    uint32_t unused;
    double values[SEARCH_DIMS_MAX];
    uint64_t active; /* bit i: dimension i counts (all, unless dimensions depend on choices) */
} search_trial;

typedef struct search_row search_row;
typedef struct search_header search_header;
typedef struct search_sampler search_sampler;

/* The handle. The block that it points into is [borrowed until the study is not used any more]. */
typedef struct search_study {
    search_header *header;
    uint8_t *rows;
    void *state;   /* the sampler's, saved with the study */
    void *scratch; /* the sampler's, made anew after loading */
    const search_sampler *sampler;
    size_t row_size;
} search_study;

/** Puts the defaults where the config has zeroes, except the space, trials_max and the seed. */
void search_config_defaults(search_config *config);
/** CB_E_CONFIG with what is wrong: the space, the sampler's name, more objectives than it can. */
CB_MUST_USE cb_status search_config_check(const search_config *config, cb_err *err);
/** Bytes of the block that a study of this (checked) config needs. */
size_t search_size(const search_config *config);

/**
 * Begins a study in a block of at least search_size bytes, aligned to 8.
 *
 * @return CB_E_CONFIG, or CB_E_RANGE when the block is too small.
 */
CB_MUST_USE cb_status search_begin(
    search_study *study, const search_config *config, void *block, size_t size, cb_err *err);

/**
 * Asks for the next trial. It counts as running until it is told.
 *
 * @return CB_E_FULL when trials_max were asked for; CB_E_NOT_FOUND when the sampler has no more
 * (grid).
 */
CB_MUST_USE cb_status search_ask(search_study *study, search_trial *out, cb_err *err);

/**
 * Reports how a running trial does after a step (of the first objective).
 *
 * @param should_end [out] the pruner's advice: tell it as SEARCH_PRUNED.
 * @return CB_E_NOT_FOUND (no such trial), CB_E_STATE (not running), CB_E_RANGE (step or value).
 */
CB_MUST_USE cb_status search_report(search_study *study,
    uint64_t number,
    uint32_t step,
    double value,
    bool *should_end,
    cb_err *err);

/**
 * Tells how a trial ended. A second telling changes nothing.
 *
 * @param objectives config.objectives finite values for SEARCH_COMPLETE; not read otherwise.
 * @return CB_E_NOT_FOUND, CB_E_EXISTS (already told), CB_E_RANGE (a value is not finite).
 */
CB_MUST_USE cb_status search_tell(search_study *study,
    uint64_t number,
    search_state outcome,
    const double *objectives,
    cb_err *err);

/**
 * Adds a trial that was made elsewhere: another optimiser's, or a user's guess. It counts like one
 * that was asked for and told.
 *
 * @param values of every dimension (those that do not count too).
 */
CB_MUST_USE cb_status search_add(search_study *study,
    const double *values,
    const double *objectives,
    uint64_t *number,
    cb_err *err);

/** Trials asked for or added so far: their numbers are 0 … count - 1. */
uint64_t search_count(const search_study *study);
/** How many of them are in a state. */
uint64_t search_count_in(const search_study *study, search_state state);
/** A trial as it was asked for; objectives (may be NULL) only if complete. */
search_state search_look(
    const search_study *study, uint64_t number, search_trial *trial, double *objectives);
/**
 * Number of the best complete trial by the first objective.
 *
 * @return false when none is complete.
 */
bool search_best(const search_study *study, uint64_t *number);
/**
 * Complete trials that no other is better than in every objective, in the order of their numbers;
 * of those with equal objectives the first.
 *
 * @param out [out] at most max numbers.
 * @return how many there are.
 */
size_t search_front(const search_study *study, uint64_t *out, size_t max);

/** Bytes that search_save writes now. */
size_t search_saved_size(const search_study *study);
/** Writes the study. @param out [out] search_saved_size bytes. */
void search_save(const search_study *study, uint8_t *out);
/** The config of a saved study, to know search_size. CB_E_CORRUPT when the bytes are not whole. */
CB_MUST_USE cb_status search_saved_config(
    const uint8_t *bytes, size_t size, search_config *config, cb_err *err);
/** Loads a saved study into a block as search_begin takes it; goes on exactly as the saved one
 * would. */
CB_MUST_USE cb_status search_load(search_study *study,
    const uint8_t *bytes,
    size_t size,
    void *block,
    size_t block_size,
    cb_err *err);

#endif /* LAB_SEARCH_STUDY_H */
