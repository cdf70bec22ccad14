/* The border between cnats and the duty loop: its event-loop hooks and callbacks on one side, our
 * watch of the socket on the other. The loop watches a duplicate of the socket, because a library
 * thread may close the original at any moment and its number may then belong to someone else. */
#include "rt/bus_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define CLOSE_WAIT_S 2

static void lock(cb_bus *bus)
{
    const int rc = pthread_mutex_lock(&bus->shared.mutex);
    CB_ASSERT(rc == 0);
}

/* The duty thread looks at `shared` at the end of each turn by itself; others wake it. */
static void unlock_and_tell(cb_bus *bus)
{
    const int rc = pthread_mutex_unlock(&bus->shared.mutex);
    CB_ASSERT(rc == 0);
    if (pthread_equal(pthread_self(), bus->duty_thread) == 0) {
        cb_loop_wake(bus->loop);
    }
}

/* ---- called by cnats, from any thread ---- */

static natsStatus on_attach(void **user_data, void *loop, natsConnection *nc, natsSock socket)
{
    (void)nc;
    cb_bus *bus = loop;
    const int copy = fcntl(socket, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        return NATS_SYS_ERROR;
    }
    lock(bus);
    if (bus->shared.is_fd_new && bus->shared.fd >= 0) {
        CB_MAYBE(close(bus->shared.fd)); /* replaced before the duty thread saw it */
    }
    bus->shared.fd = copy;
    bus->shared.is_fd_new = true;
    bus->shared.is_read_wanted = true;
    bus->shared.is_write_wanted = false;
    unlock_and_tell(bus);
    *user_data = bus;
    return NATS_OK;
}

static natsStatus on_read(void *user_data, bool is_added)
{
    cb_bus *bus = user_data;
    lock(bus);
    bus->shared.is_read_wanted = is_added;
    unlock_and_tell(bus);
    return NATS_OK;
}

static natsStatus on_write(void *user_data, bool is_added)
{
    cb_bus *bus = user_data;
    lock(bus);
    bus->shared.is_write_wanted = is_added;
    unlock_and_tell(bus);
    return NATS_OK;
}

static natsStatus on_detach(void *user_data)
{
    cb_bus *bus = user_data;
    lock(bus);
    bus->shared.is_read_wanted = false;
    bus->shared.is_write_wanted = false;
    unlock_and_tell(bus);
    return NATS_OK;
}

static void set_state(cb_bus *bus, bool is_up, bool is_reconnect)
{
    lock(bus);
    bus->shared.is_up = is_up;
    bus->shared.is_state_new = true;
    bus->shared.reconnects_count += is_reconnect ? 1 : 0;
    unlock_and_tell(bus);
}

static void on_disconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    set_state(closure, false, false);
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    set_state(closure, true, true);
}

static void on_closed(natsConnection *nc, void *closure)
{
    (void)nc;
    cb_bus *bus = closure;
    const int rc = pthread_mutex_lock(&bus->shared.mutex);
    CB_ASSERT(rc == 0);
    bus->shared.is_closed = true;
    /* Signalled with the mutex held: the waiter frees it as soon as it is let go. */
    CB_MAYBE(pthread_cond_signal(&bus->shared.closed));
    CB_MAYBE(pthread_mutex_unlock(&bus->shared.mutex));
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
    cb_bus *bus = closure;
    const char *detail = NULL;
    CB_MAYBE(natsConnection_GetLastError(nc, &detail) == NATS_OK);
    const char *subject = NULL;
    if (sub != NULL) {
        subject = natsSubscription_GetSubject(sub);
    }
    lock(bus);
    if (bus->shared.notes_count < BUS_NOTES_MAX) {
        (void)snprintf(bus->shared.notes[bus->shared.notes_count++],
            BUS_NOTE_SIZE,
            "%s%s%s: %s",
            natsStatus_GetText(status),
            subject != NULL ? " on " : "",
            subject != NULL ? subject : "",
            detail != NULL ? detail : "");
    } else {
        bus->shared.notes_lost_count++;
    }
    unlock_and_tell(bus);
}

cb_status bus_link_options(cb_bus *bus, natsOptions *options, cb_err *err)
{
    natsStatus status =
        natsOptions_SetEventLoop(options, bus, on_attach, on_read, on_write, on_detach);
    if (status == NATS_OK) {
        status = natsOptions_SetDisconnectedCB(options, on_disconnected, bus);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetReconnectedCB(options, on_reconnected, bus);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetClosedCB(options, on_closed, bus);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetErrorHandler(options, on_error, bus);
    }
    return bus_fail(err, status, "NATS event loop");
}

/* ---- the duty thread ---- */

