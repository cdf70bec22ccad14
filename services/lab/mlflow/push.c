/* cerberus experiments push: a run is found on the server by its tag, made when it is not there,
 * completed, and ended. Twice is as good as once, and what was broken off is gone on with. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/backtest/backtest.h"
#include "services/lab/mlflow/push.h"

#define COMMAND "experiments push"
#define RUNS_MAX 1000

typedef struct push_arguments {
    const char *to;
    const char *experiment; /* NULL: as the job */
    const char *parent;     /* NULL: none */
    bool has_report;
    uint64_t ids[RUNS_MAX];
    size_t count;
} push_arguments;

/* ---- experiment ---- */

static cb_status get_experiment(lab_client *client, const char *name, char out[64], cb_err *err)
{
    char path[2048];
    char escaped[MLFLOW_NAME_MAX * 3 + 1];
    json_t *answer = NULL;
    if (!lab_client_escape(name, false, escaped, sizeof escaped)) {
        return CB_FAIL(err, CB_E_RANGE, "the experiment's name is too long");
    }
    (void)snprintf(path, sizeof path, "experiments/get-by-name?experiment_name=%s", escaped);
    cb_status status = lab_client_get(client, path, &answer, err);
    const json_t *experiment = json_object_get(answer, "experiment");
    const char *id = json_string_value(json_object_get(experiment, "experiment_id"));
    const char *stage = json_string_value(json_object_get(experiment, "lifecycle_stage"));
    if (status == CB_OK && stage != NULL && strcmp(stage, "deleted") == 0) {
        status = CB_FAIL(err, CB_E_STATE, "experiment '%.100s' is deleted there", name);
    } else if (status == CB_OK && (id == NULL || !cb_text_copy(out, 64, cb_sv_from(id)))) {
        status = CB_FAIL(err, CB_E_PEER, "the server's experiment has no id");
    }
    json_decref(answer);
    return status;
}

/* Made, made by another, or perhaps made: its name tells, and when it does not, it is tried again.
 */
static cb_status find_experiment(lab_client *client, const char *name, char out[64], cb_err *err)
{
    json_t *body = json_pack("{s:s}", "name", name);
    cb_status status = get_experiment(client, name, out, err);
    for (int i = 0; status == CB_E_NOT_FOUND && i < PUSH_ROUNDS; i++) {
        status = lab_client_post(client, "experiments/create", body, false, NULL, err);
        if (status == CB_OK || status == CB_E_EXISTS || status == CB_E_UNKNOWN) {
            status = get_experiment(client, name, out, err);
        }
    }
    json_decref(body);
    return status;
}

/* ---- run ---- */

/* CB_E_NOT_FOUND when no run there has our tag. */
static cb_status search_run(lab_push *push, const char *experiment, cb_err *err)
{
    char filter[128];
    json_t *answer = NULL;
    const json_t *tags = json_object_get(push->wanted, "tags");
    (void)snprintf(filter,
        sizeof filter,
        "tags.`" MLFLOW_RUN_TAG "` = '%.40s'",
        json_string_value(json_object_get(tags, MLFLOW_RUN_TAG)));
    json_t *body = json_pack(
        "{s:[s], s:s, s:i}", "experiment_ids", experiment, "filter", filter, "max_results", 1);
    cb_status status = lab_client_post(push->client, "runs/search", body, true, &answer, err);
    json_decref(body);
    const json_t *run = json_array_get(json_object_get(answer, "runs"), 0);
    const char *id = json_string_value(json_object_get(json_object_get(run, "info"), "run_id"));
    if (status == CB_OK) {
        status = id == NULL ? CB_FAIL(err, CB_E_NOT_FOUND, "it is not there")
                 : cb_text_copy(push->run_id, sizeof push->run_id, cb_sv_from(id))
                     ? CB_OK
                     : CB_FAIL(err, CB_E_PEER, "the server's run has an odd id");
    }
    json_decref(answer);
    return status;
}

static cb_status create_run(lab_push *push, const char *experiment, cb_err *err)
{
    json_t *info = json_object_get(push->wanted, "info");
    const char *key = NULL;
    json_t *value = NULL;
    json_t *tags = json_array();
    json_object_foreach(json_object_get(push->wanted, "tags"), key, value)
    {
        (void)json_array_append_new(tags, json_pack("{s:s, s:O}", "key", key, "value", value));
    }
    json_t *body = json_pack("{s:s, s:O, s:O, s:O, s:o}",
        "experiment_id",
        experiment,
        "run_name",
        json_object_get(info, "run_name"),
        "user_id",
        json_object_get(info, "user_id"),
        "start_time",
        json_object_get(info, "start_time"),
        "tags",
        tags);
    const cb_status status = lab_client_post(push->client, "runs/create", body, false, NULL, err);
    json_decref(body);
    push->is_changed = true;
    return status;
}

/* The run's tag comes with its making, so after a lost answer the search tells whether it is
 * there. */
static cb_status find_run(lab_push *push, const char *experiment, cb_err *err)
{
    cb_status status = search_run(push, experiment, err);
    push->is_found = status == CB_OK;
    for (int i = 0; status == CB_E_NOT_FOUND && i < PUSH_ROUNDS; i++) {
        status = create_run(push, experiment, err);
        if (status == CB_OK || status == CB_E_UNKNOWN) {
            status = search_run(push, experiment, err);
        }
    }
    return status;
}

/* ---- end ---- */

