/* The registry of order book indicators, and books as they see them. */
#include "ind/book_indicator.h"

#include "base/assert.h"
#include "base/strview.h"

static const cb_book_indicator_ops *const indicators[] = {
#define BOOK_INDICATOR(name) &cb_book_indicator_##name,
#include "ind/book_indicators.def"
#undef BOOK_INDICATOR
};
#define INDICATORS_COUNT ((uint32_t)(sizeof(indicators) / sizeof(indicators[0])))

uint32_t cb_book_indicators_count(void)
{
    return INDICATORS_COUNT;
}

const cb_book_indicator_ops *cb_book_indicator_at(uint32_t index)
{
    return index < INDICATORS_COUNT ? indicators[index] : NULL;
}

const cb_book_indicator_ops *cb_book_indicator_find(const char *name)
{
    CB_ASSERT(name != NULL);
    for (uint32_t i = 0; i < INDICATORS_COUNT; i++) {
        if (cb_text_equal(indicators[i]->name, name)) {
            return indicators[i];
        }
    }
    return NULL;
}

static uint32_t copy_side(const cb_level *levels, uint32_t count, cb_book_level *out)
{
    uint32_t copied = 0;
    for (uint32_t i = 0; i < count && copied < CB_BOOK_LEVELS_MAX; i++) {
        if (levels[i].price.e8 > 0 && levels[i].qty.e8 > 0) {
            out[copied++] = (cb_book_level){
                cb_f64_from_e8(levels[i].price.e8), cb_f64_from_e8(levels[i].qty.e8)};
        }
    }
    return copied;
}

bool cb_book_view_from(const cb_book *book, cb_book_view *out)
{
    CB_ASSERT(book != NULL && out != NULL);
    cb_book_view view;
    if (!book->is_valid) {
        return false;
    }
    view.bids_count = copy_side(book->bids, book->bids_count, view.bids);
    view.asks_count = copy_side(book->asks, book->asks_count, view.asks);
    if (view.bids_count == 0 || view.asks_count == 0 || view.bids[0].price >= view.asks[0].price) {
        return false;
    }
    *out = view;
    return true;
}
