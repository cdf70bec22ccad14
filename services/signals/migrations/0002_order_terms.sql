-- The terms of orders that wait, belong to a group or have bounds of their own; brackets instead of
-- exits decided here.
ALTER TABLE intent
    ADD COLUMN trigger_price_e8 bigint NOT NULL DEFAULT 0 CHECK (trigger_price_e8 >= 0),
    ADD COLUMN trigger_kind text NOT NULL DEFAULT 'none',
    ADD COLUMN trailing_bips bigint NOT NULL DEFAULT 0 CHECK (trailing_bips >= 0),
    ADD COLUMN group_id uuid,
    ADD COLUMN role text NOT NULL DEFAULT 'none',
    ADD COLUMN max_slippage_e8 bigint NOT NULL DEFAULT 0 CHECK (max_slippage_e8 >= 0),
    ADD COLUMN timeout_ns bigint NOT NULL DEFAULT 0 CHECK (timeout_ns >= 0),
    ADD COLUMN stop_limit_e8 bigint NOT NULL DEFAULT 0 CHECK (stop_limit_e8 >= 0),
    ADD COLUMN replaces uuid,
    ADD COLUMN actor text NOT NULL DEFAULT '',
    ADD CHECK ((group_id IS NULL) = (role = 'none')),
    ADD CHECK (group_id IS NULL OR group_id = intent_id);
