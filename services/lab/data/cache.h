/* The cache: one file, a header and the columns as they lie in memory, mapped when it is opened. It
 * is written beside and renamed, so it is whole or not there. */
#ifndef LAB_CACHE_H
#define LAB_CACHE_H

#include "base/err.h"
#include "services/lab/data/history.h"
#include "services/lab/data/sha.h"

#define LAB_CACHE_SUFFIX ".cbh"
#define LAB_CACHE_PATH_MAX 4096
#define LAB_CACHE_TEXT_MAX 256

/* What the cache was made from, and how. Zero bytes behind each text. */
typedef struct lab_cache_source {
    char path[1024]; /* absolute; cut when longer: it is for people */
    char hash[LAB_SHA256_TEXT];
    uint64_t size;
    int64_t mtime_ns;
    char columns[LAB_CACHE_TEXT_MAX]; /* options that were given, "" = not */
    char time_unit[4];
    char quotes[4];
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    int64_t timeframe_ns;
    int64_t made_ns;
    bool is_forced;
    bool is_rounded;
} lab_cache_source;

typedef struct lab_cache lab_cache;

/**
 * Writes a cache for the table. Whatever goes wrong, what stood at path before stands there still
 * and no other file is left.
 *
 * @return CB_OK; CB_E_FULL when the disk is full (the text says what is needed and what is free);
 *         CB_E_IO.
 */
CB_MUST_USE cb_status lab_cache_write(
    const char *path, const lab_table *table, const lab_cache_source *source, cb_err *err);

/** CB_E_NOT_FOUND; CB_E_CORRUPT when it is no whole cache of this version. */
CB_MUST_USE cb_status lab_cache_open(const char *path, lab_cache **out, cb_err *err);
void lab_cache_close(lab_cache *cache);
/** Hashes the columns again. CB_E_CORRUPT when they are not what was written. */
CB_MUST_USE cb_status lab_cache_verify(const lab_cache *cache, cb_err *err);

/* [borrowed until the cache is closed] */
const lab_cache_source *lab_cache_source_of(const lab_cache *cache);
lab_kind lab_cache_kind(const lab_cache *cache);
const char *lab_cache_venue(const lab_cache *cache);
const char *lab_cache_symbol(const lab_cache *cache);
/** 0 of what is no candle. */
int64_t lab_cache_timeframe(const lab_cache *cache);
const lab_candles *lab_cache_candles(const lab_cache *cache);
const lab_trades *lab_cache_trades(const lab_cache *cache);
const lab_depth *lab_cache_depth(const lab_cache *cache);
const lab_finding *lab_cache_findings(const lab_cache *cache, uint64_t *count);
bool lab_cache_is_forced(const lab_cache *cache);
/** Of the first row that was left out, with file and line; "" when none was. */
const char *lab_cache_reason(const lab_cache *cache);
uint64_t lab_cache_size(const lab_cache *cache);
/** Rows of any kind, and the times of the first and the last. */
uint64_t lab_cache_rows(const lab_cache *cache, int64_t *first_ns, int64_t *last_ns);
const char *lab_cache_data_hash(const lab_cache *cache);

#endif /* LAB_CACHE_H */
