/* Klines and aggregate trades by REST. A page is asked for by the last row that the file holds, so
 * an answer that is lost costs one page and nothing else. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/lab/core/derive.h"
#include "services/lab/data/download.h"
#include "venue/json.h"

#define PAGE_ROWS 1000u
#define URL_MAX 1024
#define ROW_MAX 1024

cb_status lab_download_fits(const lab_download *self, const lab_sink *sink, cb_err *err)
{
    uint64_t key = 0;
    int64_t first_ns = 0;
    char text[CB_TIME_TEXT_MAX];
    if (!lab_sink_first(sink, &key, &first_ns) || self->from_ns == 0 ||
        first_ns < self->from_ns + CB_NS_PER_DAY) {
        return CB_OK; /* a venue may have begun within the first day */
    }
    (void)cb_time_print(first_ns, 0, text);
    return CB_FAIL(err,
        CB_E_STATE,
        "the file begins at %s and rows are only added behind: name another one with --out",
        text);
}

/* The value's text into the row: numbers as they are, strings without their quotes. */
static bool add_cell(cb_json *json, char *row, size_t *used)
{
    cb_strview text = {NULL, 0};
    bool flag = false;
    switch (cb_json_peek(json)) {
    case CB_JSON_STRING:
        (void)cb_json_word(json, &text);
        break;
    case CB_JSON_NUMBER:
        (void)cb_json_number(json, &text);
        break;
    case CB_JSON_TRUE:
    case CB_JSON_FALSE:
        if (cb_json_bool(json, &flag)) {
            text = flag ? CB_SV("true") : CB_SV("false");
        }
        break;
    case CB_JSON_NONE:
    case CB_JSON_OBJECT:
    case CB_JSON_ARRAY:
    case CB_JSON_NULL:
        return cb_json_fail(json, CB_E_SYNTAX, "a cell is no number, text or flag");
    }
    if (text.at == NULL || memchr(text.at, ',', text.size) != NULL ||
        *used + text.size + 2 > ROW_MAX) {
        return cb_json_fail(json, CB_E_SYNTAX, "a cell is too long or holds a comma");
    }
    if (*used > 0) {
        row[(*used)++] = ',';
    }
    memcpy(row + *used, text.at, text.size);
    *used += text.size;
    return true;
}

/* [time,"o",…] into "time,o,…". */
static bool read_kline(cb_json *json, char *row, size_t *used)
{
    if (!cb_json_enter_array(json)) {
        return false;
    }
    while (cb_json_next_item(json)) {
        if (!add_cell(json, row, used)) {
            return false;
        }
    }
    return json->status == CB_OK;
}

/* {"a":…,"p":…} into the archive's columns, which have the same order as the answer. */
static bool read_aggregate(cb_json *json, char *row, size_t *used)
{
    static const char *const order[] = {"a", "p", "q", "f", "l", "T", "m", "M"};
    cb_strview key;
    size_t at = 0;
    if (!cb_json_enter_object(json)) {
        return false;
    }
    while (cb_json_next_key(json, &key)) {
        if (at < 8 && cb_sv_is(key, order[at])) {
            at++;
            if (!add_cell(json, row, used)) {
                return false;
            }
        } else if (!cb_json_skip(json)) {
            return false;
        }
    }
    return json->status == CB_OK;
}

typedef struct page {
    uint32_t rows;
    uint32_t added;
    bool is_past_end; /* a row at or behind to_ns was met */
} page;

static cb_status take_row(
    const lab_download *self, lab_sink *sink, cb_strview row, page *seen, cb_err *err)
{
    uint64_t key = 0;
    int64_t ts_ns = 0;
    bool is_added = false;
    cb_status status = lab_sink_read(self->rows, row, &key, &ts_ns, err);
    if (status != CB_OK) {
        return status;
    }
    const int64_t end_ns = self->rows == LAB_SINK_KLINES ? ts_ns + self->timeframe_ns : ts_ns + 1;
    if (end_ns > self->to_ns) {
        seen->is_past_end = true;
        return CB_OK;
    }
    if (ts_ns < self->from_ns) {
        return CB_OK;
    }
    status = lab_sink_add(sink, row, &is_added, err);
    seen->added += is_added ? 1 : 0;
    return status;
}

static cb_status take_page(
    const lab_download *self, lab_sink *sink, cb_strview body, page *seen, cb_err *err)
{
    cb_json json;
    cb_status status = CB_OK;
    *seen = (page){0};
    cb_json_init(&json, body);
    (void)cb_json_enter_array(&json);
    while (status == CB_OK && cb_json_next_item(&json)) {
        char row[ROW_MAX];
        size_t used = 0;
        const bool is_read = self->rows == LAB_SINK_KLINES ? read_kline(&json, row, &used)
                                                           : read_aggregate(&json, row, &used);
        if (is_read) {
            seen->rows++;
            status = take_row(self, sink, (cb_strview){row, used}, seen, err);
        }
    }
    if (status == CB_OK) {
        status = cb_json_finish(&json, "the venue's answer", err);
    }
    return status;
}

