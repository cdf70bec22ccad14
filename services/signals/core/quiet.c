/* What of signals' state a minute of quotes would change, and when it would change nothing else. */
#include "services/signals/core/quiet.h"

#include "services/signals/core/signals_internal.h"

#define FLATTEN_LEVEL 3

static bool is_flattening(const signals_state *state)
{
    for (uint32_t i = 0; i < state->kills_count; i++) {
        if (state->kills[i].level >= FLATTEN_LEVEL) {
            return true;
        }
    }
    return false;
}

/* No bid of the minute reaches a level of the position. */
static bool is_guard_quiet(const signals_symbol *symbol, int64_t bid_low_e8, int64_t bid_high_e8)
{
    const signals_book *book = &symbol->book;
    const bool is_stop = book->stop_loss.e8 > 0 && bid_low_e8 <= book->stop_loss.e8;
    const bool is_profit = book->take_profit.e8 > 0 && bid_high_e8 >= book->take_profit.e8;
    return !is_stop && !is_profit;
}

bool signals_quiet_may(
    const void *opaque, uint32_t index, int64_t open_ns, int64_t bid_low_e8, int64_t bid_high_e8)
{
    const signals_state *state = opaque;
    CB_ASSERT(index < state->symbols_count);
    CB_ASSERT(bid_low_e8 <= bid_high_e8);
    const signals_symbol *symbol = &state->symbols[index];
    return symbol->is_ready && !symbol->is_waiting && !symbol->is_stale_history &&
           symbol->has_ticker && symbol->has_quality && symbol->last_close_ns == open_ns &&
           symbol->flights_count == 0 && bid_low_e8 > 0 && !is_flattening(state) &&
           is_guard_quiet(symbol, bid_low_e8, bid_high_e8);
}

void signals_quiet_take(
    void *opaque, uint32_t index, const cb_ticker *ticker, const cb_quality_score *quality)
{
    signals_state *state = opaque;
    CB_ASSERT(index < state->symbols_count);
    CB_ASSERT(ticker->bid.e8 > 0);
    signals_symbol *symbol = &state->symbols[index];
    symbol->ticker = *ticker;
    symbol->has_ticker = true;
    symbol->quality = *quality;
    symbol->has_quality = true;
}
