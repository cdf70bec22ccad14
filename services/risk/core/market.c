/* What risk knows of the market: instruments and marks (stored), best prices and data quality
 * (heard anew after a restart). Repeats and older messages change nothing. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "domain/bodyhash.h"
#include "services/risk/core/state.h"

risk_symbol *risk_symbol_find(risk_state *state, const char *name)
{
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].name, name)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

risk_symbol *risk_symbol_take(risk_state *state, const char *name)
{
    risk_symbol *symbol = risk_symbol_find(state, name);
    if (symbol != NULL || name[0] == '\0' || state->symbols_count == RISK_SYMBOLS_MAX) {
        return symbol;
    }
    symbol = &state->symbols[state->symbols_count++];
    const bool fits = cb_text_copy(symbol->name, sizeof(symbol->name), cb_sv_from(name));
    CB_ASSERT(fits);
    return symbol;
}

const risk_symbol *risk_symbol_of_asset(const risk_state *state, const char *asset)
{
    CB_ASSERT(state->symbols_count <= RISK_SYMBOLS_MAX);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        const risk_symbol *symbol = &state->symbols[i];
        if (symbol->has_instrument && cb_text_equal(symbol->instrument.base_asset, asset) &&
            cb_text_equal(symbol->instrument.quote_asset, state->config->quote_asset)) {
            return symbol;
        }
    }
    return NULL;
}

/* Market messages count only for symbols we were told to trade, at our venue. */
static risk_symbol *configured_symbol(risk_state *state, const char *venue, const char *name)
{
    risk_symbol *symbol = risk_symbol_find(state, name);
    const bool is_ours = symbol != NULL && symbol->is_configured;
    return is_ours && cb_text_equal(venue, state->config->venue) ? symbol : NULL;
}

void risk_market_on_candle(risk_step_context *step, const cb_candle *candle)
{
    risk_symbol *symbol = configured_symbol(step->state, candle->venue, candle->symbol);
    if (symbol == NULL || !candle->is_closed || candle->close.e8 <= 0) {
        return;
    }
    if (symbol->has_mark && candle->close_ts_ns <= symbol->mark.close_ts_ns) {
        return;
    }
    symbol->has_mark = true;
    symbol->is_mark_changed = true;
    symbol->mark.price = candle->close;
    symbol->mark.close_ts_ns = candle->close_ts_ns;
    memcpy(symbol->mark.venue, candle->venue, sizeof(symbol->mark.venue));
    memcpy(symbol->mark.symbol, candle->symbol, sizeof(symbol->mark.symbol));
    risk_equity_update(step);
    risk_hold_release(step);
}

/* The older of when the collector and when we had it: a backlog makes data old, and a collector
 * whose clock is ahead of ours cannot make it young. */
static int64_t true_since(int64_t recv_ns, int64_t now_ns)
{
    return recv_ns > 0 && recv_ns < now_ns ? recv_ns : now_ns;
}

void risk_market_on_ticker(risk_step_context *step, const cb_ticker *ticker)
{
    risk_symbol *symbol = configured_symbol(step->state, ticker->venue, ticker->symbol);
    if (symbol == NULL || ticker->bid.e8 <= 0 || ticker->ask.e8 < ticker->bid.e8) {
        return;
    }
    CB_ASSERT(step->now_ns >= 0);
    symbol->has_ticker = true;
    symbol->bid = ticker->bid;
    symbol->ask = ticker->ask;
    symbol->ticker_ns = true_since(ticker->recv_ns, step->now_ns);
    CB_ASSERT(symbol->ticker_ns <= step->now_ns);
}

void risk_market_on_quality(risk_step_context *step, const cb_quality_score *quality)
{
    risk_symbol *symbol = configured_symbol(step->state, quality->venue, quality->symbol);
    if (symbol == NULL) {
        return;
    }
    CB_ASSERT(symbol->is_configured);
    CB_ASSERT(step->now_ns >= 0);
    symbol->has_quality = true;
    symbol->quality_score = quality->score;
    symbol->is_data_stale = quality->is_stale;
    symbol->is_book_valid = quality->is_book_valid;
    symbol->quality_ns = step->now_ns;
}

/* Equal but for who said it and when: nothing to store. */
static bool is_same_instrument(const cb_instrument *a, const cb_instrument *b)
{
    cb_instrument left = *a;
    cb_instrument right = *b;
    left.env = right.env = (cb_envelope){.seq = 0};
    left.recv_ns = right.recv_ns = 0;
    return cb_body_hash(CB_HASH_SEED, &cb_instrument_desc, &left) ==
           cb_body_hash(CB_HASH_SEED, &cb_instrument_desc, &right);
}

void risk_market_on_instrument(risk_step_context *step, const cb_instrument *instrument)
{
    risk_symbol *symbol = configured_symbol(step->state, instrument->venue, instrument->symbol);
    if (symbol == NULL ||
        (symbol->has_instrument && is_same_instrument(&symbol->instrument, instrument))) {
        return;
    }
    symbol->has_instrument = true;
    symbol->is_instrument_changed = true;
    symbol->instrument = *instrument;
    symbol->instrument.env = (cb_envelope){.seq = 0};
    CB_ASSERT(symbol->is_configured);
    risk_equity_update(step);
}
