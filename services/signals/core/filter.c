/* Duplicates and spam: the same instance saying the same within some of its bars is one opinion,
 * and a symbol has only so many opinions an hour. Times are data times, so a replay filters alike.
 */
#include <string.h>

#include "base/textbuf.h"
#include "services/signals/core/signals_internal.h"

#define NS_PER_S INT64_C(1000000000)
#define HOUR_NS (3600 * NS_PER_S)

static uint32_t accepted_in_hour(const signals_symbol *symbol, int64_t data_ts_ns)
{
    uint32_t count = 0;
    CB_ASSERT(symbol->accepted_count <= SIGNALS_HOURLY_MAX);
    for (uint32_t i = 0; i < symbol->accepted_count; i++) {
        count += symbol->accepted_ns[i] > data_ts_ns - HOUR_NS ? 1U : 0U;
    }
    return count;
}

bool signals_filter(const signals_config *config,
    const signals_symbol *symbol,
    uint32_t instance,
    const cb_signal *signal,
    char reason[SIGNALS_REASON_MAX])
{
    CB_ASSERT(instance < SIGNALS_INSTANCES_MAX);
    CB_ASSERT(signal->side == CB_SIDE_BUY || signal->side == CB_SIDE_SELL);
    const signals_last *last = &symbol->last[instance];
    const int64_t last_ns = signal->side == CB_SIDE_BUY ? last->buy_ns : last->sell_ns;
    const int64_t cooldown_ns = config->cooldown_bars * (int64_t)signal->interval_s * NS_PER_S;
    cb_textbuf text = cb_textbuf_over(reason, SIGNALS_REASON_MAX);
    if (last_ns != 0 && signal->data_ts_ns - last_ns < cooldown_ns) {
        cb_textbuf_add(&text, "duplicate: same opinion ");
        cb_textbuf_add_i64(&text, (signal->data_ts_ns - last_ns) / NS_PER_S);
        cb_textbuf_add(&text, " s ago, cooldown ");
        cb_textbuf_add_i64(&text, cooldown_ns / NS_PER_S);
        cb_textbuf_add(&text, " s");
        return false;
    }
    if (accepted_in_hour(symbol, signal->data_ts_ns) >= (uint64_t)config->hourly_max) {
        cb_textbuf_add(&text, "spam: more than ");
        cb_textbuf_add_i64(&text, config->hourly_max);
        cb_textbuf_add(&text, " opinions in an hour");
        return false;
    }
    return true;
}

void signals_filter_accept(signals_symbol *symbol, uint32_t instance, const cb_signal *signal)
{
    CB_ASSERT(instance < SIGNALS_INSTANCES_MAX);
    CB_ASSERT(symbol->accepted_count <= SIGNALS_HOURLY_MAX);
    if (signal->side == CB_SIDE_BUY) {
        symbol->last[instance].buy_ns = signal->data_ts_ns;
    } else {
        symbol->last[instance].sell_ns = signal->data_ts_ns;
    }
    if (symbol->accepted_count == SIGNALS_HOURLY_MAX) {
        memmove(symbol->accepted_ns,
            symbol->accepted_ns + 1,
            (SIGNALS_HOURLY_MAX - 1U) * sizeof symbol->accepted_ns[0]);
        symbol->accepted_count--;
    }
    symbol->accepted_ns[symbol->accepted_count++] = signal->data_ts_ns;
}
