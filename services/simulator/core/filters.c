/* Filters as exchangeInfo shows them. Each refusal is Binance's own: code -1013 and the filter's
 * name. 0 in a bound switches it off. */
#include "services/simulator/core/filters.h"

#include "base/assert.h"
#include "services/simulator/core/history.h"

#define CODE_FILTER (-1013)
#define TRAILING_BIPS_MIN 10
#define TRAILING_BIPS_MAX 2000

static bool is_outside(int64_t value, int64_t min, int64_t max)
{
    return (min > 0 && value < min) || (max > 0 && value > max);
}

static bool check_price(const sim_spec *spec, int64_t price_e8, sim_refusal *refusal)
{
    const int64_t above_e8 = price_e8 - spec->price_min_e8;
    if (is_outside(price_e8, spec->price_min_e8, spec->price_max_e8) ||
        (spec->tick_e8 > 0 && above_e8 % spec->tick_e8 != 0)) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: PRICE_FILTER");
    }
    return true;
}

static bool check_qty(const sim_spec *spec, const sim_new_order *request, sim_refusal *refusal)
{
    if (is_outside(request->qty_e8, spec->qty_min_e8, spec->qty_max_e8) ||
        (spec->step_e8 > 0 && (request->qty_e8 - spec->qty_min_e8) % spec->step_e8 != 0)) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: LOT_SIZE");
    }
    if (sim_type_is_market(request->type) && spec->market_qty_max_e8 > 0 &&
        request->qty_e8 > spec->market_qty_max_e8) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: MARKET_LOT_SIZE");
    }
    return true;
}

static bool check_percent(
    const sim_spec *spec, int64_t price_e8, int64_t average_e8, sim_refusal *refusal)
{
    int64_t high_e8 = 0;
    int64_t low_e8 = 0;
    if (average_e8 == 0 || spec->multiplier_up_e8 == 0) {
        return true;
    }
    if (cb_mul_e8(average_e8, spec->multiplier_up_e8, CB_ROUND_DOWN, &high_e8, NULL) != CB_OK) {
        high_e8 = INT64_MAX;
    }
    if (cb_mul_e8(average_e8, spec->multiplier_down_e8, CB_ROUND_UP, &low_e8, NULL) != CB_OK) {
        low_e8 = INT64_MAX;
    }
    if (price_e8 > high_e8 || price_e8 < low_e8) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: PERCENT_PRICE_BY_SIDE");
    }
    return true;
}

/* Value of the order in quote units: by its price, its trigger, or the average for market orders.
 */
static bool notional_of(const sim_new_order *request, int64_t average_e8, int64_t *out_e8)
{
    if (request->quote_qty_e8 > 0) {
        *out_e8 = request->quote_qty_e8;
        return true;
    }
    int64_t price_e8 = request->price_e8;
    if (sim_type_is_market(request->type)) {
        const bool has_stop = request->type != CB_ORDER_TYPE_MARKET && request->stop_price_e8 > 0;
        price_e8 = has_stop ? request->stop_price_e8 : average_e8;
    }
    return cb_mul_e8(price_e8, request->qty_e8, CB_ROUND_UP, out_e8, NULL) == CB_OK;
}

static bool check_notional(
    const sim_spec *spec, const sim_new_order *request, int64_t average_e8, sim_refusal *refusal)
{
    int64_t notional_e8 = 0;
    if (request->type == CB_ORDER_TYPE_MARKET && request->quote_qty_e8 == 0 && average_e8 == 0) {
        return true; /* nothing has traded: there is no price to value it at */
    }
    const bool fits = notional_of(request, average_e8, &notional_e8);
    const bool is_max = !sim_type_is_market(request->type); /* applyMaxToMarket is false */
    if (!fits || notional_e8 < spec->notional_min_e8 ||
        (is_max && spec->notional_max_e8 > 0 && notional_e8 > spec->notional_max_e8)) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: NOTIONAL");
    }
    return true;
}

/* Agents are part of the market: changes of the filters are for those who look at them. */
static const sim_spec *spec_for(const sim_core *sim, const sim_new_order *request)
{
    const sim_symbol *symbol = &sim->symbols[request->symbol];
    return sim->accounts[request->account].has_history ? &symbol->shown : &symbol->spec;
}

bool sim_filters_check(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal)
{
    CB_ASSERT(request->symbol < sim->symbols_count);
    CB_ASSERT(refusal != NULL);
    const sim_spec *spec = spec_for(sim, request);
    const int64_t average_e8 = sim_history_average(sim, request->symbol, spec->average_minutes);
    if (!sim_type_is_market(request->type)) {
        if (!check_price(spec, request->price_e8, refusal) ||
            !check_percent(spec, request->price_e8, average_e8, refusal)) {
            return false;
        }
    }
    const bool has_stop = sim_type_is_stop(request->type) && request->stop_price_e8 > 0;
    if (has_stop && !check_price(spec, request->stop_price_e8, refusal)) {
        return false;
    }
    if (request->trailing_bips > 0 &&
        is_outside(request->trailing_bips, TRAILING_BIPS_MIN, TRAILING_BIPS_MAX)) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: TRAILING_DELTA");
    }
    if (request->quote_qty_e8 == 0 && !check_qty(spec, request, refusal)) {
        return false;
    }
    return check_notional(spec, request, average_e8, refusal);
}

bool sim_filters_count(const sim_core *sim, const sim_new_order *request, sim_refusal *refusal)
{
    const sim_account *account = &sim->accounts[request->account];
    const sim_spec *spec = &sim->symbols[request->symbol].shown;
    if (!account->has_history) {
        return true; /* the population of agents is bounded by its own rules */
    }
    uint32_t orders = 0;
    uint32_t stops = 0;
    for (uint32_t i = account->open_first; i != SIM_NONE; i = sim->orders[i].open_next) {
        if (sim->orders[i].symbol == request->symbol) {
            orders++;
            stops += sim->orders[i].is_waiting ? 1 : 0;
        }
    }
    CB_ASSERT(stops <= orders);
    if (spec->orders_max > 0 && orders >= spec->orders_max) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: MAX_NUM_ORDERS");
    }
    if (sim_type_is_stop(request->type) && spec->algo_orders_max > 0 &&
        stops >= spec->algo_orders_max) {
        return sim_refuse(refusal, CODE_FILTER, "Filter failure: MAX_NUM_ALGO_ORDERS");
    }
    return true;
}
