-- Orders that wait here for a trigger or for the order whose place they take, groups of orders, and
-- commands about orders that are there.
ALTER TABLE orders
    ADD COLUMN trigger_price_e8 bigint NOT NULL DEFAULT 0 CHECK (trigger_price_e8 >= 0),
    ADD COLUMN trigger_kind text NOT NULL DEFAULT 'none',
    ADD COLUMN trailing_bips bigint NOT NULL DEFAULT 0 CHECK (trailing_bips >= 0),
    ADD COLUMN group_id uuid,
    ADD COLUMN role text NOT NULL DEFAULT 'none',
    ADD COLUMN max_slippage_e8 bigint NOT NULL DEFAULT 0 CHECK (max_slippage_e8 >= 0),
    ADD COLUMN timeout_ns bigint NOT NULL DEFAULT 0 CHECK (timeout_ns >= 0),
    ADD COLUMN stop_limit_e8 bigint NOT NULL DEFAULT 0 CHECK (stop_limit_e8 >= 0),
    ADD COLUMN replaces uuid,
    ADD COLUMN leg bigint NOT NULL DEFAULT 0 CHECK (leg >= 0),
    ADD COLUMN triggered_ns bigint NOT NULL DEFAULT 0,
    ADD COLUMN is_held boolean NOT NULL DEFAULT false,
    ADD COLUMN covered_qty_e8 bigint NOT NULL DEFAULT 0 CHECK (covered_qty_e8 >= 0),
    ADD COLUMN legs_count bigint NOT NULL DEFAULT 0;
CREATE INDEX orders_group ON orders (group_id) WHERE group_id IS NOT NULL;
-- A child goes under its parent's permit, which names the prices of its children.
DO $$
BEGIN
    EXECUTE (SELECT 'ALTER TABLE orders DROP CONSTRAINT ' || quote_ident(conname)
             FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'c'
             AND pg_get_constraintdef(oid) LIKE '%permit_id IS NOT NULL%');
END $$;
ALTER TABLE orders ADD CHECK (is_external OR permit_id IS NOT NULL
                              OR (group_id IS NOT NULL AND group_id <> intent_id));
-- One child per place in its group, ever.
CREATE UNIQUE INDEX orders_leg ON orders (group_id, role, leg) WHERE leg > 0;

INSERT INTO order_edge VALUES ('ready', 'ready'), ('open', 'open');

-- As before, and: a quantity may be amended down, never up; held orders are not claimed; a second
-- version SENDING may only follow a claim.
CREATE OR REPLACE FUNCTION order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_claim CONSTANT boolean := NEW.version = OLD.version AND OLD.state = 'ready'
        AND NEW.state = 'sending' AND NEW.claim_nonce IS NOT NULL AND OLD.claim_nonce IS NULL;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM order_edge
                   WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'illegal order transition % -> %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 AND NOT is_claim THEN
        RAISE EXCEPTION 'version % may not follow %', NEW.version, OLD.version
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'sending' AND NEW.state = 'sending' AND NOT EXISTS (SELECT 1 FROM order_event e
        WHERE e.intent_id = OLD.intent_id AND e.version = OLD.version AND e.state = 'ready') THEN
        RAISE EXCEPTION 'an order is sent once' USING ERRCODE = 'check_violation';
    END IF;
    IF is_claim AND OLD.is_held THEN
        RAISE EXCEPTION 'a held order is not claimed' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.cum_qty_e8 < OLD.cum_qty_e8 THEN
        RAISE EXCEPTION 'cum_qty may not fall' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.qty_e8 > OLD.qty_e8 THEN
        RAISE EXCEPTION 'qty may not rise' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.triggered_ns <> 0 AND NEW.triggered_ns <> OLD.triggered_ns THEN
        RAISE EXCEPTION 'an order is triggered once' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.lease_epoch < OLD.lease_epoch THEN
        RAISE EXCEPTION 'the lease epoch may not fall' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.sign_ts_ns <> 0 AND NEW.sign_ts_ns <> OLD.sign_ts_ns THEN
        RAISE EXCEPTION 'an order is signed once' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.claim_nonce IS NOT NULL AND NEW.claim_nonce IS DISTINCT FROM OLD.claim_nonce THEN
        RAISE EXCEPTION 'an order is claimed once' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.venue_order_id <> '' AND NEW.venue_order_id <> OLD.venue_order_id THEN
        RAISE EXCEPTION 'an order has one id at the venue' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.limit_price_e8, NEW.symbol, NEW.side, NEW.order_type, NEW.tif,
        NEW.client_order_id, NEW.account, NEW.venue, NEW.permit_id, NEW.reduce_only,
        NEW.not_after_ns, NEW.is_external, NEW.trigger_price_e8, NEW.trailing_bips, NEW.group_id,
        NEW.role, NEW.leg, NEW.replaces, NEW.max_slippage_e8, NEW.timeout_ns)
       IS DISTINCT FROM
       (OLD.limit_price_e8, OLD.symbol, OLD.side, OLD.order_type, OLD.tif,
        OLD.client_order_id, OLD.account, OLD.venue, OLD.permit_id, OLD.reduce_only,
        OLD.not_after_ns, OLD.is_external, OLD.trigger_price_e8, OLD.trailing_bips, OLD.group_id,
        OLD.role, OLD.leg, OLD.replaces, OLD.max_slippage_e8, OLD.timeout_ns) THEN
        RAISE EXCEPTION 'order terms are immutable' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
