/* Is it luck? Statements of libcommon/stats on a run and on the search that found it, as rows for
 * people. */
#ifndef LAB_LUCK_H
#define LAB_LUCK_H

#include "services/lab/judge/judge.h"
#include "services/lab/report/report.h"
#include "stats/resample.h"

#define LAB_LUCK_ROWS_MAX 12
#define LAB_LUCK_TEXT 160
#define LAB_LUCK_POINTS 100

/* [owned] the texts that rows point to lie inside: never copied. */
typedef struct lab_luck {
    lab_report_proof rows[LAB_LUCK_ROWS_MAX];
    char values[LAB_LUCK_ROWS_MAX][LAB_LUCK_TEXT];
    char meanings[LAB_LUCK_ROWS_MAX][LAB_LUCK_TEXT];
    size_t count;
    bool has_fan;
    lab_report_fan fan;
    double steps[LAB_LUCK_POINTS];
    double bands[CB_MONTE_BANDS][LAB_LUCK_POINTS];
} lab_luck;

/* The trials of a search: returns of equal periods, one array a trial. */
typedef struct lab_luck_trials {
    double *const *returns; /* [borrowed] NULL where a trial had no result */
    const uint32_t *counts;
    size_t trials;
    const double *benchmark; /* [borrowed] of the same periods, or NULL: against zero */
    size_t best;             /* index of the chosen one */
    const double *places;    /* [borrowed] trials × dims, each 0 … 1 */
    const double *scores;    /* [borrowed] the more the better; NAN: no result */
    size_t dims;
} lab_luck_trials;

/** Monte Carlo over the order of trades (of periods, when there are few), and how far the Sharpe
 * ratio can be believed. CB_E_FULL. */
CB_MUST_USE cb_status lab_luck_run(lab_luck *self,
    const lab_judgement *judgement,
    double start_equity,
    uint64_t seed,
    cb_err *err);
/** Overfitting (CSCV), deflated Sharpe ratio, reality check, stability of the parameters.
 * CB_E_FULL. */
CB_MUST_USE cb_status lab_luck_search(
    lab_luck *self, const lab_luck_trials *trials, uint64_t seed, cb_err *err);

void lab_luck_print(const lab_luck *self, FILE *out);
json_t *lab_luck_json(const lab_luck *self);

#endif /* LAB_LUCK_H */
