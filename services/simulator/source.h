/* One symbol's recorded files as a sequence of market events. */
#ifndef SIM_SOURCE_H
#define SIM_SOURCE_H

#include "rt/config.h"
#include "rt/log.h"
#include "services/simulator/core/api/ws.h"
#include "services/simulator/core/frames.h"
#include "services/simulator/core/play.h"
#include "services/simulator/lines.h"

#define SIM_SOURCE_FILES_MAX 16

typedef struct sim_source {
    char symbol[24];
    char paths[SIM_SOURCE_FILES_MAX][512];
    uint32_t files_count;
    bool skips_bad;
    int64_t from_ns; /* 0 = from the first row */
    int64_t to_ns;   /* exclusive */
    uint64_t warmup;

    /* what the scan found */
    sim_format format;
    int64_t tick_e8;
    uint64_t rows_count;
    uint64_t bad_count;
    int64_t first_ns; /* of the first row within the range */
    int64_t last_ns;
    int64_t skew_ns; /* capture: event time minus receive time */

    /* where it stands */
    uint32_t index; /* of the symbol in the exchange */
    uint32_t file;
    sim_lines *lines;
    bool is_header_due;
    sim_rows_check check;
    int64_t next_ns; /* INT64_MAX: over */
    uint64_t events_count;
    sim_player play; /* candles: interval, lot, and the one that is played */
    sim_trade_row trade;
    sim_frame *frame; /* [owned] capture */
    char *line;       /* [owned] bytes that the frame points into */
    size_t line_size;
} sim_source;

/** Splits "FILE,FILE:SYMBOL" into sources, one per symbol. CB_E_CONFIG. */
CB_MUST_USE cb_status sim_sources_parse(
    const char *list, sim_source *sources, uint32_t capacity, uint32_t *count, cb_err *err);

/**
 * Reads all files once: format, interval, grid, range; every row is checked.
 *
 * @return CB_OK; CB_E_CORRUPT and others with file, line and reason.
 */
CB_MUST_USE cb_status sim_source_scan(sim_source *source, cb_log *log, cb_err *err);

/** Goes to the first event: earlier candles become history, a capture's snapshot the book. */
CB_MUST_USE cb_status sim_source_open(
    sim_source *source, sim_core *sim, const sim_synthetic *shape, cb_err *err);
void sim_source_close(sim_source *source);

/** Plays everything that stands at next_ns and moves on to what comes after it. */
CB_MUST_USE cb_status sim_source_play(
    sim_source *source, sim_core *sim, sim_ws *ws, const sim_synthetic *shape, cb_err *err);

#endif /* SIM_SOURCE_H */
