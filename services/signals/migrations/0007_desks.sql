-- Orders of desks: several may rest on a symbol at once, each in its slot; what was paid for what is held.
ALTER TABLE flight
    ADD COLUMN slot bigint NOT NULL DEFAULT 0 CHECK (slot >= 0),
    ADD COLUMN limit_price_e8 bigint NOT NULL DEFAULT 0 CHECK (limit_price_e8 >= 0),
    ADD COLUMN qty_e8 bigint NOT NULL DEFAULT 0 CHECK (qty_e8 >= 0),
    ADD COLUMN is_canceling boolean NOT NULL DEFAULT false;
ALTER TABLE book ADD COLUMN cost_e8 bigint NOT NULL DEFAULT 0 CHECK (cost_e8 >= 0);
ALTER TABLE intent DROP CONSTRAINT intent_order_type_check;
ALTER TABLE intent ADD CONSTRAINT intent_order_type_check
    CHECK (order_type IN ('market', 'limit', 'limit_maker'));
