/* The bare cost of the tick-to-order path: the same number of NATS hops and PostgreSQL commits with
 * payloads of the same size, done by a hand-written client of the NATS protocol and plain libpq.
 *
 *   driver → collector → validator → signals (1 commit) → risk (1 commit) → execution (2 commits) →
 * driver
 *
 * bench_bare PORT PG_DSN ORDERS LOAD_PER_S   prints one JSON object: quantiles per hop and in
 * total. */
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/strview.h"
#include "rt/loop.h"
#include "testing/raw_nats.h"
#include "testing/samples.h"

#define HOPS_COUNT 5
#define PAYLOAD_MAX 1024
#define WARM_UP_COUNT 20

typedef struct hop {
    const char *name;
    size_t payload_size; /* of the message that it publishes */
    int commits_count;
} hop;

/* Sizes are those of the real messages: candle, candle, intent, permit, and the order's request. */
static const hop hops[HOPS_COUNT] = {{"collector", 190, 0},
    {"validator", 190, 0},
    {"signals", 330, 1},
    {"risk", 700, 1},
    {"execution", 330, 2}};

typedef struct stamps {
    int64_t sent_ns;
    int64_t received_ns[HOPS_COUNT];
    uint64_t number;
} stamps;

static void commit(PGconn *pg, const void *bytes, size_t size)
{
    const char *values[1] = {bytes};
    const int lengths[1] = {(int)size};
    const int formats[1] = {1};
    PGresult *result = PQexecPrepared(pg, "put", 1, values, lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        (void)fprintf(stderr, "bench_bare: %s\n", PQerrorMessage(pg));
        exit(1);
    }
    PQclear(result);
}

static PGconn *connect_pg(const char *dsn)
{
    PGconn *pg = PQconnectdb(dsn);
    if (PQstatus(pg) != CONNECTION_OK) {
        (void)fprintf(stderr, "bench_bare: %s\n", PQerrorMessage(pg));
        exit(1);
    }
    PQclear(PQexec(pg,
        "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS bench_bare (id bigserial "
        "PRIMARY KEY, payload bytea)"));
    PQclear(PQprepare(pg, "put", "INSERT INTO bench_bare (payload) VALUES ($1)", 1, NULL));
    return pg;
}

/* One process of the chain: receive, stamp, commit, publish. Load messages pass hops 0 and 1 only.
 */
__attribute__((noreturn)) static void relay(int index, uint16_t port, const char *dsn)
{
    raw_nats bus;
    raw_nats_message message;
    char in[32];
    char out[32];
    char load_in[32];
    char load_out[32];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    PGconn *pg = hops[index].commits_count > 0 ? connect_pg(dsn) : NULL;
    (void)snprintf(in, sizeof in, "bench.order.%d", index);
    (void)snprintf(out, sizeof out, "bench.order.%d", index + 1);
    (void)snprintf(load_in, sizeof load_in, "bench.load.%d", index < 2 ? index : 2);
    (void)snprintf(load_out, sizeof load_out, "bench.load.%d", index + 1);
    if (!raw_nats_open(&bus, port, NULL, NULL) || !raw_nats_subscribe(&bus, in, 1) ||
        !raw_nats_subscribe(&bus, load_in, 2)) {
        exit(1);
    }
    while (raw_nats_next(&bus, &message, -1)) {
        if (strcmp(message.subject, load_in) == 0) {
            if (index < 2) {
                (void)raw_nats_publish(&bus, load_out, message.bytes, message.size);
            }
            continue;
        }
        uint8_t payload[PAYLOAD_MAX] = {0};
        stamps mark;
        memcpy(&mark, message.bytes, sizeof mark);
        mark.received_ns[index] = cb_mono_ns();
        memcpy(payload, &mark, sizeof mark);
        for (int i = 0; i < hops[index].commits_count; i++) {
            commit(pg, payload, hops[index].payload_size);
        }
        (void)raw_nats_publish(&bus, out, payload, hops[index].payload_size);
    }
    exit(0);
}

__attribute__((noreturn)) static void loader(uint16_t port, uint64_t per_s)
{
    raw_nats bus;
    uint8_t payload[160] = {0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!raw_nats_open(&bus, port, NULL, NULL)) {
        exit(1);
    }
    const struct timespec pause = {0, 1000000};
    const int64_t began_ns = cb_mono_ns();
    uint64_t sent = 0;
    while (true) {
        const uint64_t due = (uint64_t)(cb_mono_ns() - began_ns) / 1000U * per_s / 1000000U;
        for (; sent < due; sent++) {
            (void)raw_nats_publish(&bus, "bench.load.0", payload, sizeof payload);
        }
        (void)nanosleep(&pause, NULL);
    }
}

