/* Plays the windows: a search over the training range, then the chosen parameters over the test. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/walk/walk.h"

static int64_t day_ns(const lab_walk *walk, size_t day)
{
    return walk->first_ns + (int64_t)day * CB_NS_PER_DAY;
}

static void place_window(lab_walk *walk, size_t index)
{
    const cb_walk_window window = cb_walk_window_at(&walk->plan, index);
    lab_walk_row *row = &walk->rows[index];
    row->window = (lab_report_window){.train_from_ns = day_ns(walk, window.train.begin),
        .train_to_ns = day_ns(walk, window.train.end),
        .test_from_ns = day_ns(walk, window.test.begin),
        .test_to_ns = day_ns(walk, window.test.end),
        .parameters = row->text};
}

/* ---- the training ---- */

/* The best trial of a finished search; CB_E_STATE when there is none. */
static cb_status choose(
    lab_walk *walk, lab_search *search, lab_walk_row *row, search_trial *trial, cb_err *err)
{
    double objectives[SEARCH_OBJECTIVES_MAX];
    uint64_t best = 0;
    if (!search_best(&search->study, &best)) {
        return CB_FAIL(err, CB_E_STATE, "no trial had a result");
    }
    (void)search_look(&search->study, best, trial, objectives);
    row->window.in_sample = objectives[0];
    row->trials = search_count_in(&search->study, SEARCH_COMPLETE);
    lab_trial_print(&walk->self->job, trial->values, trial->active, row->text, sizeof row->text);
    for (uint32_t i = 0; i < trial->dims; i++) {
        row->place[i] = search_unit(&search->config.space.dims[i], trial->values[i]);
    }
    return CB_OK;
}

static cb_status train(lab_walk *walk,
    lab_pool *pool,
    lab_walk_row *row,
    const volatile sig_atomic_t *stop,
    search_trial *trial,
    cb_err *err)
{
    lab_search search;
    cb_status status = lab_search_begin(&search, &walk->self->job, NULL, err);
    if (status != CB_OK) {
        return status;
    }
    const lab_search_options options = {
        .from_ns = row->window.train_from_ns, .to_ns = row->window.train_to_ns, .stop = stop};
    status = lab_search_run(&search, pool, &options, err);
    if (status == CB_OK && *stop == 0) {
        status = choose(walk, &search, row, trial, err);
    }
    lab_search_release(&search);
    return status;
}

/* ---- the test ---- */

/* Rows of a test behind those before it; equity goes on where the last test ended. */
static cb_status append(lab_walk *walk, const lab_result *test, cb_err *err)
{
    lab_result *all = &walk->result;
    lab_point *points =
        realloc(all->points, (all->points_count + test->points_count + 1) * sizeof *points);
    all->points = points == NULL ? all->points : points;
    lab_fill *fills =
        realloc(all->fills, (all->fills_count + test->fills_count + 1) * sizeof *fills);
    all->fills = fills == NULL ? all->fills : fills;
    lab_trade *trades =
        realloc(all->trades, (all->trades_count + test->trades_count + 1) * sizeof *trades);
    all->trades = trades == NULL ? all->trades : trades;
    if (points == NULL || fills == NULL || trades == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the rows of the tests");
    }
    for (uint64_t i = 0; i < test->points_count; i++) {
        lab_point point = test->points[i];
        point.equity_e8 = llround((double)point.equity_e8 * walk->factor);
        point.cash_e8 = llround((double)point.cash_e8 * walk->factor);
        point.exposure_e8 = llround((double)point.exposure_e8 * walk->factor);
        points[all->points_count++] = point;
    }
    memcpy(fills + all->fills_count, test->fills, test->fills_count * sizeof *fills);
    memcpy(trades + all->trades_count, test->trades, test->trades_count * sizeof *trades);
    all->fills_count += test->fills_count;
    all->trades_count += test->trades_count;
    return CB_OK;
}

