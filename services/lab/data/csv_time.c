/* Times of CSV rows. Dates that could be read in two ways are refused: nobody sees a swapped month
 * in a backtest. */
#include "services/lab/data/csv_time.h"

#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"

static const char *const unit_names[LAB_UNIT_COUNT] = {"", "s", "ms", "us", "ns"};
static const int64_t unit_ns[LAB_UNIT_COUNT] = {0, CB_NS_PER_S, CB_NS_PER_MS, CB_NS_PER_US, 1};

lab_time_unit lab_time_unit_parse(const char *text)
{
    for (int unit = LAB_UNIT_S; unit < LAB_UNIT_COUNT; unit++) {
        if (cb_text_equal(text, unit_names[unit])) {
            return (lab_time_unit)unit;
        }
    }
    return LAB_UNIT_COUNT;
}

const char *lab_time_unit_name(lab_time_unit unit)
{
    return unit < LAB_UNIT_COUNT ? unit_names[unit] : "";
}

lab_time_unit lab_time_unit_of(uint64_t number)
{
    if (number < UINT64_C(100000000000)) {
        return LAB_UNIT_S;
    }
    if (number < UINT64_C(100000000000000)) {
        return LAB_UNIT_MS;
    }
    return number < UINT64_C(100000000000000000) ? LAB_UNIT_US : LAB_UNIT_NS;
}

bool lab_time_scale(uint64_t number, lab_time_unit unit, int64_t *out_ns)
{
    return number <= (uint64_t)INT64_MAX &&
           !__builtin_mul_overflow((int64_t)number, unit_ns[unit], out_ns) &&
           cb_time_is_sane(*out_ns);
}

static bool is_slashed(cb_strview text)
{
    bool has_slash = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\0' || strchr("0123456789/ :.", text.at[i]) == NULL) {
            return false;
        }
        has_slash = has_slash || text.at[i] == '/';
    }
    return has_slash;
}

cb_status lab_time_parse_date(cb_strview text, int64_t *out_ns, cb_err *err)
{
    char iso[48] = "";
    const int shown = text.size > 40 ? 40 : (int)text.size;
    cb_strview body = text;
    const bool has_offset = body.size > 6 && memcmp(body.at + body.size - 6, "+00:00", 6) == 0;
    if (has_offset) {
        body.size -= 6;
    } else if (body.size > 4 && memcmp(body.at + body.size - 4, " UTC", 4) == 0) {
        body.size -= 4;
    } else if (body.size > 0 && body.at[body.size - 1] == 'Z') {
        body.size--;
    }
    if (is_slashed(text)) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "the date '%.*s' can be read in two ways: write 2022-01-31 00:00:00 (UTC) or a number",
            shown,
            text.at);
    }
    if (body.size >= 10 && body.size <= 30) {
        (void)snprintf(iso,
            sizeof iso,
            "%.*s%sZ",
            (int)body.size,
            body.at,
            body.size == 10 ? "T00:00:00" : "");
        iso[10] = 'T';
    }
    const bool has_blank = body.size == 10 || (body.size > 10 && strchr(" T", body.at[10]) != NULL);
    if (!has_blank || !cb_time_parse(iso, strlen(iso), out_ns) || !cb_time_is_sane(*out_ns)) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "'%.*s' is no time between 2009 and 2100 (a number, or 2022-01-31 12:00:00 in UTC)",
            shown,
            text.at);
    }
    return CB_OK;
}
