/* A replay's candle file as columns, read by the simulator's own reader, so that both sides of a
 * comparison start from the same rows. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/parity/parity.h"
#include "services/simulator/core/rows.h"
#include "services/simulator/lines.h"

#define COLUMNS 7
#define FIRST_ROWS 65536

typedef struct growing {
    int64_t *columns[COLUMNS]; /* [owned] open time, O, H, L, C, volume, quote volume */
    uint32_t *trades;          /* [owned] */
    uint64_t count;
    uint64_t capacity;
    bool has_totals;
} growing;

static void grow(growing *rows)
{
    rows->capacity = rows->capacity == 0 ? FIRST_ROWS : rows->capacity * 2;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        rows->columns[i] = realloc(rows->columns[i], rows->capacity * sizeof(int64_t));
        CB_ASSERT(rows->columns[i] != NULL);
    }
    rows->trades = realloc(rows->trades, rows->capacity * sizeof(uint32_t));
    CB_ASSERT(rows->trades != NULL);
}

static void add_row(growing *rows, const sim_candle_row *row)
{
    const int64_t values[COLUMNS] = {row->open_ns,
        row->open_e8,
        row->high_e8,
        row->low_e8,
        row->close_e8,
        row->volume_e8,
        row->quote_volume_e8};
    if (rows->count == rows->capacity) {
        grow(rows);
    }
    for (uint32_t i = 0; i < COLUMNS; i++) {
        rows->columns[i][rows->count] = values[i];
    }
    rows->trades[rows->count] = (uint32_t)row->trades_count;
    rows->has_totals = row->has_totals;
    rows->count++;
}

static cb_status read_rows(sim_lines *lines, growing *rows, cb_err *err)
{
    cb_strview line;
    bool is_header = false;
    cb_status status = sim_lines_next(lines, &line, err);
    if (status != CB_OK) {
        return status == CB_E_NOT_FOUND ? CB_FAIL(err, CB_E_CORRUPT, "the file is empty") : status;
    }
    const sim_format format = sim_rows_detect(line, &is_header);
    if (format != SIM_FORMAT_CANDLES && format != SIM_FORMAT_BINANCE) {
        return CB_FAIL(err, CB_E_CORRUPT, "the file holds no candles");
    }
    while (status == CB_OK) {
        sim_candle_row row;
        if (!is_header) {
            status = sim_rows_candle(format, line, &row, err);
            if (status != CB_OK) {
                return cb_err_context(
                    err, "line %llu", (unsigned long long)sim_lines_number(lines));
            }
            add_row(rows, &row);
        }
        is_header = false;
        status = sim_lines_next(lines, &line, err);
    }
    return status == CB_E_NOT_FOUND ? CB_OK : status;
}

static int64_t timeframe_of(const growing *rows)
{
    int64_t least_ns = INT64_C(60000000000);
    for (uint64_t i = 1; i < rows->count; i++) {
        const int64_t gap_ns = rows->columns[0][i] - rows->columns[0][i - 1];
        least_ns = gap_ns > 0 && gap_ns < least_ns ? gap_ns : least_ns;
    }
    return least_ns;
}

cb_status lab_history_read(const char *path, const char *symbol, lab_candles *out, cb_err *err)
{
    growing rows = {.count = 0};
    memset(out, 0, sizeof(*out));
    sim_lines *lines = sim_lines_open(path, err);
    if (lines == NULL) {
        return err->code;
    }
    grow(&rows);
    const cb_status status = read_rows(lines, &rows, err);
    sim_lines_close(lines);
    (void)cb_text_copy(out->symbol, sizeof(out->symbol), cb_sv_from(symbol));
    (void)cb_text_copy(out->venue, sizeof(out->venue), CB_SV("binance"));
    out->timeframe_ns = timeframe_of(&rows);
    out->count = rows.count;
    out->columns = rows.has_totals ? LAB_COLUMN_QUOTE_VOLUME | LAB_COLUMN_TRADES_COUNT : 0U;
    out->open_ts_ns = rows.columns[0];
    out->open_e8 = rows.columns[1];
    out->high_e8 = rows.columns[2];
    out->low_e8 = rows.columns[3];
    out->close_e8 = rows.columns[4];
    out->volume_e8 = rows.columns[5];
    out->quote_volume_e8 = rows.has_totals ? rows.columns[6] : NULL;
    out->trades_count = rows.has_totals ? rows.trades : NULL;
    if (!rows.has_totals) {
        free(rows.columns[6]);
        free(rows.trades);
    }
    if (status != CB_OK) {
        lab_history_free(out);
    }
    return status == CB_OK ? CB_OK : cb_err_context(err, "%s", path);
}

static void release(const void *column)
{
    free((void *)(uintptr_t)column); /* the columns are read only for everybody else */
}

void lab_history_free(lab_candles *candles)
{
    release(candles->open_ts_ns);
    release(candles->open_e8);
    release(candles->high_e8);
    release(candles->low_e8);
    release(candles->close_e8);
    release(candles->volume_e8);
    release(candles->quote_volume_e8);
    release(candles->trades_count);
    memset(candles, 0, sizeof(*candles));
}
