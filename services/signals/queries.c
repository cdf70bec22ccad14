/* What the signals service answers over the bus. An answer has to fit the bus's 64 KiB, so lists
 * leave out what is long: a signal's values come when it is asked for by id. Resolve and trace are
 * for `explain`: which correlation an id belongs to, and how the decision behind it came about. */
#include "services/signals/signals_shell.h"

#define UUID_1                                                                                     \
    "(CASE WHEN $1 ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN $1::uuid END)"
#define ALL_BOUND " AND ($1::text, $2::text, $3::bigint, $4::text) IS NOT NULL"

static const char signals_sql[] =
    "SELECT signal_id, strategy, venue, symbol, interval_s, side, purpose, e8(price_e8) AS price,"
    " e8(score_e8) AS score, e8(confidence_e8) AS confidence, e8(quality_e8) AS quality, status,"
    " reason, intent_id, data_ts_ns::text AS data_ts_ns, ts_ns::text AS ts_ns,"
    " CASE WHEN $1 <> '' THEN \"values\" END AS \"values\""
    " FROM signal WHERE ($1 = '' OR signal_id = " UUID_1 ") AND ($2 = '' OR symbol = $2)"
    " AND ($4 = '' OR ts_ns < $4::bigint)" ALL_BOUND " ORDER BY ts_ns DESC, epoch DESC, seq DESC"
    " LIMIT $3";

static const char intents_sql[] =
    "SELECT i.intent_id, i.signal_id, i.account, i.venue, i.symbol, i.strategy, i.side, i.purpose,"
    " i.order_type, i.tif, i.reduce_only, e8(i.qty_e8) AS qty, e8(i.limit_price_e8) AS limit_price,"
    " e8(i.reference_price_e8) AS reference_price, e8(i.stop_loss_e8) AS stop_loss,"
    " e8(i.take_profit_e8) AS take_profit, e8(i.score_e8) AS score,"
    " i.decided_ns::text AS decided_ns, i.data_ts_ns::text AS data_ts_ns,"
    " i.not_after_ns::text AS not_after_ns, f.order_state, f.is_closed, f.reason"
    " FROM intent i LEFT JOIN flight f USING (intent_id)"
    " WHERE ($1 = '' OR i.intent_id = " UUID_1 ") AND ($2 = '' OR i.symbol = $2)"
    " AND ($4 = '' OR i.decided_ns < $4::bigint)" ALL_BOUND " ORDER BY i.decided_ns DESC LIMIT $3";

static const char decisions_sql[] =
    "SELECT signal_id, intent_id, venue, symbol, purpose, e8(score_e8) AS score,"
    " e8(threshold_e8) AS threshold, reason, e8(price_e8) AS price,"
    " data_ts_ns::text AS data_ts_ns, decided_ns::text AS decided_ns, (SELECT"
    "  jsonb_object_agg(x->>'source', x->>'share') FROM jsonb_array_elements(shares) x) AS shares"
    " FROM decision WHERE ($2 = '' OR symbol = $2) AND ($4 = '' OR decided_ns < "
    "$4::bigint)" ALL_BOUND " ORDER BY decided_ns DESC LIMIT $3";

static const char positions_sql[] =
    "SELECT account, venue, symbol, e8(qty_e8) AS qty, strategy, entry_intent_id,"
    " e8(entry_price_e8) AS entry_price, e8(stop_loss_e8) AS stop_loss,"
    " e8(take_profit_e8) AS take_profit, fills_count, updated_ns::text AS updated_ns"
    " FROM book WHERE ($2 = '' OR symbol = $2)" ALL_BOUND " ORDER BY symbol LIMIT $3";

/* What each strategy has said on each timeframe, and what became of it. */
static const char strategies_sql[] =
    "SELECT strategy, interval_s, count(*) AS raised,"
    " count(*) FILTER (WHERE status = 'dropped') AS dropped,"
    " count(*) FILTER (WHERE status = 'aggregated') AS aggregated,"
    " count(*) FILTER (WHERE status = 'decided') AS decided, max(ts_ns)::text AS last_ns"
    " FROM signal WHERE ($2 = '' OR symbol = $2)" ALL_BOUND
    " GROUP BY strategy, interval_s ORDER BY strategy, interval_s LIMIT $3";

