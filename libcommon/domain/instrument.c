/* Instrument filters as pure checks. Which instruments exist is the collector's matter. */
#include "domain/instrument.h"

#include "base/assert.h"

typedef cb_instrument_verdict verdict;

static const char *const refusal_names[CB_INSTRUMENT_REFUSAL_COUNT] = {
    [CB_INSTRUMENT_REFUSAL_NONE] = "none",
    [CB_INSTRUMENT_REFUSAL_NOT_TRADING] = "not_trading",
    [CB_INSTRUMENT_REFUSAL_NO_PRICE] = "no_price",
    [CB_INSTRUMENT_REFUSAL_PRICE_MIN] = "price_min",
    [CB_INSTRUMENT_REFUSAL_PRICE_MAX] = "price_max",
    [CB_INSTRUMENT_REFUSAL_TICK_SIZE] = "tick_size",
    [CB_INSTRUMENT_REFUSAL_PERCENT_PRICE] = "percent_price",
    [CB_INSTRUMENT_REFUSAL_QTY_MIN] = "qty_min",
    [CB_INSTRUMENT_REFUSAL_QTY_MAX] = "qty_max",
    [CB_INSTRUMENT_REFUSAL_LOT_SIZE] = "lot_size",
    [CB_INSTRUMENT_REFUSAL_MARKET_QTY_MAX] = "market_qty_max",
    [CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN] = "notional_min",
    [CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX] = "notional_max",
};

const char *cb_instrument_refusal_name(cb_instrument_refusal refusal)
{
    if ((unsigned)refusal >= CB_INSTRUMENT_REFUSAL_COUNT) {
        return "?";
    }
    return refusal_names[refusal];
}

static verdict pass(void)
{
    return (verdict){CB_INSTRUMENT_REFUSAL_NONE, 0, 0};
}

static verdict refuse(cb_instrument_refusal refusal, int64_t observed_e8, int64_t limit_e8)
{
    return (verdict){refusal, observed_e8, limit_e8};
}

static bool is_market(cb_order_type type)
{
    return type == CB_ORDER_TYPE_MARKET || type == CB_ORDER_TYPE_STOP_LOSS ||
           type == CB_ORDER_TYPE_TAKE_PROFIT;
}

static verdict check_price(const cb_instrument *instrument, int64_t price_e8)
{
    if (price_e8 <= 0) {
        return refuse(CB_INSTRUMENT_REFUSAL_NO_PRICE, price_e8, 0);
    }
    if (price_e8 < instrument->price_min.e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_PRICE_MIN, price_e8, instrument->price_min.e8);
    }
    if (instrument->price_max.e8 > 0 && price_e8 > instrument->price_max.e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_PRICE_MAX, price_e8, instrument->price_max.e8);
    }
    if (instrument->tick_size.e8 > 0 && price_e8 % instrument->tick_size.e8 != 0) {
        return refuse(CB_INSTRUMENT_REFUSAL_TICK_SIZE, price_e8, instrument->tick_size.e8);
    }
    return pass();
}

/* PERCENT_PRICE_BY_SIDE: price within reference * down … reference * up of its own side. The
 * bounds are compared without division, so nothing is rounded. */
static verdict check_percent(const cb_instrument *instrument, const cb_order_terms *terms)
{
    const bool is_buy = terms->side == CB_SIDE_BUY;
    const int64_t up_e8 =
        is_buy ? instrument->bid_multiplier_up.e8 : instrument->ask_multiplier_up.e8;
    const int64_t down_e8 =
        is_buy ? instrument->bid_multiplier_down.e8 : instrument->ask_multiplier_down.e8;
    if (terms->reference_price.e8 <= 0) {
        return pass();
    }
    const cb_i128 price = (cb_i128)terms->price.e8 * CB_E8;
    if (up_e8 > 0 && price > (cb_i128)terms->reference_price.e8 * up_e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_PERCENT_PRICE, terms->price.e8, up_e8);
    }
    if (down_e8 > 0 && price < (cb_i128)terms->reference_price.e8 * down_e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_PERCENT_PRICE, terms->price.e8, down_e8);
    }
    return pass();
}

static verdict check_qty(const cb_instrument *instrument, const cb_order_terms *terms)
{
    const int64_t qty_e8 = terms->qty.e8;
    if (qty_e8 <= 0 || qty_e8 < instrument->qty_min.e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_QTY_MIN, qty_e8, instrument->qty_min.e8);
    }
    if (instrument->qty_max.e8 > 0 && qty_e8 > instrument->qty_max.e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_QTY_MAX, qty_e8, instrument->qty_max.e8);
    }
    if (instrument->lot_size.e8 > 0 && qty_e8 % instrument->lot_size.e8 != 0) {
        return refuse(CB_INSTRUMENT_REFUSAL_LOT_SIZE, qty_e8, instrument->lot_size.e8);
    }
    const int64_t market_max_e8 = instrument->market_qty_max.e8;
    if (is_market(terms->order_type) && market_max_e8 > 0 && qty_e8 > market_max_e8) {
        return refuse(CB_INSTRUMENT_REFUSAL_MARKET_QTY_MAX, qty_e8, market_max_e8);
    }
    return pass();
}

