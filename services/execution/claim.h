/* The claim: one statement that moves an order from READY to SENDING, or does nothing. It is the
 * fence of the order path, so it stands alone here and is tested alone against PostgreSQL.
 *
 *   $1 intent  $2 owner  $3 lease epoch  $4 nonce  $5 sign_ts_ns  $6 window_ms  $7 now_ns
 *
 * It checks, locked against a take-over: the lease (owner, epoch, not expired by PostgreSQL's
 * clock), the order's own deadline, and every kill level in force. $7 is NULL on the system clock,
 * where PostgreSQL's own time counts; on the simulator's clock the order's deadline is replayed
 * time, and the service's clock is the only one that knows it. Scopes that cannot be resolved here
 * hold for everything. */
#ifndef EXEC_CLAIM_H
#define EXEC_CLAIM_H

/* What must hold of an order itself when it is claimed: not held, in time, allowed by every level.
 */
#define EXEC_SQL_MAY_GO                                                                            \
    "o.state = 'ready' AND NOT o.is_held"                                                          \
    " AND o.not_after_ns > coalesce($7::bigint, (extract(epoch FROM clock_timestamp()) * "         \
    "1e9)::bigint)"                                                                                \
    " AND NOT EXISTS (SELECT 1 FROM kill k"                                                        \
    " WHERE (k.scope IN ('*', 'venue:' || o.venue, 'account:' || o.account, 'symbol:' || "         \
    "o.symbol,"                                                                                    \
    " 'strategy:' || o.strategy) OR k.scope !~ '^([*]$|(venue|account|symbol|strategy):)')"        \
    " AND ((k.level = 1 AND NOT o.reduce_only) OR k.level IN (2, 4) OR k.level > 4"                \
    " OR (k.level = 3 AND NOT (o.reduce_only AND o.purpose = 'flatten'))))"

/* $8: the other leg of an order list. Both are claimed by one statement, or none. */
#define EXEC_SQL_CLAIM_PAIR                                                                        \
    "WITH l AS (SELECT 1 FROM lease x JOIN orders o ON o.account = x.account AND o.venue = "       \
    "x.venue"                                                                                      \
    " WHERE o.intent_id = $1::uuid AND x.owner = $2::uuid AND x.epoch = $3::bigint"                \
    " AND x.expires_at > clock_timestamp() FOR SHARE OF x),"                                       \
    " ready AS (SELECT count(*) AS legs FROM orders o WHERE o.intent_id IN ($1::uuid, $8::uuid)"   \
    " AND " EXEC_SQL_MAY_GO ")"                                                                    \
    " UPDATE orders o SET state = 'sending', lease_epoch = $3::bigint, claim_epoch = $3::bigint,"  \
    " claim_nonce = $4::uuid, sign_ts_ns = $5::bigint, window_ms = $6::bigint,"                    \
    " caps_hash = (SELECT c.hash FROM caps c WHERE c.account = o.account"                          \
    " ORDER BY c.epoch DESC, c.seq DESC LIMIT 1),"                                                 \
    " claimed_ns = coalesce($7::bigint, (extract(epoch FROM clock_timestamp()) * 1e9)::bigint)"    \
    " WHERE o.intent_id IN ($1::uuid, $8::uuid) AND EXISTS (SELECT 1 FROM l)"                      \
    " AND (SELECT legs FROM ready) = 2 RETURNING claim_nonce"

#define EXEC_SQL_CLAIM                                                                             \
    "WITH l AS (SELECT 1 FROM lease x JOIN orders o ON o.account = x.account AND o.venue = "       \
    "x.venue"                                                                                      \
    " WHERE o.intent_id = $1::uuid AND x.owner = $2::uuid AND x.epoch = $3::bigint"                \
    " AND x.expires_at > clock_timestamp() FOR SHARE OF x)"                                        \
    " UPDATE orders o SET state = 'sending', lease_epoch = $3::bigint, claim_epoch = $3::bigint,"  \
    " claim_nonce = $4::uuid, sign_ts_ns = $5::bigint, window_ms = $6::bigint,"                    \
    " caps_hash = (SELECT c.hash FROM caps c WHERE c.account = o.account"                          \
    " ORDER BY c.epoch DESC, c.seq DESC LIMIT 1),"                                                 \
    " claimed_ns = coalesce($7::bigint, (extract(epoch FROM clock_timestamp()) * 1e9)::bigint)"    \
    " WHERE o.intent_id = $1::uuid AND EXISTS (SELECT 1 FROM l) AND " EXEC_SQL_MAY_GO              \
    " RETURNING claim_nonce"

#endif /* EXEC_CLAIM_H */
