/* Structured log lines, each written by one write(2) so that lines of several processes on one pipe
 * do not mix. No buffering, no thread, no rotation: the supervisor owns the file. A line that does
 * not fit is cut between pairs and marked; a line that cannot be written is dropped and counted. */
#include "rt/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/timefmt.h"
#include "rt/loop.h"

#define LINE_MAX_BYTES 4096 /* PIPE_BUF: such a write to a pipe is whole */
#define TAIL_RESERVE 32     /* room for the mark of a cut line and its end */
#define REPEATS_COUNT 64
#define REPEAT_WINDOW_NS (10 * CB_NS_PER_S)
#define EVENT_MAX 48

/* One warning or error that was printed lately. */
typedef struct repeat {
    uint64_t hash; /* 0: free */
    int64_t first_ns;
    uint64_t suppressed_count;
    cb_log_level level;
    char event[EVENT_MAX];
} repeat;

struct cb_log {
    int fd;
    bool is_json;
    bool is_line_torn; /* the last write was cut: start the next with a line end */
    cb_log_level level;
    cb_id correlation;
    uint64_t dropped_count;
    uint64_t problems_count;
    char service[24];
    repeat repeats[REPEATS_COUNT];
};

typedef struct line {
    bool is_json;
    bool is_cut;
    size_t used;
    char text[LINE_MAX_BYTES];
} line;

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

/* ---- building a line ---- */

static bool line_add(line *out, const char *text, size_t size)
{
    if (out->used + size > LINE_MAX_BYTES - TAIL_RESERVE) {
        return false;
    }
    memcpy(out->text + out->used, text, size);
    out->used += size;
    return true;
}

static bool line_add_text(line *out, const char *text)
{
    return line_add(out, text, strlen(text));
}

/* Text between quotes; escapes are those of JSON in both forms. */
static bool line_add_quoted(line *out, const char *text)
{
    bool fits = line_add(out, "\"", 1);
    for (const char *c = text; fits && *c != '\0'; c++) {
        char escaped[8] = {*c, '\0'};
        if (*c == '"' || *c == '\\') {
            (void)snprintf(escaped, sizeof(escaped), "\\%c", *c);
        } else if (*c == '\n') {
            (void)snprintf(escaped, sizeof(escaped), "\\n");
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            (void)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)(unsigned char)*c);
        }
        fits = line_add_text(out, escaped);
    }
    return fits && line_add(out, "\"", 1);
}

static bool needs_quotes(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= 0x20 || *c == '"' || *c == '=' || *c == '\\' || *c == 0x7f) {
            return true;
        }
    }
    return text[0] == '\0';
}

/* A pair that does not fit is taken back whole and marks the line as cut. */
static void line_pair(line *out, const char *key, const char *text, int64_t number)
{
    const size_t start = out->used;
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%" PRId64, number);
    bool fits = true;
    if (out->is_json) {
        fits = line_add_text(out, out->used == 0 ? "{" : ",") && line_add_quoted(out, key) &&
               line_add_text(out, ":");
    } else {
        fits = line_add_text(out, out->used == 0 ? "" : " ") && line_add_text(out, key) &&
               line_add_text(out, "=");
    }
    if (text == NULL) {
        fits = fits && line_add_text(out, digits);
    } else if (out->is_json || needs_quotes(text)) {
        fits = fits && line_add_quoted(out, text);
    } else {
        fits = fits && line_add_text(out, text);
    }
    if (!fits) {
        out->used = start;
        out->is_cut = true;
    }
}

static void line_begin(line *out, const cb_log *log, cb_log_level level, const char *event)
{
    out->is_json = log->is_json;
    out->is_cut = false;
    out->used = 0;
    char time_text[CB_TIME_TEXT_MAX];
    CB_MAYBE(cb_time_print(cb_wall_ns(), 6, time_text));
    line_pair(out, "ts", time_text, 0);
    line_pair(out, "level", LEVELS[level], 0);
    line_pair(out, "service", log->service, 0);
    line_pair(out, "event", event, 0);
    if (!cb_id_is_none(log->correlation)) {
        char id_text[CB_ID_TEXT_MAX];
        cb_id_print(log->correlation, id_text);
        line_pair(out, "correlation_id", id_text, 0);
    }
}

