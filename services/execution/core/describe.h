/* What the core's requests mean in the venue's terms, and what the venue's judged answer means in
 * the core's. Between them lie signature, socket and clock, which are the shell's, or a simulated
 * exchange in the same process. */
#ifndef EXEC_DESCRIBE_H
#define EXEC_DESCRIBE_H

#include "services/execution/core/execution.h"

#define EXEC_LIST_LIMIT 1000 /* rows asked for in one list */

/** One request: an order, both legs of a list, or an order with the cancel of another. params is
 *  zeroed by the caller. */
cb_venue_call exec_describe_claim(const exec_claim *claim, cb_venue_params *params);
/** A question, a cancel or an amendment; any other request traps. params is zeroed by the caller.
 */
cb_venue_call exec_describe_read(
    exec_request request, const exec_read *read, cb_venue_params *params);

/* An answer of the venue as it came. */
typedef struct exec_venue_text {
    int status;
    cb_strview body;
    int64_t retry_after_s; /* -1: not stated */
} exec_venue_text;

/** Judges the answer to an order; out is zeroed but for what it is about. judged: work space. */
void exec_judge_placed(const cb_venue_ops *venue,
    cb_venue_call call,
    const cb_venue_params *params,
    const exec_venue_text *text,
    cb_venue_answer *judged,
    exec_order_answer *out);
/** The same for a cancel, an amendment or a query of one order. */
void exec_judge_read(const cb_venue_ops *venue,
    cb_venue_call call,
    const cb_venue_params *params,
    const exec_venue_text *text,
    cb_venue_answer *judged,
    exec_order_answer *out);

#endif /* EXEC_DESCRIBE_H */
