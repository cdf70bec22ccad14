/* Rows to files and back. Numbers are exact; nothing here computes. */
#include "services/lab/store/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"

#define LINE_MAX_SIZE 1024
#define POINT_SIZE 32

typedef enum column_kind {
    COLUMN_E8,
    COLUMN_TIME,
    COLUMN_U64,
    COLUMN_BOOL,
    COLUMN_SIDE,
    COLUMN_ID,
    COLUMN_ASSET,
    COLUMN_NAME,
    COLUMN_SYMBOL,
    COLUMN_STRATEGY
} column_kind;

typedef struct column {
    const char *name;
    column_kind kind;
    size_t offset;
} column;

typedef struct rows_table {
    const column *columns;
    size_t columns_count;
    size_t row_size;
} rows_table;

#define F(name, kind, member)                                                                      \
    {                                                                                              \
        name, kind, offsetof(lab_fill, member)                                                     \
    }
static const column fill_columns[] = {
    F("time", COLUMN_TIME, ts_ns),
    F("symbol", COLUMN_SYMBOL, symbol),
    F("strategy", COLUMN_STRATEGY, strategy),
    F("side", COLUMN_SIDE, side),
    F("maker", COLUMN_BOOL, is_maker),
    F("price", COLUMN_E8, price_e8),
    F("qty", COLUMN_E8, qty_e8),
    F("fee", COLUMN_E8, fee_e8),
    F("fee_asset", COLUMN_ASSET, fee_asset),
    F("fee_quote", COLUMN_E8, fee_quote_e8),
    F("reference_price", COLUMN_E8, reference_e8),
    F("order_id", COLUMN_ID, order_id),
    F("intent_id", COLUMN_ID, intent_id),
};
#define T(name, kind, member)                                                                      \
    {                                                                                              \
        name, kind, offsetof(lab_trade, member)                                                    \
    }
static const column trade_columns[] = {
    T("entry_time", COLUMN_TIME, entry_ts_ns),
    T("exit_time", COLUMN_TIME, exit_ts_ns),
    T("symbol", COLUMN_SYMBOL, symbol),
    T("strategy", COLUMN_STRATEGY, strategy),
    T("side", COLUMN_SIDE, side),
    T("open", COLUMN_BOOL, is_open),
    T("entry_price", COLUMN_E8, entry_price_e8),
    T("exit_price", COLUMN_E8, exit_price_e8),
    T("qty", COLUMN_E8, qty_e8),
    T("pnl", COLUMN_E8, pnl_e8),
    T("fees", COLUMN_E8, fees_e8),
    T("mae", COLUMN_E8, mae_e8),
    T("mfe", COLUMN_E8, mfe_e8),
    T("bars", COLUMN_U64, bars_held),
    T("exit_reason", COLUMN_NAME, exit_reason),
};

static const rows_table *table_of(lab_rows_kind kind)
{
    static const rows_table tables[] = {
        [LAB_ROWS_FILLS] = {fill_columns,
            sizeof fill_columns / sizeof fill_columns[0],
            sizeof(lab_fill)},
        [LAB_ROWS_TRADES] = {trade_columns,
            sizeof trade_columns / sizeof trade_columns[0],
            sizeof(lab_trade)},
    };
    return &tables[kind];
}

/* ---- writing ---- */

static const char *name_at(const char *const *names, size_t count, uint32_t index)
{
    return index < count ? names[index] : "";
}

