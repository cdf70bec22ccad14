/* Reading recorded candles and trades line by line. A row is taken whole or refused with its
 * reason; nothing is repaired or guessed. */
#include "services/simulator/core/rows.h"

#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/path.h"

#define COLUMNS_MAX 16
#define MICROSECONDS_FROM UINT64_C(100000000000000) /* 1e14: the year 5138 in ms */
#define MILLISECONDS_MAX UINT64_C(9000000000000)    /* what int64 ns can hold */

static const char candles_header[] = "open_time_ms,open,high,low,close,volume";
static const char trades_header[] = "time_ms,price,qty,side,trade_id";

sim_format sim_rows_detect(cb_strview first_line, bool *is_header)
{
    *is_header = false;
    if (cb_sv_starts_with(first_line, candles_header)) {
        *is_header = true;
        return SIM_FORMAT_CANDLES;
    }
    if (cb_sv_is(first_line, trades_header)) {
        *is_header = true;
        return SIM_FORMAT_TRADES;
    }
    if (cb_sv_starts_with(first_line, "{")) {
        return SIM_FORMAT_CAPTURE;
    }
    uint32_t commas = 0;
    for (size_t i = 0; i < first_line.size; i++) {
        commas += first_line.at[i] == ',' ? 1 : 0;
    }
    return commas == 11 && first_line.at[0] >= '0' && first_line.at[0] <= '9' ? SIM_FORMAT_BINANCE
                                                                              : SIM_FORMAT_NONE;
}

/* Cuts a line at its commas; COLUMNS_MAX + 1 when there are more. */
static uint32_t split(cb_strview line, cb_strview columns[COLUMNS_MAX])
{
    uint32_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= line.size; i++) {
        if (i < line.size && line.at[i] != ',') {
            continue;
        }
        if (count == COLUMNS_MAX) {
            return COLUMNS_MAX + 1;
        }
        columns[count] = (cb_strview){line.at + start, i - start};
        count++;
        start = i + 1;
    }
    return count;
}

static cb_status read_decimal(
    cb_strview column, const char *name, bool is_zero_allowed, int64_t *out_e8, cb_err *err)
{
    const cb_status status = cb_decimal_parse(column.at, column.size, out_e8, err);
    if (status != CB_OK) {
        return cb_err_context(err, "%s '%.*s'", name, (int)column.size, column.at);
    }
    if (*out_e8 < 0 || (*out_e8 == 0 && !is_zero_allowed)) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "%s '%.*s' must be %s 0",
            name,
            (int)column.size,
            column.at,
            is_zero_allowed ? "at least" : "above");
    }
    return CB_OK;
}

/* Milliseconds, or microseconds in files of 2025 and later. */
static cb_status read_time(cb_strview column, int64_t *out_ns, cb_err *err)
{
    uint64_t number = 0;
    if (!cb_u64_parse(column, (uint64_t)INT64_MAX / 1000, &number)) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "time '%.*s' is no whole number", (int)column.size, column.at);
    }
    const bool is_microseconds = number >= MICROSECONDS_FROM;
    if (!is_microseconds && number > MILLISECONDS_MAX) {
        return CB_FAIL(
            err, CB_E_RANGE, "time '%.*s' is no market time", (int)column.size, column.at);
    }
    *out_ns = (int64_t)number * (is_microseconds ? CB_NS_PER_US : CB_NS_PER_MS);
    if (!cb_time_is_sane(*out_ns)) {
        return CB_FAIL(
            err, CB_E_RANGE, "time '%.*s' is no market time", (int)column.size, column.at);
    }
    return CB_OK;
}

static cb_status read_count(cb_strview column, const char *name, uint64_t *out, cb_err *err)
{
    if (!cb_u64_parse(column, (uint64_t)INT64_MAX, out)) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s '%.*s' is no whole number", name, (int)column.size, column.at);
    }
    return CB_OK;
}

