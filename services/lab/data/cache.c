/* Opens a cache: maps it, checks that the header is one of ours and that every column lies within
 * the file. What the columns hold is trusted until lab_cache_verify. */
#include "services/lab/data/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "services/lab/data/cache_internal.h"

struct lab_cache {
    const cache_header *header; /* begin of the mapping */
    size_t size;
    lab_candles candles;
    lab_trades trades;
    lab_depth depth;
};

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_within(const cache_header *header, uint64_t offset, uint64_t count, uint64_t width)
{
    uint64_t size = 0;
    uint64_t end = 0;
    return !__builtin_mul_overflow(count, width, &size) &&
           !__builtin_add_overflow(offset, size, &end) && end <= header->file_size &&
           offset >= sizeof *header && offset % 8 == 0;
}

/* Bounds are checked even under a right hash: a mapping must not be read outside the file. */
static bool is_sound(const cache_header *header, size_t size)
{
    if (memcmp(header->magic, CACHE_MAGIC, sizeof header->magic) != 0 ||
        header->version != CACHE_VERSION || header->file_size != size ||
        header->hash != cb_hash_bytes(CB_HASH_SEED, header, offsetof(cache_header, hash)) ||
        header->kind <= LAB_KIND_ANY || header->kind >= LAB_KIND_COUNT) {
        return false;
    }
    const lab_shape *const shape = lab_shape_of((lab_kind)header->kind);
    for (uint32_t c = 0; c < shape->columns_count; c++) {
        if (header->offsets[c] != 0 &&
            !is_within(header, header->offsets[c], header->count, shape->columns[c].width)) {
            return false;
        }
    }
    return is_within(
               header, header->findings_offset, header->findings_count, sizeof(lab_finding)) &&
           is_text(header->venue, sizeof header->venue) &&
           is_text(header->symbol, sizeof header->symbol) &&
           is_text(header->data_hash, sizeof header->data_hash) &&
           is_text(header->reason, sizeof header->reason) &&
           is_text(header->source.path, sizeof header->source.path) && header->count > 0 &&
           header->offsets[0] != 0;
}

static const void *column(const lab_cache *cache, uint32_t number)
{
    const uint64_t offset = cache->header->offsets[number];
    return offset == 0 ? NULL : (const char *)cache->header + offset;
}

static void fill_candles(lab_cache *cache)
{
    const cache_header *const header = cache->header;
    lab_candles *const candles = &cache->candles;
    memcpy(candles->venue, header->venue, sizeof candles->venue);
    memcpy(candles->symbol, header->symbol, sizeof candles->symbol);
    memcpy(candles->data_hash, header->data_hash, sizeof candles->data_hash);
    candles->timeframe_ns = header->timeframe_ns;
    candles->count = header->count;
    candles->columns = header->columns;
    candles->open_ts_ns = column(cache, CANDLES_OPEN_TS);
    candles->open_e8 = column(cache, CANDLES_OPEN);
    candles->high_e8 = column(cache, CANDLES_HIGH);
    candles->low_e8 = column(cache, CANDLES_LOW);
    candles->close_e8 = column(cache, CANDLES_CLOSE);
    candles->volume_e8 = column(cache, CANDLES_VOLUME);
    candles->quote_volume_e8 = column(cache, CANDLES_QUOTE_VOLUME);
    candles->taker_volume_e8 = column(cache, CANDLES_TAKER_VOLUME);
    candles->trades_count = column(cache, CANDLES_TRADES_COUNT);
}

static void fill_trades(lab_cache *cache)
{
    const cache_header *const header = cache->header;
    lab_trades *const trades = &cache->trades;
    memcpy(trades->venue, header->venue, sizeof trades->venue);
    memcpy(trades->symbol, header->symbol, sizeof trades->symbol);
    memcpy(trades->data_hash, header->data_hash, sizeof trades->data_hash);
    trades->count = header->count;
    trades->ts_ns = column(cache, TRADES_TS);
    trades->id = column(cache, TRADES_ID);
    trades->price_e8 = column(cache, TRADES_PRICE);
    trades->qty_e8 = column(cache, TRADES_QTY);
    trades->is_buyer_maker = column(cache, TRADES_IS_BUYER_MAKER);
}

static void fill_depth(lab_cache *cache)
{
    const cache_header *const header = cache->header;
    lab_depth *const depth = &cache->depth;
    memcpy(depth->venue, header->venue, sizeof depth->venue);
    memcpy(depth->symbol, header->symbol, sizeof depth->symbol);
    memcpy(depth->data_hash, header->data_hash, sizeof depth->data_hash);
    depth->count = header->count;
    depth->ts_ns = column(cache, DEPTH_TS);
    depth->receive_ns = column(cache, DEPTH_RECEIVE);
    depth->price_e8 = column(cache, DEPTH_PRICE);
    depth->qty_e8 = column(cache, DEPTH_QTY);
    depth->flags = column(cache, DEPTH_FLAGS);
}

