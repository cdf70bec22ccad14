/* A private nats-server and a private PostgreSQL cluster for integration tests, in one temporary
 * folder, with the users, permissions, streams and roles of the real system. Everything ends with
 * stack_stop, or with the test program when that dies.
 *
 *   stack env;
 *   stack_start(&env, STACK_NATS | STACK_PG);        fails the test with a reason
 *   stack_add_service(&env, "risk");                 schema, owner and role, as roles.sh does
 *   stack_dsn(&env, "risk", text, sizeof(text));
 *   … stack_password_file(&env, "risk", …), env.nats_url …
 *   stack_stop(&env);
 */
#ifndef TESTS_TESTING_STACK_H
#define TESTS_TESTING_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STACK_NATS 1U
#define STACK_PG 2U

typedef struct stack {
    unsigned parts;
    char folder[64];
    char nats_url[64];
    uint16_t nats_port;
    pid_t nats_pid; /* 0: not running */
    pid_t pg_pid;
} stack;

/** Starts the parts; prints why and exits with 1 when that fails (nothing was tested). */
void stack_start(stack *env, unsigned parts);
/** Ends everything and removes the folder. Safe on a zeroed or stopped stack. */
void stack_stop(stack *env);

/** Schema `service`, owner role `service`_owner and role `service` that owns nothing. */
void stack_add_service(const stack *env, const char *service);
/** Connection text of a role; "postgres" is the administrator. */
void stack_dsn(const stack *env, const char *role, char *out, size_t size);
/** Path of the file that holds the NATS password of a user. */
void stack_password_file(const stack *env, const char *user, char *out, size_t size);

/** One statement as administrator; the first column of the first row as text ("" when none). */
void stack_sql(const stack *env, const char *sql, char *out, size_t size);
/** The same as a number. */
int64_t stack_sql_i64(const stack *env, const char *sql);

/** Kills with a signal and waits; the other restarts on the same port and data. */
void stack_nats_kill(stack *env, int signal_number);
void stack_nats_restart(stack *env);
void stack_pg_kill(stack *env, int signal_number);
void stack_pg_restart(stack *env);

/** Starts a program that dies with the test; output goes to `log_name` in the folder. argv ends
 *  with NULL. */
pid_t stack_spawn(const stack *env, const char *log_name, char *const argv[]);
/** Waits at most timeout_ms for a child; returns its exit code, 128 + signal, or -1 (still there).
 */
int stack_wait(pid_t pid, int64_t timeout_ms);
/** Polls until check says true, at most timeout_ms. */
bool stack_until(bool (*check)(void *context), void *context, int64_t timeout_ms);
/** A loopback port that is free at the moment of the call. */
uint16_t stack_free_port(void);

#endif /* TESTS_TESTING_STACK_H */
