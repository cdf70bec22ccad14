/* History from PostgreSQL. A tool that runs alone and may wait, so libpq is used as it comes,
 * without the runtime's loop. */
#include "services/lab/data/postgres.h"

#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/lab/data/place.h"

#define QUERY_MAX 2048
#define COLUMNS_MAX 8
#define COPY_HEADER 19u /* signature, flags, length of the extension */

struct lab_postgres {
    PGconn *connection;
    lab_kind kind;
    char symbol[LAB_SYMBOL_SIZE];
    char venue[LAB_VENUE_SIZE];
    char where[QUERY_MAX / 2];
    char name[256];
    uint64_t count;
    int64_t newest_ns;
    char sum[LAB_SHA256_TEXT];
};

bool lab_postgres_is(const char *path)
{
    return strncmp(path, "postgresql://", 13) == 0 || strncmp(path, "postgres://", 11) == 0 ||
           strncmp(path, "pg:", 3) == 0;
}

static cb_status failed(const lab_postgres *source, cb_status status, cb_err *err)
{
    char text[300];
    (void)snprintf(text, sizeof text, "%.290s", PQerrorMessage(source->connection));
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\n' ? ' ' : *at;
    }
    return CB_FAIL(err, status, "PostgreSQL: %s", text);
}

static PGresult *ask(lab_postgres *source, const char *query)
{
    return PQexec(source->connection, query);
}

static cb_status run(lab_postgres *source, const char *query, cb_err *err)
{
    PGresult *const result = ask(source, query);
    const bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return is_done ? CB_OK : failed(source, CB_E_PEER, err);
}

/* Which rows; the texts are checked to hold nothing but letters and digits, or escaped. */
static cb_status choose(lab_postgres *source, const lab_history_request *request, cb_err *err)
{
    const lab_import_options *const options = &request->options;
    const bool is_candles = source->kind == LAB_KIND_CANDLES;
    if (options->symbol == NULL || !lab_place_symbol(options->symbol, source->symbol)) {
        return CB_FAIL(err, CB_E_CONFIG, "history from PostgreSQL needs --symbol");
    }
    if (is_candles && options->timeframe_ns == 0) {
        return CB_FAIL(err, CB_E_CONFIG, "candles from PostgreSQL need --timeframe");
    }
    const char *const time = is_candles ? "open_ts_ns" : "venue_ts_ns";
    char *const venue =
        options->venue == NULL
            ? NULL
            : PQescapeLiteral(source->connection, options->venue, strlen(options->venue));
    char frame[64] = "";
    if (is_candles) {
        (void)snprintf(
            frame, sizeof frame, " AND interval_s = %" PRId64, options->timeframe_ns / CB_NS_PER_S);
    }
    const int size = snprintf(source->where,
        sizeof source->where,
        "symbol = '%s'%s%s%s AND %s >= %" PRId64 " AND %s < %" PRId64,
        source->symbol,
        frame,
        venue != NULL ? " AND venue = " : "",
        venue != NULL ? venue : "",
        time,
        request->from_ns,
        time,
        request->to_ns != 0 ? request->to_ns : INT64_MAX);
    PQfreemem(venue);
    return size > 0 && (size_t)size < sizeof source->where
               ? CB_OK
               : CB_FAIL(err, CB_E_CONFIG, "the venue's name is too long");
}

static cb_status read_number(const PGresult *result, int column, uint64_t *out, cb_err *err)
{
    const char *const text = PQgetvalue(result, 0, column);
    return cb_u64_parse(cb_sv_from(text), INT64_MAX, out)
               ? CB_OK
               : CB_FAIL(err, CB_E_PEER, "PostgreSQL: '%.40s' is no number", text);
}

