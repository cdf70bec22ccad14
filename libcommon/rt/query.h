/* Read questions that a service answers over the bus (query.ask.<service>). The SQL returns rows;
 * the runtime answers with {"rows":[…]} built by PostgreSQL (row_to_json), or
 * {"error":"…"}. Money columns must leave as text: use e8(column) (a function in every schema). */
#ifndef CB_QUERY_H
#define CB_QUERY_H

typedef struct cb_query {
    const char *name; /* "orders" */
    /* $1 id text (may be ''), $2 symbol text (may be ''), $3 limit bigint, $4 before text.
     * All four are always bound; use them or write ($4::text IS NOT NULL). */
    const char *sql;
} cb_query;

#endif /* CB_QUERY_H */
