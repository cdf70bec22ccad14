/* Coarser candles from finer ones, and candles from trades. Pure; the caller owns every array. */
#include "services/lab/core/derive.h"

#include "base/assert.h"
#include "base/money.h"
#include "base/timefmt.h"

/* 1970-01-01 was a Thursday: the first Monday is four days later. */
#define WEEK_NS (7 * CB_NS_PER_DAY)
#define FIRST_MONDAY_NS (4 * CB_NS_PER_DAY)

int64_t lab_timeframe_floor(int64_t ts_ns, int64_t timeframe_ns)
{
    CB_ASSERT(timeframe_ns > 0);
    CB_ASSERT(ts_ns >= 0);
    const int64_t base_ns = timeframe_ns % WEEK_NS == 0 ? FIRST_MONDAY_NS : 0;
    const int64_t since_ns = ts_ns - base_ns;
    const int64_t rest_ns = (since_ns % timeframe_ns + timeframe_ns) % timeframe_ns;
    return ts_ns - rest_ns;
}

/* Begins candle number at with one price and nothing traded. */
static void begin(lab_candles_out *out, uint64_t at, int64_t open_ts_ns, int64_t price_e8)
{
    CB_ASSERT(at < out->capacity);
    CB_ASSERT(price_e8 > 0);
    out->open_ts_ns[at] = open_ts_ns;
    out->open_e8[at] = price_e8;
    out->high_e8[at] = price_e8;
    out->low_e8[at] = price_e8;
    out->close_e8[at] = price_e8;
    out->volume_e8[at] = 0;
    if (out->quote_volume_e8 != NULL) {
        out->quote_volume_e8[at] = 0;
    }
    if (out->taker_volume_e8 != NULL) {
        out->taker_volume_e8[at] = 0;
    }
    if (out->trades_count != NULL) {
        out->trades_count[at] = 0;
    }
}

static bool add_i64(int64_t *to, int64_t value)
{
    return !__builtin_add_overflow(*to, value, to);
}

static bool has_trade(const lab_candles *source, uint64_t row)
{
    return source->trades_count != NULL ? source->trades_count[row] > 0
                                        : source->volume_e8[row] > 0;
}

/* Prices of a candle that had trades, into candle at; is_first: none before it had. */
static void add_prices(
    lab_candles_out *out, uint64_t at, const lab_candles *source, uint64_t row, bool is_first)
{
    if (is_first) {
        out->open_e8[at] = source->open_e8[row];
        out->high_e8[at] = source->high_e8[row];
        out->low_e8[at] = source->low_e8[row];
    } else {
        out->high_e8[at] =
            source->high_e8[row] > out->high_e8[at] ? source->high_e8[row] : out->high_e8[at];
        out->low_e8[at] =
            source->low_e8[row] < out->low_e8[at] ? source->low_e8[row] : out->low_e8[at];
    }
    out->close_e8[at] = source->close_e8[row];
}

static bool add_sums(lab_candles_out *out, uint64_t at, const lab_candles *source, uint64_t row)
{
    bool fits = add_i64(&out->volume_e8[at], source->volume_e8[row]);
    if (out->quote_volume_e8 != NULL) {
        fits = add_i64(&out->quote_volume_e8[at], source->quote_volume_e8[row]) && fits;
    }
    if (out->taker_volume_e8 != NULL) {
        fits = add_i64(&out->taker_volume_e8[at], source->taker_volume_e8[row]) && fits;
    }
    if (out->trades_count != NULL) {
        uint32_t *const trades = &out->trades_count[at];
        fits = !__builtin_add_overflow(*trades, source->trades_count[row], trades) && fits;
    }
    return fits;
}

cb_status lab_derive_candles(
    const lab_candles *source, int64_t timeframe_ns, lab_candles_out *out, cb_err *err)
{
    CB_ASSERT(out->quote_volume_e8 == NULL || source->quote_volume_e8 != NULL);
    CB_ASSERT(out->taker_volume_e8 == NULL || source->taker_volume_e8 != NULL);
    CB_ASSERT(out->trades_count == NULL || source->trades_count != NULL);
    if (timeframe_ns <= 0 || source->timeframe_ns <= 0 ||
        timeframe_ns % source->timeframe_ns != 0) {
        return CB_FAIL(err, CB_E_CONFIG, "time frame is no multiple of the data's");
    }
    out->count = 0;
    bool is_traded = false;
    for (uint64_t row = 0; row < source->count; row++) {
        const int64_t open_ts_ns = lab_timeframe_floor(source->open_ts_ns[row], timeframe_ns);
        if (out->count == 0 || out->open_ts_ns[out->count - 1] != open_ts_ns) {
            if (out->count == out->capacity) {
                return CB_FAIL(err, CB_E_FULL, "no room for the derived candles");
            }
            begin(out, out->count, open_ts_ns, source->open_e8[row]);
            out->count++;
            is_traded = false;
        }
        const uint64_t at = out->count - 1;
        if (has_trade(source, row)) {
            add_prices(out, at, source, row, !is_traded);
            is_traded = true;
        } else if (!is_traded) {
            out->close_e8[at] = out->open_e8[at];
        }
        if (!add_sums(out, at, source, row)) {
            return CB_FAIL(err, CB_E_RANGE, "a sum of the derived candles leaves its type");
        }
    }
    return CB_OK;
}

static cb_status add_trade(
    lab_candles_out *out, uint64_t at, const lab_trades *source, uint64_t row, cb_err *err)
{
    const int64_t price_e8 = source->price_e8[row];
    const int64_t qty_e8 = source->qty_e8[row];
    int64_t quote_e8 = 0;
    const cb_status status = cb_mul_e8(price_e8, qty_e8, CB_ROUND_HALF_UP, &quote_e8, err);
    if (status != CB_OK) {
        return status;
    }
    out->high_e8[at] = price_e8 > out->high_e8[at] ? price_e8 : out->high_e8[at];
    out->low_e8[at] = price_e8 < out->low_e8[at] ? price_e8 : out->low_e8[at];
    out->close_e8[at] = price_e8;
    bool fits = add_i64(&out->volume_e8[at], qty_e8);
    if (out->quote_volume_e8 != NULL) {
        fits = add_i64(&out->quote_volume_e8[at], quote_e8) && fits;
    }
    if (out->taker_volume_e8 != NULL && source->is_buyer_maker[row] == 0) {
        fits = add_i64(&out->taker_volume_e8[at], qty_e8) && fits;
    }
    if (out->trades_count != NULL) {
        fits = !__builtin_add_overflow(out->trades_count[at], 1u, &out->trades_count[at]) && fits;
    }
    return fits ? CB_OK : CB_FAIL(err, CB_E_RANGE, "a sum of the candles leaves its type");
}

cb_status lab_derive_from_trades(
    const lab_trades *source, int64_t timeframe_ns, lab_candles_out *out, cb_err *err)
{
    CB_ASSERT(timeframe_ns > 0);
    CB_ASSERT(out->open_ts_ns != NULL);
    out->count = 0;
    for (uint64_t row = 0; row < source->count; row++) {
        const int64_t open_ts_ns = lab_timeframe_floor(source->ts_ns[row], timeframe_ns);
        if (out->count == 0 || out->open_ts_ns[out->count - 1] != open_ts_ns) {
            if (out->count == out->capacity) {
                return CB_FAIL(err, CB_E_FULL, "no room for the candles");
            }
            begin(out, out->count, open_ts_ns, source->price_e8[row]);
            out->count++;
        }
        const cb_status status = add_trade(out, out->count - 1, source, row, err);
        if (status != CB_OK) {
            return status;
        }
    }
    return CB_OK;
}
