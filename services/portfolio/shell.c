/* The hooks of the portfolio: configuration check, and its figures as metrics. No decision is made
 * here. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/portfolio/portfolio_shell.h"

#define METRICS_PERIOD_NS CB_NS_PER_S

static const cb_table tables[PORTFOLIO_TABLES_COUNT] = {
    [PORTFOLIO_TABLE_ACCOUNT] = {"account", &portfolio_account_desc, CB_STORE_UPSERT, "account"},
    [PORTFOLIO_TABLE_ENTRY] = {"ledger_entry", &portfolio_entry_desc, CB_STORE_INSERT, NULL},
    [PORTFOLIO_TABLE_SUM] = {"ledger_sum",
        &portfolio_sum_desc,
        CB_STORE_UPSERT,
        "ledger_account,asset"},
    [PORTFOLIO_TABLE_FILL] = {"fill", &portfolio_fill_desc, CB_STORE_INSERT, NULL},
    [PORTFOLIO_TABLE_POSITION] = {"position",
        &portfolio_position_desc,
        CB_STORE_UPSERT,
        "account,symbol"},
    [PORTFOLIO_TABLE_MARK] = {"mark", &portfolio_mark_desc, CB_STORE_UPSERT, "venue,symbol"},
    [PORTFOLIO_TABLE_BALANCE] = {"balance",
        &portfolio_balance_desc,
        CB_STORE_UPSERT,
        "account,asset"},
    [PORTFOLIO_TABLE_DIFFERENCE] = {"difference",
        &portfolio_difference_desc,
        CB_STORE_UPSERT,
        "difference_id"},
    [PORTFOLIO_TABLE_SNAPSHOT] = {"snapshot", &cb_portfolio_desc, CB_STORE_HISTORY, NULL},
};

typedef struct portfolio_user {
    cb_timer *timer;
    cb_metric *fills;
    cb_metric *entries;
    cb_metric *differences;
    cb_metric *refused;
    cb_metric *equity;
    cb_metric *drawdown_ppm;
} portfolio_user;

static cb_status on_open(cb_shell *shell, cb_err *err)
{
    const cb_status status = portfolio_config_check(cb_shell_config(shell), err);
    if (status != CB_OK) {
        return status;
    }
    portfolio_user *user = calloc(1, sizeof(*user));
    CB_ASSERT(user != NULL);
    cb_shell_set_user(shell, user);
    return CB_OK;
}

static void show_metrics(void *context)
{
    cb_shell *shell = context;
    portfolio_user *user = cb_shell_user(shell);
    const portfolio_account *account = portfolio_account_of(cb_shell_state(shell));
    cb_metric_set(user->fills, (int64_t)account->fills_count);
    cb_metric_set(user->entries, (int64_t)account->entries_count);
    cb_metric_set(user->differences, account->differences_count);
    cb_metric_set(user->refused, (int64_t)account->refused_count);
    cb_metric_set(user->equity, account->equity.e8 / CB_E8);
    cb_metric_set(user->drawdown_ppm, account->drawdown.e8 / 100);
}

static void on_started(cb_shell *shell)
{
    portfolio_user *user = cb_shell_user(shell);
    cb_metrics *metrics = cb_shell_metrics(shell);
    user->fills = cb_gauge(metrics, "portfolio_fills", "", "fills booked since the beginning");
    user->entries = cb_gauge(metrics, "portfolio_ledger_entries", "", "entries of the ledger");
    user->differences =
        cb_gauge(metrics, "portfolio_differences", "", "assets whose books differ from the venue");
    user->refused =
        cb_gauge(metrics, "portfolio_refused", "", "fills and transfers that could not be booked");
    user->equity = cb_gauge(metrics, "portfolio_equity_quote", "", "equity, whole quote units");
    user->drawdown_ppm =
        cb_gauge(metrics, "portfolio_drawdown_ppm", "", "fall from the highest equity, ppm");
    user->timer = cb_loop_timer(
        cb_shell_loop(shell), METRICS_PERIOD_NS, METRICS_PERIOD_NS, show_metrics, shell);
}

static void on_close(cb_shell *shell)
{
    portfolio_user *user = cb_shell_user(shell);
    if (user == NULL) {
        return;
    }
    if (user->timer != NULL) {
        cb_timer_remove(user->timer);
    }
    free(user);
    cb_shell_set_user(shell, NULL);
}

const cb_service portfolio_service = {
    .name = "portfolio",
    .summary = "keeps the double-entry ledger, positions and profit; compares with the venue",
    .fields = portfolio_fields,
    .config_size = sizeof(portfolio_config),
    .migrations = portfolio_migrations,
    .tables = tables,
    .tables_count = PORTFOLIO_TABLES_COUNT,
    .queries = portfolio_queries,
    .core = &portfolio_core_ops,
    .open = on_open,
    .recover = portfolio_recover,
    .started = on_started,
    .close = on_close,
};
