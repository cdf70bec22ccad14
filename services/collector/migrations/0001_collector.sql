-- Instruments as last stated by the venue.
CREATE TABLE instruments (
    venue text NOT NULL,
    symbol text NOT NULL,
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    status text NOT NULL,
    tick_size_e8 bigint NOT NULL CHECK (tick_size_e8 >= 0),
    price_min_e8 bigint NOT NULL CHECK (price_min_e8 >= 0),
    price_max_e8 bigint NOT NULL CHECK (price_max_e8 >= 0),
    lot_size_e8 bigint NOT NULL CHECK (lot_size_e8 >= 0),
    qty_min_e8 bigint NOT NULL CHECK (qty_min_e8 >= 0),
    qty_max_e8 bigint NOT NULL CHECK (qty_max_e8 >= 0),
    market_qty_max_e8 bigint NOT NULL CHECK (market_qty_max_e8 >= 0),
    notional_min_e8 bigint NOT NULL CHECK (notional_min_e8 >= 0),
    notional_max_e8 bigint NOT NULL CHECK (notional_max_e8 >= 0),
    bid_multiplier_up_e8 bigint NOT NULL,
    bid_multiplier_down_e8 bigint NOT NULL,
    ask_multiplier_up_e8 bigint NOT NULL,
    ask_multiplier_down_e8 bigint NOT NULL,
    open_orders_max bigint NOT NULL,
    recv_ns bigint NOT NULL,
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint,
    seq bigint,
    ts_ns bigint,
    origin_ns bigint,
    PRIMARY KEY (venue, symbol)
);

-- One row per connection to a market stream. closed_ns = 0: open, or the process died.
CREATE TABLE sessions (
    session_id uuid PRIMARY KEY,
    venue text NOT NULL,
    epoch bigint NOT NULL,
    slot bigint NOT NULL,
    opened_ns bigint NOT NULL,
    live_ns bigint NOT NULL,
    closed_ns bigint NOT NULL,
    reason text NOT NULL
);
CREATE INDEX sessions_opened ON sessions (opened_ns);

-- One row per hole in the data and what became of it.
CREATE TABLE gaps (
    gap_id uuid PRIMARY KEY,
    venue text NOT NULL,
    symbol text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('trade', 'candle', 'book')),
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    from_ns bigint NOT NULL,
    to_ns bigint NOT NULL,
    found_ns bigint NOT NULL,
    closed_ns bigint NOT NULL,
    missing_count bigint NOT NULL,
    repaired_count bigint NOT NULL CHECK (repaired_count <= missing_count),
    state text NOT NULL CHECK (state IN ('open', 'repaired', 'partly', 'lost'))
);
CREATE INDEX gaps_found ON gaps (symbol, found_ns);