static void write_cell(FILE *file, column_kind kind, const void *at, const lab_names *names)
{
    char text[64] = "";
    switch (kind) {
    case COLUMN_E8:
        (void)cb_decimal_print(*(const int64_t *)at, text);
        break;
    case COLUMN_TIME:
        (void)cb_time_print(*(const int64_t *)at, 9, text);
        break;
    case COLUMN_U64:
        (void)snprintf(text, sizeof text, "%" PRIu64, *(const uint64_t *)at);
        break;
    case COLUMN_BOOL:
        (void)snprintf(text, sizeof text, "%s", *(const bool *)at ? "true" : "false");
        break;
    case COLUMN_SIDE:
        (void)snprintf(text, sizeof text, "%s", CB_NAME(cb_side, *(const cb_side *)at));
        break;
    case COLUMN_ID:
        cb_id_print(*(const cb_id *)at, text);
        break;
    case COLUMN_ASSET:
    case COLUMN_NAME:
        (void)fputs(at, file);
        break;
    case COLUMN_SYMBOL:
        (void)fputs(name_at(names->symbols, names->symbols_count, *(const uint32_t *)at), file);
        break;
    case COLUMN_STRATEGY:
        (void)fputs(
            name_at(names->strategies, names->strategies_count, *(const uint32_t *)at), file);
        break;
    }
    (void)fputs(text, file);
}

bool lab_rows_write(
    FILE *file, lab_rows_kind kind, const void *rows, uint64_t count, const lab_names *names)
{
    const rows_table *table = table_of(kind);
    CB_ASSERT(file != NULL && names != NULL);
    for (size_t c = 0; c < table->columns_count; c++) {
        (void)fprintf(file, "%s%s", c == 0 ? "" : ",", table->columns[c].name);
    }
    (void)fputc('\n', file);
    for (uint64_t i = 0; i < count; i++) {
        const char *row = (const char *)rows + i * table->row_size;
        for (size_t c = 0; c < table->columns_count; c++) {
            if (c > 0) {
                (void)fputc(',', file);
            }
            write_cell(file, table->columns[c].kind, row + table->columns[c].offset, names);
        }
        (void)fputc('\n', file);
    }
    return ferror(file) == 0;
}

static void put_le(uint8_t *out, int64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)value >> (8 * i));
    }
}

bool lab_points_write(FILE *file, const lab_point *points, uint64_t count)
{
    CB_ASSERT(file != NULL && (points != NULL || count == 0));
    for (uint64_t i = 0; i < count; i++) {
        uint8_t bytes[POINT_SIZE];
        put_le(&bytes[0], points[i].ts_ns);
        put_le(&bytes[8], points[i].equity_e8);
        put_le(&bytes[16], points[i].cash_e8);
        put_le(&bytes[24], points[i].exposure_e8);
        if (fwrite(bytes, 1, sizeof bytes, file) != sizeof bytes) {
            return false;
        }
    }
    return true;
}

/* ---- reading ---- */

