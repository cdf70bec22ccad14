/* Double entry: every entry sums to zero per asset, all or nothing is booked, and the books always
 * agree with a naive list of all postings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "domain/ledger.h"

static _Alignas(16) uint8_t block[64 * 1024];

static cb_ledger_books some_books(uint32_t capacity)
{
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    cb_ledger_books books;
    cb_ledger_books_init(&books, &arena, capacity);
    return books;
}

static cb_fill a_fill(cb_side side)
{
    cb_fill fill;
    memset(&fill, 0, sizeof(fill));
    fill.env.event_id = (cb_id){8, 9};
    memcpy(fill.account, "main", 5);
    memcpy(fill.venue, "binance", 8);
    memcpy(fill.symbol, "BTCUSDT", 8);
    memcpy(fill.base_asset, "BTC", 4);
    memcpy(fill.quote_asset, "USDT", 5);
    memcpy(fill.fee_asset, "BNB", 4);
    fill.trade_id = 17;
    fill.side = side;
    fill.price.e8 = 50000 * CB_E8;
    fill.qty.e8 = CB_E8 / 10;
    fill.quote_qty.e8 = 5000 * CB_E8;
    fill.fee.e8 = 12345;
    fill.venue_ts_ns = 99;
    return fill;
}

static int64_t balance(const cb_ledger_books *books, const char *account, const char *asset)
{
    return cb_ledger_balance_of(books, account, asset).e8;
}

static void a_buy_moves_base_quote_and_fee(void **unused)
{
    (void)unused;
    const cb_fill fill = a_fill(CB_SIDE_BUY);
    cb_ledger_entry entry;
    assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_OK);
    assert_int_equal(entry.kind, CB_LEDGER_KIND_FILL);
    assert_int_equal(entry.postings_count, 6);
    assert_string_equal(entry.reference, "binance:main:BTCUSDT:17");
    assert_true(cb_id_equal(entry.cause_id, fill.env.event_id));
    assert_int_equal(entry.booked_ns, 99);
    cb_ledger_books books = some_books(16);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    assert_int_equal(balance(&books, "assets/binance/main", "BTC"), CB_E8 / 10);
    assert_int_equal(balance(&books, "assets/binance/main", "USDT"), -5000 * CB_E8);
    assert_int_equal(balance(&books, "assets/binance/main", "BNB"), -12345);
    assert_int_equal(balance(&books, "trading/binance/BTCUSDT", "BTC"), -CB_E8 / 10);
    assert_int_equal(balance(&books, "trading/binance/BTCUSDT", "USDT"), 5000 * CB_E8);
    assert_int_equal(balance(&books, "fees/binance", "BNB"), 12345);
    assert_int_equal(balance(&books, "fees/binance", "BTC"), 0);
    assert_true(cb_ledger_is_balanced(&books));
}

static void a_sell_moves_the_other_way_and_the_fee_leaves(void **unused)
{
    (void)unused;
    cb_fill fill = a_fill(CB_SIDE_SELL);
    memcpy(fill.fee_asset, "USDT", 5);
    cb_ledger_entry entry;
    assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_OK);
    cb_ledger_books books = some_books(16);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    assert_int_equal(balance(&books, "assets/binance/main", "BTC"), -CB_E8 / 10);
    assert_int_equal(balance(&books, "assets/binance/main", "USDT"), 5000 * CB_E8 - 12345);
    assert_int_equal(balance(&books, "fees/binance", "USDT"), 12345);
}

static void a_negative_fee_is_a_rebate(void **unused)
{
    (void)unused;
    cb_fill fill = a_fill(CB_SIDE_BUY);
    fill.fee.e8 = -5;
    cb_ledger_entry entry;
    assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_OK);
    cb_ledger_books books = some_books(16);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    assert_int_equal(balance(&books, "assets/binance/main", "BNB"), 5);
    assert_int_equal(balance(&books, "fees/binance", "BNB"), -5);
}

static void fills_without_fee_or_quote_still_balance(void **unused)
{
    (void)unused;
    cb_fill fill = a_fill(CB_SIDE_BUY);
    fill.fee.e8 = 0;
    fill.fee_asset[0] = '\0';
    cb_ledger_entry entry;
    assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_OK);
    assert_int_equal(entry.postings_count, 4);
    fill.quote_qty.e8 = 0;
    assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_OK);
    assert_int_equal(entry.postings_count, 2);
}

static void the_entry_id_names_the_trade(void **unused)
{
    (void)unused;
    cb_fill fill = a_fill(CB_SIDE_BUY);
    cb_ledger_entry first;
    cb_ledger_entry again;
    assert_int_equal(cb_ledger_from_fill(&fill, &first, NULL), CB_OK);
    fill.env.event_id = (cb_id){77, 77};
    fill.source = CB_FILL_SOURCE_RECON;
    assert_int_equal(cb_ledger_from_fill(&fill, &again, NULL), CB_OK);
    assert_true(cb_id_equal(first.entry_id, again.entry_id));
    fill.trade_id = 18;
    assert_int_equal(cb_ledger_from_fill(&fill, &again, NULL), CB_OK);
    assert_false(cb_id_equal(first.entry_id, again.entry_id));
    fill.trade_id = 17;
    memcpy(fill.symbol, "ETHUSDT", 8);
    assert_int_equal(cb_ledger_from_fill(&fill, &again, NULL), CB_OK);
    assert_false(cb_id_equal(first.entry_id, again.entry_id));
    memcpy(fill.symbol, "BTCUSDT", 8);
    memcpy(fill.account, "two", 4);
    assert_int_equal(cb_ledger_from_fill(&fill, &again, NULL), CB_OK);
    assert_false(cb_id_equal(first.entry_id, again.entry_id));
}

static void incomplete_fills_are_refused(void **unused)
{
    (void)unused;
    cb_ledger_entry entry;
    for (int i = 0; i < 9; i++) {
        cb_fill fill = a_fill(CB_SIDE_BUY);
        switch (i) {
        case 0:
            fill.qty.e8 = 0;
            break;
        case 1:
            fill.qty.e8 = -1;
            break;
        case 2:
            fill.quote_qty.e8 = -1;
            break;
        case 3:
            fill.fee.e8 = INT64_MIN;
            break;
        case 4:
            fill.fee_asset[0] = '\0';
            break;
        case 5:
            fill.base_asset[0] = '\0';
            break;
        case 6:
            fill.side = CB_SIDE_NONE;
            break;
        case 7:
            fill.account[0] = '\0';
            break;
        default:
            fill.symbol[0] = '\0';
            break;
        }
        assert_int_equal(cb_ledger_from_fill(&fill, &entry, NULL), CB_E_RANGE);
    }
}

static cb_ledger_movement a_movement(int64_t amount_e8)
{
    return (cb_ledger_movement){.venue = "binance",
        .account = "main",
        .asset = "USDT",
        .amount = {amount_e8},
        .reference = "tx-1",
        .cause_id = {1, 1},
        .booked_ns = 5};
}

static void movements_have_their_own_counter_accounts(void **unused)
{
    (void)unused;
    cb_ledger_books books = some_books(16);
    cb_ledger_entry entry;
    cb_ledger_movement movement = a_movement(1000);
    assert_int_equal(cb_ledger_from_opening(&movement, &entry, NULL), CB_OK);
    assert_int_equal(entry.kind, CB_LEDGER_KIND_OPENING);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_OK);
    assert_int_equal(entry.kind, CB_LEDGER_KIND_DEPOSIT);
    assert_string_equal(entry.reference, "binance:main:USDT:tx-1");
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    movement = a_movement(-300);
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_OK);
    assert_int_equal(entry.kind, CB_LEDGER_KIND_WITHDRAWAL);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    movement = a_movement(-7);
    assert_int_equal(cb_ledger_from_difference(&movement, &entry, NULL), CB_OK);
    assert_int_equal(entry.kind, CB_LEDGER_KIND_CORRECTION);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    assert_int_equal(balance(&books, "assets/binance/main", "USDT"), 1693);
    assert_int_equal(balance(&books, "opening/binance", "USDT"), -1000);
    assert_int_equal(balance(&books, "transfers/binance", "USDT"), -700);
    assert_int_equal(balance(&books, "differences/binance", "USDT"), 7);
    assert_true(cb_ledger_is_balanced(&books));
}

static void movements_keep_the_longest_names_and_refuse_empty_ones(void **unused)
{
    (void)unused;
    cb_ledger_entry entry;
    cb_ledger_movement movement = a_movement(1);
    movement.venue = "vvvvvvvvvvv";
    movement.account = "aaaaaaaaaaaaaaa";
    movement.asset = "AAAAAAAAAAA";
    movement.reference = "ttttttttttttttttttttttttttttttttttttttttttttttt";
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_OK);
    const cb_ledger_entry first = entry;
    movement.reference = "tttttttttttttttttttttttttttttttttttttttttttttts";
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_OK);
    assert_false(cb_id_equal(first.entry_id, entry.entry_id));
    movement.reference = "";
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_E_RANGE);
    movement = a_movement(0);
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_E_RANGE);
    movement = a_movement(INT64_MIN);
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_E_RANGE);
    movement = a_movement(1);
    movement.asset = "";
    assert_int_equal(cb_ledger_from_transfer(&movement, &entry, NULL), CB_E_RANGE);
    movement = a_movement(1);
    movement.asset = "LONGER_THAN_AN_ASSET";
    assert_int_equal(cb_ledger_from_opening(&movement, &entry, NULL), CB_E_RANGE);
}

static cb_ledger_entry entry_of(uint32_t count)
{
    cb_ledger_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.entry_id = (cb_id){1, 1};
    entry.postings_count = count;
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(entry.postings[i].ledger_account,
            sizeof(entry.postings[i].ledger_account),
            "account/%u",
            i);
        memcpy(entry.postings[i].asset, "USDT", 5);
        entry.postings[i].amount.e8 = i % 2 == 0 ? 10 : -10;
    }
    return entry;
}

static void unbalanced_entries_are_refused_and_book_nothing(void **unused)
{
    (void)unused;
    cb_ledger_books books = some_books(16);
    cb_err err;
    cb_ledger_entry entry = entry_of(4);
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_OK);
    entry.postings[3].amount.e8 = -11;
    assert_int_equal(cb_ledger_post(&books, &entry, &err), CB_E_CORRUPT);
    assert_non_null(strstr(err.text, "USDT"));
    entry = entry_of(4);
    memcpy(entry.postings[3].asset, "BTC", 4);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_E_CORRUPT);
    entry = entry_of(1);
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_E_CORRUPT);
    entry = entry_of(0);
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_E_CORRUPT);
    entry = entry_of(2);
    entry.postings[0].amount.e8 = 0;
    entry.postings[1].amount.e8 = 0;
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_E_CORRUPT);
    entry = entry_of(2);
    entry.postings[0].ledger_account[0] = '\0';
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_E_CORRUPT);
    /* Sums that only wrap to zero in 64 bits: 2 * 2^62 + 2 * 2^62 = 2^64. */
    entry = entry_of(4);
    for (uint32_t i = 0; i < 4; i++) {
        entry.postings[i].amount.e8 = INT64_C(1) << 62;
    }
    assert_int_equal(cb_ledger_check(&entry, NULL), CB_E_CORRUPT);
    assert_int_equal(books.count, 0);
}

