/* Faults that are events of the market: everything here goes through the engine's own calls, so
 * books and money stay consistent whatever a rule asks for. */
#include "services/simulator/core/fault_act.h"

#include <string.h>

#include "base/assert.h"
#include "base/textbuf.h"
#include "services/simulator/core/accounts.h"
#include "services/simulator/core/book.h"
#include "services/simulator/core/match.h"
#include "services/simulator/core/orders.h"
#include "services/simulator/core/place.h"

/* ---- states ---- */

static uint32_t listed_symbol(const sim_core *sim, const char *name)
{
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        if (strcmp(sim->symbols[i].listed_name, name) == 0) {
            return i;
        }
    }
    return SIM_NONE;
}

static void reset_symbol(sim_symbol *symbol)
{
    symbol->shown = symbol->spec;
    memcpy(symbol->spec.symbol, symbol->listed_name, sizeof(symbol->spec.symbol));
    symbol->status = symbol->status_base;
    symbol->is_delisted = false;
}

/* Bounds follow the new grid: as at the venue, they are multiples of it. */
static void change_filters(const sim_rule *rule, sim_symbol *symbol)
{
    sim_spec *shown = &symbol->shown;
    if (sim_rule_has(rule, SIM_PARAM_TICK)) {
        shown->tick_e8 = rule->values[SIM_PARAM_TICK];
        shown->price_min_e8 = shown->tick_e8;
        shown->price_max_e8 -= shown->price_max_e8 % shown->tick_e8;
    }
    if (sim_rule_has(rule, SIM_PARAM_STEP)) {
        shown->step_e8 = rule->values[SIM_PARAM_STEP];
        shown->qty_min_e8 = shown->step_e8;
        shown->qty_max_e8 -= shown->qty_max_e8 % shown->step_e8;
    }
    if (sim_rule_has(rule, SIM_PARAM_NOTIONAL)) {
        shown->notional_min_e8 = rule->values[SIM_PARAM_NOTIONAL];
    }
}

static void shape_symbol(const sim_rule *rule, sim_core *sim)
{
    const uint32_t index = listed_symbol(sim, rule->symbol);
    if (index == SIM_NONE) {
        return;
    }
    sim_symbol *symbol = &sim->symbols[index];
    if (rule->kind == SIM_FAULT_FILTERS) {
        change_filters(rule, symbol);
    } else if (rule->kind == SIM_FAULT_TRADING) {
        symbol->status = (sim_symbol_status)rule->values[SIM_PARAM_TRADING];
    } else if (rule->kind == SIM_FAULT_DELIST) {
        symbol->is_delisted = true;
        symbol->status = SIM_SYMBOL_BREAK;
    } else if (rule->kind == SIM_FAULT_RENAME) {
        (void)cb_text_copy(symbol->spec.symbol,
            sizeof(symbol->spec.symbol),
            cb_sv_from(sim_rule_text(rule, SIM_PARAM_TO)));
    }
}

/* A symbol that goes takes its open orders with it. */
static void expire_orders(sim_core *sim, uint32_t symbol)
{
    for (uint32_t i = 0; i < sim->orders_count; i++) {
        if (sim->orders[i].is_open && sim->orders[i].symbol == symbol) {
            sim_order_close(sim, i, SIM_STATUS_EXPIRED);
            sim_report(sim, i, SIM_EXECUTION_EXPIRED);
        }
    }
    sim_finish(sim, &sim->symbols[symbol]);
}

void sim_faults_shape(const sim_faults *faults, sim_core *sim)
{
    bool was_delisted[SIM_SYMBOLS_MAX] = {false};
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        was_delisted[i] = sim->symbols[i].is_delisted;
        reset_symbol(&sim->symbols[i]);
    }
    sim->client_ids = sim->client_ids_base;
    sim->clock_offset_ns = sim_faults_clock_offset(faults, sim->now_ns);
    for (uint32_t i = 0; i < faults->rules_count; i++) {
        const sim_rule *rule = &faults->rules[i];
        if (rule->phase != SIM_RULE_ACTIVE) {
            continue;
        }
        if (rule->kind == SIM_FAULT_CLIENT_IDS) {
            sim->client_ids = (sim_client_ids)rule->values[SIM_PARAM_UNIQUE];
        } else {
            shape_symbol(rule, sim);
        }
    }
    for (uint32_t i = 0; i < sim->symbols_count; i++) {
        if (sim->symbols[i].is_delisted && !was_delisted[i]) {
            expire_orders(sim, i);
        }
    }
}

