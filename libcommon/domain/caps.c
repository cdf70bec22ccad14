/* The text of a caps file. Strict on purpose: a file that limits money is refused for a typing
 * error, never read in part. */
#include "domain/caps.h"

#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "base/strview.h"
#include "base/timefmt.h"

#define MONEY_MAX (INT64_C(10000000000) * CB_E8)
#define HOUR (3600 * CB_NS_PER_S)

typedef enum caps_kind { CAPS_DECIMAL, CAPS_COUNT, CAPS_DURATION, CAPS_SYMBOLS } caps_kind;

typedef struct caps_field {
    const char *key;
    caps_kind kind;
    size_t offset;
    int64_t min;
    int64_t max;
} caps_field;

#define AT(member) offsetof(cb_caps_rules, member)
static const caps_field fields[] = {
    {"notional_max", CAPS_DECIMAL, AT(notional_max_e8), 0, MONEY_MAX},
    {"qty_max", CAPS_DECIMAL, AT(qty_max_e8), 0, MONEY_MAX},
    {"collar", CAPS_DECIMAL, AT(collar_e8), 0, CB_E8},
    {"orders_per_s", CAPS_COUNT, AT(orders_per_s), 0, 1000},
    {"notional_per_minute", CAPS_DECIMAL, AT(notional_per_minute_e8), 0, MONEY_MAX},
    {"data_age_max", CAPS_DURATION, AT(data_age_max_ns), 100 * CB_NS_PER_MS, HOUR},
    {"clock_offset_max", CAPS_DURATION, AT(clock_offset_max_ns), CB_NS_PER_MS, 60 * CB_NS_PER_S},
    {"heartbeat_age_max", CAPS_DURATION, AT(heartbeat_age_max_ns), CB_NS_PER_S, HOUR},
    {"symbols", CAPS_SYMBOLS, AT(symbols), 0, 0},
};
#define FIELDS_COUNT (sizeof(fields) / sizeof(fields[0]))

static cb_strview trimmed(cb_strview text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && strchr(" \t\r", text.at[text.size - 1]) != NULL) {
        text.size--;
    }
    return text;
}

/* "250ms", "10s", "5m", "1h" */
static cb_status parse_duration(cb_strview text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {{"ms", CB_NS_PER_MS}, {"s", CB_NS_PER_S}, {"m", 60 * CB_NS_PER_S}, {"h", HOUR}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const size_t unit_size = strlen(units[i].unit);
        if (text.size <= unit_size ||
            memcmp(text.at + text.size - unit_size, units[i].unit, unit_size) != 0) {
            continue;
        }
        uint64_t count = 0;
        if (!cb_u64_parse((cb_strview){text.at, text.size - unit_size}, UINT32_MAX, &count) ||
            __builtin_mul_overflow((int64_t)count, units[i].ns, out)) {
            return CB_E_SYNTAX;
        }
        return CB_OK;
    }
    return CB_E_SYNTAX;
}

static cb_status parse_symbols(cb_strview text, char *out)
{
    CB_ASSERT(out != NULL);
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.at[i];
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        const bool is_comma = c == ',' && i > 0 && i + 1 < text.size && text.at[i - 1] != ',';
        if (!is_letter && !is_comma && !cb_sv_is(text, "*")) {
            return CB_E_SYNTAX;
        }
    }
    return text.size > 0 && cb_text_copy(out, CB_CAPS_SYMBOLS_MAX, text) ? CB_OK : CB_E_SYNTAX;
}

static cb_status parse_value(const caps_field *field, cb_strview text, void *rules, cb_err *err)
{
    int64_t value = 0;
    uint64_t count = 0;
    cb_status status = CB_E_SYNTAX;
    if (field->kind == CAPS_SYMBOLS) {
        status = parse_symbols(text, (char *)rules + field->offset);
    } else if (field->kind == CAPS_DECIMAL) {
        status = cb_decimal_parse(text.at, text.size, &value, NULL);
    } else if (field->kind == CAPS_DURATION) {
        status = parse_duration(text, &value);
    } else if (cb_u64_parse(text, INT64_MAX, &count)) {
        value = (int64_t)count;
        status = CB_OK;
    }
    if (status != CB_OK) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s: '%.*s' cannot be read", field->key, (int)text.size, text.at);
    }
    if (field->kind == CAPS_SYMBOLS) {
        return CB_OK;
    }
    if (value < field->min || value > field->max) {
        return CB_FAIL(
            err, CB_E_RANGE, "%s: '%.*s' is out of bounds", field->key, (int)text.size, text.at);
    }
    memcpy((char *)rules + field->offset, &value, sizeof(value));
    return CB_OK;
}

static cb_status parse_line(cb_strview line, cb_caps_rules *rules, uint32_t *seen, cb_err *err)
{
    const char *equals = memchr(line.at, '=', line.size);
    if (equals == NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "'%.*s' is not key = value", (int)line.size, line.at);
    }
    const cb_strview key = trimmed((cb_strview){line.at, (size_t)(equals - line.at)});
    const cb_strview value =
        trimmed((cb_strview){equals + 1, line.size - (size_t)(equals - line.at) - 1});
    for (uint32_t i = 0; i < FIELDS_COUNT; i++) {
        if (!cb_sv_is(key, fields[i].key)) {
            continue;
        }
        if ((*seen & (1U << i)) != 0) {
            return CB_FAIL(err, CB_E_SYNTAX, "%s is there twice", fields[i].key);
        }
        *seen |= 1U << i;
        return parse_value(&fields[i], value, rules, err);
    }
    return CB_FAIL(err, CB_E_SYNTAX, "'%.*s' is no key", (int)key.size, key.at);
}

static cb_status check_complete(uint32_t seen, cb_err *err)
{
    for (uint32_t i = 0; i < FIELDS_COUNT; i++) {
        if ((seen & (1U << i)) == 0) {
            return CB_FAIL(err, CB_E_SYNTAX, "%s is missing", fields[i].key);
        }
    }
    return CB_OK;
}

cb_status cb_caps_parse(const char *text, size_t size, cb_caps_rules *out, cb_err *err)
{
    cb_caps_rules rules;
    uint32_t seen = 0;
    int line_number = 0;
    CB_ASSERT(text != NULL);
    CB_ASSERT(out != NULL);
    memset(&rules, 0, sizeof(rules));
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end == NULL ? size - at : (size_t)(end - (text + at));
        const cb_strview line = trimmed((cb_strview){text + at, length});
        line_number++;
        at += length + 1;
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        const cb_status status = parse_line(line, &rules, &seen, err);
        if (status != CB_OK) {
            return cb_err_context(err, "line %d", line_number);
        }
    }
    const cb_status status = check_complete(seen, err);
    if (status == CB_OK) {
        *out = rules;
    }
    return status;
}

bool cb_caps_allow_symbol(const cb_caps_rules *rules, const char *symbol)
{
    const size_t size = strlen(symbol);
    CB_ASSERT(size > 0);
    if (cb_text_equal(rules->symbols, "*")) {
        return true;
    }
    for (const char *at = rules->symbols; at != NULL && *at != '\0';) {
        const char *end = strchr(at, ',');
        const size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        if (length == size && memcmp(at, symbol, size) == 0) {
            return true;
        }
        at = end == NULL ? NULL : end + 1;
    }
    return false;
}
