/* Models of what a venue costs beside the simulator's own behaviour. One file here and one line in
 * models.def each; a model that is not used changes nothing, so that without any a backtest equals
 * its live session. All figures are integers; random ones come from the run's seed. */
#ifndef LAB_MODEL_H
#define LAB_MODEL_H

#include "base/prng.h"
#include "domain/param.h"
#include "services/simulator/core/house.h"
#include "services/simulator/core/rows.h"

#define LAB_MODEL_ROWS_MAX 64

enum {
#define LAB_MODEL(name) LAB_MODEL_##name,
#include "services/lab/core/models.def"
#undef LAB_MODEL
    LAB_MODELS_COUNT
};

/* A row of a table that a model is given: recorded latencies, funding rates, rules by date. */
typedef struct lab_model_row {
    int64_t from_ns;
    int64_t values[3];
} lab_model_row;

/* Which models a run uses, and how. */
typedef struct lab_models {
    bool is_used[LAB_MODELS_COUNT];
    int64_t params[LAB_MODELS_COUNT][CB_PARAMS_PER_ENTRY_MAX];
    uint32_t rows_count[LAB_MODELS_COUNT];
    lab_model_row rows[LAB_MODELS_COUNT][LAB_MODEL_ROWS_MAX]; /* by from_ns */
    uint64_t seed;
} lab_models;

/* What a model may look at. */
typedef struct lab_model_view {
    const int64_t *params;
    const lab_model_row *rows; /* [borrowed] */
    uint32_t rows_count;
    cb_prng *prng; /* of this model alone */
    int64_t now_ns;
    const sim_spec *spec;         /* of the symbol it is about */
    const sim_candle_row *candle; /* that begins; NULL when it is about none */
    int64_t price_e8;             /* last trade */
    int64_t own_qty_e8;           /* bought and sold in the last candle */
    int64_t last_volume_e8;       /* of the last candle */
    int64_t turnover_e8;          /* own, of the last 30 days, quote units */
    int64_t position_e8;          /* held, base units */
} lab_model_view;

typedef struct lab_fees {
    int64_t maker_e8;
    int64_t taker_e8;
} lab_fees;

/* Every function may be NULL: the model has no say in it. */
typedef struct lab_model_ops {
    const char *name;
    const char *help; /* one line */
    const cb_param *params;
    uint32_t params_count;
    /** The book around the trades of a candle. */
    void (*shape)(const lab_model_view *view, sim_synthetic *shape);
    /** The account's fees from now on; looked at after each fill. */
    void (*fees)(const lab_model_view *view, lab_fees *fees);
    /** How long an order takes to the venue, ns. */
    int64_t (*latency)(const lab_model_view *view);
    /** Quantity that stands before an order that has just begun to wait. */
    int64_t (*ahead)(const lab_model_view *view, int64_t ahead_e8);
    /** What is paid (> 0) or received at a moment, quote units; with the moment after now_ns at
     *  which it wants to be asked next in next_ns (INT64_MAX: never). */
    int64_t (*funding)(const lab_model_view *view, int64_t *next_ns);
    /** The rules of the instrument at now_ns; true when they changed. next_ns as above. */
    bool (*rules)(const lab_model_view *view, sim_spec *spec, int64_t *next_ns);
} lab_model_ops;

#define LAB_MODEL(name) extern const lab_model_ops lab_model_##name;
#include "services/lab/core/models.def"
#undef LAB_MODEL

/** Entry index of models.def. */
const lab_model_ops *lab_model_at(uint32_t index);
/** LAB_MODELS_COUNT when there is none of the name. */
uint32_t lab_model_find(const char *name);
/** No model is used, all parameters at their defaults. */
void lab_models_defaults(lab_models *models);

#endif /* LAB_MODEL_H */