static void line_write(line *out, cb_log *log)
{
    if (out->is_cut) {
        const char *mark = out->is_json ? ",\"is_cut\":true" : " is_cut=true";
        const size_t size = strlen(mark);
        memcpy(out->text + out->used, mark, size);
        out->used += size;
    }
    if (out->is_json) {
        out->text[out->used++] = '}';
    }
    out->text[out->used++] = '\n';
    CB_ASSERT(out->used <= LINE_MAX_BYTES);
    if (log->is_line_torn && write(log->fd, "\n", 1) == 1) {
        log->is_line_torn = false;
    }
    ssize_t count = -1;
    do {
        count = write(log->fd, out->text, out->used);
    } while (count < 0 && errno == EINTR);
    if (count != (ssize_t)out->used) {
        log->dropped_count++;
        log->is_line_torn = log->is_line_torn || count > 0;
    }
}

/* ---- repeats ---- */

static uint64_t content_hash(
    cb_log_level level, const char *event, const cb_log_pair *pairs, size_t count)
{
    /* Numbers are left out: they are what changes between repeats of one problem. */
    uint64_t hash = cb_hash_u64(CB_HASH_SEED, (uint64_t)level);
    hash = cb_hash_text(hash, event);
    for (size_t i = 0; i < count; i++) {
        hash = cb_hash_text(hash, pairs[i].key);
        hash = cb_hash_text(hash, pairs[i].text != NULL ? pairs[i].text : "");
    }
    return hash != 0 ? hash : 1;
}

static void report_suppressed(cb_log *log, repeat *slot)
{
    if (slot->suppressed_count > 0) {
        line out;
        line_begin(&out, log, slot->level, slot->event);
        line_pair(&out, "repeated", NULL, (int64_t)slot->suppressed_count);
        line_write(&out, log);
    }
    slot->hash = 0;
    slot->suppressed_count = 0;
}

/* Tells whether this line was printed within the window; also reports windows that have ended. */
static bool is_repeat(cb_log *log, cb_log_level level, const char *event, uint64_t hash)
{
    const int64_t now_ns = cb_mono_ns();
    repeat *slot = &log->repeats[hash % REPEATS_COUNT];
    for (size_t i = 0; i < REPEATS_COUNT; i++) {
        repeat *other = &log->repeats[i];
        if (other->hash != 0 && now_ns - other->first_ns >= REPEAT_WINDOW_NS) {
            report_suppressed(log, other);
        }
    }
    if (slot->hash == hash) {
        slot->suppressed_count++;
        return true;
    }
    report_suppressed(log, slot);
    *slot = (repeat){.hash = hash, .first_ns = now_ns, .level = level};
    (void)snprintf(slot->event, sizeof(slot->event), "%s", event);
    return false;
}

/* ---- the interface ---- */

cb_log *cb_log_create(int fd, const char *service, bool is_json, cb_log_level level)
{
    cb_log *log = calloc(1, sizeof(*log));
    CB_ASSERT(log != NULL);
    log->fd = fd;
    log->is_json = is_json;
    log->level = level;
    (void)snprintf(log->service, sizeof(log->service), "%s", service);
    return log;
}

void cb_log_destroy(cb_log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < REPEATS_COUNT; i++) {
        report_suppressed(log, &log->repeats[i]);
    }
    free(log);
}

uint64_t cb_log_dropped_count(const cb_log *log)
{
    return log->dropped_count;
}

uint64_t cb_log_problems_count(const cb_log *log)
{
    return log->problems_count;
}

void cb_log_correlate(cb_log *log, cb_id id)
{
    log->correlation = id;
}

void cb_log_write(
    cb_log *log, cb_log_level level, const char *event, const cb_log_pair *pairs, size_t count)
{
    if (level < log->level) {
        return;
    }
    if (level >= CB_LOG_WARN) {
        log->problems_count++;
        if (is_repeat(log, level, event, content_hash(level, event, pairs, count))) {
            return;
        }
    }
    line out;
    line_begin(&out, log, level, event);
    for (size_t i = 0; i < count; i++) {
        line_pair(&out, pairs[i].key, pairs[i].text, pairs[i].number);
    }
    line_write(&out, log);
}

void cb_log_err(cb_log *log, cb_log_level level, const char *event, const cb_err *err)
{
    char place[160];
    (void)snprintf(place, sizeof(place), "%s:%d", err->file != NULL ? err->file : "?", err->line);
    CB_LOG(log,
        level,
        event,
        CB_KV("code", cb_status_name(err->code)),
        CB_KV("error", err->text),
        CB_KV("at", place));
}
