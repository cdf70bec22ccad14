/* The scanners of arbitrage: planted loops are found with their gain and size, fair prices have
 * none, old quotes do not count, and what is found pays when it is traded step by step. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "services/signals/core/arbitrage.h"

static const arbitrage_terms terms = {.now_ns = 1000, .age_max_ns = 100, .gain_min = 1e-9};

static arbitrage_quote quote_of(
    const char *venue, const char *base, const char *quote, double bid, double ask)
{
    arbitrage_quote q = {.bid = bid, .bid_qty = 2, .ask = ask, .ask_qty = 3, .at_ns = 950};
    memcpy(q.venue, venue, strlen(venue));
    memcpy(q.base, base, strlen(base));
    memcpy(q.quote, quote, strlen(quote));
    return q;
}

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-12 * fmax(1, fabs(wanted)))) {
        fail_msg("%.15g instead of %.15g", value, wanted);
    }
}

static void a_cross_is_bought_cheap_and_sold_dear(void **unused)
{
    (void)unused;
    arbitrage_quote quotes[] = {quote_of("one", "BTC", "USDT", 100, 101),
        quote_of("two", "BTC", "USDT", 103, 104),
        quote_of("two", "ETH", "USDT", 500, 501)};
    arbitrage_cross cross;
    assert_true(arbitrage_find_cross(quotes, 3, &terms, &cross));
    assert_int_equal(cross.buy, 0);
    assert_int_equal(cross.sell, 1);
    near(cross.gain, 103.0 / 101 - 1);
    near(cross.qty, 2); /* the bid has less */
    quotes[0].fee = 0.001;
    quotes[1].fee = 0.002;
    assert_true(arbitrage_find_cross(quotes, 3, &terms, &cross));
    near(cross.gain, 0.999 * 0.998 * 103.0 / 101 - 1);
    near(cross.qty, 2 / 0.999); /* what arrives after the fee is what can be sold */
    quotes[1].fee = 0.02;
    assert_false(arbitrage_find_cross(quotes, 3, &terms, &cross)); /* the fees eat it */
    quotes[1].fee = 0;
    quotes[1].at_ns = 800;
    assert_false(arbitrage_find_cross(quotes, 3, &terms, &cross)); /* too old */
}

static void a_triangle_is_found_in_its_direction(void **unused)
{
    (void)unused;
    /* USDT -> BTC at 100, BTC -> ETH at 0.05, ETH -> USDT at 5.1: 2 percent */
    arbitrage_quote quotes[] = {quote_of("one", "BTC", "USDT", 99.9, 100),
        quote_of("one", "ETH", "BTC", 0.0499, 0.05),
        quote_of("one", "ETH", "USDT", 5.1, 5.11),
        quote_of("two", "ETH", "USDT", 9, 9.1)}; /* another venue does not close a cycle */
    arbitrage_triangle triangle;
    assert_true(arbitrage_find_triangle(quotes, 4, "USDT", &terms, &triangle));
    near(triangle.gain, 5.1 / 0.05 / 100 - 1);
    assert_int_equal(triangle.quotes[0], 0);
    assert_int_equal(triangle.quotes[1], 1);
    assert_int_equal(triangle.quotes[2], 2);
    assert_true(triangle.is_buy[0] && triangle.is_buy[1] && !triangle.is_buy[2]);
    /* 300 USDT of BTC, 3 ETH at 0.05 BTC = 15 USDT, 2 ETH sold = 10 USDT: the least */
    near(triangle.amount, 10);
    quotes[2].fee = 0.03;
    assert_false(arbitrage_find_triangle(quotes, 4, "USDT", &terms, &triangle));
}

/* Prices that follow from one value per asset, less a spread: no loop pays. */
static void fair_prices_have_no_loop(void **unused)
{
    (void)unused;
    static const char *const assets[] = {"USDT", "BTC", "ETH", "BNB", "SOL"};
    cb_prng prng;
    cb_prng_init(&prng, 71);
    for (uint32_t round = 0; round < 500; round++) {
        double values[5];
        arbitrage_quote quotes[ARBITRAGE_QUOTES_MAX];
        uint32_t count = 0;
        for (uint32_t i = 0; i < 5; i++) {
            values[i] = 1 + (double)cb_prng_below(&prng, 100000);
        }
        for (uint32_t i = 0; i < 5; i++) {
            for (uint32_t k = 0; k < i; k++) {
                const double fair = values[i] / values[k];
                quotes[count++] =
                    quote_of("one", assets[i], assets[k], fair * 0.9999, fair * 1.0001);
            }
        }
        arbitrage_triangle triangle;
        assert_false(arbitrage_find_triangle(quotes, count, "USDT", &terms, &triangle));
        /* One market off by two percent: found, and it pays when traded. */
        arbitrage_quote *off = &quotes[cb_prng_below(&prng, count)];
        off->bid *= 1.02;
        off->ask *= 1.02;
        const bool has_loop = arbitrage_find_triangle(quotes, count, "USDT", &terms, &triangle);
        assert_true(has_loop);
        double amount = triangle.amount;
        for (uint32_t s = 0; s < 3; s++) {
            const arbitrage_quote *q = &quotes[triangle.quotes[s]];
            const double spent = triangle.is_buy[s] ? amount / q->ask : amount;
            assert_true(spent <= (triangle.is_buy[s] ? q->ask_qty : q->bid_qty) * (1 + 1e-9));
            amount = triangle.is_buy[s] ? amount / q->ask : amount * q->bid;
        }
        near(amount / triangle.amount - 1, triangle.gain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cross_is_bought_cheap_and_sold_dear),
        cmocka_unit_test(a_triangle_is_found_in_its_direction),
        cmocka_unit_test(fair_prices_have_no_loop),
    };
    return cmocka_run_group_tests_name("signals_arbitrage", tests, NULL, NULL);
}
