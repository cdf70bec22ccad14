/* Places and names. Nothing here reads a source or a cache. */
#include "services/lab/data/place.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/strview.h"

#define TOKENS_MAX 16

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static cb_status join(
    const char *folder, const char *name, lab_kind kind, const char *symbol, char *out, cb_err *err)
{
    const int size = snprintf(out,
        LAB_CACHE_PATH_MAX,
        "%s/%s%s%s.%s" LAB_CACHE_SUFFIX,
        folder,
        name,
        symbol != NULL ? "." : "",
        symbol != NULL ? symbol : "",
        lab_shape_of(kind)->name);
    return size > 0 && size < LAB_CACHE_PATH_MAX
               ? CB_OK
               : CB_FAIL(err, CB_E_RANGE, "the path of the cache is too long");
}

cb_status lab_place_beside(
    const char *path, lab_kind kind, const char *symbol, char *out, cb_err *err)
{
    char folder[LAB_CACHE_PATH_MAX];
    const char *const name = base_name(path);
    if (strlen(path) >= sizeof folder) {
        return CB_FAIL(err, CB_E_RANGE, "the path is too long");
    }
    const size_t size = name > path ? (size_t)(name - path - 1) : 0;
    memcpy(folder, path, size);
    folder[size] = '\0';
    return join(name == path ? "." : folder, name, kind, symbol, out, err);
}

void lab_place_folder(const char *dir, char *out)
{
    const char *const own = getenv("CERBERUS_CACHE_DIR");
    const char *const user = getenv("XDG_CACHE_HOME");
    const char *const home = getenv("HOME");
    if (dir != NULL || (own != NULL && own[0] != '\0')) {
        (void)snprintf(out, LAB_CACHE_PATH_MAX, "%s", dir != NULL ? dir : own);
    } else if (user != NULL && user[0] == '/') {
        (void)snprintf(out, LAB_CACHE_PATH_MAX, "%s/cerberus", user);
    } else if (home != NULL && home[0] == '/') {
        (void)snprintf(out, LAB_CACHE_PATH_MAX, "%s/.cache/cerberus", home);
    } else {
        out[0] = '\0';
    }
}

cb_status lab_place_in_folder(
    const char *path, const char *dir, lab_kind kind, const char *symbol, char *out, cb_err *err)
{
    char folder[LAB_CACHE_PATH_MAX];
    char name[512];
    lab_place_folder(dir, folder);
    if (folder[0] == '\0') {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "no place for the cache of %s: its folder is read-only and there is no HOME; name one "
            "with --cache DIR",
            path);
    }
    char *const absolute = realpath(path, NULL);
    const uint64_t mark = cb_hash_text(CB_HASH_SEED, absolute != NULL ? absolute : path);
    free(absolute);
    const int size = snprintf(name, sizeof name, "%s-%016" PRIx64, base_name(path), mark);
    if (size < 0 || (size_t)size >= sizeof name) {
        return CB_FAIL(err, CB_E_RANGE, "the name of the file is too long");
    }
    return join(folder, name, kind, symbol, out, err);
}

cb_status lab_place_make_folder(const char *path, cb_err *err)
{
    char folder[LAB_CACHE_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *at = folder + 1; *at != '\0'; at++) {
        if (*at != '/') {
            continue;
        }
        *at = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
            return CB_FAIL(
                err, errno == ENOSPC ? CB_E_FULL : CB_E_IO, "%s: %s", folder, strerror(errno));
        }
        *at = '/';
    }
    return CB_OK;
}

bool lab_place_is_writable(const char *path)
{
    char folder[LAB_CACHE_PATH_MAX];
    struct stat info;
    const char *const name = base_name(path);
    (void)snprintf(folder,
        sizeof folder,
        "%.*s",
        name == path ? 1 : (int)(name - path),
        name == path ? "." : path);
    return stat(folder, &info) == 0 && (info.st_mode & S_IWUSR) != 0 && access(folder, W_OK) == 0;
}

