/* Risk and portfolio as real processes over a real nats-server and PostgreSQL, among players that
 * this program is too when it is called with --service=…: a validator that says prices, a signals
 * that wants to buy and sell all the time, and an execution that fills whatever is permitted at
 * once. Both services are killed again and again; in the end every fill must be booked once, every
 * reservation released, and the books must be the player's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/strview.h"
#include "base/timefmt.h"
#include "domain/permit.h"
#include "rt/bus.h"
#include "rt/service.h"
#include "tests/testing/stack.h"
#include "wire/codec.h"

#define WAIT_MS 60000
#define TIMER_SAY 1U
#define EVENT_RESTORED ((uint32_t)CB_EVENT_LOCAL + 1U)
#define KEY "0123456789abcdef0123456789abcdef"

/* ================= the players ================= */

/* What a player keeps: enough to go on after a restart of the whole chain. */
#define PLAYER_FIELDS(F)                                                                           \
    F##_U64(1, number) F##_U64(2, intents_count) F##_U64(3, trades_count) F##_AMOUNT(4, cash)      \
        F##_AMOUNT(5, coins)
CB_STRUCT(player_state, PLAYER_FIELDS);
#define CB_SELF player_state
CB_DESC(player_state, "player_state", PLAYER_FIELDS)
#undef CB_SELF

typedef struct player_config {
    uint64_t intents_max;
} player_config;

static const cb_config_field player_fields[] = {
    {"player.intents",
        CB_CONFIG_U64,
        offsetof(player_config, intents_max),
        "0",
        0,
        100000,
        NULL,
        "intents to make"},
};
static const cb_table player_tables[] = {{"player", &player_state_desc, CB_STORE_UPSERT, "number"}};
static const cb_migration player_migrations[] = {{"0001_player",
    "CREATE TABLE player (number bigint PRIMARY KEY, intents_count bigint NOT NULL,"
    " trades_count bigint NOT NULL, cash_e8 bigint NOT NULL, coins_e8 bigint NOT NULL)"}};

typedef struct player {
    const player_config *config;
    player_state row;
    int64_t price_e8;
} player;

static size_t player_size(const void *config)
{
    (void)config;
    return sizeof(player);
}

static void player_init(void *state, const void *config, cb_arena *arena)
{
    (void)arena;
    player *self = state;
    self->config = config;
    self->row.number = 1;
    self->row.cash.e8 = 100000 * CB_E8;
    self->price_e8 = 40000 * CB_E8;
}

static uint64_t player_hash(const void *state)
{
    return ((const player *)state)->row.trades_count;
}

#define PUT(member, text) ((void)cb_text_copy((member), sizeof(member), cb_sv_from(text)))

/* ---- validator: instrument, candle, ticker and score, ten times a second ---- */

static void say_market(player *self, int64_t now_ns, cb_outbox *out)
{
    cb_instrument *instrument =
        CB_PUBLISH(out, CB_SUBJECT_MD_OK_INSTRUMENT, CB_TABLE_NONE, cb_instrument);
    PUT(instrument->venue, "binance");
    PUT(instrument->symbol, "BTCUSDT");
    PUT(instrument->base_asset, "BTC");
    PUT(instrument->quote_asset, "USDT");
    instrument->status = CB_INSTRUMENT_STATUS_TRADING;
    instrument->tick_size.e8 = CB_E8 / 100;
    instrument->lot_size.e8 = instrument->qty_min.e8 = CB_E8 / 100000;
    instrument->qty_max.e8 = 1000 * CB_E8;
    instrument->notional_min.e8 = 5 * CB_E8;
    cb_candle *candle = CB_PUBLISH(out, CB_SUBJECT_MD_OK_CANDLE, CB_TABLE_NONE, cb_candle);
    PUT(candle->venue, "binance");
    PUT(candle->symbol, "BTCUSDT");
    candle->interval_s = 60;
    candle->close_ts_ns = now_ns;
    candle->close.e8 = self->price_e8;
    candle->is_closed = true;
    cb_ticker *ticker = CB_PUBLISH(out, CB_SUBJECT_MD_OK_TICKER, CB_TABLE_NONE, cb_ticker);
    PUT(ticker->venue, "binance");
    PUT(ticker->symbol, "BTCUSDT");
    ticker->bid.e8 = ticker->ask.e8 = self->price_e8;
    cb_quality_score *score = CB_PUBLISH(out, CB_SUBJECT_DQ_SCORE, CB_TABLE_NONE, cb_quality_score);
    PUT(score->venue, "binance");
    PUT(score->symbol, "BTCUSDT");
    score->score.e8 = CB_E8;
    score->is_book_valid = true;
}

