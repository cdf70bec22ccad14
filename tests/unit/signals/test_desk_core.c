/* Desks inside the core: configuration, rounds of several symbols, from wishes to intents and
 * cancels, kill levels, the guard, and that a restart comes to the same. */
#include "fixture.h"

/* ---- a market of two symbols ---- */

static void candle_of(bench *b, const char *symbol, int64_t minute, int64_t close_e8)
{
    cb_candle candle = bench_candle(b, minute, 0);
    memset(candle.symbol, 0, sizeof candle.symbol);
    memcpy(candle.symbol, symbol, strlen(symbol));
    candle.env.event_id.hi = 70 + (uint64_t)symbol[0];
    candle.open.e8 = close_e8;
    candle.high.e8 = close_e8 + CB_E8;
    candle.low.e8 = close_e8 - CB_E8;
    candle.close.e8 = close_e8;
    b->now_ns = candle.close_ts_ns;
    FEED(b, CB_MSG_CANDLE, candle);
}

static int64_t price_at(const char *symbol, int64_t minute)
{
    const int64_t swing = (minute * 7 + symbol[0]) % 13;
    return (1000 + swing + (symbol[0] == 'E' ? minute / 3 : 0)) * CB_E8;
}

/* The past of a symbol up to (not including) a minute. */
static void history_of(bench *b, const char *symbol, int64_t count)
{
    static signals_history history;
    int64_t done = 0;
    do {
        memset(&history, 0, sizeof history);
        memcpy(history.symbol, symbol, strlen(symbol));
        history.is_first = done == 0;
        while (history.bars_count < SIGNALS_HISTORY_CHUNK && done < count) {
            const int64_t price_e8 = price_at(symbol, done);
            history.bars[history.bars_count++] = (signals_bar){.open_ts_ns = T0 + done * MINUTE,
                .open_e8 = price_e8,
                .high_e8 = price_e8 + CB_E8,
                .low_e8 = price_e8 - CB_E8,
                .close_e8 = price_e8,
                .volume_e8 = CB_E8,
                .trades_count = 9};
            done++;
        }
        history.is_last = done == count;
        bench_feed(b, SIGNALS_EVENT_HISTORY, &history, sizeof history);
    } while (done < count);
}

static void facts_of(bench *b, const char *symbol)
{
    cb_instrument instrument = {.status = CB_INSTRUMENT_STATUS_TRADING,
        .venue = "binance",
        .tick_size.e8 = CB_E8 / 100,
        .price_min.e8 = CB_E8 / 100,
        .price_max.e8 = 1000000 * CB_E8,
        .lot_size.e8 = 1000,
        .qty_min.e8 = 1000,
        .qty_max.e8 = 9000 * CB_E8,
        .market_qty_max.e8 = 100 * CB_E8,
        .notional_min.e8 = 5 * CB_E8};
    cb_quality_score quality = {.score.e8 = CB_E8, .venue = "binance"};
    memcpy(instrument.symbol, symbol, strlen(symbol));
    memcpy(quality.symbol, symbol, strlen(symbol));
    FEED(b, CB_MSG_INSTRUMENT, instrument);
    FEED(b, CB_MSG_QUALITY_SCORE, quality);
}

static void set_text(char *field, const char *text)
{
    memset(field, 0, SIGNALS_TEXT_MAX);
    memcpy(field, text, strlen(text));
}

static void configure(bench *b, const char *symbols, const char *desks)
{
    memset(b, 0, sizeof *b);
    signals_config_defaults(&b->config);
    set_text(b->config.symbols, symbols);
    set_text(b->config.strategies, "trend@1h");
    set_text(b->config.desks, desks);
}

static void open_rotation(bench *b, int64_t past)
{
    configure(b, "BTCUSDT,ETHUSDT", "rotation@1m:BTCUSDT+ETHUSDT:1000");
    b->config.desk_params[DESK_rotation][3] = 1; /* the best one */
    bench_alloc(b);
    bench_feed(b, CB_EVENT_RECOVERED, NULL, 0);
    history_of(b, "BTCUSDT", past);
    history_of(b, "ETHUSDT", past);
    facts_of(b, "BTCUSDT");
    facts_of(b, "ETHUSDT");
    b->minute = past;
}

/* ---- configuration ---- */

