/* Checks of a whole table. Times strictly increase already: the readers saw to that. */
#include "services/lab/data/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/core/derive.h"

/* The time frame is the distance that is met most often among those that exchanges offer: holes
 * make other distances, but no file is mostly holes of one length. Of equally frequent ones the
 * shortest.
 */
static int64_t usual_distance(const lab_table *table)
{
    uint64_t counts[LAB_TIMEFRAMES_COUNT] = {0};
    const int64_t *const ts = lab_table_i64(table, CANDLES_OPEN_TS);
    for (uint64_t i = 1; i < table->count; i++) {
        const int64_t distance_ns = ts[i] - ts[i - 1];
        for (int f = 0; f < LAB_TIMEFRAMES_COUNT; f++) {
            if (distance_ns == lab_timeframes[f]) {
                counts[f]++;
                break;
            }
        }
    }
    int best = 0;
    for (int f = 1; f < LAB_TIMEFRAMES_COUNT; f++) {
        best = counts[f] > counts[best] ? f : best;
    }
    return counts[best] > 0 ? lab_timeframes[best] : 0;
}

/* Of a single candle, by its close time: 59.999 s after its open it is a minute. */
static int64_t length_of_first(const lab_table *table)
{
    if (table->count == 0 || table->close_ts[0] == 0) {
        return 0;
    }
    const int64_t length_ns = table->close_ts[0] - lab_table_i64(table, CANDLES_OPEN_TS)[0];
    for (int f = 0; f < LAB_TIMEFRAMES_COUNT; f++) {
        if (length_ns <= lab_timeframes[f] && length_ns > lab_timeframes[f] - CB_NS_PER_S) {
            return lab_timeframes[f];
        }
    }
    return 0;
}

static cb_status find_timeframe(lab_table *table, const char *name, cb_err *err)
{
    if (table->timeframe_ns == 0) {
        table->timeframe_ns = usual_distance(table);
    }
    if (table->timeframe_ns == 0) {
        table->timeframe_ns = length_of_first(table);
    }
    if (table->timeframe_ns == 0) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%.200s: the %" PRIu64
            " rows do not tell the time frame: name it with --timeframe (1m, 1h, …)",
            name,
            table->count);
    }
    return CB_OK;
}

/* Row from becomes row to (to <= from). */
static void move_row(lab_table *table, uint64_t to, uint64_t from)
{
    const lab_shape *const shape = lab_shape_of(table->kind);
    for (uint32_t c = 0; c < shape->columns_count && to != from; c++) {
        const size_t width = shape->columns[c].width;
        memcpy((char *)table->data[c] + to * width, (char *)table->data[c] + from * width, width);
    }
    table->lines[to] = table->lines[from];
    table->close_ts[to] = table->close_ts[from];
}

static cb_status take_off_grid_out(lab_table *table, const char *name, cb_err *err)
{
    const int64_t *const ts = lab_table_i64(table, CANDLES_OPEN_TS);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < table->count; i++) {
        if (lab_timeframe_floor(ts[i], table->timeframe_ns) == ts[i]) {
            move_row(table, kept++, i);
            continue;
        }
        if (table->fatal_count == 0) {
            (void)snprintf(table->reason,
                sizeof table->reason,
                "%.200s:%" PRIu64 ": the open time is not on the grid of %" PRId64 " s candles",
                name,
                table->lines[i],
                table->timeframe_ns / CB_NS_PER_S);
        }
        const lab_finding finding = {LAB_FINDING_OFF_GRID, true, ts[i], ts[i], 1, table->lines[i]};
        const cb_status status = lab_table_find(table, &finding, err);
        if (status != CB_OK) {
            return status;
        }
    }
    table->count = kept;
    return CB_OK;
}

static cb_status take_unfinished_out(lab_table *table, int64_t made_ns, cb_err *err)
{
    if (table->count == 0 || made_ns == 0) {
        return CB_OK;
    }
    const uint64_t last = table->count - 1;
    const int64_t open_ns = lab_table_i64(table, CANDLES_OPEN_TS)[last];
    const int64_t end_ns = open_ns + table->timeframe_ns;
    if (end_ns <= made_ns) {
        return CB_OK;
    }
    table->count = last;
    const lab_finding finding = {
        LAB_FINDING_UNFINISHED, false, open_ns, end_ns, 1, table->lines[last]};
    return lab_table_find(table, &finding, err);
}

