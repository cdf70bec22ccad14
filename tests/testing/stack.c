/* Starting and ending the private servers of integration tests. PostgreSQL refuses to run as root,
 * so root starts it as the user postgres or nobody. Children are tied to this program's life by the
 * parent-death signal, so that a crashed test leaves no server behind. */
#include "tests/testing/stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "rt/loop.h"
#include "rt/provision.h"

#define PG_BIN "/usr/lib/postgresql/15/bin/"
#define START_TIMEOUT_MS 60000
#define POLL_NS (10 * CB_NS_PER_MS)
#define ARGS_MAX 48

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("stack: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* ---- processes ---- */

static const struct passwd *pg_account(void)
{
    const struct passwd *user = getpwnam("postgres");
    return user != NULL ? user : getpwnam("nobody");
}

static void drop_root(void)
{
    if (geteuid() != 0) {
        return;
    }
    const struct passwd *user = pg_account();
    if (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        _exit(126);
    }
}

/* death_signal: what the child gets when this program dies. */
static pid_t spawn(const stack *env,
    const char *log_name,
    char *const argv[],
    bool is_unprivileged,
    int death_signal)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", env->folder, log_name);
    const int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int null = open("/dev/null", O_RDONLY);
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
        _exit(125);
    }
    if (is_unprivileged) {
        drop_root();
        if (chdir("/") != 0) {
            _exit(125);
        }
    }
    /* After setuid, which clears it; and the parent may be gone already. */
    if (prctl(PR_SET_PDEATHSIG, death_signal) != 0 || getppid() != parent) {
        _exit(124);
    }
    execv(argv[0], argv);
    _exit(127);
}

/* The same for constant words: execv does not change them, its type only says so. */
static pid_t spawn_const(const stack *env,
    const char *log_name,
    const char *const words[],
    bool is_unprivileged,
    int death_signal)
{
    char *argv[ARGS_MAX + 1];
    size_t count = 0;
    while (words[count] != NULL && count < ARGS_MAX) {
        argv[count] = strdup(words[count]);
        count++;
    }
    argv[count] = NULL;
    const pid_t pid = spawn(env, log_name, argv, is_unprivileged, death_signal);
    while (count > 0) {
        free(argv[--count]);
    }
    return pid;
}

pid_t stack_spawn(const stack *env, const char *log_name, char *const argv[])
{
    return spawn(env, log_name, argv, false, SIGKILL);
}

int stack_wait(pid_t pid, int64_t timeout_ms)
{
    const int64_t deadline_ns = cb_mono_ns() + timeout_ms * CB_NS_PER_MS;
    for (;;) {
        int status = 0;
        const pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (done < 0 || cb_mono_ns() >= deadline_ns) {
            return -1;
        }
        const struct timespec pause = {0, POLL_NS};
        (void)nanosleep(&pause, NULL);
    }
}

bool stack_until(bool (*check)(void *context), void *context, int64_t timeout_ms)
{
    const int64_t deadline_ns = cb_mono_ns() + timeout_ms * CB_NS_PER_MS;
    while (!check(context)) {
        if (cb_mono_ns() >= deadline_ns) {
            return false;
        }
        const struct timespec pause = {0, POLL_NS};
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static void end_process(pid_t *pid, int signal_number)
{
    if (*pid <= 0) {
        return;
    }
    (void)kill(*pid, signal_number);
    if (stack_wait(*pid, 10000) < 0) {
        (void)kill(*pid, SIGKILL);
        (void)stack_wait(*pid, 10000);
    }
    *pid = 0;
}

static void show_log(const stack *env, const char *log_name)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", env->folder, log_name);
    FILE *log = fopen(path, "r");
    char line[512];
    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        (void)fprintf(stderr, "stack: %s: %s", log_name, line);
    }
    if (log != NULL) {
        (void)fclose(log);
    }
}

uint16_t stack_free_port(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        give_up("no free port: %s", strerror(errno));
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void write_file(const char *path, const char *text, size_t size, mode_t mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size) {
        give_up("%s: %s", path, strerror(errno));
    }
    (void)close(fd);
}

