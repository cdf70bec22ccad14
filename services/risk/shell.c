/* The hooks of risk: configuration check, kill commands and their answers, the beat of the kill
 * latch, counts shown as metrics. No decision is made here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "base/timefmt.h"
#include "services/risk/risk_shell.h"

#define BEAT_PERIOD_NS CB_NS_PER_S
#define BEATS_MAX 64
#define REPLY_MAX 512
#define REPLY_PART_MAX 160

static const cb_table tables[RISK_TABLES_COUNT] = {
    [RISK_TABLE_ACCOUNT] = {"account", &risk_account_desc, CB_STORE_UPSERT, "account"},
    [RISK_TABLE_BALANCE] = {"balance", &risk_balance_desc, CB_STORE_UPSERT, "account,asset"},
    [RISK_TABLE_POSITION] = {"position", &risk_position_desc, CB_STORE_UPSERT, "account,symbol"},
    [RISK_TABLE_MARK] = {"mark", &risk_mark_desc, CB_STORE_UPSERT, "venue,symbol"},
    [RISK_TABLE_INSTRUMENT] = {"instrument", &cb_instrument_desc, CB_STORE_UPSERT, "venue,symbol"},
    [RISK_TABLE_RESERVATION] = {"reservation",
        &risk_reservation_desc,
        CB_STORE_UPSERT,
        "intent_id"},
    [RISK_TABLE_FILL] = {"fill", &risk_fill_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_COUNTER] = {"counter", &risk_counter_desc, CB_STORE_UPSERT, "name"},
    [RISK_TABLE_LIMITS] = {"limits", &risk_limits_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_JUDGEMENT] = {"judgement", &risk_judgement_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_PERMIT] = {"permit", &cb_permit_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_DENIAL] = {"denial", &cb_denial_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_INTENT] = {"intent", &cb_intent_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_HELD] = {"held", &risk_held_desc, CB_STORE_UPSERT, "intent_id"},
    [RISK_TABLE_KILL] = {"kill", &cb_kill_desc, CB_STORE_UPSERT, "scope"},
    [RISK_TABLE_SUB] = {"subaccount",
        &risk_subaccount_desc,
        CB_STORE_UPSERT,
        "account,strategy,symbol"},
    [RISK_TABLE_WINDOW] = {"rate_window", &risk_window_desc, CB_STORE_UPSERT, "name"},
    [RISK_TABLE_TURN] = {"turn", &risk_turn_desc, CB_STORE_UPSERT, "strategy"},
    [RISK_TABLE_CHANGE] = {"change_request", &risk_change_desc, CB_STORE_UPSERT, "number"},
    [RISK_TABLE_KILL_CHANGE] = {"kill_change", &cb_kill_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_UNKILL] = {"unkill", &risk_unkill_desc, CB_STORE_UPSERT, "request_id"},
    [RISK_TABLE_REQUEST] = {"request", &risk_request_row_desc, CB_STORE_INSERT, NULL},
    [RISK_TABLE_COMMAND] = {"order_command", &cb_order_command_desc, CB_STORE_INSERT, NULL},
};

/* beats holds the latch as it is stored: the core runs ahead of the database, and a lowered level
 * must not be announced before it is durable. */
typedef struct risk_user {
    uint32_t beats_count;
    cb_kill beats[BEATS_MAX];
    cb_timer *beat_timer;
    cb_metric *permits;
    cb_metric *denials[RISK_RULES_COUNT + 1];
    cb_metric *open_orders;
    cb_metric *equity;
    cb_metric *is_ready;
    cb_metric *kill_level;
} risk_user;

static cb_status on_open(cb_shell *shell, cb_err *err)
{
    const cb_status status = risk_config_check(cb_shell_config(shell), err);
    if (status != CB_OK) {
        return status;
    }
    risk_user *user = calloc(1, sizeof(*user));
    CB_ASSERT(user != NULL);
    cb_shell_set_user(shell, user);
    return CB_OK;
}

/* ---- the beat ---- */

