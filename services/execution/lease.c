/* The right to write for this account at this venue: a row with an epoch that rises with each
 * taking. The claim, every write of an order and the fence of every transaction check it where it
 * counts, in PostgreSQL; what is held here in memory only stops the sending earlier.
 *
 * Who finds the session of the last holder gone takes over at once (a killed process comes back in
 * no time); who finds it silent waits until the lease has expired. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/failpoint.h"
#include "services/execution/lease_sql.h"
#include "services/execution/shell.h"

#define FLAPS_MAX 3 /* take-overs in a minute that stop new risk */

static const char SQL_RENEW[] = EXEC_SQL_LEASE_RENEW;

/* The row as it was looked at. */
typedef struct lease_row {
    uint64_t epoch; /* 0: there is none */
    bool is_free;
    bool is_predecessor; /* the last holder was this instance, or nobody knows which */
    bool is_calm_broken;
    char instance[24];
    int64_t left_ms;
} lease_row;

static void put_place(exec_shell *self)
{
    cb_params_reset(&self->params);
    cb_params_text(&self->params, self->config->account);
    cb_params_text(&self->params, self->config->venue);
}

static void put_identity(const exec_shell *self, cb_params *params)
{
    cb_params_reset(params);
    cb_params_text(params, self->config->account);
    cb_params_text(params, self->config->venue);
    cb_params_id(params, self->owner);
    cb_params_u64(params, self->lease_epoch);
}

/* ---- taking ---- */

static void take_row(void *context, const cb_row *row)
{
    lease_row *found = context;
    found->epoch = (uint64_t)cb_row_i64(row, 0);
    found->is_free = cb_row_bool(row, 1);
    found->is_predecessor = cb_row_bool(row, 2);
    found->is_calm_broken = cb_row_bool(row, 3);
    cb_textbuf name = cb_textbuf_over(found->instance, sizeof(found->instance));
    cb_textbuf_add(&name, cb_row_text(row, 4));
    found->left_ms = cb_row_i64(row, 5);
}

static void take_epoch(void *context, const cb_row *row)
{
    *(uint64_t *)context = (uint64_t)cb_row_i64(row, 0);
}

static void take_count(void *context, const cb_row *row)
{
    *(int64_t *)context = cb_row_i64(row, 0);
}

static void ignore_row(void *context, const cb_row *row)
{
    (void)context;
    (void)row;
}

static cb_status look(exec_shell *self, lease_row *out, cb_err *err)
{
    put_place(self);
    cb_params_text(&self->params, cb_shell_instance(self->shell));
    return cb_pg_exec(
        cb_shell_pg(self->shell), EXEC_SQL_LEASE_LOOK, &self->params, take_row, out, err);
}

/* A holder that was stopped in the middle of a transaction keeps the row locked: then its session
 * is ended, and the next try finds the row free. */
static void cut_holder(exec_shell *self)
{
    cb_err err = {0};
    put_place(self);
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_WARN,
        "lease_holder_cut",
        CB_KV("why", "it keeps the expired lease locked"));
    if (cb_pg_exec(
            cb_shell_pg(self->shell), EXEC_SQL_LEASE_CUT, &self->params, ignore_row, NULL, &err) !=
        CB_OK) {
        cb_log_err(cb_shell_log(self->shell), CB_LOG_ERROR, "lease_holder_not_cut", &err);
    }
}

static cb_status take(exec_shell *self, const lease_row *seen, cb_err *err)
{
    put_place(self);
    cb_params_id(&self->params, self->owner);
    cb_params_text(&self->params, cb_shell_instance(self->shell));
    cb_params_u64(&self->params, seen->epoch);
    const int64_t asked_mono_ns = cb_mono_ns();
    uint64_t epoch = 0;
    const cb_status status = cb_pg_exec(
        cb_shell_pg(self->shell), EXEC_SQL_LEASE_TAKE, &self->params, take_epoch, &epoch, err);
    if (status != CB_OK) {
        cut_holder(self);
        return status;
    }
    self->lease_epoch = epoch;
    self->lease_mono_ns = asked_mono_ns;
    return CB_OK;
}