static void all_or_nothing_when_full_or_out_of_range(void **unused)
{
    (void)unused;
    cb_ledger_books books = some_books(3);
    cb_ledger_entry entry = entry_of(2);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
    const uint64_t hash = cb_ledger_books_hash(CB_HASH_SEED, &books);
    entry = entry_of(4);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_E_FULL);
    assert_int_equal(cb_ledger_books_hash(CB_HASH_SEED, &books), hash);
    entry = entry_of(2);
    entry.postings[0].amount.e8 = INT64_MAX - 5;
    entry.postings[1].amount.e8 = -(INT64_MAX - 5);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_E_RANGE);
    assert_int_equal(cb_ledger_books_hash(CB_HASH_SEED, &books), hash);
    /* The same account twice in one entry: the undo goes back to the beginning. */
    entry = entry_of(4);
    for (uint32_t i = 0; i < 4; i++) {
        memcpy(entry.postings[i].ledger_account, "account/0", 10);
    }
    entry.postings[0].amount.e8 = INT64_MAX - 30;
    entry.postings[1].amount.e8 = 30;
    entry.postings[2].amount.e8 = -30;
    entry.postings[3].amount.e8 = -(INT64_MAX - 30);
    assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_E_RANGE);
    assert_int_equal(cb_ledger_books_hash(CB_HASH_SEED, &books), hash);
}

