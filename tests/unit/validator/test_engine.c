/* What the validator does with a judged message: pass on, warn, quarantine, remember, forget,
 * score, say again. And what every core must keep: replay gives the same bytes, step allocates
 * nothing. */
#include "fixture.h"

#include "base/hash.h"
#include "base/prng.h"

#define FEED(b, TOKEN, body) bench_feed((b), CB_MSG_##TOKEN, &(body), sizeof(body))

static const void *ok(const bench *b, uint32_t subject)
{
    return bench_published(b, subject, 0);
}

static void good_trade_passes_unchanged_with_its_cause(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    const cb_trade *passed = ok(&b, CB_SUBJECT_MD_OK_TRADE);
    assert_non_null(passed);
    assert_int_equal(passed->price.e8, trade.price.e8);
    assert_int_equal(passed->trade_id, trade.trade_id);
    assert_true(cb_id_equal(passed->env.causation_id, trade.env.event_id));
    assert_true(cb_id_is_none(passed->env.event_id));
    assert_int_equal(passed->env.origin_ns, trade.env.origin_ns);
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_null(bench_action_on(&b, VALIDATOR_TABLE_TRADE));
    bench_close(&b);
}

static void trades_are_stored_when_configured(void **unused)
{
    (void)unused;
    bench b = {0};
    validator_config_defaults(&b.config);
    b.config.history_trades = true;
    bench_open_with(&b);
    const cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_TRADE));
    bench_close(&b);
}

static void critical_failure_blocks_and_keeps_the_body(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    trade.qty.e8 = 0;
    FEED(&b, TRADE, trade);
    assert_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    const cb_quality *quality = ok(&b, CB_SUBJECT_MD_BAD);
    assert_non_null(quality);
    assert_string_equal(quality->expectation, "volume_sane");
    assert_string_equal(quality->subject_kind, "md.raw.trade");
    assert_string_equal(quality->observed, "qty 0");
    assert_int_equal(quality->severity, CB_SEVERITY_CRITICAL);
    const cb_action *action = bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_TRADE);
    assert_non_null(action);
    const validator_quarantine_trade *kept = action->body;
    assert_true(cb_id_equal(kept->causation_id, trade.env.event_id));
    assert_int_equal(kept->body.trade_id, trade.trade_id);
    assert_string_equal(kept->expected, quality->expected);
    assert_int_equal(kept->quarantined_ns, T0);
    bench_close(&b);
}

static void each_kind_has_its_own_quarantine_slot(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_candle candle = good_candle(1);
    candle.high.e8 = 1;
    FEED(&b, CANDLE, candle);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_CANDLE));
    cb_book book = good_book();
    book.bids[0].price.e8 = 50000 * CB_E8;
    FEED(&b, BOOK, book);
    const cb_action *action = bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_BOOK);
    assert_non_null(action);
    assert_int_equal(((const validator_quarantine_book *)action->body)->body.bids_count, 2);
    cb_ticker ticker = good_ticker();
    ticker.ask.e8 = 1;
    FEED(&b, TICKER, ticker);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_TICKER));
    cb_instrument instrument = good_instrument();
    instrument.tick_size.e8 = 0;
    FEED(&b, INSTRUMENT, instrument);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_INSTRUMENT));
    cb_book_delta *delta = calloc(1, sizeof *delta);
    *delta = good_delta();
    delta->last_update_id = 1;
    bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_QUARANTINE_DELTA));
    free(delta);
    bench_close(&b);
}

static void strangers_are_quarantined(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    memcpy(trade.symbol, "DOGEUSDT", 9);
    FEED(&b, TRADE, trade);
    const cb_quality *quality = ok(&b, CB_SUBJECT_MD_BAD);
    assert_non_null(quality);
    assert_string_equal(quality->expectation, "known_symbol");
    trade = good_trade();
    memcpy(trade.venue, "kraken", 7);
    FEED(&b, TRADE, trade);
    assert_non_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    bench_close(&b);
}

static void warning_passes_counts_and_is_said_once_a_second(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_book book = good_book();
    book.bids[0].qty.e8 = 1000 * CB_E8;
    FEED(&b, BOOK, book);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_BOOK));
    const cb_quality *quality = ok(&b, CB_SUBJECT_MD_BAD);
    assert_non_null(quality);
    assert_int_equal(quality->severity, CB_SEVERITY_WARNING);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_FINDING));
    FEED(&b, BOOK, book);
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    b.now_ns += SECOND;
    FEED(&b, BOOK, book);
    assert_non_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_int_equal(validator_counts_of(b.state)->warned, 3);
    assert_int_equal(
        validator_counts_of(b.state)->by_expectation[VALIDATOR_EXPECTATION_book_balanced], 3);
    bench_close(&b);
}

