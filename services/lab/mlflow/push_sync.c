/* What is missing on the server, in batches that it takes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "services/lab/mlflow/push.h"

#define ROUND_PAUSE_MS 300
#define BATCH_BYTES_MAX (MLFLOW_BODY_MAX - 4096) /* room for the frame around the items */

/* Items of one kind that are not there yet. */
typedef enum item_kind { ITEM_PARAM, ITEM_TAG, ITEM_METRIC, ITEM_KINDS } item_kind;
static const char *const kind_names[ITEM_KINDS] = {"params", "tags", "metrics"};
static const size_t kind_limits[ITEM_KINDS] = {
    MLFLOW_BATCH_PARAMS_MAX, MLFLOW_BATCH_TAGS_MAX, MLFLOW_BATCH_METRICS_MAX};

/* The value of a {key, value} of a list. */
static const json_t *find_value(const json_t *list, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(item, "key"));
        if (name != NULL && strcmp(name, key) == 0) {
            return json_object_get(item, "value");
        }
    }
    return NULL;
}

static cb_status miss_params(const lab_push *push, const json_t *data, json_t *out, cb_err *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(push->wanted, "params"), key, value)
    {
        const json_t *there = find_value(json_object_get(data, "params"), key);
        if (there == NULL) {
            (void)json_array_append_new(out, json_pack("{s:s, s:O}", "key", key, "value", value));
        } else if (json_equal(there, value) != 1) {
            return CB_FAIL(err,
                CB_E_STATE,
                "param %.100s is '%.100s' on the server and '%.100s' here",
                key,
                json_string_value(there) == NULL ? "" : json_string_value(there),
                json_string_value(value));
        }
    }
    return CB_OK;
}

static void miss_tags(const lab_push *push, const json_t *data, json_t *out)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(push->wanted, "tags"), key, value)
    {
        const json_t *there = find_value(json_object_get(data, "tags"), key);
        const bool is_free = strncmp(key, "mlflow.", 7) == 0 && there != NULL; /* may be renamed */
        if (!is_free && (there == NULL || json_equal(there, value) != 1)) {
            (void)json_array_append_new(out, json_pack("{s:s, s:O}", "key", key, "value", value));
        }
    }
}

/* Steps of a metric that the server has, as keys of an object. */
static cb_status read_steps(lab_push *push, const char *key, json_t **steps, cb_err *err)
{
    char path[2048];
    char escaped[MLFLOW_KEY_MAX * 3 + 1];
    char token[256] = "";
    cb_status status = CB_OK;
    *steps = json_object();
    if (!lab_client_escape(key, false, escaped, sizeof escaped)) {
        return CB_FAIL(err, CB_E_RANGE, "the metric's name is too long");
    }
    do {
        json_t *answer = NULL;
        (void)snprintf(path,
            sizeof path,
            "metrics/get-history?run_id=%s&metric_key=%s&max_results=10000%s%s",
            push->run_id,
            escaped,
            token[0] == '\0' ? "" : "&page_token=",
            token);
        status = lab_client_get(push->client, path, &answer, err);
        const json_t *points = json_object_get(answer, "metrics");
        for (size_t i = 0; i < json_array_size(points); i++) {
            char name[24];
            int64_t step = 0;
            (void)lab_mlflow_integer(json_object_get(json_array_get(points, i), "step"), &step);
            (void)snprintf(name, sizeof name, "%" PRId64, step);
            (void)json_object_set_new(*steps, name, json_true());
        }
        const char *next = json_string_value(json_object_get(answer, "next_page_token"));
        if (next == NULL || !lab_client_escape(next, false, token, sizeof token) ||
            json_array_size(points) == 0) {
            token[0] = '\0';
        }
        json_decref(answer);
    } while (status == CB_OK && token[0] != '\0');
    return status;
}

/* A figure is there when its name is; of a curve each step is looked for. */
static cb_status miss_metrics(lab_push *push, const json_t *data, json_t *out, cb_err *err)
{
    const char *key = NULL;
    json_t *points = NULL;
    json_object_foreach(json_object_get(push->wanted, "metrics"), key, points)
    {
        json_t *steps = NULL;
        const bool is_known = find_value(json_object_get(data, "metrics"), key) != NULL;
        if (is_known && json_array_size(points) == 1) {
            continue;
        }
        if (is_known && read_steps(push, key, &steps, err) != CB_OK) {
            json_decref(steps);
            return err->code;
        }
        for (size_t i = 0; i < json_array_size(points); i++) {
            char name[24];
            json_t *point = json_array_get(points, i);
            (void)snprintf(name,
                sizeof name,
                "%" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(point, "step")));
            if (json_object_get(steps, name) == NULL) {
                (void)json_array_append(out, point);
            }
        }
        json_decref(steps);
    }
    return CB_OK;
}