static cb_status look(lab_postgres *source, cb_err *err)
{
    char query[QUERY_MAX];
    uint64_t venues = 0;
    uint64_t newest = 0;
    (void)snprintf(query,
        sizeof query,
        "SELECT count(*), coalesce(max(ts_ns), 0), coalesce(sum(hashint8extended(ts_ns, 1)), 0), "
        "count(DISTINCT venue), coalesce(min(venue), '') FROM validator.%s WHERE %s",
        source->kind == LAB_KIND_CANDLES ? "md_candle" : "md_trade",
        source->where);
    PGresult *const result = ask(source, query);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        PQclear(result);
        return failed(source, CB_E_PEER, err);
    }
    cb_status status = read_number(result, 0, &source->count, err);
    if (status == CB_OK) {
        status = read_number(result, 1, &newest, err);
    }
    if (status == CB_OK) {
        status = read_number(result, 3, &venues, err);
    }
    source->newest_ns = (int64_t)newest;
    (void)snprintf(source->sum, sizeof source->sum, "%.60s", PQgetvalue(result, 0, 2));
    if (status == CB_OK && source->count == 0) {
        status = CB_FAIL(err,
            CB_E_NOT_FOUND,
            "the platform has no such %s of %s",
            lab_shape_of(source->kind)->name,
            source->symbol);
    } else if (status == CB_OK && venues != 1) {
        status = CB_FAIL(err,
            CB_E_CONFIG,
            "%" PRIu64 " venues have %s: choose with --venue",
            venues,
            source->symbol);
    } else if (status == CB_OK &&
               !cb_text_copy(
                   source->venue, sizeof source->venue, cb_sv_from(PQgetvalue(result, 0, 4)))) {
        status = CB_FAIL(err, CB_E_RANGE, "the venue's name is too long");
    }
    PQclear(result);
    return status;
}

static void name_it(lab_postgres *source, const lab_history_request *request)
{
    (void)snprintf(source->name,
        sizeof source->name,
        "postgresql_%.60s_%.60s_%.20s_%s_%s_%" PRId64 "_%" PRId64 "_%" PRId64,
        PQdb(source->connection),
        PQhost(source->connection),
        PQport(source->connection),
        source->venue,
        source->symbol,
        request->options.timeframe_ns / CB_NS_PER_S,
        request->from_ns / CB_NS_PER_S,
        request->to_ns / CB_NS_PER_S);
    for (char *at = source->name; *at != '\0'; at++) {
        *at = *at == '/' ? '-' : *at;
    }
}

cb_status lab_postgres_open(const lab_history_request *request, lab_postgres **out, cb_err *err)
{
    lab_postgres *const source = calloc(1, sizeof *source);
    if (source == NULL) {
        return CB_FAIL(err, CB_E_FULL, "no memory");
    }
    source->kind = request->options.kind == LAB_KIND_ANY ? LAB_KIND_CANDLES : request->options.kind;
    const bool is_words = strncmp(request->path, "pg:", 3) == 0;
    source->connection = PQconnectdb(request->path + (is_words ? 3 : 0));
    cb_status status = CB_OK;
    if (source->kind == LAB_KIND_DEPTH) {
        status = CB_FAIL(err, CB_E_CONFIG, "the platform keeps candles and trades, no depth");
    } else if (PQstatus(source->connection) != CONNECTION_OK) {
        status = failed(source, CB_E_UNAVAILABLE, err);
    }
    if (status == CB_OK) {
        status = choose(source, request, err);
    }
    if (status == CB_OK) {
        status = run(source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    }
    if (status == CB_OK) {
        status = look(source, err);
    }
    if (status != CB_OK) {
        lab_postgres_close(source);
        return status;
    }
    name_it(source, request);
    *out = source;
    return CB_OK;
}

void lab_postgres_close(lab_postgres *source)
{
    if (source != NULL) {
        PQfinish(source->connection);
        free(source);
    }
}

const char *lab_postgres_name(const lab_postgres *source)
{
    return source->name;
}

void lab_postgres_describe(const lab_postgres *source, lab_cache_source *out)
{
    memset(out, 0, sizeof *out);
    (void)snprintf(out->path, sizeof out->path, "%s", source->name);
    (void)snprintf(out->hash, sizeof out->hash, "%s", source->sum);
    out->size = source->count;
    out->mtime_ns = source->newest_ns;
}

/* ---- rows ---- */

static int64_t i64_at(const char *at)
{
    uint64_t bits;
    memcpy(&bits, at, sizeof bits);
    return (int64_t)be64toh(bits);
}

static uint32_t u32_at(const char *at)
{
    uint32_t bits;
    memcpy(&bits, at, sizeof bits);
    return be32toh(bits);
}

/* One tuple of bigints; false when it is none. */
static bool read_tuple(const char *at, size_t size, uint32_t columns, int64_t *values)
{
    if (size != 2 + (size_t)columns * 12 || at[0] != 0 || (uint32_t)at[1] != columns) {
        return false;
    }
    at += 2;
    for (uint32_t c = 0; c < columns; c++, at += 12) {
        if (u32_at(at) != 8) {
            return false;
        }
        values[c] = i64_at(at + 4);
    }
    return true;
}

static cb_status append(lab_table *table, const int64_t *values, cb_err *err)
{
    const cb_status status = lab_table_grow(table, err);
    if (status != CB_OK) {
        return status;
    }
    const uint64_t at = table->count++;
    table->lines[at] = at + 1;
    if (table->kind == LAB_KIND_CANDLES) {
        for (uint32_t c = CANDLES_OPEN_TS; c <= CANDLES_QUOTE_VOLUME; c++) {
            lab_table_i64(table, c)[at] = values[c];
        }
        lab_table_i64(table, CANDLES_TAKER_VOLUME)[at] = 0;
        ((uint32_t *)table->data[CANDLES_TRADES_COUNT])[at] = (uint32_t)values[7];
        table->close_ts[at] = 0;
        return values[7] >= 0 && values[7] <= (int64_t)UINT32_MAX
                   ? CB_OK
                   : CB_FAIL(err, CB_E_RANGE, "a number of trades leaves 32 bits");
    }
    for (uint32_t c = TRADES_TS; c <= TRADES_QTY; c++) {
        lab_table_i64(table, c)[at] = values[c];
    }
    ((uint8_t *)table->data[TRADES_IS_BUYER_MAKER])[at] = values[4] != 0 ? 1 : 0;
    if (at > 0 && values[TRADES_TS] < lab_table_i64(table, TRADES_TS)[at - 1]) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "the time of trade %" PRId64 " goes backwards", values[1]);
    }
    return CB_OK;
}

