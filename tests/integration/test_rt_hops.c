/* The hops between services under everything that a bus can do: a chain of four real processes over
 * a real nats-server and PostgreSQL, whose last link must have seen every message once and in
 * order, although processes, the bus and its streams are killed, and messages repeated and mixed
 * up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/timefmt.h"
#include "rt/bus.h"
#include "rt/provision.h"
#include "tests/testing/echo_services.h"
#include "tests/testing/stack.h"
#include "wire/codec.h"

#define SERVICES_COUNT 4
#define WAIT_MS 90000

static const char *const NAMES[SERVICES_COUNT] = {"signals", "risk", "execution", "portfolio"};

typedef struct fixture {
    stack env;
    char program[256];
    pid_t pids[SERVICES_COUNT];
    uint64_t intents_count;
    const char *risk_failpoints; /* NULL: none */
    uint64_t poison;             /* the intent that ends risk, 0 = none */
} fixture;

/* ---- the chain ---- */

static void start_service(fixture *test, size_t index)
{
    const char *name = NAMES[index];
    char texts[11][256];
    char secret[160];
    char dsn[192];
    char owner[64];
    stack_password_file(&test->env, name, secret, sizeof(secret));
    (void)snprintf(texts[0], 256, "%s", test->program);
    (void)snprintf(texts[1], 256, "--service=%s", name);
    (void)snprintf(texts[2], 256, "--nats.url=%s", test->env.nats_url);
    (void)snprintf(texts[3], 256, "--nats.password_file=%s", secret);
    stack_dsn(&test->env, name, dsn, sizeof(dsn));
    (void)snprintf(texts[4], 256, "--pg.dsn=%s", dsn);
    (void)snprintf(owner, sizeof(owner), "%s_owner", name);
    stack_dsn(&test->env, owner, dsn, sizeof(dsn));
    (void)snprintf(texts[5], 256, "--pg.migrate_dsn=%s", dsn);
    (void)snprintf(texts[6], 256, "--echo.count=%" PRIu64, test->intents_count);
    (void)snprintf(texts[7],
        256,
        "--failpoints=%s",
        index == 1 && test->risk_failpoints != NULL ? test->risk_failpoints : "");
    (void)snprintf(texts[8], 256, "--echo.poison=%" PRIu64, test->poison);
    (void)snprintf(texts[9], 256, "--journal.dir=%s", test->env.folder);
    char *const argv[] = {texts[0],
        texts[1],
        texts[2],
        texts[3],
        texts[4],
        texts[5],
        texts[6],
        texts[7],
        texts[8],
        texts[9],
        NULL};
    char log[64];
    (void)snprintf(log, sizeof(log), "%s.log", name);
    test->pids[index] = stack_spawn(&test->env, log, argv);
    assert_true(test->pids[index] > 0);
}

static void kill_service(fixture *test, size_t index, int signal_number)
{
    (void)kill(test->pids[index], signal_number);
    assert_true(stack_wait(test->pids[index], 20000) >= 0);
}

/* A supervisor's job: what has died is started again. */
static void revive(fixture *test)
{
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        if (stack_wait(test->pids[i], 0) >= 0) {
            start_service(test, i);
        }
    }
}

static int64_t seen_count(fixture *test)
{
    char table[64];
    stack_sql(&test->env, "SELECT to_regclass('portfolio.seen')", table, sizeof(table));
    return table[0] == '\0' ? 0 : stack_sql_i64(&test->env, "SELECT count(*) FROM portfolio.seen");
}

static bool is_finished(void *context)
{
    fixture *test = context;
    revive(test);
    return seen_count(test) >= (int64_t)echo_rows_of(test->intents_count);
}

static bool has_some(void *context)
{
    fixture *test = context;
    return seen_count(test) > 20;
}

