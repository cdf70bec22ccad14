-- The order path: what is promised by states, claims and identities is enforced here once more, so
-- that no bug of the program can write what must not be. See docs/adr/0002-order-path.md.

-- The right to write for an account at a venue. The epoch only grows; every change of an order names
-- the epoch of its writer and is refused when it is not the present one.
CREATE TABLE lease (
    account text NOT NULL,
    venue text NOT NULL,
    owner uuid NOT NULL,
    epoch bigint NOT NULL CHECK (epoch > 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account, venue)
);

-- Kill levels in force: risk's latch as told, and levels raised here. The claim obeys the highest.
CREATE TABLE kill (
    scope text NOT NULL CHECK (scope <> ''),
    source text NOT NULL CHECK (source IN ('risk', 'execution')),
    level bigint NOT NULL CHECK (level >= 0),
    reason text NOT NULL,
    actor text NOT NULL,
    raised_ns bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (scope, source)
);

CREATE TABLE orders (
    -- as cb_order
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint,
    seq bigint,
    ts_ns bigint,
    origin_ns bigint,
    intent_id uuid PRIMARY KEY,
    permit_id uuid UNIQUE,
    account text NOT NULL CHECK (account <> ''),
    venue text NOT NULL CHECK (venue <> ''),
    symbol text NOT NULL CHECK (symbol <> ''),
    strategy text NOT NULL,
    client_order_id text NOT NULL,
    venue_order_id text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    state text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL,
    order_type text NOT NULL CHECK (order_type <> 'none'),
    tif text NOT NULL,
    reduce_only boolean NOT NULL,
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    limit_price_e8 bigint NOT NULL CHECK (limit_price_e8 >= 0),
    cum_qty_e8 bigint NOT NULL,
    cum_quote_e8 bigint NOT NULL CHECK (cum_quote_e8 >= 0),
    reason text NOT NULL,
    not_after_ns bigint NOT NULL,
    sign_ts_ns bigint NOT NULL CHECK (sign_ts_ns >= 0),
    sent_ns bigint NOT NULL,
    answered_ns bigint NOT NULL,
    is_external boolean NOT NULL,
    stop_loss_e8 bigint NOT NULL,
    take_profit_e8 bigint NOT NULL,
    lease_epoch bigint NOT NULL CHECK (lease_epoch > 0),
    -- set by the claim alone
    claim_epoch bigint,
    claim_nonce uuid,
    claimed_ns bigint,
    window_ms bigint CHECK (window_ms > 0),
    created_no bigint GENERATED ALWAYS AS IDENTITY,
    CHECK (cum_qty_e8 >= 0 AND cum_qty_e8 <= qty_e8),
    CHECK (is_external OR client_order_id ~ '^[A-Za-z0-9-]{16,36}$'),
    CHECK (is_external OR permit_id IS NOT NULL),
    CHECK (is_external OR state = 'not_sent' OR (state = 'ready') = (sign_ts_ns = 0))
);
CREATE UNIQUE INDEX orders_client_id ON orders (venue, account, client_order_id)
    WHERE NOT is_external;
CREATE UNIQUE INDEX orders_venue_id ON orders (venue, account, symbol, venue_order_id)
    WHERE venue_order_id <> '';
CREATE INDEX orders_created ON orders (created_no);
CREATE INDEX orders_correlation ON orders (correlation_id);
CREATE INDEX orders_living ON orders (created_no)
    WHERE state IN ('ready', 'sending', 'unknown', 'open', 'partially_filled');

-- Which state may follow which (libcommon/domain/order.h says the same).
CREATE TABLE order_edge (from_state text, to_state text, PRIMARY KEY (from_state, to_state));
INSERT INTO order_edge VALUES
    ('ready', 'sending'), ('ready', 'not_sent'),
    ('sending', 'sending'), ('sending', 'open'), ('sending', 'partially_filled'),
    ('sending', 'unknown'), ('sending', 'rejected'), ('sending', 'not_sent'),
    ('sending', 'filled'), ('sending', 'canceled'), ('sending', 'expired'),
    ('unknown', 'open'), ('unknown', 'partially_filled'), ('unknown', 'rejected'),
    ('unknown', 'not_sent'), ('unknown', 'filled'), ('unknown', 'canceled'),
    ('unknown', 'expired'),
    ('open', 'partially_filled'), ('open', 'filled'), ('open', 'canceled'), ('open', 'expired'),
    ('partially_filled', 'partially_filled'), ('partially_filled', 'filled'),
    ('partially_filled', 'canceled'), ('partially_filled', 'expired');