static cb_status copy_rows(lab_postgres *source,
    const lab_history_request *request,
    uint32_t columns,
    lab_table *table,
    cb_err *err)
{
    char *row = NULL;
    int size;
    bool is_first = true;
    cb_status status = CB_OK;
    while ((size = PQgetCopyData(source->connection, &row, 0)) > 0) {
        int64_t values[COLUMNS_MAX];
        const char *at = row;
        size_t left = (size_t)size;
        if (is_first && left >= COPY_HEADER) {
            at += COPY_HEADER;
            left -= COPY_HEADER;
        }
        is_first = false;
        const bool is_end = left == 2 && (unsigned char)at[0] == 0xff;
        if (status == CB_OK && !is_end && left > 0) {
            status = read_tuple(at, left, columns, values)
                         ? append(table, values, err)
                         : CB_FAIL(err, CB_E_PEER, "PostgreSQL: a row in an unknown form");
        }
        PQfreemem(row);
        if (request->progress != NULL && table->count % 65536 == 0) {
            request->progress(request->context, table->count, source->count);
        }
    }
    if (status == CB_OK && size != -1) {
        status = failed(source, CB_E_PEER, err);
    }
    return status;
}

cb_status lab_postgres_read(
    lab_postgres *source, const lab_history_request *request, lab_table *table, cb_err *err)
{
    char query[QUERY_MAX];
    const bool is_candles = source->kind == LAB_KIND_CANDLES;
    lab_table_init(table, source->kind);
    (void)snprintf(query,
        sizeof query,
        is_candles ? "COPY (SELECT open_ts_ns, open_e8, high_e8, low_e8, close_e8, volume_e8, "
                     "quote_volume_e8, trades_count FROM validator.md_candle WHERE %s "
                     "ORDER BY open_ts_ns) TO STDOUT (FORMAT binary)"
                   : "COPY (SELECT venue_ts_ns, trade_id, price_e8, qty_e8, "
                     "(taker_side = 'sell')::int::bigint FROM validator.md_trade WHERE %s "
                     "ORDER BY trade_id) TO STDOUT (FORMAT binary)",
        source->where);
    PGresult *const result = ask(source, query);
    const bool is_copying = PQresultStatus(result) == PGRES_COPY_OUT;
    PQclear(result);
    if (!is_copying) {
        return failed(source, CB_E_PEER, err);
    }
    table->columns = LAB_COLUMN_QUOTE_VOLUME | LAB_COLUMN_TRADES_COUNT;
    table->timeframe_ns = is_candles ? request->options.timeframe_ns : 0;
    memcpy(table->venue, source->venue, sizeof table->venue);
    memcpy(table->symbol, source->symbol, sizeof table->symbol);
    return copy_rows(source, request, is_candles ? 8 : 5, table, err);
}
