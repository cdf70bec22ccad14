/* Indicators of the order book: what indicator.h is for bars, for snapshots of both sides. They are
 * a registry of their own because a bar says nothing of them: what asks for one by name cannot be
 * given the other's input. States are plain memory of 8-byte members, outputs are finite, as there.
 */
#ifndef CB_BOOK_INDICATOR_H
#define CB_BOOK_INDICATOR_H

#include "ind/indicator.h"

#define CB_BOOK_LEVELS_MAX 20

typedef struct cb_book_level {
    double price; /* quote units */
    double qty;   /* base units, above 0 */
} cb_book_level;

/* Best first; both sides have at least one level. */
typedef struct cb_book_view {
    uint32_t bids_count;
    uint32_t asks_count;
    cb_book_level bids[CB_BOOK_LEVELS_MAX];
    cb_book_level asks[CB_BOOK_LEVELS_MAX];
} cb_book_view;

typedef struct cb_book_indicator_ops {
    const char *name;
    const char *summary;
    const char *formula;
    const char *source;
    const cb_param *params; /* NULL when there are none */
    uint32_t params_count;
    const char *const *outputs;
    uint32_t outputs_count;
    size_t (*state_size)(const int64_t *params);
    /** Snapshots that must have come before (and with) the first output. */
    uint32_t (*warmup)(const int64_t *params);
    void (*init)(void *state, const int64_t *params);
    /** @param out [out] outputs_count finite values, written only when true is returned. */
    bool (*update)(void *state, const cb_book_view *book, double *out);
} cb_book_indicator_ops;

#define BOOK_INDICATOR(name) extern const cb_book_indicator_ops cb_book_indicator_##name;
#include "ind/book_indicators.def"
#undef BOOK_INDICATOR

uint32_t cb_book_indicators_count(void);
/** NULL past the end. */
const cb_book_indicator_ops *cb_book_indicator_at(uint32_t index);
/** NULL when there is none of that name. */
const cb_book_indicator_ops *cb_book_indicator_find(const char *name);

/** False, and nothing written, for a book that is invalid, crossed or has an empty side. */
bool cb_book_view_from(const cb_book *book, cb_book_view *out);

#endif /* CB_BOOK_INDICATOR_H */
