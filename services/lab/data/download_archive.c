/* The venue's public archive: one zip of one CSV file a day, or a month, with a file of its SHA-256
 * beside it. What was taken before a kill is not taken twice: rows that are there are passed over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/data/csv.h"
#include "services/lab/data/download.h"
#include "services/lab/data/reader.h"
#include "services/lab/data/sha.h"

#define URL_MAX 1024

typedef struct calendar {
    int year;
    int month; /* from 1 */
    int day;
} calendar;

static int number_at(const char *text, size_t size)
{
    uint64_t number = 0;
    const bool is_read = cb_u64_parse((cb_strview){text, size}, 9999, &number);
    CB_ASSERT(is_read || text[0] == '0');
    return (int)number;
}

/* "2024-01-05T…"; months and days below ten begin with a zero, which is no plain number. */
static calendar date_of(int64_t ts_ns)
{
    char text[CB_TIME_TEXT_MAX];
    const size_t size = cb_time_print(ts_ns, 0, text);
    CB_ASSERT(size > 10);
    const size_t month_zero = text[5] == '0' ? 1 : 0;
    const size_t day_zero = text[8] == '0' ? 1 : 0;
    return (calendar){number_at(text, 4),
        number_at(text + 5 + month_zero, 2 - month_zero),
        number_at(text + 8 + day_zero, 2 - day_zero)};
}

static int64_t month_after(calendar date)
{
    char text[CB_TIME_TEXT_MAX];
    int64_t ts_ns = 0;
    const int year = date.month == 12 ? date.year + 1 : date.year;
    (void)snprintf(
        text, sizeof text, "%04d-%02d-01T00:00:00Z", year % 10000, (date.month % 12 + 1) % 100);
    const bool is_read = cb_time_parse(text, strlen(text), &ts_ns);
    CB_ASSERT(is_read);
    return ts_ns;
}

static void print_url(const lab_download *self, calendar date, bool is_month, char url[URL_MAX])
{
    const bool is_klines = self->rows == LAB_SINK_KLINES;
    char period[32];
    if (is_month) {
        (void)snprintf(period, sizeof period, "%04d-%02d", date.year, date.month);
    } else {
        (void)snprintf(period, sizeof period, "%04d-%02d-%02d", date.year, date.month, date.day);
    }
    (void)snprintf(url,
        URL_MAX,
        "%.500s/data/spot/%s/%s/%s/%s%s%s-%s-%s.zip",
        self->base_url,
        is_month ? "monthly" : "daily",
        is_klines ? "klines" : "aggTrades",
        self->symbol,
        is_klines ? self->interval : "",
        is_klines ? "/" : "",
        self->symbol,
        is_klines ? self->interval : "aggTrades",
        period);
}

/* "HEX  NAME" as sha256sum writes it; the name does not matter. */
static cb_status check_sum(lab_fetch *fetch, const char *url, const char *found, cb_err *err)
{
    char address[URL_MAX + 16];
    cb_strview body;
    (void)snprintf(address, sizeof address, "%s.CHECKSUM", url);
    const cb_status status = lab_fetch_get(fetch, address, &body, err);
    if (status != CB_OK) {
        return status;
    }
    if (body.size < LAB_SHA256_TEXT - 1 || memcmp(body.at, found, LAB_SHA256_TEXT - 1) != 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "%.300s is not what its checksum says", url);
    }
    return CB_OK;
}

static cb_status take_line(const lab_download *self, lab_sink *sink, cb_strview line, cb_err *err)
{
    uint64_t key = 0;
    int64_t ts_ns = 0;
    bool is_added = false;
    if (line.size > 0 && line.at[line.size - 1] == '\r') {
        line.size--;
    }
    /* newer files begin with a header */
    if (line.size == 0 || line.at[0] < '0' || line.at[0] > '9') {
        return CB_OK;
    }
    const cb_status status = lab_sink_read(self->rows, line, &key, &ts_ns, err);
    if (status != CB_OK || ts_ns < self->from_ns || ts_ns >= self->to_ns) {
        return status;
    }
    return lab_sink_add(sink, line, &is_added, err);
}

