/* The record of runs: one folder a run, whole or absent. A run's folder holds the job file as it
 * was given, summary.json (what reproduces it, totals, metrics, findings, reasons), points.bin
 * (equity), fills.csv and trades.csv. Numbers are exact decimals; the same run gives the same
 * bytes. */
#ifndef LAB_STORE_H
#define LAB_STORE_H

#include <jansson.h>

#include "base/err.h"
#include "services/lab/core/result.h"

#define LAB_PATH_MAX 4096
#define LAB_OVERRIDES_MAX 64
#define LAB_NAMES_MAX 64

typedef struct lab_store {
    char path[LAB_PATH_MAX];
} lab_store;

/* What the indexes in rows stand for. */
typedef struct lab_names {
    const char *const *symbols; /* [borrowed] */
    size_t symbols_count;
    const char *const *strategies; /* [borrowed] */
    size_t strategies_count;
} lab_names;

/* How a run was asked for. */
typedef struct lab_run_source {
    const char *name; /* [borrowed] the job's */
    const char *text; /* [borrowed] the job file's content */
    size_t size;
    const char *folder;           /* [borrowed] absolute: what its file names are relative to */
    const char *const *overrides; /* [borrowed] "service.key=value" */
    size_t overrides_count;
    lab_names names;
} lab_run_source;

/* A run read back. [owned] release with lab_run_release; never copied, names points into it. */
typedef struct lab_run {
    uint64_t id;
    char *text; /* the job file */
    size_t size;
    json_t *summary;
    const char *symbols[LAB_NAMES_MAX]; /* [borrowed from summary] */
    const char *strategies[LAB_NAMES_MAX];
    lab_names names; /* over the two above */
    lab_result result;
} lab_run;

/**
 * Opens (and makes, when missing) a store.
 *
 * @param path NULL: $CERBERUS_LAB_DIR, else $XDG_DATA_HOME/cerberus/lab, else
 *        $HOME/.local/share/cerberus/lab.
 */
CB_MUST_USE cb_status lab_store_open(lab_store *store, const char *path, cb_err *err);

/**
 * Stores a run under the next free number.
 *
 * @param metrics [borrowed] object of metric name → text, or NULL.
 * @return CB_E_IO naming the file: then nothing is stored.
 */
CB_MUST_USE cb_status lab_store_write(const lab_store *store,
    const lab_run_source *source,
    const lab_result *result,
    const json_t *metrics,
    uint64_t *id,
    cb_err *err);

/** CB_E_NOT_FOUND; CB_E_CORRUPT naming what is wrong. */
CB_MUST_USE cb_status lab_store_read(
    const lab_store *store, uint64_t id, lab_run *run, cb_err *err);
void lab_run_release(lab_run *run);

/** Summaries of all runs, oldest first: an array [owned by the caller]. */
CB_MUST_USE cb_status lab_store_list(const lab_store *store, json_t **summaries, cb_err *err);

/* ---- parts, for tests and reports ---- */

/**
 * Numbers of the entries of a folder that are called NUMBER and suffix, in order [owned by the
 * caller]. A folder that does not exist has none. CB_E_IO, CB_E_FULL.
 */
CB_MUST_USE cb_status lab_store_numbers(
    const char *folder, const char *suffix, uint64_t **numbers, size_t *count, cb_err *err);

/** The summary as an object [owned by the caller]; without id. NULL when memory is out. */
json_t *lab_summary(const lab_run_source *source, const lab_result *result, const json_t *metrics);
/** Provenance, totals, findings and reasons from a summary into result. */
CB_MUST_USE cb_status lab_summary_read(const json_t *summary, lab_result *result, cb_err *err);
const char *lab_finding_name(lab_finding_kind kind);
/** Frees what result owns. */
void lab_result_release(lab_result *result);

#endif /* LAB_STORE_H */
