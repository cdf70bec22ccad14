/* The runtime as an operator meets it: arguments, what is missing at the start, what dies while it
 * runs, health, the simulator's clock, lockstep questions, queries, garbage and a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/bus.h"
#include "rt/journal.h"
#include "tests/testing/echo_services.h"
#include "tests/testing/stack.h"
#include "wire/codec.h"

#define WAIT_MS 20000
#define ARGS_MAX 24
#define START_NS (INT64_C(1700000000) * CB_NS_PER_S)
#define PAUSE_NS (2 * CB_NS_PER_MS) /* between two intents of the echo service */

typedef struct fixture {
    stack env;
    char program[256];
    pid_t pid;
    uint16_t port;
    const char *name;
    const char *expected; /* text that wait_for_* looks for */
    char answer[65536];
    cb_loop *loop;
    cb_bus *bus;
    cb_sync_reply reply;
    bool has_reply;
} fixture;

/* ---- one service ---- */

/* Starts the service with the usual flags and up to four more; prlimit limits its files. */
static void start(fixture *test, const char *name, const char *const extra[], const char *fsize)
{
    static char texts[ARGS_MAX][320];
    char *argv[ARGS_MAX + 1];
    char path[192];
    int count = 0;
    test->name = name;
    test->port = stack_free_port();
    if (fsize != NULL) {
        (void)snprintf(texts[count++], 320, "/usr/bin/prlimit");
        (void)snprintf(texts[count++], 320, "--fsize=%s", fsize);
    }
    (void)snprintf(texts[count++], 320, "%s", test->program);
    (void)snprintf(texts[count++], 320, "--service=%s", name);
    (void)snprintf(texts[count++], 320, "--nats.url=%s", test->env.nats_url);
    stack_password_file(&test->env, name, path, sizeof(path));
    (void)snprintf(texts[count++], 320, "--nats.password_file=%s", path);
    stack_dsn(&test->env, name, path, sizeof(path));
    (void)snprintf(texts[count++], 320, "--pg.dsn=%s", path);
    char owner[64];
    (void)snprintf(owner, sizeof(owner), "%s_owner", name);
    stack_dsn(&test->env, owner, path, sizeof(path));
    (void)snprintf(texts[count++], 320, "--pg.migrate_dsn=%s", path);
    (void)snprintf(texts[count++], 320, "--http.port=%u", (unsigned)test->port);
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        (void)snprintf(texts[count++], 320, "%s", extra[i]);
    }
    for (int i = 0; i < count; i++) {
        argv[i] = texts[i];
    }
    argv[count] = NULL;
    char log[64];
    (void)snprintf(log, sizeof(log), "%s.log", name);
    test->pid = stack_spawn(&test->env, log, argv);
    assert_true(test->pid > 0);
}

/* Exactly these words after the program; returns the exit code. */
static int run_with(fixture *test, const char *name, const char *const words[])
{
    static char texts[ARGS_MAX][320];
    char *argv[ARGS_MAX + 1];
    int count = 0;
    (void)snprintf(texts[count++], 320, "%s", test->program);
    (void)snprintf(texts[count++], 320, "--service=%s", name);
    for (size_t i = 0; words[i] != NULL; i++) {
        (void)snprintf(texts[count++], 320, "%s", words[i]);
    }
    for (int i = 0; i < count; i++) {
        argv[i] = texts[i];
    }
    argv[count] = NULL;
    test->name = name;
    char log[64];
    (void)snprintf(log, sizeof(log), "%s.log", name);
    return stack_wait(stack_spawn(&test->env, log, argv), WAIT_MS);
}

static bool log_has(fixture *test, const char *text)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s.log", test->env.folder, test->name);
    FILE *log = fopen(path, "r");
    if (log == NULL) {
        return false;
    }
    const size_t size = fread(test->answer, 1, sizeof(test->answer) - 1, log);
    (void)fclose(log);
    test->answer[size] = '\0';
    return strstr(test->answer, text) != NULL;
}

static void assert_log_has(fixture *test, const char *text)
{
    if (!log_has(test, text)) {
        fail_msg("\"%s\" is not in:\n%s", text, test->answer);
    }
}

/* GET over a plain socket; the whole answer with its head goes to test->answer. */
static bool get(fixture *test, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(test->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char request[256];
    const int length = snprintf(request,
        sizeof(request),
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        path);
    size_t used = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(fd, request, (size_t)length) == length) {
        ssize_t count = 0;
        while ((count = read(fd, test->answer + used, sizeof(test->answer) - 1 - used)) > 0) {
            used += (size_t)count;
        }
    }
    (void)close(fd);
    test->answer[used] = '\0';
    return used > 0;
}

