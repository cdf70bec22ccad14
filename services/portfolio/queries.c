/* What the portfolio answers over the bus: figures, positions, balances, fills, the ledger and the
 * differences for people; resolve and trace for `explain`. Money leaves as exact text. */
#include "services/portfolio/portfolio_shell.h"

#define UUID_1                                                                                     \
    "(CASE WHEN $1 ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN $1::uuid END)"
#define ALL_BOUND " AND ($1::text, $2::text, $3::bigint, $4::text) IS NOT NULL"

static const char portfolio_sql[] =
    "SELECT account, venue, quote_asset, is_valued, e8(equity_e8) AS equity, e8(cash_e8) AS cash,"
    " e8(exposure_e8) AS exposure, e8(realised_pnl_e8) AS realised_pnl,"
    " e8(unrealised_pnl_e8) AS unrealised_pnl, e8(fees_e8) AS fees, fees_unvalued_count,"
    " e8(transfers_e8) AS transfers, e8(day_pnl_e8) AS day_pnl,"
    " e8(day_start_equity_e8) AS day_start_equity, e8(peak_equity_e8) AS peak_equity,"
    " e8(drawdown_e8) AS drawdown, fills_count, entries_count, differences_count, refused_count,"
    " updated_ns FROM account WHERE ($1 = '' OR account = $1)" ALL_BOUND " ORDER BY account";

/* Open ones; with the id "all" also those that are closed. */
static const char positions_sql[] =
    "SELECT p.account, p.symbol, e8(p.qty_e8) AS qty, e8(CASE WHEN p.qty_e8 = 0 THEN 0"
    "  ELSE least(round(p.cost_e8::numeric * 100000000 / p.qty_e8), 9223372036854775807) "
    "END::bigint)"
    "  AS average_cost,"
    " e8(p.cost_e8) AS cost, e8(m.price_e8) AS mark_price,"
    " e8(round(p.qty_e8::numeric * m.price_e8 / 100000000)::bigint) AS notional,"
    " e8(p.realised_e8) AS realised_pnl,"
    " e8(round(p.qty_e8::numeric * m.price_e8 / 100000000)::bigint - p.cost_e8) AS unrealised_pnl,"
    " p.opened_ns, p.updated_ns FROM position p LEFT JOIN mark m USING (symbol)"
    " WHERE ($1 = 'all' OR p.qty_e8 <> 0) AND ($2 = '' OR p.symbol = $2)" ALL_BOUND
    " ORDER BY p.account, p.symbol LIMIT $3";

static const char balances_sql[] =
    "SELECT b.account, b.asset, e8(b.amount_e8) AS total,"
    " e8(b.amount_e8 - b.venue_locked_e8) AS free, e8(b.venue_locked_e8) AS locked,"
    " e8(b.venue_free_e8) AS venue_free,"
    " e8(b.venue_locked_e8) AS venue_locked, b.venue_ts_ns, d.difference_id,"
    " e8(coalesce(d.amount_e8, 0)) AS difference, b.updated_ns"
    " FROM balance b LEFT JOIN difference d USING (difference_id)"
    " WHERE ($1 = '' OR b.asset = $1)" ALL_BOUND " ORDER BY b.account, b.asset LIMIT $3";

static const char fills_sql[] =
    "SELECT venue_ts_ns, booked_ns, account, venue, symbol, trade_id::text AS trade_id, side,"
    " purpose, e8(price_e8) AS price, e8(qty_e8) AS qty, e8(quote_qty_e8) AS quote_qty,"
    " e8(fee_e8) AS fee, fee_asset, e8(fee_quote_e8) AS fee_quote, is_maker,"
    " e8(realised_e8) AS realised, strategy, intent_id, client_order_id, venue_order_id,"
    " correlation_id, entry_id, number, number::text AS cursor FROM fill"
    " WHERE ($1 = '' OR intent_id = " UUID_1 " OR symbol || ':' || trade_id = $1)"
    " AND ($2 = '' OR symbol = $2) AND ($4 = '' OR number < $4::bigint)" ALL_BOUND
    " ORDER BY number DESC LIMIT $3";

static const char ledger_sql[] =
    "SELECT number, entry_id, kind, reference, account, venue, venue_ts_ns, booked_ns,"
    " correlation_id, postings, number::text AS cursor FROM ledger_entry"
    " WHERE ($1 = '' OR entry_id = " UUID_1 " OR correlation_id = " UUID_1 ")"
    " AND ($2 = '' OR reference LIKE '%:' || $2 || '%')"
    " AND ($4 = '' OR number < $4::bigint)" ALL_BOUND " ORDER BY number DESC LIMIT $3";

