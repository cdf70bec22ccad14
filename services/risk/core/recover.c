/* Taking stored rows back, before any message is delivered. Each row is what a step has stored, so
 * that the state after all of them is the state before the end of the process; best prices and data
 * quality are heard anew. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "services/risk/core/state.h"

static void recover_account(risk_state *state, const risk_account *row)
{
    CB_ASSERT(cb_text_equal(row->account, state->config->account));
    state->account = *row;
}

static void recover_balance(risk_state *state, const risk_balance *row)
{
    CB_ASSERT(state->balances_count < RISK_BALANCES_MAX);
    CB_ASSERT(risk_balance_find(state, row->asset) == NULL);
    state->balances[state->balances_count++].row = *row;
}

static void recover_position(risk_state *state, const risk_position *row)
{
    risk_symbol *symbol = risk_symbol_take(state, row->symbol);
    CB_ASSERT(symbol != NULL);
    symbol->position = *row;
}

/* A symbol that is no longer configured keeps its position, but not its market. */
static void recover_mark(risk_state *state, const risk_mark *row)
{
    risk_symbol *symbol = risk_symbol_find(state, row->symbol);
    if (symbol == NULL || !symbol->is_configured) {
        return;
    }
    CB_ASSERT(row->price.e8 > 0);
    symbol->mark = *row;
    symbol->has_mark = true;
}

static void recover_instrument(risk_state *state, const cb_instrument *row)
{
    risk_symbol *symbol = risk_symbol_find(state, row->symbol);
    if (symbol == NULL || !symbol->is_configured) {
        return;
    }
    symbol->instrument = *row;
    symbol->instrument.env = (cb_envelope){.seq = 0};
    symbol->has_instrument = true;
    CB_ASSERT(symbol->instrument.base_asset[0] != '\0');
}

static void recover_reservation(risk_state *state, const risk_reservation *row)
{
    CB_ASSERT(!cb_id_is_none(row->intent_id));
    if (!row->is_terminal) {
        CB_ASSERT(state->open_count < RISK_RESERVATIONS_MAX);
        state->open[state->open_count++].row = *row;
    } else if (row->is_foreign) {
        (void)cb_idset_add(&state->foreign_ended, row->intent_id);
    }
}

static void recover_counter(risk_state *state, const risk_counter *row)
{
    CB_ASSERT(row->name[0] != '\0');
    if (state->counters_count == RISK_COUNTERS_MAX) {
        return; /* strategies of old: they start with a full bucket again */
    }
    state->counters[state->counters_count++].row = *row;
}

static void recover_held(risk_state *state, const risk_held *row)
{
    CB_ASSERT(row->is_held);
    CB_ASSERT(state->held_count < RISK_HELD_MAX);
    state->held[state->held_count++].row = *row;
}

static void recover_intent(risk_state *state, const cb_intent *intent)
{
    for (uint32_t i = 0; i < state->held_count; i++) {
        if (cb_id_equal(state->held[i].row.intent_id, intent->intent_id)) {
            state->held[i].intent = *intent;
            return;
        }
    }
    CB_ASSERT(false); /* the row that says it is held comes first */
}

static void recover_decided(risk_state *state, const cb_event *event)
{
    if (event->type == RISK_EVENT_RECOVER_FILL) {
        const risk_fill *row = CB_BODY(event, risk_fill);
        (void)cb_idset_add(&state->fills_seen,
            risk_fill_identity(row->account, row->venue, row->symbol, row->trade_id));
    } else if (event->type == RISK_EVENT_RECOVER_JUDGEMENT) {
        (void)cb_idset_add(&state->judged_seen, CB_BODY(event, risk_judgement)->intent_id);
    } else if (event->type == RISK_EVENT_RECOVER_LIMITS) {
        risk_limits_recover(state, CB_BODY(event, risk_limits));
    } else if (event->type == RISK_EVENT_RECOVER_UNKILL) {
        risk_unkill_recover(state, CB_BODY(event, risk_unkill));
    } else if (event->type == RISK_EVENT_RECOVER_REQUEST) {
        risk_request_remember(state, CB_BODY(event, risk_request_row));
    } else if (event->type == RISK_EVENT_RECOVER_SUB) {
        risk_sub_recover(state, CB_BODY(event, risk_subaccount));
    } else if (event->type == RISK_EVENT_RECOVER_WINDOW) {
        risk_window_recover(state, CB_BODY(event, risk_window));
    } else if (event->type == RISK_EVENT_RECOVER_TURN) {
        risk_turn_recover(state, CB_BODY(event, risk_turn));
    } else if (event->type == RISK_EVENT_RECOVER_CHANGE) {
        risk_change_recover(state, CB_BODY(event, risk_change));
    } else {
        CB_ASSERT(event->type == RISK_EVENT_RECOVER_KILL);
        risk_kill_recover(state, CB_BODY(event, cb_kill));
    }
}

void risk_recover_row(risk_state *state, const cb_event *event)
{
    CB_ASSERT(event->is_recovery);
    CB_ASSERT(!state->is_recovered);
    switch (event->type) {
    case RISK_EVENT_RECOVER_ACCOUNT:
        recover_account(state, CB_BODY(event, risk_account));
        break;
    case RISK_EVENT_RECOVER_BALANCE:
        recover_balance(state, CB_BODY(event, risk_balance));
        break;
    case RISK_EVENT_RECOVER_POSITION:
        recover_position(state, CB_BODY(event, risk_position));
        break;
    case RISK_EVENT_RECOVER_MARK:
        recover_mark(state, CB_BODY(event, risk_mark));
        break;
    case RISK_EVENT_RECOVER_INSTRUMENT:
        recover_instrument(state, CB_BODY(event, cb_instrument));
        break;
    case RISK_EVENT_RECOVER_RESERVATION:
        recover_reservation(state, CB_BODY(event, risk_reservation));
        break;
    case RISK_EVENT_RECOVER_COUNTER:
        recover_counter(state, CB_BODY(event, risk_counter));
        break;
    case RISK_EVENT_RECOVER_HELD:
        recover_held(state, CB_BODY(event, risk_held));
        break;
    case RISK_EVENT_RECOVER_INTENT:
        recover_intent(state, CB_BODY(event, cb_intent));
        break;
    default:
        recover_decided(state, event);
        break;
    }
}
