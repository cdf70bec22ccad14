/* Plays a plan: memory for the chain, rows into growing arrays, in shares so that progress is seen
 * and a stop is heard. */
#include "services/lab/job/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/version.h"

#define SHARE_BARS 8192

/* The rows of one run; a row that finds no memory is remembered as a failure. */
typedef struct collector {
    lab_result *result;
    bool is_brief;
    bool is_full;
    uint64_t points_room;
    uint64_t fills_room;
    uint64_t trades_room;
    uint64_t findings_room;
} collector;

/* Appends a row; doubles the room when it is used up. */
static void append(
    collector *self, void **rows, uint64_t *count, uint64_t *room, const void *row, size_t row_size)
{
    if (*count == *room) {
        const uint64_t wanted = *room == 0 ? 1024 : *room * 2;
        void *more = realloc(*rows, wanted * row_size);
        if (more == NULL) {
            self->is_full = true;
            return;
        }
        *rows = more;
        *room = wanted;
    }
    memcpy((char *)*rows + *count * row_size, row, row_size);
    (*count)++;
}

static void take_point(void *context, uint32_t account, const lab_point *point)
{
    collector *self = context;
    void *rows = self->result->points;
    if (account == 0 && !self->is_brief) {
        append(self, &rows, &self->result->points_count, &self->points_room, point, sizeof *point);
        self->result->points = rows;
    }
}
static void take_fill(void *context, uint32_t account, const lab_fill *fill)
{
    collector *self = context;
    void *rows = self->result->fills;
    if (account == 0 && !self->is_brief) {
        append(self, &rows, &self->result->fills_count, &self->fills_room, fill, sizeof *fill);
        self->result->fills = rows;
    }
}
static void take_trade(void *context, uint32_t account, const lab_trade *trade)
{
    collector *self = context;
    void *rows = self->result->trades;
    if (account == 0 && !self->is_brief) {
        append(self, &rows, &self->result->trades_count, &self->trades_room, trade, sizeof *trade);
        self->result->trades = rows;
    }
}
static void take_finding(void *context, uint32_t symbol, const lab_finding *finding)
{
    collector *self = context;
    void *rows = self->result->findings;
    (void)symbol;
    append(
        self, &rows, &self->result->findings_count, &self->findings_room, finding, sizeof *finding);
    self->result->findings = rows;
}

/* What the import found, as far as it lies in the range. */
static void add_history_findings(const lab_plan *plan, collector *self)
{
    for (uint32_t i = 0; i < plan->job->series_count; i++) {
        uint64_t count = 0;
        const lab_finding *findings = lab_history_findings(plan->histories[i], &count);
        for (uint64_t k = 0; k < count; k++) {
            const bool is_before =
                plan->job->from_ns != 0 && findings[k].to_ns < plan->job->from_ns;
            const bool is_after = plan->job->to_ns != 0 && findings[k].from_ns >= plan->job->to_ns;
            if (!is_before && !is_after) {
                take_finding(self, i, &findings[k]);
            }
        }
    }
}

uint64_t lab_plan_bars(const lab_plan *plan)
{
    const lab_candles *candles = plan->chain.symbols[0].candles;
    uint64_t count = 0;
    CB_ASSERT(plan->chain.symbols_count > 0);
    if (candles == NULL) {
        return 0;
    }
    for (uint64_t i = 0; i < candles->count; i++) {
        const int64_t at = candles->open_ts_ns[i];
        count +=
            at >= plan->job->from_ns && (plan->job->to_ns == 0 || at < plan->job->to_ns) ? 1 : 0;
    }
    return count;
}

/* The chain counts strategies in order of appearance, the plan in the job's. */
static uint32_t named_index(const lab_plan *plan, const char *name)
{
    uint32_t index = 0;
    while (index < plan->names.strategies_count &&
           (name == NULL || !cb_text_equal(plan->names.strategies[index], name))) {
        index++;
    }
    return index;
}

static void name_rows(const lab_plan *plan, const lab_chain *chain, lab_result *result)
{
    for (uint64_t i = 0; i < result->fills_count; i++) {
        lab_fill *fill = &result->fills[i];
        fill->strategy = named_index(plan, lab_chain_strategy(chain, 0, fill->strategy));
    }
    for (uint64_t i = 0; i < result->trades_count; i++) {
        lab_trade *trade = &result->trades[i];
        trade->strategy = named_index(plan, lab_chain_strategy(chain, 0, trade->strategy));
    }
}

static void play(
    const lab_plan *plan, lab_chain *chain, const lab_run_options *options, collector *self)
{
    const uint64_t total = lab_plan_bars(plan);
    bool is_more = true;
    while (is_more && !self->is_full) {
        if (options->stop != NULL && *options->stop != 0) {
            self->result->is_partial = true;
            break;
        }
        is_more = lab_chain_run(chain, SHARE_BARS);
        if (options->progress != NULL) {
            options->progress(options->context, lab_chain_bars(chain), total);
        }
    }
    lab_chain_finish(chain);
    name_rows(plan, chain, self->result);
    lab_chain_totals(chain, 0, &self->result->totals);
    self->result->reasons_count = lab_chain_reasons(chain, 0, self->result->reasons);
}

static void name_provenance(const lab_plan *plan, lab_provenance *out)
{
    out->seed = plan->job->seed;
    out->is_forced = plan->is_forced;
    memcpy(out->data_hash, plan->data_hash, sizeof out->data_hash);
    memcpy(out->config_hash, plan->config_hash, sizeof out->config_hash);
    if (!cb_text_copy(out->code_version, sizeof out->code_version, cb_sv_from(cb_version()))) {
        out->code_version[0] = '\0';
    }
}

cb_status lab_run_plan(
    const lab_plan *plan, const lab_run_options *options, lab_result *result, cb_err *err)
{
    CB_ASSERT(plan != NULL && options != NULL && result != NULL);
    *result = (lab_result){0};
    collector self = {.result = result, .is_brief = options->is_brief};
    lab_chain_config config = plan->chain;
    config.sink = (lab_chain_sink){.context = &self,
        .point = take_point,
        .fill = take_fill,
        .trade = take_trade,
        .finding = take_finding};
    const cb_status status = lab_chain_check(&config, err);
    if (status != CB_OK) {
        return cb_err_context(err, "%s", plan->job->path);
    }
    const size_t size = lab_chain_size(&config);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the chain: %zu bytes", size);
    }
    add_history_findings(plan, &self);
    lab_chain *chain = lab_chain_create(&config, memory, size);
    const bool is_refused = lab_chain_rules_refused(chain, 0) > 0;
    if (!is_refused) {
        play(plan, chain, options, &self);
    }
    (void)munmap(memory, size);
    name_provenance(plan, &result->provenance);
    if (is_refused) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s: rules: a text needs its own `rules@TIMEFRAME` in strategies, and no more memory "
            "than "
            "strategy.rules.memory",
            plan->job->path);
    }
    return self.is_full ? CB_FAIL(err, CB_E_FULL, "no memory for the rows of the result") : CB_OK;
}
