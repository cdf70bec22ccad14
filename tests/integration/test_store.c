/* The store against real tables: every message of the bus is written to a table made from its
 * description and read back bit for bit; keys, batches, and what the check at start refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/timefmt.h"
#include "domain/messages.h"
#include "rt/loop.h"
#include "rt/store.h"
#include "tests/testing/stack.h"

#define ROUND_TRIPS_PER_MESSAGE 40
#define WAIT_NS (20 * CB_NS_PER_S)

static stack servers;
static char admin_dsn[192];

typedef struct fixture {
    cb_loop *loop;
    cb_pg *pg;
    cb_err err;
} fixture;

static int start_cluster(void **state)
{
    (void)state;
    stack_start(&servers, STACK_PG);
    stack_dsn(&servers, "postgres", admin_dsn, sizeof(admin_dsn));
    return 0;
}

static int stop_cluster(void **state)
{
    (void)state;
    stack_stop(&servers);
    return 0;
}

static void must(fixture *f, cb_status status)
{
    if (status != CB_OK) {
        fail_msg("%s", f->err.text);
    }
}

static void exec(fixture *f, const char *sql)
{
    must(f, cb_pg_exec(f->pg, sql, NULL, NULL, NULL, &f->err));
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->loop = cb_loop_create(&f->err);
    f->pg = cb_pg_open(f->loop, admin_dsn, "t", &f->err);
    if (f->pg == NULL) {
        return -1;
    }
    exec(f, "DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    cb_pg_close(f->pg);
    cb_loop_destroy(f->loop);
    free(f);
    return 0;
}

static void wait_until(fixture *f, const cb_store *store)
{
    const int64_t end_ns = cb_mono_ns() + WAIT_NS;
    while ((cb_pg_pending(f->pg) > 0 || cb_store_history_pending(store) > 0) &&
           cb_mono_ns() < end_ns) {
        cb_loop_turn(f->loop, CB_NS_PER_S);
    }
    assert_int_equal(cb_pg_pending(f->pg), 0);
    assert_int_equal(cb_store_history_pending(store), 0);
}

/* ---- bodies with every awkward value ---- */

static int64_t any_int64(cb_prng *prng)
{
    static const int64_t edges[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, 100000000, -99999999, INT64_C(1) << 53};
    const uint64_t choice = cb_prng_below(prng, 16);
    return choice < 8 ? edges[choice] : (int64_t)cb_prng_next(prng) >> cb_prng_below(prng, 60);
}

static void any_text(cb_prng *prng, char *out, uint32_t capacity)
{
    static const char *const words[] = {"a",
        "'",
        "\"",
        "\\",
        "{",
        "}",
        ",",
        "NULL",
        "é",
        "€",
        "\n",
        "\t",
        "\x01",
        " ",
        "%s",
        "$1",
        "\xf0\x9f\x90\x95",
        ";--",
        "\x7f"};
    size_t used = 0;
    const uint64_t count = cb_prng_below(prng, capacity);
    for (uint64_t i = 0; i < count; i++) {
        const char *word = words[cb_prng_below(prng, sizeof(words) / sizeof(words[0]))];
        const size_t size = strlen(word);
        if (used + size >= capacity) {
            break;
        }
        memcpy(out + used, word, size + 1);
        used += size;
    }
}

static double any_double(cb_prng *prng)
{
    static const double edges[] = {0.0,
        0.1,
        -1.0 / 3.0,
        1e300,
        -5e-324,
        2.2250738585072014e-308,
        1e15 + 0.3,
        123456789012345678.0};
    const uint64_t choice = cb_prng_below(prng, 16);
    return choice < 8
               ? edges[choice]
               : (double)(int64_t)cb_prng_next(prng) / (double)(1 + cb_prng_below(prng, 1000));
}

static void any_body(cb_prng *prng, const cb_desc *desc, uint8_t *body);

static void any_integer(cb_prng *prng, const cb_field *field, uint8_t *member)
{
    int64_t value = any_int64(prng);
    if (field->kind == CB_KIND_U64) {
        value &= INT64_MAX;
    }
    if (field->kind == CB_KIND_U32 || field->kind == CB_KIND_ENUM) {
        uint32_t narrow = (uint32_t)value;
        narrow = field->kind == CB_KIND_ENUM ? narrow % field->enums->count : narrow;
        memcpy(member, &narrow, sizeof(narrow));
        return;
    }
    memcpy(member, &value, sizeof(value));
}

