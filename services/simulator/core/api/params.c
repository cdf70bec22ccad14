/* Parameters with Binance's refusals for what is missing, malformed, doubled or unknown. */
#include "services/simulator/core/api/params.h"

#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "base/timefmt.h"

void sim_params_reset(sim_params *params)
{
    params->count = 0;
    params->used = 0;
}

bool sim_params_refuse(
    sim_refusal *refusal, int32_t code, const char *before, const char *name, const char *after)
{
    char text[sizeof(refusal->text)];
    cb_textbuf buffer = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&buffer, before);
    cb_textbuf_add(&buffer, name);
    cb_textbuf_add(&buffer, after);
    return sim_refuse(refusal, code, text);
}

bool sim_params_missing(const char *name, sim_refusal *refusal)
{
    return sim_params_refuse(refusal,
        -1102,
        "Mandatory parameter '",
        name,
        "' was not sent, was empty/null, or malformed.");
}

static const char *keep(sim_params *params, cb_strview text)
{
    if (text.size >= sizeof(params->text) - params->used ||
        (text.size > 0 && memchr(text.at, '\0', text.size) != NULL)) {
        return NULL;
    }
    char *at = params->text + params->used;
    if (text.size > 0) {
        memcpy(at, text.at, text.size);
    }
    at[text.size] = '\0';
    params->used += (uint32_t)text.size + 1;
    return at;
}

static sim_param *find(sim_params *params, const char *name)
{
    for (uint32_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, name) == 0) {
            return &params->items[i];
        }
    }
    return NULL;
}

bool sim_params_add(sim_params *params, cb_strview name, cb_strview value, sim_refusal *refusal)
{
    if (params->count == SIM_PARAMS_MAX) {
        return sim_refuse(refusal, -1101, "Too many parameters; expected '64'.");
    }
    const char *kept_name = keep(params, name);
    const char *kept_value = keep(params, value);
    if (kept_name == NULL || kept_value == NULL) {
        return sim_refuse(refusal, -1100, "Illegal characters found in a parameter.");
    }
    if (find(params, kept_name) != NULL) {
        return sim_refuse(refusal, -1101, "Duplicate values for a parameter detected.");
    }
    params->items[params->count] = (sim_param){.name = kept_name, .value = kept_value};
    params->count++;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes into out (as large as in). SIZE_MAX for broken escapes. */
static size_t decode(cb_strview in, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.at[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            if (i + 2 >= in.size || hex_value(in.at[i + 1]) < 0 || hex_value(in.at[i + 2]) < 0) {
                return SIZE_MAX;
            }
            c = (char)(hex_value(in.at[i + 1]) * 16 + hex_value(in.at[i + 2]));
            i += 2;
        }
        out[used] = c;
        used++;
    }
    return used;
}

static bool add_pair(sim_params *params, cb_strview pair, bool is_weak, sim_refusal *refusal)
{
    char name[256];
    char value[SIM_PARAMS_TEXT_MAX / 4];
    const char *equals = memchr(pair.at, '=', pair.size);
    const size_t name_size = equals == NULL ? pair.size : (size_t)(equals - pair.at);
    const size_t value_size = equals == NULL ? 0 : pair.size - name_size - 1;
    if (name_size >= sizeof(name) || value_size >= sizeof(value)) {
        return sim_refuse(refusal, -1100, "Illegal characters found in a parameter.");
    }
    const size_t name_used = decode((cb_strview){pair.at, name_size}, name);
    const size_t value_used =
        equals == NULL ? 0 : decode((cb_strview){equals + 1, value_size}, value);
    if (name_used == SIZE_MAX || value_used == SIZE_MAX) {
        return sim_refuse(refusal, -1100, "Illegal characters found in a parameter.");
    }
    name[name_used] = '\0';
    if (is_weak && find(params, name) != NULL) {
        return true;
    }
    return sim_params_add(
        params, (cb_strview){name, name_used}, (cb_strview){value, value_used}, refusal);
}

bool sim_params_add_form(sim_params *params, const char *form, bool is_weak, sim_refusal *refusal)
{
    const char *at = form;
    while (*at != '\0') {
        const char *end = strchr(at, '&');
        const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
        if (size > 0 && !add_pair(params, (cb_strview){at, size}, is_weak, refusal)) {
            return false;
        }
        at += end == NULL ? size : size + 1;
    }
    return true;
}

const char *sim_params_get(sim_params *params, const char *name)
{
    sim_param *param = find(params, name);
    if (param == NULL) {
        return NULL;
    }
    param->is_read = true;
    return param->value;
}

