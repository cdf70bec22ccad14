/* A result judged: its equity as returns of days (of hours, when it is short), its round trips as
 * libcommon/stats wants them, and every metric. No formula stands here. */
#ifndef LAB_JUDGE_H
#define LAB_JUDGE_H

#include <jansson.h>

#include "base/err.h"
#include "services/lab/core/candles.h"
#include "services/lab/core/result.h"
#include "stats/metrics.h"

#define LAB_JUDGE_DAYS_MIN 10 /* a shorter run is judged by hours */

/* [owned] release with lab_judgement_release. */
typedef struct lab_judgement {
    bool is_hourly;
    size_t count;      /* periods with a return */
    double *ends;      /* count: the periods' ends, seconds since 1970 */
    double *equity;    /* count + 1: before the first period and after each */
    double *returns;   /* count */
    double *benchmark; /* count: buying and holding the first symbol; NULL without candles */
    double *exposure;  /* count */
    double *traded;    /* count */
    cb_trade_stat *trades;
    double *scratch;
    cb_perf perf; /* over all of them */
    cb_metric_value values[CB_METRICS_COUNT];
} lab_judgement;

/**
 * Judges a result.
 *
 * @param candles [borrowed for the call] of the first symbol, for the benchmark; NULL: none.
 * @return CB_OK; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_judge(
    const lab_result *result, const lab_candles *candles, lab_judgement *out, cb_err *err);
void lab_judgement_release(lab_judgement *judgement);

/** Metrics as an object of name → text; those without a value are left out [owned by the caller].
 */
json_t *lab_judgement_json(const lab_judgement *judgement);
/** A value as people read it: "12.3 %", "1.84", "too few". */
void lab_metric_print(cb_metric_id id, cb_metric_value value, char *out, size_t size);

#endif /* LAB_JUDGE_H */