static void any_items(cb_prng *prng, const cb_field *field, uint8_t *body)
{
    /* Full, empty, or a few. */
    const uint64_t choice = cb_prng_below(prng, 4);
    uint32_t count = choice == 0 ? field->capacity : choice == 1 ? 0 : 3;
    memcpy(body + field->count_offset, &count, sizeof(count));
    for (uint32_t i = 0; i < count; i++) {
        any_body(prng, field->sub, body + field->offset + (size_t)i * field->sub->size);
    }
}

static void any_field(cb_prng *prng, const cb_field *field, uint8_t *body)
{
    uint8_t *member = body + field->offset;
    const cb_id id = {cb_prng_next(prng), cb_prng_next(prng)};
    const double number = any_double(prng);
    switch (field->kind) {
    case CB_KIND_ID:
        if (cb_prng_below(prng, 4) > 0) {
            memcpy(member, &id, sizeof(id));
        }
        break;
    case CB_KIND_TEXT:
        any_text(prng, (char *)member, field->capacity);
        break;
    case CB_KIND_BLOB32:
        for (size_t i = 0; i < 32; i++) {
            member[i] = (uint8_t)cb_prng_next(prng);
        }
        break;
    case CB_KIND_BOOL:
        *(bool *)member = cb_prng_below(prng, 2) == 1;
        break;
    case CB_KIND_F64:
        memcpy(member, &number, sizeof(number));
        break;
    case CB_KIND_MSG:
        any_body(prng, field->sub, member);
        break;
    case CB_KIND_REP:
        any_items(prng, field, body);
        break;
    case CB_KIND_U64:
    case CB_KIND_I64:
    case CB_KIND_U32:
    case CB_KIND_ENUM:
    case CB_KIND_E8:
    case CB_KIND_TIME:
    default:
        any_integer(prng, field, member);
        break;
    }
}

static void any_body(cb_prng *prng, const cb_desc *desc, uint8_t *body)
{
    for (uint32_t i = 0; i < desc->fields_count; i++) {
        any_field(prng, &desc->fields[i], body);
    }
}

/* A message as a table can keep it: the envelope's producer and schema are not columns. */
static void any_message(cb_prng *prng, const cb_desc *desc, uint8_t *body)
{
    memset(body, 0, desc->size);
    any_body(prng, desc, body);
    cb_envelope env;
    memcpy(&env, body, sizeof(env));
    memset(env.producer, 0, sizeof(env.producer));
    env.schema = 0;
    memcpy(body, &env, sizeof(env));
}

typedef struct read_back {
    const cb_desc *desc;
    uint8_t *bodies;
    size_t count;
    size_t capacity;
} read_back;

static void read_body(void *context, const cb_row *row)
{
    read_back *to = context;
    cb_err err;
    assert_true(to->count < to->capacity);
    if (cb_row_body(row, to->desc, to->bodies + to->count * to->desc->size, &err) != CB_OK) {
        fail_msg("%s", err.text);
    }
    to->count++;
}

static void create_table(fixture *f, const cb_store *store, uint32_t table, const char *more)
{
    char sql[8192];
    (void)cb_store_ddl(store, table, sql, sizeof(sql));
    exec(f, sql);
    exec(f, more);
}

/* Compares in the order of writing, kept by a column that the description does not have. */
static void assert_stored(fixture *f, const cb_table *table, const uint8_t *bodies, size_t count)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" ORDER BY written", table->name);
    read_back back = {.desc = table->desc, .capacity = count};
    back.bodies = calloc(count, table->desc->size);
    must(f, cb_pg_exec(f->pg, sql, NULL, read_body, &back, &f->err));
    assert_int_equal(back.count, count);
    for (size_t i = 0; i < count; i++) {
        const size_t at = i * table->desc->size;
        if (memcmp(bodies + at, back.bodies + at, table->desc->size) != 0) {
            fail_msg("%s number %zu differs after the round trip", table->name, i);
        }
    }
    free(back.bodies);
}

static void add_written_column(fixture *f, const cb_store *store, uint32_t table, const char *name)
{
    char more[256];
    snprintf(more,
        sizeof(more),
        "ALTER TABLE \"%s\" ADD COLUMN written bigint GENERATED ALWAYS AS IDENTITY",
        name);
    create_table(f, store, table, more);
}

