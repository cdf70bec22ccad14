/* `data import`: each source becomes a cache, or a message that says why not. */
#include <stdio.h>
#include <string.h>

#include "base/strview.h"
#include "services/lab/data/data.h"

static const lab_column_view columns[] = {{"KIND", "kind", false},
    {"VENUE", "venue", false},
    {"SYMBOL", "symbol", false},
    {"TF", "timeframe", true},
    {"ROWS", "rows", true},
    {"FIRST", "first_ns", false},
    {"LAST", "last_ns", false},
    {"STATE", "state", false},
    {"FINDINGS", "findings", false},
    {"FILE", "file", false},
    {"CACHE", "cache", false}};

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    lab_progress *const progress = context;
    progress->total = total;
    lab_progress_at(progress, done);
}

/* Row for the table, or NULL after a message. */
static json_t *import_one(lab_history_request *request, int *code)
{
    lab_progress progress;
    lab_history *history = NULL;
    cb_err err = {0};
    request->progress = on_progress;
    request->context = &progress;
    lab_progress_start(&progress, "import", 0);
    const cb_status status = lab_history_open(request, &history, &err);
    lab_progress_end(&progress);
    if (status != CB_OK) {
        cb_text_clean(err.text);
        (void)fprintf(stderr, "cerberus data import: %s\n", err.text);
        *code = lab_data_exit(status);
        return NULL;
    }
    json_t *const row = lab_data_describe(lab_history_cache(history));
    (void)json_object_set_new(row,
        "state",
        json_string(lab_history_is_forced(history)
                        ? "forced"
                        : (lab_history_was_cached(history) ? "fresh" : "imported")));
    (void)json_object_set_new(row, "file", json_string(request->path));
    (void)json_object_set_new(row, "cache", json_string(lab_history_cache_path(history)));
    lab_history_close(history);
    return row;
}

static int run(lab_args *args)
{
    lab_history_request request = {0};
    lab_output output;
    int code = LAB_OK;
    int failed = 0;
    const char *path;
    if (!lab_output_take(args, &output) || !lab_data_take_request(args, &request)) {
        return LAB_USAGE;
    }
    json_t *const rows = json_array();
    while ((path = lab_args_positional(args)) != NULL) {
        request.path = path;
        json_t *const row = import_one(&request, &code);
        if (row == NULL) {
            failed++;
        } else {
            (void)json_array_append_new(rows, row);
        }
    }
    const bool is_done = lab_args_done(args);
    if (!is_done || (json_array_size(rows) == 0 && failed == 0)) {
        (void)fprintf(stderr, is_done ? "cerberus data import: a file is missing\n" : "");
        code = LAB_USAGE;
    } else if (json_array_size(rows) > 0) {
        lab_output_rows(output, rows, columns, sizeof columns / sizeof columns[0]);
        code = failed > 0 ? LAB_PARTIAL : code;
    }
    json_decref(rows);
    return code;
}

const lab_data_verb lab_data_import = {.name = "import",
    .arguments = "FILE… [options] [-o table|json|csv]",
    .summary = "read CSV or captures (plain, gz, zst), check them, and keep them ready to run on",
    .options =
        "options:\n"
        "  --symbol BTC/USDT, --venue binance   else as the file's name says\n"
        "  --timeframe 1m       else the usual distance of two candles\n"
        "  --kind candles|trades|depth\n"
        "  --columns time,open,high,low,close,volume,-   what each column is; '-' skips one\n"
        "  --time-unit s|ms|us|ns   else each row's by its size\n"
        "  --quotes bid|ask     of a file that holds both\n"
        "  --made-at TIME       when the source was made (else its modification time): a last "
        "candle\n"
        "                       that ends later is unfinished and left out\n"
        "  --round              round more than 8 decimals instead of refusing them\n"
        "  --force              leave fatal rows out instead of refusing the file\n"
        "  --rebuild            import again although the cache is fresh\n"
        "  --cache DIR          keep caches there; else beside the file, or in the user's cache\n"
        "                       folder when the file's folder is read-only\n",
    .examples = "  cerberus data import BTCUSDT-1m-2023.csv.zst\n"
                "  cerberus data import prices.csv --symbol ETH/USDT --timeframe 1h\n",
    .run = run};
