/* Calls that fail: the C library's functions stand here once more, in front of it for this program
 * and for every shared library that it uses (libcurl, libpq, OpenSSL), and one of their calls fails
 * when a test says so. Included once per program. */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum fault_kind { FAULT_NONE, FAULT_CALL, FAULT_SHORT, FAULT_ALLOCATION } fault_kind;

static fault_kind armed;
static int armed_error;
static uint64_t armed_at;
static uint64_t met; /* places so far */
static bool failing_is_telling;

/* FAILING_SAY=1 tells which call it was. */
static bool fails(fault_kind kind, const char *name)
{
    if (armed != kind || ++met != armed_at) {
        return false;
    }
    if (failing_is_telling) {
        const fault_kind kept = armed;
        armed = FAULT_NONE;
        void *frames[24];
        (void)!write(2, name, strlen(name));
        (void)!write(2, " fails\n", 7);
        backtrace_symbols_fd(frames, backtrace(frames, 24), 2);
        armed = kept;
    }
    errno = armed_error;
    return true;
}

/* The function of that name behind ours. */
static void find_real(const char *name, void *out)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        abort();
    }
    memcpy(out, &found, sizeof(found));
}

#define FAILING(type, name, parameters, arguments)                                                 \
    type name parameters                                                                           \
    {                                                                                              \
        static __typeof__(&(name)) real;                                                           \
        if (real == NULL) {                                                                        \
            find_real(#name, &real);                                                               \
        }                                                                                          \
        return fails(FAULT_CALL, #name) ? (type)-1 : real arguments;                               \
    }

FAILING(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(int, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size))
/* A connection that was reset stays so: whoever waits for it afterwards is told. */
static ssize_t failing_break(int fd)
{
    const int error = errno;
    if (error == ECONNRESET) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    errno = error;
    return -1;
}

ssize_t recv(int fd, void *out, size_t size, int flags)
{
    static __typeof__(&recv) real;
    if (real == NULL) {
        find_real("recv", &real);
    }
    return fails(FAULT_CALL, "recv") ? failing_break(fd) : real(fd, out, size, flags);
}

FAILING(ssize_t, read, (int fd, void *out, size_t size), (fd, out, size))
FAILING(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
FAILING(int, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
FAILING(int, epoll_create1, (int flags), (flags))
FAILING(
    int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event), (epfd, op, fd, event))
FAILING(int,
    epoll_wait,
    (int epfd, struct epoll_event *events, int count, int timeout),
    (epfd, events, count, timeout))
FAILING(int, eventfd, (unsigned int count, int flags), (count, flags))
FAILING(int, timerfd_create, (int clock, int flags), (clock, flags))
FAILING(int,
    timerfd_settime,
    (int fd, int flags, const struct itimerspec *when, struct itimerspec *before),
    (fd, flags, when, before))
FAILING(int,
    setsockopt,
    (int fd, int level, int name, const void *value, socklen_t size),
    (fd, level, name, value, size))
FAILING(int,
    getsockopt,
    (int fd, int level, int name, void *value, socklen_t *size),
    (fd, level, name, value, size))

/* Bytes leave here: all, none, or the first one alone. */
ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    static __typeof__(&send) real;
    if (real == NULL) {
        find_real("send", &real);
    }
    if (fails(FAULT_CALL, "send")) {
        return failing_break(fd);
    }
    return real(fd, bytes, fails(FAULT_SHORT, "send") && size > 1 ? 1 : size, flags);
}

#ifndef __SANITIZE_ADDRESS__
#define HAS_ALLOCATIONS true
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    return fails(FAULT_ALLOCATION, "malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(FAULT_ALLOCATION, "calloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails(FAULT_ALLOCATION, "realloc") ? NULL : __libc_realloc(block, size);
}
#else
#define HAS_ALLOCATIONS false
#endif

/* In a process of its own that may die: as it would without a test around it. */
static void failing_forget_handlers(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)signal(numbers[i], SIG_DFL);
    }
}

static void failing_arm(fault_kind kind, int error, uint64_t at)
{
    failing_is_telling = getenv("FAILING_SAY") != NULL;
    met = 0;
    armed_at = at;
    armed_error = error;
    armed = kind;
}

/* True when the process ended as it may: by itself, or by an assertion. */
static bool failing_is_clean_end(int status)
{
    const bool is_asserted =
        WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
    return is_asserted || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif /* FAILING_CALLS_H */
