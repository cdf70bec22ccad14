/* `cerberus-collector --capture FILE`: reads a recorded capture (JSON lines, plain or zstd) through
 * the collector's own adapter and book, and says whether the book agrees with the capture's
 * tickers. Needs no bus and no database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "services/collector/collector_shell.h"
#include "services/collector/core/capture.h"

#define LINE_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define EXIT_DIFFERS 1
#define EXIT_UNREADABLE 2

typedef struct line_feed {
    collector_capture *capture; /* [owned] */
    char *line;                 /* [owned] */
    size_t used;
} line_feed;

static bool feed_bytes(line_feed *feed, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            if (feed->used == LINE_MAX_BYTES) {
                (void)fprintf(
                    stderr, "line %" PRIu64 " is too long\n", feed->capture->lines_count + 1);
                return false;
            }
            feed->line[feed->used++] = bytes[i];
            continue;
        }
        cb_err err;
        const cb_strview line = {.at = feed->line, .size = feed->used};
        feed->used = 0;
        if (collector_capture_line(feed->capture, line, &err) != CB_OK) {
            (void)fprintf(stderr, "line %" PRIu64 ": %s\n", feed->capture->lines_count, err.text);
            return false;
        }
    }
    return true;
}

/* Plain text passes; zstd frames are unpacked. */
static bool feed_file(line_feed *feed, FILE *file)
{
    static const unsigned char magic[4] = {0x28, 0xB5, 0x2F, 0xFD};
    char in[65536];
    char out[65536];
    bool is_good = true;
    bool is_first = true;
    bool is_packed = false;
    size_t got;
    ZSTD_DStream *stream = ZSTD_createDStream();
    while (is_good && stream != NULL && (got = fread(in, 1, sizeof(in), file)) > 0) {
        if (is_first) {
            is_packed = got >= sizeof(magic) && memcmp(in, magic, sizeof(magic)) == 0;
            is_first = false;
        }
        if (!is_packed) {
            is_good = feed_bytes(feed, in, got);
            continue;
        }
        ZSTD_inBuffer source = {in, got, 0};
        while (is_good && source.pos < source.size) {
            ZSTD_outBuffer target = {out, sizeof(out), 0};
            const size_t rest = ZSTD_decompressStream(stream, &target, &source);
            if (ZSTD_isError(rest) != 0) {
                (void)fprintf(stderr, "zstd: %s\n", ZSTD_getErrorName(rest));
                is_good = false;
            } else {
                is_good = feed_bytes(feed, out, target.pos);
            }
        }
    }
    (void)ZSTD_freeDStream(stream);
    return is_good && stream != NULL && ferror(file) == 0;
}

static void report(const collector_capture *capture)
{
    const collector_book *book = &capture->market.symbols[0].book;
    (void)printf("lines %" PRIu64 "\ndiffs %" PRIu64 "\ncompared %" PRIu64 "\nequal %" PRIu64
                 "\ngaps %" PRIu64 "\ntrades %" PRIu64 "\nupdate_id %" PRIu64
                 "\nbids %u\nasks %u\n",
        capture->lines_count,
        capture->diffs_count,
        capture->market.counts.books_compared,
        capture->market.counts.books_equal,
        capture->gaps_count,
        capture->trades_count,
        book->update_id,
        cb_order_book_count(&book->book, CB_SIDE_BUY),
        cb_order_book_count(&book->book, CB_SIDE_SELL));
    if (capture->market.symbols[0].unequal_id != 0) {
        (void)printf(
            "first difference at update_id %" PRIu64 "\n", capture->market.symbols[0].unequal_id);
    }
}

/* The symbol is the file name's part between underscores that is upper case, as in
 * binance_spot_BTCUSDT_20240808T2354.jsonl.zst; messages of other symbols would be a mistake. */
static void symbol_of_path(const char *path, char symbol[24])
{
    const char *name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    while (*name != '\0') {
        const size_t size = strcspn(name, "_.");
        bool is_upper = size > 2 && size < 24;
        for (size_t i = 0; i < size; i++) {
            is_upper = is_upper && name[i] >= 'A' && name[i] <= 'Z';
        }
        if (is_upper) {
            memcpy(symbol, name, size);
            symbol[size] = '\0';
            return;
        }
        name += size + (name[size] != '\0' ? 1 : 0);
    }
    (void)snprintf(symbol, 24, "BTCUSDT");
}

int collector_capture_main(const char *path)
{
    int code = EXIT_UNREADABLE;
    char symbol[24];
    line_feed feed = {.capture = calloc(1, sizeof(*feed.capture)), .line = malloc(LINE_MAX_BYTES)};
    const size_t arena_size = collector_capture_size();
    void *block = aligned_alloc(16, arena_size);
    FILE *file = fopen(path, "rb");
    if (file == NULL || feed.capture == NULL || feed.line == NULL || block == NULL) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        goto done;
    }
    cb_arena arena;
    cb_arena_init(&arena, block, arena_size);
    symbol_of_path(path, symbol);
    collector_capture_init(feed.capture, cb_venue_find("binance"), symbol, &arena);
    if (!feed_file(&feed, file)) {
        goto done;
    }
    report(feed.capture);
    code = feed.capture->market.counts.books_compared > 0 && feed.capture->gaps_count == 0 &&
                   feed.capture->market.counts.books_equal ==
                       feed.capture->market.counts.books_compared
               ? 0
               : EXIT_DIFFERS;
done:
    if (file != NULL) {
        (void)fclose(file);
    }
    free(block);
    free(feed.line);
    free(feed.capture);
    return code;
}
