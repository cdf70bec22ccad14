/* The metrics registry and its text exposition. Histograms have sixteen buckets per power of two
 * between 128 ns and 68.7 s (a value is known within 1/16), of which the exposition prints the
 * cumulative counts at the powers of two from 1 µs on, which is what Prometheus can use. */
#include "rt/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define METRICS_MAX 1024
#define NAME_MAX_BYTES 80
#define LABELS_MAX_BYTES 160
#define LOW_EXPONENT 7   /* 2^7 ns = 128 ns */
#define HIGH_EXPONENT 36 /* 2^36 ns = 68.7 s */
#define PRINT_EXPONENT 10
#define STEPS_PER_OCTAVE 16
#define STEPS_EXPONENT 4
#define BUCKETS_COUNT ((HIGH_EXPONENT - LOW_EXPONENT) * STEPS_PER_OCTAVE + 2)

typedef enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } metric_kind;

typedef struct time_buckets {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t buckets[BUCKETS_COUNT]; /* first: below the range, last: above it */
} time_buckets;

struct cb_metric {
    metric_kind kind;
    uint64_t value; /* counter */
    int64_t gauge;
    time_buckets *times; /* [owned] histograms only */
    const char *help;    /* [borrowed for ever] */
    char name[NAME_MAX_BYTES];
    char labels[LABELS_MAX_BYTES];
};

struct cb_metrics {
    char service[24];
    size_t count;
    cb_metric *metrics[METRICS_MAX];
};

cb_metrics *cb_metrics_create(const char *service)
{
    cb_metrics *metrics = calloc(1, sizeof(*metrics));
    CB_ASSERT(metrics != NULL);
    (void)snprintf(metrics->service, sizeof(metrics->service), "%s", service);
    return metrics;
}

void cb_metrics_destroy(cb_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < metrics->count; i++) {
        free(metrics->metrics[i]->times);
        free(metrics->metrics[i]);
    }
    free(metrics);
}

static cb_metric *find(const cb_metrics *metrics, const char *name, const char *labels)
{
    for (size_t i = 0; i < metrics->count; i++) {
        cb_metric *metric = metrics->metrics[i];
        if (strcmp(metric->name, name) == 0 && strcmp(metric->labels, labels) == 0) {
            return metric;
        }
    }
    return NULL;
}

static cb_metric *get(
    cb_metrics *metrics, metric_kind kind, const char *name, const char *labels, const char *help)
{
    cb_metric *metric = find(metrics, name, labels);
    if (metric != NULL) {
        CB_ASSERT(metric->kind == kind);
        return metric;
    }
    CB_ASSERT(metrics->count < METRICS_MAX);
    CB_ASSERT(strlen(name) < NAME_MAX_BYTES);
    CB_ASSERT(strlen(labels) < LABELS_MAX_BYTES);
    metric = calloc(1, sizeof(*metric));
    CB_ASSERT(metric != NULL);
    metric->kind = kind;
    metric->help = help;
    (void)snprintf(metric->name, sizeof(metric->name), "%s", name);
    (void)snprintf(metric->labels, sizeof(metric->labels), "%s", labels);
    if (kind == METRIC_HISTOGRAM) {
        metric->times = calloc(1, sizeof(*metric->times));
        CB_ASSERT(metric->times != NULL);
    }
    metrics->metrics[metrics->count++] = metric;
    return metric;
}

cb_metric *cb_counter(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return get(metrics, METRIC_COUNTER, name, labels, help);
}

cb_metric *cb_gauge(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return get(metrics, METRIC_GAUGE, name, labels, help);
}

cb_metric *cb_histogram(cb_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return get(metrics, METRIC_HISTOGRAM, name, labels, help);
}

void cb_metric_add(cb_metric *counter, uint64_t count)
{
    CB_ASSERT(counter->kind == METRIC_COUNTER);
    counter->value += count;
}

void cb_metric_set(cb_metric *gauge, int64_t value)
{
    CB_ASSERT(gauge->kind == METRIC_GAUGE);
    gauge->gauge = value;
}

/* ---- histograms ---- */

static size_t bucket_of(uint64_t duration_ns)
{
    if (duration_ns < (UINT64_C(1) << LOW_EXPONENT)) {
        return 0;
    }
    if (duration_ns >= (UINT64_C(1) << HIGH_EXPONENT)) {
        return BUCKETS_COUNT - 1;
    }
    const unsigned exponent = 63U - (unsigned)__builtin_clzll(duration_ns);
    const uint64_t step = (duration_ns >> (exponent - STEPS_EXPONENT)) & (STEPS_PER_OCTAVE - 1);
    return 1 + (size_t)(exponent - LOW_EXPONENT) * STEPS_PER_OCTAVE + (size_t)step;
}

/* The middle of a bucket: what a value in it is taken for. */
static int64_t bucket_middle_ns(size_t bucket)
{
    if (bucket == 0) {
        return INT64_C(1) << (LOW_EXPONENT - 1);
    }
    if (bucket == BUCKETS_COUNT - 1) {
        return INT64_C(1) << HIGH_EXPONENT;
    }
    const size_t octave = (bucket - 1) / STEPS_PER_OCTAVE;
    const size_t step = (bucket - 1) % STEPS_PER_OCTAVE;
    const int64_t width = INT64_C(1) << (LOW_EXPONENT + octave - STEPS_EXPONENT);
    return (INT64_C(1) << (LOW_EXPONENT + octave)) + (int64_t)step * width + width / 2;
}

