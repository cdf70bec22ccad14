/* Recovery: which rows go back into the core, in which order; and the proof that the books follow
 * from their entries and fills, made at every start while they are few enough. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "services/portfolio/portfolio_shell.h"

#define ROW_SIZE_MAX sizeof(portfolio_entry)
#define BOUND " AND ($1::text, $2::text) IS NOT NULL"

typedef struct recover_row {
    portfolio_event event;
    const cb_desc *desc;
    const char *sql; /* $1 account, $2 venue */
} recover_row;

static const recover_row rows_in_order[] = {
    {PORTFOLIO_EVENT_RECOVER_ACCOUNT,
        &portfolio_account_desc,
        "SELECT * FROM account WHERE account = $1" BOUND},
    {PORTFOLIO_EVENT_RECOVER_SUM,
        &portfolio_sum_desc,
        "SELECT * FROM ledger_sum WHERE number > 0" BOUND " ORDER BY number"},
    {PORTFOLIO_EVENT_RECOVER_POSITION,
        &portfolio_position_desc,
        "SELECT * FROM position WHERE account = $1" BOUND " ORDER BY symbol"},
    {PORTFOLIO_EVENT_RECOVER_MARK,
        &portfolio_mark_desc,
        "SELECT * FROM mark WHERE venue = $2" BOUND " ORDER BY symbol"},
    {PORTFOLIO_EVENT_RECOVER_BALANCE,
        &portfolio_balance_desc,
        "SELECT * FROM balance WHERE account = $1" BOUND " ORDER BY asset"},
    {PORTFOLIO_EVENT_RECOVER_DIFFERENCE,
        &portfolio_difference_desc,
        "SELECT * FROM difference WHERE account = $1 AND is_open" BOUND " ORDER BY number"},
    {PORTFOLIO_EVENT_RECOVER_ENTRY,
        &portfolio_entry_desc,
        "SELECT entry_id, number FROM (SELECT entry_id, number FROM ledger_entry"
        " WHERE account = $1" BOUND " ORDER BY number DESC LIMIT 65536) newest ORDER BY number"},
};

typedef struct recover_context {
    cb_shell *shell;
    const recover_row *row;
    portfolio_state *rebuilt; /* NULL while recovering */
    bool is_right;
    cb_status status;
    cb_err *err;
} recover_context;

static void feed_row(void *opaque, const cb_row *row)
{
    recover_context *context = opaque;
    const cb_desc *desc = context->row->desc;
    _Alignas(16) uint8_t body[ROW_SIZE_MAX];
    if (context->status != CB_OK) {
        return;
    }
    memset(body, 0, sizeof(body));
    context->status = cb_row_body(row, desc, body, context->err);
    if (context->status == CB_OK) {
        cb_shell_recover_event(
            context->shell, context->row->event, cb_shell_now_ns(context->shell), body, desc->size);
    }
}

static cb_status run_query(cb_shell *shell,
    const char *sql,
    void (*fn)(void *context, const cb_row *row),
    recover_context *context,
    cb_err *err)
{
    const portfolio_config *config = cb_shell_config(shell);
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, config->account);
    cb_params_text(&params, config->venue);
    const cb_status status = cb_pg_exec(cb_shell_pg(shell), sql, &params, fn, context, err);
    return status == CB_OK ? context->status : status;
}

/* ---- the proof ---- */

static void rebuild_entry(void *opaque, const cb_row *row)
{
    recover_context *context = opaque;
    portfolio_entry entry;
    memset(&entry, 0, sizeof(entry));
    if (context->status != CB_OK || !context->is_right) {
        return;
    }
    context->status = cb_row_body(row, &portfolio_entry_desc, &entry, context->err);
    context->is_right =
        context->status == CB_OK && portfolio_rebuild_entry(context->rebuilt, &entry);
}

static void rebuild_fill(void *opaque, const cb_row *row)
{
    recover_context *context = opaque;
    portfolio_fill fill;
    memset(&fill, 0, sizeof(fill));
    if (context->status != CB_OK || !context->is_right) {
        return;
    }
    context->status = cb_row_body(row, &portfolio_fill_desc, &fill, context->err);
    context->is_right = context->status == CB_OK && portfolio_rebuild_fill(context->rebuilt, &fill);
}

static cb_status rebuild_books(cb_shell *shell, recover_context *context, cb_err *err)
{
    cb_status status = run_query(shell,
        "SELECT * FROM ledger_entry WHERE account = $1" BOUND " ORDER BY number",
        rebuild_entry,
        context,
        err);
    if (status == CB_OK) {
        status = run_query(shell,
            "SELECT * FROM fill WHERE account = $1" BOUND " ORDER BY number",
            rebuild_fill,
            context,
            err);
    }
    if (status != CB_OK) {
        return cb_err_context(err, "rebuilding the books");
    }
    const uint64_t live = portfolio_books_hash(cb_shell_state(shell));
    if (!context->is_right || portfolio_books_hash(context->rebuilt) != live) {
        return CB_FAIL(
            err, CB_E_CORRUPT, "the books do not follow from the ledger's entries and fills");
    }
    return CB_OK;
}

static cb_status check_books(cb_shell *shell, cb_err *err)
{
    const portfolio_config *config = cb_shell_config(shell);
    const uint64_t fills_count = portfolio_account_of(cb_shell_state(shell))->fills_count;
    if (fills_count > (uint64_t)config->rebuild_fills_max) {
        CB_LOG(cb_shell_log(shell), CB_LOG_INFO, "books_not_rebuilt", CB_KI("fills", fills_count));
        return CB_OK;
    }
    portfolio_state *rebuilt = calloc(1, portfolio_core_ops.state_size(config));
    CB_ASSERT(rebuilt != NULL);
    portfolio_core_ops.init(rebuilt, config, NULL);
    recover_context context = {.shell = shell, .rebuilt = rebuilt, .is_right = true, .err = err};
    const cb_status status = rebuild_books(shell, &context, err);
    if (status == CB_OK) {
        CB_LOG(cb_shell_log(shell), CB_LOG_INFO, "books_rebuilt", CB_KI("fills", fills_count));
    }
    free(rebuilt);
    return status;
}

cb_status portfolio_recover(cb_shell *shell, cb_err *err)
{
    for (size_t i = 0; i < sizeof(rows_in_order) / sizeof(rows_in_order[0]); i++) {
        recover_context context = {.shell = shell, .row = &rows_in_order[i], .err = err};
        const cb_status status = run_query(shell, rows_in_order[i].sql, feed_row, &context, err);
        if (status != CB_OK) {
            return cb_err_context(err, "recovery of %s", rows_in_order[i].desc->name);
        }
    }
    return check_books(shell, err);
}
