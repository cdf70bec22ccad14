/* What a study shares with its samplers and pruners. */
#ifndef LAB_SEARCH_STUDY_INTERNAL_H
#define LAB_SEARCH_STUDY_INTERNAL_H

#include "services/lab/core/search/study.h"

#define SEARCH_MAGIC UINT64_C(0x3079647574536243) /* "CbStudy0" */

/* Head of the block. */
struct search_header {
    uint64_t magic;
    uint64_t hash; /* of all that is saved after it; 0 while in use */
    uint64_t saved_size;
    search_config config;
    uint64_t count;
    uint64_t counts[SEARCH_STATES];
    uint64_t best_plus_one; /* of the complete ones by the first objective */
};

/* One trial; what it varies and reported follows: units, values, reports. Objectives are kept so
 * that less is better. */
struct search_row {
    uint32_t state;
    uint32_t generation; /* the sampler's */
    uint32_t steps;      /* highest reported step + 1 */
    uint32_t unused;
    uint64_t active;
    double objectives[SEARCH_OBJECTIVES_MAX];
    double tail[]; /* dims units, dims values, steps_max reports (infinite: none) */
};

struct search_sampler {
    const char *name; /* its file and its line in samplers.def */
    const char *summary;
    const char *source;
    uint32_t objectives_max;
    /* Bytes, multiples of 8. */
    size_t (*state_size)(const search_config *config);
    size_t (*scratch_size)(const search_config *config);
    /** Begins the state (zeroed before). May be NULL. */
    void (*init)(search_study *study);
    /** Makes the scratch (zeroed before) from state and rows, at the beginning and after loading.
     * NULL: none. */
    void (*attach)(search_study *study);
    /** Chooses the units of the trial with that number; row is its row, not yet counted. */
    cb_status (*ask)(
        search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err);
    /** The trial is counted as running (after ask), or was added. May be NULL. */
    void (*asked)(search_study *study, uint64_t number);
    /** The trial's state is now what its row says. May be NULL. */
    void (*told)(search_study *study, uint64_t number);
};

/* A file without its line lacks this declaration; a line without its file does not link. */
#define SAMPLER(name) extern const search_sampler search_sampler_##name;
#include "services/lab/core/samplers.def"
#undef SAMPLER

search_row *search_row_at(const search_study *study, uint64_t number);
/** The places of a row's dimensions in 0 … 1. */
double *search_row_units(search_row *row);
double *search_row_values(const search_study *study, search_row *row);
double *search_row_reports(const search_study *study, search_row *row);

/** Uniform units, snapped. */
void search_draw(const search_study *study, search_row *row, cb_prng *prng);
/** What a pruner says of a running trial that has just reported at step. */
bool search_prunes(const search_study *study, uint64_t number, uint32_t step);

#endif /* LAB_SEARCH_STUDY_INTERNAL_H */
