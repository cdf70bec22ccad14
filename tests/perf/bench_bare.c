/* The bare cost of the tick-to-order path: the same number of NATS hops and PostgreSQL commits with
 * payloads of the same size, done by a hand-written client of the NATS protocol and plain libpq.
 * The first and the last leg are TCP, as between the exchange and us.
 *
 *   driver =TCP=> collector -> validator -> signals (1 commit) -> risk (1 commit) -> execution (2
 * commits) =TCP=> driver
 *
 * bench_bare PORT PG_DSN ORDERS LOAD_PER_S   prints a JSON object for each order: microseconds from
 *                                            the receipt of its message to the receipt by the next
 * bench_bare PORT flood SECONDS              messages per second through collector and validator */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/strview.h"
#include "rt/loop.h"
#include "testing/raw_nats.h"

#define HOPS_COUNT 5
#define PAYLOAD_MAX 1024
#define TICK_SIZE 190 /* candle */
#define LOAD_SIZE 130 /* trade */
#define WARM_UP_COUNT 20
#define ANSWER_MS 5000
#define CHILDREN_MAX (HOPS_COUNT + 1)

typedef struct hop {
    const char *name;
    size_t payload_size; /* of the message that it publishes */
    int commits_count;
} hop;

/* Sizes are those of the real messages: candle, candle, intent, permit, and the order's request. */
static const hop hops[HOPS_COUNT] = {{"collector", TICK_SIZE, 0},
    {"validator", TICK_SIZE, 0},
    {"signals", 230, 1},
    {"risk", 1013, 1},
    {"execution", 460, 2}};

typedef struct stamps {
    int64_t sent_ns;
    int64_t received_ns[HOPS_COUNT];
    uint64_t number;
} stamps;

/* Loopback connections that stand for those to the exchange. */
typedef struct links {
    int ticks[2]; /* driver, collector */
    int load[2];  /* loader, collector */
    int order[2]; /* execution, driver */
} links;

typedef struct bench {
    uint16_t port;
    const char *dsn; /* [borrowed] */
    links links;
    pid_t children[CHILDREN_MAX];
    int children_count;
} bench;

__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_bare: %s: %s\n", what, why);
    exit(1);
}

