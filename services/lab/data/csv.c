/* The CSV reader. Common text goes through a scanner that looks at each byte once; whatever it does
 * not take (quotes, blanks, too many digits, nonsense) is cut out as a field and judged by the
 * strict parsers, so speed changes nothing about what is accepted. */
#include "services/lab/data/csv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/money.h"
#include "services/lab/data/csv_time.h"
#include "services/lab/data/layout.h"

#define HOPELESS_ROWS 1000u /* as many broken rows without one good one: not this kind of file */
#define HEADER_KEPT 64u

typedef struct csv {
    const lab_import_options *options;
    lab_layout layout;
    lab_table *table;
    const char *name;
    uint64_t line; /* of the row that is read, from 1 */
    uint64_t broken_count;
    lab_time_unit fixed_unit; /* NONE: by size */
    lab_time_unit last_unit;
    char header[HEADER_KEPT]; /* its beginning: joined files repeat it */
    char symbol[LAB_SYMBOL_SIZE];
    lab_finding rounded;
    bool is_row_rounded;
    int64_t values[LAB_ROLE_COUNT];
} csv;

static const char *const role_words[LAB_ROLE_COUNT] = {"",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote volume",
    "taker volume",
    "number of trades",
    "close time",
    "id",
    "price",
    "quantity",
    "side",
    "is_buyer_maker",
    "symbol"};

/* ---- findings ---- */

__attribute__((format(printf, 6, 7))) static cb_status find_row(csv *self,
    lab_finding_kind kind,
    bool is_fatal,
    int64_t at_ns,
    cb_err *err,
    const char *format,
    ...)
{
    if (is_fatal && self->table->fatal_count == 0) {
        char why[CB_ERR_TEXT_MAX / 2];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(why, sizeof why, format, arguments);
        va_end(arguments);
        (void)snprintf(self->table->reason,
            sizeof self->table->reason,
            "%.200s:%" PRIu64 ": %s",
            self->name,
            self->line,
            why);
        cb_text_clean(self->table->reason);
    }
    const lab_finding finding = {.kind = kind,
        .is_fatal = is_fatal,
        .from_ns = at_ns,
        .to_ns = at_ns,
        .count = 1,
        .line = self->line};
    return lab_table_find(self->table, &finding, err);
}

/* A row that cannot be read at all. */
static cb_status break_row(csv *self, const cb_err *why, cb_err *err)
{
    self->broken_count++;
    const cb_status status = find_row(self, LAB_FINDING_BAD_CANDLE, true, 0, err, "%s", why->text);
    if (status == CB_OK && self->table->count == 0 && self->broken_count >= HOPELESS_ROWS) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s (and none of the first %u rows is better)",
            self->table->reason,
            HOPELESS_ROWS);
    }
    return status;
}

/* ---- values ---- */

static const uint64_t powers[CB_E8_DIGITS + 1] = {
    100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};

/* Usual decimals only; *at is moved behind them. */
static inline bool scan_decimal(const char **at, int64_t *out)
{
    const char *next = *at;
    uint64_t value = 0;
    while ((unsigned char)(*next - '0') < 10) {
        value = value * 10 + (uint64_t)(*next - '0');
        next++;
    }
    const size_t whole = (size_t)(next - *at);
    size_t decimals = 0;
    if (*next == '.') {
        const char *const from = ++next;
        while ((unsigned char)(*next - '0') < 10) {
            value = value * 10 + (uint64_t)(*next - '0');
            next++;
        }
        decimals = (size_t)(next - from);
        if (decimals == 0) {
            return false;
        }
    }
    if (whole == 0 || whole > 10 || decimals > CB_E8_DIGITS || (whole > 1 && **at == '0')) {
        return false;
    }
    *at = next;
    *out = (int64_t)(value * powers[decimals]);
    return true;
}

static inline bool scan_whole(const char **at, uint64_t *out)
{
    const char *next = *at;
    uint64_t value = 0;
    while ((unsigned char)(*next - '0') < 10) {
        value = value * 10 + (uint64_t)(*next - '0');
        next++;
    }
    const size_t digits = (size_t)(next - *at);
    if (digits == 0 || digits > 19 || (digits > 1 && **at == '0')) {
        return false;
    }
    *at = next;
    *out = value;
    return true;
}

