/* Ask, report, tell over one block: header, rows, the sampler's state, its scratch. The study keeps
 * what happened; how the next trial is chosen is the sampler's. */
#include "services/lab/core/search/study.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "services/lab/core/sampler.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

_Static_assert(sizeof(search_dim) == 40, "no padding: saved as bytes");
_Static_assert(sizeof(search_config) % 8 == 0, "rows after it are aligned");
_Static_assert(sizeof(search_header) % 8 == 0, "rows after it are aligned");
_Static_assert(sizeof(search_row) % 8 == 0, "doubles after it are aligned");

static void default_to(uint32_t *value, uint32_t otherwise)
{
    *value = *value == 0 ? otherwise : *value;
}

void search_config_defaults(search_config *config)
{
    CB_ASSERT(config != NULL);
    if (config->sampler[0] == '\0') {
        memcpy(config->sampler, "tpe", sizeof("tpe"));
    }
    default_to(&config->objectives, 1);
    default_to(&config->startup_trials, 10);
    default_to(&config->candidates, 24);
    default_to(&config->grid_points, 10);
    default_to(&config->pruner_startup, 5);
    default_to(&config->pruner_resource, 1);
    default_to(&config->pruner_reduction, 4);
}

static const char *fault_of(const search_config *config)
{
    if (config->trials_max == 0 || config->trials_max > SEARCH_TRIALS_MAX) {
        return "a study has 1 to 4294967295 trials";
    }
    if (config->objectives == 0 || config->objectives > SEARCH_OBJECTIVES_MAX) {
        return "a study has 1 to 4 objectives";
    }
    if (config->steps_max > SEARCH_STEPS_MAX) {
        return "a trial reports 256 steps at most";
    }
    if (config->pruner >= SEARCH_PRUNERS || config->pruner_resource == 0 ||
        config->pruner_reduction < 2) {
        return "the pruner is none, median or halving, with a reduction of at least 2";
    }
    if (config->pruner != SEARCH_PRUNER_NONE && config->objectives > 1) {
        return "trials with several objectives cannot be pruned";
    }
    if (config->candidates == 0 || config->candidates > 1024 || config->grid_points == 0 ||
        config->population > 4096) {
        return "candidates (1 to 1024), grid points (from 1) or population (to 4096) out of range";
    }
    return NULL;
}

cb_status search_config_check(const search_config *config, cb_err *err)
{
    CB_ASSERT(config != NULL);
    const cb_status status = search_space_check(&config->space, err);
    if (status != CB_OK) {
        return status;
    }
    const char *fault = fault_of(config);
    if (fault != NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "%s", fault);
    }
    if (memchr(config->sampler, '\0', sizeof(config->sampler)) == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "the sampler's name does not end");
    }
    const search_sampler *sampler = search_sampler_find(config->sampler);
    if (sampler == NULL) {
        return CB_FAIL(err, CB_E_CONFIG, "there is no sampler called %s", config->sampler);
    }
    if (config->objectives > sampler->objectives_max) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "the sampler %s searches for %u objective%s at most, not %u",
            config->sampler,
            sampler->objectives_max,
            sampler->objectives_max == 1 ? "" : "s",
            config->objectives);
    }
    return CB_OK;
}

static size_t row_size_of(const search_config *config)
{
    return sizeof(search_row) +
           sizeof(double) * ((size_t)config->space.count * 2 + config->steps_max);
}

static size_t state_size_of(const search_config *config, const search_sampler *sampler)
{
    const size_t size = sampler->state_size != NULL ? sampler->state_size(config) : 0;
    CB_ASSERT(size % 8 == 0);
    return size;
}

static size_t scratch_size_of(const search_config *config, const search_sampler *sampler)
{
    const size_t size = sampler->scratch_size != NULL ? sampler->scratch_size(config) : 0;
    CB_ASSERT(size % 8 == 0);
    return size;
}

size_t search_size(const search_config *config)
{
    CB_ASSERT(config != NULL);
    const search_sampler *sampler = search_sampler_find(config->sampler);
    CB_ASSERT(sampler != NULL);
    return sizeof(search_header) + row_size_of(config) * config->trials_max +
           state_size_of(config, sampler) + scratch_size_of(config, sampler);
}

/* Lays the handle over the block; nothing of the block is changed but its scratch, which is zeroed.
 */
