/* The life of a service's process: its arguments, its exit codes, the loop, and the end.
 *
 * Exit codes: 0 ended by SIGTERM; 64 configuration refused; 69 PostgreSQL, NATS or a port were not
 * to be had; 70 died (a lost database, a broken commit); others come from signals. */
#include "rt/service.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mac.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"
#include "rt/version.h"

#define TEXT_MAX ((size_t)128 * 1024)
#define DRAIN_TURN_NS (20 * CB_NS_PER_MS)
#define ARGS_MAX 512

extern char **environ;

/* What the arguments ask for besides values of fields. */
typedef struct rt_arguments {
    bool is_help;
    bool is_version;
    bool is_check;
    bool is_print_config;
    bool is_failpoints;
    const char *file;
    int flags_count;
    char *flags[ARGS_MAX];
} rt_arguments;

/* ---- what hooks may use ---- */

const void *cb_shell_config(const cb_shell *shell)
{
    return shell->service_config;
}

void *cb_shell_user(const cb_shell *shell)
{
    return shell->user;
}

void cb_shell_set_user(cb_shell *shell, void *user)
{
    shell->user = user;
}

cb_loop *cb_shell_loop(cb_shell *shell)
{
    return shell->loop;
}

cb_log *cb_shell_log(cb_shell *shell)
{
    return shell->log;
}

cb_metrics *cb_shell_metrics(cb_shell *shell)
{
    return shell->metrics;
}

cb_pg *cb_shell_pg_eager(cb_shell *shell)
{
    return shell->pg;
}

cb_pg *cb_shell_pg(cb_shell *shell)
{
    rt_redo_flush(shell);
    return shell->pg;
}

cb_pg *cb_shell_pg_again(cb_shell *shell, cb_err *err)
{
    return cb_pg_open(NULL, shell->config.pg_dsn, shell->service->name, err);
}

cb_http *cb_shell_http(cb_shell *shell)
{
    return shell->http;
}

const void *cb_shell_state(const cb_shell *shell)
{
    return shell->state;
}

uint64_t cb_shell_epoch(const cb_shell *shell)
{
    return shell->epoch;
}

bool cb_shell_has_bus(const cb_shell *shell)
{
    return !rt_is_standalone(shell);
}

bool cb_shell_is_set_back(const cb_shell *shell)
{
    return shell->is_set_back;
}

const char *cb_shell_journal_dir(const cb_shell *shell)
{
    return shell->config.journal_dir;
}

const char *cb_shell_instance(const cb_shell *shell)
{
    return shell->config.instance;
}

void cb_shell_die(cb_shell *shell, const char *event, const char *why)
{
    CB_LOG(shell->log, CB_LOG_ERROR, event, CB_KV("error", why), CB_KI("exit_code", RT_EXIT_DIED));
    if (shell->journal != NULL) {
        CB_MAYBE(cb_journal_flush(shell->journal, NULL) == CB_OK);
    }
    /* No orderly end: nothing may leave any more, and recovery expects just this. */
    _exit(RT_EXIT_DIED);
}

/* ---- arguments ---- */

static cb_status read_arguments(rt_arguments *to, int argc, char **argv, cb_err *err)
{
    if (argc > ARGS_MAX) {
        return CB_FAIL(err, CB_E_CONFIG, "more than %d arguments", ARGS_MAX);
    }
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (strcmp(word, "--help") == 0) {
            to->is_help = true;
        } else if (strcmp(word, "--version") == 0) {
            to->is_version = true;
        } else if (strcmp(word, "--check") == 0) {
            to->is_check = true;
        } else if (strcmp(word, "--print-config") == 0) {
            to->is_print_config = true;
        } else if (strcmp(word, "--failpoints") == 0) {
            to->is_failpoints = true;
        } else if (strncmp(word, "--config=", 9) == 0) {
            to->file = word + 9;
        } else {
            to->flags[to->flags_count++] = word;
        }
    }
    return CB_OK;
}

