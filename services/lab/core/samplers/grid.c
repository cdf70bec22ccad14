/* Every combination once, the last dimension running fastest. A dimension without levels gets
 * evenly spaced points, its ends among them. */
#include "base/assert.h"
#include "services/lab/core/search/study_internal.h"

/* The number of the next combination: not that of the trial, because trials may be added. */
typedef struct grid_state {
    uint64_t next;
} grid_state;

static size_t grid_state_size(const search_config *config)
{
    (void)config;
    return sizeof(grid_state);
}

static uint64_t points_of(const search_config *config, const search_dim *dim)
{
    const uint64_t levels = search_levels(dim);
    return levels > 0 ? levels : config->grid_points;
}

static double unit_of(const search_dim *dim, uint64_t point, uint64_t points)
{
    if (search_levels(dim) > 0) {
        return search_unit(dim, dim->low + (double)point * dim->step);
    }
    return points > 1 ? (double)point / (double)(points - 1) : 0.5;
}

static cb_status grid_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)prng;
    const search_config *config = &study->header->config;
    grid_state *grid = study->state;
    uint64_t rest = grid->next;
    for (uint32_t i = config->space.count; i-- > 0;) {
        const uint64_t points = points_of(config, &config->space.dims[i]);
        CB_ASSERT(points > 0);
        search_row_units(row)[i] = unit_of(&config->space.dims[i], rest % points, points);
        rest /= points;
    }
    if (rest > 0) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "every combination of the grid was asked for");
    }
    grid->next++;
    return CB_OK;
}

const search_sampler search_sampler_grid = {.name = "grid",
    .summary = "every combination once",
    .source = "definition",
    .objectives_max = SEARCH_OBJECTIVES_MAX,
    .state_size = grid_state_size,
    .ask = grid_ask};
