/* The registry of models. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/lab/core/models/model.h"

static const lab_model_ops *const models[] = {
#define LAB_MODEL(name) &lab_model_##name,
#include "services/lab/core/models.def"
#undef LAB_MODEL
};

const lab_model_ops *lab_model_at(uint32_t index)
{
    CB_ASSERT(index < LAB_MODELS_COUNT);
    return models[index];
}

uint32_t lab_model_find(const char *name)
{
    uint32_t index = 0;
    while (index < LAB_MODELS_COUNT && !cb_text_equal(models[index]->name, name)) {
        index++;
    }
    return index;
}

void lab_models_defaults(lab_models *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < LAB_MODELS_COUNT; i++) {
        CB_ASSERT(models[i]->params_count <= CB_PARAMS_PER_ENTRY_MAX);
        for (uint32_t k = 0; k < models[i]->params_count; k++) {
            out->params[i][k] = models[i]->params[k].default_value;
        }
    }
}
