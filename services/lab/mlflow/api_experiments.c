/* Calls on experiments. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "rt/loop.h"
#include "services/lab/mlflow/api.h"
#include "services/lab/mlflow/filter.h"

static json_t *show(json_t *experiment)
{
    json_t *out = json_copy(experiment);
    (void)json_object_set_new(out, "tags", lab_api_list(json_object_get(experiment, "tags")));
    return out;
}

json_t *lab_api_get_by_name(lab_api *api)
{
    const char *name = NULL;
    if (!lab_api_text(api, "experiment_name", 0, true, &name)) {
        return NULL;
    }
    json_t *found = lab_book_experiment_named(api->book, name);
    return found == NULL
               ? lab_api_missing(api, "Could not find experiment with name '%.200s'", name)
               : json_pack("{s:o}", "experiment", show(found));
}

static bool take_experiment(lab_api *api, json_t **out)
{
    const char *id = NULL;
    return lab_api_text(api, "experiment_id", 32, true, &id) && lab_api_experiment(api, id, out);
}

json_t *lab_api_get_experiment(lab_api *api)
{
    json_t *found = NULL;
    return take_experiment(api, &found) ? json_pack("{s:o}", "experiment", show(found)) : NULL;
}

/* A name that nobody has. */
static bool take_name(lab_api *api, const char *key, const char **name)
{
    if (!lab_api_text(api, key, MLFLOW_NAME_MAX, true, name)) {
        return false;
    }
    for (const char *at = *name; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            (void)lab_api_wrong(api, "The experiment's name holds a control character");
            return false;
        }
    }
    if (lab_book_experiment_named(api->book, *name) != NULL) {
        (void)lab_api_fail(
            api, 400, "RESOURCE_ALREADY_EXISTS", "Experiment '%.200s' already exists.", *name);
        return false;
    }
    return true;
}

/* artifact_location is ours to choose: artefacts are kept in the store and nowhere else. */
json_t *lab_api_create_experiment(lab_api *api)
{
    const char *name = NULL;
    json_t *tags = NULL;
    char id[24];
    char place[64];
    const json_int_t now_ms = cb_wall_ns() / CB_NS_PER_MS;
    if (!take_name(api, "name", &name)) {
        return NULL;
    }
    if (json_object_size(api->book->experiments) >= BOOK_EXPERIMENTS_MAX) {
        return lab_api_fail(api, 429, "RESOURCE_EXHAUSTED", "There are too many experiments");
    }
    if (!lab_api_pairs(api, "tags", MLFLOW_BATCH_TAGS_MAX, MLFLOW_TAG_MAX, &tags)) {
        json_decref(tags);
        return NULL;
    }
    (void)snprintf(id, sizeof id, "%" PRId64, api->book->next_experiment);
    (void)snprintf(place, sizeof place, "mlflow-artifacts:/%s", id);
    json_t *out = lab_api_commit(api,
        json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:I, s:I}, s:o}",
            "experiment",
            id,
            "info",
            "experiment_id",
            id,
            "name",
            name,
            "artifact_location",
            place,
            "lifecycle_stage",
            "active",
            "creation_time",
            now_ms,
            "last_update_time",
            now_ms,
            "tags",
            tags));
    if (out != NULL) {
        (void)json_object_set_new(out, "experiment_id", json_string(id));
    }
    return out;
}

static json_t *change(lab_api *api, const json_t *experiment, json_t *info, json_t *tags)
{
    const json_int_t now_ms = cb_wall_ns() / CB_NS_PER_MS;
    (void)json_object_set_new(info, "last_update_time", json_integer(now_ms));
    return lab_api_commit(api,
        json_pack("{s:O, s:o, s:o}",
            "experiment",
            json_object_get(experiment, "experiment_id"),
            "info",
            info,
            "tags",
            tags));
}

json_t *lab_api_update_experiment(lab_api *api)
{
    json_t *found = NULL;
    const char *name = NULL;
    return take_experiment(api, &found) && take_name(api, "new_name", &name)
               ? change(api, found, json_pack("{s:s}", "name", name), json_object())
               : NULL;
}

json_t *lab_api_tag_experiment(lab_api *api)
{
    json_t *found = NULL;
    const char *key = NULL;
    const char *value = NULL;
    return take_experiment(api, &found) && lab_api_text(api, "key", 0, true, &key) &&
                   lab_api_key(api, key) &&
                   lab_api_text(api, "value", MLFLOW_TAG_MAX, false, &value)
               ? change(
                     api, found, json_object(), json_pack("{s:s}", key, value == NULL ? "" : value))
               : NULL;
}

static json_t *set_stage(lab_api *api, const char *stage)
{
    json_t *found = NULL;
    if (!take_experiment(api, &found)) {
        return NULL;
    }
    if (strcmp(json_string_value(json_object_get(found, "experiment_id")), "0") == 0) {
        return lab_api_wrong(api, "The default experiment stays");
    }
    return change(api, found, json_pack("{s:s}", "lifecycle_stage", stage), json_object());
}

json_t *lab_api_delete_experiment(lab_api *api)
{
    return set_stage(api, "deleted");
}

json_t *lab_api_restore_experiment(lab_api *api)
{
    return set_stage(api, "active");
}

/* ---- search ---- */

/* Whether a row of that lifecycle stage is asked for. */
static bool is_viewed(const char *view, const json_t *stage)
{
    const bool is_active = strcmp(json_string_value(stage), "active") == 0;
    if (view == NULL || strcmp(view, "ACTIVE_ONLY") == 0) {
        return is_active;
    }
    return strcmp(view, "ALL") == 0 || !is_active;
}

json_t *lab_api_search_experiments(lab_api *api)
{
    cb_err err = {0};
    lab_filter filter;
    lab_order order;
    const char *text = NULL;
    const char *view = NULL;
    if (!lab_api_text(api, "filter", 0, false, &text) ||
        !lab_api_text(api, "view_type", 32, false, &view)) {
        return NULL;
    }
    if (lab_order_parse(&order, FILTER_EXPERIMENTS, json_object_get(api->args, "order_by"), &err) !=
            CB_OK ||
        lab_filter_parse(&filter, FILTER_EXPERIMENTS, text, &err) != CB_OK) {
        return lab_api_wrong(api, "%s", err.text);
    }
    json_t **rows = calloc(json_object_size(api->book->experiments) + 1, sizeof(json_t *));
    size_t count = 0;
    const char *id = NULL;
    json_t *row = NULL;
    json_object_foreach(api->book->experiments, id, row)
    {
        if (rows != NULL && is_viewed(view, json_object_get(row, "lifecycle_stage")) &&
            lab_filter_match(&filter, row)) {
            rows[count++] = row;
        }
    }
    lab_filter_release(&filter);
    json_t *out = NULL;
    if (rows != NULL) {
        lab_order_rows(&order, rows, count);
        out = lab_api_page(api, "experiments", rows, count, 1000, 50000, show);
    }
    free(rows);
    return out;
}