static void lay_over(search_study *study, const search_config *config, void *block)
{
    const search_sampler *sampler = search_sampler_find(config->sampler);
    CB_ASSERT(sampler != NULL);
    CB_ASSERT((uintptr_t)block % 8 == 0);
    uint8_t *at = block;
    study->header = block;
    study->sampler = sampler;
    study->row_size = row_size_of(config);
    study->rows = at + sizeof(search_header);
    study->state = study->rows + study->row_size * config->trials_max;
    study->scratch = (uint8_t *)study->state + state_size_of(config, sampler);
    const size_t scratch_size = scratch_size_of(config, sampler);
    memset(study->scratch, 0, scratch_size);
}

cb_status search_begin(
    search_study *study, const search_config *config, void *block, size_t size, cb_err *err)
{
    CB_ASSERT(study != NULL && config != NULL);
    CB_ASSERT(block != NULL);
    const cb_status status = search_config_check(config, err);
    if (status != CB_OK) {
        return status;
    }
    if (size < search_size(config)) {
        return CB_FAIL(err, CB_E_RANGE, "the study's memory is too small");
    }
    memset(block, 0, sizeof(search_header));
    lay_over(study, config, block);
    study->header->magic = SEARCH_MAGIC;
    study->header->config = *config;
    const size_t state_size = state_size_of(config, study->sampler);
    memset(study->state, 0, state_size);
    if (study->sampler->init != NULL) {
        study->sampler->init(study);
    }
    if (study->sampler->attach != NULL) {
        study->sampler->attach(study);
    }
    return CB_OK;
}

search_row *search_row_at(const search_study *study, uint64_t number)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(number < study->header->config.trials_max);
    /* through void: rows begin at multiples of 8 */
    return (search_row *)(void *)(study->rows + study->row_size * number);
}

double *search_row_units(search_row *row)
{
    return row->tail;
}

double *search_row_values(const search_study *study, search_row *row)
{
    return row->tail + study->header->config.space.count;
}

double *search_row_reports(const search_study *study, search_row *row)
{
    return row->tail + (size_t)study->header->config.space.count * 2;
}

void search_draw(const search_study *study, search_row *row, cb_prng *prng)
{
    const search_space *space = &study->header->config.space;
    for (uint32_t i = 0; i < space->count; i++) {
        row->tail[i] = search_snap(&space->dims[i], cb_random_unit(prng));
    }
}

static search_row *new_row(search_study *study)
{
    search_row *row = search_row_at(study, study->header->count);
    memset(row, 0, study->row_size);
    double *reports = search_row_reports(study, row);
    for (uint32_t i = 0; i < study->header->config.steps_max; i++) {
        reports[i] = (double)INFINITY;
    }
    return row;
}

/* Values and activity follow from units. */
static void derive(const search_study *study, search_row *row)
{
    const search_space *space = &study->header->config.space;
    double *values = search_row_values(study, row);
    for (uint32_t i = 0; i < space->count; i++) {
        values[i] = search_value(&space->dims[i], row->tail[i]);
    }
    for (uint32_t i = 0; i < space->count; i++) {
        row->active |= (uint64_t)search_is_active(space, values, i) << i;
    }
}

static void describe(const search_study *study, uint64_t number, search_row *row, search_trial *out)
{
    *out = (search_trial){
        .number = number, .dims = study->header->config.space.count, .active = row->active};
    memcpy(out->values, search_row_values(study, row), out->dims * sizeof(double));
}

cb_status search_ask(search_study *study, search_trial *out, cb_err *err)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(out != NULL);
    search_header *header = study->header;
    if (header->count == header->config.trials_max) {
        return CB_FAIL(err, CB_E_FULL, "all trials of the study were asked for");
    }
    const uint64_t number = header->count;
    search_row *row = new_row(study);
    cb_prng prng = cb_random_stream(header->config.seed, number);
    const cb_status status = study->sampler->ask(study, number, row, &prng, err);
    if (status != CB_OK) {
        return status;
    }
    derive(study, row);
    header->count++;
    header->counts[SEARCH_RUNNING]++;
    if (study->sampler->asked != NULL) {
        study->sampler->asked(study, number);
    }
    describe(study, number, row, out);
    return CB_OK;
}

