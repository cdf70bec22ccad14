/* The small pure rules, each by a table just inside and just outside its bounds: validation,
 * filter, decay and score, decision, kill scopes, and the reading of the strategies' list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "services/signals/core/signals_internal.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define T0 (INT64_C(1641168000) * SECOND)

static signals_config config_default(void)
{
    signals_config config;
    signals_config_defaults(&config);
    return config;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- validation ---- */

typedef struct validate_row {
    const char *what;
    int64_t price_e8;
    int64_t confidence_e8;
    int64_t volume_e8;
    int64_t bid_e8; /* 0: no ticker */
    int64_t ask_e8;
    int64_t ticker_age_ns;
    int64_t quality_e8; /* -1: none seen */
    bool is_stale;
    uint64_t bars_seen; /* of 50 */
    const char *reason; /* NULL: valid */
} validate_row;

#define P(price) ((price)*CB_E8)
#define Q (8 * CB_E8 / 10)
#define C (3 * CB_E8 / 10)

static const validate_row validate_rows[] = {
    {"good", P(100), C, 1, P(99), P(101), 0, Q, false, 50, NULL},
    {"warm-up one short", P(100), C, 1, P(99), P(101), 0, Q, false, 49, "warming_up: 49 of 50"},
    {"no score yet", P(100), C, 1, P(99), P(101), 0, -1, false, 50, "quality: no score"},
    {"quality just under",
        P(100),
        C,
        1,
        P(99),
        P(101),
        0,
        Q - 1,
        false,
        50,
        "quality: 0.79999999 <"},
    {"stale", P(100), C, 1, P(99), P(101), 0, CB_E8, true, 50, "stale_data"},
    {"price zero", 0, C, 1, P(99), P(101), 0, Q, false, 50, "price:"},
    {"at the collar", P(101), C, 1, P(99), P(101), 0, Q, false, 50, NULL},
    {"past the collar", P(101) + 1, C, 1, P(99), P(101), 0, Q, false, 50, "price_collar"},
    {"under the collar", P(99) - 1, C, 1, P(99), P(101), 0, Q, false, 50, "price_collar"},
    {"far, ticker at its age", P(150), C, 1, P(99), P(101), MINUTE, Q, false, 50, "price_collar"},
    {"far, ticker too old", P(150), C, 1, P(99), P(101), MINUTE + 1, Q, false, 50, NULL},
    {"no ticker", P(150), C, 1, 0, 0, 0, Q, false, 50, NULL},
    {"no volume", P(100), C, 0, P(99), P(101), 0, Q, false, 50, "no_volume"},
    {"confidence just under", P(100), C - 1, 1, P(99), P(101), 0, Q, false, 50, "confidence: 0.29"},
    {"confidence negative", P(100), -1, 1, P(99), P(101), 0, Q, false, 50, "confidence: -"},
    {"confidence one", P(100), CB_E8, 1, P(99), P(101), 0, Q, false, 50, NULL},
    {"confidence above one",
        P(100),
        CB_E8 + 1,
        1,
        P(99),
        P(101),
        0,
        Q,
        false,
        50,
        "confidence: 1.0"},
};

static void validation_refuses_just_outside(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    for (size_t i = 0; i < sizeof validate_rows / sizeof validate_rows[0]; i++) {
        const validate_row *row = &validate_rows[i];
        const cb_signal signal = {
            .side = CB_SIDE_BUY, .price.e8 = row->price_e8, .confidence.e8 = row->confidence_e8};
        const cb_ticker ticker = {
            .bid.e8 = row->bid_e8, .ask.e8 = row->ask_e8, .recv_ns = T0 - row->ticker_age_ns};
        const cb_quality_score quality = {.score.e8 = row->quality_e8, .is_stale = row->is_stale};
        const signals_facts facts = {.config = &config,
            .signal = &signal,
            .now_ns = T0,
            .candle_volume.e8 = row->volume_e8,
            .ticker = row->bid_e8 > 0 ? &ticker : NULL,
            .quality = row->quality_e8 >= 0 ? &quality : NULL,
            .bars_seen = row->bars_seen,
            .bars_needed = 50};
        char reason[SIGNALS_REASON_MAX] = "";
        const bool is_valid = signals_validate(&facts, reason);
        if (is_valid != (row->reason == NULL) || (!is_valid && !begins_with(reason, row->reason))) {
            fail_msg("%s: %s '%s'", row->what, is_valid ? "valid" : "refused", reason);
        }
    }
}

