-- What risk knows and has decided. Rows that are the present state are updated in place; rows that
-- are history (fill, limits, judgement, permit, denial, intent, kill_change) are only ever inserted.
-- The service's role has no DELETE.

CREATE TABLE account (
    account text PRIMARY KEY CHECK (account <> ''),
    is_open boolean NOT NULL,
    is_valued boolean NOT NULL,
    is_unsure boolean NOT NULL,
    fills_base bigint NOT NULL,
    fills_count bigint NOT NULL CHECK (fills_count >= 0),
    judged_count bigint NOT NULL CHECK (judged_count >= 0),
    reserved_count bigint NOT NULL CHECK (reserved_count >= 0),
    outdated_count bigint NOT NULL CHECK (outdated_count >= 0),
    equity_e8 bigint NOT NULL,
    day_start_ns bigint NOT NULL CHECK (day_start_ns % 86400000000000 = 0),
    day_start_equity_e8 bigint NOT NULL,
    peak_equity_e8 bigint NOT NULL,
    loss_latched_ns bigint NOT NULL,
    is_drawdown_latched boolean NOT NULL,
    kill_version bigint NOT NULL CHECK (kill_version >= 0),
    updated_ns bigint NOT NULL,
    held_count bigint NOT NULL CHECK (held_count >= 0),
    CHECK (peak_equity_e8 >= equity_e8 OR NOT is_valued)
);

CREATE TABLE balance (
    account text NOT NULL,
    asset text NOT NULL CHECK (asset <> ''),
    total_e8 bigint NOT NULL,
    pending_e8 bigint NOT NULL,
    unexplained_e8 bigint NOT NULL,
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, asset)
);

CREATE TABLE position (
    account text NOT NULL,
    symbol text NOT NULL CHECK (symbol <> ''),
    qty_e8 bigint NOT NULL,
    cost_e8 bigint NOT NULL,
    realised_e8 bigint NOT NULL,
    opened_ns bigint NOT NULL,
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, symbol),
    CHECK (qty_e8 <> 0 OR cost_e8 = 0)
);

CREATE TABLE mark (
    venue text NOT NULL,
    symbol text NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 > 0),
    close_ts_ns bigint NOT NULL,
    PRIMARY KEY (venue, symbol)
);

CREATE TABLE instrument (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    base_asset text NOT NULL CHECK (base_asset <> ''),
    quote_asset text NOT NULL CHECK (quote_asset <> ''),
    status text NOT NULL,
    tick_size_e8 bigint NOT NULL CHECK (tick_size_e8 >= 0),
    price_min_e8 bigint NOT NULL,
    price_max_e8 bigint NOT NULL,
    lot_size_e8 bigint NOT NULL CHECK (lot_size_e8 >= 0),
    qty_min_e8 bigint NOT NULL,
    qty_max_e8 bigint NOT NULL,
    market_qty_max_e8 bigint NOT NULL,
    notional_min_e8 bigint NOT NULL,
    notional_max_e8 bigint NOT NULL,
    bid_multiplier_up_e8 bigint NOT NULL,
    bid_multiplier_down_e8 bigint NOT NULL,
    ask_multiplier_up_e8 bigint NOT NULL,
    ask_multiplier_down_e8 bigint NOT NULL,
    open_orders_max bigint NOT NULL,
    recv_ns bigint NOT NULL,
    PRIMARY KEY (venue, symbol)
);

-- The claim that an order has on cash and limits; remaining is what is still reserved.
CREATE TABLE reservation (
    intent_id uuid PRIMARY KEY,
    correlation_id uuid,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL CHECK (symbol <> ''),
    strategy text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    state text NOT NULL,
    is_terminal boolean NOT NULL,
    is_foreign boolean NOT NULL,
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    cum_qty_e8 bigint NOT NULL CHECK (cum_qty_e8 BETWEEN 0 AND qty_e8),
    remaining_e8 bigint NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 > 0),
    unit_cost_e8 bigint NOT NULL CHECK (unit_cost_e8 >= price_e8),
    version bigint NOT NULL CHECK (version >= 0),
    number bigint NOT NULL CHECK (number > 0),
    reserved_ns bigint NOT NULL,
    updated_ns bigint NOT NULL,
    UNIQUE (account, number),
    CHECK (remaining_e8 = CASE WHEN is_terminal THEN 0 ELSE qty_e8 - cum_qty_e8 END),
    CHECK (is_terminal = (state IN ('filled', 'canceled', 'expired', 'rejected', 'not_sent')))
);
CREATE INDEX reservation_open ON reservation (account, number) WHERE NOT is_terminal;
CREATE INDEX reservation_correlation ON reservation (correlation_id);

CREATE TABLE fill (
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    trade_id bigint NOT NULL,
    intent_id uuid,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    price_e8 bigint NOT NULL,
    quote_qty_e8 bigint NOT NULL CHECK (quote_qty_e8 >= 0),
    fee_e8 bigint NOT NULL,
    fee_asset text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    ts_ns bigint NOT NULL,
    PRIMARY KEY (account, venue, symbol, trade_id),
    UNIQUE (account, number)
);

CREATE TABLE counter (
    name text PRIMARY KEY CHECK (name ~ '^(account|strategy):.+$'),
    full_ns bigint NOT NULL CHECK (full_ns >= 0)
);

