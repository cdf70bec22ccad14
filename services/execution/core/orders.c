/* The table of orders: finding, taking and evicting places, and the memory of what was dealt with
 * long ago. Finished orders stay until their place is needed, so that late reports find them; the
 * tables are small enough that a scan is cheaper than an index. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

#include "base/hash.h"

exec_order *exec_active(exec_state *state, uint32_t index)
{
    CB_ASSERT(index < state->active_count);
    exec_order *order = &state->orders[state->active[index]];
    CB_ASSERT(order->is_used);
    return order;
}

exec_order *exec_order_by_intent(exec_state *state, cb_id intent_id)
{
    CB_ASSERT(state != NULL);
    for (uint32_t i = 0; i < state->orders_max; i++) {
        exec_order *order = &state->orders[i];
        if (order->is_used && cb_id_equal(order->row.intent_id, intent_id)) {
            return order;
        }
    }
    return NULL;
}

exec_order *exec_order_by_client_id(exec_state *state, const char *client_order_id)
{
    CB_ASSERT(state != NULL);
    CB_ASSERT(client_order_id != NULL);
    if (client_order_id[0] == '\0') {
        return NULL;
    }
    for (uint32_t i = 0; i < state->orders_max; i++) {
        exec_order *order = &state->orders[i];
        if (order->is_used && cb_text_equal(order->row.client_order_id, client_order_id)) {
            return order;
        }
    }
    return NULL;
}

exec_order *exec_order_by_venue_id(
    exec_state *state, const char *symbol, const char *venue_order_id)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(venue_order_id != NULL);
    exec_order *provisional = NULL;
    for (uint32_t i = 0; i < state->orders_max && venue_order_id[0] != '\0'; i++) {
        exec_order *order = &state->orders[i];
        if (!order->is_used || !cb_text_equal(order->row.venue_order_id, venue_order_id) ||
            !cb_text_equal(order->row.symbol, symbol)) {
            continue;
        }
        if (!order->is_provisional) {
            return order;
        }
        provisional = order; /* it may yet turn out to be ours */
    }
    return provisional;
}

/* The free place, or the one of the order finished longest ago; NULL when all are active. */
static exec_order *orders_place(exec_state *state)
{
    exec_order *oldest = NULL;
    for (uint32_t i = 0; i < state->orders_max; i++) {
        exec_order *order = &state->orders[i];
        if (!order->is_used) {
            return order;
        }
        /* A read in flight still names its order: the answer must find it. */
        const bool is_free = order->finished != 0 && !order->is_read_in_flight;
        if (is_free && (oldest == NULL || order->finished < oldest->finished)) {
            oldest = order;
        }
    }
    return oldest;
}

exec_order *exec_order_take(exec_state *state)
{
    CB_ASSERT(state != NULL);
    exec_order *order = orders_place(state);
    if (order == NULL) {
        return NULL;
    }
    CB_ASSERT(state->active_count < state->orders_max);
    memset(order, 0, sizeof(*order));
    order->is_used = true;
    order->due_ns = EXEC_NEVER;
    order->backoff_ns = EXEC_BACKOFF_MIN_NS;
    order->arrival = ++state->arrivals;
    state->active[state->active_count++] = (uint32_t)(order - state->orders);
    return order;
}

static void orders_deactivate(exec_state *state, const exec_order *order)
{
    const uint32_t place = (uint32_t)(order - state->orders);
    uint32_t index = 0;
    while (index < state->active_count && state->active[index] != place) {
        index++;
    }
    CB_ASSERT(index < state->active_count);
    state->active_count--;
    memmove(&state->active[index],
        &state->active[index + 1],
        (state->active_count - index) * sizeof(state->active[0]));
}

void exec_order_drop(exec_state *state, exec_order *order)
{
    CB_ASSERT(order->is_used);
    CB_ASSERT(order->is_provisional);
    orders_deactivate(state, order);
    memset(order, 0, sizeof(*order));
}

void exec_order_finish(exec_state *state, exec_order *order)
{
    CB_ASSERT(order->is_used);
    CB_ASSERT(cb_order_is_terminal(order->row.state));
    CB_ASSERT(order->finished == 0);
    orders_deactivate(state, order);
    order->finished = ++state->finishes;
    order->finished_ns = state->now_ns;
    if (order->row.venue_order_id[0] != '\0') {
        exec_venue_order_remember(state, order->row.symbol, order->row.venue_order_id);
    }
    order->due_ns = EXEC_NEVER;
    order->step = EXEC_STEP_NONE;
}

/* ---- symbols ---- */

exec_symbol *exec_symbol_find(exec_state *state, const char *symbol)
{
    CB_ASSERT(symbol != NULL);
    CB_ASSERT(state->symbols_count <= EXEC_SYMBOLS_MAX * 2);
    for (uint32_t i = 0; i < state->symbols_count; i++) {
        if (cb_text_equal(state->symbols[i].symbol, symbol)) {
            return &state->symbols[i];
        }
    }
    return NULL;
}

