/* A recorded raw capture of a market stream, fed through the adapter and the book as if it were
 * live. After each diff that was applied, the best bid and ask (with sizes) must equal the newest
 * ticker of the same capture that is not newer than the diff. Pure: a shell reads the lines. */
#ifndef COLLECTOR_CAPTURE_H
#define COLLECTOR_CAPTURE_H

#include "services/collector/core/market.h"

#define COLLECTOR_CAPTURE_LEVELS_MAX 16384

typedef struct collector_capture {
    collector_market market;
    collector_sink sink;
    cb_venue_event event;
    cb_level bids[COLLECTOR_CAPTURE_LEVELS_MAX];
    cb_level asks[COLLECTOR_CAPTURE_LEVELS_MAX];
    /* what was found; comparisons are market.counts.books_compared and books_equal */
    uint64_t lines_count;
    uint64_t diffs_count;
    uint64_t trades_count;
    uint64_t candles_count;
    uint64_t gaps_count; /* asked for again: a hole in the capture */
    uint64_t snapshots_count;
} collector_capture;

/** Bytes that init takes from the arena. */
size_t collector_capture_size(void);
void collector_capture_init(
    collector_capture *capture, const cb_venue_ops *venue, const char *symbol, cb_arena *arena);
/** One line {"recv_ns":…,"msg":…}; a message without stream is a snapshot. */
CB_MUST_USE cb_status collector_capture_line(
    collector_capture *capture, cb_strview line, cb_err *err);

#endif /* COLLECTOR_CAPTURE_H */
