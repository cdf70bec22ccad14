/* Writing bodies into tables by their field description: no INSERT is written by hand.
 * Columns are the description's field names; an embedded envelope becomes the columns event_id,
 * causation_id, correlation_id, epoch, seq, ts_ns, origin_ns; other MSG and REP fields become jsonb.
 * rt/store makes and caches the SQL. */
#ifndef CB_STORE_H
#define CB_STORE_H

#include "domain/fields.h"
#include "rt/pg.h"

typedef enum cb_store_mode {
    CB_STORE_INSERT,  /* durable, in the step's transaction; a conflict is a bug and ends the service */
    CB_STORE_UPSERT,  /* durable; ON CONFLICT (key) DO UPDATE of the other columns */
    CB_STORE_HISTORY  /* batched within 200 ms, outside the step's transaction, ON CONFLICT DO NOTHING;
                         for market history: a lost batch is counted and repaired from the venue */
} cb_store_mode;

typedef struct cb_table {
    const char *name;    /* in the service's schema */
    const cb_desc *desc;
    cb_store_mode mode;
    const char *key;     /* UPSERT: "intent_id" or "account,symbol" */
} cb_table;

#endif /* CB_STORE_H */
