/* A price-level order book: two bounded sorted arrays with the best level at the end, so that the
 * usual change (near the best) moves few bytes. Finding a level is a binary search. Sequence rules
 * are the venue's; here are only prices and quantities. */
#ifndef CB_BOOK_H
#define CB_BOOK_H

#include "base/arena.h"
#include "domain/messages.h"

typedef struct cb_book_side {
    cb_level *levels; /* worst first, best last */
    uint32_t count;
    uint32_t capacity;
    bool is_bid;
} cb_book_side;

typedef struct cb_order_book {
    cb_book_side bids;
    cb_book_side asks;
    uint64_t evicted_count; /* levels that fell off the far end because a side was full */
} cb_order_book;

/** Takes room for capacity levels a side from the arena (2 * capacity * 16 bytes). */
void cb_order_book_init(cb_order_book *book, cb_arena *arena, uint32_t capacity);
/** Empties it, keeping the memory. */
void cb_order_book_reset(cb_order_book *book);

/**
 * Sets a level's quantity; 0 removes it (a level that is not there: nothing happens). When a side
 * is full the level farthest from the best makes room, or the new one is dropped if it is farther
 * still; both are counted.
 *
 * @return CB_OK; CB_E_RANGE for a price that is not positive or a negative quantity.
 */
CB_MUST_USE cb_status cb_order_book_set(
    cb_order_book *book, cb_side side, cb_level level, cb_err *err);

/** Applies a list of changes to one side, in order; all are checked before any is applied. */
CB_MUST_USE cb_status cb_order_book_apply(
    cb_order_book *book, cb_side side, const cb_level *levels, uint32_t count, cb_err *err);

/** The best level of a side; false when the side is empty. */
bool cb_order_book_best(const cb_order_book *book, cb_side side, cb_level *out);
/** Copies up to max levels, best first; returns how many. */
uint32_t cb_order_book_top(const cb_order_book *book, cb_side side, uint32_t max, cb_level *out);
/** The level at index, 0 being the best; traps when index is not below the side's count. */
cb_level cb_order_book_at(const cb_order_book *book, cb_side side, uint32_t index);
/** Quantity at a price, 0 when there is no such level. */
cb_qty cb_order_book_qty_at(const cb_order_book *book, cb_side side, cb_price price);
uint32_t cb_order_book_count(const cb_order_book *book, cb_side side);
/** True when both sides have levels and the best bid is at or above the best ask. */
bool cb_order_book_is_crossed(const cb_order_book *book);
/** Continues a state hash with all levels. */
uint64_t cb_order_book_hash(uint64_t hash, const cb_order_book *book);

#endif /* CB_BOOK_H */
