/* Execution's own hard limits, judged just before the claim and independent of risk: what no permit
 * can widen. They come from a signed file that the shell reads; no message changes them. Reducing
 * orders are held to wider size limits and pass when data is missing, because getting out must not
 * depend on knowing much. */
#include "services/execution/core/exec_internal.h"

#include <string.h>

typedef struct caps_view {
    const exec_state *state;
    const exec_order *order;
    const exec_symbol *symbol;
    bool has_fresh_ticker;
    cb_price worst; /* the price that bounds the order's cost, 0 when nothing bounds it */
    char *text;     /* EXEC_REASON_MAX bytes */
} caps_view;

static const char *caps_say(caps_view *view, const char *rule, int64_t seen_e8, int64_t limit_e8)
{
    cb_textbuf text = cb_textbuf_over(view->text, EXEC_REASON_MAX);
    cb_textbuf_add(&text, rule);
    cb_textbuf_add(&text, ": ");
    cb_textbuf_add_e8(&text, seen_e8);
    cb_textbuf_add(&text, " against ");
    cb_textbuf_add_e8(&text, limit_e8);
    return view->text;
}

/* The limit of a reducing order. Saturates: a limit beyond int64 is no limit. */
static int64_t caps_limit(const caps_view *view, int64_t limit_e8)
{
    int64_t wide = 0;
    if (!view->order->row.reduce_only) {
        return limit_e8;
    }
    const bool overflow = __builtin_mul_overflow(limit_e8, EXEC_REDUCE_CAP_FACTOR, &wide);
    return overflow ? INT64_MAX : wide;
}

static const char *caps_data(caps_view *view)
{
    const exec_state *state = view->state;
    if (view->symbol == NULL || !view->symbol->is_allowed) {
        return "symbol not on the list";
    }
    if (!cb_caps_allow_symbol(&state->hard_caps.rules, view->symbol->symbol)) {
        return "symbol not on the list of the caps";
    }
    if (!view->symbol->has_instrument) {
        return "filters of the symbol unknown";
    }
    if (view->symbol->instrument.status != CB_INSTRUMENT_STATUS_TRADING) {
        return "symbol not trading";
    }
    if (view->order->row.reduce_only) {
        return NULL;
    }
    if (!view->has_fresh_ticker) {
        return view->symbol->has_ticker ? "market data too old" : "no market data";
    }
    const int64_t offset = state->offset_ns < 0 ? -state->offset_ns : state->offset_ns;
    if (!state->is_replayed && offset > state->hard_caps.rules.clock_offset_max_ns) {
        return caps_say(view, "clock offset", offset, state->hard_caps.rules.clock_offset_max_ns);
    }
    return NULL;
}

static bool caps_is_multiple(int64_t value_e8, int64_t step_e8)
{
    return step_e8 <= 0 || value_e8 % step_e8 == 0;
}

/* The venue would refuse these; refusing here spares the request and names the filter. */
static const char *caps_filters(caps_view *view)
{
    const cb_instrument *filters = &view->symbol->instrument;
    const cb_order *row = &view->order->row;
    const bool is_market = cb_order_type_is_market(row->order_type);
    if (!caps_is_multiple(row->qty.e8, filters->lot_size.e8)) {
        return caps_say(view, "filter lot size", row->qty.e8, filters->lot_size.e8);
    }
    if (row->qty.e8 < filters->qty_min.e8) {
        return caps_say(view, "filter smallest quantity", row->qty.e8, filters->qty_min.e8);
    }
    const int64_t qty_max = is_market && filters->market_qty_max.e8 > 0 ? filters->market_qty_max.e8
                                                                        : filters->qty_max.e8;
    if (qty_max > 0 && row->qty.e8 > qty_max) {
        return caps_say(view, "filter largest quantity", row->qty.e8, qty_max);
    }
    if (is_market) {
        return NULL;
    }
    if (!caps_is_multiple(row->limit_price.e8, filters->tick_size.e8)) {
        return caps_say(view, "filter tick size", row->limit_price.e8, filters->tick_size.e8);
    }
    const bool is_high = filters->price_max.e8 > 0 && row->limit_price.e8 > filters->price_max.e8;
    if (is_high || row->limit_price.e8 < filters->price_min.e8) {
        return caps_say(view, "filter price range", row->limit_price.e8, filters->price_max.e8);
    }
    return NULL;
}

/* Our own size limits, and the venue's on the notional. */
static const char *caps_size(caps_view *view)
{
    const cb_caps_rules *caps = &view->state->hard_caps.rules;
    const cb_order *row = &view->order->row;
    const int64_t qty_max = caps_limit(view, caps->qty_max_e8);
    if (row->qty.e8 > qty_max) {
        return caps_say(view, "cap quantity", row->qty.e8, qty_max);
    }
    if (view->worst.e8 == 0) {
        return NULL;
    }
    cb_amount notional = {0};
    if (cb_notional(view->worst, row->qty, CB_ROUND_UP, &notional, NULL) != CB_OK) {
        return "cap notional: not a number we can hold";
    }
    const int64_t notional_max = caps_limit(view, caps->notional_max_e8);
    if (notional.e8 > notional_max) {
        return caps_say(view, "cap notional", notional.e8, notional_max);
    }
    const int64_t venue_max = view->symbol->instrument.notional_max.e8;
    if (venue_max > 0 && notional.e8 > venue_max) {
        return caps_say(view, "filter notional", notional.e8, venue_max);
    }
    if (notional.e8 < view->symbol->instrument.notional_min.e8) {
        return caps_say(
            view, "filter notional", notional.e8, view->symbol->instrument.notional_min.e8);
    }
    return NULL;
}

