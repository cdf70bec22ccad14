/* libcurl, one connection, in this thread. */
#include "services/lab/mlflow/client.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/assert.h"
#include "base/strview.h"

#define ATTEMPTS 6
#define FIRST_PAUSE_MS 200
#define RETRY_AFTER_MAX_S 120
#define CONNECT_TIMEOUT_S 10L
#define SLOW_BYTES_PER_S 100L
#define SLOW_S 30L
#define URL_SIZE 4096
#define ANSWER_MAX ((size_t)256 << 20)

struct lab_client {
    CURL *curl;
    struct curl_slist *json_headers;
    struct curl_slist *file_headers;
    char base[512];
    char *answer; /* [owned] NUL-terminated */
    size_t used;
    size_t capacity;
    int64_t retry_after_s; /* -1: not told */
    char problem[CURL_ERROR_SIZE];
};

/* ---- libcurl ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    lab_client *self = context;
    const size_t got = size * count;
    if (self->used + got + 1 > self->capacity) {
        size_t capacity = self->capacity == 0 ? 65536 : self->capacity;
        while (capacity < self->used + got + 1) {
            capacity *= 2;
        }
        char *larger = capacity <= ANSWER_MAX ? realloc(self->answer, capacity) : NULL;
        if (larger == NULL) {
            return 0; /* ends the transfer */
        }
        self->answer = larger;
        self->capacity = capacity;
    }
    memcpy(self->answer + self->used, bytes, got);
    self->used += got;
    self->answer[self->used] = '\0';
    return got;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    static const char name[] = "retry-after:";
    lab_client *self = context;
    const size_t length = size * count;
    uint64_t seconds = 0;
    if (length >= sizeof name && strncasecmp(line, name, sizeof name - 1) == 0) {
        cb_strview value = {line + sizeof name - 1, length - (sizeof name - 1)};
        while (value.size > 0 && *value.at == ' ') {
            value.at++;
            value.size--;
        }
        while (value.size > 0 && (unsigned char)value.at[value.size - 1] <= ' ') {
            value.size--;
        }
        if (cb_u64_parse(value, INT32_MAX, &seconds)) {
            self->retry_after_s = (int64_t)seconds;
        }
    }
    return length;
}

/* From the environment: a command line can be read by everybody on the machine. */
static bool set_login(CURL *curl)
{
    const char *token = getenv("MLFLOW_TRACKING_TOKEN");
    const char *user = getenv("MLFLOW_TRACKING_USERNAME");
    const char *password = getenv("MLFLOW_TRACKING_PASSWORD");
    if (token != NULL && token[0] != '\0') {
        return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token) == CURLE_OK;
    }
    return user == NULL || user[0] == '\0' ||
           (curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_USERNAME, user) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PASSWORD, password == NULL ? "" : password) ==
                   CURLE_OK);
}

static bool set_up(lab_client *self)
{
    CURL *curl = self->curl;
    self->json_headers = curl_slist_append(NULL, "Content-Type: application/json");
    self->file_headers = curl_slist_append(NULL, "Content-Type: application/octet-stream");
    return self->json_headers != NULL && self->file_headers != NULL &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, self) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, self) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, self->problem) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_S) == CURLE_OK && set_login(curl);
}

static cb_status check_url(const char *url, cb_err *err)
{
    const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;
    if (host == NULL || host[0] == '\0' || host[0] == '/') {
        return CB_FAIL(err, CB_E_CONFIG, "--to is http://host:port or https://host");
    }
    if (strchr(host, '@') != NULL) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "--to holds no secret: use MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD");
    }
    if (strpbrk(host, "?# \t\r\n\"<>\\") != NULL || strlen(url) >= 500) {
        return CB_FAIL(err, CB_E_CONFIG, "--to is too long, or no plain address");
    }
    return CB_OK;
}

