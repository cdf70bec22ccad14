/* One event: journal, core, actions. The core is pure; here its actions become timers, statements
 * and effects. Nothing that is durable or follows from it leaves before its commit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "rt/service_internal.h"
#include "wire/codec.h"

#define ENVELOPE_SCHEMA 1U
#define MARKET_PREFIX "md."

/* ---- envelopes ---- */

static bool has_envelope(const cb_desc *desc)
{
    return desc->fields_count > 0 && desc->fields[0].kind == CB_KIND_MSG &&
           desc->fields[0].sub == &cb_envelope_desc && desc->fields[0].offset == 0;
}

static void fill_common(cb_shell *shell, cb_envelope *env)
{
    (void)snprintf(env->producer, sizeof(env->producer), "%s", shell->service->name);
    env->schema = env->schema != 0 ? env->schema : ENVELOPE_SCHEMA;
    env->ts_ns = env->ts_ns != 0 ? env->ts_ns : cb_shell_now_ns(shell);
}

/* The counter of a full subject; the table is never emptied and may not fill up. */
static uint64_t next_subject_count(cb_shell *shell, const char *full)
{
    size_t slot = (size_t)(cb_hash_text(CB_HASH_SEED, full) % RT_SUBJECTS_MAX);
    while (shell->subjects[slot].subject[0] != '\0' &&
           strcmp(shell->subjects[slot].subject, full) != 0) {
        slot = (slot + 1) % RT_SUBJECTS_MAX;
    }
    rt_subject_count *entry = &shell->subjects[slot];
    if (entry->subject[0] == '\0') {
        CB_ASSERT(shell->subjects_count < RT_SUBJECTS_MAX / 2);
        shell->subjects_count++;
        (void)snprintf(entry->subject, sizeof(entry->subject), "%s", full);
    }
    return ++entry->count;
}

void rt_envelope_core(cb_shell *shell, void *body, const char *full)
{
    cb_envelope *env = body;
    fill_common(shell, env);
    env->epoch = shell->epoch;
    env->seq = next_subject_count(shell, full);
    if (cb_id_is_none(env->event_id)) {
        env->event_id = cb_id_make(full, env->epoch, env->seq);
    }
}

/* A body that is stored but not published: its id counts the rows of its table in this epoch. */
static void fill_stored(cb_shell *shell, const cb_table *table, uint32_t index, void *body)
{
    if (!has_envelope(table->desc)) {
        return;
    }
    cb_envelope *env = body;
    fill_common(shell, env);
    if (cb_id_is_none(env->event_id)) {
        char source[96];
        (void)snprintf(source, sizeof(source), "%s.%s", shell->service->name, table->name);
        env->epoch = shell->epoch;
        env->seq = ++shell->table_counts[index];
        env->event_id = cb_id_make(source, env->epoch, env->seq);
    }
}

size_t rt_encode(cb_shell *shell, const cb_desc *desc, const void *body)
{
    cb_err err;
    size_t size = 0;
    if (cb_encode(desc, body, shell->encoded, sizeof(shell->encoded), &size, &err) != CB_OK) {
        cb_shell_die(shell, "encode_failed", err.text);
    }
    return size;
}

/* ---- actions ---- */

static bool is_durable_table(const cb_shell *shell, uint32_t table)
{
    return table != CB_TABLE_NONE && shell->service->tables[table].mode != CB_STORE_HISTORY;
}

static bool is_durable(const cb_shell *shell, const cb_action *action)
{
    if (action->type == CB_ACTION_STORE) {
        return is_durable_table(shell, action->table);
    }
    if (action->type != CB_ACTION_PUBLISH) {
        return false;
    }
    const cb_subject *row = cb_subject_get((cb_subject_id)action->subject);
    return row->subject_class == CB_CLASS_STREAM || is_durable_table(shell, action->table);
}

static void store_body(cb_shell *shell, uint32_t index, const void *body)
{
    CB_ASSERT(index < shell->service->tables_count);
    if (shell->service->tables[index].mode == CB_STORE_HISTORY) {
        cb_store_history_add(shell->store, index, body);
        return;
    }
    cb_store_params(shell->store, index, body, &shell->params);
    const char *sql = cb_store_sql(shell->store, index);
    if (rt_redo_is_eager(shell, index)) {
        rt_txn_statement(shell, sql, &shell->params);
    } else {
        rt_txn_later(shell, sql, &shell->params);
    }
}