/* ---- filter ---- */

static void filter_drops_the_same_opinion_within_its_cooldown(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t interval_s;
        cb_side first;
        cb_side second;
        int64_t later_ns;
        bool is_accepted;
    } rows[] = {
        {60, CB_SIDE_BUY, CB_SIDE_BUY, 3 * MINUTE - 1, false},
        {60, CB_SIDE_BUY, CB_SIDE_BUY, 3 * MINUTE, true},
        {60, CB_SIDE_BUY, CB_SIDE_SELL, 0, true},
        {60, CB_SIDE_SELL, CB_SIDE_SELL, MINUTE, false},
        {300, CB_SIDE_BUY, CB_SIDE_BUY, 15 * MINUTE - 1, false},
        {300, CB_SIDE_BUY, CB_SIDE_BUY, 15 * MINUTE, true},
    };
    const signals_config config = config_default();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        signals_symbol *symbol = calloc(1, sizeof *symbol);
        cb_signal signal = {
            .side = rows[i].first, .interval_s = rows[i].interval_s, .data_ts_ns = T0};
        char reason[SIGNALS_REASON_MAX] = "";
        assert_true(signals_filter(&config, symbol, 2, &signal, reason));
        signals_filter_accept(symbol, 2, &signal);
        signal.side = rows[i].second;
        signal.data_ts_ns += rows[i].later_ns;
        assert_int_equal(signals_filter(&config, symbol, 2, &signal, reason), rows[i].is_accepted);
        assert_int_equal(begins_with(reason, "duplicate"), !rows[i].is_accepted);
        /* another instance is another opinion */
        assert_true(signals_filter(&config, symbol, 3, &signal, reason));
        free(symbol);
    }
}

static void filter_allows_so_many_opinions_an_hour(void **unused)
{
    (void)unused;
    signals_config config = config_default();
    config.hourly_max = 5;
    signals_symbol *symbol = calloc(1, sizeof *symbol);
    cb_signal signal = {.side = CB_SIDE_BUY, .interval_s = 60, .data_ts_ns = T0};
    char reason[SIGNALS_REASON_MAX] = "";
    for (uint32_t i = 0; i < 5; i++) {
        signal.data_ts_ns = T0 + (int64_t)i * MINUTE;
        assert_true(signals_filter(&config, symbol, i, &signal, reason));
        signals_filter_accept(symbol, i, &signal);
    }
    signal.data_ts_ns = T0 + 60 * MINUTE - 1;
    assert_false(signals_filter(&config, symbol, 9, &signal, reason));
    assert_true(begins_with(reason, "spam"));
    signal.data_ts_ns = T0 + 60 * MINUTE; /* the first has left the hour */
    assert_true(signals_filter(&config, symbol, 9, &signal, reason));
    free(symbol);
}

static void filter_memory_is_bounded(void **unused)
{
    (void)unused;
    signals_symbol *symbol = calloc(1, sizeof *symbol);
    for (uint32_t i = 0; i < 3 * SIGNALS_HOURLY_MAX; i++) {
        const cb_signal signal = {.side = CB_SIDE_SELL, .data_ts_ns = T0 + i};
        signals_filter_accept(symbol, 0, &signal);
    }
    assert_int_equal(symbol->accepted_count, SIGNALS_HOURLY_MAX);
    assert_int_equal(
        symbol->accepted_ns[SIGNALS_HOURLY_MAX - 1], T0 + INT64_C(3) * SIGNALS_HOURLY_MAX - 1);
    free(symbol);
}

/* ---- score ---- */

