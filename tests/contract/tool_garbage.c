/* Sends what is not protobuf, or not whole, on every subject of proto/subjects.def, each time as a
 * NATS user that may publish there: empty, random, cut, flipped, endless and far too long payloads,
 * whole messages of another kind, and stream messages whose header places them nowhere.
 *
 *   tool_garbage PORT SECRETS ACCOUNT SYMBOL SEED ROUNDS
 *
 * SECRETS holds the passwords as nats_<user>. One line per subject and user on stdout; the exit
 * code is 1 when the server refused to carry one of the messages, for then nothing was tested. It
 * sends nothing that a service may take for true: whole messages carry a producer that owns no
 * subject. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "rt/secret.h"
#include "testing/random_body.h"
#include "wire/codec.h"
#include "wire/subjects.h"

/* the server's limit: one byte more ends the connection */
#define PAYLOAD_MAX ((size_t)64 * 1024)
#define FRAME_MAX (PAYLOAD_MAX + 1024)
#define USER_MAX 24
#define USERS_MAX 16

typedef struct tool {
    uint16_t port;
    const char *secrets;
    const char *account;
    const char *symbol;
    cb_prng prng;
    int fd;
    char users[USERS_MAX][USER_MAX]; /* all services */
    size_t users_count;
    uint64_t sent_count;
    bool is_bad;
    _Alignas(16) uint8_t body[CB_MSG_SIZE_MAX];
    uint8_t payload[PAYLOAD_MAX + 1];
    uint8_t frame[FRAME_MAX];
} tool;

/* ---- the connection ---- */

static bool send_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL);
        if (count <= 0) {
            return false;
        }
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* raw_nats says nothing of headers, and without that the server takes none. */
static bool log_in(tool *self, const char *user)
{
    char path[512];
    char password[128];
    char hello[512];
    cb_err err = {0};
    (void)snprintf(path, sizeof(path), "%s/nats_%s", self->secrets, user);
    if (cb_secret_read(path, password, sizeof(password), &err) != CB_OK) {
        (void)fprintf(stderr, "tool_garbage: %s\n", err.text);
        return false;
    }
    const int size = snprintf(hello,
        sizeof(hello),
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"lang\":\"c\","
        "\"version\":\"1\",\"protocol\":1,\"user\":\"%s\",\"pass\":\"%s\"}\r\n",
        user,
        password);
    self->fd = dial(self->port);
    if (self->fd < 0 || !send_all(self->fd, (const uint8_t *)hello, (size_t)size)) {
        (void)fprintf(stderr, "tool_garbage: cannot connect to 127.0.0.1:%u\n", self->port);
        return false;
    }
    return true;
}

static void log_out(tool *self)
{
    (void)close(self->fd);
    self->fd = -1;
}

/* Everything sent so far has been read by the server; false with its words when it refused some. */
static bool settle(tool *self, const char *user)
{
    static const char ping[] = "PING\r\n";
    char text[16384];
    size_t used = 0;
    text[0] = '\0';
    (void)send_all(self->fd, (const uint8_t *)ping, sizeof(ping) - 1);
    while (strstr(text, "PONG") == NULL && used < sizeof(text) - 1) {
        const ssize_t count = recv(self->fd, text + used, sizeof(text) - 1 - used, 0);
        if (count <= 0) {
            break;
        }
        used += (size_t)count;
        text[used] = '\0';
    }
    const char *refusal = strstr(text, "-ERR");
    if (refusal == NULL && strstr(text, "PONG") != NULL) {
        return true;
    }
    refusal = refusal != NULL ? refusal : "no answer to PING";
    (void)fprintf(stderr, "tool_garbage: %s: %.*s\n", user, (int)strcspn(refusal, "\r"), refusal);
    return false;
}

/* header NULL: a plain publication. */
static void publish(tool *self, const char *subject, const char *header, size_t size)
{
    int head = 0;
    if (header == NULL) {
        head = snprintf((char *)self->frame, FRAME_MAX, "PUB %s %zu\r\n", subject, size);
    } else {
        char lines[512];
        const int length = snprintf(lines, sizeof(lines), "NATS/1.0\r\nCb-Hop: %s\r\n\r\n", header);
        CB_ASSERT(length > 0 && (size_t)length < sizeof(lines));
        size = size + (size_t)length < PAYLOAD_MAX ? size : PAYLOAD_MAX - (size_t)length;
        head = snprintf((char *)self->frame,
            FRAME_MAX,
            "HPUB %s %d %zu\r\n%s",
            subject,
            length,
            size + (size_t)length,
            lines);
    }
    CB_ASSERT(head > 0 && (size_t)head + size + 2 <= FRAME_MAX);
    memcpy(self->frame + head, self->payload, size);
    memcpy(self->frame + (size_t)head + size, "\r\n", 2);
    self->is_bad |= !send_all(self->fd, self->frame, (size_t)head + size + 2);
    self->sent_count++;
}

