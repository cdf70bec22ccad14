/* Building blocks of indicators: a window with its sum, a moving extreme, exponential averages.
 * All are made of 8-byte members only and take their arrays as arguments, so that the states that
 * hold them stay free of pointers and padding. */
#ifndef CB_IND_PARTS_H
#define CB_IND_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include "base/assert.h"
#include "ind/indicator.h"

/* The shared parameter of most indicators. */
#define CB_IND_PERIOD(default_bars, least)                                                         \
    {                                                                                              \
        "period", CB_PARAM_COUNT, default_bars, least, CB_INDICATOR_PERIOD_MAX,                    \
            "bars in the window"                                                                   \
    }

/* A parameter of any name that counts bars. */
#define CB_IND_COUNT(name, default_bars, least, help)                                              \
    {                                                                                              \
        name, CB_PARAM_COUNT, default_bars, least, CB_INDICATOR_PERIOD_MAX, help                   \
    }

/* What every table says in the same words; the file's own static names are taken. */
#define CB_INDICATOR_COMMON(id)                                                                    \
    .name = #id, .outputs = outputs, .outputs_count = sizeof(outputs) / sizeof(outputs[0]),        \
    .state_size = id##_state_size, .warmup_bars = id##_warmup_bars, .init = id##_init,             \
    .update = id##_update
#define CB_INDICATOR(id)                                                                           \
    CB_INDICATOR_COMMON(id), .params = params, .params_count = sizeof(params) / sizeof(params[0])
/* An indicator without parameters. */
#define CB_INDICATOR_PLAIN(id) CB_INDICATOR_COMMON(id), .params = NULL, .params_count = 0