static void take_beat(risk_user *user, const cb_kill *kill)
{
    for (uint32_t i = 0; i < user->beats_count; i++) {
        if (cb_text_equal(user->beats[i].scope, kill->scope)) {
            user->beats[i] = *kill;
            return;
        }
    }
    if (user->beats_count == BEATS_MAX) {
        /* The core has reused a slot that is back at level 0. */
        for (uint32_t i = 1; i < user->beats_count; i++) {
            if (user->beats[i].level == 0) {
                user->beats[i] = *kill;
                return;
            }
        }
        return;
    }
    user->beats[user->beats_count++] = *kill;
}

static void send_beat(cb_shell *shell, const cb_kill *kill)
{
    cb_kill beat = *kill;
    beat.env = (cb_envelope){.seq = 0};
    cb_shell_publish(shell, CB_SUBJECT_KILL_BEAT, &beat);
}

static void set_counter(cb_metric *counter, uint64_t value)
{
    const uint64_t shown = cb_metric_value(counter);
    if (value > shown) {
        cb_metric_add(counter, value - shown);
    }
}

static void show_metrics(risk_user *user, const risk_state *state)
{
    set_counter(user->permits, risk_permits_count(state));
    for (uint32_t i = 0; i <= RISK_RULES_COUNT; i++) {
        set_counter(user->denials[i], risk_denials_count(state, i));
    }
    uint32_t level = 0;
    for (uint32_t i = 0; i < user->beats_count; i++) {
        level = user->beats[i].level > level ? user->beats[i].level : level;
    }
    cb_metric_set(user->kill_level, level);
    cb_metric_set(user->open_orders, risk_open_orders(state));
    cb_metric_set(user->equity, risk_account_of(state)->equity.e8 / CB_E8);
    cb_metric_set(user->is_ready, risk_not_ready_reason(state)[0] == '\0' ? 1 : 0);
}

/* Wall time: in lockstep the service's clock stands still, and execution must know all the same
 * that risk is there. */
static void on_beat(void *context)
{
    cb_shell *shell = context;
    risk_user *user = cb_shell_user(shell);
    for (uint32_t i = 0; i < user->beats_count; i++) {
        send_beat(shell, &user->beats[i]);
    }
    show_metrics(user, cb_shell_state(shell));
}

static void open_metrics(cb_shell *shell, risk_user *user)
{
    cb_metrics *metrics = cb_shell_metrics(shell);
    user->permits = cb_counter(metrics, "risk_permits_total", "", "intents that were granted");
    for (uint32_t i = 0; i <= RISK_RULES_COUNT; i++) {
        char label[64];
        (void)snprintf(label,
            sizeof(label),
            "rule=\"%s\"",
            i < RISK_RULES_COUNT ? risk_rules[i]->name : "stale_intent");
        user->denials[i] =
            cb_counter(metrics, "risk_denials_total", label, "intents denied, by first rule");
    }
    user->open_orders = cb_gauge(metrics, "risk_open_orders", "", "reservations not terminal");
    user->equity = cb_gauge(metrics, "risk_equity_quote", "", "equity, whole quote units");
    user->is_ready =
        cb_gauge(metrics, "risk_ready", "", "1: everything is known that new risk needs");
    user->kill_level = cb_gauge(metrics, "risk_kill_level", "", "highest level of all scopes");
}

static void on_started(cb_shell *shell)
{
    risk_user *user = cb_shell_user(shell);
    const risk_state *state = cb_shell_state(shell);
    for (uint32_t i = 0; i < risk_kill_count(state); i++) {
        take_beat(user, risk_kill_at(state, i));
    }
    open_metrics(shell, user);
    user->beat_timer =
        cb_loop_timer(cb_shell_loop(shell), BEAT_PERIOD_NS, BEAT_PERIOD_NS, on_beat, shell);
}

/* ---- commands ---- */

/* A raise is told before it is durable, because it can only stop orders: execution then waits for
 * no commit of ours. Should we die before ours, the sender has no answer and asks again, and
 * execution holds a level that a lowering ends like any other. */
static void tell_raise_early(cb_shell *shell, uint64_t version)
{
    const risk_state *state = cb_shell_state(shell);
    for (uint32_t i = 0; i < risk_kill_count(state); i++) {
        const cb_kill *kill = risk_kill_at(state, i);
        if (kill->version > version && !kill->is_lowering) {
            send_beat(shell, kill);
        }
    }
}

