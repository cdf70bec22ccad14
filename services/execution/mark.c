/* The newest claim, remembered outside of the database. Before each order leaves, its claim is
 * noted in a small file; at each start the database must know that claim. It does not when it was
 * set back to a backup: then orders are at the venue that nobody here knows of, and no new risk is
 * taken until two persons have looked. The file is not forced to the disk: a machine that loses
 * power forgets the newest notes, and an older one is as good unless nothing was claimed after the
 * backup but what was forgotten. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/textbuf.h"
#include "services/execution/shell.h"

#define MARK_MAGIC UINT64_C(0x314b52414d524543) /* "CERMARK1" */

typedef struct mark_file {
    uint64_t magic;
    uint64_t lease_epoch;
    cb_id intent_id;
    cb_id nonce;
    uint64_t hash; /* of what stands before */
} mark_file;

static uint64_t hash_of(const mark_file *mark)
{
    return cb_hash_bytes(CB_HASH_SEED, mark, offsetof(mark_file, hash));
}

static void write_mark(exec_shell *self, mark_file *mark)
{
    mark->magic = MARK_MAGIC;
    mark->hash = hash_of(mark);
    if (self->mark_fd >= 0 && pwrite(self->mark_fd, mark, sizeof(*mark), 0) == sizeof(*mark)) {
        return;
    }
    if (!self->is_mark_bad) {
        self->is_mark_bad = true;
        CB_LOG(cb_shell_log(self->shell),
            CB_LOG_ERROR,
            "claim_mark_not_written",
            CB_KV("file", self->config->claim_mark),
            CB_KV("error", strerror(errno)));
    }
}

void exec_mark_open(exec_shell *self)
{
    self->mark_fd = self->config->claim_mark[0] == '\0'
                        ? -1
                        : open(self->config->claim_mark, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    self->is_mark_bad = self->config->claim_mark[0] == '\0';
}

void exec_mark_close(exec_shell *self)
{
    if (self->mark_fd >= 0) {
        CB_MAYBE(close(self->mark_fd));
    }
    self->mark_fd = -1;
}

void exec_mark_claimed(exec_shell *self)
{
    CB_ASSERT(self->prepared.is_used);
    mark_file mark = {.lease_epoch = self->lease_epoch,
        .intent_id = self->prepared.order.intent_id,
        .nonce = self->prepared.nonce};
    write_mark(self, &mark);
}

void exec_mark_forget(exec_shell *self)
{
    mark_file mark = {.lease_epoch = self->lease_epoch};
    write_mark(self, &mark);
}

/* ---- at the start ---- */

static bool read_mark(const exec_shell *self, mark_file *out)
{
    return self->mark_fd >= 0 && pread(self->mark_fd, out, sizeof(*out), 0) == sizeof(*out) &&
           out->magic == MARK_MAGIC && out->hash == hash_of(out);
}

static void take_known(void *context, const cb_row *row)
{
    *(bool *)context = cb_row_bool(row, 0);
}

cb_status exec_mark_check(exec_shell *self, cb_err *err)
{
    mark_file mark;
    bool is_known = true;
    if (!read_mark(self, &mark)) {
        return CB_OK; /* nothing was ever claimed here */
    }
    if (!cb_id_is_none(mark.intent_id)) {
        cb_params_reset(&self->params);
        cb_params_id(&self->params, mark.intent_id);
        cb_params_id(&self->params, mark.nonce);
        const cb_status status = cb_pg_exec(cb_shell_pg(self->shell),
            "SELECT EXISTS (SELECT 1 FROM orders WHERE intent_id = $1::uuid"
            " AND claim_nonce = $2::uuid)",
            &self->params,
            take_known,
            &is_known,
            err);
        if (status != CB_OK) {
            return cb_err_context(err, "claim mark");
        }
    }
    self->is_set_back = !is_known || mark.lease_epoch >= self->lease_epoch;
    return CB_OK;
}

void exec_mark_tell(exec_shell *self)
{
    if (self->is_set_back || cb_shell_is_set_back(self->shell)) {
        cb_shell_feed(self->shell, EXEC_EVENT_SET_BACK, NULL, 0);
    }
}
