/* The data path of the collector: which of the decoded stream messages are new, which are repeats
 * (two connections overlap during a rollover), and where something is missing. Per symbol it keeps
 * the last trade id, the last closed candle and the whole order book.
 *
 * What is missing is asked for through the sink; while it is on its way, newer trades (or closed
 * candles) are held back, so that what goes out is always in order. A hole that cannot be filled is
 * closed as partly repaired or lost, and the held messages go out.
 *
 * Pure. The shell calls these functions directly for each message (the fast path); connections and
 * requests are the collector core's business (collector.h). */
#ifndef COLLECTOR_MARKET_H
#define COLLECTOR_MARKET_H

#include "base/arena.h"
#include "domain/book.h"
#include "venue/venue.h"

#define COLLECTOR_SYMBOLS_MAX 64
#define COLLECTOR_HELD_TRADES_MAX 2048
#define COLLECTOR_HELD_CANDLES_MAX 64
#define COLLECTOR_BUFFERED_DELTAS_MAX 1024
#define COLLECTOR_BUFFERED_LEVELS_MAX 65536U
#define COLLECTOR_CANDLE_S 60U
#define COLLECTOR_QUOTES_MAX 2048 /* remembered best bids and asks per symbol */

typedef enum collector_kind {
    COLLECTOR_KIND_TRADE,
    COLLECTOR_KIND_CANDLE,
    COLLECTOR_KIND_BOOK,
    COLLECTOR_KIND_COUNT
} collector_kind;

/* Something that must be fetched by REST: trades first_id … last_id, candles that open in from_ns …
 * to_ns, or a book snapshot. */
typedef struct collector_need {
    uint32_t symbol;
    collector_kind kind;
    uint64_t first_id;
    uint64_t last_id;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t missing_count; /* candles: how many to ask for when from_ns is 0 */
    bool is_gap;            /* a hole in a running stream, not its start */
} collector_need;

/* So many old trades in a row, without a new one, are a venue that began to count anew. */
#define COLLECTOR_REPEATS_MAX 1000U

/* What became of a hole. */
typedef struct collector_outcome {
    uint32_t symbol;
    collector_kind kind;
    uint64_t missing_count;
    uint64_t repaired_count;
} collector_outcome;

/* Where the results go. Bodies are valid for the call; recv_ns and origin are as they came in. */
typedef struct collector_sink {
    void *context;
    void (*trade)(void *context, const cb_trade *trade);
    void (*candle)(void *context, const cb_candle *candle);
    void (*ticker)(void *context, const cb_ticker *ticker);
    void (*delta)(void *context, uint32_t symbol, const cb_venue_depth *delta, int64_t recv_ns);
    /** The book changed; is_flip: it became valid or invalid. */
    void (*book)(void *context, uint32_t symbol, bool is_flip);
    void (*need)(void *context, const collector_need *need);
    void (*outcome)(void *context, const collector_outcome *outcome);
} collector_sink;

typedef struct collector_counts {
    uint64_t repeats; /* messages that had come before */
    uint64_t ignored; /* of the second connection, not yet joined up */
    uint64_t trade_gaps;
    uint64_t candle_gaps;
    uint64_t book_resyncs;
    uint64_t books_compared; /* diffs after which the venue's own best bid and ask were known */
    uint64_t books_equal;    /* … and were the book's */
    uint64_t trades_lost;    /* could not be repaired */
    uint64_t candles_lost;
} collector_counts;

typedef struct collector_trades {
    bool has_last;
    uint64_t last_id; /* newest seen, held or not */
    uint32_t repeats_in_row;
    bool is_holding;
    uint64_t gap_first;
    uint64_t next_id; /* first id that has not gone out */
    uint64_t missing_count;
    uint64_t repaired_count;
    uint32_t held_count;
    uint32_t held_sent; /* of the held ones, while a repair runs */
    cb_trade *held;
} collector_trades;

typedef struct collector_candles {
    bool has_last;
    int64_t last_open_ns; /* newest closed candle that went out or is held */
    bool is_holding;      /* a backfill or a repair is on its way */
    bool is_gap;          /* … because some are missing */
    int64_t next_open_ns; /* first candle that has not gone out; 0: any */
    uint64_t missing_count;
    uint64_t repaired_count;
    uint32_t held_count;
    uint32_t held_sent;
    cb_candle *held;
} collector_candles;

typedef enum collector_book_state {
    COLLECTOR_BOOK_IDLE,      /* no stream */
    COLLECTOR_BOOK_BUFFERING, /* waits for a snapshot, keeps the diffs */
    COLLECTOR_BOOK_LIVE
} collector_book_state;

