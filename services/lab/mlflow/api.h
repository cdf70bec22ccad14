/* The calls of MLflow's REST API that the server answers. A call takes its arguments as one object,
 * from the body of a POST or the query of a GET, and gives an answer or an error. */
#ifndef LAB_MLFLOW_API_H
#define LAB_MLFLOW_API_H

#include "services/lab/mlflow/book.h"

#define API_MESSAGE_MAX 400

/* [borrowed by calls] */
typedef struct lab_api {
    lab_book *book;
    json_t *args;     /* an object */
    int status;       /* of HTTP; 200 until something is wrong */
    const char *code; /* MLflow's */
    char message[API_MESSAGE_MAX];
} lab_api;

/** [owned by the caller] the answer; NULL when api says what is wrong. */
typedef json_t *(*lab_api_fn)(lab_api *api);

/** The call of a path below /api/2.0/mlflow/; NULL: none, or not by this method. */
lab_api_fn lab_api_find(const char *method, const char *path);

/* ---- errors; all return NULL ---- */
__attribute__((format(printf, 2, 3))) json_t *lab_api_wrong(lab_api *api, const char *format, ...);
__attribute__((format(printf, 2, 3))) json_t *lab_api_missing(
    lab_api *api, const char *format, ...);
__attribute__((format(printf, 4, 5))) json_t *lab_api_fail(
    lab_api *api, int status, const char *code, const char *format, ...);
/** Our own trouble: the disk, the memory. */
json_t *lab_api_broken(lab_api *api, const cb_err *err);

/* ---- arguments; false, with api filled, when they are missing or wrong ---- */
/** size_max 0: no bound. is_needed: must be there and not empty; else *out may be NULL. */
CB_MUST_USE bool lab_api_text(
    lab_api *api, const char *key, size_t size_max, bool is_needed, const char **out);
CB_MUST_USE bool lab_api_integer(
    lab_api *api, const char *key, int64_t low, int64_t high, int64_t *out);
/** An array of {key, value} into an object; at most count_max. */
CB_MUST_USE bool lab_api_pairs(
    lab_api *api, const char *key, size_t count_max, size_t value_max, json_t **out);
/** Names of metrics, params and tags. */
CB_MUST_USE bool lab_api_key(lab_api *api, const char *key);
/** The run that run_id (or run_uuid) names. is_written: not one of our own, not a deleted one. */
CB_MUST_USE bool lab_api_run(lab_api *api, bool is_written, json_t **out);
CB_MUST_USE bool lab_api_experiment(lab_api *api, const char *id, json_t **out);
/** Commits and answers {}. */
json_t *lab_api_commit(lab_api *api, json_t *record);

/* ---- shared parts ---- */
/** An object as an array of {key, value} [owned by the caller]. */
json_t *lab_api_list(json_t *object);
/** A run as it is answered [owned by the caller]. */
json_t *lab_api_show_run(json_t *run);
/** Part of rows from the page token on, under name, with next_page_token. rows [borrowed]. */
json_t *lab_api_page(lab_api *api,
    const char *name,
    json_t *const *rows,
    size_t count,
    int64_t usual,
    int64_t most,
    json_t *(*show)(json_t *row));

/* calls */
json_t *lab_api_get_by_name(lab_api *api);
json_t *lab_api_get_experiment(lab_api *api);
json_t *lab_api_create_experiment(lab_api *api);
json_t *lab_api_search_experiments(lab_api *api);
json_t *lab_api_update_experiment(lab_api *api);
json_t *lab_api_tag_experiment(lab_api *api);
json_t *lab_api_delete_experiment(lab_api *api);
json_t *lab_api_restore_experiment(lab_api *api);
json_t *lab_api_create_run(lab_api *api);
json_t *lab_api_get_run(lab_api *api);
json_t *lab_api_update_run(lab_api *api);
json_t *lab_api_search_runs(lab_api *api);
json_t *lab_api_delete_run(lab_api *api);
json_t *lab_api_restore_run(lab_api *api);
json_t *lab_api_log_metric(lab_api *api);
json_t *lab_api_log_param(lab_api *api);
json_t *lab_api_log_batch(lab_api *api);
json_t *lab_api_set_tag(lab_api *api);
json_t *lab_api_delete_tag(lab_api *api);
json_t *lab_api_history(lab_api *api);
json_t *lab_api_list_artifacts(lab_api *api);
json_t *lab_api_search_models(lab_api *api);

#endif /* LAB_MLFLOW_API_H */
