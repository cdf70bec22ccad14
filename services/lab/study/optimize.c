/* optimize run, optimize resume: a search over a job's settings, by worker processes, on record. */
#include "services/lab/study/optimize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

/* ---- arguments ---- */

static bool take_number(lab_args *args, const char *name, uint64_t max, uint64_t *out)
{
    const char *text = lab_args_option(args, name);
    if (text == NULL) {
        return true;
    }
    if (!cb_u64_parse(cb_sv_from(text), max, out) || *out == 0) {
        (void)fprintf(stderr,
            "cerberus-lab %s: %s: '%s' is no whole number from 1 to %" PRIu64 "\n",
            args->tool,
            name,
            text,
            max);
        return false;
    }
    return true;
}

static bool take_study_arguments(lab_args *args, lab_study *study)
{
    const char *sampler = lab_args_option(args, "--sampler");
    if (sampler != NULL &&
        !cb_text_copy(study->sampler, sizeof study->sampler, cb_sv_from(sampler))) {
        (void)fprintf(stderr, "cerberus-lab %s: --sampler: the name is too long\n", args->tool);
        return false;
    }
    return take_number(args, "--trials", 10000000, &study->trials) &&
           take_number(args, "--workers", LAB_POOL_MAX, &study->workers);
}

bool lab_optimize_arguments(lab_args *args, lab_backtest *self, const char *command, cb_err *err)
{
    const char *override = NULL;
    while ((override = lab_args_option(args, "--set")) != NULL) {
        if (self->overrides_count == LAB_OVERRIDES_MAX - LAB_PARAMETERS_MAX) {
            (void)fprintf(stderr, "cerberus-lab %s: too many --set\n", command);
            return false;
        }
        self->overrides[self->overrides_count++] = override;
    }
    const char *file = lab_args_option(args, "-f");
    if (file == NULL) {
        (void)fprintf(stderr, "cerberus-lab %s: which job? -f FILE.yaml\n", command);
        return false;
    }
    if (lab_backtest_read(self, file, err) != CB_OK) {
        (void)fprintf(stderr, "cerberus-lab %s: %s\n", command, err->text);
        return false;
    }
    return take_study_arguments(args, &self->job.study) && lab_args_done(args);
}

/* A key that no service knows is told before the first trial, not by all of them. */
static cb_status check_parameters(lab_backtest *self, cb_err *err)
{
    lab_trial_ask ask = {.dims = self->job.study.parameters_count, .active = UINT64_MAX};
    for (uint32_t i = 0; i < ask.dims; i++) {
        const lab_parameter *parameter = &self->job.study.parameters[i];
        ask.values[i] =
            parameter->kind == LAB_PARAMETER_CHOICE ? 0 : (double)parameter->low_e8 / 1e8;
    }
    const cb_status status = lab_trial_apply(&self->job, &ask, err);
    return status == CB_OK ? lab_plan_configure(&self->plan, err) : status;
}

cb_status lab_optimize_open(lab_backtest *self, cb_err *err)
{
    const cb_status status = lab_backtest_open(self, err);
    return status == CB_OK ? check_parameters(self, err) : status;
}

/* ---- the search ---- */

typedef struct outcome {
    uint64_t run_id; /* of the best trial, 0: there is none */
    lab_luck luck;
} outcome;

static void print_trial(const lab_backtest *self, const lab_search *search, uint64_t number)
{
    search_trial trial;
    double objectives[SEARCH_OBJECTIVES_MAX];
    char values[512];
    (void)search_look(&search->study, number, &trial, objectives);
    lab_trial_print(&self->job, trial.values, trial.active, values, sizeof values);
    (void)printf("trial %" PRIu64 ":", number);
    for (uint32_t i = 0; i < search->config.objectives; i++) {
        (void)printf(" %s %.6g", self->job.study.objectives[i].metric, objectives[i]);
    }
    (void)printf(" · %s\n", values);
}

static void print_outcome(const lab_backtest *self, const lab_search *search)
{
    uint64_t front[16];
    uint64_t best = 0;
    (void)printf("%" PRIu64 " trials, %" PRIu64 " without a result\n",
        search->told,
        search_count_in(&search->study, SEARCH_FAILED));
    if (search->config.objectives > 1) {
        const size_t count = search_front(&search->study, front, 16);
        (void)printf("%zu that no other beats:\n", count);
        for (size_t i = 0; i < count && i < 16; i++) {
            print_trial(self, search, front[i]);
        }
    } else if (search_best(&search->study, &best)) {
        (void)printf("best ");
        print_trial(self, search, best);
    }
}

/* Plays the best trial once more, whole, and keeps it as a run that can be looked at and compared.
 */