/* ---- strangers ---- */

static bool fail(sim_deed *deed, const char *why)
{
    deed->is_done = false;
    cb_textbuf what = cb_textbuf_over(deed->what, sizeof(deed->what));
    cb_textbuf_add(&what, why);
    return true;
}

static void succeed(sim_deed *deed, const char *what, const char *name, int64_t amount_e8)
{
    deed->is_done = true;
    cb_textbuf text = cb_textbuf_over(deed->what, sizeof(deed->what));
    cb_textbuf_add(&text, what);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add(&text, name);
    cb_textbuf_add(&text, " ");
    cb_textbuf_add_e8(&text, amount_e8);
}

/* The account that the rule names, "main" by default; patterns name nobody. */
static uint32_t account_of(const sim_core *sim, const sim_rule *rule)
{
    return sim_find_account(sim, rule->account[0] == '\0' ? "main" : rule->account);
}

static uint32_t symbol_of(const sim_core *sim, const sim_rule *rule)
{
    return rule->symbol[0] == '\0' ? 0 : listed_symbol(sim, rule->symbol);
}

/* A client id of somebody else: a word of the venue's and a number. */
static void stranger_id(sim_core *sim, const char *word, char out[SIM_CLIENT_ID_SIZE])
{
    sim->generated_ids++;
    cb_textbuf text = cb_textbuf_over(out, SIM_CLIENT_ID_SIZE);
    cb_textbuf_add(&text, word);
    cb_textbuf_add_u64(&text, sim->generated_ids);
}

static int64_t to_step(int64_t value_e8, int64_t step_e8)
{
    return value_e8 - value_e8 % step_e8;
}

/* Price to value or to lean on: the best of a side, else the last one; 0 = none. */
static int64_t best_price(const sim_symbol *symbol, cb_side side)
{
    const sim_level *best = sim_book_best_const(sim_book_side_const(symbol, side));
    return best != NULL ? best->price_e8 : symbol->last_price_e8;
}

static bool place_for(
    sim_core *sim, const char *word, const sim_new_order *wanted, const char *what, sim_deed *deed)
{
    sim_new_order request = *wanted;
    uint32_t order = SIM_NONE;
    sim_refusal refusal = {0};
    const sim_symbol *symbol = &sim->symbols[request.symbol];
    stranger_id(sim, word, request.client_id);
    if (request.qty_e8 <= 0) {
        return fail(deed, "nothing to order: the quantity is below one lot");
    }
    if (!sim_place(sim, &request, &order, &refusal)) {
        return fail(deed, refusal.text);
    }
    succeed(deed, what, symbol->spec.symbol, request.qty_e8);
    return true;
}

static bool act_order(const sim_rule *rule, sim_core *sim, sim_deed *deed)
{
    const uint32_t account = account_of(sim, rule);
    const uint32_t index = symbol_of(sim, rule);
    if (account == SIM_NONE || index == SIM_NONE) {
        return fail(deed, "no such account or symbol");
    }
    const sim_symbol *symbol = &sim->symbols[index];
    const cb_side side = rule->values[SIM_PARAM_SIDE] == 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
    const bool is_limit = rule->values[SIM_PARAM_TYPE] == 1;
    /* A waiting order leans on its own side of the book, a market order is valued by the other. */
    const cb_side other = side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
    const int64_t best_e8 = best_price(symbol, is_limit ? side : other);
    const int64_t away_e8 = is_limit ? rule->values[SIM_PARAM_AWAY] * symbol->shown.tick_e8 : 0;
    const int64_t price_e8 =
        to_step(side == CB_SIDE_BUY ? best_e8 - away_e8 : best_e8 + away_e8, symbol->shown.tick_e8);
    int64_t qty_e8 = 0;
    if (best_e8 <= 0 || price_e8 <= 0 ||
        cb_div_e8(rule->values[SIM_PARAM_VALUE], price_e8, CB_ROUND_DOWN, &qty_e8, NULL) != CB_OK) {
        return fail(deed, "the symbol has no price");
    }
    const sim_new_order request = {
        .symbol = index,
        .account = account,
        .side = side,
        .type = is_limit ? CB_ORDER_TYPE_LIMIT : CB_ORDER_TYPE_MARKET,
        .tif = CB_TIF_GTC,
        .stp = symbol->spec.stp_default,
        .qty_e8 = to_step(qty_e8, symbol->shown.step_e8),
        .price_e8 = is_limit ? price_e8 : 0,
    };
    return place_for(
        sim, "web_", &request, side == CB_SIDE_BUY ? "external buy" : "external sell", deed);
}