static bool readyz_has_expected(void *context)
{
    fixture *test = context;
    return get(test, "/readyz") && strstr(test->answer, test->expected) != NULL;
}

static void wait_for_readyz(fixture *test, const char *text)
{
    test->expected = text;
    if (!stack_until(readyz_has_expected, test, WAIT_MS)) {
        char last[2048];
        (void)snprintf(last, sizeof(last), "%.2000s", test->answer);
        CB_MAYBE(log_has(test, ""));
        fail_msg("/readyz does not say \"%s\" but \"%s\"\n%s", text, last, test->answer);
    }
}

static bool log_has_expected(void *context)
{
    fixture *test = context;
    return log_has(test, test->expected);
}

static void wait_for_log(fixture *test, const char *text)
{
    test->expected = text;
    if (!stack_until(log_has_expected, test, WAIT_MS)) {
        fail_msg("\"%s\" is not in:\n%s", text, test->answer);
    }
}

static int end(fixture *test, int signal_number)
{
    (void)kill(test->pid, signal_number);
    const int code = stack_wait(test->pid, WAIT_MS);
    test->pid = 0;
    return code;
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
    stack_add_service(&test.env, "signals");
    stack_add_service(&test.env, "portfolio");
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    if (test->pid > 0) {
        CB_MAYBE(end(test, SIGKILL) >= 0);
    }
    cb_bus_close(test->bus);
    cb_loop_destroy(test->loop);
    stack_stop(&test->env);
    return 0;
}

/* ---- arguments ---- */

static void arguments_are_served_or_refused_by_name(void **state)
{
    fixture *test = *state;
    const char *const help[] = {"--help", NULL};
    assert_int_equal(run_with(test, "signals", help), 0);
    assert_log_has(test, "--echo.count=");
    assert_log_has(test, "CERBERUS_NATS_URL");
    const char *const unknown[] = {"--pg.dsn=host=/x", "--echo.cuont=5", NULL};
    assert_int_equal(run_with(test, "signals", unknown), 64);
    assert_log_has(test, "echo.cuont");
    const char *const bounds[] = {"--pg.dsn=host=/x", "--http.port=65536", NULL};
    assert_int_equal(run_with(test, "signals", bounds), 64);
    assert_log_has(test, "http.port (flag --http.port): must be between 0 and 65535");
    const char *const missing[] = {"--check", NULL};
    assert_int_equal(run_with(test, "signals", missing), 64);
    assert_log_has(test, "pg.dsn is required");
    const char *const secret[] = {"--pg.dsn=host=/x", "--nats.password_file=/nowhere", NULL};
    assert_int_equal(run_with(test, "signals", secret), 64);
    assert_log_has(test, "nats.password_file (flag --nats.password_file)");
    const char *const password[] = {"--pg.dsn=host=/x password=y", NULL};
    assert_int_equal(run_with(test, "signals", password), 64);
    assert_log_has(test, "pg.dsn holds a password");
    const char *const shard[] = {"--pg.dsn=host=/x", "--shard=1/2", NULL};
    assert_int_equal(run_with(test, "signals", shard), 64);
    assert_log_has(test, "shard: signals takes part in stream INTENT");
    const char *const bad_shard[] = {"--pg.dsn=host=/x", "--shard=3/2", NULL};
    assert_int_equal(run_with(test, "signals", bad_shard), 64);
    assert_log_has(test, "is not i/n");
    const char *const fine[] = {"--pg.dsn=host=/x", "--check", NULL};
    assert_int_equal(run_with(test, "signals", fine), 0);
    assert_log_has(test, "configuration ok");
}

static void print_config_masks_secrets(void **state)
{
    fixture *test = *state;
    char flag[256];
    char path[160];
    stack_password_file(&test->env, "signals", path, sizeof(path));
    (void)snprintf(flag, sizeof(flag), "--nats.password_file=%s", path);
    const char *const words[] = {"--pg.dsn=host=/x", flag, "--print-config", NULL};
    assert_int_equal(run_with(test, "signals", words), 0);
    assert_log_has(test, "nats.password_file = ********  # flag");
    assert_log_has(test, "drain.timeout = 10s  # default");
    assert_false(log_has(test, "signalssecret"));
}

/* ---- what is missing at the start ---- */

