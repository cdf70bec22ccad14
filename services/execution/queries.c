/* Execution's tables and the questions it answers about them. */
#include "services/execution/shell.h"

const cb_table exec_tables[EXEC_TABLE_COUNT] = {
    [EXEC_TABLE_ORDERS] = {"orders", &cb_order_desc, CB_STORE_UPSERT, "intent_id"},
    [EXEC_TABLE_FILLS] = {"fills", &cb_fill_desc, CB_STORE_INSERT, NULL},
    [EXEC_TABLE_BALANCES] = {"balances", &cb_balance_desc, CB_STORE_INSERT, NULL},
    [EXEC_TABLE_INSTRUMENTS] = {"instruments",
        &cb_instrument_desc,
        CB_STORE_UPSERT,
        "venue,symbol"},
    [EXEC_TABLE_KILL] = {"kill", &exec_kill_row_desc, CB_STORE_UPSERT, "scope,source"},
    [EXEC_TABLE_MARKS] = {"trade_mark", &exec_mark_row_desc, CB_STORE_UPSERT, "symbol"},
    [EXEC_TABLE_DIFFERENCES] = {"reconciliation",
        &exec_difference_desc,
        CB_STORE_UPSERT,
        "difference_id"},
    [EXEC_TABLE_CAPS] = {"caps", &cb_caps_desc, CB_STORE_INSERT, NULL},
    [EXEC_TABLE_REFUSALS] = {"refusal", &exec_refusal_desc, CB_STORE_INSERT, NULL},
    [EXEC_TABLE_TRAILS] = {"trail", &exec_trail_row_desc, CB_STORE_UPSERT, "intent_id"},
    [EXEC_TABLE_COMMANDS] = {"command", &exec_command_row_desc, CB_STORE_UPSERT, "command_id"},
    [EXEC_TABLE_WATERMARKS] = {"watermark", &exec_watermark_desc, CB_STORE_UPSERT, "name"},
};

#define ORDER_COLUMNS                                                                              \
    "SELECT created_no::text AS cursor, ts_ns, intent_id, permit_id, correlation_id, account,"     \
    " venue, symbol, strategy, client_order_id, venue_order_id, version, state, side, purpose,"    \
    " order_type, tif, reduce_only, e8(qty_e8) AS qty, e8(limit_price_e8) AS limit_price,"         \
    " e8(cum_qty_e8) AS cum_qty, e8(cum_quote_e8) AS cum_quote,"                                   \
    " e8(stop_loss_e8) AS stop_loss, e8(take_profit_e8) AS take_profit, reason, not_after_ns,"     \
    " sign_ts_ns, claimed_ns, encode(caps_hash, 'hex') AS caps_hash, sent_ns, answered_ns, "       \
    "is_external, lease_epoch, epoch, seq,"                                                        \
    " e8(trigger_price_e8) AS trigger_price, trigger_kind, trailing_bips, group_id, role, leg,"    \
    " is_held, triggered_ns, e8(max_slippage_e8) AS max_slippage, timeout_ns,"                     \
    " e8(stop_limit_e8) AS stop_limit, replaces FROM orders"
#define ID_IS(column) "($1 = '' OR " column "::text = $1)"
#define SYMBOL_IS "($2 = '' OR symbol = $2)"
#define BEFORE(column) "($4 = '' OR " column " < $4::bigint)"

static const char SQL_ORDERS[] = ORDER_COLUMNS
    " WHERE ($1 = '' OR intent_id::text = $1 OR client_order_id = $1 OR venue_order_id = $1"
    " OR group_id::text = $1)"
    " AND " SYMBOL_IS " AND " BEFORE("created_no") " ORDER BY created_no DESC LIMIT $3::bigint";
static const char SQL_OPEN_ORDERS[] = ORDER_COLUMNS
    " WHERE state IN ('ready', 'sending', 'unknown', 'open', 'partially_filled') AND " ID_IS(
        "intent_id") " AND " SYMBOL_IS
                     " AND " BEFORE("created_no") " ORDER BY created_no DESC LIMIT $3::bigint";
static const char SQL_UNKNOWN[] = ORDER_COLUMNS " WHERE state IN ('sending', 'unknown') AND " ID_IS(
    "intent_id") " AND " SYMBOL_IS
                 " AND " BEFORE("created_no") " ORDER BY created_no LIMIT $3::bigint";
