/* Opens history: looks for a fresh cache, else imports the source, writes its cache and opens that.
 * Everything that reads goes through the cache in the end, so the first run and the tenth see the
 * same bytes. */
#include "services/lab/data/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/data/cache.h"
#include "services/lab/data/capture.h"
#include "services/lab/data/check.h"
#include "services/lab/data/csv.h"
#include "services/lab/data/place.h"
#include "services/lab/data/postgres.h"
#include "services/lab/data/reader.h"

struct lab_history {
    lab_cache *cache; /* [owned] */
    bool was_cached;
    char path[LAB_CACHE_PATH_MAX];
};

/* ---- is a cache what is asked for? ---- */

static bool agrees_text(const char *wanted, const char *made)
{
    return wanted == NULL || strcmp(wanted, made) == 0;
}

static bool agrees_symbol(const char *wanted, const char *made)
{
    char plain[LAB_SYMBOL_SIZE];
    return wanted == NULL || (lab_place_symbol(wanted, plain) && strcmp(plain, made) == 0);
}

/* What the request leaves open is as the cache has it. */
static bool agrees(const lab_import_options *options, const lab_cache *cache)
{
    const lab_cache_source *const source = lab_cache_source_of(cache);
    const lab_kind kind = lab_cache_kind(cache);
    return (options->kind == LAB_KIND_ANY || options->kind == kind) &&
           agrees_text(options->columns, source->columns) &&
           agrees_text(options->time_unit, source->time_unit) &&
           agrees_text(options->quotes, source->quotes) &&
           agrees_text(options->venue, lab_cache_venue(cache)) &&
           agrees_symbol(options->symbol, lab_cache_symbol(cache)) &&
           (options->timeframe_ns == 0 || kind != LAB_KIND_CANDLES ||
               options->timeframe_ns == lab_cache_candles(cache)->timeframe_ns) &&
           (options->made_ns == 0 || options->made_ns == source->made_ns) &&
           (!options->is_rounded || source->is_rounded);
}

static bool is_fresh(const lab_cache *cache, const struct stat *source)
{
    const lab_cache_source *const made = lab_cache_source_of(cache);
    const int64_t mtime_ns =
        (int64_t)source->st_mtim.tv_sec * CB_NS_PER_S + source->st_mtim.tv_nsec;
    return made->size == (uint64_t)source->st_size && made->mtime_ns == mtime_ns;
}

/* Options that an older cache was made with and that the request leaves open: a source that grew is
 * read as it was the first time. The texts stay in the cache, which the caller closes afterwards.
 */
static void inherit(lab_import_options *options, const lab_cache *cache)
{
    const lab_cache_source *const made = lab_cache_source_of(cache);
    options->kind = options->kind == LAB_KIND_ANY ? lab_cache_kind(cache) : options->kind;
    if (options->columns == NULL && made->columns[0] != '\0') {
        options->columns = made->columns;
    }
    if (options->time_unit == NULL && made->time_unit[0] != '\0') {
        options->time_unit = made->time_unit;
    }
    if (options->quotes == NULL && made->quotes[0] != '\0') {
        options->quotes = made->quotes;
    }
    if (options->venue == NULL && made->venue[0] != '\0') {
        options->venue = made->venue;
    }
    if (options->symbol == NULL && made->symbol[0] != '\0') {
        options->symbol = made->symbol;
    }
    options->timeframe_ns = options->timeframe_ns == 0 ? made->timeframe_ns : options->timeframe_ns;
    options->is_rounded = options->is_rounded || made->is_rounded;
}

/* ---- import ---- */

static cb_status read_source(lab_reader *reader,
    const lab_history_request *request,
    const lab_import_options *options,
    lab_table *table,
    bool *is_capture,
    cb_err *err)
{
    const lab_progress_call progress = {request->progress, request->context};
    char first = '\0';
    cb_status status = lab_reader_peek(reader, &first, err);
    if (status == CB_OK) {
        *is_capture = first == '{';
        status = *is_capture ? lab_capture_read(reader, options, progress, table, err)
                             : lab_csv_read(reader, options, progress, table, err);
    }
    if (status == CB_OK && options->kind != LAB_KIND_ANY && options->kind != table->kind) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s holds %s, not %s",
            request->path,
            lab_shape_of(table->kind)->name,
            lab_shape_of(options->kind)->name);
    }
    return status;
}

