-- Rows of these tables are written once. The comment takes the right to UPDATE from the service's own
-- role (rt/migrate.c); DELETE and TRUNCATE no role has.
COMMENT ON TABLE epoch IS 'append-only';
