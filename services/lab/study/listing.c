/* optimize list, show, pareto: tables of recorded searches. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/study/optimize.h"

#define COLUMNS_MAX (2 + SEARCH_OBJECTIVES_MAX + LAB_PARAMETERS_MAX)

/* A recorded search read back: its job and its trials. [owned] */
typedef struct record {
    lab_job job;
    json_t *lines;
    json_t **asks; /* [borrowed from lines] by number */
    json_t **tells;
    size_t count;
} record;

static void release(record *self)
{
    json_decref(self->lines);
    free(self->asks);
    free(self->tells);
    *self = (record){0};
}

static void index_lines(record *self)
{
    CB_ASSERT(self->asks != NULL && self->tells != NULL);
    for (size_t i = 1; i < json_array_size(self->lines); i++) {
        json_t *line = json_array_get(self->lines, i);
        const json_t *ask = json_object_get(line, "ask");
        const json_t *tell = json_object_get(line, "tell");
        const size_t number = (size_t)json_integer_value(ask != NULL ? ask : tell);
        if (number >= json_array_size(self->lines)) {
            continue;
        }
        if (ask != NULL) {
            self->asks[number] = line;
            self->count = number + 1 > self->count ? number + 1 : self->count;
        } else {
            self->tells[number] = line;
        }
    }
}

static cb_status load(record *self, const lab_store *store, uint64_t id, cb_err *err)
{
    *self = (record){0};
    cb_status status = lab_study_log_read(store, id, &self->lines, err);
    if (status != CB_OK) {
        return status;
    }
    const char *text = json_string_value(json_object_get(json_array_get(self->lines, 0), "job"));
    const size_t room = json_array_size(self->lines) + 1;
    self->asks = calloc(room, sizeof(json_t *));
    self->tells = calloc(room, sizeof(json_t *));
    if (self->asks == NULL || self->tells == NULL || text == NULL) {
        status = CB_FAIL(err, CB_E_CORRUPT, "search %" PRIu64 ": the record has no job", id);
    } else {
        status = lab_job_parse("job.yaml", text, strlen(text), &self->job, err);
    }
    if (status == CB_OK) {
        index_lines(self);
    } else {
        release(self);
    }
    return status;
}

static bool is_complete(const record *self, size_t number)
{
    const char *state = json_string_value(json_object_get(self->tells[number], "state"));
    return state != NULL && strcmp(state, "complete") == 0;
}

static double objective(const record *self, size_t number, uint32_t index)
{
    return json_number_value(
        json_array_get(json_object_get(self->tells[number], "objectives"), index));
}

/* Larger is better for both. */
static double worth(const record *self, size_t number, uint32_t index)
{
    const double value = objective(self, number, index);
    return self->job.study.objectives[index].is_minimised ? -value : value;
}

/* ---- rows ---- */

static json_t *trial_row(const record *self, size_t number)
{
    json_t *row = json_object();
    const json_t *values = json_object_get(self->asks[number], "values");
    const char *state = json_string_value(json_object_get(self->tells[number], "state"));
    (void)json_object_set_new(row, "trial", json_integer((json_int_t)number));
    for (uint32_t i = 0; i < self->job.study.objectives_count; i++) {
        char text[32] = "";
        if (is_complete(self, number)) {
            (void)snprintf(text, sizeof text, "%.6g", objective(self, number, i));
        }
        (void)json_object_set_new(row, self->job.study.objectives[i].metric, json_string(text));
    }
    for (uint32_t i = 0; i < self->job.study.parameters_count; i++) {
        char text[64];
        lab_trial_value(&self->job.study.parameters[i],
            json_number_value(json_array_get(values, i)),
            text,
            sizeof text);
        (void)json_object_set_new(row, self->job.study.parameters[i].key, json_string(text));
    }
    (void)json_object_set_new(row, "state", json_string(state == NULL ? "running" : state));
    return row;
}

static void print_trials(const record *self, const json_t *rows, lab_output output)
{
    lab_column_view columns[COLUMNS_MAX];
    size_t count = 0;
    columns[count++] = (lab_column_view){"TRIAL", "trial", true};
    for (uint32_t i = 0; i < self->job.study.objectives_count; i++) {
        const char *metric = self->job.study.objectives[i].metric;
        columns[count++] = (lab_column_view){metric, metric, true};
    }
    for (uint32_t i = 0; i < self->job.study.parameters_count; i++) {
        const char *key = self->job.study.parameters[i].key;
        columns[count++] = (lab_column_view){lab_trial_short_name(key), key, true};
    }
    columns[count++] = (lab_column_view){"STATE", "state", false};
    lab_output_rows(output, rows, columns, count);
}

