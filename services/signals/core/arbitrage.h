/* Scanners for arbitrage: what best quotes would yield, after fees and as far as their sizes reach.
 * They only look; nothing is ordered from here. Pure over their input. */
#ifndef SIGNALS_ARBITRAGE_H
#define SIGNALS_ARBITRAGE_H

#include <stdbool.h>
#include <stdint.h>

#define ARBITRAGE_QUOTES_MAX 64U

/* Best quotes of one market. */
typedef struct arbitrage_quote {
    char venue[12];
    char base[12];
    char quote[12];
    double bid;
    double bid_qty; /* base units */
    double ask;
    double ask_qty;
    double fee;    /* of a taker, as a share of what is received */
    int64_t at_ns; /* when it was received */
} arbitrage_quote;

/* Buy at one venue, sell the same at another. */
typedef struct arbitrage_cross {
    uint32_t buy;  /* index of the quote that is bought at its ask */
    uint32_t sell; /* … and sold at its bid */
    double gain;   /* share of what is spent, after both fees */
    double qty;    /* base units that both sides have */
} arbitrage_cross;

/* Three markets of one venue from an asset back to it. */
typedef struct arbitrage_triangle {
    uint32_t quotes[3];
    bool
        is_buy[3]; /* the quote asset is spent at the ask; else the base asset is sold at the bid */
    double gain;   /* share of what is spent, after three fees */
    double amount; /* of the starting asset that all three sizes allow */
} arbitrage_triangle;

typedef struct arbitrage_terms {
    int64_t now_ns;
    int64_t age_max_ns; /* an older quote does not count */
    double gain_min;
} arbitrage_terms;

/** The best pair of venues for the same market; false when none reaches gain_min. */
bool arbitrage_find_cross(const arbitrage_quote *quotes,
    uint32_t count,
    const arbitrage_terms *terms,
    arbitrage_cross *out);
/** The best cycle of three markets that begins and ends with an asset; false when none does. */
bool arbitrage_find_triangle(const arbitrage_quote *quotes,
    uint32_t count,
    const char *asset,
    const arbitrage_terms *terms,
    arbitrage_triangle *out);

#endif /* SIGNALS_ARBITRAGE_H */