static void show_logs(fixture *test)
{
    char command[160];
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        char line[1024];
        (void)snprintf(command, sizeof(command), "%s/%s.log", test->env.folder, NAMES[i]);
        FILE *log = fopen(command, "r");
        while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
            (void)fprintf(stderr, "%s: %s", NAMES[i], line);
        }
        if (log != NULL) {
            (void)fclose(log);
        }
    }
}

/* Every row is what the chain must have produced at that place, and there is none too many. */
static void check_rows(fixture *test)
{
    char dsn[192];
    stack_dsn(&test->env, "postgres", dsn, sizeof(dsn));
    PGconn *conn = PQconnectdb(dsn);
    PGresult *result =
        PQexec(conn, "SELECT number, kind, reference FROM portfolio.seen ORDER BY number");
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_int_equal(PQntuples(result), (int)echo_rows_of(test->intents_count));
    for (int i = 0; i < PQntuples(result); i++) {
        const char *kind = NULL;
        uint64_t reference = 0;
        echo_expected((uint64_t)i + 1, &kind, &reference);
        assert_int_equal(strtoull(PQgetvalue(result, i, 0), NULL, 10), i + 1);
        assert_string_equal(PQgetvalue(result, i, 1), kind);
        assert_int_equal(strtoull(PQgetvalue(result, i, 2), NULL, 10), reference);
    }
    PQclear(result);
    PQfinish(conn);
}

/* Each outbox row has its inbox row in each consumer (I13); nothing was buried. */
static void check_tables(fixture *test)
{
    assert_int_equal(stack_sql_i64(&test->env,
                         "SELECT count(*) FROM execution.outbox o LEFT JOIN portfolio.inbox i"
                         " ON i.producer = 'execution' AND i.key = o.key AND i.seq = o.seq"
                         " AND i.event_id = o.event_id WHERE i.seq IS NULL"),
        0);
    assert_int_equal(stack_sql_i64(&test->env,
                         "SELECT count(*) FROM signals.outbox o LEFT JOIN risk.inbox i"
                         " ON i.producer = 'signals' AND i.key = o.key AND i.seq = o.seq"
                         " WHERE i.seq IS NULL"),
        0);
    assert_int_equal(stack_sql_i64(&test->env,
                         "SELECT (SELECT count(*) FROM risk.dead_letter)"
                         " + (SELECT count(*) FROM execution.dead_letter)"
                         " + (SELECT count(*) FROM portfolio.dead_letter)"),
        0);
}

static void finish(fixture *test)
{
    if (!stack_until(is_finished, test, WAIT_MS)) {
        show_logs(test);
        fail_msg(
            "%" PRId64 " rows of %" PRIu64, seen_count(test), echo_rows_of(test->intents_count));
    }
    check_rows(test);
    check_tables(test);
}

static int set_up(void **state)
{
    static fixture test;
    memset(&test, 0, sizeof(test));
    const ssize_t size = readlink("/proc/self/exe", test.program, sizeof(test.program) - 1);
    if (size <= 0) {
        return -1;
    }
    stack_start(&test.env, STACK_NATS | STACK_PG);
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        stack_add_service(&test.env, NAMES[i]);
    }
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        if (test->pids[i] > 0) {
            (void)kill(test->pids[i], SIGKILL);
            (void)stack_wait(test->pids[i], 5000);
        }
    }
    stack_stop(&test->env);
    return 0;
}

static void start_all(fixture *test, uint64_t intents_count)
{
    test->intents_count = intents_count;
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        start_service(test, i);
    }
}

/* ---- the tests ---- */

static void chain_passes_every_message_once_and_in_order(void **state)
{
    fixture *test = *state;
    start_all(test, 300);
    finish(test);
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        (void)kill(test->pids[i], SIGTERM);
        const int code = stack_wait(test->pids[i], 20000);
        if (code != 0) {
            show_logs(test);
        }
        assert_int_equal(code, 0);
        test->pids[i] = 0;
    }
}

