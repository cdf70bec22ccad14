/* The table of calls, and what they share: errors, arguments, pages. */
#include "services/lab/mlflow/api.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

lab_api_fn lab_api_find(const char *method, const char *path)
{
    static const struct {
        const char *method;
        const char *path;
        lab_api_fn call;
    } calls[] = {
        {"GET", "experiments/get-by-name", lab_api_get_by_name},
        {"GET", "experiments/get", lab_api_get_experiment},
        {"POST", "experiments/create", lab_api_create_experiment},
        {"POST", "experiments/search", lab_api_search_experiments},
        {"POST", "experiments/update", lab_api_update_experiment},
        {"POST", "experiments/set-experiment-tag", lab_api_tag_experiment},
        {"POST", "experiments/delete", lab_api_delete_experiment},
        {"POST", "experiments/restore", lab_api_restore_experiment},
        {"POST", "runs/create", lab_api_create_run},
        {"GET", "runs/get", lab_api_get_run},
        {"POST", "runs/update", lab_api_update_run},
        {"POST", "runs/search", lab_api_search_runs},
        {"POST", "runs/delete", lab_api_delete_run},
        {"POST", "runs/restore", lab_api_restore_run},
        {"POST", "runs/log-metric", lab_api_log_metric},
        {"POST", "runs/log-parameter", lab_api_log_param},
        {"POST", "runs/log-batch", lab_api_log_batch},
        {"POST", "runs/set-tag", lab_api_set_tag},
        {"POST", "runs/delete-tag", lab_api_delete_tag},
        {"GET", "metrics/get-history", lab_api_history},
        {"GET", "artifacts/list", lab_api_list_artifacts},
        {"POST", "logged-models/search", lab_api_search_models},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].method, method) == 0 && strcmp(calls[i].path, path) == 0) {
            return calls[i].call;
        }
    }
    return NULL;
}

/* ---- errors ---- */

__attribute__((format(printf, 4, 0))) static void set_error(
    lab_api *api, int status, const char *code, const char *format, va_list arguments)
{
    api->status = status;
    api->code = code;
    (void)vsnprintf(api->message, sizeof api->message, format, arguments);
    cb_text_clean(api->message); /* it may have been cut within a character */
}

json_t *lab_api_fail(lab_api *api, int status, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(api, status, code, format, arguments);
    va_end(arguments);
    return NULL;
}

json_t *lab_api_wrong(lab_api *api, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(api, 400, "INVALID_PARAMETER_VALUE", format, arguments);
    va_end(arguments);
    return NULL;
}

json_t *lab_api_missing(lab_api *api, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(api, 404, "RESOURCE_DOES_NOT_EXIST", format, arguments);
    va_end(arguments);
    return NULL;
}

json_t *lab_api_broken(lab_api *api, const cb_err *err)
{
    return lab_api_fail(api, 500, "INTERNAL_ERROR", "%s", err->text);
}

/* ---- arguments ---- */

static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

bool lab_api_text(lab_api *api, const char *key, size_t size_max, bool is_needed, const char **out)
{
    const json_t *value = json_object_get(api->args, key);
    *out = NULL;
    if (value == NULL || json_is_null(value)) {
        if (is_needed) {
            (void)lab_api_wrong(api, "Missing value for required parameter '%s'", key);
        }
        return !is_needed;
    }
    *out = json_string_value(value);
    if (*out == NULL) {
        (void)lab_api_wrong(api, "Invalid value for parameter '%s': a text is needed", key);
        return false;
    }
    if (is_needed && (*out)[0] == '\0') {
        (void)lab_api_wrong(api, "Missing value for required parameter '%s'", key);
        return false;
    }
    if (size_max > 0 && strlen(*out) > size_max) {
        (void)lab_api_wrong(api,
            "Invalid value for parameter '%s': it has %zu bytes, at most %zu are allowed",
            key,
            strlen(*out),
            size_max);
        return false;
    }
    return true;
}

bool lab_api_integer(lab_api *api, const char *key, int64_t low, int64_t high, int64_t *out)
{
    const json_t *value = json_object_get(api->args, key);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    int64_t number = 0;
    if (!lab_mlflow_integer(value, &number) || number < low || number > high) {
        (void)lab_api_wrong(api,
            "Invalid value for parameter '%s': a whole number from %" PRId64 " to %" PRId64
            " is needed",
            key,
            low,
            high);
        return false;
    }
    *out = number;
    return true;
}