static void a_wrong_desk_is_refused_by_name(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"nothing@1m:BTCUSDT:10",
        "grid@7s:BTCUSDT:10",
        "grid@1m:BTCUSDT",
        "grid@1m:BTCUSDT:0",
        "grid@1m:XRPUSDT:10",
        "grid@1m:BTCUSDT+ETHUSDT:10",
        "pairs@1m:BTCUSDT:10",
        "grid@1m:BTCUSDT:10,dca@1m:BTCUSDT:10",
        "pairs@1m:BTCUSDT+BTCUSDT:10"};
    bench b;
    cb_err err = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        configure(&b, "BTCUSDT,ETHUSDT", wrong[i]);
        assert_int_equal(signals_config_check(&b.config, &err), CB_E_CONFIG);
        assert_non_null(strstr(err.text, "desks:"));
    }
    configure(&b, "BTCUSDT,ETHUSDT", "grid@5m:BTCUSDT:10,dca@1m:ETHUSDT:10.5");
    assert_int_equal(signals_config_check(&b.config, &err), CB_OK);
}

/* ---- rounds ---- */

/* Histories one after the other, live candles in turn, or all of it live: the same state. */
static void rounds_are_a_function_of_the_bars(void **unused)
{
    (void)unused;
    uint64_t rounds[2] = {0};
    bench a;
    bench b;
    open_rotation(&a, 200);
    open_rotation(&b, 150);
    for (int64_t minute = 150; minute < 200; minute++) {
        candle_of(&b, "ETHUSDT", minute, price_at("ETHUSDT", minute)); /* the other way round */
        candle_of(&b, "BTCUSDT", minute, price_at("BTCUSDT", minute));
    }
    const signals_desk_spec *spec = &a.state->plan.desks[0];
    rounds[0] = a.state->desks[0].rounds;
    rounds[1] = b.state->desks[0].rounds;
    assert_int_equal(rounds[0], 200);
    assert_int_equal(rounds[1], 200);
    assert_memory_equal(
        a.state->desk_memory + spec->offset, b.state->desk_memory + spec->offset, spec->state_size);
    bench_close(&a);
    bench_close(&b);
}

static void a_round_waits_for_its_last_symbol(void **unused)
{
    (void)unused;
    bench b;
    open_rotation(&b, 120);
    candle_of(&b, "BTCUSDT", 120, price_at("BTCUSDT", 120));
    assert_int_equal(b.state->desks[0].rounds, 120);
    assert_null(bench_intent(&b));
    candle_of(&b, "ETHUSDT", 120, price_at("ETHUSDT", 120));
    assert_int_equal(b.state->desks[0].rounds, 121);
    bench_close(&b);
}

/* ---- from wishes to orders ---- */

/* Runs until the desk buys; returns the intent by value. */
static cb_intent until_intent(bench *b)
{
    for (int i = 0; i < 60; i++) {
        candle_of(b, "BTCUSDT", b->minute, price_at("BTCUSDT", b->minute));
        candle_of(b, "ETHUSDT", b->minute, price_at("ETHUSDT", b->minute));
        b->minute++;
        const cb_intent *intent = bench_intent(b);
        if (intent != NULL) {
            return *intent;
        }
    }
    fail_msg("the desk never bought");
    return (cb_intent){0};
}

static void rotation_buys_the_riser_with_a_stop_and_an_explanation(void **unused)
{
    (void)unused;
    bench b;
    open_rotation(&b, 120);
    const cb_intent intent = until_intent(&b);
    const cb_signal *signal = bench_published(&b, CB_SUBJECT_SIGNAL, 0);
    assert_non_null(signal);
    assert_string_equal(intent.symbol, "ETHUSDT");
    assert_string_equal(intent.strategy, "rotation");
    assert_int_equal(intent.side, CB_SIDE_BUY);
    assert_int_equal(intent.purpose, CB_PURPOSE_ENTRY);
    assert_int_equal(intent.order_type, CB_ORDER_TYPE_MARKET);
    assert_true(intent.stop_loss.e8 > 0 && intent.stop_loss.e8 < intent.reference_price.e8);
    const double value = cb_f64_from_e8(intent.qty.e8) * cb_f64_from_e8(intent.reference_price.e8);
    assert_true(value > 990 && value <= 1000);
    assert_true(signal->intent_id.lo == intent.intent_id.lo);
    assert_int_equal(signal->status, CB_SIGNAL_STATUS_DECIDED);
    assert_int_equal(signal->values_count, 2);
    assert_non_null(strstr(signal->reason, "rotation"));
    /* The order is under way: nothing more is placed for it. */
    candle_of(&b, "BTCUSDT", b.minute, price_at("BTCUSDT", b.minute));
    assert_null(bench_intent(&b));
    candle_of(&b, "ETHUSDT", b.minute, price_at("ETHUSDT", b.minute));
    assert_null(bench_intent(&b));
    bench_close(&b);
}

