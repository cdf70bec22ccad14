/* Groups of statements and of the effects that may leave once they are durable.
 *
 * While one group is on its way to the database, the statements of further events collect in the
 * next one, which is sent when the first has committed: one commit then serves many events. A lone
 * event is sent at once when somebody waits for what follows from it; otherwise (a mark, a score, a
 * message that only changes what this service knows) it lingers a moment, so that its commit does
 * not compete with the orders that the same tick brings. Effects run in the order of their events,
 * never before their own commit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"

#define LINGER_NS (10 * CB_NS_PER_MS)

typedef struct effect_head {
    rt_effect_kind kind;
    uint32_t b;
    uint64_t a;
    uint32_t text_size; /* with the NUL, rounded up to 16 */
    uint32_t body_size;
    uint32_t size; /* of text and body, rounded up to 16 */
    uint32_t unused;
} effect_head;
_Static_assert(sizeof(effect_head) % 16 == 0, "bodies stay aligned");

static size_t round_up(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static rt_txn *building(cb_shell *shell)
{
    return &shell->txns[shell->building];
}

static void note_opened(rt_txn *txn)
{
    if (txn->statements_count == 0 && txn->effects_count == 0) {
        txn->opened_mono_ns = cb_mono_ns();
    }
}

static void put_statement(
    cb_shell *shell, const rt_record *record, const cb_params *params, bool is_later)
{
    CB_ASSERT(shell->pg != NULL);
    rt_txn *txn = building(shell);
    note_opened(txn);
    rt_record put = *record;
    put.is_later = is_later;
    rt_record_put(&txn->statements, &put, params);
    txn->statements_count++;
    txn->is_urgent = txn->is_urgent || !is_later; /* others may read it at once */
}

void rt_txn_statement(cb_shell *shell, const char *sql, const cb_params *params)
{
    put_statement(shell, &(rt_record){.sql = sql}, params, false);
}

void rt_txn_later(cb_shell *shell, const char *sql, const cb_params *params)
{
    put_statement(shell, &(rt_record){.sql = sql}, params, true);
}

void cb_shell_join(
    cb_shell *shell, const char *sql, const cb_params *params, cb_result_fn fn, void *context)
{
    put_statement(shell, &(rt_record){.sql = sql, .fn = fn, .context = context}, params, false);
}

/* Where the latest wins, a later one loses nothing, and nobody waits for an acknowledgement. */
static bool is_urgent_effect(const rt_effect *effect)
{
    if (effect->kind == RT_EFFECT_ACK) {
        return false;
    }
    return effect->kind != RT_EFFECT_CORE ||
           cb_subject_get((cb_subject_id)effect->a)->overflow != CB_OVERFLOW_CONFLATE;
}

void rt_txn_effect(cb_shell *shell, const rt_effect *effect)
{
    rt_txn *txn = building(shell);
    note_opened(txn);
    const char *text = effect->text != NULL ? effect->text : "";
    const size_t text_size = round_up(strlen(text) + 1);
    effect_head head = {.kind = effect->kind, .b = effect->b, .a = effect->a};
    head.text_size = (uint32_t)text_size;
    head.body_size = effect->body_size;
    head.size = (uint32_t)(text_size + round_up(effect->body_size));
    uint8_t *at = rt_buffer_take(&txn->effects, sizeof(head) + head.size);
    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), text, strlen(text) + 1);
    if (effect->body_size > 0) {
        memcpy(at + sizeof(head) + text_size, effect->body, effect->body_size);
    }
    txn->effects_count++;
    if (effect->kind == RT_EFFECT_CORE) {
        shell->core_queued[effect->a]++;
    }
    txn->is_urgent = txn->is_urgent || is_urgent_effect(effect);
}

/* ---- effects ---- */

static void run_effect(cb_shell *shell, const rt_effect *effect)
{
    switch (effect->kind) {
    case RT_EFFECT_CORE:
        CB_ASSERT(shell->core_queued[effect->a] > 0);
        shell->core_queued[effect->a]--;
        rt_bus_send_core(
            shell, (cb_subject_id)effect->a, effect->text, effect->body, effect->body_size);
        return;
    case RT_EFFECT_STREAM:
        (void)FP("*.before_publish");
        rt_out_relay(shell, effect);
        return;
    case RT_EFFECT_REQUEST:
        if (shell->service->on_request != NULL) {
            shell->service->on_request(shell, effect->b, effect->body, effect->body_size);
        }
        return;
    case RT_EFFECT_ACK:
        if (effect->text[0] == '\0' || FP("*.before_ack")) {
            return;
        }
        rt_redo_ack(shell, effect->text);
        return;
    case RT_EFFECT_REPLAYED:
        rt_dlq_replayed(shell);
        return;
    }
}

/* Effects may feed further events; those collect in the other group. */
static void run_effects(cb_shell *shell, rt_txn *txn)
{
    size_t at = 0;
    for (uint32_t i = 0; i < txn->effects_count; i++) {
        effect_head head;
        memcpy(&head, txn->effects.bytes + at, sizeof(head));
        const uint8_t *text = txn->effects.bytes + at + sizeof(head);
        const rt_effect effect = {
            head.kind, head.b, head.a, (const char *)text, text + head.text_size, head.body_size};
        run_effect(shell, &effect);
        at += sizeof(head) + head.size;
    }
    CB_ASSERT(at == txn->effects.used);
    txn->statements.used = 0;
    txn->effects.used = 0;
    txn->statements_count = 0;
    txn->effects_count = 0;
    txn->is_urgent = false;
    txn->is_logged = false;
    txn->hops_count = 0;
}