static void validator_step(void *state, const cb_event *event, cb_outbox *out)
{
    if (event->type == CB_EVENT_TIMER || event->type == CB_EVENT_RECOVERED) {
        say_market(state, event->ts_ns, out);
        cb_outbox_set_timer(out, TIMER_SAY, event->ts_ns + 100 * CB_NS_PER_MS);
    }
}

/* ---- signals: buys, and every third time sells everything ---- */

static void want(player *self, int64_t now_ns, cb_outbox *out)
{
    cb_intent *intent = CB_PUBLISH(out, CB_SUBJECT_INTENT, CB_TABLE_NONE, cb_intent);
    const uint64_t number = ++self->row.intents_count;
    intent->intent_id = cb_id_make("player.intent", 0, number);
    intent->signal_id = cb_id_make("player.signal", 0, number);
    intent->env.correlation_id = intent->signal_id;
    PUT(intent->account, "main");
    PUT(intent->venue, "binance");
    PUT(intent->symbol, "BTCUSDT");
    PUT(intent->strategy, "player");
    const bool is_sell = number % 3 == 0;
    intent->side = is_sell ? CB_SIDE_SELL : CB_SIDE_BUY;
    intent->purpose = is_sell ? CB_PURPOSE_EXIT : CB_PURPOSE_ENTRY;
    intent->reduce_only = is_sell;
    intent->order_type = CB_ORDER_TYPE_MARKET;
    intent->tif = CB_TIF_NONE;
    intent->reference_price.e8 = self->price_e8;
    intent->stop_loss.e8 = is_sell ? 0 : self->price_e8 / 2;
    intent->data_ts_ns = now_ns - 500 * CB_NS_PER_MS;
    intent->not_after_ns = now_ns + 60 * CB_NS_PER_S;
    *CB_STORE(out, 0, player_state) = self->row;
}

static void signals_step(void *state, const cb_event *event, cb_outbox *out)
{
    player *self = state;
    if (event->type == EVENT_RESTORED) {
        self->row = *CB_BODY(event, player_state);
    } else if (event->type == CB_EVENT_RECOVERED) {
        cb_outbox_set_timer(out, TIMER_SAY, event->ts_ns + CB_NS_PER_S);
    } else if (event->type == CB_EVENT_TIMER &&
               self->row.intents_count < self->config->intents_max) {
        want(self, event->ts_ns, out);
        cb_outbox_set_timer(out, TIMER_SAY, event->ts_ns + 20 * CB_NS_PER_MS);
    }
}

/* ---- execution: fills a permit in two trades with fees ---- */

static void say_order(
    const cb_permit *permit, uint32_t version, cb_order_state order_state, cb_outbox *out)
{
    cb_order *order = CB_PUBLISH(out, CB_SUBJECT_ORDER, CB_TABLE_NONE, cb_order);
    order->intent_id = permit->intent_id;
    order->permit_id = permit->permit_id;
    order->env.correlation_id = permit->env.correlation_id;
    PUT(order->account, permit->account);
    PUT(order->venue, permit->venue);
    PUT(order->symbol, permit->symbol);
    order->version = version;
    order->state = order_state;
    order->side = permit->side;
    order->qty = permit->qty;
    order->cum_qty.e8 = order_state == CB_ORDER_STATE_FILLED ? permit->qty.e8 : 0;
}

