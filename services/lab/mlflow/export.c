/* A stored run in MLflow's terms. The same for the push and for our own server, so that both tell
 * the same of a run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/money.h"
#include "base/timefmt.h"
#include "services/lab/backtest/backtest.h"
#include "services/lab/mlflow/mlflow.h"

#define TEXT_SIZE 256

void lab_mlflow_run_id(const lab_run *run, char out[MLFLOW_RUN_ID_SIZE])
{
    CB_ASSERT(run != NULL && run->summary != NULL);
    const char *name = json_string_value(json_object_get(run->summary, "name"));
    uint64_t hash = cb_hash_text(CB_HASH_SEED, name == NULL ? "" : name);
    hash = cb_hash_text(hash, run->result.provenance.code_version);
    hash = cb_hash_text(hash, run->result.provenance.data_hash);
    hash = cb_hash_text(hash, run->result.provenance.config_hash);
    hash = cb_hash_u64(hash, run->result.provenance.seed);
    hash = cb_hash_u64(hash, run->result.totals.output_hash);
    (void)snprintf(out, MLFLOW_RUN_ID_SIZE, "%016" PRIx64 "%016" PRIx64, hash, run->id);
}

int64_t lab_mlflow_stored_ms(const lab_store *store, uint64_t id)
{
    char path[LAB_PATH_MAX];
    struct stat at;
    const int length = snprintf(path, sizeof path, "%s/%" PRIu64 "/summary.json", store->path, id);
    if (length < 0 || length >= LAB_PATH_MAX || stat(path, &at) != 0) {
        return 0;
    }
    return (int64_t)at.st_mtim.tv_sec * 1000 + at.st_mtim.tv_nsec / CB_NS_PER_MS;
}

/* ---- params ---- */

static void put_text(json_t *to, const char *key, const char *value)
{
    (void)json_object_set_new(to, key, json_string(value));
}

static void put_time(json_t *to, const char *key, int64_t ts_ns)
{
    char text[CB_TIME_TEXT_MAX];
    if (ts_ns != 0) {
        (void)cb_time_print(ts_ns, 0, text);
        put_text(to, key, text);
    }
}

static void add_job(json_t *params, const lab_job *job)
{
    char key[TEXT_SIZE];
    char text[CB_DECIMAL_TEXT_MAX];
    put_text(params, "strategies", job->strategies);
    put_time(params, "from", job->from_ns);
    put_time(params, "to", job->to_ns);
    (void)snprintf(text, sizeof text, "%" PRIu64, job->seed);
    put_text(params, "seed", text);
    for (uint32_t i = 0; i < job->series_count; i++) {
        (void)snprintf(key, sizeof key, "data.%" PRIu32 ".file", i);
        put_text(params, key, job->series[i].file);
        (void)snprintf(key, sizeof key, "data.%" PRIu32 ".symbol", i);
        put_text(params, key, job->series[i].symbol);
    }
    for (uint32_t i = 0; i < job->balances_count; i++) {
        (void)snprintf(key, sizeof key, "balances.%s", job->balances[i].asset);
        (void)cb_decimal_print(job->balances[i].amount_e8, text);
        put_text(params, key, text);
    }
    for (uint32_t i = 0; i < job->settings_count; i++) {
        const lab_setting *setting = &job->settings[i];
        (void)snprintf(key, sizeof key, "%s.%s", setting->service, setting->key);
        put_text(params, key, setting->value);
    }
}

static cb_status add_params(json_t *params, const lab_run *run, cb_err *err)
{
    lab_backtest *self = lab_backtest_new();
    if (self == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory for the job");
    }
    const cb_status status = lab_backtest_restore(self, run, err);
    if (status == CB_OK) {
        add_job(params, &self->job);
    }
    lab_backtest_free(self);
    return status;
}

/* ---- tags ---- */