/* ---- payloads: each fills self->payload and returns its size ---- */

static size_t random_bytes(tool *self, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        self->payload[i] = (uint8_t)cb_prng_next(&self->prng);
    }
    return size;
}

/* A whole random message of that kind; nobody is its producer. Random texts may be what the encoder
 * refuses, then the next one is tried. */
static size_t whole(tool *self, cb_msg_id msg)
{
    const cb_desc *desc = cb_msg_desc(msg);
    size_t size = 0;
    cb_err err;
    for (;;) {
        cb_testing_random_body(&self->prng, desc, self->body);
        cb_envelope *env = (cb_envelope *)(void *)self->body;
        CB_ASSERT(cb_msg_envelope(self->body) == env);
        (void)snprintf(env->producer, sizeof(env->producer), "nobody");
        if (cb_encode(desc, self->body, self->payload, PAYLOAD_MAX, &size, &err) == CB_OK) {
            return size;
        }
    }
}

static size_t cut(tool *self, cb_msg_id msg)
{
    return (size_t)cb_prng_below(&self->prng, whole(self, msg));
}

static size_t flipped(tool *self, cb_msg_id msg)
{
    const size_t size = whole(self, msg);
    self->payload[cb_prng_below(&self->prng, size)] ^=
        (uint8_t)(1U << cb_prng_below(&self->prng, 8));
    return size;
}

/* The owner's own envelope, so that only what follows it can be refused: a field that promises more
 * bytes than there are. */
static size_t owned_and_broken(tool *self, cb_msg_id msg, const char *user)
{
    static const uint8_t promise[] = {0x7a, 0xff, 0xff, 0x03};
    memset(self->body, 0, cb_msg_desc(msg)->size);
    cb_envelope *env = (cb_envelope *)(void *)self->body;
    (void)snprintf(env->producer, sizeof(env->producer), "%s", user);
    size_t size = 0;
    cb_err err;
    if (cb_encode(cb_msg_desc(msg), self->body, self->payload, PAYLOAD_MAX, &size, &err) != CB_OK) {
        return 0;
    }
    memcpy(self->payload + size, promise, sizeof(promise));
    return size + sizeof(promise);
}

static size_t fixed(tool *self, const char *bytes, size_t size)
{
    memcpy(self->payload, bytes, size);
    return size;
}

/* ---- one subject ---- */

#define KINDS_COUNT 12

static size_t fill(tool *self, unsigned kind, cb_msg_id msg, const char *user)
{
    static const char endless[] = "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    static const char huge_field[] = "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
                                     "abc";
    static const char group[] = "\x0b\x0b\x0b\x0c";
    static const char json[] = "{\"price\":\"1e308\",\"symbol\":null}\n";
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return random_bytes(self, 1 + cb_prng_below(&self->prng, 64));
    case 2:
        return random_bytes(self, 1 + cb_prng_below(&self->prng, 8192));
    case 3:
        return random_bytes(self, PAYLOAD_MAX);
    case 4:
        return cut(self, msg);
    case 5:
        return flipped(self, msg);
    case 6:
        return owned_and_broken(self, msg, user);
    case 7:
        return fixed(self, endless, sizeof(endless) - 1);
    case 8:
        return fixed(self, huge_field, sizeof(huge_field) - 1);
    case 9:
        return fixed(self, group, sizeof(group) - 1);
    case 10:
        return fixed(self, json, sizeof(json) - 1);
    default:
        return whole(self, (cb_msg_id)(1 + cb_prng_below(&self->prng, CB_MSG_COUNT - 1)));
    }
}

/* Headers that place a message nowhere in its producer's sequence. */
static void publish_misplaced(tool *self, const cb_subject *row, const char *subject)
{
    const char *last = strrchr(subject, '.') + 1;
    char header[256];
    static const char *const forms[] = {"%s/%s",
        "%s/%s 0 ",
        "%s/%s -1 ",
        "%s/%s 99999999999999999999 ",
        "%s/%s 7",
        "%s%s 7 ",
        "NONE/%.0s%s 7 ",
        " %.0s%.0s"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(header, sizeof(header), forms[i], row->token, last);
#pragma GCC diagnostic pop
        publish(self, subject, header, cut(self, row->msg));
    }
}

