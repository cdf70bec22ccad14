/* Least privilege in the database, tried on a real PostgreSQL with the schemas of all services as
 * their migrations make them: each role against each foreign table, DELETE and TRUNCATE on its own,
 * UPDATE where rows are written once, and changing the schema itself. Every statement is one that
 * would change nothing if it were let through, and what is asked is only whether it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/testing/schema.h"

static stack env;
static size_t services_count;

/* Runs a statement as a role: true when the role was not allowed to; anything else is a hole. */
static const char FUNCTIONS[] =
    "CREATE SCHEMA probe;"
    "CREATE TABLE probe.hole (role text, statement text, said text);"
    "CREATE TABLE probe.tried (count bigint);"
    "INSERT INTO probe.tried VALUES (0);"
    "CREATE PROCEDURE probe.try(wanted_role text, statement text) LANGUAGE plpgsql AS $f$"
    " DECLARE said text := 'it was done';"
    " BEGIN"
    "  UPDATE probe.tried SET count = count + 1;"
    "  BEGIN"
    "   EXECUTE format('SET LOCAL ROLE %I', wanted_role);"
    "   EXECUTE statement;"
    "   RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';"
    "  EXCEPTION"
    "   WHEN insufficient_privilege THEN said := NULL;"
    "   WHEN SQLSTATE 'UNDO1' THEN said := 'it was done';"
    "   WHEN OTHERS THEN said := SQLERRM;"
    "  END;"
    "  IF said IS NOT NULL THEN"
    "   INSERT INTO probe.hole VALUES (wanted_role, statement, said);"
    "  END IF;"
    " END $f$;"
    "CREATE VIEW probe.own AS SELECT n.nspname AS schema, c.oid::regclass AS t, c.relname,"
    " coalesce(obj_description(c.oid, 'pg_class') LIKE 'append-only%', false) AS is_append_only,"
    " (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) AS col"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_roles r ON r.rolname = n.nspname"
    " WHERE c.relkind IN ('r', 'p');";

static int setup_group(void **context)
{
    (void)context;
    struct dirent **entries = NULL;
    char out[64];
    stack_start(&env, STACK_PG);
    const int count = scandir("services", &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        services_count += schema_make(&env, entries[i]->d_name) ? 1 : 0;
        free(entries[i]);
    }
    free(entries);
    assert_true(services_count >= 6);
    stack_sql(&env, FUNCTIONS, out, sizeof(out));
    return 0;
}

static int teardown_group(void **context)
{
    (void)context;
    stack_stop(&env);
    return 0;
}

static int setup(void **context)
{
    (void)context;
    char out[64];
    stack_sql(&env, "DELETE FROM probe.hole; UPDATE probe.tried SET count = 0", out, sizeof(out));
    return 0;
}

/* What was let through, or failed for another reason than missing rights. */
static void expect_no_hole(int64_t tried_min)
{
    char hole[512];
    stack_sql(&env,
        "SELECT role || ': ' || statement || ': ' || said FROM probe.hole LIMIT 1",
        hole,
        sizeof(hole));
    if (hole[0] != '\0') {
        fail_msg("%s", hole);
    }
    const int64_t tried = stack_sql_i64(&env, "SELECT count FROM probe.tried");
    print_message("# %lld statements refused\n", (long long)tried);
    assert_true(tried >= tried_min);
}

