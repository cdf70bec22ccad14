/* The registry of models as configuration fields, and the tables that they are given as text. */
#include "services/lab/setup_models.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"

#define PREFIX "models"
#define ITEM_SIZE 160

static void add(lab_model_fields *out, cb_config_field field)
{
    CB_ASSERT(out->count < LAB_MODEL_FIELDS_MAX);
    out->fields[out->count++] = field;
}

static void add_model(lab_model_fields *out, uint32_t index)
{
    const lab_model_ops *model = lab_model_at(index);
    cb_param_text *texts = &out->texts[(size_t)index * CB_PARAMS_PER_ENTRY_MAX];
    const int size =
        snprintf(out->rows_keys[index], sizeof(out->rows_keys[index]), "%s.rows", model->name);
    CB_ASSERT(size > 0);
    add(out,
        (cb_config_field){out->rows_keys[index],
            CB_CONFIG_TEXT,
            offsetof(lab_model_settings, rows) + (size_t)index * CB_CONFIG_TEXT_MAX,
            "",
            0,
            0,
            NULL,
            "its table, [TIME=]VALUE/VALUE, separated by commas"});
    const cb_param_group group = {.prefix = PREFIX,
        .entry = model->name,
        .params = model->params,
        .params_count = model->params_count,
        .offset = offsetof(lab_model_settings, params) +
                  (size_t)index * CB_PARAMS_PER_ENTRY_MAX * sizeof(int64_t)};
    const size_t first = out->count;
    out->count += cb_param_fields(&group, texts, &out->fields[first]);
    for (size_t i = first; i < out->count; i++) {
        out->fields[i].key += sizeof(PREFIX); /* and its dot */
    }
}

void lab_model_fields_init(lab_model_fields *fields)
{
    memset(fields, 0, sizeof(*fields));
    add(fields,
        (cb_config_field){"use",
            CB_CONFIG_TEXT,
            offsetof(lab_model_settings, use),
            "",
            0,
            0,
            NULL,
            "models, separated by commas; none: the simulator's own behaviour"});
    add(fields,
        (cb_config_field){"seed",
            CB_CONFIG_I64,
            offsetof(lab_model_settings, seed),
            "1",
            0,
            INT64_MAX,
            NULL,
            "of what is drawn"});
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        add_model(fields, i);
    }
}

static bool take_values(const char *text, lab_model_row *row)
{
    uint32_t count = 0;
    for (;;) {
        const size_t size = strcspn(text, "/");
        if (count == sizeof(row->values) / sizeof(row->values[0]) ||
            cb_decimal_parse(text, size, &row->values[count], NULL) != CB_OK) {
            return false;
        }
        count++;
        if (text[size] == '\0') {
            return true;
        }
        text += size + 1;
    }
}

static bool take_row(const char *item, lab_model_row *row)
{
    const char *equals = strchr(item, '=');
    *row = (lab_model_row){0};
    if (equals != NULL && !cb_time_parse(item, (size_t)(equals - item), &row->from_ns)) {
        return false;
    }
    return take_values(equals == NULL ? item : equals + 1, row);
}

static cb_status take_rows(lab_models *out, uint32_t model, const char *text, cb_err *err)
{
    char item[ITEM_SIZE];
    for (size_t i = 0; cb_config_list_item(text, i, item, sizeof(item)); i++) {
        const uint32_t at = out->rows_count[model];
        if (at == LAB_MODEL_ROWS_MAX || !take_row(item, &out->rows[model][at]) ||
            (at > 0 && out->rows[model][at].from_ns < out->rows[model][at - 1].from_ns)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "%s.rows: '%s' is not [TIME=]VALUE/VALUE in order of time, at most %d",
                lab_model_at(model)->name,
                item,
                LAB_MODEL_ROWS_MAX);
        }
        out->rows_count[model]++;
    }
    return CB_OK;
}

cb_status lab_models_of(
    const lab_model_settings *settings, lab_models *out, bool *is_any, cb_err *err)
{
    char name[CB_PARAM_KEY_MAX];
    lab_models_defaults(out);
    out->seed = (uint64_t)settings->seed;
    memcpy(out->params, settings->params, sizeof(out->params));
    *is_any = false;
    for (size_t i = 0; cb_config_list_item(settings->use, i, name, sizeof(name)); i++) {
        const uint32_t model = lab_model_find(name);
        if (model == LAB_MODELS_COUNT) {
            return CB_FAIL(err, CB_E_CONFIG, "use: there is no model '%s'", name);
        }
        out->is_used[model] = true;
        *is_any = true;
    }
    cb_status status = CB_OK;
    for (uint32_t i = 0; i < LAB_MODELS_COUNT && status == CB_OK; i++) {
        status = take_rows(out, i, settings->rows[i], err);
    }
    return status;
}