cb_status lab_decimal_parse(
    cb_strview text, bool is_rounding, int64_t *out_e8, bool *is_rounded, cb_err *err)
{
    cb_status status = cb_decimal_parse(text.at, text.size, out_e8, err);
    if (status != CB_E_PRECISION || !is_rounding) {
        return status;
    }
    const char *const point = memchr(text.at, '.', text.size);
    CB_ASSERT(point != NULL); /* there are more than 8 decimals */
    const size_t kept = (size_t)(point - text.at) + 1 + CB_E8_DIGITS;
    status = cb_decimal_parse(text.at, kept, out_e8, err);
    if (status == CB_OK && text.at[kept] >= '5') {
        status = cb_add_e8(*out_e8, text.at[0] == '-' ? -1 : 1, out_e8, err);
    }
    *is_rounded = true;
    return status;
}

static cb_status parse_time(csv *self, cb_strview field, int64_t *out_ns, cb_err *err)
{
    uint64_t number = 0;
    if (!cb_u64_parse(field, UINT64_MAX, &number)) {
        self->last_unit = LAB_UNIT_NONE;
        return lab_time_parse_date(field, out_ns, err);
    }
    const lab_time_unit unit =
        self->fixed_unit != LAB_UNIT_NONE ? self->fixed_unit : lab_time_unit_of(number);
    if (!lab_time_scale(number, unit, out_ns)) {
        return CB_FAIL(err,
            CB_E_RANGE,
            "%" PRIu64 " %s is no time between 2009 and 2100",
            number,
            lab_time_unit_name(unit));
    }
    return CB_OK;
}

static cb_status parse_word(csv *self, lab_role role, cb_strview field, cb_err *err)
{
    static const char *const makers[] = {"sell", "SELL", "Sell", "s", "true", "True", "TRUE", "1"};
    static const char *const takers[] = {"buy", "BUY", "Buy", "b", "false", "False", "FALSE", "0"};
    const size_t from = role == LAB_ROLE_SIDE ? 0 : 4;
    for (size_t i = from; i < from + 4; i++) {
        if (cb_sv_is(field, makers[i]) || cb_sv_is(field, takers[i])) {
            /* a taker that sells meets a buyer that was there before */
            self->values[role] = cb_sv_is(field, makers[i]) ? 1 : 0;
            return CB_OK;
        }
    }
    return CB_FAIL(err,
        CB_E_SYNTAX,
        "the %s is '%.*s'",
        role_words[role],
        field.size > 40 ? 40 : (int)field.size,
        field.at);
}

static cb_status parse_symbol(csv *self, cb_strview field, cb_err *err)
{
    if (self->symbol[0] == '\0' && field.size > 0 &&
        cb_text_copy(self->symbol, sizeof self->symbol, field)) {
        return CB_OK;
    }
    if (!cb_sv_is(field, self->symbol)) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "the symbol is '%.*s' but was '%s' before: one file holds one symbol",
            field.size > 40 ? 40 : (int)field.size,
            field.at,
            self->symbol);
    }
    return CB_OK;
}

