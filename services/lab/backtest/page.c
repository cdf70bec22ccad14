/* backtest report: a stored run as a page, with rolling metrics and daily returns from its
 * judgement. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "services/lab/backtest/backtest.h"

#define ROLLING_PERIODS 30
#define METRIC_TEXT 48

/* What the page needs beside the run. [owned] */
typedef struct page_parts {
    lab_judgement judgement;
    char values[CB_METRICS_COUNT][METRIC_TEXT];
    char notes[CB_METRICS_COUNT][CB_METRICS_NOTE_SIZE];
    lab_report_metric metrics[CB_METRICS_COUNT];
    double *rolling[2];
    char reproduction[128];
    lab_luck luck;
    lab_report_proof proofs[2 * LAB_LUCK_ROWS_MAX];
} page_parts;

static void fill_metrics(page_parts *parts)
{
    for (size_t i = 0; i < CB_METRICS_COUNT; i++) {
        const cb_metric_info *info = cb_metric_at((cb_metric_id)i);
        lab_metric_print(
            (cb_metric_id)i, parts->judgement.values[i], parts->values[i], METRIC_TEXT);
        cb_metric_note((cb_metric_id)i, &parts->judgement.perf, parts->notes[i]);
        const bool has_note = parts->notes[i][0] != '\0';
        parts->metrics[i] = (lab_report_metric){
            info->title, parts->values[i], has_note ? parts->notes[i] : info->convention};
    }
}

/* A metric over the last ROLLING_PERIODS periods, at each period's end. */
static void roll(
    page_parts *parts, cb_metric_id id, size_t slot, const char *name, lab_report *report)
{
    const lab_judgement *judgement = &parts->judgement;
    if (judgement->count < 2 * (size_t)ROLLING_PERIODS) {
        return;
    }
    const size_t count = judgement->count - ROLLING_PERIODS + 1;
    parts->rolling[slot] = calloc(count, sizeof(double));
    if (parts->rolling[slot] == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        cb_perf window = cb_perf_of(&judgement->returns[i], ROLLING_PERIODS, judgement->scratch);
        window.periods_per_year = judgement->perf.periods_per_year;
        parts->rolling[slot][i] = cb_metric_compute(id, &window).value;
    }
    report->rolling[report->rolling_count++] =
        (lab_report_line){name, &judgement->ends[ROLLING_PERIODS - 1], parts->rolling[slot], count};
}

/* Takes away a half-written page, but never a device. */
static void remove_file(const char *path)
{
    struct stat at;
    if (stat(path, &at) == 0 && S_ISREG(at.st_mode)) {
        (void)unlink(path);
    }
}

static cb_status write_page(const lab_report *report, const char *path, cb_err *err)
{
    if (strcmp(path, "-") == 0) {
        return lab_report_html(report, stdout)
                   ? CB_OK
                   : CB_FAIL(err, CB_E_IO, "stdout: %s", strerror(errno));
    }
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(errno));
    }
    bool is_written = lab_report_html(report, out);
    int why = errno;
    if (fclose(out) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    if (!is_written) {
        remove_file(path);
        return CB_FAIL(err, CB_E_IO, "%s: %s", path, strerror(why));
    }
    return CB_OK;
}

/* Rows of the run and of the search behind it. */
static void join_luck(page_parts *parts, const lab_page_extras *extras, lab_report *report)
{
    const lab_luck *own = &parts->luck;
    for (size_t i = 0; i < own->count; i++) {
        parts->proofs[report->proofs_count++] = own->rows[i];
    }
    for (size_t i = 0; extras->luck != NULL && i < extras->luck->count; i++) {
        parts->proofs[report->proofs_count++] = extras->luck->rows[i];
    }
    report->proofs = parts->proofs;
    report->fan = own->has_fan ? &own->fan : NULL;
}