-- Every version of every order; the claim leaves a second row of version 1.
CREATE TABLE order_event (
    intent_id uuid NOT NULL REFERENCES orders,
    version bigint NOT NULL,
    state text NOT NULL,
    at_ns bigint,
    cum_qty_e8 bigint NOT NULL,
    venue_order_id text NOT NULL,
    reason text NOT NULL,
    lease_epoch bigint NOT NULL,
    PRIMARY KEY (intent_id, version, state)
);

CREATE FUNCTION order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_claim CONSTANT boolean := NEW.version = OLD.version AND OLD.state = 'ready'
        AND NEW.state = 'sending' AND NEW.claim_nonce IS NOT NULL AND OLD.claim_nonce IS NULL;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM order_edge
                   WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'illegal order transition % -> %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 AND NOT is_claim THEN
        RAISE EXCEPTION 'version % may not follow %', NEW.version, OLD.version
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'sending' AND NEW.state = 'sending' AND OLD.version <> 1 THEN
        RAISE EXCEPTION 'an order is sent once' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.cum_qty_e8 < OLD.cum_qty_e8 THEN
        RAISE EXCEPTION 'cum_qty may not fall' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.lease_epoch < OLD.lease_epoch THEN
        RAISE EXCEPTION 'the lease epoch may not fall' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.sign_ts_ns <> 0 AND NEW.sign_ts_ns <> OLD.sign_ts_ns THEN
        RAISE EXCEPTION 'an order is signed once' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.claim_nonce IS NOT NULL AND NEW.claim_nonce IS DISTINCT FROM OLD.claim_nonce THEN
        RAISE EXCEPTION 'an order is claimed once' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.venue_order_id <> '' AND NEW.venue_order_id <> OLD.venue_order_id THEN
        RAISE EXCEPTION 'an order has one id at the venue' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.qty_e8, NEW.limit_price_e8, NEW.symbol, NEW.side, NEW.order_type, NEW.tif,
        NEW.client_order_id, NEW.account, NEW.venue, NEW.permit_id, NEW.reduce_only,
        NEW.not_after_ns, NEW.is_external)
       IS DISTINCT FROM
       (OLD.qty_e8, OLD.limit_price_e8, OLD.symbol, OLD.side, OLD.order_type, OLD.tif,
        OLD.client_order_id, OLD.account, OLD.venue, OLD.permit_id, OLD.reduce_only,
        OLD.not_after_ns, OLD.is_external) THEN
        RAISE EXCEPTION 'order terms are immutable' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_guard BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION order_guard();

-- After the fact of each change: the writer's lease is the present one (locked, so that nobody takes
-- over before we commit), a new row begins where orders begin, and the version is kept.
CREATE FUNCTION order_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM lease
        WHERE account = NEW.account AND venue = NEW.venue AND epoch = NEW.lease_epoch
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease epoch % is not the present one', NEW.lease_epoch
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' AND (NEW.version <> 1 OR NOT (NEW.state = 'ready' OR NEW.is_external)) THEN
        RAISE EXCEPTION 'an order begins ready, with version 1' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO order_event VALUES (NEW.intent_id, NEW.version, NEW.state,
        CASE WHEN TG_OP = 'UPDATE' AND NEW.version = OLD.version
             THEN NEW.claimed_ns ELSE NEW.ts_ns END,
        NEW.cum_qty_e8, NEW.venue_order_id, NEW.reason, NEW.lease_epoch);
    RETURN NULL;
END $$;
CREATE TRIGGER order_written AFTER INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION order_written();

