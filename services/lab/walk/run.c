/* walkforward run: windows, their table, statements, page. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/walk/walk.h"

/* What stands above the windows. */
typedef struct walk_summary {
    size_t winners;   /* windows whose test did not lose */
    double in_sample; /* means */
    double out_of_sample;
    double spread; /* mean distance between neighbours' chosen parameters, 0 … 1 */
} walk_summary;

static double distance(const lab_walk *walk, size_t a, size_t b)
{
    double sum = 0;
    const uint32_t dims = walk->self->job.study.parameters_count;
    for (uint32_t d = 0; d < dims; d++) {
        sum += fabs(walk->rows[a].place[d] - walk->rows[b].place[d]);
    }
    return dims == 0 ? 0 : sum / dims;
}

static walk_summary summarise(const lab_walk *walk)
{
    walk_summary out = {0};
    const double count = walk->done > 0 ? (double)walk->done : 1;
    for (size_t i = 0; i < walk->done; i++) {
        const lab_report_window *window = &walk->rows[i].window;
        out.winners += window->out_of_sample > 0 ? 1 : 0;
        out.in_sample += window->in_sample / count;
        out.out_of_sample += window->out_of_sample / count;
        out.spread += i == 0 ? 0 : distance(walk, i - 1, i) / fmax(1, (double)walk->done - 1);
    }
    return out;
}

static json_t *window_rows(const lab_walk *walk)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < walk->done; i++) {
        const lab_walk_row *row = &walk->rows[i];
        char texts[2][24];
        (void)snprintf(texts[0], sizeof texts[0], "%.6g", row->window.in_sample);
        (void)snprintf(texts[1], sizeof texts[1], "%.6g", row->window.out_of_sample);
        (void)json_array_append_new(rows,
            json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:s}",
                "train_from_ns",
                (json_int_t)row->window.train_from_ns,
                "train_to_ns",
                (json_int_t)row->window.train_to_ns,
                "test_from_ns",
                (json_int_t)row->window.test_from_ns,
                "test_to_ns",
                (json_int_t)row->window.test_to_ns,
                "in_sample",
                texts[0],
                "out_of_sample",
                texts[1],
                "parameters",
                row->text));
    }
    return rows;
}

static void print_table(const lab_walk *walk, const lab_judgement *judgement, const lab_luck *luck)
{
    static const lab_column_view columns[] = {{"TRAINED FROM", "train_from_ns", false},
        {"TO", "train_to_ns", false},
        {"TESTED FROM", "test_from_ns", false},
        {"TO", "test_to_ns", false},
        {"IN SAMPLE", "in_sample", true},
        {"OUT OF SAMPLE", "out_of_sample", true},
        {"PARAMETERS", "parameters", false}};
    const walk_summary summary = summarise(walk);
    json_t *rows = window_rows(walk);
    lab_output_rows(LAB_OUTPUT_TABLE, rows, columns, sizeof columns / sizeof columns[0]);
    json_decref(rows);
    (void)printf("\n%s: in sample %.4g, out of sample %.4g on average; %zu of %zu tests above 0\n",
        walk->self->job.study.objectives[0].metric,
        summary.in_sample,
        summary.out_of_sample,
        summary.winners,
        walk->done);
    (void)printf("chosen parameters move by %.0f %% of their ranges from window to window\n",
        summary.spread * 100);
    (void)printf("\nall tests, one after the other:\n");
    lab_backtest_print(&walk->result, judgement, &walk->self->plan.names, stdout);
    (void)printf("\n");
    lab_luck_print(luck, stdout);
}