static void must_succeed(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)context;
    (void)rows;
    if (result->status != CB_OK) {
        fail_msg("%s %s", result->sqlstate, result->message);
    }
}

static void round_trip(fixture *f, cb_prng *prng, cb_msg_id id, cb_store_mode mode)
{
    const cb_desc *desc = cb_msg_desc(id);
    const cb_table table = {.name = desc->name, .desc = desc, .mode = mode};
    cb_store *store = cb_store_create(&table, 1, &f->err);
    assert_non_null(store);
    add_written_column(f, store, 0, desc->name);
    must(f, cb_store_check(store, f->pg, &f->err));
    cb_store_history_open(store, f->loop, f->pg);
    uint8_t *bodies = calloc(ROUND_TRIPS_PER_MESSAGE, desc->size);
    static cb_params params;
    for (size_t i = 0; i < ROUND_TRIPS_PER_MESSAGE; i++) {
        uint8_t *body = bodies + i * desc->size;
        any_message(prng, desc, body);
        if (mode == CB_STORE_HISTORY) {
            cb_store_history_add(store, 0, body);
        } else {
            cb_store_params(store, 0, body, &params);
            cb_pg_query(f->pg, cb_store_sql(store, 0), &params, must_succeed, NULL);
        }
    }
    cb_store_history_flush(store);
    wait_until(f, store);
    assert_int_equal(cb_store_history_lost(store), 0);
    assert_stored(f, &table, bodies, ROUND_TRIPS_PER_MESSAGE);
    free(bodies);
    cb_store_destroy(store);
}

static void store_keeps_every_message_bit_for_bit(void **state)
{
    fixture *f = *state;
    cb_prng prng;
    cb_prng_init(&prng, 20240229);
    for (cb_msg_id id = CB_MSG_NONE + 1; id < CB_MSG_COUNT; id++) {
        round_trip(f, &prng, id, CB_STORE_INSERT);
    }
}

static void store_history_keeps_every_message_bit_for_bit(void **state)
{
    fixture *f = *state;
    cb_prng prng;
    cb_prng_init(&prng, 77);
    for (cb_msg_id id = CB_MSG_NONE + 1; id < CB_MSG_COUNT; id++) {
        round_trip(f, &prng, id, CB_STORE_HISTORY);
    }
}

/* ---- keys, refusals ---- */

static cb_fill make_fill(uint64_t trade_id, int64_t qty_e8)
{
    cb_fill fill = {.trade_id = trade_id, .qty = {qty_e8}, .side = CB_SIDE_BUY};
    snprintf(fill.account, sizeof(fill.account), "main");
    snprintf(fill.symbol, sizeof(fill.symbol), "BTCUSDT");
    return fill;
}

static void on_status(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    snprintf(context, 6, "%s", result->status == CB_OK ? "ok" : result->sqlstate);
}

static void query_fill(
    fixture *f, const cb_store *store, uint32_t table, const cb_fill *fill, char answer[6])
{
    static cb_params params;
    cb_store_params(store, table, fill, &params);
    cb_pg_query(f->pg, cb_store_sql(store, table), &params, on_status, answer);
}

static void keep_first(void *context, const cb_row *row)
{
    snprintf(context, 64, "%s", cb_row_text(row, 0));
}

static void assert_asked(fixture *f, const char *sql, const char *expected)
{
    char got[64] = "";
    must(f, cb_pg_exec(f->pg, sql, NULL, keep_first, got, &f->err));
    assert_string_equal(got, expected);
}

static const cb_table FILL_TABLES[] = {
    {"fill", &cb_fill_desc, CB_STORE_INSERT, "account,symbol,trade_id"},
    {"fill_latest", &cb_fill_desc, CB_STORE_UPSERT, "account,symbol"},
    {"fill_history", &cb_fill_desc, CB_STORE_HISTORY, "account,symbol,trade_id"},
};

static cb_store *create_fill_store(fixture *f)
{
    cb_store *store = cb_store_create(FILL_TABLES, 3, &f->err);
    assert_non_null(store);
    for (uint32_t i = 0; i < 3; i++) {
        create_table(f, store, i, "SELECT 1");
    }
    must(f, cb_store_check(store, f->pg, &f->err));
    return store;
}

