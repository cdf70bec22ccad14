/* Calendar text of nanosecond times, proleptic Gregorian, UTC only. Reads no clock and knows no
 * time zones or leap seconds (a minute has 60 seconds, as on every exchange). */
#include "base/timefmt.h"

#include "base/assert.h"

#define DAYS_PER_ERA INT64_C(146097)                      /* 400 years */
#define DAYS_TO_1970 INT64_C(719468)                      /* from 0000-03-01 */
#define SANE_FIRST_NS (INT64_C(1230768000) * CB_NS_PER_S) /* 2009-01-01 */
#define SANE_LAST_NS (INT64_C(4102444800) * CB_NS_PER_S)  /* 2100-01-01 */

typedef struct civil_date {
    int64_t year;
    int64_t month;
    int64_t day;
} civil_date;

static int64_t floor_div(int64_t a, int64_t b)
{
    CB_ASSERT(b > 0);
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Howard Hinnant's civil_from_days: years begin on 1 March, so the leap day comes last. */
static civil_date date_from_days(int64_t days)
{
    days += DAYS_TO_1970;
    const int64_t era = floor_div(days, DAYS_PER_ERA);
    const int64_t day_of_era = days - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (civil_date){.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * march_month + 2) / 5 + 1};
}

static int64_t days_from_date(civil_date date)
{
    const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const int64_t era = floor_div(year, 400);
    const int64_t year_of_era = year - era * 400;
    const int64_t march_month = date.month > 2 ? date.month - 3 : date.month + 9;
    const int64_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

/* Writes value with leading zeros, width digits; returns the place after it. */
static char *put_digits(char *at, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    CB_ASSERT(value == 0);
    return at + width;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_date(char *at, civil_date date)
{
    at = put_char(put_digits(at, date.year, 4), '-');
    at = put_char(put_digits(at, date.month, 2), '-');
    return put_digits(at, date.day, 2);
}

static char *put_time_of_day(char *at, int64_t seconds)
{
    at = put_char(put_digits(at, seconds / 3600, 2), ':');
    at = put_char(put_digits(at, seconds / 60 % 60, 2), ':');
    return put_digits(at, seconds % 60, 2);
}

size_t cb_time_print(int64_t ts_ns, int decimals, char out[CB_TIME_TEXT_MAX])
{
    CB_ASSERT(out != NULL);
    CB_ASSERT(decimals == 0 || decimals == 3 || decimals == 6 || decimals == 9);
    const int64_t days = floor_div(ts_ns, CB_NS_PER_DAY);
    /* days * CB_NS_PER_DAY may leave int64 near its lower end; the remainder never does. */
    const int64_t remainder = ts_ns % CB_NS_PER_DAY;
    const int64_t of_day = remainder < 0 ? remainder + CB_NS_PER_DAY : remainder;

    char *at = put_char(put_date(out, date_from_days(days)), 'T');
    at = put_time_of_day(at, of_day / CB_NS_PER_S);
    if (decimals > 0) {
        int64_t fraction = of_day % CB_NS_PER_S;
        for (int i = decimals; i < 9; i++) {
            fraction /= 10;
        }
        at = put_digits(put_char(at, '.'), fraction, decimals);
    }
    at = put_char(at, 'Z');
    *at = '\0';
    CB_ASSERT((size_t)(at - out) < CB_TIME_TEXT_MAX);
    return (size_t)(at - out);
}

typedef struct time_reader {
    const char *at;
    const char *end;
    bool is_bad;
} time_reader;

static int64_t read_digits(time_reader *reader, int width)
{
    int64_t value = 0;
    for (int i = 0; i < width; i++) {
        if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9') {
            reader->is_bad = true;
            return 0;
        }
        value = value * 10 + (*reader->at++ - '0');
    }
    return value;
}

static void read_char(time_reader *reader, char wanted)
{
    if (reader->at == reader->end || *reader->at != wanted) {
        reader->is_bad = true;
        return;
    }
    reader->at++;
}

/* ".1" to ".123456789" as nanoseconds; 0 when there is no point. */
static int64_t read_fraction(time_reader *reader)
{
    if (reader->is_bad || reader->at == reader->end || *reader->at != '.') {
        return 0;
    }
    reader->at++;
    int64_t value = 0;
    int digits = 0;
    while (reader->at != reader->end && *reader->at >= '0' && *reader->at <= '9' && digits < 9) {
        value = value * 10 + (*reader->at++ - '0');
        digits++;
    }
    if (digits == 0) {
        reader->is_bad = true;
    }
    for (; digits < 9; digits++) {
        value *= 10;
    }
    return value;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    CB_ASSERT(month >= 1 && month <= 12);
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool read_date(time_reader *reader, int64_t *out_days)
{
    civil_date date;
    date.year = read_digits(reader, 4);
    read_char(reader, '-');
    date.month = read_digits(reader, 2);
    read_char(reader, '-');
    date.day = read_digits(reader, 2);
    if (reader->is_bad || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return false;
    }
    *out_days = days_from_date(date);
    return true;
}

static bool read_time_of_day(time_reader *reader, int64_t *out_ns)
{
    const int64_t hour = read_digits(reader, 2);
    read_char(reader, ':');
    const int64_t minute = read_digits(reader, 2);
    read_char(reader, ':');
    const int64_t second = read_digits(reader, 2);
    const int64_t fraction = read_fraction(reader);
    if (reader->is_bad || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *out_ns = (hour * 3600 + minute * 60 + second) * CB_NS_PER_S + fraction;
    return true;
}

bool cb_time_parse(const char *text, size_t size, int64_t *out_ns)
{
    CB_ASSERT(text != NULL || size == 0);
    CB_ASSERT(out_ns != NULL);
    if (size == 0) {
        return false;
    }
    time_reader reader = {.at = text, .end = text + size, .is_bad = false};
    int64_t days = 0;
    int64_t of_day = 0;
    if (!read_date(&reader, &days)) {
        return false;
    }
    read_char(&reader, 'T');
    if (!read_time_of_day(&reader, &of_day)) {
        return false;
    }
    read_char(&reader, 'Z');
    if (reader.is_bad || reader.at != reader.end) {
        return false;
    }
    /* Counting back from the day's end keeps the first representable day in range. */
    const int64_t base_days = days < 0 ? days + 1 : days;
    const int64_t base_of_day = days < 0 ? of_day - CB_NS_PER_DAY : of_day;
    int64_t result = 0;
    if (__builtin_mul_overflow(base_days, CB_NS_PER_DAY, &result) ||
        __builtin_add_overflow(result, base_of_day, &result)) {
        return false;
    }
    *out_ns = result;
    return true;
}

bool cb_time_is_sane(int64_t ts_ns)
{
    return ts_ns >= SANE_FIRST_NS && ts_ns < SANE_LAST_NS;
}
