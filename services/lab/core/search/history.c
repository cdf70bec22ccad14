/* Sorted columns and ranks by insertion: a move of some kilobytes for each trial is cheaper than
 * any sorting at an ask. */
#include "services/lab/core/search/history.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/core/search/study_internal.h"

#define FLAT 25 /* so many of the latest keep their whole weight */

static size_t column_size(const search_config *config)
{
    const size_t trials = config->trials_max;
    return trials * sizeof(double) + (trials + 1) / 2 * 2 * sizeof(uint32_t);
}

size_t search_history_size(const search_config *config)
{
    CB_ASSERT(config != NULL);
    const size_t trials = config->trials_max;
    const size_t head = (sizeof(search_history) + 7) / 8 * 8;
    return head + trials * sizeof(double) + (trials + 1) / 2 * 2 * sizeof(uint32_t) +
           config->space.count * column_size(config);
}

search_history *search_history_make(const search_study *study, void *memory, bool is_whole)
{
    CB_ASSERT(study != NULL && memory != NULL);
    const search_config *config = &study->header->config;
    const size_t trials = config->trials_max;
    search_history *history = memory;
    uint8_t *at = (uint8_t *)memory + (sizeof(search_history) + 7) / 8 * 8;
    memset(memory, 0, search_history_size(config));
    history->is_whole = is_whole;
    history->weights = (double *)(void *)at;
    at += trials * sizeof(double);
    history->ranked = (uint32_t *)(void *)at;
    at += (trials + 1) / 2 * 2 * sizeof(uint32_t);
    for (uint32_t i = 0; i < config->space.count; i++) {
        history->columns[i].units = (double *)(void *)at;
        history->columns[i].numbers = (uint32_t *)(void *)(at + trials * sizeof(double));
        at += column_size(config);
    }
    for (uint64_t i = 0; i < study->header->count; i++) {
        search_history_asked(history, study, i);
        if (search_row_at(study, i)->state != SEARCH_RUNNING) {
            search_history_told(history, study, i);
        }
    }
    return history;
}

/* First place whose unit is above (or, for taking out, not below). */
static uint32_t place_of(const search_column *column, double unit, bool is_after_equals)
{
    uint32_t low = 0;
    uint32_t high = column->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const bool is_left =
            is_after_equals ? column->units[middle] <= unit : column->units[middle] < unit;
        low = is_left ? middle + 1 : low;
        high = is_left ? high : middle;
    }
    return low;
}

void search_history_asked(search_history *history, const search_study *study, uint64_t number)
{
    CB_ASSERT(history != NULL);
    search_row *row = search_row_at(study, number);
    for (uint32_t i = 0; i < study->header->config.space.count; i++) {
        if (history->is_whole == 0 && (row->active >> i & 1) == 0) {
            continue;
        }
        search_column *column = &history->columns[i];
        const double unit = search_row_units(row)[i];
        const uint32_t at = place_of(column, unit, true);
        const size_t moved = column->count - at;
        memmove(column->units + at + 1, column->units + at, moved * sizeof(double));
        memmove(column->numbers + at + 1, column->numbers + at, moved * sizeof(uint32_t));
        column->units[at] = unit;
        column->numbers[at] = (uint32_t)number;
        column->count++;
    }
}

static void forget(search_history *history, const search_study *study, uint64_t number)
{
    search_row *row = search_row_at(study, number);
    for (uint32_t i = 0; i < study->header->config.space.count; i++) {
        if (history->is_whole == 0 && (row->active >> i & 1) == 0) {
            continue;
        }
        search_column *column = &history->columns[i];
        uint32_t at = place_of(column, search_row_units(row)[i], false);
        while (column->numbers[at] != number) {
            at++;
            CB_ASSERT(at < column->count);
        }
        const size_t moved = column->count - at - 1;
        memmove(column->units + at, column->units + at + 1, moved * sizeof(double));
        memmove(column->numbers + at, column->numbers + at + 1, moved * sizeof(uint32_t));
        column->count--;
    }
}

/* Complete before pruned; pruned ones that got further before others, then by what they reported
 * last. */