static void chain_survives_kill_9_of_every_process(void **state)
{
    fixture *test = *state;
    start_all(test, 1500);
    assert_true(stack_until(has_some, test, WAIT_MS));
    cb_prng prng;
    cb_prng_init(&prng, 7);
    for (int i = 0; i < 12; i++) {
        const size_t victim = (size_t)cb_prng_below(&prng, SERVICES_COUNT);
        (void)usleep(100000 + (useconds_t)cb_prng_below(&prng, 300000));
        kill_service(test, victim, SIGKILL);
        start_service(test, victim);
    }
    finish(test);
}

static void chain_survives_the_death_of_the_bus(void **state)
{
    fixture *test = *state;
    start_all(test, 1200);
    assert_true(stack_until(has_some, test, WAIT_MS));
    for (int i = 0; i < 3; i++) {
        stack_nats_kill(&test->env, SIGKILL);
        (void)usleep(200000);
        stack_nats_restart(&test->env);
        (void)usleep(600000);
    }
    finish(test);
}

/* The streams are lost with the disk that held them: only the outboxes know what was in them. */
static void chain_heals_when_the_streams_are_lost(void **state)
{
    fixture *test = *state;
    start_all(test, 600);
    assert_true(stack_until(has_some, test, WAIT_MS));
    kill_service(test, 3, SIGKILL); /* portfolio misses what follows */
    (void)usleep(500000);
    stack_nats_kill(&test->env, SIGKILL);
    char folder[128];
    (void)snprintf(folder, sizeof(folder), "%s/jetstream", test->env.folder);
    char moved[160];
    (void)snprintf(moved, sizeof(moved), "%s.lost", folder);
    assert_int_equal(rename(folder, moved), 0);
    stack_nats_restart(&test->env);
    cb_err err = {0};
    assert_int_equal(
        cb_provision_streams(test->env.nats_url, "provisionsecret", 20000, &err), CB_OK);
    start_service(test, 3);
    finish(test);
    assert_true(stack_sql_i64(&test->env, "SELECT count(*) FROM portfolio.epoch") > 1);
}

/* Cuts the files that a stream's messages are in down to a tenth, as a power loss may. */
static void tear_stream(fixture *test, const char *stream)
{
    char pattern[256];
    (void)snprintf(pattern,
        sizeof(pattern),
        "%s/jetstream/jetstream/*/streams/%s/msgs/*.blk",
        test->env.folder,
        stream);
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat before;
        assert_int_equal(stat(found.gl_pathv[i], &before), 0);
        assert_int_equal(truncate(found.gl_pathv[i], before.st_size / 10), 0);
    }
    globfree(&found);
}

static bool has_said(fixture *test, size_t index, const char *event)
{
    char path[160];
    char line[1024];
    bool is_said = false;
    (void)snprintf(path, sizeof(path), "%s/%s.log", test->env.folder, NAMES[index]);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        is_said = is_said || strstr(line, event) != NULL;
    }
    (void)fclose(log);
    return is_said;
}

static bool has_risk_noticed(void *context)
{
    return has_said(context, 1, "event=consumer_made_anew");
}

/* What was acknowledged is gone, and the consumers stand beyond the new ends: they would wait in
 * silence until the streams have grown past them, so they make themselves anew. */
static void chain_heals_when_streams_lose_their_ends(void **state)
{
    fixture *test = *state;
    start_all(test, 300);
    assert_true(stack_until(is_finished, test, WAIT_MS));
    stack_nats_kill(&test->env, SIGKILL);
    tear_stream(test, "INTENT");
    tear_stream(test, "ORDER");
    stack_nats_restart(&test->env);
    assert_true(stack_until(has_risk_noticed, test, WAIT_MS));
    kill_service(test, 0, SIGKILL);
    test->intents_count = 320;
    start_service(test, 0);
    finish(test);
    assert_true(has_said(test, 3, "event=stream_regressed"));
}

