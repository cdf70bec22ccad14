/* Every system call and every allocation of an order's POST fails once, one run for each, SQLite
 * style: index 1, 2, 3 … until a run in which nothing was left to fail. Each run is a process of
 * its own with the real HTTP client against a real server that counts what arrives. However it
 * ends, an order has arrived at most once, what was told NOT_SENT never, and what was told ANSWERED
 * once; a process may end itself by an assertion (it is crash-only), but never by a fault of its
 * memory.
 *
 * What allocations and interfaces that fail do to the services themselves is swept in the
 * simulation (make sweep). */
#undef _FORTIFY_SOURCE /* its inline wrappers stand where ours must */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/http.h"
#include "rt/loop.h"
#include "tests/integration/failing_calls.h"

#define ORDERS 2
#define TIMEOUT_MS 400
#define HANG_S 20
#define TOLD_NOTHING 99

/* ---- what the processes share ---- */

typedef struct shared {
    atomic_int arrived[ORDERS];
    atomic_int told[ORDERS]; /* cb_http_outcome, or TOLD_NOTHING */
    atomic_int is_refused;   /* there was no client: a clean error */
    atomic_uint_fast64_t met;
    atomic_int connections;
    uint16_t port;
} shared;

static shared *board;

/* ---- the server: a process of its own, a thread per connection ---- */

static void *serve(void *argument)
{
    const int fd = (int)(intptr_t)argument;
    char data[8192];
    size_t used = 0;
    for (;;) {
        const ssize_t got = recv(fd, data + used, sizeof(data) - 1 - used, 0);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
        data[used] = '\0';
        const char *end = strstr(data, "\r\n\r\n");
        const char *length = strcasestr(data, "\r\ncontent-length:");
        const size_t body = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
        if (end == NULL || used < (size_t)(end - data) + 4 + body) {
            continue;
        }
        const char *id = strstr(end, "id=");
        if (id != NULL) {
            atomic_fetch_add(&board->arrived[strtoul(id + 3, NULL, 10) % ORDERS], 1);
        }
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0) {
            break;
        }
        used = 0;
    }
    (void)close(fd);
    atomic_fetch_sub(&board->connections, 1);
    return NULL;
}

static pid_t start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    board->port = ntohs(address.sin_port);
    const pid_t child = fork();
    if (child != 0) {
        (void)close(listener);
        return child;
    }
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd < 0) {
            continue;
        }
        atomic_fetch_add(&board->connections, 1);
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0) {
            _exit(1);
        }
        (void)pthread_detach(thread);
    }
}

/* Connections are accepted in their order: once ours is answered, all before it were taken; once
 * nobody else is left, all that had come on them was counted. */
static void wait_for_server(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(board->port)};
    static const char text[] = "GET / HTTP/1.1\r\n\r\n";
    char answer[64];
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_true(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0);
    assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
    while (atomic_load(&board->connections) > 1) {
        (void)poll(NULL, 0, 1);
    }
    (void)close(fd);
    while (atomic_load(&board->connections) > 0) {
        (void)poll(NULL, 0, 1);
    }
}

/* ---- one run ---- */

typedef struct order {
    int id;
    bool is_done;
} order;

static void on_answer(void *context, const cb_http_answer *answer)
{
    order *self = context;
    atomic_store(&board->told[self->id], (int)answer->outcome);
    self->is_done = true;
}

static void post(cb_loop *loop, cb_http *http, int id)
{
    char url[64];
    char body[16];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/api/v3/order", board->port);
    (void)snprintf(body, sizeof(body), "id=%d", id);
    order self = {.id = id};
    const cb_http_request request = {.method = "POST",
        .url = url,
        .body = body,
        .body_size = strlen(body),
        .lane = "order",
        .connect_timeout_ms = TIMEOUT_MS,
        .total_timeout_ms = TIMEOUT_MS};
    cb_http_start(http, &request, on_answer, &self);
    while (!self.is_done) {
        cb_loop_turn(loop, 20 * CB_NS_PER_MS);
    }
}