CREATE TABLE fills (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint,
    seq bigint,
    ts_ns bigint,
    origin_ns bigint,
    account text NOT NULL,
    venue text NOT NULL,
    symbol text NOT NULL,
    trade_id bigint NOT NULL,
    venue_order_id text NOT NULL,
    intent_id uuid NOT NULL REFERENCES orders,
    client_order_id text NOT NULL,
    strategy text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    purpose text NOT NULL,
    price_e8 bigint NOT NULL CHECK (price_e8 > 0),
    qty_e8 bigint NOT NULL CHECK (qty_e8 > 0),
    quote_qty_e8 bigint NOT NULL CHECK (quote_qty_e8 >= 0),
    fee_e8 bigint NOT NULL, -- negative: a rebate
    fee_asset text NOT NULL,
    is_maker boolean NOT NULL,
    source text NOT NULL CHECK (source IN ('stream', 'rest', 'recon')),
    venue_ts_ns bigint NOT NULL,
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    recorded_no bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (venue, account, symbol, trade_id)
);
CREATE INDEX fills_recorded ON fills (recorded_no);
CREATE INDEX fills_intent ON fills (intent_id);
CREATE INDEX fills_correlation ON fills (correlation_id);

CREATE FUNCTION fill_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'fills are never changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER fill_guard BEFORE UPDATE ON fills FOR EACH ROW EXECUTE FUNCTION fill_guard();

CREATE TABLE balances (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint,
    seq bigint,
    ts_ns bigint,
    origin_ns bigint,
    account text NOT NULL,
    venue text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('snapshot', 'update', 'transfer')),
    balances jsonb NOT NULL,
    venue_ts_ns bigint NOT NULL,
    fills_count bigint NOT NULL,
    transfer_id text NOT NULL
);
CREATE INDEX balances_time ON balances (ts_ns);

-- Filters as last told, so that a restart need not wait for them to check an exit.
CREATE TABLE instruments (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint,
    seq bigint,
    ts_ns bigint,
    origin_ns bigint,
    venue text NOT NULL,
    symbol text NOT NULL,
    base_asset text NOT NULL,
    quote_asset text NOT NULL,
    status text NOT NULL,
    tick_size_e8 bigint NOT NULL,
    price_min_e8 bigint NOT NULL,
    price_max_e8 bigint NOT NULL,
    lot_size_e8 bigint NOT NULL,
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

-- Where a symbol's own trades stand: up to baseline they were there before the first start, up to
-- mark they need not be asked for again.
CREATE TABLE trade_mark (
    symbol text PRIMARY KEY,
    baseline bigint NOT NULL CHECK (baseline >= 0),
    mark bigint NOT NULL,
    CHECK (mark >= baseline)
);

-- Differences between us and the venue. The id follows from what the row is about: the same
-- difference found again is the same row.
CREATE TABLE reconciliation (
    difference_id uuid PRIMARY KEY,
    at_ns bigint NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    symbol text NOT NULL,
    intent_id uuid,
    venue_order_id text NOT NULL,
    trade_id bigint NOT NULL,
    expected text NOT NULL,
    seen text NOT NULL,
    action text NOT NULL,
    resolved_by text
);
CREATE INDEX reconciliation_time ON reconciliation (at_ns);

-- Permits that were refused without an event, because their intent or permit was in use already.
CREATE TABLE refusal (
    refusal_id uuid PRIMARY KEY,
    at_ns bigint NOT NULL,
    permit_id uuid,
    intent_id uuid,
    reason text NOT NULL CHECK (reason <> '')
);

-- Every request of the order path to the venue and what came back; request is without signature and
-- key, answer is cut at 4 KiB.
CREATE TABLE venue_request (
    request_id uuid PRIMARY KEY,
    intent_id uuid,
    correlation_id uuid,
    at_ns bigint NOT NULL,
    kind text NOT NULL,
    request text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('answered', 'not_sent', 'unknown')),
    status bigint NOT NULL,
    answer text NOT NULL CHECK (octet_length(answer) <= 4096),
    class text NOT NULL,
    reason text NOT NULL,
    duration_ns bigint NOT NULL CHECK (duration_ns >= 0),
    sent_after_ns bigint NOT NULL -- from building the request to the socket; 0 = never sent
);
CREATE INDEX venue_request_intent ON venue_request (intent_id);
CREATE INDEX venue_request_time ON venue_request (at_ns);
