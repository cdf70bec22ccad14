/* Random lives of an account with 64 strategies, against a naive model that shares no code with the
 * core: reservations, balances, positions, equity and exposure must agree after every event, and no
 * permit may ever put the account one unit over a limit. Each life is then replayed (same actions,
 * same state), replayed with restarts from the stored rows at random places (same actions, same
 * state), and replayed while every allocation is counted (there is none). */
#include "tests/unit/risk/fixture.h"
#include "tests/testing/seeds.h"

#define SEEDS 40
#define ANSWERS_MIN (UINT64_C(50) * seeds_count(SEEDS))
#define STEPS 1500
#define ORDERS_MAX 4096
#define STRATEGIES 64
#define ASSETS 4
#define SYMBOLS 2

static const char *const asset_names[ASSETS] = {"USDT", "BTC", "ETH", "BNB"};
static const char *const symbol_names[SYMBOLS] = {"BTCUSDT", "ETHUSDT"};

/* ---- the naive model ---- */
typedef struct naive_order {
    cb_permit permit;
    cb_i128 cum;
    uint32_t version;
    bool is_over;
    int strategy;
} naive_order;

typedef struct naive {
    cb_i128 balances[ASSETS];
    cb_i128 positions[SYMBOLS];
    cb_i128 marks[SYMBOLS];
    naive_order orders[ORDERS_MAX];
    uint32_t orders_count;
    int64_t grants[ORDERS_MAX]; /* times of all permits */
    int grants_of[ORDERS_MAX];
    uint32_t kill_all;
    uint32_t kill_strategy[STRATEGIES];
    bool is_account_killed;
} naive;

typedef struct logged_event {
    uint32_t type;
    int64_t ts_ns;
    uint32_t size;
    void *body;
} logged_event;

typedef struct event_log {
    logged_event *events;
    uint32_t count;
    uint32_t capacity;
} event_log;

typedef struct life {
    fixture *f;
    bool has_book; /* limits are changed on the way */
    naive model;
    cb_prng prng;
    event_log log;
    uint64_t trades;
    uint32_t grants;
    uint32_t denials;
} life;

static uint64_t below(life *l, uint64_t bound)
{
    return cb_prng_below(&l->prng, bound);
}

static void log_event(void *context, const cb_event *event)
{
    event_log *log = context;
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 1024 : log->capacity * 2;
        log->events = realloc(log->events, log->capacity * sizeof(*log->events));
        assert_non_null(log->events);
    }
    logged_event *kept = &log->events[log->count++];
    *kept = (logged_event){event->type, event->ts_ns, event->body_size, NULL};
    if (event->body_size > 0) {
        kept->body = malloc(event->body_size);
        assert_non_null(kept->body);
        memcpy(kept->body, event->body, event->body_size);
    }
}

static cb_i128 up(cb_i128 product)
{
    return (product + CB_E8 - 1) / CB_E8;
}

static int symbol_of(const char *name)
{
    return cb_text_equal(name, symbol_names[0]) ? 0 : 1;
}

static cb_i128 worst_price(const cb_permit *permit)
{
    return permit->limit_price.e8 > 0
               ? permit->limit_price.e8
               : up((cb_i128)permit->reference_price.e8 * (CB_E8 + CB_E8 / 200));
}

static cb_i128 left_of(const naive_order *order)
{
    return order->is_over ? 0 : order->permit.qty.e8 - order->cum;
}

static cb_i128 naive_equity(const naive *m)
{
    return m->balances[0] + m->balances[1] * m->marks[0] / CB_E8 +
           m->balances[2] * m->marks[1] / CB_E8;
}

/* Open buys at their worst price; symbol < 0: all. */
static cb_i128 naive_open_buys(const naive *m, int symbol, bool with_fees)
{
    cb_i128 sum = 0;
    for (uint32_t i = 0; i < m->orders_count; i++) {
        const naive_order *order = &m->orders[i];
        if (order->permit.side != CB_SIDE_BUY ||
            (symbol >= 0 && symbol_of(order->permit.symbol) != symbol)) {
            continue;
        }
        cb_i128 price = worst_price(&order->permit);
        price = with_fees ? up(price * (CB_E8 + CB_E8 / 500)) : price;
        sum += up(left_of(order) * price);
    }
    return sum;
}

