/* Makes intents. An entry leaves the quantity to risk (0: sized from the stop's distance); an exit
 * carries what is held, rounded down to the venue's lots, and may only reduce. */
#include <string.h>

#include "base/strview.h"
#include "base/textbuf.h"
#include "domain/instrument.h"
#include "services/signals/core/signals_internal.h"

#define ENTRY_LIMIT 1U

cb_qty signals_sellable(const signals_symbol *symbol, cb_price price)
{
    const cb_instrument *instrument = &symbol->instrument;
    cb_qty qty = symbol->book.qty;
    CB_ASSERT(symbol->flights_count <= SIGNALS_FLIGHTS_MAX);
    if (!symbol->has_instrument || qty.e8 <= 0 || price.e8 <= 0) {
        return (cb_qty){0};
    }
    const int64_t most_e8 = instrument->market_qty_max.e8;
    qty.e8 = most_e8 > 0 && qty.e8 > most_e8 ? most_e8 : qty.e8;
    cb_amount notional = {0};
    if (cb_instrument_round_qty(instrument, qty, CB_ROUND_DOWN, &qty, NULL) != CB_OK ||
        cb_notional(price, qty, CB_ROUND_DOWN, &notional, NULL) != CB_OK) {
        return (cb_qty){0};
    }
    const bool is_enough =
        qty.e8 >= instrument->qty_min.e8 && notional.e8 >= instrument->notional_min.e8;
    CB_ASSERT(qty.e8 <= symbol->book.qty.e8);
    return is_enough ? qty : (cb_qty){0};
}

static bool refuse(char reason[SIGNALS_REASON_MAX], const char *words)
{
    cb_textbuf text = cb_textbuf_over(reason, SIGNALS_REASON_MAX);
    cb_textbuf_add(&text, words);
    return false;
}

/* Price plus distance on the tick grid; 0 when it does not fit. */
static cb_price offset_price(
    const cb_instrument *instrument, cb_price price, int64_t distance_e8, cb_rounding rounding)
{
    cb_price out = {0};
    int64_t sum_e8 = 0;
    if (cb_add_e8(price.e8, distance_e8, &sum_e8, NULL) != CB_OK || sum_e8 <= 0 ||
        cb_instrument_round_price(instrument, (cb_price){sum_e8}, rounding, &out, NULL) != CB_OK) {
        return (cb_price){0};
    }
    return out;
}

/* The stop on the far side, the target on the near side of the grid: never closer than asked. */
static bool set_entry_prices(const signals_config *config,
    const signals_symbol *symbol,
    const signals_order *order,
    cb_intent *intent,
    char reason[SIGNALS_REASON_MAX])
{
    const cb_price price = order->signal->price;
    if (order->stop_distance_e8 <= 0 || order->profit_distance_e8 <= 0) {
        return refuse(reason, "no_stop: the strategy gave no stop or target distance");
    }
    intent->stop_loss =
        offset_price(&symbol->instrument, price, -order->stop_distance_e8, CB_ROUND_DOWN);
    intent->take_profit =
        offset_price(&symbol->instrument, price, order->profit_distance_e8, CB_ROUND_UP);
    if (intent->stop_loss.e8 <= 0 || intent->stop_loss.e8 >= price.e8) {
        return refuse(reason, "no_stop: the stop-loss is not between 0 and the price");
    }
    if (intent->take_profit.e8 <= price.e8) {
        return refuse(reason, "no_stop: the take-profit is not above the price");
    }
    if (config->entry_order_type != ENTRY_LIMIT) {
        return true;
    }
    int64_t premium_e8 = 0;
    if (cb_mul_e8(price.e8, config->limit_offset_e8, CB_ROUND_DOWN, &premium_e8, NULL) == CB_OK) {
        intent->limit_price = offset_price(&symbol->instrument, price, premium_e8, CB_ROUND_DOWN);
    }
    return intent->limit_price.e8 > 0 || refuse(reason, "no_price: the limit leaves the range");
}

/* Takes what is bid down to the collar, at once; what it does not get the next slice tries. */
static bool set_flatten_terms(const signals_config *config,
    const signals_symbol *symbol,
    const signals_order *order,
    cb_intent *intent,
    char reason[SIGNALS_REASON_MAX])
{
    const cb_price price = order->signal->price;
    int64_t discount_e8 = 0;
    intent->side = CB_SIDE_SELL;
    intent->reduce_only = true;
    intent->order_type = CB_ORDER_TYPE_LIMIT;
    intent->tif = CB_TIF_IOC;
    intent->qty = signals_slice(config, symbol, price);
    if (cb_mul_e8(price.e8, config->flatten_collar_e8, CB_ROUND_DOWN, &discount_e8, NULL) ==
        CB_OK) {
        intent->limit_price = offset_price(&symbol->instrument, price, -discount_e8, CB_ROUND_UP);
    }
    return (intent->qty.e8 > 0 && intent->limit_price.e8 > 0) ||
           refuse(reason, "flat: less than the venue's least order");
}