static bool put_all(int fd, const void *bytes, size_t size)
{
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool get_all(int fd, void *bytes, size_t size)
{
    return recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static void tcp_pair(int out[2])
{
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || out[0] < 0 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(out[0], (const struct sockaddr *)&address, sizeof address) != 0) {
        give_up("loopback", "cannot connect");
    }
    out[1] = accept(listener, NULL, NULL);
    (void)close(listener);
    if (out[1] < 0) {
        give_up("loopback", "cannot accept");
    }
    (void)setsockopt(out[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(out[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void commit(PGconn *pg, const void *bytes, size_t size)
{
    const char *values[1] = {bytes};
    const int lengths[1] = {(int)size};
    const int formats[1] = {1};
    PGresult *result = PQexecPrepared(pg, "put", 1, values, lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        give_up("insert", PQerrorMessage(pg));
    }
    PQclear(result);
}

static PGconn *connect_pg(const char *dsn)
{
    PGconn *pg = PQconnectdb(dsn);
    if (PQstatus(pg) != CONNECTION_OK) {
        give_up("PostgreSQL", PQerrorMessage(pg));
    }
    PQclear(PQexec(pg,
        "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS bench_bare (id bigserial "
        "PRIMARY KEY, payload bytea)"));
    PQclear(PQprepare(pg, "put", "INSERT INTO bench_bare (payload) VALUES ($1)", 1, NULL));
    return pg;
}

static void open_bus(raw_nats *bus, const bench *self)
{
    if (!raw_nats_open(bus, self->port, NULL, NULL)) {
        give_up("NATS", "cannot connect");
    }
}

static void stamp(uint8_t payload[PAYLOAD_MAX], const void *bytes, int index)
{
    stamps mark;
    memcpy(&mark, bytes, sizeof mark);
    mark.received_ns[index] = cb_mono_ns();
    memset(payload, 0, PAYLOAD_MAX);
    memcpy(payload, &mark, sizeof mark);
}

/* The first of the chain: from the exchange's connections to the bus. */
__attribute__((noreturn)) static void collect(const bench *self)
{
    raw_nats bus;
    uint8_t frame[TICK_SIZE];
    uint8_t payload[PAYLOAD_MAX];
    open_bus(&bus, self);
    struct pollfd wait[2] = {
        {.fd = self->links.ticks[1], .events = POLLIN},
        {.fd = self->links.load[1], .events = POLLIN},
    };
    while (poll(wait, 2, -1) > 0) {
        if (wait[0].revents != 0) {
            if (!get_all(wait[0].fd, frame, TICK_SIZE)) {
                break;
            }
            stamp(payload, frame, 0);
            (void)raw_nats_publish(&bus, "bench.order.1", payload, TICK_SIZE);
        }
        if (wait[1].revents != 0) {
            if (!get_all(wait[1].fd, frame, LOAD_SIZE)) {
                break;
            }
            (void)raw_nats_publish(&bus, "bench.load.1", frame, LOAD_SIZE);
        }
    }
    exit(0);
}

/* One of the others: receive, stamp, commit, publish. Load ends behind the validator. */
__attribute__((noreturn)) static void relay(const bench *self, int index)
{
    raw_nats bus;
    raw_nats_message message;
    uint8_t payload[PAYLOAD_MAX];
    char in[32];
    char out[32];
    PGconn *pg = hops[index].commits_count > 0 ? connect_pg(self->dsn) : NULL;
    (void)snprintf(in, sizeof in, "bench.order.%d", index);
    (void)snprintf(out, sizeof out, "bench.order.%d", index + 1);
    open_bus(&bus, self);
    if (!raw_nats_subscribe(&bus, in, 1) ||
        (index == 1 && !raw_nats_subscribe(&bus, "bench.load.1", 2))) {
        give_up("NATS", "cannot subscribe");
    }
    while (raw_nats_next(&bus, &message, -1)) {
        if (message.subject[6] == 'l') {
            (void)raw_nats_publish(&bus, "bench.load.2", message.bytes, message.size);
            continue;
        }
        stamp(payload, message.bytes, index);
        for (int i = 0; i < hops[index].commits_count; i++) {
            commit(pg, payload, hops[index].payload_size);
        }
        if (index == HOPS_COUNT - 1) {
            (void)put_all(self->links.order[0], payload, hops[index].payload_size);
        } else {
            (void)raw_nats_publish(&bus, out, payload, hops[index].payload_size);
        }
    }
    exit(0);
}

/* per_s 0: as fast as the collector takes them. */
__attribute__((noreturn)) static void load(const bench *self, uint64_t per_s)
{
    const uint8_t payload[LOAD_SIZE] = {0};
    const struct timespec pause = {0, 1000000};
    const int64_t began_ns = cb_mono_ns();
    uint64_t sent = 0;
    while (true) {
        const uint64_t due = (uint64_t)(cb_mono_ns() - began_ns) / 1000U * per_s / 1000000U;
        for (; sent < due || per_s == 0; sent++) {
            if (!put_all(self->links.load[0], payload, sizeof payload)) {
                exit(0);
            }
        }
        (void)nanosleep(&pause, NULL);
    }
}

/* Child index: 0 … HOPS_COUNT - 1 are the chain, HOPS_COUNT is the loader. */
static void start(bench *self, int index, uint64_t load_per_s)
{
    const pid_t pid = fork();
    if (pid < 0) {
        give_up("fork", "no process");
    }
    if (pid > 0) {
        self->children[self->children_count++] = pid;
        return;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (index == 0) {
        collect(self);
    }
    if (index == HOPS_COUNT) {
        load(self, load_per_s);
    }
    relay(self, index);
}

static void stop(bench *self)
{
    for (int i = 0; i < self->children_count; i++) {
        (void)kill(self->children[i], SIGKILL);
        (void)waitpid(self->children[i], NULL, 0);
    }
}

static bool one_order(const bench *self, uint64_t number, stamps *out, int64_t *ended_ns)
{
    uint8_t tick[TICK_SIZE] = {0};
    uint8_t request[PAYLOAD_MAX];
    const stamps mark = {.sent_ns = cb_mono_ns(), .number = number};
    memcpy(tick, &mark, sizeof mark);
    struct pollfd wait = {.fd = self->links.order[1], .events = POLLIN};
    if (!put_all(self->links.ticks[0], tick, sizeof tick) || poll(&wait, 1, ANSWER_MS) <= 0 ||
        !get_all(wait.fd, request, hops[HOPS_COUNT - 1].payload_size)) {
        return false;
    }
    *ended_ns = cb_mono_ns();
    memcpy(out, request, sizeof *out);
    return out->number == number;
}

static void print_order(const stamps *mark, int64_t ended_ns)
{
    int64_t before_ns = mark->sent_ns;
    for (int i = 0; i < HOPS_COUNT; i++) {
        const int64_t after_ns = i + 1 < HOPS_COUNT ? mark->received_ns[i + 1] : ended_ns;
        (void)printf("%s\"%s\":%.1f",
            i == 0 ? "{" : ",",
            hops[i].name,
            (double)(after_ns - before_ns) / 1e3);
        before_ns = after_ns;
    }
    (void)printf(",\"total\":%.1f}\n", (double)(ended_ns - mark->sent_ns) / 1e3);
}

static int drive(bench *self, uint64_t orders_count, uint64_t load_per_s)
{
    const struct timespec settle = {0, 500000000};
    const struct timespec pause = {0, 5000000};
    PQfinish(connect_pg(self->dsn));
    for (int i = 0; i <= HOPS_COUNT; i++) {
        if (i < HOPS_COUNT || load_per_s > 0) {
            start(self, i, load_per_s);
        }
    }
    (void)nanosleep(&settle, NULL);
    for (uint64_t n = 0; n < orders_count + WARM_UP_COUNT; n++) {
        stamps mark;
        int64_t ended_ns = 0;
        if (!one_order(self, n, &mark, &ended_ns)) {
            (void)fprintf(
                stderr, "bench_bare: order %llu did not come through\n", (unsigned long long)n);
            return 1;
        }
        if (n >= WARM_UP_COUNT) {
            print_order(&mark, ended_ns);
        }
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

static int flood(bench *self, uint64_t seconds)
{
    raw_nats bus;
    raw_nats_message message;
    open_bus(&bus, self);
    if (!raw_nats_subscribe(&bus, "bench.load.2", 1)) {
        return 1;
    }
    start(self, 0, 0);
    start(self, 1, 0);
    start(self, HOPS_COUNT, 0);
    uint64_t count = 0;
    int64_t began_ns = 0;
    int64_t now_ns = 0;
    while (began_ns == 0 || now_ns - began_ns < (int64_t)seconds * 1000000000) {
        if (!raw_nats_next(&bus, &message, ANSWER_MS)) {
            (void)fprintf(stderr, "bench_bare: the flood ended\n");
            return 1;
        }
        now_ns = cb_mono_ns();
        began_ns = began_ns == 0 ? now_ns : began_ns;
        count++;
    }
    (void)printf("{\"messages_per_s\":%.0f}\n", (double)count * 1e9 / (double)(now_ns - began_ns));
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t port = 0;
    uint64_t first = 0;
    uint64_t load_per_s = 0;
    const bool is_flood = argc == 4 && strcmp(argv[2], "flood") == 0;
    if ((!is_flood && argc != 5) || !cb_u64_parse(cb_sv_from(argv[1]), 65535, &port) ||
        !cb_u64_parse(cb_sv_from(argv[3]), 1000000, &first) ||
        (argc == 5 && !cb_u64_parse(cb_sv_from(argv[4]), 1000000, &load_per_s))) {
        (void)fprintf(
            stderr, "usage: bench_bare PORT PG_DSN ORDERS LOAD_PER_S | PORT flood SECONDS\n");
        return 2;
    }
    bench self = {.port = (uint16_t)port, .dsn = argv[2]};
    tcp_pair(self.links.ticks);
    tcp_pair(self.links.load);
    tcp_pair(self.links.order);
    const int code = is_flood ? flood(&self, first) : drive(&self, first, load_per_s);
    stop(&self);
    return code;
}