/* A field that the scanner did not take, by the strict rules. */
static cb_status parse_field(csv *self, lab_role role, cb_strview raw, cb_err *err)
{
    CB_ASSERT(role < LAB_ROLE_COUNT);
    const cb_strview field = lab_field_trim(raw);
    uint64_t number = 0;
    cb_status status = CB_OK;
    switch (role) {
    case LAB_ROLE_SKIP:
        return CB_OK;
    case LAB_ROLE_TIME:
    case LAB_ROLE_CLOSE_TIME:
        status = parse_time(self, field, &self->values[role], err);
        break;
    case LAB_ROLE_ID:
    case LAB_ROLE_TRADES_COUNT:
        if (!cb_u64_parse(field, role == LAB_ROLE_ID ? INT64_MAX : UINT32_MAX, &number)) {
            status = CB_FAIL(err,
                CB_E_SYNTAX,
                "'%.*s' is no whole number",
                field.size > 40 ? 40 : (int)field.size,
                field.at);
        }
        self->values[role] = (int64_t)number;
        break;
    case LAB_ROLE_SIDE:
    case LAB_ROLE_IS_MAKER:
        return parse_word(self, role, field, err);
    case LAB_ROLE_SYMBOL:
        return parse_symbol(self, field, err);
    case LAB_ROLE_VOLUME:
        if (field.size == 0) {
            self->table->columns |= LAB_COLUMN_NO_VOLUME;
            self->values[role] = 0;
            return CB_OK;
        }
        status = lab_decimal_parse(
            field, self->options->is_rounded, &self->values[role], &self->is_row_rounded, err);
        break;
    case LAB_ROLE_OPEN:
    case LAB_ROLE_HIGH:
    case LAB_ROLE_LOW:
    case LAB_ROLE_CLOSE:
    case LAB_ROLE_QUOTE_VOLUME:
    case LAB_ROLE_TAKER_VOLUME:
    case LAB_ROLE_PRICE:
    case LAB_ROLE_QTY:
    case LAB_ROLE_COUNT:
        status = lab_decimal_parse(
            field, self->options->is_rounded, &self->values[role], &self->is_row_rounded, err);
        break;
    }
    if (status == CB_E_PRECISION) {
        (void)cb_err_context(err, "the %s (--round rounds it)", role_words[role]);
    } else if (status != CB_OK) {
        (void)cb_err_context(err, "the %s", role_words[role]);
    }
    return status;
}

/* ---- rows ---- */

static inline bool is_end(const char *at, char separator, bool is_last)
{
    if (!is_last) {
        return *at == separator;
    }
    return *at == '\n' || (*at == '\r' && at[1] == '\n');
}

/* The fast way through a field; false leaves *at where it was. */
static inline bool scan_field(csv *self, lab_role role, const char **at)
{
    const char *next = *at;
    uint64_t number = 0;
    switch (role) {
    case LAB_ROLE_OPEN:
    case LAB_ROLE_HIGH:
    case LAB_ROLE_LOW:
    case LAB_ROLE_CLOSE:
    case LAB_ROLE_VOLUME:
    case LAB_ROLE_QUOTE_VOLUME:
    case LAB_ROLE_TAKER_VOLUME:
    case LAB_ROLE_PRICE:
    case LAB_ROLE_QTY:
        if (!scan_decimal(&next, &self->values[role])) {
            return false;
        }
        break;
    case LAB_ROLE_TIME:
    case LAB_ROLE_CLOSE_TIME:
        if (!scan_whole(&next, &number)) {
            return false;
        }
        {
            const lab_time_unit unit =
                self->fixed_unit != LAB_UNIT_NONE ? self->fixed_unit : lab_time_unit_of(number);
            if (!lab_time_scale(number, unit, &self->values[role])) {
                return false;
            }
            self->last_unit = role == LAB_ROLE_TIME ? unit : self->last_unit;
        }
        break;
    case LAB_ROLE_ID:
    case LAB_ROLE_TRADES_COUNT:
        if (!scan_whole(&next, &number) ||
            number > (role == LAB_ROLE_ID ? (uint64_t)INT64_MAX : UINT32_MAX)) {
            return false;
        }
        self->values[role] = (int64_t)number;
        break;
    case LAB_ROLE_SKIP:
    case LAB_ROLE_SIDE:
    case LAB_ROLE_IS_MAKER:
    case LAB_ROLE_SYMBOL:
    case LAB_ROLE_COUNT:
    default:
        return false;
    }
    *at = next;
    return true;
}