static void decay_falls_evenly_to_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(signals_decay_e8(0, 3, 60), CB_E8);
    assert_int_equal(signals_decay_e8(MINUTE, 3, 60), CB_E8 * 2 / 3);
    assert_int_equal(signals_decay_e8(90 * SECOND, 3, 60), CB_E8 / 2);
    assert_int_equal(signals_decay_e8(3 * MINUTE - 1, 3, 60), 0); /* rounds down */
    assert_int_equal(signals_decay_e8(3 * MINUTE, 3, 60), 0);
    assert_int_equal(signals_decay_e8(-1, 3, 60), 0);
    assert_int_equal(signals_decay_e8(5 * MINUTE, 3, 300), CB_E8 * 2 / 3);
}

static signals_plan two_sources(void)
{
    return (signals_plan){.instances_count = 2,
        .instances = {{.interval_s = 60, .weight_e8 = CB_E8, .source = "a@1m"},
            {.interval_s = 300, .weight_e8 = 3 * CB_E8, .source = "b@5m"}}};
}

static void score_weighs_the_active_sources(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    const signals_plan plan = two_sources();
    signals_symbol *symbol = calloc(1, sizeof *symbol);
    symbol->sources[0] = (signals_source){true, CB_SIDE_BUY, {1, 1}, CB_E8 / 2, CB_E8, T0};
    signals_score score;
    signals_score_sum(&config, &plan, symbol, T0, &score);
    assert_int_equal(score.score.e8, CB_E8 / 2); /* alone: its confidence */
    symbol->sources[1] = (signals_source){true, CB_SIDE_SELL, {1, 2}, CB_E8, CB_E8 * 8 / 10, T0};
    signals_score_sum(&config, &plan, symbol, T0, &score);
    /* (1 * 0.5 * 1 - 3 * 1 * 0.8) / 4 = -0.475 */
    assert_int_equal(score.score.e8, -47500000);
    assert_int_equal(score.shares_count, 2);
    assert_int_equal(score.shares[0].share.e8 + score.shares[1].share.e8, score.score.e8);
    /* two minutes later the first has a third of its voice, the second 13/15 */
    signals_score_sum(&config, &plan, symbol, T0 + 2 * MINUTE, &score);
    assert_int_equal(score.shares[0].share.e8, CB_E8 / 3 / 2 / 4);
    assert_true(score.shares[1].share.e8 > -60000000);
    /* the first has faded: only the second is left, and counts alone */
    signals_score_sum(&config, &plan, symbol, T0 + 3 * MINUTE, &score);
    assert_int_equal(score.shares_count, 1);
    assert_false(symbol->sources[0].is_active);
    assert_true(symbol->sources[1].is_active);
    free(symbol);
}

static void score_without_sources_is_zero(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    const signals_plan plan = two_sources();
    signals_symbol *symbol = calloc(1, sizeof *symbol);
    signals_score score;
    signals_score_sum(&config, &plan, symbol, T0, &score);
    assert_int_equal(score.score.e8, 0);
    assert_int_equal(score.shares_count, 0);
    free(symbol);
}

/* ---- decision ---- */

typedef struct decide_row {
    const char *what;
    void (*change)(signals_situation *s);
    cb_purpose purpose;
    const char *reason;
} decide_row;

static const cb_instrument trading = {.status = CB_INSTRUMENT_STATUS_TRADING};
static const cb_instrument halted = {.status = CB_INSTRUMENT_STATUS_HALT};

#define CHANGE(name, statement)                                                                    \
    static void name(signals_situation *s)                                                         \
    {                                                                                              \
        statement;                                                                                 \
    }

static void selling(signals_situation *s)
{
    s->score.e8 = -C;
    s->fresh_side = CB_SIDE_SELL;
    s->has_position = true;
}