/* Versions of rules, the newest first; the text only when one file is asked for. */
static const char rules_sql[] =
    "SELECT r.file, r.version, r.name, r.interval_s, r.warmup_bars,"
    " encode(r.text_hash, 'hex') AS hash, r.loaded_ns::text AS loaded_ns,"
    " n.version IS NOT NULL AS is_running, CASE WHEN $1 <> '' THEN r.\"text\" END AS \"text\""
    " FROM rules r LEFT JOIN rules_now n USING (file, version)"
    " WHERE ($1 = '' OR r.file = $1) AND ($4 = '' OR r.loaded_ns < $4::bigint)" ALL_BOUND
    " ORDER BY r.loaded_ns DESC, r.file, r.version DESC LIMIT CASE WHEN $1 <> '' THEN 1 ELSE $3 "
    "END";

/* A signal, an intent, or the message that caused one. */
static const char resolve_sql[] =
    "SELECT correlation_id FROM signal WHERE (signal_id = " UUID_1 " OR intent_id = " UUID_1
    " OR causation_id = " UUID_1 " OR correlation_id = " UUID_1 ")" ALL_BOUND
    " ORDER BY (status = 'decided') DESC, ts_ns LIMIT 1";

/* The opinion with its indicator values and the verdict of validation and filter; the score with
 * the share of every source, and those sources' own opinions; the intent and how it ended. */
static const char trace_sql[] =
    "WITH d AS (SELECT * FROM decision WHERE signal_id = " UUID_1 ALL_BOUND "), rows AS ("
    " SELECT 1 AS rank, s.ts_ns AS at_ns, 'opinion' AS kind, s.strategy || '@' ||"
    "  s.interval_s || 's ' || s.side || ' ' || s.symbol || ' at ' || e8(s.price_e8) ||"
    "  ', confidence ' || e8(s.confidence_e8) || ': ' || s.status || ' (' || s.reason || ')'"
    "  AS summary, jsonb_build_object('signal_id', s.signal_id, 'causation_id', s.causation_id,"
    "  'status', s.status, 'reason', s.reason, 'score', e8(s.score_e8), 'confidence',"
    "  e8(s.confidence_e8), 'quality', e8(s.quality_e8), 'data_ts_ns', s.data_ts_ns::text,"
    "  'values', s.\"values\") AS detail FROM signal s WHERE s.signal_id = " UUID_1
    "  OR s.signal_id IN (SELECT (x->>'signal_id')::uuid FROM d, jsonb_array_elements(d.shares) x)"
    " UNION ALL"
    " SELECT 2, d.decided_ns, 'decision', 'score ' || e8(d.score_e8) || ' against ' ||"
    "  e8(d.threshold_e8) || ' from ' || jsonb_array_length(d.shares) || ' source(s): ' ||"
    "  d.reason, jsonb_build_object('purpose', d.purpose, 'reason', d.reason, 'score',"
    "  e8(d.score_e8), 'threshold', e8(d.threshold_e8), 'shares', d.shares) FROM d"
    " UNION ALL"
    " SELECT 3, i.decided_ns, 'intent', i.purpose || ' ' || i.side || ' ' || i.symbol ||"
    "  CASE WHEN i.qty_e8 > 0 THEN ' ' || e8(i.qty_e8) ELSE '' END || ', stop ' ||"
    "  e8(i.stop_loss_e8) || ', target ' || e8(i.take_profit_e8), jsonb_build_object('intent_id',"
    "  i.intent_id, 'order_type', i.order_type, 'tif', i.tif, 'reduce_only', i.reduce_only,"
    "  'qty', e8(i.qty_e8), 'limit_price', e8(i.limit_price_e8), 'reference_price',"
    "  e8(i.reference_price_e8), 'stop_loss', e8(i.stop_loss_e8), 'take_profit',"
    "  e8(i.take_profit_e8), 'not_after_ns', i.not_after_ns::text, 'order_state', f.order_state,"
    "  'ended', f.reason) FROM intent i LEFT JOIN flight f USING (intent_id)"
    "  WHERE i.signal_id = " UUID_1 ")"
    " SELECT 'signals' AS hop, at_ns, kind, summary, detail FROM rows ORDER BY at_ns, rank LIMIT "
    "200";

const cb_query signals_queries[] = {
    {"signals", signals_sql},
    {"intents", intents_sql},
    {"decisions", decisions_sql},
    {"positions", positions_sql},
    {"strategies", strategies_sql},
    {"rules", rules_sql},
    {"resolve", resolve_sql},
    {"trace", trace_sql},
};
const size_t signals_queries_count = sizeof signals_queries / sizeof signals_queries[0];
