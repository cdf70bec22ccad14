/* A run as one HTML page that needs no network and no script, and as text for a terminal. Draws
 * what it is given; statistics are computed by who calls. */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include "services/lab/core/candles.h"
#include "services/lab/store/store.h"

#define LAB_REPORT_ROLLING_MAX 4
#define LAB_REPORT_FAN_MAX 5 /* percentiles */

/* A row of the table of metrics. */
typedef struct lab_report_metric {
    const char *name;
    const char *value;
    const char *convention; /* periods a year, what is averaged: shown beside it */
} lab_report_metric;

/* Values over time; times in seconds since 1970. */
typedef struct lab_report_line {
    const char *name;
    const double *x;
    const double *y;
    size_t count;
} lab_report_line;

/* Monte Carlo: percentiles of equity after each step. */
typedef struct lab_report_fan {
    const char *method;
    size_t paths;
    size_t count;
    const double *steps;
    const double *percentiles[LAB_REPORT_FAN_MAX]; /* ascending: 5, 25, 50, 75, 95 */
} lab_report_fan;

/* Trials of a search. */
typedef struct lab_report_trials {
    const char *const *parameters;
    size_t parameters_count;
    const char *const *objectives;
    const bool *is_minimised;
    size_t objectives_count;
    size_t count;
    const double *values;  /* count × parameters_count */
    const double *results; /* count × objectives_count; NAN: failed or pruned */
} lab_report_trials;

/* A window of a walk-forward. */
typedef struct lab_report_window {
    int64_t train_from_ns;
    int64_t train_to_ns;
    int64_t test_from_ns;
    int64_t test_to_ns;
    double in_sample;
    double out_of_sample;
    const char *parameters; /* "fast=12 slow=40" */
} lab_report_window;

/* A statement on overfitting with its figure. */
typedef struct lab_report_proof {
    const char *name;
    const char *value;
    const char *meaning;
    bool is_warning;
} lab_report_proof;

typedef struct lab_report {
    uint64_t id;              /* 0: not stored */
    const char *name;         /* of the job */
    const char *reproduction; /* the command that gives the same bytes */
    const char *quote_asset;
    const lab_result *result;
    const lab_names *names;
    const lab_candles *candles; /* one per symbol of names, or NULL */
    const lab_report_metric *metrics;
    size_t metrics_count;
    lab_report_line rolling[LAB_REPORT_ROLLING_MAX];
    size_t rolling_count;
    const double *returns; /* of days, for the distribution; or NULL */
    size_t returns_count;
    const lab_report_fan *fan;       /* or NULL */
    const lab_report_trials *trials; /* or NULL */
    const lab_report_window *windows;
    size_t windows_count;
    const char *windows_metric;
    const lab_report_proof *proofs;
    size_t proofs_count;
} lab_report;

/** False when the file could not take it all. */
CB_MUST_USE bool lab_report_html(const lab_report *report, FILE *out);
/** Equity and drawdown as characters, width columns wide; is_plain: ASCII only. */
void lab_report_text(const lab_report *report, FILE *out, int width, bool is_plain);

#endif /* LAB_REPORT_H */
