/* An append-only CSV file as its own journal. Whole pages are written at once, but nothing rests on
 * that: a torn last line is cut off on opening, and a row's key says whether it is there. */
#include "services/lab/data/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "services/lab/data/csv_time.h"

#define BUFFER_SIZE ((size_t)1024 * 1024)
#define ROW_MAX 4096u

struct lab_sink {
    int fd;
    char *path; /* [owned] */
    lab_sink_rows rows;
    char *buffer; /* [owned] BUFFER_SIZE */
    size_t used;
    bool has_rows;
    uint64_t first_key;
    int64_t first_ns;
    uint64_t last_key;
    int64_t last_ns;
    uint64_t added;
};

/* Column number index of a row, and how many there are. */
static cb_strview column_of(cb_strview row, uint32_t index, uint32_t *count)
{
    cb_strview found = {NULL, 0};
    const char *from = row.at;
    *count = 0;
    for (size_t i = 0; i <= row.size; i++) {
        if (i == row.size || row.at[i] == ',') {
            if (*count == index) {
                found = (cb_strview){from, (size_t)(row.at + i - from)};
            }
            (*count)++;
            from = row.at + i + 1;
        }
    }
    return found;
}

cb_status lab_sink_read(
    lab_sink_rows rows, cb_strview row, uint64_t *key, int64_t *ts_ns, cb_err *err)
{
    uint32_t count = 0;
    uint64_t number = 0;
    const bool is_klines = rows == LAB_SINK_KLINES;
    const cb_strview first = column_of(row, 0, &count);
    const cb_strview time = column_of(row, is_klines ? 0 : 5, &count);
    const bool is_row = count == (is_klines ? 12u : 8u) && cb_u64_parse(first, INT64_MAX, key) &&
                        cb_u64_parse(time, INT64_MAX, &number) &&
                        lab_time_scale(number, lab_time_unit_of(number), ts_ns);
    if (!is_row) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "no row of %s: '%.*s'",
            is_klines ? "klines" : "aggregate trades",
            row.size > 60 ? 60 : (int)row.size,
            row.at);
    }
    if (is_klines) {
        *key = (uint64_t)*ts_ns; /* the unit may change inside a file */
    }
    return CB_OK;
}

static cb_status failed(const lab_sink *sink, cb_err *err)
{
    const int code = errno;
    return code == ENOSPC || code == EDQUOT
               ? CB_FAIL(err,
                     CB_E_FULL,
                     "the disk of %.300s is full: what is there is whole; make room and start "
                     "again",
                     sink->path)
               : CB_FAIL(err, CB_E_IO, "%.300s: %s", sink->path, strerror(code));
}