/* id_state_size for a state whose size knows no parameter. */
#define CB_INDICATOR_FIXED(id)                                                                     \
    static size_t id##_state_size(const int64_t *values)                                           \
    {                                                                                              \
        (void)values;                                                                              \
        return sizeof(id##_state);                                                                 \
    }
/* id_state_size for a state with so many doubles behind it; may use values. */
#define CB_INDICATOR_SIZED(id, doubles)                                                            \
    static size_t id##_state_size(const int64_t *values)                                           \
    {                                                                                              \
        return sizeof(id##_state) + (size_t)(doubles) * sizeof(double);                            \
    }
/* id_warmup_bars from an expression of values. */
#define CB_INDICATOR_WARMUP(id, bars)                                                              \
    static uint32_t id##_warmup_bars(const int64_t *values)                                        \
    {                                                                                              \
        (void)values;                                                                              \
        return (uint32_t)(bars);                                                                   \
    }

/* ---- the last capacity values and their sum ---- */
typedef struct cb_ind_window {
    uint64_t capacity;
    uint64_t count;
    uint64_t next; /* where the next value goes */
    double sum;
} cb_ind_window;

static inline void cb_ind_window_init(cb_ind_window *window, uint64_t capacity)
{
    CB_ASSERT(window != NULL);
    CB_ASSERT(capacity > 0);
    *window = (cb_ind_window){.capacity = capacity};
}

/* Ten of the 53 bits may be lost to a cancellation before a sum is built anew. */
#define CB_IND_CANCELLATION_RATIO 1024.0

/** Sum of values, in order. */
double cb_ind_sum(const double *values, uint64_t count);
/** Zeroes values: memory before init is arbitrary, and states are hashed. */
void cb_ind_clear(double *values, uint64_t count);
/**
 * Adds a value to values (capacity doubles), dropping the oldest when full. The sum is built anew
 * each time the window has gone round, so rounding cannot pile up over millions of bars, and
 * when the dropped value outweighs what remains, so that a sum of zeros is exactly zero.
 *
 * @param dropped [out] the value that left; 0 when none did. May be NULL.
 * @return true when the window is full.
 */
static inline bool cb_ind_window_push(
    cb_ind_window *window, double *values, double value, double *dropped)
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
    window->next++;
    if (window->next == window->capacity) {
        window->next = 0;
    }
    if (window->count == window->capacity &&
        (window->next == 0 || fabs(old) > CB_IND_CANCELLATION_RATIO * fabs(window->sum))) {
        window->sum = cb_ind_sum(values, window->capacity);
    }
    if (dropped != NULL) {
        *dropped = old;
    }
    return window->count == window->capacity;
}

static inline double cb_ind_window_mean(const cb_ind_window *window)
{
    return window->sum / (double)window->capacity;
}

/* ---- the value of capacity values ago ---- */
typedef struct cb_ind_lag {
    uint64_t capacity;
    uint64_t count;
    uint64_t next;
} cb_ind_lag;

static inline void cb_ind_lag_init(cb_ind_lag *lag, uint64_t capacity)
{
    CB_ASSERT(lag != NULL && capacity > 0);
    *lag = (cb_ind_lag){.capacity = capacity};
}

/**
 * Adds a value to values (capacity doubles).
 *
 * @param before [out] what was added capacity values ago, written when true is returned.
 */
static inline bool cb_ind_lag_push(cb_ind_lag *lag, double *values, double value, double *before)
{
    CB_ASSERT(lag != NULL && values != NULL);
    CB_ASSERT(before != NULL);
    const bool is_full = lag->count == lag->capacity;
    if (is_full) {
        *before = values[lag->next];
    } else {
        lag->count++;
    }
    values[lag->next] = value;
    lag->next++;
    if (lag->next == lag->capacity) {
        lag->next = 0;
    }
    return is_full;
}

/* ---- the linearly weighted average: the newest value weighs capacity, the oldest 1 ---- */
typedef struct cb_ind_weighted {
    cb_ind_window window;
    double sum; /* of weight * value */
} cb_ind_weighted;

void cb_ind_weighted_init(cb_ind_weighted *weighted, uint64_t capacity);
/** Adds a value; when full, *out is the average. */
bool cb_ind_weighted_push(cb_ind_weighted *weighted, double *values, double value, double *out);

/* ---- mean and squared deviations of the last capacity values (Welford) ---- */
typedef struct cb_ind_spread {
    cb_ind_window window;
    double mean;    /* valid when full, as is squares */
    double squares; /* sum of (value - mean)^2 */
} cb_ind_spread;

void cb_ind_spread_init(cb_ind_spread *spread, uint64_t capacity);
bool cb_ind_spread_push(cb_ind_spread *spread, double *values, double value);
/** Population deviation; 0 when it is below the rounding of the mean itself. */
double cb_ind_spread_deviation(const cb_ind_spread *spread);

/* ---- two series side by side: their spreads and what they have in common ---- */
typedef struct cb_ind_pair {
    cb_ind_spread x;
    cb_ind_spread y;
    double common; /* sum of (x - mean of x) * (y - mean of y), valid when full */
} cb_ind_pair;

void cb_ind_pair_init(cb_ind_pair *pair, uint64_t capacity);
/** values: 2 * capacity doubles. */
bool cb_ind_pair_push(cb_ind_pair *pair, double *values, double x, double y);
/** Pearson's correlation, -1 to 1; 0 when one of both does not move. */
double cb_ind_pair_correlation(const cb_ind_pair *pair);

/* ---- powers of the last capacity values around an anchor near their mean ---- */
typedef struct cb_ind_moments {
    cb_ind_window window;
    double anchor;
    double sums[4]; /* of (value - anchor)^1 … ^4 */
} cb_ind_moments;

void cb_ind_moments_init(cb_ind_moments *moments, uint64_t capacity);
bool cb_ind_moments_push(cb_ind_moments *moments, double *values, double value);
/** Central moments 2, 3 and 4 (divisor n); all 0 when the values do not move. */
void cb_ind_moments_central(const cb_ind_moments *moments, double out[3]);

/* ---- the greatest (or least) of the last capacity values: a monotonic queue ---- */
typedef struct cb_ind_extreme {
    uint64_t capacity;
    uint64_t seen; /* values so far */
    uint64_t head;
    uint64_t count;
    uint64_t is_max;
} cb_ind_extreme;

/* One candidate: a value that may yet become the extreme. */
typedef struct cb_ind_candidate {
    uint64_t index;
    double value;
} cb_ind_candidate;

static inline void cb_ind_extreme_init(cb_ind_extreme *extreme, uint64_t capacity, bool is_max)
{
    CB_ASSERT(extreme != NULL);
    CB_ASSERT(capacity > 0);
    *extreme = (cb_ind_extreme){.capacity = capacity, .is_max = is_max ? 1 : 0};
}

/* head + place on the ring, without a division. */
static inline uint64_t cb_ind_extreme_slot(const cb_ind_extreme *extreme, uint64_t place)
{
    const uint64_t slot = extreme->head + place;
    return slot < extreme->capacity ? slot : slot - extreme->capacity;
}

/** Adds a value; candidates is an array of capacity. Returns the extreme of the window. */
static inline double cb_ind_extreme_push(
    cb_ind_extreme *extreme, cb_ind_candidate *candidates, double value)
{
    CB_ASSERT(extreme != NULL && candidates != NULL);
    CB_ASSERT(isfinite(value));
    const uint64_t index = extreme->seen++;
    if (extreme->count > 0 && candidates[extreme->head].index + extreme->capacity <= index) {
        extreme->head = cb_ind_extreme_slot(extreme, 1);
        extreme->count--;
    }
    while (extreme->count > 0) {
        const double last = candidates[cb_ind_extreme_slot(extreme, extreme->count - 1)].value;
        const bool is_beaten = extreme->is_max != 0 ? last <= value : last >= value;
        if (!is_beaten) {
            break;
        }
        extreme->count--;
    }
    CB_ASSERT(extreme->count < extreme->capacity);
    candidates[cb_ind_extreme_slot(extreme, extreme->count)] = (cb_ind_candidate){index, value};
    extreme->count++;
    return candidates[extreme->head].value;
}

/** How many values ago the extreme came; of equal ones the latest counts. */
static inline uint64_t cb_ind_extreme_age(
    const cb_ind_extreme *extreme, const cb_ind_candidate *candidates)
{
    CB_ASSERT(extreme->count > 0);
    return extreme->seen - 1 - candidates[extreme->head].index;
}

/* ---- exponential average, begun with the plain average of the first period values ---- */
typedef struct cb_ind_ema {
    uint64_t period;
    uint64_t count; /* values so far, at most period */
    double alpha;
    double value; /* the sum until warm, then the average */
} cb_ind_ema;

/** alpha = 2 / (period + 1). */
static inline void cb_ind_ema_init(cb_ind_ema *ema, uint64_t period)
{
    CB_ASSERT(ema != NULL);
    CB_ASSERT(period > 0);
    *ema = (cb_ind_ema){.period = period, .alpha = 2.0 / ((double)period + 1.0)};
}

/** alpha = 1 / period: Wilder's smoothing. */
static inline void cb_ind_wilder_init(cb_ind_ema *ema, uint64_t period)
{
    CB_ASSERT(ema != NULL);
    CB_ASSERT(period > 0);
    *ema = (cb_ind_ema){.period = period, .alpha = 1.0 / (double)period};
}

/** True once period values have come; value is the average then. */
static inline bool cb_ind_ema_push(cb_ind_ema *ema, double value)
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
    ema->value /= (double)ema->period;
    return true;
}

