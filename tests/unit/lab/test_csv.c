/* The CSV reader: layouts it knows, what it takes out of a file, and what each bad file is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/money.h"
#include "base/prng.h"
#include "base/timefmt.h"
#include "services/lab/data/check.h"
#include "services/lab/data/csv.h"

#define HEAD "open_time_ms,open,high,low,close,volume\n"
#define ROW_1 "1640995200000,46216.93,46271.08,46208.37,46250,40.57574\n"
#define ROW_2 "1640995260000,46250,46344.23,46234.39,46312.76,42.38106\n"
#define ROW_3 "1640995320000,46312.76,46381.69,46292.75,46368.73,51.29955\n"
#define START_NS INT64_C(1640995200000000000)
#define MINUTE_NS (60 * CB_NS_PER_S)

static lab_table table;

static cb_status read_bytes(
    const void *bytes, size_t size, const lab_import_options *options, cb_err *err)
{
    static const lab_import_options plain = {0};
    lab_reader *reader = NULL;
    *err = (cb_err){0};
    lab_table_release(&table);
    assert_int_equal(lab_reader_over("t.csv", bytes, size, &reader, err), CB_OK);
    cb_status status = lab_csv_read(
        reader, options != NULL ? options : &plain, (lab_progress_call){0}, &table, err);
    if (status == CB_OK) {
        status = lab_check_table(&table, "t.csv", 0, err);
    }
    lab_reader_close(reader);
    return status;
}

static cb_status read_text(const char *text, cb_err *err)
{
    return read_bytes(text, strlen(text), NULL, err);
}

static int teardown(void **state)
{
    (void)state;
    lab_table_release(&table);
    return 0;
}

static const lab_finding *find(lab_finding_kind kind)
{
    for (uint64_t i = 0; i < table.findings_count; i++) {
        if (table.findings[i].kind == kind) {
            return &table.findings[i];
        }
    }
    return NULL;
}

/* ---- layouts ---- */

static void reads_a_header(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text(HEAD ROW_1 ROW_2, &err), CB_OK);
    assert_int_equal(table.kind, LAB_KIND_CANDLES);
    assert_int_equal(table.count, 2);
    assert_int_equal(table.timeframe_ns, MINUTE_NS);
    assert_int_equal(lab_table_i64(&table, CANDLES_OPEN_TS)[0], START_NS);
    assert_int_equal(lab_table_i64(&table, CANDLES_OPEN)[0], INT64_C(4621693000000));
    assert_int_equal(lab_table_i64(&table, CANDLES_VOLUME)[1], INT64_C(4238106000));
    assert_int_equal(table.columns, 0);
    assert_int_equal(table.findings_count, 0);
}

static void layouts_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        lab_kind kind;
        uint32_t columns;
    } cases[] = {
        {"1640995200000,1,2,0.5,1.5,10,1640995259999,12,3,4,5,0\n"
         "1640995260000,1,2,0.5,1.5,10,1640995319999,12,3,4,5,0\n",
            LAB_KIND_CANDLES,
            LAB_COLUMN_QUOTE_VOLUME | LAB_COLUMN_TRADES_COUNT | LAB_COLUMN_TAKER_VOLUME},
        {"1640995200000,1,2,0.5,1.5,10\n1640995260000,1,2,0.5,1.5,10\n", LAB_KIND_CANDLES, 0},
        {"1640995200;1;2;0.5;1.5;10\n1640995260;1;2;0.5;1.5;10\n", LAB_KIND_CANDLES, 0},
        {"Date\tOpen\tHigh\tLow\tClose\tVolume\n2022-01-01 00:00:00\t1\t2\t0.5\t1.5\t1\n"
         "2022-01-01T00:01:00Z\t1\t2\t0.5\t1.5\t1\n",
            LAB_KIND_CANDLES,
            0},
        {"\xef\xbb\xbf" HEAD ROW_1 ROW_2, LAB_KIND_CANDLES, 0},
        {"open_time_ms,open,high,low,close,volume\r\n1640995200000,1,2,1,2,1\r\n"
         "1640995260000,1,2,1,2,1\r\n",
            LAB_KIND_CANDLES,
            0},
        {"\"time\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n"
         "\"1640995200000\",\"1\",\"2\",\"1\",\"2\",\"3\"\n1640995260000,1,2,1,2,1",
            LAB_KIND_CANDLES,
            0},
        {"1,0.5,2,10,11,1640995200000,True,True\n2,0.5,2,12,12,1640995200001,False,True\n",
            LAB_KIND_TRADES,
            0},
        {"1,0.5,2,1,1640995200000,true,true\n", LAB_KIND_TRADES, 0},
        {"agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
         "1,0.5,2,10,11,1640995200000,true\n",
            LAB_KIND_TRADES,
            0},
        {"time_ms,price,qty,side,trade_id\n1640995200000,0.5,2,sell,7\n", LAB_KIND_TRADES, 0},
    };
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_text(cases[i].text, &err) != CB_OK) {
            fail_msg("case %zu: %s", i, err.text);
        }
        assert_int_equal(table.kind, cases[i].kind);
        assert_int_equal(table.fatal_count, 0);
        if (table.kind == LAB_KIND_CANDLES) {
            assert_int_equal(table.count, 2);
            assert_int_equal(table.columns, cases[i].columns);
            assert_int_equal(lab_table_i64(&table, CANDLES_OPEN_TS)[0], START_NS);
        } else {
            assert_int_equal(lab_table_i64(&table, TRADES_TS)[0], START_NS);
            assert_int_equal(((uint8_t *)table.data[TRADES_IS_BUYER_MAKER])[0], 1);
            assert_int_equal(lab_table_i64(&table, TRADES_PRICE)[0], CB_E8 / 2);
        }
    }
}