static void prepare_config(cb_shell *shell)
{
    const cb_service *service = shell->service;
    shell->service_config = calloc(1, service->config_size > 0 ? service->config_size : 1);
    CB_ASSERT(shell->service_config != NULL);
    shell->config_set.parts[0] =
        (cb_config_part){rt_config_fields, rt_config_fields_count, &shell->config};
    shell->config_set.parts[1] =
        (cb_config_part){service->fields, service->fields_count, shell->service_config};
    shell->config_set.parts_count = 2;
}

static cb_status load_config(cb_shell *shell, rt_arguments *arguments, cb_err *err)
{
    const cb_config_sources sources = {
        shell->service->name, arguments->file, arguments->flags_count, arguments->flags, environ};
    cb_status status = cb_config_set_load(&shell->config_set, &sources, err);
    if (status == CB_OK) {
        status = rt_config_check(shell, err);
    }
    if (status == CB_OK) {
        cb_config_set_hash(&shell->config_set, shell->config_hash);
    }
    return status;
}

static void print_help(const cb_shell *shell)
{
    char *text = malloc(TEXT_MAX);
    CB_ASSERT(text != NULL);
    CB_MAYBE(cb_config_set_help(&shell->config_set, text, TEXT_MAX));
    (void)printf("cerberus-%s: %s\n\n"
                 "  --config=FILE    lines `key = value`; environment and flags override it\n"
                 "  --check          read the configuration and end\n"
                 "  --print-config   show every value and where it comes from\n"
                 "  --failpoints     list the failpoints of this program\n"
                 "  --version\n\n%s",
        shell->service->name,
        shell->service->summary,
        text);
    free(text);
}

static void print_config(const cb_shell *shell)
{
    char *text = malloc(TEXT_MAX);
    CB_ASSERT(text != NULL);
    CB_MAYBE(cb_config_set_print(&shell->config_set, text, TEXT_MAX));
    (void)fputs(text, stdout);
    free(text);
}

/* True when the arguments are served already; *code is the exit code. */
static bool serve_arguments(cb_shell *shell, int argc, char **argv, int *code)
{
    cb_err err = {0};
    rt_arguments arguments = {0};
    *code = 0;
    prepare_config(shell);
    cb_status status = read_arguments(&arguments, argc, argv, &err);
    if (status == CB_OK && arguments.is_help) {
        print_help(shell);
        return true;
    }
    if (status == CB_OK && arguments.is_version) {
        (void)printf("cerberus-%s %s\n", shell->service->name, cb_version());
        return true;
    }
    if (status == CB_OK && arguments.is_failpoints) {
        cb_failpoints_print();
        return true;
    }
    if (status == CB_OK) {
        status = load_config(shell, &arguments, &err);
    }
    if (status != CB_OK) {
        (void)fprintf(stderr, "cerberus-%s: configuration: %s\n", shell->service->name, err.text);
        *code = RT_EXIT_CONFIG;
        return true;
    }
    if (arguments.is_print_config) {
        print_config(shell);
    } else if (arguments.is_check) {
        (void)printf("configuration ok\n");
    }
    return arguments.is_print_config || arguments.is_check;
}

/* ---- turning ---- */

/* What the file says replaces what is armed; without a file, everything is disarmed. */
static void take_failpoints(cb_shell *shell)
{
    cb_err err = {0};
    const char *path = shell->config.failpoints_file;
    cb_status status = cb_failpoints_arm("", &err);
    if (status == CB_OK && path[0] != '\0') {
        status = cb_failpoints_take_file(path, &err);
    }
    if (status != CB_OK) {
        cb_log_err(shell->log, CB_LOG_ERROR, "failpoints_refused", &err);
        return;
    }
    CB_LOG(shell->log,
        CB_LOG_WARN,
        "failpoints",
        CB_KV("state", cb_failpoints_armed ? "armed" : "off"));
}

static void read_signals(cb_shell *shell)
{
    struct signalfd_siginfo info;
    while (read(shell->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGUSR2) {
            take_failpoints(shell);
        } else if (info.ssi_signo == SIGHUP) {
            shell->is_reload_asked = true;
        } else if (info.ssi_signo != SIGUSR1) {
            shell->is_term_asked = true;
        } else if (shell->service->on_stop_signal != NULL && shell->phase >= RT_RUNNING) {
            shell->service->on_stop_signal(shell);
        }
    }
}