/* A buffered diff; its levels lie in the symbol's pool. */
typedef struct collector_buffered {
    uint64_t first_update_id;
    uint64_t last_update_id;
    int64_t venue_ts_ns;
    uint32_t levels_at;
    uint32_t bids_count;
    uint32_t asks_count;
} collector_buffered;

typedef struct collector_book {
    collector_book_state state;
    bool is_first; /* no diff has been applied since the snapshot */
    bool is_gap;   /* a diff went missing while the stream ran */
    uint64_t update_id;
    int64_t venue_ts_ns;
    uint64_t delta_last_id; /* newest diff handed out */
    cb_order_book book;
    uint32_t buffered_count;
    uint32_t pool_used;
    collector_buffered *buffered;
    cb_level *pool;
} collector_book;

/* The venue's own statement of its best bid and ask. */
typedef struct collector_quote {
    uint64_t update_id;
    cb_level bid;
    cb_level ask;
} collector_quote;

typedef struct collector_symbol {
    char name[24];
    uint64_t ticker_id;
    uint64_t quotes_count; /* ever; the ring holds the newest */
    collector_quote *quotes;
    uint64_t unequal_id; /* update id of the first book that differed; 0: none */
    collector_trades trades;
    collector_candles candles;
    collector_book book;
} collector_symbol;

typedef struct collector_market {
    const cb_venue_ops *venue;
    uint32_t symbols_count;
    uint32_t book_levels_max;
    collector_counts counts;
    collector_symbol symbols[COLLECTOR_SYMBOLS_MAX];
} collector_market;

/** Bytes that init takes from the arena for so many symbols. */
size_t collector_market_size(uint32_t symbols_count, uint32_t book_levels_max);
/** symbols: comma separated; traps when there are more than COLLECTOR_SYMBOLS_MAX or one is too
 *  long (the shell checks that first). */
void collector_market_init(collector_market *market,
    const cb_venue_ops *venue,
    const char *symbols,
    uint32_t book_levels_max,
    cb_arena *arena);
/** Index of a symbol, or symbols_count. */
uint32_t collector_market_find(const collector_market *market, const char *symbol);

/* ---- live messages; is_primary: of the connection that counts (the other is being joined) ---- */
void collector_market_trade(collector_market *market,
    uint32_t symbol,
    const cb_trade *trade,
    bool is_primary,
    const collector_sink *sink);
void collector_market_candle(collector_market *market,
    uint32_t symbol,
    const cb_candle *candle,
    bool is_primary,
    const collector_sink *sink);
void collector_market_ticker(
    collector_market *market, uint32_t symbol, const cb_ticker *ticker, const collector_sink *sink);
void collector_market_delta(collector_market *market,
    uint32_t symbol,
    const cb_venue_depth *delta,
    int64_t recv_ns,
    bool is_primary,
    const collector_sink *sink);

/* ---- the start of a stream and its end ---- */
/** Asks for the candles since the last one, or for the newest backfill_count of them when there is
 *  none or is_backfill. is_new_stream: the symbol's streams run on a new connection, its book
 * starts over too. */
void collector_market_begin(collector_market *market,
    uint32_t symbol,
    bool is_new_stream,
    bool is_backfill,
    uint32_t backfill_count,
    const collector_sink *sink);
/** Drops the book and asks for a snapshot. */
void collector_market_restart_book(
    collector_market *market, uint32_t symbol, const collector_sink *sink);
/** No connection is left: books are not valid any more. */
void collector_market_stop(collector_market *market, const collector_sink *sink);

/* ---- answers ---- */
/** One repaired trade, in rising order of ids; then collector_market_trades_done. */
void collector_market_repaired_trade(
    collector_market *market, uint32_t symbol, const cb_trade *trade, const collector_sink *sink);
/** The fetch is over. When trades are still missing and can_retry, the rest is asked for again. */
void collector_market_trades_done(
    collector_market *market, uint32_t symbol, bool can_retry, const collector_sink *sink);
/** One fetched closed candle, oldest first; is_forced: it goes out even when it did before. */
void collector_market_fetched_candle(collector_market *market,
    uint32_t symbol,
    const cb_candle *candle,
    bool is_forced,
    const collector_sink *sink);
void collector_market_candles_done(
    collector_market *market, uint32_t symbol, const collector_sink *sink);
/** A whole book. A snapshot that is too old is asked for again. */
void collector_market_snapshot(collector_market *market,
    uint32_t symbol,
    const cb_venue_depth *snapshot,
    const collector_sink *sink);

/* ---- asking ---- */
bool collector_market_is_book_valid(const collector_market *market, uint32_t symbol);
/** Book live and nothing held back. */
bool collector_market_is_whole(const collector_market *market, uint32_t symbol);
/** Writes the top of the book; venue and symbol too. */
void collector_market_top(const collector_market *market, uint32_t symbol, cb_book *out);

#endif /* COLLECTOR_MARKET_H */
