/* The population. A hidden value walks in regimes of some minutes (trends up and down, ranges), so
 * that trend and mean-reversion strategies both find something. Makers quote around it, noise
 * trades at random, momentum follows. All orders are ordinary orders. */
#include "services/simulator/core/agents.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/strview.h"
#include "base/timefmt.h"

#define STEP_NS (100 * CB_NS_PER_MS) /* agents act on a grid of 100 ms */
#define MAKERS 3
#define NOISE 4
#define MAKER_LEVELS 5 /* per side */
#define PPB INT64_C(1000000000)
#define UNIT_QUOTE_E8 (INT64_C(3000) * CB_E8) /* typical order value in quote units */
#define SHOCK_PPB 36000                       /* of the value, per second: about 0.04 % a minute */
#define MOMENTUM_PPB 1200000                  /* a move of 0.12 % is followed */
_Static_assert(2 * MAKER_LEVELS <= SIM_AGENT_QUOTES_MAX, "a maker's quotes fit");
_Static_assert(MAKERS + NOISE < SIM_AGENTS_PER_SYMBOL, "momentum traders are the rest");

/* Uniform in [-range, range]. */
static int64_t around(cb_prng *prng, int64_t range)
{
    return (int64_t)cb_prng_below(prng, (uint64_t)(2 * range + 1)) - range;
}

static int64_t scaled(int64_t value, int64_t ppb)
{
    int64_t result = 0;
    const cb_status status = cb_muldiv(value, ppb, PPB, CB_ROUND_DOWN, &result, NULL);
    CB_ASSERT(status == CB_OK);
    return result;
}

static int64_t to_step(int64_t value, int64_t step)
{
    const int64_t floored = value - value % step;
    return floored == 0 ? step : floored;
}

static int64_t wait_ns(cb_prng *prng, int64_t steps_min, int64_t steps_max)
{
    const uint64_t range = (uint64_t)(steps_max - steps_min + 1);
    return (steps_min + (int64_t)cb_prng_below(prng, range)) * STEP_NS;
}

cb_status sim_crowd_init(sim_crowd *crowd,
    sim_core *sim,
    uint32_t symbol_index,
    uint64_t seed,
    int64_t start_price_e8,
    cb_err *err)
{
    const sim_symbol *symbol = &sim->symbols[symbol_index];
    *crowd = (sim_crowd){.seed = seed, .symbol = symbol_index};
    cb_prng_init(&crowd->prng, cb_hash_text(cb_hash_u64(CB_HASH_SEED, seed), symbol->spec.symbol));
    crowd->start_e8 = to_step(start_price_e8, symbol->spec.tick_e8);
    crowd->value_e8 = crowd->start_e8;
    crowd->anchor_e8 = crowd->start_e8;
    crowd->regime_end_ns = sim->now_ns;
    crowd->value_next_ns = sim->now_ns;
    cb_status status =
        cb_div_e8(UNIT_QUOTE_E8, crowd->start_e8, CB_ROUND_DOWN, &crowd->base_unit_e8, err);
    for (uint32_t i = 0; i < SIM_AGENTS_PER_SYMBOL && status == CB_OK; i++) {
        sim_agent *agent = &crowd->agents[i];
        char name[24] = "agent-";
        (void)cb_text_copy(name + 6, 12, cb_sv_from(symbol->spec.base));
        const size_t used = strlen(name);
        name[used] = '-';
        name[used + 1] = (char)('a' + i);
        status = sim_add_account(sim, name, "", "", false, &agent->account, err);
        if (status != CB_OK) {
            break;
        }
        agent->kind = i < MAKERS           ? SIM_AGENT_MAKER
                      : i < MAKERS + NOISE ? SIM_AGENT_NOISE
                                           : SIM_AGENT_MOMENTUM;
        agent->next_ns = sim->now_ns + wait_ns(&crowd->prng, 1, 20);
        sim->accounts[agent->account].is_fee_free = true;
        (void)sim_transfer(sim, agent->account, symbol->quote_asset, INT64_C(1000000000) * CB_E8);
        (void)sim_transfer(sim, agent->account, symbol->base_asset, crowd->base_unit_e8 * 200000);
    }
    return status;
}

int64_t sim_crowd_next_ns(const sim_crowd *crowd)
{
    int64_t next_ns = crowd->value_next_ns;
    for (uint32_t i = 0; i < SIM_AGENTS_PER_SYMBOL; i++) {
        next_ns = crowd->agents[i].next_ns < next_ns ? crowd->agents[i].next_ns : next_ns;
    }
    return next_ns;
}

/* Chooses how the value moves next: mostly the other way, so that there is something to follow and
 * something to fade several times an hour. Far from where it began, it tends to come back. */