static void run(const char *sql)
{
    char out[64];
    stack_sql(&env, sql, out, sizeof(out));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

static void no_role_touches_the_schema_of_another(void **context)
{
    (void)context;
    run("DO $$ DECLARE r record; BEGIN FOR r IN SELECT o.*, s.rolname FROM probe.own o JOIN "
        "pg_roles s"
        " ON s.rolname IN (SELECT schema FROM probe.own UNION SELECT schema || '_owner' FROM"
        " probe.own) AND s.rolname NOT IN (o.schema, o.schema || '_owner') LOOP"
        " CALL probe.try(r.rolname, format('SELECT 1 FROM %s LIMIT 0', r.t));"
        " CALL probe.try(r.rolname, format('INSERT INTO %s DEFAULT VALUES', r.t));"
        " CALL probe.try(r.rolname, format('UPDATE %s SET %s = %s WHERE false', r.t, r.col, "
        "r.col));"
        " CALL probe.try(r.rolname, format('DELETE FROM %s WHERE false', r.t));"
        " END LOOP; END $$");
    expect_no_hole(1000);
}

static void no_service_deletes_or_truncates(void **context)
{
    (void)context;
    run("DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM probe.own LOOP"
        " CALL probe.try(r.schema, format('DELETE FROM %s WHERE false', r.t));"
        " CALL probe.try(r.schema, format('TRUNCATE %s CASCADE', r.t));"
        " END LOOP; END $$");
    expect_no_hole(100);
}

static void what_is_written_once_is_not_updated(void **context)
{
    (void)context;
    run("DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM probe.own"
        " WHERE is_append_only OR relname = 'migration' LOOP"
        " CALL probe.try(r.schema, format('UPDATE %s SET %s = %s WHERE false', r.t, r.col, r.col));"
        " END LOOP; END $$");
    expect_no_hole(20);
    assert_int_equal(
        stack_sql_i64(&env,
            "SELECT count(*) FROM probe.own WHERE is_append_only AND (schema, relname) IN"
            " (('execution', 'fills'), ('execution', 'order_event'), ('portfolio', 'ledger_entry'),"
            " ('portfolio', 'fill'), ('risk', 'permit'), ('risk', 'denial'), ('signals', 'intent'),"
            " ('audit', 'record'), ('audit', 'head'))"),
        9);
}

static void no_service_changes_its_schema(void **context)
{
    (void)context;
    run("DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM probe.own LOOP"
        " CALL probe.try(r.schema, format('ALTER TABLE %s ADD COLUMN probe_column int', r.t));"
        " CALL probe.try(r.schema, format('ALTER TABLE %s DISABLE TRIGGER USER', r.t));"
        " CALL probe.try(r.schema, format('DROP TABLE %s CASCADE', r.t));"
        " CALL probe.try(r.schema, format('COMMENT ON TABLE %s IS NULL', r.t));"
        " END LOOP;"
        " FOR r IN SELECT DISTINCT schema FROM probe.own LOOP"
        " CALL probe.try(r.schema, format('CREATE TABLE %I.probe_table (i int)', r.schema));"
        " CALL probe.try(r.schema, format('CREATE FUNCTION %I.probe_function() RETURNS int"
        " LANGUAGE sql AS ''SELECT 1''', r.schema));"
        " CALL probe.try(r.schema, 'CREATE TABLE public.probe_table (i int)');"
        " CALL probe.try(r.schema, 'CREATE TEMPORARY TABLE probe_table (i int)');"
        " CALL probe.try(r.schema, 'CREATE SCHEMA probe_schema');"
        " CALL probe.try(r.schema, 'CREATE ROLE probe_role');"
        " CALL probe.try(r.schema, 'COPY (SELECT 1) TO PROGRAM ''true''');"
        " CALL probe.try(r.schema, 'SELECT pg_read_file(''/etc/hostname'')');"
        " CALL probe.try(r.schema, 'SELECT rolpassword FROM pg_authid');"
        " END LOOP; END $$");
    expect_no_hole(300);
}

static void no_role_is_another_or_above_its_schema(void **context)
{
    (void)context;
    /* Not even its own schema's owner, and nobody is superuser or may replicate. */
    assert_int_equal(
        stack_sql_i64(&env,
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
            " WHERE r.rolname IN (SELECT schema FROM probe.own UNION"
            " SELECT schema || '_owner' FROM probe.own)"),
        0);
    assert_int_equal(
        stack_sql_i64(&env,
            "SELECT count(*) FROM pg_roles WHERE rolname IN (SELECT schema FROM probe.own UNION"
            " SELECT schema || '_owner' FROM probe.own)"
            " AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"),
        0);
    assert_int_equal(
        stack_sql_i64(&env, "SELECT count(DISTINCT schema) FROM probe.own"), (int)services_count);
}

static void old_rows_of_the_hops_go_and_the_newest_stays(void **context)
{
    (void)context;
    run("INSERT INTO risk.outbox (key, seq, event_id, subject, after_seqs, payload, epoch, ts_ns,"
        " is_published) SELECT 'PERMIT/main', n, ('00000000-0000-0000-0000-' || lpad(n::text, 12,"
        " '0'))::uuid, 's', '', 'x', 1, n * 3600000000000, n <> 2 FROM generate_series(1, 6) n");
    run("INSERT INTO risk.inbox (producer, key, seq, epoch, ts_ns)"
        " SELECT 'signals', 'INTENT/main', n, 1, n * 3600000000000 FROM generate_series(1, 6) n");
    /* Seven o'clock: the outbox keeps two hours, the inbox three. */
    run("SET ROLE risk_owner; SET search_path = risk;"
        " SELECT prune(7 * 3600000000000, 2 * 3600000000000, 3 * 3600000000000)");
    char seqs[64];
    stack_sql(&env,
        "SELECT string_agg(seq::text, ',' ORDER BY seq) FROM risk.outbox",
        seqs,
        sizeof(seqs));
    assert_string_equal(seqs, "2,5,6"); /* 2 is not published yet */
    stack_sql(
        &env, "SELECT string_agg(seq::text, ',' ORDER BY seq) FROM risk.inbox", seqs, sizeof(seqs));
    assert_string_equal(seqs, "4,5,6");
    run("SET ROLE risk_owner; SET search_path = risk;"
        " SELECT prune(1000 * 3600000000000, 2 * 3600000000000, 3 * 3600000000000)");
    assert_int_equal(stack_sql_i64(&env, "SELECT max(seq) FROM risk.outbox"), 6);
    assert_int_equal(stack_sql_i64(&env, "SELECT count(*) FROM risk.inbox"), 1);
    run("CALL probe.try('risk', 'SET LOCAL search_path = risk; SELECT prune(1, 3600000000000,"
        " 3600000000000)')");
    expect_no_hole(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_role_touches_the_schema_of_another),
        TEST(no_service_deletes_or_truncates),
        TEST(what_is_written_once_is_not_updated),
        TEST(no_service_changes_its_schema),
        TEST(no_role_is_another_or_above_its_schema),
        TEST(old_rows_of_the_hops_go_and_the_newest_stays),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
