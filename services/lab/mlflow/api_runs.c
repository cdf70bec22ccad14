/* Calls on runs: making, changing, finding. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/timefmt.h"
#include "rt/loop.h"
#include "services/lab/mlflow/api.h"
#include "services/lab/mlflow/filter.h"

json_t *lab_api_show_run(json_t *run)
{
    const char *key = NULL;
    json_t *points = NULL;
    json_t *metrics = json_array();
    json_t *info = json_copy(json_object_get(run, "info"));
    (void)json_object_set(info, "run_uuid", json_object_get(info, "run_id"));
    json_object_foreach(json_object_get(run, "metrics"), key, points)
    {
        (void)json_array_append(metrics, lab_book_latest(points));
    }
    return json_pack("{s:o, s:{s:o, s:o, s:o}, s:{}}",
        "info",
        info,
        "data",
        "metrics",
        metrics,
        "params",
        lab_api_list(json_object_get(run, "params")),
        "tags",
        lab_api_list(json_object_get(run, "tags")),
        "inputs");
}

/* Chance, as with MLflow: others make these runs, and two servers must not give one name twice. */
static bool draw_id(char out[MLFLOW_RUN_ID_SIZE])
{
    uint64_t words[2];
    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words) {
        return false;
    }
    (void)snprintf(out, MLFLOW_RUN_ID_SIZE, "%016" PRIx64 "%016" PRIx64, words[0], words[1]);
    return true;
}

/* The name as given, by its tag, or made from the id; both say the same afterwards. */
static const char *name_run(const char *given, json_t *tags, const char *id)
{
    const char *tagged = json_string_value(json_object_get(tags, "mlflow.runName"));
    const char *name = given != NULL && given[0] != '\0' ? given : tagged;
    if (tagged == NULL || name != tagged) {
        char made[16];
        (void)snprintf(made, sizeof made, "run-%.8s", id);
        (void)json_object_set_new(tags, "mlflow.runName", json_string(name != NULL ? name : made));
    }
    return json_string_value(json_object_get(tags, "mlflow.runName"));
}

static json_t *make_run(
    lab_api *api, const char *experiment, const char *name, int64_t start_ms, json_t *tags)
{
    char id[MLFLOW_RUN_ID_SIZE];
    char place[128];
    const char *user = NULL;
    if (!draw_id(id) || !lab_api_text(api, "user_id", MLFLOW_KEY_MAX, false, &user)) {
        json_decref(tags);
        return api->status == 200 ? lab_api_fail(api, 500, "INTERNAL_ERROR", "no chance") : NULL;
    }
    const char *tagged = json_string_value(json_object_get(tags, "mlflow.user"));
    user = user != NULL && user[0] != '\0' ? user : tagged;
    (void)snprintf(place, sizeof place, "mlflow-artifacts:/%s/%s/artifacts", experiment, id);
    name = name_run(name, tags, id);
    json_t *done = lab_api_commit(api,
        json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}, s:o}",
            "run",
            id,
            "info",
            "run_id",
            id,
            "run_name",
            name,
            "experiment_id",
            experiment,
            "user_id",
            user == NULL ? "" : user,
            "status",
            "RUNNING",
            "start_time",
            (json_int_t)start_ms,
            "artifact_uri",
            place,
            "lifecycle_stage",
            "active",
            "tags",
            tags));
    json_decref(done);
    return done == NULL
               ? NULL
               : json_pack("{s:o}", "run", lab_api_show_run(json_object_get(api->book->runs, id)));
}

json_t *lab_api_create_run(lab_api *api)
{
    const char *id = NULL;
    const char *name = NULL;
    json_t *experiment = NULL;
    json_t *tags = NULL;
    int64_t start_ms = cb_wall_ns() / CB_NS_PER_MS;
    if (!lab_api_text(api, "experiment_id", 32, true, &id) ||
        !lab_api_experiment(api, id, &experiment) ||
        !lab_api_text(api, "run_name", MLFLOW_NAME_MAX, false, &name) ||
        !lab_api_integer(api, "start_time", 0, INT64_MAX, &start_ms)) {
        return NULL;
    }
    if (strcmp(json_string_value(json_object_get(experiment, "lifecycle_stage")), "active") != 0) {
        return lab_api_wrong(api, "Experiment %s is deleted: restore it first", id);
    }
    if (json_object_size(api->book->runs) >= BOOK_RUNS_MAX) {
        return lab_api_fail(api, 429, "RESOURCE_EXHAUSTED", "There are too many runs");
    }
    if (!lab_api_pairs(api, "tags", MLFLOW_BATCH_TAGS_MAX, MLFLOW_TAG_MAX, &tags)) {
        json_decref(tags);
        return NULL;
    }
    return make_run(api, id, name, start_ms, tags);
}

json_t *lab_api_get_run(lab_api *api)
{
    json_t *run = NULL;
    return lab_api_run(api, false, &run) ? json_pack("{s:o}", "run", lab_api_show_run(run)) : NULL;
}

