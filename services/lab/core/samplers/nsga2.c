/* NSGA-II for several objectives (also for one): parents by rank and crowding in tournaments of
 * two, uniform crossover, mutation by drawing anew; the next parents are the best of parents and
 * children. Works with any number of workers: whenever a population's worth of children was told,
 * the parents are chosen again, whichever children those are. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/core/search/pareto.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

#define POPULATION_DEFAULT 50
#define CROSSOVER 0.9
#define SWAP 0.5
#define RETRIES 10 /* to find a second parent that is not the first */

typedef struct nsga2_state {
    uint64_t parents_count;
    uint64_t pending_count;
    uint64_t generation;
} nsga2_state;

/* What follows the state: parents, pending children (trial numbers), ranks of parents, crowding. */
typedef struct nsga2_parts {
    double *crowding;
    uint32_t *parents;
    uint32_t *pending;
    uint32_t *ranks;
} nsga2_parts;

/* What a choice of parents needs: twice a population. */
typedef struct nsga2_room {
    double *points;
    double *crowding;
    uint32_t *numbers;
    uint32_t *ranks;
    uint32_t *members;
    uint32_t *order;
} nsga2_room;

static size_t population_of(const search_config *config)
{
    return config->population > 0 ? config->population : POPULATION_DEFAULT;
}

static size_t even(size_t count)
{
    return (count + 1) / 2 * 2; /* uint32 in pairs keep doubles aligned */
}

static size_t nsga2_state_size(const search_config *config)
{
    const size_t population = population_of(config);
    return sizeof(nsga2_state) + population * sizeof(double) +
           3 * even(population) * sizeof(uint32_t);
}

static size_t nsga2_scratch_size(const search_config *config)
{
    const size_t both = 2 * population_of(config);
    return both * (SEARCH_OBJECTIVES_MAX + 1) * sizeof(double) + 4 * both * sizeof(uint32_t);
}

static nsga2_parts parts_of(const search_study *study)
{
    const size_t population = population_of(&study->header->config);
    nsga2_parts parts;
    parts.crowding = (double *)((nsga2_state *)study->state + 1);
    parts.parents = (uint32_t *)(parts.crowding + population);
    parts.pending = parts.parents + even(population);
    parts.ranks = parts.pending + even(population);
    return parts;
}

static nsga2_room room_of(const search_study *study)
{
    const size_t both = 2 * population_of(&study->header->config);
    nsga2_room room;
    room.points = study->scratch;
    room.crowding = room.points + both * SEARCH_OBJECTIVES_MAX;
    room.numbers = (uint32_t *)(room.crowding + both);
    room.ranks = room.numbers + both;
    room.members = room.ranks + both;
    room.order = room.members + both;
    return room;
}

/* ---- children ---- */

static uint32_t tournament(const search_study *study, cb_prng *prng)
{
    const nsga2_state *state = study->state;
    const nsga2_parts parts = parts_of(study);
    const uint64_t one = cb_prng_below(prng, state->parents_count);
    const uint64_t two = cb_prng_below(prng, state->parents_count);
    if (parts.ranks[one] != parts.ranks[two]) {
        return parts.parents[parts.ranks[one] < parts.ranks[two] ? one : two];
    }
    /* With three objectives and more the ends of the front are many, and crowding would breed from
     * them alone. */
    const bool is_second =
        study->header->config.objectives < 3 && parts.crowding[two] > parts.crowding[one];
    return parts.parents[is_second ? two : one];
}

/* Takes each dimension from one of two parents; true when the child is like neither. */
static bool cross(const search_study *study, search_row *row, cb_prng *prng)
{
    const uint32_t dims = study->header->config.space.count;
    const uint32_t first = tournament(study, prng);
    uint32_t second = tournament(study, prng);
    for (unsigned i = 0; i < RETRIES && second == first; i++) {
        second = tournament(study, prng);
    }
    const double *mother = search_row_units(search_row_at(study, first));
    const double *father = search_row_units(search_row_at(study, second));
    double *child = search_row_units(row);
    const bool is_crossed = cb_random_unit(prng) < CROSSOVER;
    for (uint32_t i = 0; i < dims; i++) {
        const bool is_swapped = is_crossed && cb_random_unit(prng) < SWAP;
        child[i] = is_swapped ? father[i] : mother[i];
    }
    return memcmp(child, mother, dims * sizeof(*child)) != 0 &&
           memcmp(child, father, dims * sizeof(*child)) != 0;
}