/* A venue that restarts its numbering, or a price that really moved, is let in after a run. */
static void memory_is_dropped_after_a_run_of_refusals(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    trade.trade_id = 1000;
    FEED(&b, TRADE, trade);
    for (uint64_t i = 0; i < 10; i++) {
        trade.trade_id = 1 + i;
        FEED(&b, TRADE, trade);
        assert_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    }
    assert_int_equal(validator_counts_of(b.state)->memory_resets, 1);
    trade.trade_id = 11;
    FEED(&b, TRADE, trade);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    bench_close(&b);
}

static void a_good_message_ends_the_run_of_refusals(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    trade.trade_id = 1000;
    FEED(&b, TRADE, trade);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 9; i++) {
            trade.trade_id = 1;
            FEED(&b, TRADE, trade);
        }
        trade.trade_id = 2000 + round;
        FEED(&b, TRADE, trade);
        assert_non_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    }
    assert_int_equal(validator_counts_of(b.state)->memory_resets, 0);
    bench_close(&b);
}

/* Every kind has its own memory, and its own run of refusals. */
static void memory_is_dropped_per_kind(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_book_delta *delta = calloc(1, sizeof *delta);
    *delta = good_delta();
    bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
    cb_book book = good_book();
    FEED(&b, BOOK, book);
    cb_ticker ticker = good_ticker();
    FEED(&b, TICKER, ticker);
    ticker.update_id = book.update_id = 1;
    delta->first_update_id = 1;
    delta->last_update_id = 2;
    for (int i = 0; i < 10; i++) {
        bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
        assert_null(ok(&b, CB_SUBJECT_MD_OK_DELTA));
        FEED(&b, BOOK, book);
        assert_null(ok(&b, CB_SUBJECT_MD_OK_BOOK));
        FEED(&b, TICKER, ticker);
        assert_null(ok(&b, CB_SUBJECT_MD_OK_TICKER));
    }
    bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_DELTA));
    FEED(&b, BOOK, book);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_BOOK));
    FEED(&b, TICKER, ticker);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_TICKER));
    assert_int_equal(validator_counts_of(b.state)->memory_resets, 3);
    free(delta);
    bench_close(&b);
}

/* The next trade is held against the middle of the last ticker. */
static void the_ticker_is_a_reference_for_prices(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_ticker ticker = good_ticker();
    FEED(&b, TICKER, ticker);
    cb_trade trade = good_trade();
    trade.price.e8 = 46000 * CB_E8 / 10 * 13 + 1;
    FEED(&b, TRADE, trade);
    assert_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    trade.price.e8 -= 1;
    FEED(&b, TRADE, trade);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    bench_close(&b);
}

/* A rejected message must not become what the next ones are compared with. */
static void refused_messages_are_not_remembered(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    trade.trade_id = 101;
    trade.price.e8 = 4600 * CB_E8;
    FEED(&b, TRADE, trade);
    assert_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    trade.price.e8 = 46001 * CB_E8;
    FEED(&b, TRADE, trade);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_TRADE));
    bench_close(&b);
}

/* ---- candles: the backfill rule ---- */

static bool candle_passes(bench *b, int64_t minute, bool is_backfill)
{
    cb_candle candle = good_candle(minute);
    candle.is_backfill = is_backfill;
    FEED(b, CANDLE, candle);
    const bool is_passed = ok(b, CB_SUBJECT_MD_OK_CANDLE) != NULL;
    assert_int_equal(is_passed, bench_action_on(b, VALIDATOR_TABLE_CANDLE) != NULL);
    return is_passed;
}

static uint32_t bars_count(const bench *b)
{
    uint32_t count = 0;
    assert_non_null(validator_bars_of(b->state, "BTCUSDT", &count));
    return count;
}

static void backfill_fills_gaps_and_repeats_are_dropped(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    assert_true(candle_passes(&b, 0, true));
    assert_true(candle_passes(&b, 1, true));
    assert_true(candle_passes(&b, 4, false)); /* after a hole: a warning, but good */
    assert_non_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_false(candle_passes(&b, 1, true)); /* repeated */
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_true(candle_passes(&b, 3, true)); /* fills the hole */
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_true(candle_passes(&b, 2, true));
    assert_false(candle_passes(&b, 2, true));
    assert_true(candle_passes(&b, 5, false));
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    assert_int_equal(bars_count(&b), 6);
    assert_int_equal(validator_counts_of(b.state)->repeated, 2);
    bench_close(&b);
}

