/* `data inspect`: one history in detail: where it comes from, its findings, its rows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/core/derive.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/data.h"
#include "services/lab/job/job.h"
#include "services/lab/store/store.h"

#define FINDINGS_SHOWN 20u

static const lab_column_view finding_columns[] = {{"FINDING", "finding", false},
    {"FATAL", "fatal", false},
    {"FROM", "from_ns", false},
    {"TO", "to_ns", false},
    {"COUNT", "count", true},
    {"LINE", "line", true}};
static const lab_column_view property_columns[] = {
    {"PROPERTY", "property", false}, {"VALUE", "value", false}};

static json_t *findings_of(const lab_history *history, uint64_t max)
{
    uint64_t count = 0;
    const lab_finding *const findings = lab_history_findings(history, &count);
    json_t *const rows = json_array();
    for (uint64_t i = 0; i < count && i < max; i++) {
        const lab_finding *const one = &findings[i];
        (void)json_array_append_new(rows,
            json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}",
                "finding",
                lab_finding_name(one->kind),
                "fatal",
                one->is_fatal,
                "from_ns",
                (json_int_t)one->from_ns,
                "to_ns",
                (json_int_t)one->to_ns,
                "count",
                (json_int_t)one->count,
                "line",
                (json_int_t)one->line));
    }
    return rows;
}

static json_t *whole(const lab_history *history)
{
    const lab_cache *const cache = lab_history_cache(history);
    const lab_cache_source *const source = lab_cache_source_of(cache);
    json_t *const row = lab_data_describe(cache);
    (void)json_object_set_new(row, "source", json_string(source->path));
    (void)json_object_set_new(row, "source_size", json_integer((json_int_t)source->size));
    (void)json_object_set_new(row, "source_hash", json_string(source->hash));
    (void)json_object_set_new(row, "cache", json_string(lab_history_cache_path(history)));
    (void)json_object_set_new(row, "cache_size", json_integer((json_int_t)lab_cache_size(cache)));
    if (lab_cache_is_forced(cache)) {
        (void)json_object_set_new(row, "first_refusal", json_string(lab_cache_reason(cache)));
    }
    return row;
}

static void add_property(json_t *rows, const char *key, const json_t *value)
{
    char text[CB_TIME_TEXT_MAX];
    json_t *shown = NULL;
    if (json_is_integer(value) && strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_ns") == 0) {
        (void)cb_time_print(json_integer_value(value), 3, text);
        shown = json_string(text);
    } else {
        shown = json_deep_copy(value);
    }
    (void)json_array_append_new(rows, json_pack("{s:s, s:o}", "property", key, "value", shown));
}

static void print_summary(const lab_history *history, lab_output output, bool is_all)
{
    uint64_t count = 0;
    (void)lab_history_findings(history, &count);
    json_t *const properties = whole(history);
    if (output == LAB_OUTPUT_JSON) {
        (void)json_object_set_new(properties, "findings", findings_of(history, UINT64_MAX));
        (void)json_dumpf(properties, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        (void)printf("\n");
        json_decref(properties);
        return;
    }
    json_t *const rows = json_array();
    const char *key;
    json_t *value;
    json_object_foreach(properties, key, value)
    {
        add_property(rows, key, value);
    }
    json_t *const findings = findings_of(history, is_all ? UINT64_MAX : FINDINGS_SHOWN);
    if (output == LAB_OUTPUT_TABLE) {
        lab_output_rows(output, rows, property_columns, 2);
        (void)printf("%s", count > 0 ? "\n" : "");
    }
    if (count > 0 || output == LAB_OUTPUT_CSV) {
        lab_output_rows(output, findings, finding_columns, 6);
    }
    if (json_array_size(findings) < count) {
        (void)fprintf(stderr,
            "%zu of %" PRIu64 " findings; --all shows every one\n",
            json_array_size(findings),
            count);
    }
    json_decref(rows);
    json_decref(findings);
    json_decref(properties);
}

/* ---- rows ---- */

typedef struct row_range {
    int64_t from_ns;
    int64_t to_ns;
    uint64_t max;
} row_range;

static void print_e8(const int64_t *column, uint64_t row)
{
    char text[CB_DECIMAL_TEXT_MAX] = "";
    if (column != NULL) {
        (void)cb_decimal_print(column[row], text);
    }
    (void)printf(",%s", text);
}