static cb_status read_prices(const cb_strview *columns, sim_candle_row *out, cb_err *err)
{
    cb_status status = read_time(columns[0], &out->open_ns, err);
    status = status != CB_OK ? status : read_decimal(columns[1], "open", false, &out->open_e8, err);
    status = status != CB_OK ? status : read_decimal(columns[2], "high", false, &out->high_e8, err);
    status = status != CB_OK ? status : read_decimal(columns[3], "low", false, &out->low_e8, err);
    status =
        status != CB_OK ? status : read_decimal(columns[4], "close", false, &out->close_e8, err);
    return status != CB_OK ? status
                           : read_decimal(columns[5], "volume", true, &out->volume_e8, err);
}

static cb_status read_binance(const cb_strview *columns, sim_candle_row *out, cb_err *err)
{
    cb_status status = read_decimal(columns[7], "quote volume", true, &out->quote_volume_e8, err);
    status = status != CB_OK ? status : read_count(columns[8], "trades", &out->trades_count, err);
    status = status != CB_OK
                 ? status
                 : read_decimal(columns[9], "taker volume", true, &out->taker_base_e8, err);
    status = status != CB_OK
                 ? status
                 : read_decimal(columns[10], "taker quote", true, &out->taker_quote_e8, err);
    out->has_totals = true;
    out->has_taker = true;
    return status;
}

cb_status sim_rows_candle(sim_format format, cb_strview line, sim_candle_row *out, cb_err *err)
{
    cb_strview columns[COLUMNS_MAX];
    const uint32_t count = split(line, columns);
    CB_ASSERT(format == SIM_FORMAT_CANDLES || format == SIM_FORMAT_BINANCE);
    CB_ASSERT(out != NULL);
    *out = (sim_candle_row){0};
    if (format == SIM_FORMAT_BINANCE ? count != 12 : count != 6 && count != 8) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%u columns where %s are due",
            count,
            format == SIM_FORMAT_BINANCE ? "12" : "6 or 8");
    }
    cb_status status = read_prices(columns, out, err);
    if (status != CB_OK || count == 6) {
        return status;
    }
    if (format == SIM_FORMAT_BINANCE) {
        return read_binance(columns, out, err);
    }
    out->has_totals = true;
    status = read_decimal(columns[6], "quote volume", true, &out->quote_volume_e8, err);
    return status != CB_OK ? status : read_count(columns[7], "trades", &out->trades_count, err);
}

cb_status sim_rows_trade(cb_strview line, sim_trade_row *out, cb_err *err)
{
    cb_strview columns[COLUMNS_MAX];
    const uint32_t count = split(line, columns);
    CB_ASSERT(out != NULL);
    *out = (sim_trade_row){0};
    if (count != 5) {
        return CB_FAIL(err, CB_E_SYNTAX, "%u columns where 5 are due", count);
    }
    cb_status status = read_time(columns[0], &out->ts_ns, err);
    status =
        status != CB_OK ? status : read_decimal(columns[1], "price", false, &out->price_e8, err);
    status = status != CB_OK ? status : read_decimal(columns[2], "qty", false, &out->qty_e8, err);
    status = status != CB_OK ? status : read_count(columns[4], "trade id", &out->id, err);
    if (status != CB_OK) {
        return status;
    }
    if (!cb_sv_is(columns[3], "buy") && !cb_sv_is(columns[3], "sell")) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "side '%.*s' is neither buy nor sell",
            (int)columns[3].size,
            columns[3].at);
    }
    out->taker_side = cb_sv_is(columns[3], "buy") ? CB_SIDE_BUY : CB_SIDE_SELL;
    return CB_OK;
}

void sim_rows_check_init(sim_rows_check *check, int64_t interval_ns)
{
    *check = (sim_rows_check){
        .interval_ns = interval_ns,
        .tick_e8 = CB_E8,
        .step_e8 = CB_E8,
        .gap_min_ns = INT64_MAX,
    };
}

/* Makes unit as fine as value needs: the largest power of ten that divides both. */
static void refine(int64_t *unit_e8, int64_t value_e8)
{
    while (value_e8 % *unit_e8 != 0) {
        *unit_e8 /= 10;
    }
}

