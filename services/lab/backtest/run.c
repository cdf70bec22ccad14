/* backtest run, backtest rerun. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/lab/backtest/backtest.h"

typedef struct run_arguments {
    const char *file;
    const char *report;
    bool is_kept; /* false: not stored */
    lab_output output;
    lab_store store;
} run_arguments;

/* False, with a message, when they make no sense. */
static bool take_arguments(lab_args *args, lab_backtest *self, run_arguments *out, cb_err *err)
{
    const char *override = NULL;
    while ((override = lab_args_option(args, "--set")) != NULL) {
        if (self->overrides_count == LAB_OVERRIDES_MAX) {
            (void)fprintf(
                stderr, "cerberus-lab backtest run: more than %d --set\n", LAB_OVERRIDES_MAX);
            return false;
        }
        self->overrides[self->overrides_count++] = override;
    }
    out->is_kept = !lab_args_flag(args, "--no-store");
    out->report = lab_args_option(args, "--report");
    out->file = lab_args_option(args, "-f");
    if (out->is_kept && lab_backtest_store(args, &out->store, err) != CB_OK) {
        (void)lab_backtest_fail("backtest run", err);
        return false;
    }
    if (!lab_output_take(args, &out->output)) {
        return false;
    }
    if (out->file == NULL) {
        out->file = lab_args_positional(args);
    }
    if (out->file == NULL) {
        (void)fprintf(stderr, "cerberus-lab backtest run: which job? -f FILE.yaml\n");
        return false;
    }
    return lab_args_done(args);
}

static void print_json(const lab_backtest *self, uint64_t id)
{
    json_t *metrics = lab_judgement_json(&self->judgement);
    json_t *summary = lab_summary(&self->source, &self->result, metrics);
    if (id != 0) {
        (void)json_object_set_new(summary, "id", json_integer((json_int_t)id));
    }
    (void)json_dumpf(summary, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
    json_decref(summary);
    json_decref(metrics);
}

static cb_status keep(const lab_backtest *self, const lab_store *store, uint64_t *id, cb_err *err)
{
    json_t *metrics = lab_judgement_json(&self->judgement);
    const cb_status status = lab_store_write(store, &self->source, &self->result, metrics, id, err);
    json_decref(metrics);
    return status;
}

static cb_status write_report(
    const lab_backtest *self, const lab_store *store, uint64_t id, const char *path, cb_err *err)
{
    lab_run run;
    cb_status status = lab_store_read(store, id, &run, err);
    if (status == CB_OK) {
        const lab_page_extras extras = {.candles = self->plan.candles,
            .quote_asset = self->job.quote_asset,
            .seed = self->job.seed};
        status = lab_backtest_page(&run, &extras, path, err);
        lab_run_release(&run);
    }
    return status;
}

static int finish(const lab_backtest *self, const run_arguments *arguments)
{
    cb_err err = {0};
    uint64_t id = 0;
    if (arguments->is_kept && keep(self, &arguments->store, &id, &err) != CB_OK) {
        return lab_backtest_fail("backtest run", &err);
    }
    if (arguments->output == LAB_OUTPUT_JSON) {
        print_json(self, id);
    } else {
        lab_backtest_print(&self->result, &self->judgement, &self->plan.names, stdout);
        if (id != 0) {
            (void)printf("\nrun %" PRIu64 " · cerberus backtest report %" PRIu64 "\n", id, id);
        }
    }
    if (arguments->report != NULL && id != 0 &&
        write_report(self, &arguments->store, id, arguments->report, &err) != CB_OK) {
        return lab_backtest_fail("backtest run", &err);
    }
    if (self->result.is_partial) {
        (void)fprintf(stderr, "cerberus-lab backtest run: stopped: this result is partial\n");
        return LAB_PARTIAL;
    }
    return LAB_OK;
}

int lab_backtest_run(lab_args *args)
{
    cb_err err = {0};
    run_arguments arguments = {0};
    lab_backtest *self = lab_backtest_new();
    int code = LAB_USAGE;
    if (self == NULL) {
        return LAB_FAILURE;
    }
    if (take_arguments(args, self, &arguments, &err)) {
        cb_status status = lab_backtest_read(self, arguments.file, &err);
        if (status == CB_OK) {
            status = lab_backtest_play(self, &err);
        }
        code = status == CB_OK ? finish(self, &arguments) : lab_backtest_fail("backtest run", &err);
    } else if (err.code != CB_OK) {
        code = LAB_FAILURE;
    }
    lab_backtest_free(self);
    return code;
}

/* ---- rerun ---- */

static void compare_text(const char *what, const char *before, const char *now, int *differences)
{
    if (strcmp(before, now) != 0) {
        (void)printf("%s differs: %s, now %s\n", what, before, now);
        (*differences)++;
    }
}

static int compare_runs(const lab_result *before, const lab_result *now, uint64_t id)
{
    int differences = 0;
    char texts[2][17];
    compare_text(
        "code", before->provenance.code_version, now->provenance.code_version, &differences);
    compare_text("data", before->provenance.data_hash, now->provenance.data_hash, &differences);
    compare_text(
        "configuration", before->provenance.config_hash, now->provenance.config_hash, &differences);
    const int before_outputs = differences;
    (void)snprintf(texts[0], sizeof texts[0], "%016" PRIx64, before->totals.output_hash);
    (void)snprintf(texts[1], sizeof texts[1], "%016" PRIx64, now->totals.output_hash);
    compare_text("output", texts[0], texts[1], &differences);
    (void)snprintf(texts[0], sizeof texts[0], "%016" PRIx64, before->totals.state_hash);
    (void)snprintf(texts[1], sizeof texts[1], "%016" PRIx64, now->totals.state_hash);
    compare_text("state", texts[0], texts[1], &differences);
    if (differences > before_outputs) {
        return LAB_FAILURE;
    }
    (void)printf("run %" PRIu64 ": the same bytes: %s\n", id, texts[1]);
    return LAB_OK;
}

int lab_backtest_rerun(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    lab_run run;
    uint64_t id = 0;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("backtest rerun", &err);
    }
    if (!lab_backtest_id(args, &id) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (lab_store_read(&store, id, &run, &err) != CB_OK) {
        return lab_backtest_fail("backtest rerun", &err);
    }
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        lab_run_release(&run);
        return LAB_FAILURE;
    }
    cb_status status = lab_backtest_restore(self, &run, &err);
    if (status == CB_OK) {
        status = lab_backtest_play(self, &err);
    }
    const int code = status == CB_OK ? compare_runs(&run.result, &self->result, id)
                                     : lab_backtest_fail("backtest rerun", &err);
    lab_backtest_free(self);
    lab_run_release(&run);
    return code;
}
