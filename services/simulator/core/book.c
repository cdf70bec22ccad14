/* Price levels as a sorted array per side, best last, and the first-in-first-out queue of each
 * level as a chain through the orders. Does not match and does not move money. */
#include "services/simulator/core/book.h"

#include <string.h>

#include "base/assert.h"

bool sim_price_is_better(cb_side side, int64_t a_e8, int64_t b_e8)
{
    return side == CB_SIDE_BUY ? a_e8 > b_e8 : a_e8 < b_e8;
}

bool sim_price_crosses(cb_side side, int64_t limit_e8, int64_t price_e8)
{
    if (limit_e8 == 0) {
        return true;
    }
    return side == CB_SIDE_BUY ? price_e8 <= limit_e8 : price_e8 >= limit_e8;
}

sim_side *sim_book_side(sim_symbol *symbol, cb_side side)
{
    CB_ASSERT(side == CB_SIDE_BUY || side == CB_SIDE_SELL);
    return side == CB_SIDE_BUY ? &symbol->bids : &symbol->asks;
}

const sim_side *sim_book_side_const(const sim_symbol *symbol, cb_side side)
{
    CB_ASSERT(side == CB_SIDE_BUY || side == CB_SIDE_SELL);
    return side == CB_SIDE_BUY ? &symbol->bids : &symbol->asks;
}

sim_level *sim_book_best(sim_side *side)
{
    return side->count == 0 ? NULL : &side->levels[side->count - 1];
}

const sim_level *sim_book_best_const(const sim_side *side)
{
    return side->count == 0 ? NULL : &side->levels[side->count - 1];
}

/* First index whose level is not worse than price: where it is, or where it would go. */
static uint32_t position_of(const sim_side *side, int64_t price_e8)
{
    uint32_t low = 0;
    uint32_t high = side->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (sim_price_is_better(side->side, price_e8, side->levels[middle].price_e8)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

sim_level *sim_book_find(sim_side *side, int64_t price_e8)
{
    const uint32_t at = position_of(side, price_e8);
    if (at == side->count || side->levels[at].price_e8 != price_e8) {
        return NULL;
    }
    return &side->levels[at];
}

sim_level *sim_book_level(sim_side *side, int64_t price_e8)
{
    CB_ASSERT(price_e8 > 0);
    const uint32_t at = position_of(side, price_e8);
    if (at < side->count && side->levels[at].price_e8 == price_e8) {
        return &side->levels[at];
    }
    if (side->count == SIM_LEVELS_MAX) {
        return NULL;
    }
    memmove(&side->levels[at + 1], &side->levels[at], (side->count - at) * sizeof(sim_level));
    side->count++;
    side->levels[at] = (sim_level){.price_e8 = price_e8, .first = SIM_NONE, .last = SIM_NONE};
    return &side->levels[at];
}

void sim_book_drop_empty(sim_side *side, int64_t price_e8)
{
    const uint32_t at = position_of(side, price_e8);
    if (at == side->count || side->levels[at].price_e8 != price_e8) {
        return;
    }
    const sim_level *level = &side->levels[at];
    if (level->house_e8 != 0 || level->first != SIM_NONE) {
        return;
    }
    CB_ASSERT(level->orders_e8 == 0);
    side->count--;
    memmove(&side->levels[at], &side->levels[at + 1], (side->count - at) * sizeof(sim_level));
}

bool sim_book_add(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    CB_ASSERT(!order->is_on_book);
    CB_ASSERT(sim_order_left(order) > 0);
    sim_level *level = sim_book_level(sim_book_side(symbol, order->side), order->price_e8);
    if (level == NULL) {
        return false;
    }
    order->level_prev = level->last;
    order->level_next = SIM_NONE;
    if (level->last == SIM_NONE) {
        level->first = order_index;
    } else {
        sim->orders[level->last].level_next = order_index;
    }
    level->last = order_index;
    level->orders_e8 += sim_order_left(order);
    order->ahead_e8 = level->house_e8;
    order->is_on_book = true;
    sim_book_touch(symbol, order->side, order->price_e8);
    return true;
}

void sim_book_remove(sim_core *sim, uint32_t order_index)
{
    sim_order *order = &sim->orders[order_index];
    sim_symbol *symbol = &sim->symbols[order->symbol];
    sim_side *side = sim_book_side(symbol, order->side);
    sim_level *level = sim_book_find(side, order->price_e8);
    CB_ASSERT(order->is_on_book);
    CB_ASSERT(level != NULL);
    if (order->level_prev == SIM_NONE) {
        level->first = order->level_next;
    } else {
        sim->orders[order->level_prev].level_next = order->level_next;
    }
    if (order->level_next == SIM_NONE) {
        level->last = order->level_prev;
    } else {
        sim->orders[order->level_next].level_prev = order->level_prev;
    }
    level->orders_e8 -= sim_order_left(order);
    CB_ASSERT(level->orders_e8 >= 0);
    order->level_prev = SIM_NONE;
    order->level_next = SIM_NONE;
    order->is_on_book = false;
    sim_book_touch(symbol, order->side, order->price_e8);
    sim_book_drop_empty(side, order->price_e8);
}

/* Adds a price to a sorted set; a full set keeps what it has: its reader sends whole sides then. */
static void changes_add(sim_changes *changes, cb_side side, int64_t price_e8, uint64_t update_id)
{
    const uint32_t which = side == CB_SIDE_BUY ? 0 : 1;
    int64_t *prices = changes->prices[which];
    uint32_t low = 0;
    uint32_t high = changes->counts[which];
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (prices[middle] < price_e8) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (changes->update_first == 0) {
        changes->update_first = update_id;
    }
    if (low < changes->counts[which] && prices[low] == price_e8) {
        return;
    }
    CB_ASSERT(changes->counts[which] < SIM_CHANGES_MAX);
    memmove(&prices[low + 1], &prices[low], (changes->counts[which] - low) * sizeof(int64_t));
    prices[low] = price_e8;
    changes->counts[which]++;
}

void sim_book_touch(sim_symbol *symbol, cb_side side, int64_t price_e8)
{
    if (symbol->is_house_fixed) {
        return; /* the recorded frames tell the book */
    }
    symbol->update_id++;
    changes_add(&symbol->fast, side, price_e8, symbol->update_id);
    changes_add(&symbol->slow, side, price_e8, symbol->update_id);
}

int64_t sim_book_qty(const sim_symbol *symbol, cb_side side, int64_t price_e8)
{
    const sim_side *levels = sim_book_side_const(symbol, side);
    const uint32_t at = position_of(levels, price_e8);
    if (at == levels->count || levels->levels[at].price_e8 != price_e8) {
        return 0;
    }
    const sim_level *level = &levels->levels[at];
    return symbol->is_house_fixed ? level->house_e8 : level->house_e8 + level->orders_e8;
}

const sim_level *sim_book_shown(const sim_symbol *symbol, cb_side side)
{
    const sim_side *levels = sim_book_side_const(symbol, side);
    for (uint32_t at = levels->count; at > 0; at--) {
        const sim_level *level = &levels->levels[at - 1];
        /* In a recorded book users' orders are hidden: a level may hold nothing else. */
        if (level->house_e8 > 0 || (!symbol->is_house_fixed && level->orders_e8 > 0)) {
            return level;
        }
    }
    return NULL;
}