static bool act_cancel(const sim_rule *rule, sim_core *sim, sim_deed *deed)
{
    const uint32_t account = account_of(sim, rule);
    char cancel_id[SIM_CLIENT_ID_SIZE];
    char given_id[SIM_CLIENT_ID_SIZE];
    sim_refusal refusal = {0};
    if (account == SIM_NONE) {
        return fail(deed, "no such account");
    }
    uint32_t order = sim->accounts[account].open_first;
    while (order != SIM_NONE && rule->symbol[0] != '\0' &&
           sim->orders[order].symbol != symbol_of(sim, rule)) {
        order = sim->orders[order].open_next;
    }
    if (order == SIM_NONE) {
        return fail(deed, "no open order to cancel");
    }
    const int64_t left_e8 = sim_order_left(&sim->orders[order]);
    stranger_id(sim, "web_", given_id);
    const bool is_canceled = sim_cancel(sim, order, given_id, cancel_id, &refusal);
    CB_ASSERT(is_canceled);
    succeed(deed, "external cancel", sim->orders[order].client_id, left_e8);
    return true;
}

static bool act_transfer(const sim_rule *rule, sim_core *sim, int64_t sign, sim_deed *deed)
{
    const uint32_t account = account_of(sim, rule);
    const char *name = sim_rule_text(rule, SIM_PARAM_ASSET);
    const uint32_t asset = strlen(name) < sizeof(sim->assets[0]) ? sim_asset(sim, name) : SIM_NONE;
    if (account == SIM_NONE || asset == SIM_NONE) {
        return fail(deed, "no such account, or no room for the asset");
    }
    int64_t amount_e8 = rule->values[SIM_PARAM_AMOUNT];
    if (sign < 0 && amount_e8 > sim_free(sim, account, asset)) {
        amount_e8 = sim_free(sim, account, asset);
    }
    if (amount_e8 == 0 || !sim_transfer(sim, account, asset, sign * amount_e8)) {
        return fail(deed, "nothing to move");
    }
    succeed(deed, sign > 0 ? "deposit" : "withdrawal", name, amount_e8);
    return true;
}

static bool act_liquidate(const sim_rule *rule, sim_core *sim, sim_deed *deed)
{
    const uint32_t account = account_of(sim, rule);
    const uint32_t index = symbol_of(sim, rule);
    if (account == SIM_NONE || index == SIM_NONE) {
        return fail(deed, "no such account or symbol");
    }
    for (uint32_t at = sim->accounts[account].open_first; at != SIM_NONE;) {
        const uint32_t next = sim->orders[at].open_next;
        char cancel_id[SIM_CLIENT_ID_SIZE];
        sim_refusal refusal = {0};
        if (sim->orders[at].symbol == index) {
            (void)sim_cancel(sim, at, "", cancel_id, &refusal);
        }
        at = next;
    }
    const sim_symbol *symbol = &sim->symbols[index];
    int64_t qty_e8 = 0;
    if (cb_muldiv(sim_free(sim, account, symbol->base_asset),
            rule->values[SIM_PARAM_PERCENT],
            100,
            CB_ROUND_DOWN,
            &qty_e8,
            NULL) != CB_OK) {
        return fail(deed, "nothing to sell");
    }
    const sim_new_order request = {
        .symbol = index,
        .account = account,
        .side = CB_SIDE_SELL,
        .type = CB_ORDER_TYPE_MARKET,
        .tif = CB_TIF_GTC,
        .stp = SIM_STP_EXPIRE_MAKER,
        .qty_e8 = to_step(qty_e8, symbol->shown.step_e8),
    };
    return place_for(sim, "autoclose-", &request, "liquidation", deed);
}

/* The newest trade of the account that still stands. */
static uint32_t last_trade(const sim_core *sim, uint32_t account)
{
    for (uint32_t i = sim->trades_count; i > 0; i--) {
        if (sim->orders[sim->trades[i - 1].order].account == account &&
            !sim->trades[i - 1].is_busted) {
            return i - 1;
        }
    }
    return SIM_NONE;
}