static void trade(player *self, const cb_permit *permit, int64_t qty_e8, cb_outbox *out)
{
    cb_fill *fill = CB_PUBLISH(out, CB_SUBJECT_FILL, CB_TABLE_NONE, cb_fill);
    const bool is_buy = permit->side == CB_SIDE_BUY;
    fill->trade_id = ++self->row.trades_count;
    fill->intent_id = permit->intent_id;
    fill->env.correlation_id = permit->env.correlation_id;
    PUT(fill->account, permit->account);
    PUT(fill->venue, permit->venue);
    PUT(fill->symbol, permit->symbol);
    PUT(fill->strategy, permit->strategy);
    PUT(fill->base_asset, "BTC");
    PUT(fill->quote_asset, "USDT");
    PUT(fill->fee_asset, is_buy ? "BTC" : "USDT");
    fill->side = permit->side;
    fill->purpose = permit->purpose;
    fill->price.e8 = self->price_e8;
    fill->qty.e8 = qty_e8;
    const cb_status status =
        cb_notional(fill->price, fill->qty, CB_ROUND_DOWN, &fill->quote_qty, NULL);
    CB_ASSERT(status == CB_OK);
    fill->fee.e8 = (is_buy ? fill->qty.e8 : fill->quote_qty.e8) / 1000;
    fill->source = CB_FILL_SOURCE_STREAM;
    self->row.coins.e8 += is_buy ? qty_e8 - fill->fee.e8 : -qty_e8;
    self->row.cash.e8 += is_buy ? -fill->quote_qty.e8 : fill->quote_qty.e8 - fill->fee.e8;
}

static void say_balance(const player *self, cb_balance_reason reason, cb_outbox *out)
{
    cb_balance *balance = CB_PUBLISH(out, CB_SUBJECT_BALANCE, CB_TABLE_NONE, cb_balance);
    PUT(balance->account, "main");
    PUT(balance->venue, "binance");
    balance->reason = reason;
    balance->fills_count = self->row.trades_count;
    balance->balances_count = 2;
    PUT(balance->balances[0].asset, "USDT");
    balance->balances[0].free = self->row.cash;
    PUT(balance->balances[1].asset, "BTC");
    balance->balances[1].free = self->row.coins;
}

static void execution_step(void *state, const cb_event *event, cb_outbox *out)
{
    player *self = state;
    if (event->type == EVENT_RESTORED) {
        self->row = *CB_BODY(event, player_state);
    } else if (event->type == CB_EVENT_RECOVERED) {
        cb_caps *caps = CB_PUBLISH(out, CB_SUBJECT_CAPS, CB_TABLE_NONE, cb_caps);
        PUT(caps->account, "main");
        PUT(caps->venue, "binance");
        caps->hash[0] = 1;
        say_balance(self, CB_BALANCE_REASON_SNAPSHOT, out);
        *CB_STORE(out, 0, player_state) = self->row;
    } else if (event->type == (uint32_t)CB_MSG_PERMIT) {
        const cb_permit *permit = CB_BODY(event, cb_permit);
        CB_ASSERT(cb_permit_verify(permit, (const uint8_t *)KEY, strlen(KEY)));
        say_order(permit, 1, CB_ORDER_STATE_READY, out);
        say_order(permit, 2, CB_ORDER_STATE_SENDING, out);
        const int64_t half_e8 = permit->qty.e8 / 2;
        if (half_e8 > 0) {
            trade(self, permit, half_e8, out);
        }
        trade(self, permit, permit->qty.e8 - half_e8, out);
        say_balance(self, CB_BALANCE_REASON_UPDATE, out);
        say_order(permit, 3, CB_ORDER_STATE_FILLED, out);
        *CB_STORE(out, 0, player_state) = self->row;
    }
}

typedef struct restore_context {
    cb_shell *shell;
    cb_status status;
    cb_err *err;
} restore_context;

