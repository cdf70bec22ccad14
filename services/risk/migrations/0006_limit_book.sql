-- The limit book, virtual sub-accounts, and what a restart must bring back with them.
ALTER TABLE account
    ADD COLUMN turns_count bigint NOT NULL DEFAULT 0 CHECK (turns_count >= 0),
    ADD COLUMN windows_count bigint NOT NULL DEFAULT 0 CHECK (windows_count >= 0),
    ADD COLUMN changes_count bigint NOT NULL DEFAULT 0 CHECK (changes_count >= 0),
    ADD COLUMN caps_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
        CHECK (octet_length(caps_hash) = 32),
    ADD COLUMN caps_ns bigint NOT NULL DEFAULT 0;
ALTER TABLE limits
    ADD COLUMN actor text NOT NULL DEFAULT 'configuration',
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN seed bigint NOT NULL DEFAULT 0;
ALTER TABLE reservation
    ADD COLUMN limit_price_e8 bigint NOT NULL DEFAULT 0 CHECK (limit_price_e8 >= 0);
ALTER TABLE permit
    ADD COLUMN caps_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
        CHECK (octet_length(caps_hash) = 32);

-- One row per strategy and symbol; '*' as symbol: all of a strategy, as strategy: all of a symbol.
-- The empty strategy holds what no strategy of ours did.
CREATE TABLE subaccount (
    account text NOT NULL,
    strategy text NOT NULL,
    symbol text NOT NULL CHECK (symbol <> ''),
    qty_e8 bigint NOT NULL,
    cost_e8 bigint NOT NULL,
    realised_e8 bigint NOT NULL,
    cash_e8 bigint NOT NULL,
    fees_e8 bigint NOT NULL,
    day_start_ns bigint NOT NULL CHECK (day_start_ns % 86400000000000 = 0),
    day_start_e8 bigint NOT NULL,
    peak_e8 bigint NOT NULL CHECK (peak_e8 >= 0),
    losses bigint NOT NULL CHECK (losses >= 0),
    losses_before bigint NOT NULL CHECK (losses_before >= 0),
    closing_id uuid,
    closing_e8 bigint NOT NULL,
    fills_count bigint NOT NULL CHECK (fills_count >= 0),
    number bigint NOT NULL CHECK (number > 0),
    updated_ns bigint NOT NULL,
    PRIMARY KEY (account, strategy, symbol),
    UNIQUE (account, number),
    CHECK (qty_e8 <> 0 OR cost_e8 = 0)
);

-- Orders and notional let through lately; the newest are read back. Named "window" in the code,
-- which is a word of SQL.
CREATE TABLE rate_window (
    name text PRIMARY KEY CHECK (name LIKE '%@%'),
    touched bigint NOT NULL CHECK (touched > 0),
    slices jsonb NOT NULL
);
CREATE INDEX rate_window_touched ON rate_window (touched);

CREATE TABLE turn (
    strategy text PRIMARY KEY CHECK (strategy <> ''),
    name text NOT NULL CHECK (name LIKE '%@%'),
    is_waiting boolean NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    amount_e8 bigint NOT NULL CHECK (amount_e8 >= 0),
    since_ns bigint NOT NULL,
    expires_ns bigint NOT NULL
);

-- Changes that a second person has to approve, whatever they are about.
CREATE TABLE change_request (
    number bigint PRIMARY KEY CHECK (number > 0),
    kind text NOT NULL CHECK (kind <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    from_e8 bigint NOT NULL,
    to_e8 bigint NOT NULL,
    is_removal boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'lapsed')),
    requested_by text NOT NULL CHECK (requested_by <> ''),
    requested_ns bigint NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    expires_ns bigint NOT NULL,
    decided_by text NOT NULL,
    decided_ns bigint NOT NULL,
    decision text NOT NULL,
    CHECK (state <> 'approved' OR (decided_by <> '' AND decided_by <> requested_by))
);
