-- How often a message was tried before it was buried, and the deaths that it caused: a process that
-- ends in the middle of a message finds here, after its start, which one it was.
ALTER TABLE dead_letter ADD COLUMN attempts bigint NOT NULL DEFAULT 1 CHECK (attempts > 0);
ALTER TABLE dead_letter ADD COLUMN resolved_at timestamptz;

CREATE TABLE crash (
    key text NOT NULL CHECK (key ~ '^[A-Z_]+/.+$'),
    seq bigint NOT NULL CHECK (seq > 0),
    crashes_count bigint NOT NULL CHECK (crashes_count > 0),
    last_at timestamptz NOT NULL,
    PRIMARY KEY (key, seq)
);