static void print_candles(const lab_candles *candles, row_range range)
{
    (void)printf("open_time_ms,open,high,low,close,volume,quote_volume,taker_volume,trades\n");
    uint64_t printed = 0;
    for (uint64_t i = 0; i < candles->count && printed < range.max; i++) {
        const int64_t ts_ns = candles->open_ts_ns[i];
        if (ts_ns < range.from_ns || (range.to_ns != 0 && ts_ns >= range.to_ns)) {
            continue;
        }
        printed++;
        (void)printf("%" PRId64, ts_ns / CB_NS_PER_MS);
        print_e8(candles->open_e8, i);
        print_e8(candles->high_e8, i);
        print_e8(candles->low_e8, i);
        print_e8(candles->close_e8, i);
        print_e8((candles->columns & LAB_COLUMN_NO_VOLUME) == 0 ? candles->volume_e8 : NULL, i);
        print_e8(candles->quote_volume_e8, i);
        print_e8(candles->taker_volume_e8, i);
        if (candles->trades_count != NULL) {
            (void)printf(",%" PRIu32 "\n", candles->trades_count[i]);
        } else {
            (void)printf(",\n");
        }
    }
}

static void print_trades(const lab_trades *trades, row_range range)
{
    (void)printf("time_us,price,qty,side,trade_id\n");
    uint64_t printed = 0;
    for (uint64_t i = 0; i < trades->count && printed < range.max; i++) {
        const int64_t ts_ns = trades->ts_ns[i];
        if (ts_ns < range.from_ns || (range.to_ns != 0 && ts_ns >= range.to_ns)) {
            continue;
        }
        printed++;
        (void)printf("%" PRId64, ts_ns / CB_NS_PER_US);
        print_e8(trades->price_e8, i);
        print_e8(trades->qty_e8, i);
        (void)printf(
            ",%s,%" PRIu64 "\n", trades->is_buyer_maker[i] != 0 ? "sell" : "buy", trades->id[i]);
    }
}

static void print_depth(const lab_depth *depth, row_range range)
{
    (void)printf("time_us,side,price,qty,snapshot,starts_event\n");
    uint64_t printed = 0;
    for (uint64_t i = 0; i < depth->count && printed < range.max; i++) {
        const int64_t ts_ns = depth->ts_ns[i];
        if (ts_ns < range.from_ns || (range.to_ns != 0 && ts_ns >= range.to_ns)) {
            continue;
        }
        printed++;
        const uint8_t flags = depth->flags[i];
        (void)printf("%" PRId64 ",%s",
            ts_ns / CB_NS_PER_US,
            (flags & LAB_LEVEL_IS_BID) != 0 ? "bid" : "ask");
        print_e8(depth->price_e8, i);
        print_e8(depth->qty_e8, i);
        (void)printf(",%d,%d\n",
            (flags & LAB_LEVEL_IS_SNAPSHOT) != 0 ? 1 : 0,
            (flags & LAB_LEVEL_STARTS_EVENT) != 0 ? 1 : 0);
    }
}