static cb_status keep_best(lab_backtest *self,
    const lab_search *search,
    const lab_store *store,
    uint64_t *run_id,
    cb_err *err)
{
    static char texts[LAB_PARAMETERS_MAX][LAB_WORD_MAX + LAB_KEY_MAX + 70];
    uint64_t best = 0;
    uint64_t id = 0;
    search_trial trial;
    if (!search_best(&search->study, &best)) {
        return CB_OK;
    }
    (void)search_look(&search->study, best, &trial, NULL);
    for (uint32_t i = 0; i < trial.dims; i++) {
        const lab_parameter *parameter = &self->job.study.parameters[i];
        char value[64];
        lab_trial_value(parameter, trial.values[i], value, sizeof value);
        (void)snprintf(
            texts[i], sizeof texts[i], "%s.%s=%s", parameter->service, parameter->key, value);
        self->overrides[self->overrides_count++] = texts[i];
        const cb_status status = lab_job_set(&self->job, texts[i], err);
        if (status != CB_OK) {
            return status;
        }
    }
    lab_plan_close(&self->plan);
    self->plan = (lab_plan){0};
    cb_status status = lab_backtest_play(self, err);
    if (status == CB_OK) {
        json_t *metrics = lab_judgement_json(&self->judgement);
        status = lab_store_write(store, &self->source, &self->result, metrics, &id, err);
        json_decref(metrics);
    }
    if (status == CB_OK) {
        (void)printf("kept as run %" PRIu64 " · cerberus backtest report %" PRIu64 "\n", id, id);
        *run_id = id;
    }
    return status;
}

static cb_status run_search(lab_backtest *self, lab_search *search, cb_err *err)
{
    lab_pool pool;
    lab_progress progress;
    cb_status status = lab_pool_start(&pool, &self->plan, &self->job, self->job.study.workers, err);
    if (status != CB_OK) {
        return status;
    }
    lab_progress_start(&progress, "trials", search->config.trials_max);
    const lab_search_options options = {
        .stop = lab_interrupt_watch(), .progress = lab_progress_tell, .context = &progress};
    status = lab_search_run(search, &pool, &options, err);
    lab_interrupt_unwatch();
    lab_progress_end(&progress);
    lab_pool_stop(&pool);
    return status;
}

/* The page of the best run, with all trials around it. */
static cb_status write_page(lab_backtest *self,
    const lab_search *search,
    const lab_store *store,
    const outcome *found,
    const char *path,
    cb_err *err)
{
    lab_run run;
    const char *parameters[LAB_PARAMETERS_MAX];
    const char *objectives[LAB_OBJECTIVES_MAX];
    bool minimised[LAB_OBJECTIVES_MAX];
    const lab_study *study = &self->job.study;
    lab_report_trials trials = {.parameters = parameters,
        .parameters_count = study->parameters_count,
        .objectives = objectives,
        .is_minimised = minimised,
        .objectives_count = study->objectives_count,
        .count = (size_t)search_count(&search->study)};
    for (uint32_t i = 0; i < study->parameters_count; i++) {
        parameters[i] = lab_trial_short_name(study->parameters[i].key);
    }
    for (uint32_t i = 0; i < study->objectives_count; i++) {
        objectives[i] = study->objectives[i].metric;
        minimised[i] = study->objectives[i].is_minimised;
    }
    double *values = NULL;
    double *results = NULL;
    cb_status status = lab_search_trials(search, &values, &results, err);
    if (status == CB_OK) {
        status = lab_store_read(store, found->run_id, &run, err);
    }
    if (status == CB_OK) {
        trials.values = values;
        trials.results = results;
        const lab_page_extras extras = {.candles = self->plan.candles,
            .quote_asset = self->job.quote_asset,
            .seed = self->job.seed,
            .trials = &trials,
            .luck = &found->luck};
        status = lab_backtest_page(&run, &extras, path, err);
        lab_run_release(&run);
    }
    free(values);
    free(results);
    return status;
}

/* The best trial played whole and kept, statements on luck, a page when it is asked for. */
static cb_status show_best(lab_backtest *self,
    const lab_search *search,
    const lab_store *store,
    const char *report,
    cb_err *err)
{
    static outcome found;
    found = (outcome){0};
    cb_status status = keep_best(self, search, store, &found.run_id, err);
    if (status == CB_OK && found.run_id != 0) {
        status = lab_search_luck(search, self->judgement.benchmark, &found.luck, err);
        lab_luck_print(&found.luck, stdout);
    }
    if (status == CB_OK && found.run_id != 0 && report != NULL) {
        status = write_page(self, search, store, &found, report, err);
    }
    return status;
}

static int finish(
    lab_backtest *self, lab_search *search, const lab_store *store, uint64_t id, const char *report)
{
    cb_err err = {0};
    print_outcome(self, search);
    if (search->told < search_count(&search->study) || search->is_stopped) {
        (void)fprintf(
            stderr, "stopped; `cerberus optimize resume %" PRIu64 "` goes on from here\n", id);
        return LAB_PARTIAL;
    }
    return show_best(self, search, store, report, &err) == CB_OK
               ? LAB_OK
               : lab_backtest_fail("optimize", &err);
}