static void restore_row(void *opaque, const cb_row *row)
{
    restore_context *context = opaque;
    player_state body;
    memset(&body, 0, sizeof(body));
    context->status = cb_row_body(row, &player_state_desc, &body, context->err);
    if (context->status == CB_OK) {
        cb_shell_recover_event(context->shell, EVENT_RESTORED, 1, &body, sizeof(body));
    }
}

static cb_status player_recover(cb_shell *shell, cb_err *err)
{
    restore_context context = {shell, CB_OK, err};
    const cb_status status =
        cb_pg_exec(cb_shell_pg(shell), "SELECT * FROM player", NULL, restore_row, &context, err);
    return status == CB_OK ? context.status : status;
}

static const cb_core_ops validator_core = {player_size, player_init, validator_step, player_hash};
static const cb_core_ops signals_core = {player_size, player_init, signals_step, player_hash};
static const cb_core_ops execution_core = {player_size, player_init, execution_step, player_hash};

#define PLAYER(player_name, player_core)                                                           \
    {                                                                                              \
        .name = (player_name), .summary = "a player of the test", .fields = player_fields,         \
        .fields_count = 1, .config_size = sizeof(player_config), .migrations = player_migrations,  \
        .migrations_count = 1, .tables = player_tables, .tables_count = 1, .core = &(player_core), \
        .recover = player_recover                                                                  \
    }
static const cb_service players[] = {PLAYER("validator", validator_core),
    PLAYER("signals", signals_core),
    PLAYER("execution", execution_core)};

/* Called as "--service=NAME …": be that player. */
static int run_player(int argc, char **argv)
{
    const char *name = argv[1] + strlen("--service=");
    for (size_t i = 0; i < sizeof(players) / sizeof(players[0]); i++) {
        if (cb_text_equal(players[i].name, name)) {
            argv[1] = argv[0];
            return cb_service_main(&players[i], argc - 1, argv + 1);
        }
    }
    return 64;
}

/* ================= the test ================= */

enum { VALIDATOR, SIGNALS, EXECUTION, RISK, PORTFOLIO, SERVICES_COUNT };
static const char *const names[SERVICES_COUNT] = {
    "validator", "signals", "execution", "risk", "portfolio"};

typedef struct fixture {
    stack env;
    char program[256]; /* this one */
    char folder[256];  /* of the real ones */
    pid_t pids[SERVICES_COUNT];
    uint64_t intents_count;
    cb_loop *loop;
    cb_bus *gateway;
    char answer[256 * 1024];
    bool is_answered;
} fixture;

static void start_service(fixture *test, int index)
{
    const char *name = names[index];
    const bool is_player = index < RISK;
    char texts[9][300];
    char secret[160];
    char dsn[192];
    char owner[64];
    stack_password_file(&test->env, name, secret, sizeof(secret));
    (void)snprintf(texts[0],
        300,
        is_player ? "%s%s" : "%s/cerberus-%s",
        is_player ? test->program : test->folder,
        is_player ? "" : name);
    (void)snprintf(
        texts[1], 300, is_player ? "--service=%s" : "--account=%s", is_player ? name : "main");
    (void)snprintf(texts[2], 300, "--nats.url=%s", test->env.nats_url);
    (void)snprintf(texts[3], 300, "--nats.password_file=%s", secret);
    stack_dsn(&test->env, name, dsn, sizeof(dsn));
    (void)snprintf(texts[4], 300, "--pg.dsn=%s", dsn);
    (void)snprintf(owner, sizeof(owner), "%s_owner", name);
    stack_dsn(&test->env, owner, dsn, sizeof(dsn));
    (void)snprintf(texts[5], 300, "--pg.migrate_dsn=%s", dsn);
    if (is_player) {
        (void)snprintf(texts[6], 300, "--player.intents=%" PRIu64, test->intents_count);
    } else {
        (void)snprintf(texts[6], 300, "--symbols=BTCUSDT");
    }
    (void)snprintf(texts[7], 300, "--permit.key=%s/permit.key", test->env.folder);
    (void)snprintf(texts[8], 300, "--rule.order_rate.strategy_per_minute=60000");
    char *argv[10] = {texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], NULL};
    if (index == RISK) {
        argv[7] = texts[7];
        argv[8] = texts[8];
    }
    char log[64];
    (void)snprintf(log, sizeof(log), "%s.log", name);
    test->pids[index] = stack_spawn(&test->env, log, argv);
    assert_true(test->pids[index] > 0);
}