static cb_i128 naive_position_value(const naive *m, int symbol)
{
    const cb_i128 qty = m->positions[symbol] < 0 ? -m->positions[symbol] : m->positions[symbol];
    return up(qty * m->marks[symbol]);
}

static void check_agreement(const life *l)
{
    const naive *m = &l->model;
    const risk_state *state = l->f->state;
    cb_i128 reserved = 0;
    uint32_t open_count = 0;
    for (uint32_t i = 0; i < m->orders_count; i++) {
        reserved += left_of(&m->orders[i]);
        open_count += m->orders[i].is_over ? 0 : 1;
    }
    assert_true(risk_reserved_qty(state) == (int64_t)reserved);
    assert_int_equal(risk_open_orders(state), open_count);
    for (int i = 0; i < ASSETS; i++) {
        assert_true(risk_balance_total(state, asset_names[i]) == (int64_t)m->balances[i]);
    }
    for (int i = 0; i < SYMBOLS; i++) {
        assert_true(state->symbols[i].position.qty.e8 == (int64_t)m->positions[i]);
    }
    assert_true(state->account.equity.e8 == (int64_t)naive_equity(m));
    assert_false(state->account.is_unsure);
}

/* ---- what a permit must not do ---- */
static void check_entry(const life *l, const naive_order *order)
{
    const naive *m = &l->model; /* the order is in it already */
    const risk_config *config = &l->f->config;
    const int symbol = symbol_of(order->permit.symbol);
    const cb_i128 notional = up(worst_price(&order->permit) * order->permit.qty.e8);
    assert_true(notional <= config->rules[RISK_RULE_ID_order_notional_max][0]);
    const cb_i128 on_symbol = naive_position_value(m, symbol) + naive_open_buys(m, symbol, false);
    assert_true(on_symbol <= config->rules[RISK_RULE_ID_symbol_position_max][0]);
    const cb_i128 gross =
        naive_position_value(m, 0) + naive_position_value(m, 1) + naive_open_buys(m, -1, false);
    assert_true(
        gross * CB_E8 <= naive_equity(m) * config->rules[RISK_RULE_ID_gross_exposure_max][0]);
    assert_true(naive_open_buys(m, -1, true) <= m->balances[0]);
    uint32_t open_count = 0;
    for (uint32_t i = 0; i < m->orders_count; i++) {
        open_count += m->orders[i].is_over ? 0 : 1;
    }
    assert_true(open_count <= config->rules[RISK_RULE_ID_open_orders_max][0]);
    assert_int_equal(m->kill_all, 0);
    assert_int_equal(m->kill_strategy[order->strategy], 0);
    assert_false(m->is_account_killed);
    const cb_i128 loss = (cb_i128)order->permit.qty.e8 *
                         (order->permit.reference_price.e8 - order->permit.stop_loss.e8);
    assert_true(loss * 100 <= naive_equity(m) * CB_E8);
}

/* No window of time holds more orders than burst + rate * time. */
static void check_rate(const life *l, int strategy)
{
    const naive *m = &l->model;
    const int64_t *params = l->f->config.rules[RISK_RULE_ID_order_rate];
    int64_t of_account = 0;
    int64_t of_strategy = 0;
    for (uint32_t i = m->orders_count; i > 0; i--) {
        const int64_t time_ns = l->f->now_ns - m->grants[i - 1];
        of_account++;
        of_strategy += m->grants_of[i - 1] == strategy ? 1 : 0;
        assert_true(of_account <= params[1] + time_ns / (MINUTE / params[0]));
        assert_true(of_strategy <= params[3] + time_ns / (MINUTE / params[2]));
    }
}

