/* Which orders make sense: type, time in force and every condition together, as one table. It knows
 * nothing of instruments, limits or venues; what it lets through may still be refused by those. */
#ifndef CB_TERMS_H
#define CB_TERMS_H

#include "domain/messages.h"

#define CB_TRAILING_BIPS_MAX 2000 /* 20 %, the widest that venues take */
#define CB_TRAILING_BIPS_MIN 10
#define CB_TIMEOUT_NS_MAX (INT64_C(400) * 86400 * 1000000000)

/* The terms that the table is about; zero means "not given". */
typedef struct cb_terms {
    cb_side side;
    cb_order_type order_type;
    cb_tif tif;
    cb_trigger trigger_kind;
    cb_role role;
    bool reduce_only;
    bool has_group;
    bool replaces;
    uint32_t trailing_bips;
    cb_price limit_price;
    cb_price reference_price;
    cb_price trigger_price;
    cb_price stop_loss;
    cb_price take_profit;
    cb_price stop_limit;
    cb_ratio max_slippage;
    int64_t timeout_ns;
} cb_terms;

/* A refusal names the field as the messages do ("trigger_price"); field NULL = the terms make
 * sense. Both texts are static. */
typedef struct cb_terms_refusal {
    const char *field;
    const char *why;
} cb_terms_refusal;

cb_terms cb_terms_of_intent(const cb_intent *intent);
cb_terms cb_terms_of_permit(const cb_permit *permit);

/** Judges type x time in force x conditions. Pure; the first field that does not fit is named. */
cb_terms_refusal cb_terms_check(const cb_terms *terms);

/** STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT. */
bool cb_order_type_has_trigger(cb_order_type type);
/** Takes at any price once it works: MARKET, STOP_LOSS, TAKE_PROFIT. */
bool cb_order_type_is_market(cb_order_type type);
/** True when the trigger lies above the market: stops of buys, take-profits of sells. */
bool cb_order_trigger_is_above(cb_order_type type, cb_side side);
/** The order that a triggered one becomes: MARKET or LIMIT; other types stay themselves. */
cb_order_type cb_order_type_triggered(cb_order_type type);

#endif /* CB_TERMS_H */