/* Candles of another time frame, from candles or from trades; columns [owned by *memory]. */
static cb_status derive(
    const lab_history *history, int64_t timeframe_ns, lab_candles *out, void **memory, cb_err *err)
{
    const bool is_trades = lab_history_kind(history) == LAB_KIND_TRADES;
    const uint64_t count =
        is_trades ? lab_history_trades(history)->count : lab_history_candles(history)->count;
    int64_t *const columns = calloc(count * 9, sizeof *columns);
    if (columns == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    *memory = columns;
    const lab_candles *const from = is_trades ? NULL : lab_history_candles(history);
    const bool has_quote = is_trades || from->quote_volume_e8 != NULL;
    const bool has_taker = is_trades || from->taker_volume_e8 != NULL;
    const bool has_trades = is_trades || from->trades_count != NULL;
    lab_candles_out to = {count,
        0,
        columns,
        columns + count,
        columns + 2 * count,
        columns + 3 * count,
        columns + 4 * count,
        columns + 5 * count,
        has_quote ? columns + 6 * count : NULL,
        has_taker ? columns + 7 * count : NULL,
        has_trades ? (uint32_t *)(void *)(columns + 8 * count) : NULL};
    const cb_status status =
        is_trades ? lab_derive_from_trades(lab_history_trades(history), timeframe_ns, &to, err)
                  : lab_derive_candles(from, timeframe_ns, &to, err);
    *out = (lab_candles){.timeframe_ns = timeframe_ns,
        .count = to.count,
        .columns = is_trades ? 0 : from->columns,
        .open_ts_ns = to.open_ts_ns,
        .open_e8 = to.open_e8,
        .high_e8 = to.high_e8,
        .low_e8 = to.low_e8,
        .close_e8 = to.close_e8,
        .volume_e8 = to.volume_e8,
        .quote_volume_e8 = to.quote_volume_e8,
        .taker_volume_e8 = to.taker_volume_e8,
        .trades_count = to.trades_count};
    return status;
}

static cb_status print_rows(
    const lab_history *history, int64_t timeframe_ns, row_range range, cb_err *err)
{
    const lab_kind kind = lab_history_kind(history);
    if (kind == LAB_KIND_DEPTH) {
        print_depth(lab_history_depth(history), range);
        return CB_OK;
    }
    if (timeframe_ns != 0) {
        void *memory = NULL;
        lab_candles candles = {0};
        const cb_status status = derive(history, timeframe_ns, &candles, &memory, err);
        if (status == CB_OK) {
            print_candles(&candles, range);
        }
        free(memory);
        return status;
    }
    if (kind == LAB_KIND_CANDLES) {
        print_candles(lab_history_candles(history), range);
    } else {
        print_trades(lab_history_trades(history), range);
    }
    return CB_OK;
}

/* ---- the verb ---- */

typedef struct inspection {
    const char *path;
    lab_output output;
    bool is_all;
    bool is_verified;
    bool has_rows;
    int64_t derived_ns; /* time frame of the printed candles; 0: as they are */
    row_range range;
} inspection;

static bool take(lab_args *args, lab_history_request *request, inspection *wanted)
{
    const char *const rows = lab_args_option(args, "--rows");
    const char *const derived = lab_args_option(args, "--as");
    const char *const from = lab_args_option(args, "--from");
    const char *const to = lab_args_option(args, "--to");
    wanted->is_all = lab_args_flag(args, "--all");
    wanted->is_verified = lab_args_flag(args, "--verify");
    wanted->has_rows = rows != NULL;
    if (!lab_output_take(args, &wanted->output) || !lab_data_take_request(args, request) ||
        !lab_data_time(args, "--from", from, &wanted->range.from_ns) ||
        !lab_data_time(args, "--to", to, &wanted->range.to_ns)) {
        return false;
    }
    if (rows != NULL && !cb_u64_parse(cb_sv_from(rows), UINT64_MAX, &wanted->range.max)) {
        (void)fprintf(stderr, "cerberus data inspect: --rows %s is no number\n", rows);
        return false;
    }
    if (derived != NULL && !lab_timeframe_parse(derived, &wanted->derived_ns)) {
        (void)fprintf(stderr, "cerberus data inspect: --as %s is no time frame\n", derived);
        return false;
    }
    wanted->path = lab_args_positional(args);
    if (wanted->path == NULL) {
        (void)fprintf(stderr, "cerberus data inspect: a file is missing\n");
    }
    return wanted->path != NULL && lab_args_done(args);
}

static int run(lab_args *args)
{
    lab_history_request request = {0};
    inspection wanted = {0};
    lab_history *history = NULL;
    cb_err err = {0};
    if (!take(args, &request, &wanted)) {
        return LAB_USAGE;
    }
    request.path = wanted.path;
    request.options.is_forced = true; /* looking is allowed; what was left out is shown */
    cb_status status = lab_history_open(&request, &history, &err);
    if (status == CB_OK && wanted.is_verified) {
        status = lab_cache_verify(lab_history_cache(history), &err);
    }
    if (status == CB_OK && wanted.has_rows) {
        status = print_rows(history, wanted.derived_ns, wanted.range, &err);
    } else if (status == CB_OK) {
        print_summary(history, wanted.output, wanted.is_all);
    }
    lab_history_close(history);
    if (status != CB_OK) {
        cb_text_clean(err.text);
        (void)fprintf(stderr, "cerberus data inspect: %s\n", err.text);
    }
    return lab_data_exit(status);
}

const lab_data_verb lab_data_inspect = {.name = "inspect",
    .arguments =
        "FILE [--all] [--verify] [--rows N [--as 1h] [--from T] [--to T]] [-o table|json|csv]",
    .summary = "what a history holds and what is wrong with it; imports it when that was not done",
    .options = "options:\n"
               "  --all            every finding, not the first 20\n"
               "  --verify         hash the columns again\n"
               "  --rows N         print rows as CSV instead, --from and --to limit them\n"
               "  --as 1h          candles of that time frame, built from the rows\n"
               "and those of import (`cerberus data import --help`)\n",
    .examples = "  cerberus data inspect BTCUSDT-1m-2023.csv.zst --all\n"
                "  cerberus data inspect BTCUSDT-1m-2023.csv.zst --rows 24 --as 1h\n",
    .run = run};