/* How far a limit price, or for market orders the market itself since the decision, may lie on the
 * costly side; the other side is harmless. */
static const char *caps_collar(caps_view *view)
{
    const cb_order *row = &view->order->row;
    if (!view->has_fresh_ticker) {
        return NULL;
    }
    const bool is_buy = row->side == CB_SIDE_BUY;
    const int64_t market = is_buy ? view->symbol->ticker.ask.e8 : view->symbol->ticker.bid.e8;
    const bool is_market = row->limit_price.e8 == 0;
    const int64_t base = is_market ? view->order->reference_price.e8 : market;
    const int64_t price = is_market ? market : row->limit_price.e8;
    const int64_t beyond = is_buy ? price - base : base - price;
    if (base <= 0 || beyond <= 0) {
        return NULL;
    }
    int64_t ratio = 0;
    if (cb_div_e8(beyond, base, CB_ROUND_UP, &ratio, NULL) != CB_OK) {
        return "cap collar: no valid market price";
    }
    const int64_t ratio_max = caps_limit(view, view->state->hard_caps.rules.collar_e8);
    return ratio > ratio_max ? caps_say(view, "cap collar", ratio, ratio_max) : NULL;
}

/* Price that bounds the cost: the limit, or for market orders the far side with the collar. */
static cb_price caps_worst_price(const caps_view *view)
{
    const cb_order *row = &view->order->row;
    if (row->limit_price.e8 > 0) {
        return row->limit_price;
    }
    if (!view->has_fresh_ticker) {
        return (cb_price){0};
    }
    return row->side == CB_SIDE_BUY ? view->symbol->ticker.ask : view->symbol->ticker.bid;
}

static int64_t caps_notional_e8(const caps_view *view)
{
    cb_amount notional = {0};
    const cb_status status =
        cb_notional(view->worst, view->order->row.qty, CB_ROUND_UP, &notional, NULL);
    return status == CB_OK ? notional.e8 : INT64_MAX;
}

static const char *caps_rates(caps_view *view)
{
    const exec_state *state = view->state;
    if (view->order->row.reduce_only) {
        return NULL;
    }
    const int64_t orders_used = exec_rate_used(&state->orders_rate, CB_NS_PER_S, state->now_ns) + 1;
    const int64_t orders_max = state->hard_caps.rules.orders_per_s;
    if (orders_used > orders_max) {
        return caps_say(view, "cap orders per second", orders_used * CB_E8, orders_max * CB_E8);
    }
    const int64_t notional_used =
        exec_rate_used(&state->notional_rate, 60 * CB_NS_PER_S, state->now_ns);
    int64_t notional = 0;
    if (__builtin_add_overflow(notional_used, caps_notional_e8(view), &notional) ||
        notional > state->hard_caps.rules.notional_per_minute_e8) {
        return caps_say(view,
            "cap notional per minute",
            notional_used,
            state->hard_caps.rules.notional_per_minute_e8);
    }
    return NULL;
}

static caps_view caps_look(exec_state *state, const exec_order *order, char *text)
{
    caps_view view = {.state = state, .order = order, .text = text};
    view.symbol = exec_symbol_find(state, order->row.symbol);
    view.has_fresh_ticker = exec_ticker_is_fresh(state, view.symbol);
    view.worst = caps_worst_price(&view);
    return view;
}

const char *exec_caps_refusal(
    exec_state *state, const exec_order *order, char text[EXEC_REASON_MAX])
{
    CB_ASSERT(order->row.state == CB_ORDER_STATE_READY);
    CB_ASSERT(text != NULL);
    caps_view view = caps_look(state, order, text);
    const char *(*const rules[])(caps_view *) = {
        caps_data, caps_filters, caps_size, caps_collar, caps_rates};
    if (!exec_kill_allows(state, &order->row)) {
        return "kill level forbids it";
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const char *reason = rules[i](&view);
        if (reason != NULL) {
            return reason;
        }
    }
    return exec_slippage_refusal(state, order, text);
}

void exec_caps_spend(exec_state *state, const exec_order *order)
{
    char text[EXEC_REASON_MAX];
    const caps_view view = caps_look(state, order, text);
    const int64_t notional = view.worst.e8 == 0 ? 0 : caps_notional_e8(&view);
    exec_rate_add(&state->orders_rate, 1, CB_NS_PER_S, state->now_ns);
    exec_rate_add(&state->notional_rate,
        notional > state->hard_caps.rules.notional_max_e8 ? state->hard_caps.rules.notional_max_e8
                                                          : notional,
        60 * CB_NS_PER_S,
        state->now_ns);
}

/* Told at every start and after every change: risk answers with permits that name these caps. */
void exec_tell_caps(const exec_state *state, cb_outbox *out)
{
    CB_ASSERT(state->is_recovered);
    cb_caps *said = CB_PUBLISH(out, CB_SUBJECT_CAPS, EXEC_TABLE_CAPS, cb_caps);
    const bool is_kept =
        cb_text_copy(said->account, sizeof(said->account), cb_sv_from(state->config->account));
    const bool has_venue =
        cb_text_copy(said->venue, sizeof(said->venue), cb_sv_from(state->config->venue));
    CB_ASSERT(is_kept);
    CB_ASSERT(has_venue);
    memcpy(said->hash, state->hard_caps.hash, sizeof(said->hash));
    memcpy(said->key, state->hard_caps.key, sizeof(said->key));
    said->since_ns = state->now_ns;
}

void exec_on_caps(exec_state *state, const exec_caps *caps, cb_outbox *out)
{
    CB_ASSERT(caps != NULL);
    state->hard_caps = *caps;
    if (state->is_recovered) {
        exec_tell_caps(state, out);
    }
}
