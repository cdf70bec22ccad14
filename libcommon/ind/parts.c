/* Building blocks of indicators. Each does one thing per value, in constant time on average. */
#include "ind/parts.h"

#include <math.h>

#include "base/assert.h"

/* Ten of the 53 bits may be lost to a cancellation before the sum is built anew. */
#define CANCELLATION_RATIO 1024.0

void cb_ind_window_init(cb_ind_window *window, uint64_t capacity)
{
    CB_ASSERT(window != NULL);
    CB_ASSERT(capacity > 0);
    *window = (cb_ind_window){.capacity = capacity};
}

static double sum_of(const double *values, uint64_t count)
{
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum;
}

bool cb_ind_window_push(cb_ind_window *window, double *values, double value, double *dropped)
{
    CB_ASSERT(window != NULL && values != NULL);
    CB_ASSERT(isfinite(value));
    double old = 0;
    if (window->count == window->capacity) {
        old = values[window->next];
        window->sum -= old;
    } else {
        window->count++;
    }
    values[window->next] = value;
    window->sum += value;
    window->next = (window->next + 1) % window->capacity;
    if (window->count == window->capacity &&
        (window->next == 0 || fabs(old) > CANCELLATION_RATIO * fabs(window->sum))) {
        window->sum = sum_of(values, window->capacity);
    }
    if (dropped != NULL) {
        *dropped = old;
    }
    return window->count == window->capacity;
}

void cb_ind_extreme_init(cb_ind_extreme *extreme, uint64_t capacity, bool is_max)
{
    CB_ASSERT(extreme != NULL);
    CB_ASSERT(capacity > 0);
    *extreme = (cb_ind_extreme){.capacity = capacity, .is_max = is_max ? 1 : 0};
}

static cb_ind_candidate *candidate_at(
    const cb_ind_extreme *extreme, cb_ind_candidate *candidates, uint64_t place)
{
    return &candidates[(extreme->head + place) % extreme->capacity];
}

/* True when a candidate can never be the extreme again once value has come after it. */
static bool is_beaten(const cb_ind_extreme *extreme, double candidate, double value)
{
    return extreme->is_max != 0 ? candidate <= value : candidate >= value;
}

double cb_ind_extreme_push(cb_ind_extreme *extreme, cb_ind_candidate *candidates, double value)
{
    CB_ASSERT(extreme != NULL && candidates != NULL);
    CB_ASSERT(isfinite(value));
    const uint64_t index = extreme->seen++;
    if (extreme->count > 0 &&
        candidate_at(extreme, candidates, 0)->index + extreme->capacity <= index) {
        extreme->head = (extreme->head + 1) % extreme->capacity;
        extreme->count--;
    }
    while (
        extreme->count > 0 &&
        is_beaten(extreme, candidate_at(extreme, candidates, extreme->count - 1)->value, value)) {
        extreme->count--;
    }
    CB_ASSERT(extreme->count < extreme->capacity);
    *candidate_at(extreme, candidates, extreme->count) = (cb_ind_candidate){index, value};
    extreme->count++;
    return candidate_at(extreme, candidates, 0)->value;
}

void cb_ind_ema_init(cb_ind_ema *ema, uint64_t period)
{
    CB_ASSERT(ema != NULL);
    CB_ASSERT(period > 0);
    *ema = (cb_ind_ema){.period = period, .alpha = 2.0 / (cb_ind_f64(period) + 1.0)};
}

void cb_ind_wilder_init(cb_ind_ema *ema, uint64_t period)
{
    CB_ASSERT(ema != NULL);
    CB_ASSERT(period > 0);
    *ema = (cb_ind_ema){.period = period, .alpha = 1.0 / cb_ind_f64(period)};
}

bool cb_ind_ema_push(cb_ind_ema *ema, double value)
{
    CB_ASSERT(ema != NULL);
    CB_ASSERT(isfinite(value));
    if (ema->count == ema->period) {
        ema->value += ema->alpha * (value - ema->value);
        return true;
    }
    ema->value += value;
    ema->count++;
    if (ema->count < ema->period) {
        return false;
    }
    ema->value /= cb_ind_f64(ema->period);
    return true;
}

void cb_ind_rsi_init(cb_ind_rsi *rsi, uint64_t period)
{
    CB_ASSERT(rsi != NULL);
    *rsi = (cb_ind_rsi){.has_previous = 0};
    cb_ind_wilder_init(&rsi->gain, period);
    cb_ind_wilder_init(&rsi->loss, period);
}

bool cb_ind_rsi_push(cb_ind_rsi *rsi, double close, double *out)
{
    CB_ASSERT(rsi != NULL && out != NULL);
    CB_ASSERT(isfinite(close));
    const bool has_previous = rsi->has_previous != 0;
    const double change = has_previous ? close - rsi->previous : 0;
    rsi->previous = close;
    rsi->has_previous = 1;
    if (!has_previous) {
        return false;
    }
    const bool is_warm = cb_ind_ema_push(&rsi->gain, change > 0 ? change : 0);
    (void)cb_ind_ema_push(&rsi->loss, change < 0 ? -change : 0);
    if (!is_warm) {
        return false;
    }
    /* 100 - 100 / (1 + gain / loss), without the division by a loss of zero. A price that never
     * moved has no strength either way: 50. */
    const double whole = rsi->gain.value + rsi->loss.value;
    /* The quotient first: it is at most 1, while 100 * gain / gain may round to above 100. */
    *out = whole > 0 ? 100.0 * (rsi->gain.value / whole) : 50.0;
    return true;
}

double cb_ind_f64(uint64_t value)
{
    return (double)value;
}

double cb_ind_typical(const cb_bar *bar)
{
    CB_ASSERT(bar != NULL);
    return (bar->high + bar->low + bar->close) / 3.0;
}

bool cb_ind_bar_is_finite(const cb_bar *bar)
{
    CB_ASSERT(bar != NULL);
    return isfinite(bar->open) && isfinite(bar->high) && isfinite(bar->low) &&
           isfinite(bar->close) && isfinite(bar->volume);
}
