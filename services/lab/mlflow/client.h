/* Requests to an MLflow server, one after another, with patience: what was refused for now is asked
 * again, what may have been done is not done twice. */
#ifndef LAB_MLFLOW_CLIENT_H
#define LAB_MLFLOW_CLIENT_H

#include "services/lab/mlflow/mlflow.h"

typedef struct lab_client lab_client;

/**
 * @param url http://host:port or https://…, without user and password: those come from
 *        MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
 * @return CB_E_CONFIG.
 */
CB_MUST_USE cb_status lab_client_create(const char *url, lab_client **out, cb_err *err);
void lab_client_destroy(lab_client *client);

/**
 * GET of /api/2.0/mlflow/path; path with its query.
 *
 * @param answer [out] owned by the caller.
 * @return CB_E_NOT_FOUND; CB_E_PEER: refused, its words in err; CB_E_IO, CB_E_TIMEOUT after the
 *         last attempt.
 */
CB_MUST_USE cb_status lab_client_get(
    lab_client *client, const char *path, json_t **answer, cb_err *err);
/**
 * POST of body.
 *
 * @param is_repeatable doing it twice is the same as once.
 * @param answer [out] owned by the caller; may be NULL.
 * @return as lab_client_get; CB_E_EXISTS; CB_E_UNKNOWN: it may have been done, and it is not
 *         repeatable.
 */
CB_MUST_USE cb_status lab_client_post(lab_client *client,
    const char *path,
    const json_t *body,
    bool is_repeatable,
    json_t **answer,
    cb_err *err);
/** Puts a file at an artefact's path, each part of it escaped. */
CB_MUST_USE cb_status lab_client_put(
    lab_client *client, const char *path, const char *bytes, size_t size, cb_err *err);

/** A value for a query: escaped, cut never; false when it does not fit. */
CB_MUST_USE bool lab_client_escape(const char *text, bool keeps_slashes, char *out, size_t size);

#endif /* LAB_MLFLOW_CLIENT_H */