CHANGE(at_threshold, (void)s)
CHANGE(under_threshold, s->score.e8 = C - 1)
CHANGE(no_instrument, s->instrument = NULL)
CHANGE(not_trading, s->instrument = &halted)
CHANGE(already_long, s->has_position = true)
CHANGE(in_flight, s->flights_count = 1)
CHANGE(blocked_until_now, s->entry_blocked_ns = T0)
CHANGE(blocked_until_before, s->entry_blocked_ns = T0 - 1)
CHANGE(decided_on, s->decided_data_ns = T0)
CHANGE(decided_before, s->decided_data_ns = T0 - 1)
CHANGE(killed, s->kill_level = 1)
CHANGE(outvoted, s->fresh_side = CB_SIDE_NONE)
CHANGE(exit_at_threshold, selling(s))
CHANGE(exit_under_threshold, selling(s); s->score.e8 = -C + 1)
CHANGE(exit_flat, selling(s); s->has_position = false)
CHANGE(exit_in_flight, selling(s); s->has_exit_flight = true)
CHANGE(exit_with_entry_in_flight, selling(s); s->flights_count = 1)
CHANGE(exit_blocked, selling(s); s->exit_blocked_ns = T0)
CHANGE(exit_no_longer_blocked, selling(s); s->exit_blocked_ns = T0 - 1)
CHANGE(exit_killed_once, selling(s); s->kill_level = 1)
CHANGE(exit_killed_twice, selling(s); s->kill_level = 2)
CHANGE(exit_entry_blocked, selling(s); s->entry_blocked_ns = T0 + 1)
CHANGE(exit_outvoted, selling(s); s->fresh_side = CB_SIDE_BUY)

#define ROW(change, purpose, reason)                                                               \
    {                                                                                              \
#change, change, purpose, reason                                                           \
    }
static const decide_row decide_rows[] = {
    ROW(at_threshold, CB_PURPOSE_ENTRY, "entry: score 0.3 >= 0.3"),
    ROW(under_threshold, CB_PURPOSE_NONE, "below_threshold: score 0.29999999 of 0.3"),
    ROW(no_instrument, CB_PURPOSE_NONE, "no_instrument"),
    ROW(not_trading, CB_PURPOSE_NONE, "not_trading"),
    ROW(already_long, CB_PURPOSE_NONE, "already_long"),
    ROW(in_flight, CB_PURPOSE_NONE, "in_flight"),
    ROW(blocked_until_now, CB_PURPOSE_NONE, "cooldown"),
    ROW(blocked_until_before, CB_PURPOSE_ENTRY, "entry"),
    ROW(decided_on, CB_PURPOSE_NONE, "decided"),
    ROW(decided_before, CB_PURPOSE_ENTRY, "entry"),
    ROW(killed, CB_PURPOSE_NONE, "kill: level 1"),
    ROW(outvoted, CB_PURPOSE_NONE, "outvoted"),
    ROW(exit_at_threshold, CB_PURPOSE_EXIT, "exit: score -0.3 <= -0.3"),
    ROW(exit_under_threshold, CB_PURPOSE_NONE, "below_threshold"),
    ROW(exit_flat, CB_PURPOSE_NONE, "flat"),
    ROW(exit_in_flight, CB_PURPOSE_NONE, "in_flight"),
    ROW(exit_with_entry_in_flight, CB_PURPOSE_EXIT, "exit"),
    ROW(exit_blocked, CB_PURPOSE_NONE, "cooldown"),
    ROW(exit_no_longer_blocked, CB_PURPOSE_EXIT, "exit"),
    ROW(exit_killed_once, CB_PURPOSE_EXIT, "exit"),
    ROW(exit_killed_twice, CB_PURPOSE_NONE, "kill: level 2"),
    ROW(exit_entry_blocked, CB_PURPOSE_EXIT, "exit"),
    ROW(exit_outvoted, CB_PURPOSE_NONE, "outvoted"),
};

static void decisions_follow_the_table(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    for (size_t i = 0; i < sizeof decide_rows / sizeof decide_rows[0]; i++) {
        signals_situation situation = {.config = &config,
            .instrument = &trading,
            .score.e8 = C,
            .fresh_side = CB_SIDE_BUY,
            .data_ts_ns = T0};
        decide_rows[i].change(&situation);
        signals_verdict verdict;
        signals_decide(&situation, &verdict);
        if (verdict.purpose != decide_rows[i].purpose ||
            !begins_with(verdict.reason, decide_rows[i].reason)) {
            fail_msg(
                "%s: purpose %d '%s'", decide_rows[i].what, (int)verdict.purpose, verdict.reason);
        }
    }
}