/* Compared in 1e-16 units without division; the observed value handed out is rounded down and
 * clipped, for people only. */
static verdict check_notional(
    const cb_instrument *instrument, const cb_order_terms *terms, int64_t price_e8)
{
    const cb_i128 notional = (cb_i128)price_e8 * terms->qty.e8;
    const cb_i128 shown = notional / CB_E8;
    const int64_t observed_e8 = shown > INT64_MAX ? INT64_MAX : (int64_t)shown;
    const int64_t min_e8 = instrument->notional_min.e8;
    const int64_t max_e8 = instrument->notional_max.e8;
    if (notional < (cb_i128)min_e8 * CB_E8) {
        return refuse(CB_INSTRUMENT_REFUSAL_NOTIONAL_MIN, observed_e8, min_e8);
    }
    if (max_e8 > 0 && notional > (cb_i128)max_e8 * CB_E8) {
        return refuse(CB_INSTRUMENT_REFUSAL_NOTIONAL_MAX, observed_e8, max_e8);
    }
    return pass();
}

cb_instrument_verdict cb_instrument_check(
    const cb_instrument *instrument, const cb_order_terms *terms)
{
    CB_ASSERT(instrument != NULL && terms != NULL);
    CB_ASSERT(terms->side == CB_SIDE_BUY || terms->side == CB_SIDE_SELL);
    if (instrument->status != CB_INSTRUMENT_STATUS_TRADING) {
        return refuse(CB_INSTRUMENT_REFUSAL_NOT_TRADING,
            (int64_t)instrument->status * CB_E8,
            (int64_t)CB_INSTRUMENT_STATUS_TRADING * CB_E8);
    }
    const bool has_price = !is_market(terms->order_type);
    verdict result = pass();
    if (has_price) {
        result = check_price(instrument, terms->price.e8);
        if (result.refusal == CB_INSTRUMENT_REFUSAL_NONE) {
            result = check_percent(instrument, terms);
        }
    }
    if (result.refusal == CB_INSTRUMENT_REFUSAL_NONE) {
        result = check_qty(instrument, terms);
    }
    if (result.refusal != CB_INSTRUMENT_REFUSAL_NONE) {
        return result;
    }
    const int64_t price_e8 = has_price ? terms->price.e8 : terms->reference_price.e8;
    if (price_e8 <= 0) {
        return refuse(CB_INSTRUMENT_REFUSAL_NO_PRICE, price_e8, 0);
    }
    return check_notional(instrument, terms, price_e8);
}

cb_status cb_instrument_round_qty(
    const cb_instrument *instrument, cb_qty qty, cb_rounding rounding, cb_qty *out, cb_err *err)
{
    CB_ASSERT(instrument != NULL);
    CB_ASSERT(out != NULL);
    if (instrument->lot_size.e8 <= 0) {
        *out = qty;
        return CB_OK;
    }
    return cb_round_to_step(qty.e8, instrument->lot_size.e8, rounding, &out->e8, err);
}

cb_status cb_instrument_round_price(const cb_instrument *instrument,
    cb_price price,
    cb_rounding rounding,
    cb_price *out,
    cb_err *err)
{
    CB_ASSERT(instrument != NULL);
    CB_ASSERT(out != NULL);
    if (instrument->tick_size.e8 <= 0) {
        *out = price;
        return CB_OK;
    }
    return cb_round_to_step(price.e8, instrument->tick_size.e8, rounding, &out->e8, err);
}

static bool is_range(int64_t low_e8, int64_t high_e8)
{
    return low_e8 >= 0 && high_e8 >= 0 && (high_e8 == 0 || low_e8 <= high_e8);
}

bool cb_instrument_is_sound(const cb_instrument *instrument)
{
    CB_ASSERT(instrument != NULL);
    const bool has_names = instrument->symbol[0] != '\0' && instrument->base_asset[0] != '\0' &&
                           instrument->quote_asset[0] != '\0';
    return has_names && instrument->tick_size.e8 >= 0 && instrument->lot_size.e8 >= 0 &&
           instrument->market_qty_max.e8 >= 0 &&
           is_range(instrument->price_min.e8, instrument->price_max.e8) &&
           is_range(instrument->qty_min.e8, instrument->qty_max.e8) &&
           is_range(instrument->notional_min.e8, instrument->notional_max.e8) &&
           is_range(instrument->bid_multiplier_down.e8, instrument->bid_multiplier_up.e8) &&
           is_range(instrument->ask_multiplier_down.e8, instrument->ask_multiplier_up.e8);
}