static void store_insert_refuses_a_conflict_and_upsert_replaces(void **state)
{
    fixture *f = *state;
    cb_store *store = create_fill_store(f);
    const cb_fill first = make_fill(1, 5);
    const cb_fill second = make_fill(1, 6);
    char answers[4][6] = {{0}};
    query_fill(f, store, 0, &first, answers[0]);
    query_fill(f, store, 0, &second, answers[1]);
    query_fill(f, store, 1, &first, answers[2]);
    query_fill(f, store, 1, &second, answers[3]);
    wait_until(f, store);
    assert_string_equal(answers[0], "ok");
    assert_string_equal(answers[1], "23505");
    assert_string_equal(answers[2], "ok");
    assert_string_equal(answers[3], "ok");
    assert_asked(f, "SELECT qty_e8 FROM fill", "5");
    assert_asked(f, "SELECT string_agg(qty_e8::text, ',') FROM fill_latest", "6");
    cb_store_destroy(store);
}

static void store_refuses_unsigned_numbers_that_no_bigint_holds(void **state)
{
    fixture *f = *state;
    cb_store *store = create_fill_store(f);
    cb_store_history_open(store, f->loop, f->pg);
    const cb_fill inside = make_fill(INT64_MAX, 5);
    const cb_fill outside = make_fill((uint64_t)INT64_MAX + 1, 5);
    char answers[2][6] = {{0}};
    query_fill(f, store, 0, &inside, answers[0]);
    query_fill(f, store, 0, &outside, answers[1]);
    cb_store_history_add(store, 2, &outside);
    cb_store_history_add(store, 2, &inside);
    wait_until(f, store);
    assert_string_equal(answers[0], "ok");
    assert_string_equal(answers[1], "22003");
    assert_int_equal(cb_store_history_lost(store), 1);
    assert_asked(f, "SELECT trade_id FROM fill_history", "9223372036854775807");
    cb_store_destroy(store);
}

static void store_history_sends_by_itself_and_ignores_repeats(void **state)
{
    fixture *f = *state;
    cb_store *store = create_fill_store(f);
    cb_store_history_open(store, f->loop, f->pg);
    for (uint64_t i = 0; i < 5000; i++) {
        const cb_fill fill = make_fill(i % 4000, 1);
        cb_store_history_add(store, 2, &fill);
        if (i % 100 == 0) {
            cb_loop_turn(f->loop, 0);
        }
    }
    wait_until(f, store); /* without a flush: the timer sends the rest */
    assert_int_equal(cb_store_history_lost(store), 0);
    assert_asked(f, "SELECT count(*) FROM fill_history", "4000");
    cb_store_destroy(store);
}

static void store_history_counts_what_the_database_refuses_or_has_no_room_for(void **state)
{
    fixture *f = *state;
    cb_store *store = create_fill_store(f);
    exec(f, "ALTER TABLE fill_history ADD CHECK (qty_e8 > 0)");
    cb_store_history_open(store, f->loop, f->pg);
    for (uint64_t i = 0; i < 3; i++) {
        const cb_fill fill = make_fill(i, -1);
        cb_store_history_add(store, 2, &fill);
    }
    cb_store_history_flush(store);
    wait_until(f, store);
    assert_int_equal(cb_store_history_lost(store), 3);
    /* The loop does not turn, so nothing is answered: memory stays bounded and the rest is lost. */
    const uint64_t added_count = 100000;
    for (uint64_t i = 0; i < added_count; i++) {
        const cb_fill fill = make_fill(100 + i, 1);
        cb_store_history_add(store, 2, &fill);
    }
    const uint64_t lost_count = cb_store_history_lost(store) - 3;
    assert_true(lost_count > 0);
    assert_int_equal(cb_store_history_pending(store), added_count - lost_count);
    wait_until(f, store);
    char expected[32];
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)(added_count - lost_count));
    assert_asked(f, "SELECT count(*) FROM fill_history", expected);
    cb_store_destroy(store);
}

static void store_create_refuses_a_key_that_is_no_field(void **state)
{
    (void)state;
    cb_err err;
    const cb_table wrong = {"fill", &cb_fill_desc, CB_STORE_UPSERT, "account,nonsense"};
    assert_null(cb_store_create(&wrong, 1, &err));
    assert_int_equal(err.code, CB_E_CONFIG);
    assert_non_null(strstr(err.text, "nonsense"));
    const cb_table without = {"fill", &cb_fill_desc, CB_STORE_UPSERT, NULL};
    assert_null(cb_store_create(&without, 1, &err));
    assert_int_equal(err.code, CB_E_CONFIG);
}

