/* What an account may ask about itself: balances, orders, trades, limits. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/api/api.h"

#define LIST_DEFAULT 500

static void write_rates(sim_json *out, const sim_core *sim)
{
    sim_json_open(out, '{');
    sim_json_put_e8(out, "maker", sim->config.fee_maker_e8);
    sim_json_put_e8(out, "taker", sim->config.fee_taker_e8);
    sim_json_put_e8(out, "buyer", 0);
    sim_json_put_e8(out, "seller", 0);
    sim_json_close(out, '}');
}

static void write_balances(sim_json *out, const sim_core *sim, uint32_t account, bool omit_zero)
{
    sim_json_open(out, '[');
    for (uint32_t asset = 0; asset < sim->assets_count; asset++) {
        const sim_balance *balance = &sim->accounts[account].balances[asset];
        if (omit_zero && balance->free_e8 == 0 && balance->locked_e8 == 0) {
            continue;
        }
        sim_json_open(out, '{');
        sim_json_put_text(out, "asset", sim->assets[asset]);
        sim_json_put_e8(out, "free", balance->free_e8);
        sim_json_put_e8(out, "locked", balance->locked_e8);
        sim_json_close(out, '}');
    }
    sim_json_close(out, ']');
}

bool sim_call_account(sim_call *call)
{
    bool omit_zero = false;
    sim_json *out = call->out;
    if (!sim_params_bool(call->params, "omitZeroBalances", &omit_zero, &call->refusal) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_json_open(out, '{');
    sim_json_put_i64(out, "makerCommission", call->sim->config.fee_maker_e8 / 10000);
    sim_json_put_i64(out, "takerCommission", call->sim->config.fee_taker_e8 / 10000);
    sim_json_put_i64(out, "buyerCommission", 0);
    sim_json_put_i64(out, "sellerCommission", 0);
    sim_json_key(out, "commissionRates");
    write_rates(out, call->sim);
    sim_json_put_bool(out, "canTrade", true);
    sim_json_put_bool(out, "canWithdraw", false);
    sim_json_put_bool(out, "canDeposit", true);
    sim_json_put_bool(out, "brokered", false);
    sim_json_put_bool(out, "requireSelfTradePrevention", false);
    sim_json_put_bool(out, "preventSor", false);
    sim_json_put_ms(out, "updateTime", call->sim->accounts[call->account].updated_ns);
    sim_json_put_text(out, "accountType", "SPOT");
    sim_json_key(out, "balances");
    write_balances(out, call->sim, call->account, omit_zero);
    sim_json_key(out, "permissions");
    sim_json_raw(out, CB_SV("[\"SPOT\"]"));
    sim_json_put_u64(out, "uid", (uint64_t)call->account + 1);
    sim_json_close(out, '}');
    return true;
}

bool sim_call_order_status(sim_call *call)
{
    uint32_t symbol = 0;
    int64_t id = 0;
    bool has_id = false;
    const char *client_id = sim_params_get(call->params, "origClientOrderId");
    if (!sim_call_symbol(call, &symbol) ||
        !sim_params_i64(call->params, "orderId", 0, INT64_MAX, &id, &has_id, &call->refusal) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    if (!has_id && (client_id == NULL || client_id[0] == '\0')) {
        return sim_refuse(&call->refusal,
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
    }
    const uint32_t order =
        has_id ? sim_find_order(call->sim, symbol, (uint64_t)id)
               : sim_find_client(call->sim, call->account, symbol, client_id, false);
    if (order == SIM_NONE || call->sim->orders[order].account != call->account ||
        !sim_api_is_visible(call->api, call->sim->orders[order].created_ns)) {
        return sim_refuse(&call->refusal, -2013, "Order does not exist.");
    }
    sim_write_order(call->out, call->sim, &call->sim->orders[order]);
    return true;
}

uint32_t sim_weight_open_orders(const sim_params *params)
{
    return sim_params_has(params, "symbol") ? 6 : 80;
}

bool sim_call_open_orders(sim_call *call)
{
    uint32_t symbol = SIM_NONE;
    if (sim_params_has(call->params, "symbol") && !sim_call_symbol(call, &symbol)) {
        return false;
    }
    if (!sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_json_open(call->out, '[');
    uint32_t index = call->sim->accounts[call->account].open_first;
    while (index != SIM_NONE) {
        const sim_order *order = &call->sim->orders[index];
        if ((symbol == SIM_NONE || order->symbol == symbol) &&
            sim_api_is_visible(call->api, order->created_ns)) {
            sim_write_order(call->out, call->sim, order);
        }
        index = order->open_next;
    }
    sim_json_close(call->out, ']');
    return true;
}

/* Which rows a list wants: from an id, from a time, up to a time, or the newest. */
typedef struct list_query {
    uint32_t symbol;
    int64_t from_id;
    bool has_from;
    int64_t start_ns;
    bool has_start;
    int64_t end_ns;
    bool has_end;
    uint32_t limit;
} list_query;

