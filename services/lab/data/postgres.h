/* The platform's own history: the validator's candles and trades in PostgreSQL. */
#ifndef LAB_POSTGRES_H
#define LAB_POSTGRES_H

#include "services/lab/data/cache.h"
#include "services/lab/data/history.h"

/** True for "postgresql://…", "postgres://…" and "pg:host=… dbname=…". */
bool lab_postgres_is(const char *path);

typedef struct lab_postgres lab_postgres;

/**
 * Connects and looks at what there is of the request's symbol, time frame (or trades) and range, in
 * one snapshot of the database that lasts until it is closed.
 *
 * @param name [out] of the source without its password, for messages and the cache's place.
 * @return CB_OK; CB_E_CONFIG when symbol or time frame are missing, or several venues have it and
 *         none was named; CB_E_NOT_FOUND no such rows; CB_E_UNAVAILABLE, CB_E_AUTH, CB_E_PEER.
 */
CB_MUST_USE cb_status lab_postgres_open(
    const lab_history_request *request, lab_postgres **out, cb_err *err);
void lab_postgres_close(lab_postgres *source);
/** Where from, without a password; a name without slashes. [borrowed until it is closed] */
const char *lab_postgres_name(const lab_postgres *source);
/** Count, newest and sum of the rows: when they are the same, so is the history. */
void lab_postgres_describe(const lab_postgres *source, lab_cache_source *out);
/** Reads the rows by COPY in binary form. */
CB_MUST_USE cb_status lab_postgres_read(
    lab_postgres *source, const lab_history_request *request, lab_table *table, cb_err *err);

#endif /* LAB_POSTGRES_H */