/* All fields of the row at *at, which is moved behind the line's end in any case. */
static cb_status read_fields(csv *self, const char **row, cb_err *err)
{
    const char *at = *row;
    const lab_layout *const layout = &self->layout;
    self->is_row_rounded = false;
    for (uint32_t c = 0; c < layout->columns_count; c++) {
        const bool is_last = c + 1 == layout->columns_count;
        const char *const from = at;
        if (!scan_field(self, (lab_role)layout->roles[c], &at) ||
            !is_end(at, layout->separator, is_last)) {
            const char *const line_end = rawmemchr(from, '\n');
            *row = line_end + 1;
            at = memchr(from, layout->separator, (size_t)(line_end - from));
            if (is_last != (at == NULL)) {
                return CB_FAIL(err,
                    CB_E_SYNTAX,
                    "the row has %s columns than the %u expected",
                    is_last ? "more" : "fewer",
                    layout->columns_count);
            }
            at = at == NULL ? line_end : at;
            const cb_strview field = {from, (size_t)(at - from)};
            const cb_status status = parse_field(self, (lab_role)layout->roles[c], field, err);
            if (status != CB_OK) {
                return status;
            }
        }
        at += *at == '\r' && is_last ? 2 : 1;
    }
    *row = at;
    return CB_OK;
}

static const char *why_bad_candle(const int64_t *values)
{
    const int64_t open = values[LAB_ROLE_OPEN];
    const int64_t close = values[LAB_ROLE_CLOSE];
    if (open <= 0 || close <= 0 || values[LAB_ROLE_LOW] <= 0) {
        return "a price is 0 or less";
    }
    if (values[LAB_ROLE_HIGH] < values[LAB_ROLE_LOW]) {
        return "the high is below the low";
    }
    if (values[LAB_ROLE_HIGH] < open || values[LAB_ROLE_HIGH] < close) {
        return "the high is below the open or the close";
    }
    if (values[LAB_ROLE_LOW] > open || values[LAB_ROLE_LOW] > close) {
        return "the low is above the open or the close";
    }
    if (values[LAB_ROLE_VOLUME] < 0 || values[LAB_ROLE_QUOTE_VOLUME] < 0 ||
        values[LAB_ROLE_TAKER_VOLUME] < 0) {
        return "a volume is negative";
    }
    return NULL;
}

static const char *why_bad_trade(const int64_t *values)
{
    if (values[LAB_ROLE_PRICE] <= 0) {
        return "the price is 0 or less";
    }
    return values[LAB_ROLE_QTY] <= 0 ? "the quantity is 0 or less" : NULL;
}

static const lab_role candle_roles[] = {LAB_ROLE_TIME,
    LAB_ROLE_OPEN,
    LAB_ROLE_HIGH,
    LAB_ROLE_LOW,
    LAB_ROLE_CLOSE,
    LAB_ROLE_VOLUME,
    LAB_ROLE_QUOTE_VOLUME,
    LAB_ROLE_TAKER_VOLUME};

static void append_candle(csv *self)
{
    lab_table *const table = self->table;
    const uint64_t at = table->count++;
    for (uint32_t c = 0; c < sizeof candle_roles / sizeof candle_roles[0]; c++) {
        lab_table_i64(table, c)[at] = self->values[candle_roles[c]];
    }
    ((uint32_t *)table->data[CANDLES_TRADES_COUNT])[at] =
        (uint32_t)self->values[LAB_ROLE_TRADES_COUNT];
    table->close_ts[at] = self->values[LAB_ROLE_CLOSE_TIME];
    table->lines[at] = self->line;
}

static bool repeats_last(const csv *self)
{
    const lab_table *const table = self->table;
    const uint64_t last = table->count - 1;
    for (uint32_t c = 0; c < sizeof candle_roles / sizeof candle_roles[0]; c++) {
        if (lab_table_i64(table, c)[last] != self->values[candle_roles[c]]) {
            return false;
        }
    }
    return true;
}

