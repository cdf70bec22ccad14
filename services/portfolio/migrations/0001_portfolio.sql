-- The books. Entries and fills are only ever inserted; sums, positions, balances, marks and the
-- account are the present state and can be rebuilt from them. The service's role has no DELETE.

CREATE TABLE account (
    account text PRIMARY KEY CHECK (account <> ''),
    venue text NOT NULL CHECK (venue <> ''),
    quote_asset text NOT NULL CHECK (quote_asset <> ''),
    is_open boolean NOT NULL,
    is_valued boolean NOT NULL,
    fills_base bigint NOT NULL,
    fills_count bigint NOT NULL CHECK (fills_count >= 0),
    entries_count bigint NOT NULL CHECK (entries_count >= 0),
    differences_total bigint NOT NULL CHECK (differences_total >= 0),
    differences_count bigint NOT NULL CHECK (differences_count BETWEEN 0 AND differences_total),
    refused_count bigint NOT NULL CHECK (refused_count >= 0),
    outdated_count bigint NOT NULL CHECK (outdated_count >= 0),
    fees_e8 bigint NOT NULL,
    fees_unvalued_count bigint NOT NULL CHECK (fees_unvalued_count >= 0),
    transfers_e8 bigint NOT NULL,
    equity_e8 bigint NOT NULL,
    cash_e8 bigint NOT NULL,
    exposure_e8 bigint NOT NULL CHECK (exposure_e8 >= 0),
    realised_pnl_e8 bigint NOT NULL,
    unrealised_pnl_e8 bigint NOT NULL,
    day_pnl_e8 bigint NOT NULL,
    peak_equity_e8 bigint NOT NULL,
    drawdown_e8 bigint NOT NULL CHECK (drawdown_e8 >= 0),
    day_start_ns bigint NOT NULL CHECK (day_start_ns % 86400000000000 = 0),
    day_start_equity_e8 bigint NOT NULL,
    snapshot_ns bigint NOT NULL,
    updated_ns bigint NOT NULL,
    CHECK (peak_equity_e8 >= equity_e8 OR NOT is_valued)
);

-- True when the postings of an entry sum to zero for every asset.
CREATE FUNCTION is_balanced(postings jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT jsonb_array_length(postings) >= 2 AND NOT EXISTS (
            SELECT 1 FROM jsonb_array_elements(postings) p
            GROUP BY p ->> 'asset' HAVING sum((p ->> 'amount')::numeric) <> 0)
    $$;

CREATE TABLE ledger_entry (
    entry_id uuid PRIMARY KEY,
    correlation_id uuid,
    cause_id uuid,
    account text NOT NULL,
    venue text NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('fill', 'deposit', 'withdrawal', 'opening', 'correction')),
    reference text NOT NULL CHECK (reference <> ''),
    number bigint NOT NULL CHECK (number > 0),
    venue_ts_ns bigint NOT NULL,
    booked_ns bigint NOT NULL,
    postings jsonb NOT NULL CHECK (is_balanced(postings)),
    UNIQUE (account, number)
);
CREATE INDEX ledger_entry_correlation ON ledger_entry (correlation_id);

CREATE VIEW ledger_posting AS
    SELECT e.entry_id, e.number, e.account, e.kind, e.booked_ns, p.position,
        p.value ->> 'ledger_account' AS ledger_account, p.value ->> 'asset' AS asset,
        (p.value ->> 'amount')::numeric AS amount
    FROM ledger_entry e, jsonb_array_elements(e.postings) WITH ORDINALITY AS p (value, position);

CREATE TABLE ledger_sum (
    ledger_account text NOT NULL CHECK (ledger_account <> ''),
    asset text NOT NULL CHECK (asset <> ''),
    amount_e8 bigint NOT NULL,
    number bigint NOT NULL UNIQUE CHECK (number > 0),
    PRIMARY KEY (ledger_account, asset)
);