static bool is_status(const char *text)
{
    static const char *const known[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(text, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

json_t *lab_api_update_run(lab_api *api)
{
    json_t *run = NULL;
    const char *status = NULL;
    const char *name = NULL;
    int64_t end_ms = -1;
    if (!lab_api_run(api, true, &run) || !lab_api_text(api, "status", 32, false, &status) ||
        !lab_api_text(api, "run_name", MLFLOW_NAME_MAX, false, &name) ||
        !lab_api_integer(api, "end_time", 0, INT64_MAX, &end_ms)) {
        return NULL;
    }
    if (status != NULL && !is_status(status)) {
        return lab_api_wrong(api, "Invalid value '%s' for parameter 'status'", status);
    }
    json_t *info = json_object();
    json_t *tags = json_object();
    if (status != NULL) {
        (void)json_object_set_new(info, "status", json_string(status));
    }
    if (end_ms >= 0) {
        (void)json_object_set_new(info, "end_time", json_integer(end_ms));
    }
    if (name != NULL && name[0] != '\0') {
        (void)json_object_set_new(info, "run_name", json_string(name));
        (void)json_object_set_new(tags, "mlflow.runName", json_string(name));
    }
    json_t *id = json_object_get(json_object_get(run, "info"), "run_id");
    json_t *out =
        lab_api_commit(api, json_pack("{s:O, s:o, s:o}", "run", id, "info", info, "tags", tags));
    if (out != NULL) {
        json_t *shown = json_copy(json_object_get(run, "info"));
        (void)json_object_set(shown, "run_uuid", json_object_get(shown, "run_id"));
        (void)json_object_set_new(out, "run_info", shown);
    }
    return out;
}

static json_t *set_stage(lab_api *api, const char *stage, bool is_active_now)
{
    json_t *run = NULL;
    if (!lab_api_run(api, is_active_now, &run)) {
        return NULL;
    }
    return lab_api_commit(api,
        json_pack("{s:O, s:{s:s}}",
            "run",
            json_object_get(json_object_get(run, "info"), "run_id"),
            "info",
            "lifecycle_stage",
            stage));
}

json_t *lab_api_delete_run(lab_api *api)
{
    return set_stage(api, "deleted", true);
}

json_t *lab_api_restore_run(lab_api *api)
{
    json_t *run = NULL;
    if (lab_api_run(api, false, &run) && json_object_get(run, "own") != NULL) {
        return json_object(); /* it cannot have been deleted */
    }
    return api->status == 200 ? set_stage(api, "active", false) : NULL;
}

/* ---- search ---- */

typedef struct search {
    lab_filter filter;
    lab_order order;
    const json_t *experiments; /* ids */
    const char *view;
} search;

static bool is_wanted(const search *self, const json_t *run)
{
    const json_t *info = json_object_get(run, "info");
    const char *stage = json_string_value(json_object_get(info, "lifecycle_stage"));
    const bool is_active = strcmp(stage, "active") == 0;
    const char *view = self->view == NULL ? "ACTIVE_ONLY" : self->view;
    bool is_in = false;
    if (strcmp(view, "ALL") != 0 && is_active != (strcmp(view, "ACTIVE_ONLY") == 0)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(self->experiments) && !is_in; i++) {
        is_in = json_equal(json_array_get(self->experiments, i),
                    json_object_get(info, "experiment_id")) == 1;
    }
    return is_in && lab_filter_match(&self->filter, run);
}

json_t *lab_api_search_runs(lab_api *api)
{
    cb_err err = {0};
    search self = {.experiments = json_object_get(api->args, "experiment_ids")};
    const char *text = NULL;
    if (!lab_api_text(api, "filter", 0, false, &text) ||
        !lab_api_text(api, "run_view_type", 32, false, &self.view)) {
        return NULL;
    }
    if (!json_is_array(self.experiments) || json_array_size(self.experiments) > 1000) {
        return lab_api_wrong(api, "experiment_ids: a list of at most 1000 is needed");
    }
    if (lab_order_parse(&self.order, FILTER_RUNS, json_object_get(api->args, "order_by"), &err) !=
            CB_OK ||
        lab_filter_parse(&self.filter, FILTER_RUNS, text, &err) != CB_OK) {
        return lab_api_wrong(api, "%s", err.text);
    }
    json_t **rows = calloc(json_object_size(api->book->runs) + 1, sizeof(json_t *));
    size_t count = 0;
    const char *id = NULL;
    json_t *run = NULL;
    json_object_foreach(api->book->runs, id, run)
    {
        if (rows != NULL && is_wanted(&self, run)) {
            rows[count++] = run;
        }
    }
    lab_filter_release(&self.filter);
    json_t *out = NULL;
    if (rows != NULL) {
        lab_order_rows(&self.order, rows, count);
        out = lab_api_page(api, "runs", rows, count, 1000, 50000, lab_api_show_run);
    }
    free(rows);
    return out;
}

/* Models are not kept here, so none is ever found; clients ask whenever they list artefacts. */
json_t *lab_api_search_models(lab_api *api)
{
    return json_is_object(api->args) ? json_pack("{s:[]}", "models") : NULL;
}
