/* The right to write for this account at this venue: a row with an epoch that rises with each
 * take-over. The claim and every write of an order check owner and epoch in their own transaction;
 * what is held here in memory only stops the sending earlier.
 *
 * The runtime starts a service only when no other session of its schema lives (an advisory lock),
 * so whoever held the lease before can no longer reach the database: it is taken over at once,
 * without waiting for its expiry. */
#include "base/assert.h"
#include "rt/failpoint.h"
#include "services/execution/shell.h"

static const char SQL_TAKE[] =
    "INSERT INTO lease (account, venue, owner, epoch, expires_at)"
    " VALUES ($1, $2, $3::uuid, 1, clock_timestamp() + interval '3 s')"
    " ON CONFLICT (account, venue) DO UPDATE SET owner = excluded.owner, epoch = lease.epoch + 1,"
    " expires_at = excluded.expires_at RETURNING epoch";
static const char SQL_RENEW[] =
    "UPDATE lease SET expires_at = clock_timestamp() + interval '3 s'"
    " WHERE account = $1 AND venue = $2 AND owner = $3::uuid AND epoch = $4::bigint"
    " RETURNING epoch";

static void take_epoch(void *context, const cb_row *row)
{
    *(uint64_t *)context = (uint64_t)cb_row_i64(row, 0);
}

static void put_identity(exec_shell *self)
{
    cb_params_reset(&self->params);
    cb_params_text(&self->params, self->config->account);
    cb_params_text(&self->params, self->config->venue);
    cb_params_id(&self->params, self->owner);
}

cb_status exec_lease_take(exec_shell *self, cb_err *err)
{
    self->owner = cb_id_make("execution.lease", cb_shell_epoch(self->shell), 0);
    put_identity(self);
    const int64_t asked_mono_ns = cb_mono_ns();
    const cb_status status = cb_pg_exec(
        cb_shell_pg(self->shell), SQL_TAKE, &self->params, take_epoch, &self->lease_epoch, err);
    if (status != CB_OK) {
        return status;
    }
    CB_ASSERT(self->lease_epoch > 0);
    self->lease_mono_ns = asked_mono_ns;
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_INFO,
        "lease_taken",
        CB_KV("account", self->config->account),
        CB_KV("venue", self->config->venue),
        CB_KI("epoch", self->lease_epoch));
    return CB_OK;
}

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
    if (self->is_renewing || FP("exec.lease_renew")) {
        return;
    }
    put_identity(self);
    cb_params_u64(&self->params, self->lease_epoch);
    self->is_renewing = true;
    self->renewal_mono_ns = cb_mono_ns();
    cb_pg_query(cb_shell_pg(self->shell), SQL_RENEW, &self->params, on_renewed, self);
}

bool exec_lease_is_fresh(const exec_shell *self)
{
    return cb_mono_ns() - self->lease_mono_ns < EXEC_LEASE_NS;
}