static cb_status take_candle(csv *self, cb_err *err)
{
    const lab_table *const table = self->table;
    const int64_t ts_ns = self->values[LAB_ROLE_TIME];
    const char *const why = why_bad_candle(self->values);
    if (why != NULL) {
        return find_row(self, LAB_FINDING_BAD_CANDLE, true, ts_ns, err, "%s", why);
    }
    if (table->count > 0) {
        const int64_t last_ns = lab_table_i64(table, CANDLES_OPEN_TS)[table->count - 1];
        if (ts_ns == last_ns) {
            const bool is_same = repeats_last(self);
            return find_row(self,
                LAB_FINDING_DUPLICATE,
                !is_same,
                ts_ns,
                err,
                "the time of the row before again, with other values");
        }
        if (ts_ns < last_ns) {
            return find_row(
                self, LAB_FINDING_BACKWARD, true, ts_ns, err, "the time goes backwards");
        }
    }
    append_candle(self);
    return CB_OK;
}

static cb_status take_trade(csv *self, cb_err *err)
{
    lab_table *const table = self->table;
    const int64_t ts_ns = self->values[LAB_ROLE_TIME];
    const uint64_t id = (uint64_t)self->values[LAB_ROLE_ID];
    const char *const why = why_bad_trade(self->values);
    if (why != NULL) {
        return find_row(self, LAB_FINDING_BAD_CANDLE, true, ts_ns, err, "%s", why);
    }
    if (table->count > 0) {
        const uint64_t last_id = ((uint64_t *)table->data[TRADES_ID])[table->count - 1];
        if (id <= last_id) {
            return find_row(self,
                id == last_id ? LAB_FINDING_DUPLICATE : LAB_FINDING_BACKWARD,
                true,
                ts_ns,
                err,
                "the id %" PRIu64 " comes after %" PRIu64,
                id,
                last_id);
        }
        if (ts_ns < lab_table_i64(table, TRADES_TS)[table->count - 1]) {
            return find_row(
                self, LAB_FINDING_BACKWARD, true, ts_ns, err, "the time goes backwards");
        }
    }
    const uint64_t at = table->count++;
    lab_table_i64(table, TRADES_TS)[at] = ts_ns;
    ((uint64_t *)table->data[TRADES_ID])[at] = id;
    lab_table_i64(table, TRADES_PRICE)[at] = self->values[LAB_ROLE_PRICE];
    lab_table_i64(table, TRADES_QTY)[at] = self->values[LAB_ROLE_QTY];
    ((uint8_t *)table->data[TRADES_IS_BUYER_MAKER])[at] =
        self->values[LAB_ROLE_SIDE] != 0 || self->values[LAB_ROLE_IS_MAKER] != 0;
    table->lines[at] = self->line;
    return CB_OK;
}

static cb_status note_rounding(csv *self)
{
    const int64_t ts_ns = self->values[LAB_ROLE_TIME];
    if (self->rounded.count == 0) {
        self->rounded = (lab_finding){
            .kind = LAB_FINDING_ROUNDED, .from_ns = ts_ns, .to_ns = ts_ns, .line = self->line};
    }
    self->rounded.count++;
    self->rounded.to_ns = ts_ns > self->rounded.to_ns ? ts_ns : self->rounded.to_ns;
    return CB_OK;
}

static cb_status take_row(csv *self, const char **row, cb_err *err)
{
    cb_err why = {0};
    const lab_time_unit unit_before = self->last_unit;
    if (read_fields(self, row, &why) != CB_OK) {
        return break_row(self, &why, err);
    }
    cb_status status = lab_table_grow(self->table, err);
    if (status == CB_OK && self->last_unit != unit_before && self->table->count > 0) {
        status = find_row(
            self, LAB_FINDING_UNIT_CHANGE, false, self->values[LAB_ROLE_TIME], err, "%s", "");
    }
    if (status == CB_OK && self->is_row_rounded) {
        status = note_rounding(self);
    }
    if (status != CB_OK) {
        return status;
    }
    return self->layout.kind == LAB_KIND_CANDLES ? take_candle(self, err) : take_trade(self, err);
}

/* ---- the file ---- */

static bool is_blank(const char *at)
{
    return *at == '\n' || (*at == '\r' && at[1] == '\n');
}

