/* What comes from outside: market data as the validator would say it, kill commands as the gateway
 * would, and the exchange's own price moves. In most schedules intents are drawn here and leave
 * through a real service with a real outbox, which brings more kinds of them than strategies would;
 * in the others the real signals service decides (dst_candles.c). */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"
#include "rt/killpage.h"
#include "tests/sim/dst_traffic.h"
#include "tests/sim/dst_venue.h"
#include "wire/codec.h"

#define LOCAL_INTENT CB_EVENT_LOCAL
#define MARKET_PERIOD_NS DST_S
#define CANDLE_PERIOD_NS (60 * DST_S)

typedef struct dst_traffic {
    cb_shell *shell; /* of the signals service, while it runs */
    uint32_t generation;
    uint64_t intents_made;
    uint64_t messages_made;
    int64_t last_candle_ns;
} dst_traffic;

static dst_traffic traffic;

extern const cb_migration signals_migrations[];
extern const size_t signals_migrations_count;

#define SET_TEXT(member, text) CB_MAYBE(cb_text_copy((member), sizeof(member), cb_sv_from(text)))

/* ---- the service that speaks for the strategies ---- */

typedef struct core_state {
    uint64_t steps_count;
} core_state;

static size_t state_size(const void *config)
{
    (void)config;
    return sizeof(core_state);
}

static void init(void *state, const void *config, cb_arena *arena)
{
    (void)state;
    (void)config;
    (void)arena;
}

static void step(void *state, const cb_event *event, cb_outbox *out)
{
    ((core_state *)state)->steps_count++;
    if (event->type == LOCAL_INTENT) {
        const cb_intent *intent = CB_BODY(event, cb_intent);
        *CB_PUBLISH(out, CB_SUBJECT_INTENT, 0, cb_intent) = *intent;
    }
}

static uint64_t state_hash(const void *state)
{
    return ((const core_state *)state)->steps_count;
}

static const cb_core_ops core_ops = {state_size, init, step, state_hash};
static const cb_table tables[] = {{"intent", &cb_intent_desc, CB_STORE_INSERT, NULL}};

static void started(cb_shell *shell)
{
    traffic.shell = shell;
    traffic.generation = dst->running->generation;
}

static const cb_config_field fields[] = {
    {"account", CB_CONFIG_TEXT, 0, "main", 0, 0, NULL, "account"}};

cb_service dst_signals_service(void)
{
    return (cb_service){.name = "signals",
        .summary = "intents drawn from a seed",
        .fields = fields,
        .fields_count = 1,
        .config_size = CB_CONFIG_TEXT_MAX,
        .migrations = signals_migrations,
        .migrations_count = signals_migrations_count,
        .tables = tables,
        .tables_count = 1,
        .core = &core_ops,
        .started = started};
}

/* ---- intents ---- */

static dst_process *find_process(const char *name)
{
    for (uint32_t i = 0; i < dst->processes_count; i++) {
        if (strcmp(dst->processes[i]->name, name) == 0) {
            return dst->processes[i];
        }
    }
    CB_ASSERT(false);
    return NULL;
}

static int64_t held_e8(uint32_t symbol)
{
    const sim_core *core = &dst->venue->core;
    const sim_balance *balance =
        &core->accounts[dst->venue->account].balances[core->symbols[symbol].base_asset];
    return balance->free_e8 + balance->locked_e8;
}

static int64_t round_price(int64_t price_e8)
{
    return price_e8 / 1000000 * 1000000;
}