/* ---- Wilder's relative strength ---- */
typedef struct cb_ind_rsi {
    uint64_t has_previous;
    double previous;
    cb_ind_ema gain;
    cb_ind_ema loss;
} cb_ind_rsi;

void cb_ind_rsi_init(cb_ind_rsi *rsi, uint64_t period);
/** @param out [out] 0 … 100, written when true is returned. */
bool cb_ind_rsi_push(cb_ind_rsi *rsi, double close, double *out);

/** value as double, for counts. */
static inline double cb_ind_f64(uint64_t value)
{
    return (double)value;
}

/** (high + low + close) / 3 */
static inline double cb_ind_typical(const cb_bar *bar)
{
    CB_ASSERT(bar != NULL);
    return (bar->high + bar->low + bar->close) / 3.0;
}

/** top / bottom, or otherwise when the bottom is not above 0. */
static inline double cb_ind_ratio(double top, double bottom, double otherwise)
{
    return bottom > 0 ? top / bottom : otherwise;
}

/** Where the close stands in the bar: 1 at the high, -1 at the low, 0 without a range. */
static inline double cb_ind_close_place(const cb_bar *bar)
{
    CB_ASSERT(bar != NULL);
    return cb_ind_ratio(
        (bar->close - bar->low) - (bar->high - bar->close), bar->high - bar->low, 0);
}

