/* Virtual sub-accounts: many strategies share one account at the venue, and each has its own
 * position, payments, result, highest result and day, derived from the fills of its intents. The
 * sum over all strategies and what is shown as unattributed (deposits, fees in other assets) is the
 * account, because what no sub-account explains is by definition unattributed.
 *
 * A result is what came in less what went out, and what is still held at its mark. It is computed
 * when asked for; only its highest value and its value at 00:00 UTC are kept. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "services/risk/core/state.h"

#define ALL "*"

/* ---- places ---- */

static int sub_index(const risk_state *state, const char *strategy, const char *symbol)
{
    CB_ASSERT(state->subs_count <= RISK_SUBS_MAX);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_subaccount *row = &state->subs[i].row;
        if (cb_text_equal(row->strategy, strategy) && cb_text_equal(row->symbol, symbol)) {
            return (int)i;
        }
    }
    return -1;
}

const risk_sub_slot *risk_sub_find(
    const risk_state *state, const char *strategy, const char *symbol)
{
    const int index = sub_index(state, strategy, symbol);
    CB_ASSERT(index < (int)RISK_SUBS_MAX);
    return index < 0 ? NULL : &state->subs[index];
}

static bool is_sum(const risk_subaccount *row)
{
    return cb_text_equal(row->strategy, ALL) || cb_text_equal(row->symbol, ALL);
}

bool risk_sub_has_room(const risk_state *state, const char *strategy, const char *symbol)
{
    uint32_t needed = sub_index(state, strategy, symbol) < 0 ? 1 : 0;
    needed += sub_index(state, strategy, ALL) < 0 ? 1 : 0;
    needed += sub_index(state, ALL, symbol) < 0 ? 1 : 0;
    CB_ASSERT(needed <= 3);
    return state->subs_count + needed <= RISK_SUBS_MAX && !cb_text_equal(strategy, ALL) &&
           !cb_text_equal(symbol, ALL);
}

static uint32_t sub_make(risk_step_context *step, const char *strategy, const char *symbol)
{
    risk_state *state = step->state;
    const int known = sub_index(state, strategy, symbol);
    if (known >= 0) {
        return (uint32_t)known;
    }
    CB_ASSERT(state->subs_count < RISK_SUBS_MAX);
    risk_sub_slot *slot = &state->subs[state->subs_count++];
    *slot = (risk_sub_slot){.is_changed = true};
    risk_subaccount *row = &slot->row;
    memcpy(row->account, state->account.account, sizeof(row->account));
    const bool has_strategy =
        cb_text_copy(row->strategy, sizeof(row->strategy), cb_sv_from(strategy));
    const bool has_symbol = cb_text_copy(row->symbol, sizeof(row->symbol), cb_sv_from(symbol));
    CB_ASSERT(has_strategy && has_symbol);
    row->number = state->subs_count;
    row->day_start_ns = step->now_ns - step->now_ns % CB_NS_PER_DAY;
    row->updated_ns = step->now_ns;
    return state->subs_count - 1;
}

bool risk_sub_open(risk_step_context *step, const char *strategy, const char *symbol)
{
    risk_state *state = step->state;
    if (!risk_sub_has_room(state, strategy, symbol)) {
        return false;
    }
    const uint32_t strategy_index = sub_make(step, strategy, ALL);
    const uint32_t symbol_index = sub_make(step, ALL, symbol);
    risk_sub_slot *leaf = &state->subs[sub_make(step, strategy, symbol)];
    leaf->strategy_index = strategy_index;
    leaf->symbol_index = symbol_index;
    CB_ASSERT(strategy_index != symbol_index);
    return true;
}

void risk_sub_recover(risk_state *state, const risk_subaccount *row)
{
    CB_ASSERT(state->subs_count < RISK_SUBS_MAX);
    risk_sub_slot *slot = &state->subs[state->subs_count++];
    *slot = (risk_sub_slot){.row = *row};
    if (is_sum(row)) {
        return;
    }
    /* The sums were made before the row itself. */
    const int strategy_index = sub_index(state, row->strategy, ALL);
    const int symbol_index = sub_index(state, ALL, row->symbol);
    CB_ASSERT(strategy_index >= 0);
    CB_ASSERT(symbol_index >= 0);
    slot->strategy_index = (uint32_t)strategy_index;
    slot->symbol_index = (uint32_t)symbol_index;
}