static lab_report make_report(page_parts *parts, const lab_run *run, const lab_page_extras *extras)
{
    const char *name = json_string_value(json_object_get(run->summary, "name"));
    lab_report report = {.id = run->id,
        .name = name == NULL ? "" : name,
        .reproduction = parts->reproduction,
        .quote_asset = extras->quote_asset,
        .result = &run->result,
        .names = &run->names,
        .candles = extras->candles,
        .metrics = parts->metrics,
        .metrics_count = CB_METRICS_COUNT,
        .returns = parts->judgement.returns,
        .returns_count = parts->judgement.count,
        .trials = extras->trials,
        .windows = extras->windows,
        .windows_count = extras->windows_count,
        .windows_metric = extras->windows_metric};
    join_luck(parts, extras, &report);
    roll(parts, CB_METRIC_ID_sharpe, 0, "Sharpe ratio, rolling 30", &report);
    roll(parts, CB_METRIC_ID_volatility, 1, "Volatility, rolling 30", &report);
    return report;
}

static cb_status judge_page(
    page_parts *parts, const lab_run *run, const lab_page_extras *extras, cb_err *err)
{
    const lab_candles *candles = extras->candles;
    const lab_candles *first = candles != NULL && candles[0].count > 0 ? candles : NULL;
    const cb_status status = lab_judge(&run->result, first, &parts->judgement, err);
    return status == CB_OK ? lab_luck_run(&parts->luck,
                                 &parts->judgement,
                                 (double)run->result.totals.start_equity_e8 / 1e8,
                                 extras->seed,
                                 err)
                           : status;
}

cb_status lab_backtest_page(
    const lab_run *run, const lab_page_extras *extras, const char *path, cb_err *err)
{
    CB_ASSERT(run != NULL && extras != NULL && path != NULL);
    page_parts *parts = calloc(1, sizeof *parts);
    if (parts == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the page");
    }
    cb_status status = judge_page(parts, run, extras, err);
    if (status == CB_OK) {
        if (extras->reproduction == NULL) {
            (void)snprintf(parts->reproduction,
                sizeof parts->reproduction,
                "cerberus backtest rerun %" PRIu64,
                run->id);
        } else {
            (void)snprintf(
                parts->reproduction, sizeof parts->reproduction, "%s", extras->reproduction);
        }
        fill_metrics(parts);
        const lab_report report = make_report(parts, run, extras);
        status = write_page(&report, path, err);
    }
    lab_judgement_release(&parts->judgement);
    free(parts->rolling[0]);
    free(parts->rolling[1]);
    free(parts);
    return status;
}

/* The history of a stored run, when it can still be opened; the page is drawn without it otherwise.
 */
static const lab_candles *find_candles(lab_backtest *self, const lab_run *run)
{
    cb_err err = {0};
    cb_status status = lab_backtest_restore(self, run, &err);
    if (status == CB_OK) {
        const lab_plan_options options = {.folder = self->folder};
        status = lab_plan_open(&self->plan, &self->job, &options, &err);
    }
    if (status == CB_OK && strcmp(self->plan.data_hash, run->result.provenance.data_hash) != 0) {
        status = CB_FAIL(&err, CB_E_STATE, "the data is not the run's any more");
    }
    if (status != CB_OK) {
        (void)fprintf(stderr, "cerberus-lab backtest report: without prices: %s\n", err.text);
        return NULL;
    }
    return self->plan.candles;
}

int lab_backtest_report(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    lab_run run;
    uint64_t id = 0;
    char usual[64];
    const char *path = lab_args_option(args, "--out");
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail("backtest report", &err);
    }
    if (!lab_backtest_id(args, &id) || !lab_args_done(args)) {
        return LAB_USAGE;
    }
    if (lab_store_read(&store, id, &run, &err) != CB_OK) {
        return lab_backtest_fail("backtest report", &err);
    }
    (void)snprintf(usual, sizeof usual, "backtest-%" PRIu64 ".html", id);
    path = path == NULL ? usual : path;
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        lab_run_release(&run);
        return LAB_FAILURE;
    }
    const lab_page_extras extras = {.candles = find_candles(self, &run),
        .quote_asset = self->job.quote_asset,
        .seed = self->job.seed};
    const cb_status status = lab_backtest_page(&run, &extras, path, &err);
    if (status == CB_OK && strcmp(path, "-") != 0) {
        (void)printf("%s\n", path);
    }
    lab_backtest_free(self);
    lab_run_release(&run);
    return status == CB_OK ? LAB_OK : lab_backtest_fail("backtest report", &err);
}