static bool read_list(sim_call *call, const char *id_name, list_query *out)
{
    int64_t limit = LIST_DEFAULT;
    bool is_given = false;
    sim_params *params = call->params;
    *out = (list_query){.end_ns = INT64_MAX};
    if (!sim_call_symbol(call, &out->symbol) ||
        !sim_params_i64(
            params, id_name, 0, INT64_MAX, &out->from_id, &out->has_from, &call->refusal) ||
        !sim_params_time(params, "startTime", &out->start_ns, &out->has_start, &call->refusal) ||
        !sim_params_time(params, "endTime", &out->end_ns, &out->has_end, &call->refusal) ||
        !sim_params_i64(params, "limit", 1, INT64_MAX, &limit, &is_given, &call->refusal)) {
        return false;
    }
    if (out->has_start && out->has_end && out->end_ns - out->start_ns > CB_NS_PER_DAY) {
        return sim_refuse(
            &call->refusal, -1127, "More than 24 hours between startTime and endTime.");
    }
    out->limit = limit > SIM_API_LIST_MAX ? SIM_API_LIST_MAX : (uint32_t)limit;
    return true;
}

static bool in_list(const list_query *query, uint64_t id, int64_t ts_ns)
{
    return id >= (uint64_t)query->from_id && ts_ns >= query->start_ns && ts_ns <= query->end_ns;
}

/* Where the newest limit matches begin; 0 when the list starts from an id or a time. */
static bool is_newest(const list_query *query)
{
    return !query->has_from && !query->has_start;
}

static bool order_matches(const sim_call *call, const list_query *query, const sim_order *order)
{
    return order->account == call->account && order->symbol == query->symbol &&
           sim_api_is_visible(call->api, order->created_ns) &&
           in_list(query, order->id, order->created_ns);
}

