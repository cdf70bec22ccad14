/* The signals service's hooks: stored state back into the core at start, the core's questions to
 * the validator, readiness, counts shown as metrics. No decision is made here. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/signals/signals_shell.h"

#define METRICS_PERIOD_NS CB_NS_PER_S

static const cb_table tables[SIGNALS_TABLE_COUNT] = {
    [SIGNALS_TABLE_SIGNAL] = {"signal", &cb_signal_desc, CB_STORE_INSERT, NULL},
    [SIGNALS_TABLE_INTENT] = {"intent", &cb_intent_desc, CB_STORE_INSERT, NULL},
    [SIGNALS_TABLE_DECISION] = {"decision", &signals_decision_desc, CB_STORE_INSERT, NULL},
    [SIGNALS_TABLE_BOOK] = {"book", &signals_book_desc, CB_STORE_UPSERT, "account,venue,symbol"},
    [SIGNALS_TABLE_FLIGHT] = {"flight", &signals_flight_desc, CB_STORE_UPSERT, "intent_id"},
    [SIGNALS_TABLE_KILL] = {"kill_state", &cb_kill_desc, CB_STORE_UPSERT, "scope"},
    [SIGNALS_TABLE_RULES] = {"rules", &signals_rules_desc, CB_STORE_INSERT, NULL},
    [SIGNALS_TABLE_RULES_NOW] = {"rules_now", &signals_rules_desc, CB_STORE_UPSERT, "file"},
};

typedef struct signals_user {
    signals_historian historian;
    signals_rulebook rulebook;
    cb_timer *metrics_timer;
    cb_metric *candles;
    cb_metric *dropped;
    cb_metric *aggregated;
    cb_metric *decided;
    cb_metric *entries;
    cb_metric *exits;
    cb_metric *guards;
    cb_metric *denials;
    cb_metric *history_asks;
    cb_metric *rules_taken;
    cb_metric *symbols_ready;
} signals_user;

static cb_status signals_open(cb_shell *shell, cb_err *err)
{
    const cb_status status = signals_config_check(cb_shell_config(shell), err);
    if (status != CB_OK) {
        return status;
    }
    signals_user *user = calloc(1, sizeof *user);
    CB_ASSERT(user != NULL);
    signals_historian_open(&user->historian, shell);
    signals_rulebook_open(&user->rulebook, shell);
    cb_shell_set_user(shell, user);
    return CB_OK;
}

/* ---- metrics ---- */

static void set_counter(cb_metric *counter, uint64_t value)
{
    const uint64_t shown = cb_metric_value(counter);
    if (value > shown) {
        cb_metric_add(counter, value - shown);
    }
}

static void show_metrics(void *context)
{
    cb_shell *shell = context;
    signals_user *user = cb_shell_user(shell);
    const signals_counts *counts = signals_counts_of(cb_shell_state(shell));
    set_counter(user->candles, counts->candles);
    set_counter(user->dropped, counts->dropped);
    set_counter(user->aggregated, counts->aggregated);
    set_counter(user->decided, counts->decided);
    set_counter(user->entries, counts->entries);
    set_counter(user->exits, counts->exits);
    set_counter(user->guards, counts->guards);
    set_counter(user->denials, counts->denials);
    set_counter(user->history_asks, counts->history_asks);
    set_counter(user->rules_taken, counts->rules_taken);
    cb_metric_set(user->symbols_ready, (int64_t)signals_ready_count(cb_shell_state(shell)));
}

static void open_metrics(cb_shell *shell, signals_user *user)
{
    static const char signals_name[] = "signals_signals_total";
    static const char signals_help[] = "opinions of strategies by their end";
    static const char intents_name[] = "signals_intents_total";
    static const char intents_help[] = "intents by purpose";
    cb_metrics *metrics = cb_shell_metrics(shell);
    user->candles = cb_counter(metrics, "signals_candles_total", "", "closed 1m candles taken");
    user->dropped = cb_counter(metrics, signals_name, "status=\"dropped\"", signals_help);
    user->aggregated = cb_counter(metrics, signals_name, "status=\"aggregated\"", signals_help);
    user->decided = cb_counter(metrics, signals_name, "status=\"decided\"", signals_help);
    user->entries = cb_counter(metrics, intents_name, "purpose=\"entry\"", intents_help);
    user->exits = cb_counter(metrics, intents_name, "purpose=\"exit\"", intents_help);
    user->guards = cb_counter(metrics, intents_name, "purpose=\"guard\"", intents_help);
    user->denials = cb_counter(metrics, "signals_denials_total", "", "own intents denied by risk");
    user->history_asks =
        cb_counter(metrics, "signals_history_questions_total", "", "questions for past candles");
    user->rules_taken = cb_counter(
        metrics, "signals_rules_taken_total", "", "texts of rules that were put to work");
    user->symbols_ready =
        cb_gauge(metrics, "signals_symbols_ready", "", "symbols whose history has come");
}

static void signals_started(cb_shell *shell)
{
    signals_user *user = cb_shell_user(shell);
    open_metrics(shell, user);
    user->metrics_timer = cb_loop_timer(
        cb_shell_loop(shell), METRICS_PERIOD_NS, METRICS_PERIOD_NS, show_metrics, shell);
    signals_rulebook_start(&user->rulebook);
}

static void signals_reload(cb_shell *shell)
{
    signals_user *user = cb_shell_user(shell);
    signals_rulebook_reload(&user->rulebook);
}

/* ---- running ---- */

static void signals_on_request(
    cb_shell *shell, uint32_t request, const void *body, size_t body_size)
{
    signals_user *user = cb_shell_user(shell);
    CB_ASSERT(request == SIGNALS_REQUEST_HISTORY);
    CB_ASSERT(body_size == sizeof(signals_history_ask));
    signals_historian_ask(&user->historian, body);
}

static bool signals_is_ready(cb_shell *shell, char *why, size_t why_size)
{
    const uint32_t ready = signals_ready_count(cb_shell_state(shell));
    const uint32_t all = signals_symbols_count(cb_shell_state(shell));
    if (ready < all) {
        (void)snprintf(why, why_size, "waits for the history of %u symbol(s)", all - ready);
    }
    return ready == all;
}

static uint32_t signals_pending(const cb_shell *shell)
{
    const signals_user *user = cb_shell_user(shell);
    return user->historian.count;
}

static void signals_close(cb_shell *shell)
{
    signals_user *user = cb_shell_user(shell);
    if (user == NULL) {
        return;
    }
    cb_timer_remove(user->metrics_timer);
    signals_historian_close(&user->historian);
    signals_rulebook_close(&user->rulebook);
    free(user);
    cb_shell_set_user(shell, NULL);
}

const cb_service signals_service = {
    .name = "signals",
    .summary = "turns candles into opinions of strategies, a weighted score, and intents",
    .config_size = sizeof(signals_config),
    .migrations = signals_migrations,
    .tables = tables,
    .tables_count = SIGNALS_TABLE_COUNT,
    .has_step_log = true,
    .queries = signals_queries,
    .core = &signals_core,
    .open = signals_open,
    .recover = signals_recover,
    .started = signals_started,
    .reload = signals_reload,
    .on_request = signals_on_request,
    .is_ready = signals_is_ready,
    .pending = signals_pending,
    .close = signals_close,
};