/* ---- NATS ---- */

void stack_password_file(const stack *env, const char *user, char *out, size_t size)
{
    (void)snprintf(out, size, "%s/nats_%s", env->folder, user);
}

/* Passwords in tests are the user's name and a word; they only have to differ. */
static const char *password_of(void *context, const char *user)
{
    static const char WORD[] = "secret";
    char *text = context;
    (void)snprintf(text, 64, "%s%s", user, WORD);
    return text;
}

static void write_nats_files(const stack *env)
{
    char password[64];
    char path[160];
    char user[CB_PROVISION_USER_MAX];
    for (size_t i = 0; cb_provision_user(i, user); i++) {
        stack_password_file(env, user, path, sizeof(path));
        const char *text = password_of(password, user);
        write_file(path, text, strlen(text), 0600);
    }
    char store[96];
    (void)snprintf(store, sizeof(store), "%s/jetstream", env->folder);
    const cb_nats_conf_options options = {
        "127.0.0.1", env->nats_port, store, password_of, password};
    static const size_t CAPACITY = (size_t)256 * 1024;
    char *conf = malloc(CAPACITY);
    size_t size = 0;
    cb_err err = {0};
    if (conf == NULL || cb_provision_nats_conf(&options, conf, CAPACITY, &size, &err) != CB_OK) {
        give_up("nats.conf: %s", err.text);
    }
    (void)snprintf(path, sizeof(path), "%s/nats.conf", env->folder);
    write_file(path, conf, size, 0600);
    free(conf);
}

