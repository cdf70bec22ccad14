/* Entries from events: fills, transfers, opening balances, differences. Every entry that is built
 * here is balanced by construction and checked once more before it is handed out. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/ledger.h"

/* Joins up to four words with a separator; false when it does not fit or a word is empty. */
static bool join(char *out, size_t out_size, char separator, const char *const words[4])
{
    size_t used = 0;
    for (size_t i = 0; i < 4 && words[i] != NULL; i++) {
        const size_t size = strlen(words[i]);
        const size_t wanted = size + (i > 0 ? 1 : 0);
        if (size == 0 || wanted >= out_size - used) {
            return false;
        }
        if (i > 0) {
            out[used++] = separator;
        }
        memcpy(out + used, words[i], size);
        used += size;
    }
    out[used] = '\0';
    return used > 0;
}

bool cb_ledger_assets_account(
    const char *venue, const char *account, char out[CB_LEDGER_ACCOUNT_MAX])
{
    CB_ASSERT(venue != NULL && account != NULL);
    CB_ASSERT(out != NULL);
    const char *const words[4] = {"assets", venue, account, NULL};
    return join(out, CB_LEDGER_ACCOUNT_MAX, '/', words);
}

/* Moves amount of asset to one account and from another. */
static bool add_pair(
    cb_ledger_entry *entry, const char *to, const char *from, const char *asset, int64_t amount_e8)
{
    CB_ASSERT(amount_e8 != 0 && amount_e8 != INT64_MIN);
    CB_ASSERT(entry->postings_count + 2 <= CB_LEDGER_POSTINGS_MAX);
    cb_posting *gains = &entry->postings[entry->postings_count++];
    cb_posting *gives = &entry->postings[entry->postings_count++];
    gains->amount.e8 = amount_e8;
    gives->amount.e8 = -amount_e8;
    return asset[0] != '\0' &&
           cb_text_copy(gains->ledger_account, sizeof(gains->ledger_account), cb_sv_from(to)) &&
           cb_text_copy(gives->ledger_account, sizeof(gives->ledger_account), cb_sv_from(from)) &&
           cb_text_copy(gains->asset, sizeof(gains->asset), cb_sv_from(asset)) &&
           cb_text_copy(gives->asset, sizeof(gives->asset), cb_sv_from(asset));
}

/* Appends ":17". */
static bool append_number(char *out, size_t out_size, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    size_t used = strlen(out);
    if (count + 1 >= out_size - used) {
        return false;
    }
    out[used++] = ':';
    while (count > 0) {
        out[used++] = digits[--count];
    }
    out[used] = '\0';
    return true;
}

/* The words as the entry's reference, and the id made from them and a number. */
static bool set_reference(
    cb_ledger_entry *entry, const char *kind, const char *const words[4], uint64_t number)
{
    if (!join(entry->reference, sizeof(entry->reference), ':', words)) {
        return false;
    }
    char source[128];
    const char *const parts[4] = {"ledger", kind, entry->reference, NULL};
    if (!join(source, sizeof(source), '.', parts)) {
        return false;
    }
    entry->entry_id = cb_id_make(source, 0, number);
    return true;
}

static bool fill_is_whole(const cb_fill *fill)
{
    const bool has_fee = fill->fee.e8 != 0;
    return fill->qty.e8 > 0 && fill->quote_qty.e8 >= 0 && fill->fee.e8 != INT64_MIN &&
           (fill->side == CB_SIDE_BUY || fill->side == CB_SIDE_SELL) &&
           fill->base_asset[0] != '\0' && fill->quote_asset[0] != '\0' &&
           (!has_fee || fill->fee_asset[0] != '\0');
}

