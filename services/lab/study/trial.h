/* One trial of a search: values put into a job's settings, played over a range, judged by the job's
 * objectives. */
#ifndef LAB_TRIAL_H
#define LAB_TRIAL_H

#include "services/lab/core/search/study.h"
#include "services/lab/job/run.h"
#include "services/lab/judge/judge.h"

#define LAB_TRIAL_RETURNS_MAX 4096
#define LAB_TRIAL_WHY_SIZE 200

/* What is to be played. */
typedef struct lab_trial_ask {
    uint64_t number;
    int64_t from_ns; /* 0: the job's */
    int64_t to_ns;
    uint32_t dims;
    uint32_t unused;
    uint64_t active; /* bit i: dimension i counts */
    double values[SEARCH_DIMS_MAX];
} lab_trial_ask;

/* What came of it. Returns are those of the judgement (days or hours). */
typedef struct lab_trial_answer {
    uint64_t number;
    uint32_t is_complete; /* 0: failed, why says so */
    uint32_t returns_count;
    uint64_t output_hash;
    uint64_t trades;
    double objectives[SEARCH_OBJECTIVES_MAX];
    char why[LAB_TRIAL_WHY_SIZE];
    double returns[LAB_TRIAL_RETURNS_MAX]; /* only returns_count of them are sent */
} lab_trial_answer;

/** The search's space and settings from the job's study; CB_E_CONFIG with place and reason. */
CB_MUST_USE cb_status lab_trial_config(const lab_job *job, search_config *config, cb_err *err);
/** A value of a parameter as its setting's text ("12", "0.25", "limit"). */
void lab_trial_value(const lab_parameter *parameter, double value, char *out, size_t size);
/** The last word of a key: "strategy.trend.fast" → "fast". [borrowed from key] */
const char *lab_trial_short_name(const char *key);
/** Values as "fast=12 slow=40". */
void lab_trial_print(
    const lab_job *job, const double *values, uint64_t active, char *out, size_t size);
/** Puts values into the job's settings. */
CB_MUST_USE cb_status lab_trial_apply(lab_job *job, const lab_trial_ask *ask, cb_err *err);
/**
 * Plays a trial.
 *
 * @param plan [changed: its configurations] opened over job.
 * @param job [changed: its settings] the plan's own.
 */
void lab_trial_play(
    lab_plan *plan, lab_job *job, const lab_trial_ask *ask, lab_trial_answer *answer);

#endif /* LAB_TRIAL_H */