static void print_json(const lab_walk *walk, const lab_judgement *judgement, const lab_luck *luck)
{
    const walk_summary summary = summarise(walk);
    json_t *out = json_pack("{s:s, s:s, s:b, s:o, s:f, s:f, s:I, s:f, s:o, s:o}",
        "name",
        walk->self->job.name,
        "metric",
        walk->self->job.study.objectives[0].metric,
        "partial",
        walk->result.is_partial,
        "windows",
        window_rows(walk),
        "in_sample",
        summary.in_sample,
        "out_of_sample",
        summary.out_of_sample,
        "winners",
        (json_int_t)summary.winners,
        "parameter_spread",
        summary.spread,
        "metrics",
        lab_judgement_json(judgement),
        "luck",
        lab_luck_json(luck));
    (void)json_dumpf(out, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
    json_decref(out);
}

static cb_status write_page(const lab_walk *walk, const char *path, cb_err *err)
{
    char reproduction[LAB_PATH_MAX];
    const lab_backtest *self = walk->self;
    lab_report_window *windows = calloc(walk->done + 1, sizeof *windows);
    if (windows == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the page");
    }
    for (size_t i = 0; i < walk->done; i++) {
        windows[i] = walk->rows[i].window;
    }
    (void)snprintf(
        reproduction, sizeof reproduction, "cerberus walkforward run -f %s", self->job.path);
    lab_run run = {.summary = json_pack("{s:s}", "name", self->job.name),
        .result = walk->result,
        .names = self->plan.names};
    const lab_page_extras extras = {.candles = self->plan.candles,
        .quote_asset = self->job.quote_asset,
        .reproduction = reproduction,
        .seed = self->job.seed,
        .windows = windows,
        .windows_count = walk->done,
        .windows_metric = self->job.study.objectives[0].metric};
    const cb_status status = lab_backtest_page(&run, &extras, path, err);
    json_decref(run.summary);
    free(windows);
    return status;
}

static int show(lab_walk *walk, lab_output output, const char *report)
{
    static lab_luck luck;
    lab_judgement judgement;
    cb_err err = {0};
    const lab_candles *candles =
        walk->self->plan.candles[0].count > 0 ? walk->self->plan.candles : NULL;
    luck = (lab_luck){0};
    cb_status status = lab_judge(&walk->result, candles, &judgement, &err);
    if (status == CB_OK) {
        status = lab_luck_run(&luck,
            &judgement,
            (double)walk->result.totals.start_equity_e8 / 1e8,
            walk->self->job.seed,
            &err);
        (output == LAB_OUTPUT_JSON ? print_json : print_table)(walk, &judgement, &luck);
        lab_judgement_release(&judgement);
    }
    if (status == CB_OK && report != NULL) {
        status = write_page(walk, report, &err);
    }
    if (status != CB_OK) {
        return lab_backtest_fail("walkforward", &err);
    }
    if (walk->result.is_partial) {
        (void)fprintf(stderr, "stopped after %zu of %zu windows\n", walk->done, walk->plan.windows);
        return LAB_PARTIAL;
    }
    return LAB_OK;
}

int lab_walk_run(lab_args *args)
{
    cb_err err = {0};
    lab_walk walk = {0};
    lab_output output = LAB_OUTPUT_TABLE;
    const char *report = lab_args_option(args, "--report");
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        return LAB_FAILURE;
    }
    if (!lab_output_take(args, &output) ||
        !lab_optimize_arguments(args, self, "walkforward run", &err)) {
        lab_backtest_free(self);
        return err.code != CB_OK ? LAB_FAILURE : LAB_USAGE;
    }
    search_config config;
    cb_status status = lab_trial_config(&self->job, &config, &err);
    if (status == CB_OK) {
        status = lab_optimize_open(self, &err);
    }
    if (status == CB_OK) {
        status = lab_walk_plan(&walk, self, &err);
    }
    if (status == CB_OK) {
        status = lab_walk_play(&walk, lab_interrupt_watch(), &err);
        lab_interrupt_unwatch();
    }
    const int code =
        status == CB_OK ? show(&walk, output, report) : lab_backtest_fail("walkforward", &err);
    lab_walk_release(&walk);
    lab_backtest_free(self);
    return code;
}
