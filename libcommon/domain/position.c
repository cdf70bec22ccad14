/* Average-cost accounting of one position in exact integers. Knows neither fees nor assets. */
#include "domain/position.h"

#include "base/assert.h"
#include "base/hash.h"

/* A closed position carries nothing, and cost has the sign of the quantity. */
static bool holding_is_sound(const cb_holding *holding)
{
    if (holding->qty.e8 == 0) {
        return holding->cost.e8 == 0;
    }
    return holding->qty.e8 > 0 ? holding->cost.e8 >= 0 : holding->cost.e8 <= 0;
}

static bool is_closing(const cb_holding *holding, cb_side side)
{
    return side == CB_SIDE_SELL ? holding->qty.e8 > 0 : holding->qty.e8 < 0;
}

/* Adds to a position on its own side, or opens one. */
static cb_status holding_open(
    cb_holding *holding, cb_side side, int64_t qty_e8, int64_t quote_e8, cb_err *err)
{
    const bool is_buy = side == CB_SIDE_BUY;
    cb_status status = is_buy ? cb_add_e8(holding->qty.e8, qty_e8, &holding->qty.e8, err)
                              : cb_sub_e8(holding->qty.e8, qty_e8, &holding->qty.e8, err);
    if (status == CB_OK) {
        status = is_buy ? cb_add_e8(holding->cost.e8, quote_e8, &holding->cost.e8, err)
                        : cb_sub_e8(holding->cost.e8, quote_e8, &holding->cost.e8, err);
    }
    return status;
}

/* Lets qty_e8 (at most what is held, either sign of position) go; its cost is handed out. */
static cb_status holding_release(cb_holding *holding, int64_t qty_e8, int64_t *cost_e8, cb_err *err)
{
    const int64_t held_e8 = holding->qty.e8;
    const int64_t signed_qty_e8 = held_e8 > 0 ? qty_e8 : -qty_e8;
    const cb_status status =
        cb_muldiv(holding->cost.e8, signed_qty_e8, held_e8, CB_ROUND_DOWN, cost_e8, err);
    if (status != CB_OK) {
        return status;
    }
    holding->qty.e8 -= signed_qty_e8;
    holding->cost.e8 -= *cost_e8;
    CB_ASSERT(holding_is_sound(holding));
    return CB_OK;
}

/* Closes qty_e8 for quote_e8; the difference to the cost is realised. */
static cb_status holding_close(
    cb_holding *holding, cb_side side, int64_t qty_e8, int64_t quote_e8, cb_err *err)
{
    int64_t cost_e8 = 0;
    cb_status status = holding_release(holding, qty_e8, &cost_e8, err);
    if (status != CB_OK) {
        return status;
    }
    const int64_t cash_e8 = side == CB_SIDE_SELL ? quote_e8 : -quote_e8;
    int64_t gain_e8 = 0;
    status = cb_sub_e8(cash_e8, cost_e8, &gain_e8, err);
    if (status != CB_OK) {
        return status;
    }
    return cb_add_e8(holding->realised.e8, gain_e8, &holding->realised.e8, err);
}

cb_status cb_holding_trade(
    cb_holding *holding, cb_side side, cb_qty qty, cb_amount quote, cb_err *err)
{
    CB_ASSERT(holding != NULL && holding_is_sound(holding));
    CB_ASSERT(side == CB_SIDE_BUY || side == CB_SIDE_SELL);
    if (qty.e8 <= 0 || quote.e8 < 0 || holding->qty.e8 == INT64_MIN) {
        return CB_FAIL(err, CB_E_RANGE, "a trade needs a positive quantity and amount");
    }
    cb_holding next = *holding;
    int64_t open_qty_e8 = qty.e8;
    int64_t open_quote_e8 = quote.e8;
    cb_status status = CB_OK;
    if (is_closing(holding, side)) {
        const int64_t held_e8 = holding->qty.e8 > 0 ? holding->qty.e8 : -holding->qty.e8;
        const int64_t close_qty_e8 = qty.e8 < held_e8 ? qty.e8 : held_e8;
        int64_t close_quote_e8 = 0;
        status = cb_muldiv(quote.e8, close_qty_e8, qty.e8, CB_ROUND_DOWN, &close_quote_e8, err);
        if (status == CB_OK) {
            status = holding_close(&next, side, close_qty_e8, close_quote_e8, err);
        }
        open_qty_e8 -= close_qty_e8;
        open_quote_e8 -= close_quote_e8;
    }
    if (status == CB_OK && open_qty_e8 > 0) {
        status = holding_open(&next, side, open_qty_e8, open_quote_e8, err);
    }
    if (status != CB_OK) {
        return status;
    }
    CB_ASSERT(holding_is_sound(&next));
    *holding = next;
    return CB_OK;
}

cb_status cb_holding_take(cb_holding *holding, cb_qty qty, cb_amount *cost, cb_err *err)
{
    CB_ASSERT(holding != NULL && holding_is_sound(holding));
    CB_ASSERT(cost != NULL);
    if (qty.e8 <= 0 || qty.e8 > holding->qty.e8) {
        return CB_FAIL(err, CB_E_RANGE, "less is held than is to be taken");
    }
    return holding_release(holding, qty.e8, &cost->e8, err);
}

cb_status cb_holding_put(cb_holding *holding, cb_qty qty, cb_amount cost, cb_err *err)
{
    CB_ASSERT(holding != NULL && holding_is_sound(holding));
    if (qty.e8 <= 0 || cost.e8 < 0 || holding->qty.e8 < 0) {
        return CB_FAIL(err, CB_E_RANGE, "only a positive quantity can be put to a long position");
    }
    cb_holding next = *holding;
    const cb_status status = holding_open(&next, CB_SIDE_BUY, qty.e8, cost.e8, err);
    if (status != CB_OK) {
        return status;
    }
    CB_ASSERT(holding_is_sound(&next));
    *holding = next;
    return CB_OK;
}

cb_status cb_holding_average_cost(const cb_holding *holding, cb_price *out, cb_err *err)
{
    CB_ASSERT(holding != NULL && holding_is_sound(holding));
    CB_ASSERT(out != NULL);
    if (holding->qty.e8 == 0) {
        out->e8 = 0;
        return CB_OK;
    }
    return cb_div_e8(holding->cost.e8, holding->qty.e8, CB_ROUND_HALF_UP, &out->e8, err);
}

cb_status cb_holding_value(const cb_holding *holding, cb_price mark, cb_amount *out, cb_err *err)
{
    CB_ASSERT(holding != NULL && holding_is_sound(holding));
    CB_ASSERT(out != NULL);
    return cb_notional(mark, holding->qty, CB_ROUND_HALF_UP, out, err);
}

cb_status cb_holding_unrealised(
    const cb_holding *holding, cb_price mark, cb_amount *out, cb_err *err)
{
    CB_ASSERT(out != NULL);
    cb_amount value = {0};
    const cb_status status = cb_holding_value(holding, mark, &value, err);
    if (status != CB_OK) {
        return status;
    }
    return cb_sub_e8(value.e8, holding->cost.e8, &out->e8, err);
}

uint64_t cb_holding_hash(uint64_t hash, const cb_holding *holding)
{
    CB_ASSERT(holding != NULL);
    hash = cb_hash_u64(hash, (uint64_t)holding->qty.e8);
    hash = cb_hash_u64(hash, (uint64_t)holding->cost.e8);
    return cb_hash_u64(hash, (uint64_t)holding->realised.e8);
}