static bool find_name(const char *const *names, size_t count, const char *text, uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (cb_text_equal(names[i], text)) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static bool read_bool(const char *text, bool *out)
{
    *out = cb_text_equal(text, "true");
    return *out || cb_text_equal(text, "false");
}

static bool read_cell(const char *text, column_kind kind, void *at, const lab_names *names)
{
    const size_t size = strlen(text);
    switch (kind) {
    case COLUMN_E8:
        return cb_decimal_parse(text, size, at, NULL) == CB_OK;
    case COLUMN_TIME:
        return cb_time_parse(text, size, at);
    case COLUMN_U64:
        return cb_u64_parse(cb_sv_from(text), UINT64_MAX, at);
    case COLUMN_BOOL:
        return read_bool(text, at);
    case COLUMN_SIDE:
        return cb_enum_parse(&cb_side_desc, text, size, at);
    case COLUMN_ID:
        return cb_id_parse(text, size, at, NULL) == CB_OK;
    case COLUMN_ASSET:
        return cb_text_copy(at, LAB_ASSET_SIZE, cb_sv_from(text));
    case COLUMN_NAME:
        return cb_text_copy(at, LAB_NAME_SIZE, cb_sv_from(text));
    case COLUMN_SYMBOL:
        return find_name(names->symbols, names->symbols_count, text, at);
    case COLUMN_STRATEGY:
        *(uint32_t *)at = (uint32_t)names->strategies_count; /* of none: closed by hand */
        return size == 0 || find_name(names->strategies, names->strategies_count, text, at);
    }
    return false;
}

static cb_status read_row(const rows_table *table,
    char *line,
    uint64_t number,
    void *row,
    const lab_names *names,
    cb_err *err)
{
    char *rest = line;
    for (size_t c = 0; c < table->columns_count; c++) {
        const char *cell = strsep(&rest, ",");
        if (cell == NULL ||
            !read_cell(
                cell, table->columns[c].kind, (char *)row + table->columns[c].offset, names)) {
            return CB_FAIL(err,
                CB_E_CORRUPT,
                "line %" PRIu64 ", column %s: '%.40s'",
                number,
                table->columns[c].name,
                cell == NULL ? "" : cell);
        }
    }
    return rest == NULL ? CB_OK
                        : CB_FAIL(err, CB_E_CORRUPT, "line %" PRIu64 ": too many columns", number);
}

/* Room for one more row; NULL when memory is out. */
static void *grow(void **rows, uint64_t count, uint64_t *capacity, size_t row_size)
{
    if (count == *capacity) {
        const uint64_t wanted = *capacity == 0 ? 1024 : *capacity * 2;
        void *more = realloc(*rows, wanted * row_size);
        if (more == NULL) {
            return NULL;
        }
        *rows = more;
        *capacity = wanted;
    }
    CB_ASSERT(*rows != NULL);
    char *row = (char *)*rows + count * row_size;
    memset(row, 0, row_size);
    return row;
}

/* One line without its end; false at the file's end, and when it is cut or too long. */
static bool read_line(FILE *file, char line[LINE_MAX_SIZE])
{
    if (fgets(line, LINE_MAX_SIZE, file) == NULL) {
        return false;
    }
    const size_t size = strcspn(line, "\n");
    const bool is_whole = line[size] == '\n';
    line[size] = '\0';
    return is_whole;
}

cb_status lab_rows_read(FILE *file,
    lab_rows_kind kind,
    const lab_names *names,
    void **rows,
    uint64_t *count,
    cb_err *err)
{
    const rows_table *table = table_of(kind);
    char line[LINE_MAX_SIZE];
    uint64_t capacity = 0;
    CB_ASSERT(file != NULL && rows != NULL && count != NULL);
    *rows = NULL;
    *count = 0;
    if (!read_line(file, line)) {
        return CB_FAIL(err, CB_E_CORRUPT, "has no heading");
    }
    while (read_line(file, line)) {
        void *row = grow(rows, *count, &capacity, table->row_size);
        const cb_status status = row == NULL ? CB_FAIL(err, CB_E_FULL, "no memory for its rows")
                                             : read_row(table, line, *count + 2, row, names, err);
        if (status != CB_OK) {
            free(*rows);
            *rows = NULL;
            return status;
        }
        (*count)++;
    }
    return CB_OK;
}

static int64_t get_le(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return (int64_t)value;
}

cb_status lab_points_read(FILE *file, lab_point **points, uint64_t *count, cb_err *err)
{
    uint8_t bytes[POINT_SIZE];
    void *rows = NULL;
    uint64_t capacity = 0;
    size_t size = 0;
    CB_ASSERT(file != NULL && points != NULL && count != NULL);
    *count = 0;
    while ((size = fread(bytes, 1, sizeof bytes, file)) == sizeof bytes) {
        lab_point *point = grow(&rows, *count, &capacity, sizeof(lab_point));
        if (point == NULL) {
            free(rows);
            return CB_FAIL(err, CB_E_FULL, "no memory for its rows");
        }
        point->ts_ns = get_le(&bytes[0]);
        point->equity_e8 = get_le(&bytes[8]);
        point->cash_e8 = get_le(&bytes[16]);
        point->exposure_e8 = get_le(&bytes[24]);
        (*count)++;
    }
    *points = rows;
    if (size != 0) {
        free(rows);
        *points = NULL;
        return CB_FAIL(err, CB_E_CORRUPT, "ends within a row");
    }
    return CB_OK;
}