static void columns_can_be_named(void **state)
{
    const lab_import_options options = {.columns = "-,close,low,high,open,time", .time_unit = "s"};
    const char *const text = "x,4,1,5,2,1640995200\nx,4,1,5,2,1640995260\n";
    cb_err err;
    (void)state;
    assert_int_equal(read_bytes(text, strlen(text), &options, &err), CB_OK);
    assert_int_equal(lab_table_i64(&table, CANDLES_HIGH)[0], 5 * CB_E8);
    assert_int_equal(table.columns, LAB_COLUMN_NO_VOLUME);
    assert_null(find(LAB_FINDING_NO_TRADES)); /* a volume that is not known says nothing */
}

static void one_side_of_quotes_is_a_candle(void **state)
{
    const char *const text =
        "open_time_ms,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n"
        "1640995200000,1,2,1,2,3,4,3,4\n1640995260000,1,2,1,2,3,4,3,4\n";
    const lab_import_options ask = {.quotes = "ask"};
    cb_err err;
    (void)state;
    assert_int_equal(read_text(text, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "choose with --quotes bid or ask"));
    assert_int_equal(read_bytes(text, strlen(text), &ask, &err), CB_OK);
    assert_int_equal(lab_table_i64(&table, CANDLES_OPEN)[0], 3 * CB_E8);
}

static void units_may_change_within_a_file(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text("1735689540000,1,2,0.5,1.5,10,1735689599999,12,3,4,5,0\n"
                               "1735689600000000,1,2,0.5,1.5,10,1735689659999999,12,3,4,5,0\n",
                         &err),
        CB_OK);
    assert_int_equal(table.count, 2);
    assert_int_equal(table.timeframe_ns, MINUTE_NS);
    const lab_finding *const change = find(LAB_FINDING_UNIT_CHANGE);
    assert_non_null(change);
    assert_int_equal(change->line, 2);
    assert_false(change->is_fatal);
    assert_int_equal(table.findings_count, 1); /* neither row is cut */
}

/* ---- findings ---- */

static void tells_holes_quiet_and_cut_candles(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text("1640995200000,1,1,1,1,5,1640995259999,5,1,1,1,0\n"
                               "1640995260000,1,1,1,1,0,1640995319999,0,0,0,0,0\n"
                               "1640995320000,1,1,1,1,0,1640995379999,0,0,0,0,0\n"
                               "1640995380000,1,1,1,1,5,1640995392000,5,1,1,1,0\n"
                               "1640995620000,1,1,1,1,5,1640995679999,5,1,1,1,0\n",
                         &err),
        CB_OK);
    assert_int_equal(table.fatal_count, 0);
    assert_int_equal(table.findings_count, 3);
    const lab_finding *const quiet = find(LAB_FINDING_NO_TRADES);
    assert_int_equal(quiet->count, 2);
    assert_int_equal(quiet->from_ns, START_NS + MINUTE_NS);
    assert_int_equal(quiet->to_ns, START_NS + 3 * MINUTE_NS);
    const lab_finding *const gap = find(LAB_FINDING_GAP);
    assert_int_equal(gap->count, 3);
    assert_int_equal(gap->from_ns, START_NS + 4 * MINUTE_NS);
    assert_int_equal(gap->to_ns, START_NS + 7 * MINUTE_NS);
    assert_int_equal(find(LAB_FINDING_CUT_CANDLE)->line, 4);
}

