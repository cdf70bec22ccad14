/* Is the best parameter set on a plateau or on a needle? */
#ifndef CB_STATS_STABILITY_H
#define CB_STATS_STABILITY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cb_stability_input {
    const double *places; /* count rows of dims columns, each parameter scaled to 0 … 1 */
    const double *scores; /* count; the more the better */
    size_t count;
    size_t dims;
    double radius;   /* neighbours differ by at most this in every parameter; 0.1 is usual */
    double *scratch; /* count doubles */
} cb_stability_input;

typedef struct cb_stability_result {
    double score;      /* 0 … 1: (neighbours' median - median of all) / (best - median of all) */
    double best;       /* the best score … */
    size_t best_index; /* … and whose it is; of equals the first */
    double neighbour_median;
    double median;     /* of all */
    size_t neighbours; /* without the best itself */
} cb_stability_result;

/**
 * Parameter stability: how much of the best one's advantage over the middle of all its neighbours
 * share.
 *
 * @return false with fewer than three sets, without a neighbour, or when all scores are alike.
 */
bool cb_stability(const cb_stability_input *input, cb_stability_result *out);

#endif /* CB_STATS_STABILITY_H */