static const char sums_sql[] =
    "SELECT ledger_account, asset, e8(amount_e8) AS amount FROM ledger_sum"
    " WHERE ($1 = '' OR ledger_account = $1)" ALL_BOUND " ORDER BY ledger_account, asset";

static const char differences_sql[] =
    "SELECT number, difference_id, account, venue, asset, e8(expected_e8) AS expected,"
    " e8(seen_e8) AS seen, e8(amount_e8) AS amount, fills_count, is_open, resolved_by, first_ns,"
    " last_ns, resolved_ns, number::text AS cursor FROM difference WHERE ($1 = '' OR asset = $1)"
    " AND ($4 = '' OR number < $4::bigint)" ALL_BOUND " ORDER BY number DESC LIMIT $3";

static const char snapshots_sql[] =
    "SELECT ts_ns, account, e8(equity_e8) AS equity, e8(cash_e8) AS cash,"
    " e8(exposure_e8) AS exposure, e8(realised_pnl_e8) AS realised_pnl,"
    " e8(unrealised_pnl_e8) AS unrealised_pnl, e8(fees_e8) AS fees, e8(day_pnl_e8) AS day_pnl,"
    " e8(drawdown_e8) AS drawdown, differences_count, fills_count, ts_ns::text AS cursor"
    " FROM snapshot"
    " WHERE ($1 = '' OR account = $1) AND ($4 = '' OR ts_ns < $4::bigint)" ALL_BOUND
    " ORDER BY ts_ns DESC LIMIT $3";

/* A fill ("SYMBOL:trade id" or its event), an entry, an intent, or the order by either of its ids.
 */
static const char resolve_sql[] =
    "SELECT correlation_id FROM ("
    " SELECT correlation_id FROM fill WHERE symbol || ':' || trade_id = $1 OR event_id = " UUID_1
    "  OR intent_id = " UUID_1 " OR correlation_id = " UUID_1 " OR client_order_id = $1"
    " UNION ALL SELECT correlation_id FROM ledger_entry WHERE entry_id = " UUID_1
    "  OR cause_id = " UUID_1 ") found"
    " WHERE correlation_id IS NOT NULL AND $1 <> ''" ALL_BOUND " LIMIT 1";

static const char trace_sql[] =
    "WITH rows AS ("
    " SELECT e.booked_ns AS at_ns, e.number, 1 AS rank, 'ledger' AS kind, e.kind || ' ' ||"
    "  (SELECT string_agg(CASE WHEN p.amount > 0 THEN '+' ELSE '' END ||"
    "   trim_scale(p.amount)::text || ' ' || p.asset, ', ' ORDER BY p.position)"
    "   FROM ledger_posting p WHERE p.entry_id = e.entry_id"
    "   AND p.ledger_account LIKE 'assets/%') AS summary,"
    "  jsonb_build_object('entry_id', e.entry_id, 'reference', e.reference, 'number', e.number,"
    "   'postings', e.postings) AS detail FROM ledger_entry e WHERE e.correlation_id = " UUID_1
    " UNION ALL SELECT booked_ns, number, 2, 'fill', side || ' ' || e8(qty_e8) || ' ' || symbol ||"
    "  ' at ' || e8(price_e8) || ', fee ' || e8(fee_e8) || ' ' || fee_asset || ', realised ' ||"
    "  e8(realised_e8), jsonb_build_object('fill', symbol || ':' || trade_id, 'intent_id',"
    "  intent_id, 'client_order_id', client_order_id, 'venue_ts_ns', venue_ts_ns, 'entry_id',"
    "  entry_id) FROM fill WHERE correlation_id = " UUID_1 ")"
    " SELECT 'portfolio' AS hop, at_ns, kind, summary, detail FROM rows WHERE at_ns IS NOT "
    "NULL" ALL_BOUND " ORDER BY at_ns, rank, number";

const cb_query portfolio_queries[] = {
    {"portfolio", portfolio_sql},
    {"positions", positions_sql},
    {"balances", balances_sql},
    {"fills", fills_sql},
    {"ledger", ledger_sql},
    {"sums", sums_sql},
    {"differences", differences_sql},
    {"snapshots", snapshots_sql},
    {"resolve", resolve_sql},
    {"trace", trace_sql},
};
const size_t portfolio_queries_count = sizeof(portfolio_queries) / sizeof(portfolio_queries[0]);
