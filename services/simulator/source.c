/* Recorded files: scanning (every row is read and checked before the market opens) and reading on
 * while it runs. Playing stands in source_play.c. */
#include "services/simulator/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/history.h"
#include "services/simulator/source_internal.h"

#define INTERVAL_ROWS 1000 /* rows whose smallest distance tells the interval */

/* ---- the list of files ---- */

static bool is_symbol_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "…:BTCUSDT" */
static const char *explicit_symbol(const char *item)
{
    const char *colon = strrchr(item, ':');
    if (colon == NULL || colon[1] == '\0') {
        return NULL;
    }
    for (const char *at = colon + 1; *at != '\0'; at++) {
        if (!is_symbol_char(*at)) {
            return NULL;
        }
    }
    return colon + 1;
}

/* The first word of 5 or more capitals and digits in the file's name. */
static bool symbol_of_name(const char *path, char out[24])
{
    const char *at = strrchr(path, '/');
    at = at == NULL ? path : at + 1;
    while (*at != '\0') {
        size_t size = 0;
        bool has_letter = false;
        while (is_symbol_char(at[size])) {
            has_letter = has_letter || at[size] >= 'A';
            size++;
        }
        const bool is_word_end = at[size] == '\0' || strchr("_.-", at[size]) != NULL;
        if (size >= 5 && size < 24 && has_letter && is_word_end) {
            memcpy(out, at, size);
            out[size] = '\0';
            return true;
        }
        while (at[size] != '\0' && strchr("_.-", at[size]) == NULL) {
            size++; /* the rest of a word that is no symbol */
        }
        at += at[size] == '\0' ? size : size + 1;
    }
    return false;
}

static cb_status add_file(sim_source *source, const char *path, size_t size, cb_err *err)
{
    if (source->files_count == SIM_SOURCE_FILES_MAX) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "replay: more than %d files of %s",
            SIM_SOURCE_FILES_MAX,
            source->symbol);
    }
    char *to = source->paths[source->files_count];
    if (!cb_text_copy(to, sizeof(source->paths[0]), (cb_strview){path, size})) {
        return CB_FAIL(err, CB_E_CONFIG, "replay: path is too long: %s", path);
    }
    source->files_count++;
    return CB_OK;
}

cb_status sim_sources_parse(
    const char *list, sim_source *sources, uint32_t capacity, uint32_t *count, cb_err *err)
{
    char item[512];
    *count = 0;
    for (size_t i = 0; cb_config_list_item(list, i, item, sizeof(item)); i++) {
        char symbol[24];
        const char *given = explicit_symbol(item);
        if (given != NULL ? !cb_text_copy(symbol, sizeof(symbol), cb_sv_from(given))
                          : !symbol_of_name(item, symbol)) {
            return CB_FAIL(
                err, CB_E_CONFIG, "replay: no symbol in the name of %s: write FILE:SYMBOL", item);
        }
        uint32_t at = 0;
        while (at < *count && strcmp(sources[at].symbol, symbol) != 0) {
            at++;
        }
        if (at == *count) {
            if (*count == capacity) {
                return CB_FAIL(err, CB_E_CONFIG, "replay: more than %u symbols", capacity);
            }
            (void)cb_text_copy(sources[at].symbol, sizeof(symbol), cb_sv_from(symbol));
            (*count)++;
        }
        const size_t size = given == NULL ? strlen(item) : (size_t)(given - item) - 1;
        const cb_status status = add_file(&sources[at], item, size, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return *count > 0 ? CB_OK : CB_FAIL(err, CB_E_CONFIG, "replay: no file is named");
}

/* ---- reading rows, for the scan and for the play ---- */

static cb_status open_file(sim_source *source, cb_err *err)
{
    sim_lines_close(source->lines);
    source->lines = sim_lines_open(source->paths[source->file], err);
    source->is_header_due = true;
    return source->lines == NULL ? CB_E_IO : CB_OK;
}

/* The first line says what the file is; it must be the same for all files of a symbol. */
static cb_status check_format(sim_source *source, cb_strview line, bool *is_header, cb_err *err)
{
    const sim_format format = sim_rows_detect(line, is_header);
    const char *path = source->paths[source->file];
    if (format == SIM_FORMAT_NONE) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "%s:1: neither candles (open_time_ms,open,high,low,close,volume or 12 columns), "
            "trades (time_ms,price,qty,side,trade_id) nor a capture",
            path);
    }
    if (source->format != SIM_FORMAT_NONE && source->format != format) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "%s:1: another kind of file than the first of %s",
            path,
            source->symbol);
    }
    source->format = format;
    return CB_OK;
}

