/* Marks: which symbol prices an asset, and at what. Only closed candles count, so that the same
 * input gives the same figures whenever a tick happened to arrive. */
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/portfolio/core/state.h"

static int64_t clamp(cb_i128 value)
{
    if (value > INT64_MAX) {
        return INT64_MAX;
    }
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t portfolio_add(int64_t a, int64_t b)
{
    return clamp((cb_i128)a + b);
}

int64_t portfolio_sub(int64_t a, int64_t b)
{
    return clamp((cb_i128)a - b);
}

int64_t portfolio_value_at(int64_t amount_e8, int64_t price_e8)
{
    const cb_i128 product = (cb_i128)amount_e8 * price_e8;
    const cb_i128 half = product < 0 ? -CB_E8 / 2 : CB_E8 / 2;
    return clamp((product + half) / CB_E8);
}

portfolio_symbol *portfolio_symbol_find(portfolio_state *state, const char *name)
{
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].name, name)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

portfolio_symbol *portfolio_symbol_take(portfolio_state *state, const char *name)
{
    portfolio_symbol *symbol = portfolio_symbol_find(state, name);
    if (symbol != NULL || name[0] == '\0' || state->symbols_count == PORTFOLIO_SYMBOLS_MAX) {
        return symbol;
    }
    symbol = &state->symbols[state->symbols_count++];
    const bool fits = cb_text_copy(symbol->name, sizeof(symbol->name), cb_sv_from(name));
    CB_ASSERT(fits);
    memcpy(symbol->mark.symbol, symbol->name, sizeof(symbol->mark.symbol));
    const bool fits_venue = cb_text_copy(
        symbol->mark.venue, sizeof(symbol->mark.venue), cb_sv_from(state->config->venue));
    CB_ASSERT(fits_venue);
    return symbol;
}

bool portfolio_price_of(const portfolio_state *state, const char *asset, int64_t *price_e8)
{
    *price_e8 = CB_E8;
    if (cb_text_equal(asset, state->config->quote_asset)) {
        return true;
    }
    CB_ASSERT(state->symbols_count <= PORTFOLIO_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const portfolio_mark *mark = &state->symbols[i].mark;
        if (cb_text_equal(mark->base_asset, asset) && mark->price.e8 > 0 &&
            cb_text_equal(mark->quote_asset, state->config->quote_asset)) {
            *price_e8 = mark->price.e8;
            return true;
        }
    }
    *price_e8 = 0;
    return false;
}

static portfolio_symbol *configured_symbol(
    portfolio_state *state, const char *venue, const char *name)
{
    portfolio_symbol *symbol = portfolio_symbol_find(state, name);
    const bool is_ours = symbol != NULL && symbol->is_configured;
    return is_ours && cb_text_equal(venue, state->config->venue) ? symbol : NULL;
}

void portfolio_market_on_candle(portfolio_step_context *step, const cb_candle *candle)
{
    portfolio_symbol *symbol = configured_symbol(step->state, candle->venue, candle->symbol);
    if (symbol == NULL || !candle->is_closed || candle->close.e8 <= 0 ||
        candle->close_ts_ns <= symbol->mark.close_ts_ns) {
        return;
    }
    symbol->mark.price = candle->close;
    symbol->mark.close_ts_ns = candle->close_ts_ns;
    symbol->is_mark_changed = true;
    CB_ASSERT(symbol->mark.price.e8 > 0);
    portfolio_value_update(step);
    portfolio_publish_now(step);
}

void portfolio_market_on_instrument(portfolio_step_context *step, const cb_instrument *instrument)
{
    portfolio_symbol *symbol =
        configured_symbol(step->state, instrument->venue, instrument->symbol);
    if (symbol == NULL || instrument->base_asset[0] == '\0' ||
        (cb_text_equal(symbol->mark.base_asset, instrument->base_asset) &&
            cb_text_equal(symbol->mark.quote_asset, instrument->quote_asset))) {
        return;
    }
    memcpy(symbol->mark.base_asset, instrument->base_asset, sizeof(symbol->mark.base_asset));
    memcpy(symbol->mark.quote_asset, instrument->quote_asset, sizeof(symbol->mark.quote_asset));
    symbol->is_mark_changed = true;
    CB_ASSERT(symbol->is_configured);
    portfolio_value_update(step);
}
