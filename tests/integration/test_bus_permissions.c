/* Least privilege on the bus, tried on a real nats-server with the generated configuration: every
 * user tries every subject that its rows of subjects.def do not give it, in both directions, the
 * administration of JetStream and of the server, and other users' inboxes; and the two published
 * holes of nats-server 2.9.10 (CVE-2023-47090, CVE-2025-30215), each first on a configuration that
 * has it, then on ours. What is allowed is read from the rows here anew, not from the generator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rt/provision.h"
#include "tests/testing/stack.h"
#include "wire/subjects.h"

#define ANSWER_MAX ((size_t)4 * 1024 * 1024)
#define TRIES_MAX 8192
#define ANSWER_MS 10000

static stack env;
static char *answer; /* what the server has said since the last ping */

/* ---- a client that speaks the protocol by hand ---- */

static int dial(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        const ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* refused and closed: the answer says so */
        }
        text += sent;
        size -= (size_t)sent;
    }
}

/* Reads until a PONG or the end of the connection. */
static void hear(int fd)
{
    size_t used = 0;
    answer[0] = '\0';
    while (strstr(answer + (used > 64 ? used - 64 : 0), "PONG\r\n") == NULL) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, ANSWER_MS) != 1) {
            fail_msg("the server says nothing");
        }
        const ssize_t got = recv(fd, answer + used, ANSWER_MAX - 1 - used, 0);
        if (got <= 0) {
            return;
        }
        const size_t before = used > 64 ? used - 64 : 0;
        used += (size_t)got;
        answer[used] = '\0';
        if (strstr(answer + before, "PONG\r\n") != NULL) {
            return;
        }
    }
}

static void read_password(const char *user, char out[160])
{
    char path[256];
    stack_password_file(&env, user, path, sizeof(path));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(out, 160, file));
    (void)fclose(file);
    out[strcspn(out, "\r\n")] = '\0';
}

/* A connection of that user; NULL: of nobody. Its answer to the first ping is in `answer`. */
static int open_as(uint16_t port, const char *user, const char *password)
{
    char hello[512];
    const int fd = dial(port);
    if (user == NULL) {
        (void)snprintf(hello, sizeof(hello), "CONNECT {\"verbose\":false}\r\nPING\r\n");
    } else {
        (void)snprintf(hello,
            sizeof(hello),
            "CONNECT "
            "{\"verbose\":false,\"headers\":true,\"user\":\"%s\",\"pass\":\"%s\"}\r\nPING\r\n",
            user,
            password);
    }
    say(fd, hello);
    hear(fd);
    return fd;
}

static int open_user(const char *user)
{
    char password[160];
    read_password(user, password);
    const int fd = open_as(env.nats_port, user, password);
    assert_non_null(strstr(answer, "PONG"));
    return fd;
}

/* ---- tries ---- */

typedef struct try_made {
    char subject[128];
    bool is_publish;
    bool is_allowed;
} try_made;

static try_made tries[TRIES_MAX];
static size_t tries_count;

static void add(bool is_publish, bool is_allowed, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(bool is_publish, bool is_allowed, const char *format, ...)
{
    va_list args;
    assert_true(tries_count < TRIES_MAX);
    try_made *made = &tries[tries_count++];
    va_start(args, format);
    (void)vsnprintf(made->subject, sizeof(made->subject), format, args);
    va_end(args);
    made->is_publish = is_publish;
    made->is_allowed = is_allowed;
}

static bool is_refused(const try_made *made)
{
    char words[256];
    (void)snprintf(words,
        sizeof(words),
        "Permissions Violation for %s to \"%.127s\"",
        made->is_publish ? "Publish" : "Subscription",
        made->subject);
    return strcasestr(answer, words) != NULL;
}

static void make_tries(const char *user)
{
    char line[256];
    const int fd = open_user(user);
    for (size_t i = 0; i < tries_count; i++) {
        (void)snprintf(line,
            sizeof(line),
            tries[i].is_publish ? "PUB %s 1\r\nx\r\n" : "SUB %s %zu\r\n",
            tries[i].subject,
            i + 1);
        say(fd, line);
    }
    say(fd, "PING\r\n");
    hear(fd);
    for (size_t i = 0; i < tries_count; i++) {
        if (is_refused(&tries[i]) == tries[i].is_allowed) {
            fail_msg("%s may%s %s %s",
                user,
                tries[i].is_allowed ? " not" : "",
                tries[i].is_publish ? "publish" : "subscribe",
                tries[i].subject);
        }
    }
    (void)close(fd);
}

/* ---- what the rows say ---- */

static bool is_in(const char *list, const char *name)
{
    const size_t size = strlen(name);
    for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0')) {
            return true;
        }
    }
    return strcmp(list, "*") == 0;
}