CREATE TABLE fill (
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL CHECK (symbol <> ''),
    trade_id bigint NOT NULL,
    entry_id uuid NOT NULL UNIQUE REFERENCES ledger_entry (entry_id),
    event_id uuid,
    correlation_id uuid,
    intent_id uuid,
    venue_order_id text NOT NULL,
    client_order_id text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 >= 0),
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    quote_qty_e8 bigint NOT NULL CHECK (quote_qty_e8 >= 0),
    fee_e8 bigint NOT NULL,
    fee_asset text NOT NULL,
    fee_quote_e8 bigint NOT NULL,
    is_fee_valued boolean NOT NULL,
    base_asset text NOT NULL CHECK (base_asset <> ''),
    quote_asset text NOT NULL CHECK (quote_asset <> ''),
    is_maker boolean NOT NULL,
    realised_e8 bigint NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    venue_ts_ns bigint NOT NULL,
    booked_ns bigint NOT NULL,
    PRIMARY KEY (account, venue, symbol, trade_id),
    UNIQUE (account, number),
    CHECK (fee_e8 = 0 OR fee_asset <> ''),
    CHECK (is_fee_valued OR fee_quote_e8 = 0)
);
CREATE INDEX fill_correlation ON fill (correlation_id);
CREATE INDEX fill_intent ON fill (intent_id);

CREATE TABLE position (
    account text NOT NULL,
    symbol text NOT NULL CHECK (symbol <> ''),
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    qty_e8 bigint NOT NULL,
    cost_e8 bigint NOT NULL,
    realised_e8 bigint NOT NULL,
    opened_ns bigint NOT NULL,
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, symbol),
    CHECK (qty_e8 <> 0 OR cost_e8 = 0),
    CHECK (qty_e8 <= 0 OR cost_e8 >= 0)
);

CREATE TABLE mark (
    venue text NOT NULL,
    symbol text NOT NULL,
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 >= 0),
    close_ts_ns bigint NOT NULL,
    PRIMARY KEY (venue, symbol)
);

CREATE TABLE balance (
    account text NOT NULL,
    asset text NOT NULL CHECK (asset <> ''),
    amount_e8 bigint NOT NULL,
    venue_free_e8 bigint NOT NULL,
    venue_locked_e8 bigint NOT NULL,
    venue_ts_ns bigint NOT NULL,
    difference_id uuid,
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, asset)
);

CREATE TABLE difference (
    difference_id uuid PRIMARY KEY,
    number bigint NOT NULL CHECK (number > 0),
    account text NOT NULL,
    venue text NOT NULL,
    asset text NOT NULL CHECK (asset <> ''),
    expected_e8 bigint NOT NULL,
    seen_e8 bigint NOT NULL,
    amount_e8 bigint NOT NULL CHECK (amount_e8 <> 0),
    fills_count bigint NOT NULL,
    is_open boolean NOT NULL,
    resolved_by text NOT NULL,
    first_ns bigint NOT NULL,
    last_ns bigint NOT NULL CHECK (last_ns >= first_ns),
    resolved_ns bigint NOT NULL,
    UNIQUE (account, number),
    CHECK (is_open = (resolved_by = ''))
);

-- The equity curve: one row a minute.
CREATE TABLE snapshot (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    account text NOT NULL,
    venue text NOT NULL,
    quote_asset text NOT NULL,
    equity_e8 bigint NOT NULL,
    cash_e8 bigint NOT NULL,
    exposure_e8 bigint NOT NULL,
    realised_pnl_e8 bigint NOT NULL,
    unrealised_pnl_e8 bigint NOT NULL,
    fees_e8 bigint NOT NULL,
    day_pnl_e8 bigint NOT NULL,
    peak_equity_e8 bigint NOT NULL,
    drawdown_e8 bigint NOT NULL,
    differences_count bigint NOT NULL,
    positions jsonb NOT NULL,
    balances jsonb NOT NULL,
    fills_count bigint NOT NULL
);
CREATE INDEX snapshot_ts ON snapshot (account, ts_ns);