static void draw_terms(cb_intent *intent, uint32_t symbol)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    const int64_t held = held_e8(symbol);
    const bool is_exit = held > 0 && dst_below(100) < 45;
    intent->side = is_exit ? CB_SIDE_SELL : CB_SIDE_BUY;
    intent->purpose = is_exit ? CB_PURPOSE_EXIT : CB_PURPOSE_ENTRY;
    intent->reduce_only = is_exit;
    intent->reference_price.e8 = round_price(mid_e8);
    intent->order_type = dst_below(3) == 0 ? CB_ORDER_TYPE_MARKET : CB_ORDER_TYPE_LIMIT;
    intent->tif = CB_TIF_NONE;
    if (intent->order_type == CB_ORDER_TYPE_LIMIT) {
        const cb_tif tifs[] = {CB_TIF_GTC, CB_TIF_GTC, CB_TIF_IOC, CB_TIF_FOK};
        intent->tif = tifs[dst_below(4)];
        /* Through the book, at it, or behind it. */
        const int64_t away_e8 = dst_below(25) == 0 ? mid_e8 / 100 * dst_between(-9, 9)
                                                   : mid_e8 / 1000 * dst_between(-4, 4);
        intent->limit_price.e8 = round_price(mid_e8 + away_e8);
    }
    if (is_exit) {
        intent->qty.e8 = held / 1000 * 1000 / dst_between(1, 3) / 1000 * 1000;
        intent->qty.e8 = intent->qty.e8 > 0 ? intent->qty.e8 : 1000;
    } else {
        intent->stop_loss.e8 = round_price(intent->reference_price.e8 - mid_e8 / 50);
        intent->take_profit.e8 = round_price(intent->reference_price.e8 + mid_e8 / 25);
        const int64_t unit_e8 = (int64_t)((cb_i128)INT64_C(2000) * CB_E8 * CB_E8 / mid_e8);
        intent->qty.e8 = dst_below(2) == 0
                             ? 0
                             : unit_e8 / 1000 * 1000 *
                                   (dst_below(20) == 0 ? dst_between(10, 40) : dst_between(1, 4));
    }
}

/* Brackets, stops and take-profits, near enough to the market to be reached. */
static void draw_group(cb_intent *intent, uint32_t symbol)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    if (!dst->plan.has_groups || dst_below(3) != 0) {
        return;
    }
    if (!intent->reduce_only) {
        intent->role = CB_ROLE_PARENT;
        intent->group_id = intent->intent_id;
        intent->stop_loss.e8 = round_price(mid_e8 - mid_e8 / 1000 * dst_between(2, 10));
        intent->take_profit.e8 = round_price(mid_e8 + mid_e8 / 1000 * dst_between(2, 10));
        return;
    }
}

static void draw_intent(cb_intent *intent)
{
    static const char *const strategies[] = {"trend", "meanrev", "breakout"};
    const uint32_t symbol = (uint32_t)dst_below(dst->plan.symbols_count);
    memset(intent, 0, sizeof(*intent));
    draw_terms(intent, symbol);
    intent->intent_id = cb_id_make("sim.intent", 1, ++traffic.intents_made);
    intent->signal_id = cb_id_make("sim.signal", 1, traffic.intents_made);
    intent->env.correlation_id = intent->signal_id;
    draw_group(intent, symbol);
    SET_TEXT(intent->account, "main");
    SET_TEXT(intent->venue, "binance");
    SET_TEXT(intent->symbol, dst_symbols[symbol]);
    SET_TEXT(intent->strategy, strategies[dst_below(3)]);
    const int64_t now_ns = cb_wall_ns();
    intent->env.origin_ns = now_ns;
    intent->decided_ns = now_ns;
    intent->data_ts_ns = dst_below(8) == 0 ? 0 : traffic.last_candle_ns;
    intent->not_after_ns = now_ns + dst_between(200 * DST_MS, 6 * DST_S);
}

static void feed_intent(void *context, void *argument)
{
    (void)context;
    (void)argument;
    if (traffic.shell == NULL || traffic.generation != dst->running->generation) {
        return; /* it is still starting */
    }
    cb_intent intent;
    draw_intent(&intent);
    dst_say("intent %s %s %s",
        intent.symbol,
        CB_NAME(cb_side, intent.side),
        CB_NAME(cb_order_type, intent.order_type));
    cb_shell_feed(traffic.shell, LOCAL_INTENT, &intent, sizeof(intent));
}

