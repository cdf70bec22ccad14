/* What the validator answers over the bus. An answer has to fit the bus's 64 KiB: a quarantined
 * body comes when its message is asked for by id. Resolve and trace are for `explain`: which
 * correlation an id belongs to, and what is known of the ticks behind it. */
#include "services/validator/validator_shell.h"

#define UUID_1                                                                                     \
    "(CASE WHEN $1 ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN $1::uuid END)"
#define ALL_BOUND " AND ($1::text, $2::text, $3::bigint, $4::text) IS NOT NULL"

static const char candles_sql[] =
    "SELECT venue, symbol, interval_s, open_ts_ns::text AS open_ts_ns,"
    " close_ts_ns::text AS close_ts_ns, e8(open_e8) AS open, e8(high_e8) AS high,"
    " e8(low_e8) AS low, e8(close_e8) AS close, e8(volume_e8) AS volume,"
    " e8(quote_volume_e8) AS quote_volume, trades_count, is_backfill"
    " FROM md_candle WHERE ($2 = '' OR symbol = $2)"
    " AND ($4 = '' OR open_ts_ns < $4::bigint)" ALL_BOUND
    " ORDER BY open_ts_ns DESC, symbol LIMIT $3";

static const char quality_sql[] =
    "SELECT DISTINCT ON (venue, symbol) venue, symbol, e8(score_e8) AS score, checked_count,"
    " failed_count, is_stale, is_book_valid, last_data_ns::text AS last_data_ns,"
    " ts_ns::text AS ts_ns"
    " FROM quality_score WHERE ($2 = '' OR symbol = $2)" ALL_BOUND
    " ORDER BY venue, symbol, ts_ns DESC LIMIT $3";

static const char quarantine_sql[] =
    "SELECT id::text AS id, causation_id, venue, symbol, subject_kind, expectation, observed,"
    " expected, severity, quarantined_ns::text AS quarantined_ns,"
    " CASE WHEN $1 <> '' THEN body END AS body"
    " FROM quarantine WHERE ($1 = '' OR causation_id = " UUID_1 ")"
    " AND ($2 = '' OR symbol = $2) AND ($4 = '' OR id < $4::bigint)" ALL_BOUND
    " ORDER BY id DESC LIMIT $3";

static const char findings_sql[] =
    "SELECT event_id, causation_id, venue, symbol, subject_kind, expectation, observed, expected,"
    " severity, ts_ns::text AS ts_ns FROM finding WHERE ($2 = '' OR symbol = $2)"
    " AND ($4 = '' OR ts_ns < $4::bigint)" ALL_BOUND " ORDER BY ts_ns DESC LIMIT $3";

static const char resolve_sql[] =
    "SELECT correlation_id FROM tick_quality"
    " WHERE (signal_id = " UUID_1 " OR causation_id = " UUID_1 " OR correlation_id = " UUID_1
    ")" ALL_BOUND " ORDER BY noted_ns LIMIT 1";

/* Three kinds of rows: the quality at the decision, the candle it was made on, and what was refused
 * or warned of in the minute before. */
static const char trace_sql[] =
    "WITH t AS (SELECT * FROM tick_quality WHERE correlation_id = " UUID_1 ALL_BOUND "),"
    " rows AS ("
    " SELECT 1 AS rank, c.recv_ns AS at_ns, 'candle' AS kind,"
    "  c.symbol || ' 1m close ' || e8(c.close_e8) AS summary,"
    "  jsonb_build_object('event_id', c.event_id, 'open_ts_ns', c.open_ts_ns::text, 'open',"
    "   e8(c.open_e8), 'high', e8(c.high_e8), 'low', e8(c.low_e8), 'close', e8(c.close_e8),"
    "   'volume', e8(c.volume_e8), 'is_backfill', c.is_backfill) AS detail"
    " FROM t JOIN md_candle c ON c.venue = t.venue AND c.symbol = t.symbol AND c.interval_s = 60"
    "  AND c.open_ts_ns = t.data_ts_ns - 60000000000"
    " UNION ALL"
    " SELECT 2, t.noted_ns, 'quality', 'score ' || e8(t.score_e8) || ': ' || t.checked_count ||"
    "  ' checked, ' || t.failed_count || ' failed' || CASE WHEN t.is_stale THEN ', stale'"
    "  ELSE '' END, jsonb_build_object('score', e8(t.score_e8), 'checked_count', t.checked_count,"
    "  'failed_count', t.failed_count, 'is_stale', t.is_stale, 'is_book_valid', t.is_book_valid,"
    "  'last_data_ns', t.last_data_ns::text, 'causation_id', t.causation_id) FROM t"
    " UNION ALL"
    " SELECT 0, q.quarantined_ns, 'quarantined', q.subject_kind || ' ' || q.expectation || ': ' ||"
    "  q.observed || ', expected ' || q.expected, jsonb_build_object('id', q.id::text,"
    "  'causation_id', q.causation_id) FROM t JOIN quarantine q ON q.symbol = t.symbol"
    "  AND q.quarantined_ns BETWEEN t.noted_ns - 60000000000 AND t.noted_ns"
    " UNION ALL"
    " SELECT 0, f.ts_ns, 'warning', f.subject_kind || ' ' || f.expectation || ': ' || f.observed ||"
    "  ', expected ' || f.expected, jsonb_build_object('event_id', f.event_id)"
    "  FROM t JOIN finding f ON f.symbol = t.symbol"
    "  AND f.ts_ns BETWEEN t.noted_ns - 60000000000 AND t.noted_ns)"
    " SELECT hop, at_ns, kind, summary, detail FROM"
    " (SELECT DISTINCT ON (at_ns, rank, kind, summary) 'validator' AS hop, rows.* FROM rows"
    "  ORDER BY at_ns DESC, rank DESC, kind, summary LIMIT 100) newest ORDER BY at_ns, rank";

const cb_query validator_queries[] = {
    {"candles", candles_sql},
    {"quality", quality_sql},
    {"quarantine", quarantine_sql},
    {"findings", findings_sql},
    {"resolve", resolve_sql},
    {"trace", trace_sql},
};
const size_t validator_queries_count = sizeof validator_queries / sizeof validator_queries[0];