static void choose_regime(sim_crowd *crowd, int64_t now_ns)
{
    cb_prng *prng = &crowd->prng;
    const int64_t away_e8 = crowd->value_e8 - crowd->start_e8;
    int64_t away_percent = away_e8 * 100 / crowd->start_e8;
    away_percent = away_percent > 25 ? 25 : away_percent < -25 ? -25 : away_percent;
    const int64_t up_before = crowd->regime == SIM_REGIME_DOWN ? 80
                              : crowd->regime == SIM_REGIME_UP ? 4
                                                               : 40;
    const int64_t up_below = up_before - away_percent * 2 / 3;
    const int64_t draw = (int64_t)cb_prng_below(prng, 100);
    crowd->regime = draw < up_below ? SIM_REGIME_UP
                    : draw < 92     ? SIM_REGIME_DOWN
                                    : SIM_REGIME_RANGE;
    /* 0.1 % to 0.18 % a minute in a trend, for 4.5 to 8 minutes */
    crowd->drift_ppb = 17000 + (int64_t)cb_prng_below(prng, 13000);
    crowd->anchor_e8 = crowd->value_e8 + scaled(crowd->value_e8, around(prng, 3000000));
    crowd->regime_end_ns = now_ns + wait_ns(prng, 2700, 4800);
}

/* The part of a second's move that all instruments share: a function of seed and second. */
static int64_t shared_shock(const sim_crowd *crowd, int64_t now_ns)
{
    cb_prng prng;
    cb_prng_init(&prng, cb_hash_u64(cb_hash_u64(CB_HASH_SEED, crowd->seed), (uint64_t)now_ns));
    return around(&prng, SHOCK_PPB) + around(&prng, SHOCK_PPB) + around(&prng, SHOCK_PPB);
}

static void move_value(sim_crowd *crowd, int64_t now_ns)
{
    if (now_ns >= crowd->regime_end_ns) {
        choose_regime(crowd, now_ns);
    }
    int64_t ppb = shared_shock(crowd, now_ns) + around(&crowd->prng, SHOCK_PPB) +
                  around(&crowd->prng, SHOCK_PPB);
    switch (crowd->regime) {
    case SIM_REGIME_UP:
        ppb += crowd->drift_ppb;
        break;
    case SIM_REGIME_DOWN:
        ppb -= crowd->drift_ppb;
        break;
    case SIM_REGIME_RANGE:
        crowd->value_e8 += (crowd->anchor_e8 - crowd->value_e8) / 50;
        break;
    case SIM_REGIME_COUNT:
    default:
        CB_ASSERT(false);
    }
    crowd->value_e8 += scaled(crowd->value_e8, ppb);
    CB_ASSERT(crowd->value_e8 > 0);
    crowd->value_next_ns = now_ns + CB_NS_PER_S;
}

static void cancel_quotes(sim_agent *agent, sim_core *sim)
{
    sim_refusal refusal = {0};
    char cancel_id[SIM_CLIENT_ID_SIZE];
    for (uint32_t i = 0; i < agent->quotes_count; i++) {
        const sim_order *order = &sim->orders[agent->quotes[i]];
        /* The slot may belong to another order by now. */
        if (order->id == agent->quote_ids[i] && order->account == agent->account &&
            order->is_open) {
            (void)sim_cancel(sim, agent->quotes[i], "", cancel_id, &refusal);
        }
    }
    agent->quotes_count = 0;
}

/* Places an order; waiting ones are remembered. Refusals (filters, money) are part of the game. */
static void send(sim_agent *agent, sim_core *sim, const sim_new_order *request)
{
    uint32_t index = SIM_NONE;
    sim_refusal refusal = {0};
    if (!sim_place(sim, request, &index, &refusal)) {
        return;
    }
    if (sim->orders[index].is_open && agent->quotes_count < SIM_AGENT_QUOTES_MAX) {
        agent->quotes[agent->quotes_count] = index;
        agent->quote_ids[agent->quotes_count] = sim->orders[index].id;
        agent->quotes_count++;
    }
}

static sim_new_order order_of(const sim_crowd *crowd,
    const sim_agent *agent,
    cb_side side,
    cb_order_type type,
    int64_t qty_e8)
{
    return (sim_new_order){
        .symbol = crowd->symbol,
        .account = agent->account,
        .side = side,
        .type = type,
        .tif = CB_TIF_GTC,
        .stp = SIM_STP_EXPIRE_MAKER,
        .qty_e8 = qty_e8,
    };
}