static bool port_answers(void *context)
{
    const stack *env = context;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(env->nats_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool answers = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return answers;
}

void stack_nats_restart(stack *env)
{
    char conf[160];
    (void)snprintf(conf, sizeof(conf), "%s/nats.conf", env->folder);
    const char *const args[] = {"/usr/sbin/nats-server", "-c", conf, NULL};
    env->nats_pid = spawn_const(env, "nats.log", args, false, SIGKILL);
    if (!stack_until(port_answers, env, START_TIMEOUT_MS)) {
        show_log(env, "nats.log");
        give_up("nats-server did not come up on port %u", (unsigned)env->nats_port);
    }
}

void stack_nats_kill(stack *env, int signal_number)
{
    end_process(&env->nats_pid, signal_number);
}

static void start_nats(stack *env)
{
    env->nats_port = stack_free_port();
    (void)snprintf(
        env->nats_url, sizeof(env->nats_url), "nats://127.0.0.1:%u", (unsigned)env->nats_port);
    write_nats_files(env);
    stack_nats_restart(env);
    char password[64];
    cb_err err = {0};
    if (cb_provision_streams(
            env->nats_url, password_of(password, "provision"), START_TIMEOUT_MS, &err) != CB_OK) {
        show_log(env, "nats.log");
        give_up("streams: %s", err.text);
    }
}

/* ---- PostgreSQL ---- */

void stack_dsn(const stack *env, const char *role, char *out, size_t size)
{
    (void)snprintf(out, size, "host=%s/pg dbname=cerberus user=%s", env->folder, role);
}

static PGconn *pg_connect(const stack *env, const char *database)
{
    char dsn[192];
    (void)snprintf(dsn, sizeof(dsn), "host=%s/pg dbname=%s user=postgres", env->folder, database);
    return PQconnectdb(dsn);
}

static void sql_in(const stack *env, const char *database, const char *sql, char *out, size_t size)
{
    PGconn *conn = pg_connect(env, database);
    PGresult *result = PQexec(conn, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        give_up("%s: %s", sql, PQerrorMessage(conn));
    }
    const bool has_value =
        status == PGRES_TUPLES_OK && PQntuples(result) > 0 && PQnfields(result) > 0;
    if (out != NULL) {
        (void)snprintf(out, size, "%s", has_value ? PQgetvalue(result, 0, 0) : "");
    }
    PQclear(result);
    PQfinish(conn);
}

void stack_sql(const stack *env, const char *sql, char *out, size_t size)
{
    sql_in(env, "cerberus", sql, out, size);
}

int64_t stack_sql_i64(const stack *env, const char *sql)
{
    char text[64];
    stack_sql(env, sql, text, sizeof(text));
    return strtoll(text, NULL, 10);
}

void stack_add_service(const stack *env, const char *service)
{
    char sql[512];
    (void)snprintf(sql,
        sizeof(sql),
        "CREATE ROLE %s_owner LOGIN; CREATE ROLE %s LOGIN;"
        "CREATE SCHEMA %s AUTHORIZATION %s_owner; GRANT USAGE ON SCHEMA %s TO %s",
        service,
        service,
        service,
        service,
        service,
        service);
    stack_sql(env, sql, NULL, 0);
}

static bool pg_answers(void *context)
{
    const stack *env = context;
    PGconn *conn = pg_connect(env, "postgres");
    const bool answers = PQstatus(conn) == CONNECTION_OK;
    PQfinish(conn);
    return answers;
}

static void run_initdb(const stack *env, const char *data)
{
    const char *const args[] = {(PG_BIN "initdb"),
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        NULL};
    const pid_t pid = spawn_const(env, "initdb.log", args, true, SIGKILL);
    if (stack_wait(pid, START_TIMEOUT_MS) != 0) {
        show_log(env, "initdb.log");
        give_up("initdb failed");
    }
}

void stack_pg_restart(stack *env)
{
    char data[96];
    char sockets[128];
    (void)snprintf(data, sizeof(data), "%s/pg", env->folder);
    (void)snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s/pg", env->folder);
    const char *const args[] = {(PG_BIN "postgres"),
        "-D",
        data,
        "-c",
        sockets,
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
        "-c",
        "shared_buffers=16MB",
        "-c",
        "max_connections=40",
        "-c",
        "timezone=UTC",
        "-c",
        "jit=off",
        NULL};
    env->pg_pid = spawn_const(env, "pg.log", args, true, SIGQUIT);
    if (!stack_until(pg_answers, env, START_TIMEOUT_MS)) {
        show_log(env, "pg.log");
        give_up("postgres did not come up");
    }
}

void stack_pg_kill(stack *env, int signal_number)
{
    end_process(&env->pg_pid, signal_number);
}

static void start_pg(stack *env)
{
    char data[96];
    (void)snprintf(data, sizeof(data), "%s/pg", env->folder);
    const struct passwd *user = pg_account();
    if (mkdir(data, 0700) != 0) {
        give_up("%s: %s", data, strerror(errno));
    }
    if (geteuid() == 0 && (user == NULL || chown(data, user->pw_uid, user->pw_gid) != 0)) {
        give_up("no user for PostgreSQL");
    }
    run_initdb(env, data);
    stack_pg_restart(env);
    sql_in(env, "postgres", "CREATE DATABASE cerberus", NULL, 0);
    stack_sql(env,
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
        " REVOKE CREATE, TEMPORARY ON DATABASE cerberus FROM PUBLIC",
        NULL,
        0);
}

/* ---- the whole ---- */

void stack_start(stack *env, unsigned parts)
{
    memset(env, 0, sizeof(*env));
    env->parts = parts;
    /* Short: a Unix socket's path ends at 107 bytes. The others must get through to the socket. */
    (void)snprintf(env->folder, sizeof(env->folder), "/tmp/cerberus-test-XXXXXX");
    if (mkdtemp(env->folder) == NULL || chmod(env->folder, 0777) != 0) {
        give_up("temporary folder: %s", strerror(errno));
    }
    if ((parts & STACK_NATS) != 0) {
        start_nats(env);
    }
    if ((parts & STACK_PG) != 0) {
        start_pg(env);
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void stack_stop(stack *env)
{
    end_process(&env->nats_pid, SIGTERM);
    end_process(&env->pg_pid, SIGINT);
    if (env->folder[0] != '\0') {
        (void)nftw(env->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        env->folder[0] = '\0';
    }
}
