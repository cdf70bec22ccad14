/* Technical indicators on incremental state: one bar in, a few numbers out, in constant time on
 * average. Numbers are doubles because they are statistics and never money; what goes in and what
 * comes out is always finite. A state is plain memory of the caller, without pointers and padding
 * (only 8-byte members), so it can be hashed, copied and compared. */
#ifndef CB_INDICATOR_H
#define CB_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/messages.h"
#include "domain/param.h"

#define CB_INDICATOR_OUTPUTS_MAX 8
#define CB_INDICATOR_PERIOD_MAX 5000

/* A closed candle as indicators see it; prices in quote units, volume in base units. */
typedef struct cb_bar {
    int64_t open_ts_ns;
    double open;
    double high;
    double low;
    double close;
    double volume;
} cb_bar;

typedef struct cb_indicator_ops {
    const char *name;    /* "rsi": also its file and its line in indicators.def */
    const char *summary; /* one line for help and documentation */
    const char *formula;
    const char *source;     /* who defined it, and which convention is used where they differ */
    const cb_param *params; /* NULL when there are none */
    uint32_t params_count;
    const char *const *outputs; /* names, in the order of update's out */
    uint32_t outputs_count;
    /** Bytes of state for these parameters (values by index, as in params; within its bounds). */
    size_t (*state_size)(const int64_t *params);
    /** Bars that must have come before (and with) the first output. */
    uint32_t (*warmup_bars)(const int64_t *params);
    /** state: state_size bytes, aligned to 8. */
    void (*init)(void *state, const int64_t *params);
    /**
     * Takes the next bar.
     *
     * @param out [out] outputs_count finite values, written only when true is returned.
     * @return true once warm: warmup_bars have come, this one included.
     */
    bool (*update)(void *state, const cb_bar *bar, double *out);
    /**
     * How fast the bars before the state's beginning are forgotten: from settle_factor *
     * warmup_bars on, two states that began at different bars differ by less than 1e-6 of the
     * output's size (1: not at all, the output is a function of the last warmup_bars bars). 0: not
     * stated, because the output adds up since the first bar or since a time of day.
     */
    uint32_t settle_factor;
} cb_indicator_ops;

/* A file without its line lacks this declaration: clang refuses it, and so does `make check`. A
 * line without its file does not link. */
#define INDICATOR(name) extern const cb_indicator_ops cb_indicator_##name;
#include "ind/indicators.def"
#undef INDICATOR

/** Number of rows in indicators.def. */
uint32_t cb_indicators_count(void);
/** A row of indicators.def, in its order; NULL past the end. */
const cb_indicator_ops *cb_indicator_at(uint32_t index);
/** The indicator of that name, or NULL. */
const cb_indicator_ops *cb_indicator_find(const char *name);

/** Writes the defaults of all parameters. */
void cb_indicator_defaults(const cb_indicator_ops *ops, int64_t params[CB_PARAMS_PER_ENTRY_MAX]);
/** True when every parameter is within its bounds. */
bool cb_indicator_accepts(const cb_indicator_ops *ops, const int64_t *params);

/** Hashes a state of size bytes (a multiple of 8), the same on every machine. */
uint64_t cb_indicator_hash(uint64_t hash, const void *state, size_t size);

/* The one place where fixed point becomes floating point and back. */

/** value / 1e8 as the nearest double. */
double cb_f64_from_e8(int64_t value_e8);
/** Nearest multiple of 1e-8, halves away from zero. CB_E_RANGE when not finite or not in int64. */
CB_MUST_USE cb_status cb_e8_from_f64(double value, int64_t *out_e8, cb_err *err);
/** A candle as a bar. */
cb_bar cb_bar_from_candle(const cb_candle *candle);

#endif /* CB_INDICATOR_H */
