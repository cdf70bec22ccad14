/* The cache's file. Numbers are this machine's: the version tells another byte order apart. */
#ifndef LAB_CACHE_INTERNAL_H
#define LAB_CACHE_INTERNAL_H

#include "services/lab/data/cache.h"

#define CACHE_MAGIC "CBHIST\n"
#define CACHE_VERSION 1u
#define CACHE_PAGE 4096u

typedef struct cache_header {
    char magic[8];
    uint32_t version;
    uint32_t kind;
    uint32_t columns;
    uint32_t is_forced;
    uint64_t count;
    int64_t timeframe_ns;
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    char data_hash[LAB_HASH_SIZE];
    char reason[CB_ERR_TEXT_MAX];
    lab_cache_source source;
    uint64_t offsets[LAB_TABLE_COLUMNS_MAX]; /* 0: the column is not known */
    uint64_t findings_offset;
    uint64_t findings_count;
    uint64_t file_size;
    uint64_t hash; /* of all bytes before */
} cache_header;

_Static_assert(sizeof(cache_header) <= CACHE_PAGE, "the header fits a page");

#endif /* LAB_CACHE_INTERNAL_H */