cb_status lab_client_create(const char *url, lab_client **out, cb_err *err)
{
    CB_ASSERT(url != NULL && out != NULL);
    *out = NULL;
    if (check_url(url, err) != CB_OK) {
        return CB_E_CONFIG;
    }
    lab_client *self = calloc(1, sizeof *self);
    if (self != NULL) {
        self->curl = curl_easy_init();
    }
    if (self == NULL || self->curl == NULL || !set_up(self)) {
        lab_client_destroy(self);
        return CB_FAIL(err, CB_E_FULL, "libcurl cannot be set up");
    }
    size_t size = strlen(url);
    while (size > 0 && url[size - 1] == '/') {
        size--;
    }
    (void)cb_text_copy(self->base, sizeof self->base, (cb_strview){url, size});
    *out = self;
    return CB_OK;
}

void lab_client_destroy(lab_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        curl_slist_free_all(client->json_headers);
        curl_slist_free_all(client->file_headers);
        free(client->answer);
        free(client);
    }
}

bool lab_client_escape(const char *text, bool keeps_slashes, char *out, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || strchr("-._~", c) != NULL ||
                              (c == '/' && keeps_slashes);
        if (used + (is_plain ? 2 : 4) > size) {
            return false;
        }
        if (is_plain) {
            out[used++] = *text;
        } else {
            out[used++] = '%';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    out[used] = '\0';
    return true;
}

/* ---- one request ---- */

typedef struct request {
    const char *method;
    const char *url;
    const char *body;
    size_t size;
    bool is_file;
    bool is_repeatable;
} request;

typedef enum attempt { ATTEMPT_DONE, ATTEMPT_AGAIN, ATTEMPT_REFUSED } attempt;

/* MLflow's words for a refusal, from its error body. */
static cb_status refusal(lab_client *self, const request *asked, long code, cb_err *err)
{
    char text[200];
    json_t *body = json_loadb(self->used > 0 ? self->answer : "", self->used, 0, NULL);
    const char *name = json_string_value(json_object_get(body, "error_code"));
    const char *message = json_string_value(json_object_get(body, "message"));
    (void)snprintf(text, sizeof text, "%.180s", message == NULL ? "" : message);
    cb_text_clean(text);
    for (char *at = text; *at != '\0'; at++) {
        *at = (unsigned char)*at < ' ' ? ' ' : *at;
    }
    cb_status status = code == 404 ? CB_E_NOT_FOUND : CB_E_PEER;
    if (name != NULL && strcmp(name, "RESOURCE_ALREADY_EXISTS") == 0) {
        status = CB_E_EXISTS;
    }
    status = CB_FAIL(err, status, "%.200s answers %ld %s", asked->url, code, text);
    json_decref(body);
    return status;
}

static attempt judge(lab_client *self, const request *asked, cb_status *status, cb_err *err)
{
    long code = 0;
    (void)curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 200 && code < 300) {
        *status = CB_OK;
        return ATTEMPT_DONE;
    }
    *status = refusal(self, asked, code, err);
    if (code == 429) {
        return ATTEMPT_AGAIN; /* nothing was done */
    }
    if (code >= 500 && !asked->is_repeatable) {
        *status = err->code = CB_E_UNKNOWN;
        return ATTEMPT_REFUSED;
    }
    return code >= 500 ? ATTEMPT_AGAIN : ATTEMPT_REFUSED;
}

static bool prepare(lab_client *self, const request *asked)
{
    CURL *curl = self->curl;
    const bool has_body = asked->body != NULL;
    self->used = 0;
    self->retry_after_s = -1;
    self->problem[0] = '\0';
    if (curl_easy_setopt(curl, CURLOPT_URL, asked->url) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) != CURLE_OK) {
        return false;
    }
    if (has_body &&
        (curl_easy_setopt(curl, CURLOPT_POST, 1L) != CURLE_OK ||
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)asked->size) !=
                CURLE_OK ||
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, asked->body) != CURLE_OK)) {
        return false;
    }
    /* on a connection that was used before, libcurl itself sends again when nothing came back */
    return curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, asked->is_repeatable ? 0L : 1L) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, asked->method) == CURLE_OK &&
           curl_easy_setopt(curl,
               CURLOPT_HTTPHEADER,
               has_body ? (asked->is_file ? self->file_headers : self->json_headers) : NULL) ==
               CURLE_OK;
}