/* The venue's own clock: a simulated venue lives in another time, and ours may be wrong. */
static cb_status ask_time(const lab_download *self, lab_fetch *fetch, int64_t *now_ns, cb_err *err)
{
    char url[URL_MAX];
    cb_strview body;
    cb_strview key;
    cb_json json;
    uint64_t ms = 0;
    (void)snprintf(url, sizeof url, "%.500s/api/v3/time", self->base_url);
    cb_status status = lab_fetch_get(fetch, url, &body, err);
    if (status != CB_OK) {
        return status;
    }
    cb_json_init(&json, body);
    (void)cb_json_enter_object(&json);
    while (cb_json_next_key(&json, &key)) {
        if (cb_sv_is(key, "serverTime")) {
            (void)cb_json_u64(&json, &ms);
        } else {
            (void)cb_json_skip(&json);
        }
    }
    status = cb_json_finish(&json, "the venue's time", err);
    if (status == CB_OK && (ms == 0 || ms > (uint64_t)(INT64_MAX / CB_NS_PER_MS))) {
        status = CB_FAIL(err, CB_E_PEER, "%.250s tells no time", url);
    }
    *now_ns = status == CB_OK ? (int64_t)ms * CB_NS_PER_MS : 0;
    return status;
}

static void print_url(
    const lab_download *self, const lab_sink *sink, int64_t from_ns, char url[URL_MAX])
{
    uint64_t key = 0;
    int64_t last_ns = 0;
    const bool has_last = lab_sink_last(sink, &key, &last_ns);
    if (self->rows == LAB_SINK_KLINES) {
        (void)snprintf(url,
            URL_MAX,
            "%.500s/api/v3/klines?symbol=%s&interval=%s&startTime=%" PRId64 "&limit=%u",
            self->base_url,
            self->symbol,
            self->interval,
            from_ns / CB_NS_PER_MS,
            PAGE_ROWS);
    } else if (has_last) {
        (void)snprintf(url,
            URL_MAX,
            "%.500s/api/v3/aggTrades?symbol=%s&fromId=%" PRIu64 "&limit=%u",
            self->base_url,
            self->symbol,
            key + 1,
            PAGE_ROWS);
    } else {
        (void)snprintf(url,
            URL_MAX,
            "%.500s/api/v3/aggTrades?symbol=%s&startTime=%" PRId64 "&limit=%u",
            self->base_url,
            self->symbol,
            from_ns / CB_NS_PER_MS,
            PAGE_ROWS);
    }
}

/* Where the next page begins. */
static int64_t next_ns(const lab_download *self, const lab_sink *sink)
{
    uint64_t key = 0;
    int64_t last_ns = 0;
    if (!lab_sink_last(sink, &key, &last_ns)) {
        return self->from_ns;
    }
    const int64_t step_ns = self->rows == LAB_SINK_KLINES ? self->timeframe_ns : 0;
    return last_ns + step_ns > self->from_ns ? last_ns + step_ns : self->from_ns;
}

static cb_status take_pages(lab_download *self, lab_fetch *fetch, lab_sink *sink, cb_err *err)
{
    page seen = {0};
    do {
        char url[URL_MAX];
        cb_strview body;
        const int64_t from_ns = next_ns(self, sink);
        if (from_ns >= self->to_ns) {
            return CB_OK;
        }
        print_url(self, sink, from_ns, url);
        cb_status status = lab_fetch_get(fetch, url, &body, err);
        if (status == CB_OK) {
            status = take_page(self, sink, body, &seen, err);
        }
        if (status == CB_OK) {
            status = lab_sink_flush(sink, err);
        }
        if (status != CB_OK) {
            return status;
        }
        lab_progress_at(self->progress, (uint64_t)(next_ns(self, sink) - self->from_ns));
        /* a page without anything new is the end, or the same page would be asked for for ever */
    } while (seen.added > 0 && !seen.is_past_end);
    return CB_OK;
}

cb_status lab_download_rest(lab_download *self, lab_fetch *fetch, lab_sink *sink, cb_err *err)
{
    int64_t now_ns = 0;
    CB_ASSERT(self->rows != LAB_SINK_KLINES || self->timeframe_ns > 0);
    cb_status status = lab_download_fits(self, sink, err);
    if (status == CB_OK) {
        status = ask_time(self, fetch, &now_ns, err);
    }
    if (status != CB_OK) {
        return status;
    }
    if (self->to_ns == 0 || self->to_ns > now_ns) {
        self->to_ns = now_ns;
    }
    self->progress->total =
        (uint64_t)(self->to_ns > self->from_ns ? self->to_ns - self->from_ns : 0);
    return take_pages(self, fetch, sink, err);
}
