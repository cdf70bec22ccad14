/* The command line's way to the signer. The frame that goes out may hold a secret: it is wiped. */
#include "services/cli/signer_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mac.h"
#include "base/strview.h"

#define WAIT_SECONDS 60

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_sec = WAIT_SECONDS};
    if (!cb_text_copy(address.sun_path, sizeof address.sun_path, cb_sv_from(path))) {
        (void)fprintf(stderr, "cerberus key: the socket's path is too long\n");
        return -1;
    }
    const int fd = socket(AF_UNIX, (int)((unsigned)SOCK_STREAM | (unsigned)SOCK_CLOEXEC), 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return fd;
    }
    (void)fprintf(stderr,
        "cerberus key: the signer does not answer at %s: %s\n",
        path,
        strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

static bool send_request(int fd, const cb_signer_request *request)
{
    uint8_t frame[CB_SIGNER_FRAME_MAX];
    size_t size = 0;
    cb_err err = {0};
    const cb_status status = cb_signer_put_request(request, frame, sizeof frame, &size, &err);
    const bool is_sent = status == CB_OK && send(fd, frame, size, MSG_NOSIGNAL) == (ssize_t)size;
    cb_wipe(frame, sizeof frame);
    if (!is_sent) {
        (void)fprintf(
            stderr, "cerberus key: %s\n", status == CB_OK ? "the signer hung up" : err.text);
    }
    return is_sent;
}

static bool read_reply(int fd, uint8_t *frame, cb_signer_reply *reply)
{
    cb_err err = {0};
    size_t used = 0;
    size_t size = 0;
    while (size == 0 || used < size) {
        const ssize_t count = recv(fd, frame + used, CB_SIGNER_FRAME_MAX - used, 0);
        if (count <= 0) {
            (void)fprintf(stderr, "cerberus key: no answer: the signer may not let this user in\n");
            return false;
        }
        used += (size_t)count;
        if (cb_signer_frame_size(frame, used, &size, &err) != CB_OK) {
            break;
        }
    }
    if (cb_signer_get_reply(frame, used, reply, &err) != CB_OK) {
        (void)fprintf(stderr, "cerberus key: the signer's answer is not understood\n");
        return false;
    }
    return true;
}

static int exit_of(cb_signer_status status)
{
    switch (status) {
    case CB_SIGNER_OK:
        return CLI_OK;
    case CB_SIGNER_NO_KEY:
        return CLI_NOT_FOUND;
    case CB_SIGNER_DENIED:
        return CLI_AUTH;
    case CB_SIGNER_BAD_KEY:
    case CB_SIGNER_REFUSED:
    case CB_SIGNER_LIMITED:
    case CB_SIGNER_DISABLED:
        return CLI_REFUSED;
    case CB_SIGNER_UNREACHABLE:
        return CLI_TIMEOUT;
    case CB_SIGNER_BAD_FRAME:
    case CB_SIGNER_FAILED:
    case CB_SIGNER_STATUS_COUNT:
    default:
        return CLI_FAILURE;
    }
}

/* --socket, CERBERUS_SIGNER_ADMIN_SOCKET, or the run's file. */
static const char *find_socket(cli *self, const char *told)
{
    cb_err err = {0};
    if (told == NULL) {
        told = getenv("CERBERUS_SIGNER_ADMIN_SOCKET");
    }
    if (told == NULL) {
        (void)cli_connect(self, &err); /* a gateway is not needed, only the file */
        told = cli_endpoint(self, "signer.admin_socket");
    }
    if (told == NULL) {
        (void)fprintf(stderr,
            "cerberus key: no signer known: --socket PATH, CERBERUS_SIGNER_ADMIN_SOCKET, or a "
            "run\n");
    }
    return told;
}

int cli_ask_signer(cli *self,
    const char *socket_path,
    cb_signer_request *request,
    uint8_t *frame,
    cb_signer_reply *reply)
{
    const char *path = find_socket(self, socket_path);
    const int fd = path == NULL ? -1 : open_socket(path);
    if (fd < 0) {
        return CLI_FAILURE;
    }
    request->id = 1;
    const bool is_answered = send_request(fd, request) && read_reply(fd, frame, reply);
    (void)close(fd);
    if (!is_answered) {
        return CLI_FAILURE;
    }
    if (reply->status != CB_SIGNER_OK) {
        (void)fprintf(stderr,
            "cerberus key: %s: %.*s\n",
            cb_signer_status_name(reply->status),
            (int)reply->text_size,
            reply->text);
    }
    return exit_of(reply->status);
}