static void on_intent(void *context, void *argument)
{
    (void)context;
    (void)argument;
    dst_process *signals = find_process("signals");
    if (signals->is_alive) {
        dst_deliver(signals, dst->now_ns, feed_intent, NULL, NULL);
    }
}

/* ---- market data and commands ---- */

void dst_traffic_tell(cb_subject_id id, const char *producer, const char *service, void *body)
{
    uint8_t bytes[8192];
    char subject[CB_SUBJECT_TEXT_MAX];
    size_t size = 0;
    cb_err err;
    cb_envelope *env = body;
    const cb_desc *desc = cb_msg_desc(cb_subject_get(id)->msg);
    SET_TEXT(env->producer, producer);
    env->schema = 1;
    env->epoch = 1;
    env->seq = ++traffic.messages_made;
    env->ts_ns = cb_wall_ns();
    env->event_id = cb_id_make("sim.outside", 1, env->seq);
    const cb_status named = cb_subject_for(id, body, service, subject, &err);
    CB_ASSERT(named == CB_OK);
    const cb_status encoded = cb_encode(desc, body, bytes, sizeof(bytes), &size, &err);
    CB_ASSERT(encoded == CB_OK);
    dst_bus_inject(subject, "", bytes, size);
}

static void tell_ticker(uint32_t symbol)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    const int64_t step_e8 = mid_e8 / 5000 / 1000000 * 1000000 + 1000000;
    cb_ticker ticker = {.bid = {mid_e8 - step_e8},
        .bid_qty = {CB_E8},
        .ask = {mid_e8 + step_e8},
        .ask_qty = {CB_E8},
        .update_id = traffic.messages_made + 1};
    ticker.recv_ns = cb_wall_ns();
    SET_TEXT(ticker.venue, "binance");
    SET_TEXT(ticker.symbol, dst_symbols[symbol]);
    dst_traffic_tell(CB_SUBJECT_MD_OK_TICKER, "validator", "validator", &ticker);
}

static void tell_slow(uint32_t symbol)
{
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    cb_instrument instrument = {.status = CB_INSTRUMENT_STATUS_TRADING,
        .tick_size = {1000000},
        .price_min = {1000000},
        .price_max = {INT64_C(1000000) * CB_E8},
        .lot_size = {1000},
        .qty_min = {1000},
        .qty_max = {INT64_C(90000) * CB_E8},
        .market_qty_max = {INT64_C(90000) * CB_E8},
        .notional_min = {5 * CB_E8},
        .notional_max = {INT64_C(9000000) * CB_E8},
        .open_orders_max = 200};
    instrument.recv_ns = cb_wall_ns();
    SET_TEXT(instrument.venue, "binance");
    SET_TEXT(instrument.symbol, dst_symbols[symbol]);
    (void)snprintf(instrument.base_asset,
        sizeof(instrument.base_asset),
        "%.*s",
        (int)strlen(dst_symbols[symbol]) - 4,
        dst_symbols[symbol]);
    SET_TEXT(instrument.quote_asset, "USDT");
    dst_traffic_tell(CB_SUBJECT_MD_OK_INSTRUMENT, "validator", "validator", &instrument);
    cb_quality_score score = {
        .score = {CB_E8}, .checked_count = 10, .is_book_valid = true, .last_data_ns = cb_wall_ns()};
    SET_TEXT(score.venue, "binance");
    SET_TEXT(score.symbol, dst_symbols[symbol]);
    dst_traffic_tell(CB_SUBJECT_DQ_SCORE, "validator", "validator", &score);
    if (dst->plan.has_signals) {
        dst_candles_tell(symbol);
        return;
    }
    cb_candle candle = {.interval_s = 60,
        .close_ts_ns = traffic.last_candle_ns,
        .open_ts_ns = traffic.last_candle_ns - CANDLE_PERIOD_NS,
        .open = {mid_e8},
        .high = {mid_e8},
        .low = {mid_e8},
        .close = {mid_e8},
        .is_closed = true,
        .recv_ns = cb_wall_ns()};
    SET_TEXT(candle.venue, "binance");
    SET_TEXT(candle.symbol, dst_symbols[symbol]);
    dst_traffic_tell(CB_SUBJECT_MD_OK_CANDLE, "validator", "validator", &candle);
}

