/* Layouts of CSV files. Headers are matched by names that exchanges and tools use; files without a
 * header by the number of their columns, which for Binance's archive is what tells them apart. */
#include "services/lab/data/layout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define BIT(role) (1u << (role))
#define CANDLE_NEEDS                                                                               \
    (BIT(LAB_ROLE_TIME) | BIT(LAB_ROLE_OPEN) | BIT(LAB_ROLE_HIGH) | BIT(LAB_ROLE_LOW) |            \
        BIT(LAB_ROLE_CLOSE))
#define TRADE_NEEDS (BIT(LAB_ROLE_TIME) | BIT(LAB_ROLE_PRICE) | BIT(LAB_ROLE_QTY))

typedef struct header_name {
    const char *name;
    lab_role role;
} header_name;

/* Compared without case, with blanks and dashes as underscores. */
static const header_name header_names[] = {{"open_time_ms", LAB_ROLE_TIME},
    {"open_time", LAB_ROLE_TIME},
    {"opentime", LAB_ROLE_TIME},
    {"time_ms", LAB_ROLE_TIME},
    {"time", LAB_ROLE_TIME},
    {"timestamp", LAB_ROLE_TIME},
    {"timestamp_ms", LAB_ROLE_TIME},
    {"ts", LAB_ROLE_TIME},
    {"ts_ns", LAB_ROLE_TIME},
    {"open_ts_ns", LAB_ROLE_TIME},
    {"unix", LAB_ROLE_TIME},
    {"date", LAB_ROLE_TIME},
    {"datetime", LAB_ROLE_TIME},
    {"transact_time", LAB_ROLE_TIME},
    {"open", LAB_ROLE_OPEN},
    {"high", LAB_ROLE_HIGH},
    {"low", LAB_ROLE_LOW},
    {"close", LAB_ROLE_CLOSE},
    {"volume", LAB_ROLE_VOLUME},
    {"vol", LAB_ROLE_VOLUME},
    {"base_volume", LAB_ROLE_VOLUME},
    {"quote_volume", LAB_ROLE_QUOTE_VOLUME},
    {"quote_asset_volume", LAB_ROLE_QUOTE_VOLUME},
    {"taker_buy_volume", LAB_ROLE_TAKER_VOLUME},
    {"taker_volume", LAB_ROLE_TAKER_VOLUME},
    {"taker_buy_base_volume", LAB_ROLE_TAKER_VOLUME},
    {"taker_buy_base_asset_volume", LAB_ROLE_TAKER_VOLUME},
    {"trades", LAB_ROLE_TRADES_COUNT},
    {"trades_count", LAB_ROLE_TRADES_COUNT},
    {"count", LAB_ROLE_TRADES_COUNT},
    {"number_of_trades", LAB_ROLE_TRADES_COUNT},
    {"close_time", LAB_ROLE_CLOSE_TIME},
    {"close_time_ms", LAB_ROLE_CLOSE_TIME},
    {"trade_id", LAB_ROLE_ID},
    {"agg_trade_id", LAB_ROLE_ID},
    {"aggregate_tradeid", LAB_ROLE_ID},
    {"id", LAB_ROLE_ID},
    {"price", LAB_ROLE_PRICE},
    {"qty", LAB_ROLE_QTY},
    {"quantity", LAB_ROLE_QTY},
    {"amount", LAB_ROLE_QTY},
    {"size", LAB_ROLE_QTY},
    {"side", LAB_ROLE_SIDE},
    {"is_buyer_maker", LAB_ROLE_IS_MAKER},
    {"isbuyermaker", LAB_ROLE_IS_MAKER},
    {"was_the_buyer_the_maker", LAB_ROLE_IS_MAKER},
    {"symbol", LAB_ROLE_SYMBOL},
    {"pair", LAB_ROLE_SYMBOL}};

/* Names that the user writes with --columns. */
static const char *const role_names[LAB_ROLE_COUNT] = {"-",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_volume",
    "trades",
    "close_time",
    "id",
    "price",
    "qty",
    "side",
    "is_buyer_maker",
    "symbol"};
_Static_assert(sizeof role_names / sizeof role_names[0] == LAB_ROLE_COUNT, "a name for each role");

/* Files of Binance's archive come without a header (spot) or with one (futures). */
typedef struct bare_layout {
    const char *name;
    uint32_t columns_count;
    bool has_words; /* a column of "true" or "false" */
    lab_kind kind;
    uint8_t roles[12];
} bare_layout;

