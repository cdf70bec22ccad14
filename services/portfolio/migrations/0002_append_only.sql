-- Rows of these tables are written once. The comment takes the right to UPDATE from the service's own
-- role (rt/migrate.c); DELETE and TRUNCATE no role has.
COMMENT ON TABLE ledger_entry IS 'append-only';
COMMENT ON TABLE fill IS 'append-only';