/* Market data makes no claim about this service's durable state: it need not wait for the commits
 * of earlier events, only keep its order. Everything else leaves in the order of the events. */
static bool may_leave_now(const cb_shell *shell, uint32_t row_id, bool is_event_durable)
{
    if (is_event_durable || shell->core_queued[row_id] > 0) {
        return false;
    }
    const cb_subject *row = cb_subject_get((cb_subject_id)row_id);
    return rt_txn_is_idle(shell) ||
           strncmp(row->prefix, MARKET_PREFIX, sizeof(MARKET_PREFIX) - 1) == 0;
}

static void publish_core(cb_shell *shell,
    const cb_action *action,
    const cb_desc *desc,
    const char *subject,
    bool is_event_durable)
{
    const size_t size = rt_encode(shell, desc, action->body);
    if (may_leave_now(shell, action->subject, is_event_durable)) {
        rt_bus_send_core(shell, (cb_subject_id)action->subject, subject, shell->encoded, size);
        return;
    }
    const rt_effect effect = {.kind = RT_EFFECT_CORE,
        .a = action->subject,
        .text = subject,
        .body = shell->encoded,
        .body_size = (uint32_t)size};
    rt_txn_effect(shell, &effect);
}

static void do_publish(cb_shell *shell, const cb_action *action, bool is_event_durable)
{
    const cb_subject_id id = (cb_subject_id)action->subject;
    const cb_subject *row = cb_subject_get(id);
    const cb_desc *desc = cb_msg_desc(row->msg);
    CB_ASSERT(action->body_size == desc->size);
    CB_ASSERT(cb_subject_is_owner(row, shell->service->name));
    char subject[CB_SUBJECT_TEXT_MAX];
    cb_err err;
    if (cb_subject_for(id, action->body, shell->service->name, subject, &err) != CB_OK) {
        cb_shell_die(shell, "bad_subject", err.text);
    }
    if (row->subject_class == CB_CLASS_STREAM) {
        fill_common(shell, action->body);
        rt_out_publish(shell, id, subject, action->body);
    } else {
        rt_envelope_core(shell, action->body, subject);
        publish_core(shell, action, desc, subject, is_event_durable);
    }
    if (action->table != CB_TABLE_NONE) {
        store_body(shell, action->table, action->body);
    }
}

static void do_request(cb_shell *shell, const cb_action *action)
{
    const cb_service *service = shell->service;
    if (service->on_request_early != NULL &&
        service->on_request_early(shell, action->request, action->body, action->body_size)) {
        return;
    }
    const rt_effect effect = {.kind = RT_EFFECT_REQUEST,
        .b = action->request,
        .body = action->body,
        .body_size = action->body_size};
    rt_txn_effect(shell, &effect);
}

static void do_action(cb_shell *shell, const cb_action *action, bool is_event_durable)
{
    switch (action->type) {
    case CB_ACTION_PUBLISH:
        do_publish(shell, action, is_event_durable);
        return;
    case CB_ACTION_STORE:
        fill_stored(shell, &shell->service->tables[action->table], action->table, action->body);
        store_body(shell, action->table, action->body);
        return;
    case CB_ACTION_SET_TIMER:
        rt_clock_set_core_timer(shell, action->timer_id, action->due_ns);
        return;
    case CB_ACTION_CANCEL_TIMER:
        rt_clock_cancel_core_timer(shell, action->timer_id);
        return;
    case CB_ACTION_REQUEST:
        do_request(shell, action);
        return;
    }
}

/* During recovery only timers count: the rest was done before the process ended. */
static void do_recovered(cb_shell *shell, const cb_action *action)
{
    if (action->type == CB_ACTION_SET_TIMER || action->type == CB_ACTION_CANCEL_TIMER) {
        do_action(shell, action, false);
    }
}

const char rt_sql_inbox[] =
    "INSERT INTO inbox (producer, key, seq, epoch, event_id, ts_ns) VALUES ($1,$2,$3,$4,$5,$6)";

