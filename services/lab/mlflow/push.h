/* Parts of `cerberus experiments push`. */
#ifndef LAB_MLFLOW_PUSH_H
#define LAB_MLFLOW_PUSH_H

#include "services/lab/mlflow/client.h"

#define PUSH_ROUNDS 5

/* One run on its way. */
typedef struct lab_push {
    lab_client *client;
    const lab_store *store; /* [borrowed] */
    const lab_run *run;     /* [borrowed] */
    json_t *wanted;         /* [owned] the run as it shall be there, as in mlflow.h */
    char run_id[64];        /* the server's */
    bool is_found;          /* it was there before */
    bool is_changed;        /* something was missing */
} lab_push;

/**
 * Brings params, metrics and tags of the server's run to what is wanted: reads what is there and
 * sends what is missing. An answer that was lost makes it read again, so nothing is doubled.
 *
 * @param info [out] the server's run.info, owned by the caller.
 * @return CB_E_STATE: the server has another value of a param.
 */
CB_MUST_USE cb_status lab_push_sync(lab_push *push, json_t **info, cb_err *err);
/** Sends files that are not there in that size; report: a page to make and send, too. */
CB_MUST_USE cb_status lab_push_files(
    lab_push *push, const char *artifact_uri, bool has_report, cb_err *err);

#endif /* LAB_MLFLOW_PUSH_H */
