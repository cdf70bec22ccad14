/* Programs over bars. Each bar first completes longer bars, in the order of their closes; each runs
 * its timeframe's instructions, whose values then stand until its next one. Then the bar itself.
 * There are no jumps: every value is computed on every bar, so what a value remembers does not
 * depend on what others were. */
#include <string.h>

#include "base/hash.h"
#include "expr/scalar.h"

#define NS_PER_S INT64_C(1000000000)
#define DAY_S INT64_C(86400)
/* Indicators square and cube what they get: it stays within this, and none goes in otherwise. */
#define SOURCE_MAX 1e30
#define SOURCE_MIN 1e-30

/* The state: all members of 8 bytes. Registers first, then what emit.c has placed. */
typedef struct run_state {
    uint64_t bars_count;
    int64_t newest_ns; /* opening of the newest bar */
    double registers[];
} run_state;

typedef struct machine {
    const cb_expr_program *program;
    run_state *state;
    const cb_bar *bar; /* of the timeframe that runs */
} machine;

static void *part_at(const machine *on, uint32_t offset)
{
    CB_ASSERT(offset < on->program->info.state_size);
    return (uint8_t *)on->state + offset;
}

void cb_expr_init(const cb_expr_program *program, void *state)
{
    CB_ASSERT(program != NULL && state != NULL);
    CB_ASSERT(program->info.state_size > 0);
    const machine on = {program, state, NULL};
    memset(state, 0, program->info.state_size);
    on.state->newest_ns = -1;
    for (uint32_t i = 0; i < program->registers_count; i++) {
        on.state->registers[i] = expr_none();
    }
    for (uint32_t i = 0; i < program->constants_count; i++) {
        on.state->registers[program->constants[i].place] = program->constants[i].number;
    }
    for (uint32_t i = 0; i < program->info.calls_count; i++) {
        const expr_call *call = &program->calls[i];
        cb_indicator_at(call->indicator)->init(part_at(&on, call->offset), call->params);
    }
}

/* ---- history ---- */

/* A ring: how many values came, then the values. */
static double ring_read(const machine *on, const expr_ring *ring, uint64_t bars)
{
    const uint64_t *words = part_at(on, ring->offset);
    double value = 0;
    CB_ASSERT(bars >= 1 && bars <= ring->capacity);
    if (words[0] < bars) {
        return expr_none();
    }
    memcpy(&value, &words[1 + (words[0] - bars) % ring->capacity], sizeof value);
    return value;
}

static void ring_push(const machine *on, const expr_ring *ring, double value)
{
    uint64_t *words = part_at(on, ring->offset);
    memcpy(&words[1 + words[0] % ring->capacity], &value, sizeof value);
    words[0]++;
}

/* ---- time ---- */

/* Day of the month and month of a day since 1970, after H. Hinnant's civil_from_days. */
static void civil(int64_t days, int64_t *day, int64_t *month)
{
    CB_ASSERT(days >= 0);
    const int64_t shifted = days + 719468; /* since 0000-03-01 */
    const int64_t of_era = shifted % 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    CB_ASSERT(*day >= 1 && *day <= 31);
}

static double time_part(expr_op op, int64_t ts_ns)
{
    const int64_t seconds = ts_ns / NS_PER_S;
    const int64_t days = seconds / DAY_S;
    const int64_t hour = seconds % DAY_S / 3600;
    const int64_t minute = seconds % 3600 / 60;
    int64_t day = 0;
    int64_t month = 0;
    switch ((int)op) {
    case EXPR_OP_HOUR:
        return (double)hour;
    case EXPR_OP_MINUTE:
        return (double)minute;
    case EXPR_OP_WEEKDAY:
        return (double)((days + 3) % 7 + 1); /* 1970-01-01 was a Thursday */
    default:
        civil(days, &day, &month);
        return (double)(op == EXPR_OP_DAY ? day : month);
    }
}

/* ---- indicators ---- */

static bool source_bar(const cb_bar *bar, double value, cb_bar *out)
{
    if (!(fabs(value) <= SOURCE_MAX)) {
        return false;
    }
    const double price = fabs(value) < SOURCE_MIN ? 0 : value;
    *out = (cb_bar){bar->open_ts_ns, price, price, price, price, bar->volume};
    return true;
}

static void run_indicator(const machine *on, const expr_call *call)
{
    const cb_indicator_ops *ops = cb_indicator_at(call->indicator);
    double *registers = on->state->registers;
    double values[CB_INDICATOR_OUTPUTS_MAX];
    cb_bar made;
    const cb_bar *bar = on->bar;
    bool is_warm = true;
    if (call->source != EXPR_NOTHING) {
        is_warm = source_bar(bar, registers[call->source], &made);
        bar = &made;
    }
    is_warm = is_warm && ops->update(part_at(on, call->offset), bar, values);
    for (uint32_t i = 0; i < ops->outputs_count; i++) {
        registers[call->node + i] = is_warm ? expr_clean(values[i]) : expr_none();
    }
}

/* ---- instructions ---- */

static double since(double condition, double before)
{
    if (expr_is_true(condition)) {
        return 0;
    }
    return expr_is_none(before) ? expr_none() : before + 1.0;
}

static void run_other(const machine *on, const expr_instruction *at)
{
    double *registers = on->state->registers;
    switch ((int)at->op) {
    case EXPR_OP_OPEN:
        registers[at->out] = on->bar->open;
        break;
    case EXPR_OP_HIGH:
        registers[at->out] = on->bar->high;
        break;
    case EXPR_OP_LOW:
        registers[at->out] = on->bar->low;
        break;
    case EXPR_OP_VOLUME:
        registers[at->out] = on->bar->volume;
        break;
    case EXPR_OP_SINCE:
        registers[at->out] = since(registers[at->a], registers[at->out]);
        break;
    case EXPR_OP_RING:
        ring_push(on, &on->program->rings[at->out], registers[at->a]);
        break;
    case EXPR_OP_HISTORY:
        registers[at->out] = ring_read(on, &on->program->rings[at->a], at->b);
        break;
    default:
        registers[at->out] = time_part((expr_op)at->op, on->bar->open_ts_ns);
        break;
    }
}