static void record_hop(cb_shell *shell, const rt_hop *hop)
{
    const rt_in_key *key = &shell->in.keys[hop->key];
    cb_params_reset(&shell->params);
    cb_params_text(&shell->params, cb_subject_get(key->row)->owner);
    cb_params_text(&shell->params, key->key);
    cb_params_u64(&shell->params, hop->seq);
    cb_params_u64(&shell->params, hop->epoch);
    cb_params_id(&shell->params, hop->event_id);
    cb_params_i64(&shell->params, cb_shell_now_ns(shell));
    rt_txn_later(shell, rt_sql_inbox, &shell->params);
    rt_txn *txn = &shell->txns[shell->building];
    txn->hops_count++;
    txn->hop_key = hop->key;
    txn->hop_seq = hop->seq;
    const rt_effect ack = {.kind = RT_EFFECT_ACK, .text = hop->ack};
    rt_txn_effect(shell, &ack);
}

void rt_hop_done(cb_shell *shell, const rt_hop *hop)
{
    if (shell->pg != NULL) {
        record_hop(shell, hop);
    }
}

static void dispatch(cb_shell *shell, const rt_hop *hop)
{
    const cb_outbox *out = shell->out_actions;
    bool is_event_durable = hop != NULL;
    for (uint32_t i = 0; i < out->actions_count && !is_event_durable; i++) {
        is_event_durable = is_durable(shell, &out->actions[i]);
    }
    if (hop != NULL) {
        rt_hop_done(shell, hop);
    }
    for (uint32_t i = 0; i < out->actions_count; i++) {
        do_action(shell, &out->actions[i], is_event_durable);
    }
}

/* ---- events ---- */

static void journal_event(cb_shell *shell, const cb_event *event, const rt_feed_args *args)
{
    if (shell->journal == NULL || event->is_recovery) {
        return;
    }
    if (cb_journal_bytes(shell->journal) > shell->config.journal_bytes_max) {
        CB_LOG(shell->log,
            CB_LOG_WARN,
            "journal_ended",
            CB_KI("bytes", cb_journal_bytes(shell->journal)));
        cb_journal_close(shell->journal);
        shell->journal = NULL;
        return;
    }
    const cb_journal_record record = {
        event->seq, event->ts_ns, event->type, (uint32_t)args->bytes_size, args->bytes};
    cb_journal_append(shell->journal, &record);
}

static void step(cb_shell *shell, const cb_event *event)
{
    shell->is_stepping = true;
    cb_outbox_reset(shell->out_actions);
    const int64_t begin_ns = cb_mono_ns();
    shell->service->core->step(shell->state, event, shell->out_actions);
    cb_metric_observe_ns(shell->counts.step, cb_mono_ns() - begin_ns);
    shell->is_stepping = false;
}

void rt_feed(cb_shell *shell, const rt_feed_args *args)
{
    CB_ASSERT(!shell->is_stepping);
    if (shell->state == NULL) {
        if (args->hop != NULL) {
            rt_hop_done(shell, args->hop);
            rt_txn_end_event(shell);
        }
        return;
    }
    const cb_event event = {.seq = ++shell->event_seq,
        .ts_ns = cb_shell_now_ns(shell),
        .type = args->type,
        .is_recovery = false,
        .body_size = (uint32_t)args->body_size,
        .body = args->body};
    journal_event(shell, &event, args);
    step(shell, &event);
    cb_metric_add(shell->counts.events, 1);
    dispatch(shell, args->hop);
    rt_txn_end_event(shell);
}

void rt_feed_timer(cb_shell *shell, uint64_t timer_id, int64_t due_ns)
{
    const cb_timer_event body = {timer_id, due_ns};
    const rt_feed_args args = {CB_EVENT_TIMER, &body, sizeof(body), &body, sizeof(body), NULL};
    rt_feed(shell, &args);
}

void cb_shell_feed(cb_shell *shell, uint32_t type, const void *body, size_t body_size)
{
    CB_ASSERT(type >= CB_EVENT_LOCAL);
    (void)rt_clock_fire(shell);
    const rt_feed_args args = {type, body, body_size, body, body_size, NULL};
    rt_feed(shell, &args);
}

void cb_shell_recover_event(
    cb_shell *shell, uint32_t type, int64_t ts_ns, const void *body, size_t body_size)
{
    CB_ASSERT(shell->is_recovering);
    CB_ASSERT(shell->state != NULL);
    const cb_event event = {.seq = ++shell->event_seq,
        .ts_ns = ts_ns,
        .type = type,
        .is_recovery = true,
        .body_size = (uint32_t)body_size,
        .body = body};
    step(shell, &event);
    for (uint32_t i = 0; i < shell->out_actions->actions_count; i++) {
        do_recovered(shell, &shell->out_actions->actions[i]);
    }
}