static cb_status take_block(csv *self, cb_strview block, cb_err *err)
{
    const char *at = block.at;
    const char *const end = block.at + block.size;
    const size_t header_size = strlen(self->header);
    if (self->line == 0 && memcmp(at, "\xef\xbb\xbf", 3) == 0 && header_size == 0) {
        at += 3; /* a byte order mark before a first row; behind the text there are 64 bytes more */
    }
    while (at < end) {
        self->line++;
        const bool is_header = header_size > 0 && (size_t)(end - at) > header_size &&
                               memcmp(at, self->header, header_size) == 0;
        if (is_header || is_blank(at)) {
            at = (const char *)rawmemchr(at, '\n') + 1;
            continue;
        }
        const cb_status status = take_row(self, &at, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}

/* The first line decides about all others. */
static cb_status begin(csv *self, cb_strview block, cb_err *err)
{
    const char *const end = memchr(block.at, '\n', block.size);
    const cb_strview line = {block.at, (size_t)(end - block.at)};
    const cb_status status =
        lab_layout_detect(line, self->options->columns, self->options->quotes, &self->layout, err);
    if (status != CB_OK) {
        return cb_err_context(err, "%.200s:1", self->name);
    }
    lab_table_init(self->table, self->layout.kind);
    if (self->layout.has_header) {
        const size_t kept = line.size < HEADER_KEPT - 1 ? line.size : HEADER_KEPT - 1;
        memcpy(self->header, line.at, kept);
    }
    const uint32_t known = self->layout.known;
    self->table->columns =
        ((known & (1u << LAB_ROLE_QUOTE_VOLUME)) != 0 ? LAB_COLUMN_QUOTE_VOLUME : 0u) |
        ((known & (1u << LAB_ROLE_TAKER_VOLUME)) != 0 ? LAB_COLUMN_TAKER_VOLUME : 0u) |
        ((known & (1u << LAB_ROLE_TRADES_COUNT)) != 0 ? LAB_COLUMN_TRADES_COUNT : 0u) |
        ((known & (1u << LAB_ROLE_VOLUME)) == 0 ? LAB_COLUMN_NO_VOLUME : 0u);
    return CB_OK;
}

static cb_status finish(csv *self, cb_err *err)
{
    if (self->line == 0) {
        return CB_FAIL(err, CB_E_SYNTAX, "%s: the file is empty", self->name);
    }
    if (self->table->count == 0) {
        return self->table->fatal_count > 0
                   ? CB_FAIL(err, CB_E_SYNTAX, "%s (and no row is better)", self->table->reason)
                   : CB_FAIL(err, CB_E_SYNTAX, "%s: a header but no rows", self->name);
    }
    if (self->table->symbol[0] == '\0') {
        (void)cb_text_copy(
            self->table->symbol, sizeof self->table->symbol, cb_sv_from(self->symbol));
    }
    return self->rounded.count > 0 ? lab_table_find(self->table, &self->rounded, err) : CB_OK;
}

cb_status lab_csv_read(lab_reader *reader,
    const lab_import_options *options,
    lab_progress_call progress,
    lab_table *table,
    cb_err *err)
{
    csv self = {.options = options, .table = table, .name = lab_reader_name(reader)};
    lab_table_init(table, LAB_KIND_CANDLES);
    if (options->time_unit != NULL) {
        self.fixed_unit = lab_time_unit_parse(options->time_unit);
        if (self.fixed_unit == LAB_UNIT_COUNT) {
            return CB_FAIL(
                err, CB_E_CONFIG, "time unit '%s': known are s, ms, us, ns", options->time_unit);
        }
    }
    while (true) {
        cb_strview block = {NULL, 0};
        cb_status status = lab_reader_next(reader, LAB_CSV_LINE_MAX, &block, err);
        if (status == CB_OK && block.size == 0) {
            return finish(&self, err);
        }
        if (status == CB_OK && self.line == 0) {
            status = begin(&self, block, err);
        }
        if (status == CB_OK) {
            status = take_block(&self, block, err);
        }
        if (status != CB_OK) {
            return status;
        }
        if (progress.fn != NULL) {
            progress.fn(progress.context, lab_reader_done(reader), lab_reader_size(reader));
        }
    }
}