static void bars_stay_sorted_and_bounded(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b); /* keeps 8 */
    assert_true(candle_passes(&b, 10, false));
    for (int64_t minute = 0; minute < 10; minute++) {
        assert_true(candle_passes(&b, minute, true)); /* the last two: older than all, but told */
    }
    assert_int_equal(bars_count(&b), 8);
    uint32_t count = 0;
    const validator_bar *bars = validator_bars_of(b.state, "BTCUSDT", &count);
    for (uint32_t i = 1; i < count; i++) {
        assert_true(bars[i - 1].open_ts_ns < bars[i].open_ts_ns);
    }
    assert_int_equal(bars[count - 1].open_ts_ns, good_candle(10).open_ts_ns);
    cb_candle back;
    validator_bar_to_candle(&bars[count - 1], "binance", "BTCUSDT", &back);
    assert_int_equal(back.close_ts_ns, good_candle(10).close_ts_ns);
    assert_int_equal(back.close.e8, good_candle(10).close.e8);
    assert_true(back.is_closed);
    bench_close(&b);
}

static void a_rewritten_candle_is_refused(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    assert_true(candle_passes(&b, 0, false));
    cb_candle candle = good_candle(0);
    candle.close.e8 += 1;
    candle.is_backfill = true;
    FEED(&b, CANDLE, candle);
    assert_null(ok(&b, CB_SUBJECT_MD_OK_CANDLE));
    assert_string_equal(
        ((const cb_quality *)ok(&b, CB_SUBJECT_MD_BAD))->expectation, "candle_unique");
    bench_close(&b);
}

static void candles_in_progress_pass_but_are_not_stored(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_candle candle = good_candle(0);
    candle.is_closed = false;
    FEED(&b, CANDLE, candle);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_CANDLE));
    assert_null(bench_action_on(&b, VALIDATOR_TABLE_CANDLE));
    assert_int_equal(bars_count(&b), 0);
    bench_close(&b);
}

static void stored_candles_come_back_at_start(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    for (int64_t minute = 0; minute < 3; minute++) {
        const cb_candle candle = good_candle(minute);
        bench_feed(&b, VALIDATOR_EVENT_BAR, &candle, sizeof candle);
        assert_int_equal(b.out->actions_count, 0);
    }
    assert_int_equal(bars_count(&b), 3);
    assert_false(candle_passes(&b, 2, true));
    assert_true(candle_passes(&b, 3, false));
    assert_null(ok(&b, CB_SUBJECT_MD_BAD));
    bench_close(&b);
}

/* ---- score ---- */

static void staleness_ends_before_the_data_goes_out(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    assert_int_equal(b.out->actions[0].subject, CB_SUBJECT_DQ_SCORE);
    assert_int_equal(b.out->actions[1].subject, CB_SUBJECT_MD_OK_TRADE);
    const cb_quality_score *score = b.out->actions[0].body;
    assert_false(score->is_stale);
    assert_int_equal(score->last_data_ns, T0);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_SCORE));
    bench_close(&b);
}

static void silence_makes_a_symbol_stale(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    b.now_ns = T0 + b.config.stale_after_ns;
    bench_timer(&b);
    assert_null(ok(&b, CB_SUBJECT_DQ_SCORE));
    b.now_ns += 1;
    bench_timer(&b);
    assert_true(((const cb_quality_score *)ok(&b, CB_SUBJECT_DQ_SCORE))->is_stale);
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_SCORE));
    b.now_ns += SECOND;
    bench_timer(&b);
    assert_null(ok(&b, CB_SUBJECT_DQ_SCORE)); /* nothing new to say */
    bench_close(&b);
}

static void backfill_and_instruments_do_not_prove_life(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_candle candle = good_candle(0);
    candle.is_backfill = true;
    FEED(&b, CANDLE, candle);
    assert_null(ok(&b, CB_SUBJECT_DQ_SCORE));
    const cb_instrument instrument = good_instrument();
    FEED(&b, INSTRUMENT, instrument);
    assert_null(ok(&b, CB_SUBJECT_DQ_SCORE));
    bench_close(&b);
}

