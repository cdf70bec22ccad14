/* Scalars of a job file: text to values, each refused with what would be right. The place is added
 * by the caller. */
#ifndef LAB_SCALARS_H
#define LAB_SCALARS_H

#include "services/lab/job/job.h"
#include "services/lab/job/yaml.h"

/** The text of a scalar into out; refuses empty and too long ones. */
CB_MUST_USE cb_status lab_take_text(
    lab_yaml *yaml, int value, char *out, size_t out_size, cb_err *err);
CB_MUST_USE cb_status lab_take_u64(
    lab_yaml *yaml, int value, uint64_t min, uint64_t max, uint64_t *out, cb_err *err);
CB_MUST_USE cb_status lab_take_e8(
    lab_yaml *yaml, int value, int64_t min_e8, int64_t max_e8, int64_t *out_e8, cb_err *err);
CB_MUST_USE cb_status lab_take_bool(lab_yaml *yaml, int value, bool *out, cb_err *err);
/** Index of the value among words "a|b|c". */
CB_MUST_USE cb_status lab_take_word(
    lab_yaml *yaml, int value, const char *words, uint32_t *out, cb_err *err);
/** "2023-01-01" or RFC 3339 in UTC. */
CB_MUST_USE cb_status lab_take_time(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err);
/** "90d", "12h", "30m", "45s". */
CB_MUST_USE cb_status lab_take_span(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err);
CB_MUST_USE cb_status lab_take_timeframe(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err);

#endif /* LAB_SCALARS_H */
