/* A whole minute of good messages at once, for history that is known in advance: whether all of
 * them would pass without a word, and what they leave behind. The candle itself is judged by the
 * expectations; of prices and quantities within it only bounds are looked at, on the safe side. */
#include "services/validator/core/quiet.h"

#include "services/validator/core/expectation.h"
#include "services/validator/core/validator_internal.h"

#define PRICE_MIN 0
#define PRICE_MAX 1
#define PRICE_MOVE_MAX 2
#define SAFETY 2 /* moves are held to half of what is allowed */

static bool is_near(int64_t low_e8, int64_t high_e8, int64_t move_max_e8)
{
    return (cb_i128)(high_e8 - low_e8) * CB_E8 * SAFETY <= (cb_i128)low_e8 * move_max_e8;
}

static bool are_prices_good(
    const validator_state *state, const validator_symbol *symbol, const validator_span *span)
{
    const int64_t *params = state->config->params[VALIDATOR_EXPECTATION_price_range];
    const int64_t last_e8 = symbol->price.price_e8;
    if (span->low_e8 < params[PRICE_MIN] || span->high_e8 > params[PRICE_MAX] || last_e8 <= 0) {
        return false;
    }
    const int64_t low_e8 = last_e8 < span->low_e8 ? last_e8 : span->low_e8;
    const int64_t high_e8 = last_e8 > span->high_e8 ? last_e8 : span->high_e8;
    return low_e8 > 0 && is_near(low_e8, high_e8, params[PRICE_MOVE_MAX]);
}

/* The expectations of a candle, without telling anybody. */
static bool is_candle_good(const validator_state *state,
    const validator_symbol *symbol,
    const validator_bar *bars,
    const validator_span *span)
{
    validator_finding finding;
    validator_check check = {.kind = CB_MSG_CANDLE,
        .body = span->candle,
        .symbol = symbol,
        .bars = bars,
        .bars_count = symbol->bars_count,
        .now_ns = span->candle->close_ts_ns};
    for (uint32_t i = 0; i < VALIDATOR_EXPECTATIONS_COUNT; i++) {
        const validator_expectation *entry = validator_expectation_at(i);
        if ((entry->kinds & VALIDATOR_ON(CB_MSG_CANDLE)) == 0) {
            continue;
        }
        check.params = state->config->params[i];
        if (!entry->check(&check, &finding)) {
            return false;
        }
    }
    return true;
}

bool validator_quiet_may(const void *opaque, uint32_t index, const validator_span *span)
{
    const validator_state *state = opaque;
    CB_ASSERT(index < state->symbols_count);
    CB_ASSERT(span->candle->is_closed && !span->candle->is_backfill);
    const validator_symbol *symbol = &state->symbols[index];
    uint32_t count = 0;
    const validator_bar *bars = validator_bars_of(state, symbol->name, &count);
    return !symbol->is_stale && symbol->is_book_valid && count > 0 &&
           bars[count - 1].open_ts_ns < span->candle->open_ts_ns &&
           are_prices_good(state, symbol, span) && is_candle_good(state, symbol, bars, span);
}

void validator_quiet_take(void *opaque, uint32_t index, const cb_candle *candle)
{
    validator_state *state = opaque;
    CB_ASSERT(index < state->symbols_count);
    CB_ASSERT(candle->is_closed && !candle->is_backfill);
    validator_symbol *symbol = &state->symbols[index];
    validator_bar_insert(state, symbol, candle, symbol->bars_count);
    symbol->price = (validator_price_memory){candle->close.e8, candle->close_ts_ns};
}

void validator_quiet_end(void *opaque, uint32_t index, const validator_traces *traces)
{
    validator_state *state = opaque;
    CB_ASSERT(index < state->symbols_count);
    CB_ASSERT(traces->last_data_ns > 0);
    validator_symbol *symbol = &state->symbols[index];
    symbol->trade = (validator_trade_memory){true, traces->trade_id, traces->trade_ts_ns};
    symbol->ticker =
        (validator_ticker_memory){true, traces->ticker_update_id, traces->ticker_recv_ns};
    symbol->book = (validator_book_memory){true, true, traces->book_update_id, traces->book_ts_ns};
    symbol->delta = (validator_delta_memory){.is_known = true,
        .first_update_id = traces->book_update_id,
        .last_update_id = traces->book_update_id,
        .venue_ts_ns = traces->book_ts_ns};
    symbol->last_data_ns = traces->last_data_ns;
    CB_ASSERT(traces->counts_count <= VALIDATOR_COUNTS_MAX);
    for (uint32_t i = 0; i < traces->counts_count; i++) {
        for (uint32_t k = 0; k < traces->counts[i].checked_count; k++) {
            validator_score_count(symbol, traces->counts[i].ts_ns, VALIDATOR_OUTCOME_PASSED);
        }
    }
}