static bool build_fill(const cb_fill *fill, cb_ledger_entry *entry)
{
    char assets[CB_LEDGER_ACCOUNT_MAX];
    char trading[CB_LEDGER_ACCOUNT_MAX];
    char fees[CB_LEDGER_ACCOUNT_MAX];
    const char *const trading_words[4] = {"trading", fill->venue, fill->symbol, NULL};
    const char *const fees_words[4] = {"fees", fill->venue, NULL, NULL};
    const char *const reference_words[4] = {fill->venue, fill->account, fill->symbol, NULL};
    if (!cb_ledger_assets_account(fill->venue, fill->account, assets) ||
        !join(trading, sizeof(trading), '/', trading_words) ||
        !join(fees, sizeof(fees), '/', fees_words) ||
        !set_reference(entry, "fill", reference_words, fill->trade_id) ||
        !append_number(entry->reference, sizeof(entry->reference), fill->trade_id)) {
        return false;
    }
    const int64_t sign = fill->side == CB_SIDE_BUY ? 1 : -1;
    bool is_built = add_pair(entry, assets, trading, fill->base_asset, sign * fill->qty.e8);
    if (is_built && fill->quote_qty.e8 > 0) {
        is_built = add_pair(entry, assets, trading, fill->quote_asset, -sign * fill->quote_qty.e8);
    }
    if (is_built && fill->fee.e8 != 0) { /* negative: a rebate comes in */
        is_built = add_pair(entry, assets, fees, fill->fee_asset, -fill->fee.e8);
    }
    return is_built;
}

/* The last steps of every builder: what was built is checked before anyone sees it. */
static cb_status hand_out(
    bool is_built, const cb_ledger_entry *entry, cb_ledger_entry *out, cb_err *err)
{
    if (!is_built) {
        return CB_FAIL(err, CB_E_RANGE, "a ledger entry lacks a name or a name is too long");
    }
    const cb_status status = cb_ledger_check(entry, NULL);
    CB_ASSERT(status == CB_OK);
    CB_ASSERT(!cb_id_is_none(entry->entry_id));
    *out = *entry;
    return CB_OK;
}

cb_status cb_ledger_from_fill(const cb_fill *fill, cb_ledger_entry *out, cb_err *err)
{
    CB_ASSERT(fill != NULL);
    CB_ASSERT(out != NULL);
    if (!fill_is_whole(fill)) {
        return CB_FAIL(err, CB_E_RANGE, "a fill needs side, assets, positive amounts");
    }
    cb_ledger_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.kind = CB_LEDGER_KIND_FILL;
    entry.cause_id = fill->env.event_id;
    entry.booked_ns = fill->venue_ts_ns;
    return hand_out(build_fill(fill, &entry), &entry, out, err);
}

static cb_status build_movement(const cb_ledger_movement *movement,
    cb_ledger_kind kind,
    const char *counter,
    cb_ledger_entry *out,
    cb_err *err)
{
    CB_ASSERT(movement != NULL);
    CB_ASSERT(out != NULL);
    if (movement->amount.e8 == 0 || movement->amount.e8 == INT64_MIN) {
        return CB_FAIL(err, CB_E_RANGE, "a movement needs an amount");
    }
    cb_ledger_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.kind = kind;
    entry.cause_id = movement->cause_id;
    entry.booked_ns = movement->booked_ns;
    char assets[CB_LEDGER_ACCOUNT_MAX];
    char other[CB_LEDGER_ACCOUNT_MAX];
    const char *const other_words[4] = {counter, movement->venue, NULL, NULL};
    const char *const reference_words[4] = {
        movement->venue, movement->account, movement->asset, movement->reference};
    const bool is_built = movement->reference[0] != '\0' &&
                          cb_ledger_assets_account(movement->venue, movement->account, assets) &&
                          join(other, sizeof(other), '/', other_words) &&
                          set_reference(&entry, counter, reference_words, 1) &&
                          add_pair(&entry, assets, other, movement->asset, movement->amount.e8);
    return hand_out(is_built, &entry, out, err);
}

cb_status cb_ledger_from_transfer(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err)
{
    CB_ASSERT(movement != NULL);
    const cb_ledger_kind kind =
        movement->amount.e8 > 0 ? CB_LEDGER_KIND_DEPOSIT : CB_LEDGER_KIND_WITHDRAWAL;
    return build_movement(movement, kind, "transfers", out, err);
}

cb_status cb_ledger_from_opening(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err)
{
    return build_movement(movement, CB_LEDGER_KIND_OPENING, "opening", out, err);
}

cb_status cb_ledger_from_difference(
    const cb_ledger_movement *movement, cb_ledger_entry *out, cb_err *err)
{
    return build_movement(movement, CB_LEDGER_KIND_CORRECTION, "differences", out, err);
}