static void start_without_nats_says_where_and_ends_with_69(void **state)
{
    fixture *test = *state;
    stack_nats_kill(&test->env, SIGKILL);
    const char *const extra[] = {"--start.timeout=1s", NULL};
    start(test, "signals", extra, NULL);
    assert_int_equal(stack_wait(test->pid, WAIT_MS), 69);
    test->pid = 0;
    assert_log_has(test, "event=nats_unavailable");
    assert_log_has(test, test->env.nats_url);
    assert_log_has(test, "event=start_given_up");
    assert_false(log_has(test, "signalssecret"));
}

static void start_without_postgresql_says_where_and_ends_with_69(void **state)
{
    fixture *test = *state;
    stack_pg_kill(&test->env, SIGQUIT);
    const char *const extra[] = {"--start.timeout=1s", NULL};
    start(test, "signals", extra, NULL);
    assert_int_equal(stack_wait(test->pid, WAIT_MS), 69);
    test->pid = 0;
    assert_log_has(test, "event=postgresql_unavailable");
    assert_log_has(test, test->env.folder);
}

static void start_waits_for_what_comes_late(void **state)
{
    fixture *test = *state;
    stack_pg_kill(&test->env, SIGQUIT);
    start(test, "signals", NULL, NULL);
    wait_for_log(test, "event=postgresql_unavailable");
    wait_for_readyz(test, "\"state\":\"starting\"");
    stack_pg_restart(&test->env);
    wait_for_readyz(test, "\"state\":\"ready\"");
}

static void port_in_use_is_named(void **state)
{
    fixture *test = *state;
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    char flag[64];
    (void)snprintf(flag, sizeof(flag), "--http.port=%u", (unsigned)test->port);
    const char *const words[] = {"--pg.dsn=host=/x", flag, NULL};
    assert_int_equal(run_with(test, "signals", words), 69);
    char text[64];
    (void)snprintf(text, sizeof(text), "port %u", (unsigned)test->port);
    assert_log_has(test, text);
}

static void second_process_waits_for_the_first(void **state)
{
    fixture *test = *state;
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    const pid_t first = test->pid;
    start(test, "signals", NULL, NULL);
    wait_for_log(test, "another signals runs on this schema");
    (void)kill(first, SIGKILL);
    assert_int_equal(stack_wait(first, WAIT_MS), 128 + SIGKILL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    assert_int_equal(stack_sql_i64(&test->env, "SELECT max(epoch) FROM signals.epoch"), 2);
}

/* ---- while it runs ---- */

static void health_follows_the_bus(void **state)
{
    fixture *test = *state;
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "200 OK");
    assert_true(get(test, "/healthz"));
    assert_non_null(strstr(test->answer, "200 OK"));
    stack_nats_kill(&test->env, SIGKILL);
    wait_for_readyz(test, "NATS connection is down");
    assert_non_null(strstr(test->answer, "503"));
    assert_true(get(test, "/healthz"));
    assert_non_null(strstr(test->answer, "200 OK"));
    stack_nats_restart(&test->env);
    wait_for_readyz(test, "\"state\":\"ready\"");
    assert_int_equal(end(test, SIGTERM), 0);
}

/* A frozen server keeps its sockets open: only a message that does not come back tells. */
static void health_notices_a_frozen_bus(void **state)
{
    fixture *test = *state;
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    (void)kill(test->env.nats_pid, SIGSTOP);
    wait_for_readyz(test, "\"state\":\"degraded\"");
    (void)kill(test->env.nats_pid, SIGCONT);
    wait_for_readyz(test, "\"state\":\"ready\"");
}