static void kill_service(fixture *test, int index)
{
    (void)kill(test->pids[index], SIGKILL);
    assert_true(stack_wait(test->pids[index], 20000) >= 0);
}

static void show_logs(const fixture *test)
{
    for (int i = 0; i < SERVICES_COUNT; i++) {
        char text[1024];
        (void)snprintf(text, sizeof(text), "%s/%s.log", test->env.folder, names[i]);
        FILE *log = fopen(text, "r");
        while (log != NULL && fgets(text, sizeof(text), log) != NULL) {
            (void)fprintf(stderr, "%s: %s", names[i], text);
        }
        if (log != NULL) {
            (void)fclose(log);
        }
    }
}

/* A supervisor's job: what has died is started again. */
static void revive(fixture *test)
{
    for (int i = 0; i < SERVICES_COUNT; i++) {
        if (stack_wait(test->pids[i], 0) >= 0) {
            start_service(test, i);
        }
    }
}

static int64_t sql_i64(fixture *test, const char *sql)
{
    return stack_sql_i64(&test->env, sql);
}

static bool has_table(fixture *test, const char *table)
{
    char sql[128];
    char found[64];
    (void)snprintf(sql, sizeof(sql), "SELECT to_regclass('%s')", table);
    stack_sql(&test->env, sql, found, sizeof(found));
    return found[0] != '\0';
}

/* Every intent is judged, and every message of the player has arrived in both. */
static bool is_finished(void *context)
{
    fixture *test = context;
    revive(test);
    if (!has_table(test, "risk.judgement") || !has_table(test, "portfolio.fill") ||
        !has_table(test, "execution.player")) {
        return false;
    }
    return sql_i64(test, "SELECT count(*) FROM risk.judgement") >= (int64_t)test->intents_count &&
           sql_i64(test,
               "SELECT count(*) FROM execution.outbox o WHERE"
               " (o.key NOT LIKE 'CAPS/%' AND NOT EXISTS (SELECT 1 FROM"
               " portfolio.inbox i WHERE i.key = o.key AND i.seq = o.seq)) OR NOT EXISTS"
               " (SELECT 1 FROM risk.inbox i WHERE i.key = o.key AND i.seq = o.seq)") == 0 &&
           sql_i64(test,
               "SELECT (SELECT count(*) FROM risk.permit) - (SELECT count(*) FROM"
               " execution.inbox WHERE key LIKE 'PERMIT/%')") == 0;
}

static bool is_trading(void *context)
{
    fixture *test = context;
    revive(test);
    return has_table(test, "portfolio.fill") &&
           sql_i64(test, "SELECT count(*) FROM portfolio.fill") > 10;
}

static void expect_equal(fixture *test, const char *left, const char *right)
{
    char a[256];
    char b[256];
    stack_sql(&test->env, left, a, sizeof(a));
    stack_sql(&test->env, right, b, sizeof(b));
    if (strcmp(a, b) != 0) {
        show_logs(test);
        fail_msg("%s = %s, but %s = %s", left, a, right, b);
    }
}

static void expect_zero(fixture *test, const char *sql)
{
    expect_equal(test, sql, "SELECT 0");
}

