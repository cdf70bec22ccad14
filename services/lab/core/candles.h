/* History in columns, as the lab reads it: one instrument, one timeframe, ordered by time. The
 * arrays belong to a memory-mapped cache file or to a test; the engine only reads them. What is not
 * known of a candle is 0 and said so in the file's flags; nothing here is a double. */
#ifndef LAB_CANDLES_H
#define LAB_CANDLES_H

#include <stdbool.h>
#include <stdint.h>

#define LAB_SYMBOL_SIZE 24
#define LAB_VENUE_SIZE 24
#define LAB_HASH_SIZE 65 /* hex of SHA-256 */

/* What a source tells beside prices and volume. */
typedef enum lab_column {
    LAB_COLUMN_QUOTE_VOLUME = 1u << 0,
    LAB_COLUMN_TRADES_COUNT = 1u << 1,
    LAB_COLUMN_TAKER_VOLUME = 1u << 2,
    LAB_COLUMN_NO_VOLUME = 1u << 3 /* volume_e8 is not known and stands as 0 */
} lab_column;

typedef struct lab_candles {
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    int64_t timeframe_ns;
    uint64_t count;
    uint32_t columns;              /* lab_column bits that are known */
    char data_hash[LAB_HASH_SIZE]; /* of the columns' bytes: what a result was made from */
    /* [borrowed] count values each; open_ts_ns is strictly increasing and on the timeframe's grid
     */
    const int64_t *open_ts_ns;
    const int64_t *open_e8;
    const int64_t *high_e8;
    const int64_t *low_e8;
    const int64_t *close_e8;
    const int64_t *volume_e8;       /* base units */
    const int64_t *quote_volume_e8; /* NULL when not known */
    const int64_t *taker_volume_e8; /* base units bought by takers; NULL when not known */
    const uint32_t *trades_count;   /* NULL when not known */
} lab_candles;

/* Trades of one instrument, ordered by id. */
typedef struct lab_trades {
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    uint64_t count;
    char data_hash[LAB_HASH_SIZE];
    const int64_t *ts_ns; /* never decreasing */
    const uint64_t *id;   /* strictly increasing */
    const int64_t *price_e8;
    const int64_t *qty_e8;
    const uint8_t *is_buyer_maker;
} lab_trades;

/* Changes of one instrument's book, ordered as they were recorded. A row with qty_e8 0 removes the
 * level. Rows between two is_snapshot_start marks belong to one book. */
typedef enum lab_level_flag {
    LAB_LEVEL_IS_BID = 1u << 0,
    LAB_LEVEL_IS_SNAPSHOT = 1u << 1,
    LAB_LEVEL_STARTS_EVENT =
        1u << 2 /* first row of one message: rows up to the next one go together */
} lab_level_flag;

typedef struct lab_depth {
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    uint64_t count;
    char data_hash[LAB_HASH_SIZE];
    const int64_t *ts_ns;      /* the venue's time, never decreasing */
    const int64_t *receive_ns; /* corrected local time; NULL when not known */
    const int64_t *price_e8;
    const int64_t *qty_e8;
    const uint8_t *flags; /* lab_level_flag bits */
} lab_depth;

/* Something about the data that a report must tell. */
typedef enum lab_finding_kind {
    LAB_FINDING_GAP,        /* no candles from .. to */
    LAB_FINDING_NO_TRADES,  /* candles without a trade from .. to */
    LAB_FINDING_CUT_CANDLE, /* its close time is before the timeframe's end */
    LAB_FINDING_BAD_CANDLE, /* high under low, price 0 or less, negative volume */
    LAB_FINDING_DUPLICATE,
    LAB_FINDING_BACKWARD,
    LAB_FINDING_OFF_GRID,
    LAB_FINDING_UNFINISHED,  /* the last candle ends after the source was made */
    LAB_FINDING_UNIT_CHANGE, /* milliseconds before, microseconds after */
    LAB_FINDING_ROUNDED      /* values of more than 8 decimals were rounded, as asked */
} lab_finding_kind;

typedef struct lab_finding {
    lab_finding_kind kind;
    bool is_fatal; /* the validator does not certify the range */
    int64_t from_ns;
    int64_t to_ns;
    uint64_t count; /* candles or rows that it is about */
    uint64_t line;  /* of the source, 0 when it is about none */
} lab_finding;

#endif /* LAB_CANDLES_H */