cb_status sim_source_line(sim_source *source, cb_strview *out, cb_err *err)
{
    for (;;) {
        if (source->lines == NULL) {
            if (source->file == source->files_count) {
                return CB_E_NOT_FOUND;
            }
            const cb_status status = open_file(source, err);
            if (status != CB_OK) {
                return status;
            }
        }
        cb_status status = sim_lines_next(source->lines, out, err);
        if (status == CB_E_NOT_FOUND) {
            sim_lines_close(source->lines);
            source->lines = NULL;
            source->file++;
            continue;
        }
        if (status != CB_OK || !source->is_header_due) {
            return status;
        }
        bool is_header = false;
        source->is_header_due = false;
        status = check_format(source, *out, &is_header, err);
        if (status != CB_OK || !is_header) {
            return status;
        }
    }
}

/* Update ids of a capture are continuous, and its frames belong to its symbol. */
static cb_status check_frame(sim_source *source, const sim_frame *frame, cb_err *err)
{
    if (frame->kind == SIM_FRAME_SNAPSHOT || frame->kind == SIM_FRAME_OTHER) {
        return CB_OK;
    }
    if (strcmp(frame->symbol, source->symbol) != 0) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "frame of %s in a capture of %s", frame->symbol, source->symbol);
    }
    if (frame->kind == SIM_FRAME_TRADE && (frame->price_e8 <= 0 || frame->qty_e8 <= 0)) {
        return CB_FAIL(err, CB_E_CORRUPT, "a trade without a price or a quantity");
    }
    if (frame->kind != SIM_FRAME_DEPTH) {
        return CB_OK;
    }
    if (source->check.last_id != 0 && frame->update_first != source->check.last_id + 1) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "update ids are not continuous: %llu follows %llu",
            (unsigned long long)frame->update_first,
            (unsigned long long)source->check.last_id);
    }
    source->check.last_id = frame->update_last;
    return CB_OK;
}

static void refine(int64_t *unit_e8, int64_t value_e8)
{
    while (value_e8 % *unit_e8 != 0) {
        *unit_e8 /= 10;
    }
}

static void note_frame(sim_source *source, const sim_frame *frame)
{
    sim_rows_check *check = &source->check;
    for (uint32_t i = 0; i < frame->bids_count; i++) {
        refine(&check->tick_e8, frame->bids[i].price_e8);
        refine(&check->step_e8, frame->bids[i].qty_e8);
    }
    for (uint32_t i = 0; i < frame->asks_count; i++) {
        refine(&check->tick_e8, frame->asks[i].price_e8);
        refine(&check->step_e8, frame->asks[i].qty_e8);
    }
    refine(&check->tick_e8, frame->price_e8);
    refine(&check->step_e8, frame->qty_e8);
    if (source->skew_ns == 0 && frame->event_ns != 0) {
        source->skew_ns = frame->event_ns - frame->recv_ns;
    }
    check->rows_count++;
}

/* Keeps the bytes of a line: the frame points into them until the next one. */
static void keep_line(sim_source *source, cb_strview *line)
{
    if (line->size > source->line_size) {
        source->line_size = line->size * 2;
        source->line = realloc(source->line, source->line_size);
        CB_ASSERT(source->line != NULL);
    }
    memcpy(source->line, line->at, line->size);
    line->at = source->line;
}

cb_status sim_source_row(sim_source *source, cb_strview line, int64_t *ts_ns, cb_err *err)
{
    cb_status status = CB_OK;
    if (source->format == SIM_FORMAT_TRADES) {
        status = sim_rows_trade(line, &source->trade, err);
        *ts_ns = source->trade.ts_ns;
        return status != CB_OK ? status : sim_rows_check_trade(&source->check, &source->trade, err);
    }
    if (source->format != SIM_FORMAT_CAPTURE) {
        status = sim_rows_candle(source->format, line, &source->play.candle, err);
        *ts_ns = source->play.candle.open_ns;
        return status != CB_OK ? status
                               : sim_rows_check_candle(&source->check, &source->play.candle, err);
    }
    keep_line(source, &line);
    status = sim_frame_read(line, source->frame, err);
    if (status == CB_OK) {
        status = check_frame(source, source->frame, err);
    }
    if (status == CB_OK) {
        note_frame(source, source->frame);
        *ts_ns = source->frame->event_ns != 0 ? source->frame->event_ns
                                              : source->frame->recv_ns + source->skew_ns;
    }
    return status;
}

/* ---- the scan ---- */

/* The interval of candles is the smallest distance of the first rows that can be read at all; what
 * else is wrong with a row is found, and told, by the scan. */