/** value * factor, kept within 1e-100 and 1e100 so that no jump makes it infinite or 0 for good. */
static inline double cb_ind_compound(double value, double factor)
{
    const double product = value * factor;
    if (product > 1e100) {
        return 1e100;
    }
    return product > 1e-100 ? product : 1e-100;
}

/* ---- true range ---- */
typedef struct cb_ind_range {
    uint64_t has_previous;
    double previous_close;
} cb_ind_range;

/** Wilder's true range of the next bar; the first has no close before it: high - low. */
static inline double cb_ind_range_push(cb_ind_range *range, const cb_bar *bar)
{
    CB_ASSERT(range != NULL && bar != NULL);
    double value = bar->high - bar->low;
    if (range->has_previous != 0) {
        const double up = fabs(bar->high - range->previous_close);
        const double down = fabs(bar->low - range->previous_close);
        value = up > value ? up : value;
        value = down > value ? down : value;
    }
    range->previous_close = bar->close;
    range->has_previous = 1;
    return value;
}

/* ---- where a close stands between the highest high and the lowest low of a window ---- */
typedef struct cb_ind_channel {
    cb_ind_extreme highest;
    cb_ind_extreme lowest;
} cb_ind_channel;

/* Doubles that the candidates of a channel take. */
#define CB_IND_CHANNEL_DOUBLES(period) (4 * (period))

static inline void cb_ind_channel_init(cb_ind_channel *channel, uint64_t capacity)
{
    CB_ASSERT(channel != NULL);
    cb_ind_extreme_init(&channel->highest, capacity, true);
    cb_ind_extreme_init(&channel->lowest, capacity, false);
}

/** values: CB_IND_CHANNEL_DOUBLES(capacity). True when full. */
static inline bool cb_ind_channel_push(
    cb_ind_channel *channel, double *values, double top, double bottom, double *high, double *low)
{
    cb_ind_candidate *candidates = (cb_ind_candidate *)(void *)values;
    *high = cb_ind_extreme_push(&channel->highest, candidates, top);
    *low = cb_ind_extreme_push(&channel->lowest, candidates + channel->lowest.capacity, bottom);
    return channel->highest.seen >= channel->highest.capacity;
}
/* ---- high, low and close of the session before, sessions counted from 1970 in UTC ---- */
typedef struct cb_ind_session {
    int64_t length_ns;
    int64_t number; /* of the running session; -1: none yet */
    uint64_t has_ended;
    double before[3]; /* high, low, close of the session before */
    double now[3];
} cb_ind_session;

#define CB_IND_SESSION                                                                             \
    {                                                                                              \
        "session_hours", CB_PARAM_COUNT, 24, 1, 168,                                               \
            "hours of a session, counted from 1970-01-01T00:00Z (24: each day)"                    \
    }

void cb_ind_session_init(cb_ind_session *session, int64_t hours);
/** Of the session before; of the bars so far until a session has ended. */
void cb_ind_session_push(
    cb_ind_session *session, const cb_bar *bar, double *high, double *low, double *close);

/** True when all numbers of a bar are finite. */
bool cb_ind_bar_is_finite(const cb_bar *bar);

#endif /* CB_IND_PARTS_H */