static void check_reduction(const life *l, const naive_order *order)
{
    const naive *m = &l->model;
    const int symbol = symbol_of(order->permit.symbol);
    cb_i128 open_sells = 0;
    for (uint32_t i = 0; i < m->orders_count; i++) {
        const naive_order *other = &m->orders[i];
        if (other->permit.side == CB_SIDE_SELL && symbol_of(other->permit.symbol) == symbol) {
            open_sells += left_of(other);
        }
    }
    assert_true(open_sells <= m->positions[symbol]);
    assert_true(m->kill_all <= 1);
    assert_true(m->kill_strategy[order->strategy] <= 1);
}

static void take_permit(life *l, int strategy)
{
    naive *m = &l->model;
    assert_true(m->orders_count < ORDERS_MAX);
    naive_order *order = &m->orders[m->orders_count];
    *order = (naive_order){.permit = *f_the_permit(l->f), .strategy = strategy};
    m->grants[m->orders_count] = l->f->now_ns;
    m->grants_of[m->orders_count] = strategy;
    m->orders_count++;
    l->grants++;
    if (order->permit.side == CB_SIDE_BUY) {
        check_entry(l, order);
        check_rate(l, strategy);
    } else {
        check_reduction(l, order);
    }
}

/* ---- what happens ---- */
static void do_market(life *l)
{
    naive *m = &l->model;
    f_at(l->f, l->f->now_ns + (int64_t)below(l, 20) * CB_NS_PER_S);
    const int symbol = (int)below(l, SYMBOLS);
    const int64_t cent = CB_E8 / 100;
    int64_t price_e8 = (int64_t)(m->marks[symbol] * (9900 + (int64_t)below(l, 202)) / 10000);
    price_e8 -= price_e8 % cent;
    m->marks[symbol] = price_e8;
    f_ticker(l->f, symbol_names[symbol], price_e8 - cent, price_e8 + cent);
    f_quality(l->f, symbol_names[symbol], CB_E8);
    f_candle_at(l->f, symbol_names[symbol], price_e8, ++l->f->now_ns);
    if (f_published(l->f, CB_SUBJECT_KILL) != NULL) {
        m->is_account_killed = true;
    }
}

static void do_intent(life *l)
{
    naive *m = &l->model;
    const int symbol = (int)below(l, SYMBOLS);
    const int strategy = (int)below(l, STRATEGIES);
    const int64_t price_e8 = (int64_t)m->marks[symbol];
    const int64_t lot_e8 = CB_E8 / 100000;
    cb_intent intent = below(l, 3) == 0 ? f_exit(l->f, symbol_names[symbol], price_e8, 0)
                                        : f_intent(l->f, symbol_names[symbol], price_e8);
    if (below(l, 3) == 0) {
        intent.qty.e8 = (int64_t)(below(l, 200000) + 1) * lot_e8;
    }
    if (below(l, 3) == 0) {
        intent.order_type = CB_ORDER_TYPE_LIMIT;
        intent.limit_price.e8 = price_e8;
    }
    intent.data_ts_ns = l->f->state->symbols[symbol].mark.close_ts_ns;
    if (below(l, 10) == 0) { /* decided on a candle that is still to come */
        intent.data_ts_ns += 1;
    }
    (void)snprintf(intent.strategy, sizeof(intent.strategy), "s%02d", strategy);
    f_send(l->f, &intent);
    if (f_permit(l->f) != NULL) {
        take_permit(l, strategy);
    }
    l->denials += f_denial(l->f) != NULL ? 1 : 0;
    f_send(l->f, &intent); /* the bus repeats itself */
    assert_null(f_permit(l->f));
    assert_null(f_denial(l->f));
}

/* A burst of all strategies at one moment. */
static void do_race(life *l)
{
    for (int i = 0; i < STRATEGIES; i++) {
        do_intent(l);
    }
}

static naive_order *pick_open(life *l)
{
    naive *m = &l->model;
    for (uint32_t i = 0; i < m->orders_count; i++) {
        naive_order *order = &m->orders[m->orders_count - 1 - i];
        if (!order->is_over && below(l, 2) == 0) {
            return order;
        }
    }
    return NULL;
}