static void on_socket(void *context, int fd, uint32_t events)
{
    (void)fd;
    cb_bus *bus = context;
    if ((events & (CB_WATCH_READ | CB_WATCH_ERROR)) != 0) {
        natsConnection_ProcessReadEvent(bus->nc);
        bus_drain(bus);
    }
    if ((events & CB_WATCH_WRITE) != 0) {
        natsConnection_ProcessWriteEvent(bus->nc);
    }
}

static void drop_socket(cb_bus *bus)
{
    cb_watch_remove(bus->watch);
    bus->watch = NULL;
    bus->watched_events = 0;
    if (bus->fd >= 0) {
        CB_MAYBE(close(bus->fd));
        bus->fd = -1;
    }
}

/* Watches what cnats wants watched. Writing is tried at once; only a full socket is waited for. */
static void adjust_watch(cb_bus *bus, bool is_read_wanted, bool is_write_wanted)
{
    if (bus->fd < 0) {
        return;
    }
    if (!is_read_wanted) {
        drop_socket(bus);
        return;
    }
    const uint32_t events = CB_WATCH_READ | (is_write_wanted ? CB_WATCH_WRITE : 0);
    if (bus->watch == NULL) {
        bus->watch = cb_loop_watch(bus->loop, bus->fd, events, on_socket, bus, NULL);
        CB_ASSERT(bus->watch != NULL);
    } else if (events != bus->watched_events) {
        cb_watch_change(bus->watch, events);
    }
    bus->watched_events = events;
}

/* What the duty thread takes out of `shared` in one go. */
typedef struct taken {
    bool is_read_wanted;
    bool is_write_wanted;
    bool is_state_new;
    bool is_up;
    uint32_t notes_count;
    uint32_t notes_lost_count;
    char notes[BUS_NOTES_MAX][BUS_NOTE_SIZE];
} taken;

static void take_shared(cb_bus *bus, taken *out)
{
    lock(bus);
    bus_shared *shared = &bus->shared;
    if (shared->is_fd_new) {
        drop_socket(bus);
        bus->fd = shared->fd;
        shared->fd = -1;
        shared->is_fd_new = false;
    }
    out->is_read_wanted = shared->is_read_wanted;
    out->is_write_wanted = shared->is_write_wanted;
    out->is_state_new = shared->is_state_new;
    out->is_up = shared->is_up;
    out->notes_count = shared->notes_count;
    out->notes_lost_count = shared->notes_lost_count;
    if (shared->notes_count > 0) {
        memcpy(out->notes, shared->notes, sizeof(shared->notes));
    }
    shared->is_state_new = false;
    shared->notes_count = 0;
    shared->notes_lost_count = 0;
    bus->stats.reconnects_count = shared->reconnects_count;
    const int rc = pthread_mutex_unlock(&shared->mutex);
    CB_ASSERT(rc == 0);
}

static bool is_write_wanted(cb_bus *bus)
{
    lock(bus);
    const bool is_wanted = bus->shared.is_write_wanted;
    const int rc = pthread_mutex_unlock(&bus->shared.mutex);
    CB_ASSERT(rc == 0);
    return is_wanted;
}

void bus_link_apply(cb_bus *bus)
{
    taken now;
    take_shared(bus, &now);
    if (now.is_write_wanted && bus->nc != NULL) {
        natsConnection_ProcessWriteEvent(bus->nc);
        now.is_write_wanted = is_write_wanted(bus);
    }
    adjust_watch(bus, now.is_read_wanted, now.is_write_wanted);
    if (now.is_state_new && now.is_up != bus->is_up) {
        bus->is_up = now.is_up;
        if (bus->on_state != NULL) {
            bus->on_state(bus->on_state_context, bus->is_up);
        }
    }
    bus->stats.errors_count += now.notes_count + now.notes_lost_count;
    for (uint32_t i = 0; i < now.notes_count && bus->on_error != NULL; i++) {
        bus->on_error(bus->on_error_context, now.notes[i]);
    }
}

bool bus_link_await_closed(cb_bus *bus)
{
    struct timespec deadline;
    CB_MAYBE(clock_gettime(CLOCK_REALTIME, &deadline));
    deadline.tv_sec += CLOSE_WAIT_S;
    lock(bus);
    int rc = 0;
    while (!bus->shared.is_closed && rc == 0) {
        rc = pthread_cond_timedwait(&bus->shared.closed, &bus->shared.mutex, &deadline);
    }
    const bool is_closed = bus->shared.is_closed;
    CB_MAYBE(pthread_mutex_unlock(&bus->shared.mutex));
    return is_closed;
}

void bus_link_close(cb_bus *bus)
{
    taken last;
    take_shared(bus, &last);
    drop_socket(bus);
}