static void check_tables(fixture *test)
{
    expect_equal(
        test, "SELECT count(*) FROM risk.judgement", "SELECT intents_count FROM signals.player");
    expect_equal(test,
        "SELECT count(*) FROM risk.permit WHERE qty_e8 > 0",
        "SELECT count(*) FROM risk.judgement WHERE is_granted");
    expect_zero(test, "SELECT count(*) FROM risk.reservation WHERE NOT is_terminal");
    expect_zero(test, "SELECT sum(remaining_e8) FROM risk.reservation");
    static const char *const trades = "SELECT trades_count FROM execution.player";
    expect_equal(test, "SELECT count(*) FROM portfolio.fill", trades);
    expect_equal(test, "SELECT count(*) FROM risk.fill", trades);
    expect_equal(test, "SELECT count(DISTINCT trade_id) FROM portfolio.fill", trades);
    static const char *const cash = "SELECT cash_e8 FROM execution.player";
    static const char *const coins = "SELECT coins_e8 FROM execution.player";
    expect_equal(test, "SELECT amount_e8 FROM portfolio.balance WHERE asset = 'USDT'", cash);
    expect_equal(test, "SELECT amount_e8 FROM portfolio.balance WHERE asset = 'BTC'", coins);
    expect_equal(test, "SELECT total_e8 FROM risk.balance WHERE asset = 'USDT'", cash);
    expect_equal(test, "SELECT total_e8 FROM risk.balance WHERE asset = 'BTC'", coins);
    expect_equal(test, "SELECT qty_e8 FROM portfolio.position", coins);
    expect_equal(test, "SELECT qty_e8 FROM risk.position", coins);
    expect_equal(
        test, "SELECT equity_e8 FROM portfolio.account", "SELECT equity_e8 FROM risk.account");
    expect_zero(test, "SELECT differences_total FROM portfolio.account");
    expect_zero(test,
        "SELECT count(*) FROM (SELECT asset FROM portfolio.ledger_posting GROUP BY asset"
        " HAVING sum(amount) <> 0) unbalanced");
    expect_zero(test,
        "SELECT count(*) FROM portfolio.ledger_sum s WHERE amount_e8 <> (SELECT"
        " (sum(p.amount) * 100000000)::bigint FROM portfolio.ledger_posting p WHERE"
        " p.ledger_account = s.ledger_account AND p.asset = s.asset)");
    expect_zero(test,
        "SELECT (SELECT count(*) FROM risk.dead_letter) + (SELECT count(*) FROM"
        " portfolio.dead_letter)");
}

/* ---- playing gateway ---- */

static void on_answer(void *context, const cb_bus_message *message)
{
    fixture *test = context;
    const size_t size =
        message->size < sizeof(test->answer) - 1 ? message->size : sizeof(test->answer) - 1;
    memcpy(test->answer, message->bytes, size);
    test->answer[size] = '\0';
    test->is_answered = true;
    cb_bus_message_free(message);
}

static const char *request(
    fixture *test, cb_subject_id id, const char *service, const cb_desc *desc, const void *body)
{
    uint8_t bytes[512];
    char subject[CB_SUBJECT_TEXT_MAX];
    char reply[128];
    cb_err err = {0};
    size_t size = 0;
    (void)snprintf(reply, sizeof(reply), "%sask.answer", cb_bus_inbox_prefix(test->gateway));
    assert_int_equal(cb_encode(desc, body, bytes, sizeof(bytes), &size, &err), CB_OK);
    assert_int_equal(cb_subject_for(id, body, service, subject, &err), CB_OK);
    test->is_answered = false;
    assert_int_equal(cb_bus_publish(test->gateway, subject, reply, bytes, size, &err), CB_OK);
    cb_bus_flush(test->gateway);
    const int64_t deadline_ns = cb_mono_ns() + 10000 * CB_NS_PER_MS;
    while (!test->is_answered && cb_mono_ns() < deadline_ns) {
        cb_loop_turn(test->loop, 20 * CB_NS_PER_MS);
    }
    if (!test->is_answered) {
        show_logs(test);
        fail_msg("%s is not answered", subject);
    }
    return test->answer;
}

