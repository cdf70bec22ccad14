/* Rules as text in the signals core: taken, versioned, replaced, refused; and what they lead to. */
#include "fixture.h"

#include "base/hash.h"
#include "services/signals/core/rules.h"

static const char rising[] = "strategy riser\n"
                             "entry long: close > close[1] and close[1] > close[2]\n"
                             "exit long: close < close[1]\n"
                             "stop: 20\n"
                             "take profit: 40\n"
                             "confidence: 0.9\n"
                             "plot rise = close - close[1]\n";
static const char calmer[] = "strategy riser\n"
                             "entry long: close > ema(close, 5)\n"
                             "stop: 20\n"
                             "take profit: 40\n"
                             "confidence: 0.8\n";

static void open_rules(bench *b, const char *strategies, const char *files)
{
    memset(b, 0, sizeof *b);
    signals_config_defaults(&b->config);
    memset(b->config.symbols, 0, sizeof b->config.symbols);
    memcpy(b->config.symbols, "BTCUSDT", 8);
    memset(b->config.strategies, 0, sizeof b->config.strategies);
    memcpy(b->config.strategies, strategies, strlen(strategies));
    memcpy(b->config.rules_files, files, strlen(files));
    cb_err err = {0};
    assert_int_equal(signals_config_check(&b->config, &err), CB_OK);
    b->minute = 100;
    b->price_e8 = 10000 * CB_E8;
    b->now_ns = T0 + 100 * MINUTE;
    bench_alloc(b);
}

static void recovered(bench *b)
{
    bench_feed(b, CB_EVENT_RECOVERED, NULL, 0);
    assert_true(bench_has_asked(b));
    bench_history(b, 100, -CB_E8);
    bench_instrument(b);
    bench_quality(b, CB_E8, false);
}

static signals_rules text_of(const char *file, const char *text)
{
    signals_rules rules;
    memset(&rules, 0, sizeof rules);
    memcpy(rules.file, file, strlen(file));
    memcpy(rules.text, text, strlen(text));
    rules.loaded_ns = T0;
    return rules;
}

static void feed_text(bench *b, const char *file, const char *text)
{
    const signals_rules rules = text_of(file, text);
    FEED(b, SIGNALS_EVENT_RULES, rules);
}

static void a_text_is_stored_with_its_version_and_asks_for_the_past(void **unused)
{
    (void)unused;
    bench b;
    open_rules(&b, "rules@1m:1", "a.rules");
    recovered(&b);
    feed_text(&b, "a.rules", rising);
    const signals_rules *row = bench_stored(&b, SIGNALS_TABLE_RULES, 0);
    const signals_rules *now = bench_stored(&b, SIGNALS_TABLE_RULES_NOW, 0);
    assert_non_null(row);
    assert_non_null(now);
    assert_int_equal(row->version, 1);
    assert_int_equal(now->version, 1);
    assert_string_equal(row->name, "riser");
    assert_string_equal(row->text, rising);
    assert_int_equal(row->interval_s, 60);
    assert_int_equal(row->warmup_bars, 3);
    assert_true(bench_has_asked(&b));
    feed_text(&b, "a.rules", rising); /* the same again */
    assert_int_equal(b.out->actions_count, 0);
    bench_history(&b, 100, -CB_E8);
    feed_text(&b, "a.rules", calmer);
    assert_int_equal(((const signals_rules *)bench_stored(&b, SIGNALS_TABLE_RULES, 0))->version, 2);
    assert_int_equal(signals_counts_of(b.state)->rules_taken, 2);
    bench_close(&b);
}

static void rules_lead_to_entries_that_say_their_version_and_values(void **unused)
{
    (void)unused;
    bench b;
    open_rules(&b, "rules@1m:1", "a.rules");
    recovered(&b);
    feed_text(&b, "a.rules", rising);
    bench_history(&b, 100, -CB_E8);
    bench_next(&b, CB_E8);
    assert_null(bench_intent(&b));
    bench_next(&b, CB_E8);
    const cb_intent *intent = bench_intent(&b);
    assert_non_null(intent);
    assert_string_equal(intent->strategy, "rules");
    assert_int_equal(intent->stop_loss.e8, b.price_e8 - 20 * CB_E8);
    assert_int_equal(intent->take_profit.e8, b.price_e8 + 40 * CB_E8);
    const cb_signal *signal = bench_published(&b, CB_SUBJECT_SIGNAL, 0);
    assert_non_null(signal);
    assert_string_equal(signal->values[0].name, "version");
    assert_true(signal->values[0].value > 0.9 && signal->values[0].value < 1.1);
    assert_string_equal(signal->values[1].name, "rise");
    assert_true(signal->values[1].value > 0.9 && signal->values[1].value < 1.1);
    bench_close(&b);
}

static void what_is_refused_leaves_the_old_rules_at_work(void **unused)
{
    (void)unused;
    static const char other_frame[] =
        "timeframe 5m\nentry long: close > 1\nstop: 1\ntake profit: 1";
    static const char too_much[] = "entry long: close[5000] > 1 and open[5000] > 1\n"
                                   "stop: 1\ntake profit: 1";
    static const char broken[] = "entry long: close >\nstop: 1\ntake profit: 1";
    bench b;
    open_rules(&b, "rules@1m:1", "a.rules,b.rules");
    recovered(&b);
    feed_text(&b, "a.rules", rising);
    bench_history(&b, 100, -CB_E8);
    const uint64_t hash = signals_core.state_hash(b.state);
    feed_text(&b, "a.rules", broken);
    feed_text(&b, "a.rules", other_frame);
    feed_text(&b, "a.rules", too_much);
    feed_text(&b, "b.rules", calmer); /* the timeframe has its file */
    assert_int_equal(b.out->actions_count, 0);
    feed_text(&b, "c.rules", calmer); /* not configured */
    assert_int_equal(b.out->actions_count, 0);
    assert_int_equal(signals_counts_of(b.state)->rules_refused, 4);
    assert_true(signals_core.state_hash(b.state) == hash);
    bench_next(&b, CB_E8);
    bench_next(&b, CB_E8);
    assert_non_null(bench_intent(&b));
    bench_close(&b);
}

