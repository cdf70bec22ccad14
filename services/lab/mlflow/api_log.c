/* Calls that log into a run, and the history of a metric. A call is one record of the journal: it
 * is there whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "rt/loop.h"
#include "services/lab/mlflow/api.h"

static json_t *id_of(const json_t *run)
{
    return json_object_get(json_object_get(run, "info"), "run_id");
}

/* A point as it is kept [owned by the caller]; NULL with api filled. */
static json_t *read_point(lab_api *api, const json_t *run, const json_t *from)
{
    double value = 0;
    int64_t at_ms = cb_wall_ns() / CB_NS_PER_MS;
    int64_t step = 0;
    const char *key = json_string_value(json_object_get(from, "key"));
    const json_t *at = json_object_get(from, "timestamp");
    const json_t *place = json_object_get(from, "step");
    if (!lab_api_key(api, key)) {
        return NULL;
    }
    if (!lab_mlflow_number(json_object_get(from, "value"), &value)) {
        return lab_api_wrong(api, "Invalid value of metric '%.100s': a number is needed", key);
    }
    if ((at != NULL && (!lab_mlflow_integer(at, &at_ms) || at_ms < 0)) ||
        (place != NULL && !lab_mlflow_integer(place, &step))) {
        return lab_api_wrong(
            api, "Invalid timestamp or step of metric '%.100s': a whole number is needed", key);
    }
    const json_t *points = json_object_get(json_object_get(run, "metrics"), key);
    if (json_array_size(points) >= BOOK_POINTS_MAX) {
        return lab_api_fail(
            api, 429, "RESOURCE_EXHAUSTED", "Metric '%.100s' has too many points", key);
    }
    return json_pack("{s:s, s:o, s:I, s:I}",
        "key",
        key,
        "value",
        lab_mlflow_value(value),
        "timestamp",
        (json_int_t)at_ms,
        "step",
        (json_int_t)step);
}

/* The points of the argument metrics [owned by the caller]; NULL with api filled. */
static json_t *read_points(lab_api *api, const json_t *run)
{
    const json_t *list = json_object_get(api->args, "metrics");
    if (list != NULL &&
        (!json_is_array(list) || json_array_size(list) > MLFLOW_BATCH_METRICS_MAX)) {
        return lab_api_wrong(api,
            "Invalid value for parameter 'metrics': a list of at most %d is needed",
            MLFLOW_BATCH_METRICS_MAX);
    }
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *point = read_point(api, run, json_array_get(list, i));
        if (point == NULL) {
            json_decref(out);
            return NULL;
        }
        (void)json_array_append_new(out, point);
    }
    return out;
}

/* Params never change: the same value again is fine, another one is not. */
static bool are_free(lab_api *api, const json_t *run, json_t *params)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(params, key, value)
    {
        json_t *before = json_object_get(json_object_get(run, "params"), key);
        if (before != NULL && json_equal(before, value) != 1) {
            (void)lab_api_wrong(api,
                "Changing param values is not allowed. Param with key='%.100s' was already logged "
                "with value='%.100s'. Attempted logging new value '%.100s'.",
                key,
                json_string_value(before),
                json_string_value(value));
            return false;
        }
    }
    return true;
}

json_t *lab_api_log_batch(lab_api *api)
{
    json_t *run = NULL;
    json_t *params = NULL;
    json_t *tags = NULL;
    json_t *points = NULL;
    json_t *out = NULL;
    if (lab_api_run(api, true, &run) && (points = read_points(api, run)) != NULL &&
        lab_api_pairs(api, "params", MLFLOW_BATCH_PARAMS_MAX, MLFLOW_PARAM_MAX, &params) &&
        lab_api_pairs(api, "tags", MLFLOW_BATCH_TAGS_MAX, MLFLOW_TAG_MAX, &tags) &&
        are_free(api, run, params)) {
        const size_t total =
            json_array_size(points) + json_object_size(params) + json_object_size(tags);
        out = total > MLFLOW_BATCH_TOTAL_MAX
                  ? lab_api_wrong(api,
                        "A batch logging request can contain at most %d entities in all",
                        MLFLOW_BATCH_TOTAL_MAX)
                  : lab_api_commit(api,
                        json_pack("{s:O, s:O, s:O, s:O}",
                            "run",
                            id_of(run),
                            "metrics",
                            points,
                            "params",
                            params,
                            "tags",
                            tags));
    }
    json_decref(points);
    json_decref(params);
    json_decref(tags);
    return out;
}

