/* What an instrument allows: rounding to its grid and its filters, each refusal with its name. The
 * filters follow Binance's rules; 0 in a limit means that the venue does not state it. */
#ifndef CB_INSTRUMENT_H
#define CB_INSTRUMENT_H

#include "domain/messages.h"

typedef enum cb_instrument_refusal {
    CB_INSTRUMENT_REFUSAL_NONE,
    CB_INSTRUMENT_REFUSAL_NOT_TRADING,
    CB_INSTRUMENT_REFUSAL_NO_PRICE, /* a priced order, or a reference, without price */
    CB_INSTRUMENT_REFUSAL_PRICE_MIN,
    CB_INSTRUMENT_REFUSAL_PRICE_MAX,
    CB_INSTRUMENT_REFUSAL_TICK_SIZE,
    CB_INSTRUMENT_REFUSAL_PERCENT_PRICE,
    CB_INSTRUMENT_REFUSAL_QTY_MIN,
    CB_INSTRUMENT_REFUSAL_QTY_MAX,
    CB_INSTRUMENT_REFUSAL_LOT_SIZE,
    CB_INSTRUMENT_REFUSAL_MARKET_QTY_MAX,
    CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN,
    CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX,
    CB_INSTRUMENT_REFUSAL_COUNT
} cb_instrument_refusal;

/* The terms of an order that filters look at. */
typedef struct cb_order_terms {
    cb_side side;
    cb_order_type order_type;
    cb_qty qty;
    cb_price price;           /* 0 for market orders */
    cb_price reference_price; /* for market orders' notional and the percent filter; 0 = unknown */
} cb_order_terms;

/* The outcome with what was seen and what was allowed, e8 in the unit of the refusal. */
typedef struct cb_instrument_verdict {
    cb_instrument_refusal refusal;
    int64_t observed_e8;
    int64_t limit_e8;
} cb_instrument_verdict;

/** Stable name ("lot_size"), "?" when out of range. */
const char *cb_instrument_refusal_name(cb_instrument_refusal refusal);

/** Judges an order by all filters, in the order of the enum; the first refusal wins. */
cb_instrument_verdict cb_instrument_check(
    const cb_instrument *instrument, const cb_order_terms *terms);

/** Rounds to a multiple of the lot size (unchanged when there is none). */
CB_MUST_USE cb_status cb_instrument_round_qty(
    const cb_instrument *instrument, cb_qty qty, cb_rounding rounding, cb_qty *out, cb_err *err);
/** Rounds to a multiple of the tick size (unchanged when there is none). */
CB_MUST_USE cb_status cb_instrument_round_price(const cb_instrument *instrument,
    cb_price price,
    cb_rounding rounding,
    cb_price *out,
    cb_err *err);

/** True when limits and grid make sense together: what cannot be kept is refused when loaded. */
bool cb_instrument_is_sound(const cb_instrument *instrument);

#endif /* CB_INSTRUMENT_H */
