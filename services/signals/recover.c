/* Stored state back into the core at start: rules that ran, what is held and watched, intents that
 * are on their way, raised kill latches, and recent accepted opinions (they speak on, and are not
 * repeated). Candles come from the validator afterwards. */
#include <string.h>

#include "services/signals/signals_shell.h"

/* The largest body that is re-fed. */
typedef union recover_body {
    cb_signal signal;
    cb_kill kill;
    signals_book book;
    signals_flight flight;
    signals_rules rules;
} recover_body;

typedef struct recover_context {
    cb_shell *shell;
    const cb_desc *desc;
    uint32_t event;
    cb_status status;
    cb_err *err;
} recover_context;

static void feed_row(void *context, const cb_row *row)
{
    recover_context *recover = context;
    recover_body body;
    if (recover->status != CB_OK) {
        return;
    }
    memset(&body, 0, sizeof body);
    recover->status = cb_row_body(row, recover->desc, &body, recover->err);
    if (recover->status == CB_OK) {
        cb_shell_recover_event(recover->shell,
            recover->event,
            cb_shell_now_ns(recover->shell),
            &body,
            recover->desc->size);
    }
}

static cb_status feed_rows(
    cb_shell *shell, const char *sql, const cb_desc *desc, uint32_t event, cb_err *err)
{
    recover_context context = {shell, desc, event, CB_OK, err};
    cb_status status = cb_pg_exec(cb_shell_pg(shell), sql, NULL, feed_row, &context, err);
    status = status == CB_OK ? context.status : status;
    return status == CB_OK ? CB_OK : cb_err_context(err, "recovering %s", desc->name);
}

cb_status signals_recover(cb_shell *shell, cb_err *err)
{
    static const char signals_sql[] =
        "SELECT * FROM signal WHERE status IN ('aggregated', 'decided')"
        " AND purpose IN ('entry', 'exit')"
        " AND data_ts_ns > (SELECT max(data_ts_ns) FROM signal) - 86400000000000"
        " ORDER BY data_ts_ns, epoch, seq";
    const signals_epoch epoch = {cb_shell_epoch(shell)};
    cb_shell_recover_event(
        shell, SIGNALS_EVENT_EPOCH, cb_shell_now_ns(shell), &epoch, sizeof epoch);
    cb_status status = feed_rows(
        shell, "SELECT * FROM kill_state ORDER BY scope", &cb_kill_desc, SIGNALS_EVENT_KILL, err);
    if (status == CB_OK) {
        status = feed_rows(shell,
            "SELECT * FROM rules_now ORDER BY file",
            &signals_rules_desc,
            SIGNALS_EVENT_RULES,
            err);
    }
    if (status == CB_OK) {
        status = feed_rows(shell,
            "SELECT * FROM book ORDER BY account, venue, symbol",
            &signals_book_desc,
            SIGNALS_EVENT_BOOK,
            err);
    }
    if (status == CB_OK) {
        status = feed_rows(shell,
            "SELECT * FROM flight WHERE NOT is_closed ORDER BY decided_ns, intent_id",
            &signals_flight_desc,
            SIGNALS_EVENT_FLIGHT,
            err);
    }
    if (status == CB_OK) {
        status = feed_rows(shell, signals_sql, &cb_signal_desc, SIGNALS_EVENT_SIGNAL, err);
    }
    return status;
}