static bool dominates(const record *self, size_t a, size_t b)
{
    bool is_better = false;
    for (uint32_t i = 0; i < self->job.study.objectives_count; i++) {
        if (worth(self, a, i) < worth(self, b, i)) {
            return false;
        }
        is_better = is_better || worth(self, a, i) > worth(self, b, i);
    }
    return is_better;
}

static bool is_front(const record *self, size_t number)
{
    if (!is_complete(self, number)) {
        return false;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (i != number && is_complete(self, i) && dominates(self, i, number)) {
            return false;
        }
    }
    return true;
}

static int print_record(lab_args *args, bool is_front_only)
{
    cb_err err = {0};
    lab_store store;
    record self;
    uint64_t id = 0;
    lab_output output = LAB_OUTPUT_TABLE;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("optimize", &err);
    }
    if (!lab_output_take(args, &output) || !lab_backtest_id(args, &id) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (load(&self, &store, id, &err) != CB_OK) {
        return lab_backtest_fail("optimize", &err);
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < self.count; i++) {
        if (self.asks[i] != NULL && (!is_front_only || is_front(&self, i))) {
            (void)json_array_append_new(rows, trial_row(&self, i));
        }
    }
    print_trials(&self, rows, output);
    json_decref(rows);
    release(&self);
    return LAB_OK;
}

int lab_optimize_show(lab_args *args)
{
    return print_record(args, false);
}

int lab_optimize_pareto(lab_args *args)
{
    return print_record(args, true);
}

/* ---- list ---- */

static json_t *listed_row(const record *self, uint64_t id)
{
    const json_t *head = json_array_get(self->lines, 0);
    const char *sampler = json_string_value(json_object_get(head, "sampler"));
    size_t told = 0;
    size_t best = SIZE_MAX;
    char text[32] = "";
    for (size_t i = 0; i < self->count; i++) {
        told += self->tells[i] != NULL ? 1 : 0;
        if (is_complete(self, i) &&
            (best == SIZE_MAX || worth(self, i, 0) > worth(self, best, 0))) {
            best = i;
        }
    }
    if (best != SIZE_MAX) {
        (void)snprintf(text, sizeof text, "%.6g", objective(self, best, 0));
    }
    return json_pack("{s:I, s:s, s:s, s:I, s:O, s:s, s:s}",
        "id",
        (json_int_t)id,
        "name",
        self->job.name,
        "sampler",
        sampler == NULL ? "" : sampler,
        "told",
        (json_int_t)told,
        "trials",
        json_object_get(head, "trials"),
        "objective",
        self->job.study.objectives[0].metric,
        "best",
        text);
}

int lab_optimize_list(lab_args *args)
{
    static const lab_column_view columns[] = {{"SEARCH", "id", true},
        {"NAME", "name", false},
        {"SAMPLER", "sampler", false},
        {"TOLD", "told", true},
        {"TRIALS", "trials", true},
        {"OBJECTIVE", "objective", false},
        {"BEST", "best", true}};
    cb_err err = {0};
    lab_store store;
    lab_output output = LAB_OUTPUT_TABLE;
    uint64_t *ids = NULL;
    size_t count = 0;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("optimize", &err);
    }
    if (!lab_output_take(args, &output) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (lab_study_log_list(&store, &ids, &count, &err) != CB_OK) {
        return lab_backtest_fail("optimize", &err);
    }
    json_t *rows = json_array();
    cb_status status = CB_OK;
    for (size_t i = 0; status == CB_OK && i < count; i++) {
        record self;
        status = load(&self, &store, ids[i], &err);
        if (status == CB_OK) {
            (void)json_array_append_new(rows, listed_row(&self, ids[i]));
            release(&self);
        }
    }
    free(ids);
    if (status == CB_OK) {
        lab_output_rows(output, rows, columns, sizeof columns / sizeof columns[0]);
    }
    json_decref(rows);
    return status == CB_OK ? LAB_OK : lab_backtest_fail("optimize", &err);
}
