-- The audit chain. Records are only ever added, at the end, each with the hash of the one before; the
-- role of the service may insert and read, nothing else (append-only, see rt/migrate.c).
CREATE TABLE record (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    recorded_ns bigint NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    event_id uuid,
    correlation_id uuid,
    event_ns bigint NOT NULL,
    detail text NOT NULL,
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE record IS 'append-only: the chain';
CREATE INDEX record_kind ON record (kind, seq);
CREATE INDEX record_correlation ON record (correlation_id);
-- One record per message.
CREATE UNIQUE INDEX record_event ON record (event_id, kind) WHERE event_id IS NOT NULL;

CREATE FUNCTION record_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT r.seq, r.hash INTO last FROM record r ORDER BY r.seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last.seq, 0) + 1 THEN
        RAISE EXCEPTION 'record % may not follow %', NEW.seq, coalesce(last.seq, 0)
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.prev_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'record % does not follow the hash before it', NEW.seq
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER record_guard BEFORE INSERT ON record FOR EACH ROW EXECUTE FUNCTION record_guard();
CREATE FUNCTION record_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'records are never changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER record_kept BEFORE UPDATE OR DELETE ON record
    FOR EACH ROW EXECUTE FUNCTION record_kept();

-- Signed heads, as in the file outside of the database, which is the one that counts.
CREATE TABLE head (
    number bigint PRIMARY KEY CHECK (number > 0),
    seq bigint NOT NULL REFERENCES record,
    signed_ns bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    prev bytea NOT NULL CHECK (octet_length(prev) = 32),
    signature bytea NOT NULL CHECK (octet_length(signature) = 64)
);
COMMENT ON TABLE head IS 'append-only: a copy of the signed heads';
CREATE TRIGGER head_kept BEFORE UPDATE OR DELETE ON head
    FOR EACH ROW EXECUTE FUNCTION record_kept();
