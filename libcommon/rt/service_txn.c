/* Groups of statements and of the effects that may leave once they are durable.
 *
 * While one group is on its way to the database, the statements of further events collect in the
 * next one, which is sent when the first has committed: one commit then serves many events. A lone
 * event is sent at once when somebody waits for what follows from it; otherwise (a mark, a score)
 * it lingers a moment, so that its commit does not compete with the orders that the same tick
 * brings. Effects run in the order of their events, never before their own commit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "rt/failpoint.h"
#include "rt/service_internal.h"

#define BUFFER_FIRST_BYTES ((size_t)256 * 1024)
#define NULL_SIZE UINT32_MAX
#define LINGER_NS (10 * CB_NS_PER_MS)

typedef struct statement_head {
    const char *sql;
    uint32_t values_count;
    uint32_t size; /* bytes of the values that follow */
} statement_head;

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

/* Room for size more bytes, zeroed up to alignment; the buffer doubles and is kept. */
static uint8_t *buffer_take(rt_buffer *buffer, size_t size)
{
    const size_t needed = buffer->used + round_up(size);
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_BYTES : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        buffer->bytes = realloc(buffer->bytes, capacity);
        CB_ASSERT(buffer->bytes != NULL);
        buffer->capacity = capacity;
    }
    uint8_t *at = buffer->bytes + buffer->used;
    memset(at, 0, round_up(size));
    buffer->used = needed;
    return at;
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

void rt_txn_statement(cb_shell *shell, const char *sql, const cb_params *params)
{
    CB_ASSERT(shell->pg != NULL);
    rt_txn *txn = building(shell);
    note_opened(txn);
    size_t size = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        const char *value = params->values[i];
        size += sizeof(uint32_t) + (value != NULL ? strlen(value) + 1 : 0);
    }
    uint8_t *at = buffer_take(&txn->statements, sizeof(statement_head) + size);
    const statement_head head = {sql, params->count, (uint32_t)size};
    memcpy(at, &head, sizeof(head));
    at += sizeof(head);
    for (uint32_t i = 0; i < params->count; i++) {
        const char *value = params->values[i];
        const uint32_t length = value != NULL ? (uint32_t)strlen(value) + 1 : NULL_SIZE;
        memcpy(at, &length, sizeof(length));
        at += sizeof(length);
        if (value != NULL) {
            memcpy(at, value, length);
            at += length;
        }
    }
    txn->statements_count++;
}

/* Where the latest wins, a later one loses nothing; everything else is waited for. */
static bool is_urgent_effect(const rt_effect *effect)
{
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
    uint8_t *at = buffer_take(&txn->effects, sizeof(head) + head.size);
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
        /* A lost acknowledgement only brings the message again. */
        CB_MAYBE(cb_bus_publish(shell->bus, effect->text, "", "+ACK", 4, NULL) == CB_OK);
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
    txn->hops_count = 0;
}

/* ---- sending ---- */

static void add_statements(cb_shell *shell, const rt_txn *txn)
{
    size_t at = 0;
    for (uint32_t i = 0; i < txn->statements_count; i++) {
        statement_head head;
        memcpy(&head, txn->statements.bytes + at, sizeof(head));
        const uint8_t *value = txn->statements.bytes + at + sizeof(head);
        cb_params_reset(&shell->params);
        for (uint32_t j = 0; j < head.values_count; j++) {
            uint32_t length = 0;
            memcpy(&length, value, sizeof(length));
            value += sizeof(length);
            if (length == NULL_SIZE) {
                cb_params_null(&shell->params);
            } else {
                cb_params_text(&shell->params, (const char *)value);
                value += length;
            }
        }
        cb_pg_add(shell->pg, head.sql, &shell->params);
        at += round_up(sizeof(head) + head.size);
    }
}

/* First of all: an instance that has lost its lease without knowing changes nothing. */
static void add_fence(cb_shell *shell)
{
    const cb_lease *lease = shell->service->lease;
    if (lease != NULL) {
        cb_params_reset(&shell->params);
        lease->fence_params(shell, &shell->params);
        cb_pg_add(shell->pg, lease->fence_sql, &shell->params);
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
    run_effects(shell, txn);
    shell->is_txn_busy = false;
    send_group(shell);
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
            cb_metric_add(shell->counts.group, 1);
            const bool is_failing = FP("*.before_commit");
            cb_pg_begin(shell->pg);
            add_fence(shell);
            add_statements(shell, txn);
            if (is_failing) {
                cb_pg_add(shell->pg, "SELECT 1/0", NULL);
            }
            cb_pg_commit(shell->pg, on_committed, shell);
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
