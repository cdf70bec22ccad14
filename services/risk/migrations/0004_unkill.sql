-- Lowering takes two persons, and the latch says who they were.
ALTER TABLE kill ADD COLUMN is_lowering boolean NOT NULL DEFAULT false;
ALTER TABLE kill ADD COLUMN approver text NOT NULL DEFAULT '';
ALTER TABLE kill ADD COLUMN seen_ns bigint NOT NULL DEFAULT 0;
ALTER TABLE kill DROP CONSTRAINT kill_scope_check;
ALTER TABLE kill ADD CONSTRAINT kill_scope_check
    CHECK (scope = '*' OR scope ~ '^(venue|account|user|symbol|strategy):.+$');
ALTER TABLE kill ADD CHECK (NOT is_lowering OR (approver <> '' AND approver <> actor));

ALTER TABLE kill_change ADD COLUMN is_lowering boolean NOT NULL DEFAULT false;
ALTER TABLE kill_change ADD COLUMN approver text NOT NULL DEFAULT '';
ALTER TABLE kill_change ADD COLUMN seen_ns bigint NOT NULL DEFAULT 0;
ALTER TABLE kill_change ADD CHECK (NOT is_lowering OR (approver <> '' AND approver <> actor));

ALTER TABLE account ADD COLUMN loss_canceled_ns bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN is_drawdown_canceled boolean NOT NULL DEFAULT false;

CREATE TABLE unkill (
    request_id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE CHECK (number > 0),
    scope text NOT NULL CHECK (scope <> ''),
    level bigint NOT NULL CHECK (level BETWEEN 0 AND 3),
    reason text NOT NULL CHECK (reason <> ''),
    actor text NOT NULL CHECK (actor <> ''),
    status text NOT NULL CHECK (status IN ('pending', 'approved', 'withdrawn', 'expired')),
    kill_version bigint NOT NULL,
    seen_ns bigint NOT NULL,
    requested_wall_ns bigint NOT NULL,
    ready_wall_ns bigint NOT NULL CHECK (ready_wall_ns >= requested_wall_ns),
    expires_wall_ns bigint NOT NULL,
    decided_wall_ns bigint NOT NULL,
    approver text NOT NULL,
    CHECK (status <> 'approved' OR (approver <> '' AND approver <> actor
        AND decided_wall_ns >= ready_wall_ns))
);