static void kill_level_1_stops_a_desk_that_would_buy(void **unused)
{
    (void)unused;
    bench b;
    const cb_kill kill = {.scope = "*", .level = 1};
    open_rotation(&b, 120);
    FEED(&b, CB_MSG_KILL, kill);
    for (int i = 0; i < 40; i++) {
        candle_of(&b, "BTCUSDT", b.minute, price_at("BTCUSDT", b.minute));
        candle_of(&b, "ETHUSDT", b.minute, price_at("ETHUSDT", b.minute));
        b.minute++;
        assert_null(bench_intent(&b));
    }
    bench_close(&b);
}

/* ---- resting orders: a grid ---- */

static void open_grid(bench *b)
{
    configure(b, "BTCUSDT", "grid@1m:BTCUSDT:900");
    bench_alloc(b);
    bench_feed(b, CB_EVENT_RECOVERED, NULL, 0);
    history_of(b, "BTCUSDT", 120);
    facts_of(b, "BTCUSDT");
    b->minute = 120;
}

static uint32_t count_published(const bench *b, uint32_t subject)
{
    uint32_t count = 0;
    while (bench_published(b, subject, count) != NULL) {
        count++;
    }
    return count;
}

/* The venue has taken every order that was placed by the last candle. */
static void all_are_open(bench *b)
{
    const signals_symbol *symbol = &b->state->symbols[0];
    for (uint32_t i = 0; i < symbol->flights_count; i++) {
        const cb_intent intent = {
            .intent_id = symbol->flights[i].intent_id, .side = symbol->flights[i].side};
        bench_order(b, &intent, CB_ORDER_STATE_OPEN, 0);
    }
}

static void a_grid_rests_and_moves_only_what_is_wanted_elsewhere(void **unused)
{
    (void)unused;
    bench b;
    open_grid(&b);
    candle_of(&b, "BTCUSDT", 120, 1006 * CB_E8);
    const uint32_t placed = count_published(&b, CB_SUBJECT_INTENT);
    assert_true(placed >= 2 && placed <= 3);
    const cb_intent first = *bench_intent(&b);
    assert_int_equal(first.order_type, CB_ORDER_TYPE_LIMIT);
    assert_int_equal(first.tif, CB_TIF_GTC);
    assert_true(first.limit_price.e8 < 1006 * CB_E8);
    assert_true(first.stop_loss.e8 > 0 && first.stop_loss.e8 < first.limit_price.e8);
    assert_int_equal(b.state->symbols[0].flights_count, placed);
    all_are_open(&b);
    /* The price stands still: so do the orders. */
    candle_of(&b, "BTCUSDT", 121, 1006 * CB_E8);
    assert_int_equal(count_published(&b, CB_SUBJECT_INTENT), 0);
    assert_int_equal(count_published(&b, CB_SUBJECT_INTENT_COMMAND), 0);
    /* It rises by far: all buys are wanted higher. They are cancelled first, placed once that is
     * proven. */
    candle_of(&b, "BTCUSDT", 122, 1100 * CB_E8);
    assert_int_equal(count_published(&b, CB_SUBJECT_INTENT_COMMAND), placed);
    assert_int_equal(count_published(&b, CB_SUBJECT_INTENT), 3 - placed); /* slots that were free */
    const cb_order_command *command = bench_published(&b, CB_SUBJECT_INTENT_COMMAND, 0);
    assert_int_equal(command->kind, CB_COMMAND_CANCEL);
    assert_true(command->intent_id.lo == first.intent_id.lo);
    all_are_open(&b);
    bench_order(&b, &first, CB_ORDER_STATE_CANCELED, 0);
    candle_of(&b, "BTCUSDT", 123, 1100 * CB_E8);
    assert_int_equal(count_published(&b, CB_SUBJECT_INTENT), 1);
    bench_close(&b);
}

