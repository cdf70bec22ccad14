-- Claims whose commit was lost from sight, by orders of which the claiming process knows that it sent
-- nothing: it says so here before it ends, and the next start need not ask the venue for a proof of
-- absence. The nonce names the claim, so that no other claim's order is meant.
CREATE TABLE claim_unsent (
    intent_id uuid PRIMARY KEY REFERENCES orders,
    claim_nonce uuid NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