static void score_is_one_less_failures_and_weighed_warnings(void **unused)
{
    (void)unused;
    validator_symbol symbol = {0};
    for (int i = 0; i < 6; i++) {
        validator_score_count(&symbol, T0, VALIDATOR_OUTCOME_PASSED);
    }
    validator_score_count(&symbol, T0, VALIDATOR_OUTCOME_FAILED);
    validator_score_count(&symbol, T0, VALIDATOR_OUTCOME_FAILED);
    validator_score_count(&symbol, T0, VALIDATOR_OUTCOME_WARNED);
    validator_score_count(&symbol, T0, VALIDATOR_OUTCOME_WARNED);
    uint64_t checked = 0;
    uint64_t failed = 0;
    const cb_ratio score =
        validator_score_sum(&symbol, CB_E8 / 10, T0 + 59 * SECOND, &checked, &failed);
    assert_int_equal(score.e8, CB_E8 - (2 * CB_E8 + 2 * CB_E8 / 10) / 10);
    assert_int_equal(checked, 10);
    assert_int_equal(failed, 2);
    const cb_ratio later =
        validator_score_sum(&symbol, CB_E8 / 10, T0 + 60 * SECOND, &checked, &failed);
    assert_int_equal(later.e8, CB_E8); /* the window has passed */
    assert_int_equal(checked, 0);
}

static void book_validity_follows_books_and_gaps(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_book book = good_book();
    FEED(&b, BOOK, book);
    const cb_quality_score *score = bench_published(&b, CB_SUBJECT_DQ_SCORE, 1);
    assert_non_null(score); /* one for life, one for the book */
    assert_true(score->is_book_valid);
    cb_book_delta *delta = calloc(1, sizeof *delta);
    *delta = good_delta();
    bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
    assert_null(ok(&b, CB_SUBJECT_DQ_SCORE));
    delta->first_update_id = 600;
    delta->last_update_id = 610;
    bench_feed(&b, CB_MSG_BOOK_DELTA, delta, sizeof *delta);
    score = ok(&b, CB_SUBJECT_DQ_SCORE);
    assert_non_null(score);
    assert_false(score->is_book_valid);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_DELTA)); /* a gap warns, the delta is good */
    book.update_id = 610;
    FEED(&b, BOOK, book);
    assert_true(((const cb_quality_score *)ok(&b, CB_SUBJECT_DQ_SCORE))->is_book_valid);
    book.is_valid = false;
    FEED(&b, BOOK, book);
    assert_false(((const cb_quality_score *)ok(&b, CB_SUBJECT_DQ_SCORE))->is_book_valid);
    const char *name = NULL;
    cb_ratio shown = {0};
    bool is_stale = true;
    assert_int_equal(validator_symbols_count(b.state), 2);
    validator_score_of(b.state, 0, &name, &shown, &is_stale);
    assert_string_equal(name, "BTCUSDT");
    assert_int_equal(shown.e8, CB_E8 - CB_E8 / 10 / 5); /* one warning of five messages */
    assert_false(is_stale);
    free(delta);
    bench_close(&b);
}

static void scores_are_stored_at_most_every_period(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    uint32_t stored = 0;
    for (int i = 1; i <= 30; i++) {
        b.now_ns = T0 + i * SECOND;
        trade.trade_id++;
        FEED(&b, TRADE, trade);
        bench_timer(&b);
        assert_non_null(ok(&b, CB_SUBJECT_DQ_SCORE));
        stored += bench_action_on(&b, VALIDATOR_TABLE_SCORE) != NULL ? 1U : 0U;
    }
    assert_int_equal(stored, 3);
    bench_close(&b);
}

/* ---- timers, instruments, signals ---- */

static void tick_is_set_on_the_next_whole_second(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    b.now_ns = T0 + 1;
    bench_feed(&b, CB_EVENT_RECOVERED, NULL, 0);
    assert_int_equal(b.out->actions_count, 1);
    assert_int_equal(b.out->actions[0].type, CB_ACTION_SET_TIMER);
    assert_int_equal(b.out->actions[0].due_ns, T0 + SECOND);
    b.now_ns = T0 + 15 * SECOND; /* a replay's clock jumps: one tick, not fifteen */
    bench_timer(&b);
    assert_int_equal(b.out->actions[b.out->actions_count - 1].due_ns, T0 + 16 * SECOND);
    bench_close(&b);
}