static bool one_order(raw_nats *bus, uint64_t number, stamps *out, int64_t *ended_ns)
{
    uint8_t payload[190] = {0};
    raw_nats_message message;
    stamps mark = {.sent_ns = cb_mono_ns(), .number = number};
    memcpy(payload, &mark, sizeof mark);
    if (!raw_nats_publish(bus, "bench.order.0", payload, sizeof payload)) {
        return false;
    }
    do {
        if (!raw_nats_next(bus, &message, 5000)) {
            return false;
        }
        memcpy(out, message.bytes, sizeof *out);
    } while (out->number != number);
    *ended_ns = cb_mono_ns();
    return true;
}

static void print_row(const char *name, cb_samples *samples, bool is_last)
{
    (void)printf("{\"hop\":\"%s\",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}%s",
        name,
        (double)cb_samples_quantile(samples, 0.5) / 1e3,
        (double)cb_samples_quantile(samples, 0.99) / 1e3,
        (double)cb_samples_quantile(samples, 0.999) / 1e3,
        is_last ? "" : ",");
}

static int drive(uint16_t port, uint64_t orders_count)
{
    raw_nats bus;
    cb_samples hop_samples[HOPS_COUNT + 1];
    cb_samples total;
    const struct timespec pause = {0, 5000000};
    if (!raw_nats_open(&bus, port, NULL, NULL) || !raw_nats_subscribe(&bus, "bench.order.5", 1)) {
        return 1;
    }
    for (int i = 0; i <= HOPS_COUNT; i++) {
        cb_samples_init(&hop_samples[i], orders_count);
    }
    cb_samples_init(&total, orders_count);
    for (uint64_t n = 0; n < orders_count + WARM_UP_COUNT; n++) {
        stamps mark;
        int64_t ended_ns = 0;
        if (!one_order(&bus, n, &mark, &ended_ns)) {
            (void)fprintf(
                stderr, "bench_bare: order %llu did not come through\n", (unsigned long long)n);
            return 1;
        }
        (void)nanosleep(&pause, NULL);
        if (n < WARM_UP_COUNT) {
            continue;
        }
        int64_t before_ns = mark.sent_ns;
        for (int i = 0; i < HOPS_COUNT; i++) {
            cb_samples_add(&hop_samples[i], mark.received_ns[i] - before_ns);
            before_ns = mark.received_ns[i];
        }
        cb_samples_add(&hop_samples[HOPS_COUNT], ended_ns - before_ns);
        cb_samples_add(&total, ended_ns - mark.sent_ns);
    }
    (void)printf("{\"orders\":%llu,\"hops\":[", (unsigned long long)orders_count);
    for (int i = 0; i < HOPS_COUNT; i++) {
        print_row(hops[i].name, &hop_samples[i], false);
    }
    print_row("request", &hop_samples[HOPS_COUNT], false);
    print_row("total", &total, true);
    (void)printf("]}\n");
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t port = 0;
    uint64_t orders_count = 0;
    uint64_t load_per_s = 0;
    if (argc != 5 || !cb_u64_parse(cb_sv_from(argv[1]), 65535, &port) ||
        !cb_u64_parse(cb_sv_from(argv[3]), 1000000, &orders_count) ||
        !cb_u64_parse(cb_sv_from(argv[4]), 1000000, &load_per_s)) {
        (void)fprintf(stderr, "usage: bench_bare PORT PG_DSN ORDERS LOAD_PER_S\n");
        return 2;
    }
    PQfinish(connect_pg(argv[2]));
    const struct timespec settle = {0, 500000000};
    pid_t children[HOPS_COUNT + 1];
    for (int i = 0; i < HOPS_COUNT; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            relay(i, (uint16_t)port, argv[2]);
        }
    }
    children[HOPS_COUNT] = fork();
    if (children[HOPS_COUNT] == 0) {
        loader((uint16_t)port, load_per_s);
    }
    (void)nanosleep(&settle, NULL);
    const int code = drive((uint16_t)port, orders_count);
    for (int i = 0; i <= HOPS_COUNT; i++) {
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
    return code;
}