static void on_signal(void *context, int fd, uint32_t events)
{
    (void)fd;
    (void)events;
    read_signals(context);
}

/* Before each sleep: work off what has come, then answer those who wait for us to be done. */
static void on_turn(void *context)
{
    cb_shell *shell = context;
    if (shell->bus == NULL && !rt_is_standalone(shell) && !shell->service->bus_is_optional) {
        return;
    }
    if (shell->is_reload_asked && shell->phase == RT_RUNNING) {
        shell->is_reload_asked = false;
        CB_LOG(shell->log, CB_LOG_INFO, "reload", CB_KV("by", "SIGHUP"));
        if (shell->service->reload != NULL) {
            shell->service->reload(shell);
        }
    }
    rt_bus_process(shell);
    rt_clock_arm(shell);
    rt_sync_answer_all(shell);
    if (shell->bus != NULL) {
        cb_bus_flush(shell->bus);
    }
}

bool rt_turn(cb_shell *shell, int64_t timeout_ns)
{
    cb_loop_turn(shell->loop, timeout_ns);
    return shell->is_term_asked;
}

/* Signals come through the loop. They are blocked before any library starts a thread. */
static cb_status open_signals(cb_shell *shell, cb_err *err)
{
    sigset_t set;
    CB_MAYBE(sigemptyset(&set));
    CB_MAYBE(sigaddset(&set, SIGTERM));
    CB_MAYBE(sigaddset(&set, SIGINT));
    CB_MAYBE(sigaddset(&set, SIGUSR2));
    CB_MAYBE(sigaddset(&set, SIGUSR1));
    CB_MAYBE(sigaddset(&set, SIGHUP));
    const int rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
    CB_ASSERT(rc == 0);
    CB_MAYBE(signal(SIGPIPE, SIG_IGN));
    CB_MAYBE(signal(SIGXFSZ, SIG_IGN)); /* a journal at its size limit is a failed write */
    shell->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (shell->signal_fd < 0) {
        return CB_FAIL(err, CB_E_IO, "signalfd: %s", strerror(errno));
    }
    shell->signal_watch =
        cb_loop_watch(shell->loop, shell->signal_fd, CB_WATCH_READ, on_signal, shell, err);
    return shell->signal_watch != NULL ? CB_OK : CB_E_IO;
}

/* ---- opening and closing ---- */

static void allocate(cb_shell *shell)
{
    const size_t tables_count = shell->service->tables_count;
    shell->out_actions = aligned_alloc(16, sizeof(*shell->out_actions));
    shell->subjects = calloc(RT_SUBJECTS_MAX, sizeof(shell->subjects[0]));
    shell->table_counts = calloc(tables_count > 0 ? tables_count : 1, sizeof(uint64_t));
    CB_ASSERT(shell->out_actions != NULL);
    CB_ASSERT(shell->subjects != NULL && shell->table_counts != NULL);
    cb_outbox_reset(shell->out_actions);
    shell->inbox = cb_inbox_create(RT_INBOX_MAX);
}

static cb_status open_shell(cb_shell *shell, cb_err *err)
{
    shell->loop = cb_loop_create(err);
    if (shell->loop == NULL || open_signals(shell, err) != CB_OK) {
        return CB_E_IO;
    }
    const char *failpoints = shell->config.failpoints_file;
    if (failpoints[0] != '\0' && cb_failpoints_take_file(failpoints, err) != CB_OK) {
        return CB_E_CONFIG;
    }
    shell->http = cb_http_create(shell->loop, err);
    if (shell->http == NULL) {
        return CB_E_IO;
    }
    allocate(shell);
    rt_metrics_open(shell);
    rt_clock_open(shell);
    cb_loop_on_turn(shell->loop, on_turn, shell);
    return rt_health_open(shell, err);
}