static void an_unfinished_last_candle_is_left_out(void **state)
{
    lab_reader *reader = NULL;
    const lab_import_options options = {0};
    cb_err err;
    (void)state;
    lab_table_release(&table);
    assert_int_equal(
        lab_reader_over("t.csv", ROW_1 ROW_2, strlen(ROW_1 ROW_2), &reader, &err), CB_OK);
    assert_int_equal(lab_csv_read(reader, &options, (lab_progress_call){0}, &table, &err), CB_OK);
    lab_reader_close(reader);
    assert_int_equal(lab_check_table(&table, "t.csv", START_NS + 2 * MINUTE_NS - 1, &err), CB_OK);
    assert_int_equal(table.count, 1);
    assert_int_equal(find(LAB_FINDING_UNFINISHED)->from_ns, START_NS + MINUTE_NS);
}

static void missing_trade_ids_are_a_gap(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text("time_ms,price,qty,side,trade_id\n1640995200000,1,1,buy,7\n"
                               "1640995200000,1,1,buy,11\n",
                         &err),
        CB_OK);
    assert_int_equal(find(LAB_FINDING_GAP)->count, 3);
}

/* Each is refused, with the line and the reason, and what is good of it stays. */
static void bad_rows_are_told_by_line(void **state)
{
    static const struct {
        const char *row; /* the third line */
        lab_finding_kind kind;
        const char *reason;
    } cases[] = {
        {"1640995260000,NaN,2,1,2,1", LAB_FINDING_BAD_CANDLE, "t.csv:3: the open: not a plain"},
        {"1640995260000,inf,2,1,2,1", LAB_FINDING_BAD_CANDLE, "t.csv:3: the open: not a plain"},
        {"1640995260000,1e-05,2,1,2,1", LAB_FINDING_BAD_CANDLE, "not a plain decimal: \"1e-05\""},
        {"1640995260000,1,2,1,2,+1", LAB_FINDING_BAD_CANDLE, "the volume: not a plain decimal"},
        {"1640995260000,,2,1,2,1", LAB_FINDING_BAD_CANDLE, "the open: not a plain decimal: \"\""},
        {"1640995260000,1.123456789,2,1,2,1", LAB_FINDING_BAD_CANDLE, "--round rounds it"},
        {"1640995260000,99999999999,2,1,2,1", LAB_FINDING_BAD_CANDLE, "leaves int64"},
        {"1640995260000,1,2,1,2", LAB_FINDING_BAD_CANDLE, "fewer columns than the 6"},
        {"1640995260000,1,2,1,2,1,1", LAB_FINDING_BAD_CANDLE, "more columns than the 6"},
        {"1640995260000,0,2,0,2,1", LAB_FINDING_BAD_CANDLE, "a price is 0 or less"},
        {"1640995260000,-1,2,-1,2,1", LAB_FINDING_BAD_CANDLE, "a price is 0 or less"},
        {"1640995260000,1,1,2,1,1", LAB_FINDING_BAD_CANDLE, "the high is below the low"},
        {"1640995260000,3,2,1,2,1", LAB_FINDING_BAD_CANDLE, "the high is below the open"},
        {"1640995260000,1,3,2,2,1", LAB_FINDING_BAD_CANDLE, "the low is above the open"},
        {"1640995260000,1,2,1,2,-1", LAB_FINDING_BAD_CANDLE, "a volume is negative"},
        {"1640995200000,1,2,1,2,1", LAB_FINDING_DUPLICATE, "the row before again, with other"},
        {"1640995140000,1,2,1,2,1", LAB_FINDING_BACKWARD, "the time goes backwards"},
        {"1640995261000,1,2,1,2,1", LAB_FINDING_OFF_GRID, "not on the grid of 60 s"},
        {"99,1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "99 s is no time between 2009 and 2100"},
        {"01/02/2022,1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "can be read in two ways"},
        {"tomorrow,1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "'tomorrow' is no time"},
        {"1640995260000,\"1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "the open: not a plain decimal"},
        {"1640995260000,1\t,2,x,2,1", LAB_FINDING_BAD_CANDLE, "the low: not a plain decimal"},
        {"=cmd|'/c calc'!A0,1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "is no time"},
        {"1640995260000,\xd9\xa1,2,1,2,1", LAB_FINDING_BAD_CANDLE, "not a plain decimal"},
    };
    char text[512];
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(
            text, sizeof text, HEAD ROW_1 "%s\n" ROW_3 "1640995380000,1,2,1,2,1\n", cases[i].row);
        if (read_text(text, &err) != CB_OK) {
            fail_msg("case %zu (%s): %s", i, cases[i].row, err.text);
        }
        assert_int_equal(table.count, 3);
        assert_int_equal(table.fatal_count, 1);
        const lab_finding *const found = find(cases[i].kind);
        assert_non_null(found);
        assert_true(found->is_fatal);
        assert_int_equal(found->line, 3);
        if (strstr(table.reason, "t.csv:3: ") == NULL ||
            strstr(table.reason, cases[i].reason) == NULL) {
            fail_msg("case %zu (%s): %s", i, cases[i].row, table.reason);
        }
    }
}

static void a_row_twice_is_dropped_quietly(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text(HEAD ROW_1 ROW_1 ROW_2, &err), CB_OK);
    assert_int_equal(table.count, 2);
    assert_int_equal(table.fatal_count, 0);
    assert_int_equal(find(LAB_FINDING_DUPLICATE)->line, 3);
}

static void rounding_is_asked_for_and_told(void **state)
{
    const lab_import_options options = {.is_rounded = true};
    const char *const text = HEAD "1640995200000,1.000000005,2,1,2,33.35399601000002\n" ROW_2;
    cb_err err;
    (void)state;
    assert_int_equal(read_bytes(text, strlen(text), &options, &err), CB_OK);
    assert_int_equal(table.fatal_count, 0);
    assert_int_equal(lab_table_i64(&table, CANDLES_OPEN)[0], CB_E8 + 1);
    assert_int_equal(lab_table_i64(&table, CANDLES_VOLUME)[0], INT64_C(3335399601));
    assert_int_equal(find(LAB_FINDING_ROUNDED)->count, 1);
}

/* ---- whole files that are refused ---- */

static void bad_files_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t size; /* 0: its length */
        cb_status status;
        const char *reason;
    } cases[] = {
        {"", 0, CB_E_SYNTAX, "the file is empty"},
        {"\n\n", 0, CB_E_SYNTAX, "t.csv:1:"},
        {HEAD, 0, CB_E_SYNTAX, "a header but no rows"},
        {"open_time_ms,open,high,close,volume\n1,2,3,4,5\n",
            0,
            CB_E_SYNTAX,
            "t.csv:1: missing columns: low (candles need them)"},
        {"price,qty,time\n1,2,3\n", 0, CB_E_SYNTAX, "missing columns: id side (trades need them)"},
        {"time,open,high,low,close,open\n", 0, CB_E_SYNTAX, "two columns hold the same: 'open'"},
        {"colour,taste\nred,sweet\n", 0, CB_E_SYNTAX, "missing columns: time open high low close"},
        {"1640995200000,1,2,3\n", 0, CB_E_SYNTAX, "4 columns are no layout that is known"},
        {"\xff\xfeo\0p\0", 6, CB_E_SYNTAX, "UTF-16"},
        {"ab\0cd\n", 6, CB_E_SYNTAX, "binary data"},
        {"\x7f"
         "ELF\x02\x01",
            6,
            CB_E_SYNTAX,
            "control character"},
        {"op\xe9n,a\n", 0, CB_E_SYNTAX, "not UTF-8"},
        {"time,open,high,low,close\r1,2,3,4,5\r", 0, CB_E_SYNTAX, "bare carriage return"},
        {"time,open,high,low,close\n1640995200000,1,2,1,2\n",
            0,
            CB_E_CONFIG,
            "do not tell the time frame"},
        {"symbol,time,open,high,low,close\nA,1640995200000,1,2,1,2\n",
            0,
            CB_E_CONFIG,
            "time frame"},
        {HEAD "1640995200000,x,2,1,2,1\n", 0, CB_E_SYNTAX, "no row is better"},
        {"\x28\xb5\x2f\xfd", 4, CB_E_CORRUPT, "zstd stream ends too early"},
        {"\x28\xb5\x2f\xfdxxxxxxxxxxxxxxxxxx", 22, CB_E_CORRUPT, "damaged zstd stream"},
        {"\x1f\x8b\x08", 3, CB_E_CORRUPT, "gzip stream ends too early"},
        {"\x1f\x8bxxxxxxxxxxxxxxxx", 18, CB_E_CORRUPT, "damaged gzip stream"},
    };
    cb_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t size = cases[i].size != 0 ? cases[i].size : strlen(cases[i].text);
        const cb_status status = read_bytes(cases[i].text, size, NULL, &err);
        if (status != cases[i].status || strstr(err.text, cases[i].reason) == NULL) {
            fail_msg("case %zu: %s: %s", i, cb_status_name(status), err.text);
        }
    }
}

