/* The signer's two Unix sockets: files of mode 0600, and the kernel's word (SO_PEERCRED) for who is
 * at the other end. Bytes become frames; a frame that is not understood ends its connection. Frames
 * of the administrators' socket bring secrets: buffers are wiped as soon as they are read, and all
 * of them stand in locked memory. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/strview.h"
#include "services/signer/signer.h"

#define BACKLOG 16
#define OUT_SIZE (8 * CB_SIGNER_FRAME_MAX)
#define ALL_PURPOSES 0xffffffffU

enum { SOCKET_USERS, SOCKET_ADMIN };

struct signer_conn {
    signer *owner;
    int fd;
    cb_watch *watch;
    uint64_t number;
    bool is_admin;
    bool is_writing;
    uint32_t uid;
    uint32_t purposes;
    size_t in_used;
    size_t out_used;
    uint8_t in[CB_SIGNER_FRAME_MAX];
    uint8_t out[OUT_SIZE];
};

bool signer_conn_is_admin(const signer_conn *conn)
{
    return conn->is_admin;
}

bool signer_conn_may(const signer_conn *conn, cb_key_purpose purpose)
{
    return (conn->purposes & (1U << (uint32_t)purpose)) != 0;
}

uint64_t signer_conn_number(const signer_conn *conn)
{
    return conn->number;
}

signer_conn *signer_door_find(signer *self, uint64_t number)
{
    for (size_t i = 0; i < SIGNER_CONNS_MAX; i++) {
        signer_conn *conn = self->door.conns[i];
        if (conn != NULL && conn->number == number) {
            return conn;
        }
    }
    return NULL;
}

static void end_conn(signer_conn *conn)
{
    signer_door *door = &conn->owner->door;
    for (size_t i = 0; i < SIGNER_CONNS_MAX; i++) {
        if (door->conns[i] == conn) {
            door->conns[i] = NULL;
        }
    }
    cb_watch_remove(conn->watch);
    CB_MAYBE(close(conn->fd));
    sodium_free(conn); /* wipes */
}

/* ---- bytes out ---- */

/* False when the connection has ended. */
static bool flush_out(signer_conn *conn)
{
    size_t sent = 0;
    while (sent < conn->out_used) {
        const ssize_t count = send(conn->fd,
            conn->out + sent,
            conn->out_used - sent,
            (int)((unsigned)MSG_NOSIGNAL | (unsigned)MSG_DONTWAIT));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (count < 0) {
            return false;
        }
        sent += (size_t)count;
    }
    memmove(conn->out, conn->out + sent, conn->out_used - sent);
    conn->out_used -= sent;
    const bool is_writing = conn->out_used > 0;
    if (is_writing != conn->is_writing) {
        conn->is_writing = is_writing;
        cb_watch_change(conn->watch, CB_WATCH_READ | (is_writing ? CB_WATCH_WRITE : 0U));
    }
    return true;
}

/* What does not fit is left out: the peer does not read, and its timeout says the rest. */
void signer_conn_reply(signer_conn *conn, const cb_signer_reply *reply)
{
    cb_err err = {0};
    size_t size = 0;
    if (cb_signer_put_reply(
            reply, conn->out + conn->out_used, OUT_SIZE - conn->out_used, &size, &err) != CB_OK) {
        cb_log_err(conn->owner->log, CB_LOG_WARN, "reply_not_sent", &err);
        return;
    }
    conn->out_used += size;
    CB_MAYBE(flush_out(conn)); /* a broken connection tells itself by its next event */
}

/* ---- bytes in ---- */

static bool refuse_frame(signer_conn *conn, const cb_err *err)
{
    cb_metric_add(conn->owner->metrics.bad_frames, 1);
    cb_log_err(conn->owner->log, CB_LOG_WARN, "frame_refused", err);
    return false;
}