static void say_why(const exec_shell *self, const lease_row *seen, cb_lease_try *out)
{
    cb_textbuf why = cb_textbuf_over(out->why, sizeof(out->why));
    const bool is_waiting = seen->is_free && seen->is_calm_broken;
    cb_textbuf_add(&why,
        is_waiting ? "too soon after the last take-over, from instance "
                   : "lease held by instance ");
    cb_textbuf_add(&why, seen->instance[0] != '\0' ? seen->instance : "?");
    cb_textbuf_add(&why, ", epoch ");
    cb_textbuf_add_i64(&why, (int64_t)seen->epoch);
    cb_textbuf_add(&why, "; this is instance ");
    cb_textbuf_add(&why, cb_shell_instance(self->shell));
}

static cb_status note_taken(exec_shell *self, const lease_row *seen, cb_err *err)
{
    put_place(self);
    const bool is_takeover = seen->epoch > 0 && !seen->is_predecessor;
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_INFO,
        is_takeover ? "lease_taken_over" : "lease_taken",
        CB_KV("account", self->config->account),
        CB_KV("venue", self->config->venue),
        CB_KV("from_instance", seen->instance),
        CB_KI("expired_for_ms", -seen->left_ms),
        CB_KI("epoch", self->lease_epoch));
    return cb_pg_exec(cb_shell_pg(self->shell),
        EXEC_SQL_LEASE_FLAPS,
        &self->params,
        take_count,
        &self->takeovers_count,
        err);
}

static cb_status lease_take(cb_shell *shell, cb_lease_try *out, cb_err *err)
{
    exec_shell *self = exec_of(shell);
    if (cb_id_is_none(self->owner)) {
        self->owner = cb_id_make("execution.lease", cb_shell_epoch(shell), 0);
    }
    lease_row seen = {0};
    cb_status status = look(self, &seen, err);
    if (status != CB_OK) {
        return status;
    }
    const bool is_mine = seen.epoch == 0 || seen.is_predecessor;
    const bool may_be_had = seen.epoch == 0 || seen.is_free;
    if (may_be_had && (is_mine || !seen.is_calm_broken)) {
        status = take(self, &seen, err);
    }
    if (status != CB_OK) {
        return status;
    }
    out->is_taken = self->lease_epoch > 0;
    if (out->is_taken) {
        return note_taken(self, &seen, err);
    }
    say_why(self, &seen, out);
    return CB_OK;
}

static void fence_params(const cb_shell *shell, cb_params *params)
{
    put_identity(exec_of(shell), params);
}

const cb_lease exec_lease_ops = {
    .take = lease_take,
    .fence_sql = EXEC_SQL_LEASE_FENCE,
    .fence_params = fence_params,
};

/* ---- keeping ---- */

static void on_renewed(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    exec_shell *self = context;
    self->is_renewing = false;
    if (result->status != CB_OK) {
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_ERROR,
            "lease_not_renewed",
            CB_KV("error", result->message));
        return; /* it grows old, and with it the right to send */
    }
    if (result->rows_count != 1) {
        cb_shell_die(self->shell, "lease_lost", "another instance has taken the lease over");
    }
    self->lease_mono_ns = self->renewal_mono_ns;
}

void exec_lease_renew(exec_shell *self)
{
    if (self->is_renewing || self->lease_epoch == 0 || FP("exec.lease_renew")) {
        return;
    }
    put_identity(self, &self->params);
    self->is_renewing = true;
    self->renewal_mono_ns = cb_mono_ns();
    cb_pg_query(cb_shell_pg_eager(self->shell), SQL_RENEW, &self->params, on_renewed, self);
}

bool exec_lease_is_fresh(const exec_shell *self)
{
    return self->lease_epoch > 0 && cb_mono_ns() - self->lease_mono_ns < EXEC_LEASE_NS;
}

void exec_lease_tell_flaps(exec_shell *self)
{
    if (self->takeovers_count >= FLAPS_MAX) {
        const exec_flaps flaps = {.takeovers_count = (uint64_t)self->takeovers_count};
        cb_shell_feed(self->shell, EXEC_EVENT_FLAPS, &flaps, sizeof(flaps));
    }
}