static void a_mixed_symbol_is_a_bad_row(void **state)
{
    cb_err err;
    (void)state;
    assert_int_equal(read_text("symbol,time,open,high,low,close\nA,1640995200000,1,2,1,2\n"
                               "B,1640995260000,1,2,1,2\nA,1640995260000,1,2,1,2\n",
                         &err),
        CB_OK);
    assert_int_equal(table.count, 2);
    assert_string_equal(table.symbol, "A");
    assert_non_null(strstr(table.reason, "t.csv:3: the symbol is 'B' but was 'A'"));
}

static void garbage_behind_a_header_is_given_up(void **state)
{
    const size_t rows = 5000;
    char *const text = malloc(sizeof HEAD + rows * 8);
    cb_err err;
    (void)state;
    size_t used = (size_t)snprintf(text, sizeof HEAD, HEAD);
    for (size_t i = 0; i < rows; i++) {
        memcpy(text + used, "garbage\n", 8);
        used += 8;
    }
    assert_int_equal(read_bytes(text, used, NULL, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "none of the first 1000 rows is better"));
    free(text);
}

static void an_endless_line_is_refused(void **state)
{
    const size_t size = (size_t)3 * 1024 * 1024;
    char *const text = malloc(size);
    cb_err err;
    (void)state;
    memset(text, '1', size);
    assert_int_equal(read_bytes(text, size, NULL, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "a line is longer than 65536 bytes"));
    memset(text, ',', size);
    text[70000] = '\n';
    assert_int_equal(read_bytes(text, 70001, NULL, &err), CB_E_SYNTAX);
    assert_non_null(strstr(err.text, "t.csv:1:"));
    free(text);
}