/* False when the connection must end. */
static bool take_frames(signer_conn *conn)
{
    size_t at = 0;
    for (;;) {
        size_t size = 0;
        cb_err err = {0};
        cb_signer_request request;
        if (cb_signer_frame_size(conn->in + at, conn->in_used - at, &size, &err) != CB_OK) {
            return refuse_frame(conn, &err);
        }
        if (size == 0 || size > conn->in_used - at) {
            break;
        }
        if (cb_signer_get_request(conn->in + at, size, &request, &err) != CB_OK) {
            return refuse_frame(conn, &err);
        }
        signer_serve(conn->owner, conn, &request);
        cb_wipe(&request, sizeof(request));
        cb_wipe(conn->in + at, size);
        at += size;
    }
    memmove(conn->in, conn->in + at, conn->in_used - at);
    cb_wipe(conn->in + (conn->in_used - at), at);
    conn->in_used -= at;
    return true;
}

static void on_conn(void *context, int fd, uint32_t events)
{
    signer_conn *conn = context;
    bool is_alive = (events & CB_WATCH_WRITE) == 0 || flush_out(conn);
    if (is_alive && (events & (CB_WATCH_READ | CB_WATCH_ERROR)) != 0) {
        const ssize_t count =
            recv(fd, conn->in + conn->in_used, sizeof(conn->in) - conn->in_used, MSG_DONTWAIT);
        if (count > 0) {
            conn->in_used += (size_t)count;
            is_alive = take_frames(conn);
        } else {
            is_alive = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        }
    }
    if (!is_alive) {
        end_conn(conn);
    }
}

/* ---- who may come in ---- */

/* The purposes of a peer; 0: it may not come in. */
static uint32_t purposes_of(const signer *self, uint32_t uid, bool is_admin)
{
    if (uid == geteuid() || uid == 0) {
        return ALL_PURPOSES;
    }
    for (uint32_t i = 0; i < self->door.peers_count && !is_admin; i++) {
        if (self->door.peers[i].uid == uid) {
            return self->door.peers[i].purposes;
        }
    }
    return 0;
}

static signer_conn *make_conn(signer *self, size_t place, int fd)
{
    cb_err err = {0};
    signer_conn *conn = sodium_malloc(sizeof(*conn));
    if (conn == NULL) {
        return NULL;
    }
    memset(conn, 0, sizeof(*conn));
    conn->owner = self;
    conn->fd = fd;
    conn->number = ++self->door.conns_count;
    conn->watch = cb_loop_watch(cb_shell_loop(self->shell), fd, CB_WATCH_READ, on_conn, conn, &err);
    if (conn->watch == NULL) {
        sodium_free(conn);
        return NULL;
    }
    self->door.conns[place] = conn;
    return conn;
}

/* NULL: it stays outside; fd is the caller's then. */
static signer_conn *admit(signer *self, int fd, bool is_admin)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return NULL;
    }
    const uint32_t purposes = purposes_of(self, (uint32_t)peer.uid, is_admin);
    if (purposes == 0) {
        cb_metric_add(self->metrics.denied, 1);
        CB_LOG(self->log,
            CB_LOG_WARN,
            "peer_denied",
            CB_KI("uid", peer.uid),
            CB_KI("pid", peer.pid),
            CB_KI("is_admin", is_admin));
        return NULL;
    }
    for (size_t i = 0; i < SIGNER_CONNS_MAX; i++) {
        if (self->door.conns[i] == NULL) {
            signer_conn *conn = make_conn(self, i, fd);
            if (conn != NULL) {
                conn->is_admin = is_admin;
                conn->uid = (uint32_t)peer.uid;
                conn->purposes = purposes;
            }
            return conn;
        }
    }
    CB_LOG(self->log, CB_LOG_WARN, "too_many_peers", CB_KI("max", SIGNER_CONNS_MAX));
    return NULL;
}

static void on_listen(void *context, int fd, uint32_t events)
{
    (void)events;
    signer *self = context;
    const int peer =
        accept4(fd, NULL, NULL, (int)((unsigned)SOCK_NONBLOCK | (unsigned)SOCK_CLOEXEC));
    if (peer >= 0 && admit(self, peer, fd == self->door.fds[SOCKET_ADMIN]) == NULL) {
        CB_MAYBE(close(peer));
    }
}

