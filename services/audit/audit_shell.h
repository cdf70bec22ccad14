/* What the files of audit's shell share.
 *
 *   main.c     the service's description
 *   config.c   configuration fields
 *   shell.c    hooks: start, notes, configurations of others, readiness
 *   recover.c  the stored chain against the signed heads, and back into the core
 *   heads.c    signing, the file of heads, the alarm when it cannot be written
 *   queries.c  read questions of the gateway */
#ifndef AUDIT_SHELL_H
#define AUDIT_SHELL_H

#include "base/timefmt.h"
#include "rt/audit_file.h"
#include "rt/service.h"
#include "services/audit/core/audit.h"

typedef struct audit_config {
    char heads_file[CB_CONFIG_TEXT_MAX];
    char sign_key[CB_CONFIG_TEXT_MAX];
    uint64_t sign_records;
    int64_t sign_every_ns;
    char services[CB_CONFIG_TEXT_MAX];
} audit_config;

typedef struct audit_shell {
    cb_shell *shell;
    const audit_config *config;
    cb_audit_key key;
    cb_audit_head last; /* the newest in the file; number 0: none */
    int64_t signed_mono_ns;
    bool is_signing;    /* the newest record is being asked for */
    bool is_broken;     /* the file cannot be written */
    bool is_kill_asked; /* and risk is being told, or has heard it */
    int64_t kill_asked_mono_ns;
    cb_params params;
    cb_timer *timer;
    cb_metric *records;
    cb_metric *heads;
    cb_metric *unsigned_records;
    cb_metric *broken;
} audit_shell;

audit_shell *audit_of(const cb_shell *shell);

extern const cb_config_field audit_fields[];
extern const size_t audit_fields_count;
extern const cb_migration audit_migrations[]; /* generated from migrations/ */
extern const size_t audit_migrations_count;
extern const cb_query audit_queries[];
extern const size_t audit_queries_count;
extern const cb_service audit_service;

/** CB_E_CORRUPT when the chain is not the one that was signed. */
CB_MUST_USE cb_status audit_recover(cb_shell *shell, cb_err *err);

/** Signs the newest durable record when it is time, or at once. */
void audit_heads_tick(audit_shell *self, bool is_now);

#endif /* AUDIT_SHELL_H */
