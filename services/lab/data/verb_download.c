/* `data download`: a symbol's candles or trades into one CSV file, which grows until it is up to
 * date. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/data/data.h"
#include "services/lab/data/download.h"
#include "services/lab/data/place.h"
#include "services/lab/job/job.h"

#define WEIGHT_MAX 6000u /* a minute, as the venue's exchangeInfo says */
#define PATH_MAX_SIZE 1024

static const lab_column_view columns[] = {{"SYMBOL", "symbol", false},
    {"KIND", "kind", false},
    {"ADDED", "added", true},
    {"FIRST", "first_ns", false},
    {"LAST", "last_ns", false},
    {"FILE", "file", false}};

typedef struct wishes {
    lab_download download;
    lab_output output;
    char symbol[LAB_SYMBOL_SIZE];
    char base_url[512];
    char path[PATH_MAX_SIZE];
    uint64_t weight_max;
    bool is_archive;
} wishes;

static bool complain(const char *text, const char *value)
{
    (void)fprintf(stderr, "cerberus data download: %s%s\n", text, value);
    return false;
}

static bool take_symbol(lab_args *args, wishes *wanted)
{
    const char *const symbol = lab_args_option(args, "--symbol");
    const char *const frame = lab_args_option(args, "--timeframe");
    const char *const kind = lab_args_option(args, "--kind");
    if (symbol == NULL || !lab_place_symbol(symbol, wanted->symbol)) {
        return complain("--symbol BTC/USDT is missing or none", "");
    }
    if (kind != NULL && strcmp(kind, "candles") != 0 && strcmp(kind, "trades") != 0) {
        return complain("--kind is candles or trades, not ", kind);
    }
    wanted->download.symbol = wanted->symbol;
    wanted->download.rows =
        kind != NULL && strcmp(kind, "trades") == 0 ? LAB_SINK_AGGREGATES : LAB_SINK_KLINES;
    wanted->download.interval = frame != NULL ? frame : "1m";
    if (!lab_timeframe_parse(wanted->download.interval, &wanted->download.timeframe_ns)) {
        return complain("--timeframe is no time frame such as 1m or 1h: ", frame);
    }
    return true;
}

static bool take_source(lab_args *args, wishes *wanted)
{
    const char *const source = lab_args_option(args, "--source");
    const char *const url = lab_args_option(args, "--base-url");
    const char *const weight = lab_args_option(args, "--weight-max");
    wanted->is_archive = source != NULL && strcmp(source, "archive") == 0;
    if (source != NULL && !wanted->is_archive && strcmp(source, "rest") != 0) {
        return complain("--source is rest or archive, not ", source);
    }
    const char *const usual =
        wanted->is_archive ? "https://data.binance.vision" : "https://data-api.binance.vision";
    wanted->weight_max = WEIGHT_MAX;
    if (weight != NULL && !cb_u64_parse(cb_sv_from(weight), INT32_MAX, &wanted->weight_max)) {
        return complain("--weight-max is no number: ", weight);
    }
    if (!cb_text_copy(
            wanted->base_url, sizeof wanted->base_url, cb_sv_from(url != NULL ? url : usual))) {
        return complain("--base-url is too long", "");
    }
    const size_t size = strlen(wanted->base_url);
    if (size > 0 && wanted->base_url[size - 1] == '/') {
        wanted->base_url[size - 1] = '\0';
    }
    wanted->download.base_url = wanted->base_url;
    return true;
}

static bool take_file(lab_args *args, wishes *wanted)
{
    const char *const out = lab_args_option(args, "--out");
    const bool is_klines = wanted->download.rows == LAB_SINK_KLINES;
    const int size = out != NULL ? snprintf(wanted->path, sizeof wanted->path, "%s", out)
                                 : snprintf(wanted->path,
                                       sizeof wanted->path,
                                       "binance_spot_%s_%s.csv",
                                       wanted->symbol,
                                       is_klines ? wanted->download.interval : "aggTrades");
    return (size > 0 && (size_t)size < sizeof wanted->path) || complain("--out is too long", "");
}