static void order_event(life *l, naive_order *order, cb_order_state state)
{
    order->version++;
    f_order_event(l->f, &order->permit, order->version, state, (int64_t)order->cum);
    if (below(l, 4) == 0) { /* again, and an old one after it */
        f_order_event(l->f, &order->permit, order->version, state, (int64_t)order->cum);
        f_order_event(l->f, &order->permit, 1, CB_ORDER_STATE_REJECTED, 0);
    }
}

/* The fee in any asset: nothing, the quote, the base, a third one, or a rebate. */
static void set_fee(life *l, cb_fill *fill)
{
    switch (below(l, 5)) {
    case 0:
        return;
    case 1:
        fill->fee.e8 = fill->quote_qty.e8 / 1000;
        F_TEXT(fill->fee_asset, "USDT");
        return;
    case 2:
        fill->fee.e8 = fill->qty.e8 / 1000;
        F_TEXT(fill->fee_asset, fill->base_asset);
        return;
    case 3:
        fill->fee.e8 = CB_E8 / 1000;
        F_TEXT(fill->fee_asset, "BNB");
        return;
    default:
        fill->fee.e8 = -fill->quote_qty.e8 / 10000;
        F_TEXT(fill->fee_asset, "USDT");
        return;
    }
}

static int asset_of(const char *name)
{
    for (int i = 0; i < ASSETS; i++) {
        if (cb_text_equal(asset_names[i], name)) {
            return i;
        }
    }
    return 0;
}

static void naive_fill(naive *m, naive_order *order, const cb_fill *fill)
{
    const cb_i128 sign = fill->side == CB_SIDE_BUY ? 1 : -1;
    const int symbol = symbol_of(fill->symbol);
    order->cum += fill->qty.e8;
    m->balances[symbol + 1] += sign * fill->qty.e8;
    m->balances[0] -= sign * fill->quote_qty.e8;
    m->positions[symbol] += sign * fill->qty.e8;
    if (fill->fee.e8 != 0) {
        const int asset = asset_of(fill->fee_asset);
        m->balances[asset] -= fill->fee.e8;
        if (asset == symbol + 1) { /* taken from what is held */
            const cb_i128 held = m->positions[symbol] > 0 ? m->positions[symbol] : 0;
            m->positions[symbol] -= fill->fee.e8 < held ? fill->fee.e8 : held;
        }
    }
}

static void do_fill(life *l, naive_order *order)
{
    const int64_t lot_e8 = CB_E8 / 100000;
    const cb_i128 left = left_of(order);
    int64_t qty_e8 = (int64_t)left;
    if (below(l, 2) == 0 && left / 2 > lot_e8) {
        qty_e8 = (int64_t)(left / 2) - (int64_t)(left / 2) % lot_e8;
    }
    if (qty_e8 <= 0) {
        return;
    }
    const int64_t price_e8 = (int64_t)l->model.marks[symbol_of(order->permit.symbol)];
    cb_fill fill = f_fill_of(&order->permit, ++l->trades, qty_e8, price_e8);
    set_fee(l, &fill);
    naive_fill(&l->model, order, &fill);
    f_feed(l->f, CB_MSG_FILL, &fill, sizeof(fill));
    if (f_published(l->f, CB_SUBJECT_KILL) != NULL) {
        l->model.is_account_killed = true;
    }
    if (below(l, 4) == 0) {
        f_feed(l->f, CB_MSG_FILL, &fill, sizeof(fill));
        assert_int_equal(l->f->out->actions_count, 0);
    }
}