static cb_status find_interval(sim_source *source, cb_err *err)
{
    cb_strview line;
    int64_t last_ns = 0;
    source->file = 0;
    source->play.interval_ns = INT64_MAX;
    for (uint32_t i = 0; i < INTERVAL_ROWS; i++) {
        cb_err ignored = {0};
        const cb_status status = sim_source_line(source, &line, err);
        if (status == CB_E_NOT_FOUND) {
            break;
        }
        if (status != CB_OK) {
            return status;
        }
        if (source->format != SIM_FORMAT_CANDLES && source->format != SIM_FORMAT_BINANCE) {
            source->play.interval_ns = 0;
            return CB_OK;
        }
        if (sim_rows_candle(source->format, line, &source->play.candle, &ignored) != CB_OK) {
            continue;
        }
        const int64_t gap_ns = source->play.candle.open_ns - last_ns;
        /* A row off the grid tells no interval; the check of each row names it by its line. */
        if (last_ns != 0 && gap_ns > 0 && gap_ns < source->play.interval_ns &&
            sim_interval_of_ns(gap_ns) != SIM_INTERVAL_COUNT) {
            source->play.interval_ns = gap_ns;
        }
        last_ns = source->play.candle.open_ns;
    }
    if (source->play.interval_ns == INT64_MAX) {
        source->play.interval_ns = 60 * CB_NS_PER_S; /* one row tells no distance */
    }
    source->play.interval = sim_interval_of_ns(source->play.interval_ns);
    if (source->play.interval == SIM_INTERVAL_COUNT) {
        return CB_FAIL(err,
            CB_E_CORRUPT,
            "%s: rows are %lld s apart, which is no candle interval",
            source->paths[0],
            (long long)(source->play.interval_ns / CB_NS_PER_S));
    }
    return CB_OK;
}

static void rewind_source(sim_source *source)
{
    sim_lines_close(source->lines);
    source->lines = NULL;
    source->file = 0;
    sim_rows_check_init(&source->check, source->play.interval_ns);
}

/* A bad row ends the start, or is counted and named. */
static cb_status bad_row(sim_source *source, cb_log *log, cb_err *err)
{
    const char *path = source->paths[source->file];
    const unsigned long long number = sim_lines_number(source->lines);
    source->bad_count++;
    if (!source->skips_bad) {
        (void)cb_err_context(err, "%s:%llu", path, number);
        return CB_E_CORRUPT;
    }
    CB_LOG(log,
        CB_LOG_WARN,
        "replay_row_skipped",
        CB_KV("file", path),
        CB_KI("line", number),
        CB_KV("reason", err->text));
    return CB_OK;
}

static cb_status scan_rows(sim_source *source, cb_log *log, cb_err *err)
{
    cb_strview line;
    for (;;) {
        int64_t ts_ns = 0;
        cb_status status = sim_source_line(source, &line, err);
        if (status != CB_OK) {
            return status == CB_E_NOT_FOUND ? CB_OK : status;
        }
        cb_err row_err = {0};
        if (sim_source_row(source, line, &ts_ns, &row_err) != CB_OK) {
            *err = row_err;
            status = bad_row(source, log, err);
            if (status != CB_OK) {
                return status;
            }
            continue;
        }
        if (ts_ns < source->from_ns || ts_ns >= source->to_ns) {
            continue;
        }
        if (source->rows_count == 0) {
            source->first_ns = ts_ns;
        }
        source->last_ns = ts_ns;
        source->rows_count++;
    }
}

static cb_status find_snapshot(sim_source *source, cb_err *err)
{
    cb_strview line;
    rewind_source(source);
    for (;;) {
        int64_t ts_ns = 0;
        cb_err ignored = {0};
        const cb_status status = sim_source_line(source, &line, err);
        if (status == CB_E_NOT_FOUND) {
            return CB_FAIL(err,
                CB_E_CORRUPT,
                "%s: the capture has no snapshot (a line whose msg has lastUpdateId)",
                source->paths[0]);
        }
        if (status != CB_OK) {
            return status;
        }
        if (sim_source_row(source, line, &ts_ns, &ignored) == CB_OK &&
            source->frame->kind == SIM_FRAME_SNAPSHOT) {
            return CB_OK;
        }
    }
}

cb_status sim_source_scan(sim_source *source, cb_log *log, cb_err *err)
{
    source->frame = calloc(1, sizeof(*source->frame));
    CB_ASSERT(source->frame != NULL);
    cb_status status = find_interval(source, err);
    if (status != CB_OK) {
        return status;
    }
    rewind_source(source);
    status = scan_rows(source, log, err);
    if (status != CB_OK) {
        return status;
    }
    source->tick_e8 = source->check.tick_e8;
    source->play.step_e8 = source->check.step_e8;
    if (source->rows_count == 0) {
        return CB_FAIL(
            err, CB_E_CONFIG, "%s: no row lies within replay.from and replay.to", source->paths[0]);
    }
    CB_LOG(log,
        CB_LOG_INFO,
        "replay_scanned",
        CB_KV("symbol", source->symbol),
        CB_KI("rows", source->rows_count),
        CB_KI("bad", source->bad_count));
    return source->format == SIM_FORMAT_CAPTURE ? find_snapshot(source, err) : CB_OK;
}

void sim_source_close(sim_source *source)
{
    sim_lines_close(source->lines);
    source->lines = NULL;
    free(source->frame);
    free(source->line);
    source->frame = NULL;
    source->line = NULL;
}
