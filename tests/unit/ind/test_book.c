/* Indicators of the order book against their definitions, written down anew. */
#include "indicator_runner.h"
#include "ind/book_indicator.h"

#define BOOKS 300

static cb_book_view books[BOOKS];

static void random_books(uint64_t seed)
{
    cb_prng prng;
    double middle = 100;
    cb_prng_init(&prng, seed);
    for (size_t i = 0; i < BOOKS; i++) {
        cb_book_view *book = &books[i];
        middle += (double)cb_prng_below(&prng, 3) - 1;
        middle = middle > 50 ? middle : 50;
        book->bids_count = 1 + (uint32_t)cb_prng_below(&prng, CB_BOOK_LEVELS_MAX);
        book->asks_count = 1 + (uint32_t)cb_prng_below(&prng, CB_BOOK_LEVELS_MAX);
        for (uint32_t k = 0; k < CB_BOOK_LEVELS_MAX; k++) {
            book->bids[k] = (cb_book_level){middle - 0.5 - k, 0.1 + random_unit(&prng)};
            book->asks[k] = (cb_book_level){middle + 0.5 + k, 0.1 + random_unit(&prng)};
        }
    }
}

typedef struct book_runner {
    const cb_book_indicator_ops *ops;
    int64_t params[CB_PARAMS_PER_ENTRY_MAX];
    void *state;
} book_runner;

static book_runner open_book(const char *name)
{
    book_runner r = {.ops = cb_book_indicator_find(name)};
    assert_non_null(r.ops);
    for (uint32_t i = 0; i < r.ops->params_count; i++) {
        r.params[i] = r.ops->params[i].default_value;
    }
    const size_t size = r.ops->state_size(r.params);
    assert_int_equal(size % 8, 0);
    r.state = malloc(size);
    assert_non_null(r.state);
    memset(r.state, 0xa5, size);
    r.ops->init(r.state, r.params);
    return r;
}

static void imbalance_is_the_share_of_what_waits(void **unused)
{
    (void)unused;
    book_runner r = open_book("imbalance");
    random_books(1);
    for (size_t i = 0; i < BOOKS; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX];
        double bids = 0;
        double asks = 0;
        for (uint32_t k = 0; k < 5; k++) {
            bids += k < books[i].bids_count ? books[i].bids[k].qty : 0;
            asks += k < books[i].asks_count ? books[i].asks[k].qty : 0;
        }
        assert_true(r.ops->update(r.state, &books[i], out));
        assert_near(out[0], 2 * bids / (bids + asks) - 1, 1e-12);
    }
    free(r.state);
}

static void microprice_lies_within_the_spread(void **unused)
{
    (void)unused;
    book_runner r = open_book("microprice");
    random_books(2);
    for (size_t i = 0; i < BOOKS; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX];
        const cb_book_level bid = books[i].bids[0];
        const cb_book_level ask = books[i].asks[0];
        assert_true(r.ops->update(r.state, &books[i], out));
        assert_near(
            out[0], (bid.price * ask.qty + ask.price * bid.qty) / (bid.qty + ask.qty), 1e-12);
        assert_true(out[0] >= bid.price && out[0] <= ask.price);
        assert_int_equal(out[0] > out[1], bid.qty > ask.qty); /* drawn to the thinner side */
    }
    free(r.state);
}

static void order_flow_adds_what_came_and_left(void **unused)
{
    (void)unused;
    book_runner r = open_book("order_flow");
    double flows[BOOKS] = {0};
    random_books(3);
    for (size_t i = 0; i < BOOKS; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX];
        double wanted = 0;
        if (i > 0) {
            const cb_book_level b = books[i].bids[0];
            const cb_book_level b0 = books[i - 1].bids[0];
            const cb_book_level a = books[i].asks[0];
            const cb_book_level a0 = books[i - 1].asks[0];
            const double bid = b.price > b0.price   ? b.qty
                               : b.price < b0.price ? -b0.qty
                                                    : b.qty - b0.qty;
            const double ask = a.price < a0.price   ? a.qty
                               : a.price > a0.price ? -a0.qty
                                                    : a.qty - a0.qty;
            flows[i] = bid - ask;
        }
        for (size_t k = 0; k < 50 && k < i; k++) {
            wanted += flows[i - k];
        }
        const bool is_warm = r.ops->update(r.state, &books[i], out);
        assert_int_equal(is_warm, i >= 50);
        if (is_warm) {
            assert_near(out[0], wanted, 1e-10);
            assert_true(out[1] >= -1 && out[1] <= 1);
        }
    }
    free(r.state);
}

static void spread_is_in_ten_thousandths(void **unused)
{
    (void)unused;
    book_runner r = open_book("spread");
    random_books(4);
    for (size_t i = 0; i < BOOKS; i++) {
        double out[CB_INDICATOR_OUTPUTS_MAX];
        const double middle = books[i].bids[0].price + 0.5;
        const bool is_warm = r.ops->update(r.state, &books[i], out);
        assert_int_equal(is_warm, i + 1 >= 50);
        if (is_warm) {
            assert_near(out[0], 10000 / middle, 1e-10);
        }
    }
    free(r.state);
}

static void a_book_becomes_a_view_or_is_refused(void **unused)
{
    (void)unused;
    static cb_book book;
    cb_book_view view;
    memset(&book, 0, sizeof book);
    book.is_valid = true;
    book.bids_count = 2;
    book.asks_count = 1;
    book.bids[0] = (cb_level){.price.e8 = 100 * CB_E8, .qty.e8 = CB_E8};
    book.bids[1] = (cb_level){.price.e8 = 99 * CB_E8, .qty.e8 = 0};
    book.asks[0] = (cb_level){.price.e8 = 101 * CB_E8, .qty.e8 = 2 * CB_E8};
    assert_true(cb_book_view_from(&book, &view));
    assert_int_equal(view.bids_count, 1); /* a level without quantity is none */
    assert_near(view.asks[0].qty, 2, 0);
    book.asks[0].price.e8 = 100 * CB_E8;
    assert_false(cb_book_view_from(&book, &view)); /* crossed */
    book.asks_count = 0;
    assert_false(cb_book_view_from(&book, &view));
    book.is_valid = false;
    assert_false(cb_book_view_from(&book, &view));
    assert_null(cb_book_indicator_find("no such indicator"));
    assert_null(cb_book_indicator_at(cb_book_indicators_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imbalance_is_the_share_of_what_waits),
        cmocka_unit_test(microprice_lies_within_the_spread),
        cmocka_unit_test(order_flow_adds_what_came_and_left),
        cmocka_unit_test(spread_is_in_ten_thousandths),
        cmocka_unit_test(a_book_becomes_a_view_or_is_refused),
    };
    return cmocka_run_group_tests_name("ind_book", tests, NULL, NULL);
}