static void a_refusal_is_told_in_words(void **unused)
{
    (void)unused;
    bench b;
    char why[1024];
    void *work = malloc(cb_expr_work_size());
    void *program = malloc(cb_expr_program_size());
    open_rules(&b, "rules@1m:1", "a.rules");
    signals_rules rules = text_of("a.rules", "entry long: emaa(3) > 1\nstop: 1\ntake profit: 1");
    assert_int_not_equal(
        signals_rules_check(b.state, &rules, work, program, why, sizeof why), CB_OK);
    assert_non_null(strstr(why, "a.rules:1:13: unknown name 'emaa'"));
    rules = text_of("a.rules", "timeframe 5m\nentry long: close > 1\nstop: 1\ntake profit: 1");
    assert_int_not_equal(
        signals_rules_check(b.state, &rules, work, program, why, sizeof why), CB_OK);
    assert_string_equal(why, "strategies names no rules of its timeframe of 300 seconds");
    rules = text_of("x.rules", rising);
    assert_int_not_equal(
        signals_rules_check(b.state, &rules, work, program, why, sizeof why), CB_OK);
    assert_string_equal(why, "rules.files does not name it");
    rules = text_of("a.rules", rising);
    assert_int_equal(signals_rules_check(b.state, &rules, work, program, why, sizeof why), CB_OK);
    free(work);
    free(program);
    bench_close(&b);
}

static void a_restart_goes_on_with_the_stored_version(void **unused)
{
    (void)unused;
    bench b;
    open_rules(&b, "rules@1m:1", "a.rules");
    signals_rules rules = text_of("a.rules", rising);
    rules.version = 7;
    const cb_event event = {.ts_ns = b.now_ns,
        .type = SIGNALS_EVENT_RULES,
        .is_recovery = true,
        .body_size = sizeof rules,
        .body = &rules};
    cb_outbox_reset(b.out);
    signals_core.step(b.state, &event, b.out);
    assert_int_equal(b.out->actions_count, 0);
    recovered(&b);
    feed_text(&b, "a.rules", rising); /* what the file still says */
    assert_int_equal(b.out->actions_count, 0);
    feed_text(&b, "a.rules", calmer);
    assert_int_equal(((const signals_rules *)bench_stored(&b, SIGNALS_TABLE_RULES, 0))->version, 8);
    bench_close(&b);
}

static void a_text_for_other_symbols_is_silent(void **unused)
{
    (void)unused;
    char text[512] = "symbols ETHUSDT\n";
    bench b;
    memcpy(text + strlen(text), rising, sizeof rising);
    open_rules(&b, "rules@1m:1", "a.rules");
    recovered(&b);
    feed_text(&b, "a.rules", text);
    bench_history(&b, 100, -CB_E8);
    for (int i = 0; i < 5; i++) {
        bench_next(&b, CB_E8);
        assert_null(bench_published(&b, CB_SUBJECT_SIGNAL, 0));
    }
    bench_close(&b);
}

static uint64_t run_whole(const char *second)
{
    bench b;
    open_rules(&b, "trend@1m:1,rules@1m:1,rules@5m:1", "a.rules");
    recovered(&b);
    feed_text(&b, "a.rules", rising);
    bench_history(&b, 100, -CB_E8);
    for (int i = 0; i < 20; i++) {
        bench_next(&b, i % 3 == 0 ? -CB_E8 : CB_E8);
    }
    feed_text(&b, "a.rules", second);
    bench_history(&b, 120, -CB_E8);
    for (int i = 0; i < 20; i++) {
        bench_next(&b, i % 4 == 0 ? -CB_E8 : CB_E8);
    }
    const uint64_t hash = signals_core.state_hash(b.state);
    bench_close(&b);
    return hash;
}

static void the_same_events_give_the_same_state(void **unused)
{
    (void)unused;
    const uint64_t hash = run_whole(calmer);
    assert_true(run_whole(calmer) == hash);
    assert_true(run_whole(rising) != hash);
}

static void paths_are_checked_when_configured(void **unused)
{
    (void)unused;
    signals_config config;
    cb_err err = {0};
    signals_config_defaults(&config);
    memcpy(config.rules_files, "a,b,c,d", 8);
    assert_int_equal(signals_config_check(&config, &err), CB_OK);
    memcpy(config.rules_files, "a,b,c,d,e", 10);
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    memcpy(config.rules_files, "a,b,a", 6);
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    memset(config.rules_files, 'a', 128);
    config.rules_files[128] = '\0';
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    config.rules_files[127] = '\0';
    assert_int_equal(signals_config_check(&config, &err), CB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_stored_with_its_version_and_asks_for_the_past),
        cmocka_unit_test(rules_lead_to_entries_that_say_their_version_and_values),
        cmocka_unit_test(what_is_refused_leaves_the_old_rules_at_work),
        cmocka_unit_test(a_refusal_is_told_in_words),
        cmocka_unit_test(a_restart_goes_on_with_the_stored_version),
        cmocka_unit_test(a_text_for_other_symbols_is_silent),
        cmocka_unit_test(the_same_events_give_the_same_state),
        cmocka_unit_test(paths_are_checked_when_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
