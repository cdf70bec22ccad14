/* What risk answers over the bus: denials, verdicts, limits, exposure and the kill latch for
 * people; resolve and trace for `explain`. Money leaves as exact text. */
#include "services/risk/risk_shell.h"

#define UUID_1                                                                                     \
    "(CASE WHEN $1 ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN $1::uuid END)"
#define ALL_BOUND " AND ($1::text, $2::text, $3::bigint, $4::text) IS NOT NULL"

static const char denials_sql[] =
    "SELECT ts_ns, intent_id, signal_id, correlation_id, account, venue, symbol, strategy, side,"
    " purpose, rule, e8(observed_e8) AS observed, e8(limit_e8) AS \"limit\", unit, detail,"
    " limits_version, seq::text AS cursor FROM denial"
    " WHERE ($1 = '' OR intent_id = " UUID_1 ")"
    " AND ($2 = '' OR symbol = $2) AND ($4 = '' OR seq < $4::bigint)" ALL_BOUND
    " ORDER BY seq DESC LIMIT $3";

static const char verdicts_sql[] =
    "SELECT judged_ns, intent_id, symbol, strategy, rule, is_pass, observed, \"limit\", unit,"
    " (number * 100 + 99 - position)::text AS cursor"
    " FROM verdict WHERE ($1 = '' OR intent_id = " UUID_1 ") AND ($2 = '' OR symbol = $2)"
    " AND ($4 = '' OR number * 100 + 99 - position < $4::bigint)" ALL_BOUND
    " ORDER BY number DESC, position LIMIT $3";

static const char limits_sql[] =
    "SELECT version, since_ns, v ->> 'name' AS name, v ->> 'value' AS value, v ->> 'kind' AS kind"
    " FROM (SELECT * FROM limits ORDER BY version DESC LIMIT 1) newest,"
    " jsonb_array_elements(limits) v WHERE v ->> 'name' LIKE '%' || $1 || '%'" ALL_BOUND
    " ORDER BY name";

/* Per symbol: position at the mark, and what open orders may add or take. */
static const char limit_versions_sql[] =
    "SELECT version, since_ns, actor, reason, encode(hash, 'hex') AS hash,"
    " version::text AS cursor FROM limits WHERE ($4 = '' OR version < $4::bigint)" ALL_BOUND
    " ORDER BY version DESC LIMIT $3";

static const char change_requests_sql[] =
    "SELECT number, kind, subject, e8(from_e8) AS \"from\","
    " CASE WHEN is_removal THEN 'removed' ELSE e8(to_e8) END AS \"to\", state, requested_by,"
    " requested_ns, reason, expires_ns, decided_by, decided_ns, decision, number::text AS cursor"
    " FROM change_request WHERE ($1 = '' OR number::text = $1)"
    " AND ($4 = '' OR number < $4::bigint)" ALL_BOUND " ORDER BY number DESC LIMIT $3";

/* Each strategy and symbol at the mark, and per asset what no strategy explains. */
static const char subaccounts_sql[] =
    "WITH leaf AS (SELECT s.*, trunc(s.qty_e8::numeric * coalesce(m.price_e8, 0) / 100000000)"
    "  AS value_e8 FROM subaccount s LEFT JOIN (SELECT DISTINCT ON (symbol) symbol, price_e8"
    "  FROM mark ORDER BY symbol, close_ts_ns DESC) m USING (symbol)"
    "  WHERE s.strategy <> '*' AND s.symbol <> '*'),"
    " valued AS (SELECT s.*, (SELECT coalesce(sum(l.value_e8), 0) FROM leaf l"
    "  WHERE l.account = s.account AND l.strategy = s.strategy"
    "  AND s.symbol IN ('*', l.symbol)) AS value_e8 FROM subaccount s WHERE s.strategy <> '*')"
    " SELECT account, CASE strategy WHEN '' THEN 'external' ELSE strategy END AS strategy, symbol,"
    " e8(qty_e8) AS qty, e8(cash_e8) AS cash, e8(value_e8::bigint) AS value,"
    " e8((cash_e8 - fees_e8 + value_e8)::bigint) AS result,"
    " e8((cash_e8 - fees_e8 + value_e8 - day_start_e8)::bigint) AS day, e8(peak_e8) AS peak,"
    " losses, fills_count, number FROM valued"
    " WHERE ($2 = '' OR symbol = $2) AND ($1 = '' OR strategy = $1)" ALL_BOUND
    " UNION ALL SELECT b.account, 'unattributed', b.asset, e8((b.total_e8 -"
    "  coalesce((SELECT sum(s.cash_e8) FROM subaccount s, (SELECT DISTINCT quote_asset"
    "  FROM instrument) q WHERE s.account = b.account AND q.quote_asset = b.asset"
    "  AND s.symbol <> '*' AND s.strategy <> '*'), 0) -"
    "  coalesce((SELECT sum(s.qty_e8) FROM subaccount s JOIN instrument i USING (symbol)"
    "  WHERE s.account = b.account AND i.base_asset = b.asset AND s.strategy <> '*'), 0))::bigint),"
    " NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000000 FROM balance b"
    " WHERE $1 IN ('', 'unattributed') AND $2 = ''"
    " ORDER BY account, number LIMIT $3";

