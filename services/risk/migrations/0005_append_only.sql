-- Rows of these tables are written once. The comment takes the right to UPDATE from the service's own
-- role (rt/migrate.c); DELETE and TRUNCATE no role has.
COMMENT ON TABLE fill IS 'append-only';
COMMENT ON TABLE limits IS 'append-only';
COMMENT ON TABLE judgement IS 'append-only';
COMMENT ON TABLE permit IS 'append-only';
COMMENT ON TABLE denial IS 'append-only';
COMMENT ON TABLE intent IS 'append-only';
COMMENT ON TABLE kill_change IS 'append-only';