/* The terms of a desk's order, on the venue's grid: a limit never nearer to the market than wanted.
 */
static bool set_wish_terms(const signals_symbol *symbol,
    const signals_order *order,
    cb_intent *intent,
    char reason[SIGNALS_REASON_MAX])
{
    const desk_wish *wish = order->wish;
    const cb_instrument *instrument = &symbol->instrument;
    const bool is_buy = wish->side == CB_SIDE_BUY;
    int64_t price_e8 = 0;
    int64_t stop_e8 = 0;
    int64_t qty_e8 = 0;
    if (cb_e8_from_f64(wish->price, &price_e8, NULL) != CB_OK ||
        cb_e8_from_f64(wish->stop_price, &stop_e8, NULL) != CB_OK ||
        cb_e8_from_f64(wish->qty, &qty_e8, NULL) != CB_OK) {
        return refuse(reason, "desk: a number leaves the range");
    }
    intent->side = wish->side;
    intent->reduce_only = !is_buy;
    const cb_rounding away = is_buy ? CB_ROUND_DOWN : CB_ROUND_UP;
    if (wish->slot != 0) {
        intent->order_type = wish->is_maker ? CB_ORDER_TYPE_LIMIT_MAKER : CB_ORDER_TYPE_LIMIT;
        intent->tif = wish->is_maker ? CB_TIF_NONE : CB_TIF_GTC;
        intent->limit_price = offset_price(instrument, (cb_price){price_e8}, 0, away);
        if (intent->limit_price.e8 <= 0) {
            return refuse(reason, "no_price: the limit leaves the range");
        }
    }
    const cb_price at = wish->slot != 0 ? intent->limit_price : order->signal->price;
    const cb_qty sellable = signals_sellable(symbol, at);
    qty_e8 = !is_buy && qty_e8 > sellable.e8 ? sellable.e8 : qty_e8;
    cb_amount notional = {0};
    if (qty_e8 <= 0 ||
        cb_instrument_round_qty(instrument, (cb_qty){qty_e8}, CB_ROUND_DOWN, &intent->qty, NULL) !=
            CB_OK ||
        cb_notional(at, intent->qty, CB_ROUND_DOWN, &notional, NULL) != CB_OK ||
        intent->qty.e8 < instrument->qty_min.e8 || notional.e8 < instrument->notional_min.e8) {
        return refuse(reason, "flat: less than the venue's least order");
    }
    if (!is_buy) {
        return true;
    }
    intent->stop_loss = offset_price(instrument, (cb_price){stop_e8}, 0, CB_ROUND_DOWN);
    return (intent->stop_loss.e8 > 0 && intent->stop_loss.e8 < at.e8 &&
               intent->stop_loss.e8 < order->signal->price.e8) ||
           refuse(reason, "no_stop: the stop-loss is not between 0 and the price");
}

static bool set_terms(const signals_config *config,
    const signals_symbol *symbol,
    const signals_order *order,
    cb_intent *intent,
    char reason[SIGNALS_REASON_MAX])
{
    static const cb_tif tifs[] = {CB_TIF_GTC, CB_TIF_IOC, CB_TIF_FOK};
    intent->purpose = order->purpose;
    intent->order_type = CB_ORDER_TYPE_MARKET;
    if (order->wish != NULL) {
        return set_wish_terms(symbol, order, intent, reason);
    }
    if (order->purpose == CB_PURPOSE_FLATTEN) {
        return set_flatten_terms(config, symbol, order, intent, reason);
    }
    if (order->purpose != CB_PURPOSE_ENTRY) {
        intent->side = CB_SIDE_SELL;
        intent->reduce_only = true;
        intent->qty = signals_sellable(symbol, order->signal->price);
        return intent->qty.e8 > 0 || refuse(reason, "flat: less than the venue's least order");
    }
    intent->side = CB_SIDE_BUY;
    intent->role = config->has_brackets ? CB_ROLE_PARENT : CB_ROLE_NONE;
    if (config->entry_order_type == ENTRY_LIMIT) {
        CB_ASSERT(config->entry_tif < sizeof tifs / sizeof tifs[0]);
        intent->order_type = CB_ORDER_TYPE_LIMIT;
        intent->tif = tifs[config->entry_tif];
    }
    return set_entry_prices(config, symbol, order, intent, reason);
}

static void set_origin(const signals_state *state, const signals_order *order, cb_intent *intent)
{
    const cb_signal *signal = order->signal;
    intent->env.causation_id = order->cause->event_id;
    intent->env.correlation_id = signal->signal_id;
    intent->env.origin_ns = order->cause->origin_ns;
    intent->signal_id = signal->signal_id;
    const bool fits =
        cb_text_copy(intent->account, sizeof intent->account, cb_sv_from(state->config->account));
    CB_ASSERT(fits);
    memcpy(intent->venue, signal->venue, sizeof intent->venue);
    memcpy(intent->symbol, signal->symbol, sizeof intent->symbol);
    memcpy(intent->strategy, signal->strategy, sizeof intent->strategy);
    intent->reference_price = signal->price;
    intent->score = order->score;
    intent->decided_ns = order->event->ts_ns;
    intent->data_ts_ns = signal->data_ts_ns;
    intent->not_after_ns = order->event->ts_ns + state->config->intent_ttl_ns;
}

