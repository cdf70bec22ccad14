/* The ticker endpoints: 24 h statistics, last prices, best prices; one symbol, some, or all. */
#include <string.h>

#include "base/assert.h"
#include "base/timefmt.h"
#include "services/simulator/core/api/api.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/history.h"

uint32_t sim_weight_ticker_day(const sim_params *params)
{
    return sim_params_has(params, "symbol") ? 2 : 80;
}

uint32_t sim_weight_ticker_small(const sim_params *params)
{
    return sim_params_has(params, "symbol") ? 2 : 4;
}

static void write_best(sim_json *out, const sim_symbol *symbol)
{
    const sim_level *bid = sim_book_shown(symbol, CB_SIDE_BUY);
    const sim_level *ask = sim_book_shown(symbol, CB_SIDE_SELL);
    sim_json_put_e8(out, "bidPrice", bid == NULL ? 0 : bid->price_e8);
    sim_json_put_e8(
        out, "bidQty", bid == NULL ? 0 : sim_book_qty(symbol, CB_SIDE_BUY, bid->price_e8));
    sim_json_put_e8(out, "askPrice", ask == NULL ? 0 : ask->price_e8);
    sim_json_put_e8(
        out, "askQty", ask == NULL ? 0 : sim_book_qty(symbol, CB_SIDE_SELL, ask->price_e8));
}

static void write_day_end(sim_json *out, const sim_core *sim, const sim_candle *candle)
{
    sim_json_put_e8(out, "openPrice", candle->open_e8);
    sim_json_put_e8(out, "highPrice", candle->high_e8);
    sim_json_put_e8(out, "lowPrice", candle->low_e8);
    sim_json_put_e8(out, "volume", candle->volume_e8);
    sim_json_key(out, "quoteVolume");
    sim_json_e8_wide(out, candle->quote_volume_e8);
    sim_json_put_ms(out, "openTime", sim->now_ns - CB_NS_PER_DAY);
    sim_json_put_ms(out, "closeTime", sim->now_ns);
    const bool is_silent = candle->trades_count == 0;
    sim_json_put_i64(out, "firstId", is_silent ? -1 : (int64_t)candle->first_id);
    sim_json_put_i64(out, "lastId", is_silent ? -1 : (int64_t)candle->last_id);
    sim_json_put_u64(out, "count", candle->trades_count);
    sim_json_close(out, '}');
}

static void write_day(sim_json *out, const sim_core *sim, uint32_t index, bool is_mini)
{
    const sim_symbol *symbol = &sim->symbols[index];
    sim_day day;
    sim_history_day(sim, index, &day);
    sim_json_open(out, '{');
    sim_json_put_text(out, "symbol", symbol->spec.symbol);
    if (!is_mini) {
        sim_json_put_e8(out, "priceChange", day.change_e8);
        sim_json_key(out, "priceChangePercent");
        sim_json_places(out, day.change_percent_e3, 3);
        sim_json_put_e8(out, "weightedAvgPrice", day.average_e8);
        sim_json_put_e8(out, "prevClosePrice", day.previous_close_e8);
    }
    sim_json_put_e8(out, "lastPrice", symbol->last_price_e8);
    if (!is_mini) {
        sim_json_put_e8(out, "lastQty", symbol->last_qty_e8);
        write_best(out, symbol);
    }
    write_day_end(out, sim, &day.candle);
}

bool sim_call_ticker_day(sim_call *call)
{
    uint64_t mask = 0;
    bool is_one = false;
    const char *type = sim_params_get(call->params, "type");
    const bool is_mini = type != NULL && strcmp(type, "MINI") == 0;
    (void)sim_params_get(call->params, "symbolStatus");
    if (!sim_call_symbols(call, &mask, &is_one)) {
        return false;
    }
    if (!is_one) {
        sim_json_open(call->out, '[');
    }
    for (uint32_t i = 0; i < call->sim->symbols_count; i++) {
        if ((mask & (UINT64_C(1) << i)) != 0) {
            write_day(call->out, call->sim, i, is_mini);
        }
    }
    if (!is_one) {
        sim_json_close(call->out, ']');
    }
    return true;
}

static bool write_small(sim_call *call, bool is_book)
{
    uint64_t mask = 0;
    bool is_one = false;
    (void)sim_params_get(call->params, "symbolStatus");
    if (!sim_call_symbols(call, &mask, &is_one)) {
        return false;
    }
    if (!is_one) {
        sim_json_open(call->out, '[');
    }
    for (uint32_t i = 0; i < call->sim->symbols_count; i++) {
        const sim_symbol *symbol = &call->sim->symbols[i];
        if ((mask & (UINT64_C(1) << i)) == 0) {
            continue;
        }
        sim_json_open(call->out, '{');
        sim_json_put_text(call->out, "symbol", symbol->spec.symbol);
        if (is_book) {
            write_best(call->out, symbol);
        } else {
            sim_json_put_e8(call->out, "price", symbol->last_price_e8);
        }
        sim_json_close(call->out, '}');
    }
    if (!is_one) {
        sim_json_close(call->out, ']');
    }
    return true;
}

bool sim_call_ticker_price(sim_call *call)
{
    return write_small(call, false);
}

bool sim_call_ticker_book(sim_call *call)
{
    return write_small(call, true);
}