/* Turns one bit over in the middle of a stream's file. */
static void flip_bit(fixture *test, const char *stream)
{
    char pattern[256];
    (void)snprintf(pattern,
        sizeof(pattern),
        "%s/jetstream/jetstream/*/streams/%s/msgs/*.blk",
        test->env.folder,
        stream);
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    FILE *file = fopen(found.gl_pathv[0], "r+b");
    struct stat before;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &before), 0);
    assert_int_equal(fseek(file, before.st_size / 2, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_true(byte >= 0);
    assert_int_equal(fseek(file, before.st_size / 2, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
    assert_int_equal(fclose(file), 0);
    globfree(&found);
}

/* After one flipped bit the server takes and acknowledges messages and serves none of them. The
 * producer notices that its replays do not help, and empties the stream. */
static void chain_heals_when_a_stream_goes_deaf(void **state)
{
    fixture *test = *state;
    start_all(test, 300);
    assert_true(stack_until(is_finished, test, WAIT_MS));
    stack_nats_kill(&test->env, SIGKILL);
    flip_bit(test, "ORDER");
    stack_nats_restart(&test->env);
    kill_service(test, 0, SIGKILL);
    test->intents_count = 320;
    start_service(test, 0);
    finish(test);
    assert_true(has_said(test, 2, "event=stream_deaf"));
}

/* Publishes rows of the outboxes again, twice, backwards and under other message ids. */
static void repeat_rows(fixture *test, cb_loop *loop, cb_bus *bus, const char *sql)
{
    char dsn[192];
    stack_dsn(&test->env, "postgres", dsn, sizeof(dsn));
    PGconn *conn = PQconnectdb(dsn);
    PGresult *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 1);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(result); i++) {
        cb_err err;
        const cb_bus_header header = {"Cb-Hop", PQgetvalue(result, i, 1)};
        assert_int_equal(cb_bus_publish_headers(bus,
                             PQgetvalue(result, i, 0),
                             NULL,
                             &header,
                             1,
                             PQgetvalue(result, i, 2),
                             (size_t)PQgetlength(result, i, 2),
                             &err),
            CB_OK);
    }
    PQclear(result);
    PQfinish(conn);
    cb_loop_turn(loop, 10 * CB_NS_PER_MS);
}

static void chain_ignores_repeated_and_disordered_messages(void **state)
{
    fixture *test = *state;
    start_all(test, 900);
    assert_true(stack_until(has_some, test, WAIT_MS));
    cb_err err = {0};
    cb_loop *loop = cb_loop_create(&err);
    const cb_bus_options as_execution = {
        test->env.nats_url, "execution", "executionsecret", "", 2000};
    cb_bus *bus = cb_bus_open(loop, &as_execution, &err);
    assert_non_null(bus);
    for (int round = 0; round < 10; round++) {
        repeat_rows(test,
            loop,
            bus,
            "SELECT subject, key || ' ' || seq || ' ' || coalesce(nullif(after_seqs, ''), '-'), "
            "payload FROM execution.outbox"
            " ORDER BY md5(event_id::text) LIMIT 300");
        repeat_rows(test,
            loop,
            bus,
            "SELECT subject, key || ' ' || seq || ' ' || coalesce(nullif(after_seqs, ''), '-'), "
            "payload FROM execution.outbox"
            " ORDER BY ts_ns DESC, seq DESC LIMIT 100");
        (void)usleep(100000);
    }
    finish(test);
    cb_bus_close(bus);
    cb_loop_destroy(loop);
}

/* Garbage on a stream is buried and blocks nothing. */
static void chain_buries_what_it_cannot_read(void **state)
{
    fixture *test = *state;
    start_all(test, 300);
    cb_err err = {0};
    cb_loop *loop = cb_loop_create(&err);
    const cb_bus_options as_signals = {test->env.nats_url, "signals", "signalssecret", "", 2000};
    cb_bus *bus = cb_bus_open(loop, &as_signals, &err);
    assert_non_null(bus);
    static const char *const BODIES[] = {"", "\xff\xff\xff", "garbage garbage", "\x0a\x05"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            cb_bus_publish(
                bus, "intent.new.17.binance.main", NULL, BODIES[i], strlen(BODIES[i]) + 1, &err),
            CB_OK);
    }
    cb_loop_turn(loop, 10 * CB_NS_PER_MS);
    if (!stack_until(is_finished, test, WAIT_MS)) {
        show_logs(test);
        fail_msg("%" PRId64 " rows", seen_count(test));
    }
    check_rows(test);
    assert_int_equal(stack_sql_i64(&test->env, "SELECT count(*) FROM risk.dead_letter"), 4);
    cb_bus_close(bus);
    cb_loop_destroy(loop);
}

