/* Compares runs over series that share a part. Knows nothing of what it runs. */
#include "ind/check.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"

#define UNIT 1000000U

static double unit(cb_prng *prng)
{
    return (double)cb_prng_below(prng, UNIT + 1) / UNIT;
}

/* The same bars up to the cut, another market after it: other prices, other volumes, jumps. */
static void scramble(
    cb_bar *out, const cb_bar *bars, size_t count, size_t cut, const cb_check_room *room)
{
    cb_prng prng;
    cb_prng_init(&prng, room->seed + cut);
    memcpy(out, bars, cut * sizeof *bars);
    double price = cut > 0 ? bars[cut - 1].close * (0.5 + unit(&prng)) : 1;
    for (size_t i = cut; i < count; i++) {
        const double open = price;
        price *= 0.9 + 0.2 * unit(&prng);
        price = price > 1e-6 ? price : 1e-6;
        out[i] = (cb_bar){.open_ts_ns = bars[i].open_ts_ns,
            .open = open,
            .high = (open > price ? open : price) * (1 + 0.05 * unit(&prng)),
            .low = (open < price ? open : price) * (1 - 0.05 * unit(&prng)),
            .close = price,
            .volume = 1000 * unit(&prng)};
    }
}

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The first row and column where both differ in any bit; is_clean stays true when there is none. */
static void compare_bits(const cb_check_subject *subject,
    const double *rows,
    const double *others,
    size_t count,
    cb_check_finding *finding)
{
    finding->compared += count;
    for (size_t i = 0; i < count * subject->width && finding->is_clean; i++) {
        if (bits_of(rows[i]) == bits_of(others[i])) {
            continue;
        }
        finding->is_clean = false;
        finding->bar = i / subject->width;
        finding->column = (uint32_t)(i % subject->width);
        finding->wanted = rows[i];
        finding->found = others[i];
        finding->difference = fabs(others[i] - rows[i]);
        finding->different++;
    }
}

void cb_check_look_ahead(const cb_check_subject *subject,
    const cb_bar *bars,
    size_t count,
    size_t step,
    const cb_check_room *room,
    cb_check_finding *finding)
{
    CB_ASSERT(subject != NULL && subject->width > 0);
    CB_ASSERT(step > 0);
    double *whole = room->rows;
    double *part = room->rows + count * subject->width;
    *finding = (cb_check_finding){.is_clean = true};
    subject->run(subject->context, bars, count, whole);
    for (size_t cut = step; cut < count && finding->is_clean; cut += step) {
        finding->boundary = cut;
        subject->run(subject->context, bars, cut, part);
        compare_bits(subject, whole, part, cut, finding);
        scramble(room->bars, bars, count, cut, room);
        subject->run(subject->context, room->bars, count, part);
        compare_bits(subject, whole, part, cut, finding);
    }
}

/* The greatest absolute value of a column from a row on; 0 when it has none. */
static double size_of_column(const cb_check_subject *subject,
    const double *rows,
    size_t first,
    size_t count,
    uint32_t column)
{
    double most = 0;
    for (size_t i = first; i < count; i++) {
        const double value = fabs(rows[i * subject->width + column]);
        most = value > most ? value : most;
    }
    return most;
}

static double distance(double wanted, double found, double scale)
{
    if (isnan(wanted) || isnan(found)) {
        return isnan(wanted) && isnan(found) ? 0 : HUGE_VAL;
    }
    const double gap = fabs(found - wanted);
    return scale > 0 ? gap / scale : gap;
}

/* One column of both runs, from a row on. */
typedef struct column_span {
    const double *whole;
    const double *later;
    size_t first;
    size_t count;
    uint32_t column;
    double bound;
} column_span;

static void compare_column(
    const cb_check_subject *subject, const column_span *span, cb_check_finding *finding)
{
    const double scale =
        size_of_column(subject, span->whole, span->first, span->count, span->column);
    uint64_t different = 0;
    for (size_t i = span->first; i < span->count; i++) {
        const size_t at = i * subject->width + span->column;
        const double apart = distance(span->whole[at], span->later[at], scale);
        different += apart > span->bound ? 1U : 0U;
        if (apart > finding->difference) {
            finding->bar = i;
            finding->column = span->column;
            finding->wanted = span->whole[at];
            finding->found = span->later[at];
            finding->difference = apart;
        }
    }
    finding->different = different > finding->different ? different : finding->different;
}

void cb_check_recursion(const cb_check_subject *subject,
    const cb_bar *bars,
    size_t count,
    const cb_check_memory *memory,
    const cb_check_room *room,
    cb_check_finding *finding)
{
    CB_ASSERT(subject != NULL && subject->width > 0);
    CB_ASSERT(memory != NULL && memory->begin < count);
    const size_t first = memory->begin + memory->settle_bars;
    double *whole = room->rows;
    double *later = room->rows + count * subject->width;
    *finding = (cb_check_finding){.is_clean = true, .boundary = memory->begin};
    subject->run(subject->context, bars, count, whole);
    subject->run(subject->context,
        bars + memory->begin,
        count - memory->begin,
        later + memory->begin * subject->width);
    finding->compared = first < count ? count - first : 0;
    for (uint32_t k = 0; k < subject->width; k++) {
        compare_column(
            subject, &(column_span){whole, later, first, count, k, memory->bound}, finding);
    }
    finding->is_clean = finding->different == 0;
}

static void run_indicator(const void *context, const cb_bar *bars, size_t count, double *rows)
{
    const cb_check_indicator *indicator = context;
    const uint32_t width = indicator->ops->outputs_count;
    CB_ASSERT(width <= CB_INDICATOR_OUTPUTS_MAX);
    CB_ASSERT(indicator->state != NULL);
    indicator->ops->init(indicator->state, indicator->params);
    for (size_t i = 0; i < count; i++) {
        if (indicator->ops->update(indicator->state, &bars[i], &rows[i * width])) {
            continue;
        }
        for (uint32_t k = 0; k < width; k++) {
            rows[i * width + k] = (double)NAN;
        }
    }
}

void cb_check_of_indicator(const cb_check_indicator *indicator, cb_check_subject *subject)
{
    CB_ASSERT(indicator != NULL && indicator->ops != NULL);
    CB_ASSERT(cb_indicator_accepts(indicator->ops, indicator->params));
    *subject = (cb_check_subject){
        .context = indicator, .run = run_indicator, .width = indicator->ops->outputs_count};
}