static cb_status find_running(
    const search_study *study, uint64_t number, search_row **row, cb_err *err)
{
    if (number >= study->header->count) {
        return CB_FAIL(
            err, CB_E_NOT_FOUND, "the study has no trial %llu", (unsigned long long)number);
    }
    *row = search_row_at(study, number);
    if ((*row)->state != SEARCH_RUNNING) {
        return CB_FAIL(err, CB_E_EXISTS, "trial %llu was told before", (unsigned long long)number);
    }
    return CB_OK;
}

static double sign_of(const search_config *config, uint32_t objective)
{
    return (config->maximise >> objective & 1) != 0 ? -1 : 1;
}

cb_status search_report(search_study *study,
    uint64_t number,
    uint32_t step,
    double value,
    bool *should_end,
    cb_err *err)
{
    CB_ASSERT(study != NULL && should_end != NULL);
    search_row *row = NULL;
    const cb_status status = find_running(study, number, &row, err);
    if (status != CB_OK) {
        return status == CB_E_EXISTS ? CB_FAIL(err, CB_E_STATE, "the trial has ended") : status;
    }
    const search_config *config = &study->header->config;
    if (step >= config->steps_max || !isfinite(value)) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "a report needs a step below %u and a finite value",
            config->steps_max);
    }
    search_row_reports(study, row)[step] = sign_of(config, 0) * value;
    row->steps = step + 1 > row->steps ? step + 1 : row->steps;
    *should_end = search_prunes(study, number, step);
    return CB_OK;
}

static bool are_finite(const search_config *config, const double *objectives)
{
    for (uint32_t i = 0; i < config->objectives; i++) {
        if (!isfinite(objectives[i])) {
            return false;
        }
    }
    return true;
}

/* Moves a trial into its final state and lets the sampler know. */
static void settle(search_study *study,
    uint64_t number,
    search_row *row,
    search_state outcome,
    const double *objectives)
{
    search_header *header = study->header;
    CB_ASSERT(row->state == SEARCH_RUNNING);
    row->state = outcome;
    header->counts[SEARCH_RUNNING]--;
    header->counts[outcome]++;
    for (uint32_t i = 0; outcome == SEARCH_COMPLETE && i < header->config.objectives; i++) {
        row->objectives[i] = sign_of(&header->config, i) * objectives[i];
    }
    if (outcome == SEARCH_COMPLETE &&
        (header->best_plus_one == 0 ||
            row->objectives[0] < search_row_at(study, header->best_plus_one - 1)->objectives[0])) {
        header->best_plus_one = number + 1;
    }
    if (study->sampler->told != NULL) {
        study->sampler->told(study, number);
    }
}

cb_status search_tell(search_study *study,
    uint64_t number,
    search_state outcome,
    const double *objectives,
    cb_err *err)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(outcome > SEARCH_RUNNING && outcome < SEARCH_STATES);
    search_row *row = NULL;
    const cb_status status = find_running(study, number, &row, err);
    if (status != CB_OK) {
        return status;
    }
    if (outcome == SEARCH_COMPLETE && !are_finite(&study->header->config, objectives)) {
        return CB_FAIL(err, CB_E_RANGE, "an objective is not a finite number");
    }
    settle(study, number, row, outcome, objectives);
    return CB_OK;
}

cb_status search_add(search_study *study,
    const double *values,
    const double *objectives,
    uint64_t *number,
    cb_err *err)
{
    CB_ASSERT(study != NULL && values != NULL);
    CB_ASSERT(objectives != NULL && number != NULL);
    search_header *header = study->header;
    const search_space *space = &header->config.space;
    if (header->count == header->config.trials_max) {
        return CB_FAIL(err, CB_E_FULL, "the study has no room for another trial");
    }
    if (!are_finite(&header->config, objectives)) {
        return CB_FAIL(err, CB_E_RANGE, "an objective is not a finite number");
    }
    search_row *row = new_row(study);
    for (uint32_t i = 0; i < space->count; i++) {
        if (!search_accepts(&space->dims[i], values[i])) {
            return CB_FAIL(err,
                CB_E_RANGE,
                "the value of parameter %u is not one that the search may choose",
                i + 1);
        }
        row->tail[i] = search_unit(&space->dims[i], values[i]);
    }
    *number = header->count;
    derive(study, row);
    header->count++;
    header->counts[SEARCH_RUNNING]++;
    if (study->sampler->asked != NULL) {
        study->sampler->asked(study, *number);
    }
    settle(study, *number, row, SEARCH_COMPLETE, objectives);
    return CB_OK;
}

/* ---- reading ---- */

