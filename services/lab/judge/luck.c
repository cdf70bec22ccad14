/* Statements on luck. Each is computed by libcommon/stats; here they get data, words and a warning.
 */
#include "services/lab/judge/luck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "stats/chance.h"
#include "stats/cscv.h"
#include "stats/sharpe.h"
#include "stats/stability.h"

#define PATHS 2000
#define DRAWS 1000
#define TRADES_MIN 20
#define DRAWDOWN_LIMIT 0.2
#define BLOCKS 16
#define RADIUS 0.15
#define SIGNIFICANT 0.05

static void add(
    lab_luck *self, const char *name, bool is_warning, const char *value, const char *meaning)
{
    CB_ASSERT(self->count < LAB_LUCK_ROWS_MAX);
    const size_t at = self->count++;
    (void)snprintf(self->values[at], LAB_LUCK_TEXT, "%s", value);
    (void)snprintf(self->meanings[at], LAB_LUCK_TEXT, "%s", meaning);
    self->rows[at] = (lab_report_proof){name, self->values[at], self->meanings[at], is_warning};
}

__attribute__((format(printf, 2, 3))) static void print(
    char out[LAB_LUCK_TEXT], const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    (void)vsnprintf(out, LAB_LUCK_TEXT, format, rest);
    va_end(rest);
}

/* ---- one run ---- */

static void add_sharpe(lab_luck *self, const lab_judgement *judgement)
{
    char value[LAB_LUCK_TEXT];
    char meaning[LAB_LUCK_TEXT];
    double probability = 0;
    double periods = 0;
    const cb_sharpe_moments moments = cb_sharpe_moments_of(judgement->returns, judgement->count);
    if (!cb_sharpe_probabilistic(&moments, 0, &probability)) {
        return;
    }
    print(value, "%.1f %%", probability * 100);
    if (cb_sharpe_record_min(&moments, 0, 1 - SIGNIFICANT, &periods)) {
        print(meaning,
            "that the true Sharpe ratio is above 0; proof would take %.0f %s, there are %zu",
            ceil(periods),
            judgement->is_hourly ? "hours" : "days",
            judgement->count);
    } else {
        print(meaning, "that the true Sharpe ratio is above 0");
    }
    add(self, "Probabilistic Sharpe ratio", probability < 1 - SIGNIFICANT, value, meaning);
}

/* Results of trades over the equity at the start, or, with few trades, returns of periods. */
static const double *monte_values(
    const lab_judgement *judgement, double start_equity, double *own, size_t *count)
{
    const cb_perf *perf = &judgement->perf;
    if (perf->trades_count < TRADES_MIN || start_equity <= 0) {
        *count = judgement->count;
        return judgement->returns;
    }
    for (size_t i = 0; i < perf->trades_count; i++) {
        own[i] = perf->trades[i].pnl / start_equity;
    }
    *count = perf->trades_count;
    return own;
}

static void take_fan(
    lab_luck *self, const cb_monte_input *input, const double *fan, double start_equity)
{
    for (size_t i = 0; i < input->points; i++) {
        const size_t step = (i + 1) * input->count / input->points;
        self->steps[i] = (double)step;
        for (size_t k = 0; k < CB_MONTE_BANDS; k++) {
            self->bands[k][i] = fan[i * CB_MONTE_BANDS + k] * start_equity;
        }
    }
    self->fan = (lab_report_fan){.method = input->is_additive ? "Trades drawn anew, of fixed size"
                                                              : "Blocks of periods drawn anew",
        .paths = input->paths,
        .count = input->points,
        .steps = self->steps};
    for (size_t k = 0; k < CB_MONTE_BANDS; k++) {
        self->fan.percentiles[k] = self->bands[k];
    }
    self->has_fan = true;
}

static void add_monte(lab_luck *self, const cb_monte_result *result)
{
    char value[LAB_LUCK_TEXT];
    print(value, "%.1f %%", result->loss * 100);
    add(self,
        "Monte Carlo, loss",
        result->loss > SIGNIFICANT,
        value,
        "of the other histories end below the start");
    print(value, "%.1f %%", result->drawdown[0] * 100);
    add(self,
        "Monte Carlo, drawdown",
        result->drawdown[0] < -DRAWDOWN_LIMIT,
        value,
        "in 5 % of the other histories the drawdown is at least as deep");
}

