-- Who holds the lease, so that another instance can tell a dead holder from a silent one, and every
-- taking of it, so that flapping shows and each epoch has one owner for ever.
ALTER TABLE lease
    ADD COLUMN instance text NOT NULL DEFAULT '',
    ADD COLUMN pid integer,
    ADD COLUMN backend_start timestamptz;

CREATE TABLE lease_taken (
    account text NOT NULL,
    venue text NOT NULL,
    epoch bigint NOT NULL CHECK (epoch > 0),
    owner uuid NOT NULL,
    instance text NOT NULL,
    taken_at timestamptz NOT NULL,
    is_takeover boolean NOT NULL, -- from another instance
    PRIMARY KEY (account, venue, epoch)
);
CREATE FUNCTION lease_taken_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was taken stays recorded' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER lease_taken_guard BEFORE UPDATE ON lease_taken
    FOR EACH ROW EXECUTE FUNCTION lease_taken_guard();

-- The epoch only grows, and one epoch has one owner.
CREATE FUNCTION lease_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch OR (NEW.epoch = OLD.epoch AND NEW.owner <> OLD.owner) THEN
        RAISE EXCEPTION 'lease epoch % of % may not become % of %', OLD.epoch, OLD.owner,
            NEW.epoch, NEW.owner USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lease_guard BEFORE UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION lease_guard();

-- First in every transaction of the holder: fails when the lease is not the caller's, and keeps it
-- from being taken until the transaction ends. Not being renewed in time is no reason to fail: as
-- long as nobody has taken it over, nobody else writes.
CREATE FUNCTION lease_fence(want_account text, want_venue text, want_owner uuid, want_epoch bigint)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM lease
        WHERE account = want_account AND venue = want_venue
          AND owner = want_owner AND epoch = want_epoch
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease epoch % of % at % is not ours any more', want_epoch, want_account,
            want_venue USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;
