/* The order book against a naive one: an unsorted list that is searched and sorted anew each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/prng.h"
#include "domain/book.h"

#define CAPACITY 64
#define PRICES 150

static _Alignas(16) uint8_t block[(size_t)2 * 4096 * sizeof(cb_level)];

static cb_order_book a_book(uint32_t capacity)
{
    cb_arena arena;
    cb_arena_init(&arena, block, sizeof(block));
    cb_order_book book;
    cb_order_book_init(&book, &arena, capacity);
    return book;
}

static void set(cb_order_book *book, cb_side side, int64_t price_e8, int64_t qty_e8)
{
    const cb_level level = {{price_e8}, {qty_e8}};
    assert_int_equal(cb_order_book_set(book, side, level, NULL), CB_OK);
}

static void the_best_bid_is_the_highest_and_the_best_ask_the_lowest(void **unused)
{
    (void)unused;
    cb_order_book book = a_book(CAPACITY);
    cb_level best;
    assert_false(cb_order_book_best(&book, CB_SIDE_BUY, &best));
    assert_false(cb_order_book_is_crossed(&book));
    set(&book, CB_SIDE_BUY, 99, 1);
    set(&book, CB_SIDE_BUY, 101, 2);
    set(&book, CB_SIDE_BUY, 100, 3);
    set(&book, CB_SIDE_SELL, 105, 4);
    set(&book, CB_SIDE_SELL, 103, 5);
    assert_true(cb_order_book_best(&book, CB_SIDE_BUY, &best));
    assert_int_equal(best.price.e8, 101);
    assert_true(cb_order_book_best(&book, CB_SIDE_SELL, &best));
    assert_int_equal(best.price.e8, 103);
    assert_false(cb_order_book_is_crossed(&book));
    set(&book, CB_SIDE_BUY, 103, 1);
    assert_true(cb_order_book_is_crossed(&book));
    set(&book, CB_SIDE_BUY, 103, 0);
    assert_false(cb_order_book_is_crossed(&book));
    cb_level top[3];
    assert_int_equal(cb_order_book_top(&book, CB_SIDE_BUY, 3, top), 3);
    assert_int_equal(top[0].price.e8, 101);
    assert_int_equal(top[1].price.e8, 100);
    assert_int_equal(top[2].price.e8, 99);
    assert_int_equal(cb_order_book_top(&book, CB_SIDE_SELL, 3, top), 2);
    assert_int_equal(cb_order_book_at(&book, CB_SIDE_SELL, 1).price.e8, 105);
    assert_int_equal(cb_order_book_qty_at(&book, CB_SIDE_BUY, (cb_price){100}).e8, 3);
    assert_int_equal(cb_order_book_qty_at(&book, CB_SIDE_BUY, (cb_price){98}).e8, 0);
    assert_int_equal(cb_order_book_qty_at(&book, CB_SIDE_BUY, (cb_price){200}).e8, 0);
}

static void removing_what_is_not_there_changes_nothing(void **unused)
{
    (void)unused;
    cb_order_book book = a_book(CAPACITY);
    set(&book, CB_SIDE_BUY, 100, 1);
    const uint64_t hash = cb_order_book_hash(CB_HASH_SEED, &book);
    set(&book, CB_SIDE_BUY, 99, 0);
    set(&book, CB_SIDE_BUY, 101, 0);
    set(&book, CB_SIDE_SELL, 100, 0);
    assert_int_equal(cb_order_book_hash(CB_HASH_SEED, &book), hash);
    set(&book, CB_SIDE_BUY, 100, 0);
    assert_int_equal(cb_order_book_count(&book, CB_SIDE_BUY), 0);
}

static void bad_levels_are_refused_before_any_is_applied(void **unused)
{
    (void)unused;
    static const cb_level bad[] = {{{0}, {1}}, {{-1}, {1}}, {{1}, {-1}}, {{INT64_MIN}, {0}}};
    cb_order_book book = a_book(CAPACITY);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const cb_level levels[2] = {{{100}, {1}}, bad[i]};
        assert_int_equal(cb_order_book_apply(&book, CB_SIDE_BUY, levels, 2, NULL), CB_E_RANGE);
        assert_int_equal(cb_order_book_count(&book, CB_SIDE_BUY), 0);
    }
}

static void a_full_side_gives_up_its_farthest_level(void **unused)
{
    (void)unused;
    cb_order_book book = a_book(3);
    set(&book, CB_SIDE_SELL, 10, 1);
    set(&book, CB_SIDE_SELL, 11, 1);
    set(&book, CB_SIDE_SELL, 12, 1);
    set(&book, CB_SIDE_SELL, 13, 1); /* farther than all: dropped */
    assert_int_equal(book.evicted_count, 1);
    set(&book, CB_SIDE_SELL, 9, 1); /* the best: 12 leaves */
    assert_int_equal(book.evicted_count, 2);
    cb_level top[4];
    assert_int_equal(cb_order_book_top(&book, CB_SIDE_SELL, 4, top), 3);
    assert_int_equal(top[0].price.e8, 9);
    assert_int_equal(top[2].price.e8, 11);
    set(&book, CB_SIDE_SELL, 11, 7); /* a change needs no room */
    assert_int_equal(book.evicted_count, 2);
    cb_order_book_reset(&book);
    assert_int_equal(cb_order_book_count(&book, CB_SIDE_SELL), 0);
    assert_int_equal(book.evicted_count, 0);
}