uint64_t search_count(const search_study *study)
{
    CB_ASSERT(study != NULL);
    return study->header->count;
}

uint64_t search_count_in(const search_study *study, search_state state)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(state < SEARCH_STATES);
    return study->header->counts[state];
}

search_state search_look(
    const search_study *study, uint64_t number, search_trial *trial, double *objectives)
{
    CB_ASSERT(study != NULL && trial != NULL);
    CB_ASSERT(number < study->header->count);
    search_row *row = search_row_at(study, number);
    describe(study, number, row, trial);
    const search_config *config = &study->header->config;
    for (uint32_t i = 0;
         objectives != NULL && row->state == SEARCH_COMPLETE && i < config->objectives;
         i++) {
        objectives[i] = sign_of(config, i) * row->objectives[i];
    }
    return (search_state)row->state;
}

bool search_best(const search_study *study, uint64_t *number)
{
    CB_ASSERT(study != NULL && number != NULL);
    if (study->header->best_plus_one == 0) {
        return false;
    }
    *number = study->header->best_plus_one - 1;
    return true;
}

/* ---- bytes ---- */

size_t search_saved_size(const search_study *study)
{
    CB_ASSERT(study != NULL);
    return sizeof(search_header) + study->row_size * study->header->count +
           state_size_of(&study->header->config, study->sampler);
}

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    const size_t from = offsetof(search_header, saved_size);
    return cb_hash_bytes(CB_HASH_SEED, bytes + from, size - from);
}

void search_save(const search_study *study, uint8_t *out)
{
    CB_ASSERT(study != NULL);
    CB_ASSERT(out != NULL);
    const size_t rows_size = study->row_size * study->header->count;
    const size_t size = search_saved_size(study);
    search_header head = {0};
    memcpy(&head, study->header, sizeof(head));
    head.saved_size = size;
    memcpy(out, &head, sizeof(head));
    memcpy(out + sizeof(head), study->rows, rows_size);
    memcpy(out + sizeof(head) + rows_size, study->state, size - sizeof(head) - rows_size);
    const uint64_t hash = hash_of(out, size);
    memcpy(out + offsetof(search_header, hash), &hash, sizeof(hash));
}

static cb_status read_header(const uint8_t *bytes, size_t size, search_header *head, cb_err *err)
{
    if (size < sizeof(*head)) {
        return CB_FAIL(err, CB_E_CORRUPT, "a saved study is cut off");
    }
    memcpy(head, bytes, sizeof(*head));
    if (head->magic != SEARCH_MAGIC) {
        return CB_FAIL(err, CB_E_CORRUPT, "these bytes are no saved study of this version");
    }
    if (head->saved_size != size || head->hash != hash_of(bytes, size)) {
        return CB_FAIL(err, CB_E_CORRUPT, "a saved study is cut off or altered");
    }
    return CB_OK;
}

cb_status search_saved_config(const uint8_t *bytes, size_t size, search_config *config, cb_err *err)
{
    CB_ASSERT(bytes != NULL && config != NULL);
    search_header head;
    cb_status status = read_header(bytes, size, &head, err);
    if (status == CB_OK) {
        *config = head.config;
        status = search_config_check(config, err);
    }
    return status;
}

cb_status search_load(search_study *study,
    const uint8_t *bytes,
    size_t size,
    void *block,
    size_t block_size,
    cb_err *err)
{
    CB_ASSERT(study != NULL && bytes != NULL);
    CB_ASSERT(block != NULL);
    search_config config;
    const cb_status status = search_saved_config(bytes, size, &config, err);
    if (status != CB_OK) {
        return status;
    }
    if (block_size < search_size(&config)) {
        return CB_FAIL(err, CB_E_RANGE, "the study's memory is too small");
    }
    memcpy(block, bytes, sizeof(search_header));
    lay_over(study, &config, block);
    study->header->hash = 0;
    study->header->saved_size = 0;
    if (study->header->count > config.trials_max || search_saved_size(study) != size) {
        return CB_FAIL(err, CB_E_CORRUPT, "a saved study does not have the size that it says");
    }
    const size_t rows_size = study->row_size * study->header->count;
    memcpy(study->rows, bytes + sizeof(search_header), rows_size);
    memcpy(study->state,
        bytes + sizeof(search_header) + rows_size,
        state_size_of(&config, study->sampler));
    if (study->sampler->attach != NULL) {
        study->sampler->attach(study);
    }
    return CB_OK;
}
