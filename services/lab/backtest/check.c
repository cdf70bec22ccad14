/* backtest check: does a job look into the future, and how much does it lean on how far back its
 * history goes? The data behind a cut is turned round; whatever was decided before the cut must
 * stay as it was. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/backtest/backtest.h"

#define CUTS_DEFAULT 4
#define CUTS_MAX 64
#define COLUMNS 5

/* Candles whose end can be turned round. [owned] */
typedef struct turned {
    lab_candles candles;
    int64_t *memory;
} turned;

static cb_status copy_candles(const lab_candles *from, turned *out, cb_err *err)
{
    const size_t count = (size_t)from->count;
    out->candles = *from;
    out->memory = calloc(count * COLUMNS + 1, sizeof(int64_t));
    if (out->memory == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the turned data");
    }
    out->candles.open_e8 = out->memory;
    out->candles.high_e8 = out->memory + count;
    out->candles.low_e8 = out->memory + 2 * count;
    out->candles.close_e8 = out->memory + 3 * count;
    out->candles.volume_e8 = out->memory + 4 * count;
    out->candles.quote_volume_e8 = NULL;
    out->candles.taker_volume_e8 = NULL;
    out->candles.trades_count = NULL;
    return CB_OK;
}

/* Candles that open at or after the cut come in reverse order; times stay. */
static void turn(const lab_candles *from, turned *out, int64_t cut_ns)
{
    const size_t count = (size_t)from->count;
    size_t first = 0;
    while (first < count && from->open_ts_ns[first] < cut_ns) {
        first++;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t source = i < first ? i : count - 1 - (i - first);
        out->memory[i] = from->open_e8[source];
        out->memory[count + i] = from->high_e8[source];
        out->memory[2 * count + i] = from->low_e8[source];
        out->memory[3 * count + i] = from->close_e8[source];
        out->memory[4 * count + i] = from->volume_e8[source];
    }
}

/* ---- comparing ---- */

static bool is_same_fill(const lab_fill *a, const lab_fill *b)
{
    return a->ts_ns == b->ts_ns && a->symbol == b->symbol && a->strategy == b->strategy &&
           a->side == b->side && a->price_e8 == b->price_e8 && a->qty_e8 == b->qty_e8 &&
           a->fee_e8 == b->fee_e8 && cb_id_equal(a->intent_id, b->intent_id);
}

/* The first moment at which two results differ before the cut; 0 when they do not. */
static int64_t first_difference(const lab_result *a, const lab_result *b, int64_t cut_ns)
{
    for (uint64_t i = 0;; i++) {
        const bool has_a = i < a->fills_count && a->fills[i].ts_ns < cut_ns;
        const bool has_b = i < b->fills_count && b->fills[i].ts_ns < cut_ns;
        if (!has_a && !has_b) {
            return 0;
        }
        if (!has_a || !has_b) {
            return has_a ? a->fills[i].ts_ns : b->fills[i].ts_ns;
        }
        if (!is_same_fill(&a->fills[i], &b->fills[i])) {
            return a->fills[i].ts_ns < b->fills[i].ts_ns ? a->fills[i].ts_ns : b->fills[i].ts_ns;
        }
    }
}

static uint64_t fills_before(const lab_result *result, int64_t cut_ns)
{
    uint64_t count = 0;
    while (count < result->fills_count && result->fills[count].ts_ns < cut_ns) {
        count++;
    }
    return count;
}

/* ---- look-ahead ---- */

static cb_status play_turned(
    lab_backtest *self, turned *all, int64_t cut_ns, lab_result *result, cb_err *err)
{
    const lab_candles *kept[LAB_CHAIN_SYMBOLS_MAX] = {NULL};
    const lab_run_options options = {0};
    for (uint32_t i = 0; i < self->plan.chain.symbols_count; i++) {
        kept[i] = self->plan.chain.symbols[i].candles;
        if (kept[i] != NULL) {
            turn(kept[i], &all[i], cut_ns);
            self->plan.chain.symbols[i].candles = &all[i].candles;
        }
    }
    const cb_status status = lab_run_plan(&self->plan, &options, result, err);
    for (uint32_t i = 0; i < self->plan.chain.symbols_count; i++) {
        self->plan.chain.symbols[i].candles = kept[i];
    }
    return status;
}