static const bare_layout bare_layouts[] = {{"binance klines",
                                               12,
                                               false,
                                               LAB_KIND_CANDLES,
                                               {LAB_ROLE_TIME,
                                                   LAB_ROLE_OPEN,
                                                   LAB_ROLE_HIGH,
                                                   LAB_ROLE_LOW,
                                                   LAB_ROLE_CLOSE,
                                                   LAB_ROLE_VOLUME,
                                                   LAB_ROLE_CLOSE_TIME,
                                                   LAB_ROLE_QUOTE_VOLUME,
                                                   LAB_ROLE_TRADES_COUNT,
                                                   LAB_ROLE_TAKER_VOLUME,
                                                   LAB_ROLE_SKIP,
                                                   LAB_ROLE_SKIP}},
    {"binance aggTrades",
        8,
        true,
        LAB_KIND_TRADES,
        {LAB_ROLE_ID,
            LAB_ROLE_PRICE,
            LAB_ROLE_QTY,
            LAB_ROLE_SKIP,
            LAB_ROLE_SKIP,
            LAB_ROLE_TIME,
            LAB_ROLE_IS_MAKER,
            LAB_ROLE_SKIP}},
    {"binance trades",
        7,
        true,
        LAB_KIND_TRADES,
        {LAB_ROLE_ID,
            LAB_ROLE_PRICE,
            LAB_ROLE_QTY,
            LAB_ROLE_SKIP,
            LAB_ROLE_TIME,
            LAB_ROLE_IS_MAKER,
            LAB_ROLE_SKIP}},
    {"time,open,high,low,close,volume",
        6,
        false,
        LAB_KIND_CANDLES,
        {LAB_ROLE_TIME,
            LAB_ROLE_OPEN,
            LAB_ROLE_HIGH,
            LAB_ROLE_LOW,
            LAB_ROLE_CLOSE,
            LAB_ROLE_VOLUME}}};

cb_strview lab_field_trim(cb_strview field)
{
    while (field.size > 0 && (*field.at == ' ' || *field.at == '\t')) {
        field.at++;
        field.size--;
    }
    while (field.size > 0 && strchr(" \t\r", field.at[field.size - 1]) != NULL &&
           field.at[field.size - 1] != '\0') {
        field.size--;
    }
    if (field.size >= 2 && field.at[0] == '"' && field.at[field.size - 1] == '"') {
        field.at++;
        field.size -= 2;
    }
    return field;
}

/* Next field of rest; false at the end. An empty rest has one empty field, as in CSV. */
static bool next_field(cb_strview *rest, char separator, cb_strview *field)
{
    if (rest->at == NULL) {
        return false;
    }
    const char *const cut = memchr(rest->at, separator, rest->size);
    if (cut == NULL) {
        *field = *rest;
        *rest = (cb_strview){NULL, 0};
    } else {
        *field = (cb_strview){rest->at, (size_t)(cut - rest->at)};
        *rest = (cb_strview){cut + 1, rest->size - field->size - 1};
    }
    return true;
}

static bool is_name(cb_strview field, const char *name, size_t from)
{
    if (field.size - from != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < field.size - from; i++) {
        const char c = field.at[from + i];
        const char plain = c == ' ' || c == '-' ? '_' : (char)tolower((unsigned char)c);
        if (plain != name[i]) {
            return false;
        }
    }
    return true;
}

/* Role of a header's name; LAB_ROLE_COUNT when it is none that we know. */
static lab_role role_of(cb_strview field, size_t from)
{
    for (size_t i = 0; i < sizeof header_names / sizeof header_names[0]; i++) {
        if (is_name(field, header_names[i].name, from)) {
            return header_names[i].role;
        }
    }
    return LAB_ROLE_COUNT;
}

static bool is_number_or_word(cb_strview field)
{
    bool has_digit = false;
    for (size_t i = 0; i < field.size; i++) {
        const char c = field.at[i];
        has_digit = has_digit || (c >= '0' && c <= '9');
    }
    return has_digit || is_name(field, "true", 0) || is_name(field, "false", 0);
}