static cb_status begin_log(
    lab_backtest *self, const lab_store *store, lab_study_log *log, cb_err *err)
{
    const lab_study_head head = {.text = self->text,
        .size = self->size,
        .name = self->job.name,
        .folder = self->folder,
        .overrides = self->overrides,
        .overrides_count = self->overrides_count,
        .sampler = self->job.study.sampler,
        .trials = self->job.study.trials,
        .workers = self->job.study.workers,
        .data_hash = self->plan.data_hash};
    const cb_status status = lab_study_log_make(log, store, &head, err);
    if (status == CB_OK) {
        (void)printf("search %" PRIu64 ": %s, %" PRIu64 " trials\n",
            log->id,
            self->job.study.sampler,
            self->job.study.trials);
        (void)fflush(stdout);
    }
    return status;
}

int lab_optimize_run(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    lab_search search = {0};
    lab_study_log log = {.fd = -1};
    lab_backtest *self = lab_backtest_new();
    int code = LAB_USAGE;
    const char *report = lab_args_option(args, "--report");
    if (self == NULL) {
        return LAB_FAILURE;
    }
    cb_status status = lab_backtest_store(args, &store, &err);
    if (status != CB_OK || !lab_optimize_arguments(args, self, "optimize run", &err)) {
        code = status != CB_OK ? lab_backtest_fail("optimize", &err) : code;
        lab_backtest_free(self);
        return err.code != CB_OK ? LAB_FAILURE : code;
    }
    status = lab_search_begin(&search, &self->job, &log, &err);
    if (status == CB_OK) {
        status = lab_optimize_open(self, &err);
    }
    if (status == CB_OK) {
        status = begin_log(self, &store, &log, &err);
    }
    if (status == CB_OK) {
        status = run_search(self, &search, &err);
    }
    code = status == CB_OK ? finish(self, &search, &store, log.id, report)
                           : lab_backtest_fail("optimize", &err);
    lab_study_log_close(&log);
    lab_search_release(&search);
    lab_backtest_free(self);
    return code;
}

/* ---- resume ---- */

/* The job of a record, as it was asked for. */
static cb_status restore(lab_backtest *self, const json_t *head, cb_err *err)
{
    lab_run run = {.text = NULL};
    const char *text = json_string_value(json_object_get(head, "job"));
    const char *sampler = json_string_value(json_object_get(head, "sampler"));
    if (text == NULL || sampler == NULL) {
        return CB_FAIL(err, CB_E_CORRUPT, "the record has no job");
    }
    run.text = strdup(text);
    run.size = strlen(text);
    run.summary = json_deep_copy(head);
    const cb_status status = run.text == NULL ? CB_FAIL(err, CB_E_FULL, "no memory")
                                              : lab_backtest_restore(self, &run, err);
    free(run.text);
    self->kept_summary = run.summary; /* the overrides are its texts */
    if (status == CB_OK) {
        self->job.study.trials = (uint64_t)json_integer_value(json_object_get(head, "trials"));
        self->job.study.workers = (uint64_t)json_integer_value(json_object_get(head, "workers"));
        (void)cb_text_copy(
            self->job.study.sampler, sizeof self->job.study.sampler, cb_sv_from(sampler));
    }
    return status;
}

static cb_status check_data(const lab_backtest *self, const json_t *head, cb_err *err)
{
    const char *before = json_string_value(json_object_get(head, "data_hash"));
    return before != NULL && strcmp(before, self->plan.data_hash) == 0
               ? CB_OK
               : CB_FAIL(err, CB_E_STATE, "the data is not what the search began with");
}

static cb_status resume(lab_backtest *self,
    lab_search *search,
    const lab_store *store,
    lab_study_log *log,
    uint64_t id,
    cb_err *err)
{
    json_t *lines = NULL;
    cb_status status = lab_study_log_open(log, store, id, err);
    if (status == CB_OK) {
        status = lab_study_log_read(store, id, &lines, err);
    }
    if (status == CB_OK) {
        status = restore(self, json_array_get(lines, 0), err);
    }
    if (status == CB_OK) {
        status = lab_search_begin(search, &self->job, log, err);
    }
    if (status == CB_OK) {
        status = lab_optimize_open(self, err);
    }
    if (status == CB_OK) {
        status = check_data(self, json_array_get(lines, 0), err);
    }
    if (status == CB_OK) {
        status = lab_search_replay(search, lines, err);
    }
    json_decref(lines);
    return status;
}

int lab_optimize_resume(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    uint64_t id = 0;
    lab_search search = {0};
    lab_study_log log = {.fd = -1};
    const char *report = lab_args_option(args, "--report");
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("optimize", &err);
    }
    if (!lab_backtest_id(args, &id) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        return LAB_FAILURE;
    }
    cb_status status = resume(self, &search, &store, &log, id, &err);
    if (status == CB_OK) {
        (void)printf("search %" PRIu64 ": %" PRIu64 " of %" PRIu64 " trials are told\n",
            id,
            search.told,
            search.config.trials_max);
        status = run_search(self, &search, &err);
    }
    const int code = status == CB_OK ? finish(self, &search, &store, id, report)
                                     : lab_backtest_fail("optimize", &err);
    lab_study_log_close(&log);
    lab_search_release(&search);
    lab_backtest_free(self);
    return code;
}
