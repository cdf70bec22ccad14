/* Parity: what a live session decided, executed and booked beside what its backtest did. A dump
 * is a text file, one record a line:
 *
 *   intent|permit|denial|fill SEQ HEX     the message's bytes as they were on the bus
 *   entry NUMBER TEXT                     a ledger entry in words
 *
 * in this order of kinds, each by its number. Live dumps come from PostgreSQL
 * (tests/e2e/test_parity.sh), the lab's from a chain. Equal sessions have equal files. */
#ifndef LAB_PARITY_H
#define LAB_PARITY_H

#include <stdio.h>

#include "base/err.h"
#include "services/lab/core/chain.h"

/* ---- writing ---- */
typedef struct lab_dump lab_dump;

lab_dump *lab_dump_open(void);
/** lab_chain_sink.record; context is the dump. */
void lab_dump_record(void *context, lab_record kind, uint32_t account, const void *body);
/** Writes all lines; the dump is gone afterwards. False: the file could not be written. */
bool lab_dump_close(lab_dump *dump, FILE *out);

/* ---- history of a replay file ---- */

/** Candles of a CSV file (plain, .gz, .zst) as the simulator reads it. [owned] lab_history_free.
 */
CB_MUST_USE cb_status lab_history_read(
    const char *path, const char *symbol, lab_candles *out, cb_err *err);
void lab_history_free(lab_candles *candles);

/* ---- comparing ---- */

/* What a difference is put down to. */
typedef enum lab_cause {
    LAB_CAUSE_DECISIONS,    /* another intent or verdict from the same data */
    LAB_CAUSE_MISSING_DATA, /* candles that one side did not have */
    LAB_CAUSE_LATENCY,      /* the same order at another time */
    LAB_CAUSE_SPREAD,       /* a taker's fill at another price */
    LAB_CAUSE_QUEUE,        /* a waiting order filled otherwise: how much, or at all */
    LAB_CAUSE_FEES,         /* another fee, everything else alike */
    LAB_CAUSE_LEDGER,       /* entries differ though their fills are equal */
    LAB_CAUSE_COUNT
} lab_cause;

typedef struct lab_parity_report {
    uint64_t live_count;
    uint64_t lab_count;
    uint64_t equal_count;
    uint64_t causes[LAB_CAUSE_COUNT];
    int64_t fees_e8;     /* lab minus live, in each fee's own units, summed */
    int64_t slippage_e8; /* Σ (price − live price) × qty of fills that differ in price */
    char first[LAB_CAUSE_COUNT][160]; /* an example of each */
} lab_parity_report;

const char *lab_cause_name(lab_cause cause);
/** Compares two dumps; CB_E_CORRUPT with the file and line that cannot be read. */
CB_MUST_USE cb_status lab_parity_compare(
    const char *live_path, const char *lab_path, lab_parity_report *out, cb_err *err);

#endif /* LAB_PARITY_H */