static cb_status check_order(
    const sim_rows_check *check, int64_t ts_ns, bool is_equal_allowed, cb_err *err)
{
    if (check->rows_count > 0 && ts_ns == check->last_ns && !is_equal_allowed) {
        return CB_FAIL(err, CB_E_CORRUPT, "the same time twice");
    }
    if (check->rows_count > 0 && ts_ns < check->last_ns) {
        return CB_FAIL(err, CB_E_CORRUPT, "time goes backwards");
    }
    return CB_OK;
}

static void note_time(sim_rows_check *check, int64_t ts_ns)
{
    if (check->rows_count == 0) {
        check->first_ns = ts_ns;
    } else if (ts_ns - check->last_ns < check->gap_min_ns) {
        check->gap_min_ns = ts_ns - check->last_ns;
    }
    check->last_ns = ts_ns;
    check->rows_count++;
}

cb_status sim_rows_check_candle(sim_rows_check *check, const sim_candle_row *row, cb_err *err)
{
    const cb_status status = check_order(check, row->open_ns, false, err);
    if (status != CB_OK) {
        return status;
    }
    if (check->interval_ns > 0 && row->open_ns % check->interval_ns != 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "open time is not on the grid of the interval");
    }
    if (row->high_e8 < row->open_e8 || row->high_e8 < row->close_e8 || row->high_e8 < row->low_e8) {
        return CB_FAIL(err, CB_E_CORRUPT, "high is below another price");
    }
    if (row->low_e8 > row->open_e8 || row->low_e8 > row->close_e8) {
        return CB_FAIL(err, CB_E_CORRUPT, "low is above another price");
    }
    if (row->volume_e8 > 0 && row->volume_e8 < (int64_t)sim_path_points(row)) {
        return CB_FAIL(err, CB_E_CORRUPT, "volume is too small for the prices it should have made");
    }
    int64_t quote_e8 = 0;
    if (cb_mul_e8(row->high_e8, row->volume_e8, CB_ROUND_UP, &quote_e8, err) != CB_OK) {
        return CB_FAIL(err, CB_E_RANGE, "price times volume cannot be held exactly");
    }
    refine(&check->tick_e8, row->open_e8);
    refine(&check->tick_e8, row->high_e8);
    refine(&check->tick_e8, row->low_e8);
    refine(&check->tick_e8, row->close_e8);
    refine(&check->step_e8, row->volume_e8);
    note_time(check, row->open_ns);
    return CB_OK;
}

cb_status sim_rows_check_trade(sim_rows_check *check, const sim_trade_row *row, cb_err *err)
{
    const cb_status status = check_order(check, row->ts_ns, true, err);
    if (status != CB_OK) {
        return status;
    }
    if (check->rows_count > 0 && row->id <= check->last_id) {
        return CB_FAIL(err, CB_E_CORRUPT, "trade id does not rise");
    }
    if (row->id >= SIM_USER_TRADE_ID_BASE) {
        return CB_FAIL(err, CB_E_RANGE, "trade id lies in the range of simulated fills");
    }
    int64_t quote_e8 = 0;
    if (cb_mul_e8(row->price_e8, row->qty_e8, CB_ROUND_UP, &quote_e8, err) != CB_OK) {
        return CB_FAIL(err, CB_E_RANGE, "price times quantity cannot be held exactly");
    }
    refine(&check->tick_e8, row->price_e8);
    refine(&check->step_e8, row->qty_e8);
    check->last_id = row->id;
    note_time(check, row->ts_ns);
    return CB_OK;
}

sim_interval sim_interval_of_ns(int64_t interval_ns)
{
    for (uint32_t i = 0; i < SIM_INTERVAL_1MO; i++) {
        if (sim_interval_end((sim_interval)i, 0) == interval_ns) {
            return (sim_interval)i;
        }
    }
    return SIM_INTERVAL_COUNT;
}
