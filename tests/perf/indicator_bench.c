/* Speed of the indicators: nanoseconds a bar, beside a loop that looks through the whole window for
 * every bar (the same figure, checked equal at the end), alternating in one run; the median of the
 * paired ratios counts. Prints a table, or JSON with -o json. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/prng.h"
#include "ind/indicator.h"

#define BARS 200000U
#define ROUNDS 7U

static cb_bar bars[BARS];

static int64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void make_bars(void)
{
    cb_prng prng;
    double price = 1000;
    cb_prng_init(&prng, 1);
    for (size_t i = 0; i < BARS; i++) {
        const double open = price;
        price += ((double)cb_prng_below(&prng, 2001) - 1000) / 500;
        price = price > 10 ? price : 10;
        bars[i] = (cb_bar){.open_ts_ns = (int64_t)i * INT64_C(60000000000),
            .open = open,
            .high = fmax(open, price) + 1,
            .low = fmin(open, price) - 1,
            .close = price,
            .volume = 1 + (double)cb_prng_below(&prng, 100)};
    }
}

/* The slow loops: output 0 of the last bar's window of n bars. */
static double naive_sma(size_t i, size_t n)
{
    double sum = 0;
    for (size_t k = i + 1 - n; k <= i; k++) {
        sum += bars[k].close;
    }
    return sum / (double)n;
}

static double naive_wma(size_t i, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        sum += (double)(n - k) * bars[i - k].close;
    }
    return sum * 2 / ((double)n * ((double)n + 1));
}

static double naive_stddev(size_t i, size_t n)
{
    const double mean = naive_sma(i, n);
    double squares = 0;
    for (size_t k = i + 1 - n; k <= i; k++) {
        squares += (bars[k].close - mean) * (bars[k].close - mean);
    }
    return sqrt(squares / (double)n);
}

static double naive_max(size_t i, size_t n)
{
    double most = bars[i].close;
    for (size_t k = i + 1 - n; k <= i; k++) {
        most = bars[k].close > most ? bars[k].close : most;
    }
    return most;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static double naive_median(size_t i, size_t n)
{
    double sorted[1024];
    CB_ASSERT(n <= sizeof sorted / sizeof sorted[0]);
    for (size_t k = 0; k < n; k++) {
        sorted[k] = bars[i - k].close;
    }
    qsort(sorted, n, sizeof sorted[0], by_size);
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

typedef double (*naive_fn)(size_t i, size_t n);

typedef struct pair {
    const char *name;
    int64_t period;
    naive_fn naive; /* NULL: only the indicator is timed */
} pair;

static double run_indicator(const cb_indicator_ops *ops, const int64_t *params, void *state)
{
    double out[CB_INDICATOR_OUTPUTS_MAX] = {0};
    ops->init(state, params);
    for (size_t i = 0; i < BARS; i++) {
        (void)ops->update(state, &bars[i], out);
    }
    return out[0];
}

static double run_naive(naive_fn naive, size_t n)
{
    double last = 0;
    for (size_t i = n - 1; i < BARS; i++) {
        last = naive(i, n);
    }
    return last;
}

static double median_of(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], by_size);
    return values[ROUNDS / 2];
}

typedef struct result {
    double ns_a_bar;
    double ratio; /* the loop's time over ours; 0: no loop */
} result;

static result measure(const pair *p)
{
    const cb_indicator_ops *ops = cb_indicator_find(p->name);
    int64_t params[CB_PARAMS_PER_ENTRY_MAX] = {0};
    double ours[ROUNDS];
    double ratios[ROUNDS] = {0};
    CB_ASSERT(ops != NULL);
    cb_indicator_defaults(ops, params);
    params[0] = p->period > 0 ? p->period : params[0];
    void *state = malloc(ops->state_size(params));
    CB_ASSERT(state != NULL);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const int64_t begin = now_ns();
        const double value = run_indicator(ops, params, state);
        const int64_t middle = now_ns();
        ours[i] = (double)(middle - begin) / BARS;
        if (p->naive == NULL) {
            continue;
        }
        const double wanted = run_naive(p->naive, (size_t)params[0]);
        ratios[i] = (double)(now_ns() - middle) / (double)(middle - begin);
        CB_ASSERT(fabs(value - wanted) <= 1e-9 * fabs(wanted));
    }
    free(state);
    return (result){median_of(ours), p->naive != NULL ? median_of(ratios) : 0};
}

int main(int argc, char **argv)
{
    static const pair pairs[] = {{"sma", 20, naive_sma},
        {"sma", 200, naive_sma},
        {"wma", 20, naive_wma},
        {"wma", 200, naive_wma},
        {"stddev", 20, naive_stddev},
        {"stddev", 200, naive_stddev},
        {"minmax", 20, naive_max},
        {"minmax", 200, naive_max},
        {"median", 20, naive_median},
        {"median", 200, naive_median}};
    const bool is_json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;
    make_bars();
    (void)printf(
        is_json ? "[" : "%-20s %8s %12s %14s\n", "indicator", "period", "ns a bar", "x naive loop");
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const result r = measure(&pairs[i]);
        (void)printf(is_json ? "%s{\"name\":\"%s\",\"period\":%" PRId64
                               ",\"ns\":%.2f,\"ratio\":%.2f}"
                             : "%s%-20s %8" PRId64 " %12.2f %14.2f\n",
            is_json && i > 0 ? "," : "",
            pairs[i].name,
            pairs[i].period,
            r.ns_a_bar,
            r.ratio);
    }
    double sum = 0;
    for (uint32_t i = 0; i < cb_indicators_count(); i++) {
        const pair each = {.name = cb_indicator_at(i)->name};
        const result r = measure(&each);
        sum += r.ns_a_bar;
        if (!is_json) {
            (void)printf("%-20s %8s %12.2f\n", each.name, "default", r.ns_a_bar);
        }
    }
    (void)printf(
        is_json ? ",{\"name\":\"all\",\"ns\":%.2f}]\n" : "all indicators together: %.0f ns a bar\n",
        sum);
    return 0;
}
