/* libcurl, one connection, one request at a time. A download of history is in no hurry: it waits in
 * this thread, and says so on stderr when it waits for long. */
#include "services/lab/data/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/assert.h"

#define ATTEMPTS 6
#define FIRST_PAUSE_MS 250
#define CONNECT_TIMEOUT_S 10L
#define SLOW_BYTES_PER_S 100L
#define SLOW_S 30L
#define RETRY_AFTER_MAX_S 3600
#define BUFFER_MIN ((size_t)64 * 1024)

struct lab_fetch {
    CURL *curl;
    char *body; /* [owned] */
    size_t used;
    size_t capacity;
    bool is_too_large;
    int64_t used_weight;   /* -1: the answer did not say */
    int64_t retry_after_s; /* -1: the answer did not say */
    uint64_t weight_max;
    char problem[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    lab_fetch *const fetch = context;
    const size_t got = size * count;
    if (fetch->used + got + 1 > fetch->capacity) {
        size_t capacity = fetch->capacity == 0 ? BUFFER_MIN : fetch->capacity;
        while (capacity < fetch->used + got + 1) {
            capacity *= 2;
        }
        char *const larger = capacity <= LAB_FETCH_BODY_MAX ? realloc(fetch->body, capacity) : NULL;
        if (larger == NULL) {
            fetch->is_too_large = true;
            return 0; /* ends the transfer */
        }
        fetch->body = larger;
        fetch->capacity = capacity;
    }
    memcpy(fetch->body + fetch->used, bytes, got);
    fetch->used += got;
    fetch->body[fetch->used] = '\0';
    return got;
}

/* A number behind a header's name, or -1. */
static int64_t header_number(const char *line, size_t size, const char *name)
{
    const size_t name_size = strlen(name);
    uint64_t number = 0;
    if (size <= name_size || strncasecmp(line, name, name_size) != 0) {
        return -1;
    }
    cb_strview value = {line + name_size, size - name_size};
    while (value.size > 0 && (*value.at == ' ' || *value.at == ':')) {
        value.at++;
        value.size--;
    }
    while (value.size > 0 && (unsigned char)value.at[value.size - 1] <= ' ') {
        value.size--;
    }
    return cb_u64_parse(value, INT32_MAX, &number) ? (int64_t)number : -1;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    lab_fetch *const fetch = context;
    const int64_t weight = header_number(line, size * count, "x-mbx-used-weight-1m:");
    const int64_t retry = header_number(line, size * count, "retry-after:");
    fetch->used_weight = weight >= 0 ? weight : fetch->used_weight;
    fetch->retry_after_s = retry >= 0 ? retry : fetch->retry_after_s;
    return size * count;
}

cb_status lab_fetch_create(uint64_t weight_max, lab_fetch **out, cb_err *err)
{
    lab_fetch *const fetch = calloc(1, sizeof *fetch);
    if (fetch != NULL) {
        fetch->curl = curl_easy_init();
        fetch->weight_max = weight_max;
    }
    if (fetch == NULL || fetch->curl == NULL) {
        free(fetch);
        return CB_FAIL(err, CB_E_FULL, "no memory for libcurl");
    }
    CURL *const curl = fetch->curl;
    const bool is_set =
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->problem) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_S) == CURLE_OK;
    CB_ASSERT(is_set);
    *out = fetch;
    return CB_OK;
}

void lab_fetch_destroy(lab_fetch *fetch)
{
    if (fetch != NULL) {
        curl_easy_cleanup(fetch->curl);
        free(fetch->body);
        free(fetch);
    }
}

static void wait_ms(int64_t ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&pause, &pause) != 0) {
    }
}

static void wait_told(int64_t seconds, const char *why)
{
    (void)fprintf(stderr, "cerberus data download: waiting %" PRId64 " s: %s\n", seconds, why);
    wait_ms(seconds * 1000);
}

/* The venue's minutes are those of the clock: the next one begins with nothing used. */
static void keep_the_limit(lab_fetch *fetch)
{
    if (fetch->used_weight >= 0 && fetch->weight_max > 0 &&
        (uint64_t)fetch->used_weight * 5 > fetch->weight_max * 4) {
        wait_told(60 - time(NULL) % 60, "four fifths of the minute's request weight are used");
    }
}

typedef enum attempt { ATTEMPT_DONE, ATTEMPT_AGAIN, ATTEMPT_REFUSED } attempt;

static attempt judge_answer(lab_fetch *fetch, const char *url, cb_status *status, cb_err *err)
{
    long code = 0;
    (void)curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 200) {
        *status = CB_OK;
        return ATTEMPT_DONE;
    }
    char text[160];
    (void)snprintf(text, sizeof text, "%.150s", fetch->used > 0 ? fetch->body : "");
    cb_text_clean(text);
    *status = CB_FAIL(
        err, code == 404 ? CB_E_NOT_FOUND : CB_E_PEER, "%.250s answers %ld %s", url, code, text);
    if (code == 429 || code == 418) {
        const int64_t wait_s = fetch->retry_after_s >= 0 ? fetch->retry_after_s : 60;
        if (wait_s > RETRY_AFTER_MAX_S) {
            return ATTEMPT_REFUSED;
        }
        wait_told(wait_s, code == 429 ? "over the rate limit" : "banned for a while");
        return ATTEMPT_AGAIN;
    }
    return code >= 500 ? ATTEMPT_AGAIN : ATTEMPT_REFUSED;
}

static attempt try_once(lab_fetch *fetch, const char *url, cb_status *status, cb_err *err)
{
    fetch->used = 0;
    fetch->is_too_large = false;
    fetch->used_weight = -1;
    fetch->retry_after_s = -1;
    fetch->problem[0] = '\0';
    if (curl_easy_setopt(fetch->curl, CURLOPT_URL, url) != CURLE_OK) {
        *status = CB_FAIL(err, CB_E_FULL, "no memory for the address");
        return ATTEMPT_REFUSED;
    }
    const CURLcode code = curl_easy_perform(fetch->curl);
    if (code == CURLE_OK) {
        return judge_answer(fetch, url, status, err);
    }
    *status = CB_FAIL(err,
        code == CURLE_OPERATION_TIMEDOUT ? CB_E_TIMEOUT : CB_E_IO,
        "%.250s: %s",
        url,
        fetch->is_too_large
            ? "the answer is too large"
            : (fetch->problem[0] != '\0' ? fetch->problem : curl_easy_strerror(code)));
    const bool is_final = fetch->is_too_large || code == CURLE_UNSUPPORTED_PROTOCOL ||
                          code == CURLE_URL_MALFORMAT || code == CURLE_PEER_FAILED_VERIFICATION;
    return is_final ? ATTEMPT_REFUSED : ATTEMPT_AGAIN;
}

cb_status lab_fetch_get(lab_fetch *fetch, const char *url, cb_strview *body, cb_err *err)
{
    cb_status status = CB_E_IO;
    for (int i = 0; i < ATTEMPTS; i++) {
        const attempt outcome = try_once(fetch, url, &status, err);
        if (outcome == ATTEMPT_DONE) {
            *body = (cb_strview){fetch->used > 0 ? fetch->body : "", fetch->used};
            keep_the_limit(fetch);
            return CB_OK;
        }
        if (outcome == ATTEMPT_REFUSED) {
            return status;
        }
        if (fetch->retry_after_s < 0 && i + 1 < ATTEMPTS) {
            wait_ms((int64_t)FIRST_PAUSE_MS << i);
        }
    }
    return status;
}
