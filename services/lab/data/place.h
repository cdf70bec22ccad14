/* Where a source's cache lies, and what a file's name says about its content. */
#ifndef LAB_PLACE_H
#define LAB_PLACE_H

#include "base/err.h"
#include "services/lab/data/cache.h"

/**
 * The cache of a source: beside it as NAME.KIND.cbh, or NAME.SYMBOL.KIND.cbh when the request names
 * one of several symbols.
 *
 * @param symbol NULL for none.
 * @param out [out] LAB_CACHE_PATH_MAX bytes.
 * @return CB_E_RANGE when the path is too long.
 */
CB_MUST_USE cb_status lab_place_beside(
    const char *path, lab_kind kind, const char *symbol, char *out, cb_err *err);

/**
 * The same in a folder of caches; the name then carries a mark of the source's absolute path, so
 * that two files of one name do not share it.
 *
 * @param dir NULL: $CERBERUS_CACHE_DIR, $XDG_CACHE_HOME/cerberus or ~/.cache/cerberus.
 */
CB_MUST_USE cb_status lab_place_in_folder(
    const char *path, const char *dir, lab_kind kind, const char *symbol, char *out, cb_err *err);

/** The folder of caches, "" when neither the environment nor a home tells one. */
void lab_place_folder(const char *dir, char *out);

/** Makes the folder that path lies in, with its parents. */
CB_MUST_USE cb_status lab_place_make_folder(const char *path, cb_err *err);

/** False when the folder that path lies in is meant to stay as it is: no write permission for its
 *  owner (which root would pass over), or none for us. */
bool lab_place_is_writable(const char *path);

/** Venue and symbol by the file's name ("binance_spot_BTCUSDT_1m.csv.zst", "BTC_USDT-1h.csv"), ""
 *  for what it does not tell. */
void lab_place_guess(const char *path, char venue[LAB_VENUE_SIZE], char symbol[LAB_SYMBOL_SIZE]);

/** "BTC/USDT" and "btc-usdt" to "BTCUSDT"; false when it is no symbol. */
bool lab_place_symbol(const char *text, char out[LAB_SYMBOL_SIZE]);

#endif /* LAB_PLACE_H */
