-- How far a trailing trigger has followed the market; written in steps, so it may lag a little.
CREATE TABLE trail (
    intent_id uuid PRIMARY KEY REFERENCES orders,
    peak_e8 bigint NOT NULL CHECK (peak_e8 > 0),
    at_ns bigint NOT NULL
);

-- Commands, from when they were taken until their outcome is known.
CREATE TABLE command (
    command_id uuid PRIMARY KEY,
    correlation_id uuid,
    intent_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('cancel', 'amend', 'exit')),
    qty_e8 bigint NOT NULL CHECK (qty_e8 >= 0),
    actor text NOT NULL,
    reason text NOT NULL,
    is_open boolean NOT NULL,
    outcome text NOT NULL,
    taken_ns bigint NOT NULL,
    ended_ns bigint NOT NULL
);
CREATE INDEX command_open ON command (taken_ns) WHERE is_open;
CREATE INDEX command_intent ON command (intent_id);