static bool is_better(const search_study *study, uint32_t left, uint32_t right)
{
    search_row *a = search_row_at(study, left);
    search_row *b = search_row_at(study, right);
    if (a->state != b->state) {
        return a->state == SEARCH_COMPLETE;
    }
    if (a->state == SEARCH_COMPLETE) {
        return a->objectives[0] < b->objectives[0];
    }
    if (a->steps != b->steps || a->steps == 0) {
        return a->steps > b->steps;
    }
    return search_row_reports(study, a)[a->steps - 1] < search_row_reports(study, b)[b->steps - 1];
}

void search_history_told(search_history *history, const search_study *study, uint64_t number)
{
    CB_ASSERT(history != NULL);
    const search_row *row = search_row_at(study, number);
    CB_ASSERT(row->state != SEARCH_RUNNING);
    if (row->state == SEARCH_FAILED) {
        forget(history, study, number);
        return;
    }
    uint32_t low = 0;
    uint32_t high = history->ranked_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const bool is_left = !is_better(study, (uint32_t)number, history->ranked[middle]);
        low = is_left ? middle + 1 : low;
        high = is_left ? high : middle;
    }
    memmove(history->ranked + low + 1,
        history->ranked + low,
        (history->ranked_count - low) * sizeof(uint32_t));
    history->ranked[low] = (uint32_t)number;
    history->ranked_count++;
}

static bool counts(const search_study *study, uint64_t number, uint32_t dim)
{
    const search_row *row = search_row_at(study, number);
    return row->state != SEARCH_FAILED && (dim == SEARCH_DIMS_MAX || (row->active >> dim & 1) != 0);
}

static void choose_below(search_history *history, const search_study *study, uint32_t dim)
{
    const double wanted = ceil(0.1 * history->ranked_count);
    const uint32_t good = (uint32_t)fmin(wanted, SEARCH_BELOW_MAX);
    history->below_count = 0;
    for (uint32_t i = 0; i < good; i++) {
        if (counts(study, history->ranked[i], dim)) {
            history->below[history->below_count++] = history->ranked[i];
        }
    }
}

void search_history_split(search_history *history, const search_study *study, uint32_t dim)
{
    CB_ASSERT(history != NULL && study != NULL);
    choose_below(history, study, dim);
    const uint64_t trials = study->header->count;
    double *weights = history->weights;
    uint32_t above = 0;
    for (uint64_t i = 0; i < trials; i++) {
        weights[i] = counts(study, i, dim) ? 1 : 0;
    }
    for (uint32_t i = 0; i < history->below_count; i++) {
        weights[history->below[i]] = 0;
    }
    for (uint64_t i = 0; i < trials; i++) {
        above += weights[i] > 0;
    }
    history->above_count = above;
    if (above <= FLAT) {
        return;
    }
    /* from 1 / above for the oldest to 1 for the last before the latest 25 */
    const double first = 1.0 / above;
    const uint32_t ramp = above - FLAT;
    const double rise = ramp > 1 ? (1 - first) / (ramp - 1) : 0;
    uint32_t index = 0;
    for (uint64_t i = 0; i < trials && index < ramp; i++) {
        if (weights[i] > 0) {
            weights[i] = first + rise * index++;
        }
    }
}

size_t search_history_above(
    const search_history *history, uint32_t dim, double *units, double *weights, uint32_t *numbers)
{
    CB_ASSERT(history != NULL && dim < SEARCH_DIMS_MAX);
    const search_column *column = &history->columns[dim];
    size_t count = 0;
    for (uint32_t i = 0; i < column->count; i++) {
        const double weight = history->weights[column->numbers[i]];
        units[count] = column->units[i];
        weights[count] = weight;
        if (numbers != NULL) {
            numbers[count] = column->numbers[i];
        }
        count += weight > 0;
    }
    return count;
}

size_t search_history_below(const search_history *history,
    const search_study *study,
    uint32_t dim,
    double *units,
    uint32_t *numbers)
{
    CB_ASSERT(history != NULL && dim < SEARCH_DIMS_MAX);
    for (uint32_t i = 0; i < history->below_count; i++) {
        const double unit = search_row_units(search_row_at(study, history->below[i]))[dim];
        uint32_t at = i;
        while (at > 0 && units[at - 1] > unit) {
            units[at] = units[at - 1];
            numbers[at] = numbers[at - 1];
            at--;
        }
        units[at] = unit;
        numbers[at] = i;
    }
    return history->below_count;
}