/* ---- any entries against a naive list ---- */
#define NAMES 5
#define ASSETS 3

static void set_posting(cb_posting *posting, uint64_t account, uint64_t asset, int64_t amount_e8)
{
    (void)snprintf(posting->ledger_account, sizeof(posting->ledger_account), "a/%d", (int)account);
    (void)snprintf(posting->asset, sizeof(posting->asset), "X%d", (int)asset);
    posting->amount.e8 = amount_e8;
}

static void random_entry(cb_prng *prng, cb_ledger_entry *entry, int64_t sums[NAMES][ASSETS])
{
    memset(entry, 0, sizeof(*entry));
    const uint64_t pairs = cb_prng_below(prng, CB_LEDGER_POSTINGS_MAX / 2) + 1;
    for (uint64_t i = 0; i < pairs; i++) {
        const uint64_t asset = cb_prng_below(prng, ASSETS);
        const uint64_t to = cb_prng_below(prng, NAMES);
        const uint64_t from = cb_prng_below(prng, NAMES);
        const int64_t amount_e8 = (int64_t)cb_prng_below(prng, UINT64_C(1) << 40) + 1;
        set_posting(&entry->postings[entry->postings_count++], to, asset, amount_e8);
        set_posting(&entry->postings[entry->postings_count++], from, asset, -amount_e8);
        sums[to][asset] += amount_e8;
        sums[from][asset] -= amount_e8;
    }
}

