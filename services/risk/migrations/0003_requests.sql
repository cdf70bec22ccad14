-- Orders of a group: the two legs of a pair tie up what they close once, and what a parent has
-- filled is spoken for until its children are there.
ALTER TABLE reservation
    ADD COLUMN group_id uuid,
    ADD COLUMN role text NOT NULL DEFAULT 'none',
    ADD COLUMN leg bigint NOT NULL DEFAULT 0,
    ADD COLUMN uncovered_e8 bigint NOT NULL DEFAULT 0 CHECK (uncovered_e8 >= 0),
    ADD COLUMN replaces uuid;

-- What people asked for: the key makes a repeated request the same one, the hash tells whether it is.
CREATE TABLE request (
    request_id uuid PRIMARY KEY,
    hash bigint NOT NULL,
    number bigint NOT NULL UNIQUE CHECK (number > 0),
    kind text NOT NULL CHECK (kind IN ('place', 'cancel', 'amend', 'exit')),
    actor text NOT NULL CHECK (actor <> ''),
    at_ns bigint NOT NULL,
    outcome text NOT NULL
);
ALTER TABLE account ADD COLUMN requests_count bigint NOT NULL DEFAULT 0;

-- Commands about orders that are there, as they were passed on.
CREATE TABLE order_command (
    event_id uuid,
    causation_id uuid,
    correlation_id uuid,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    ts_ns bigint NOT NULL,
    origin_ns bigint NOT NULL,
    command_id uuid PRIMARY KEY,
    intent_id uuid NOT NULL,
    account text NOT NULL,
    venue text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('cancel', 'amend', 'exit')),
    qty_e8 bigint NOT NULL CHECK (qty_e8 >= 0),
    reason text NOT NULL,
    actor text NOT NULL,
    asked_ns bigint NOT NULL
);
CREATE INDEX order_command_intent ON order_command (intent_id);