static void on_market(void *context, void *argument)
{
    (void)argument;
    const uintptr_t turn = (uintptr_t)context;
    traffic.last_candle_ns = cb_wall_ns() / CANDLE_PERIOD_NS * CANDLE_PERIOD_NS;
    /* All that are configured, or nothing is ever ready; what changes seldom is told in turn. */
    for (uint32_t i = 0; i < DST_SYMBOLS; i++) {
        tell_ticker(i);
        if (turn < 2 || turn % DST_SYMBOLS == i) {
            tell_slow(i);
        }
    }
    dst_at(dst->now_ns + MARKET_PERIOD_NS, on_market, (void *)(turn + 1), NULL);
}

static void on_move(void *context, void *argument)
{
    (void)context;
    (void)argument;
    const uint32_t symbol = (uint32_t)dst_below(dst->plan.symbols_count);
    const int64_t mid_e8 = dst->venue->mid_e8[symbol];
    dst_venue_set_market(symbol, mid_e8 + mid_e8 / 2000 * dst_between(-6, 6));
    dst_at(dst->now_ns + dst_between(100 * DST_MS, 2 * DST_S), on_move, NULL, NULL);
}

static void on_kill(void *context, void *argument)
{
    (void)argument;
    cb_kill_command command = {.level = (uint32_t)(uintptr_t)context};
    SET_TEXT(command.scope, dst_below(3) == 0 ? "symbol:BTCUSDT" : "*");
    SET_TEXT(command.reason, "drawn");
    SET_TEXT(command.actor, "operator");
    dst_say("kill command, level %u, %s", command.level, command.scope);
    dst_traffic_tell(CB_SUBJECT_KILL_COMMAND, "gateway", "risk", &command);
}

/* Somebody at the machine, or the guardian, raises the flag page, and lowers it later. */
static void on_page(void *context, void *argument)
{
    const uint32_t level = (uint32_t)(uintptr_t)context;
    const cb_killpage_wish wish = {.level = level, .actor = "operator", .reason = "drawn"};
    (void)argument;
    dst_say("flag page, level %u", level);
    if (level > 0) {
        CB_MAYBE(cb_killpage_raise("page", &wish, NULL, NULL) == CB_OK);
    } else {
        cb_killpage_state seen;
        cb_killpage_look(NULL, &seen);
        CB_MAYBE(cb_killpage_lower("page", seen.generation, &wish, NULL) == CB_OK);
    }
}

void dst_traffic_reset(void)
{
    traffic = (dst_traffic){.shell = NULL};
    dst_at(100 * DST_MS, on_market, NULL, NULL);
    dst_at(dst_between(0, 2 * DST_S), on_move, NULL, NULL);
    dst_candles_reset();
    dst_people_reset();
    /* The real service decides for itself. */
    for (uint32_t i = 0; i < dst->plan.intents_count && !dst->plan.has_signals; i++) {
        dst_at(dst_between(DST_S / 2, dst->plan.active_ns), on_intent, NULL, NULL);
    }
    for (uint32_t i = 0; i < dst->plan.kills_count; i++) {
        const int64_t at_ns = dst_between(DST_S, dst->plan.active_ns);
        dst_at(at_ns, on_kill, (void *)(uintptr_t)dst_between(1, 3), NULL);
        dst_at(at_ns + dst_between(DST_S, 3 * DST_S), on_kill, NULL, NULL);
    }
    for (uint32_t i = 0; i < dst->plan.pages_count; i++) {
        const int64_t at_ns = dst_between(DST_S, dst->plan.active_ns);
        dst_at(at_ns, on_page, (void *)(uintptr_t)dst_between(1, 2), NULL);
        dst_at(at_ns + dst_between(DST_S, 3 * DST_S), on_page, NULL, NULL);
    }
}
