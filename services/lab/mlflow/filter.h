/* MLflow's search: `metrics.sharpe > 1 and params.model = 'xgb'`, and orders such as
 * `metrics.sharpe DESC`, over runs and experiments in memory. */
#ifndef LAB_MLFLOW_FILTER_H
#define LAB_MLFLOW_FILTER_H

#include <jansson.h>

#include "base/err.h"
#include "services/lab/mlflow/mlflow.h"

#define FILTER_CLAUSES_MAX 32
#define FILTER_TEXT_MAX 4096
#define FILTER_LIST_MAX 1000
#define ORDER_MAX 8

typedef enum filter_of { FILTER_RUNS, FILTER_EXPERIMENTS } filter_of;

typedef enum filter_entity {
    ENTITY_ATTRIBUTE,
    ENTITY_METRIC,
    ENTITY_PARAM,
    ENTITY_TAG
} filter_entity;

typedef enum filter_compare {
    COMPARE_EQUAL,
    COMPARE_UNEQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_MORE,
    COMPARE_MORE_EQUAL,
    COMPARE_LIKE,
    COMPARE_ILIKE,
    COMPARE_IN,
    COMPARE_NOT_IN,
    COMPARE_IS_NULL,
    COMPARE_IS_NOT_NULL
} filter_compare;

typedef struct filter_field {
    filter_entity entity;
    char key[MLFLOW_KEY_MAX + 1];
    bool is_number;
} filter_field;

typedef struct filter_clause {
    filter_field field;
    filter_compare compare;
    double number;
    json_t *texts; /* [owned] strings; of one comparison one */
} filter_clause;

typedef struct lab_filter {
    filter_of of;
    filter_clause clauses[FILTER_CLAUSES_MAX];
    size_t count;
} lab_filter;

typedef struct lab_order {
    filter_of of;
    struct {
        filter_field field;
        bool is_descending;
    } keys[ORDER_MAX];
    size_t count;
} lab_order;

/** NULL or "" lets everything through. CB_E_SYNTAX with what is wrong where. Release it. */
CB_MUST_USE cb_status lab_filter_parse(
    lab_filter *filter, filter_of of, const char *text, cb_err *err);
void lab_filter_release(lab_filter *filter);
bool lab_filter_match(const lab_filter *filter, const json_t *row);

/** texts: an array of strings, or NULL. */
CB_MUST_USE cb_status lab_order_parse(
    lab_order *order, filter_of of, const json_t *texts, cb_err *err);
/** Sorts rows by order, then newest first, then by id. What has no such value comes last. */
void lab_order_rows(const lab_order *order, json_t **rows, size_t count);

#endif /* LAB_MLFLOW_FILTER_H */
