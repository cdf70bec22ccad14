/* Figures made from the kept candles: candles of longer intervals, the 24 h statistics, the average
 * price that filters use. Reads only. */
#include "services/simulator/core/history.h"

#include "base/assert.h"
#include "base/timefmt.h"

/* Where candles come from: closed ones in a ring, then the open one. */
typedef struct source {
    const sim_candles *ring;
    const sim_candle *live;
    uint64_t count; /* ring and live together */
} source;

static source source_of(const sim_symbol *symbol, sim_interval interval)
{
    source from = {.ring = &symbol->minutes, .live = &symbol->live[SIM_INTERVAL_1M]};
    if (interval == SIM_INTERVAL_1S) {
        from.ring = &symbol->seconds;
        from.live = &symbol->live[SIM_INTERVAL_1S];
    }
    from.count = sim_candles_kept(from.ring) + (from.live->open_ns != 0 ? 1 : 0);
    return from;
}

/* Oldest first. */
static const sim_candle *source_at(const source *from, uint64_t index)
{
    const uint64_t kept = sim_candles_kept(from->ring);
    CB_ASSERT(index < from->count);
    return index == kept ? from->live : sim_candles_back(from->ring, kept - 1 - index);
}

/* First index whose candle opens at or after ts_ns. */
static uint64_t source_find(const source *from, int64_t ts_ns)
{
    uint64_t low = 0;
    uint64_t high = from->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (source_at(from, middle)->open_ns < ts_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void sim_candle_join(sim_candle *sum, const sim_candle *part)
{
    if (part->trades_count > 0) {
        if (sum->trades_count == 0) {
            sum->open_e8 = part->open_e8;
            sum->high_e8 = part->high_e8;
            sum->low_e8 = part->low_e8;
            sum->first_id = part->first_id;
        }
        sum->high_e8 = part->high_e8 > sum->high_e8 ? part->high_e8 : sum->high_e8;
        sum->low_e8 = part->low_e8 < sum->low_e8 ? part->low_e8 : sum->low_e8;
        sum->close_e8 = part->close_e8;
        sum->last_id = part->last_id;
    }
    sum->volume_e8 += part->volume_e8;
    sum->quote_volume_e8 += part->quote_volume_e8;
    sum->taker_base_e8 += part->taker_base_e8;
    sum->taker_quote_e8 += part->taker_quote_e8;
    sum->trades_count += part->trades_count;
}

/* The candle of interval that starts at index; moves index behind it. */
static sim_candle gather(const source *from, sim_interval interval, uint64_t *index)
{
    sim_candle sum = *source_at(from, *index);
    sum.open_ns = sim_interval_open(interval, sum.open_ns);
    const int64_t end_ns = sim_interval_end(interval, sum.open_ns);
    (*index)++;
    while (*index < from->count && source_at(from, *index)->open_ns < end_ns) {
        sim_candle_join(&sum, source_at(from, *index));
        (*index)++;
    }
    return sum;
}

/* Index where the limit newest candles up to the end begin. */
static uint64_t newest_start(
    const source *from, sim_interval interval, uint64_t begin, uint64_t end, uint32_t limit)
{
    uint64_t at = end;
    for (uint32_t found = 0; found < limit && at > begin; found++) {
        const int64_t open_ns = sim_interval_open(interval, source_at(from, at - 1)->open_ns);
        const uint64_t start = source_find(from, open_ns);
        at = start > begin ? start : begin;
    }
    return at;
}

uint32_t sim_history_candles(const sim_core *sim,
    uint32_t symbol_index,
    sim_interval interval,
    int64_t from_ns,
    int64_t to_ns,
    bool is_newest,
    sim_candle *out,
    uint32_t limit)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(interval < SIM_INTERVAL_COUNT);
    const source from = source_of(&sim->symbols[symbol_index], interval);
    /* A candle that begins before from_ns is left out, even where minutes of it come later. */
    int64_t first_ns = from_ns;
    if (from_ns > 0 && sim_interval_open(interval, from_ns) < from_ns) {
        first_ns = sim_interval_end(interval, sim_interval_open(interval, from_ns));
    }
    const int64_t last_ns = to_ns == INT64_MAX
                                ? INT64_MAX
                                : sim_interval_end(interval, sim_interval_open(interval, to_ns));
    const uint64_t begin = source_find(&from, first_ns);
    const uint64_t end = last_ns == INT64_MAX ? from.count : source_find(&from, last_ns);
    uint64_t at = is_newest ? newest_start(&from, interval, begin, end, limit) : begin;
    uint32_t written = 0;
    while (at < end && written < limit) {
        out[written] = gather(&from, interval, &at);
        written++;
    }
    return written;
}

/* Adds the minutes since from_ns; returns the close before them, 0 = none is known. */
static int64_t sum_since(const sim_symbol *symbol, int64_t from_ns, sim_candle *sum)
{
    const source from = source_of(symbol, SIM_INTERVAL_1M);
    const uint64_t begin = source_find(&from, from_ns);
    *sum = (sim_candle){.open_ns = from_ns};
    for (uint64_t i = begin; i < from.count; i++) {
        sim_candle_join(sum, source_at(&from, i));
    }
    if (sum->trades_count == 0) {
        sum->open_e8 = symbol->last_price_e8;
        sum->high_e8 = symbol->last_price_e8;
        sum->low_e8 = symbol->last_price_e8;
        sum->close_e8 = symbol->last_price_e8;
    }
    return begin == 0 ? sum->open_e8 : source_at(&from, begin - 1)->close_e8;
}

static int64_t weighted(const sim_candle *sum)
{
    if (sum->volume_e8 == 0) {
        return 0;
    }
    /* An average of prices lies between them, so it fits where they fit. */
    return (int64_t)(sum->quote_volume_e8 * CB_E8 / sum->volume_e8);
}

void sim_history_day(const sim_core *sim, uint32_t symbol_index, sim_day *out)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    CB_ASSERT(out != NULL);
    const sim_symbol *symbol = &sim->symbols[symbol_index];
    const int64_t minute_ns = 60 * CB_NS_PER_S;
    const int64_t from_ns = sim->now_ns - CB_NS_PER_DAY;
    *out = (sim_day){0};
    out->previous_close_e8 = sum_since(symbol, from_ns - from_ns % minute_ns, &out->candle);
    out->average_e8 = weighted(&out->candle);
    if (out->average_e8 == 0) {
        out->average_e8 = symbol->last_price_e8;
    }
    out->change_e8 = out->candle.close_e8 - out->candle.open_e8;
    int64_t ratio_e8 = 0;
    if (out->candle.open_e8 > 0 &&
        cb_div_e8(out->change_e8, out->candle.open_e8, CB_ROUND_HALF_UP, &ratio_e8, NULL) ==
            CB_OK) {
        out->change_percent_e3 = ratio_e8 / 1000;
    }
}

int64_t sim_history_average(const sim_core *sim, uint32_t symbol_index, uint32_t minutes)
{
    CB_ASSERT(symbol_index < sim->symbols_count);
    const sim_symbol *symbol = &sim->symbols[symbol_index];
    if (minutes == 0) {
        return symbol->last_price_e8;
    }
    const int64_t minute_ns = 60 * CB_NS_PER_S;
    const int64_t from_ns = sim->now_ns - (int64_t)(minutes - 1) * minute_ns;
    sim_candle sum;
    (void)sum_since(symbol, from_ns - from_ns % minute_ns, &sum);
    const int64_t average_e8 = weighted(&sum);
    return average_e8 == 0 ? symbol->last_price_e8 : average_e8;
}