static void run_frame(const machine *on, uint32_t frame)
{
    const expr_instruction *at = &on->program->code[on->program->frames[frame].code_begin];
    const expr_instruction *end = &on->program->code[on->program->frames[frame].code_end];
    double *registers = on->state->registers;
    CB_ASSERT(at <= end);
    for (; at < end; at++) {
        switch ((int)at->op) {
#define SCALAR(name)                                                                               \
    case EXPR_OP_##name:                                                                           \
        registers[at->out] =                                                                       \
            expr_scalar(EXPR_OP_##name, registers[at->a], registers[at->b], registers[at->c]);     \
        break;
#define BAR(name)
#include "expr/ops.def"
#undef SCALAR
#undef BAR
        case EXPR_OP_CLOSE:
            registers[at->out] = on->bar->close;
            break;
        case EXPR_OP_INDICATOR:
            run_indicator(on, &on->program->calls[at->a]);
            break;
        default:
            run_other(on, at);
            break;
        }
    }
}

/* ---- longer bars ---- */

typedef struct completed {
    uint32_t frame;
    int64_t close_ns;
    cb_bar bar;
} completed;

/* Whether a comes before b: what closes earlier, and of the same close the longer, which the
 * shorter may look at. */
static bool comes_before(const cb_expr_program *program, const completed *a, const completed *b)
{
    if (a->close_ns != b->close_ns) {
        return a->close_ns < b->close_ns;
    }
    return program->frames[a->frame].interval_s > program->frames[b->frame].interval_s;
}

static void run_longer(machine *on, const cb_bar *bar)
{
    const cb_expr_program *program = on->program;
    completed list[2 * CB_EXPR_FRAMES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 1; i < program->frames_count; i++) {
        cb_bar bars[2];
        const int64_t frame_ns = (int64_t)program->frames[i].interval_s * NS_PER_S;
        const expr_span span = {
            (int64_t)program->info.interval_s * NS_PER_S, frame_ns, on->state->bars_count == 0};
        expr_bucket *bucket = part_at(on, program->frames[i].offset);
        const uint32_t found = expr_bucket_feed(bucket, &span, bar, bars);
        for (uint32_t k = 0; k < found; k++) {
            completed next = {i, bars[k].open_ts_ns + frame_ns, bars[k]};
            uint32_t at = count++;
            while (at > 0 && comes_before(program, &next, &list[at - 1])) {
                list[at] = list[at - 1];
                at--;
            }
            list[at] = next;
        }
    }
    CB_ASSERT(count <= 2 * CB_EXPR_FRAMES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        on->bar = &list[i].bar;
        run_frame(on, list[i].frame);
    }
}

bool cb_expr_step(const cb_expr_program *program, void *state, const cb_bar *bar)
{
    CB_ASSERT(program != NULL && state != NULL && bar != NULL);
    CB_ASSERT(fabs(bar->open) <= DBL_MAX && fabs(bar->high) <= DBL_MAX);
    CB_ASSERT(fabs(bar->low) <= DBL_MAX && fabs(bar->close) <= DBL_MAX);
    CB_ASSERT(fabs(bar->volume) <= DBL_MAX);
    machine on = {program, state, bar};
    if (bar->open_ts_ns >= 0 && bar->open_ts_ns > on.state->newest_ns) {
        if (program->frames_count > 1) {
            run_longer(&on, bar);
        }
        on.bar = bar;
        run_frame(&on, EXPR_BASE);
        on.state->newest_ns = bar->open_ts_ns;
        on.state->bars_count++;
    }
    return on.state->bars_count >= program->info.warmup_bars;
}

/* ---- answers ---- */

static cb_expr_value value_at(const void *state, uint16_t place)
{
    const run_state *run = state;
    if (place == EXPR_NOTHING || expr_is_none(run->registers[place])) {
        return (cb_expr_value){true, 0};
    }
    CB_ASSERT(fabs(run->registers[place]) <= DBL_MAX);
    return (cb_expr_value){false, run->registers[place]};
}

cb_expr_value cb_expr_output(const cb_expr_program *program, const void *state, uint32_t index)
{
    CB_ASSERT(program != NULL && state != NULL);
    CB_ASSERT(index < CB_EXPR_OUTPUTS_MAX);
    return value_at(state, program->outputs[index]);
}

bool cb_expr_holds(const cb_expr_program *program, const void *state, uint32_t index)
{
    const cb_expr_value value = cb_expr_output(program, state, index);
    return !value.is_none && expr_is_true(value.number);
}

cb_expr_value cb_expr_plot(const cb_expr_program *program, const void *state, uint32_t index)
{
    CB_ASSERT(program != NULL && state != NULL);
    CB_ASSERT(index < program->info.plots_count);
    return value_at(state, program->plots[index]);
}

cb_expr_value cb_expr_call(const cb_expr_program *program, const void *state, uint32_t index)
{
    CB_ASSERT(program != NULL && state != NULL);
    CB_ASSERT(index < program->info.calls_count);
    return value_at(state, program->calls[index].node);
}

uint64_t cb_expr_hash(uint64_t hash, const cb_expr_program *program, const void *state)
{
    CB_ASSERT(program != NULL && state != NULL);
    hash = cb_hash_u64(hash, program->info.hash);
    return cb_indicator_hash(hash, state, program->info.state_size);
}