static bool is_tool(const char *user)
{
    return strcmp(user, "cli") == 0 || strcmp(user, "provision") == 0;
}

static void each_user(void (*fn)(const char *user, void *context), void *context)
{
    char user[CB_PROVISION_USER_MAX];
    for (size_t i = 0; cb_provision_user(i, user); i++) {
        if (strcmp(user, "sysadmin") != 0) { /* of the account SYS, and of no service */
            fn(user, context);
        }
    }
}

typedef struct row_try {
    const char *user;
    const cb_subject *row;
} row_try;

/* prefix.<name> for every name, where the last word of a subject is a service. */
static void add_named(const char *name, void *context)
{
    const row_try *at = context;
    const cb_subject *row = at->row;
    const bool is_owner = !is_tool(at->user) && is_in(row->owner, at->user);
    const bool is_consumer = !is_tool(at->user) && is_in(row->consumers, at->user);
    const bool is_own = strcmp(name, at->user) == 0;
    if (is_tool(name)) {
        return;
    }
    if (row->subject_class == CB_CLASS_REQUEST) {
        add(true, is_owner && is_in(row->consumers, name), "%s.%s", row->prefix, name);
        add(false, is_consumer && is_own, "%s.%s", row->prefix, name);
        return;
    }
    add(true, is_owner && is_own, "%s.%s", row->prefix, name);
}

static void add_row(const char *user, const cb_subject *row)
{
    row_try at = {user, row};
    const bool is_owner = !is_tool(user) && is_in(row->owner, user);
    const bool is_reader = strcmp(user, "cli") == 0;
    const bool is_heard = row->subject_class == CB_CLASS_CORE || cb_subject_is_direct(row, user);
    const bool is_consumer = is_heard && !is_tool(user) && is_in(row->consumers, user);
    if (row->shard == CB_SHARD_SERVICE) {
        each_user(add_named, &at);
    } else {
        add(true, is_owner, "%s.17.binance.BTCUSDT", row->prefix);
        add(true, is_owner, "%s.03.binance.main", row->prefix);
    }
    if (row->subject_class != CB_CLASS_REQUEST) {
        add(false, is_consumer || is_reader, "%s.>", row->prefix);
    } else {
        add(false, false, "%s.>", row->prefix);
    }
}

static void try_rows(const char *user, void *context)
{
    size_t *total = context;
    tries_count = 0;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        add_row(user, cb_subject_get((cb_subject_id)id));
    }
    make_tries(user);
    *total += tries_count;
}

static void every_user_has_its_rows_and_no_others(void **context)
{
    (void)context;
    size_t total = 0;
    each_user(try_rows, &total);
    print_message("# %zu publications and subscriptions tried\n", total);
    assert_true(total > 1000);
}

/* ---- JetStream and the server ---- */

/* The streams of other services' messages: neither their administration nor their consumers. */
static void add_stream(const char *user, const cb_subject *row)
{
    static const char *const never[] = {"STREAM.DELETE",
        "STREAM.MSG.DELETE",
        "STREAM.MSG.GET",
        "STREAM.SNAPSHOT",
        "STREAM.RESTORE",
        "STREAM.PEER.REMOVE",
        "STREAM.LEADER.STEPDOWN",
        "CONSUMER.CREATE",
        "CONSUMER.LIST",
        "DIRECT.GET"};
    const bool is_provision = strcmp(user, "provision") == 0;
    const bool is_owner = !is_tool(user) && is_in(row->owner, user);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        add(true, false, "$JS.API.%s.%s", never[i], row->token);
    }
    add(true, is_provision, "$JS.API.STREAM.CREATE.%s", row->token);
    add(true, is_provision, "$JS.API.STREAM.UPDATE.%s", row->token);
    add(true, is_owner, "$JS.API.STREAM.PURGE.%s", row->token);
}

static void add_consumer(const char *name, void *context)
{
    const row_try *at = context;
    const bool is_own = strcmp(name, at->user) == 0 && !is_tool(name);
    const bool is_consumer = is_own && is_in(at->row->consumers, name);
    const bool is_provision = strcmp(at->user, "provision") == 0;
    add(true, is_consumer, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", at->row->token, name);
    add(true, is_consumer, "$JS.ACK.%s.%s.1.1.1.1.1", at->row->token, name);
    if (!is_consumer) { /* who consumes may make its own consumer anew */
        add(true, false, "$JS.API.CONSUMER.DELETE.%s.%s", at->row->token, name);
        add(true, is_provision, "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", at->row->token, name);
    }
}

static void try_streams(const char *user, void *context)
{
    size_t *total = context;
    tries_count = 0;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class == CB_CLASS_STREAM) {
            row_try at = {user, row};
            add_stream(user, row);
            each_user(add_consumer, &at);
        }
    }
    /* Allowed ones would change the streams under test: they are what other tests live on. */
    size_t kept = 0;
    for (size_t i = 0; i < tries_count; i++) {
        if (!tries[i].is_allowed) {
            tries[kept++] = tries[i];
        }
    }
    tries_count = kept;
    make_tries(user);
    *total += tries_count;
}

