/* What the files of metrics share. */
#ifndef CB_STATS_METRICS_INTERNAL_H
#define CB_STATS_METRICS_INTERNAL_H

#include "stats/metrics.h"

/* A line without its function does not link; a function without its line lacks this declaration. */
#define METRIC(name, ...) cb_metric_state cb_metric_##name(const cb_perf *perf, double *out);
#include "stats/metrics.def"
#undef METRIC

/** The risk-free return of one period: (1 + a year's)^(1 / P) - 1. */
double cb_perf_risk_free(const cb_perf *perf);
/** Divides; CB_METRIC_NO_RISK when the denominator is zero. */
cb_metric_state cb_metric_divide(double above, double below, double *out);

#endif /* CB_STATS_METRICS_INTERNAL_H */