static const char exposure_sql[] =
    "WITH open AS (SELECT account, symbol, count(*) AS orders_count,"
    "  sum(CASE side WHEN 'buy' THEN remaining_e8 ELSE 0 END)::bigint AS buy_qty_e8,"
    "  sum(CASE side WHEN 'sell' THEN remaining_e8 ELSE 0 END)::bigint AS sell_qty_e8,"
    "  ceil(sum(CASE side WHEN 'buy' THEN remaining_e8::numeric * price_e8 / 100000000"
    "   ELSE 0 END))::bigint AS buy_notional_e8"
    "  FROM reservation WHERE NOT is_terminal GROUP BY account, symbol)"
    " SELECT account, symbol, e8(coalesce(p.qty_e8, 0)) AS qty, e8(m.price_e8) AS mark_price,"
    " e8(ceil(abs(coalesce(p.qty_e8, 0))::numeric * m.price_e8 / 100000000)::bigint) AS notional,"
    " coalesce(o.orders_count, 0) AS open_orders, e8(coalesce(o.buy_qty_e8, 0)) AS open_buy_qty,"
    " e8(coalesce(o.buy_notional_e8, 0)) AS open_buy_notional,"
    " e8(coalesce(o.sell_qty_e8, 0)) AS open_sell_qty, e8(a.equity_e8) AS equity,"
    " e8(a.day_start_equity_e8) AS day_start_equity, e8(a.peak_equity_e8) AS peak_equity,"
    " a.is_open, a.is_valued, a.is_unsure"
    " FROM (SELECT account, symbol, qty_e8 FROM position) p"
    " FULL JOIN open o USING (account, symbol) LEFT JOIN mark m USING (symbol)"
    " JOIN account a USING (account) WHERE ($2 = '' OR symbol = $2)" ALL_BOUND
    " ORDER BY account, symbol LIMIT $3";

static const char kill_sql[] =
    "SELECT scope, level, reason, actor, raised_ns, version, is_lowering, approver FROM kill"
    " WHERE ($1 = '' OR scope = $1)" ALL_BOUND
    " UNION ALL SELECT '*', 0, 'never raised', '', 0, 0, false, ''"
    " WHERE NOT EXISTS (SELECT 1 FROM kill WHERE scope = '*') AND $1 IN ('', '*')"
    " ORDER BY level DESC, scope";

static const char kill_changes_sql[] =
    "SELECT version, scope, level, reason, actor, raised_ns, is_lowering, approver,"
    " version::text AS cursor"
    " FROM kill_change"
    " WHERE ($1 = '' OR scope = $1) AND ($4 = '' OR version < $4::bigint)" ALL_BOUND
    " ORDER BY version DESC LIMIT $3";

/* Requests to lower; $1 names a status. */
static const char unkills_sql[] =
    "SELECT request_id, scope, level, reason, actor, status, requested_wall_ns, ready_wall_ns,"
    " expires_wall_ns, nullif(decided_wall_ns, 0) AS decided_wall_ns, approver,"
    " number::text AS cursor FROM unkill WHERE ($1 = '' OR status = $1 OR request_id::text = $1)"
    " AND ($4 = '' OR number < $4::bigint)" ALL_BOUND " ORDER BY number DESC LIMIT $3";

static const char account_sql[] =
    "SELECT account, is_open, is_valued, is_unsure, fills_count, judged_count, outdated_count,"
    " e8(equity_e8) AS equity, day_start_ns, e8(day_start_equity_e8) AS day_start_equity,"
    " e8(peak_equity_e8) AS peak_equity, kill_version, updated_ns FROM account"
    " WHERE ($1 = '' OR account = $1)" ALL_BOUND " ORDER BY account";