static void attack(
    tool *self, const cb_subject *row, const char *subject, const char *user, unsigned long rounds)
{
    const uint64_t before = self->sent_count;
    if (!log_in(self, user)) {
        self->is_bad = true;
        return;
    }
    for (unsigned long round = 0; round < rounds; round++) {
        for (unsigned kind = 0; kind < KINDS_COUNT; kind++) {
            publish(self, subject, NULL, fill(self, kind, row->msg, user));
        }
        if (row->subject_class == CB_CLASS_STREAM) {
            publish_misplaced(self, row, subject);
        }
    }
    self->is_bad |= !settle(self, user);
    log_out(self);
    (void)printf("%s as %s: %" PRIu64 " messages\n", subject, user, self->sent_count - before);
}

/* More than the server takes: it must end this connection, and only this one. */
static void attack_oversized(tool *self, const char *subject, const char *user)
{
    if (!log_in(self, user)) {
        self->is_bad = true;
        return;
    }
    publish(self, subject, NULL, random_bytes(self, PAYLOAD_MAX + 1));
    char text[4096];
    bool is_refused = false;
    ssize_t count = 0;
    while ((count = recv(self->fd, text, sizeof(text) - 1, 0)) > 0) {
        text[count] = '\0';
        is_refused |= strstr(text, "Maximum Payload") != NULL;
    }
    self->is_bad |= !is_refused;
    log_out(self);
    (void)printf("%s as %s: 1 message of %zu bytes, %s\n",
        subject,
        user,
        PAYLOAD_MAX + 1,
        is_refused ? "refused by the server" : "NOT refused");
}

/* ---- who may publish what ---- */

static void add_users(tool *self, const char *list)
{
    while (*list != '\0') {
        const size_t size = strcspn(list, " ");
        bool is_known = size == 1 && *list == '*';
        for (size_t i = 0; i < self->users_count; i++) {
            is_known |= strlen(self->users[i]) == size && memcmp(self->users[i], list, size) == 0;
        }
        if (!is_known) {
            CB_ASSERT(self->users_count < USERS_MAX && size < USER_MAX);
            memcpy(self->users[self->users_count], list, size);
            self->users[self->users_count++][size] = '\0';
        }
        list += size;
        list += *list == ' ' ? 1 : 0;
    }
}

static void make_subject(
    const tool *self, const cb_subject *row, const char *service, char out[CB_SUBJECT_TEXT_MAX])
{
    const char *key = row->shard == CB_SHARD_SYMBOL ? self->symbol : self->account;
    const int length = row->shard == CB_SHARD_SERVICE
                           ? snprintf(out, CB_SUBJECT_TEXT_MAX, "%s.%s", row->prefix, service)
                           : snprintf(out,
                                 CB_SUBJECT_TEXT_MAX,
                                 "%s.%02u.binance.%s",
                                 row->prefix,
                                 (unsigned)cb_partition_of(key),
                                 key);
    CB_ASSERT(length > 0 && length < CB_SUBJECT_TEXT_MAX);
}

static void attack_as(tool *self, const cb_subject *row, const char *user, unsigned long rounds)
{
    char subject[CB_SUBJECT_TEXT_MAX];
    if (row->subject_class != CB_CLASS_REQUEST) {
        make_subject(self, row, user, subject);
        attack(self, row, subject, user, rounds);
        return;
    }
    for (size_t i = 0; i < self->users_count; i++) {
        if (cb_subject_is_consumer(row, self->users[i])) {
            make_subject(self, row, self->users[i], subject);
            attack(self, row, subject, user, rounds);
        }
    }
}

int main(int argc, char **argv)
{
    static tool self;
    if (argc != 7) {
        (void)fprintf(stderr, "usage: tool_garbage PORT SECRETS ACCOUNT SYMBOL SEED ROUNDS\n");
        return 2;
    }
    self.port = (uint16_t)strtoul(argv[1], NULL, 10);
    self.secrets = argv[2];
    self.account = argv[3];
    self.symbol = argv[4];
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    cb_prng_init(&self.prng, strtoull(argv[5], NULL, 10));
    const unsigned long rounds = strtoul(argv[6], NULL, 10);
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        add_users(&self, cb_subject_get((cb_subject_id)id)->owner);
        add_users(&self, cb_subject_get((cb_subject_id)id)->consumers);
    }
    for (uint32_t id = 0; id < CB_SUBJECT_COUNT; id++) {
        const cb_subject *row = cb_subject_get((cb_subject_id)id);
        for (size_t i = 0; i < self.users_count; i++) {
            if (cb_subject_is_owner(row, self.users[i])) {
                attack_as(&self, row, self.users[i], rounds);
            }
        }
    }
    attack_oversized(&self, "md.raw.trade.00.binance.NONE", "collector");
    (void)printf("%" PRIu64 " messages on %d subjects\n", self.sent_count, (int)CB_SUBJECT_COUNT);
    return self.is_bad ? 1 : 0;
}
