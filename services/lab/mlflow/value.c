/* Numbers as MLflow's JSON has them: int64 as number or text, doubles that JSON has no word for as
 * text. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/mlflow/mlflow.h"

json_t *lab_mlflow_value(double value)
{
    if (isnan(value)) {
        return json_string("NaN");
    }
    if (isinf(value)) {
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    }
    return json_real(value);
}

/* Through the JSON reader, which knows no locale and refuses what leaves a double. */
static bool read_text(const char *text, double *out)
{
    static const struct {
        const char *name;
        double value;
    } words[] = {{"NaN", (double)NAN},
        {"nan", (double)NAN},
        {"Infinity", (double)INFINITY},
        {"inf", (double)INFINITY},
        {"-Infinity", -(double)INFINITY},
        {"-inf", -(double)INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].name) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    json_t *number = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    const bool is_number = json_is_real(number);
    *out = json_real_value(number);
    json_decref(number);
    return is_number;
}

bool lab_mlflow_number(const json_t *value, double *out)
{
    CB_ASSERT(out != NULL);
    if (json_is_number(value)) {
        *out = json_number_value(value);
        return true;
    }
    return json_is_string(value) && read_text(json_string_value(value), out);
}

bool lab_mlflow_integer(const json_t *value, int64_t *out)
{
    uint64_t number = 0;
    CB_ASSERT(out != NULL);
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    const bool is_negative = text != NULL && text[0] == '-';
    if (text == NULL ||
        !cb_u64_parse(cb_sv_from(is_negative ? text + 1 : text), INT64_MAX, &number)) {
        return false;
    }
    *out = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}