static void do_order(life *l)
{
    naive_order *order = pick_open(l);
    if (order == NULL) {
        return;
    }
    const uint64_t choice = below(l, 10);
    if (choice < 3) {
        const cb_order_state states[] = {
            CB_ORDER_STATE_SENDING, CB_ORDER_STATE_OPEN, CB_ORDER_STATE_UNKNOWN};
        order_event(l, order, states[choice]);
    } else if (choice < 7) {
        do_fill(l, order);
    } else {
        const bool is_whole = left_of(order) == 0;
        const cb_order_state end = order->cum == 0 ? CB_ORDER_STATE_NOT_SENT
                                   : is_whole      ? CB_ORDER_STATE_FILLED
                                                   : CB_ORDER_STATE_CANCELED;
        order->is_over = true;
        order_event(l, order, end);
    }
}

static void do_balance(life *l)
{
    cb_balance body;
    f_balance_head(
        l->f, &body, below(l, 2) == 0 ? CB_BALANCE_REASON_SNAPSHOT : CB_BALANCE_REASON_UPDATE);
    for (int i = 0; i < ASSETS; i++) {
        const int64_t total_e8 = (int64_t)l->model.balances[i];
        f_add_balance(&body, asset_names[i], total_e8 / 2);
        body.balances[i].locked.e8 = total_e8 - total_e8 / 2;
    }
    f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    body.fills_count -= body.fills_count > 0 ? 1 : 0; /* and one that is out of date */
    body.balances[0].free.e8 += E8(1000000);
    if (body.fills_count < l->f->state->account.fills_count) {
        f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    }
}

static void do_kill(life *l)
{
    naive *m = &l->model;
    const uint32_t level = below(l, 3) == 0 ? (uint32_t)below(l, 3) : 0;
    const int strategy = (int)below(l, STRATEGIES);
    char scope[48] = "*";
    if (below(l, 3) == 0) {
        m->kill_all = level;
    } else if (below(l, 4) == 0) {
        (void)snprintf(scope, sizeof(scope), "account:main");
        m->is_account_killed = false;
        f_command_kill(l->f, scope, 0, "looked into it", "tester");
        return;
    } else {
        (void)snprintf(scope, sizeof(scope), "strategy:s%02d", strategy);
        m->kill_strategy[strategy] = level;
    }
    f_command_kill(l->f, scope, level, "random", "tester");
}

/* Somebody changes the limit book, or decides on what another asked for. */
static void do_limits(life *l)
{
    static const char *const kinds[] = {
        "gross_exposure", "open_orders", "order_notional", "orders_per_minute", "daily_loss"};
    static const int64_t values[] = {30000, 6, 9000, 20, 500};
    static const char *const scopes[] = {"*", "strategy:*", "symbol:BTCUSDT", "strategy:s01"};
    static const char *const actors[] = {"ann", "bea"};
    static const char *const actions[] = {"set", "set", "set", "remove", "approve", "deny"};
    risk_limit_request request;
    memset(&request, 0, sizeof(request));
    const uint64_t kind = below(l, 5);
    F_TEXT(request.command.action, actions[below(l, 6)]);
    F_TEXT(request.command.kind, kinds[kind]);
    F_TEXT(request.command.scope, scopes[below(l, 4)]);
    F_TEXT(request.command.actor, actors[below(l, 2)]);
    F_TEXT(request.command.reason, "random");
    request.command.value.e8 = E8(values[kind] * (int64_t)(below(l, 4) + 1));
    request.command.number = l->f->state->account.changes_count;
    f_feed(l->f, RISK_EVENT_LIMIT_COMMAND, &request, sizeof(request));
}

/* Held intents are judged inside market steps and timers: collect what they led to. */
static void collect_released(life *l, uint32_t permits_before)
{
    const stored_table *table = &l->f->tables[RISK_TABLE_PERMIT];
    for (uint32_t i = permits_before; i < table->count; i++) {
        const cb_permit *permit = table_row(table, i, sizeof(cb_permit));
        bool is_known = false;
        for (uint32_t k = 0; k < l->model.orders_count; k++) {
            is_known =
                is_known || cb_id_equal(l->model.orders[k].permit.permit_id, permit->permit_id);
        }
        if (!is_known) {
            naive *m = &l->model;
            m->orders[m->orders_count] = (naive_order){.permit = *permit,
                .strategy = (permit->strategy[1] - '0') * 10 + (permit->strategy[2] - '0')};
            m->grants[m->orders_count] = permit->expires_ns - l->f->config.permit_ttl_ns;
            m->grants_of[m->orders_count] = m->orders[m->orders_count].strategy;
            m->orders_count++;
            l->grants++;
        }
    }
}

