/* The order book of prices and quantities. It matches nothing and knows no update ids. */
#include "domain/book.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

static void side_init(cb_book_side *side, cb_arena *arena, uint32_t capacity, bool is_bid)
{
    *side = (cb_book_side){.levels = cb_arena_alloc(arena, capacity, sizeof(cb_level)),
        .count = 0,
        .capacity = capacity,
        .is_bid = is_bid};
}

void cb_order_book_init(cb_order_book *book, cb_arena *arena, uint32_t capacity)
{
    CB_ASSERT(book != NULL && arena != NULL);
    CB_ASSERT(capacity > 0);
    side_init(&book->bids, arena, capacity, true);
    side_init(&book->asks, arena, capacity, false);
    book->evicted_count = 0;
}

void cb_order_book_reset(cb_order_book *book)
{
    CB_ASSERT(book != NULL);
    book->bids.count = 0;
    book->asks.count = 0;
    book->evicted_count = 0;
}

static const cb_book_side *side_of(const cb_order_book *book, cb_side side)
{
    CB_ASSERT(book != NULL);
    CB_ASSERT(side == CB_SIDE_BUY || side == CB_SIDE_SELL);
    return side == CB_SIDE_BUY ? &book->bids : &book->asks;
}

/* True when price a lies farther from the best than price b. */
static bool is_worse(const cb_book_side *side, int64_t a_e8, int64_t b_e8)
{
    return side->is_bid ? a_e8 < b_e8 : a_e8 > b_e8;
}

/* Index of the first level that is not worse than price: where it is, or where it belongs. */
static uint32_t side_find(const cb_book_side *side, int64_t price_e8)
{
    uint32_t low = 0;
    uint32_t high = side->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (is_worse(side, side->levels[middle].price.e8, price_e8)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void side_remove(cb_book_side *side, uint32_t index)
{
    CB_ASSERT(index < side->count);
    side->count--;
    memmove(
        &side->levels[index], &side->levels[index + 1], (side->count - index) * sizeof(cb_level));
}

/* Inserts before index; a full side gives up its worst level, which stands first. Returns how many
 * levels were lost. */
static uint32_t side_insert(cb_book_side *side, uint32_t index, cb_level level)
{
    CB_ASSERT(index <= side->count);
    if (side->count < side->capacity) {
        memmove(&side->levels[index + 1],
            &side->levels[index],
            (side->count - index) * sizeof(cb_level));
        side->levels[index] = level;
        side->count++;
        return 0;
    }
    if (index > 0) {
        memmove(&side->levels[0], &side->levels[1], (index - 1) * sizeof(cb_level));
        side->levels[index - 1] = level;
    }
    return 1;
}

static cb_status check_level(cb_level level, cb_err *err)
{
    if (level.price.e8 <= 0 || level.qty.e8 < 0) {
        return CB_FAIL(err, CB_E_RANGE, "a book level needs a positive price and no negative qty");
    }
    return CB_OK;
}

static void set_level(cb_order_book *book, cb_side side, cb_level level)
{
    cb_book_side *target = side == CB_SIDE_BUY ? &book->bids : &book->asks;
    const uint32_t index = side_find(target, level.price.e8);
    const bool is_there = index < target->count && target->levels[index].price.e8 == level.price.e8;
    if (is_there && level.qty.e8 == 0) {
        side_remove(target, index);
    } else if (is_there) {
        target->levels[index].qty = level.qty;
    } else if (level.qty.e8 > 0) {
        book->evicted_count += side_insert(target, index, level);
    }
    CB_ASSERT(target->count <= target->capacity);
}

cb_status cb_order_book_set(cb_order_book *book, cb_side side, cb_level level, cb_err *err)
{
    return cb_order_book_apply(book, side, &level, 1, err);
}

cb_status cb_order_book_apply(
    cb_order_book *book, cb_side side, const cb_level *levels, uint32_t count, cb_err *err)
{
    CB_ASSERT(book != NULL);
    CB_ASSERT(side == CB_SIDE_BUY || side == CB_SIDE_SELL);
    CB_ASSERT(levels != NULL || count == 0);
    for (uint32_t i = 0; i < count; i++) {
        const cb_status status = check_level(levels[i], err);
        if (status != CB_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        set_level(book, side, levels[i]);
    }
    return CB_OK;
}

bool cb_order_book_best(const cb_order_book *book, cb_side side, cb_level *out)
{
    const cb_book_side *source = side_of(book, side);
    CB_ASSERT(out != NULL);
    if (source->count == 0) {
        return false;
    }
    *out = source->levels[source->count - 1];
    return true;
}

uint32_t cb_order_book_top(const cb_order_book *book, cb_side side, uint32_t max, cb_level *out)
{
    const cb_book_side *source = side_of(book, side);
    CB_ASSERT(out != NULL || max == 0);
    const uint32_t count = source->count < max ? source->count : max;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = source->levels[source->count - 1 - i];
    }
    return count;
}

cb_level cb_order_book_at(const cb_order_book *book, cb_side side, uint32_t index)
{
    const cb_book_side *source = side_of(book, side);
    CB_ASSERT(index < source->count);
    return source->levels[source->count - 1 - index];
}

cb_qty cb_order_book_qty_at(const cb_order_book *book, cb_side side, cb_price price)
{
    const cb_book_side *source = side_of(book, side);
    const uint32_t index = side_find(source, price.e8);
    if (index == source->count || source->levels[index].price.e8 != price.e8) {
        return (cb_qty){0};
    }
    return source->levels[index].qty;
}

uint32_t cb_order_book_count(const cb_order_book *book, cb_side side)
{
    return side_of(book, side)->count;
}

bool cb_order_book_is_crossed(const cb_order_book *book)
{
    cb_level bid;
    cb_level ask;
    if (!cb_order_book_best(book, CB_SIDE_BUY, &bid) ||
        !cb_order_book_best(book, CB_SIDE_SELL, &ask)) {
        return false;
    }
    return bid.price.e8 >= ask.price.e8;
}

static uint64_t side_hash(uint64_t hash, const cb_book_side *side)
{
    hash = cb_hash_u64(hash, side->count);
    for (uint32_t i = 0; i < side->count; i++) {
        hash = cb_hash_u64(hash, (uint64_t)side->levels[i].price.e8);
        hash = cb_hash_u64(hash, (uint64_t)side->levels[i].qty.e8);
    }
    return hash;
}

uint64_t cb_order_book_hash(uint64_t hash, const cb_order_book *book)
{
    CB_ASSERT(book != NULL);
    return side_hash(side_hash(hash, &book->bids), &book->asks);
}
