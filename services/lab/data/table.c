/* Growing columns, the shapes of the kinds of history, names of findings and time frames. */
#include "services/lab/data/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"

#define FIRST_CAPACITY 4096u

static const lab_shape shapes[LAB_KIND_COUNT] = {
    [LAB_KIND_CANDLES] = {"candles",
        9,
        {{"open_ts_ns", 8},
            {"open_e8", 8},
            {"high_e8", 8},
            {"low_e8", 8},
            {"close_e8", 8},
            {"volume_e8", 8},
            {"quote_volume_e8", 8},
            {"taker_volume_e8", 8},
            {"trades_count", 4}}},
    [LAB_KIND_TRADES] = {"trades",
        5,
        {{"ts_ns", 8}, {"id", 8}, {"price_e8", 8}, {"qty_e8", 8}, {"is_buyer_maker", 1}}},
    [LAB_KIND_DEPTH] = {"depth",
        5,
        {{"ts_ns", 8}, {"receive_ns", 8}, {"price_e8", 8}, {"qty_e8", 8}, {"flags", 1}}},
};

const lab_shape *lab_shape_of(lab_kind kind)
{
    CB_ASSERT(kind > LAB_KIND_ANY);
    CB_ASSERT(kind < LAB_KIND_COUNT);
    return &shapes[kind];
}

lab_kind lab_kind_parse(const char *name)
{
    for (int kind = LAB_KIND_ANY + 1; kind < LAB_KIND_COUNT; kind++) {
        if (cb_text_equal(name, shapes[kind].name)) {
            return (lab_kind)kind;
        }
    }
    return LAB_KIND_COUNT;
}

void lab_table_init(lab_table *table, lab_kind kind)
{
    memset(table, 0, sizeof *table);
    table->kind = kind;
}

void lab_table_release(lab_table *table)
{
    for (uint32_t i = 0; i < LAB_TABLE_COLUMNS_MAX; i++) {
        free(table->data[i]);
    }
    free(table->close_ts);
    free(table->lines);
    free(table->findings);
    memset(table, 0, sizeof *table);
}

static bool resize(void **column, uint64_t count, uint64_t width)
{
    void *larger = realloc(*column, count * width);
    if (larger == NULL) {
        return false;
    }
    *column = larger;
    return true;
}

cb_status lab_table_grow(lab_table *table, cb_err *err)
{
    if (table->count < table->capacity) {
        return CB_OK;
    }
    if (table->count >= LAB_ROWS_MAX) {
        return CB_FAIL(err, CB_E_FULL, "more than %llu rows", (unsigned long long)LAB_ROWS_MAX);
    }
    const lab_shape *const shape = lab_shape_of(table->kind);
    const uint64_t capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    bool is_done = true;
    for (uint32_t i = 0; i < shape->columns_count && is_done; i++) {
        is_done = resize(&table->data[i], capacity, shape->columns[i].width);
    }
    void *lines = table->lines;
    void *close_ts = table->close_ts;
    is_done = is_done && resize(&lines, capacity, sizeof *table->lines);
    table->lines = lines;
    if (is_done && table->kind == LAB_KIND_CANDLES) {
        is_done = resize(&close_ts, capacity, sizeof *table->close_ts);
        table->close_ts = close_ts;
    }
    if (!is_done) {
        return CB_FAIL(
            err, CB_E_FULL, "no memory for more than %llu rows", (unsigned long long)table->count);
    }
    table->capacity = capacity;
    return CB_OK;
}

/* Findings of neighbouring rows are one finding: an outage is told once. */
static bool continues(const lab_finding *last, const lab_finding *next)
{
    return last->kind == next->kind && last->is_fatal == next->is_fatal &&
           last->to_ns == next->from_ns && next->from_ns != next->to_ns;
}

cb_status lab_table_find(lab_table *table, const lab_finding *finding, cb_err *err)
{
    CB_ASSERT(finding->to_ns >= finding->from_ns);
    table->fatal_count += finding->is_fatal ? finding->count : 0;
    if (table->findings_count > 0) {
        lab_finding *const last = &table->findings[table->findings_count - 1];
        if (continues(last, finding) || table->findings_count == LAB_FINDINGS_MAX) {
            last->to_ns = finding->to_ns > last->to_ns ? finding->to_ns : last->to_ns;
            last->count += finding->count;
            return CB_OK;
        }
    }
    if (table->findings_count == table->findings_capacity) {
        const uint64_t capacity = table->findings_capacity == 0 ? 64 : table->findings_capacity * 2;
        void *findings = table->findings;
        if (!resize(&findings, capacity, sizeof *table->findings)) {
            return CB_FAIL(err, CB_E_FULL, "no memory for the findings");
        }
        table->findings = findings;
        table->findings_capacity = capacity;
    }
    table->findings[table->findings_count++] = *finding;
    return CB_OK;
}

bool lab_table_has(const lab_table *table, uint32_t column)
{
    if (table->kind == LAB_KIND_DEPTH) {
        return column != DEPTH_RECEIVE || table->has_receive;
    }
    if (table->kind != LAB_KIND_CANDLES) {
        return true;
    }
    switch (column) {
    case CANDLES_QUOTE_VOLUME:
        return (table->columns & LAB_COLUMN_QUOTE_VOLUME) != 0;
    case CANDLES_TAKER_VOLUME:
        return (table->columns & LAB_COLUMN_TAKER_VOLUME) != 0;
    case CANDLES_TRADES_COUNT:
        return (table->columns & LAB_COLUMN_TRADES_COUNT) != 0;
    default:
        return true;
    }
}

#define SECONDS(count) ((count)*CB_NS_PER_S)
const int64_t lab_timeframes[LAB_TIMEFRAMES_COUNT] = {SECONDS(1),
    SECONDS(60),
    SECONDS(180),
    SECONDS(300),
    SECONDS(900),
    SECONDS(1800),
    SECONDS(3600),
    SECONDS(7200),
    SECONDS(14400),
    SECONDS(21600),
    SECONDS(28800),
    SECONDS(43200),
    SECONDS(86400),
    SECONDS(604800)};