cb_status lab_luck_run(
    lab_luck *self, const lab_judgement *judgement, double start_equity, uint64_t seed, cb_err *err)
{
    cb_status status = CB_OK;
    cb_monte_result result;
    CB_ASSERT(self != NULL && judgement != NULL);
    add_sharpe(self, judgement);
    const size_t room = judgement->perf.trades_count > judgement->count
                            ? judgement->perf.trades_count
                            : judgement->count;
    double *own = calloc(room + 1, sizeof(double));
    double *fan = calloc((size_t)LAB_LUCK_POINTS * CB_MONTE_BANDS, sizeof(double));
    double *scratch = calloc(cb_monte_scratch(PATHS, LAB_LUCK_POINTS), sizeof(double));
    uint32_t *indices = calloc(room + 1, sizeof(uint32_t));
    if (own == NULL || fan == NULL || scratch == NULL || indices == NULL) {
        status = CB_FAIL(err, CB_E_FULL, "no memory for the Monte Carlo");
    } else {
        cb_monte_input input = {.kind = CB_MONTE_BLOCKS,
            .paths = PATHS,
            .drawdown_limit = DRAWDOWN_LIMIT,
            .seed = seed,
            .scratch = scratch,
            .indices = indices};
        input.values = monte_values(judgement, start_equity, own, &input.count);
        input.is_additive = input.values == own;
        input.block_mean = input.is_additive ? 1 : 5;
        input.points = input.count < LAB_LUCK_POINTS ? input.count : LAB_LUCK_POINTS;
        if (cb_monte_carlo(&input, &result, fan)) {
            take_fan(self, &input, fan, start_equity);
            add_monte(self, &result);
        }
    }
    free(own);
    free(fan);
    free(scratch);
    free(indices);
    return status;
}

/* ---- a search ---- */

/* Returns of all trials that have them, periods × columns. [owned] */
typedef struct matrix {
    double *cells;
    size_t periods;
    size_t columns;
    size_t best; /* column of the chosen trial */
} matrix;

static bool has_column(const lab_luck_trials *trials, size_t trial, size_t periods)
{
    return trials->returns[trial] != NULL && trials->counts[trial] == periods;
}

static cb_status make_matrix(const lab_luck_trials *trials, matrix *out, cb_err *err)
{
    *out = (matrix){.periods = trials->counts[trials->best]};
    for (size_t i = 0; i < trials->trials; i++) {
        out->columns += has_column(trials, i, out->periods) ? 1 : 0;
    }
    out->cells = calloc(out->periods * out->columns + 1, sizeof(double));
    if (out->cells == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the returns of all trials");
    }
    size_t column = 0;
    for (size_t i = 0; i < trials->trials; i++) {
        if (!has_column(trials, i, out->periods)) {
            continue;
        }
        out->best = i == trials->best ? column : out->best;
        for (size_t p = 0; p < out->periods; p++) {
            out->cells[p * out->columns + column] = trials->returns[i][p];
        }
        column++;
    }
    return CB_OK;
}

static cb_status add_overfitting(lab_luck *self, const matrix *all, cb_err *err)
{
    char value[LAB_LUCK_TEXT];
    char meaning[LAB_LUCK_TEXT];
    cb_cscv_result result;
    double *scratch = calloc(cb_cscv_scratch(all->columns, BLOCKS) + 1, sizeof(double));
    if (scratch == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the cross-validation");
    }
    const cb_cscv_input input = {.returns = all->cells,
        .periods = all->periods,
        .trials = all->columns,
        .blocks = BLOCKS,
        .scratch = scratch};
    if (cb_cscv(&input, &result)) {
        print(value, "%.1f %%", result.overfitting * 100);
        print(meaning,
            "probability of overfitting: what is best in one half is among the worse in the other "
            "(%zu trials)",
            all->columns);
        add(self, "CSCV", result.overfitting > 0.5, value, meaning);
    }
    free(scratch);
    return CB_OK;
}

static double sharpe_variance(const matrix *all, double *column)
{
    double sum = 0;
    double squares = 0;
    for (size_t c = 0; c < all->columns; c++) {
        for (size_t p = 0; p < all->periods; p++) {
            column[p] = all->cells[p * all->columns + c];
        }
        const double sharpe = cb_sharpe_moments_of(column, all->periods).sharpe;
        sum += sharpe;
        squares += sharpe * sharpe;
    }
    const double count = (double)all->columns;
    return all->columns < 2 ? 0 : fmax(0, (squares - sum * sum / count) / (count - 1));
}

static cb_status add_deflated(lab_luck *self, const matrix *all, const double *best, cb_err *err)
{
    char value[LAB_LUCK_TEXT];
    char meaning[LAB_LUCK_TEXT];
    double probability = 0;
    double *scratch = calloc(all->periods + 2 * all->columns + 1, sizeof(double));
    if (scratch == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the deflated Sharpe ratio");
    }
    const double correlation =
        cb_sharpe_mean_correlation(all->cells, all->periods, all->columns, scratch);
    const double trials = cb_sharpe_independent_trials((double)all->columns, correlation);
    const cb_sharpe_moments moments = cb_sharpe_moments_of(best, all->periods);
    if (cb_sharpe_deflated(&moments, sharpe_variance(all, scratch), trials, &probability)) {
        print(value, "%.1f %%", probability * 100);
        print(meaning,
            "that the skill is real, knowing it is the best of %zu trials (worth %.1f independent "
            "ones)",
            all->columns,
            trials);
        add(self, "Deflated Sharpe ratio", probability < 1 - SIGNIFICANT, value, meaning);
    }
    free(scratch);
    return CB_OK;
}

