/* Price levels of one side and their queues. */
#ifndef SIM_BOOK_H
#define SIM_BOOK_H

#include "services/simulator/core/sim.h"

/** True when price a is nearer to the other side than b. */
bool sim_price_is_better(cb_side side, int64_t a_e8, int64_t b_e8);
/** True when an order of side at limit_e8 (0 = any price) meets a level at price_e8. */
bool sim_price_crosses(cb_side side, int64_t limit_e8, int64_t price_e8);

sim_side *sim_book_side(sim_symbol *symbol, cb_side side);
const sim_side *sim_book_side_const(const sim_symbol *symbol, cb_side side);
/** Best level, NULL when the side is empty. */
sim_level *sim_book_best(sim_side *side);
const sim_level *sim_book_best_const(const sim_side *side);
/** The level at a price, or NULL. */
sim_level *sim_book_find(sim_side *side, int64_t price_e8);
/** The level at a price, made when missing. NULL when the side is full. */
sim_level *sim_book_level(sim_side *side, int64_t price_e8);
/** Removes the level when nothing is left on it. */
void sim_book_drop_empty(sim_side *side, int64_t price_e8);

/** Puts an order at the end of its level's queue. False when the side is full. */
bool sim_book_add(sim_core *sim, uint32_t order_index);
/** Takes an order off the book. */
void sim_book_remove(sim_core *sim, uint32_t order_index);

/** Records that a level changed, for the depth streams. */
void sim_book_touch(sim_symbol *symbol, cb_side side, int64_t price_e8);
/** Displayed quantity at a price. */
int64_t sim_book_qty(const sim_symbol *symbol, cb_side side, int64_t price_e8);
/** Best level that shows a quantity; NULL when none does. */
const sim_level *sim_book_shown(const sim_symbol *symbol, cb_side side);

#endif /* SIM_BOOK_H */
