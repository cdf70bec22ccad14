/* The core, message by message: history and gaps, opinions and their ends, entries, denials. And
 * replay: the same events twice give the same bytes. */
#include "fixture.h"

#include "base/hash.h"
#include "base/prng.h"

#define P(price) ((price)*CB_E8)

static const signals_symbol *symbol_of(const bench *b)
{
    return &b->state->symbols[0];
}

static const cb_signal *signal_of(const bench *b)
{
    return bench_published(b, CB_SUBJECT_SIGNAL, 0);
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- history and gaps ---- */

static void nothing_is_decided_before_history_has_come(void **unused)
{
    (void)unused;
    bench b = {0};
    signals_config_defaults(&b.config);
    memset(b.config.symbols, 0, sizeof b.config.symbols);
    memcpy(b.config.symbols, "BTCUSDT", 8);
    b.minute = 100;
    b.price_e8 = 10000 * CB_E8;
    b.now_ns = T0 + 100 * MINUTE;
    bench_alloc(&b);
    bench_feed(&b, CB_EVENT_RECOVERED, NULL, 0);
    assert_true(bench_has_asked(&b));
    const int64_t asked_at = b.minute;
    const int64_t price_e8 = b.price_e8;
    bench_next(&b, CB_E8);
    bench_next(&b, CB_E8);
    assert_int_equal(b.out->actions_count, 0);
    assert_int_equal(symbol_of(&b)->pending_count, 2);
    assert_int_equal(signals_ready_count(b.state), 0);
    /* the answer holds the first waiting candle too: it is taken from the stream */
    b.minute = asked_at + 1;
    b.price_e8 = price_e8 + CB_E8;
    bench_history(&b, 101, -CB_E8);
    assert_int_equal(signals_ready_count(b.state), 1);
    assert_int_equal(symbol_of(&b)->pending_count, 0);
    assert_int_equal(symbol_of(&b)->last_close_ns, T0 + 102 * MINUTE);
    assert_int_equal(symbol_of(&b)->bars_seen[0], 102);
    bench_close(&b);
}

static void an_empty_history_is_an_answer(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.minute += 5; /* a hole */
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    bench_history(&b, 0, 0);
    assert_int_equal(symbol_of(&b)->bars_seen[0], 1);
    bench_next(&b, CB_E8);
    assert_false(bench_has_asked(&b));
    assert_int_equal(symbol_of(&b)->bars_seen[0], 2);
    bench_close(&b);
}

static void a_missed_candle_is_asked_for_once(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    bench_next(&b, CB_E8);
    assert_false(bench_has_asked(&b));
    b.minute++; /* lost on the bus */
    b.price_e8 += CB_E8;
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    assert_true(symbol_of(&b)->is_waiting);
    bench_next(&b, CB_E8);
    assert_false(bench_has_asked(&b));
    assert_int_equal(symbol_of(&b)->pending_count, 2);
    const int64_t next_minute = b.minute;
    const int64_t price_e8 = b.price_e8;
    b.minute = 102;
    b.price_e8 = 10002 * CB_E8;
    bench_history(&b, 102, CB_E8);
    b.minute = next_minute;
    b.price_e8 = price_e8;
    assert_false(symbol_of(&b)->is_waiting);
    assert_int_equal(symbol_of(&b)->bars_seen[0], 104);
    bench_next(&b, CB_E8);
    assert_false(bench_has_asked(&b));
    bench_close(&b);
}

static void backfill_behind_us_leads_to_a_new_question(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    bench_next(&b, CB_E8);
    cb_candle old = bench_candle(&b, 50, CB_E8);
    old.is_backfill = true;
    FEED(&b, CB_MSG_CANDLE, old);
    assert_false(bench_has_asked(&b));
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    bench_close(&b);
}

/* While an answer is awaited, backfill only says that the answer is already old. */
static void backfill_while_waiting_leads_to_another_question(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.minute++;
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    cb_candle old = bench_candle(&b, 50, CB_E8);
    old.is_backfill = true;
    FEED(&b, CB_MSG_CANDLE, old);
    assert_int_equal(symbol_of(&b)->pending_count, 1);
    bench_history(&b, 0, 0);
    assert_true(symbol_of(&b)->is_ready);
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    bench_close(&b);
}

/* More candles than are kept come before the answer: the hole before the kept ones is asked for. */
static void too_many_waiting_candles_lead_to_another_question(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.minute++;
    for (uint32_t i = 0; i < SIGNALS_PENDING_MAX; i++) {
        bench_next(&b, CB_E8);
    }
    assert_false(symbol_of(&b)->is_stale_history);
    bench_next(&b, CB_E8);
    assert_int_equal(symbol_of(&b)->pending_count, SIGNALS_PENDING_MAX);
    assert_true(symbol_of(&b)->is_stale_history);
    assert_true(symbol_of(&b)->pending[0].open_ts_ns == T0 + 102 * MINUTE);
    const uint64_t before = signals_core.state_hash(b.state);
    bench_history(&b, 0, 0);
    assert_true(signals_core.state_hash(b.state) != before);
    bench_next(&b, CB_E8);
    assert_true(bench_has_asked(&b));
    bench_close(&b);
}

static void messages_of_others_are_left_alone(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const uint64_t before = signals_core.state_hash(b.state);
    cb_candle candle = bench_candle(&b, b.minute, CB_E8);
    memcpy(candle.symbol, "ETHUSDT", 8);
    FEED(&b, CB_MSG_CANDLE, candle);
    cb_ticker ticker = {.symbol = "BTCUSDT", .venue = "kraken", .bid.e8 = 1};
    FEED(&b, CB_MSG_TICKER, ticker);
    const cb_order order = {.symbol = "BTCUSDT", .venue = "binance", .account = "other"};
    FEED(&b, CB_MSG_ORDER, order);
    const cb_order unknown = {.symbol = "BTCUSDT", .venue = "binance", .account = "main"};
    FEED(&b, CB_MSG_ORDER, unknown);
    const cb_denial denial = {.symbol = "BTCUSDT", .venue = "binance", .account = "other"};
    FEED(&b, CB_MSG_DENIAL, denial);
    const cb_denial nobodys = {.symbol = "BTCUSDT", .venue = "binance", .account = "main"};
    FEED(&b, CB_MSG_DENIAL, nobodys);
    const cb_heartbeat beat = {.service = "risk"};
    FEED(&b, CB_MSG_HEARTBEAT, beat);
    assert_int_equal(b.out->actions_count, 0);
    assert_true(signals_core.state_hash(b.state) == before);
    bench_close(&b);
}

static void backfill_that_follows_is_taken_without_decision(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    for (int i = 0; i < 40; i++) {
        cb_candle candle = bench_candle(&b, b.minute++, CB_E8);
        candle.is_backfill = true;
        b.price_e8 = candle.close.e8;
        b.now_ns = candle.close_ts_ns;
        FEED(&b, CB_MSG_CANDLE, candle);
        assert_int_equal(b.out->actions_count, 0);
    }
    assert_int_equal(symbol_of(&b)->bars_seen[0], 140);
    bench_close(&b);
}

static void late_candles_are_taken_without_decision(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    for (int i = 0; i < 40; i++) {
        const cb_candle candle = bench_candle(&b, b.minute++, CB_E8);
        b.price_e8 = candle.close.e8;
        b.now_ns = candle.close_ts_ns + MINUTE;
        FEED(&b, CB_MSG_CANDLE, candle);
        assert_int_equal(b.out->actions_count, 0);
    }
    bench_close(&b);
}

static void candles_in_progress_do_nothing(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_candle candle = bench_candle(&b, b.minute, CB_E8);
    candle.is_closed = false;
    FEED(&b, CB_MSG_CANDLE, candle);
    assert_int_equal(b.out->actions_count, 0);
    assert_int_equal(symbol_of(&b)->bars_seen[0], 100);
    bench_close(&b);
}

static void longer_bars_are_built_from_minutes(void **unused)
{
    (void)unused;
    bench b;
    bench_open_with(&b, "trend@1m,trend@5m,meanrev@15m");
    const int64_t before5 = (int64_t)symbol_of(&b)->bars_seen[1];
    const int64_t before15 = (int64_t)symbol_of(&b)->bars_seen[2];
    assert_int_equal(before5, 20);
    assert_int_equal(before15, 6);
    for (int i = 0; i < 30; i++) {
        bench_next(&b, -CB_E8);
    }
    assert_int_equal((int64_t)symbol_of(&b)->bars_seen[1], before5 + 6);
    assert_int_equal((int64_t)symbol_of(&b)->bars_seen[2], before15 + 2);
    bench_close(&b);
}

/* ---- entry ---- */

static void an_entry_says_all_that_risk_needs(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent intent = bench_until_entry(&b);
    assert_int_equal(intent.side, CB_SIDE_BUY);
    assert_int_equal(intent.purpose, CB_PURPOSE_ENTRY);
    assert_int_equal(intent.order_type, CB_ORDER_TYPE_MARKET);
    assert_false(intent.reduce_only);
    assert_int_equal(intent.qty.e8, 0);
    assert_string_equal(intent.account, "main");
    assert_string_equal(intent.strategy, "trend");
    assert_int_equal(intent.reference_price.e8, b.price_e8);
    assert_true(intent.stop_loss.e8 > 0 && intent.stop_loss.e8 < b.price_e8);
    assert_int_equal(intent.stop_loss.e8 % (CB_E8 / 100), 0);
    assert_true(intent.take_profit.e8 > b.price_e8);
    assert_int_equal(intent.take_profit.e8 % (CB_E8 / 100), 0);
    assert_int_equal(intent.data_ts_ns, b.now_ns);
    assert_int_equal(intent.decided_ns, b.now_ns);
    assert_int_equal(intent.not_after_ns, b.now_ns + 10 * SECOND);
    assert_true(intent.score.e8 >= b.config.threshold_e8);
    assert_true(cb_id_equal(intent.intent_id, cb_id_make("signals.intent", 1, 1)));
    assert_true(cb_id_equal(intent.env.correlation_id, intent.signal_id));
    assert_true(cb_id_equal(intent.env.causation_id, (cb_id){77, (uint64_t)b.minute}));
    assert_int_equal(intent.env.origin_ns, T0 + (b.minute - 1) * MINUTE + 5);
    bench_close(&b);
}

static void an_entry_is_stored_with_its_signal_decision_and_flight(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_intent intent = bench_until_entry(&b);
    const cb_signal *signal = signal_of(&b);
    assert_non_null(signal);
    assert_int_equal(signal->status, CB_SIGNAL_STATUS_DECIDED);
    assert_true(cb_id_equal(signal->signal_id, intent.signal_id));
    assert_true(cb_id_equal(signal->intent_id, intent.intent_id));
    assert_true(begins_with(signal->reason, "entry: score"));
    assert_true(signal->values_count >= 8);
    assert_ptr_equal(bench_stored(&b, SIGNALS_TABLE_SIGNAL, 0), signal);
    assert_non_null(bench_stored(&b, SIGNALS_TABLE_INTENT, 0));
    const signals_decision *decision = bench_stored(&b, SIGNALS_TABLE_DECISION, 0);
    assert_non_null(decision);
    assert_int_equal(decision->purpose, CB_PURPOSE_ENTRY);
    assert_int_equal(decision->shares_count, 1);
    assert_string_equal(decision->shares[0].source, "trend@1m");
    assert_int_equal(decision->shares[0].share.e8, decision->score.e8);
    const signals_flight *flight = bench_stored(&b, SIGNALS_TABLE_FLIGHT, 0);
    assert_non_null(flight);
    assert_false(flight->is_closed);
    assert_true(cb_id_equal(flight->intent_id, intent.intent_id));
    const signals_book *book = bench_stored(&b, SIGNALS_TABLE_BOOK, 0);
    assert_non_null(book);
    assert_int_equal(book->decided_data_ns, b.now_ns);
    bench_close(&b);
}

static void a_limit_entry_carries_price_and_tif(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.entry_order_type = 1;
    b.config.entry_tif = 1;
    const cb_intent intent = bench_until_entry(&b);
    assert_int_equal(intent.order_type, CB_ORDER_TYPE_LIMIT);
    assert_int_equal(intent.tif, CB_TIF_IOC);
    assert_int_equal(intent.limit_price.e8, (b.price_e8 + b.price_e8 / 1000) / 1000000 * 1000000);
    bench_close(&b);
}

static void an_intent_in_flight_blocks_the_next_entry(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.cooldown_bars = 0;
    b.config.entry_cooldown_ns = 0;
    b.config.hourly_max = SIGNALS_HOURLY_MAX;
    const cb_intent intent = bench_until_entry(&b);
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b));
    assert_true(begins_with(signal_of(&b)->reason, "in_flight"));
    assert_int_equal(signal_of(&b)->status, CB_SIGNAL_STATUS_AGGREGATED);
    bench_order(&b, &intent, CB_ORDER_STATE_SENDING, 0);
    for (int i = 0; i < 30; i++) { /* an order that exists blocks for as long as it takes */
        bench_next(&b, CB_E8);
        assert_null(bench_intent(&b));
    }
    bench_order(&b, &intent, CB_ORDER_STATE_REJECTED, 0);
    assert_int_equal(symbol_of(&b)->flights_count, 0);
    const signals_flight *flight = bench_stored(&b, SIGNALS_TABLE_FLIGHT, 0);
    assert_true(flight->is_closed);
    assert_string_equal(flight->reason, "order rejected");
    bench_next(&b, CB_E8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void an_intent_without_any_word_is_forgotten_after_its_grace(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.cooldown_bars = 0;
    b.config.entry_cooldown_ns = 0;
    (void)bench_until_entry(&b); /* ends after 10 s, and 60 s more */
    bench_next(&b, CB_E8);
    assert_int_equal(symbol_of(&b)->flights_count, 1);
    bench_next(&b, CB_E8);
    const signals_flight *closed = bench_stored(&b, SIGNALS_TABLE_FLIGHT, 0);
    assert_non_null(closed);
    assert_true(closed->is_closed);
    assert_string_equal(closed->reason, "no answer");
    bench_close(&b);
}

static void a_denial_cools_down(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.config.cooldown_bars = 0;
    const cb_intent intent = bench_until_entry(&b);
    bench_deny(&b, &intent);
    assert_int_equal(symbol_of(&b)->flights_count, 0);
    assert_int_equal(signals_counts_of(b.state)->denials, 1);
    bench_next(&b, CB_E8);
    assert_true(begins_with(signal_of(&b)->reason, "cooldown"));
    bench_next(&b, CB_E8);
    assert_true(begins_with(signal_of(&b)->reason, "cooldown")); /* 2 min: not yet after it */
    bench_next(&b, CB_E8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void dropped_opinions_are_told_with_their_reason(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    bench_quality(&b, CB_E8 / 2, false);
    for (int i = 0; i < 40; i++) {
        bench_next(&b, CB_E8);
        assert_null(bench_intent(&b));
        const cb_signal *signal = signal_of(&b);
        if (signal != NULL) {
            assert_int_equal(signal->status, CB_SIGNAL_STATUS_DROPPED);
            assert_true(begins_with(signal->reason, "quality: 0.5 < 0.8"));
            assert_null(bench_stored(&b, SIGNALS_TABLE_DECISION, 0));
        }
    }
    assert_true(signals_counts_of(b.state)->dropped > 0);
    assert_int_equal(signals_counts_of(b.state)->dropped, signals_counts_of(b.state)->raised);
    bench_close(&b);
}

static void every_opinion_ends_once(void **unused)
{
    (void)unused;
    bench b;
    bench_open_with(&b, "trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2");
    cb_prng prng;
    cb_prng_init(&prng, 11);
    uint64_t told = 0;
    for (int i = 0; i < 3000; i++) {
        bench_next(&b, ((int64_t)cb_prng_below(&prng, 21) - 10) * CB_E8 / 5);
        for (uint32_t k = 0; bench_published(&b, CB_SUBJECT_SIGNAL, k) != NULL; k++) {
            const cb_signal *signal = bench_published(&b, CB_SUBJECT_SIGNAL, k);
            assert_true(signal->status == CB_SIGNAL_STATUS_DROPPED ||
                        signal->status == CB_SIGNAL_STATUS_AGGREGATED ||
                        signal->status == CB_SIGNAL_STATUS_DECIDED);
            assert_true(strlen(signal->reason) > 0);
            assert_int_equal(
                signal->status == CB_SIGNAL_STATUS_DECIDED, !cb_id_is_none(signal->intent_id));
            told++;
        }
        const cb_intent *intent = bench_intent(&b);
        if (intent != NULL) {
            const cb_intent copy = *intent;
            const int64_t qty_e8 = copy.qty.e8 > 0 ? copy.qty.e8 : CB_E8;
            bench_fill(&b, &copy, qty_e8, 0);
            bench_order(&b, &copy, CB_ORDER_STATE_FILLED, qty_e8);
        }
    }
    const signals_counts *counts = signals_counts_of(b.state);
    assert_int_equal(told, counts->raised);
    assert_int_equal(counts->raised, counts->dropped + counts->aggregated + counts->decided);
    assert_int_equal(counts->decided, counts->entries + counts->exits + counts->guards);
    assert_true(counts->entries > 10);
    assert_true(counts->exits > 0);
    assert_true(counts->guards > 0);
    bench_close(&b);
}

/* ---- intents that cannot be made ---- */

typedef struct refuse_row {
    const char *what;
    cb_purpose purpose;
    int64_t price_e8;
    int64_t stop_e8;
    int64_t profit_e8;
    int64_t offset_e8;
    const char *reason; /* NULL: it can be made */
} refuse_row;

static void intents_without_sound_terms_are_not_made(void **unused)
{
    (void)unused;
    static const refuse_row rows[] = {
        {"good", CB_PURPOSE_ENTRY, P(100), P(1), P(1), 0, NULL},
        {"no stop distance", CB_PURPOSE_ENTRY, P(100), 0, P(1), 0, "no_stop: the strategy"},
        {"no target distance", CB_PURPOSE_ENTRY, P(100), P(1), 0, 0, "no_stop: the strategy"},
        {"stop at 0", CB_PURPOSE_ENTRY, P(100), P(100), P(1), 0, "no_stop: the stop-loss"},
        {"stop just above 0", CB_PURPOSE_ENTRY, P(100), P(100) - CB_E8 / 100, P(1), 0, NULL},
        {"stop rounds to 0", CB_PURPOSE_ENTRY, P(100), P(100) - 1, P(1), 0, "no_stop: the stop"},
        {"smallest distances", CB_PURPOSE_ENTRY, P(100), 1, 1, 0, NULL},
        {"target out of range", CB_PURPOSE_ENTRY, P(100), P(1), INT64_MAX, 0, "no_stop: the take"},
        {"limit out of range",
            CB_PURPOSE_ENTRY,
            P(10000000000),
            P(1),
            P(1),
            100 * CB_E8,
            "no_price"},
        {"nothing to sell", CB_PURPOSE_EXIT, P(100), 0, 0, 0, "flat"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench b;
        bench_open(&b);
        b.config.entry_order_type = rows[i].offset_e8 > 0 ? 1 : 0;
        b.config.limit_offset_e8 = rows[i].offset_e8;
        cb_signal signal = {.signal_id = {1, 1}, .price.e8 = rows[i].price_e8};
        name_it(signal.venue, signal.symbol);
        const cb_event event = {.ts_ns = b.now_ns};
        const signals_order order = {.purpose = rows[i].purpose,
            .signal = &signal,
            .stop_distance_e8 = rows[i].stop_e8,
            .profit_distance_e8 = rows[i].profit_e8,
            .event = &event,
            .cause = &signal.env};
        char reason[SIGNALS_REASON_MAX] = "";
        cb_outbox_reset(b.out);
        const cb_id id = signals_intend(b.state, &b.state->symbols[0], &order, b.out, reason);
        const bool is_made = !cb_id_is_none(id);
        assert_int_equal(is_made, bench_intent(&b) != NULL);
        if (is_made != (rows[i].reason == NULL) ||
            (!is_made && !begins_with(reason, rows[i].reason))) {
            fail_msg("%s: %s '%s'", rows[i].what, is_made ? "made" : "refused", reason);
        }
        bench_close(&b);
    }
}

static void intents_in_flight_are_bounded(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_signal signal = {.signal_id = {1, 1}, .price.e8 = P(100)};
    name_it(signal.venue, signal.symbol);
    const cb_event event = {.ts_ns = b.now_ns};
    const signals_order order = {.purpose = CB_PURPOSE_ENTRY,
        .signal = &signal,
        .stop_distance_e8 = P(1),
        .profit_distance_e8 = P(1),
        .event = &event,
        .cause = &signal.env};
    char reason[SIGNALS_REASON_MAX] = "";
    for (uint32_t i = 0; i < SIGNALS_FLIGHTS_MAX; i++) {
        assert_false(
            cb_id_is_none(signals_intend(b.state, &b.state->symbols[0], &order, b.out, reason)));
    }
    const uint64_t hash = signals_core.state_hash(b.state);
    assert_true(
        cb_id_is_none(signals_intend(b.state, &b.state->symbols[0], &order, b.out, reason)));
    assert_true(begins_with(reason, "in_flight: too many"));
    assert_true(signals_core.state_hash(b.state) == hash);
    bench_close(&b);
}

/* ---- replay ---- */

typedef struct replay_result {
    uint64_t state_hash;
    uint64_t actions_hash;
    uint64_t intents;
} replay_result;

static void hash_actions(const bench *b, replay_result *result)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        const cb_action *action = &b->out->actions[i];
        uint64_t hash = result->actions_hash;
        hash = cb_hash_u64(hash, (uint64_t)action->type << 32 | action->subject);
        hash = cb_hash_u64(hash, (uint64_t)action->table << 32 | action->request);
        result->actions_hash = cb_hash_bytes(hash, action->body, action->body_size);
        result->intents +=
            action->subject == CB_SUBJECT_INTENT && action->type == CB_ACTION_PUBLISH ? 1U : 0U;
    }
}

static replay_result replay(uint64_t seed, int minutes)
{
    bench b;
    replay_result result = {0, CB_HASH_SEED, 0};
    cb_prng prng;
    cb_prng_init(&prng, seed);
    bench_open_with(&b, "trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2");
    for (int i = 0; i < minutes; i++) {
        for (int k = 1; k < 4; k++) {
            b.now_ns = T0 + b.minute * MINUTE + (int64_t)k * 15 * SECOND;
            bench_ticker_at(&b, b.price_e8 + ((int64_t)cb_prng_below(&prng, 9) - 4) * CB_E8);
            hash_actions(&b, &result);
        }
        bench_next(&b, ((int64_t)cb_prng_below(&prng, 21) - 10) * CB_E8 / 5);
        hash_actions(&b, &result);
        const cb_intent *intent = bench_intent(&b);
        if (intent != NULL) {
            const cb_intent copy = *intent;
            const int64_t qty_e8 = copy.qty.e8 > 0 ? copy.qty.e8 : CB_E8;
            if (cb_prng_below(&prng, 8) == 0) {
                bench_deny(&b, &copy);
            } else {
                bench_fill(&b, &copy, qty_e8, 1000);
                hash_actions(&b, &result);
                bench_order(&b, &copy, CB_ORDER_STATE_FILLED, qty_e8);
            }
            hash_actions(&b, &result);
        }
    }
    result.state_hash = signals_core.state_hash(b.state);
    bench_close(&b);
    return result;
}

static void same_events_give_same_actions_and_state(void **unused)
{
    (void)unused;
    const replay_result first = replay(5, 1500);
    const replay_result again = replay(5, 1500);
    const replay_result other = replay(6, 1500);
    assert_true(first.intents > 10);
    assert_true(first.state_hash == again.state_hash);
    assert_true(first.actions_hash == again.actions_hash);
    assert_true(first.state_hash != other.state_hash);
    assert_true(first.actions_hash != other.actions_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_decided_before_history_has_come),
        cmocka_unit_test(an_empty_history_is_an_answer),
        cmocka_unit_test(a_missed_candle_is_asked_for_once),
        cmocka_unit_test(backfill_behind_us_leads_to_a_new_question),
        cmocka_unit_test(backfill_while_waiting_leads_to_another_question),
        cmocka_unit_test(too_many_waiting_candles_lead_to_another_question),
        cmocka_unit_test(messages_of_others_are_left_alone),
        cmocka_unit_test(backfill_that_follows_is_taken_without_decision),
        cmocka_unit_test(late_candles_are_taken_without_decision),
        cmocka_unit_test(candles_in_progress_do_nothing),
        cmocka_unit_test(longer_bars_are_built_from_minutes),
        cmocka_unit_test(an_entry_says_all_that_risk_needs),
        cmocka_unit_test(an_entry_is_stored_with_its_signal_decision_and_flight),
        cmocka_unit_test(a_limit_entry_carries_price_and_tif),
        cmocka_unit_test(an_intent_in_flight_blocks_the_next_entry),
        cmocka_unit_test(an_intent_without_any_word_is_forgotten_after_its_grace),
        cmocka_unit_test(a_denial_cools_down),
        cmocka_unit_test(dropped_opinions_are_told_with_their_reason),
        cmocka_unit_test(every_opinion_ends_once),
        cmocka_unit_test(intents_without_sound_terms_are_not_made),
        cmocka_unit_test(intents_in_flight_are_bounded),
        cmocka_unit_test(same_events_give_same_actions_and_state),
    };
    return cmocka_run_group_tests_name("signals_core", tests, NULL, NULL);
}