static uint64_t kill_version(const cb_shell *shell)
{
    const risk_state *state = cb_shell_state(shell);
    uint64_t newest = 0;
    for (uint32_t i = 0; i < risk_kill_count(state); i++) {
        const cb_kill *kill = risk_kill_at(state, i);
        newest = kill->version > newest ? kill->version : newest;
    }
    return newest;
}

static void on_unkill(cb_shell *shell, const cb_unkill_command *command, const char *reply_to)
{
    risk_unkill_request request = {.command = *command, .wall_ns = cb_wall_ns()};
    if (!cb_text_copy(request.reply_to, sizeof(request.reply_to), cb_sv_from(reply_to))) {
        CB_LOG(cb_shell_log(shell), CB_LOG_WARN, "unkill_reply_too_long", CB_KV("to", reply_to));
    }
    CB_LOG(cb_shell_log(shell),
        CB_LOG_WARN,
        "unkill_command",
        CB_KV("action", CB_NAME(cb_unkill_action, command->action)),
        CB_KV("scope", command->scope),
        CB_KI("level", command->level),
        CB_KV("actor", command->actor),
        CB_KV("reason", command->reason));
    cb_shell_feed(shell, RISK_EVENT_UNKILL_COMMAND, &request, sizeof(request));
}

static void on_order_request(cb_shell *shell, bool is_place, const void *body, const char *reply_to)
{
    risk_order_request request = {.is_place = is_place};
    if (is_place) {
        request.intent = *(const cb_intent *)body;
    } else {
        request.command = *(const cb_order_command *)body;
    }
    if (!cb_text_copy(request.reply_to, sizeof(request.reply_to), cb_sv_from(reply_to))) {
        CB_LOG(cb_shell_log(shell), CB_LOG_WARN, "order_reply_too_long", CB_KV("to", reply_to));
    }
    cb_shell_feed(shell, RISK_EVENT_ORDER_REQUEST, &request, sizeof(request));
}

static void reply_order(cb_shell *shell, const risk_order_reply *reply)
{
    char json[REPLY_MAX];
    char id[CB_ID_TEXT_MAX];
    char qty[48];
    cb_textbuf qty_text = cb_textbuf_over(qty, sizeof(qty));
    cb_id_print(reply->id, id);
    cb_textbuf_add_e8(&qty_text, reply->qty.e8);
    const int size = snprintf(json,
        sizeof(json),
        "{\"ok\":%s,\"id\":\"%s\",\"repeat\":%s,\"qty\":\"%s\",\"code\":\"%s\","
        "\"error\":\"%s\"}",
        reply->is_ok ? "true" : "false",
        id,
        reply->is_repeat ? "true" : "false",
        qty,
        reply->code,
        reply->error);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(json));
    if (reply->reply_to[0] != '\0') {
        cb_shell_reply(shell, reply->reply_to, json, (size_t)size);
    }
}

static void on_bus_request(
    cb_shell *shell, cb_subject_id subject, const void *body, const char *reply_to)
{
    if (subject == CB_SUBJECT_UNKILL_COMMAND) {
        on_unkill(shell, body, reply_to);
        return;
    }
    if (subject == CB_SUBJECT_INTENT_REQUEST || subject == CB_SUBJECT_COMMAND_REQUEST) {
        on_order_request(shell, subject == CB_SUBJECT_INTENT_REQUEST, body, reply_to);
        return;
    }
    if (subject == CB_SUBJECT_LIMIT_COMMAND) {
        risk_on_limit_command(shell, body, reply_to);
        return;
    }
    if (subject != CB_SUBJECT_KILL_COMMAND) {
        return;
    }
    risk_kill_request request = {.command = *(const cb_kill_command *)body};
    if (!cb_text_copy(request.reply_to, sizeof(request.reply_to), cb_sv_from(reply_to))) {
        CB_LOG(cb_shell_log(shell), CB_LOG_WARN, "kill_reply_too_long", CB_KV("to", reply_to));
    }
    CB_LOG(cb_shell_log(shell),
        CB_LOG_WARN,
        "kill_command",
        CB_KV("scope", request.command.scope),
        CB_KI("level", request.command.level),
        CB_KV("actor", request.command.actor),
        CB_KV("reason", request.command.reason));
    const uint64_t version = kill_version(shell);
    cb_shell_feed(shell, RISK_EVENT_KILL_COMMAND, &request, sizeof(request));
    tell_raise_early(shell, version);
}