/* ---- results ---- */

static const risk_symbol *symbol_of(const risk_state *state, const char *name)
{
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].name, name)) {
            return &state->symbols[i];
        }
    }
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    return NULL;
}

/* What a strategy holds of one symbol at the mark, rounded towards zero. */
static bool held_value(const risk_state *state, const risk_subaccount *row, int64_t *out_e8)
{
    *out_e8 = 0;
    if (row->qty.e8 == 0) {
        return true;
    }
    const risk_symbol *symbol = symbol_of(state, row->symbol);
    if (symbol == NULL || !symbol->has_mark) {
        return false;
    }
    CB_ASSERT(symbol->mark.price.e8 > 0);
    if (cb_mul_e8(row->qty.e8, symbol->mark.price.e8, CB_ROUND_DOWN, out_e8, NULL) != CB_OK) {
        *out_e8 = row->qty.e8 < 0 ? INT64_MIN : INT64_MAX;
    }
    return true;
}

bool risk_sub_result(const risk_state *state, const risk_sub_slot *slot, int64_t *out_e8)
{
    const uint32_t index = (uint32_t)(slot - state->subs);
    int64_t sum_e8 = risk_sub(slot->row.cash.e8, slot->row.fees.e8);
    int64_t value_e8 = 0;
    CB_ASSERT(index < state->subs_count);
    *out_e8 = 0;
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_sub_slot *leaf = &state->subs[i];
        const bool is_part =
            i == index || leaf->strategy_index == index || leaf->symbol_index == index;
        if (is_sum(&leaf->row) || !is_part) {
            continue;
        }
        if (!held_value(state, &leaf->row, &value_e8)) {
            return false;
        }
        sum_e8 = risk_add(sum_e8, value_e8);
    }
    *out_e8 = sum_e8;
    return true;
}

typedef struct sub_results {
    int64_t result_e8[RISK_SUBS_MAX];
    bool is_known[RISK_SUBS_MAX];
} sub_results;

/* All at once, in one pass over the rows. */
static void all_results(const risk_state *state, sub_results *out)
{
    CB_ASSERT(state->subs_count <= RISK_SUBS_MAX);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_subaccount *row = &state->subs[i].row;
        out->result_e8[i] = risk_sub(row->cash.e8, row->fees.e8);
        out->is_known[i] = true;
    }
    for (uint32_t i = 0; i < state->subs_count; i++) {
        const risk_sub_slot *leaf = &state->subs[i];
        int64_t value_e8 = 0;
        if (is_sum(&leaf->row) || leaf->row.qty.e8 == 0) {
            continue;
        }
        const bool is_known = held_value(state, &leaf->row, &value_e8);
        const uint32_t parts[] = {i, leaf->strategy_index, leaf->symbol_index};
        for (uint32_t k = 0; k < 3; k++) {
            out->result_e8[parts[k]] = risk_add(out->result_e8[parts[k]], value_e8);
            out->is_known[parts[k]] = out->is_known[parts[k]] && is_known;
        }
    }
}

void risk_sub_update(risk_step_context *step)
{
    risk_state *state = step->state;
    sub_results results;
    all_results(state, &results);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        risk_sub_slot *slot = &state->subs[i];
        if (results.is_known[i] && results.result_e8[i] > slot->row.peak.e8) {
            slot->row.peak.e8 = results.result_e8[i];
            slot->row.updated_ns = step->now_ns;
            slot->is_changed = true;
        }
    }
    CB_ASSERT(state->subs_count <= RISK_SUBS_MAX);
}

void risk_sub_roll(risk_step_context *step)
{
    risk_state *state = step->state;
    CB_ASSERT(step->now_ns >= 0);
    const int64_t day_ns = step->now_ns - step->now_ns % CB_NS_PER_DAY;
    /* All rows begin a day together, so the first tells for all. */
    if (state->subs_count == 0 || day_ns <= state->subs[0].row.day_start_ns) {
        return;
    }
    sub_results results;
    all_results(state, &results);
    for (uint32_t i = 0; i < state->subs_count; i++) {
        risk_subaccount *row = &state->subs[i].row;
        row->day_start_ns = day_ns;
        row->day_start.e8 = results.is_known[i] ? results.result_e8[i] : row->day_start.e8;
        row->losses = 0;
        row->losses_before = 0;
        row->updated_ns = step->now_ns;
        state->subs[i].is_changed = true;
    }
    CB_ASSERT(state->subs[0].row.day_start_ns == day_ns);
}

