/* Parameter tables as configuration fields: names joined, defaults printed as the configuration
 * reader expects them (decimals, integers, durations in ms). */
#include "rt/param_fields.h"

#include "base/assert.h"
#include "base/money.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

static cb_config_kind param_config_kind(cb_param_kind kind)
{
    switch (kind) {
    case CB_PARAM_DECIMAL:
        return CB_CONFIG_DECIMAL;
    case CB_PARAM_DURATION:
        return CB_CONFIG_DURATION;
    case CB_PARAM_COUNT:
        break;
    }
    return CB_CONFIG_I64;
}

static void param_print_default(const cb_param *param, char *out, size_t size)
{
    cb_textbuf text = cb_textbuf_over(out, size);
    switch (param->kind) {
    case CB_PARAM_DECIMAL:
        cb_textbuf_add_e8(&text, param->default_value);
        break;
    case CB_PARAM_DURATION:
        CB_ASSERT(param->default_value % CB_NS_PER_MS == 0);
        cb_textbuf_add_i64(&text, param->default_value / CB_NS_PER_MS);
        cb_textbuf_add(&text, "ms");
        break;
    case CB_PARAM_COUNT:
        cb_textbuf_add_i64(&text, param->default_value);
        break;
    }
}

uint32_t cb_param_fields(const cb_param_group *group, cb_param_text *texts, cb_config_field *fields)
{
    CB_ASSERT(group->params_count <= CB_PARAMS_PER_ENTRY_MAX);
    for (uint32_t i = 0; i < group->params_count; i++) {
        const cb_param *param = &group->params[i];
        CB_ASSERT(param->min <= param->default_value);
        CB_ASSERT(param->default_value <= param->max);
        cb_textbuf key = cb_textbuf_over(texts[i].key, sizeof texts[i].key);
        cb_textbuf_add(&key, group->prefix);
        cb_textbuf_add(&key, ".");
        cb_textbuf_add(&key, group->entry);
        cb_textbuf_add(&key, ".");
        cb_textbuf_add(&key, param->name);
        param_print_default(param, texts[i].default_value, sizeof texts[i].default_value);
        fields[i] = (cb_config_field){
            .key = texts[i].key,
            .kind = param_config_kind(param->kind),
            .offset = group->offset + i * sizeof(int64_t),
            .default_value = texts[i].default_value,
            .min = param->min,
            .max = param->max,
            .help = param->help,
        };
    }
    return group->params_count;
}
