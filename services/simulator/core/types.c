/* Names of the exchange's words, and the calendar of candles. */
#include "services/simulator/core/types.h"

#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"

static const char *const status_names[] = {
    "NEW",
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELED",
    "REJECTED",
    "EXPIRED",
    "EXPIRED_IN_MATCH",
    "PENDING_NEW",
};
_Static_assert(sizeof(status_names) / sizeof(status_names[0]) == SIM_STATUS_COUNT, "a name each");

static const char *const stp_names[] = {
    "NONE",
    "EXPIRE_TAKER",
    "EXPIRE_MAKER",
    "EXPIRE_BOTH",
    "DECREMENT",
};
_Static_assert(sizeof(stp_names) / sizeof(stp_names[0]) == SIM_STP_COUNT, "a name each");

static const char *const symbol_status_names[] = {"TRADING", "HALT", "BREAK", "CANCEL_ONLY"};
_Static_assert(
    sizeof(symbol_status_names) / sizeof(symbol_status_names[0]) == SIM_SYMBOL_STATUS_COUNT,
    "a name each");

static const char *const execution_names[] = {
    "NEW",
    "CANCELED",
    "TRADE",
    "EXPIRED",
    "TRADE_PREVENTION",
    "REPLACED",
};
_Static_assert(
    sizeof(execution_names) / sizeof(execution_names[0]) == SIM_EXECUTION_COUNT, "a name each");

static const char *const interval_names[] = {
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "8h",
    "12h",
    "1d",
    "3d",
    "1w",
    "1M",
};
_Static_assert(
    sizeof(interval_names) / sizeof(interval_names[0]) == SIM_INTERVAL_COUNT, "a name each");

static const int64_t interval_seconds[] = {
    1,
    60,
    180,
    300,
    900,
    1800,
    3600,
    7200,
    14400,
    21600,
    28800,
    43200,
    86400,
    259200,
    604800,
    0, /* months differ */
};
_Static_assert(
    sizeof(interval_seconds) / sizeof(interval_seconds[0]) == SIM_INTERVAL_COUNT, "a length each");

static const char *const side_names[] = {"NONE", "BUY", "SELL"};
static const char *const type_names[] = {
    "NONE",
    "MARKET",
    "LIMIT",
    "LIMIT_MAKER",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
};
static const char *const tif_names[] = {"NONE", "GTC", "IOC", "FOK"};

static const char *name_at(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "?";
}