static void nobody_administers_streams_or_reads_by_another_name(void **context)
{
    (void)context;
    size_t total = 0;
    each_user(try_streams, &total);
    print_message("# %zu requests to JetStream tried\n", total);
    assert_true(total > 1000);
}

static void add_foreign_inbox(const char *name, void *context)
{
    const char *user = context;
    const bool is_own = strcmp(name, user) == 0;
    add(false, is_own, "_INBOX_%s.>", name);
    if (!is_own) {
        add(true, false, "_INBOX_%s.ack.1.1", name);
        add(true, false, "_INBOX_%s.pull.ORDER", name);
    }
}

static void try_server(const char *user, void *context)
{
    static const char *const published[] = {"$SYS.REQ.SERVER.PING",
        "$SYS.REQ.ACCOUNT.TRD.CONNZ",
        "$SYS.REQ.SERVER.PING.CONNZ",
        "$SYS.ACCOUNT.TRD.SERVER.CONNS",
        "$JS.API.INFO",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.NAMES",
        "$JS.API.META.LEADER.STEPDOWN",
        "any.subject",
        "md.ok",
        "fill.new"};
    static const char *const subscribed[] = {">",
        "*",
        "*.>",
        "$SYS.>",
        "$JS.>",
        "$JS.API.>",
        "$JS.EVENT.>",
        "_INBOX.>",
        "_R_.>",
        "intent.new.>",
        "permit.grant.>",
        "cmd.>",
        "cmd.kill.risk.extra"};
    size_t *total = context;
    char copy[CB_PROVISION_USER_MAX];
    (void)snprintf(copy, sizeof(copy), "%s", user);
    tries_count = 0;
    each_user(add_foreign_inbox, copy);
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        add(true, false, "%s", published[i]);
    }
    for (size_t i = 0; i < sizeof(subscribed) / sizeof(subscribed[0]); i++) {
        const bool is_intent = strcmp(subscribed[i], "intent.new.>") == 0;
        const bool is_permit = strcmp(subscribed[i], "permit.grant.>") == 0;
        const bool is_read = strcmp(user, "cli") == 0 && (is_intent || is_permit);
        const bool is_direct = (is_intent && strcmp(user, "risk") == 0) ||
                               (is_permit && strcmp(user, "execution") == 0);
        add(false, is_read || is_direct, "%s", subscribed[i]);
    }
    make_tries(user);
    *total += tries_count;
}

static void nobody_reaches_the_server_or_the_inbox_of_another(void **context)
{
    (void)context;
    size_t total = 0;
    each_user(try_server, &total);
    assert_true(total > 200);
}

/* ---- the two published holes ---- */

/* A server with another configuration, for contrast. */
static pid_t start_other(const char *name, const char *conf, uint16_t *port)
{
    char path[160];
    char number[16];
    char store[192];
    *port = stack_free_port();
    (void)snprintf(path, sizeof(path), "%s/%s.conf", env.folder, name);
    (void)snprintf(number, sizeof(number), "%u", (unsigned)*port);
    (void)snprintf(store, sizeof(store), "%s/%s", env.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(conf, file);
    (void)fclose(file);
    char program[] = "/usr/sbin/nats-server";
    char c[] = "-c";
    char a[] = "-a";
    char host[] = "127.0.0.1";
    char p[] = "-p";
    char sd[] = "-sd";
    char *const argv[] = {program, c, path, a, host, p, number, sd, store, NULL};
    char log[64];
    (void)snprintf(log, sizeof(log), "%s.log", name);
    return stack_spawn(&env, log, argv);
}

static bool is_listening(void *context)
{
    const uint16_t *port = context;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_open = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    (void)close(fd);
    return is_open;
}

static void end_other(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)stack_wait(pid, 5000);
}

/* CVE-2023-47090: users in an authorization block and an account for the system beside them. */
static void nobody_comes_in_without_a_name(void **context)
{
    (void)context;
    uint16_t port = 0;
    const pid_t pid = start_other("cve-2023-47090",
        "authorization { users: [ { user: trader, password: secret } ] }\n"
        "accounts { SYS: { users: [ { user: admin, password: secret } ] } }\n"
        "system_account: SYS\n",
        &port);
    assert_true(stack_until(is_listening, &port, 10000));
    int fd = open_as(port, NULL, NULL);
    const bool has_hole = strstr(answer, "PONG") != NULL;
    (void)close(fd);
    end_other(pid);
    print_message("# this nats-server %s CVE-2023-47090\n", has_hole ? "has" : "is free of");

    fd = open_as(env.nats_port, NULL, NULL);
    assert_null(strstr(answer, "PONG"));
    assert_non_null(strcasestr(answer, "Authorization Violation"));
    (void)close(fd);
    fd = open_as(env.nats_port, "risk", "wrong");
    assert_null(strstr(answer, "PONG"));
    (void)close(fd);
    fd = open_as(env.nats_port, "nobody", "");
    assert_null(strstr(answer, "PONG"));
    (void)close(fd);
}