/* What a lowering's answer says besides; "" for a raise. */
static void print_request(const risk_kill_reply *reply, char out[REPLY_PART_MAX])
{
    char id[CB_ID_TEXT_MAX];
    char ready[CB_TIME_TEXT_MAX];
    out[0] = '\0';
    if (cb_id_is_none(reply->request_id)) {
        return;
    }
    cb_id_print(reply->request_id, id);
    CB_MAYBE(cb_time_print(reply->ready_wall_ns, 3, ready));
    CB_MAYBE(snprintf(out,
        REPLY_PART_MAX,
        ",\"request\":\"%s\",\"status\":\"%s\",\"approve_after\":\"%s\"",
        id,
        CB_NAME(risk_unkill_status, reply->status),
        ready));
}

static void reply_kill(cb_shell *shell, const risk_kill_reply *reply)
{
    char json[REPLY_MAX];
    char request[REPLY_PART_MAX];
    print_request(reply, request);
    const int size =
        reply->is_ok
            ? snprintf(json,
                  sizeof(json),
                  "{\"ok\":true,\"version\":%llu%s}",
                  (unsigned long long)reply->version,
                  request)
            : snprintf(
                  json, sizeof(json), "{\"ok\":false,\"error\":\"%s\"%s}", reply->error, request);
    CB_ASSERT(size > 0 && (size_t)size < sizeof(json));
    if (reply->reply_to[0] != '\0') {
        cb_shell_reply(shell, reply->reply_to, json, (size_t)size);
    }
}

static void on_kill_changed(cb_shell *shell, const cb_kill *kill)
{
    risk_user *user = cb_shell_user(shell);
    take_beat(user, kill);
    send_beat(shell, kill);
    CB_LOG(cb_shell_log(shell),
        CB_LOG_WARN,
        "kill_level",
        CB_KV("scope", kill->scope),
        CB_KI("level", kill->level),
        CB_KI("version", kill->version),
        CB_KV("actor", kill->actor),
        CB_KV("reason", kill->reason));
}

static void on_request(cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    switch ((risk_request)request) {
    case RISK_REQUEST_KILL_REPLY:
        CB_ASSERT(body_size == sizeof(risk_kill_reply));
        reply_kill(shell, body);
        break;
    case RISK_REQUEST_ORDER_REPLY:
        CB_ASSERT(body_size == sizeof(risk_order_reply));
        reply_order(shell, body);
        break;
    case RISK_REQUEST_KILL_CHANGED:
        CB_ASSERT(body_size == sizeof(cb_kill));
        on_kill_changed(shell, body);
        break;
    case RISK_REQUEST_LIMIT_REPLY:
        CB_ASSERT(body_size == sizeof(risk_limit_reply));
        risk_reply_limit(shell, body);
        break;
    }
}

static void on_close(cb_shell *shell)
{
    risk_user *user = cb_shell_user(shell);
    if (user == NULL) {
        return;
    }
    if (user->beat_timer != NULL) {
        cb_timer_remove(user->beat_timer);
    }
    free(user);
    cb_shell_set_user(shell, NULL);
}

const cb_service risk_service = {
    .name = "risk",
    .summary = "turns intents into permits or denials; keeps limits, reservations, the kill latch",
    .config_size = sizeof(risk_config),
    .migrations = risk_migrations,
    .tables = tables,
    .tables_count = RISK_TABLES_COUNT,
    .has_step_log = true,
    .queries = risk_queries,
    .core = &risk_core_ops,
    .open = on_open,
    .recover = risk_recover,
    .started = on_started,
    .on_bus_request = on_bus_request,
    .on_request = on_request,
    .close = on_close,
};
