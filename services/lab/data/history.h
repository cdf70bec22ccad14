/* History ready to run on: opens a file's cache, or makes it first. This is what the other parts of
 * the lab use of data/. */
#ifndef LAB_HISTORY_H
#define LAB_HISTORY_H

#include "base/err.h"
#include "services/lab/core/candles.h"
#include "services/lab/data/table.h"

typedef struct lab_history lab_history;

/* How a source is to be read. Zero and NULL: as the source itself says. */
typedef struct lab_import_options {
    lab_kind kind;
    const char *venue;  /* else from the file's name, "" when it does not tell */
    const char *symbol; /* else from the file's name */
    int64_t timeframe_ns;
    const char
        *columns; /* "time,open,high,low,close,volume,-": roles by position, '-' is skipped */
    const char *time_unit; /* "s", "ms", "us", "ns"; else each row's by its size */
    const char *quotes;    /* "bid" or "ask", of a file that holds both */
    int64_t made_ns;       /* when the source was made; 0: its modification time */
    bool is_forced;        /* fatal rows are left out instead of refusing the whole */
    bool is_rounded;       /* more than 8 decimals are rounded, and told */
} lab_import_options;

typedef struct lab_history_request {
    const char *path;      /* a file, "postgresql://…", "pg:host=… dbname=…", or a cache */
    const char *cache_dir; /* NULL: beside the source, else the user's cache folder */
    bool is_rebuilt;       /* even when the cache is fresh */
    lab_import_options options;
    int64_t from_ns; /* of PostgreSQL only; 0: all */
    int64_t to_ns;   /* first moment that does not belong; 0: all */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *context;
} lab_history_request;

/**
 * Opens the history of a source: from its cache when that is fresh, else by an import that leaves
 * one.
 *
 * @param out [out] closed with lab_history_close.
 * @return CB_OK; CB_E_NOT_FOUND no such file; CB_E_SYNTAX, CB_E_PRECISION, CB_E_RANGE, CB_E_CORRUPT
 *         what the source holds, with file and line; CB_E_STATE it holds fatal rows and force was
 *         not asked for; CB_E_CONFIG the request contradicts the source; CB_E_IO, CB_E_FULL.
 */
CB_MUST_USE cb_status lab_history_open(
    const lab_history_request *request, lab_history **out, cb_err *err);
/** Of NULL it does nothing. */
void lab_history_close(lab_history *history);

lab_kind lab_history_kind(const lab_history *history);
/** [borrowed until the history is closed]; only of the kind that it has. */
const lab_candles *lab_history_candles(const lab_history *history);
const lab_trades *lab_history_trades(const lab_history *history);
const lab_depth *lab_history_depth(const lab_history *history);
/** What a report must tell. [borrowed until the history is closed] */
const lab_finding *lab_history_findings(const lab_history *history, uint64_t *count);
/** True when fatal rows were left out: a result from it says so on its face. */
bool lab_history_is_forced(const lab_history *history);
/** True when the cache was there already. */
bool lab_history_was_cached(const lab_history *history);
const char *lab_history_cache_path(const lab_history *history);
/** The cache itself, for who tells about it. [borrowed until the history is closed] */
struct lab_cache;
const struct lab_cache *lab_history_cache(const lab_history *history);

#endif /* LAB_HISTORY_H */