static bool take(lab_args *args, wishes *wanted)
{
    const char *const from = lab_args_option(args, "--from");
    const char *const to = lab_args_option(args, "--to");
    if (!lab_output_take(args, &wanted->output) || !take_symbol(args, wanted) ||
        !take_source(args, wanted) || !take_file(args, wanted) ||
        !lab_data_time(args, "--from", from, &wanted->download.from_ns) ||
        !lab_data_time(args, "--to", to, &wanted->download.to_ns)) {
        return false;
    }
    if (wanted->download.to_ns != 0 && wanted->download.to_ns <= wanted->download.from_ns) {
        return complain("--to is not after --from", "");
    }
    return lab_args_done(args);
}

static void print_result(const wishes *wanted, const lab_sink *sink)
{
    uint64_t key = 0;
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    const bool has_rows =
        lab_sink_first(sink, &key, &first_ns) && lab_sink_last(sink, &key, &last_ns);
    json_t *const row = json_pack("{s:s, s:s, s:I, s:s}",
        "symbol",
        wanted->symbol,
        "kind",
        wanted->download.rows == LAB_SINK_KLINES ? "candles" : "trades",
        "added",
        (json_int_t)lab_sink_added(sink),
        "file",
        wanted->path);
    if (has_rows) {
        (void)json_object_set_new(row, "first_ns", json_integer(first_ns));
        (void)json_object_set_new(row, "last_ns", json_integer(last_ns));
    }
    json_t *const rows = json_array();
    (void)json_array_append_new(rows, row);
    lab_output_rows(wanted->output, rows, columns, sizeof columns / sizeof columns[0]);
    json_decref(rows);
}

static cb_status download(wishes *wanted, cb_err *err)
{
    lab_fetch *fetch = NULL;
    lab_sink *sink = NULL;
    lab_progress progress;
    cb_status status = lab_sink_open(wanted->path, wanted->download.rows, &sink, err);
    if (status == CB_OK) {
        status = lab_fetch_create(wanted->weight_max, &fetch, err);
    }
    lab_progress_start(&progress, "download", 0);
    wanted->download.progress = &progress;
    if (status == CB_OK) {
        status = wanted->is_archive ? lab_download_archive(&wanted->download, fetch, sink, err)
                                    : lab_download_rest(&wanted->download, fetch, sink, err);
    }
    lab_progress_end(&progress);
    wanted->download.progress = NULL;
    if (status == CB_OK) {
        status = lab_sink_flush(sink, err);
    }
    if (status == CB_OK) {
        print_result(wanted, sink);
    }
    lab_fetch_destroy(fetch);
    const cb_status closed = lab_sink_close(sink, status == CB_OK ? err : NULL);
    return status == CB_OK ? closed : status;
}

static int run(lab_args *args)
{
    wishes wanted = {0};
    cb_err err = {0};
    if (!take(args, &wanted)) {
        return LAB_USAGE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)complain("libcurl does not start", "");
        return LAB_FAILURE;
    }
    const cb_status status = download(&wanted, &err);
    curl_global_cleanup();
    if (status != CB_OK) {
        cb_text_clean(err.text);
        (void)fprintf(stderr,
            "cerberus data download: %s\nWhat is in %s is whole; the same command goes on from "
            "there.\n",
            err.text,
            wanted.path);
        return lab_data_exit(status);
    }
    return wanted.download.is_missing_told ? LAB_PARTIAL : LAB_OK;
}

const lab_data_verb lab_data_download = {.name = "download",
    .arguments = "--symbol BTC/USDT [--timeframe 1m] [--from T] [--to T] [--source rest|archive] "
                 "[--out FILE]",
    .summary = "candles or aggregate trades into a CSV file; goes on where the file ends",
    .options = "options:\n"
               "  --kind candles|trades\n"
               "  --timeframe 1m       of candles\n"
               "  --from, --to         2023-01-01 or 2023-01-01T12:00:00Z; --to does not belong\n"
               "  --source rest        page by page, up to now (the default)\n"
               "  --source archive     zip files by month and day, each held against its checksum\n"
               "  --base-url URL       another host with the same paths\n"
               "  --weight-max N       request weight a minute that the venue allows (6000)\n"
               "  --out FILE           else binance_spot_SYMBOL_TIMEFRAME.csv here\n",
    .examples = "  cerberus data download --symbol BTC/USDT --timeframe 1m --from 2023-01-01\n"
                "  cerberus data download --symbol ETHUSDT --kind trades --from 2024-01-01 --to "
                "2024-02-01 --source archive\n",
    .run = run};