static cb_status end_run(lab_push *push, const json_t *info, cb_err *err)
{
    const json_t *wanted = json_object_get(push->wanted, "info");
    json_t *status_wanted = json_object_get(wanted, "status");
    if (json_equal(json_object_get(info, "status"), status_wanted) == 1) {
        return CB_OK;
    }
    push->is_changed = true;
    json_t *body = json_pack("{s:s, s:O, s:O}",
        "run_id",
        push->run_id,
        "status",
        status_wanted,
        "end_time",
        json_object_get(wanted, "end_time"));
    const cb_status status = lab_client_post(push->client, "runs/update", body, true, NULL, err);
    json_decref(body);
    return status;
}

static cb_status push_to(
    lab_push *push, const push_arguments *arguments, const char *experiment, cb_err *err)
{
    json_t *info = NULL;
    cb_status status = find_run(push, experiment, err);
    if (status == CB_OK) {
        status = lab_push_sync(push, &info, err);
    }
    if (status == CB_OK) {
        const char *uri = json_string_value(json_object_get(info, "artifact_uri"));
        status = lab_push_files(push, uri == NULL ? "" : uri, arguments->has_report, err);
    }
    const bool has_files = status == CB_OK;
    if (has_files || status == CB_E_UNAVAILABLE) {
        cb_err end_err = {0};
        const cb_status ended = end_run(push, info, &end_err);
        if (ended != CB_OK) {
            *err = end_err;
            status = ended;
        }
    }
    json_decref(info);
    return status;
}

static cb_status push_run(const lab_store *store,
    lab_client *client,
    const push_arguments *arguments,
    uint64_t id,
    cb_err *err)
{
    lab_run run;
    char experiment[64];
    if (lab_store_read(store, id, &run, err) != CB_OK) {
        return err->code;
    }
    lab_push push = {.client = client, .store = store, .run = &run};
    const char *name = json_string_value(json_object_get(run.summary, "name"));
    name = arguments->experiment != NULL     ? arguments->experiment
           : name == NULL || name[0] == '\0' ? "unnamed"
                                             : name;
    push.wanted = lab_mlflow_export(&run, lab_mlflow_stored_ms(store, id), true, err);
    cb_status status = push.wanted == NULL ? err->code : CB_OK;
    if (status == CB_OK && arguments->parent != NULL) {
        (void)json_object_set_new(json_object_get(push.wanted, "tags"),
            "mlflow.parentRunId",
            json_string(arguments->parent));
    }
    if (status == CB_OK) {
        status = find_experiment(client, name, experiment, err);
    }
    if (status == CB_OK) {
        status = push_to(&push, arguments, experiment, err);
    }
    if (status == CB_OK || status == CB_E_UNAVAILABLE) {
        (void)printf("run %" PRIu64 " · %s · experiment %s · %s\n",
            id,
            push.run_id,
            experiment,
            !push.is_changed ? "was there"
            : push.is_found  ? "completed"
                             : "pushed");
    }
    json_decref(push.wanted);
    lab_run_release(&run);
    return status;
}

static bool take_ids(lab_args *args, push_arguments *out)
{
    const char *text = NULL;
    while ((text = lab_args_positional(args)) != NULL) {
        uint64_t id = 0;
        if (!cb_u64_parse(cb_sv_from(text), INT64_MAX, &id) || id == 0 || out->count == RUNS_MAX) {
            (void)fprintf(stderr,
                "cerberus-lab " COMMAND ": '%.40s' is no number of a run, or they are too many\n",
                text);
            return false;
        }
        out->ids[out->count++] = id;
    }
    if (out->count == 0) {
        (void)fprintf(stderr, "cerberus-lab " COMMAND ": which runs?\n");
    }
    return out->count > 0;
}

static bool take_arguments(lab_args *args, push_arguments *out)
{
    out->to = lab_args_option(args, "--to");
    out->experiment = lab_args_option(args, "--experiment");
    out->parent = lab_args_option(args, "--parent");
    out->has_report = lab_args_flag(args, "--report");
    if (out->to == NULL) {
        (void)fprintf(stderr, "cerberus-lab " COMMAND ": whither? --to http://host:port\n");
        return false;
    }
    if ((out->experiment != NULL &&
            (out->experiment[0] == '\0' || strlen(out->experiment) > MLFLOW_NAME_MAX ||
                !cb_utf8_is_valid(cb_sv_from(out->experiment)))) ||
        (out->parent != NULL && !cb_utf8_is_valid(cb_sv_from(out->parent)))) {
        (void)fprintf(stderr, "cerberus-lab " COMMAND ": that is no name\n");
        return false;
    }
    return take_ids(args, out) && lab_args_done(args);
}

int lab_experiments_push(lab_args *args)
{
    cb_err err = {0};
    lab_store store;
    lab_client *client = NULL;
    push_arguments arguments = {0};
    int code = LAB_OK;
    if (lab_backtest_store(args, &store, &err) != CB_OK) {
        return lab_backtest_fail(COMMAND, &err);
    }
    if (!take_arguments(args, &arguments)) {
        return LAB_USAGE;
    }
    if (lab_client_create(arguments.to, &client, &err) != CB_OK) {
        (void)lab_backtest_fail(COMMAND, &err);
        return LAB_USAGE;
    }
    for (size_t i = 0; i < arguments.count && code == LAB_OK; i++) {
        const cb_status status = push_run(&store, client, &arguments, arguments.ids[i], &err);
        if (status != CB_OK) {
            (void)cb_err_context(&err, "run %" PRIu64, arguments.ids[i]);
            code = lab_backtest_fail(COMMAND, &err);
            code = status == CB_E_UNAVAILABLE ? LAB_PARTIAL : code;
        }
    }
    lab_client_destroy(client);
    return code;
}
