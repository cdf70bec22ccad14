/* From a job file, or a stored run, to a judged result. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/backtest/backtest.h"

lab_backtest *lab_backtest_new(void)
{
    lab_backtest *self = calloc(1, sizeof *self);
    if (self == NULL) {
        (void)fprintf(stderr, "cerberus-lab backtest: no memory\n");
    }
    return self;
}

void lab_backtest_free(lab_backtest *self)
{
    if (self == NULL) {
        return;
    }
    lab_plan_close(&self->plan);
    lab_result_release(&self->result);
    lab_judgement_release(&self->judgement);
    json_decref(self->kept_summary);
    free(self->text);
    free(self);
}

int lab_backtest_fail(const char *command, const cb_err *err)
{
    (void)fprintf(stderr, "cerberus-lab %s: %s\n", command, err->text);
    if (err->code == CB_E_NOT_FOUND) {
        return LAB_NOT_FOUND;
    }
    return err->code == CB_E_STATE ? LAB_REFUSED : LAB_FAILURE;
}

cb_status lab_backtest_store(lab_args *args, lab_store *store, cb_err *err)
{
    return lab_store_open(store, lab_args_option(args, "--runs"), err);
}

bool lab_backtest_id(lab_args *args, uint64_t *id)
{
    const char *text = lab_args_positional(args);
    if (text == NULL || !cb_u64_parse(cb_sv_from(text), INT64_MAX, id) || *id == 0) {
        (void)fprintf(stderr,
            "cerberus-lab %s: %s%s%s is no number of a run\n",
            args->tool,
            text == NULL ? "nothing" : "'",
            text == NULL ? "" : text,
            text == NULL ? "" : "'");
        return false;
    }
    return true;
}

/* ---- the job ---- */

static cb_status apply_overrides(lab_backtest *self, cb_err *err)
{
    cb_status status = CB_OK;
    for (size_t i = 0; status == CB_OK && i < self->overrides_count; i++) {
        status = lab_job_set(&self->job, self->overrides[i], err);
    }
    return status == CB_OK ? CB_OK : cb_err_context(err, "--set");
}

static cb_status find_folder(lab_backtest *self, const char *path, cb_err *err)
{
    char *full = realpath(path, NULL);
    if (full == NULL) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    char *slash = strrchr(full, '/');
    slash[slash == full ? 1 : 0] = '\0';
    const bool is_kept = cb_text_copy(self->folder, sizeof self->folder, cb_sv_from(full));
    free(full);
    return is_kept ? CB_OK : CB_FAIL(err, CB_E_IO, "%s: the path is too long", path);
}

cb_status lab_backtest_read(lab_backtest *self, const char *path, cb_err *err)
{
    cb_status status = lab_job_read(path, &self->job, &self->text, &self->size, err);
    if (status == CB_OK) {
        status = find_folder(self, path, err);
    }
    return status == CB_OK ? apply_overrides(self, err) : status;
}

cb_status lab_backtest_restore(lab_backtest *self, const lab_run *run, cb_err *err)
{
    const char *folder = json_string_value(json_object_get(run->summary, "folder"));
    const json_t *set = json_object_get(run->summary, "set");
    if (folder == NULL || !cb_text_copy(self->folder, sizeof self->folder, cb_sv_from(folder)) ||
        json_array_size(set) > LAB_OVERRIDES_MAX) {
        return CB_FAIL(err, CB_E_CORRUPT, "run %" PRIu64 ": folder or set", run->id);
    }
    self->overrides_count = json_array_size(set);
    for (size_t i = 0; i < self->overrides_count; i++) {
        const char *text = json_string_value(json_array_get(set, i));
        self->overrides[i] = text == NULL ? "" : text;
    }
    self->text = strndup(run->text, run->size);
    self->size = run->size;
    if (self->text == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the job");
    }
    const cb_status status = lab_job_parse("job.yaml", self->text, self->size, &self->job, err);
    return status == CB_OK ? apply_overrides(self, err) : status;
}

/* ---- playing ---- */

cb_status lab_backtest_open(lab_backtest *self, cb_err *err)
{
    lab_progress progress;
    lab_progress_start(&progress, "reading data", 0);
    const lab_plan_options options = {
        .folder = self->folder, .progress = lab_progress_tell, .context = &progress};
    const cb_status status = lab_plan_open(&self->plan, &self->job, &options, err);
    lab_progress_end(&progress);
    return status;
}

static cb_status play(lab_backtest *self, cb_err *err)
{
    lab_progress progress;
    lab_progress_start(&progress, "bars", 0);
    const lab_run_options options = {
        .stop = lab_interrupt_watch(), .progress = lab_progress_tell, .context = &progress};
    const cb_status status = lab_run_plan(&self->plan, &options, &self->result, err);
    lab_progress_end(&progress);
    lab_interrupt_unwatch();
    return status;
}

cb_status lab_backtest_play(lab_backtest *self, cb_err *err)
{
    CB_ASSERT(self != NULL && self->text != NULL);
    cb_status status = lab_backtest_open(self, err);
    if (status == CB_OK) {
        status = play(self, err);
    }
    if (status == CB_OK) {
        const lab_candles *candles =
            self->plan.candles[0].count > 0 ? &self->plan.candles[0] : NULL;
        status = lab_judge(&self->result, candles, &self->judgement, err);
    }
    self->source = (lab_run_source){.name = self->job.name,
        .text = self->text,
        .size = self->size,
        .folder = self->folder,
        .overrides = self->overrides,
        .overrides_count = self->overrides_count,
        .names = self->plan.names};
    return status;
}