/* Draws each dimension anew with a chance of one in all. A copy of a parent would teach nothing:
 * there one dimension is drawn anew for certain. */
static void mutate(const search_study *study, search_row *row, cb_prng *prng, bool is_copy)
{
    const search_space *space = &study->header->config.space;
    const double chance = 1.0 / (double)space->count;
    const uint64_t certain = is_copy ? cb_prng_below(prng, space->count) : space->count;
    for (uint32_t i = 0; i < space->count; i++) {
        if (i == certain || cb_random_unit(prng) < chance) {
            search_row_units(row)[i] = search_snap(&space->dims[i], cb_random_unit(prng));
        }
    }
}

static cb_status nsga2_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)err;
    const nsga2_state *state = study->state;
    row->generation = (uint32_t)state->generation;
    if (state->parents_count == 0) {
        search_draw(study, row, prng);
        return CB_OK;
    }
    const bool is_new = cross(study, row, prng);
    mutate(study, row, prng, !is_new);
    return CB_OK;
}

/* ---- the next parents ---- */

static size_t gather(const search_study *study, const nsga2_room *room)
{
    const nsga2_state *state = study->state;
    const nsga2_parts parts = parts_of(study);
    const uint32_t objectives = study->header->config.objectives;
    size_t count = 0;
    for (uint64_t i = 0; i < state->parents_count; i++) {
        room->numbers[count++] = parts.parents[i];
    }
    for (uint64_t i = 0; i < state->pending_count; i++) {
        room->numbers[count++] = parts.pending[i];
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(room->points + i * objectives,
            search_row_at(study, room->numbers[i])->objectives,
            objectives * sizeof(double));
    }
    return count;
}

/* Puts members with the largest crowding first. */
static void order_by_crowding(uint32_t *members, size_t count, const double *crowding)
{
    for (size_t i = 1; i < count; i++) {
        const uint32_t moved = members[i];
        size_t at = i;
        while (at > 0 && crowding[members[at - 1]] < crowding[moved]) {
            members[at] = members[at - 1];
            at--;
        }
        members[at] = moved;
    }
}

static void select_parents(search_study *study)
{
    nsga2_state *state = study->state;
    const nsga2_parts parts = parts_of(study);
    const nsga2_room room = room_of(study);
    const uint32_t objectives = study->header->config.objectives;
    const size_t population = population_of(&study->header->config);
    const size_t count = gather(study, &room);
    search_rank(room.points, count, objectives, room.ranks);
    size_t chosen = 0;
    for (uint32_t rank = 0; chosen < population && chosen < count; rank++) {
        size_t members = 0;
        for (size_t i = 0; i < count; i++) {
            if (room.ranks[i] == rank) {
                room.members[members++] = (uint32_t)i;
            }
        }
        CB_ASSERT(members > 0);
        search_crowd(room.points, room.members, members, objectives, room.crowding, room.order);
        order_by_crowding(room.members, members, room.crowding);
        for (size_t i = 0; i < members && chosen < population; i++) {
            const uint32_t member = room.members[i];
            parts.parents[chosen] = room.numbers[member];
            parts.ranks[chosen] = rank;
            parts.crowding[chosen++] = room.crowding[member];
        }
    }
    state->parents_count = chosen;
    state->pending_count = 0;
    state->generation++;
}

static void nsga2_told(search_study *study, uint64_t number)
{
    nsga2_state *state = study->state;
    if (search_row_at(study, number)->state != SEARCH_COMPLETE) {
        return;
    }
    const size_t population = population_of(&study->header->config);
    CB_ASSERT(state->pending_count < population);
    parts_of(study).pending[state->pending_count++] = (uint32_t)number;
    if (state->pending_count == population) {
        select_parents(study);
    }
}

const search_sampler search_sampler_nsga2 = {.name = "nsga2",
    .summary = "a genetic algorithm that finds the front of several objectives",
    .source = "Deb, Pratap, Agarwal and Meyarivan 2002; defaults as Optuna's",
    .objectives_max = SEARCH_OBJECTIVES_MAX,
    .state_size = nsga2_state_size,
    .scratch_size = nsga2_scratch_size,
    .ask = nsga2_ask,
    .told = nsga2_told};
