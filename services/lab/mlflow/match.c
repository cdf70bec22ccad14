/* Filters and orders applied to rows in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/lab/mlflow/book.h"
#include "services/lab/mlflow/filter.h"

static const json_t *value_of(filter_of of, const filter_field *field, const json_t *row)
{
    switch (field->entity) {
    case ENTITY_METRIC:
        return json_object_get(
            lab_book_latest(json_object_get(json_object_get(row, "metrics"), field->key)), "value");
    case ENTITY_PARAM:
        return json_object_get(json_object_get(row, "params"), field->key);
    case ENTITY_TAG:
        return json_object_get(json_object_get(row, "tags"), field->key);
    case ENTITY_ATTRIBUTE:
        break;
    }
    return json_object_get(of == FILTER_RUNS ? json_object_get(row, "info") : row, field->key);
}

static char folded(char c, bool is_folded)
{
    return is_folded && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* SQL's LIKE: % is any run of characters, _ is one. Goes back to the last % only, so it takes at
 * most |pattern| × |text| steps. */
static bool is_like(const char *pattern, const char *text, bool is_folded)
{
    const char *star = NULL;
    const char *mark = NULL;
    while (*text != '\0') {
        if (*pattern == '%') {
            star = pattern++;
            mark = text;
        } else if (*pattern != '\0' &&
                   (*pattern == '_' || folded(*pattern, is_folded) == folded(*text, is_folded))) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "%")] == '\0';
}

static bool is_listed(const json_t *texts, const char *text)
{
    for (size_t i = 0; i < json_array_size(texts); i++) {
        if (strcmp(json_string_value(json_array_get(texts, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

static bool match_text(const filter_clause *clause, const char *text)
{
    const char *wanted = json_string_value(json_array_get(clause->texts, 0));
    switch (clause->compare) {
    case COMPARE_EQUAL:
    case COMPARE_IN:
        return is_listed(clause->texts, text);
    case COMPARE_UNEQUAL:
    case COMPARE_NOT_IN:
        return !is_listed(clause->texts, text);
    case COMPARE_LIKE:
    case COMPARE_ILIKE:
        return is_like(wanted, text, clause->compare == COMPARE_ILIKE);
    case COMPARE_LESS:
    case COMPARE_LESS_EQUAL:
    case COMPARE_MORE:
    case COMPARE_MORE_EQUAL:
    case COMPARE_IS_NULL:
    case COMPARE_IS_NOT_NULL:
        break;
    }
    return false;
}

static bool match_number(const filter_clause *clause, double value)
{
    const bool is_less = value < clause->number;
    const bool is_more = value > clause->number;
    const bool is_equal = value >= clause->number && value <= clause->number;
    switch (clause->compare) {
    case COMPARE_EQUAL:
        return is_equal;
    case COMPARE_UNEQUAL:
        return !is_equal;
    case COMPARE_LESS:
        return is_less;
    case COMPARE_LESS_EQUAL:
        return is_less || is_equal;
    case COMPARE_MORE:
        return is_more;
    case COMPARE_MORE_EQUAL:
        return is_more || is_equal;
    case COMPARE_LIKE:
    case COMPARE_ILIKE:
    case COMPARE_IN:
    case COMPARE_NOT_IN:
    case COMPARE_IS_NULL:
    case COMPARE_IS_NOT_NULL:
        break;
    }
    return false;
}

static bool match_clause(filter_of of, const filter_clause *clause, const json_t *row)
{
    double number = 0;
    const json_t *value = value_of(of, &clause->field, row);
    const bool has_value = value != NULL && !json_is_null(value);
    if (clause->compare == COMPARE_IS_NULL || clause->compare == COMPARE_IS_NOT_NULL) {
        return has_value == (clause->compare == COMPARE_IS_NOT_NULL);
    }
    if (!has_value) {
        return false;
    }
    if (clause->field.is_number) {
        return lab_mlflow_number(value, &number) && match_number(clause, number);
    }
    return json_is_string(value) && match_text(clause, json_string_value(value));
}

bool lab_filter_match(const lab_filter *filter, const json_t *row)
{
    CB_ASSERT(filter != NULL && row != NULL);
    for (size_t i = 0; i < filter->count; i++) {
        if (!match_clause(filter->of, &filter->clauses[i], row)) {
            return false;
        }
    }
    return true;
}

/* ---- order ---- */

/* Negative, zero, positive; what cannot be compared (none, NaN) is last in either direction. */
static int compare_values(const json_t *a, const json_t *b, const filter_field *field, bool is_down)
{
    double left = 0;
    double right = 0;
    if (!field->is_number) {
        const char *x = json_string_value(a);
        const char *y = json_string_value(b);
        if (x == NULL || y == NULL) {
            return (x == NULL ? 1 : 0) - (y == NULL ? 1 : 0);
        }
        return is_down ? strcmp(y, x) : strcmp(x, y);
    }
    const bool has_left = lab_mlflow_number(a, &left) && left <= left;
    const bool has_right = lab_mlflow_number(b, &right) && right <= right;
    if (!has_left || !has_right) {
        return (has_left ? 0 : 1) - (has_right ? 0 : 1);
    }
    const int sign = left < right ? -1 : left > right ? 1 : 0;
    return is_down ? -sign : sign;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const json_t *left = *(json_t *const *)a;
    const json_t *right = *(json_t *const *)b;
    const lab_order *order = context;
    for (size_t i = 0; i < order->count; i++) {
        const filter_field *field = &order->keys[i].field;
        const int sign = compare_values(value_of(order->of, field, left),
            value_of(order->of, field, right),
            field,
            order->keys[i].is_descending);
        if (sign != 0) {
            return sign;
        }
    }
    static const filter_field last[2][2] = {
        [FILTER_RUNS] = {{ENTITY_ATTRIBUTE, "start_time", true},
            {ENTITY_ATTRIBUTE, "run_id", false}},
        [FILTER_EXPERIMENTS] = {{ENTITY_ATTRIBUTE, "creation_time", true},
            {ENTITY_ATTRIBUTE, "experiment_id", false}},
    };
    const filter_field *fields = last[order->of];
    const int sign = compare_values(value_of(order->of, &fields[0], left),
        value_of(order->of, &fields[0], right),
        &fields[0],
        true);
    return sign != 0 ? sign
                     : compare_values(value_of(order->of, &fields[1], left),
                           value_of(order->of, &fields[1], right),
                           &fields[1],
                           false);
}

void lab_order_rows(const lab_order *order, json_t **rows, size_t count)
{
    lab_order copy = *order;
    if (count > 1) {
        qsort_r(rows, count, sizeof(json_t *), compare_rows, &copy);
    }
}
