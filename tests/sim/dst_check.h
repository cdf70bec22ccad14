/* The end of a schedule: is it at rest, and what does the checker say. */
#ifndef DST_CHECK_H
#define DST_CHECK_H

#include <stdio.h>

#include "tests/sim/dst.h"

void dst_check_reset(void);
/** Nothing is in flight: no order is unresolved, every trade has arrived everywhere. */
bool dst_is_at_rest(void);
/** Hands tables and the exchange's journal to the checker. */
bool dst_check(char *what, size_t what_size);
/** Orders that the schedule made. */
uint64_t dst_orders_count(void);
void dst_dump(FILE *to);
void dst_dump_table(const char *schema, const char *name, FILE *to);

/* What the other parts tell as it happens. */
/** Before the undo log of a committed transaction is forgotten. */
void dst_note_commit(const sql_db *db);
void dst_note(int invariant, const char *text);
void dst_note_request(const dst_process *process, int64_t made_ns);
void dst_note_throttle(const dst_process *process, int64_t retry_after_s);
/** The flag page was written. */
void dst_note_page(uint32_t level);
void dst_note_ack(const char *consumer, const char *hop);

#endif /* DST_CHECK_H */