/* Until the instrument is known, the assets follow from the symbol's end. */
static void symbol_guess_assets(exec_symbol *entry, const char *quote_asset)
{
    const size_t size = strlen(entry->symbol);
    const size_t quote_size = strlen(quote_asset);
    if (quote_size == 0 || size <= quote_size ||
        !cb_text_equal(entry->symbol + size - quote_size, quote_asset)) {
        return;
    }
    const cb_strview base = {entry->symbol, size - quote_size};
    const bool is_base_kept = cb_text_copy(entry->base_asset, sizeof(entry->base_asset), base);
    const bool is_quote_kept =
        cb_text_copy(entry->quote_asset, sizeof(entry->quote_asset), cb_sv_from(quote_asset));
    CB_MAYBE(is_base_kept && is_quote_kept);
}

exec_symbol *exec_symbol_get(exec_state *state, const char *symbol)
{
    exec_symbol *entry = exec_symbol_find(state, symbol);
    if (entry != NULL || state->symbols_count == EXEC_SYMBOLS_MAX * 2 || symbol[0] == '\0') {
        return entry;
    }
    entry = &state->symbols[state->symbols_count];
    memset(entry, 0, sizeof(*entry));
    if (!cb_text_copy(entry->symbol, sizeof(entry->symbol), cb_sv_from(symbol))) {
        return NULL;
    }
    state->symbols_count++;
    symbol_guess_assets(entry, state->config->quote_asset);
    return entry;
}

/* ---- what was dealt with ---- */

static bool venue_id_number(const char *venue_order_id, uint64_t *out)
{
    return cb_u64_parse(cb_sv_from(venue_order_id), UINT64_MAX - 1, out);
}

/* hi is small for numbers of a symbol's own and huge for everything hashed, so they never meet. */
static cb_id venue_order_key(exec_state *state, const char *symbol, const char *venue_order_id)
{
    const exec_symbol *entry = exec_symbol_get(state, symbol);
    uint64_t number = 0;
    if (entry != NULL && venue_id_number(venue_order_id, &number)) {
        return (cb_id){(uint64_t)(entry - state->symbols) + 1, number};
    }
    const uint64_t hash = cb_hash_text(cb_hash_text(CB_HASH_SEED, symbol), venue_order_id);
    return (cb_id){UINT64_MAX, hash};
}

bool exec_venue_order_is_old(exec_state *state, const char *symbol, const char *venue_order_id)
{
    const exec_symbol *entry = exec_symbol_find(state, symbol);
    uint64_t number = 0;
    if (entry != NULL && venue_id_number(venue_order_id, &number) && number <= entry->order_floor) {
        return true;
    }
    return exec_seen_has(&state->venue_orders, venue_order_key(state, symbol, venue_order_id));
}

void exec_venue_order_remember(exec_state *state, const char *symbol, const char *venue_order_id)
{
    CB_ASSERT(venue_order_id[0] != '\0');
    cb_id gone;
    exec_seen_add(&state->venue_orders, venue_order_key(state, symbol, venue_order_id), &gone);
    if (gone.hi == 0 || gone.hi > state->symbols_count) {
        return;
    }
    exec_symbol *entry = &state->symbols[gone.hi - 1];
    entry->order_floor = gone.lo > entry->order_floor ? gone.lo : entry->order_floor;
}

static cb_id trade_key(exec_state *state, const char *symbol, uint64_t trade_id)
{
    const exec_symbol *entry = exec_symbol_get(state, symbol);
    if (entry != NULL) {
        return (cb_id){(uint64_t)(entry - state->symbols) + 1, trade_id};
    }
    return (cb_id){cb_hash_text(CB_HASH_SEED, symbol) | (UINT64_C(1) << 63), trade_id};
}

bool exec_trade_is_seen(exec_state *state, const char *symbol, uint64_t trade_id)
{
    const exec_symbol *entry = exec_symbol_find(state, symbol);
    if (entry != NULL && entry->trade_floor != 0 && trade_id <= entry->trade_floor) {
        return true;
    }
    return exec_seen_has(&state->trades, trade_key(state, symbol, trade_id));
}

void exec_trade_remember(exec_state *state, const char *symbol, uint64_t trade_id)
{
    cb_id gone;
    const bool is_new = exec_seen_add(&state->trades, trade_key(state, symbol, trade_id), &gone);
    CB_ASSERT(is_new);
    if (gone.hi == 0 || gone.hi > state->symbols_count) {
        return;
    }
    exec_symbol *entry = &state->symbols[gone.hi - 1];
    entry->trade_floor = gone.lo > entry->trade_floor ? gone.lo : entry->trade_floor;
}