static bool is_without_trades(const lab_table *table, uint64_t row)
{
    if ((table->columns & LAB_COLUMN_TRADES_COUNT) != 0) {
        return ((const uint32_t *)table->data[CANDLES_TRADES_COUNT])[row] == 0;
    }
    return (table->columns & LAB_COLUMN_NO_VOLUME) == 0 &&
           lab_table_i64(table, CANDLES_VOLUME)[row] == 0;
}

/* Findings of one candle and of the hole before it. */
static cb_status look_at_candle(lab_table *table, uint64_t row, cb_err *err)
{
    const int64_t *const ts = lab_table_i64(table, CANDLES_OPEN_TS);
    const int64_t frame_ns = table->timeframe_ns;
    const int64_t end_ns = ts[row] + frame_ns;
    cb_status status = CB_OK;
    if (row > 0 && ts[row] != ts[row - 1] + frame_ns) {
        const int64_t from_ns = ts[row - 1] + frame_ns;
        const lab_finding gap = {LAB_FINDING_GAP,
            false,
            from_ns,
            ts[row],
            (uint64_t)((ts[row] - from_ns) / frame_ns),
            table->lines[row]};
        status = lab_table_find(table, &gap, err);
    }
    if (status == CB_OK && is_without_trades(table, row)) {
        const lab_finding quiet = {
            LAB_FINDING_NO_TRADES, false, ts[row], end_ns, 1, table->lines[row]};
        status = lab_table_find(table, &quiet, err);
    }
    /* the last unit before the end: a millisecond, or less */
    if (status == CB_OK && table->close_ts[row] != 0 &&
        table->close_ts[row] < end_ns - CB_NS_PER_MS) {
        const lab_finding cut = {
            LAB_FINDING_CUT_CANDLE, false, ts[row], end_ns, 1, table->lines[row]};
        status = lab_table_find(table, &cut, err);
    }
    return status;
}

static int by_time(const void *left, const void *right)
{
    const lab_finding *const a = left;
    const lab_finding *const b = right;
    if (a->from_ns != b->from_ns) {
        return a->from_ns < b->from_ns ? -1 : 1;
    }
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static cb_status check_candles(lab_table *table, const char *name, int64_t made_ns, cb_err *err)
{
    cb_status status = find_timeframe(table, name, err);
    if (status == CB_OK) {
        status = take_off_grid_out(table, name, err);
    }
    if (status == CB_OK) {
        status = take_unfinished_out(table, made_ns, err);
    }
    for (uint64_t row = 0; row < table->count && status == CB_OK; row++) {
        status = look_at_candle(table, row, err);
    }
    if (status == CB_OK && table->count == 0) {
        status = CB_FAIL(err, CB_E_SYNTAX, "%.200s: no candle is left", name);
    }
    return status;
}

/* An exchange numbers its trades without holes: a missing number is a missing trade. */
static cb_status check_trades(lab_table *table, cb_err *err)
{
    const uint64_t *const ids = table->data[TRADES_ID];
    const int64_t *const ts = lab_table_i64(table, TRADES_TS);
    cb_status status = CB_OK;
    for (uint64_t row = 1; row < table->count && status == CB_OK; row++) {
        if (ids[row] != ids[row - 1] + 1) {
            const lab_finding gap = {LAB_FINDING_GAP,
                false,
                ts[row - 1],
                ts[row],
                ids[row] - ids[row - 1] - 1,
                table->lines[row]};
            status = lab_table_find(table, &gap, err);
        }
    }
    return status;
}

cb_status lab_check_table(lab_table *table, const char *name, int64_t made_ns, cb_err *err)
{
    CB_ASSERT(table->kind > LAB_KIND_ANY);
    cb_status status = CB_OK;
    if (table->kind == LAB_KIND_CANDLES) {
        status = check_candles(table, name, made_ns, err);
    } else if (table->kind == LAB_KIND_TRADES) {
        status = check_trades(table, err);
    }
    if (table->findings_count > 1) {
        qsort(table->findings, table->findings_count, sizeof *table->findings, by_time);
    }
    return status;
}