static void assert_check_names(fixture *f, const char *change, const char *word)
{
    cb_store *store = cb_store_create(&FILL_TABLES[1], 1, &f->err);
    exec(f, "DROP TABLE IF EXISTS fill_latest");
    create_table(f, store, 0, change);
    const cb_status status = cb_store_check(store, f->pg, &f->err);
    assert_true(status == CB_E_CONFIG || status == CB_E_PEER);
    assert_non_null(strstr(f->err.text, "table fill_latest"));
    if (strstr(f->err.text, word) == NULL) {
        fail_msg("'%s' does not name '%s'", f->err.text, word);
    }
    cb_store_destroy(store);
}

static void store_check_names_what_does_not_fit(void **state)
{
    fixture *f = *state;
    assert_check_names(f, "DROP TABLE fill_latest", "does not exist");
    assert_check_names(
        f, "ALTER TABLE fill_latest DROP COLUMN fee_e8", "column fee_e8 bigint is missing");
    assert_check_names(f, "ALTER TABLE fill_latest ALTER COLUMN price_e8 TYPE numeric", "price_e8");
    assert_check_names(f, "ALTER TABLE fill_latest ADD COLUMN extra int NOT NULL", "extra");
    assert_check_names(
        f, "ALTER TABLE fill_latest DROP CONSTRAINT fill_latest_pkey", "ON CONFLICT");
}

/* ---- reading what no description wrote ---- */

static void read_one(void *context, const cb_row *row)
{
    cb_err *err = context;
    static cb_permit permit;
    err->code = cb_row_body(row, &cb_permit_desc, &permit, err);
}

static void row_body_refuses_values_that_do_not_fit(void **state)
{
    fixture *f = *state;
    static const char *const cases[][2] = {
        {"SELECT 'a text that is longer than sixteen' AS account", "account"},
        {"SELECT 'sideways' AS side", "side"},
        {"SELECT 'x' AS permit_id", "permit_id"},
        {"SELECT 1.5 AS qty_e8", "qty_e8"},
        {"SELECT 9223372036854775808 AS qty_e8", "qty_e8"},
        {"SELECT -1 AS limits_version", "limits_version"},
        {"SELECT '\\x00'::bytea AS mac", "mac"},
        {"SELECT 'yes' AS reduce_only", "reduce_only"},
        {"SELECT '{}'::jsonb AS verdicts", "verdicts"},
        {"SELECT '[1]'::jsonb AS verdicts", "verdict"},
        {"SELECT '[{\"observed\": 1.5}]'::jsonb AS verdicts", "observed"},
        {"SELECT '[{\"observed\": \"1.123456789\"}]'::jsonb AS verdicts", "observed"},
        {"SELECT '[{\"is_pass\": \"t\"}]'::jsonb AS verdicts", "is_pass"},
        {"SELECT jsonb_agg('{}'::jsonb) AS verdicts FROM generate_series(1, 25)", "verdicts"},
        {"SELECT '[{' AS verdicts", "verdicts"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cb_err why = {.code = CB_OK};
        must(f, cb_pg_exec(f->pg, cases[i][0], NULL, read_one, &why, &f->err));
        if (why.code != CB_E_CORRUPT || strstr(why.text, cases[i][1]) == NULL) {
            fail_msg("%s: got %d '%s'", cases[i][0], (int)why.code, why.text);
        }
    }
    cb_err fine = {.code = CB_E_CORRUPT};
    must(f,
        cb_pg_exec(f->pg,
            "SELECT NULL AS account, 'buy' AS side, '[{\"observed\": \"-0.1\"}]'::jsonb AS "
            "verdicts",
            NULL,
            read_one,
            &fine,
            &f->err));
    assert_int_equal(fine.code, CB_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(store_keeps_every_message_bit_for_bit),
        CASE(store_history_keeps_every_message_bit_for_bit),
        CASE(store_insert_refuses_a_conflict_and_upsert_replaces),
        CASE(store_refuses_unsigned_numbers_that_no_bigint_holds),
        CASE(store_history_sends_by_itself_and_ignores_repeats),
        CASE(store_history_counts_what_the_database_refuses_or_has_no_room_for),
        CASE(store_create_refuses_a_key_that_is_no_field),
        CASE(store_check_names_what_does_not_fit),
        CASE(row_body_refuses_values_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