/* ---- dead letters ---- */

typedef struct answer {
    char text[256];
    bool is_there;
} answer;

static void on_answer(void *context, const cb_bus_message *message)
{
    answer *got = context;
    (void)snprintf(
        got->text, sizeof(got->text), "%.*s", (int)message->size, (const char *)message->bytes);
    got->is_there = true;
    cb_bus_message_free(message);
}

/* Asks risk as the gateway does; the answer's text goes to got. */
static void ask_risk(fixture *test, const char *name, const char *id, answer *got)
{
    cb_err err = {0};
    cb_loop *loop = cb_loop_create(&err);
    const cb_bus_options as_gateway = {test->env.nats_url, "gateway", "gatewaysecret", "", 2000};
    cb_bus *bus = cb_bus_open(loop, &as_gateway, &err);
    assert_non_null(bus);
    *got = (answer){.is_there = false};
    assert_non_null(cb_bus_subscribe(bus, "_INBOX_gateway.ask.>", 8, on_answer, got, &err));
    cb_query_msg query = {.limit = 10};
    (void)snprintf(query.env.producer, sizeof(query.env.producer), "gateway");
    (void)snprintf(query.name, sizeof(query.name), "%s", name);
    (void)snprintf(query.id, sizeof(query.id), "%s", id);
    uint8_t bytes[512];
    size_t size = 0;
    assert_int_equal(
        cb_encode(cb_msg_desc(CB_MSG_QUERY), &query, bytes, sizeof(bytes), &size, &err), CB_OK);
    assert_int_equal(
        cb_bus_publish(bus, "query.ask.risk", "_INBOX_gateway.ask.1", bytes, size, &err), CB_OK);
    const int64_t deadline_ns = cb_mono_ns() + 20 * CB_NS_PER_S;
    while (!got->is_there && cb_mono_ns() < deadline_ns) {
        cb_loop_turn(loop, 20 * CB_NS_PER_MS);
    }
    assert_true(got->is_there);
    cb_bus_close(bus);
    cb_loop_destroy(loop);
}

static bool is_one_missing(void *context)
{
    fixture *test = context;
    return seen_count(test) == (int64_t)echo_rows_of(test->intents_count) - 4;
}

static bool are_intents_published(void *context)
{
    fixture *test = context;
    char table[64];
    stack_sql(&test->env, "SELECT to_regclass('signals.outbox')", table, sizeof(table));
    return table[0] != '\0' &&
           stack_sql_i64(&test->env, "SELECT count(*) FROM signals.outbox WHERE is_published") >=
               (int64_t)test->intents_count;
}

/* A message that was taken for unreadable lies in the dead letters while the others flow; its
 * replay has its effect once, however often it is asked for. */
