-- Market history, quarantine, findings and data-quality scores. Partitions by month are made by
-- md_partition(); what lies in no month that exists goes into the default partition.

CREATE TABLE md_candle (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    interval_s bigint NOT NULL CHECK (interval_s > 0),
    open_ts_ns bigint NOT NULL,
    close_ts_ns bigint NOT NULL,
    open_e8 bigint NOT NULL CHECK (open_e8 > 0),
    high_e8 bigint NOT NULL,
    low_e8 bigint NOT NULL CHECK (low_e8 > 0),
    close_e8 bigint NOT NULL CHECK (close_e8 > 0),
    volume_e8 bigint NOT NULL CHECK (volume_e8 >= 0),
    quote_volume_e8 bigint NOT NULL CHECK (quote_volume_e8 >= 0),
    trades_count bigint NOT NULL,
    is_closed boolean NOT NULL CHECK (is_closed),
    is_backfill boolean NOT NULL,
    recv_ns bigint NOT NULL,
    PRIMARY KEY (venue, symbol, interval_s, open_ts_ns),
    CHECK (low_e8 <= high_e8),
    CHECK (close_ts_ns = open_ts_ns + interval_s * 1000000000)
) PARTITION BY RANGE (open_ts_ns);
CREATE TABLE md_candle_other PARTITION OF md_candle DEFAULT;

CREATE TABLE md_trade (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    trade_id bigint NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 > 0),
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    taker_side text NOT NULL,
    venue_ts_ns bigint NOT NULL,
    recv_ns bigint NOT NULL,
    PRIMARY KEY (venue, symbol, trade_id, venue_ts_ns)
) PARTITION BY RANGE (venue_ts_ns);
CREATE TABLE md_trade_other PARTITION OF md_trade DEFAULT;

-- Makes the partitions of the month that at_ns lies in. Runs as the owner, because the service's
-- role may write rows but not create tables. A month whose rows already lie in the default
-- partition stays there.
CREATE FUNCTION md_partition(at_ns bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    month_start timestamptz := date_trunc('month', to_timestamp(at_ns / 1000000000), 'UTC');
    from_ns bigint := extract(epoch FROM month_start)::bigint * 1000000000;
    to_ns bigint := extract(epoch FROM (month_start AT TIME ZONE 'UTC' + interval '1 month')
        AT TIME ZONE 'UTC')::bigint * 1000000000;
    suffix text := to_char(month_start AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    IF to_regclass('md_candle_' || suffix) IS NULL AND NOT EXISTS (
        SELECT FROM md_candle_other WHERE open_ts_ns >= from_ns AND open_ts_ns < to_ns) THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF md_candle FOR VALUES FROM (%s) TO (%s)',
            'md_candle_' || suffix, from_ns, to_ns);
    END IF;
    IF to_regclass('md_trade_' || suffix) IS NULL AND NOT EXISTS (
        SELECT FROM md_trade_other WHERE venue_ts_ns >= from_ns AND venue_ts_ns < to_ns) THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF md_trade FOR VALUES FROM (%s) TO (%s)',
            'md_trade_' || suffix, from_ns, to_ns);
    END IF;
END
$$;

-- Every refused message with its whole body. causation_id is the refused message's event_id.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    causation_id uuid,
    venue text NOT NULL,
    symbol text NOT NULL,
    subject_kind text NOT NULL,
    expectation text NOT NULL,
    observed text NOT NULL,
    expected text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
    quarantined_ns bigint NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX quarantine_symbol ON quarantine (symbol, quarantined_ns);

-- Warnings: the message passed, at most one row a second per symbol and expectation.
CREATE TABLE finding (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    subject_kind text NOT NULL,
    expectation text NOT NULL,
    observed text NOT NULL,
    expected text NOT NULL,
    severity text NOT NULL,
    venue_ts_ns bigint NOT NULL
);
CREATE INDEX finding_symbol ON finding (symbol, ts_ns);

CREATE TABLE quality_score (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    score_e8 bigint NOT NULL CHECK (score_e8 BETWEEN 0 AND 100000000),
    checked_count bigint NOT NULL,
    failed_count bigint NOT NULL CHECK (failed_count <= checked_count),
    is_stale boolean NOT NULL,
    is_book_valid boolean NOT NULL,
    last_data_ns bigint NOT NULL
);
CREATE INDEX quality_score_symbol ON quality_score (symbol, ts_ns DESC);

-- The quality behind each signal, under the signal's ids: what explain shows of the ticks.
CREATE TABLE tick_quality (
    signal_id uuid NOT NULL,
    causation_id uuid,
    correlation_id uuid,
    venue text NOT NULL,
    symbol text NOT NULL,
    data_ts_ns bigint NOT NULL,
    noted_ns bigint NOT NULL,
    score_e8 bigint NOT NULL CHECK (score_e8 BETWEEN 0 AND 100000000),
    checked_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    is_stale boolean NOT NULL,
    is_book_valid boolean NOT NULL,
    last_data_ns bigint NOT NULL,
    PRIMARY KEY (signal_id)
);
CREATE INDEX tick_quality_correlation ON tick_quality (correlation_id);
CREATE INDEX tick_quality_causation ON tick_quality (causation_id);
