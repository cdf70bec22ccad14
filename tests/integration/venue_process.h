/* The simulator as a process whose market time stands still until it is told to move, and clients
 * that see each byte, each close and each reset. */
#ifndef TESTS_VENUE_PROCESS_H
#define TESTS_VENUE_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/mac.h"
#include "base/money.h"
#include "ws_frames.h"

#define VENUE_KEY "keyA"
#define VENUE_SECRET "secretA"
#define VENUE_WAIT_S 20
#define VENUE_START_MS INT64_C(1704067200000)

typedef struct venue {
    pid_t pid;
    char dir[64];
    int port;
    int control_port;
    int64_t now_ms;
} venue;

/* What one exchange of bytes brought. */
typedef struct reply {
    int status; /* 0 = no status line came */
    size_t size;
    char *text; /* head and body */
    char *body; /* behind the empty line, or "" */
    bool is_ended;
    bool is_reset;
} reply;

typedef struct line {
    int fd;
    char *in;
    size_t used;
    size_t room;
    bool is_ended;
    bool is_reset;
} line;

/* ---- sockets ---- */

static inline int venue_connect(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static inline void line_open(line *self, int port)
{
    *self = (line){.fd = venue_connect(port), .room = 1U << 20};
    assert_true(self->fd >= 0);
    self->in = calloc(1, self->room + 1);
}

static inline void line_close(line *self)
{
    close(self->fd);
    free(self->in);
    memset(self, 0, sizeof(*self));
}

static inline void line_send(line *self, const char *bytes, size_t size)
{
    assert_int_equal(send(self->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Reads what comes within wait_ms; false when nothing came. */
static inline bool line_read(line *self, int wait_ms)
{
    const struct timeval wait = {wait_ms / 1000, (suseconds_t)(wait_ms % 1000) * 1000};
    setsockopt(self->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (self->used == self->room) {
        self->room *= 2;
        self->in = realloc(self->in, self->room + 1);
    }
    const ssize_t got = recv(self->fd, self->in + self->used, self->room - self->used, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return false;
    }
    self->is_ended = got <= 0;
    self->is_reset = got < 0;
    self->used += got > 0 ? (size_t)got : 0;
    self->in[self->used] = '\0';
    return got > 0;
}

/* Waits until text has come or the line has ended. */
static inline bool line_wait(line *self, const char *text)
{
    const time_t end = time(NULL) + VENUE_WAIT_S;
    while (memmem(self->in, self->used, text, strlen(text)) == NULL && !self->is_ended &&
           time(NULL) < end) {
        (void)line_read(self, 1000);
    }
    return memmem(self->in, self->used, text, strlen(text)) != NULL;
}

static inline void line_wait_end(line *self)
{
    const time_t end = time(NULL) + VENUE_WAIT_S;
    while (!self->is_ended && time(NULL) < end) {
        (void)line_read(self, 1000);
    }
    assert_true(self->is_ended);
}

/* True when nothing comes for a while: only used where time stands still, so that nothing can. */
static inline bool line_is_still(line *self)
{
    const size_t used = self->used;
    return !line_read(self, 100) && self->used == used && !self->is_ended;
}

/* ---- HTTP ---- */

/* Reads one answer: head, then as many bytes as it announces, or to the end. */
static inline reply line_reply(line *self)
{
    const time_t end = time(NULL) + VENUE_WAIT_S;
    reply out = {0};
    for (;;) {
        char *body = self->used > 0 ? memmem(self->in, self->used, "\r\n\r\n", 4) : NULL;
        const char *length = self->used > 0 ? strcasestr(self->in, "content-length: ") : NULL;
        if (body != NULL && length != NULL &&
            self->used >= (size_t)(body + 4 - self->in) + strtoul(length + 16, NULL, 10)) {
            break;
        }
        if (self->is_ended || time(NULL) > end) {
            break;
        }
        (void)line_read(self, 1000);
    }
    out.text = malloc(self->used + 1);
    memcpy(out.text, self->in, self->used + 1);
    out.size = self->used;
    out.is_ended = self->is_ended;
    out.is_reset = self->is_reset;
    if (strncmp(out.text, "HTTP/1.1 ", 9) == 0) {
        out.status = (int)strtol(out.text + 9, NULL, 10);
    }
    char *split = strstr(out.text, "\r\n\r\n");
    out.body = split == NULL ? out.text + self->used : split + 4;
    self->used = 0;
    self->in[0] = '\0';
    return out;
}

static inline void reply_free(reply *self)
{
    free(self->text);
    self->text = NULL;
}

static inline void http_send(
    line *self, const char *method, const char *path, const char *head, const char *body)
{
    char *text = malloc(4096 + strlen(path) + strlen(body));
    const int size = snprintf(text,
        4096 + strlen(path) + strlen(body),
        "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s",
        method,
        path,
        head,
        strlen(body),
        body);
    line_send(self, text, (size_t)size);
    free(text);
}

/* parameters, timestamp and signature of account main */
static inline void venue_sign(const venue *v, const char *params, char *out, size_t size)
{
    uint8_t mac[CB_SHA256_SIZE];
    char hex[2 * CB_SHA256_SIZE + 1];
    snprintf(out,
        size,
        "%s%stimestamp=%lld",
        params,
        params[0] == '\0' ? "" : "&",
        (long long)v->now_ms);
    cb_hmac_sha256(VENUE_SECRET, strlen(VENUE_SECRET), out, strlen(out), mac);
    cb_hex_print(mac, sizeof(mac), hex);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "&signature=%s", hex);
}

/* Sends a signed request on an open line; its answer is read by the caller. */
static inline void venue_say(
    const venue *v, line *on, const char *method, const char *path, const char *params)
{
    char form[2048];
    char target[4096];
    const bool is_form = strcmp(method, "POST") == 0;
    venue_sign(v, params, form, sizeof(form));
    snprintf(target, sizeof(target), "%s%s%s", path, is_form ? "" : "?", is_form ? "" : form);
    http_send(on, method, target, "X-MBX-APIKEY: " VENUE_KEY "\r\n", is_form ? form : "");
}

/* A signed request on a line of its own. */
static inline reply venue_ask(
    const venue *v, const char *method, const char *path, const char *params)
{
    line on;
    line_open(&on, v->port);
    venue_say(v, &on, method, path, params);
    reply out = line_reply(&on);
    line_close(&on);
    return out;
}

static inline reply venue_get(const venue *v, const char *path)
{
    line on;
    line_open(&on, v->port);
    http_send(&on, "GET", path, "", "");
    reply out = line_reply(&on);
    line_close(&on);
    return out;
}

/* ---- control ---- */

/* ' in body stands for ". The answer must have the status. */
static inline json_t *venue_control(
    const venue *v, const char *method, const char *path, const char *body, int status)
{
    line on;
    char *text = strdup(body);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    line_open(&on, v->control_port);
    http_send(&on, method, path, "Authorization: Bearer token\r\n", text);
    reply got = line_reply(&on);
    line_close(&on);
    free(text);
    if (got.status != status) {
        print_error("%s %s: %s\n", method, path, got.text);
        fail();
    }
    json_t *json = json_loads(got.body, 0, NULL);
    assert_non_null(json);
    reply_free(&got);
    return json;
}

static inline void venue_fault(const venue *v, const char *rule)
{
    json_decref(venue_control(v, "POST", "/control/faults", rule, 200));
}

static inline void venue_heal(const venue *v)
{
    json_decref(venue_control(v, "DELETE", "/control/faults", "", 200));
}

static inline void venue_advance(venue *v, int64_t ms)
{
    char path[64];
    snprintf(path, sizeof(path), "/control/advance?ms=%lld", (long long)ms);
    json_t *json = venue_control(v, "POST", path, "", 200);
    v->now_ms = json_integer_value(json_object_get(json, "now_ms"));
    json_decref(json);
}

/* ---- life ---- */

static inline void venue_write(const venue *v, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", v->dir, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline void venue_exec(const venue *v, const char *extra)
{
    static const char *const fixed = "--nats.url= --market.port=0 --http.port=0 --speed=manual "
                                     "--agents.preroll=10m --agents.start=2024-01-01T00:00:00Z "
                                     "--accounts.main=USDT:1000000,BTC:10,ETH:100 "
                                     "--limits.weight=1000000 --limits.orders_10s=100000";
    char command[4096];
    const char *bin = getenv("CERBERUS_BIN_DIR");
    snprintf(command,
        sizeof(command),
        "exec %s/cerberus-simulator %s --api.key=%s/key --api.secret=%s/secret "
        "--admin.token=%s/token --journal.dir=%s/journal %s 2>%s/log",
        bin == NULL ? "bin" : bin,
        fixed,
        v->dir,
        v->dir,
        v->dir,
        v->dir,
        extra,
        v->dir);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static inline int venue_log_number(const char *log, const char *event, const char *key)
{
    const char *at = strstr(log, event);
    at = at == NULL ? NULL : strstr(at, key);
    return at == NULL ? 0 : (int)strtol(at + strlen(key), NULL, 10);
}

static inline void venue_start(venue *v, const char *extra)
{
    *v = (venue){.now_ms = VENUE_START_MS};
    snprintf(v->dir, sizeof(v->dir), "/tmp/cerberus-venue-XXXXXX");
    assert_non_null(mkdtemp(v->dir));
    venue_write(v, "key", VENUE_KEY);
    venue_write(v, "secret", VENUE_SECRET);
    venue_write(v, "token", "token");
    v->pid = fork();
    assert_true(v->pid >= 0);
    if (v->pid == 0) {
        venue_exec(v, extra);
    }
    char path[128];
    char log[16384];
    snprintf(path, sizeof(path), "%s/log", v->dir);
    for (int i = 0; i < 400 && v->control_port == 0; i++) {
        const struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
        FILE *file = fopen(path, "re");
        if (file == NULL) {
            continue;
        }
        log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
        fclose(file);
        v->port = venue_log_number(log, "event=market_listening", " port=");
        v->control_port = venue_log_number(log, "event=started", " http_port=");
    }
    if (v->control_port == 0) {
        print_error("the simulator did not start: %s\n", log);
        fail();
    }
}

static inline void venue_stop(venue *v)
{
    int code = 0;
    kill(v->pid, SIGTERM);
    assert_int_equal(waitpid(v->pid, &code, 0), v->pid);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", v->dir);
    FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */
    pclose(pipe);
}

/* ---- WebSocket ---- */

static inline void ws_open(line *on, const venue *v, const char *path)
{
    char text[512];
    line_open(on, v->port);
    const int size = snprintf(text,
        sizeof(text),
        "GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        path);
    line_send(on, text, (size_t)size);
    assert_true(line_wait(on, "\r\n\r\n"));
    assert_true(strncmp(on->in, "HTTP/1.1 101", 12) == 0);
    char *end = strstr(on->in, "\r\n\r\n") + 4;
    on->used -= (size_t)(end - on->in);
    memmove(on->in, end, on->used + 1);
}

static inline void ws_say(line *on, const char *text)
{
    char frame[4096];
    line_send(on, frame, ws_put(frame, WS_FIN | WS_TEXT, 1, text, strlen(text)));
}

/* The next text frame as a string, or NULL when none comes within wait_ms. */
static inline char *ws_next_within(line *on, int wait_ms)
{
    const time_t end = time(NULL) + VENUE_WAIT_S;
    for (;;) {
        ws_frame frame;
        if (ws_get(on->in, on->used, &frame)) {
            char *text = strndup(frame.payload, (size_t)frame.size);
            const bool is_text = (frame.first & 0x0f) == WS_TEXT;
            on->used -= frame.total;
            memmove(on->in, on->in + frame.total, on->used + 1);
            if (is_text) {
                return text;
            }
            free(text);
            continue;
        }
        if (on->is_ended || time(NULL) > end || !line_read(on, wait_ms)) {
            return NULL;
        }
    }
}

static inline char *ws_next(line *on, bool is_expected)
{
    return ws_next_within(on, is_expected ? VENUE_WAIT_S * 1000 : 150);
}

/* Subscribes to the account's events; what comes from here on are events. */
static inline void ws_subscribe(line *on, const venue *v)
{
    char payload[128];
    char text[512];
    uint8_t mac[CB_SHA256_SIZE];
    char hex[2 * CB_SHA256_SIZE + 1];
    snprintf(payload, sizeof(payload), "apiKey=%s&timestamp=%lld", VENUE_KEY, (long long)v->now_ms);
    cb_hmac_sha256(VENUE_SECRET, strlen(VENUE_SECRET), payload, strlen(payload), mac);
    cb_hex_print(mac, sizeof(mac), hex);
    snprintf(text,
        sizeof(text),
        "{\"id\":1,\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":"
        "\"%s\",\"timestamp\":%lld,\"signature\":\"%s\"}}",
        VENUE_KEY,
        (long long)v->now_ms,
        hex);
    ws_say(on, text);
    char *answer = ws_next(on, true);
    assert_non_null(answer);
    assert_non_null(strstr(answer, "\"subscriptionId\":"));
    free(answer);
}

#endif /* TESTS_VENUE_PROCESS_H */