/* Two orders, the second on the connection of the first. */
static void client(fault_kind kind, int error, uint64_t at)
{
    cb_err err = {0};
    failing_forget_handlers();
    (void)alarm(HANG_S);
    failing_arm(kind, error, at);
    cb_loop *loop = cb_loop_create(&err);
    cb_http *http = loop != NULL ? cb_http_create(loop, &err) : NULL;
    atomic_store(&board->is_refused, http == NULL);
    for (int id = 0; id < ORDERS && http != NULL; id++) {
        post(loop, http, id);
    }
    armed = FAULT_NONE;
    atomic_store(&board->met, met);
    _exit(0);
}

static void judge(int status, uint64_t at, const char *what)
{
    const bool is_ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!failing_is_clean_end(status)) {
        fail_msg("%s %llu: ended with status %x", what, (unsigned long long)at, (unsigned)status);
    }
    wait_for_server();
    for (int id = 0; id < ORDERS; id++) {
        const int arrived = atomic_load(&board->arrived[id]);
        const int told = atomic_load(&board->told[id]);
        const bool is_wrong =
            arrived > 1 || (told == CB_HTTP_NOT_SENT && arrived != 0) ||
            (told == CB_HTTP_ANSWERED && arrived != 1) ||
            (is_ended && told == TOLD_NOTHING && atomic_load(&board->is_refused) == 0);
        if (is_wrong) {
            fail_msg("%s %llu: order %d arrived %d times and was told %d",
                what,
                (unsigned long long)at,
                id,
                arrived,
                told);
        }
    }
}

/* Met places of the run; UINT64_MAX when the process ended itself before it could say. */
static uint64_t run(fault_kind kind, int error, uint64_t at, const char *what)
{
    for (int id = 0; id < ORDERS; id++) {
        atomic_store(&board->arrived[id], 0);
        atomic_store(&board->told[id], TOLD_NOTHING);
    }
    atomic_store(&board->met, UINT64_MAX);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        client(kind, error, at);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    judge(status, at, what);
    return atomic_load(&board->met);
}

static void sweep(fault_kind kind, int error, const char *what)
{
    uint64_t at = 1;
    while (run(kind, error, at, what) >= at) {
        at++;
        assert_true(at < 100000);
    }
    assert_true(at > 1);
    print_message("# %s: %llu places\n", what, (unsigned long long)at - 1);
}

/* ---- tests ---- */

static void nothing_fails(void **state)
{
    (void)state;
    (void)run(FAULT_NONE, 0, 0, "no fault");
    for (int id = 0; id < ORDERS; id++) {
        assert_int_equal(atomic_load(&board->arrived[id]), 1);
        assert_int_equal(atomic_load(&board->told[id]), CB_HTTP_ANSWERED);
    }
}

static void every_call_is_reset(void **state)
{
    (void)state;
    sweep(FAULT_CALL, ECONNRESET, "call with ECONNRESET");
}

static void every_call_is_interrupted(void **state)
{
    (void)state;
    sweep(FAULT_CALL, EINTR, "call with EINTR");
}

static void every_call_lacks_memory(void **state)
{
    (void)state;
    sweep(FAULT_CALL, ENOMEM, "call with ENOMEM");
}

static void every_send_is_short(void **state)
{
    (void)state;
    sweep(FAULT_SHORT, 0, "short send");
}

static void every_allocation_fails(void **state)
{
    (void)state;
    if (!HAS_ALLOCATIONS) {
        skip();
    }
    sweep(FAULT_ALLOCATION, ENOMEM, "allocation");
}

static int start(void **state)
{
    static pid_t server;
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        return -1;
    }
    server = start_server();
    *state = &server;
    return server > 0 ? 0 : -1;
}

static int stop(void **state)
{
    const pid_t server = *(pid_t *)*state;
    (void)kill(server, SIGKILL);
    return waitpid(server, NULL, 0) == server ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails),
        cmocka_unit_test(every_call_is_reset),
        cmocka_unit_test(every_call_is_interrupted),
        cmocka_unit_test(every_call_lacks_memory),
        cmocka_unit_test(every_send_is_short),
        cmocka_unit_test(every_allocation_fails),
    };
    return cmocka_run_group_tests_name("failing calls", tests, start, stop);
}