static void add_tags(json_t *tags, const lab_run *run, const char *key)
{
    static const char *const origins[] = {"code_version", "data_hash", "config_hash"};
    static const char *const hashes[] = {"output_hash", "state_hash"};
    char text[TEXT_SIZE];
    const char *user = getenv("USER");
    const char *name = json_string_value(json_object_get(run->summary, "name"));
    const json_t *provenance = json_object_get(run->summary, "provenance");
    (void)snprintf(text, sizeof text, "%.200s #%" PRIu64, name == NULL ? "" : name, run->id);
    put_text(tags, "mlflow.runName", text);
    put_text(tags, "mlflow.source.name", "cerberus backtest");
    put_text(tags, "mlflow.source.type", "JOB");
    put_text(tags, "mlflow.user", user == NULL || user[0] == '\0' ? "cerberus" : user);
    put_text(tags, MLFLOW_RUN_TAG, key);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        (void)snprintf(text, sizeof text, "cerberus.%s", origins[i]);
        (void)json_object_set(tags, text, json_object_get(provenance, origins[i]));
    }
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        (void)snprintf(text, sizeof text, "cerberus.%s", hashes[i]);
        (void)json_object_set(
            tags, text, json_object_get(json_object_get(run->summary, "totals"), hashes[i]));
    }
    (void)snprintf(text, sizeof text, "cerberus backtest rerun %" PRIu64, run->id);
    put_text(tags, "cerberus.rerun", text);
    if (run->result.provenance.is_forced) {
        put_text(tags, "cerberus.forced", "true");
    }
    if (run->result.is_partial) {
        put_text(tags, "cerberus.partial", "true");
    }
}

/* ---- metrics ---- */

static void add_point(json_t *metrics, const char *key, double value, int64_t at_ms, int64_t step)
{
    json_t *points = json_object_get(metrics, key);
    if (points == NULL) {
        points = json_array();
        (void)json_object_set_new(metrics, key, points);
    }
    (void)json_array_append_new(points,
        json_pack("{s:s, s:o, s:I, s:I}",
            "key",
            key,
            "value",
            lab_mlflow_value(value),
            "timestamp",
            (json_int_t)at_ms,
            "step",
            (json_int_t)step));
}

/* All figures of an object; hashes are none. */
static void add_figures(json_t *metrics, json_t *from, const char *prefix, int64_t at_ms)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(from, name, value)
    {
        char key[TEXT_SIZE];
        double number = 0;
        const size_t size = strlen(name);
        if (size >= 5 && strcmp(name + size - 5, "_hash") == 0) {
            continue;
        }
        (void)snprintf(key, sizeof key, "%s%.200s", prefix, name);
        if (lab_mlflow_number(value, &number)) {
            add_point(metrics, key, number, at_ms, 0);
        }
    }
}

/* Evenly thinned, first and last point always; a step is the point's place in the whole curve. */
static void add_curve(json_t *metrics, const lab_result *result, bool is_whole)
{
    const uint64_t count = result->points_count;
    const uint64_t shown = count < MLFLOW_CURVE_MAX ? count : MLFLOW_CURVE_MAX;
    for (uint64_t i = is_whole || shown == 0 ? 0 : shown - 1; i < shown; i++) {
        const uint64_t at = shown < 2 ? 0 : i * (count - 1) / (shown - 1);
        const lab_point *point = &result->points[at];
        add_point(metrics,
            "equity",
            (double)point->equity_e8 / 1e8,
            point->ts_ns / CB_NS_PER_MS,
            (int64_t)at);
    }
}

json_t *lab_mlflow_export(const lab_run *run, int64_t started_ms, bool is_whole, cb_err *err)
{
    char id[MLFLOW_RUN_ID_SIZE];
    json_t *params = json_object();
    json_t *tags = json_object();
    json_t *metrics = json_object();
    CB_ASSERT(run != NULL && run->summary != NULL);
    if (add_params(params, run, err) != CB_OK) {
        json_decref(params);
        json_decref(tags);
        json_decref(metrics);
        return NULL;
    }
    lab_mlflow_run_id(run, id);
    add_tags(tags, run, id);
    add_figures(metrics, json_object_get(run->summary, "metrics"), "", started_ms);
    add_figures(metrics, json_object_get(run->summary, "totals"), "totals.", started_ms);
    add_curve(metrics, &run->result, is_whole);
    json_t *out = json_pack("{s:{s:s, s:O, s:O, s:s, s:I, s:I}, s:o, s:o, s:o}",
        "info",
        "run_id",
        id,
        "run_name",
        json_object_get(tags, "mlflow.runName"),
        "user_id",
        json_object_get(tags, "mlflow.user"),
        "status",
        run->result.is_partial ? "KILLED" : "FINISHED",
        "start_time",
        (json_int_t)started_ms,
        "end_time",
        (json_int_t)started_ms,
        "params",
        params,
        "tags",
        tags,
        "metrics",
        metrics);
    if (out == NULL) {
        (void)CB_FAIL(
            err, CB_E_FULL, "run %" PRIu64 ": no memory, or a text is not UTF-8", run->id);
    }
    return out;
}