/* ---- packed ---- */

static size_t pack_gzip(const void *from, size_t size, void *to, size_t room)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytef *next;
    memcpy(&next, &from, sizeof next);
    stream.next_in = next;
    stream.avail_in = (uInt)size;
    stream.next_out = to;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t packed = room - stream.avail_out;
    (void)deflateEnd(&stream);
    return packed;
}

/* Three megabytes of rows: several blocks, and a stream that must be flushed in between. */
static char *many_rows(size_t count, size_t *size)
{
    char *const text = malloc(count * 64 + sizeof HEAD);
    size_t used = (size_t)snprintf(text, sizeof HEAD, HEAD);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used,
            64,
            "%lld,1.%zu,2,1,1.5,%zu\n",
            (long long)(1640995200000 + (long long)i * 60000),
            i % 1000,
            i);
    }
    *size = used;
    return text;
}

static void packed_files_are_the_same(void **state)
{
    const size_t rows = 60000;
    size_t size = 0;
    cb_err err;
    (void)state;
    char *const text = many_rows(rows, &size);
    const size_t room = size + 65536;
    char *const packed = malloc(room);
    const size_t zstd = ZSTD_compress(packed, room, text, size, 3);
    assert_int_equal(read_bytes(packed, zstd, NULL, &err), CB_OK);
    assert_int_equal(table.count, rows);
    assert_int_equal(lab_table_i64(&table, CANDLES_VOLUME)[rows - 1], (int64_t)(rows - 1) * CB_E8);
    const size_t gzip = pack_gzip(text, size, packed, room);
    assert_int_equal(read_bytes(packed, gzip, NULL, &err), CB_OK);
    assert_int_equal(table.count, rows);
    /* two members or frames are one text: joined archives repeat the header */
    const size_t twice = pack_gzip(text, size, packed + gzip, room - gzip);
    assert_int_equal(read_bytes(packed, gzip + twice, NULL, &err), CB_OK);
    assert_int_equal(find(LAB_FINDING_BACKWARD)->is_fatal, true);
    free(packed);
    free(text);
}

