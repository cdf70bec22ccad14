-- The step log. Where a service has one, what follows from its steps is durable as soon as one row of it
-- is: body holds the statements that the steps lead to, and they are carried out a moment later, off the
-- way of what waits for them. redo_mark says how far they were; rows behind it are carried out at the
-- next start before anything is read. A log row larger than a page holds is several parts.
CREATE TABLE redo (
    n bigint NOT NULL CHECK (n > 0),
    part bigint NOT NULL CHECK (part >= 0),
    body bytea NOT NULL,
    PRIMARY KEY (n, part)
);
-- Neither compressed nor moved elsewhere: both cost more than the page.
ALTER TABLE redo ALTER COLUMN body SET STORAGE PLAIN;

-- The texts that bodies name by their hash.
CREATE TABLE redo_sql (
    id bigint PRIMARY KEY,
    text text NOT NULL CHECK (text <> '')
);

CREATE TABLE redo_mark (
    is_only boolean PRIMARY KEY CHECK (is_only),
    n bigint NOT NULL CHECK (n >= 0)
);

COMMENT ON TABLE redo IS 'append-only';
COMMENT ON TABLE redo_sql IS 'append-only';

-- As before, and: what has been carried out needs no log.
CREATE OR REPLACE FUNCTION prune(now_ns bigint, keep_outbox_ns bigint, keep_inbox_ns bigint)
    RETURNS TABLE (outbox_rows bigint, inbox_rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    IF keep_outbox_ns < 3600000000000 OR keep_inbox_ns < keep_outbox_ns THEN
        RAISE EXCEPTION 'an hour of the outbox is kept at least, and the inbox for longer than it'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM outbox o WHERE o.is_published AND o.ts_ns < now_ns - keep_outbox_ns
        AND o.seq < (SELECT max(n.seq) FROM outbox n WHERE n.key = o.key);
    GET DIAGNOSTICS outbox_rows = ROW_COUNT;
    DELETE FROM inbox i WHERE i.ts_ns < now_ns - keep_inbox_ns
        AND i.seq < (SELECT max(n.seq) FROM inbox n WHERE n.producer = i.producer AND n.key = i.key);
    GET DIAGNOSTICS inbox_rows = ROW_COUNT;
    DELETE FROM redo r WHERE r.n < (SELECT m.n FROM redo_mark m);
    RETURN NEXT;
END $$;