/* An intent, a permit, a signal, an event of ours, or "SYMBOL:trade id". */
static const char resolve_sql[] =
    "SELECT correlation_id FROM ("
    " SELECT correlation_id FROM judgement WHERE intent_id = " UUID_1
    "  OR correlation_id = " UUID_1
    " UNION ALL SELECT correlation_id FROM permit WHERE permit_id = " UUID_1
    "  OR event_id = " UUID_1 " OR signal_id = " UUID_1
    " UNION ALL SELECT correlation_id FROM denial WHERE event_id = " UUID_1
    "  OR signal_id = " UUID_1
    " UNION ALL SELECT r.correlation_id FROM fill f JOIN reservation r USING (intent_id)"
    "  WHERE f.symbol || ':' || f.trade_id = $1) found"
    " WHERE correlation_id IS NOT NULL" ALL_BOUND " LIMIT 1";

/* Each rule with what it saw and what it allows, then the answer, then what became of the
 * reservation. */
static const char trace_sql[] =
    "WITH rows AS ("
    " SELECT judged_ns AS at_ns, number, position AS rank, 'rule' AS kind, rule || ': ' ||"
    "  CASE WHEN is_pass THEN 'pass' ELSE 'refused' END || ', observed ' || observed || ', limit '"
    "  || \"limit\" || ' ' || unit AS summary, jsonb_build_object('intent_id', intent_id, 'rule',"
    "  rule, 'is_pass', is_pass, 'observed', observed, 'limit', \"limit\", 'unit', unit) AS detail"
    "  FROM verdict WHERE correlation_id = " UUID_1
    " UNION ALL SELECT judged_ns, number, 100, CASE WHEN is_granted THEN 'sized' ELSE 'denial' END,"
    "  CASE WHEN is_granted THEN 'granted ' || e8(qty_e8) || ' of ' || e8(wanted_qty_e8) ||"
    "  ' wanted' ELSE 'denied by ' || rule END, jsonb_build_object('intent_id', intent_id, 'rule',"
    "  rule, 'wanted_qty', e8(wanted_qty_e8), 'qty', e8(qty_e8), 'equity', e8(equity_e8),"
    "  'exposure', e8(exposure_e8), 'limits_version', limits_version) FROM judgement"
    "  WHERE correlation_id = " UUID_1
    " UNION ALL SELECT ts_ns, seq, 101, 'permit', side || ' ' || e8(qty_e8) || ' ' || symbol ||"
    "  ', reserved ' || e8(reserved_e8), jsonb_build_object('permit_id', permit_id, 'intent_id',"
    "  intent_id, 'expires_ns', expires_ns, 'not_after_ns', not_after_ns, 'order_hash',"
    "  encode(order_hash, 'hex'), 'limits_version', limits_version) FROM permit"
    "  WHERE correlation_id = " UUID_1
    " UNION ALL SELECT r.at_ns, r.number, 0, 'request', r.kind || ' by ' || r.actor || CASE WHEN"
    "  r.outcome <> '' THEN ': ' || r.outcome ELSE '' END, jsonb_build_object('request_id',"
    "  r.request_id) FROM request r LEFT JOIN order_command c ON c.command_id = r.request_id"
    "  WHERE coalesce(c.correlation_id, r.request_id) = " UUID_1
    " UNION ALL SELECT updated_ns, number, 102, 'reservation', state || ', ' ||"
    "  e8(remaining_e8) || ' of ' || e8(qty_e8) || ' reserved', jsonb_build_object('intent_id',"
    "  intent_id, 'cum_qty', e8(cum_qty_e8), 'version', version) FROM reservation"
    "  WHERE correlation_id = " UUID_1 ")"
    " SELECT 'risk' AS hop, at_ns, kind, summary, detail FROM rows WHERE at_ns IS NOT "
    "NULL" ALL_BOUND " ORDER BY at_ns, number, rank";

const cb_query risk_queries[] = {
    {"denials", denials_sql},
    {"verdicts", verdicts_sql},
    {"limits", limits_sql},
    {"limit_versions", limit_versions_sql},
    {"change_requests", change_requests_sql},
    {"subaccounts", subaccounts_sql},
    {"exposure", exposure_sql},
    {"kill", kill_sql},
    {"kill_changes", kill_changes_sql},
    {"unkills", unkills_sql},
    {"account", account_sql},
    {"resolve", resolve_sql},
    {"trace", trace_sql},
};
const size_t risk_queries_count = sizeof(risk_queries) / sizeof(risk_queries[0]);