/* The zip's rows, over a copy: the checksum is fetched into the buffer that the zip was in. */
static cb_status take_zip(const lab_download *self,
    lab_fetch *fetch,
    lab_sink *sink,
    const char *url,
    cb_strview zip,
    cb_err *err)
{
    char hash[LAB_SHA256_TEXT];
    cb_strview block = {NULL, 0};
    lab_reader *reader = NULL;
    lab_sha sha;
    lab_sha_begin(&sha);
    lab_sha_add(&sha, zip.at, zip.size);
    lab_sha_end(&sha, hash);
    char *const copy = malloc(zip.size + 1);
    if (copy == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for %.300s", url);
    }
    memcpy(copy, zip.at, zip.size);
    cb_status status = check_sum(fetch, url, hash, err);
    if (status == CB_OK) {
        status = lab_reader_over(url, copy, zip.size, &reader, err);
    }
    do {
        if (status == CB_OK) {
            status = lab_reader_next(reader, LAB_CSV_LINE_MAX, &block, err);
        }
        const char *at = block.at;
        while (status == CB_OK && at < block.at + block.size) {
            const char *const end = memchr(at, '\n', (size_t)(block.at + block.size - at));
            status = take_line(self, sink, (cb_strview){at, (size_t)(end - at)}, err);
            at = end + 1;
        }
    } while (status == CB_OK && block.size > 0);
    lab_reader_close(reader);
    free(copy);
    return status == CB_OK ? lab_sink_flush(sink, err) : status;
}

static int64_t begin_of(const lab_download *self, const lab_sink *sink)
{
    uint64_t key = 0;
    int64_t last_ns = 0;
    if (!lab_sink_last(sink, &key, &last_ns)) {
        return self->from_ns;
    }
    const int64_t step_ns = self->rows == LAB_SINK_KLINES ? self->timeframe_ns : 0;
    return last_ns + step_ns > self->from_ns ? last_ns + step_ns : self->from_ns;
}

/* One file; *is_there tells whether the archive has it. */
static cb_status take_period(const lab_download *self,
    lab_fetch *fetch,
    lab_sink *sink,
    calendar date,
    bool is_month,
    bool *is_there,
    cb_err *err)
{
    char url[URL_MAX];
    cb_strview zip;
    print_url(self, date, is_month, url);
    cb_status status = lab_fetch_get(fetch, url, &zip, err);
    *is_there = status != CB_E_NOT_FOUND;
    if (status == CB_E_NOT_FOUND) {
        return CB_OK;
    }
    if (status == CB_OK) {
        status = take_zip(self, fetch, sink, url, zip, err);
    }
    return status;
}

/* A month is taken whole when all of it is wanted; *next_ns is where to go on. */
static cb_status take_next(lab_download *self,
    lab_fetch *fetch,
    lab_sink *sink,
    int64_t at_ns,
    int64_t *next_ns,
    bool *is_there,
    cb_err *err)
{
    const calendar date = date_of(at_ns);
    const int64_t after_ns = month_after(date);
    const bool is_begin = date.day == 1 && at_ns % CB_NS_PER_DAY == 0;
    *is_there = false;
    if (is_begin && after_ns <= self->to_ns) {
        const cb_status status = take_period(self, fetch, sink, date, true, is_there, err);
        *next_ns = after_ns;
        if (status != CB_OK || *is_there) {
            return status;
        }
    }
    *next_ns = at_ns - at_ns % CB_NS_PER_DAY + CB_NS_PER_DAY;
    return take_period(self, fetch, sink, date, false, is_there, err);
}

cb_status lab_download_archive(lab_download *self, lab_fetch *fetch, lab_sink *sink, cb_err *err)
{
    const int64_t today_ns = (int64_t)time(NULL) / 86400 * 86400 * CB_NS_PER_S;
    cb_status status = lab_download_fits(self, sink, err);
    if (status == CB_OK && self->from_ns == 0) {
        status = CB_FAIL(err, CB_E_CONFIG, "the archive needs --from");
    }
    if (self->to_ns == 0 || self->to_ns > today_ns) {
        self->to_ns = today_ns; /* a day's file comes when the day is over */
    }
    self->progress->total =
        (uint64_t)(self->to_ns > self->from_ns ? self->to_ns - self->from_ns : 0);
    int64_t at_ns = begin_of(self, sink);
    while (status == CB_OK && at_ns < self->to_ns) {
        bool is_there = false;
        int64_t next_ns = 0;
        status = take_next(self, fetch, sink, at_ns, &next_ns, &is_there, err);
        if (status == CB_OK && !is_there) {
            char text[CB_TIME_TEXT_MAX];
            (void)cb_time_print(at_ns, 0, text);
            (void)fprintf(stderr, "cerberus data download: the archive has no %.10s\n", text);
            self->is_missing_told = true;
        }
        at_ns = next_ns;
        lab_progress_at(self->progress, (uint64_t)(at_ns - self->from_ns));
    }
    return status;
}