static void count(signals_state *state, cb_purpose purpose)
{
    state->counts.entries += purpose == CB_PURPOSE_ENTRY ? 1U : 0U;
    state->counts.exits += purpose == CB_PURPOSE_EXIT ? 1U : 0U;
    const bool is_guard = purpose == CB_PURPOSE_STOP_LOSS || purpose == CB_PURPOSE_TAKE_PROFIT;
    state->counts.guards += is_guard ? 1U : 0U;
}

/* Every other entry has a stop that is watched. */
bool signals_is_bracket(const signals_book *book)
{
    return !cb_id_is_none(book->entry_intent_id) && book->stop_loss.e8 == 0 &&
           book->take_profit.e8 == 0;
}

/* The bracket's own exits have first claim on what is held: they are asked to act now. */
static cb_id ask_exit(
    signals_state *state, signals_symbol *symbol, const signals_order *order, cb_outbox *out)
{
    const cb_signal *signal = order->signal;
    cb_order_command *command =
        CB_PUBLISH(out, CB_SUBJECT_INTENT_COMMAND, CB_TABLE_NONE, cb_order_command);
    command->env.causation_id = order->cause->event_id;
    command->env.correlation_id = signal->signal_id;
    command->env.origin_ns = order->cause->origin_ns;
    command->command_id = signals_next_intent_id(state);
    command->intent_id = symbol->book.entry_intent_id;
    memcpy(command->account, symbol->book.account, sizeof command->account);
    memcpy(command->venue, signal->venue, sizeof command->venue);
    command->kind = CB_COMMAND_EXIT;
    memcpy(command->reason, signal->reason, sizeof command->reason);
    memcpy(command->actor, signal->strategy, sizeof signal->strategy);
    command->asked_ns = order->event->ts_ns;
    symbol->book.exit_blocked_ns = order->event->ts_ns + state->config->exit_retry_ns;
    signals_store_book(symbol, order->event->ts_ns, out);
    count(state, order->purpose);
    return command->command_id;
}

cb_id signals_intend(signals_state *state,
    signals_symbol *symbol,
    const signals_order *order,
    cb_outbox *out,
    char reason[SIGNALS_REASON_MAX])
{
    cb_intent intent;
    memset(&intent, 0, sizeof intent);
    CB_ASSERT(order->purpose != CB_PURPOSE_NONE);
    CB_ASSERT(order->signal->price.e8 > 0);
    if (symbol->flights_count == SIGNALS_FLIGHTS_MAX) {
        (void)refuse(reason, "in_flight: too many intents have not ended");
        return (cb_id){0, 0};
    }
    if (order->purpose == CB_PURPOSE_EXIT && order->wish == NULL &&
        signals_is_bracket(&symbol->book)) {
        return ask_exit(state, symbol, order, out);
    }
    set_origin(state, order, &intent);
    if (!set_terms(state->config, symbol, order, &intent, reason)) {
        return (cb_id){0, 0};
    }
    if (order->purpose != CB_PURPOSE_ENTRY && order->wish == NULL &&
        symbol->book.strategy[0] != '\0') {
        /* Whoever voted for the end: the position, and what it earned, is whose entry it was. */
        memcpy(intent.strategy, symbol->book.strategy, sizeof intent.strategy);
    }
    intent.intent_id = signals_next_intent_id(state);
    intent.group_id = intent.role == CB_ROLE_NONE ? (cb_id){0, 0} : intent.intent_id;
    cb_intent *published = CB_PUBLISH(out, CB_SUBJECT_INTENT, SIGNALS_TABLE_INTENT, cb_intent);
    *published = intent;
    signals_flight flight = {
        .intent_id = intent.intent_id,
        .signal_id = intent.signal_id,
        .side = intent.side,
        .purpose = intent.purpose,
        .reference_price = intent.reference_price,
        /* What a bracket closes is not watched here. */
        .stop_loss = intent.role == CB_ROLE_NONE ? intent.stop_loss : (cb_price){0},
        .take_profit = intent.role == CB_ROLE_NONE ? intent.take_profit : (cb_price){0},
        .decided_ns = intent.decided_ns,
        .data_ts_ns = intent.data_ts_ns,
        .not_after_ns = intent.not_after_ns,
        .slot = order->wish != NULL ? order->wish->slot + 1 : 0,
        .limit_price = intent.limit_price,
        .qty = intent.qty,
    };
    memcpy(flight.venue, intent.venue, sizeof flight.venue);
    memcpy(flight.symbol, intent.symbol, sizeof flight.symbol);
    memcpy(flight.strategy, intent.strategy, sizeof flight.strategy);
    signals_add_flight(symbol, &flight, out);
    count(state, intent.purpose);
    return intent.intent_id;
}
