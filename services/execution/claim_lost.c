/* The connection broke while a claim was being committed: nobody knows whether the order is SENDING
 * now, but this process knows that it has sent nothing, and it ends before it could. It makes the
 * database say which it is: over a new connection it ends the old session, so that the old
 * transaction cannot commit any more, and then looks at the row. A row that carries the claim's
 * nonce was claimed, and is recorded as never sent; without the nonce nothing happened. The nonce
 * answers what pg_xact_status would, without asking for the transaction's number in every claim.
 *
 * When the database cannot be reached nothing is recorded: the next start finds SENDING, calls it
 * UNKNOWN and asks the venue, which is right too, only slower. */
#include <time.h>

#include "base/assert.h"
#include "services/execution/shell.h"

#define TRIES_MAX 20
#define TRY_PAUSE_MS 50

/* Rows: the old session, while it is there. Only our own role's, and only that one. */
static const char SQL_END_SESSION[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = $1::bigint AND usename = current_user AND pid <> pg_backend_pid()";
static const char SQL_RECORD[] =
    "INSERT INTO claim_unsent (intent_id, claim_nonce) SELECT intent_id, claim_nonce FROM orders"
    " WHERE claim_nonce = $1::uuid AND state = 'sending' ON CONFLICT DO NOTHING"
    " RETURNING intent_id";

static void count_row(void *context, const cb_row *row)
{
    (void)row;
    (*(uint32_t *)context)++;
}

static bool end_session(cb_pg *pg, cb_params *params, int old_pid, cb_err *err)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        uint32_t rows_count = 0;
        cb_params_reset(params);
        cb_params_i64(params, old_pid);
        if (cb_pg_exec(pg, SQL_END_SESSION, params, count_row, &rows_count, err) != CB_OK) {
            return false;
        }
        if (rows_count == 0) {
            return true;
        }
        const struct timespec pause = {.tv_nsec = TRY_PAUSE_MS * 1000000L};
        CB_MAYBE(nanosleep(&pause, NULL) == 0);
    }
    (void)CB_FAIL(err, CB_E_TIMEOUT, "the old session does not end");
    return false;
}

void exec_claim_lost(exec_shell *self, const char *why)
{
    cb_err err = {0};
    uint32_t claimed_count = 0;
    const cb_id nonce = cb_id_make("execution.claim", self->lease_epoch, self->claims_count);
    cb_pg *pg = cb_shell_pg_again(self->shell, &err);
    bool is_known =
        pg != NULL &&
        end_session(pg, &self->params, cb_pg_backend_pid(cb_shell_pg_eager(self->shell)), &err);
    if (is_known) {
        cb_params_reset(&self->params);
        cb_params_id(&self->params, nonce);
        is_known =
            cb_pg_exec(pg, SQL_RECORD, &self->params, count_row, &claimed_count, &err) == CB_OK;
    }
    cb_pg_close(pg);
    CB_LOG(cb_shell_log(self->shell),
        CB_LOG_ERROR,
        "claim_commit_lost",
        CB_KV("why", why),
        CB_KV("found",
            !is_known            ? "nothing: the venue will be asked"
            : claimed_count == 0 ? "not claimed"
                                 : "claimed, never sent"),
        CB_KV("error", is_known ? "" : err.text));
    cb_shell_die(self->shell, "claim_unknown", why);
}