CREATE TABLE limits (
    version bigint PRIMARY KEY CHECK (version > 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    since_ns bigint NOT NULL,
    limits jsonb NOT NULL CHECK (jsonb_array_length(limits) > 0)
);

CREATE TABLE judgement (
    intent_id uuid PRIMARY KEY,
    correlation_id uuid,
    number bigint NOT NULL CHECK (number > 0),
    account text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    is_granted boolean NOT NULL,
    rule text NOT NULL,
    wanted_qty_e8 bigint NOT NULL CHECK (wanted_qty_e8 >= 0),
    qty_e8 bigint NOT NULL CHECK (qty_e8 >= 0),
    equity_e8 bigint NOT NULL,
    exposure_e8 bigint NOT NULL CHECK (exposure_e8 >= 0),
    limits_version bigint NOT NULL REFERENCES limits (version),
    judged_ns bigint NOT NULL,
    verdicts jsonb NOT NULL,
    CHECK (is_granted = (rule = '')),
    CHECK (NOT is_granted OR qty_e8 > 0)
);
CREATE INDEX judgement_number ON judgement (number);
CREATE INDEX judgement_correlation ON judgement (correlation_id);

-- One row per rule and intent, in the order of evaluation.
CREATE VIEW verdict AS
    SELECT j.intent_id, j.correlation_id, j.number, j.symbol, j.strategy, j.judged_ns,
        v.position, v.value ->> 'rule' AS rule, (v.value ->> 'is_pass')::boolean AS is_pass,
        v.value ->> 'observed' AS observed, v.value ->> 'limit' AS "limit",
        v.value ->> 'unit' AS unit
    FROM judgement j, jsonb_array_elements(j.verdicts) WITH ORDINALITY AS v (value, position);

CREATE TABLE permit (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    permit_id uuid NOT NULL UNIQUE,
    intent_id uuid NOT NULL UNIQUE,
    signal_id uuid,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL,
    order_type text NOT NULL,
    tif text NOT NULL,
    reduce_only boolean NOT NULL,
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    limit_price_e8 bigint NOT NULL CHECK (limit_price_e8 >= 0),
    reference_price_e8 bigint NOT NULL CHECK (reference_price_e8 > 0),
    stop_loss_e8 bigint NOT NULL CHECK (stop_loss_e8 >= 0),
    take_profit_e8 bigint NOT NULL CHECK (take_profit_e8 >= 0),
    data_ts_ns bigint NOT NULL,
    not_after_ns bigint NOT NULL,
    expires_ns bigint NOT NULL CHECK (expires_ns <= not_after_ns),
    limits_version bigint NOT NULL REFERENCES limits (version),
    reserved_e8 bigint NOT NULL CHECK (reserved_e8 >= 0),
    order_hash bytea NOT NULL CHECK (octet_length(order_hash) = 32),
    mac bytea NOT NULL CHECK (octet_length(mac) = 32),
    verdicts jsonb NOT NULL
);
CREATE INDEX permit_correlation ON permit (correlation_id);

CREATE TABLE denial (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    intent_id uuid NOT NULL UNIQUE,
    signal_id uuid,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL,
    purpose text NOT NULL,
    rule text NOT NULL CHECK (rule <> ''),
    observed_e8 bigint NOT NULL,
    limit_e8 bigint NOT NULL,
    unit text NOT NULL,
    detail text NOT NULL,
    limits_version bigint NOT NULL REFERENCES limits (version),
    verdicts jsonb NOT NULL
);
CREATE INDEX denial_seq ON denial (seq);
CREATE INDEX denial_correlation ON denial (correlation_id);

-- Intents that had to wait for their candle, and whether they still do.
CREATE TABLE intent (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    intent_id uuid PRIMARY KEY,
    signal_id uuid,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL,
    purpose text NOT NULL,
    order_type text NOT NULL,
    tif text NOT NULL,
    reduce_only boolean NOT NULL,
    qty_e8 bigint NOT NULL,
    limit_price_e8 bigint NOT NULL,
    reference_price_e8 bigint NOT NULL,
    stop_loss_e8 bigint NOT NULL,
    take_profit_e8 bigint NOT NULL,
    score_e8 bigint NOT NULL,
    decided_ns bigint NOT NULL,
    data_ts_ns bigint NOT NULL,
    not_after_ns bigint NOT NULL
);

CREATE TABLE held (
    intent_id uuid PRIMARY KEY REFERENCES intent (intent_id),
    is_held boolean NOT NULL,
    number bigint NOT NULL UNIQUE CHECK (number > 0),
    deadline_ns bigint NOT NULL
);

-- The kill latch as it is, and every change that it had.
CREATE TABLE kill (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    scope text PRIMARY KEY CHECK (scope = '*' OR scope ~ '^(venue|account|symbol|strategy):.+$'),
    level bigint NOT NULL CHECK (level BETWEEN 0 AND 4),
    reason text NOT NULL CHECK (reason <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    raised_ns bigint NOT NULL,
    version bigint NOT NULL CHECK (version > 0)
);

CREATE TABLE kill_change (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    scope text NOT NULL,
    level bigint NOT NULL CHECK (level BETWEEN 0 AND 4),
    reason text NOT NULL CHECK (reason <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    raised_ns bigint NOT NULL,
    version bigint PRIMARY KEY CHECK (version > 0)
);