static void lost_database_ends_the_process_with_70(void **state)
{
    fixture *test = *state;
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    stack_pg_kill(&test->env, SIGQUIT);
    assert_int_equal(stack_wait(test->pid, WAIT_MS), 70);
    test->pid = 0;
    assert_log_has(test, "event=postgresql_lost");
    stack_pg_restart(&test->env);
    start(test, "signals", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
}

static void metrics_are_exposed(void **state)
{
    fixture *test = *state;
    const char *const extra[] = {"--echo.count=20", NULL};
    start(test, "signals", extra, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    assert_true(get(test, "/metrics"));
    assert_non_null(strstr(test->answer, "# TYPE cerberus_events_total counter"));
    assert_non_null(strstr(test->answer, "cerberus_step_seconds_bucket{service=\"signals\",le="));
    assert_non_null(strstr(test->answer, "cerberus_state{service=\"signals\"} 3"));
}

/* ---- the simulator's side ---- */

static void on_reply(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    cb_err err;
    test->has_reply =
        cb_decode(
            cb_msg_desc(CB_MSG_SYNC_REPLY), message->bytes, message->size, &test->reply, &err) ==
        CB_OK;
    cb_bus_message_free(message);
}

static void on_answer(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    (void)snprintf(test->answer,
        sizeof(test->answer),
        "%.*s",
        (int)message->size,
        (const char *)message->bytes);
    test->has_reply = true;
    cb_bus_message_free(message);
}

static void open_bus_as(fixture *test, const char *user, cb_bus_fn fn)
{
    cb_err err = {0};
    char password[64];
    char inbox[64];
    (void)snprintf(password, sizeof(password), "%ssecret", user);
    (void)snprintf(inbox, sizeof(inbox), "_INBOX_%s.>", user);
    const cb_bus_options options = {test->env.nats_url, user, password, "", 2000};
    test->loop = cb_loop_create(&err);
    test->bus = cb_bus_open(test->loop, &options, &err);
    assert_non_null(test->bus);
    assert_non_null(cb_bus_subscribe(test->bus, inbox, 64, fn, test, &err));
}

static void publish_body(
    fixture *test, const char *subject, const char *reply, cb_msg_id id, const void *body)
{
    uint8_t bytes[4096];
    size_t size = 0;
    cb_err err;
    assert_int_equal(cb_encode(cb_msg_desc(id), body, bytes, sizeof(bytes), &size, &err), CB_OK);
    assert_int_equal(cb_bus_publish(test->bus, subject, reply, bytes, size, &err), CB_OK);
    cb_bus_flush(test->bus);
}

static void publish_clock(fixture *test, int64_t now_ns)
{
    cb_clock_msg clock = {.now_ns = now_ns};
    (void)snprintf(clock.env.producer, sizeof(clock.env.producer), "simulator");
    publish_body(test, "sim.clock.simulator", NULL, CB_MSG_CLOCK, &clock);
}

/* Asks until the service is idle at that time. */
static void settle(fixture *test, int64_t now_ns)
{
    const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
    cb_sync_request request = {.step = 1};
    (void)snprintf(request.env.producer, sizeof(request.env.producer), "simulator");
    do {
        test->has_reply = false;
        publish_body(
            test, "sim.sync.signals", "_INBOX_simulator.ask.1", CB_MSG_SYNC_REQUEST, &request);
        const int64_t turn_end_ns = cb_mono_ns() + 100 * CB_NS_PER_MS;
        while (!test->has_reply && cb_mono_ns() < turn_end_ns) {
            cb_loop_turn(test->loop, 10 * CB_NS_PER_MS);
        }
        assert_true(cb_mono_ns() < deadline_ns);
    } while (!test->has_reply || !test->reply.is_idle || test->reply.clock_ns != (uint64_t)now_ns);
}

static uint64_t sent_intents(const fixture *test)
{
    for (uint32_t i = 0; i < test->reply.counts_count; i++) {
        if (strcmp(test->reply.counts[i].name, "INTENT") == 0) {
            return test->reply.counts[i].sent_count;
        }
    }
    return 0;
}

static void bus_clock_alone_moves_the_timers(void **state)
{
    fixture *test = *state;
    const char *const extra[] = {"--clock=bus", "--echo.count=1000", NULL};
    start(test, "signals", extra, NULL);
    wait_for_readyz(test, "waiting for the simulator's clock");
    open_bus_as(test, "simulator", on_reply);
    publish_clock(test, START_NS);
    wait_for_readyz(test, "\"state\":\"ready\"");
    settle(test, START_NS);
    assert_int_equal(sent_intents(test), 1); /* the one of CB_EVENT_RECOVERED */
    /* A timer is due exactly when the clock says so, not one nanosecond before. */
    publish_clock(test, START_NS + PAUSE_NS - 1);
    settle(test, START_NS + PAUSE_NS - 1);
    assert_int_equal(sent_intents(test), 1);
    publish_clock(test, START_NS + PAUSE_NS);
    settle(test, START_NS + PAUSE_NS);
    assert_int_equal(sent_intents(test), 2);
    /* The next one counts from the event's time: a jump fires it once. */
    publish_clock(test, START_NS + 100 * PAUSE_NS);
    settle(test, START_NS + 100 * PAUSE_NS);
    assert_int_equal(sent_intents(test), 3);
    /* Time never goes back. */
    publish_clock(test, START_NS);
    settle(test, START_NS + 100 * PAUSE_NS);
    assert_int_equal(stack_sql_i64(&test->env, "SELECT max(ts_ns) FROM signals.outbox"),
        START_NS + 100 * PAUSE_NS);
}

static void queries_answer_in_json(void **state)
{
    fixture *test = *state;
    start(test, "portfolio", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    stack_sql(&test->env,
        "INSERT INTO portfolio.seen SELECT i, 'fill', i FROM generate_series(1, 30) i",
        NULL,
        0);
    open_bus_as(test, "gateway", on_answer);
    cb_query_msg query = {.limit = 2};
    (void)snprintf(query.env.producer, sizeof(query.env.producer), "gateway");
    (void)snprintf(query.name, sizeof(query.name), "seen");
    static const char *const ANSWERS[] = {
        "{\"rows\":[{\"number\":1,\"kind\":\"fill\",\"reference\":\"1\"}, "
        "{\"number\":2,\"kind\":\"fill\",\"reference\":\"2\"}]}",
        "{\"error\":\"no such query\"}"};
    for (size_t i = 0; i < 2; i++) {
        test->has_reply = false;
        publish_body(test, "query.ask.portfolio", "_INBOX_gateway.ask.1", CB_MSG_QUERY, &query);
        const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
        while (!test->has_reply && cb_mono_ns() < deadline_ns) {
            cb_loop_turn(test->loop, 10 * CB_NS_PER_MS);
        }
        assert_string_equal(test->answer, ANSWERS[i]);
        (void)snprintf(query.name, sizeof(query.name), "nothing");
    }
}

/* Two processes share the symbols: each symbol is heard by exactly one. */
static void shards_divide_the_symbols(void **state)
{
    fixture *test = *state;
    enum { SYMBOLS = 40 };
    const char *const first[] = {"--shard=1/2", NULL};
    const char *const second[] = {"--shard=2/2", NULL};
    stack_add_service(&test->env, "validator");
    start(test, "validator", first, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    const pid_t other = test->pid;
    start(test, "validator", second, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    open_bus_as(test, "collector", on_answer);
    for (uint64_t i = 1; i <= SYMBOLS; i++) {
        cb_trade trade = {.trade_id = i};
        char subject[CB_SUBJECT_TEXT_MAX];
        cb_err err;
        (void)snprintf(trade.venue, sizeof(trade.venue), "binance");
        (void)snprintf(trade.symbol, sizeof(trade.symbol), "S%" PRIu64 "USDT", i);
        (void)snprintf(trade.env.producer, sizeof(trade.env.producer), "collector");
        assert_int_equal(
            cb_subject_for(CB_SUBJECT_MD_RAW_TRADE, &trade, "collector", subject, &err), CB_OK);
        publish_body(test, subject, NULL, CB_MSG_TRADE, &trade);
    }
    /* A trade heard by both would break the table's key and end a process; one heard by none would
     * be missing. */
    static const char COUNT[] = "SELECT count(*) FROM validator.seen";
    const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
    while (stack_sql_i64(&test->env, COUNT) < SYMBOLS) {
        if (cb_mono_ns() >= deadline_ns) {
            CB_MAYBE(log_has(test, ""));
            fail_msg(
                "%" PRId64 " trades heard\n%s", stack_sql_i64(&test->env, COUNT), test->answer);
        }
    }
    assert_true(get(test, "/metrics"));
    const char *events = strstr(test->answer, "\ncerberus_events_total{service=\"validator\"} ");
    assert_non_null(events);
    const unsigned long heard = strtoul(strchr(events, '}') + 1, NULL, 10);
    assert_true(heard > 1 && heard < SYMBOLS + 1);
    assert_int_equal(end(test, SIGTERM), 0);
    (void)kill(other, SIGTERM);
    assert_int_equal(stack_wait(other, WAIT_MS), 0);
}

/* ---- garbage and full disks ---- */

static void garbage_on_every_subject_changes_nothing(void **state)
{
    fixture *test = *state;
    start(test, "portfolio", NULL, NULL);
    wait_for_readyz(test, "\"state\":\"ready\"");
    static const struct {
        const char *user;
        const char *subject;
    } TARGETS[] = {{"validator", "md.ok.candle.17.binance.BTCUSDT"},
        {"validator", "md.ok.ticker.17.binance.BTCUSDT"},
        {"validator", "md.ok.ticker.17"},
        {"validator", "md.ok.instrument.17.binance.BTCUSDT"},
        {"simulator", "sim.clock.simulator"},
        {"simulator", "sim.sync.portfolio"},
        {"simulator", "hb.beat.simulator"},
        {"gateway", "query.ask.portfolio"},
        {"gateway", "replay.ask.portfolio"}};
    static const char BODY[] = "\x0a\x02\x08\x01garbage";
    for (size_t i = 0; i < sizeof(TARGETS) / sizeof(TARGETS[0]); i++) {
        open_bus_as(test, TARGETS[i].user, on_answer);
        cb_err err;
        for (size_t size = 0; size < sizeof(BODY); size++) {
            assert_int_equal(
                cb_bus_publish(test->bus, TARGETS[i].subject, NULL, BODY, size, &err), CB_OK);
        }
        cb_bus_close(test->bus);
        cb_loop_destroy(test->loop);
        test->bus = NULL;
        test->loop = NULL;
    }
    wait_for_readyz(test, "\"state\":\"ready\"");
    assert_log_has(test, "event=message_refused");
    assert_int_equal(end(test, SIGTERM), 0);
}

static void full_disk_costs_the_journal_only(void **state)
{
    fixture *test = *state;
    char flag[128];
    (void)snprintf(flag, sizeof(flag), "--journal.dir=%s", test->env.folder);
    const char *const extra[] = {flag, "--echo.count=300", NULL};
    start(test, "signals", extra, "4096");
    wait_for_readyz(test, "the journal cannot be written");
    static const char COUNT[] = "SELECT count(*) FROM signals.outbox";
    const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
    while (stack_sql_i64(&test->env, COUNT) < 300) {
        assert_true(cb_mono_ns() < deadline_ns);
    }
    assert_true(get(test, "/metrics"));
    assert_null(strstr(test->answer, "cerberus_journal_lost_total{service=\"signals\"} 0\n"));
    /* What was kept is whole. */
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/signals-1.cbj", test->env.folder);
    cb_journal_head head;
    cb_journal_record record;
    cb_err err;
    cb_journal *journal = cb_journal_open_read(path, &head, &err);
    assert_non_null(journal);
    cb_status status = CB_OK;
    while (status == CB_OK) {
        status = cb_journal_next(journal, &record, &err);
    }
    assert_int_equal(status, CB_E_NOT_FOUND);
    cb_journal_close(journal);
}

/* The journal holds what the core was fed: fed again, it ends in the same state. */
static void journal_replays_into_the_same_state(void **state)
{
    fixture *test = *state;
    char flag[128];
    (void)snprintf(flag, sizeof(flag), "--journal.dir=%s", test->env.folder);
    const char *const extra[] = {flag, "--echo.count=50", NULL};
    start(test, "signals", extra, NULL);
    static const char COUNT[] = "SELECT count(*) FROM signals.outbox";
    const int64_t deadline_ns = cb_mono_ns() + WAIT_MS * CB_NS_PER_MS;
    wait_for_readyz(test, "\"state\":\"ready\"");
    while (stack_sql_i64(&test->env, COUNT) < 50) {
        assert_true(cb_mono_ns() < deadline_ns);
    }
    assert_int_equal(end(test, SIGTERM), 0);
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/signals-1.cbj", test->env.folder);
    uint64_t events_count = 0;
    assert_int_equal(echo_replay("signals", path, 50, &events_count), 50);
    assert_int_equal(events_count, 51); /* recovered, and one timer after each intent */
}

int main(int argc, char **argv)
{
    static const char FLAG[] = "--service=";
    if (argc > 1 && strncmp(argv[1], FLAG, sizeof(FLAG) - 1) == 0) {
        const cb_service *service = echo_service(argv[1] + sizeof(FLAG) - 1);
        argv[1] = argv[0];
        return service != NULL ? cb_service_main(service, argc - 1, argv + 1) : 1;
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(arguments_are_served_or_refused_by_name),
        TEST(print_config_masks_secrets),
        TEST(start_without_nats_says_where_and_ends_with_69),
        TEST(start_without_postgresql_says_where_and_ends_with_69),
        TEST(start_waits_for_what_comes_late),
        TEST(port_in_use_is_named),
        TEST(second_process_waits_for_the_first),
        TEST(health_follows_the_bus),
        TEST(health_notices_a_frozen_bus),
        TEST(lost_database_ends_the_process_with_70),
        TEST(metrics_are_exposed),
        TEST(bus_clock_alone_moves_the_timers),
        TEST(queries_answer_in_json),
        TEST(shards_divide_the_symbols),
        TEST(garbage_on_every_subject_changes_nothing),
        TEST(full_disk_costs_the_journal_only),
        TEST(journal_replays_into_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