static void chain_replays_a_dead_letter_once(void **state)
{
    fixture *test = *state;
    test->risk_failpoints = "risk.before_step=error@5";
    test->intents_count = 31;
    start_service(test, 0);
    assert_true(stack_until(are_intents_published, test, WAIT_MS));
    for (size_t i = 0; i < SERVICES_COUNT; i++) {
        if (i != 0) {
            start_service(test, i); /* what risk steps first is the intents, in their order */
        }
    }
    assert_true(stack_until(is_one_missing, test, WAIT_MS));
    answer got;
    ask_risk(test, "dead_letters", "", &got);
    assert_non_null(strstr(got.text, "\"seq\":5,\"attempts\":1,\"error\":\"failpoint\""));
    ask_risk(test, "dead_letter_replay", "2", &got);
    assert_string_equal(got.text, "{\"error\":\"no such dead letter\"}");
    ask_risk(test, "dead_letter_replay", "1", &got);
    assert_string_equal(got.text, "{\"rows\":[{\"replayed\":true}]}");
    ask_risk(test, "dead_letter_replay", "1", &got);
    assert_string_equal(got.text, "{\"error\":\"it was replayed already\"}");
    assert_true(stack_until(is_finished, test, WAIT_MS));
    assert_int_equal(
        stack_sql_i64(&test->env, "SELECT count(*) FROM portfolio.seen WHERE reference = 5"), 4);
    assert_int_equal(stack_sql_i64(&test->env,
                         "SELECT count(*) FROM risk.dead_letter WHERE resolved_by = 'operator'"),
        1);
}

/* A message whose effect ends the process each time is buried after three deaths, the chain goes
 * on, and risk is asked to stop new risk for the account. */
static void chain_buries_a_message_that_kills(void **state)
{
    fixture *test = *state;
    test->poison = 7;
    start_all(test, 31);
    test->intents_count = 30; /* one never comes: its four rows are missing */
    if (!stack_until(is_finished, test, WAIT_MS)) {
        show_logs(test);
        fail_msg("%" PRId64 " rows", seen_count(test));
    }
    assert_int_equal(
        stack_sql_i64(&test->env, "SELECT count(*) FROM portfolio.seen WHERE reference = 7"), 0);
    assert_int_equal(stack_sql_i64(&test->env,
                         "SELECT count(*) FROM risk.dead_letter WHERE seq = 7 AND attempts = 3"),
        1);
    assert_int_equal(stack_sql_i64(&test->env, "SELECT count(*) FROM risk.epoch"), 4);
    assert_true(has_said(test, 1, "event=died_of_message"));
}

/* A role owns nothing and can delete nothing. */
static void role_cannot_delete_or_alter(void **state)
{
    fixture *test = *state;
    start_all(test, 3);
    finish(test);
    static const char *const STATEMENTS[] = {"DELETE FROM portfolio.seen",
        "TRUNCATE portfolio.inbox",
        "DROP TABLE portfolio.outbox",
        "ALTER TABLE portfolio.seen ADD x int",
        "CREATE TABLE portfolio.x (y int)",
        "SELECT * FROM execution.outbox"};
    char dsn[192];
    stack_dsn(&test->env, "portfolio", dsn, sizeof(dsn));
    PGconn *conn = PQconnectdb(dsn);
    for (size_t i = 0; i < sizeof(STATEMENTS) / sizeof(STATEMENTS[0]); i++) {
        PGresult *result = PQexec(conn, STATEMENTS[i]);
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        assert_non_null(sqlstate);
        assert_string_equal(sqlstate, "42501");
        PQclear(result);
    }
    PQfinish(conn);
}

int main(int argc, char **argv)
{
    static const char FLAG[] = "--service=";
    if (argc > 1 && strncmp(argv[1], FLAG, sizeof(FLAG) - 1) == 0) {
        const cb_service *service = echo_service(argv[1] + sizeof(FLAG) - 1);
        argv[1] = argv[0];
        return service != NULL ? cb_service_main(service, argc - 1, argv + 1) : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            chain_passes_every_message_once_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_survives_kill_9_of_every_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_survives_the_death_of_the_bus, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_heals_when_the_streams_are_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            chain_heals_when_streams_lose_their_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_heals_when_a_stream_goes_deaf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            chain_ignores_repeated_and_disordered_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_buries_what_it_cannot_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_replays_a_dead_letter_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chain_buries_a_message_that_kills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(role_cannot_delete_or_alter, set_up, tear_down),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
