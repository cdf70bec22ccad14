-- What every service with a schema has: exact decimals, and the tables of the hops (outbox, inbox),
-- of the epochs and of what could not be understood. Money never leaves these rows as a float.

CREATE FUNCTION e8(value bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT trim_scale(value::numeric * 0.00000001)::text';

-- One row per start of the service: the epoch rises with each, and says what ran with which
-- configuration (secrets are not in it).
CREATE TABLE epoch (
    epoch bigint PRIMARY KEY CHECK (epoch > 0),
    started_ns bigint NOT NULL,
    version text NOT NULL,
    config_hash text NOT NULL CHECK (config_hash ~ '^[0-9a-f]{64}$'),
    config text NOT NULL
);

-- Messages for JetStream, written in the transaction of the state that they tell. key is
-- "<subject token>/<account or service>"; seq has no gaps within it. after_seqs names the messages
-- of this service's other subjects, with the same account, that come before ("FILL=3,BALANCE=2").
-- payload is what was published and is published again on request, so its ids never change.
CREATE TABLE outbox (
    key text NOT NULL CHECK (key ~ '^[A-Z_]+/.+$'),
    seq bigint NOT NULL CHECK (seq > 0),
    event_id uuid NOT NULL UNIQUE,
    subject text NOT NULL CHECK (subject <> ''),
    after_seqs text NOT NULL,
    payload bytea NOT NULL CHECK (octet_length(payload) BETWEEN 1 AND 65536),
    epoch bigint NOT NULL CHECK (epoch > 0),
    ts_ns bigint NOT NULL,
    is_published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (key, seq)
);
CREATE INDEX outbox_unpublished ON outbox (key, seq) WHERE NOT is_published;

-- Messages that have had their effect here: one row each, in the transaction of the effect.
CREATE TABLE inbox (
    producer text NOT NULL CHECK (producer <> ''),
    key text NOT NULL CHECK (key ~ '^[A-Z_]+/.+$'),
    seq bigint NOT NULL CHECK (seq > 0),
    epoch bigint NOT NULL,
    event_id uuid,
    ts_ns bigint NOT NULL,
    PRIMARY KEY (producer, key, seq)
);

-- Messages that could not be understood. key and seq are known when the producer's own headers
-- were whole.
CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    key text,
    seq bigint CHECK (seq > 0),
    payload bytea NOT NULL,
    error text NOT NULL CHECK (error <> ''),
    ts_ns bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_by text
);