static const char SQL_FILLS[] =
    "SELECT recorded_no::text AS cursor, ts_ns, venue_ts_ns, account, venue, symbol,"
    " trade_id::text AS trade_id, venue_order_id, intent_id, client_order_id, correlation_id,"
    " strategy, side, purpose, e8(price_e8) AS price, e8(qty_e8) AS qty,"
    " e8(quote_qty_e8) AS quote_qty, e8(fee_e8) AS fee, fee_asset, is_maker, source, base_asset,"
    " quote_asset, seq FROM fills WHERE ($1 = '' OR intent_id::text = $1"
    " OR symbol || ':' || trade_id = $1) AND " SYMBOL_IS
    " AND " BEFORE("recorded_no") " ORDER BY recorded_no DESC LIMIT $3::bigint";
static const char SQL_RECONCILIATION[] =
    "SELECT at_ns::text AS cursor, at_ns, kind, symbol, intent_id, venue_order_id,"
    " trade_id::text AS trade_id, expected, seen, action, resolved_by FROM reconciliation"
    " WHERE ($1 = '' OR intent_id::text = $1 OR kind = $1) AND " SYMBOL_IS
    " AND " BEFORE("at_ns") " ORDER BY at_ns DESC, difference_id LIMIT $3::bigint";
static const char SQL_REQUESTS[] =
    "SELECT at_ns::text AS cursor, at_ns, request_id, intent_id, kind, request, outcome, status,"
    " answer, class, reason, duration_ns, sent_after_ns FROM venue_request"
    " WHERE " ID_IS("intent_id") " AND ($2 = '' OR request LIKE '%symbol=' || $2 || '%')"
                                 " AND " BEFORE(
                                     "at_ns") " ORDER BY at_ns DESC, request_id LIMIT $3::bigint";
static const char SQL_COMMANDS[] =
    "SELECT taken_ns::text AS cursor, taken_ns AS at_ns, command_id, intent_id, kind,"
    " e8(qty_e8) AS qty, actor, reason, is_open, outcome, ended_ns FROM command"
    " WHERE ($1 = '' OR intent_id::text = $1 OR command_id::text = $1) AND $2::text IS NOT NULL"
    " AND " BEFORE("taken_ns") " ORDER BY taken_ns DESC, command_id LIMIT $3::bigint";
static const char SQL_REFUSALS[] =
    "SELECT at_ns::text AS cursor, at_ns, permit_id, intent_id, reason FROM refusal"
    " WHERE ($1 = '' OR intent_id::text = $1 OR permit_id::text = $1) AND $2::text IS NOT NULL"
    " AND " BEFORE("at_ns") " ORDER BY at_ns DESC, refusal_id LIMIT $3::bigint";
static const char SQL_KILL[] =
    "SELECT scope, source, level, reason, actor, raised_ns, version FROM kill"
    " WHERE ($1 = '' OR scope = $1) AND $2::text IS NOT NULL AND $4::text IS NOT NULL"
    " ORDER BY level DESC, scope, source LIMIT $3::bigint";
static const char SQL_RESOLVE[] =
    "SELECT correlation_id FROM (SELECT correlation_id FROM orders WHERE intent_id::text = $1"
    " OR permit_id::text = $1 OR client_order_id = $1 OR venue_order_id = $1"
    " OR event_id::text = $1"
    " UNION SELECT correlation_id FROM fills WHERE symbol || ':' || trade_id = $1"
    " OR event_id::text = $1) found WHERE correlation_id IS NOT NULL AND $2::text IS NOT NULL"
    " AND $4::text IS NOT NULL LIMIT least($3::bigint, 1)";

/* What execution did for one decision: the permit taken, each version, the claim, each request and
 * its answer, each fill, each difference found. */
