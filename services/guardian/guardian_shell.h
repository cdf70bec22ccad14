/* What the files of the guardian's shell share.
 *
 *   main.c     the service's description
 *   config.c   configuration fields and what their bounds cannot say
 *   shell.c    hooks: ticks, the beat page, the flag page, the kill on the bus, readiness
 *   venue.c    the few requests that it may make: time, list, cancel all, arm
 *   journal.c  its own durable record of what it did */
#ifndef GUARDIAN_SHELL_H
#define GUARDIAN_SHELL_H

#include "rt/ratelimit.h"
#include "rt/service.h"
#include "rt/signer_client.h"
#include "services/guardian/core/guardian.h"

#define GUARDIAN_WAITING_MAX 128 /* requests that wait for the rate budget */

typedef struct guardian_journal guardian_journal;

/* One wish of the core on its way to the venue: the venue's clock first, then the request. */
typedef struct guardian_call {
    bool is_used;
    struct guardian_shell *self;
    guardian_request request;
    char symbol[24];
    cb_venue_params params;
    cb_venue_request venue_request;
} guardian_call;

typedef struct guardian_shell {
    cb_shell *shell;
    const guardian_config *config;
    const cb_venue_ops *venue;
    cb_signer *signer;
    cb_bucket budget; /* request weight, on the monotonic clock */
    guardian_call calls[GUARDIAN_WAITING_MAX];
    uint32_t queue[GUARDIAN_WAITING_MAX]; /* calls that wait, oldest first */
    uint32_t queue_count;
    int64_t wait_until_ns; /* monotonic: the venue asked us to wait */
    uint32_t pending_count;
    guardian_listed listed; /* of the answer being read */
    guardian_journal *journal;
    cb_timer *tick_timer;
    cb_metric *phase;
    cb_metric *silent;
    cb_metric *beats;
    cb_metric *refused;
    cb_metric *fired;
    cb_metric *canceled;
    cb_metric *requests;
} guardian_shell;

guardian_shell *guardian_of(const cb_shell *shell);

/* config.c */
extern const cb_config_field guardian_fields[];
extern const size_t guardian_fields_count;
CB_MUST_USE cb_status guardian_config_check(const guardian_config *config, cb_err *err);

/* shell.c */
extern const cb_service guardian_service;

/* venue.c */
CB_MUST_USE cb_status guardian_venue_open(guardian_shell *self, cb_err *err);
void guardian_venue_close(guardian_shell *self);
/** LIST, CANCEL_ALL or ARM; answered by an event (ARM: by none). symbol "" for LIST. */
void guardian_venue_ask(guardian_shell *self, guardian_request request, const char *symbol);
/** Sends what the budget allows by now. */
void guardian_venue_tick(guardian_shell *self);

/* journal.c */
guardian_journal *guardian_journal_open(const char *path, cb_err *err);
/** One line, durable when this returns. */
CB_MUST_USE cb_status guardian_journal_write(
    guardian_journal *journal, const char *event, const char *detail, cb_err *err);
void guardian_journal_close(guardian_journal *journal);

#endif /* GUARDIAN_SHELL_H */