/* ---- the naive book: quantity by price, nothing more ---- */
typedef struct naive_book {
    int64_t qty_e8[2][PRICES]; /* bids, asks; price is the index */
} naive_book;

static uint32_t naive_top(const naive_book *naive, bool is_bid, cb_level *out)
{
    uint32_t count = 0;
    for (int i = 0; i < PRICES; i++) {
        const int price = is_bid ? PRICES - 1 - i : i;
        if (naive->qty_e8[is_bid ? 0 : 1][price] > 0) {
            out[count++] = (cb_level){{price}, {naive->qty_e8[is_bid ? 0 : 1][price]}};
        }
    }
    return count;
}

static void compare(const cb_order_book *book, const naive_book *naive)
{
    cb_level wanted[PRICES];
    cb_level top[PRICES];
    for (int is_bid = 0; is_bid < 2; is_bid++) {
        const cb_side side = is_bid != 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
        const uint32_t count = naive_top(naive, is_bid != 0, wanted);
        assert_int_equal(cb_order_book_count(book, side), count);
        assert_int_equal(cb_order_book_top(book, side, PRICES, top), count);
        assert_memory_equal(top, wanted, count * sizeof(cb_level));
        cb_level best;
        assert_int_equal(cb_order_book_best(book, side, &best), count > 0);
        if (count > 0) {
            assert_memory_equal(&best, &wanted[0], sizeof(best));
        }
    }
    cb_level bids[PRICES];
    cb_level asks[PRICES];
    const bool is_crossed = naive_top(naive, true, bids) > 0 && naive_top(naive, false, asks) > 0 &&
                            bids[0].price.e8 >= asks[0].price.e8;
    assert_int_equal(cb_order_book_is_crossed(book), is_crossed);
}

static void any_changes_give_the_same_as_the_naive_book(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 41);
    for (int run = 0; run < 30; run++) {
        cb_order_book book = a_book(PRICES);
        naive_book naive;
        memset(&naive, 0, sizeof(naive));
        for (int step = 0; step < 400; step++) {
            cb_level levels[8];
            const uint32_t count = (uint32_t)cb_prng_below(&prng, 9);
            const bool is_bid = cb_prng_below(&prng, 2) == 0;
            for (uint32_t i = 0; i < count; i++) {
                const int64_t price = (int64_t)cb_prng_below(&prng, PRICES - 1) + 1;
                const int64_t qty = (int64_t)cb_prng_below(&prng, 3);
                levels[i] = (cb_level){{price}, {qty}};
                naive.qty_e8[is_bid ? 0 : 1][price] = qty;
            }
            const cb_side side = is_bid ? CB_SIDE_BUY : CB_SIDE_SELL;
            assert_int_equal(cb_order_book_apply(&book, side, levels, count, NULL), CB_OK);
            compare(&book, &naive);
        }
        assert_int_equal(book.evicted_count, 0);
    }
}

static void a_small_book_keeps_the_levels_nearest_the_best(void **unused)
{
    (void)unused;
    cb_prng prng;
    cb_prng_init(&prng, 42);
    cb_order_book book = a_book(10);
    naive_book naive;
    memset(&naive, 0, sizeof(naive));
    /* Only additions: after those the ten best of all prices must be there. */
    for (int step = 0; step < 500; step++) {
        const int64_t price = (int64_t)cb_prng_below(&prng, PRICES - 1) + 1;
        const int64_t qty = (int64_t)cb_prng_below(&prng, 100) + 1;
        cb_level wanted[PRICES];
        cb_level top[10];
        set(&book, CB_SIDE_BUY, price, qty);
        naive.qty_e8[0][price] = qty;
        const uint32_t all = naive_top(&naive, true, wanted);
        const uint32_t count = all < 10 ? all : 10;
        assert_int_equal(cb_order_book_top(&book, CB_SIDE_BUY, 10, top), count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(top[i].price.e8, wanted[i].price.e8);
        }
    }
    assert_true(book.evicted_count > 0);
}

static void thousands_of_levels_fit(void **unused)
{
    (void)unused;
    cb_order_book book = a_book(4096);
    for (int64_t i = 0; i < 4096; i++) {
        set(&book, CB_SIDE_BUY, 1 + (i * 2741) % 4096, i + 1);
    }
    assert_int_equal(cb_order_book_count(&book, CB_SIDE_BUY), 4096);
    for (uint32_t i = 0; i < 4096; i++) {
        assert_int_equal(cb_order_book_at(&book, CB_SIDE_BUY, i).price.e8, 4096 - i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_bid_is_the_highest_and_the_best_ask_the_lowest),
        cmocka_unit_test(removing_what_is_not_there_changes_nothing),
        cmocka_unit_test(bad_levels_are_refused_before_any_is_applied),
        cmocka_unit_test(a_full_side_gives_up_its_farthest_level),
        cmocka_unit_test(any_changes_give_the_same_as_the_naive_book),
        cmocka_unit_test(a_small_book_keeps_the_levels_nearest_the_best),
        cmocka_unit_test(thousands_of_levels_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