/* What was bought is offered above, never more than is held; the cost is what was paid. */
static void a_filled_grid_buy_is_offered_above(void **unused)
{
    (void)unused;
    bench b;
    open_grid(&b);
    candle_of(&b, "BTCUSDT", 120, 1006 * CB_E8);
    const cb_intent first = *bench_intent(&b);
    bench_fill(&b, &first, first.qty.e8, 0);
    bench_order(&b, &first, CB_ORDER_STATE_FILLED, first.qty.e8);
    const signals_book *book = &b.state->symbols[0].book;
    assert_true(book->cost.e8 > 0);
    assert_int_equal(book->stop_loss.e8, first.stop_loss.e8); /* the guard watches it */
    candle_of(&b, "BTCUSDT", 121, 1003 * CB_E8);
    const cb_intent *sell = NULL;
    for (uint32_t i = 0; sell == NULL && i < count_published(&b, CB_SUBJECT_INTENT); i++) {
        const cb_intent *intent = bench_published(&b, CB_SUBJECT_INTENT, i);
        sell = intent->side == CB_SIDE_SELL ? intent : NULL;
    }
    assert_non_null(sell);
    assert_true(sell->reduce_only && sell->purpose == CB_PURPOSE_EXIT);
    assert_true(sell->limit_price.e8 > 1003 * CB_E8);
    assert_true(sell->qty.e8 <= book->qty.e8);
    assert_string_equal(sell->strategy, "grid");
    bench_close(&b);
}

/* A stop-loss takes back the desk's orders before it sells: they would claim what is held. */
static void the_guard_withdraws_a_desks_orders_first(void **unused)
{
    (void)unused;
    bench b;
    open_grid(&b);
    candle_of(&b, "BTCUSDT", 120, 1006 * CB_E8);
    const cb_intent first = *bench_intent(&b);
    bench_fill(&b, &first, first.qty.e8, 0);
    bench_order(&b, &first, CB_ORDER_STATE_FILLED, first.qty.e8);
    candle_of(&b, "BTCUSDT", 121, 1003 * CB_E8);
    all_are_open(&b);
    const uint32_t open = b.state->symbols[0].flights_count;
    assert_true(open >= 2);
    signals_flight flights[SIGNALS_FLIGHTS_MAX];
    memcpy(flights, b.state->symbols[0].flights, sizeof flights);
    b.now_ns += 1000 * SECOND / 100;
    bench_ticker_at(&b, first.stop_loss.e8 - CB_E8);
    assert_true(count_published(&b, CB_SUBJECT_INTENT_COMMAND) >= 2);
    for (uint32_t i = 0; i < open; i++) {
        assert_true(b.state->symbols[0].flights[i].is_canceling);
    }
    for (uint32_t i = 0; i < open; i++) {
        const cb_intent ended = {.intent_id = flights[i].intent_id, .side = flights[i].side};
        bench_order(&b, &ended, CB_ORDER_STATE_CANCELED, 0);
    }
    b.now_ns += SECOND;
    bench_ticker_at(&b, first.stop_loss.e8 - CB_E8);
    const cb_intent *exit = bench_intent(&b);
    assert_non_null(exit);
    assert_int_equal(exit->purpose, CB_PURPOSE_STOP_LOSS);
    bench_close(&b);
}

static void an_opinion_on_a_desks_symbol_leads_to_nothing(void **unused)
{
    (void)unused;
    const signals_config config = {.threshold_e8 = 1, .exit_threshold_e8 = 1};
    const signals_situation situation = {
        .config = &config, .score.e8 = CB_E8, .fresh_side = CB_SIDE_BUY, .is_desk = true};
    signals_verdict verdict;
    signals_decide(&situation, &verdict);
    assert_int_equal(verdict.purpose, CB_PURPOSE_NONE);
    assert_non_null(strstr(verdict.reason, "desk:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_desk_is_refused_by_name),
        cmocka_unit_test(rounds_are_a_function_of_the_bars),
        cmocka_unit_test(a_round_waits_for_its_last_symbol),
        cmocka_unit_test(rotation_buys_the_riser_with_a_stop_and_an_explanation),
        cmocka_unit_test(kill_level_1_stops_a_desk_that_would_buy),
        cmocka_unit_test(a_grid_rests_and_moves_only_what_is_wanted_elsewhere),
        cmocka_unit_test(a_filled_grid_buy_is_offered_above),
        cmocka_unit_test(the_guard_withdraws_a_desks_orders_first),
        cmocka_unit_test(an_opinion_on_a_desks_symbol_leads_to_nothing),
    };
    return cmocka_run_group_tests_name("signals_desk_core", tests, NULL, NULL);
}
