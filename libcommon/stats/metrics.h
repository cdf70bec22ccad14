/* The figures by which a result is judged. One table (metrics.def) says for each what it is called,
 * its formula, how it is brought to a year, its convention and its source; docs/metrics.md is made
 * from it. Where a figure is not defined (too little data, nothing to divide by) it says so instead
 * of giving zero, infinity or NaN. */
#ifndef CB_STATS_METRICS_H
#define CB_STATS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Crypto trades every day of the year. */
#define CB_METRICS_PERIODS_PER_YEAR 365.0
#define CB_METRICS_CONFIDENCE 0.95
#define CB_METRICS_NOTE_SIZE 96

typedef enum cb_metric_id {
#define METRIC(name, ...) CB_METRIC_ID_##name,
#include "stats/metrics.def"
#undef METRIC
    CB_METRICS_COUNT
} cb_metric_id;

typedef enum cb_metric_state {
    CB_METRIC_OK = 0,
    CB_METRIC_TOO_FEW,  /* fewer values than the formula needs */
    CB_METRIC_NO_INPUT, /* what it is computed from was not given (no benchmark, no trades) */
    CB_METRIC_NO_RISK,  /* the denominator is zero: a constant series, no loss, no drawdown */
    CB_METRIC_RUINED,   /* equity is zero or less: growth is not defined */
    CB_METRIC_STATES
} cb_metric_state;

typedef enum cb_metric_unit {
    CB_METRIC_UNIT_RATIO,
    CB_METRIC_UNIT_FRACTION, /* 0.05 is shown as 5 % */
    CB_METRIC_UNIT_PROBABILITY,
    CB_METRIC_UNIT_PERIODS,
    CB_METRIC_UNIT_COUNT,
    CB_METRIC_UNIT_QUOTE, /* units of the quote asset */
    CB_METRIC_UNITS
} cb_metric_unit;

typedef enum cb_metric_better {
    CB_METRIC_BETTER_HIGHER,
    CB_METRIC_BETTER_LOWER,
    CB_METRIC_BETTER_NEITHER,
    CB_METRIC_BETTERS
} cb_metric_better;

/* A row of metrics.def. All texts are static. */
typedef struct cb_metric_info {
    const char *name;
    const char *title;
    cb_metric_unit unit;
    cb_metric_better better;
    bool is_annualised;
    const char *formula;
    const char *convention;
    const char *source;
} cb_metric_info;

/* One closed round trip. Excursions are fractions of the entry price, not negative. */
typedef struct cb_trade_stat {
    double pnl;  /* quote units, after costs */
    double risk; /* quote units that the stop put at stake at entry; 0: unknown */
    double mae;
    double mfe;
} cb_trade_stat;

/* What is judged. Arrays are [borrowed] and hold finite values; those that are NULL were not
 * recorded. Begin with cb_perf_of. */
typedef struct cb_perf {
    const double *returns;   /* simple returns, one a period: 0.01 is one percent */
    const double *benchmark; /* of the same periods, or NULL */
    const double *exposure;  /* |position value| / equity, or NULL */
    const double *traded;    /* value traded in the period / equity, or NULL */
    size_t count;            /* periods */
    const cb_trade_stat *trades;
    size_t trades_count;
    double periods_per_year;
    double risk_free;  /* a year: 0.04 is four percent */
    double confidence; /* of value at risk, 0.5 … 1 */
    double *scratch;   /* room for count doubles: order statistics sort a copy there */
} cb_perf;

typedef struct cb_metric_value {
    double value; /* finite; 0 unless the state is CB_METRIC_OK */
    cb_metric_state state;
} cb_metric_value;

/** Returns with the default conventions (365 periods a year, no risk-free return, 95 %). */
cb_perf cb_perf_of(const double *returns, size_t count, double *scratch);

/** The row of a metric. */
const cb_metric_info *cb_metric_at(cb_metric_id id);
/** The metric of that name, or CB_METRICS_COUNT. */
cb_metric_id cb_metric_find(const char *name);
/** Computes one figure. */
cb_metric_value cb_metric_compute(cb_metric_id id, const cb_perf *perf);
/** Computes all, in the order of metrics.def. */
void cb_metrics_compute(const cb_perf *perf, cb_metric_value out[CB_METRICS_COUNT]);

/** "ok", "too few", "no input", "no risk", "ruined". */
const char *cb_metric_state_name(cb_metric_state state);
/** "ratio", "fraction", … */
const char *cb_metric_unit_name(cb_metric_unit unit);
/**
 * Writes the conventions that stand behind a printed number, such as "365 periods a year, risk-free
 * 0 %". Empty when the figure depends on none.
 *
 * @param out [out] CB_METRICS_NOTE_SIZE bytes.
 */
void cb_metric_note(cb_metric_id id, const cb_perf *perf, char *out);

/**
 * Returns of an equity curve: out[i] = equity[i + 1] / equity[i] - 1.
 *
 * @param out [out] count - 1 doubles; may be equity itself.
 * @return how many were written: fewer than count - 1 when equity reaches zero or less (the last
 * return written is then at most -1).
 */
size_t cb_returns_of_equity(const double *equity, size_t count, double *out);

#endif /* CB_STATS_METRICS_H */