/* ---- sending ---- */

/* With the step log, what may be put off is not among them. */
static void add_statements(cb_shell *shell, const rt_txn *txn)
{
    rt_record record;
    for (size_t at = 0; rt_record_next(&txn->statements, &at, &record);) {
        if (txn->is_logged && record.is_later) {
            continue;
        }
        rt_record_params(&record, &shell->params);
        cb_pg_add_fn(shell->pg, record.sql, &shell->params, record.fn, record.context);
    }
}

/* First of all: an instance that has lost its lease without knowing changes nothing. */
void rt_txn_fence(cb_shell *shell, cb_params *params)
{
    const cb_lease *lease = shell->service->lease;
    if (lease != NULL) {
        cb_params_reset(params);
        lease->fence_params(shell, params);
        cb_pg_add(shell->pg, lease->fence_sql, params);
    }
}

static void send_group(cb_shell *shell);

static void on_committed(void *context, const cb_result *result)
{
    cb_shell *shell = context;
    if (result->status != CB_OK) {
        CB_LOG(shell->log,
            CB_LOG_ERROR,
            "commit_failed",
            CB_KV("code", cb_status_name(result->status)),
            CB_KV("sqlstate", result->sqlstate),
            CB_KV("error", result->message));
        if (result->status == CB_E_PEER) {
            rt_crash_blame(shell, &shell->txns[1 - shell->building]);
        }
        cb_shell_die(shell, "commit_failed", result->message);
    }
    (void)FP("*.after_commit");
    rt_txn *txn = &shell->txns[1 - shell->building];
    cb_metric_observe_ns(shell->counts.commit, cb_mono_ns() - txn->opened_mono_ns);
    if (txn->is_logged) {
        rt_redo_committed(shell, txn);
    }
    run_effects(shell, txn);
    shell->is_txn_busy = false;
    send_group(shell);
}

static void on_committed_alone(void *context, const cb_result *result, const cb_row *const *rows)
{
    (void)rows;
    on_committed(context, result);
}

/* What the log has of earlier groups stands in the pipeline before what is written past it. */
static void send_statements(cb_shell *shell, rt_txn *txn)
{
    txn->is_logged = rt_redo_takes(shell, txn);
    cb_metric_add(shell->counts.group, 1);
    if (txn->is_logged && rt_redo_is_alone(shell, txn)) {
        txn->redo_n = rt_redo_write(shell, txn, on_committed_alone);
        return;
    }
    if (!txn->is_logged) {
        rt_redo_flush(shell);
    }
    const bool is_failing = FP("*.before_commit");
    cb_pg_begin(shell->pg);
    rt_txn_fence(shell, &shell->params);
    add_statements(shell, txn);
    if (txn->is_logged) {
        txn->redo_n = rt_redo_write(shell, txn, NULL);
    }
    if (is_failing) {
        cb_pg_add(shell->pg, "SELECT 1/0", NULL);
    }
    cb_pg_commit(shell->pg, on_committed, shell);
}

static void send_group(cb_shell *shell)
{
    /* Without statements there is nothing to wait for; effects may bring more of either kind. */
    while (!shell->is_txn_busy) {
        rt_txn *txn = building(shell);
        if (txn->statements_count == 0 && txn->effects_count == 0) {
            return;
        }
        shell->is_txn_busy = true;
        shell->building = 1 - shell->building;
        if (txn->statements_count > 0) {
            send_statements(shell, txn);
            return;
        }
        run_effects(shell, txn);
        shell->is_txn_busy = false;
    }
}

static void on_lingered(void *context)
{
    cb_shell *shell = context;
    shell->is_lingering = false;
    send_group(shell);
}

/* In lockstep the market stands still until all is stored: there is nothing to make room for. */
static bool may_linger(const cb_shell *shell, const rt_txn *txn)
{
    return txn->statements_count > 0 && !txn->is_urgent && !shell->is_lockstep &&
           shell->phase == RT_RUNNING;
}

static void linger(cb_shell *shell)
{
    if (shell->is_lingering) {
        return;
    }
    shell->is_lingering = true;
    if (shell->linger_timer == NULL) {
        shell->linger_timer = cb_loop_timer(shell->loop, LINGER_NS, 0, on_lingered, shell);
        CB_ASSERT(shell->linger_timer != NULL);
    } else {
        cb_timer_reset(shell->linger_timer, LINGER_NS);
    }
}

void rt_txn_end_event(cb_shell *shell)
{
    const rt_txn *txn = building(shell);
    if (!shell->is_txn_busy && may_linger(shell, txn)) {
        linger(shell);
        return;
    }
    send_group(shell);
}

bool rt_txn_is_idle(const cb_shell *shell)
{
    const rt_txn *txn = &shell->txns[shell->building];
    return !shell->is_txn_busy && txn->statements_count == 0 && txn->effects_count == 0;
}

bool rt_txn_is_full(const cb_shell *shell)
{
    const rt_txn *txn = &shell->txns[shell->building];
    return txn->statements.used + txn->effects.used > RT_BATCH_BYTES_MAX;
}

void rt_txn_release(cb_shell *shell)
{
    for (size_t i = 0; i < 2; i++) {
        free(shell->txns[i].statements.bytes);
        free(shell->txns[i].effects.bytes);
    }
}
