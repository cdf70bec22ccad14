/* One blocking HTTP request with libcurl, its answer parsed by jansson. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/cli.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

typedef struct answer {
    char *text;
    size_t size;
} answer;

static size_t on_bytes(char *bytes, size_t item_size, size_t count, void *context)
{
    answer *self = context;
    const size_t size = item_size * count;
    if (self->size + size + 1 > ANSWER_MAX) {
        return 0;
    }
    char *grown = realloc(self->text, self->size + size + 1);
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + self->size, bytes, size);
    self->text = grown;
    self->size += size;
    self->text[self->size] = '\0';
    return size;
}

static int exit_of(long status)
{
    switch (status) {
    case 401:
    case 403:
        return CLI_AUTH;
    case 404:
        return CLI_NOT_FOUND;
    case 400:
        return CLI_USAGE;
    case 409:
    case 422:
        return CLI_REFUSED;
    case 504:
        return CLI_TIMEOUT;
    default:
        return CLI_FAILURE;
    }
}

static int report(long status, const json_t *value)
{
    const char *detail = json_string_value(json_object_get(value, "detail"));
    const char *error = json_string_value(json_object_get(value, "error"));
    (void)fprintf(stderr,
        "cerberus: %s (HTTP %ld)\n",
        detail != NULL ? detail : (error != NULL ? error : "the request failed"),
        status);
    return exit_of(status);
}

static CURLcode perform(CURL *curl,
    const char *url,
    const char *token,
    const char *method,
    const char *body,
    const char *key,
    answer *out)
{
    char header[CLI_TEXT_MAX + 32];
    struct curl_slist *headers = NULL;
    if (key[0] != '\0') {
        (void)snprintf(header, sizeof header, "Idempotency-Key: %s", key);
        headers = curl_slist_append(headers, header);
    }
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    headers = curl_slist_append(headers, header);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 2000L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 15000L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    return code;
}

static int request_with_key(const char *base,
    const char *token,
    const char *method,
    const char *path,
    const char *body,
    const char *key,
    json_t **out)
{
    char url[CLI_TEXT_MAX * 2];
    answer got = {NULL, 0};
    long status = 0;
    *out = NULL;
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return CLI_FAILURE;
    }
    (void)snprintf(url, sizeof url, "%s%s", base, path);
    const CURLcode code = perform(curl, url, token, method, body, key, &got);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) {
        (void)fprintf(stderr, "cerberus: %s: %s\n", url, curl_easy_strerror(code));
        free(got.text);
        return code == CURLE_OPERATION_TIMEDOUT ? CLI_TIMEOUT : CLI_FAILURE;
    }
    json_t *value = json_loads(got.text != NULL ? got.text : "", JSON_REJECT_DUPLICATES, NULL);
    free(got.text);
    if (status >= 400 || value == NULL) {
        const int exit_code = report(status, value);
        json_decref(value);
        return exit_code;
    }
    *out = value;
    return CLI_OK;
}

int cli_request_at(const char *base,
    const char *token,
    const char *method,
    const char *path,
    const char *body,
    json_t **out)
{
    return request_with_key(base, token, method, path, body, "", out);
}

int cli_request(cli *self, const char *method, const char *path, const char *body, json_t **out)
{
    cb_err err = {0};
    *out = NULL;
    if (cli_connect(self, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus: %s\n", err.text);
        return err.code == CB_E_AUTH ? CLI_AUTH : CLI_FAILURE;
    }
    return request_with_key(self->url, self->token, method, path, body, self->idempotency_key, out);
}

static size_t discard(char *bytes, size_t item_size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return item_size * count;
}

int cli_probe(const char *url, long *status, const char **why)
{
    *status = 0;
    *why = "";
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        *why = "no memory";
        return CLI_FAILURE;
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 3000L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    const CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) {
        *why = curl_easy_strerror(code);
        return code == CURLE_OPERATION_TIMEDOUT ? CLI_TIMEOUT : CLI_FAILURE;
    }
    return *status == 200 ? CLI_OK : CLI_FAILURE;
}