/* Both sides around the value, shifted against what the maker already holds too much of. */
static void act_maker(sim_crowd *crowd, sim_agent *agent, sim_core *sim)
{
    const sim_symbol *symbol = &sim->symbols[crowd->symbol];
    const int64_t tick_e8 = symbol->spec.tick_e8;
    const sim_balance *base = &sim->accounts[agent->account].balances[symbol->base_asset];
    const int64_t held_units = (base->free_e8 + base->locked_e8) / crowd->base_unit_e8 - 200000;
    const int64_t skew_ppb = held_units > 2000    ? -200000
                             : held_units < -2000 ? 200000
                                                  : -held_units * 100;
    const int64_t opinion_ppb = around(&crowd->prng, 30000) + skew_ppb;
    const int64_t middle_e8 = crowd->value_e8 + scaled(crowd->value_e8, opinion_ppb);
    const int64_t half_e8 =
        scaled(crowd->value_e8, 15000 + (int64_t)cb_prng_below(&crowd->prng, 20000));
    cancel_quotes(agent, sim);
    for (int64_t level = 0; level < MAKER_LEVELS; level++) {
        const int64_t away_e8 = half_e8 + scaled(crowd->value_e8, level * 45000);
        const int64_t qty_e8 = to_step(
            crowd->base_unit_e8 * (int64_t)(4 + cb_prng_below(&crowd->prng, 8)) * (level + 1),
            symbol->spec.step_e8);
        sim_new_order bid = order_of(crowd, agent, CB_SIDE_BUY, CB_ORDER_TYPE_LIMIT, qty_e8);
        sim_new_order ask = order_of(crowd, agent, CB_SIDE_SELL, CB_ORDER_TYPE_LIMIT, qty_e8);
        bid.price_e8 = to_step(middle_e8 - away_e8, tick_e8);
        ask.price_e8 = to_step(middle_e8 + away_e8, tick_e8) + tick_e8;
        send(agent, sim, &bid);
        send(agent, sim, &ask);
    }
    agent->next_ns = sim->now_ns + wait_ns(&crowd->prng, 8, 25);
}

static void act_noise(sim_crowd *crowd, sim_agent *agent, sim_core *sim)
{
    const sim_symbol *symbol = &sim->symbols[crowd->symbol];
    cb_prng *prng = &crowd->prng;
    const cb_side side = cb_prng_below(prng, 2) == 0 ? CB_SIDE_BUY : CB_SIDE_SELL;
    const int64_t tenths = 1 + (int64_t)cb_prng_below(prng, 20);
    const int64_t size = cb_prng_below(prng, 12) == 0 ? tenths * 8 : tenths;
    const int64_t qty_e8 = to_step(crowd->base_unit_e8 / 10 * size, symbol->spec.step_e8);
    if (cb_prng_below(prng, 4) != 0 || symbol->last_price_e8 == 0) {
        const sim_new_order market = order_of(crowd, agent, side, CB_ORDER_TYPE_MARKET, qty_e8);
        send(agent, sim, &market);
    } else {
        cancel_quotes(agent, sim);
        sim_new_order limit = order_of(crowd, agent, side, CB_ORDER_TYPE_LIMIT, qty_e8);
        const int64_t away_e8 = scaled(symbol->last_price_e8, (int64_t)cb_prng_below(prng, 150000));
        limit.price_e8 = to_step(
            side == CB_SIDE_BUY ? symbol->last_price_e8 - away_e8 : symbol->last_price_e8 + away_e8,
            symbol->spec.tick_e8);
        send(agent, sim, &limit);
    }
    agent->next_ns = sim->now_ns + wait_ns(prng, 10, 70);
}

static void act_momentum(sim_crowd *crowd, sim_agent *agent, sim_core *sim)
{
    const sim_symbol *symbol = &sim->symbols[crowd->symbol];
    const int64_t last_e8 = symbol->last_price_e8;
    if (agent->seen_price_e8 > 0 && last_e8 > 0) {
        const int64_t threshold_e8 = scaled(agent->seen_price_e8, MOMENTUM_PPB);
        const int64_t move_e8 = last_e8 - agent->seen_price_e8;
        if (move_e8 > threshold_e8 || move_e8 < -threshold_e8) {
            const int64_t qty_e8 =
                to_step(crowd->base_unit_e8 * (int64_t)(1 + cb_prng_below(&crowd->prng, 6)),
                    symbol->spec.step_e8);
            const sim_new_order market = order_of(crowd,
                agent,
                move_e8 > 0 ? CB_SIDE_BUY : CB_SIDE_SELL,
                CB_ORDER_TYPE_MARKET,
                qty_e8);
            send(agent, sim, &market);
        }
    }
    agent->seen_price_e8 = last_e8;
    agent->next_ns = sim->now_ns + wait_ns(&crowd->prng, 300, 900);
}

void sim_crowd_step(sim_crowd *crowd, sim_core *sim)
{
    CB_ASSERT(crowd->symbol < sim->symbols_count);
    CB_ASSERT(crowd->value_e8 > 0);
    if (crowd->value_next_ns <= sim->now_ns) {
        move_value(crowd, sim->now_ns);
    }
    for (uint32_t i = 0; i < SIM_AGENTS_PER_SYMBOL; i++) {
        sim_agent *agent = &crowd->agents[i];
        if (agent->next_ns > sim->now_ns) {
            continue;
        }
        switch (agent->kind) {
        case SIM_AGENT_MAKER:
            act_maker(crowd, agent, sim);
            break;
        case SIM_AGENT_NOISE:
            act_noise(crowd, agent, sim);
            break;
        case SIM_AGENT_MOMENTUM:
        default:
            act_momentum(crowd, agent, sim);
            break;
        }
    }
}
