-- Signals with their ends, intents, decisions, what is held, intents on their way, kill latches.

CREATE TABLE signal (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    signal_id uuid PRIMARY KEY,
    strategy text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    interval_s bigint NOT NULL CHECK (interval_s > 0),
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL,
    price_e8 bigint NOT NULL,
    score_e8 bigint NOT NULL CHECK (score_e8 BETWEEN -100000000 AND 100000000),
    confidence_e8 bigint NOT NULL,
    quality_e8 bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('dropped', 'aggregated', 'decided')),
    reason text NOT NULL CHECK (reason <> ''),
    intent_id uuid,
    data_ts_ns bigint NOT NULL,
    "values" jsonb NOT NULL,
    CHECK ((status = 'decided') = (intent_id IS NOT NULL))
);
CREATE INDEX signal_data ON signal (data_ts_ns);
CREATE INDEX signal_symbol ON signal (symbol, ts_ns);
CREATE INDEX signal_correlation ON signal (correlation_id);
CREATE INDEX signal_intent ON signal (intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX signal_causation ON signal (causation_id);

CREATE TABLE intent (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    intent_id uuid PRIMARY KEY,
    signal_id uuid NOT NULL,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL CHECK (purpose IN ('entry', 'exit', 'stop_loss', 'take_profit')),
    order_type text NOT NULL CHECK (order_type IN ('market', 'limit')),
    tif text NOT NULL,
    reduce_only boolean NOT NULL,
    qty_e8 bigint NOT NULL CHECK (qty_e8 >= 0),
    limit_price_e8 bigint NOT NULL CHECK (limit_price_e8 >= 0),
    reference_price_e8 bigint NOT NULL CHECK (reference_price_e8 > 0),
    stop_loss_e8 bigint NOT NULL CHECK (stop_loss_e8 >= 0),
    take_profit_e8 bigint NOT NULL CHECK (take_profit_e8 >= 0),
    score_e8 bigint NOT NULL,
    decided_ns bigint NOT NULL,
    data_ts_ns bigint NOT NULL,
    not_after_ns bigint NOT NULL CHECK (not_after_ns > decided_ns),
    CHECK (reduce_only = (purpose <> 'entry')),
    CHECK (purpose <> 'entry' OR (stop_loss_e8 > 0 AND stop_loss_e8 < reference_price_e8)),
    CHECK (purpose = 'entry' OR qty_e8 > 0)
);
CREATE INDEX intent_symbol ON intent (symbol, decided_ns);
CREATE INDEX intent_signal ON intent (signal_id);

-- One row per candle whose opinions were weighed: the shares of all sources, and what came of it.
CREATE TABLE decision (
    signal_id uuid PRIMARY KEY,
    intent_id uuid,
    causation_id uuid,
    venue text NOT NULL,
    symbol text NOT NULL,
    purpose text NOT NULL,
    score_e8 bigint NOT NULL,
    threshold_e8 bigint NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    price_e8 bigint NOT NULL,
    data_ts_ns bigint NOT NULL,
    decided_ns bigint NOT NULL,
    shares jsonb NOT NULL
);
CREATE INDEX decision_intent ON decision (intent_id) WHERE intent_id IS NOT NULL;
-- One candle of a symbol is decided on once, whatever dies on the way.
CREATE UNIQUE INDEX decision_once ON decision (venue, symbol, data_ts_ns) WHERE intent_id IS NOT NULL;

CREATE TABLE book (
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    qty_e8 bigint NOT NULL,
    strategy text NOT NULL,
    entry_intent_id uuid,
    entry_price_e8 bigint NOT NULL CHECK (entry_price_e8 >= 0),
    stop_loss_e8 bigint NOT NULL CHECK (stop_loss_e8 >= 0),
    take_profit_e8 bigint NOT NULL CHECK (take_profit_e8 >= 0),
    guard_from_ns bigint NOT NULL,
    entry_blocked_ns bigint NOT NULL,
    exit_blocked_ns bigint NOT NULL,
    decided_data_ns bigint NOT NULL,
    fills_count bigint NOT NULL,
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, venue, symbol)
);

CREATE TABLE flight (
    intent_id uuid PRIMARY KEY,
    signal_id uuid NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL,
    purpose text NOT NULL,
    order_state text NOT NULL,
    is_closed boolean NOT NULL,
    reason text NOT NULL,
    reference_price_e8 bigint NOT NULL CHECK (reference_price_e8 > 0),
    stop_loss_e8 bigint NOT NULL,
    take_profit_e8 bigint NOT NULL,
    filled_e8 bigint NOT NULL CHECK (filled_e8 >= 0),
    decided_ns bigint NOT NULL,
    data_ts_ns bigint NOT NULL,
    not_after_ns bigint NOT NULL
);
CREATE INDEX flight_open ON flight (decided_ns) WHERE NOT is_closed;

CREATE TABLE kill_state (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    scope text PRIMARY KEY,
    level bigint NOT NULL CHECK (level BETWEEN 0 AND 4),
    reason text NOT NULL,
    actor text NOT NULL,
    raised_ns bigint NOT NULL,
    version bigint NOT NULL
);