/* ---- kill ---- */

static void kill_levels_apply_to_their_scope(void **unused)
{
    (void)unused;
    static const struct {
        const char *scope;
        uint32_t level;
        bool is_mine;
    } rows[] = {
        {"*", 1, true},
        {"venue:binance", 2, true},
        {"venue:kraken", 2, false},
        {"account:main", 1, true},
        {"account:mai", 1, false},
        {"symbol:BTCUSDT", 3, true},
        {"symbol:BTCUSDTX", 3, false},
        {"symbol:ETHUSDT", 3, false},
        {"strategy:trend", 1, true},
        {"strategy:meanrev", 1, false},
        {"symbolBTCUSDT", 1, false},
    };
    const signals_config config = config_default();
    cb_outbox *out = calloc(1, sizeof *out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        signals_state *state = calloc(1, sizeof *state);
        state->config = &config;
        cb_kill kill = {.level = rows[i].level};
        memcpy(kill.scope, rows[i].scope, strlen(rows[i].scope));
        const cb_event event = {.body = &kill, .body_size = sizeof kill, .type = CB_MSG_KILL};
        cb_outbox_reset(out);
        signals_on_kill(state, &event, true, out);
        assert_int_equal(out->actions_count, 1);
        assert_int_equal(
            signals_kill_level(state, "BTCUSDT", "trend"), rows[i].is_mine ? rows[i].level : 0);
        kill.level = 0;
        signals_on_kill(state, &event, false, out);
        assert_int_equal(signals_kill_level(state, "BTCUSDT", "trend"), 0);
        assert_int_equal(state->kills_count, 1);
        free(state);
    }
    free(out);
}

/* More raised latches than there is room for stop too much rather than too little. */
static void kills_beyond_the_table_stop_everything(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    signals_state *state = calloc(1, sizeof *state);
    cb_outbox *out = calloc(1, sizeof *out);
    state->config = &config;
    for (uint32_t i = 0; i <= SIGNALS_KILLS_MAX; i++) {
        cb_kill kill = {.level = 1 + i / SIGNALS_KILLS_MAX};
        memcpy(kill.scope, "symbol:X00", 11);
        kill.scope[8] = (char)('A' + (int)(i / 10));
        kill.scope[9] = (char)('0' + (int)(i % 10));
        const cb_event event = {.body = &kill, .body_size = sizeof kill, .type = CB_MSG_KILL};
        assert_int_equal(signals_kill_level(state, "BTCUSDT", "trend"), 0);
        signals_on_kill(state, &event, false, out);
    }
    assert_int_equal(state->kills_count, SIGNALS_KILLS_MAX);
    assert_int_equal(signals_kill_level(state, "BTCUSDT", "trend"), 2);
    free(out);
    free(state);
}

/* ---- plan and configuration ---- */

static void plan_is_read_or_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        uint32_t instances; /* 0: refused */
        uint32_t timeframes;
    } rows[] = {
        {"trend@1m", 1, 0},
        {"trend@1m:1,trend@5m:1.5,meanrev@1m:0.8,meanrev@15m:1.2", 4, 2},
        {"trend@1h,trend@60m", 0, 0}, /* the same timeframe twice */
        {"trend@1h,meanrev@60m", 2, 1},
        {"trend@24h", 1, 1},
        {"trend@48h", 0, 0},
        {"trend@7m", 0, 0},
        {"trend@0m", 0, 0},
        {"trend@1s", 0, 0},
        {"trend", 0, 0},
        {"trend@", 0, 0},
        {"@1m", 0, 0},
        {"nosuch@1m", 0, 0},
        {"trend@1m:0", 0, 0},
        {"trend@1m:-1", 0, 0},
        {"trend@1m:100", 1, 0},
        {"trend@1m:100.00000001", 0, 0},
        {"trend@1m:x", 0, 0},
        {"trend@1m,trend@1m", 0, 0},
        {"trend@1m,,meanrev@1m", 0, 0},
        {"", 0, 0},
        {"trend@2m,trend@3m,trend@4m,trend@5m,trend@6m,trend@8m", 6, 6},
        {"trend@2m,trend@3m,trend@4m,trend@5m,trend@6m,trend@8m,trend@9m", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        signals_config config = config_default();
        memset(config.strategies, 0, sizeof config.strategies);
        memcpy(config.strategies, rows[i].text, strlen(rows[i].text));
        signals_plan plan;
        cb_err err = {0};
        const bool is_read = signals_plan_parse(&config, &plan, &err) == CB_OK;
        if (is_read != (rows[i].instances > 0)) {
            fail_msg("'%s': %s %s", rows[i].text, is_read ? "read" : "refused", err.text);
        }
        assert_int_equal(signals_config_check(&config, NULL) == CB_OK, is_read);
        if (is_read) {
            assert_int_equal(plan.instances_count, rows[i].instances);
            assert_int_equal(plan.timeframes_count, rows[i].timeframes);
        } else {
            assert_true(strlen(err.text) > 0);
        }
    }
}