/* ---- fills ---- */

/* A closing order lost or won as a whole, however many fills it had. */
static void count_closing(risk_subaccount *row, cb_id intent_id, int64_t realised_e8)
{
    if (!cb_id_equal(row->closing_id, intent_id)) {
        row->closing_id = intent_id;
        row->closing.e8 = 0;
        row->losses_before = row->losses;
    }
    row->closing.e8 = risk_add(row->closing.e8, realised_e8);
    if (row->closing.e8 < 0) {
        row->losses = row->losses_before + 1;
    } else {
        row->losses = row->closing.e8 > 0 ? 0 : row->losses_before;
    }
    CB_ASSERT(row->losses <= row->losses_before + 1);
}

/* What the fill paid in the quote asset, and its fee in a third asset at the mark. */
static void payments_of(
    const risk_state *state, const cb_fill *fill, int64_t *cash_e8, int64_t *fees_e8)
{
    const bool is_buy = fill->side == CB_SIDE_BUY;
    CB_ASSERT(fill->quote_qty.e8 >= 0);
    *cash_e8 = is_buy ? -fill->quote_qty.e8 : fill->quote_qty.e8;
    *fees_e8 = 0;
    if (cb_text_equal(fill->fee_asset, fill->quote_asset)) {
        *cash_e8 = risk_sub(*cash_e8, fill->fee.e8);
    } else if (!cb_text_equal(fill->fee_asset, fill->base_asset)) {
        /* Of an asset that nothing prices the value is unknown and counts nothing. */
        CB_MAYBE(risk_equity_value(state, fill->fee_asset, fill->fee.e8, fees_e8));
    }
}

static void add_payments(risk_sub_slot *slot, int64_t cash_e8, int64_t fees_e8, int64_t now_ns)
{
    slot->row.cash.e8 = risk_add(slot->row.cash.e8, cash_e8);
    slot->row.fees.e8 = risk_add(slot->row.fees.e8, fees_e8);
    slot->row.fills_count++;
    slot->row.updated_ns = now_ns;
    slot->is_changed = true;
    CB_ASSERT(slot->row.fills_count > 0);
}

void risk_sub_on_fill(risk_step_context *step, const cb_fill *fill)
{
    risk_state *state = step->state;
    if (!risk_sub_open(step, fill->strategy, fill->symbol)) {
        risk_account_doubt(state); /* only a fill that no permit of ours allowed can come here */
        return;
    }
    const int index = sub_index(state, fill->strategy, fill->symbol);
    CB_ASSERT(index >= 0);
    risk_sub_slot *leaf = &state->subs[index];
    cb_holding holding = {leaf->row.qty, leaf->row.cost, leaf->row.realised};
    if (risk_holding_apply(&holding, fill) != CB_OK) {
        risk_account_doubt(state);
        return;
    }
    const int64_t gained_e8 = risk_sub(holding.realised.e8, leaf->row.realised.e8);
    const bool is_closing = (leaf->row.qty.e8 > 0 && fill->side == CB_SIDE_SELL) ||
                            (leaf->row.qty.e8 < 0 && fill->side == CB_SIDE_BUY);
    leaf->row.qty = holding.qty;
    leaf->row.cost = holding.cost;
    int64_t cash_e8 = 0;
    int64_t fees_e8 = 0;
    payments_of(state, fill, &cash_e8, &fees_e8);
    risk_sub_slot *const slots[] = {
        leaf, &state->subs[leaf->strategy_index], &state->subs[leaf->symbol_index]};
    for (uint32_t i = 0; i < 3; i++) {
        slots[i]->row.realised.e8 = risk_add(slots[i]->row.realised.e8, gained_e8);
        add_payments(slots[i], cash_e8, fees_e8, step->now_ns);
        if (is_closing) {
            count_closing(&slots[i]->row, fill->intent_id, gained_e8);
        }
    }
}