static void add_totals(lab_walk *walk, const lab_result *test)
{
    lab_totals *all = &walk->result.totals;
    const lab_totals *one = &test->totals;
    if (walk->done == 0) {
        all->start_equity_e8 = one->start_equity_e8;
        walk->result.provenance = test->provenance;
    }
    if (one->start_equity_e8 > 0) {
        walk->factor *= (double)one->end_equity_e8 / (double)one->start_equity_e8;
    }
    all->end_equity_e8 = llround((double)all->start_equity_e8 * walk->factor);
    all->bars += one->bars;
    all->signals += one->signals;
    all->intents += one->intents;
    all->permits += one->permits;
    all->denials += one->denials;
    all->orders += one->orders;
    all->fills += one->fills;
    all->trades += one->trades;
    all->fees_e8 += one->fees_e8;
    all->funding_e8 += one->funding_e8;
    all->turnover_e8 += one->turnover_e8;
    all->output_hash = all->output_hash * 31 + one->output_hash;
    all->state_hash = all->state_hash * 31 + one->state_hash;
}

static double judge_test(const lab_walk *walk, const lab_result *test)
{
    lab_judgement judgement;
    const lab_objective *objective = &walk->self->job.study.objectives[0];
    const lab_candles *candles =
        walk->self->plan.candles[0].count > 0 ? walk->self->plan.candles : NULL;
    if (lab_judge(test, candles, &judgement, NULL) != CB_OK) {
        return 0;
    }
    const double value = judgement.values[cb_metric_find(objective->metric)].value;
    lab_judgement_release(&judgement);
    return value;
}

static cb_status play_test(
    lab_walk *walk, lab_walk_row *row, const search_trial *trial, cb_err *err)
{
    lab_backtest *self = walk->self;
    lab_result test;
    const lab_run_options options = {0};
    lab_trial_ask ask = {.dims = trial->dims, .active = trial->active};
    memcpy(ask.values, trial->values, sizeof ask.values);
    cb_status status = lab_trial_apply(&self->job, &ask, err);
    if (status == CB_OK) {
        status = lab_plan_configure(&self->plan, err);
    }
    if (status != CB_OK) {
        return status;
    }
    self->plan.chain.from_ns = row->window.test_from_ns;
    self->plan.chain.to_ns = row->window.test_to_ns;
    status = lab_run_plan(&self->plan, &options, &test, err);
    if (status == CB_OK) {
        row->window.out_of_sample = judge_test(walk, &test);
        status = append(walk, &test, err);
    }
    if (status == CB_OK) {
        add_totals(walk, &test);
    }
    lab_result_release(&test);
    return status;
}

/* ---- all windows ---- */

cb_status lab_walk_play(lab_walk *walk, const volatile sig_atomic_t *stop, cb_err *err)
{
    lab_pool pool;
    lab_progress progress;
    lab_backtest *self = walk->self;
    CB_ASSERT(stop != NULL);
    cb_status status = lab_pool_start(&pool, &self->plan, &self->job, self->job.study.workers, err);
    if (status != CB_OK) {
        return status;
    }
    lab_progress_start(&progress, "windows", walk->plan.windows);
    for (size_t i = 0; status == CB_OK && i < walk->plan.windows && *stop == 0; i++) {
        search_trial trial;
        lab_walk_row *row = &walk->rows[i];
        place_window(walk, i);
        status = train(walk, &pool, row, stop, &trial, err);
        if (status == CB_OK && *stop == 0) {
            status = play_test(walk, row, &trial, err);
            walk->done += status == CB_OK ? 1 : 0;
        }
        if (status != CB_OK) {
            (void)cb_err_context(err, "window %zu", i + 1);
        }
        lab_progress_at(&progress, walk->done);
    }
    lab_progress_end(&progress);
    lab_pool_stop(&pool);
    walk->result.is_partial = walk->done < walk->plan.windows;
    return status;
}