static const char *ask(fixture *test, const char *service, const char *name, const char *id)
{
    cb_query_msg query;
    memset(&query, 0, sizeof(query));
    PUT(query.name, name);
    PUT(query.id, id);
    PUT(query.env.producer, "gateway");
    query.limit = 5;
    const char *answer = request(test, CB_SUBJECT_QUERY, service, &cb_query_msg_desc, &query);
    if (strstr(answer, "{\"rows\":") != answer) {
        fail_msg("%s %s: %s", service, name, answer);
    }
    return answer;
}

static const char *command_kill(fixture *test, const char *scope, uint32_t level)
{
    cb_kill_command command;
    memset(&command, 0, sizeof(command));
    PUT(command.scope, scope);
    PUT(command.reason, "a test");
    PUT(command.actor, "tester");
    PUT(command.env.producer, "gateway");
    command.level = level;
    return request(test, CB_SUBJECT_KILL_COMMAND, "risk", &cb_kill_command_desc, &command);
}

static void open_gateway(fixture *test)
{
    cb_err err = {0};
    const cb_bus_options options = {test->env.nats_url, "gateway", "gatewaysecret", "", 2000};
    test->loop = cb_loop_create(&err);
    test->gateway = cb_bus_open(test->loop, &options, &err);
    assert_non_null(test->gateway);
    char pattern[128];
    (void)snprintf(pattern, sizeof(pattern), "%s>", cb_bus_inbox_prefix(test->gateway));
    assert_non_null(cb_bus_subscribe(test->gateway, pattern, 64, on_answer, test, &err));
}

static int set_up(void **state)
{
    static fixture test;
    memset(&test, 0, sizeof(test));
    const ssize_t size = readlink("/proc/self/exe", test.program, sizeof(test.program) - 1);
    assert_true(size > 0);
    memcpy(test.folder, test.program, sizeof(test.folder));
    char *tests = strstr(test.folder, "/tests/integration/"); /* …/bin */
    assert_non_null(tests);
    memcpy(tests, "/bin", 5);
    stack_start(&test.env, STACK_NATS | STACK_PG);
    for (int i = 0; i < SERVICES_COUNT; i++) {
        stack_add_service(&test.env, names[i]);
    }
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/permit.key", test.env.folder);
    FILE *key = fopen(path, "w");
    assert_non_null(key);
    assert_true(fputs(KEY "\n", key) >= 0);
    assert_int_equal(fclose(key), 0);
    assert_int_equal(chmod(path, 0600), 0);
    open_gateway(&test);
    *state = &test;
    return 0;
}

static int tear_down(void **state)
{
    fixture *test = *state;
    for (int i = 0; i < SERVICES_COUNT; i++) {
        if (test->pids[i] > 0) {
            kill_service(test, i);
        }
    }
    cb_bus_close(test->gateway);
    cb_loop_destroy(test->loop);
    stack_stop(&test->env);
    return 0;
}

static void start_all(fixture *test, uint64_t intents_count)
{
    test->intents_count = intents_count;
    for (int i = 0; i < SERVICES_COUNT; i++) {
        start_service(test, i);
    }
}

static void finish(fixture *test)
{
    if (!stack_until(is_finished, test, WAIT_MS)) {
        show_logs(test);
        fail_msg("%" PRId64 " of %" PRIu64 " intents judged",
            sql_i64(test, "SELECT count(*) FROM risk.judgement"),
            test->intents_count);
    }
    check_tables(test);
}

