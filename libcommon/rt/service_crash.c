/* A message that ends the process each time must not do so for ever. Who dies while working on a
 * message, or because its transaction was refused, writes its place into a file on the way out;
 * the next start counts that in the database. A message that did it three times within a minute is
 * buried instead of worked on, and new risk is stopped for its account. Deaths from outside (kill
 * -9, a lost database) name no message and count for nothing.
 *
 * After such a death the service is careful for a minute: one message per transaction, so that the
 * one that breaks it is known. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "rt/service_internal.h"

#define CAREFUL_NS (60 * CB_NS_PER_S)
#define CRASHES_MAX 3
#define KILL_AGAIN_NS (2 * CB_NS_PER_S)
#define KILL_TIMEOUT_MS 1500
#define UNNAMED "-" /* a death that could be any message's of its transaction */

static const char SQL_COUNT[] =
    "INSERT INTO crash (key, seq, crashes_count, last_at) VALUES ($1, $2, 1, clock_timestamp())"
    " ON CONFLICT (key, seq) DO UPDATE SET crashes_count = CASE"
    " WHEN crash.last_at > clock_timestamp() - interval '60 s' THEN crash.crashes_count + 1"
    " ELSE 1 END, last_at = clock_timestamp() RETURNING crashes_count";

static void take_count(void *context, const cb_row *row)
{
    *(int64_t *)context = cb_row_i64(row, 0);
}

/* One line of the file: "ORDER/main 17", or UNNAMED. */
static cb_status take_line(cb_shell *shell, const char *line, cb_err *err)
{
    const char *space = strchr(line, ' ');
    rt_poison *poison = &shell->crash.poison[shell->crash.poison_count];
    if (space == NULL || (size_t)(space - line) >= sizeof(poison->key) ||
        !cb_u64_parse(cb_sv_from(space + 1), INT64_MAX, &poison->seq) || poison->seq == 0) {
        return CB_OK;
    }
    (void)snprintf(poison->key, sizeof(poison->key), "%.*s", (int)(space - line), line);
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, poison->key);
    cb_params_u64(&shell->params, poison->seq);
    const cb_status status =
        cb_pg_exec(shell->pg, SQL_COUNT, &shell->params, take_count, &poison->crashes_count, err);
    if (status == CB_OK) {
        CB_LOG(shell->log,
            CB_LOG_ERROR,
            "died_of_message",
            CB_KV("key", poison->key),
            CB_KI("seq", poison->seq),
            CB_KI("times", poison->crashes_count));
        shell->crash.poison_count += poison->crashes_count >= CRASHES_MAX ? 1 : 0;
    }
    return status;
}

static cb_status take_file(cb_shell *shell, cb_err *err)
{
    char text[512];
    const ssize_t size = pread(shell->crash.fd, text, sizeof(text) - 1, 0);
    if (size <= 0) {
        return CB_OK;
    }
    text[size] = '\0';
    shell->crash.careful_until_mono_ns = cb_mono_ns() + CAREFUL_NS;
    cb_status status = CB_OK;
    for (char *line = text; status == CB_OK && shell->crash.poison_count < RT_POISON_MAX;) {
        char *end = strchr(line, '\n');
        if (end == NULL) {
            break;
        }
        *end = '\0';
        status = take_line(shell, line, err);
        line = end + 1;
    }
    /* Counted: whoever dies before this counts it twice, which errs on the safe side. */
    return status == CB_OK && ftruncate(shell->crash.fd, 0) != 0
               ? CB_FAIL(err, CB_E_IO, "crash file: %s", strerror(errno))
               : status;
}

cb_status rt_crash_recover(cb_shell *shell, cb_err *err)
{
    char path[3 * CB_CONFIG_TEXT_MAX];
    if (shell->config.journal_dir[0] == '\0' || shell->pg == NULL) {
        return CB_OK;
    }
    (void)snprintf(path,
        sizeof(path),
        "%s/%s-%s.crash",
        shell->config.journal_dir,
        shell->service->name,
        shell->config.instance);
    shell->crash.fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (shell->crash.fd < 0) {
        CB_LOG(shell->log, CB_LOG_WARN, "crash_file_missing", CB_KV("error", strerror(errno)));
        return CB_OK;
    }
    rt_crash_file(shell->crash.fd);
    return take_file(shell, err);
}

bool rt_crash_is_careful(const cb_shell *shell)
{
    return shell->crash.careful_until_mono_ns != 0 &&
           cb_mono_ns() < shell->crash.careful_until_mono_ns;
}

/* The transaction with these hops was refused: a single one is to blame. */
void rt_crash_blame(cb_shell *shell, const rt_txn *txn)
{
    if (txn->hops_count != 1) {
        rt_crash_write(UNNAMED, 0);
        return;
    }
    rt_crash_write(shell->in.keys[txn->hop_key].key, txn->hop_seq);
}

const rt_poison *rt_crash_poison(const cb_shell *shell, const char *key, uint64_t seq)
{
    for (uint32_t i = 0; i < shell->crash.poison_count; i++) {
        const rt_poison *poison = &shell->crash.poison[i];
        if (poison->seq == seq && strcmp(poison->key, key) == 0) {
            return poison;
        }
    }
    return NULL;
}

/* ---- stopping new risk ---- */

static void on_kill_answer(void *context, const void *bytes, size_t size)
{
    static const char OK[] = "\"ok\":true";
    cb_shell *shell = context;
    shell->crash.is_kill_asked = false;
    if (bytes != NULL && (memmem(bytes, size, OK, sizeof(OK) - 1) != NULL ||
                             memmem(bytes, size, "\"ok\": true", 10) != NULL)) {
        CB_LOG(shell->log, CB_LOG_ERROR, "kill_raised", CB_KV("scope", shell->crash.kill_scope));
        shell->crash.kill_scope[0] = '\0';
    }
}

void rt_crash_stop_account(cb_shell *shell, const char *account)
{
    (void)snprintf(shell->crash.kill_scope, sizeof(shell->crash.kill_scope), "account:%s", account);
}

/* Asks until risk has said yes. */
void rt_crash_tick(cb_shell *shell)
{
    const int64_t now_ns = cb_mono_ns();
    rt_crash *crash = &shell->crash;
    if (crash->kill_scope[0] == '\0' || crash->is_kill_asked ||
        now_ns - crash->kill_asked_mono_ns < KILL_AGAIN_NS) {
        return;
    }
    cb_kill_command command = {.level = 1};
    (void)snprintf(command.scope, sizeof(command.scope), "%s", crash->kill_scope);
    (void)snprintf(
        command.reason, sizeof(command.reason), "%s", "a message was buried after three crashes");
    (void)snprintf(command.actor, sizeof(command.actor), "%s", shell->service->name);
    crash->is_kill_asked = true;
    crash->kill_asked_mono_ns = now_ns;
    cb_shell_ask(
        shell, CB_SUBJECT_KILL_COMMAND, "risk", &command, KILL_TIMEOUT_MS, on_kill_answer, shell);
}