bool lab_api_key(lab_api *api, const char *key)
{
    if (key == NULL || key[0] == '\0' || strlen(key) > MLFLOW_KEY_MAX || has_controls(key) ||
        key[0] == '/' || strstr(key, "..") != NULL) {
        (void)lab_api_wrong(api,
            "Invalid name '%.100s': 1 to %d bytes without control characters, no path",
            key == NULL ? "" : key,
            MLFLOW_KEY_MAX);
        return false;
    }
    return true;
}

static bool add_pair(lab_api *api, const json_t *pair, size_t value_max, json_t *out)
{
    const char *key = json_string_value(json_object_get(pair, "key"));
    json_t *value = json_object_get(pair, "value");
    if (!lab_api_key(api, key)) {
        return false;
    }
    if (value == NULL) {
        return json_object_set_new(out, key, json_string("")) == 0;
    }
    if (!json_is_string(value) || json_string_length(value) > value_max) {
        (void)lab_api_wrong(api,
            "Invalid value of '%.100s': a text of at most %zu bytes is needed",
            key,
            value_max);
        return false;
    }
    const char *before = json_string_value(json_object_get(out, key));
    if (before != NULL && strcmp(before, json_string_value(value)) != 0) {
        (void)lab_api_wrong(api, "'%.100s' is given twice with different values", key);
        return false;
    }
    return json_object_set(out, key, value) == 0;
}

bool lab_api_pairs(lab_api *api, const char *key, size_t count_max, size_t value_max, json_t **out)
{
    const json_t *list = json_object_get(api->args, key);
    *out = json_object();
    if (list != NULL && !json_is_null(list) &&
        (!json_is_array(list) || json_array_size(list) > count_max)) {
        (void)lab_api_wrong(api,
            "Invalid value for parameter '%s': a list of at most %zu is needed",
            key,
            count_max);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!add_pair(api, json_array_get(list, i), value_max, *out)) {
            return false;
        }
    }
    return true;
}

bool lab_api_run(lab_api *api, bool is_written, json_t **out)
{
    const char *id = NULL;
    const bool is_old = json_object_get(api->args, "run_id") == NULL;
    if (!lab_api_text(api, is_old ? "run_uuid" : "run_id", 64, true, &id)) {
        return false;
    }
    *out = json_object_get(api->book->runs, id);
    if (*out == NULL) {
        (void)lab_api_missing(api, "Run '%s' not found", id);
        return false;
    }
    if (is_written && json_object_get(*out, "own") != NULL) {
        (void)lab_api_fail(api,
            403,
            "PERMISSION_DENIED",
            "Run '%s' is a stored backtest: it is what it is and cannot be changed",
            id);
        return false;
    }
    const json_t *stage = json_object_get(json_object_get(*out, "info"), "lifecycle_stage");
    if (is_written && strcmp(json_string_value(stage), "active") != 0) {
        (void)lab_api_wrong(api, "Run '%s' is deleted: restore it first", id);
        return false;
    }
    return true;
}

bool lab_api_experiment(lab_api *api, const char *id, json_t **out)
{
    *out = json_object_get(api->book->experiments, id);
    if (*out == NULL) {
        (void)lab_api_missing(api, "No Experiment with id=%.64s exists", id);
        return false;
    }
    return true;
}

json_t *lab_api_commit(lab_api *api, json_t *record)
{
    cb_err err = {0};
    return lab_book_commit(api->book, record, &err) == CB_OK ? json_object()
                                                             : lab_api_broken(api, &err);
}

/* ---- answers ---- */

json_t *lab_api_list(json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *out = json_array();
    json_object_foreach(object, key, value)
    {
        (void)json_array_append_new(out, json_pack("{s:s, s:O}", "key", key, "value", value));
    }
    return out;
}

json_t *lab_api_page(lab_api *api,
    const char *name,
    json_t *const *rows,
    size_t count,
    int64_t usual,
    int64_t most,
    json_t *(*show)(json_t *row))
{
    const char *token = NULL;
    uint64_t from = 0;
    int64_t size = usual;
    if (!lab_api_integer(api, "max_results", 1, most, &size) ||
        !lab_api_text(api, "page_token", 32, false, &token)) {
        return NULL;
    }
    if (token != NULL && token[0] != '\0' && !cb_u64_parse(cb_sv_from(token), INT64_MAX, &from)) {
        return lab_api_wrong(api, "Invalid page token");
    }
    json_t *list = json_array();
    uint64_t at = from;
    for (; at < count && at - from < (uint64_t)size; at++) {
        (void)json_array_append_new(list, show(rows[at]));
    }
    json_t *out = json_pack("{s:o}", name, list);
    if (at < count) {
        char next[24];
        (void)snprintf(next, sizeof next, "%" PRIu64, at);
        (void)json_object_set_new(out, "next_page_token", json_string(next));
    }
    return out;
}