static void close_shell(cb_shell *shell)
{
    rt_bus_empty(shell);
    rt_in_release(shell);
    cb_bus_close(shell->bus);
    cb_store_destroy(shell->store);
    if (shell->pg != NULL) {
        cb_pg_on_lost(shell->pg, NULL, NULL);
        cb_pg_close(shell->pg);
    }
    cb_watch_remove(shell->signal_watch);
    cb_timer_remove(shell->beat_timer);
    cb_timer_remove(shell->bus_timer);
    cb_timer_remove(shell->tick_timer);
    if (shell->clock.due != NULL) {
        rt_clock_close(shell);
    }
    cb_server_destroy(shell->server);
    cb_http_destroy(shell->http);
    cb_loop_destroy(shell->loop);
    cb_journal_close(shell->journal);
    rt_redo_release(shell);
    rt_txn_release(shell);
    rt_query_release(shell);
    cb_inbox_destroy(shell->inbox);
    if (shell->arena.base != NULL) {
        CB_MAYBE(munmap(shell->arena.base, shell->arena.size));
    }
    if (shell->signal_fd >= 0) {
        CB_MAYBE(close(shell->signal_fd));
    }
    free(shell->out_actions);
    free(shell->subjects);
    free(shell->table_counts);
}

/* ---- the end ---- */

/* Stops taking, finishes what is under way, and leaves the rest to the next start. */
static void drain(cb_shell *shell)
{
    CB_LOG(shell->log, CB_LOG_INFO, "draining", CB_KI("inbox", cb_inbox_count(shell->inbox)));
    shell->phase = RT_DRAINING;
    if (shell->service->drain != NULL) {
        shell->service->drain(shell);
    }
    if (shell->store != NULL) {
        cb_store_history_flush(shell->store);
    }
    const int64_t deadline_ns = cb_mono_ns() + shell->config.drain_timeout_ns;
    bool is_idle = false;
    do {
        cb_loop_turn(shell->loop, DRAIN_TURN_NS);
        is_idle = rt_is_idle(shell) && shell->out.internal_queries == 0 &&
                  (shell->store == NULL || cb_store_history_pending(shell->store) == 0);
    } while (!is_idle && cb_mono_ns() < deadline_ns);
    CB_LOG(shell->log,
        is_idle ? CB_LOG_INFO : CB_LOG_WARN,
        "stopped",
        CB_KV("work", is_idle ? "all done" : "left to the next start"));
    shell->phase = RT_STOPPED;
    if (shell->bus != NULL) {
        rt_health_beat(shell);
        cb_bus_flush(shell->bus);
    }
}

static int run(cb_shell *shell)
{
    const int code = rt_start(shell);
    if (code != 0) {
        return code > 0 ? code : 0;
    }
    while (!rt_turn(shell, -1)) {
    }
    drain(shell);
    if (shell->service->close != NULL) {
        shell->service->close(shell);
    }
    return 0;
}

int cb_service_main(const cb_service *service, int argc, char **argv)
{
    cb_shell *shell = aligned_alloc(64, (sizeof(*shell) + 63) & ~(size_t)63);
    CB_ASSERT(shell != NULL);
    memset(shell, 0, sizeof(*shell));
    shell->service = service;
    shell->signal_fd = -1;
    cb_failpoints_open(service->name);
    shell->started_mono_ns = cb_mono_ns();
    int code = 0;
    if (!serve_arguments(shell, argc, argv, &code)) {
        rt_crash_install(service->name);
        shell->log = cb_log_create(STDERR_FILENO,
            service->name,
            shell->config.log_format == 1,
            (cb_log_level)shell->config.log_level);
        shell->metrics = cb_metrics_create(service->name);
        cb_err err = {0};
        if (open_shell(shell, &err) == CB_OK) {
            code = run(shell);
        } else {
            cb_log_err(shell->log, CB_LOG_ERROR, "start_failed", &err);
            code = RT_EXIT_UNAVAILABLE;
        }
        close_shell(shell);
        cb_metrics_destroy(shell->metrics);
        cb_log_destroy(shell->log);
    }
    cb_config_set_release(&shell->config_set);
    free(shell->service_config);
    free(shell);
    return code;
}
