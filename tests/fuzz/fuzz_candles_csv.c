/* Any bytes as a history file (CSV, packed or not, and captures of JSON lines): nothing is read out
 * of bounds, and whatever is accepted is what the lab relies on: times that rise on their grid,
 * whole candles, positive trades, findings in order. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "services/lab/core/derive.h"
#include "services/lab/data/capture.h"
#include "services/lab/data/check.h"
#include "services/lab/data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void require_candles(const lab_table *table)
{
    require(table->timeframe_ns > 0);
    for (uint64_t i = 0; i < table->count; i++) {
        const int64_t ts_ns = lab_table_i64(table, CANDLES_OPEN_TS)[i];
        const int64_t open_e8 = lab_table_i64(table, CANDLES_OPEN)[i];
        const int64_t high_e8 = lab_table_i64(table, CANDLES_HIGH)[i];
        const int64_t low_e8 = lab_table_i64(table, CANDLES_LOW)[i];
        const int64_t close_e8 = lab_table_i64(table, CANDLES_CLOSE)[i];
        require(lab_timeframe_floor(ts_ns, table->timeframe_ns) == ts_ns);
        require(i == 0 || ts_ns > lab_table_i64(table, CANDLES_OPEN_TS)[i - 1]);
        require(low_e8 > 0 && low_e8 <= open_e8 && low_e8 <= close_e8);
        require(high_e8 >= open_e8 && high_e8 >= close_e8);
        require(lab_table_i64(table, CANDLES_VOLUME)[i] >= 0);
    }
}

static void require_trades(const lab_table *table)
{
    const uint64_t *const ids = table->data[TRADES_ID];
    for (uint64_t i = 0; i < table->count; i++) {
        require(lab_table_i64(table, TRADES_PRICE)[i] > 0);
        require(lab_table_i64(table, TRADES_QTY)[i] > 0);
        require(i == 0 || ids[i] > ids[i - 1]);
        require(
            i == 0 || lab_table_i64(table, TRADES_TS)[i] >= lab_table_i64(table, TRADES_TS)[i - 1]);
    }
}

static void require_sound(const lab_table *table)
{
    if (table->kind == LAB_KIND_CANDLES) {
        require_candles(table);
    } else if (table->kind == LAB_KIND_TRADES) {
        require_trades(table);
    } else {
        for (uint64_t i = 1; i < table->count; i++) {
            require(lab_table_i64(table, DEPTH_TS)[i] >= lab_table_i64(table, DEPTH_TS)[i - 1]);
        }
    }
    for (uint64_t i = 1; i < table->findings_count; i++) {
        require(table->findings[i].from_ns >= table->findings[i - 1].from_ns);
    }
    require((table->fatal_count > 0) == (table->reason[0] != '\0'));
}

static void try_bytes(const uint8_t *data, size_t size, const lab_import_options *options)
{
    lab_table table = {0};
    lab_reader *reader = NULL;
    char first = '\0';
    require(lab_reader_over("f", data, size, &reader, NULL) == CB_OK);
    cb_status status = lab_reader_peek(reader, &first, NULL);
    if (status == CB_OK) {
        status = first == '{'
                     ? lab_capture_read(reader, options, (lab_progress_call){0}, &table, NULL)
                     : lab_csv_read(reader, options, (lab_progress_call){0}, &table, NULL);
    }
    if (status == CB_OK) {
        status = lab_check_table(&table, "f", 0, NULL);
    }
    if (status == CB_OK) {
        require_sound(&table);
    }
    lab_table_release(&table);
    lab_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lab_import_options plain = {0};
    static const lab_import_options named = {
        .columns = "time,open,high,low,close,-", .time_unit = "ms", .is_rounded = true};
    static const lab_import_options trades = {.kind = LAB_KIND_TRADES, .quotes = "bid"};
    try_bytes(data, size, &plain);
    try_bytes(data, size, &named);
    try_bytes(data, size, &trades);
    return 0;
}