static bool act_on_trade(const sim_rule *rule, sim_core *sim, sim_deed *deed)
{
    const uint32_t account = account_of(sim, rule);
    const uint32_t index = account == SIM_NONE ? SIM_NONE : last_trade(sim, account);
    if (index == SIM_NONE) {
        return fail(deed, "the account has no trade");
    }
    const sim_trade *trade = &sim->trades[index];
    const char *symbol = sim->symbols[sim->orders[trade->order].symbol].spec.symbol;
    if (rule->kind == SIM_FAULT_BUST) {
        if (!sim_bust(sim, index)) {
            return fail(deed, "the account no longer has what the trade brought");
        }
        succeed(deed, "bust", symbol, trade->qty_e8);
        return true;
    }
    int64_t quote_e8 = 0;
    if (cb_muldiv(trade->quote_e8,
            100 + rule->values[SIM_PARAM_PERCENT],
            100,
            CB_ROUND_HALF_UP,
            &quote_e8,
            NULL) != CB_OK ||
        quote_e8 <= 0 || !sim_correct(sim, index, quote_e8)) {
        return fail(deed, "the account cannot pay the correction");
    }
    succeed(deed, "correction", symbol, quote_e8);
    return true;
}

bool sim_faults_act(const sim_rule *rule, sim_core *sim, sim_deed *deed)
{
    *deed = (sim_deed){0};
    CB_ASSERT(sim_fault_spec_of(rule->kind)->place == SIM_PLACE_ACT);
    switch ((int)rule->kind) {
    case SIM_FAULT_EXTERNAL_ORDER:
        return act_order(rule, sim, deed);
    case SIM_FAULT_EXTERNAL_CANCEL:
        return act_cancel(rule, sim, deed);
    case SIM_FAULT_DEPOSIT:
        return act_transfer(rule, sim, 1, deed);
    case SIM_FAULT_WITHDRAW:
        return act_transfer(rule, sim, -1, deed);
    case SIM_FAULT_LIQUIDATE:
        return act_liquidate(rule, sim, deed);
    case SIM_FAULT_BUST:
    case SIM_FAULT_CORRECT:
        return act_on_trade(rule, sim, deed);
    default:
        return false;
    }
}

/* ---- self trades ---- */

bool sim_faults_self_trade(const sim_fate *fate,
    sim_core *sim,
    uint32_t account,
    uint32_t index,
    cb_side client_side,
    int64_t client_qty_e8,
    sim_deed *deed)
{
    *deed = (sim_deed){0};
    CB_ASSERT(fate->has_self_trade);
    if (account == SIM_NONE || index == SIM_NONE || client_side == CB_SIDE_NONE) {
        return fail(deed, "the request names no account, symbol or side");
    }
    const sim_symbol *symbol = &sim->symbols[index];
    const cb_side side = client_side == CB_SIDE_BUY ? CB_SIDE_SELL : CB_SIDE_BUY;
    int64_t qty_e8 = 0;
    if (cb_muldiv(client_qty_e8, fate->self_trade_percent, 100, CB_ROUND_DOWN, &qty_e8, NULL) !=
        CB_OK) {
        return fail(deed, "the quantity leaves its bounds");
    }
    /* In its way stands an order at the best price of its own side of the book, one tick inside. */
    const int64_t best_e8 = best_price(symbol, side);
    const int64_t inside_e8 = side == CB_SIDE_SELL ? -symbol->shown.tick_e8 : symbol->shown.tick_e8;
    const bool is_maker = fate->is_self_trade_maker;
    const int64_t price_e8 = to_step(best_e8 + inside_e8, symbol->shown.tick_e8);
    if (!is_maker && price_e8 <= 0) {
        return fail(deed, "the symbol has no price");
    }
    const sim_new_order request = {
        .symbol = index,
        .account = account,
        .side = side,
        .type = is_maker ? CB_ORDER_TYPE_MARKET : CB_ORDER_TYPE_LIMIT_MAKER,
        .tif = CB_TIF_GTC,
        .stp = fate->self_trade_mode,
        .qty_e8 = to_step(qty_e8, symbol->shown.step_e8),
        .price_e8 = is_maker ? 0 : price_e8,
    };
    return place_for(
        sim, "hand_", &request, is_maker ? "other hand takes" : "other hand stands", deed);
}
