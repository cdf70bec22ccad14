/* Recovery: which rows go back into the core, as which event, in which order. The last rows of the
 * long tables are enough: the core remembers only so many. */
#include <string.h>

#include "services/risk/risk_shell.h"

#define ROW_SIZE_MAX sizeof(risk_limits)

typedef struct recover_row {
    risk_event event;
    const cb_desc *desc;
    const char *sql; /* $1 account, $2 venue */
} recover_row;

#define BOUND " AND ($1::text, $2::text) IS NOT NULL"

static const recover_row rows_in_order[] = {
    {RISK_EVENT_RECOVER_ACCOUNT,
        &risk_account_desc,
        "SELECT * FROM account WHERE account = $1" BOUND},
    {RISK_EVENT_RECOVER_BALANCE,
        &risk_balance_desc,
        "SELECT * FROM balance WHERE account = $1" BOUND " ORDER BY asset"},
    {RISK_EVENT_RECOVER_POSITION,
        &risk_position_desc,
        "SELECT * FROM position WHERE account = $1" BOUND " ORDER BY symbol"},
    {RISK_EVENT_RECOVER_MARK, &risk_mark_desc, "SELECT * FROM mark WHERE venue = $2" BOUND},
    {RISK_EVENT_RECOVER_INSTRUMENT,
        &cb_instrument_desc,
        "SELECT * FROM instrument WHERE venue = $2" BOUND},
    {RISK_EVENT_RECOVER_RESERVATION,
        &risk_reservation_desc,
        "(SELECT * FROM reservation WHERE account = $1 AND NOT is_terminal" BOUND
        ") UNION ALL (SELECT * FROM reservation WHERE account = $1 AND is_terminal AND is_foreign"
        " ORDER BY number DESC LIMIT 1024) ORDER BY number"},
    {RISK_EVENT_RECOVER_FILL,
        &risk_fill_desc,
        "SELECT * FROM (SELECT * FROM fill WHERE account = $1" BOUND
        " ORDER BY number DESC LIMIT 16384) newest ORDER BY number"},
    {RISK_EVENT_RECOVER_COUNTER,
        &risk_counter_desc,
        "SELECT * FROM counter WHERE name <> ''" BOUND " ORDER BY full_ns DESC LIMIT 65"},
    {RISK_EVENT_RECOVER_LIMITS,
        &risk_limits_desc,
        "SELECT * FROM limits WHERE version > 0" BOUND " ORDER BY version DESC LIMIT 1"},
    {RISK_EVENT_RECOVER_JUDGEMENT,
        &risk_judgement_desc,
        "SELECT intent_id, number FROM (SELECT intent_id, number FROM judgement WHERE number > "
        "0" BOUND " ORDER BY number DESC LIMIT 16384) newest ORDER BY number"},
    {RISK_EVENT_RECOVER_HELD,
        &risk_held_desc,
        "SELECT * FROM held WHERE is_held" BOUND " ORDER BY number"},
    {RISK_EVENT_RECOVER_INTENT,
        &cb_intent_desc,
        "SELECT intent.* FROM intent JOIN held USING (intent_id) WHERE held.is_held" BOUND
        " ORDER BY held.number"},
    {RISK_EVENT_RECOVER_REQUEST,
        &risk_request_row_desc,
        "SELECT * FROM (SELECT * FROM request WHERE number > 0" BOUND
        " ORDER BY number DESC LIMIT 1024) newest ORDER BY number"},
    {RISK_EVENT_RECOVER_KILL,
        &cb_kill_desc,
        "SELECT * FROM kill WHERE version > 0" BOUND
        " ORDER BY scope = '*' DESC, level DESC, version DESC LIMIT 64"},
    {RISK_EVENT_RECOVER_UNKILL,
        &risk_unkill_desc,
        "SELECT * FROM (SELECT * FROM unkill WHERE number > 0" BOUND
        " ORDER BY number DESC LIMIT 32) newest ORDER BY number"},
    {RISK_EVENT_RECOVER_SUB,
        &risk_subaccount_desc,
        "SELECT * FROM subaccount WHERE account = $1" BOUND " ORDER BY number"},
    {RISK_EVENT_RECOVER_WINDOW,
        &risk_window_desc,
        "SELECT * FROM rate_window WHERE touched > 0" BOUND " ORDER BY touched DESC LIMIT 256"},
    {RISK_EVENT_RECOVER_TURN,
        &risk_turn_desc,
        "SELECT * FROM turn WHERE is_waiting" BOUND " ORDER BY number"},
    {RISK_EVENT_RECOVER_CHANGE,
        &risk_change_desc,
        "SELECT * FROM change_request WHERE state = 'pending' AND kind = 'limit'" BOUND
        " ORDER BY number"},
};

typedef struct recover_context {
    cb_shell *shell;
    const recover_row *row;
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

cb_status risk_recover(cb_shell *shell, cb_err *err)
{
    const risk_config *config = cb_shell_config(shell);
    cb_params params;
    cb_params_reset(&params);
    cb_params_text(&params, config->account);
    cb_params_text(&params, config->venue);
    for (size_t i = 0; i < sizeof(rows_in_order) / sizeof(rows_in_order[0]); i++) {
        recover_context context = {shell, &rows_in_order[i], CB_OK, err};
        cb_status status =
            cb_pg_exec(cb_shell_pg(shell), rows_in_order[i].sql, &params, feed_row, &context, err);
        status = status == CB_OK ? context.status : status;
        if (status != CB_OK) {
            return cb_err_context(err, "recovery of %s", rows_in_order[i].desc->name);
        }
    }
    return CB_OK;
}