/* CVE-2025-30215: administration of other accounts' JetStream without a check of who asks. */
static const char *const ADMINISTRATION[] = {"$JS.API.ACCOUNT.PURGE.TRD",
    "$JS.API.ACCOUNT.PURGE.SYS",
    "$JS.API.SERVER.REMOVE",
    "$JS.API.ACCOUNT.STREAM.MOVE.TRD.ORDER",
    "$JS.API.ACCOUNT.STREAM.CANCEL_MOVE.TRD.ORDER"};

static bool is_answered(int fd, const char *subject)
{
    char request[256];
    (void)snprintf(request,
        sizeof(request),
        "SUB reply.here 1\r\nPUB %s reply.here 2\r\n{}\r\nPING\r\n",
        subject);
    say(fd, request);
    hear(fd);
    if (strstr(answer, "MSG reply.here") == NULL) {
        say(fd, "PING\r\n"); /* the answer may come behind the first pong */
        hear(fd);
    }
    return strstr(answer, "MSG reply.here") != NULL;
}

static void try_administration(const char *user, void *context)
{
    (void)context;
    tries_count = 0;
    for (size_t i = 0; i < sizeof(ADMINISTRATION) / sizeof(ADMINISTRATION[0]); i++) {
        add(true, false, "%s", ADMINISTRATION[i]);
    }
    make_tries(user);
}

static void nobody_administers_another_account(void **context)
{
    (void)context;
    uint16_t port = 0;
    const pid_t pid = start_other("cve-2025-30215",
        "jetstream: enabled\n"
        "accounts { SYS: { users: [ { user: admin, password: secret } ] }\n"
        "  OTHER: { jetstream: enabled, users: [ { user: other, password: secret } ] }\n"
        "  TRD: { jetstream: enabled, users: [ { user: trader, password: secret } ] } }\n"
        "system_account: SYS\n",
        &port);
    assert_true(stack_until(is_listening, &port, 10000));
    const int fd = open_as(port, "other", "secret");
    assert_non_null(strstr(answer, "PONG"));
    size_t answered = 0;
    for (size_t i = 0; i < sizeof(ADMINISTRATION) / sizeof(ADMINISTRATION[0]); i++) {
        answered += is_answered(fd, ADMINISTRATION[i]) ? 1 : 0;
    }
    (void)close(fd);
    end_other(pid);
    print_message(
        "# a user of another account reaches %zu of 5 administrative requests there\n", answered);
    each_user(try_administration, NULL);
}

/* ---- after all that ---- */

static void streams_are_whole_after_all_attacks(void **context)
{
    (void)context;
    const int fd = open_user("provision");
    size_t streams = 0;
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        if (row->subject_class != CB_CLASS_STREAM) {
            continue;
        }
        char request[256];
        (void)snprintf(request,
            sizeof(request),
            "SUB _INBOX_provision.check 1\r\nPUB $JS.API.STREAM.INFO.%s _INBOX_provision.check "
            "0\r\n\r\nPING\r\n",
            row->token);
        say(fd, request);
        hear(fd);
        for (int i = 0; i < 50 && strstr(answer, "\"config\"") == NULL; i++) {
            say(fd, "PING\r\n");
            hear(fd);
        }
        assert_non_null(strstr(answer, "\"config\""));
        assert_null(strstr(answer, "\"error\""));
        streams++;
        say(fd, "UNSUB 1\r\n");
    }
    assert_true(streams >= 6);
    (void)close(fd);
}

static int setup_group(void **context)
{
    (void)context;
    answer = malloc(ANSWER_MAX);
    stack_start(&env, STACK_NATS);
    return answer != NULL ? 0 : -1;
}

static int teardown_group(void **context)
{
    (void)context;
    stack_stop(&env);
    free(answer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_user_has_its_rows_and_no_others),
        cmocka_unit_test(nobody_administers_streams_or_reads_by_another_name),
        cmocka_unit_test(nobody_reaches_the_server_or_the_inbox_of_another),
        cmocka_unit_test(nobody_comes_in_without_a_name),
        cmocka_unit_test(nobody_administers_another_account),
        cmocka_unit_test(streams_are_whole_after_all_attacks),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
