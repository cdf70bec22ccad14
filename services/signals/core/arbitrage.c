/* Looks through best quotes for loops that pay. Every loop is computed the way it would be traded:
 * each step gives what it yields, less its fee, to the next. */
#include "services/signals/core/arbitrage.h"

#include <stddef.h>

#include "base/assert.h"
#include "base/strview.h"

static bool is_usable(const arbitrage_quote *quote, const arbitrage_terms *terms)
{
    return quote->bid > 0 && quote->ask > quote->bid && quote->bid_qty > 0 && quote->ask_qty > 0 &&
           quote->fee >= 0 && quote->fee < 1 && terms->now_ns - quote->at_ns <= terms->age_max_ns;
}

static bool is_same_market(const arbitrage_quote *a, const arbitrage_quote *b)
{
    return cb_text_equal(a->base, b->base) && cb_text_equal(a->quote, b->quote);
}

bool arbitrage_find_cross(const arbitrage_quote *quotes,
    uint32_t count,
    const arbitrage_terms *terms,
    arbitrage_cross *out)
{
    bool is_found = false;
    CB_ASSERT(quotes != NULL && out != NULL);
    CB_ASSERT(count <= ARBITRAGE_QUOTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < count; k++) {
            const arbitrage_quote *buy = &quotes[i];
            const arbitrage_quote *sell = &quotes[k];
            if (i == k || !is_same_market(buy, sell) || cb_text_equal(buy->venue, sell->venue) ||
                !is_usable(buy, terms) || !is_usable(sell, terms)) {
                continue;
            }
            /* The fee of a purchase is taken from what is bought, that of a sale from its value. */
            const double gain = (1 - buy->fee) * (1 - sell->fee) * sell->bid / buy->ask - 1;
            if (gain < terms->gain_min || (is_found && gain <= out->gain)) {
                continue;
            }
            const double bought = buy->ask_qty * (1 - buy->fee);
            *out = (arbitrage_cross){.buy = i,
                .sell = k,
                .gain = gain,
                .qty = bought < sell->bid_qty ? buy->ask_qty : sell->bid_qty / (1 - buy->fee)};
            is_found = true;
        }
    }
    return is_found;
}

/* One step of a cycle. */
typedef struct step {
    const char *to; /* the asset that it gives */
    bool is_buy;
    double rate; /* units given for one unit spent, less the fee */
    double most; /* units that may be spent */
} step;

/* What a market gives for an asset; to is NULL when it does not trade it. */
static step step_from(const arbitrage_quote *quote, const char *asset)
{
    if (cb_text_equal(quote->quote, asset)) {
        return (step){
            quote->base, true, (1 - quote->fee) / quote->ask, quote->ask_qty * quote->ask};
    }
    if (cb_text_equal(quote->base, asset)) {
        return (step){quote->quote, false, (1 - quote->fee) * quote->bid, quote->bid_qty};
    }
    return (step){.to = NULL};
}

/* Takes the third market of a cycle whose first two are chosen; keeps the best. */
static bool close_cycle(const arbitrage_quote *quotes,
    uint32_t count,
    const char *asset,
    const arbitrage_terms *terms,
    const uint32_t chosen[2],
    arbitrage_triangle *out,
    bool is_found)
{
    const step first = step_from(&quotes[chosen[0]], asset);
    const step second = step_from(&quotes[chosen[1]], first.to);
    CB_ASSERT(first.to != NULL && second.to != NULL);
    for (uint32_t i = 0; i < count; i++) {
        const arbitrage_quote *quote = &quotes[i];
        if (i == chosen[0] || i == chosen[1] || !is_usable(quote, terms) ||
            !cb_text_equal(quote->venue, quotes[chosen[0]].venue)) {
            continue;
        }
        const step third = step_from(quote, second.to);
        if (third.to == NULL || !cb_text_equal(third.to, asset)) {
            continue;
        }
        const double gain = first.rate * second.rate * third.rate - 1;
        if (gain < terms->gain_min || (is_found && gain <= out->gain)) {
            continue;
        }
        double amount = first.most;
        const double by_second = second.most / first.rate;
        const double by_third = third.most / (first.rate * second.rate);
        amount = by_second < amount ? by_second : amount;
        amount = by_third < amount ? by_third : amount;
        *out = (arbitrage_triangle){.quotes = {chosen[0], chosen[1], i},
            .is_buy = {first.is_buy, second.is_buy, third.is_buy},
            .gain = gain,
            .amount = amount};
        is_found = true;
    }
    return is_found;
}

bool arbitrage_find_triangle(const arbitrage_quote *quotes,
    uint32_t count,
    const char *asset,
    const arbitrage_terms *terms,
    arbitrage_triangle *out)
{
    bool is_found = false;
    CB_ASSERT(quotes != NULL && asset != NULL && out != NULL);
    CB_ASSERT(count <= ARBITRAGE_QUOTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const step first = step_from(&quotes[i], asset);
        if (first.to == NULL || !is_usable(&quotes[i], terms)) {
            continue;
        }
        for (uint32_t k = 0; k < count; k++) {
            if (k == i || !is_usable(&quotes[k], terms) ||
                !cb_text_equal(quotes[k].venue, quotes[i].venue)) {
                continue;
            }
            const step second = step_from(&quotes[k], first.to);
            if (second.to == NULL || cb_text_equal(second.to, asset)) {
                continue;
            }
            const uint32_t chosen[2] = {i, k};
            is_found = close_cycle(quotes, count, asset, terms, chosen, out, is_found);
        }
    }
    return is_found;
}