json_t *lab_api_log_metric(lab_api *api)
{
    json_t *run = NULL;
    json_t *point = lab_api_run(api, true, &run) ? read_point(api, run, api->args) : NULL;
    return point == NULL ? NULL
                         : lab_api_commit(
                               api, json_pack("{s:O, s:[o]}", "run", id_of(run), "metrics", point));
}

json_t *lab_api_log_param(lab_api *api)
{
    json_t *run = NULL;
    const char *key = NULL;
    const char *value = NULL;
    if (!lab_api_run(api, true, &run) || !lab_api_text(api, "key", 0, true, &key) ||
        !lab_api_key(api, key) || !lab_api_text(api, "value", MLFLOW_PARAM_MAX, false, &value)) {
        return NULL;
    }
    json_t *params = json_pack("{s:s}", key, value == NULL ? "" : value);
    json_t *out =
        are_free(api, run, params)
            ? lab_api_commit(api, json_pack("{s:O, s:O}", "run", id_of(run), "params", params))
            : NULL;
    json_decref(params);
    return out;
}

json_t *lab_api_set_tag(lab_api *api)
{
    json_t *run = NULL;
    const char *key = NULL;
    const char *value = NULL;
    if (!lab_api_run(api, true, &run) || !lab_api_text(api, "key", 0, true, &key) ||
        !lab_api_key(api, key) || !lab_api_text(api, "value", MLFLOW_TAG_MAX, false, &value)) {
        return NULL;
    }
    value = value == NULL ? "" : value;
    json_t *info = strcmp(key, "mlflow.runName") == 0 && value[0] != '\0'
                       ? json_pack("{s:s}", "run_name", value)
                       : json_object();
    return lab_api_commit(
        api, json_pack("{s:O, s:o, s:{s:s}}", "run", id_of(run), "info", info, "tags", key, value));
}

json_t *lab_api_delete_tag(lab_api *api)
{
    json_t *run = NULL;
    const char *key = NULL;
    if (!lab_api_run(api, true, &run) || !lab_api_text(api, "key", 0, true, &key)) {
        return NULL;
    }
    if (json_object_get(json_object_get(run, "tags"), key) == NULL) {
        return lab_api_missing(api, "No tag with name: %.100s", key);
    }
    return lab_api_commit(api, json_pack("{s:O, s:{s:n}}", "run", id_of(run), "tags", key));
}

/* ---- history ---- */

static json_t *as_is(json_t *point)
{
    return json_incref(point);
}

json_t *lab_api_history(lab_api *api)
{
    cb_err err = {0};
    json_t *run = NULL;
    const char *key = NULL;
    if (!lab_api_run(api, false, &run) || !lab_api_text(api, "metric_key", 0, true, &key)) {
        return NULL;
    }
    json_t *whole = json_object_get(run, "own") == NULL ? json_incref(run)
                                                        : lab_book_whole(api->book, run, &err);
    if (whole == NULL) {
        return lab_api_broken(api, &err);
    }
    const json_t *points = json_object_get(json_object_get(whole, "metrics"), key);
    const size_t count = json_array_size(points);
    json_t **rows = calloc(count + 1, sizeof(json_t *));
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = json_array_get(points, i);
    }
    json_t *out =
        rows == NULL ? NULL : lab_api_page(api, "metrics", rows, count, 25000, 1000000, as_is);
    free(rows);
    json_decref(whole);
    return out;
}