/* Cut anywhere, a packed file is refused: half a year must not look like a whole one. */
static void cut_streams_are_refused(void **state)
{
    const size_t rows = 2000;
    size_t size = 0;
    cb_err err;
    (void)state;
    char *const text = many_rows(rows, &size);
    const size_t room = size + 65536;
    char *const packed = malloc(room);
    const size_t zstd = ZSTD_compress(packed, room, text, size, 3);
    for (size_t cut = 5; cut < zstd; cut += zstd / 37 + 1) {
        assert_int_equal(read_bytes(packed, cut, NULL, &err), CB_E_CORRUPT);
    }
    const size_t gzip = pack_gzip(text, size, packed, room);
    for (size_t cut = 3; cut < gzip; cut += gzip / 37 + 1) {
        assert_int_equal(read_bytes(packed, cut, NULL, &err), CB_E_CORRUPT);
        assert_non_null(strstr(err.text, "the file is cut"));
    }
    free(packed);
    free(text);
}

/* ---- the fast scanner ---- */

/* What the scanner takes is what the strict parser says, whatever the text. */
static void scanner_agrees_with_the_strict_parser(void **state)
{
    static const char alphabet[] = "0123456789012345678901234567890123456789..-+ e";
    cb_prng random;
    char text[256];
    char number[24];
    cb_err err;
    (void)state;
    cb_prng_init(&random, 1);
    size_t accepted = 0;
    for (int round = 0; round < 20000; round++) {
        const size_t length = cb_prng_below(&random, sizeof number - 1);
        for (size_t i = 0; i < length; i++) {
            number[i] = alphabet[cb_prng_below(&random, sizeof alphabet - 1)];
        }
        number[length] = '\0';
        (void)snprintf(text,
            sizeof text,
            "time,open,high,low,close,volume\n"
            "1640995200000,1,2,1,2,1\n1640995260000,1,2,1,2,1\n"
            "1640995320000,1,2,1,2,%s\n",
            number);
        assert_int_equal(read_text(text, &err), CB_OK);
        int64_t strict = 0;
        const cb_strview trimmed = {
            number + strspn(number, " "), strlen(number + strspn(number, " "))};
        size_t end = trimmed.size;
        while (end > 0 && trimmed.at[end - 1] == ' ') {
            end--;
        }
        const bool is_good =
            end == 0 || (cb_decimal_parse(trimmed.at, end, &strict, NULL) == CB_OK && strict >= 0);
        assert_int_equal(table.count, is_good ? 3 : 2);
        if (is_good) {
            assert_int_equal(lab_table_i64(&table, CANDLES_VOLUME)[2], end == 0 ? 0 : strict);
            accepted++;
        }
    }
    assert_in_range(accepted, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_header),
        cmocka_unit_test(layouts_are_told_apart),
        cmocka_unit_test(columns_can_be_named),
        cmocka_unit_test(one_side_of_quotes_is_a_candle),
        cmocka_unit_test(units_may_change_within_a_file),
        cmocka_unit_test(tells_holes_quiet_and_cut_candles),
        cmocka_unit_test(an_unfinished_last_candle_is_left_out),
        cmocka_unit_test(missing_trade_ids_are_a_gap),
        cmocka_unit_test(bad_rows_are_told_by_line),
        cmocka_unit_test(a_row_twice_is_dropped_quietly),
        cmocka_unit_test(rounding_is_asked_for_and_told),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(a_mixed_symbol_is_a_bad_row),
        cmocka_unit_test(garbage_behind_a_header_is_given_up),
        cmocka_unit_test(an_endless_line_is_refused),
        cmocka_unit_test(packed_files_are_the_same),
        cmocka_unit_test(cut_streams_are_refused),
        cmocka_unit_test(scanner_agrees_with_the_strict_parser),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