void cb_metric_observe_ns(cb_metric *histogram, int64_t duration_ns)
{
    CB_ASSERT(histogram->kind == METRIC_HISTOGRAM);
    const uint64_t value = duration_ns > 0 ? (uint64_t)duration_ns : 0;
    histogram->times->count++;
    histogram->times->sum_ns += value;
    histogram->times->buckets[bucket_of(value)]++;
}

uint64_t cb_metric_value(const cb_metric *metric)
{
    switch (metric->kind) {
    case METRIC_COUNTER:
        return metric->value;
    case METRIC_GAUGE:
        return (uint64_t)metric->gauge;
    case METRIC_HISTOGRAM:
        break;
    }
    return metric->times->count;
}

int64_t cb_metric_quantile_ns(const cb_metric *histogram, double quantile)
{
    CB_ASSERT(histogram->kind == METRIC_HISTOGRAM);
    CB_ASSERT(quantile >= 0.0 && quantile <= 1.0);
    const uint64_t count = histogram->times->count;
    if (count == 0) {
        return 0;
    }
    /* The smallest value that at least this share of the observations does not exceed. */
    const double wanted = quantile * (double)count;
    uint64_t rank = (uint64_t)wanted;
    rank += (double)rank < wanted ? 1 : 0;
    rank = rank == 0 ? 1 : rank;
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS_COUNT; i++) {
        seen += histogram->times->buckets[i];
        if (seen >= rank) {
            return bucket_middle_ns(i);
        }
    }
    return bucket_middle_ns(BUCKETS_COUNT - 1);
}

/* ---- exposition ---- */

typedef struct printer {
    char *out;
    size_t capacity;
    size_t used;
} printer;

__attribute__((format(printf, 2, 3))) static void print(printer *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t room = to->used < to->capacity ? to->capacity - to->used : 0;
    const int length = vsnprintf(room > 0 ? to->out + to->used : NULL, room, format, args);
    va_end(args);
    CB_ASSERT(length >= 0);
    to->used += (size_t)length;
}

/* "name{service="x",labels" without the closing brace, so that le can follow. */
static void print_series(
    printer *to, const cb_metrics *metrics, const cb_metric *metric, const char *suffix)
{
    print(to,
        "cerberus_%s%s{service=\"%s\"%s%s",
        metric->name,
        suffix,
        metrics->service,
        metric->labels[0] != '\0' ? "," : "",
        metric->labels);
}

static void print_histogram(printer *to, const cb_metrics *metrics, const cb_metric *metric)
{
    const time_buckets *times = metric->times;
    uint64_t below = times->buckets[0];
    size_t bucket = 1;
    for (unsigned exponent = LOW_EXPONENT + 1; exponent <= HIGH_EXPONENT; exponent++) {
        for (size_t step = 0; step < STEPS_PER_OCTAVE; step++) {
            below += times->buckets[bucket++];
        }
        if (exponent < PRINT_EXPONENT) {
            continue;
        }
        print_series(to, metrics, metric, "_bucket");
        print(to, ",le=\"%.9f\"} %" PRIu64 "\n", (double)(UINT64_C(1) << exponent) / 1e9, below);
    }
    print_series(to, metrics, metric, "_bucket");
    print(to, ",le=\"+Inf\"} %" PRIu64 "\n", times->count);
    print_series(to, metrics, metric, "_sum");
    print(to, "} %.9f\n", (double)times->sum_ns / 1e9);
    print_series(to, metrics, metric, "_count");
    print(to, "} %" PRIu64 "\n", times->count);
}

static void print_metric(printer *to, const cb_metrics *metrics, const cb_metric *metric)
{
    if (metric->kind == METRIC_HISTOGRAM) {
        print_histogram(to, metrics, metric);
        return;
    }
    print_series(to, metrics, metric, "");
    if (metric->kind == METRIC_COUNTER) {
        print(to, "} %" PRIu64 "\n", metric->value);
    } else {
        print(to, "} %" PRId64 "\n", metric->gauge);
    }
}

static bool is_first_of_name(const cb_metrics *metrics, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(metrics->metrics[i]->name, metrics->metrics[index]->name) == 0) {
            return false;
        }
    }
    return true;
}

size_t cb_metrics_print(const cb_metrics *metrics, char *out, size_t capacity)
{
    static const char *const KINDS[] = {"counter", "gauge", "histogram"};
    printer to = {out, capacity, 0};
    /* All series of one name must stand together under one HELP and TYPE. */
    for (size_t i = 0; i < metrics->count; i++) {
        const cb_metric *first = metrics->metrics[i];
        if (!is_first_of_name(metrics, i)) {
            continue;
        }
        print(&to, "# HELP cerberus_%s %s\n", first->name, first->help);
        print(&to, "# TYPE cerberus_%s %s\n", first->name, KINDS[first->kind]);
        for (size_t j = i; j < metrics->count; j++) {
            if (strcmp(metrics->metrics[j]->name, first->name) == 0) {
                print_metric(&to, metrics, metrics->metrics[j]);
            }
        }
    }
    return to.used;
}
