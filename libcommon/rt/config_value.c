/* One configuration value: its text to the member of a config struct and back. Knows nothing of
 * where the text came from. */
#include "rt/config_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/secret.h"

typedef struct duration_unit {
    const char *name;
    int64_t ns;
} duration_unit;

static const duration_unit DURATION_UNITS[] = {
    {"h", 3600 * CB_NS_PER_S},
    {"m", 60 * CB_NS_PER_S},
    {"s", CB_NS_PER_S},
    {"ms", CB_NS_PER_MS},
    {"us", CB_NS_PER_US},
    {"ns", 1},
};
#define DURATION_UNITS_COUNT (sizeof(DURATION_UNITS) / sizeof(DURATION_UNITS[0]))

cb_status cb_duration_parse(const char *text, int64_t *out_ns, cb_err *err)
{
    const size_t digits = strspn(text, "0123456789");
    uint64_t count = 0;
    if (digits == 0 || !cb_u64_parse((cb_strview){text, digits}, INT64_MAX, &count)) {
        return CB_FAIL(err, CB_E_SYNTAX, "\"%.32s\" is not a duration such as 250ms or 5s", text);
    }
    for (size_t i = 0; i < DURATION_UNITS_COUNT; i++) {
        if (!cb_text_equal(text + digits, DURATION_UNITS[i].name)) {
            continue;
        }
        int64_t total_ns = 0;
        if (__builtin_mul_overflow((int64_t)count, DURATION_UNITS[i].ns, &total_ns)) {
            return CB_FAIL(err, CB_E_RANGE, "\"%.32s\" is longer than 292 years", text);
        }
        *out_ns = total_ns;
        return CB_OK;
    }
    return CB_FAIL(err, CB_E_SYNTAX, "\"%.32s\" needs one of the units ns, us, ms, s, m, h", text);
}

void cb_duration_print(int64_t duration_ns, char *out, size_t size)
{
    for (size_t i = 0; i < DURATION_UNITS_COUNT; i++) {
        if (duration_ns != 0 && duration_ns % DURATION_UNITS[i].ns == 0) {
            (void)snprintf(out,
                size,
                "%" PRId64 "%s",
                duration_ns / DURATION_UNITS[i].ns,
                DURATION_UNITS[i].name);
            return;
        }
    }
    (void)snprintf(out, size, "0s");
}

const char *cb_config_kind_name(cb_config_kind kind)
{
    static const char *const NAMES[] = {"text",
        "path",
        "secret file",
        "whole number",
        "whole number",
        "true or false",
        "decimal",
        "duration",
        "choice"};
    _Static_assert(
        sizeof(NAMES) / sizeof(NAMES[0]) == CB_CONFIG_CHOICE + 1, "a name for every kind");
    CB_ASSERT((size_t)kind < sizeof(NAMES) / sizeof(NAMES[0]));
    return NAMES[kind];
}

void cb_config_env_name(const char *key, char out[CB_CONFIG_ENV_MAX])
{
    const size_t length = strlen(key);
    CB_ASSERT(length < CB_CONFIG_KEY_MAX);
    const int prefix = snprintf(out, CB_CONFIG_ENV_MAX, "CERBERUS_");
    for (size_t i = 0; i <= length; i++) {
        char c = key[i];
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        out[(size_t)prefix + i] = c == '.' ? '_' : c;
    }
}

/* ---- text to value ---- */

static cb_status set_text(const char *text, char *member, cb_err *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return CB_FAIL(err, CB_E_CONFIG, "holds a control character");
        }
    }
    if (!cb_text_copy(member, CB_CONFIG_TEXT_MAX, cb_sv_from(text))) {
        return CB_FAIL(err, CB_E_CONFIG, "is longer than %d bytes", CB_CONFIG_TEXT_MAX - 1);
    }
    return CB_OK;
}

static cb_status set_secret(
    const cb_config_field *field, const char *path, char *member, cb_err *err)
{
    const bool is_optional = field->default_value != NULL && field->default_value[0] == '\0';
    if (path[0] == '\0' && is_optional) {
        member[0] = '\0';
        return CB_OK;
    }
    if (path[0] == '\0') {
        return CB_FAIL(err, CB_E_CONFIG, "needs the path of a secret file");
    }
    if (cb_secret_read(path, member, CB_CONFIG_TEXT_MAX, err) != CB_OK) {
        if (err != NULL) {
            err->code = CB_E_CONFIG;
        }
        return CB_E_CONFIG;
    }
    return CB_OK;
}

static cb_status check_bounds(const cb_config_field *field, int64_t value, cb_err *err)
{
    if (value >= field->min && value <= field->max) {
        return CB_OK;
    }
    char low[CB_DECIMAL_TEXT_MAX];
    char high[CB_DECIMAL_TEXT_MAX];
    if (field->kind == CB_CONFIG_DURATION) {
        cb_duration_print(field->min, low, sizeof(low));
        cb_duration_print(field->max, high, sizeof(high));
    } else if (field->kind == CB_CONFIG_DECIMAL) {
        CB_MAYBE(cb_decimal_print(field->min, low));
        CB_MAYBE(cb_decimal_print(field->max, high));
    } else {
        (void)snprintf(low, sizeof(low), "%" PRId64, field->min);
        (void)snprintf(high, sizeof(high), "%" PRId64, field->max);
    }
    return CB_FAIL(err, CB_E_CONFIG, "must be between %s and %s", low, high);
}

