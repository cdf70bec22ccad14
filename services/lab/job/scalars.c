/* Scalars of a job file. Strict: no locale, no exponent, no guessing of units. */
#include "services/lab/job/scalars.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"

static const char *text_of(lab_yaml *yaml, int value, cb_err *err)
{
    const char *text = lab_yaml_text(yaml, value);
    if (text == NULL) {
        (void)CB_FAIL(err, CB_E_CONFIG, "expected one value");
    } else if (text[0] == '\0') {
        (void)CB_FAIL(err, CB_E_CONFIG, "is empty");
        text = NULL;
    }
    return text;
}

cb_status lab_take_text(lab_yaml *yaml, int value, char *out, size_t out_size, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return CB_FAIL(err, CB_E_CONFIG, "holds a control character");
        }
    }
    if (!cb_text_copy(out, out_size, cb_sv_from(text))) {
        return CB_FAIL(err, CB_E_CONFIG, "is longer than %zu bytes", out_size - 1);
    }
    return CB_OK;
}

cb_status lab_take_u64(
    lab_yaml *yaml, int value, uint64_t min, uint64_t max, uint64_t *out, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    uint64_t number = 0;
    if (!cb_u64_parse(cb_sv_from(text), max, &number) || number < min) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "'%.40s' is no whole number from %" PRIu64 " to %" PRIu64,
            text,
            min,
            max);
    }
    *out = number;
    return CB_OK;
}

cb_status lab_take_e8(
    lab_yaml *yaml, int value, int64_t min_e8, int64_t max_e8, int64_t *out_e8, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    int64_t number_e8 = 0;
    const cb_status status = cb_decimal_parse(text, strlen(text), &number_e8, err);
    if (status != CB_OK) {
        return status;
    }
    if (number_e8 < min_e8 || number_e8 > max_e8) {
        char low[CB_DECIMAL_TEXT_MAX];
        char high[CB_DECIMAL_TEXT_MAX];
        (void)cb_decimal_print(min_e8, low);
        (void)cb_decimal_print(max_e8, high);
        return CB_FAIL(err, CB_E_CONFIG, "%s is not from %s to %s", text, low, high);
    }
    *out_e8 = number_e8;
    return CB_OK;
}

cb_status lab_take_bool(lab_yaml *yaml, int value, bool *out, cb_err *err)
{
    uint32_t index = 0;
    const cb_status status = lab_take_word(yaml, value, "false|true", &index, err);
    if (status == CB_OK) {
        *out = index == 1;
    }
    return status;
}

cb_status lab_take_word(lab_yaml *yaml, int value, const char *words, uint32_t *out, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    const char *at = words;
    for (uint32_t index = 0;; index++) {
        const size_t size = strcspn(at, "|");
        if (strlen(text) == size && memcmp(text, at, size) == 0) {
            *out = index;
            return CB_OK;
        }
        if (at[size] == '\0') {
            return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is none of %s", text, words);
        }
        at += size + 1;
    }
}

cb_status lab_take_time(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err)
{
    char full[CB_TIME_TEXT_MAX];
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    if (strlen(text) == 10) {
        (void)snprintf(full, sizeof full, "%sT00:00:00Z", text);
    } else if (!cb_text_copy(full, sizeof full, cb_sv_from(text))) {
        full[0] = '\0';
    }
    if (!cb_time_parse(full, strlen(full), out_ns) || !cb_time_is_sane(*out_ns)) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "'%.40s' is no time such as 2023-01-31 or 2023-01-31T12:00:00Z",
            text);
    }
    return CB_OK;
}

static bool span_parse(const char *text, int64_t *out_ns)
{
    static const struct {
        char unit;
        int64_t ns;
    } units[] = {{'s', CB_NS_PER_S},
        {'m', 60 * CB_NS_PER_S},
        {'h', 3600 * CB_NS_PER_S},
        {'d', CB_NS_PER_DAY},
        {'w', 7 * CB_NS_PER_DAY}};
    const size_t size = strlen(text);
    uint64_t number = 0;
    if (size < 2 || !cb_u64_parse((cb_strview){text, size - 1}, 1000000, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[size - 1] == units[i].unit) {
            return !__builtin_mul_overflow((int64_t)number, units[i].ns, out_ns);
        }
    }
    return false;
}

cb_status lab_take_span(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    if (!span_parse(text, out_ns)) {
        return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is no span such as 30m, 12h, 90d or 4w", text);
    }
    return CB_OK;
}

bool lab_timeframe_parse(const char *text, int64_t *out_ns)
{
    CB_ASSERT(text != NULL && out_ns != NULL);
    return span_parse(text, out_ns) && *out_ns > 0 && *out_ns <= 7 * CB_NS_PER_DAY;
}

void lab_timeframe_print(int64_t timeframe_ns, char out[16])
{
    const int64_t seconds = timeframe_ns / CB_NS_PER_S;
    out[0] = '\0';
    if (seconds == 0 || timeframe_ns % CB_NS_PER_S != 0) {
        return;
    }
    const bool is_days = seconds % 86400 == 0;
    const bool is_hours = seconds % 3600 == 0;
    const bool is_minutes = seconds % 60 == 0;
    const int64_t unit = is_days ? 86400 : is_hours ? 3600 : is_minutes ? 60 : 1;
    const char name = is_days ? 'd' : is_hours ? 'h' : is_minutes ? 'm' : 's';
    (void)snprintf(out, 16, "%" PRId64 "%c", seconds / unit % 1000000, name);
}

cb_status lab_take_timeframe(lab_yaml *yaml, int value, int64_t *out_ns, cb_err *err)
{
    const char *text = text_of(yaml, value, err);
    if (text == NULL) {
        return CB_E_CONFIG;
    }
    if (!lab_timeframe_parse(text, out_ns)) {
        return CB_FAIL(err, CB_E_CONFIG, "'%.40s' is no timeframe such as 1m, 15m, 4h or 1d", text);
    }
    return CB_OK;
}
