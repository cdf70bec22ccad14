/* A small honest exchange for schedules with faults: it may lose, delay and repeat messages, sit on
 * a request for as long as its documented bounds allow, and answer queries from the recent past;
 * but what it executed it executed. Virtual time; everything follows from the seed. */
#ifndef EXEC_TEST_VENUE_MODEL_H
#define EXEC_TEST_VENUE_MODEL_H

#include "base/prng.h"
#include "tests/unit/execution/rig.h"

#define MODEL_ORDERS_MAX 256
#define MODEL_TRADES_MAX 1024
#define MODEL_STATES_MAX 12

/* One moment of an order's life at the venue. */
typedef struct model_moment {
    int64_t at_ns;
    cb_order_state state;
    int64_t cum_e8;
} model_moment;

typedef struct model_order {
    bool is_external;
    cb_venue_order view;  /* as of now */
    uint32_t posts_count; /* POSTs that were accepted under this client id */
    uint32_t moments_count;
    model_moment moments[MODEL_STATES_MAX];
} model_order;

typedef struct model {
    cb_prng prng;
    int64_t now_ns;
    bool has_faults;
    uint32_t orders_count;
    model_order orders[MODEL_ORDERS_MAX];
    uint32_t trades_count;
    cb_venue_trade trades[MODEL_TRADES_MAX];
    uint64_t ids;
} model;

RIG_UNUSED static bool model_chance(model *m, uint32_t percent)
{
    return cb_prng_below(&m->prng, 100) < percent;
}

RIG_UNUSED static int64_t model_between(model *m, int64_t from_ns, int64_t to_ns)
{
    return from_ns + (int64_t)cb_prng_below(&m->prng, (uint64_t)(to_ns - from_ns) + 1);
}

RIG_UNUSED static model_order *model_find(
    model *m, const char *client_order_id, const char *venue_order_id)
{
    for (uint32_t i = 0; i < m->orders_count; i++) {
        model_order *order = &m->orders[i];
        const bool is_it = venue_order_id[0] != '\0'
                               ? strcmp(order->view.venue_order_id, venue_order_id) == 0
                               : strcmp(order->view.client_order_id, client_order_id) == 0;
        if (is_it) {
            return order;
        }
    }
    return NULL;
}

static void model_note(model *m, model_order *order, cb_order_state state)
{
    assert_true(order->moments_count < MODEL_STATES_MAX);
    order->view.state = state;
    order->view.update_ts_ns = m->now_ns;
    order->moments[order->moments_count++] =
        (model_moment){m->now_ns, state, order->view.cum_qty.e8};
}

/* The order as it was at a moment; false when it was not there yet. */
RIG_UNUSED static bool model_view_at(const model_order *order, int64_t at_ns, cb_venue_order *out)
{
    bool is_there = false;
    *out = order->view;
    for (uint32_t i = 0; i < order->moments_count; i++) {
        if (order->moments[i].at_ns <= at_ns) {
            is_there = true;
            out->state = order->moments[i].state;
            out->cum_qty.e8 = order->moments[i].cum_e8;
        }
    }
    return is_there;
}

RIG_UNUSED static model_order *model_open(model *m, const cb_venue_order *wanted, bool is_external)
{
    assert_true(m->orders_count < MODEL_ORDERS_MAX);
    model_order *order = &m->orders[m->orders_count++];
    memset(order, 0, sizeof(*order));
    order->view = *wanted;
    order->is_external = is_external;
    order->posts_count = 1;
    (void)snprintf(
        order->view.venue_order_id, sizeof(order->view.venue_order_id), "%llu", 1000ULL + ++m->ids);
    model_note(m, order, CB_ORDER_STATE_OPEN);
    return order;
}

/* Executes a part (or the rest); returns the trade. */
RIG_UNUSED static const cb_venue_trade *model_execute(model *m, model_order *order, int64_t qty_e8)
{
    assert_true(m->trades_count < MODEL_TRADES_MAX);
    const int64_t left_e8 = order->view.qty.e8 - order->view.cum_qty.e8;
    const int64_t part_e8 = qty_e8 < left_e8 ? qty_e8 : left_e8;
    assert_true(part_e8 > 0);
    order->view.cum_qty.e8 += part_e8;
    model_note(m,
        order,
        order->view.cum_qty.e8 == order->view.qty.e8 ? CB_ORDER_STATE_FILLED
                                                     : CB_ORDER_STATE_PARTIALLY_FILLED);
    cb_venue_trade *trade = &m->trades[m->trades_count++];
    memset(trade, 0, sizeof(*trade));
    trade->trade_id = m->trades_count;
    trade->side = order->view.side;
    trade->price.e8 = 30000 * CB_E8 + (int64_t)cb_prng_below(&m->prng, 100) * CB_E8;
    trade->qty.e8 = part_e8;
    trade->quote_qty.e8 = part_e8 / CB_E8 * trade->price.e8 + part_e8 % CB_E8 * 30000;
    trade->fee.e8 = (int64_t)cb_prng_below(&m->prng, 5000);
    trade->ts_ns = m->now_ns;
    memcpy(trade->symbol, order->view.symbol, sizeof(trade->symbol));
    memcpy(trade->venue_order_id, order->view.venue_order_id, sizeof(trade->venue_order_id));
    memcpy(trade->fee_asset, "BNB", 4);
    return trade;
}

#endif /* EXEC_TEST_VENUE_MODEL_H */
