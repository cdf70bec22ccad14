/* People: an operator who places, cancels and amends through the gateway (some requests come twice,
 * as from an impatient one), and somebody else with the same account at the exchange. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "services/simulator/core/house.h"
#include "tests/sim/dst_traffic.h"
#include "tests/sim/dst_venue.h"

#define LOT_E8 1000
#define TICK_E8 1000000

#define SET_TEXT(member, text) CB_MAYBE(cb_text_copy((member), sizeof(member), cb_sv_from(text)))

static uint64_t requests_made;

static int64_t lots_for(uint32_t symbol, int64_t notional)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    return (int64_t)((cb_i128)notional * CB_E8 * CB_E8 / mid_e8) / LOT_E8 * LOT_E8;
}

static uint32_t any_symbol(void)
{
    return (uint32_t)dst_below(dst->plan.symbols_count);
}

/* At the market, or some thousandths beside it; rests, mostly. */
static int64_t price_near(uint32_t symbol, bool is_buy)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    const int64_t away_e8 = mid_e8 / 1000 * dst_between(-1, 5);
    return (is_buy ? mid_e8 - away_e8 : mid_e8 + away_e8) / TICK_E8 * TICK_E8;
}

/* ---- the operator ---- */

static void ask_risk(cb_subject_id subject, void *body)
{
    dst_traffic_tell(subject, "gateway", "risk", body);
    if (dst_below(4) == 0) {
        dst_traffic_tell(subject, "gateway", "risk", body);
    }
}

static void place(void)
{
    const uint32_t symbol = any_symbol();
    cb_intent intent = {.intent_id = cb_id_make("sim.operator", 1, ++requests_made),
        .side = CB_SIDE_BUY,
        .order_type = CB_ORDER_TYPE_LIMIT,
        .tif = CB_TIF_GTC,
        .qty = {lots_for(symbol, dst_between(200, 2000))},
        .limit_price = {price_near(symbol, true)}};
    SET_TEXT(intent.symbol, dst_symbols[symbol]);
    dst_say("operator places %s", intent.symbol);
    ask_risk(CB_SUBJECT_INTENT_REQUEST, &intent);
}

/* An order of execution's table, the newest of those that may still live. */
static bool find_order(cb_id *id, int64_t *qty_e8)
{
    const sql_table *orders = sql_find_table(dst_pg_db("execution"), sql_intern("orders", 6));
    const uint32_t state_at = sql_find_column(&orders->shape, sql_intern("state", 5));
    const uint32_t intent_at = sql_find_column(&orders->shape, sql_intern("intent_id", 9));
    const uint32_t qty_at = sql_find_column(&orders->shape, sql_intern("qty_e8", 6));
    static const char *const living[] = {"open", "partially_filled", "sending", "unknown", "ready"};
    for (uint32_t i = orders->rows_count; i-- > 0;) {
        const sql_value *row = orders->rows[i];
        for (size_t k = 0; k < sizeof(living) / sizeof(living[0]); k++) {
            const char *text = row[intent_at].text;
            if (strcmp(row[state_at].text, living[k]) == 0 &&
                cb_id_parse(text, strlen(text), id, NULL) == CB_OK) {
                *qty_e8 = row[qty_at].number;
                return true;
            }
        }
    }
    return false;
}

static void command(void)
{
    cb_order_command command = {.command_id = cb_id_make("sim.command", 1, ++requests_made)};
    int64_t qty_e8 = 0;
    if (!find_order(&command.intent_id, &qty_e8)) {
        return;
    }
    const uint64_t kind = dst_below(5);
    command.kind = kind < 2 ? CB_COMMAND_CANCEL : kind < 4 ? CB_COMMAND_AMEND : CB_COMMAND_EXIT;
    command.qty.e8 =
        command.kind == CB_COMMAND_AMEND ? qty_e8 / 10 * dst_between(1, 9) / LOT_E8 * LOT_E8 : 0;
    SET_TEXT(command.reason, "drawn");
    dst_say("operator says %s", CB_NAME(cb_command, command.kind));
    ask_risk(CB_SUBJECT_COMMAND_REQUEST, &command);
}

static void on_operator(void *context, void *argument)
{
    (void)context;
    (void)argument;
    if (dst_below(3) == 0) {
        place();
    } else {
        command();
    }
}

/* ---- somebody else ---- */

static void cancel_own(sim_core *core)
{
    for (uint32_t i = core->orders_count; i-- > 0;) {
        const sim_order *order = &core->orders[i];
        if (order->is_open && strncmp(order->client_id, "ext-", 4) == 0) {
            char id[SIM_CLIENT_ID_SIZE];
            sim_refusal refusal = {0};
            CB_MAYBE(sim_cancel(core, i, "", id, &refusal));
            return;
        }
    }
}

/* What was traded before execution looked at the account for the first time is no trade of its
 * books but part of the balance that they begin with. */
static bool has_begun(void)
{
    return sql_find_table(dst_pg_db("risk"), sql_intern("balance", 7))->rows_count > 0;
}

static void on_external(void *context, void *argument)
{
    sim_core *core = &dst->venue->core;
    (void)context;
    (void)argument;
    if (!has_begun()) {
        return;
    }
    dst_venue_catch_up();
    if (dst_below(4) == 0) {
        cancel_own(core);
        return;
    }
    const uint32_t symbol = any_symbol();
    const sim_balance *held =
        &core->accounts[dst->venue->account].balances[core->symbols[symbol].base_asset];
    const int64_t lots_e8 = lots_for(symbol, dst_between(50, 400));
    const bool is_buy = held->free_e8 < lots_e8 || dst_below(3) > 0;
    sim_new_order order = {.symbol = symbol,
        .account = dst->venue->account,
        .side = is_buy ? CB_SIDE_BUY : CB_SIDE_SELL,
        .type = CB_ORDER_TYPE_LIMIT,
        .tif = dst_below(2) == 0 ? CB_TIF_GTC : CB_TIF_IOC,
        .stp = SIM_STP_EXPIRE_MAKER,
        .qty_e8 = lots_e8,
        .price_e8 = price_near(symbol, is_buy)};
    (void)snprintf(
        order.client_id, sizeof(order.client_id), "ext-%llu", (unsigned long long)++requests_made);
    uint32_t index = 0;
    sim_refusal refusal = {0};
    const bool is_taken = sim_place(core, &order, &index, &refusal);
    dst_say("somebody else places %s: %s", order.client_id, is_taken ? "taken" : refusal.text);
}

void dst_people_reset(void)
{
    requests_made = 0;
    for (uint32_t i = 0; i < dst->plan.operator_count; i++) {
        dst_at(dst_between(DST_S / 2, dst->plan.active_ns), on_operator, NULL, NULL);
    }
    for (uint32_t i = 0; i < dst->plan.external_count; i++) {
        dst_at(dst_between(DST_S / 2, dst->plan.active_ns), on_external, NULL, NULL);
    }
}