static void check_answers(fixture *test)
{
    char id[64];
    stack_sql(&test->env,
        "SELECT correlation_id FROM risk.judgement WHERE is_granted ORDER BY number LIMIT 1",
        id,
        sizeof(id));
    const char *risk = ask(test, "risk", "trace", id);
    assert_non_null(strstr(risk, "\"hop\":\"risk\""));
    assert_non_null(strstr(risk, "gross_exposure_max: pass"));
    assert_non_null(strstr(risk, "\"kind\":\"permit\""));
    const char *portfolio = ask(test, "portfolio", "trace", id);
    assert_non_null(strstr(portfolio, "\"kind\":\"ledger\""));
    assert_non_null(strstr(portfolio, "BTCUSDT:1"));
    assert_non_null(strstr(ask(test, "portfolio", "resolve", "BTCUSDT:1"), id));
    assert_non_null(strstr(ask(test, "risk", "resolve", "BTCUSDT:1"), id));
    static const char *const lists[][2] = {{"risk", "denials"},
        {"risk", "verdicts"},
        {"risk", "limits"},
        {"risk", "exposure"},
        {"risk", "kill"},
        {"risk", "account"},
        {"portfolio", "portfolio"},
        {"portfolio", "positions"},
        {"portfolio", "balances"},
        {"portfolio", "fills"},
        {"portfolio", "ledger"},
        {"portfolio", "sums"},
        {"portfolio", "differences"},
        {"portfolio", "snapshots"}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        (void)ask(test, lists[i][0], lists[i][1], "");
    }
    assert_non_null(strstr(ask(test, "portfolio", "portfolio", ""), "\"equity\":\""));
}

static void every_fill_is_booked_once_and_explained(void **state)
{
    fixture *test = *state;
    start_all(test, 200);
    finish(test);
    check_answers(test);
    assert_true(sql_i64(test, "SELECT count(*) FROM risk.permit") > 20);
    assert_true(sql_i64(test, "SELECT count(*) FROM portfolio.snapshot") > 0);
}

static void killing_both_again_and_again_changes_nothing(void **state)
{
    fixture *test = *state;
    start_all(test, 500);
    assert_true(stack_until(is_trading, test, WAIT_MS));
    cb_prng prng;
    cb_prng_init(&prng, 11);
    for (int i = 0; i < 10; i++) {
        (void)usleep(200000 + (useconds_t)cb_prng_below(&prng, 400000));
        const int victim = cb_prng_below(&prng, 2) == 0 ? RISK : PORTFOLIO;
        kill_service(test, victim);
        start_service(test, victim);
    }
    finish(test);
    assert_true(sql_i64(test, "SELECT count(*) FROM portfolio.epoch") > 1);
    assert_true(sql_i64(test, "SELECT count(*) FROM risk.epoch") > 1);
}

static bool has_new_denial_by_kill(void *context)
{
    fixture *test = context;
    return sql_i64(test,
               "SELECT count(*) FROM risk.denial WHERE rule = 'kill_level' AND"
               " epoch = (SELECT max(epoch) FROM risk.epoch) AND epoch > 1") > 0;
}

static bool hears_commands(void *context)
{
    return strstr(command_kill(context, "strategy:nobody", 1), "\"ok\":true") != NULL;
}

/* A latch that was raised is raised after a kill -9, and says no until it is lowered. */
static void a_raised_latch_outlives_the_process(void **state)
{
    fixture *test = *state;
    start_all(test, 100000);
    assert_true(stack_until(is_trading, test, WAIT_MS));
    assert_true(stack_until(hears_commands, test, WAIT_MS));
    assert_non_null(strstr(command_kill(test, "*", 2), "{\"ok\":true,\"version\":"));
    assert_non_null(strstr(command_kill(test, "nonsense", 2), "\"ok\":false"));
    kill_service(test, RISK);
    start_service(test, RISK);
    assert_true(stack_until(has_new_denial_by_kill, test, WAIT_MS));
    assert_int_equal(sql_i64(test,
                         "SELECT count(*) FROM risk.permit WHERE epoch ="
                         " (SELECT max(epoch) FROM risk.epoch)"),
        0);
    assert_int_equal(sql_i64(test, "SELECT level FROM risk.kill WHERE scope = '*'"), 2);
    assert_non_null(strstr(ask(test, "risk", "kill", "*"), "\"level\":2"));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[1], "--service=", strlen("--service=")) == 0) {
        return run_player(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_fill_is_booked_once_and_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            killing_both_again_and_again_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_raised_latch_outlives_the_process, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