/* Index of text among names[first …], or count when absent. */
static size_t name_find(const char *const *names, size_t first, size_t count, const char *text)
{
    for (size_t i = first; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return count;
}

#define NAMES_COUNT(names) (sizeof(names) / sizeof((names)[0]))

const char *sim_status_name(sim_status status)
{
    return name_at(status_names, NAMES_COUNT(status_names), (size_t)status);
}

const char *sim_stp_name(sim_stp stp)
{
    return name_at(stp_names, NAMES_COUNT(stp_names), (size_t)stp);
}

const char *sim_symbol_status_name(sim_symbol_status status)
{
    return name_at(symbol_status_names, NAMES_COUNT(symbol_status_names), (size_t)status);
}

const char *sim_execution_name(sim_execution execution)
{
    return name_at(execution_names, NAMES_COUNT(execution_names), (size_t)execution);
}

const char *sim_interval_name(sim_interval interval)
{
    return name_at(interval_names, NAMES_COUNT(interval_names), (size_t)interval);
}

const char *sim_side_name(cb_side side)
{
    return name_at(side_names, NAMES_COUNT(side_names), (size_t)side);
}

const char *sim_type_name(cb_order_type type)
{
    return name_at(type_names, NAMES_COUNT(type_names), (size_t)type);
}

const char *sim_tif_name(cb_tif tif)
{
    return name_at(tif_names, NAMES_COUNT(tif_names), (size_t)tif);
}

bool sim_stp_parse(const char *text, sim_stp *out)
{
    const size_t found = name_find(stp_names, 0, NAMES_COUNT(stp_names), text);
    if (found == NAMES_COUNT(stp_names)) {
        return false;
    }
    *out = (sim_stp)found;
    return true;
}

bool sim_side_parse(const char *text, cb_side *out)
{
    const size_t found = name_find(side_names, 1, NAMES_COUNT(side_names), text);
    if (found == NAMES_COUNT(side_names)) {
        return false;
    }
    *out = (cb_side)found;
    return true;
}

bool sim_type_parse(const char *text, cb_order_type *out)
{
    const size_t found = name_find(type_names, 1, NAMES_COUNT(type_names), text);
    if (found == NAMES_COUNT(type_names)) {
        return false;
    }
    *out = (cb_order_type)found;
    return true;
}

bool sim_tif_parse(const char *text, cb_tif *out)
{
    const size_t found = name_find(tif_names, 1, NAMES_COUNT(tif_names), text);
    if (found == NAMES_COUNT(tif_names)) {
        return false;
    }
    *out = (cb_tif)found;
    return true;
}

bool sim_interval_parse(const char *text, sim_interval *out)
{
    const size_t found = name_find(interval_names, 0, NAMES_COUNT(interval_names), text);
    if (found == NAMES_COUNT(interval_names)) {
        return false;
    }
    *out = (sim_interval)found;
    return true;
}

bool sim_type_is_stop(cb_order_type type)
{
    return type == CB_ORDER_TYPE_STOP_LOSS || type == CB_ORDER_TYPE_STOP_LOSS_LIMIT ||
           type == CB_ORDER_TYPE_TAKE_PROFIT || type == CB_ORDER_TYPE_TAKE_PROFIT_LIMIT;
}

bool sim_type_is_market(cb_order_type type)
{
    return type == CB_ORDER_TYPE_MARKET || type == CB_ORDER_TYPE_STOP_LOSS ||
           type == CB_ORDER_TYPE_TAKE_PROFIT;
}

static int64_t floor_to(int64_t value, int64_t unit)
{
    CB_ASSERT(unit > 0);
    int64_t rest = value % unit;
    if (rest < 0) {
        rest += unit;
    }
    return value - rest;
}

/* Days from 1970-01-01 of the first of a month, and back (Howard Hinnant's civil calendar). */
static int64_t days_of_month_start(int64_t year, int64_t month)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = floor_to(y, 400) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t shifted = month > 2 ? month - 3 : month + 9;
    const int64_t day_of_year = (153 * shifted + 2) / 5;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void month_of_days(int64_t days, int64_t *year, int64_t *month)
{
    const int64_t z = days + 719468;
    const int64_t era = floor_to(z, 146097) / 146097;
    const int64_t day_of_era = z - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted = (5 * day_of_year + 2) / 153;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

int64_t sim_interval_open(sim_interval interval, int64_t ts_ns)
{
    CB_ASSERT(interval < SIM_INTERVAL_COUNT);
    if (interval == SIM_INTERVAL_1MO) {
        int64_t year = 0;
        int64_t month = 0;
        month_of_days(floor_to(ts_ns, CB_NS_PER_DAY) / CB_NS_PER_DAY, &year, &month);
        return days_of_month_start(year, month) * CB_NS_PER_DAY;
    }
    if (interval == SIM_INTERVAL_1W) {
        /* 1970-01-01 was a Thursday: weeks are counted from Monday 1970-01-05. */
        const int64_t monday_ns = 4 * CB_NS_PER_DAY;
        return floor_to(ts_ns - monday_ns, 7 * CB_NS_PER_DAY) + monday_ns;
    }
    return floor_to(ts_ns, interval_seconds[interval] * CB_NS_PER_S);
}

int64_t sim_interval_end(sim_interval interval, int64_t open_ns)
{
    CB_ASSERT(interval < SIM_INTERVAL_COUNT);
    if (interval == SIM_INTERVAL_1MO) {
        int64_t year = 0;
        int64_t month = 0;
        month_of_days(floor_to(open_ns, CB_NS_PER_DAY) / CB_NS_PER_DAY, &year, &month);
        year += month == 12 ? 1 : 0;
        month = month == 12 ? 1 : month + 1;
        return days_of_month_start(year, month) * CB_NS_PER_DAY;
    }
    return open_ns + interval_seconds[interval] * CB_NS_PER_S;
}

bool sim_refuse(sim_refusal *refusal, int32_t code, const char *text)
{
    CB_ASSERT(refusal != NULL);
    CB_ASSERT(code < 0);
    size_t used = 0;
    while (text[used] != '\0' && used + 1 < sizeof(refusal->text)) {
        refusal->text[used] = text[used];
        used++;
    }
    refusal->text[used] = '\0';
    refusal->code = code;
    return false;
}
