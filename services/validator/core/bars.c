/* The remembered 1m candles of each symbol: a sorted array, newest last. It serves three things:
 * uniqueness and gap checks, the backfill rule, and answers to history questions. The array slides
 * through room of twice its size, so that a new candle rarely moves the others. */
#include <string.h>

#include "base/strview.h"
#include "services/validator/core/expectation.h"
#include "services/validator/core/validator_internal.h"

validator_symbol *validator_find(validator_state *state, const char *venue, const char *symbol)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(venue != NULL && symbol != NULL);
    if (!cb_text_equal(venue, state->config->venue)) {
        return NULL;
    }
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(symbol, state->symbols[i].name)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

validator_bar *validator_bars(validator_state *state, const validator_symbol *symbol)
{
    const ptrdiff_t index = symbol - state->symbols;
    CB_ASSERT(index >= 0);
    CB_ASSERT((uint32_t)index < state->symbols_count);
    return state->bars + (size_t)index * state->bars_capacity * VALIDATOR_BARS_ROOM +
           symbol->bars_first;
}

static validator_bar bar_from_candle(const cb_candle *candle)
{
    return (validator_bar){
        .open_ts_ns = candle->open_ts_ns,
        .open_e8 = candle->open.e8,
        .high_e8 = candle->high.e8,
        .low_e8 = candle->low.e8,
        .close_e8 = candle->close.e8,
        .volume_e8 = candle->volume.e8,
        .quote_volume_e8 = candle->quote_volume.e8,
        .trades_count = candle->trades_count,
    };
}

/* First bar that opens at or after open_ts_ns; count when there is none. */
static uint32_t bar_lower_bound(const validator_bar *bars, uint32_t count, int64_t open_ts_ns)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (bars[middle].open_ts_ns < open_ts_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    CB_ASSERT(low <= count);
    return low;
}

/* Prices and volume; a REST answer and the stream agree on these for a closed candle. */
static bool bar_is_equal(const validator_bar *a, const validator_bar *b)
{
    return a->open_e8 == b->open_e8 && a->high_e8 == b->high_e8 && a->low_e8 == b->low_e8 &&
           a->close_e8 == b->close_e8 && a->volume_e8 == b->volume_e8;
}

validator_place validator_bar_place(const validator_bar *bars,
    uint32_t count,
    uint32_t capacity,
    const cb_candle *candle,
    uint32_t *index)
{
    CB_ASSERT(bars != NULL && candle != NULL);
    CB_ASSERT(index != NULL && count <= capacity);
    const uint32_t at = bar_lower_bound(bars, count, candle->open_ts_ns);
    *index = at;
    if (at == count) {
        return VALIDATOR_PLACE_NEWEST;
    }
    if (bars[at].open_ts_ns == candle->open_ts_ns) {
        const validator_bar bar = bar_from_candle(candle);
        return bar_is_equal(&bars[at], &bar) ? VALIDATOR_PLACE_SAME : VALIDATOR_PLACE_DIFFERS;
    }
    const bool has_room = at > 0 || count < capacity;
    return has_room ? VALIDATOR_PLACE_FILLS_GAP : VALIDATOR_PLACE_TOO_OLD;
}

void validator_bar_insert(
    validator_state *state, validator_symbol *symbol, const cb_candle *candle, uint32_t index)
{
    validator_bar *bars = validator_bars(state, symbol);
    CB_ASSERT(index <= symbol->bars_count);
    CB_ASSERT(symbol->bars_count <= state->bars_capacity);
    if (symbol->bars_count == state->bars_capacity) {
        CB_ASSERT(index > 0); /* a candle at 0 of a full array is TOO_OLD */
        symbol->bars_first++;
        symbol->bars_count--;
        index--;
        bars++;
    }
    if (symbol->bars_first + symbol->bars_count == state->bars_capacity * VALIDATOR_BARS_ROOM) {
        validator_bar *begin = bars - symbol->bars_first;
        memmove(begin, bars, symbol->bars_count * sizeof bars[0]);
        symbol->bars_first = 0;
        bars = begin;
    }
    memmove(bars + index + 1, bars + index, (symbol->bars_count - index) * sizeof bars[0]);
    bars[index] = bar_from_candle(candle);
    symbol->bars_count++;
}

const validator_bar *validator_bars_of(const void *state, const char *symbol, uint32_t *count)
{
    const validator_state *s = state;
    CB_ASSERT(s != NULL && symbol != NULL);
    CB_ASSERT(count != NULL);
    for (uint32_t i = 0; i < s->symbols_count; i++) {
        if (cb_text_equal(symbol, s->symbols[i].name)) {
            *count = s->symbols[i].bars_count;
            return s->bars + (size_t)i * s->bars_capacity * VALIDATOR_BARS_ROOM +
                   s->symbols[i].bars_first;
        }
    }
    *count = 0;
    return NULL;
}

void validator_bar_to_candle(
    const validator_bar *bar, const char *venue, const char *symbol, cb_candle *out)
{
    CB_ASSERT(bar != NULL && out != NULL);
    const int64_t interval_ns = (int64_t)VALIDATOR_BAR_INTERVAL_S * INT64_C(1000000000);
    *out = (cb_candle){
        .interval_s = VALIDATOR_BAR_INTERVAL_S,
        .open_ts_ns = bar->open_ts_ns,
        .close_ts_ns = bar->open_ts_ns + interval_ns,
        .open.e8 = bar->open_e8,
        .high.e8 = bar->high_e8,
        .low.e8 = bar->low_e8,
        .close.e8 = bar->close_e8,
        .volume.e8 = bar->volume_e8,
        .quote_volume.e8 = bar->quote_volume_e8,
        .trades_count = bar->trades_count,
        .is_closed = true,
        .is_backfill = true,
    };
    const bool fits = cb_text_copy(out->venue, sizeof out->venue, cb_sv_from(venue)) &&
                      cb_text_copy(out->symbol, sizeof out->symbol, cb_sv_from(symbol));
    CB_ASSERT(fits);
}
