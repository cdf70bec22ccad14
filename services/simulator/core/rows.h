/* Rows of recorded market files: reading one line, and checking it against the lines before. */
#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include "base/strview.h"
#include "services/simulator/core/types.h"

typedef enum sim_format {
    SIM_FORMAT_NONE,
    SIM_FORMAT_CANDLES, /* header open_time_ms,open,high,low,close,volume[,quote_volume,trades] */
    SIM_FORMAT_BINANCE, /* 12 columns without header, ms or µs */
    SIM_FORMAT_TRADES,  /* header time_ms,price,qty,side,trade_id */
    SIM_FORMAT_CAPTURE  /* one JSON object a line: recv_ns and msg */
} sim_format;

typedef struct sim_candle_row {
    int64_t open_ns;
    int64_t open_e8;
    int64_t high_e8;
    int64_t low_e8;
    int64_t close_e8;
    int64_t volume_e8;
    bool has_totals; /* quote volume and number of trades are given */
    bool has_taker;
    int64_t quote_volume_e8;
    uint64_t trades_count;
    int64_t taker_base_e8;
    int64_t taker_quote_e8;
} sim_candle_row;

typedef struct sim_trade_row {
    int64_t ts_ns;
    int64_t price_e8;
    int64_t qty_e8;
    cb_side taker_side;
    uint64_t id;
} sim_trade_row;

/** What a file is, by its first line. is_header: the line holds names, not values. */
sim_format sim_rows_detect(cb_strview first_line, bool *is_header);

/** Reads one line. CB_E_SYNTAX, CB_E_PRECISION, CB_E_RANGE with the column in err. */
CB_MUST_USE cb_status sim_rows_candle(
    sim_format format, cb_strview line, sim_candle_row *out, cb_err *err);
CB_MUST_USE cb_status sim_rows_trade(cb_strview line, sim_trade_row *out, cb_err *err);

/* What must hold between rows, and what a file's figures need. */
typedef struct sim_rows_check {
    int64_t interval_ns; /* candles: 0 = not known yet */
    int64_t last_ns;
    uint64_t last_id;
    int64_t tick_e8; /* finest decimal place of prices seen, and of quantities */
    int64_t step_e8;
    uint64_t rows_count;
    int64_t first_ns;
    int64_t gap_min_ns;
} sim_rows_check;

void sim_rows_check_init(sim_rows_check *check, int64_t interval_ns);
/** CB_E_CORRUPT with the reason: order, duplicate, grid, high and low, volume that cannot carry
 *  its prices. A refused row leaves check as it was. */
CB_MUST_USE cb_status sim_rows_check_candle(
    sim_rows_check *check, const sim_candle_row *row, cb_err *err);
CB_MUST_USE cb_status sim_rows_check_trade(
    sim_rows_check *check, const sim_trade_row *row, cb_err *err);

/** The candle interval of that length; SIM_INTERVAL_COUNT when there is none. */
sim_interval sim_interval_of_ns(int64_t interval_ns);

#endif /* SIM_ROWS_H */
