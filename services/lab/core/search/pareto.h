/* Several objectives at once (all to be small): who dominates whom, ranks, crowding, hypervolume.
 */
#ifndef LAB_SEARCH_PARETO_H
#define LAB_SEARCH_PARETO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** True when left is nowhere worse than right and somewhere better. */
bool search_dominates(const double *left, const double *right, uint32_t objectives);
/**
 * Ranks points: 0 for those that none dominates, 1 for those that only such do, and so on.
 *
 * @param points count rows of objectives values.
 * @param ranks [out] count.
 */
void search_rank(const double *points, size_t count, uint32_t objectives, uint32_t *ranks);
/**
 * Crowding distance of the points of one rank (Deb and others 2002): infinite at the ends.
 *
 * @param members indices of the points, count of them.
 * @param crowding [out] written at the members' indices.
 * @param order scratch for count indices.
 */
void search_crowd(const double *points,
    const uint32_t *members,
    size_t count,
    uint32_t objectives,
    double *crowding,
    uint32_t *order);
/**
 * Volume that the points dominate below a reference point, for two or three objectives.
 *
 * @param points count rows; those not below the reference count nothing.
 * @param scratch room for count * (objectives + 1) doubles.
 */
double search_hypervolume(const double *points,
    size_t count,
    uint32_t objectives,
    const double *reference,
    double *scratch);

#endif /* LAB_SEARCH_PARETO_H */
