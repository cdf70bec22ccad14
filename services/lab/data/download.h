/* History from a venue: page by page over its REST interface, or by days and months from its public
 * archive. Both continue where the file ends. */
#ifndef LAB_DOWNLOAD_H
#define LAB_DOWNLOAD_H

#include "services/lab/data/fetch.h"
#include "services/lab/data/sink.h"
#include "services/lab/tool.h"

typedef struct lab_download {
    const char *base_url;
    const char *symbol;   /* "BTCUSDT" */
    const char *interval; /* "1m"; of klines */
    int64_t timeframe_ns; /* the same as a number */
    lab_sink_rows rows;
    int64_t from_ns;
    int64_t to_ns;        /* first moment that does not belong; 0: up to now */
    bool is_missing_told; /* [out] the archive lacked a day that should be there */
    lab_progress *progress;
} lab_download;

/**
 * Continues the sink up to to_ns. Candles that are still open at the venue are not taken.
 *
 * @return CB_OK when everything up to to_ns, or up to the venue's present, is there; CB_E_STATE
 * when the file begins after from_ns (what is before cannot be added any more).
 */
CB_MUST_USE cb_status lab_download_rest(
    lab_download *self, lab_fetch *fetch, lab_sink *sink, cb_err *err);

/** The same from the archive's zip files; each is held against its CHECKSUM file. A month that is
 *  over is taken whole when the archive has it so. */
CB_MUST_USE cb_status lab_download_archive(
    lab_download *self, lab_fetch *fetch, lab_sink *sink, cb_err *err);

/** Refuses a file whose first row is later than what is asked for. */
CB_MUST_USE cb_status lab_download_fits(
    const lab_download *self, const lab_sink *sink, cb_err *err);

#endif /* LAB_DOWNLOAD_H */