bool sim_params_has(const sim_params *params, const char *name)
{
    for (uint32_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool sim_params_all_read(const sim_params *params, sim_refusal *refusal)
{
    uint32_t read = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        read += params->items[i].is_read ? 1 : 0;
    }
    if (read == params->count) {
        return true;
    }
    char text[sizeof(refusal->text)];
    cb_textbuf buffer = cb_textbuf_over(text, sizeof(text));
    cb_textbuf_add(&buffer, "Not all sent parameters were read; read '");
    cb_textbuf_add_u64(&buffer, read);
    cb_textbuf_add(&buffer, "' parameter(s) but was sent '");
    cb_textbuf_add_u64(&buffer, params->count);
    cb_textbuf_add(&buffer, "'.");
    return sim_refuse(refusal, -1104, text);
}

bool sim_params_text(sim_params *params, const char *name, const char **out, sim_refusal *refusal)
{
    const char *value = sim_params_get(params, name);
    if (value == NULL || value[0] == '\0') {
        return sim_params_missing(name, refusal);
    }
    *out = value;
    return true;
}

static bool illegal(const char *name, const char *legal, sim_refusal *refusal)
{
    char after[96];
    cb_textbuf buffer = cb_textbuf_over(after, sizeof(after));
    cb_textbuf_add(&buffer, "'; legal range is '");
    cb_textbuf_add(&buffer, legal);
    cb_textbuf_add(&buffer, "'.");
    return sim_params_refuse(
        refusal, -1100, "Illegal characters found in parameter '", name, after);
}

bool sim_params_i64(sim_params *params,
    const char *name,
    int64_t min,
    int64_t max,
    int64_t *out,
    bool *is_given,
    sim_refusal *refusal)
{
    const char *value = sim_params_get(params, name);
    uint64_t number = 0;
    CB_ASSERT(min >= 0);
    *is_given = value != NULL;
    if (value == NULL) {
        return true;
    }
    if (value[0] == '\0') {
        return sim_params_refuse(refusal, -1105, "Parameter '", name, "' was empty.");
    }
    if (!cb_u64_parse(cb_sv_from(value), (uint64_t)INT64_MAX, &number)) {
        return illegal(name, "^[0-9]{1,20}$", refusal);
    }
    if ((int64_t)number < min || (int64_t)number > max) {
        return sim_params_refuse(
            refusal, -1130, "Data sent for parameter '", name, "' is not valid.");
    }
    *out = (int64_t)number;
    return true;
}

/* ^([0-9]{1,20})(\.[0-9]{1,20})?$ */
static bool is_decimal(const char *value)
{
    size_t at = 0;
    while (value[at] >= '0' && value[at] <= '9') {
        at++;
    }
    if (at == 0 || at > 20) {
        return false;
    }
    if (value[at] == '\0') {
        return true;
    }
    const size_t point = at;
    if (value[at] != '.') {
        return false;
    }
    at++;
    while (value[at] >= '0' && value[at] <= '9') {
        at++;
    }
    return value[at] == '\0' && at - point > 1 && at - point <= 21;
}

bool sim_params_e8(
    sim_params *params, const char *name, int64_t *out_e8, bool *is_given, sim_refusal *refusal)
{
    const char *value = sim_params_get(params, name);
    *out_e8 = 0;
    *is_given = value != NULL;
    if (value == NULL) {
        return true;
    }
    if (value[0] == '\0') {
        return sim_params_missing(name, refusal);
    }
    if (!is_decimal(value)) {
        return illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$", refusal);
    }
    while (value[0] == '0' && value[1] >= '0' && value[1] <= '9') {
        value++; /* Binance takes leading zeros; our parser does not */
    }
    const cb_status status = cb_decimal_parse(value, strlen(value), out_e8, NULL);
    if (status == CB_E_PRECISION) {
        return sim_params_refuse(refusal, -1111, "Parameter '", name, "' has too much precision.");
    }
    if (status != CB_OK) {
        return sim_params_refuse(
            refusal, -1130, "Data sent for parameter '", name, "' is not valid.");
    }
    return true;
}

bool sim_params_bool(sim_params *params, const char *name, bool *out, sim_refusal *refusal)
{
    const char *value = sim_params_get(params, name);
    if (value == NULL) {
        return true;
    }
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        return sim_params_refuse(
            refusal, -1130, "Data sent for parameter '", name, "' is not valid.");
    }
    *out = value[0] == 't';
    return true;
}

bool sim_params_time(
    sim_params *params, const char *name, int64_t *out_ns, bool *is_given, sim_refusal *refusal)
{
    int64_t number = 0;
    const int64_t microseconds_from = INT64_C(100000000000000);
    if (!sim_params_i64(params, name, 0, INT64_MAX / CB_NS_PER_US, &number, is_given, refusal)) {
        return false;
    }
    if (!*is_given) {
        return true;
    }
    if (number < microseconds_from && number > INT64_MAX / CB_NS_PER_MS) {
        return sim_params_refuse(
            refusal, -1130, "Data sent for parameter '", name, "' is not valid.");
    }
    *out_ns = number * (number >= microseconds_from ? CB_NS_PER_US : CB_NS_PER_MS);
    return true;
}
