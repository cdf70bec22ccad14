/* One position with average cost. The cost is kept as a total and not as a price, so that nothing
 * is lost by rounding: at any time, to the last unit,
 *     realised - cost = sum of cash flows (sales - purchases),
 * and cost is 0 whenever qty is 0. Fees are not in it: they are postings of the ledger. */
#ifndef CB_POSITION_H
#define CB_POSITION_H

#include "domain/messages.h"

typedef struct cb_holding {
    cb_qty qty;         /* negative: short */
    cb_amount cost;     /* quote units carried; negative (the proceeds) while short */
    cb_amount realised; /* quote units since the beginning */
} cb_holding;

/**
 * Applies a trade of qty (> 0) base units for quote (>= 0) units. Closing releases cost in
 * proportion, rounded towards zero (the rest stays with what is kept; a full close releases all).
 * A trade through zero is split: the closing part takes its share of quote, rounded towards zero.
 *
 * @param holding changed only on CB_OK.
 * @return CB_OK, or CB_E_RANGE when a value leaves int64 or the input is not positive.
 */
CB_MUST_USE cb_status cb_holding_trade(
    cb_holding *holding, cb_side side, cb_qty qty, cb_amount quote, cb_err *err);

/**
 * Takes qty (> 0, at most what is held long) out without a sale: a fee paid in the base asset, or
 * a withdrawal. Its cost, in proportion and rounded towards zero, leaves too and is handed out.
 *
 * @param cost [out] quote units that the taken part had cost.
 * @return CB_OK; CB_E_RANGE when there is less than qty.
 */
CB_MUST_USE cb_status cb_holding_take(
    cb_holding *holding, cb_qty qty, cb_amount *cost, cb_err *err);

/** Puts qty (> 0) in that had cost quote units (>= 0) elsewhere: a deposit. Long or flat only. */
CB_MUST_USE cb_status cb_holding_put(cb_holding *holding, cb_qty qty, cb_amount cost, cb_err *err);

/** Cost per unit, rounded half away from zero; 0 when flat. CB_E_RANGE when it leaves int64. */
CB_MUST_USE cb_status cb_holding_average_cost(
    const cb_holding *holding, cb_price *out, cb_err *err);

/** Value at a price: price * qty, rounded half away from zero (negative while short). */
CB_MUST_USE cb_status cb_holding_value(
    const cb_holding *holding, cb_price mark, cb_amount *out, cb_err *err);

/** Value at a price minus cost. */
CB_MUST_USE cb_status cb_holding_unrealised(
    const cb_holding *holding, cb_price mark, cb_amount *out, cb_err *err);

/** Continues a state hash (base/hash.h) with this holding. */
uint64_t cb_holding_hash(uint64_t hash, const cb_holding *holding);

#endif /* CB_POSITION_H */