/* ---- names ---- */

static bool is_all(cb_strview token, int (*check)(int))
{
    for (size_t i = 0; i < token.size; i++) {
        if (check((unsigned char)token.at[i]) == 0) {
            return false;
        }
    }
    return token.size > 0;
}

static bool is_upper_word(cb_strview token)
{
    bool has_letter = false;
    for (size_t i = 0; i < token.size; i++) {
        const unsigned char c = (unsigned char)token.at[i];
        if (isupper(c) == 0 && isdigit(c) == 0) {
            return false;
        }
        has_letter = has_letter || isupper(c) != 0;
    }
    return has_letter && token.size >= 2;
}

static size_t split(const char *name, cb_strview tokens[TOKENS_MAX])
{
    size_t count = 0;
    const char *at = name;
    while (*at != '\0' && count < TOKENS_MAX) {
        const size_t size = strcspn(at, "_-. /");
        if (size > 0) {
            tokens[count++] = (cb_strview){at, size};
        }
        at += size + (at[size] != '\0' ? 1 : 0);
    }
    return count;
}

static void guess_venue(const cb_strview *tokens, size_t count, char venue[LAB_VENUE_SIZE])
{
    static const char *const venues[] = {"binance",
        "binanceus",
        "bitfinex",
        "bitstamp",
        "bybit",
        "coinbase",
        "dydx",
        "kraken",
        "okx"};
    for (size_t t = 0; t < count; t++) {
        for (size_t v = 0; v < sizeof venues / sizeof venues[0]; v++) {
            if (cb_sv_is(tokens[t], venues[v])) {
                /* futures in U or in coins are other instruments than the spot market's */
                const bool is_futures = t + 1 < count && (cb_sv_is(tokens[t + 1], "um") ||
                                                             cb_sv_is(tokens[t + 1], "cm"));
                (void)snprintf(venue,
                    LAB_VENUE_SIZE,
                    "%s%s%.2s",
                    venues[v],
                    is_futures ? "_" : "",
                    is_futures ? tokens[t + 1].at : "");
                return;
            }
        }
    }
}

void lab_place_guess(const char *path, char venue[LAB_VENUE_SIZE], char symbol[LAB_SYMBOL_SIZE])
{
    static const char *const quotes[] = {
        "USDT", "USDC", "USD", "BTC", "ETH", "EUR", "BUSD", "FDUSD"};
    cb_strview tokens[TOKENS_MAX];
    const size_t count = split(base_name(path), tokens);
    venue[0] = '\0';
    symbol[0] = '\0';
    guess_venue(tokens, count, venue);
    for (size_t t = 0; t < count; t++) {
        if (!is_upper_word(tokens[t]) || tokens[t].size + 1 > LAB_SYMBOL_SIZE) {
            continue;
        }
        (void)cb_text_copy(symbol, LAB_SYMBOL_SIZE, tokens[t]);
        /* "BTC_USDT" is one symbol in two words */
        for (size_t q = 0; t + 1 < count && q < sizeof quotes / sizeof quotes[0]; q++) {
            if (cb_sv_is(tokens[t + 1], quotes[q]) &&
                tokens[t].size + tokens[t + 1].size < LAB_SYMBOL_SIZE) {
                (void)snprintf(
                    symbol + tokens[t].size, LAB_SYMBOL_SIZE - tokens[t].size, "%s", quotes[q]);
            }
        }
        return;
    }
}

bool lab_place_symbol(const char *text, char out[LAB_SYMBOL_SIZE])
{
    size_t used = 0;
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '/' || c == '-' || c == '_') {
            continue;
        }
        if (isalnum(c) == 0 || used + 1 == LAB_SYMBOL_SIZE) {
            return false;
        }
        out[used++] = (char)toupper(c);
    }
    out[used] = '\0';
    return is_all((cb_strview){out, used}, isalnum);
}
