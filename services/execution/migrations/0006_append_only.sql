-- Rows of these tables are written once. The comment takes the right to UPDATE from the service's own
-- role (rt/migrate.c); DELETE and TRUNCATE no role has.
COMMENT ON TABLE fills IS 'append-only';
COMMENT ON TABLE balances IS 'append-only';
COMMENT ON TABLE order_event IS 'append-only';
COMMENT ON TABLE order_edge IS 'append-only';
COMMENT ON TABLE refusal IS 'append-only';
COMMENT ON TABLE venue_request IS 'append-only';
COMMENT ON TABLE lease_taken IS 'append-only';