/* One cut: a line for people; *is_found when something came out differently before it. */
static cb_status check_cut(
    lab_backtest *self, turned *all, int64_t cut_ns, bool *is_found, cb_err *err)
{
    char cut[CB_TIME_TEXT_MAX];
    char at[CB_TIME_TEXT_MAX];
    lab_result other;
    const cb_status status = play_turned(self, all, cut_ns, &other, err);
    if (status == CB_OK) {
        const int64_t differs_ns = first_difference(&self->result, &other, cut_ns);
        (void)cb_time_print(cut_ns, 0, cut);
        if (differs_ns == 0) {
            (void)printf("look-ahead  cut %s  %" PRIu64 " fills before it: the same\n",
                cut,
                fills_before(&self->result, cut_ns));
        } else {
            (void)cb_time_print(differs_ns, 3, at);
            (void)printf("look-ahead  cut %s  FOUND: what is behind the cut changes a fill at %s\n",
                cut,
                at);
            *is_found = true;
        }
    }
    lab_result_release(&other);
    return status;
}

static cb_status check_cuts(lab_backtest *self, uint64_t cuts, bool *is_found, cb_err *err)
{
    turned all[LAB_CHAIN_SYMBOLS_MAX] = {{.memory = NULL}};
    const lab_result *result = &self->result;
    cb_status status = CB_OK;
    for (uint32_t i = 0; status == CB_OK && i < self->plan.chain.symbols_count; i++) {
        const lab_candles *candles = self->plan.chain.symbols[i].candles;
        status = candles == NULL ? CB_OK : copy_candles(candles, &all[i], err);
    }
    for (uint64_t k = 1; status == CB_OK && k <= cuts; k++) {
        const uint64_t point = result->points_count * k / (cuts + 1);
        status = check_cut(self, all, result->points[point].ts_ns, is_found, err);
    }
    for (size_t i = 0; i < LAB_CHAIN_SYMBOLS_MAX; i++) {
        free(all[i].memory);
    }
    return status;
}

/* ---- recursion ---- */

/* The same with half as much history before the first bar: what differs leans on the far past. */
static cb_status check_warmup(lab_backtest *self, cb_err *err)
{
    lab_result other;
    const lab_run_options options = {0};
    const uint32_t whole = self->plan.chain.warmup_count;
    self->plan.chain.warmup_count = whole / 2;
    const cb_status status = lab_run_plan(&self->plan, &options, &other, err);
    self->plan.chain.warmup_count = whole;
    if (status == CB_OK) {
        const int64_t differs_ns = first_difference(&self->result, &other, INT64_MAX);
        char at[CB_TIME_TEXT_MAX];
        (void)cb_time_print(differs_ns, 3, at);
        (void)printf("recursion   history of %" PRIu32 " and of %" PRIu32 " candles: %s%s\n",
            whole,
            whole / 2,
            differs_ns == 0 ? "the same fills" : "fills differ from ",
            differs_ns == 0 ? "" : at);
    }
    lab_result_release(&other);
    return status;
}

static bool take_arguments(lab_args *args, const char **file, uint64_t *cuts)
{
    const char *text = lab_args_option(args, "--cuts");
    *cuts = CUTS_DEFAULT;
    *file = lab_args_option(args, "-f");
    if (text != NULL && (!cb_u64_parse(cb_sv_from(text), CUTS_MAX, cuts) || *cuts == 0)) {
        (void)fprintf(stderr,
            "cerberus-lab %s: --cuts: '%s' is no whole number from 1 to %d\n",
            args->tool,
            text,
            CUTS_MAX);
        return false;
    }
    if (*file == NULL) {
        (void)fprintf(stderr, "cerberus-lab %s: which job? -f FILE.yaml\n", args->tool);
        return false;
    }
    return lab_args_done(args);
}

int lab_backtest_check(lab_args *args)
{
    cb_err err = {0};
    const char *file = NULL;
    uint64_t cuts = 0;
    bool is_found = false;
    if (!take_arguments(args, &file, &cuts)) {
        return LAB_USAGE;
    }
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        return LAB_FAILURE;
    }
    cb_status status = lab_backtest_read(self, file, &err);
    if (status == CB_OK) {
        status = lab_backtest_play(self, &err);
    }
    if (status == CB_OK && self->result.points_count <= cuts) {
        status = CB_FAIL(&err, CB_E_RANGE, "%s: too few bars for %" PRIu64 " cuts", file, cuts);
    }
    if (status == CB_OK) {
        status = check_cuts(self, cuts, &is_found, &err);
    }
    if (status == CB_OK) {
        status = check_warmup(self, &err);
    }
    if (status == CB_OK && self->result.fills_count == 0) {
        (void)fprintf(
            stderr, "cerberus-lab %s: nothing was traded: nothing is proven\n", args->tool);
    }
    lab_backtest_free(self);
    if (status != CB_OK) {
        return lab_backtest_fail("backtest check", &err);
    }
    return is_found ? LAB_REFUSED : LAB_OK;
}
