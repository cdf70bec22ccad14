/* Minutes out of coarser candles, because the chain lives on minutes. The way within a candle is
 * made up: from the open to the nearer-in-time extreme, to the other, to the close; put together
 * again, the minutes give the candle exactly, to the unit. */
#ifndef LAB_REFINE_H
#define LAB_REFINE_H

#include "services/lab/core/candles.h"

#define LAB_REFINED_NS INT64_C(60000000000)

/* The columns that lab_refine fills; each has lab_refined_count values. */
typedef struct lab_refined {
    int64_t *open_ts_ns;
    int64_t *open_e8;
    int64_t *high_e8;
    int64_t *low_e8;
    int64_t *close_e8;
    int64_t *volume_e8;
} lab_refined;

/** True when the candles are coarser than a minute and whole minutes long. */
bool lab_refine_is_needed(const lab_candles *candles);
uint64_t lab_refined_count(const lab_candles *candles);
/**
 * Fills the columns. A falling candle goes to its high first, a rising one to its low: the longer
 * way, which is the more careful guess for stops. Prices keep to the coarsest power of ten that the
 * data keeps to.
 */
void lab_refine(const lab_candles *candles, const lab_refined *out);

#endif /* LAB_REFINE_H */
