/* Booking: entries of the ledger, each once and for ever. An entry's id follows from what it books,
 * so a fill or transfer that is told again finds itself booked. Every asset's postings sum to zero
 * in every entry, and therefore in the books; that is asserted after each. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "base/textbuf.h"
#include "services/portfolio/core/state.h"

#define REFERENCE_MAX 64

/* The books as a whole would be checked in quadratic time: the touched assets are enough. */
static void assert_balanced(const portfolio_state *state, const cb_ledger_entry *entry)
{
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        cb_i128 sum = 0;
        for (uint32_t k = 0; k < state->books.count; k++) {
            if (cb_text_equal(state->sums[k].asset, entry->postings[i].asset)) {
                sum += state->sums[k].amount.e8;
            }
        }
        CB_ASSERT(sum == 0);
    }
    CB_ASSERT(entry->postings_count >= 2);
}

static void mark_sums(portfolio_state *state, const cb_ledger_entry *entry)
{
    CB_ASSERT(state->books.count <= PORTFOLIO_SUMS_MAX);
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        for (uint32_t k = 0; k < state->books.count; k++) {
            if (cb_text_equal(state->sums[k].asset, entry->postings[i].asset) &&
                cb_text_equal(state->sums[k].ledger_account, entry->postings[i].ledger_account)) {
                state->is_sum_changed[k] = true;
            }
        }
    }
}

/* The row of an asset shows the books' amount beside the venue's. */
static void update_balances(portfolio_step_context *step, const cb_ledger_entry *entry)
{
    portfolio_state *state = step->state;
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        const cb_posting *posting = &entry->postings[i];
        if (!cb_text_equal(posting->ledger_account, state->assets_account)) {
            continue;
        }
        portfolio_balance_slot *slot = portfolio_balance_take(state, posting->asset);
        if (slot == NULL) {
            continue;
        }
        slot->row.amount =
            cb_ledger_balance_of(&state->books, state->assets_account, posting->asset);
        slot->row.updated_ns = step->now_ns;
        slot->is_changed = true;
    }
    CB_ASSERT(state->balances_count <= PORTFOLIO_BALANCES_MAX);
}

bool portfolio_books_post(portfolio_state *state, const cb_ledger_entry *entry)
{
    if (cb_ledger_post(&state->books, entry, NULL) != CB_OK) {
        return false;
    }
    state->account.entries_count++;
    state->is_account_changed = true;
    mark_sums(state, entry);
    assert_balanced(state, entry);
    return true;
}

bool portfolio_book(
    portfolio_step_context *step, const cb_ledger_entry *entry, const cb_envelope *cause)
{
    portfolio_state *state = step->state;
    CB_ASSERT(!cb_id_is_none(entry->entry_id));
    if (cb_idset_has(&state->entries_seen, entry->entry_id)) {
        return false;
    }
    if (!portfolio_books_post(state, entry)) {
        state->account.refused_count++;
        state->is_account_changed = true;
        return false;
    }
    (void)cb_idset_add(&state->entries_seen, entry->entry_id);
    update_balances(step, entry);
    portfolio_entry *row = CB_STORE(step->out, PORTFOLIO_TABLE_ENTRY, portfolio_entry);
    row->entry_id = entry->entry_id;
    row->cause_id = entry->cause_id;
    row->correlation_id = cause == NULL ? (cb_id){0, 0} : cause->correlation_id;
    memcpy(row->account, state->account.account, sizeof(row->account));
    memcpy(row->venue, state->account.venue, sizeof(row->venue));
    row->kind = entry->kind;
    memcpy(row->reference, entry->reference, sizeof(row->reference));
    row->number = state->account.entries_count;
    row->venue_ts_ns = entry->booked_ns;
    row->booked_ns = step->now_ns;
    row->postings_count = entry->postings_count;
    memcpy(row->postings, entry->postings, sizeof(row->postings));
    return true;
}

/* ---- opening ---- */

static void open_asset(
    portfolio_step_context *step, const cb_balance *balance, const char *asset, int64_t total_e8)
{
    portfolio_state *state = step->state;
    const int64_t booked_e8 = portfolio_amount_of(state, asset);
    const cb_ledger_movement movement = {.venue = state->account.venue,
        .account = state->account.account,
        .asset = asset,
        .amount = {portfolio_sub(total_e8, booked_e8)},
        .reference = "opening",
        .cause_id = balance->env.event_id,
        .booked_ns = balance->venue_ts_ns};
    if (movement.amount.e8 == 0) {
        return;
    }
    cb_ledger_entry entry;
    if (cb_ledger_from_opening(&movement, &entry, NULL) != CB_OK) {
        state->account.refused_count++;
        state->is_account_changed = true;
        return;
    }
    (void)portfolio_book(step, &entry, &balance->env);
}

static int64_t total_of(const cb_asset_balance *item)
{
    return portfolio_add(item->free.e8, item->locked.e8);
}

void portfolio_books_open(portfolio_step_context *step, const cb_balance *balance)
{
    portfolio_state *state = step->state;
    CB_ASSERT(!state->account.is_open);
    CB_ASSERT(balance->reason == CB_BALANCE_REASON_SNAPSHOT);
    for (uint32_t i = 0; i < balance->balances_count; i++) {
        const cb_asset_balance *item = &balance->balances[i];
        open_asset(step, balance, item->asset, total_of(item));
    }
    state->account.is_open = true;
    state->account.fills_base =
        portfolio_sub((int64_t)balance->fills_count, (int64_t)state->account.fills_count);
    state->is_account_changed = true;
}

/* ---- transfers ---- */

/* The venue's identity of the transfer; one without a name is named by its message. */
static void print_reference(const cb_balance *balance, char out[REFERENCE_MAX])
{
    cb_textbuf text = cb_textbuf_over(out, REFERENCE_MAX);
    if (balance->transfer_id[0] != '\0') {
        cb_textbuf_add(&text, balance->transfer_id);
        return;
    }
    char id[CB_ID_TEXT_MAX];
    cb_id_print(balance->env.event_id, id);
    cb_textbuf_add(&text, id);
    CB_ASSERT(text.used > 0);
}

static void book_transfer(
    portfolio_step_context *step, const cb_balance *balance, const cb_asset_balance *change)
{
    portfolio_state *state = step->state;
    char reference[REFERENCE_MAX];
    print_reference(balance, reference);
    const cb_ledger_movement movement = {.venue = state->account.venue,
        .account = state->account.account,
        .asset = change->asset,
        .amount = change->free,
        .reference = reference,
        .cause_id = balance->env.event_id,
        .booked_ns = balance->venue_ts_ns};
    cb_ledger_entry entry;
    if (cb_ledger_from_transfer(&movement, &entry, NULL) != CB_OK) {
        state->account.refused_count++;
        state->is_account_changed = true;
        return;
    }
    int64_t price_e8 = 0;
    if (portfolio_book(step, &entry, &balance->env) &&
        portfolio_price_of(state, change->asset, &price_e8)) {
        portfolio_value_shift(step, portfolio_value_at(change->free.e8, price_e8));
    }
}

void portfolio_books_on_transfer(portfolio_step_context *step, const cb_balance *balance)
{
    CB_ASSERT(balance->reason == CB_BALANCE_REASON_TRANSFER);
    CB_ASSERT(step->state->balances_count <= PORTFOLIO_BALANCES_MAX);
    if (!step->state->account.is_open) {
        return; /* the opening snapshot has it */
    }
    for (uint32_t i = 0; i < balance->balances_count; i++) {
        book_transfer(step, balance, &balance->balances[i]);
    }
    portfolio_value_update(step);
    portfolio_publish_soon(step);
}
