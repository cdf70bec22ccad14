/* A private PostgreSQL cluster for one test program: made in a temporary folder, reached over a
 * Unix socket only, and gone afterwards. PostgreSQL refuses to run as root, so root hands it to the
 * user postgres or nobody. */
#ifndef TESTS_PG_CLUSTER_H
#define TESTS_PG_CLUSTER_H

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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PG_CLUSTER_BIN "/usr/lib/postgresql/15/bin/"
#define PG_CLUSTER_WAIT_TURNS 600

typedef struct pg_cluster {
    pid_t pid;
    char folder[64];
    char dsn[192];
} pg_cluster;

static inline void pg_cluster_drop_root(void)
{
    if (geteuid() != 0) {
        return;
    }
    const struct passwd *user = getpwnam("postgres");
    user = user != NULL ? user : getpwnam("nobody");
    if (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        _exit(126);
    }
}

static inline void pg_cluster_give(const char *folder)
{
    const struct passwd *user = getpwnam("postgres");
    user = user != NULL ? user : getpwnam("nobody");
    if (geteuid() == 0 && user != NULL && chown(folder, user->pw_uid, user->pw_gid) != 0) {
        perror("chown");
    }
}

static inline pid_t pg_cluster_spawn(const char *const *argv, const char *folder)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    /* Nothing outlives the test program, even when it is killed. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    char log[128];
    snprintf(log, sizeof(log), "%s/log", folder);
    pg_cluster_drop_root();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir("/") != 0) {
        _exit(125);
    }
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    char *arguments[24] = {NULL};
    for (size_t i = 0; argv[i] != NULL && i < 23; i++) {
        arguments[i] = strdup(argv[i]);
    }
    (void)execv(arguments[0], arguments);
    _exit(127);
}

static inline int pg_cluster_remove_one(
    const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void pg_cluster_stop(pg_cluster *cluster)
{
    if (cluster->pid > 0) {
        (void)kill(cluster->pid, SIGQUIT);
        (void)waitpid(cluster->pid, NULL, 0);
        cluster->pid = 0;
    }
    (void)nftw(cluster->folder, pg_cluster_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int pg_cluster_wait_ready(const pg_cluster *cluster)
{
    for (int turn = 0; turn < PG_CLUSTER_WAIT_TURNS; turn++) {
        if (PQping(cluster->dsn) == PQPING_OK) {
            return 0;
        }
        if (waitpid(cluster->pid, NULL, WNOHANG) == cluster->pid) {
            return -1;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return -1;
}

/* 0 on success; the caller stops the cluster in any case. */
static inline int pg_cluster_start(pg_cluster *cluster)
{
    memset(cluster, 0, sizeof(*cluster));
    snprintf(cluster->folder, sizeof(cluster->folder), "/tmp/cb_pg_XXXXXX");
    if (mkdtemp(cluster->folder) == NULL) {
        return -1;
    }
    pg_cluster_give(cluster->folder);
    char data[80];
    snprintf(data, sizeof(data), "%s/data", cluster->folder);
    snprintf(
        cluster->dsn, sizeof(cluster->dsn), "host=%s dbname=postgres user=test", cluster->folder);
    const char *const make[] = {PG_CLUSTER_BIN "initdb",
        "-D",
        data,
        "-U",
        "test",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        NULL};
    const pid_t maker = pg_cluster_spawn(make, cluster->folder);
    int status = 0;
    if (waitpid(maker, &status, 0) != maker || status != 0) {
        return -1;
    }
    const char *const serve[] = {PG_CLUSTER_BIN "postgres",
        "-D",
        data,
        "-k",
        cluster->folder,
        "-c",
        "listen_addresses=",
        "-c",
        "shared_buffers=16MB",
        "-c",
        "fsync=off",
        NULL};
    cluster->pid = pg_cluster_spawn(serve, cluster->folder);
    return pg_cluster_wait_ready(cluster);
}

#endif /* TESTS_PG_CLUSTER_H */
