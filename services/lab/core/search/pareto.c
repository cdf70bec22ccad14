/* Dominance, ranks, crowding, hypervolume. Populations are small (a hundred or so), so quadratic
 * comparisons are cheaper than anything clever. */
#include "services/lab/core/search/pareto.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/core/search/study_internal.h"

#define UNRANKED UINT32_MAX

bool search_dominates(const double *left, const double *right, uint32_t objectives)
{
    bool is_better = false;
    for (uint32_t i = 0; i < objectives; i++) {
        if (left[i] > right[i]) {
            return false;
        }
        is_better = is_better || left[i] < right[i];
    }
    return is_better;
}

void search_rank(const double *points, size_t count, uint32_t objectives, uint32_t *ranks)
{
    CB_ASSERT(points != NULL || count == 0);
    CB_ASSERT(ranks != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        ranks[i] = UNRANKED;
    }
    size_t left = count;
    for (uint32_t rank = 0; left > 0; rank++) {
        for (size_t i = 0; i < count; i++) {
            bool is_front = ranks[i] == UNRANKED;
            for (size_t k = 0; is_front && k < count; k++) {
                /* those of this very rank were undominated too, so they dominate none of it */
                is_front =
                    ranks[k] < rank ||
                    !search_dominates(points + k * objectives, points + i * objectives, objectives);
            }
            if (is_front) {
                ranks[i] = rank;
                left--;
            }
        }
    }
}

static void order_by(
    const double *points, uint32_t *order, size_t count, uint32_t objectives, uint32_t by)
{
    for (size_t i = 1; i < count; i++) {
        const uint32_t moved = order[i];
        const double value = points[(size_t)moved * objectives + by];
        size_t at = i;
        while (at > 0 && points[(size_t)order[at - 1] * objectives + by] > value) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = moved;
    }
}

void search_crowd(const double *points,
    const uint32_t *members,
    size_t count,
    uint32_t objectives,
    double *crowding,
    uint32_t *order)
{
    CB_ASSERT(points != NULL && members != NULL);
    CB_ASSERT(crowding != NULL && order != NULL && count > 0);
    memcpy(order, members, count * sizeof(*order));
    for (size_t i = 0; i < count; i++) {
        crowding[members[i]] = 0;
    }
    for (uint32_t by = 0; by < objectives; by++) {
        order_by(points, order, count, objectives, by);
        const double low = points[(size_t)order[0] * objectives + by];
        const double high = points[(size_t)order[count - 1] * objectives + by];
        crowding[order[0]] = (double)INFINITY;
        crowding[order[count - 1]] = (double)INFINITY;
        for (size_t i = 1; high > low && i + 1 < count; i++) {
            crowding[order[i]] += (points[(size_t)order[i + 1] * objectives + by] -
                                      points[(size_t)order[i - 1] * objectives + by]) /
                                  (high - low);
        }
    }
}

/* ---- hypervolume ---- */

static void swap_rows(double *rows, size_t left, size_t right, uint32_t width)
{
    for (uint32_t k = 0; k < width; k++) {
        const double value = rows[left * width + k];
        rows[left * width + k] = rows[right * width + k];
        rows[right * width + k] = value;
    }
}

/* Sorts rows by one column, upwards. */
static void sort_rows(double *rows, size_t count, uint32_t width, uint32_t by)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t at = i; at > 0 && rows[(at - 1) * width + by] > rows[at * width + by]; at--) {
            swap_rows(rows, at - 1, at, width);
        }
    }
}

/* Area that rows dominate in the first two columns; the rows are sorted by the first. */
static double area_of(
    const double *rows, size_t count, uint32_t width, double limit, const double *reference)
{
    double area = 0;
    double top = reference[1];
    for (size_t i = 0; i < count; i++) {
        const double *row = rows + i * width;
        if ((width == 2 || row[2] <= limit) && row[1] < top) {
            area += (reference[0] - row[0]) * (top - row[1]);
            top = row[1];
        }
    }
    return area;
}

double search_hypervolume(const double *points,
    size_t count,
    uint32_t objectives,
    const double *reference,
    double *scratch)
{
    CB_ASSERT(objectives == 2 || objectives == 3);
    CB_ASSERT(reference != NULL && (scratch != NULL || count == 0));
    double *rows = scratch;
    double *levels = scratch + count * objectives;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const double *point = points + i * objectives;
        bool is_inside = true;
        for (uint32_t k = 0; k < objectives; k++) {
            is_inside = is_inside && point[k] < reference[k];
        }
        if (is_inside) {
            levels[kept] = point[objectives - 1];
            memcpy(rows + kept++ * objectives, point, objectives * sizeof(double));
        }
    }
    sort_rows(rows, kept, objectives, 0);
    if (objectives == 2) {
        return area_of(rows, kept, 2, 0, reference);
    }
    /* Slices along the third axis: below each level the area of what has begun by then. */
    sort_rows(levels, kept, 1, 0);
    double volume = 0;
    for (size_t i = 0; i < kept; i++) {
        const double next = i + 1 < kept ? levels[i + 1] : reference[2];
        if (next > levels[i]) {
            volume += area_of(rows, kept, 3, levels[i], reference) * (next - levels[i]);
        }
    }
    return volume;
}

/* ---- the front of a study ---- */

static bool is_undominated(const search_study *study, uint64_t number)
{
    const uint32_t objectives = study->header->config.objectives;
    const search_row *row = search_row_at(study, number);
    for (uint64_t i = 0; i < study->header->count; i++) {
        const search_row *other = search_row_at(study, i);
        if (i == number || other->state != SEARCH_COMPLETE) {
            continue;
        }
        if (search_dominates(other->objectives, row->objectives, objectives)) {
            return false;
        }
        if (i < number && !search_dominates(row->objectives, other->objectives, objectives) &&
            memcmp(other->objectives, row->objectives, objectives * sizeof(double)) == 0) {
            return false; /* the same result, found before */
        }
    }
    return true;
}

size_t search_front(const search_study *study, uint64_t *out, size_t max)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(out != NULL || max == 0);
    size_t count = 0;
    for (uint64_t i = 0; i < study->header->count; i++) {
        if (search_row_at(study, i)->state == SEARCH_COMPLETE && is_undominated(study, i)) {
            if (count < max) {
                out[count] = i;
            }
            count++;
        }
    }
    return count;
}