static cb_status add_reality(
    lab_luck *self, matrix *all, const double *benchmark, uint64_t seed, cb_err *err)
{
    char value[LAB_LUCK_TEXT];
    cb_reality_result result;
    double *scratch = calloc(2 * all->columns + 1, sizeof(double));
    uint32_t *indices = calloc(all->periods + 1, sizeof(uint32_t));
    if (scratch == NULL || indices == NULL) {
        free(scratch);
        free(indices);
        return CB_FAIL(err, CB_E_FULL, "no memory for the reality check");
    }
    for (size_t p = 0; benchmark != NULL && p < all->periods; p++) {
        for (size_t c = 0; c < all->columns; c++) {
            all->cells[p * all->columns + c] -= benchmark[p];
        }
    }
    const cb_reality_input input = {.excess = all->cells,
        .periods = all->periods,
        .trials = all->columns,
        .block_mean = 5,
        .draws = DRAWS,
        .seed = seed,
        .scratch = scratch,
        .indices = indices};
    if (cb_reality_check(&input, &result)) {
        print(value, "p = %.3f", result.p_value);
        add(self,
            "White's reality check",
            result.p_value > SIGNIFICANT,
            value,
            benchmark != NULL ? "how often chance alone beats buying and holding as well"
                              : "how often chance alone earns as much");
    }
    free(scratch);
    free(indices);
    return CB_OK;
}

static cb_status add_stability(lab_luck *self, const lab_luck_trials *trials, cb_err *err)
{
    char value[LAB_LUCK_TEXT];
    char meaning[LAB_LUCK_TEXT];
    cb_stability_result result;
    size_t count = 0;
    double *places = calloc(trials->trials * trials->dims + 1, sizeof(double));
    double *scores = calloc(2 * trials->trials + 1, sizeof(double));
    if (places == NULL || scores == NULL) {
        free(places);
        free(scores);
        return CB_FAIL(err, CB_E_FULL, "no memory for the stability of the parameters");
    }
    for (size_t i = 0; i < trials->trials; i++) {
        if (!isfinite(trials->scores[i])) {
            continue;
        }
        for (size_t d = 0; d < trials->dims; d++) {
            places[count * trials->dims + d] = trials->places[i * trials->dims + d];
        }
        scores[count++] = trials->scores[i];
    }
    const cb_stability_input input = {.places = places,
        .scores = scores,
        .count = count,
        .dims = trials->dims,
        .radius = RADIUS,
        .scratch = scores + trials->trials};
    if (cb_stability(&input, &result)) {
        print(value, "%.2f", result.score);
        print(meaning,
            "of the best one's lead is shared by its %zu neighbours (1: a plateau, 0: a needle)",
            result.neighbours);
        add(self, "Parameter stability", result.score < 0.5, value, meaning);
    }
    free(places);
    free(scores);
    return CB_OK;
}

cb_status lab_luck_search(lab_luck *self, const lab_luck_trials *trials, uint64_t seed, cb_err *err)
{
    matrix all;
    CB_ASSERT(self != NULL && trials != NULL && trials->best < trials->trials);
    cb_status status = make_matrix(trials, &all, err);
    if (status == CB_OK && all.columns >= 2) {
        status = add_overfitting(self, &all, err);
        if (status == CB_OK) {
            status = add_deflated(self, &all, trials->returns[trials->best], err);
        }
        if (status == CB_OK) {
            status = add_reality(self, &all, trials->benchmark, seed, err);
        }
        if (status == CB_OK) {
            status = add_stability(self, trials, err);
        }
    }
    free(all.cells);
    return status;
}

/* ---- for people and programs ---- */

void lab_luck_print(const lab_luck *self, FILE *out)
{
    CB_ASSERT(self != NULL && out != NULL);
    for (size_t i = 0; i < self->count; i++) {
        (void)fprintf(out,
            "%c %-28s %10s  %s\n",
            self->rows[i].is_warning ? '!' : ' ',
            self->rows[i].name,
            self->rows[i].value,
            self->rows[i].meaning);
    }
}

json_t *lab_luck_json(const lab_luck *self)
{
    json_t *out = json_array();
    CB_ASSERT(self != NULL);
    for (size_t i = 0; i < self->count; i++) {
        (void)json_array_append_new(out,
            json_pack("{s:s, s:s, s:s, s:b}",
                "name",
                self->rows[i].name,
                "value",
                self->rows[i].value,
                "meaning",
                self->rows[i].meaning,
                "warning",
                self->rows[i].is_warning));
    }
    return out;
}
