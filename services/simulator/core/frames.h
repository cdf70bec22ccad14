/* One line of a raw depth capture: a stream frame or the REST snapshot, kept byte for byte. */
#ifndef SIM_FRAMES_H
#define SIM_FRAMES_H

#include "base/strview.h"
#include "services/simulator/core/types.h"

#define SIM_FRAME_LEVELS_MAX 5000

typedef enum sim_frame_kind {
    SIM_FRAME_SNAPSHOT, /* {"lastUpdateId":…,"bids":…,"asks":…} */
    SIM_FRAME_DEPTH,
    SIM_FRAME_TRADE,
    SIM_FRAME_TICKER,
    SIM_FRAME_OTHER
} sim_frame_kind;

typedef struct sim_frame_level {
    int64_t price_e8;
    int64_t qty_e8;
} sim_frame_level;

typedef struct sim_frame {
    sim_frame_kind kind;
    int64_t recv_ns;
    int64_t event_ns;      /* E of the message, 0 = it has none */
    cb_strview stream;     /* "btcusdt@depth@100ms" */
    cb_strview data;       /* the message as recorded */
    char symbol[24];       /* upper case, from the stream's name; "" for the snapshot */
    uint64_t update_first; /* DEPTH: U */
    uint64_t update_last;  /* DEPTH: u; SNAPSHOT: lastUpdateId; TICKER: u */
    uint64_t trade_id;
    int64_t price_e8;
    int64_t qty_e8;
    bool is_buyer_maker;
    int64_t bid_e8;
    int64_t bid_qty_e8;
    int64_t ask_e8;
    int64_t ask_qty_e8;
    uint32_t bids_count;
    uint32_t asks_count;
    sim_frame_level bids[SIM_FRAME_LEVELS_MAX];
    sim_frame_level asks[SIM_FRAME_LEVELS_MAX];
} sim_frame;

/** Reads a line; views point into it. CB_E_CORRUPT or the scanner's status with the reason. */
CB_MUST_USE cb_status sim_frame_read(cb_strview line, sim_frame *out, cb_err *err);

#endif /* SIM_FRAMES_H */
