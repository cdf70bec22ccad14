/* Times of CSV rows: numbers whose unit shows in their size, or ISO dates. */
#ifndef LAB_CSV_TIME_H
#define LAB_CSV_TIME_H

#include "base/err.h"
#include "base/strview.h"

typedef enum lab_time_unit {
    LAB_UNIT_NONE, /* a date */
    LAB_UNIT_S,
    LAB_UNIT_MS,
    LAB_UNIT_US,
    LAB_UNIT_NS,
    LAB_UNIT_COUNT
} lab_time_unit;

/** "s", "ms", "us", "ns"; LAB_UNIT_COUNT for anything else. */
lab_time_unit lab_time_unit_parse(const char *text);
const char *lab_time_unit_name(lab_time_unit unit);
/** Unit of a number by its size: between 2001 and 2100 the four do not overlap. */
lab_time_unit lab_time_unit_of(uint64_t number);
/** Nanoseconds of a number; false when it is no time between 2009 and 2100. */
bool lab_time_scale(uint64_t number, lab_time_unit unit, int64_t *out_ns);
/** "2022-01-31", "2022-01-31 12:00:00", "2022-01-31T12:00:00.5Z", "…+00:00": UTC. */
CB_MUST_USE cb_status lab_time_parse_date(cb_strview text, int64_t *out_ns, cb_err *err);

#endif /* LAB_CSV_TIME_H */