/* A service with a wrong list is refused when it opens; until then the core has no instances. */
static void a_wrong_list_makes_an_idle_core(void **unused)
{
    (void)unused;
    signals_config config = config_default();
    memcpy(config.strategies, "nosuch@1m", 10);
    signals_state *state = calloc(1, signals_core.state_size(&config));
    cb_arena arena;
    cb_arena_init(&arena, NULL, 0);
    signals_core.init(state, &config, &arena);
    assert_int_equal(state->plan.instances_count, 0);
    assert_int_equal(signals_symbols_count(state), 2);
    free(state);
}

static void plan_gives_each_instance_its_place(void **unused)
{
    (void)unused;
    const signals_config config = config_default();
    signals_plan plan;
    assert_int_equal(signals_plan_parse(&config, &plan, NULL), CB_OK);
    assert_string_equal(plan.instances[1].source, "trend@5m");
    assert_int_equal(plan.instances[1].weight_e8, 150000000);
    assert_string_equal(plan.instances[3].source, "meanrev@15m");
    size_t expected = 0;
    for (uint32_t i = 0; i < plan.instances_count; i++) {
        assert_int_equal(plan.instances[i].offset, expected);
        expected += plan.instances[i].state_size;
    }
    assert_int_equal(plan.states_size, expected);
}

static void config_check_names_what_is_wrong(void **unused)
{
    (void)unused;
    signals_config config = config_default();
    cb_err err = {0};
    memset(config.account, 'a', 16);
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    assert_true(begins_with(err.text, "account"));
    config = config_default();
    config.venue[0] = '\0';
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    assert_true(begins_with(err.text, "venue"));
    config = config_default();
    memcpy(config.symbols, "AAAUSDT,AAAUSDT", 16);
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    assert_true(begins_with(err.text, "symbols"));
    config.symbols[0] = '\0';
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    memcpy(config.symbols, "AAAAAAAAAAAAAAAAAAAAAAAA", 25);
    assert_int_equal(signals_config_check(&config, &err), CB_E_CONFIG);
    assert_true(begins_with(err.text, "symbols"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validation_refuses_just_outside),
        cmocka_unit_test(filter_drops_the_same_opinion_within_its_cooldown),
        cmocka_unit_test(filter_allows_so_many_opinions_an_hour),
        cmocka_unit_test(filter_memory_is_bounded),
        cmocka_unit_test(decay_falls_evenly_to_nothing),
        cmocka_unit_test(score_weighs_the_active_sources),
        cmocka_unit_test(score_without_sources_is_zero),
        cmocka_unit_test(decisions_follow_the_table),
        cmocka_unit_test(kill_levels_apply_to_their_scope),
        cmocka_unit_test(kills_beyond_the_table_stop_everything),
        cmocka_unit_test(plan_is_read_or_refused),
        cmocka_unit_test(a_wrong_list_makes_an_idle_core),
        cmocka_unit_test(plan_gives_each_instance_its_place),
        cmocka_unit_test(config_check_names_what_is_wrong),
    };
    return cmocka_run_group_tests_name("signals_rules", tests, NULL, NULL);
}