static void the_books_equal_the_sum_of_all_postings(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 31);
    cb_ledger_books books = some_books(NAMES * ASSETS);
    int64_t sums[NAMES][ASSETS] = {{0}};
    for (int round = 0; round < 5000; round++) {
        cb_ledger_entry entry;
        random_entry(&prng, &entry, sums);
        assert_int_equal(cb_ledger_post(&books, &entry, NULL), CB_OK);
        assert_true(cb_ledger_is_balanced(&books));
    }
    for (int name = 0; name < NAMES; name++) {
        for (int asset = 0; asset < ASSETS; asset++) {
            cb_posting key;
            set_posting(&key, (uint64_t)name, (uint64_t)asset, 0);
            assert_int_equal(balance(&books, key.ledger_account, key.asset), sums[name][asset]);
        }
    }
    books.rows[0].amount.e8++;
    assert_false(cb_ledger_is_balanced(&books));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buy_moves_base_quote_and_fee),
        cmocka_unit_test(a_sell_moves_the_other_way_and_the_fee_leaves),
        cmocka_unit_test(a_negative_fee_is_a_rebate),
        cmocka_unit_test(fills_without_fee_or_quote_still_balance),
        cmocka_unit_test(the_entry_id_names_the_trade),
        cmocka_unit_test(incomplete_fills_are_refused),
        cmocka_unit_test(movements_have_their_own_counter_accounts),
        cmocka_unit_test(movements_keep_the_longest_names_and_refuse_empty_ones),
        cmocka_unit_test(unbalanced_entries_are_refused_and_book_nothing),
        cmocka_unit_test(all_or_nothing_when_full_or_out_of_range),
        cmocka_unit_test(the_books_equal_the_sum_of_all_postings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