static const char SQL_TRACE[] =
    "SELECT hop, at_ns, kind, summary, detail FROM ("
    " SELECT 'execution' AS hop, e.at_ns, CASE WHEN e.is_claim"
    " THEN 'claim' WHEN e.state = 'ready' AND e.version = 1 THEN CASE WHEN o.permit_id IS NULL"
    " THEN 'child' ELSE 'permit check' END ELSE 'order' END AS kind,"
    " CASE WHEN e.is_claim"
    " THEN 'claimed under lease epoch ' || e.lease_epoch"
    " WHEN e.state = 'ready' AND e.version = 1 THEN CASE WHEN o.permit_id IS NULL"
    " THEN o.role || ' of the group: ' ELSE 'permit taken: ' END || o.side || ' '"
    " || e8(o.qty_e8) || ' ' || o.symbol || ' ' || o.order_type || CASE WHEN e.reason <> ''"
    " THEN ', ' || e.reason ELSE '' END ELSE e.state || CASE WHEN e.reason <> ''"
    " THEN ': ' || e.reason ELSE '' END END AS summary,"
    " jsonb_strip_nulls(CASE WHEN e.state = 'ready' THEN jsonb_build_object("
    "'intent_id', o.intent_id, 'permit_id', o.permit_id, 'client_order_id', o.client_order_id,"
    " 'not_after_ns', o.not_after_ns::text) WHEN e.is_claim"
    " THEN jsonb_build_object('sign_ts_ns', o.sign_ts_ns::text, 'window_ms', o.window_ms)"
    " ELSE jsonb_build_object('version', e.version, 'cum_qty', nullif(e8(e.cum_qty_e8), '0'),"
    " 'venue_order_id', nullif(e.venue_order_id, ''), 'sent_ns', CASE WHEN e.state = 'sending'"
    " THEN o.sent_ns::text END) END) AS detail, 1 AS rank,"
    " e.version AS place FROM orders o JOIN (SELECT x.*, x.state = 'sending' AND EXISTS (SELECT 1"
    " FROM order_event y WHERE y.intent_id = x.intent_id AND y.version = x.version"
    " AND y.state = 'ready') AS is_claim FROM order_event x) e USING (intent_id)"
    " WHERE o.correlation_id::text = $1"
    " UNION ALL SELECT 'execution', r.at_ns, 'request', r.kind || ': ' || r.class"
    " || CASE WHEN r.reason <> '' THEN ' (' || r.reason || ')' ELSE '' END,"
    " jsonb_build_object('request', r.request, 'status', r.status, 'answer', r.answer,"
    " 'outcome', r.outcome, 'duration_ms', round(r.duration_ns / 1e6, 3)::text,"
    " 'to_socket_ms', round(r.sent_after_ns / 1e6, 3)::text), 2, 0 FROM venue_request r"
    " WHERE r.correlation_id::text = $1"
    " UNION ALL SELECT 'execution', f.ts_ns, 'fill', e8(f.qty_e8) || ' ' || f.base_asset || ' at '"
    " || e8(f.price_e8) || ', fee ' || e8(f.fee_e8) || ' ' || f.fee_asset,"
    " jsonb_build_object('fill', f.symbol || ':' || f.trade_id, 'source', f.source,"
    " 'is_maker', f.is_maker, 'quote_qty', e8(f.quote_qty_e8),"
    " 'venue_ts_ns', f.venue_ts_ns::text), 3, f.trade_id FROM fills f"
    " WHERE f.correlation_id::text = $1"
    " UNION ALL SELECT 'execution', d.at_ns, 'difference', d.kind || ': ' || d.action,"
    " jsonb_build_object('expected', d.expected, 'seen', d.seen), 4, 0 FROM reconciliation d"
    " JOIN orders o USING (intent_id) WHERE o.correlation_id::text = $1"
    " UNION ALL SELECT 'execution', c.taken_ns, 'command', c.kind || ' by ' || c.actor"
    " || CASE WHEN c.is_open THEN ': open' ELSE ': ' || c.outcome END,"
    " jsonb_build_object('command_id', c.command_id, 'intent_id', c.intent_id, 'qty',"
    " nullif(e8(c.qty_e8), '0'), 'reason', c.reason, 'ended_ns', c.ended_ns::text), 5, 0"
    " FROM command c JOIN orders o USING (intent_id) WHERE o.correlation_id::text = $1) t"
    " WHERE $2::text IS NOT NULL AND $3::bigint IS NOT NULL AND $4::text IS NOT NULL"
    " ORDER BY at_ns, rank, place";

static const char SQL_CAPS[] =
    "SELECT since_ns, account, encode(hash, 'hex') AS hash, key, epoch, seq FROM caps"
    " WHERE ($1 = '' OR encode(hash, 'hex') LIKE $1 || '%') AND $2::text IS NOT NULL"
    " AND $4::text IS NOT NULL ORDER BY epoch DESC, seq DESC LIMIT $3::bigint";

const cb_query exec_queries[] = {
    {"orders", SQL_ORDERS},
    {"open_orders", SQL_OPEN_ORDERS},
    {"unknown", SQL_UNKNOWN},
    {"fills", SQL_FILLS},
    {"reconciliation", SQL_RECONCILIATION},
    {"requests", SQL_REQUESTS},
    {"refusals", SQL_REFUSALS},
    {"commands", SQL_COMMANDS},
    {"caps", SQL_CAPS},
    {"kill", SQL_KILL},
    {"resolve", SQL_RESOLVE},
    {"trace", SQL_TRACE},
};
const size_t exec_queries_count = sizeof(exec_queries) / sizeof(exec_queries[0]);