static void life_step(life *l)
{
    const uint32_t permits_before = l->f->tables[RISK_TABLE_PERMIT].count;
    const uint64_t choice = below(l, 100);
    if (choice < 25) {
        do_market(l);
    } else if (choice < 50) {
        do_intent(l);
    } else if (choice < 51) {
        do_race(l);
    } else if (choice < 93) {
        do_order(l);
    } else if (choice < 96) {
        do_balance(l);
    } else if (choice < 97 && l->has_book) {
        do_limits(l);
    } else {
        do_kill(l);
    }
    collect_released(l, permits_before);
    check_agreement(l);
}

/* Three kinds of accounts: as configured by default, bound by cash, bound by the order rate. */
static fixture *create_account(uint64_t seed)
{
    risk_config config;
    f_defaults(&config);
    if (seed % 2 == 0) {
        F_TEXT(config.limits,
            "gross_exposure@*=60000; open_orders@*=12; orders_per_minute@strategy:*=8;"
            " position_notional@strategy:*,symbol:*=9000; loss_streak@strategy:*=3;"
            " drawdown@strategy:*=900; allocation@strategy:s01=5000");
    }
    if (seed % 3 == 1) {
        *f_param(&config, RISK_RULE_ID_gross_exposure_max, 0) = CB_E8;
        *f_param(&config, RISK_RULE_ID_symbol_position_max, 0) = E8(1000000);
        *f_param(&config, RISK_RULE_ID_order_notional_max, 0) = E8(1000000);
    } else if (seed % 3 == 2) {
        *f_param(&config, RISK_RULE_ID_order_notional_max, 0) = E8(500);
        *f_param(&config, RISK_RULE_ID_open_orders_max, 0) = 400;
        *f_param(&config, RISK_RULE_ID_order_rate, 3) = 3;
    }
    return f_create_with(&config);
}

static life *life_begin(uint64_t seed)
{
    life *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    cb_prng_init(&l->prng, seed);
    l->f = create_account(seed);
    l->has_book = seed % 2 == 0;
    l->f->on_feed = log_event;
    l->f->on_feed_context = &l->log;
    l->model.marks[0] = (cb_i128)40000 * CB_E8;
    l->model.marks[1] = (cb_i128)3000 * CB_E8;
    l->model.balances[0] = (cb_i128)100000 * CB_E8;
    l->model.balances[3] = (cb_i128)10 * CB_E8;
    f_instrument(l->f, "BTCUSDT", "BTC");
    f_instrument(l->f, "ETHUSDT", "ETH");
    cb_balance body;
    f_balance_head(l->f, &body, CB_BALANCE_REASON_SNAPSHOT);
    f_add_balance(&body, "USDT", E8(100000));
    f_add_balance(&body, "BNB", E8(10));
    f_feed(l->f, CB_MSG_BALANCE, &body, sizeof(body));
    f_market(l->f, E8(40000), E8(3000));
    return l;
}

static void life_end(life *l)
{
    for (uint32_t i = 0; i < l->log.count; i++) {
        free(l->log.events[i].body);
    }
    free(l->log.events);
    f_destroy(l->f);
    free(l);
}

/* ---- replays ---- */
static void feed_logged(fixture *f, const logged_event *event)
{
    f->now_ns = event->ts_ns;
    f_feed(f, event->type, event->body, event->size);
}

static void check_replay(const life *l)
{
    fixture *f = f_create_with(&l->f->config);
    for (uint32_t i = 0; i < l->log.count; i++) {
        feed_logged(f, &l->log.events[i]);
    }
    assert_true(f->actions_hash == l->f->actions_hash);
    assert_true(risk_core_ops.state_hash(f->state) == risk_core_ops.state_hash(l->f->state));
    f_destroy(f);
}

