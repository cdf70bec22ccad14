/* The last words of a process: which signal, where. Everything here is async-signal-safe; the
 * addresses are for addr2line, since symbols would need allocation. */
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "rt/service_internal.h"

#define FRAMES_MAX 32

static const int SIGNALS[] = {SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE, SIGTRAP};

static size_t put(char *out, size_t used, size_t capacity, const char *text)
{
    while (*text != '\0' && used < capacity) {
        out[used++] = *text++;
    }
    return used;
}

static void on_fatal(int number)
{
    char line[160];
    const char digits[3] = {(char)('0' + number / 10), (char)('0' + number % 10), '\0'};
    size_t used = put(line, 0, sizeof(line), "level=error event=fatal_signal signal=");
    used = put(line, used, sizeof(line), digits);
    used = put(line, used, sizeof(line), " frames follow for addr2line\n");
    CB_MAYBE(write(STDERR_FILENO, line, used) > 0);
    void *frames[FRAMES_MAX];
    const int count = backtrace(frames, FRAMES_MAX);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    /* The handler was reset on entry: this ends the process with the signal's own exit status. */
    CB_MAYBE(raise(number));
}

void rt_crash_install(const char *service)
{
    (void)service;
    /* The first call loads a library, which a handler may not do. */
    void *warm_up[1];
    CB_MAYBE(backtrace(warm_up, 1));
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_fatal;
    action.sa_flags = (int)((unsigned)SA_RESETHAND | (unsigned)SA_NODEFER);
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        CB_MAYBE(sigaction(SIGNALS[i], &action, NULL));
    }
}
