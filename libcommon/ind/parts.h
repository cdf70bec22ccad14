/* Building blocks of indicators: a window with its sum, a moving extreme, exponential averages.
 * All are made of 8-byte members only and take their arrays as arguments, so that the states that
 * hold them stay free of pointers and padding. */
#ifndef CB_IND_PARTS_H
#define CB_IND_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ind/indicator.h"

/* The shared parameter of most indicators. */
#define CB_IND_PERIOD(default_bars, least)                                                         \
    {                                                                                              \
        "period", CB_PARAM_COUNT, default_bars, least, CB_INDICATOR_PERIOD_MAX,                    \
            "bars in the window"                                                                   \
    }

/* ---- the last capacity values and their sum ---- */
typedef struct cb_ind_window {
    uint64_t capacity;
    uint64_t count;
    uint64_t next; /* where the next value goes */
    double sum;
} cb_ind_window;

void cb_ind_window_init(cb_ind_window *window, uint64_t capacity);
/**
 * Adds a value to values (capacity doubles), dropping the oldest when full. The sum is built anew
 * each time the window has gone round, so rounding cannot pile up over millions of bars, and
 * when the dropped value outweighs what remains, so that a sum of zeros is exactly zero.
 *
 * @param dropped [out] the value that left; 0 when none did. May be NULL.
 * @return true when the window is full.
 */
bool cb_ind_window_push(cb_ind_window *window, double *values, double value, double *dropped);

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

void cb_ind_extreme_init(cb_ind_extreme *extreme, uint64_t capacity, bool is_max);
/** Adds a value; candidates is an array of capacity. Returns the extreme of the window. */
double cb_ind_extreme_push(cb_ind_extreme *extreme, cb_ind_candidate *candidates, double value);

/* ---- exponential average, begun with the plain average of the first period values ---- */
typedef struct cb_ind_ema {
    uint64_t period;
    uint64_t count; /* values so far, at most period */
    double alpha;
    double value; /* the sum until warm, then the average */
} cb_ind_ema;

/** alpha = 2 / (period + 1). */
void cb_ind_ema_init(cb_ind_ema *ema, uint64_t period);
/** alpha = 1 / period: Wilder's smoothing. */
void cb_ind_wilder_init(cb_ind_ema *ema, uint64_t period);
/** True once period values have come; value is the average then. */
bool cb_ind_ema_push(cb_ind_ema *ema, double value);

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
double cb_ind_f64(uint64_t value);
/** (high + low + close) / 3 */
double cb_ind_typical(const cb_bar *bar);
/** True when all numbers of a bar are finite. */
bool cb_ind_bar_is_finite(const cb_bar *bar);

#endif /* CB_IND_PARTS_H */