static void instruments_are_said_again_for_late_joiners(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_instrument instrument = good_instrument();
    FEED(&b, INSTRUMENT, instrument);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_INSTRUMENT));
    bench_timer(&b);
    assert_non_null(ok(&b, CB_SUBJECT_MD_OK_INSTRUMENT));
    b.now_ns += 5 * SECOND - 1;
    bench_timer(&b);
    assert_null(ok(&b, CB_SUBJECT_MD_OK_INSTRUMENT));
    b.now_ns += 1;
    bench_timer(&b);
    const cb_instrument *again = ok(&b, CB_SUBJECT_MD_OK_INSTRUMENT);
    assert_non_null(again);
    assert_int_equal(again->tick_size.e8, instrument.tick_size.e8);
    bench_close(&b);
}

static void a_signal_keeps_the_quality_it_was_made_on(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    const cb_trade trade = good_trade();
    FEED(&b, TRADE, trade);
    cb_signal signal = {.signal_id = {1, 2}, .data_ts_ns = T0};
    signal.env.causation_id = (cb_id){5, 6};
    signal.env.correlation_id = (cb_id){1, 2};
    name_it(signal.venue, signal.symbol);
    FEED(&b, SIGNAL, signal);
    const cb_action *action = bench_action_on(&b, VALIDATOR_TABLE_TICK_QUALITY);
    assert_non_null(action);
    const validator_tick_quality *row = action->body;
    assert_true(cb_id_equal(row->correlation_id, signal.env.correlation_id));
    assert_true(cb_id_equal(row->causation_id, signal.env.causation_id));
    assert_int_equal(row->score.e8, CB_E8);
    assert_int_equal(row->checked_count, 1);
    assert_false(row->is_stale);
    bench_close(&b);
}

/* ---- configuration ---- */