/* The market comes anew after a restart: the newest ticker and score of each symbol. */
static void repeat_market(fixture *f, const event_log *log, uint32_t until)
{
    for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        const logged_event *newest[2] = {NULL, NULL};
        for (uint32_t i = 0; i < until; i++) {
            const logged_event *event = &log->events[i];
            if (event->type == CB_MSG_TICKER &&
                cb_text_equal(((const cb_ticker *)event->body)->symbol, symbol_names[symbol])) {
                newest[0] = event;
            } else if (event->type == CB_MSG_QUALITY_SCORE &&
                       cb_text_equal(
                           ((const cb_quality_score *)event->body)->symbol, symbol_names[symbol])) {
                newest[1] = event;
            }
        }
        for (int i = 0; i < 2; i++) {
            if (newest[i] != NULL) {
                feed_logged(f, newest[i]);
            }
        }
    }
}

/* One life in eight is stopped after every single event. */
static void check_recovery(life *l, uint64_t seed)
{
    fixture *f = f_create_with(&l->f->config);
    for (uint32_t i = 0; i < l->log.count; i++) {
        if (seed % 8 == 2 || below(l, 200) == 0) {
            const uint64_t hash = risk_core_ops.state_hash(f->state);
            const uint64_t actions_hash = f->actions_hash;
            f_restart(f);
            repeat_market(f, &l->log, i);
            f->actions_hash = actions_hash;
            assert_true(risk_core_ops.state_hash(f->state) == hash);
        }
        feed_logged(f, &l->log.events[i]);
    }
    assert_true(f->actions_hash == l->f->actions_hash);
    assert_true(risk_core_ops.state_hash(f->state) == risk_core_ops.state_hash(l->f->state));
    f_destroy(f);
}

/* ---- counting allocations ---- */
static volatile uint64_t allocations_count; /* a compiler knows that malloc changes nothing */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER /* it brings its own malloc */
#define CAN_COUNT true
void *__libc_malloc(size_t size);
void *malloc(size_t size);
void *malloc(size_t size)
{
    allocations_count++;
    return __libc_malloc(size);
}
#else
#define CAN_COUNT false
#endif

static void check_no_allocation(const life *l)
{
    fixture *f = f_create_with(&l->f->config);
    uint64_t during_steps = 0;
    for (uint32_t i = 0; i < l->log.count; i++) {
        const logged_event *logged = &l->log.events[i];
        const cb_event event = {.seq = i,
            .ts_ns = logged->ts_ns,
            .type = logged->type,
            .body_size = logged->size,
            .body = logged->body};
        cb_outbox_reset(f->out);
        const uint64_t before = allocations_count;
        risk_core_ops.step(f->state, &event, f->out);
        during_steps += allocations_count - before;
    }
    assert_int_equal(during_steps, 0);
    f_destroy(f);
}

static void random_lives_agree_with_the_naive_model(void **unused)
{
    (void)unused;
    uint64_t grants = 0;
    uint64_t denials = 0;
    const uint64_t seeds_end = seeds_first() + seeds_count(SEEDS);
    for (uint64_t seed = seeds_first(); seed < seeds_end; seed++) {
        life *l = life_begin(seed);
        for (int i = 0; i < STEPS; i++) {
            life_step(l);
        }
        check_replay(l);
        check_recovery(l, seed);
        if (seed <= 3) {
            check_no_allocation(l);
        }
        grants += l->grants;
        denials += l->denials;
        life_end(l);
    }
    print_message(
        "%llu permits, %llu denials\n", (unsigned long long)grants, (unsigned long long)denials);
    assert_true(grants > ANSWERS_MIN); /* the lives were worth living */
    assert_true(denials > ANSWERS_MIN);
    if (CAN_COUNT) { /* the counter counts */
        const uint64_t before = allocations_count;
        void *volatile kept = malloc(1); /* the compiler may not leave it out */
        free(kept);
        assert_true(allocations_count > before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives_agree_with_the_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