bool sim_call_all_orders(sim_call *call)
{
    list_query query;
    if (!read_list(call, "orderId", &query) || !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    const sim_core *sim = call->sim;
    uint32_t at = 0;
    if (is_newest(&query)) {
        uint32_t found = 0;
        for (at = sim->orders_count; at > 0 && found < query.limit; at--) {
            found += order_matches(call, &query, &sim->orders[at - 1]) ? 1 : 0;
        }
    }
    sim_json_open(call->out, '[');
    for (uint32_t written = 0; at < sim->orders_count && written < query.limit; at++) {
        if (order_matches(call, &query, &sim->orders[at])) {
            sim_write_order(call->out, sim, &sim->orders[at]);
            written++;
        }
    }
    sim_json_close(call->out, ']');
    return true;
}

uint32_t sim_weight_my_trades(const sim_params *params)
{
    return sim_params_has(params, "orderId") ? 5 : 20;
}

static bool trade_matches(
    const sim_call *call, const list_query *query, int64_t order_id, const sim_trade *trade)
{
    const sim_order *order = &call->sim->orders[trade->order];
    return order->account == call->account && order->symbol == query->symbol &&
           (order_id == 0 || order->id == (uint64_t)order_id) && !trade->is_busted &&
           sim_api_is_visible(call->api, trade->ts_ns) && in_list(query, trade->id, trade->ts_ns);
}

/* As the venue sees it now: a corrected trade has its new price. */
static void write_trade(sim_json *out, const sim_core *sim, const sim_trade *trade)
{
    sim_trade now = *trade;
    if (trade->corrected_quote_e8 > 0) {
        now.quote_e8 = trade->corrected_quote_e8;
        if (cb_div_e8(now.quote_e8, now.qty_e8, CB_ROUND_HALF_UP, &now.price_e8, NULL) != CB_OK) {
            now.price_e8 = trade->price_e8;
        }
    }
    sim_write_my_trade(out, sim, &now);
}

bool sim_call_my_trades(sim_call *call)
{
    list_query query;
    int64_t order_id = 0;
    bool has_order = false;
    if (!read_list(call, "fromId", &query) ||
        !sim_params_i64(
            call->params, "orderId", 0, INT64_MAX, &order_id, &has_order, &call->refusal) ||
        !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    const sim_core *sim = call->sim;
    uint32_t at = 0;
    if (is_newest(&query)) {
        uint32_t found = 0;
        for (at = sim->trades_count; at > 0 && found < query.limit; at--) {
            found += trade_matches(call, &query, order_id, &sim->trades[at - 1]) ? 1 : 0;
        }
    }
    sim_json_open(call->out, '[');
    for (uint32_t written = 0; at < sim->trades_count && written < query.limit; at++) {
        if (trade_matches(call, &query, order_id, &sim->trades[at])) {
            write_trade(call->out, sim, &sim->trades[at]);
            written++;
        }
    }
    sim_json_close(call->out, ']');
    return true;
}

static void write_count(
    sim_json *out, const char *interval, int64_t number, int64_t limit, int64_t count)
{
    sim_json_open(out, '{');
    sim_json_put_text(out, "rateLimitType", "ORDERS");
    sim_json_put_text(out, "interval", interval);
    sim_json_put_i64(out, "intervalNum", number);
    sim_json_put_i64(out, "limit", limit);
    sim_json_put_i64(out, "count", count);
    sim_json_close(out, '}');
}

bool sim_call_rate_limit_order(sim_call *call)
{
    if (!sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    const sim_limits *limits = &call->api->limits;
    const sim_order_count count = sim_limits_orders(limits, call->account, call->sim->now_ns);
    sim_json_open(call->out, '[');
    write_count(call->out, "SECOND", 10, limits->config.orders_per_10s, count.count_10s);
    write_count(call->out, "DAY", 1, limits->config.orders_per_day, count.count_1d);
    sim_json_close(call->out, ']');
    return true;
}

bool sim_call_commission(sim_call *call)
{
    uint32_t symbol = 0;
    if (!sim_call_symbol(call, &symbol) || !sim_params_all_read(call->params, &call->refusal)) {
        return false;
    }
    sim_json *out = call->out;
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", call->sim->symbols[symbol].spec.symbol);
    sim_json_key(out, "standardCommission");
    write_rates(out, call->sim);
    sim_json_key(out, "taxCommission");
    sim_json_raw(out,
        CB_SV("{\"maker\":\"0.00000000\",\"taker\":\"0.00000000\","
              "\"buyer\":\"0.00000000\",\"seller\":\"0.00000000\"}"));
    sim_json_key(out, "discount");
    sim_json_open(out, '{');
    sim_json_put_bool(out, "enabledForAccount", call->sim->fee_asset != SIM_NONE);
    sim_json_put_bool(out, "enabledForSymbol", call->sim->fee_asset != SIM_NONE);
    sim_json_put_text(out,
        "discountAsset",
        call->sim->fee_asset == SIM_NONE ? "BNB" : call->sim->assets[call->sim->fee_asset]);
    sim_json_put_e8(out, "discount", call->sim->config.fee_asset_factor_e8);
    sim_json_close(out, '}');
    sim_json_close(out, '}');
    return true;
}
