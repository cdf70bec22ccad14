/* Sections of a job file that have files of their own. */
#ifndef LAB_SECTIONS_H
#define LAB_SECTIONS_H

#include "services/lab/job/scalars.h"

cb_status lab_take_settings(lab_yaml *yaml, int value, void *job, cb_err *err);
cb_status lab_take_study(lab_yaml *yaml, int value, void *job, cb_err *err);
cb_status lab_take_walkforward(lab_yaml *yaml, int value, void *job, cb_err *err);

/** "signals.strategy.trend.fast" → service and key; CB_E_CONFIG for another service. */
CB_MUST_USE cb_status lab_setting_split(
    const char *dotted, char service[LAB_WORD_MAX], char key[LAB_KEY_MAX], cb_err *err);

/** The job's caps as the text of a caps file; CB_E_CONFIG for a key that is none. */
CB_MUST_USE cb_status lab_job_caps(const lab_job *job, char *out, size_t size, cb_err *err);

#endif /* LAB_SECTIONS_H */