static void fill(lab_cache *cache)
{
    switch (lab_cache_kind(cache)) {
    case LAB_KIND_CANDLES:
        fill_candles(cache);
        break;
    case LAB_KIND_TRADES:
        fill_trades(cache);
        break;
    case LAB_KIND_DEPTH:
        fill_depth(cache);
        break;
    case LAB_KIND_ANY:
    case LAB_KIND_COUNT:
        CB_ASSERT(false);
    }
}

/* All columns but those that lab_table_has may leave out. */
static bool has_needed_columns(const cache_header *header)
{
    const uint32_t optional =
        header->kind == LAB_KIND_CANDLES
            ? 1u << CANDLES_QUOTE_VOLUME | 1u << CANDLES_TAKER_VOLUME | 1u << CANDLES_TRADES_COUNT
            : (header->kind == LAB_KIND_DEPTH ? 1u << DEPTH_RECEIVE : 0);
    for (uint32_t c = 0; c < lab_shape_of((lab_kind)header->kind)->columns_count; c++) {
        if (header->offsets[c] == 0 && (optional & 1u << c) == 0) {
            return false;
        }
    }
    return true;
}

cb_status lab_cache_open(const char *path, lab_cache **out, cb_err *err)
{
    struct stat info;
    void *mapping = MAP_FAILED;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        const int code = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return CB_FAIL(
            err, code == ENOENT ? CB_E_NOT_FOUND : CB_E_IO, "%s: %s", path, strerror(code));
    }
    const size_t size = info.st_size > 0 ? (size_t)info.st_size : 0;
    if (S_ISREG(info.st_mode) && size >= sizeof(cache_header)) {
        mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    }
    (void)close(fd);
    if (mapping == MAP_FAILED) {
        return CB_FAIL(err, CB_E_CORRUPT, "%s: no cache of this program", path);
    }
    lab_cache *const cache = calloc(1, sizeof *cache);
    if (cache == NULL || !is_sound(mapping, size) || !has_needed_columns(mapping)) {
        (void)munmap(mapping, size);
        free(cache);
        return CB_FAIL(err, CB_E_CORRUPT, "%s: no whole cache of this version", path);
    }
    cache->header = mapping;
    cache->size = size;
    fill(cache);
    *out = cache;
    return CB_OK;
}

void lab_cache_close(lab_cache *cache)
{
    if (cache != NULL) {
        void *mapping;
        memcpy(&mapping, &cache->header, sizeof mapping); /* munmap takes no const */
        (void)munmap(mapping, cache->size);
        free(cache);
    }
}

cb_status lab_cache_verify(const lab_cache *cache, cb_err *err)
{
    const cache_header *const header = cache->header;
    const lab_shape *const shape = lab_shape_of((lab_kind)header->kind);
    char hash[LAB_SHA256_TEXT];
    lab_sha sha;
    lab_sha_begin(&sha);
    for (uint32_t c = 0; c < shape->columns_count; c++) {
        if (header->offsets[c] != 0) {
            lab_sha_add(&sha, column(cache, c), header->count * shape->columns[c].width);
        }
    }
    lab_sha_end(&sha, hash);
    return strcmp(hash, header->data_hash) == 0
               ? CB_OK
               : CB_FAIL(err, CB_E_CORRUPT, "the columns are not those that were written");
}

const lab_cache_source *lab_cache_source_of(const lab_cache *cache)
{
    return &cache->header->source;
}

lab_kind lab_cache_kind(const lab_cache *cache)
{
    return (lab_kind)cache->header->kind;
}

const char *lab_cache_venue(const lab_cache *cache)
{
    return cache->header->venue;
}

const char *lab_cache_symbol(const lab_cache *cache)
{
    return cache->header->symbol;
}

int64_t lab_cache_timeframe(const lab_cache *cache)
{
    return cache->header->timeframe_ns;
}

const lab_candles *lab_cache_candles(const lab_cache *cache)
{
    CB_ASSERT(lab_cache_kind(cache) == LAB_KIND_CANDLES);
    return &cache->candles;
}

const lab_trades *lab_cache_trades(const lab_cache *cache)
{
    CB_ASSERT(lab_cache_kind(cache) == LAB_KIND_TRADES);
    return &cache->trades;
}

const lab_depth *lab_cache_depth(const lab_cache *cache)
{
    CB_ASSERT(lab_cache_kind(cache) == LAB_KIND_DEPTH);
    return &cache->depth;
}

const lab_finding *lab_cache_findings(const lab_cache *cache, uint64_t *count)
{
    *count = cache->header->findings_count;
    const void *const at = (const char *)cache->header + cache->header->findings_offset;
    return at;
}

bool lab_cache_is_forced(const lab_cache *cache)
{
    return cache->header->is_forced != 0;
}

const char *lab_cache_reason(const lab_cache *cache)
{
    return cache->header->reason;
}

uint64_t lab_cache_size(const lab_cache *cache)
{
    return cache->size;
}

uint64_t lab_cache_rows(const lab_cache *cache, int64_t *first_ns, int64_t *last_ns)
{
    const int64_t *const ts = column(cache, 0);
    *first_ns = ts[0];
    *last_ns = ts[cache->header->count - 1];
    return cache->header->count;
}

const char *lab_cache_data_hash(const lab_cache *cache)
{
    return cache->header->data_hash;
}