static void config_check_names_what_is_wrong(void **unused)
{
    (void)unused;
    static const struct {
        const char *symbols;
        bool is_good;
    } cases[] = {
        {"BTCUSDT", true},
        {"BTCUSDT,ETHUSDT", true},
        {"", false},
        {"BTCUSDT,BTCUSDT", false},
        {"ABCDEFGHIJKLMNOPQRSTUVW", true},
        {"ABCDEFGHIJKLMNOPQRSTUVWX", false},
        {"A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,"
         "s,t,u,v,w,x,y,z,0,1,2,3,4,5,6,7,8,9,AA,BB",
            true},
        {"A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,"
         "s,t,u,v,w,x,y,z,0,1,2,3,4,5,6,7,8,9,AA,BB,CC",
            false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        validator_config config;
        validator_config_defaults(&config);
        memset(config.symbols, 0, sizeof config.symbols);
        memcpy(config.symbols, cases[i].symbols, strlen(cases[i].symbols));
        cb_err err = {0};
        assert_int_equal(validator_config_check(&config, &err) == CB_OK, cases[i].is_good);
        assert_int_equal(err.text[0] == '\0', cases[i].is_good);
    }
}

static void config_check_wants_a_venue(void **unused)
{
    (void)unused;
    validator_config config;
    cb_err err = {0};
    validator_config_defaults(&config);
    memcpy(config.venue, "elevenchars", 12);
    assert_int_equal(validator_config_check(&config, &err), CB_OK);
    memcpy(config.venue, "twelve_chars", 13);
    assert_int_equal(validator_config_check(&config, &err), CB_E_CONFIG);
    config.venue[0] = '\0';
    assert_int_equal(validator_config_check(&config, &err), CB_E_CONFIG);
}

static void others_are_not_remembered(void **unused)
{
    (void)unused;
    bench b;
    bench_open(&b);
    cb_candle candle = good_candle(0);
    memcpy(candle.symbol, "DOGEUSDT", 9);
    bench_feed(&b, VALIDATOR_EVENT_BAR, &candle, sizeof candle);
    cb_signal signal = {.signal_id = {1, 2}};
    memcpy(signal.symbol, "DOGEUSDT", 9);
    FEED(&b, SIGNAL, signal);
    assert_int_equal(b.out->actions_count, 0);
    uint32_t count = 1;
    assert_null(validator_bars_of(b.state, "DOGEUSDT", &count));
    assert_int_equal(count, 0);
    candle = good_candle(0);
    candle.interval_s = 3600;
    candle.close_ts_ns = candle.open_ts_ns + 60 * MINUTE;
    FEED(&b, CANDLE, candle); /* stored and passed on, but no bar */
    assert_non_null(bench_action_on(&b, VALIDATOR_TABLE_CANDLE));
    assert_int_equal(bars_count(&b), 0);
    bench_close(&b);
}

/* ---- replay ---- */

typedef struct replay_result {
    uint64_t state_hash;
    uint64_t actions_hash;
} replay_result;

static void hash_actions(const bench *b, uint64_t *hash)
{
    for (uint32_t i = 0; i < b->out->actions_count; i++) {
        const cb_action *action = &b->out->actions[i];
        *hash = cb_hash_u64(*hash, (uint64_t)action->type << 32 | action->subject);
        *hash = cb_hash_u64(*hash, (uint64_t)action->due_ns);
        *hash = cb_hash_bytes(*hash, action->body, action->body_size);
    }
}

/* A mixture of good and bad messages, the same for the same seed. */
static replay_result replay(uint64_t seed)
{
    bench b;
    bench_open(&b);
    cb_prng prng;
    cb_prng_init(&prng, seed);
    replay_result result = {0, CB_HASH_SEED};
    for (int64_t i = 0; i < 3000; i++) {
        b.now_ns = T0 + i * SECOND / 4;
        cb_trade trade = good_trade();
        trade.trade_id = 100 + (uint64_t)i - cb_prng_below(&prng, 2);
        trade.price.e8 += (int64_t)cb_prng_below(&prng, 1000) * CB_E8;
        trade.venue_ts_ns = trade.recv_ns = b.now_ns;
        FEED(&b, TRADE, trade);
        hash_actions(&b, &result.actions_hash);
        cb_candle candle = good_candle((int64_t)cb_prng_below(&prng, 50));
        candle.close.e8 += (int64_t)cb_prng_below(&prng, 2);
        candle.is_backfill = cb_prng_below(&prng, 2) == 0;
        FEED(&b, CANDLE, candle);
        hash_actions(&b, &result.actions_hash);
        bench_timer(&b);
        hash_actions(&b, &result.actions_hash);
    }
    result.state_hash = validator_core.state_hash(b.state);
    bench_close(&b);
    return result;
}

static void same_events_give_same_actions_and_state(void **unused)
{
    (void)unused;
    const replay_result first = replay(1);
    const replay_result again = replay(1);
    const replay_result other = replay(2);
    assert_int_equal(first.state_hash, again.state_hash);
    assert_int_equal(first.actions_hash, again.actions_hash);
    assert_int_not_equal(first.state_hash, other.state_hash);
    assert_int_not_equal(first.actions_hash, other.actions_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_trade_passes_unchanged_with_its_cause),
        cmocka_unit_test(trades_are_stored_when_configured),
        cmocka_unit_test(critical_failure_blocks_and_keeps_the_body),
        cmocka_unit_test(each_kind_has_its_own_quarantine_slot),
        cmocka_unit_test(strangers_are_quarantined),
        cmocka_unit_test(warning_passes_counts_and_is_said_once_a_second),
        cmocka_unit_test(memory_is_dropped_after_a_run_of_refusals),
        cmocka_unit_test(a_good_message_ends_the_run_of_refusals),
        cmocka_unit_test(memory_is_dropped_per_kind),
        cmocka_unit_test(the_ticker_is_a_reference_for_prices),
        cmocka_unit_test(refused_messages_are_not_remembered),
        cmocka_unit_test(backfill_fills_gaps_and_repeats_are_dropped),
        cmocka_unit_test(bars_stay_sorted_and_bounded),
        cmocka_unit_test(a_rewritten_candle_is_refused),
        cmocka_unit_test(candles_in_progress_pass_but_are_not_stored),
        cmocka_unit_test(stored_candles_come_back_at_start),
        cmocka_unit_test(staleness_ends_before_the_data_goes_out),
        cmocka_unit_test(silence_makes_a_symbol_stale),
        cmocka_unit_test(backfill_and_instruments_do_not_prove_life),
        cmocka_unit_test(score_is_one_less_failures_and_weighed_warnings),
        cmocka_unit_test(book_validity_follows_books_and_gaps),
        cmocka_unit_test(scores_are_stored_at_most_every_period),
        cmocka_unit_test(tick_is_set_on_the_next_whole_second),
        cmocka_unit_test(instruments_are_said_again_for_late_joiners),
        cmocka_unit_test(a_signal_keeps_the_quality_it_was_made_on),
        cmocka_unit_test(config_check_names_what_is_wrong),
        cmocka_unit_test(config_check_wants_a_venue),
        cmocka_unit_test(others_are_not_remembered),
        cmocka_unit_test(same_events_give_same_actions_and_state),
    };
    return cmocka_run_group_tests_name("validator_engine", tests, NULL, NULL);
}
