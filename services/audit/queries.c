/* What audit answers over the bus: records newest first (by kind or by id), records in order after
 * a number (export), the signed heads. A page fits one message of the bus. */
#include "services/audit/audit_shell.h"

#define UUID_1                                                                                     \
    "(CASE WHEN $1 ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN $1::uuid END)"
#define BOUND "($1::text, $2::text, $3::bigint, $4::text) IS NOT NULL"
#define COLUMNS                                                                                    \
    "seq::text AS seq, recorded_ns::text AS recorded_ns, kind, actor, action, object,"             \
    " coalesce(event_id::text, '') AS event_id,"                                                   \
    " coalesce(correlation_id::text, '') AS correlation_id, event_ns::text AS event_ns, detail,"   \
    " encode(body_hash, 'hex') AS body_hash, encode(prev_hash, 'hex') AS prev_hash,"               \
    " encode(hash, 'hex') AS hash"
#define PAGE_MAX "25"

static const char records_sql[] =
    "SELECT " COLUMNS ", seq::text AS cursor FROM record WHERE " BOUND
    " AND ($1 = '' OR kind = $1 OR object = $1 OR correlation_id = " UUID_1 ")"
    " AND ($4 = '' OR seq < $4::bigint) ORDER BY record.seq DESC LIMIT least($3, " PAGE_MAX ")";

static const char export_sql[] = "SELECT " COLUMNS " FROM record WHERE " BOUND
                                 " AND record.seq > CASE WHEN $4 = '' THEN 0 ELSE $4::bigint END"
                                 " ORDER BY record.seq LIMIT least($3, " PAGE_MAX ")";

static const char heads_sql[] =
    "SELECT number::text AS number, seq::text AS seq, signed_ns::text AS signed_ns,"
    " encode(hash, 'hex') AS hash, encode(prev, 'hex') AS prev,"
    " encode(signature, 'hex') AS signature, number::text AS cursor FROM head WHERE " BOUND
    " AND ($4 = '' OR number < $4::bigint) ORDER BY head.number DESC LIMIT least($3, " PAGE_MAX ")";

const cb_query audit_queries[] = {
    {"records", records_sql},
    {"export", export_sql},
    {"heads", heads_sql},
};
const size_t audit_queries_count = sizeof(audit_queries) / sizeof(audit_queries[0]);