static cb_status parse_integer(const char *text, int64_t *out, cb_err *err)
{
    const bool is_negative = text[0] == '-';
    uint64_t magnitude = 0;
    if (!cb_u64_parse(cb_sv_from(text + (is_negative ? 1 : 0)), INT64_MAX, &magnitude)) {
        return CB_FAIL(err, CB_E_CONFIG, "\"%.32s\" is not a whole number", text);
    }
    *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return CB_OK;
}

static cb_status parse_choice(
    const cb_config_field *field, const char *text, uint32_t *out, cb_err *err)
{
    const cb_strview wanted = cb_sv_from(text);
    const char *at = field->choices;
    for (uint32_t index = 0; at != NULL; index++) {
        const char *bar = strchr(at, '|');
        const cb_strview choice = {at, bar != NULL ? (size_t)(bar - at) : strlen(at)};
        if (cb_sv_equal(choice, wanted)) {
            *out = index;
            return CB_OK;
        }
        at = bar != NULL ? bar + 1 : NULL;
    }
    return CB_FAIL(err, CB_E_CONFIG, "\"%.32s\" is not one of %s", text, field->choices);
}

/* The kinds that are int64 in the end. */
static cb_status parse_number(
    const cb_config_field *field, const char *text, int64_t *out, cb_err *err)
{
    int64_t value = 0;
    cb_status status = CB_OK;
    if (field->kind == CB_CONFIG_DURATION) {
        status = cb_duration_parse(text, &value, err);
    } else if (field->kind == CB_CONFIG_DECIMAL) {
        status = cb_decimal_parse(text, strlen(text), &value, err);
    } else {
        status = parse_integer(text, &value, err);
    }
    if (status == CB_OK) {
        status = check_bounds(field, value, err);
    }
    if (status == CB_OK) {
        *out = value;
    }
    return status;
}

cb_status cb_config_value_set(
    const cb_config_field *field, const char *text, void *config, cb_err *err)
{
    char *member = (char *)config + field->offset;
    int64_t number = 0;
    uint32_t choice = 0;
    cb_status status = CB_OK;
    switch (field->kind) {
    case CB_CONFIG_TEXT:
    case CB_CONFIG_PATH:
        return set_text(text, member, err);
    case CB_CONFIG_SECRET:
        return set_secret(field, text, member, err);
    case CB_CONFIG_BOOL:
        if (!cb_text_equal(text, "true") && !cb_text_equal(text, "false")) {
            return CB_FAIL(err, CB_E_CONFIG, "\"%.32s\" is neither true nor false", text);
        }
        *(bool *)member = text[0] == 't';
        return CB_OK;
    case CB_CONFIG_CHOICE:
        status = parse_choice(field, text, &choice, err);
        if (status == CB_OK) {
            memcpy(member, &choice, sizeof(choice));
        }
        return status;
    case CB_CONFIG_U64:
        CB_ASSERT(field->min >= 0);
        break;
    case CB_CONFIG_I64:
    case CB_CONFIG_DECIMAL:
    case CB_CONFIG_DURATION:
        break;
    }
    status = parse_number(field, text, &number, err);
    if (status == CB_OK) {
        memcpy(member, &number, sizeof(number));
    }
    return status;
}

/* ---- value to text ---- */

static void print_choice(const cb_config_field *field, uint32_t index, char *out, size_t size)
{
    const char *at = field->choices;
    for (uint32_t i = 0; i < index; i++) {
        at = strchr(at, '|') + 1;
    }
    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "|"), at);
}

void cb_config_value_print(const cb_config_field *field, const void *config, char *out, size_t size)
{
    const char *member = (const char *)config + field->offset;
    CB_ASSERT(size >= CB_DECIMAL_TEXT_MAX);
    int64_t number = 0;
    uint32_t choice = 0;
    switch (field->kind) {
    case CB_CONFIG_TEXT:
    case CB_CONFIG_PATH:
        (void)snprintf(out, size, "%s", member);
        return;
    case CB_CONFIG_SECRET:
        (void)snprintf(out, size, "%s", member[0] != '\0' ? "********" : "");
        return;
    case CB_CONFIG_BOOL:
        (void)snprintf(out, size, "%s", *(const bool *)member ? "true" : "false");
        return;
    case CB_CONFIG_CHOICE:
        memcpy(&choice, member, sizeof(choice));
        print_choice(field, choice, out, size);
        return;
    case CB_CONFIG_U64:
    case CB_CONFIG_I64:
    case CB_CONFIG_DECIMAL:
    case CB_CONFIG_DURATION:
        break;
    }
    memcpy(&number, member, sizeof(number));
    if (field->kind == CB_CONFIG_DURATION) {
        cb_duration_print(number, out, size);
    } else if (field->kind == CB_CONFIG_DECIMAL) {
        CB_MAYBE(cb_decimal_print(number, out));
    } else {
        (void)snprintf(out, size, "%" PRId64, number);
    }
}