static cb_status add_role(lab_layout *layout, lab_role role, cb_strview field, cb_err *err)
{
    if (layout->columns_count == LAB_LAYOUT_COLUMNS_MAX) {
        return CB_FAIL(err, CB_E_SYNTAX, "more than %d columns", LAB_LAYOUT_COLUMNS_MAX);
    }
    if (role != LAB_ROLE_SKIP && (layout->known & BIT(role)) != 0) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "two columns hold the same: '%.*s' is the second",
            field.size > 40 ? 40 : (int)field.size,
            field.at);
    }
    layout->roles[layout->columns_count++] = (uint8_t)role;
    layout->known |= BIT(role);
    return CB_OK;
}

/* A header of bids and asks: the asked side's columns are the candle. */
static lab_role quote_role(cb_strview field, const char *side)
{
    const bool is_bid = field.size > 4 && is_name((cb_strview){field.at, 4}, "bid_", 0);
    const bool is_ask = field.size > 4 && is_name((cb_strview){field.at, 4}, "ask_", 0);
    if (side == NULL || !(strcmp(side, "bid") == 0 ? is_bid : is_ask)) {
        return LAB_ROLE_SKIP;
    }
    const lab_role role = role_of(field, 4);
    return role >= LAB_ROLE_OPEN && role <= LAB_ROLE_CLOSE ? role : LAB_ROLE_SKIP;
}

static cb_status read_header(cb_strview line, const char *quotes, lab_layout *layout, cb_err *err)
{
    cb_strview rest = line;
    cb_strview field;
    bool has_quotes = false;
    while (next_field(&rest, layout->separator, &field)) {
        field = lab_field_trim(field);
        lab_role role = role_of(field, 0);
        if (role == LAB_ROLE_COUNT) {
            role = quote_role(field, quotes);
            has_quotes = has_quotes || is_name(field, "bid_open", 0);
        }
        const cb_status status = add_role(layout, role, field, err);
        if (status != CB_OK) {
            return status;
        }
    }
    layout->has_header = true;
    layout->name = "header";
    if (has_quotes && quotes == NULL) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "the file holds bids and asks: choose with --quotes bid or ask");
    }
    return CB_OK;
}

static cb_status read_named(const char *columns, lab_layout *layout, cb_err *err)
{
    cb_strview rest = cb_sv_from(columns);
    cb_strview field;
    while (next_field(&rest, ',', &field)) {
        uint32_t role = 0;
        while (role < LAB_ROLE_COUNT && !cb_sv_is(field, role_names[role])) {
            role++;
        }
        if (role == LAB_ROLE_COUNT) {
            return CB_FAIL(err,
                CB_E_SYNTAX,
                "--columns: '%.*s' is no column (known are time, open, high, low, close, volume, "
                "quote_volume, taker_volume, trades, close_time, id, price, qty, side, "
                "is_buyer_maker, symbol, and - for one to skip)",
                field.size > 40 ? 40 : (int)field.size,
                field.at);
        }
        const cb_status status = add_role(layout, (lab_role)role, field, err);
        if (status != CB_OK) {
            return status;
        }
    }
    layout->name = "named columns";
    return CB_OK;
}

static cb_status match_bare(cb_strview line, lab_layout *layout, cb_err *err)
{
    cb_strview rest = line;
    cb_strview field;
    uint32_t count = 0;
    bool has_words = false;
    while (next_field(&rest, layout->separator, &field)) {
        field = lab_field_trim(field);
        has_words = has_words || is_name(field, "true", 0) || is_name(field, "false", 0);
        count++;
    }
    for (size_t i = 0; i < sizeof bare_layouts / sizeof bare_layouts[0]; i++) {
        const bare_layout *const bare = &bare_layouts[i];
        if (bare->columns_count != count || bare->has_words != has_words) {
            continue;
        }
        layout->name = bare->name;
        for (uint32_t c = 0; c < count; c++) {
            const cb_status status = add_role(layout, (lab_role)bare->roles[c], line, err);
            if (status != CB_OK) {
                return status;
            }
        }
        return CB_OK;
    }
    return CB_FAIL(err,
        CB_E_SYNTAX,
        "no header, and %u columns are no layout that is known: name them with --columns",
        count);
}

/* What stands between fields: the one of , ; and tab that the line holds. */
static char separator_of(cb_strview line)
{
    static const char candidates[] = {',', '\t', ';'};
    for (size_t i = 0; i < sizeof candidates; i++) {
        if (memchr(line.at, candidates[i], line.size) != NULL &&
            (candidates[i] != ',' || memchr(line.at, ';', line.size) == NULL)) {
            return candidates[i];
        }
    }
    return memchr(line.at, ';', line.size) != NULL ? ';' : ',';
}