static cb_status name_table(
    const char *path, const lab_import_options *options, lab_table *table, cb_err *err)
{
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    lab_place_guess(path, venue, symbol);
    if (table->venue[0] == '\0' || options->venue != NULL) {
        const char *const name = options->venue != NULL ? options->venue : venue;
        if (!cb_text_copy(table->venue, sizeof table->venue, cb_sv_from(name))) {
            return CB_FAIL(err, CB_E_CONFIG, "the venue '%.40s' is too long", name);
        }
    }
    if (options->symbol != NULL && !lab_place_symbol(options->symbol, table->symbol)) {
        return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is no symbol", options->symbol);
    }
    if (table->symbol[0] == '\0') {
        memcpy(table->symbol, symbol, sizeof table->symbol);
    }
    if (table->symbol[0] == '\0') {
        return CB_FAIL(
            err, CB_E_CONFIG, "%s: the name tells no symbol: name it with --symbol", path);
    }
    return CB_OK;
}

static void note_text(const char *text, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static void describe(const char *path,
    lab_reader *reader,
    const lab_import_options *options,
    lab_cache_source *source)
{
    memset(source, 0, sizeof *source);
    char *const absolute = realpath(path, NULL);
    note_text(absolute != NULL ? absolute : path, source->path, sizeof source->path);
    free(absolute);
    lab_reader_hash(reader, source->hash);
    source->size = lab_reader_size(reader);
    source->mtime_ns = lab_reader_mtime_ns(reader);
    note_text(options->columns, source->columns, sizeof source->columns);
    note_text(options->time_unit, source->time_unit, sizeof source->time_unit);
    note_text(options->quotes, source->quotes, sizeof source->quotes);
    note_text(options->venue, source->venue, sizeof source->venue);
    if (options->symbol != NULL) {
        (void)lab_place_symbol(options->symbol, source->symbol);
    }
    source->timeframe_ns = options->timeframe_ns;
    source->made_ns = options->made_ns;
    source->is_forced = options->is_forced;
    source->is_rounded = options->is_rounded;
}

/* A file that is written while it is read would leave a cache of neither state. */
static cb_status refuse_changed(const char *path, const lab_reader *reader, cb_err *err)
{
    struct stat now;
    if (stat(path, &now) != 0 || (uint64_t)now.st_size != lab_reader_size(reader) ||
        (int64_t)now.st_mtim.tv_sec * CB_NS_PER_S + now.st_mtim.tv_nsec !=
            lab_reader_mtime_ns(reader)) {
        return CB_FAIL(err, CB_E_STATE, "%s changed while it was read: try again", path);
    }
    return CB_OK;
}

static cb_status refuse_fatal(const lab_table *table, cb_err *err)
{
    if (table->fatal_count == 0) {
        return CB_OK;
    }
    char more[64] = "";
    if (table->fatal_count > 1) {
        (void)snprintf(more, sizeof more, " (and %" PRIu64 " rows more)", table->fatal_count - 1);
    }
    return CB_FAIL(err, CB_E_STATE, "%s%s; --force leaves such rows out", table->reason, more);
}

static cb_status place_new(
    const lab_history_request *request, lab_kind kind, const char *symbol, char *out, cb_err *err)
{
    if (request->cache_dir == NULL && lab_place_is_writable(request->path)) {
        return lab_place_beside(request->path, kind, symbol, out, err);
    }
    const cb_status status =
        lab_place_in_folder(request->path, request->cache_dir, kind, symbol, out, err);
    return status == CB_OK ? lab_place_make_folder(out, err) : status;
}

static cb_status import(const lab_history_request *request,
    const lab_import_options *options,
    lab_history *history,
    cb_err *err)
{
    lab_reader *reader = NULL;
    lab_table table = {0};
    lab_cache_source source;
    cb_status status = lab_reader_open(request->path, &reader, err);
    if (status != CB_OK) {
        return status;
    }
    bool is_capture = false;
    status = read_source(reader, request, options, &table, &is_capture, err);
    if (status == CB_OK) {
        const int64_t made_ns =
            options->made_ns != 0 ? options->made_ns : lab_reader_mtime_ns(reader);
        table.timeframe_ns = options->timeframe_ns;
        status = lab_check_table(&table, request->path, made_ns, err);
    }
    if (status == CB_OK && !options->is_forced) {
        status = refuse_fatal(&table, err);
    }
    table.is_forced = table.fatal_count > 0;
    if (status == CB_OK) {
        status = name_table(request->path, options, &table, err);
    }
    if (status == CB_OK) {
        status = refuse_changed(request->path, reader, err);
    }
    if (status == CB_OK) {
        /* a capture may hold several symbols: each that is asked for has a cache of its own */
        const char *const part = is_capture && options->symbol != NULL ? table.symbol : NULL;
        status = place_new(request, table.kind, part, history->path, err);
    }
    if (status == CB_OK) {
        describe(request->path, reader, options, &source);
        status = lab_cache_write(history->path, &table, &source, err);
    }
    lab_table_release(&table);
    lab_reader_close(reader);
    return status == CB_OK ? lab_cache_open(history->path, &history->cache, err) : status;
}

/* ---- opening ---- */

/* A cache of the source at path, whatever its state; NULL when there is none. */
static lab_cache *open_at(const char *path)
{
    lab_cache *cache = NULL;
    return lab_cache_open(path, &cache, NULL) == CB_OK ? cache : NULL;
}

/* The cache of one kind and symbol (NULL: of the whole source), beside or in the folder. */
static lab_cache *open_part(
    const lab_history_request *request, lab_kind kind, const char *symbol, char *path)
{
    lab_cache *cache = NULL;
    if (request->cache_dir == NULL &&
        lab_place_beside(request->path, kind, symbol, path, NULL) == CB_OK) {
        cache = open_at(path);
    }
    if (cache == NULL &&
        lab_place_in_folder(request->path, request->cache_dir, kind, symbol, path, NULL) == CB_OK) {
        cache = open_at(path);
    }
    return cache;
}

/* Looks beside the source, then in the folder of caches, for each kind that may be meant. */
static lab_cache *look_for(const lab_history_request *request, char *path)
{
    const lab_kind wanted = request->options.kind;
    char symbol[LAB_SYMBOL_SIZE];
    const bool is_named =
        request->options.symbol != NULL && lab_place_symbol(request->options.symbol, symbol);
    for (int kind = LAB_KIND_ANY + 1; kind < LAB_KIND_COUNT; kind++) {
        if (wanted != LAB_KIND_ANY && wanted != (lab_kind)kind) {
            continue;
        }
        lab_cache *cache = is_named ? open_part(request, (lab_kind)kind, symbol, path) : NULL;
        cache = cache != NULL ? cache : open_part(request, (lab_kind)kind, NULL, path);
        if (cache != NULL) {
            return cache;
        }
    }
    return NULL;
}

static cb_status refuse_forced(
    const lab_history_request *request, const lab_history *history, cb_err *err)
{
    if (!lab_cache_is_forced(history->cache) || request->options.is_forced) {
        return CB_OK;
    }
    return CB_FAIL(err,
        CB_E_STATE,
        "%s; it was imported by force, and only a forced run may use it",
        lab_cache_reason(history->cache));
}

static cb_status open_file(const lab_history_request *request, lab_history *history, cb_err *err)
{
    struct stat source;
    if (stat(request->path, &source) != 0) {
        return CB_FAIL(err,
            errno == ENOENT ? CB_E_NOT_FOUND : CB_E_IO,
            "%s: %s",
            request->path,
            strerror(errno));
    }
    lab_import_options options = request->options;
    lab_cache *const found = look_for(request, history->path);
    if (found != NULL && !request->is_rebuilt && is_fresh(found, &source) &&
        agrees(&options, found)) {
        history->cache = found;
        history->was_cached = true;
        return refuse_forced(request, history, err);
    }
    if (found != NULL) {
        inherit(&options, found);
    }
    const cb_status status = import(request, &options, history, err);
    lab_cache_close(found);
    return status;
}

/* Rows of the database into a cache in the folder of caches. */
static cb_status import_postgres(
    lab_postgres *source, const lab_history_request *request, lab_history *history, cb_err *err)
{
    lab_table table = {0};
    lab_cache_source made;
    lab_postgres_describe(source, &made);
    cb_status status = lab_postgres_read(source, request, &table, err);
    if (status == CB_OK) {
        status = lab_check_table(&table, lab_postgres_name(source), 0, err);
    }
    if (status == CB_OK && !request->options.is_forced) {
        status = refuse_fatal(&table, err);
    }
    table.is_forced = table.fatal_count > 0;
    if (status == CB_OK) {
        status = lab_place_make_folder(history->path, err);
    }
    if (status == CB_OK) {
        status = lab_cache_write(history->path, &table, &made, err);
    }
    lab_table_release(&table);
    return status == CB_OK ? lab_cache_open(history->path, &history->cache, err) : status;
}

static cb_status open_postgres(
    const lab_history_request *request, lab_history *history, cb_err *err)
{
    lab_postgres *source = NULL;
    lab_cache_source now;
    const lab_kind kind =
        request->options.kind == LAB_KIND_ANY ? LAB_KIND_CANDLES : request->options.kind;
    cb_status status = lab_postgres_open(request, &source, err);
    if (status != CB_OK) {
        return status;
    }
    lab_postgres_describe(source, &now);
    status = lab_place_in_folder(
        lab_postgres_name(source), request->cache_dir, kind, NULL, history->path, err);
    if (status == CB_OK) {
        lab_cache *const found = open_at(history->path);
        const lab_cache_source *const made = found != NULL ? lab_cache_source_of(found) : &now;
        if (found != NULL && !request->is_rebuilt && made->size == now.size &&
            made->mtime_ns == now.mtime_ns && strcmp(made->hash, now.hash) == 0) {
            history->cache = found;
            history->was_cached = true;
            status = refuse_forced(request, history, err);
        } else {
            lab_cache_close(found);
            status = import_postgres(source, request, history, err);
        }
    }
    lab_postgres_close(source);
    return status;
}

cb_status lab_history_open(const lab_history_request *request, lab_history **out, cb_err *err)
{
    CB_ASSERT(request->path != NULL);
    lab_history *const history = calloc(1, sizeof *history);
    if (history == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    /* a cache itself: its source may be gone */
    history->cache = lab_postgres_is(request->path) ? NULL : open_at(request->path);
    cb_status status = CB_OK;
    if (history->cache != NULL) {
        (void)snprintf(history->path, sizeof history->path, "%s", request->path);
        history->was_cached = true;
        status = agrees(&request->options, history->cache)
                     ? refuse_forced(request, history, err)
                     : CB_FAIL(err, CB_E_CONFIG, "%s is another history", request->path);
    } else if (lab_postgres_is(request->path)) {
        status = open_postgres(request, history, err);
    } else {
        status = open_file(request, history, err);
    }
    if (status != CB_OK) {
        lab_history_close(history);
        return status;
    }
    *out = history;
    return CB_OK;
}

void lab_history_close(lab_history *history)
{
    if (history != NULL) {
        lab_cache_close(history->cache);
        free(history);
    }
}

lab_kind lab_history_kind(const lab_history *history)
{
    return lab_cache_kind(history->cache);
}

const lab_candles *lab_history_candles(const lab_history *history)
{
    return lab_cache_candles(history->cache);
}

const lab_trades *lab_history_trades(const lab_history *history)
{
    return lab_cache_trades(history->cache);
}

const lab_depth *lab_history_depth(const lab_history *history)
{
    return lab_cache_depth(history->cache);
}

const lab_finding *lab_history_findings(const lab_history *history, uint64_t *count)
{
    return lab_cache_findings(history->cache, count);
}

bool lab_history_is_forced(const lab_history *history)
{
    return lab_cache_is_forced(history->cache);
}

bool lab_history_was_cached(const lab_history *history)
{
    return history->was_cached;
}

const char *lab_history_cache_path(const lab_history *history)
{
    return history->path;
}

const lab_cache *lab_history_cache(const lab_history *history)
{
    return history->cache;
}
