/* The statements of the lease. Like the claim they are fences of the order path, so they stand
 * alone here and are tested alone against PostgreSQL.
 *
 * Everything goes by PostgreSQL's clock. A lease may be had when it has expired, or when the
 * session of its holder is gone: who has no session cannot claim an order and so cannot send one.
 */
#ifndef EXEC_LEASE_SQL_H
#define EXEC_LEASE_SQL_H

#define EXEC_LEASE_TERM "interval '3 s'"
/* Take-overs from another instance are at least so far apart (flapping). */
#define EXEC_LEASE_CALM "interval '10 s'"

#define EXEC_SQL_LEASE_GONE                                                                        \
    "(l.pid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a"                          \
    " WHERE a.pid = l.pid AND a.backend_start = l.backend_start))"

/* $1 account, $2 venue, $3 our instance: epoch, may it be had, is the holder our own predecessor,
 * is it too early for another take-over, the holder's instance, milliseconds to expiry. Takes no
 * lock, so it may be asked often. */
#define EXEC_SQL_LEASE_LOOK                                                                        \
    "SELECT l.epoch, l.expires_at <= clock_timestamp() OR " EXEC_SQL_LEASE_GONE ","                \
    " l.instance IN ('', $3), EXISTS (SELECT 1 FROM lease_taken t WHERE t.account = $1"            \
    " AND t.venue = $2 AND t.is_takeover"                                                          \
    " AND t.taken_at > clock_timestamp() - " EXEC_LEASE_CALM "),"                                  \
    " l.instance, (extract(epoch FROM l.expires_at - clock_timestamp()) * 1000)::bigint"           \
    " FROM lease l WHERE l.account = $1 AND l.venue = $2"

/* $1 account, $2 venue, $3 owner, $4 instance, $5 the epoch that was seen (0: none). One row, the
 * new epoch, or none when somebody was faster or the holder is alive after all. */
#define EXEC_SQL_LEASE_TAKE                                                                        \
    "WITH before AS (SELECT instance FROM lease WHERE account = $1 AND venue = $2),"               \
    " taken AS (INSERT INTO lease AS l (account, venue, owner, epoch, expires_at, instance, pid,"  \
    " backend_start) SELECT $1, $2, $3::uuid, 1, clock_timestamp() + " EXEC_LEASE_TERM ", $4,"     \
    " a.pid, a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()"               \
    " ON CONFLICT (account, venue) DO UPDATE SET owner = excluded.owner, epoch = l.epoch + 1,"     \
    " expires_at = clock_timestamp() + " EXEC_LEASE_TERM ", instance = excluded.instance,"         \
    " pid = excluded.pid, backend_start = excluded.backend_start"                                  \
    " WHERE l.epoch = $5::bigint"                                                                  \
    " AND (l.expires_at <= clock_timestamp() OR " EXEC_SQL_LEASE_GONE ")"                          \
    " RETURNING epoch)"                                                                            \
    " INSERT INTO lease_taken (account, venue, epoch, owner, instance, taken_at, is_takeover)"     \
    " SELECT $1, $2, epoch, $3::uuid, $4, clock_timestamp(), coalesce((SELECT instance"            \
    " NOT IN ('', $4) FROM before), false) FROM taken RETURNING epoch"

/* $1 account, $2 venue, $3 owner, $4 epoch: one row, or none when it is not ours any more. */
#define EXEC_SQL_LEASE_RENEW                                                                       \
    "UPDATE lease SET expires_at = clock_timestamp() + " EXEC_LEASE_TERM                           \
    " WHERE account = $1 AND venue = $2 AND owner = $3::uuid AND epoch = $4::bigint"               \
    " RETURNING epoch"

/* The same parameters: fails when the lease is not ours any more (migrations/0002). */
#define EXEC_SQL_LEASE_FENCE "SELECT lease_fence($1, $2, $3::uuid, $4::bigint)"

/* $1 account, $2 venue: ends the session of a holder that was stopped within a transaction and
 * keeps the row locked; only when its lease has expired. */
#define EXEC_SQL_LEASE_CUT                                                                         \
    "SELECT pg_terminate_backend(l.pid) FROM lease l JOIN pg_stat_activity a"                      \
    " ON a.pid = l.pid AND a.backend_start = l.backend_start"                                      \
    " WHERE l.account = $1 AND l.venue = $2 AND l.expires_at <= clock_timestamp()"

/* $1 account, $2 venue: take-overs of the last minute. */
#define EXEC_SQL_LEASE_FLAPS                                                                       \
    "SELECT count(*) FROM lease_taken WHERE account = $1 AND venue = $2 AND is_takeover"           \
    " AND taken_at > clock_timestamp() - interval '1 minute'"

#endif /* EXEC_LEASE_SQL_H */
