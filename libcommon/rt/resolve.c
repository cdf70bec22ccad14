/* One detached thread per question; it shares one small record with the loop, which the last of the
 * two frees. The thread only calls the resolver, writes its answer and signals the descriptor. */
#include "rt/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"

#define HOST_MAX 256

struct cb_resolve {
    atomic_int owners_count; /* loop and thread */
    int event_fd;
    cb_watch *watch;
    void (*fn)(void *context, const char *address, const char *why);
    void *context;
    char host[HOST_MAX];
    /* Written by the thread before the descriptor is signalled, read by the loop after it. */
    char address[CB_ADDRESS_TEXT_MAX];
    char why[128];
};

static void release(cb_resolve *resolve)
{
    if (atomic_fetch_sub(&resolve->owners_count, 1) == 1) {
        (void)close(resolve->event_fd);
        free(resolve);
    }
}

static void look_up(cb_resolve *resolve, int flags)
{
    const struct addrinfo wish = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(resolve->host, NULL, &wish, &found);
    if (rc == 0) {
        rc = getnameinfo(found->ai_addr,
            found->ai_addrlen,
            resolve->address,
            sizeof(resolve->address),
            NULL,
            0,
            NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    if (rc != 0) {
        resolve->address[0] = '\0';
        snprintf(resolve->why, sizeof(resolve->why), "%s", gai_strerror(rc));
    }
}

static void signal_end(cb_resolve *resolve)
{
    const uint64_t one = 1;
    CB_MAYBE(write(resolve->event_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

static void *run(void *context)
{
    cb_resolve *resolve = context;
    look_up(resolve, AI_ADDRCONFIG);
    signal_end(resolve);
    release(resolve);
    return NULL;
}

static void on_end(void *context, int fd, uint32_t events)
{
    cb_resolve *resolve = context;
    (void)fd;
    (void)events;
    cb_watch_remove(resolve->watch);
    const bool is_found = resolve->address[0] != '\0';
    resolve->fn(resolve->context, is_found ? resolve->address : NULL, resolve->why);
    release(resolve);
}

static void start_thread(cb_resolve *resolve)
{
    pthread_attr_t attributes;
    pthread_t thread;
    atomic_fetch_add(&resolve->owners_count, 1);
    const bool is_started =
        pthread_attr_init(&attributes) == 0 &&
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
        pthread_create(&thread, &attributes, run, resolve) == 0;
    if (!is_started) {
        snprintf(resolve->why, sizeof(resolve->why), "no thread for the resolver");
        atomic_store(&resolve->owners_count, 1);
        signal_end(resolve);
    }
}

cb_resolve *cb_resolve_start(cb_loop *loop,
    const char *host,
    void (*fn)(void *context, const char *address, const char *why),
    void *context)
{
    cb_resolve *resolve = calloc(1, sizeof(*resolve));
    CB_ASSERT(resolve != NULL);
    resolve->fn = fn;
    resolve->context = context;
    atomic_init(&resolve->owners_count, 1);
    resolve->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CB_ASSERT(resolve->event_fd >= 0);
    resolve->watch = cb_loop_watch(loop, resolve->event_fd, CB_WATCH_READ, on_end, resolve, NULL);
    CB_ASSERT(resolve->watch != NULL);
    if (!cb_text_copy(resolve->host, sizeof(resolve->host), cb_sv_from(host))) {
        snprintf(resolve->why, sizeof(resolve->why), "the host name is too long");
        signal_end(resolve);
        return resolve;
    }
    look_up(resolve, AI_NUMERICHOST); /* an address needs no question */
    if (resolve->address[0] != '\0') {
        signal_end(resolve);
    } else {
        start_thread(resolve);
    }
    return resolve;
}

void cb_resolve_cancel(cb_resolve *resolve)
{
    if (resolve != NULL) {
        cb_watch_remove(resolve->watch);
        release(resolve);
    }
}
