/* The record of a search: a file of lines, each appended and synced before anything rests on it, so
 * a search that was killed goes on where it stood. The same asks and tells in the same order give
 * the same search. */
#ifndef LAB_STUDY_LOG_H
#define LAB_STUDY_LOG_H

#include <jansson.h>

#include "services/lab/store/store.h"
#include "services/lab/study/trial.h"

/* What a search was asked for. */
typedef struct lab_study_head {
    const char *text; /* [borrowed] the job file's content */
    size_t size;
    const char *name;             /* [borrowed] */
    const char *folder;           /* [borrowed] */
    const char *const *overrides; /* [borrowed] */
    size_t overrides_count;
    const char *sampler; /* [borrowed] */
    uint64_t trials;
    uint64_t workers;
    const char *data_hash; /* [borrowed] */
} lab_study_head;

typedef struct lab_study_log {
    int fd; /* -1: closed */
    uint64_t id;
    char path[LAB_PATH_MAX];
} lab_study_log;

/** Makes the record of a new search under the next free number. CB_E_IO. */
CB_MUST_USE cb_status lab_study_log_make(
    lab_study_log *log, const lab_store *store, const lab_study_head *head, cb_err *err);
/** Opens a record to append to; nobody else may have it open. CB_E_NOT_FOUND, CB_E_STATE, CB_E_IO.
 */
CB_MUST_USE cb_status lab_study_log_open(
    lab_study_log *log, const lab_store *store, uint64_t id, cb_err *err);
void lab_study_log_close(lab_study_log *log);

CB_MUST_USE cb_status lab_study_log_ask(lab_study_log *log, const search_trial *trial, cb_err *err);
CB_MUST_USE cb_status lab_study_log_tell(
    lab_study_log *log, const lab_trial_answer *answer, uint32_t objectives, cb_err *err);

/**
 * Reads a record: an array of its lines, the head first [owned by the caller]. A last line that was
 * cut by a kill is left out.
 */
CB_MUST_USE cb_status lab_study_log_read(
    const lab_store *store, uint64_t id, json_t **lines, cb_err *err);
/** Numbers of all searches, oldest first [owned by the caller]. */
CB_MUST_USE cb_status lab_study_log_list(
    const lab_store *store, uint64_t **ids, size_t *count, cb_err *err);

#endif /* LAB_STUDY_LOG_H */
