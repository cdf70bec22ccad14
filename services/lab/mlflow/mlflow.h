/* Experiments as MLflow knows them: stored runs pushed to a server, and a server of our own over
 * the store. Docs: docs/howto/experiments.md. */
#ifndef LAB_MLFLOW_H
#define LAB_MLFLOW_H

#include <jansson.h>

#include "services/lab/store/store.h"
#include "services/lab/tool.h"

/* What MLflow allows in one runs/log-batch, and in one name or value. */
#define MLFLOW_BATCH_METRICS_MAX 1000
#define MLFLOW_BATCH_PARAMS_MAX 100
#define MLFLOW_BATCH_TAGS_MAX 100
#define MLFLOW_BATCH_TOTAL_MAX 1000
#define MLFLOW_BODY_MAX ((size_t)1024 * 1024)
#define MLFLOW_KEY_MAX 250
#define MLFLOW_PARAM_MAX 6000
#define MLFLOW_TAG_MAX 8000
#define MLFLOW_NAME_MAX 500
#define MLFLOW_CURVE_MAX 1000 /* points of the equity curve */
#define MLFLOW_RUN_ID_SIZE 33 /* 32 hexadecimal digits and NUL */
#define MLFLOW_RUN_TAG "cerberus.run"

int lab_experiments_push(lab_args *args);
int lab_experiments_serve(lab_args *args);

/* ---- a run in MLflow's terms ----
 * {"info": {run_id, run_name, user_id, status, start_time, end_time}, "params": {key: text},
 *  "tags": {key: text}, "metrics": {key: [{key, value, timestamp, step}, …]}} */

/**
 * A stored run in these terms.
 *
 * @param started_ms when it was stored: it has no other wall clock.
 * @param is_whole false: of the equity curve only its last point.
 * @return [owned by the caller]; NULL with err when memory is out.
 */
json_t *lab_mlflow_export(const lab_run *run, int64_t started_ms, bool is_whole, cb_err *err);
/** When the run was stored, ms; 0 when that cannot be told. */
int64_t lab_mlflow_stored_ms(const lab_store *store, uint64_t id);
/** What names the run in every store and on every server: its origin, its output, its number. */
void lab_mlflow_run_id(const lab_run *run, char out[MLFLOW_RUN_ID_SIZE]);

/** A metric's value as MLflow writes it: a number, or "NaN", "Infinity", "-Infinity". */
json_t *lab_mlflow_value(double value);
/** The reverse; a number may also come as text. False when it is none. */
bool lab_mlflow_number(const json_t *value, double *out);
/** int64 as a number or as text. */
bool lab_mlflow_integer(const json_t *value, int64_t *out);

#endif /* LAB_MLFLOW_H */
