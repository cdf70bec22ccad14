/* Prometheus metrics: counters, gauges and latency histograms, registered at start, updated by the
 * duty thread, printed at /metrics (text format 0.0.4). Names follow the conventions: base units,
 * _total, _seconds; label values never hold order or user ids. */
#ifndef CB_METRICS_H
#define CB_METRICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cb_metrics cb_metrics;
typedef struct cb_metric cb_metric; /* [borrowed until the registry is destroyed] */

cb_metrics *cb_metrics_create(const char *service);
void cb_metrics_destroy(cb_metrics *metrics);

/* Names are given without the prefix "cerberus_", which the exposition adds, as it adds the label
 * service. help is a static string. */
/** labels: "" or ready pairs such as `rule="max_position"`. The same name and labels give the same
 * metric. */
cb_metric *cb_counter(cb_metrics *metrics, const char *name, const char *labels, const char *help);
cb_metric *cb_gauge(cb_metrics *metrics, const char *name, const char *labels, const char *help);
/** Log-linear buckets from 1 µs to 60 s, quantiles within 6 %. Observations are nanoseconds; the
 *  exposition is in seconds. */
cb_metric *cb_histogram(
    cb_metrics *metrics, const char *name, const char *labels, const char *help);

void cb_metric_add(cb_metric *counter, uint64_t count);
void cb_metric_set(cb_metric *gauge, int64_t value);
void cb_metric_observe_ns(cb_metric *histogram, int64_t duration_ns);
uint64_t cb_metric_value(const cb_metric *metric);
int64_t cb_metric_quantile_ns(const cb_metric *histogram, double quantile);

/** Writes the exposition; returns the length needed, which may exceed capacity. */
size_t cb_metrics_print(const cb_metrics *metrics, char *out, size_t capacity);

#endif /* CB_METRICS_H */
