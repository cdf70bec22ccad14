/* Ledger entries: their descriptions, their check, and the books that sum them. Which events make
 * entries is in ledger_build.c. */
#include "domain/ledger.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"

static const char *const cb_ledger_kind_values[] = {
#define KIND_TEXT(constant, text) text,
    CB_LEDGER_KIND_LIST(KIND_TEXT)
#undef KIND_TEXT
};
const cb_enum_desc cb_ledger_kind_desc = {"ledger_kind",
    sizeof(cb_ledger_kind_values) / sizeof(cb_ledger_kind_values[0]),
    cb_ledger_kind_values};

#define CB_SELF cb_posting
CB_DESC(cb_posting, "posting", CB_POSTING_FIELDS)
#undef CB_SELF
#define CB_SELF cb_ledger_entry
CB_DESC(cb_ledger_entry, "ledger_entry", CB_LEDGER_ENTRY_FIELDS)
#undef CB_SELF

static cb_status check_posting(const cb_posting *posting, uint32_t index, cb_err *err)
{
    if (posting->ledger_account[0] == '\0' || posting->asset[0] == '\0') {
        return CB_FAIL(err, CB_E_CORRUPT, "posting %u names no account or asset", index);
    }
    if (posting->amount.e8 == 0) {
        return CB_FAIL(err, CB_E_CORRUPT, "posting %u moves nothing", index);
    }
    return CB_OK;
}

/* 128 bits: a few int64 cannot overflow it. */
static cb_i128 sum_of_asset(const cb_ledger_entry *entry, const char *asset)
{
    cb_i128 sum = 0;
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        if (cb_text_equal(entry->postings[i].asset, asset)) {
            sum += entry->postings[i].amount.e8;
        }
    }
    return sum;
}

cb_status cb_ledger_check(const cb_ledger_entry *entry, cb_err *err)
{
    CB_ASSERT(entry != NULL);
    CB_ASSERT(entry->postings_count <= CB_LEDGER_POSTINGS_MAX);
    if (entry->postings_count < 2) {
        return CB_FAIL(err, CB_E_CORRUPT, "an entry needs two sides");
    }
    for (uint32_t i = 0; i < entry->postings_count; i++) {
        const cb_posting *posting = &entry->postings[i];
        const cb_status status = check_posting(posting, i, err);
        if (status != CB_OK) {
            return status;
        }
        if (sum_of_asset(entry, posting->asset) != 0) {
            return CB_FAIL(err, CB_E_CORRUPT, "postings in %s do not sum to zero", posting->asset);
        }
    }
    return CB_OK;
}

void cb_ledger_books_init(cb_ledger_books *books, cb_arena *arena, uint32_t capacity)
{
    CB_ASSERT(books != NULL && arena != NULL);
    CB_ASSERT(capacity > 0);
    *books = (cb_ledger_books){.rows = cb_arena_alloc(arena, capacity, sizeof(cb_ledger_balance)),
        .count = 0,
        .capacity = capacity};
}

static cb_ledger_balance *find_row(
    const cb_ledger_books *books, const char *ledger_account, const char *asset)
{
    for (uint32_t i = 0; i < books->count; i++) {
        cb_ledger_balance *row = &books->rows[i];
        if (cb_text_equal(row->asset, asset) &&
            cb_text_equal(row->ledger_account, ledger_account)) {
            return row;
        }
    }
    return NULL;
}

static cb_ledger_balance *find_or_add_row(cb_ledger_books *books, const cb_posting *posting)
{
    cb_ledger_balance *row = find_row(books, posting->ledger_account, posting->asset);
    if (row != NULL || books->count == books->capacity) {
        return row;
    }
    row = &books->rows[books->count++];
    *row = (cb_ledger_balance){.amount = {0}};
    const bool is_account_kept = cb_text_copy(
        row->ledger_account, sizeof(row->ledger_account), cb_sv_from(posting->ledger_account));
    const bool is_asset_kept =
        cb_text_copy(row->asset, sizeof(row->asset), cb_sv_from(posting->asset));
    CB_ASSERT(is_account_kept && is_asset_kept);
    return row;
}

cb_status cb_ledger_post(cb_ledger_books *books, const cb_ledger_entry *entry, cb_err *err)
{
    CB_ASSERT(books != NULL && entry != NULL);
    cb_status status = cb_ledger_check(entry, err);
    if (status != CB_OK) {
        return status;
    }
    /* Sums are first made aside: a posting may meet a row twice, and all or nothing is booked. */
    const uint32_t count_before = books->count;
    int64_t before_e8[CB_LEDGER_POSTINGS_MAX];
    cb_ledger_balance *rows[CB_LEDGER_POSTINGS_MAX];
    uint32_t done = 0;
    for (; done < entry->postings_count && status == CB_OK; done++) {
        const cb_posting *posting = &entry->postings[done];
        rows[done] = find_or_add_row(books, posting);
        if (rows[done] == NULL) {
            status = CB_FAIL(err, CB_E_FULL, "the books have no room for %s", posting->asset);
            break;
        }
        before_e8[done] = rows[done]->amount.e8;
        status = cb_add_e8(before_e8[done], posting->amount.e8, &rows[done]->amount.e8, err);
    }
    if (status == CB_OK) {
        return CB_OK;
    }
    while (done > 0) {
        done--;
        rows[done]->amount.e8 = before_e8[done];
    }
    books->count = count_before;
    return status;
}

cb_amount cb_ledger_balance_of(
    const cb_ledger_books *books, const char *ledger_account, const char *asset)
{
    CB_ASSERT(books != NULL);
    CB_ASSERT(ledger_account != NULL && asset != NULL);
    const cb_ledger_balance *row = find_row(books, ledger_account, asset);
    return row == NULL ? (cb_amount){0} : row->amount;
}

bool cb_ledger_is_balanced(const cb_ledger_books *books)
{
    CB_ASSERT(books != NULL);
    for (uint32_t i = 0; i < books->count; i++) {
        cb_i128 sum = 0;
        for (uint32_t j = 0; j < books->count; j++) {
            if (cb_text_equal(books->rows[i].asset, books->rows[j].asset)) {
                sum += books->rows[j].amount.e8;
            }
        }
        if (sum != 0) {
            return false;
        }
    }
    return true;
}

uint64_t cb_ledger_books_hash(uint64_t hash, const cb_ledger_books *books)
{
    CB_ASSERT(books != NULL);
    hash = cb_hash_u64(hash, books->count);
    for (uint32_t i = 0; i < books->count; i++) {
        hash = cb_hash_text(hash, books->rows[i].ledger_account);
        hash = cb_hash_text(hash, books->rows[i].asset);
        hash = cb_hash_u64(hash, (uint64_t)books->rows[i].amount.e8);
    }
    return hash;
}