static ssize_t read_at(int fd, char *out, size_t size, off_t offset)
{
    ssize_t got;
    do {
        got = pread(fd, out, size, offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

static cb_status read_first(lab_sink *sink, cb_err *err)
{
    char head[ROW_MAX];
    const ssize_t got = read_at(sink->fd, head, sizeof head, 0);
    const char *const end = got > 0 ? memchr(head, '\n', (size_t)got) : NULL;
    if (end == NULL) {
        return CB_FAIL(err, CB_E_CORRUPT, "%.300s: no rows of a download", sink->path);
    }
    const cb_strview row = {head, (size_t)(end - head)};
    const cb_status status = lab_sink_read(sink->rows, row, &sink->first_key, &sink->first_ns, err);
    return status == CB_OK ? CB_OK : cb_err_context(err, "%.300s:1", sink->path);
}

/* Cuts off a last line without its end, and reads the one before it. */
static cb_status read_last(lab_sink *sink, off_t size, cb_err *err)
{
    char tail[2 * ROW_MAX];
    const off_t from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    const ssize_t got = read_at(sink->fd, tail, (size_t)(size - from), from);
    if (got != size - from) {
        return failed(sink, err);
    }
    const char *const end = memrchr(tail, '\n', (size_t)got);
    const off_t whole = end == NULL ? 0 : from + (end + 1 - tail);
    if (end == NULL && from > 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "%.300s: no rows of a download", sink->path);
    }
    if (whole != size && ftruncate(sink->fd, whole) != 0) {
        return failed(sink, err);
    }
    if (whole == 0) {
        return CB_OK;
    }
    const char *const before = memrchr(tail, '\n', (size_t)(end - tail));
    const char *const begin = before != NULL ? before + 1 : tail;
    const cb_strview row = {begin, (size_t)(end - begin)};
    cb_status status = lab_sink_read(sink->rows, row, &sink->last_key, &sink->last_ns, err);
    if (status != CB_OK) {
        return cb_err_context(err, "%.300s: its last line", sink->path);
    }
    sink->has_rows = true;
    return read_first(sink, err);
}

cb_status lab_sink_open(const char *path, lab_sink_rows rows, lab_sink **out, cb_err *err)
{
    struct stat info;
    lab_sink *const sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    sink->rows = rows;
    sink->path = strdup(path);
    sink->buffer = malloc(BUFFER_SIZE);
    sink->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    cb_status status = CB_OK;
    if (sink->path == NULL || sink->buffer == NULL) {
        status = CB_FAIL(err, CB_E_FULL, "no memory");
    } else if (sink->fd < 0 || fstat(sink->fd, &info) != 0) {
        status = failed(sink, err);
    } else if (flock(sink->fd, LOCK_EX | LOCK_NB) != 0) {
        status = CB_FAIL(err, CB_E_STATE, "%.300s: another download writes it", path);
    } else if (fstat(sink->fd, &info) == 0 && info.st_size > 0) {
        status = read_last(sink, info.st_size, err);
    }
    if (status == CB_OK && lseek(sink->fd, 0, SEEK_END) < 0) {
        status = failed(sink, err);
    }
    if (status == CB_OK) {
        *out = sink;
        return CB_OK;
    }
    if (sink->fd >= 0) {
        (void)close(sink->fd);
    }
    free(sink->path);
    free(sink->buffer);
    free(sink);
    return status;
}

cb_status lab_sink_flush(lab_sink *sink, cb_err *err)
{
    size_t at = 0;
    while (at < sink->used) {
        const ssize_t done = write(sink->fd, sink->buffer + at, sink->used - at);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return failed(sink, err);
        }
        at += (size_t)done;
    }
    sink->used = 0;
    return CB_OK;
}

cb_status lab_sink_close(lab_sink *sink, cb_err *err)
{
    if (sink == NULL) {
        return CB_OK;
    }
    cb_status status = lab_sink_flush(sink, err);
    if (status == CB_OK && fsync(sink->fd) != 0) {
        status = failed(sink, err);
    }
    (void)close(sink->fd);
    free(sink->path);
    free(sink->buffer);
    free(sink);
    return status;
}

bool lab_sink_first(const lab_sink *sink, uint64_t *key, int64_t *ts_ns)
{
    *key = sink->first_key;
    *ts_ns = sink->first_ns;
    return sink->has_rows;
}

bool lab_sink_last(const lab_sink *sink, uint64_t *key, int64_t *ts_ns)
{
    *key = sink->last_key;
    *ts_ns = sink->last_ns;
    return sink->has_rows;
}

uint64_t lab_sink_added(const lab_sink *sink)
{
    return sink->added;
}

cb_status lab_sink_add(lab_sink *sink, cb_strview row, bool *is_added, cb_err *err)
{
    uint64_t key = 0;
    int64_t ts_ns = 0;
    *is_added = false;
    cb_status status = lab_sink_read(sink->rows, row, &key, &ts_ns, err);
    if (status != CB_OK || (sink->has_rows && key <= sink->last_key)) {
        return status;
    }
    if (row.size + 1 > ROW_MAX) {
        return CB_FAIL(err, CB_E_SYNTAX, "a row is longer than %u bytes", ROW_MAX);
    }
    if (sink->used + row.size + 1 > BUFFER_SIZE) {
        status = lab_sink_flush(sink, err);
    }
    if (status == CB_OK) {
        memcpy(sink->buffer + sink->used, row.at, row.size);
        sink->buffer[sink->used + row.size] = '\n';
        sink->used += row.size + 1;
        sink->first_key = sink->has_rows ? sink->first_key : key;
        sink->first_ns = sink->has_rows ? sink->first_ns : ts_ns;
        sink->last_key = key;
        sink->last_ns = ts_ns;
        sink->has_rows = true;
        sink->added++;
        *is_added = true;
    }
    return status;
}