static cb_status refuse_binary(cb_strview line, cb_err *err)
{
    if (line.size >= 2 &&
        (memcmp(line.at, "\xff\xfe", 2) == 0 || memcmp(line.at, "\xfe\xff", 2) == 0)) {
        return CB_FAIL(err, CB_E_SYNTAX, "the text is UTF-16: save it as UTF-8");
    }
    if (memchr(line.at, '\0', line.size) != NULL) {
        return CB_FAIL(err, CB_E_SYNTAX, "binary data, not CSV");
    }
    for (size_t i = 0; i < line.size; i++) {
        const unsigned char c = (unsigned char)line.at[i];
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
            return CB_FAIL(err, CB_E_SYNTAX, "control character 0x%02x: not CSV", c);
        }
    }
    if (memchr(line.at, '\r', line.size) != NULL &&
        memchr(line.at, '\r', line.size) != line.at + line.size - 1) {
        return CB_FAIL(err, CB_E_SYNTAX, "lines end with a bare carriage return");
    }
    return cb_utf8_is_valid(line) ? CB_OK : CB_FAIL(err, CB_E_SYNTAX, "the text is not UTF-8");
}

static cb_status judge(lab_layout *layout, cb_err *err)
{
    const bool is_candles = (layout->known & CANDLE_NEEDS) == CANDLE_NEEDS;
    const bool is_trades = (layout->known & TRADE_NEEDS) == TRADE_NEEDS;
    if (is_candles) {
        layout->kind = LAB_KIND_CANDLES;
        return CB_OK;
    }
    const uint32_t sides = BIT(LAB_ROLE_SIDE) | BIT(LAB_ROLE_IS_MAKER);
    if (is_trades && (layout->known & BIT(LAB_ROLE_ID)) != 0 && (layout->known & sides) != 0) {
        layout->kind = LAB_KIND_TRADES;
        return CB_OK;
    }
    char missing[128] = "";
    size_t used = 0;
    const bool is_like_trades = (layout->known & BIT(LAB_ROLE_PRICE)) != 0;
    const uint32_t needs = is_like_trades ? TRADE_NEEDS | BIT(LAB_ROLE_ID) : CANDLE_NEEDS;
    for (uint32_t role = 1; role < LAB_ROLE_COUNT; role++) {
        if ((needs & ~layout->known & BIT(role)) != 0 && used < sizeof missing) {
            used +=
                (size_t)snprintf(missing + used, sizeof missing - used, " %s", role_names[role]);
        }
    }
    if (is_like_trades && (layout->known & sides) == 0 && used < sizeof missing) {
        (void)snprintf(missing + used, sizeof missing - used, " side");
    }
    return CB_FAIL(err,
        CB_E_SYNTAX,
        "missing columns:%s (%s need them)",
        missing,
        is_like_trades ? "trades" : "candles");
}

/* Whether the line has a time where the user says that times are. */
static bool has_time(cb_strview line, const lab_layout *layout)
{
    cb_strview rest = line;
    cb_strview field;
    for (uint32_t c = 0; c < layout->columns_count; c++) {
        if (!next_field(&rest, layout->separator, &field)) {
            return false;
        }
        if (layout->roles[c] == LAB_ROLE_TIME) {
            return is_number_or_word(lab_field_trim(field));
        }
    }
    return false;
}

cb_status lab_layout_detect(
    cb_strview line, const char *columns, const char *quotes, lab_layout *layout, cb_err *err)
{
    CB_ASSERT(layout != NULL);
    CB_ASSERT(line.at != NULL);
    memset(layout, 0, sizeof *layout);
    if (line.size >= 3 && memcmp(line.at, "\xef\xbb\xbf", 3) == 0) {
        line = (cb_strview){line.at + 3, line.size - 3};
    }
    cb_status status = refuse_binary(line, err);
    if (status != CB_OK) {
        return status;
    }
    layout->separator = separator_of(line);
    cb_strview rest = line;
    cb_strview first = {NULL, 0};
    (void)next_field(&rest, layout->separator, &first);
    const bool has_header = !is_number_or_word(lab_field_trim(first));
    if (columns != NULL) {
        status = read_named(columns, layout, err);
        layout->has_header = status == CB_OK && !has_time(line, layout);
    } else if (has_header) {
        status = read_header(line, quotes, layout, err);
    } else {
        status = match_bare(line, layout, err);
    }
    return status == CB_OK ? judge(layout, err) : status;
}