static attempt try_once(lab_client *self, const request *asked, cb_status *status, cb_err *err)
{
    if (!prepare(self, asked)) {
        *status = CB_FAIL(err, CB_E_FULL, "no memory for the request");
        return ATTEMPT_REFUSED;
    }
    const CURLcode code = curl_easy_perform(self->curl);
    if (code == CURLE_OK) {
        return judge(self, asked, status, err);
    }
    const bool is_unsent = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    const bool is_final = code == CURLE_WRITE_ERROR || code == CURLE_URL_MALFORMAT ||
                          code == CURLE_PEER_FAILED_VERIFICATION;
    const bool is_unknown = !is_unsent && !is_final && !asked->is_repeatable;
    *status = CB_FAIL(err,
        is_unknown                         ? CB_E_UNKNOWN
        : code == CURLE_OPERATION_TIMEDOUT ? CB_E_TIMEOUT
                                           : CB_E_IO,
        "%.200s: %s",
        asked->url,
        self->problem[0] != '\0' ? self->problem : curl_easy_strerror(code));
    return is_final || is_unknown ? ATTEMPT_REFUSED : ATTEMPT_AGAIN;
}

static void wait_ms(int64_t ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&pause, &pause) != 0) {
    }
}

static cb_status send_request(lab_client *self, const request *asked, cb_err *err)
{
    cb_status status = CB_E_IO;
    CB_ASSERT(err != NULL);
    for (int i = 0; i < ATTEMPTS; i++) {
        const attempt outcome = try_once(self, asked, &status, err);
        if (outcome != ATTEMPT_AGAIN) {
            return status;
        }
        const int64_t told_s = self->retry_after_s;
        if (told_s > RETRY_AFTER_MAX_S) {
            return cb_err_context(err, "it asks to wait %" PRId64 " s", told_s);
        }
        if (i + 1 < ATTEMPTS) {
            wait_ms(told_s >= 0 ? told_s * 1000 : (int64_t)FIRST_PAUSE_MS << i);
        }
    }
    return status;
}

static cb_status read_answer(const lab_client *self, const char *url, json_t **out, cb_err *err)
{
    json_error_t problem;
    if (out == NULL) {
        return CB_OK;
    }
    *out = json_loadb(self->used > 0 ? self->answer : "", self->used, 0, &problem);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return CB_FAIL(err, CB_E_PEER, "%.200s answers no JSON: %.100s", url, problem.text);
    }
    return CB_OK;
}

cb_status lab_client_get(lab_client *client, const char *path, json_t **answer, cb_err *err)
{
    char url[URL_SIZE];
    const int length = snprintf(url, sizeof url, "%s/api/2.0/mlflow/%s", client->base, path);
    if (length < 0 || length >= URL_SIZE) {
        return CB_FAIL(err, CB_E_RANGE, "the address of the request is too long");
    }
    const request asked = {.method = "GET", .url = url, .is_repeatable = true};
    const cb_status status = send_request(client, &asked, err);
    return status == CB_OK ? read_answer(client, url, answer, err) : status;
}

cb_status lab_client_post(lab_client *client,
    const char *path,
    const json_t *body,
    bool is_repeatable,
    json_t **answer,
    cb_err *err)
{
    char url[URL_SIZE];
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (text == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the request");
    }
    (void)snprintf(url, sizeof url, "%s/api/2.0/mlflow/%s", client->base, path);
    const request asked = {.method = "POST",
        .url = url,
        .body = text,
        .size = strlen(text),
        .is_repeatable = is_repeatable};
    cb_status status = send_request(client, &asked, err);
    free(text);
    return status == CB_OK ? read_answer(client, url, answer, err) : status;
}

cb_status lab_client_put(
    lab_client *client, const char *path, const char *bytes, size_t size, cb_err *err)
{
    char url[URL_SIZE];
    char escaped[URL_SIZE / 2];
    if (!lab_client_escape(path, true, escaped, sizeof escaped)) {
        return CB_FAIL(err, CB_E_RANGE, "the artefact's path is too long");
    }
    (void)snprintf(
        url, sizeof url, "%s/api/2.0/mlflow-artifacts/artifacts/%s", client->base, escaped);
    const request asked = {.method = "PUT",
        .url = url,
        .body = bytes,
        .size = size,
        .is_file = true,
        .is_repeatable = true};
    return send_request(client, &asked, err);
}
