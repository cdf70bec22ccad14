/* Time is int64 nanoseconds since 1970 UTC, a value handed in: nothing here reads a clock. */
#ifndef CB_TIMEFMT_H
#define CB_TIMEFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_NS_PER_US INT64_C(1000)
#define CB_NS_PER_MS INT64_C(1000000)
#define CB_NS_PER_S INT64_C(1000000000)
#define CB_NS_PER_DAY (INT64_C(86400) * CB_NS_PER_S)
#define CB_TIME_TEXT_MAX 32

/** "2022-01-03T00:00:00.000000000Z" with as many decimals as asked (0, 3, 6, 9). */
size_t cb_time_print(int64_t ts_ns, int decimals, char out[CB_TIME_TEXT_MAX]);
/** RFC 3339 in UTC ("…Z"), or false. */
bool cb_time_parse(const char *text, size_t size, int64_t *out_ns);
/** True for a plausible market time: 2009-01-01 to 2100-01-01. Catches wrong units. */
bool cb_time_is_sane(int64_t ts_ns);

#endif /* CB_TIMEFMT_H */