/* ---- sending ---- */

/* Takes items off the lists' fronts as far as one batch may hold them. */
static json_t *take_batch(json_t *const lists[ITEM_KINDS], size_t used[ITEM_KINDS])
{
    size_t total = 0;
    size_t bytes = 0;
    json_t *batch = json_object();
    for (size_t kind = 0; kind < ITEM_KINDS; kind++) {
        json_t *part = json_array();
        while (used[kind] < json_array_size(lists[kind]) && total < MLFLOW_BATCH_TOTAL_MAX &&
               json_array_size(part) < kind_limits[kind]) {
            json_t *item = json_array_get(lists[kind], used[kind]);
            const size_t size = json_dumpb(item, NULL, 0, JSON_REAL_PRECISION(17)) + 2;
            if (bytes + size > BATCH_BYTES_MAX) {
                break;
            }
            bytes += size;
            total++;
            used[kind]++;
            (void)json_array_append(part, item);
        }
        (void)json_object_set_new(batch, kind_names[kind], part);
    }
    return batch;
}

static cb_status send_lists(lab_push *push, json_t *const lists[ITEM_KINDS], cb_err *err)
{
    size_t used[ITEM_KINDS] = {0};
    cb_status status = CB_OK;
    while (status == CB_OK && (used[ITEM_PARAM] < json_array_size(lists[ITEM_PARAM]) ||
                                  used[ITEM_TAG] < json_array_size(lists[ITEM_TAG]) ||
                                  used[ITEM_METRIC] < json_array_size(lists[ITEM_METRIC]))) {
        const size_t before = used[ITEM_PARAM] + used[ITEM_TAG] + used[ITEM_METRIC];
        json_t *batch = take_batch(lists, used);
        if (used[ITEM_PARAM] + used[ITEM_TAG] + used[ITEM_METRIC] == before) {
            status = CB_FAIL(err, CB_E_RANGE, "one item is larger than a batch may be");
        } else {
            (void)json_object_set_new(batch, "run_id", json_string(push->run_id));
            push->is_changed = true;
            status = lab_client_post(push->client, "runs/log-batch", batch, false, NULL, err);
        }
        json_decref(batch);
    }
    return status;
}

static cb_status sync_once(lab_push *push, json_t **info, cb_err *err)
{
    char path[128];
    json_t *answer = NULL;
    json_t *lists[ITEM_KINDS] = {json_array(), json_array(), json_array()};
    (void)snprintf(path, sizeof path, "runs/get?run_id=%s", push->run_id);
    cb_status status = lab_client_get(push->client, path, &answer, err);
    const json_t *run = json_object_get(answer, "run");
    const json_t *data = json_object_get(run, "data");
    if (status == CB_OK) {
        status = miss_params(push, data, lists[ITEM_PARAM], err);
    }
    if (status == CB_OK) {
        miss_tags(push, data, lists[ITEM_TAG]);
        status = miss_metrics(push, data, lists[ITEM_METRIC], err);
    }
    if (status == CB_OK) {
        status = send_lists(push, lists, err);
    }
    *info = status == CB_OK ? json_incref(json_object_get(run, "info")) : NULL;
    for (size_t kind = 0; kind < ITEM_KINDS; kind++) {
        json_decref(lists[kind]);
    }
    json_decref(answer);
    return status;
}

cb_status lab_push_sync(lab_push *push, json_t **info, cb_err *err)
{
    cb_status status = CB_E_UNKNOWN;
    CB_ASSERT(push != NULL && info != NULL);
    for (int i = 0; i < PUSH_ROUNDS && status == CB_E_UNKNOWN; i++) {
        if (i > 0) {
            const struct timespec pause = {0, ROUND_PAUSE_MS * 1000000L * i % 1000000000L};
            (void)nanosleep(&pause, NULL);
        }
        status = sync_once(push, info, err);
    }
    return status;
}