/* ---- opening ---- */

static cb_status bind_socket(const char *path, int *out, cb_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat info;
    if (!cb_text_copy(address.sun_path, sizeof(address.sun_path), cb_sv_from(path))) {
        return CB_FAIL(err, CB_E_CONFIG, "%s: a socket's path has at most 107 bytes", path);
    }
    if (lstat(path, &info) == 0 && !S_ISSOCK(info.st_mode)) {
        return CB_FAIL(err, CB_E_CONFIG, "%s exists and is no socket", path);
    }
    CB_MAYBE(unlink(path)); /* of a signer that was killed */
    const int fd =
        socket(AF_UNIX, (int)((unsigned)SOCK_STREAM | SOCK_NONBLOCK | (unsigned)SOCK_CLOEXEC), 0);
    *out = fd;
    /* The umask of this process keeps the file closed to others from its first moment. */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
        return CB_FAIL(err, CB_E_IO, "socket %s: %s", path, strerror(errno));
    }
    return CB_OK;
}

static bool read_purposes(const char *words, uint32_t *out)
{
    char word[16];
    *out = 0;
    for (;;) {
        cb_key_purpose purpose = CB_KEY_READ;
        const size_t size = strcspn(words, "+");
        if (!cb_text_copy(word, sizeof(word), (cb_strview){words, size}) ||
            !cb_key_purpose_parse(word, &purpose)) {
            return false;
        }
        *out |= 1U << (uint32_t)purpose;
        if (words[size] == '\0') {
            return true;
        }
        words += size + 1;
    }
}

static cb_status read_peers(signer *self, cb_err *err)
{
    char item[CB_CONFIG_TEXT_MAX];
    signer_door *door = &self->door;
    if (self->config->peers[0] == '\0') {
        return CB_OK;
    }
    for (size_t i = 0; cb_config_list_item(self->config->peers, i, item, sizeof(item)); i++) {
        uint64_t uid = 0;
        uint32_t purposes = 0;
        const size_t size = strcspn(item, ":");
        if (door->peers_count == SIGNER_PEERS_MAX || item[size] == '\0' ||
            !cb_u64_parse((cb_strview){item, size}, UINT32_MAX, &uid) ||
            !read_purposes(item + size + 1, &purposes)) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "signer.peers: '%s' is not UID:purpose+purpose, or more than %d",
                item,
                SIGNER_PEERS_MAX);
        }
        door->peers[door->peers_count++] =
            (signer_peer){.uid = (uint32_t)uid, .purposes = purposes};
    }
    return CB_OK;
}

cb_status signer_door_open(signer *self, cb_err *err)
{
    signer_door *door = &self->door;
    const char *const paths[2] = {self->config->socket, self->config->admin_socket};
    door->fds[0] = -1;
    door->fds[1] = -1;
    cb_status status = read_peers(self, err);
    if (status == CB_OK && strcmp(paths[0], paths[1]) == 0) {
        status = CB_FAIL(err, CB_E_CONFIG, "signer.socket and signer.admin_socket are the same");
    }
    for (size_t i = 0; i < 2 && status == CB_OK; i++) {
        status = bind_socket(paths[i], &door->fds[i], err);
        if (status == CB_OK) {
            door->watches[i] = cb_loop_watch(
                cb_shell_loop(self->shell), door->fds[i], CB_WATCH_READ, on_listen, self, err);
            status = door->watches[i] != NULL ? CB_OK : CB_E_IO;
        }
    }
    return status;
}

void signer_door_close(signer *self)
{
    signer_door *door = &self->door;
    const char *const paths[2] = {self->config->socket, self->config->admin_socket};
    for (size_t i = 0; i < SIGNER_CONNS_MAX; i++) {
        if (door->conns[i] != NULL) {
            end_conn(door->conns[i]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        cb_watch_remove(door->watches[i]);
        if (door->fds[i] >= 0) {
            CB_MAYBE(close(door->fds[i]));
            CB_MAYBE(unlink(paths[i]));
        }
        door->fds[i] = -1;
        door->watches[i] = NULL;
    }
}
