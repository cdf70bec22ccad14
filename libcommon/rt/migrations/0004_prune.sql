-- Old rows of the hops, taken away by the schema's owner; the service's own role has no DELETE and is
-- refused. The newest row of each key stays for ever, for the next number follows from it, and so does
-- whatever is not published yet. A consumer that was away for longer than keep_outbox_ns cannot be
-- served any more.
CREATE FUNCTION prune(now_ns bigint, keep_outbox_ns bigint, keep_inbox_ns bigint)
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
    RETURN NEXT;
END $$;
