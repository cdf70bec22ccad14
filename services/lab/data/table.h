/* Rows as they are read, in growing columns: what an import fills, checks and writes into a cache.
 * Also the shapes of the three kinds of history, which the cache's file shares. */
#ifndef LAB_TABLE_H
#define LAB_TABLE_H

#include "base/err.h"
#include "services/lab/core/candles.h"

#define LAB_TABLE_COLUMNS_MAX 9
#define LAB_ROWS_MAX (UINT64_C(1) << 30)
#define LAB_FINDINGS_MAX 1000000u /* more are counted in the last one of their kind */

typedef enum lab_kind {
    LAB_KIND_ANY, /* of a request: as the source says */
    LAB_KIND_CANDLES,
    LAB_KIND_TRADES,
    LAB_KIND_DEPTH,
    LAB_KIND_COUNT
} lab_kind;

/* Columns by kind; each kind's first is its time. */
enum {
    CANDLES_OPEN_TS,
    CANDLES_OPEN,
    CANDLES_HIGH,
    CANDLES_LOW,
    CANDLES_CLOSE,
    CANDLES_VOLUME,
    CANDLES_QUOTE_VOLUME,
    CANDLES_TAKER_VOLUME,
    CANDLES_TRADES_COUNT
};
enum { TRADES_TS, TRADES_ID, TRADES_PRICE, TRADES_QTY, TRADES_IS_BUYER_MAKER };
enum { DEPTH_TS, DEPTH_RECEIVE, DEPTH_PRICE, DEPTH_QTY, DEPTH_FLAGS };

typedef struct lab_shape {
    const char *name; /* "candles" */
    uint32_t columns_count;
    struct {
        const char *name;
        uint32_t width; /* bytes of a value */
    } columns[LAB_TABLE_COLUMNS_MAX];
} lab_shape;

const lab_shape *lab_shape_of(lab_kind kind);
/** "candles", "trades", "depth"; LAB_KIND_COUNT for anything else. */
lab_kind lab_kind_parse(const char *name);

typedef struct lab_table {
    lab_kind kind;
    char venue[LAB_VENUE_SIZE];
    char symbol[LAB_SYMBOL_SIZE];
    int64_t timeframe_ns;
    uint32_t columns; /* lab_column bits; a column that is not known is not stored */
    bool has_receive; /* depth: receive_ns is known */
    bool is_forced;   /* fatal findings stand among the others */
    uint64_t count;
    uint64_t capacity;
    void *data[LAB_TABLE_COLUMNS_MAX]; /* [owned] */
    int64_t *close_ts;                 /* [owned] candles: the source's close time, 0 = none */
    uint64_t *lines;                   /* [owned] the source's line of each row */
    lab_finding *findings;             /* [owned] */
    uint64_t findings_count;
    uint64_t findings_capacity;
    uint64_t fatal_count;         /* rows that a fatal finding is about */
    char reason[CB_ERR_TEXT_MAX]; /* of the first fatal finding, with file and line */
} lab_table;

void lab_table_init(lab_table *table, lab_kind kind);
void lab_table_release(lab_table *table);
/** Room for one row more; its values are the caller's to set, at index count. CB_E_FULL. */
CB_MUST_USE cb_status lab_table_grow(lab_table *table, cb_err *err);
/** Adds a finding. One that continues the last finding (same kind, touching range) extends it. */
CB_MUST_USE cb_status lab_table_find(lab_table *table, const lab_finding *finding, cb_err *err);
/** True when the table keeps this column (a time frame's volume by takers may not be known). */
bool lab_table_has(const lab_table *table, uint32_t column);

static inline int64_t *lab_table_i64(const lab_table *table, uint32_t column)
{
    return (int64_t *)table->data[column];
}

#define LAB_TIMEFRAMES_COUNT 14
/* What exchanges offer, ascending; weeks begin on Monday. */
extern const int64_t lab_timeframes[LAB_TIMEFRAMES_COUNT];

#endif /* LAB_TABLE_H */
