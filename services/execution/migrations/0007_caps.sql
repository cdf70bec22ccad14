-- The caps that held at any time, and under which each order was claimed.
CREATE TABLE caps (
    event_id uuid PRIMARY KEY,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    account text NOT NULL CHECK (account <> ''),
    venue text NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    key text NOT NULL,
    since_ns bigint NOT NULL
);
CREATE INDEX caps_newest ON caps (account, epoch DESC, seq DESC);
ALTER TABLE orders ADD COLUMN caps_hash bytea CHECK (octet_length(caps_hash) = 32);
